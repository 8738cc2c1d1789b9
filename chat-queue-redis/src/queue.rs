//! Commands on their way to a commit.

use std::time::Duration;

use async_trait::async_trait;
use chat_core::error::{BackendError, ErrorKind};
use chat_core::ids::{ApplicationId, OperationId};
use chat_core::port::{Blame, Delivery, Depth, Held, Job, Pull, Queue, QueueLimits, Receipt};
use futures_util::future::{try_join, try_join_all};
use redis::{FromRedisValue, Script, ScriptInvocation};
use tokio::time::Instant;
use uuid::Uuid;

use crate::connection::Redis;
use crate::ear::Ears;
use crate::error::failure;
use crate::scripts::Scripts;

/// No lease and no wait is longer, in milliseconds: 34 years, which Redis' numbers hold exactly.
const LONGEST: u64 = 1 << 40;
/// So many receipts go into one script, so that it holds nobody up.
const AT_ONCE: usize = 1_000;
/// A pull that waits looks for itself as often: at what was given back meanwhile, and past whatever its
/// line failed to tell.
const LOOK: Duration = Duration::from_secs(1);

/// A queue in Redis.
///
/// All keys of a lane begin with `{prefix}{lane:N}:`, so that a cluster keeps them in one slot: the jobs
/// are a stream, `stream`, with a group that says how far they were taken; `taken` and `due` are sorted
/// sets of receipts by the end of their lease and by when they come again; `held` counts the jobs of
/// each name, `shares` those of each application. Each method is one script of one lane. All times are the server's.
#[derive(Debug)]
pub struct RedisQueue {
    pub(crate) redis: Redis,
    pub(crate) scripts: Scripts,
    limits: QueueLimits,
    /// Among all that lead.
    node: Uuid,
    ears: Ears,
}

/// What one look at a lane gave.
struct Look {
    deliveries: Vec<Delivery>,
    /// New jobs come after this place.
    after: String,
    /// Until a job is due or a lease runs out.
    soon: Option<Duration>,
}

impl RedisQueue {
    /// The queue in this Redis, with these limits.
    #[must_use]
    pub fn new(redis: Redis, limits: QueueLimits) -> Self {
        let ears = Ears::new(redis.clone(), LOOK);
        Self {
            redis,
            scripts: Scripts::new(),
            limits,
            node: Uuid::new_v4(),
            ears,
        }
    }

    fn key(&self, lane: u16, part: &str) -> String {
        format!("{}{{lane:{lane}}}:{part}", self.redis.config().prefix)
    }

    /// A script on these keys of a lane.
    pub(crate) fn on<'a>(
        &self,
        script: &'a Script,
        lane: u16,
        parts: &[&str],
    ) -> ScriptInvocation<'a> {
        let mut script = script.prepare_invoke();
        for part in parts {
            script.key(self.key(lane, part));
        }
        script
    }

    /// Makes a lane known. It costs next to nothing, so it is done each time: whoever came back empty
    /// knows all lanes again as soon as they are used.
    async fn announce(&self, op: &'static str, lane: u16) -> Result<(), BackendError> {
        let mut announce = redis::cmd("SADD");
        announce.arg(self.lanes()).arg(lane);
        self.redis.query(op, announce).await
    }

    fn lanes(&self) -> String {
        format!("{}lanes", self.redis.config().prefix)
    }

    /// Runs a script in each lane that is known, ascending by lane.
    pub(crate) async fn each<'a, T: FromRedisValue + Send>(
        &self,
        op: &'static str,
        prepare: impl Fn(u16) -> ScriptInvocation<'a> + Send,
    ) -> Result<Vec<(u16, T)>, BackendError> {
        let mut members = redis::cmd("SMEMBERS");
        members.arg(self.lanes());
        let mut lanes: Vec<u16> = self.redis.query(op, members).await?;
        lanes.sort_unstable();
        let scripts: Vec<_> = lanes.iter().map(|lane| (*lane, prepare(*lane))).collect();
        let runs = scripts.iter().map(async |(lane, script)| {
            let answer = self.redis.run(op, script).await?;
            Ok((*lane, answer))
        });
        try_join_all(runs).await
    }

    async fn look(&self, pull: Pull) -> Result<Look, BackendError> {
        let keys = ["stream", "held", "shares", "taken", "due"];
        let mut script = self.on(&self.scripts.pull, pull.lane, &keys);
        script.arg(pull.limit).arg(millis(pull.lease));
        let (after, soon, jobs): (String, i64, Vec<(String, Vec<u8>)>) =
            self.redis.run("pull", &script).await?;
        Ok(Look {
            deliveries: jobs.into_iter().map(delivery).collect::<Result<_, _>>()?,
            after,
            soon: u64::try_from(soon).ok().map(Duration::from_millis),
        })
    }
}

