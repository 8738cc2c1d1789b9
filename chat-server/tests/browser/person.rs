//! Somebody in front of a browser of his own: he sees, clicks and writes.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::watch;

use super::chrome::{Chrome, Wire};

/// Nothing that the page does takes so long, even on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(60);

pub const PASSWORD: &str = "correct horse";

/// A window of the browser, as private as one of another machine.
pub struct Person {
    wire: Arc<Wire>,
    session: String,
    complaints: Arc<Mutex<Vec<String>>>,
    loads: watch::Receiver<u64>,
}

impl Person {
    /// Opens the address in a window of this size.
    pub async fn open(chrome: &Chrome, address: &str, width: u32, height: u32) -> Self {
        let wire = Arc::clone(&chrome.wire);
        let text = |value: &Value, name: &str| value[name].as_str().unwrap().to_owned();
        let context = wire
            .call("", "Target.createBrowserContext", json!({}))
            .await;
        let context = text(&context, "browserContextId");
        let target = json!({ "url": "about:blank", "browserContextId": context });
        let target = wire.call("", "Target.createTarget", target).await;
        let attach = json!({ "targetId": text(&target, "targetId"), "flatten": true });
        let attached = wire.call("", "Target.attachToTarget", attach).await;
        let session = text(&attached, "sessionId");
        let (complaints, loads) = listen(&wire, &session);
        let person = Self {
            wire,
            session,
            complaints,
            loads,
        };
        for domain in ["Page", "Runtime", "Log", "Network"] {
            person.call(&format!("{domain}.enable"), json!({})).await;
        }
        let focus = json!({ "enabled": true });
        person
            .call("Emulation.setFocusEmulationEnabled", focus)
            .await;
        let size =
            json!({ "width": width, "height": height, "deviceScaleFactor": 1, "mobile": false });
        person
            .call("Emulation.setDeviceMetricsOverride", size)
            .await;
        person
            .call("Page.navigate", json!({ "url": address }))
            .await;
        person.until("document.readyState === 'complete'").await;
        person
    }

    pub async fn call(&self, method: &str, params: Value) -> Value {
        let called = self.wire.call(&self.session, method, params);
        let answer = tokio::time::timeout(PATIENCE, called).await;
        answer.unwrap_or_else(|_| panic!("no answer to {method}"))
    }

    /// What this expression gives; a promise is waited for.
    pub async fn eval(&self, expression: &str) -> Value {
        let asked =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let mut answer = self.call("Runtime.evaluate", asked).await;
        let failed = &answer["exceptionDetails"];
        assert!(failed.is_null(), "{expression}: {failed}");
        answer["result"]["value"].take()
    }

