//! Whatever a client sends.

use tokio::runtime::Runtime;

use super::*;
use crate::api::testing::noise::is_borne;

#[test]
fn whatever_is_sent_is_answered_or_closed_with_a_code() {
    let runtime = Runtime::new().unwrap();
    let open = runtime.block_on(open());
    let (application, sessions) = runtime.block_on(people(&open.house, &["alice"]));
    runtime.block_on(a_group(&open.house, &application, &sessions[0], &[]));
    let kinds = "hello|sync|subscribe|post|edit|delete|mark|typing|watch";
    let keys = "id|chat|chats|number|body|data|key|reply_to|cursors|more|session|read|delivered|x";
    is_borne(&runtime, &open, (kinds, keys), async || {
        open.enter(&application, &sessions[0]).await
    });
}