/// A receipt says which job it is of, and how often that was taken.
fn delivery((receipt, body): (String, Vec<u8>)) -> Result<Delivery, BackendError> {
    let read = |receipt: &str| -> Option<(u32, OperationId, ApplicationId)> {
        let mut parts = receipt.split(':').skip(1);
        let taken: u32 = parts.next()?.parse().ok()?;
        let free: u32 = parts.next()?.parse().ok()?;
        let id = parts.next()?.parse().ok()?;
        let application = ApplicationId(parts.next()?.parse().ok()?);
        Some((taken.saturating_sub(free), id, application))
    };
    let Some((attempt, id, application)) = read(&receipt) else {
        let source = format!("{receipt:?} is not a receipt");
        return Err(failure(ErrorKind::Internal, "pull").with_source(source));
    };
    Ok(Delivery {
        receipt: Receipt(receipt),
        job: Job {
            id,
            application,
            body,
        },
        attempt,
    })
}

fn millis(time: Duration) -> u64 {
    let millis = u64::try_from(time.as_millis()).unwrap_or(LONGEST);
    millis.min(LONGEST)
}

#[async_trait]
impl Queue for RedisQueue {
    async fn push(&self, lane: u16, job: &Job) -> Result<bool, BackendError> {
        let mut script = self.on(&self.scripts.push, lane, &["stream", "held", "shares"]);
        let application = job.application.0;
        script.arg(self.limits.lane).arg(self.limits.application);
        script
            .arg(application)
            .arg(format!("{}:{application}", job.id));
        script.arg(job.body.as_slice());
        let push = self.redis.run("push", &script);
        let ((), pushed) = try_join(self.announce("push", lane), push).await?;
        Ok(pushed)
    }

    async fn pull(&self, pull: Pull) -> Result<Vec<Delivery>, BackendError> {
        if pull.limit == 0 {
            return Ok(Vec::new());
        }
        let end = Instant::now() + pull.patience;
        let announce = self.announce("pull", pull.lane);
        let ((), mut look) = try_join(announce, self.look(pull)).await?;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if !look.deliveries.is_empty() || left.is_zero() {
                return Ok(look.deliveries);
            }
            let time = left.min(look.soon.unwrap_or(LOOK));
            let stream = self.key(pull.lane, "stream");
            self.ears.wait(&stream, &look.after, time).await?;
            look = self.look(pull).await?;
        }
    }

    async fn ack(&self, lane: u16, receipts: &[Receipt]) -> Result<(), BackendError> {
        for receipts in receipts.chunks(AT_ONCE) {
            let keys = ["stream", "held", "shares", "taken"];
            let mut script = self.on(&self.scripts.ack, lane, &keys);
            for receipt in receipts {
                script.arg(&receipt.0);
            }
            self.redis.run::<()>("ack", &script).await?;
        }
        Ok(())
    }

    async fn retry(
        &self,
        lane: u16,
        receipt: &Receipt,
        after: Duration,
        blame: Blame,
    ) -> Result<(), BackendError> {
        let mut script = self.on(&self.scripts.retry, lane, &["taken", "due"]);
        script.arg(&receipt.0).arg(millis(after));
        script.arg(u8::from(blame == Blame::Others));
        self.redis.run("retry", &script).await
    }

    async fn bury(&self, lane: u16, receipt: &Receipt, reason: &str) -> Result<(), BackendError> {
        let keys = [
            "stream", "held", "shares", "taken", "dead", "reasons", "order",
        ];
        let mut script = self.on(&self.scripts.bury, lane, &keys);
        script.arg(&receipt.0).arg(reason);
        script.arg(self.limits.dead_letters);
        self.redis.run("bury", &script).await
    }

    async fn find(
        &self,
        application: ApplicationId,
        id: OperationId,
    ) -> Result<Option<Held>, BackendError> {
        let places = self
            .each::<u8>("find", |lane| {
                let mut script = self.on(&self.scripts.find, lane, &["held", "dead"]);
                script.arg(id.to_string()).arg(application.0);
                script
            })
            .await?;
        let holds = |place| places.iter().any(|(_, found)| *found == place);
        let in_lane = holds(1).then_some(Held::InLane);
        Ok(in_lane.or_else(|| holds(2).then_some(Held::Buried)))
    }

    async fn depth(&self) -> Result<Vec<Depth>, BackendError> {
        let depths = self
            .each::<(u64, u64)>("depth", |lane| {
                self.on(&self.scripts.depth, lane, &["stream", "taken"])
            })
            .await?;
        let depths = depths.into_iter().filter(|(_, (all, _))| *all > 0);
        Ok(depths
            .map(|(lane, (all, taken))| Depth {
                lane,
                waiting: all.saturating_sub(taken),
                taken,
            })
            .collect())
    }

    async fn lead(&self, role: &str, lease: Duration) -> Result<bool, BackendError> {
        let leader = format!("{}lead:{role}", self.redis.config().prefix);
        let mut script = self.scripts.lead.key(leader);
        script.arg(self.node.to_string()).arg(millis(lease).max(1));
        self.redis.run("lead", &script).await
    }

    async fn durable(&self) -> Result<bool, BackendError> {
        self.redis.durable().await
    }
}
