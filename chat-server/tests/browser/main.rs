//! The page in a real browser, on the real server. Where no Chromium is installed its cases show as ignored.
#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "helpers of tests, which nobody else sees"
)]

mod chrome;
mod late;
mod person;
#[path = "../process/mod.rs"]
mod process;
mod scroll;
mod talk;

use std::future::Future;

use chrome::Chrome;
use libtest_mimic::{Arguments, Trial};
use person::Person;
use process::Server;
use tokio::runtime::Runtime;

fn main() {
    let mut arguments = Arguments::from_args();
    // Each has a browser and a server of its own, which is enough for a processor or two.
    arguments.test_threads.get_or_insert(1);
    let browser = chrome::installed();
    let mut trials = Vec::new();
    let mut case = |name: &str, run: fn(&'static str)| {
        let trial = Trial::test(name, move || {
            run(browser.unwrap_or_default());
            Ok(())
        });
        trials.push(trial.with_ignored_flag(browser.is_none()));
    };
    case("two_people_find_each_other_and_talk", |browser| {
        on_a_page(browser, talk::two_people);
    });
    case("who_is_there_and_who_types_is_shown", |browser| {
        on_a_page(browser, talk::typing_and_presence);
    });
    case(
        "who_was_offline_catches_up_and_says_his_own_once",
        |browser| {
            on_a_page(browser, talk::one_goes_offline);
        },
    );
    case("a_message_that_comes_late_takes_its_place", |browser| {
        on_a_page(browser, late::a_message_takes_its_place);
    });
    case("a_page_that_cannot_be_had_is_asked_for_again", |browser| {
        on_a_page(browser, late::a_page_of_messages_is_asked_for_again);
    });
    case("text_is_shown_as_it_is_and_never_runs", |browser| {
        on_a_page(browser, talk::text_is_text);
    });
    case(
        "what_is_searched_for_is_found_marked_and_shown_in_its_place",
        |browser| {
            on_a_page(browser, talk::search);
        },
    );
    case(
        "a_phone_shows_one_column_and_a_keyboard_is_enough",
        |browser| {
            on_a_page(browser, talk::phone_and_keyboard);
        },
    );
    case("ten_thousand_messages_scroll_smoothly", |browser| {
        on_a_page(browser, scroll::ten_thousand);
    });
    libtest_mimic::run(&arguments, trials).exit();
}

/// A server, and a browser to look at it with.
struct Place {
    server: Server,
    chrome: Chrome,
    _data: tempfile::TempDir,
}

impl Place {
    fn address(&self) -> String {
        format!("http://{}/", self.server.address)
    }

    /// Somebody with a window of the usual size.
    async fn person(&self) -> Person {
        Person::open(&self.chrome, &self.address(), 1100, 720).await
    }
}

fn on_a_page<F: Future<Output = ()>>(browser: &str, case: impl FnOnce(Place) -> F) {
    Runtime::new().unwrap().block_on(async {
        let data = tempfile::TempDir::new().unwrap();
        let place = Place {
            server: Server::start(data.path(), &["--presence-grace=1s"]),
            chrome: Chrome::start(browser).await,
            _data: data,
        };
        case(place).await;
    });
}
