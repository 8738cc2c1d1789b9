//! Whatever a client sends.

use tokio::runtime::Runtime;

use super::*;
use crate::api::testing::noise::is_borne;

#[test]
fn whatever_is_sent_is_answered_or_closed_with_a_code() {
    let runtime = Runtime::new().unwrap();
    let open = runtime.block_on(open());
    let [alice, ..] = runtime.block_on(async {
        let people = three(&open.house).await;
        people[0].begin(json!({"participants": [2]})).await;
        people
    });
    let kinds = "message|typing|delivered|read|resume|watch";
    let keys = "conversationId|content|clientId|number|after|x";
    is_borne(&runtime, &open, (kinds, keys), async || {
        alice.connect(&open).await
    });
}
