//! Which engines run, and how a case on one becomes a trial.

use std::sync::LazyLock;

use libtest_mimic::Trial;
pub(crate) use tests::scratch::url;
use tokio::runtime::Runtime;

/// One for all cases, so that what a case leaves behind ends in good order.
static RUNTIME: LazyLock<Runtime> =
    LazyLock::new(|| Runtime::new().expect("a runtime needs threads alone"));

/// A case on an engine.
pub(crate) fn trial(
    engine: &str,
    module: &str,
    name: &str,
    case: impl Future<Output = ()> + Send + 'static,
) -> Trial {
    let module = module.rsplit("::").next().unwrap_or(module).trim();
    let name = format!("{engine}::{module}::{name}");
    self::case(name, url(engine).is_some(), case)
}

/// A case that shows as ignored where what it needs is absent.
pub(crate) fn case(
    name: String,
    present: bool,
    case: impl Future<Output = ()> + Send + 'static,
) -> Trial {
    Trial::test(name, move || {
        RUNTIME.block_on(case);
        Ok(())
    })
    .with_ignored_flag(!present)
}

/// The cases of a kit as trials: `trials!("mysql", store_kit, fresh)`, where `fresh` opens an empty adapter.
macro_rules! trials {
    ($engine:expr, $kit:ident, $fresh:path) => {{
        let engine: &str = $engine;
        let mut trials = Vec::new();
        chat_core::$kit!([$crate::engine::push] (trials engine $fresh));
        trials
    }};
}
pub(crate) use trials;

/// What a kit calls for each module of cases.
macro_rules! push {
    (($trials:ident $engine:ident $fresh:path), [$module:path] $($case:ident,)*) => {
        $({
            let case = async {
                use $module as module;
                let (adapter, _guard) = $fresh().await;
                module::$case(&adapter).await;
            };
            let module = stringify!($module);
            $trials.push($crate::engine::trial($engine, module, stringify!($case), case));
        })*
    };
}
pub(crate) use push;
