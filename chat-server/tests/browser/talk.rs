//! People who talk through the page.

use super::Place;
use super::person::{Person, quoted};

const RECEIPT: &str = ".row.own .receipt[data-state=read]";

/// Two people with a direct chat that is open before both.
pub async fn ana_and_ben(place: &Place) -> [Person; 2] {
    let (ana, ben) = (place.person().await, place.person().await);
    ana.register("ana").await;
    ben.register("ben").await;
    ana.start_chat(&["ben"], "").await;
    ana.say("hello ben").await;
    ben.click(".chat", "ana").await;
    ben.sees(".row.other", "hello ben").await;
    [ana, ben]
}

pub fn nothing_went_wrong(people: &[&Person]) {
    for person in people {
        assert_eq!(person.complaints(), Vec::<String>::new());
    }
}

pub async fn two_people(place: Place) {
    let (ana, ben) = (place.person().await, place.person().await);
    ana.write("[name=username]", "ana").await;
    ana.write("[name=password]", "wrong").await;
    ana.click("#sign [type=submit]", "").await;
    ana.sees("#sign .error", "wrong").await;
    ana.eval("document.querySelector('#sign form').reset()")
        .await;
    ana.register("ana").await;
    ben.register("ben").await;

    ana.start_chat(&["ben"], "").await;
    ana.say("hello ben").await;
    // He sees that there is something before he opens it.
    ben.sees(".chat.unread .count", "1").await;
    ben.sees(".announcer", "ana in ana: hello ben").await;
    ben.until("document.title.startsWith('(1)')").await;
    ben.click(".chat", "hello ben").await;
    ben.sees(".row.other .text", "hello ben").await;
    ben.until("document.querySelectorAll('.count').length === 0")
        .await;
    ana.sees(RECEIPT, "Read").await;

    ben.say("hello ana\nhow are you?").await;
    ana.sees(".row.other .text", "how are you?").await;
    ben.sees(RECEIPT, "Read").await;
    ana.sees(".chat .preview", "hello ana how are you?").await;
    assert_eq!(ana.texts().await, ben.texts().await);

    // A group of three, of whom one has never been here.
    let mira = place.person().await;
    mira.register("mira").await;
    ben.start_chat(&["ana", "mira"], "Trip").await;
    ben.say("who comes along?").await;
    mira.click(".chat", "Trip").await;
    mira.sees(".row.other .author", "ben").await;
    mira.say("I do").await;
    ana.click(".chat", "Trip").await;
    ana.sees(".row.other .text", "I do").await;
    ana.sees(".title .presence", "3 members").await;
    // Both of the others have it.
    ben.sees(RECEIPT, "Read").await;

    // Who comes back is still there, and who logs out is not.
    ana.call("Page.reload", serde_json::json!({})).await;
    ana.sees(".title h1", "Trip").await;
    ana.sees(".row.other .text", "I do").await;
    ana.click("button.out", "").await;
    ana.sees("#sign h1", "Welcome back").await;
    assert_eq!(ana.eval("localStorage.length").await, 0);
    ana.log_in("ana").await;
    ana.sees(".chat", "Trip").await;
    nothing_went_wrong(&[&ana, &ben, &mira]);
}

pub async fn typing_and_presence(place: Place) {
    let [ana, ben] = ana_and_ben(&place).await;
    for (person, other) in [(&ana, "ben"), (&ben, "ana")] {
        person.sees(".title .presence", "online").await;
        person.sees(".chat .who", &format!("{other}, online")).await;
        person.sees(".chat .avatar.online", "").await;
    }
    ben.write("textarea", "I am still thin").await;
    ana.sees(".typing", "ben is typing").await;
    ana.sees(".chat .preview", "ben is typing…").await;
    assert_eq!(
        ben.eval("document.querySelector('.typing').textContent")
            .await,
        ""
    );
    // What was written ends it at once.
    ben.say("king").await;
    ana.sees(".row.other .text", "I am still thinking").await;
    ana.until("document.querySelector('.typing').textContent === ''")
        .await;

    // Whoever is cut off is gone for the others, and sees nobody.
    ben.go_offline(true).await;
    ana.sees(".title .presence", "last seen").await;
    ana.until("!document.querySelector('.avatar.online')").await;
    ben.until("document.querySelector('.title .presence').textContent !== 'online'")
        .await;
    ben.go_offline(false).await;
    for person in [&ana, &ben] {
        person.sees(".title .presence", "online").await;
    }
    // Somebody who starts a chat is seen to be there.
    let mira = place.person().await;
    mira.register("mira").await;
    mira.start_chat(&["ana"], "").await;
    mira.say("hello ana").await;
    ana.sees(".chat .who", "mira, online").await;
    mira.start_chat(&["ana", "ben"], "Trip").await;
    mira.sees(".title .presence", "3 members, 2 online").await;
    nothing_went_wrong(&[&ana, &ben, &mira]);
}

