//! What the page consists of.

/// The one that a browser opens.
pub(super) const INDEX: &str = "index.html";

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        /// Every file by its name.
        pub(super) const ALL: &[(&str, &[u8])] = &[$(($name, include_bytes!(concat!("web/", $name)))),*];
    };
}

files![
    "index.html",
    "style.css",
    "icon.svg",
    "main.js",
    "api.js",
    "client.js",
    "dom.js",
    "emitter.js",
    "history.js",
    "live.js",
    "marks.js",
    "outbox.js",
    "people.js",
    "poll.js",
    "stream.js",
    "text.js",
    "typing.js",
    "views/banner.js",
    "views/conversation.js",
    "views/row.js",
    "views/search.js",
    "views/sidebar.js",
    "views/sign.js",
    "views/start.js",
    "views/timeline.js",
];