    /// Waits until this holds on the page, which is looked at in every frame.
    pub async fn until(&self, condition: &str) {
        let look = format!(
            "new Promise((resolve) => {{
                const look = () => ({condition}) ? resolve() : setTimeout(look, 16);
                look();
            }})"
        );
        let asked = json!({ "expression": look, "awaitPromise": true });
        let held = async {
            loop {
                let mut loads = self.loads.clone();
                loads.mark_unchanged();
                let asked = asked.clone();
                let looked = self.wire.try_call(&self.session, "Runtime.evaluate", asked);
                match looked.await {
                    Ok(answer) => return answer,
                    // The page went away while it was looked at, and comes again.
                    Err(_) => loads.changed().await.unwrap(),
                }
            }
        };
        let answer = match tokio::time::timeout(PATIENCE, held).await {
            Ok(answer) => answer,
            Err(_) => {
                let page = self.eval("document.body.innerText.slice(-500)").await;
                panic!("it never came to {condition}; the page says {page}")
            }
        };
        let failed = &answer["exceptionDetails"];
        assert!(failed.is_null(), "{condition}: {failed}");
    }

    /// Waits until something on the page is matched by this selector and shows this text.
    pub async fn sees(&self, selector: &str, text: &str) {
        self.until(&shows(selector, text)).await;
    }

    /// Clicks the first visible match that shows this text: found and clicked in one go, for lists move while people write.
    pub async fn click(&self, selector: &str, text: &str) {
        self.until(&format!(
            "(() => {{
                const [found] = {};
                found?.focus();
                found?.click();
                return Boolean(found);
            }})()",
            matches(selector, text)
        ))
        .await;
    }

    /// Writes into a field, as from a keyboard.
    pub async fn write(&self, selector: &str, text: &str) {
        self.sees(selector, "").await;
        let focus = format!("document.querySelector({}).focus()", quoted(selector));
        self.eval(&focus).await;
        self.call("Input.insertText", json!({ "text": text })).await;
    }

    /// Presses a key, with Alt (1) or Control (2).
    pub async fn press(&self, key: &str, modifiers: u8) {
        let code = match key {
            "Enter" => 13,
            "Escape" => 27,
            "ArrowUp" => 38,
            "ArrowDown" => 40,
            letter => u32::from(letter.to_ascii_uppercase().as_bytes()[0]),
        };
        let name = match key.len() {
            1 => format!("Key{}", key.to_ascii_uppercase()),
            _ => key.to_owned(),
        };
        for kind in ["rawKeyDown", "keyUp"] {
            let event = json!({
                "type": kind, "key": key, "code": name,
                "windowsVirtualKeyCode": code, "modifiers": modifiers,
            });
            self.call("Input.dispatchKeyEvent", event).await;
        }
    }

    /// Takes the network away, or gives it back.
    pub async fn go_offline(&self, offline: bool) {
        let network = json!({
            "offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1,
        });
        self.call("Network.emulateNetworkConditions", network).await;
    }

    /// Becomes somebody through the page.
    pub async fn register(&self, name: &str) {
        self.click(".switch button", "Create an account").await;
        self.sees("#sign h1", "Create an account").await;
        self.write("[name=username]", name).await;
        self.write("[name=password]", PASSWORD).await;
        self.click("#sign [type=submit]", "").await;
        self.sees(".me .name", name).await;
    }

    /// Logs in through the page.
    pub async fn log_in(&self, name: &str) {
        self.write("[name=username]", name).await;
        self.write("[name=password]", PASSWORD).await;
        self.click("#sign [type=submit]", "").await;
        self.sees(".me .name", name).await;
    }

    /// Starts a chat with these people through the page.
    pub async fn start_chat(&self, names: &[&str], title: &str) {
        self.press("n", 1).await;
        for name in names {
            self.write("[name=person]", name).await;
            self.press("Enter", 0).await;
            self.sees(".chip", name).await;
        }
        if !title.is_empty() {
            self.write("[name=title]", title).await;
        }
        self.click("dialog [type=submit]", "").await;
        let expected = if title.is_empty() { names[0] } else { title };
        self.sees(".title h1", expected).await;
    }

    /// Says something in the open chat.
    pub async fn say(&self, text: &str) {
        self.write("textarea", text).await;
        self.press("Enter", 0).await;
        self.until("document.querySelector('textarea').value === ''")
            .await;
    }

    /// The texts in the timeline, in their order; what is being sent last.
    pub async fn texts(&self) -> Vec<String> {
        let all =
            "[...document.querySelectorAll('.messages .text')].map((text) => text.textContent)";
        serde_json::from_value(self.eval(all).await).unwrap()
    }

    /// What went wrong on the page so far, but for the network.
    pub fn complaints(&self) -> Vec<String> {
        self.complaints.lock().unwrap().clone()
    }
}

/// Gathers exceptions that nobody caught and what the browser refused the page; counts how often the page was loaded.
fn listen(wire: &Wire, session: &str) -> (Arc<Mutex<Vec<String>>>, watch::Receiver<u64>) {
    let (loaded, loads) = watch::channel(0);
    let complaints = Arc::<Mutex<Vec<String>>>::default();
    let heard = Arc::clone(&complaints);
    let mut events = wire.listen(session);
    tokio::spawn(async move {
        while let Some(event) = events.recv().await {
            let said = &event["params"];
            let complaint = match event["method"].as_str() {
                Some("Page.loadEventFired") => {
                    loaded.send_modify(|count| *count += 1);
                    continue;
                }
                Some("Runtime.exceptionThrown") => said["exceptionDetails"].to_string(),
                Some("Log.entryAdded") if said["entry"]["source"] != "network" => {
                    said["entry"].to_string()
                }
                _ => continue,
            };
            heard.lock().unwrap().push(complaint);
        }
    });
    (complaints, loads)
}

pub fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

/// The visible elements that a selector matches and that show this text.
fn matches(selector: &str, text: &str) -> String {
    format!(
        "[...document.querySelectorAll({})].filter((one) => one.checkVisibility() && one.textContent.includes({}))",
        quoted(selector),
        quoted(text)
    )
}

fn shows(selector: &str, text: &str) -> String {
    format!("{}.length > 0", matches(selector, text))
}