pub async fn one_goes_offline(place: Place) {
    let [ana, ben] = ana_and_ben(&place).await;
    ben.go_offline(true).await;
    ben.sees(".banner[data-state=offline]", "offline").await;
    ben.say("written in a tunnel").await;
    ben.sees(".sending .row .receipt[data-state=waiting]", "")
        .await;
    // As if another page of his had been closed before it got one through.
    let left = ben.eval(
        "(() => { const place = Object.keys(localStorage).find((place) => place.startsWith('chat.outbox.'));
           const letter = JSON.parse(localStorage.getItem(place));
           const other = { ...letter, key: 'f'.repeat(32), body: 'left by another page' };
           localStorage.setItem(place.replace(letter.key, other.key), JSON.stringify(other));
           return place.endsWith('.' + letter.key); })()",
    );
    assert_eq!(left.await, true);
    let mut expected = vec!["hello ben".to_owned()];
    for number in 1..=30 {
        let text = format!("while you were away {number}");
        ana.say(&text).await;
        expected.push(text);
    }
    ana.until("document.querySelectorAll('.sending .row').length === 0")
        .await;
    assert_eq!(ben.texts().await.len(), 2, "nothing came through");

    ben.go_offline(false).await;
    ben.sees(".row.other .text", "while you were away 30").await;
    ben.sees(".banner[data-state=live]", "Up to date").await;
    ben.until("document.querySelectorAll('.sending .row').length === 0")
        .await;
    ana.sees(".row.other .text", "written in a tunnel").await;
    expected.push("written in a tunnel".into());
    assert_eq!(ben.texts().await, expected);
    assert_eq!(ana.texts().await, expected);

    let waiting =
        "Object.keys(localStorage).filter((place) => place.startsWith('chat.outbox.')).length";
    assert_eq!(ben.eval(waiting).await, 1, "the other page's stays");
    ben.call("Page.reload", serde_json::json!({})).await;
    ana.sees(".row.other .text", "left by another page").await;
    ben.until(&format!("{waiting} === 0")).await;
    nothing_went_wrong(&[&ana, &ben]);
}

pub async fn text_is_text(place: Place) {
    let [ana, ben] = ana_and_ben(&place).await;
    let texts = [
        "<img src=x onerror=\"window.ran = 1\"><script>window.ran = 2</script>",
        "javascript:window.ran=3 &amp; <b>bold</b>",
        "https://example.test/?q=<script>window.ran=4</script>",
        "\u{202e}right to left\u{202c} \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467} e\u{301}",
    ];
    for text in texts {
        ana.say(text).await;
        ben.until(&format!(
            "[...document.querySelectorAll('.row.other .text')].some((one) => one.textContent === {})",
            quoted(text)
        ))
        .await;
    }
    let inside = "document.querySelectorAll('.messages :is(img, script, b, iframe)').length";
    for person in [&ana, &ben] {
        assert_eq!(person.eval("typeof window.ran").await, "undefined");
        assert_eq!(person.eval(inside).await, 0);
    }
    let links =
        "[...document.querySelectorAll('.messages a')].map((link) => `${link.href} ${link.rel}`)";
    assert_eq!(
        ben.eval(links).await,
        serde_json::json!(["https://example.test/?q= noopener noreferrer nofollow"])
    );
    nothing_went_wrong(&[&ana, &ben]);
    // The page would not be let make HTML of a text if it tried.
    let tried = "(() => { try { document.body.innerHTML = '<b>x</b>'; return 'made'; } catch (error) { return error.name; } })()";
    assert_eq!(ana.eval(tried).await, "TypeError");
}

