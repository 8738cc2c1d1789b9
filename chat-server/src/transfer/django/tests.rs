use std::io::Cursor;

use super::read::{DumpError, read};
use super::row::Row;

/// What each object is, or what is wrong with it; and how it ended.
fn told(content: &str) -> (Vec<String>, Result<(), DumpError>) {
    let mut all = Vec::new();
    let end = read(Cursor::new(content.to_owned()), |(place, row)| {
        all.push(match row {
            Ok(None) => format!("{place}: left out"),
            Ok(Some(Row::User(user))) => format!("{place}: {}", user.username),
            Ok(Some(row)) => format!("{place}: {row:?}"),
            Err(reason) => format!("{place}: {reason}"),
        });
        true
    });
    (all, end)
}

fn of(model: &str, pk: &str, fields: &str) -> String {
    let object = format!(r#"[{{"model":"{model}","pk":{pk},"fields":{fields}}}]"#);
    told(&object).0.remove(0)
}

#[test]
fn a_bad_field_is_named() {
    let user = |fields: &str| of("auth.user", "5", fields);
    assert_eq!(
        user(r#"{"username":"\u00fc"}"#),
        "object 1 (auth.user 5): ü"
    );
    for (fields, wrong) in [
        ("{}", "username is missing"),
        ("[]", "invalid type: sequence, expected a map"),
        (
            r#"{"username":5}"#,
            "username: invalid type: integer `5`, expected a string",
        ),
        (r#"{"username":" "}"#, "username can't be blank"),
        (
            r#"{"username":"a","date_joined":"soon"}"#,
            "date_joined is no time",
        ),
        (
            r#"{"username":"a","password":"secret"}"#,
            "password is kept as plain text",
        ),
    ] {
        let told = user(fields);
        assert!(
            told.starts_with(&format!("object 1 (auth.user 5): {wrong}")),
            "{told}"
        );
    }
    assert!(of("chat.thread", "\"7\"", r#"{"participants":[]}"#).ends_with("pk is invalid"));
    assert!(
        of("chat.thread", "\"7\"", r#"{"participants":[1,2,3]}"#).contains("participants are 3")
    );
    // The key of a token is the token.
    let secret = of("authtoken.token", "\"se cret\"", r#"{"user":1}"#);
    assert!(
        secret.starts_with("object 1 (authtoken.token): pk is no token"),
        "{secret}"
    );
    assert_eq!(of("a.b", "1", "{}"), "object 1 (a.b 1): left out");
}

#[test]
fn what_is_no_array_of_objects_is_told_behind_what_could_be_read() {
    let one = r#"{"model":"a.b","pk":1,"fields":{}}"#;
    for (content, objects) in [
        ("{}".to_owned(), 0),
        (String::new(), 0),
        (format!("[{one},"), 1),
        (format!("[{one}] {one}"), 1),
        (
            format!("[{one},{{\"model\":\"{}\"}}]", "x".repeat(5 << 20)),
            1,
        ),
    ] {
        let (all, end) = told(&content);
        assert_eq!(all.len(), objects);
        assert!(matches!(end, Err(DumpError::Json { after, .. }) if after == objects as u64));
    }
    let (all, end) = told(&format!("\u{feff}[{one}]\n"));
    assert!(end.is_ok() && all.len() == 1);
}
