//! The counts in the Counter, set again.

use std::ops::Range;
use std::sync::Arc;

use tokio::task::JoinSet;

use crate::error::{BackendError, ChatError, ErrorKind};
use crate::ids::{ApplicationId, ChatNumber, Token};
use crate::model::{Application, ChatInfo};
use crate::page::{Limit, Page, Span};
use crate::port::{Chats, Count, Counter};
use crate::sink::count_key;

use super::Chat;

/// So many counts are set at once.
const PART: Limit = Limit::new(100).expect("it is a limit");

impl Chat {
    /// Sets all counts in the Counter, and forgets those of chats that are deleted: whatever was lost there, or let go on the way
    /// there, is back. Where counts are not kept it does nothing.
    pub(super) async fn set_counts(&self) -> Result<(), ChatError> {
        let Some(feed) = &self.inner.counts else {
            return Ok(());
        };
        let counter = feed.counter();
        let applications = &self.inner.stores.applications;
        if let Some(default) = applications.default_application().await? {
            self.set_counts_of(counter, default).await?;
        }
        let mut after = ApplicationId(0);
        loop {
            let Page { items, more } = applications.list(after, PART).await?;
            for application in items {
                after = application.id;
                self.set_counts_of(counter, application).await?;
            }
            if !more {
                return Ok(());
            }
        }
    }

    async fn set_counts_of(
        &self,
        counter: &Arc<dyn Counter>,
        application: Application,
    ) -> Result<(), ChatError> {
        let (id, public_id) = (application.id, application.public_id);
        let Ok(token) = self.inner.keyring.open(&application.token, public_id) else {
            tracing::warn!(application = %public_id, "its counts have no name: its token is sealed under another key");
            return Ok(());
        };
        let stores = &self.inner.stores;
        let again = async {
            let found = stores.applications.by_id(id).await?;
            Ok(found.map(|found| of_chats(&found)))
        };
        set(
            &**counter,
            &count_key(token, None),
            of_chats(&application),
            again,
        )
        .await?;
        let mut next = ChatNumber(1);
        loop {
            let page = stores.chats.list(id, Span::After(next.0 - 1), PART).await?;
            let mut setting = JoinSet::new();
            for chat in page.items {
                // Numbers have no holes: those below that are not there were deleted.
                let gone = next.0..chat.number.0;
                next = chat.number.next();
                let (counter, chats) = (counter.clone(), stores.chats.clone());
                setting.spawn(set_count_of(counter, chats, token, gone, chat));
            }
            while let Some(set) = setting.join_next().await {
                set.map_err(|error| {
                    let fault = BackendError::new(ErrorKind::Internal, "counter", "set");
                    fault.with_source(error)
                })??;
            }
            if !page.more {
                break;
            }
        }
        let gone = next.0..application.last_chat.next().0;
        Ok(forget(&**counter, token, gone).await?)
    }
}

async fn forget(
    counter: &dyn Counter,
    token: Token,
    numbers: Range<u64>,
) -> Result<(), BackendError> {
    for number in numbers {
        let key = count_key(token, Some(ChatNumber(number)));
        counter.remove(&key).await?;
    }
    Ok(())
}

async fn set_count_of(
    counter: Arc<dyn Counter>,
    chats: Arc<dyn Chats>,
    token: Token,
    gone: Range<u64>,
    chat: ChatInfo,
) -> Result<(), BackendError> {
    forget(&*counter, token, gone).await?;
    let again = async {
        let found = chats.by_id(chat.id).await?;
        Ok(found.map(|found| of_messages(&found)))
    };
    let key = count_key(token, Some(chat.number));
    set(&*counter, &key, of_messages(&chat), again).await
}

fn of_chats(application: &Application) -> Count {
    Count::of_chats(application.last_chat, application.chats_count)
}

fn of_messages(chat: &ChatInfo) -> Count {
    Count::of_messages(chat.head, chat.messages_count)
}

/// Sets a count that the Store had. The counter may know a later one, for commits go on; then the Store is looked at `again`, and
/// is as far by now. If it is not, what the counter knows was never true, or was repaired.
async fn set(
    counter: &dyn Counter,
    key: &str,
    count: Count,
    again: impl Future<Output = Result<Option<Count>, BackendError>>,
) -> Result<(), BackendError> {
    let known = match counter.get(key).await? {
        Some(known) if known == count => return Ok(()),
        Some(known) if known.version >= count.version => known,
        _ => return counter.set(key, count).await,
    };
    let now = again.await?;
    if now.is_some_and(|now| now.version > known.version || now == known) {
        return Ok(());
    }
    counter.remove(key).await?;
    match now {
        Some(now) => counter.set(key, now).await,
        None => Ok(()),
    }
}
