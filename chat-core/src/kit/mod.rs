//! What every adapter is held to: conformance cases, and generators of the texts that they run on.

pub mod bus;
pub mod counter;
pub mod flaky;
pub mod notifier;
pub mod presence;
pub mod queue;
pub mod search;
pub mod store;
pub mod texts;
pub mod transfer;

/// Makes a test of each of these cases: what a kit calls unless it is given another macro.
///
/// A kit calls its macro once a module, as `name! { fresh, [module] case, case, … }`: for each case open an adapter with
/// `fresh`, keep the guard, and run `module::case(&adapter)`. So another harness can list the cases: `store_kit!([name] fresh)`.
#[doc(hidden)]
#[macro_export]
macro_rules! case_tests {
    ($fresh:path, [$module:path] $($case:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $case() {
                use $module as module;
                let (adapter, _guard) = $fresh().await;
                module::$case(&adapter).await;
            }
        )*
    };
}
