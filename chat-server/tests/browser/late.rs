//! What comes late, or not at first.

use serde_json::json;

use super::Place;
use super::person::Person;
use super::talk::{ana_and_ben, nothing_went_wrong};

/// While `held` is a list, what the socket tells waits in it; of messages so many pages cannot be had as `failing` says.
const WIRE: &str = "(() => {
    window.held = null;
    window.letGo = () => {
        const held = window.held;
        window.held = null;
        held.forEach((tell) => tell());
    };
    window.WebSocket = class extends WebSocket {
        set onmessage(hear) {
            super.onmessage = (event) => window.held ? window.held.push(() => hear(event)) : hear(event);
        }
    };
    window.failing = 0;
    const real = window.fetch;
    window.fetch = (asked, options) => {
        const fails = window.failing > 0 && /messages[?]/.test(asked.url ?? String(asked));
        if (!fails) return real(asked, options);
        window.failing -= 1;
        return Promise.resolve(new Response('', { status: 503 }));
    };
})()";

async fn on_a_bad_wire(person: &Person) {
    let script = json!({ "source": WIRE });
    person
        .call("Page.addScriptToEvaluateOnNewDocument", script)
        .await;
    person.call("Page.reload", json!({})).await;
    person.until("window.held === null").await;
    person.sees(".title .presence", "online").await;
}

pub async fn a_message_takes_its_place(place: Place) {
    let [ana, ben] = ana_and_ben(&place).await;
    on_a_bad_wire(&ana).await;
    ana.sees(".row.other, .row.own", "hello ben").await;
    ana.eval("window.held = []").await;
    ben.say("first").await;
    ben.until("document.querySelectorAll('.sending .row').length === 0")
        .await;
    ana.say("second").await;
    ben.sees(".row.other", "second").await;
    ana.sees(".messages .row.own", "second").await;
    ana.eval("window.letGo()").await;
    ana.sees(".row.other", "first").await;
    assert_eq!(ana.texts().await, ben.texts().await);
    nothing_went_wrong(&[&ana, &ben]);
}

pub async fn a_page_of_messages_is_asked_for_again(place: Place) {
    let [ana, ben] = ana_and_ben(&place).await;
    on_a_bad_wire(&ana).await;
    let mira = place.person().await;
    mira.register("mira").await;
    mira.start_chat(&["ana"], "").await;
    mira.say("who comes along?").await;
    ana.sees(".chat", "mira").await;
    ana.eval("window.failing = 1").await;
    ana.click(".chat", "mira").await;
    ana.until("window.failing === 0").await;
    ana.sees(".row.other", "who comes along?").await;
    mira.say("tomorrow").await;
    ana.sees(".row.other", "tomorrow").await;
    nothing_went_wrong(&[&ana, &ben, &mira]);
}