pub async fn search(place: Place) {
    let [ana, ben] = ana_and_ben(&place).await;
    for number in 1..=150 {
        ana.say(&format!("note {number} about the gärden")).await;
    }
    ana.say("The café opens at nine").await;
    ana.until("document.querySelectorAll('.sending .row').length === 0")
        .await;
    ben.sees(".row.other .text", "The café opens").await;

    ben.press("k", 2).await;
    ben.write(".search input", "CAFE open").await;
    ben.sees(".hit .snippet", "The café opens at nine").await;
    let marked = "[...document.querySelectorAll('.hit mark')].map((mark) => mark.textContent)";
    assert_eq!(ben.eval(marked).await, serde_json::json!(["café", "open"]));

    ben.press("Escape", 0).await;
    ben.write(".search input", "\"note 7 about\"").await;
    ben.click(".hit", "note 7 about the gärden").await;
    ben.sees(".row.found .text", "note 7 about the gärden")
        .await;
    let in_sight = "(() => {
        const row = document.querySelector('.row.found').getBoundingClientRect();
        const view = document.querySelector('.timeline').getBoundingClientRect();
        return row.top >= view.top && row.bottom <= view.bottom;
    })()";
    ben.until(in_sight).await;
    // From there everything newer is still ahead, and one button away.
    ben.click(".jump", "Latest").await;
    ben.sees(".row.other .text", "The café opens").await;
    nothing_went_wrong(&[&ana, &ben]);
}

pub async fn phone_and_keyboard(place: Place) {
    let [ana, ben] = ana_and_ben(&place).await;
    let phone = Person::open(&place.chrome, &place.address(), 390, 780).await;
    phone.log_in("ana").await;
    phone.sees(".chat", "hello ben").await;
    let is_shown = |selector: &str| {
        format!(
            "document.querySelector({}).checkVisibility()",
            quoted(selector)
        )
    };
    assert_eq!(phone.eval(&is_shown(".conversation")).await, false);
    phone.click(".chat", "hello ben").await;
    phone.sees(".row.own .text", "hello ben").await;
    assert_eq!(phone.eval(&is_shown(".sidebar")).await, false);
    let is_wide = "document.documentElement.scrollWidth > innerWidth";
    assert_eq!(phone.eval(is_wide).await, false);
    phone.say("from the tram").await;
    ben.sees(".row.other .text", "from the tram").await;
    ana.sees(".row.own .text", "from the tram").await;
    phone.click(".back", "").await;
    phone.until(&is_shown(".sidebar")).await;

    // Without a mouse: another chat, the search and back.
    ana.start_chat(&["ben"], "").await;
    let cleo = place.person().await;
    cleo.register("cleo").await;
    ana.start_chat(&["cleo"], "").await;
    ana.say("hello cleo").await;
    ana.sees(".chats li:first-child", "cleo").await;
    ana.press("ArrowDown", 1).await;
    ana.sees(".title h1", "ben").await;
    ana.press("ArrowUp", 1).await;
    ana.sees(".title h1", "cleo").await;
    ana.press("k", 2).await;
    ana.until("document.activeElement.type === 'search'").await;
    ana.press("n", 1).await;
    ana.until("document.activeElement.name === 'person'").await;
    ana.press("Escape", 0).await;
    ana.until("!document.querySelector('dialog').open").await;
    // Everything that can be pressed or filled in says what it is.
    let nameless = "[...document.querySelectorAll('button, a[href], input, textarea')]
        .filter((one) => !(one.textContent.trim() || one.getAttribute('aria-label') || one.labels?.[0]?.textContent.trim()))
        .map((one) => one.outerHTML)";
    assert_eq!(ana.eval(nameless).await, serde_json::json!([]));
    nothing_went_wrong(&[&ana, &ben, &cleo, &phone]);
}
