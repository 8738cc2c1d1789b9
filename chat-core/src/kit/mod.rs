//! What every adapter is held to: conformance cases, and generators of the texts that they run on.

pub mod bus;
pub mod counter;
pub mod flaky;
pub mod search;
pub mod store;
pub mod texts;

/// Makes a test of each of these cases of a port.
#[doc(hidden)]
#[macro_export]
macro_rules! port_cases {
    ($fresh:path, $port:ident, $($case:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                let (adapter, _guard) = $fresh().await;
                $crate::kit::$port::$case(adapter).await;
            }
        )*
    };
}
