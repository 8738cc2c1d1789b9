//! Figures for Prometheus: by door, route and status, never by path.

use std::sync::OnceLock;
use std::time::Duration;

use http::StatusCode;
use metrics::{Counter, Histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// Upper bounds of the latency classes in seconds.
const SECONDS: [f64; 14] = [
    0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 10.0,
];

/// The process's figures; there is one recorder in a process, however many servers.
pub fn recorder() -> &'static PrometheusHandle {
    static RECORDER: OnceLock<PrometheusHandle> = OnceLock::new();
    RECORDER.get_or_init(|| {
        let recorder = PrometheusBuilder::new()
            .set_buckets(&SECONDS)
            .expect("the list of buckets is not empty")
            .build_recorder();
        let handle = recorder.handle();
        if metrics::set_global_recorder(recorder).is_err() {
            tracing::warn!("another part of the process records metrics: /metrics stays empty");
        }
        describe();
        handle
    })
}

fn describe() {
    metrics::describe_counter!("chat_http_requests_total", "Requests that were answered.");
    metrics::describe_histogram!(
        "chat_http_request_seconds",
        metrics::Unit::Seconds,
        "From a request's head to its answer's head."
    );
    metrics::describe_gauge!("chat_http_connections", "Connections that are open.");
    metrics::describe_gauge!("chat_live_sockets", "WebSockets that are open.");
    metrics::describe_counter!(
        "chat_live_sockets_closed_total",
        "WebSockets that were closed, by the reason that was told."
    );
    metrics::describe_counter!(
        "chat_live_reads_total",
        "Reads of the store to tell sockets what happened in a chat: one for all that follow it."
    );
    metrics::describe_counter!(
        "chat_http_connections_refused_total",
        "Connections beyond the limit, answered 503."
    );
    metrics::describe_counter!(
        "chat_http_requests_uncounted_total",
        "Requests that passed because the rate could not be counted."
    );
    crate::figures::describe();
}

/// Folds recorded samples together, without which they would pile up until somebody looks.
pub(super) async fn upkeep() {
    let mut beat = tokio::time::interval(Duration::from_secs(1));
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        beat.tick().await;
        recorder().run_upkeep();
    }
}

/// The statuses that are counted without a look-up.
const USUAL: [u16; 20] = [
    200, 201, 202, 204, 304, 308, 400, 401, 403, 404, 405, 406, 408, 410, 413, 415, 422, 429, 500,
    503,
];

/// One method of one path template, and its figures.
#[derive(Debug)]
pub struct Route {
    door: &'static str,
    template: &'static str,
    method: &'static str,
    usual: [OnceLock<Figures>; USUAL.len()],
}

#[derive(Debug)]
struct Figures {
    requests: Counter,
    seconds: Histogram,
}

impl Route {
    /// A route without figures yet.
    pub fn new(door: &'static str, template: &'static str, method: &'static str) -> Self {
        Self {
            door,
            template,
            method,
            usual: [const { OnceLock::new() }; USUAL.len()],
        }
    }

    /// The path with names in braces for what varies.
    pub fn template(&self) -> &'static str {
        self.template
    }

    /// Counts an answer.
    pub fn record(&self, status: StatusCode, took: Duration) {
        let code = status.as_u16();
        match USUAL.iter().position(|usual| *usual == code) {
            Some(at) => self.usual[at]
                .get_or_init(|| self.figures(status))
                .record(took),
            None => self.figures(status).record(took),
        }
    }

    fn figures(&self, status: StatusCode) -> Figures {
        let labels = [
            ("door", self.door.to_owned()),
            ("route", self.template.to_owned()),
            ("method", self.method.to_owned()),
            ("status", status.as_str().to_owned()),
        ];
        Figures {
            requests: metrics::counter!("chat_http_requests_total", &labels),
            seconds: metrics::histogram!("chat_http_request_seconds", &labels),
        }
    }
}

impl Figures {
    fn record(&self, took: Duration) {
        self.requests.increment(1);
        self.seconds.record(took.as_secs_f64());
    }
}
