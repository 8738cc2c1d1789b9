//! How a request is written into a job.

use serde::{Deserialize, Serialize};

use crate::commit::Request;
use crate::error::{BackendError, ErrorKind};

/// What this version writes, and all that it reads.
const VERSION: u8 = 1;

#[derive(Serialize)]
struct Out<'a> {
    version: u8,
    request: &'a Request,
}

#[derive(Deserialize)]
struct In {
    version: u8,
    request: Request,
}

#[derive(Deserialize)]
struct Version {
    version: u8,
}

/// The request as a job's body.
pub(crate) fn write(request: &Request) -> Result<Vec<u8>, BackendError> {
    let version = VERSION;
    serde_json::to_vec(&Out { version, request }).map_err(|error| unreadable("write", error))
}

/// The request of a job's body.
///
/// # Errors
/// `Invalid` for what no version wrote, `Unavailable` for what a later one wrote.
pub(super) fn read(body: &[u8]) -> Result<Request, BackendError> {
    let Version { version } =
        serde_json::from_slice(body).map_err(|error| unreadable("read", error))?;
    if version != VERSION {
        let sentence = format!("it is of version {version}, this program reads {VERSION}");
        return Err(
            BackendError::new(ErrorKind::Unavailable, "queue", "read").with_source(sentence)
        );
    }
    let read: In = serde_json::from_slice(body).map_err(|error| unreadable("read", error))?;
    debug_assert_eq!(read.version, VERSION);
    Ok(read.request)
}

/// Tells where it is broken and how: the error's own words would repeat pieces of the command.
fn unreadable(op: &'static str, error: serde_json::Error) -> BackendError {
    let sentence = format!(
        "it is no command ({:?} fault in line {}, column {})",
        error.classify(),
        error.line(),
        error.column()
    );
    BackendError::new(ErrorKind::Invalid, "queue", op).with_source(sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commit::{Caller, ChangeUser, Command, Edit, Key, Mark, NewPassword, Scope};
    use crate::ids::{ApplicationId, ChatNumber, MessageNumber, OperationId, Token, UserNumber};
    use crate::kit::store::desk::{application, create_chat, create_user, post};
    use crate::password::PasswordHash;
    use crate::text::{Data, IdempotencyKey};

    #[test]
    fn a_request_is_read_as_it_was_written() {
        let chat = ChatNumber(3);
        let data = || Data::parse("{\"a\": \"\\u0000 \u{1F9EE}\"}").unwrap();
        let edit = |data| {
            let (number, body) = (MessageNumber(4), None);
            Command::Edit(chat, Edit { number, body, data })
        };
        let mut commands = vec![
            application(Token::random(), "n", true).command,
            create_chat(Some("name")),
            create_chat(None),
            Command::RenameChat(chat, None),
            Command::CloseChat(chat),
            Command::CloseApplication,
            post(chat, "text \u{1F9EE}"),
            Command::Delete(chat, MessageNumber(u64::MAX)),
        ];
        commands.extend([None, Some(None), Some(Some(data()))].map(edit));
        let user = UserNumber(5);
        let change = ChangeUser {
            email: Some(None),
            password: Some(NewPassword::Chosen {
                hash: PasswordHash("hash".to_owned()),
                keep: Some(Token::random().hash()),
            }),
            ..ChangeUser::default()
        };
        commands.extend([
            create_user("Ålice"),
            Command::ChangeUser(user, change),
            Command::Mark(chat, Mark::default()),
        ]);
        for command in commands {
            let key = IdempotencyKey::parse("key").unwrap();
            for (scope, caller) in [
                (Scope::Root, Caller::Application),
                (Scope::Application(ApplicationId(7)), Caller::For(user)),
                (Scope::Token(Token::random().hash()), Caller::User(user)),
            ] {
                let request = Request {
                    caller,
                    key: Some(Key::of(&key, caller, &command)),
                    operation: Some(OperationId::random()),
                    ..Request::new(scope, command.clone())
                };
                let written = write(&request).unwrap();
                assert_eq!(read(&written).unwrap(), request);
            }
        }
        for (bad, kind) in [
            ("", ErrorKind::Invalid),
            ("{}", ErrorKind::Invalid),
            (r#"{"version":1}"#, ErrorKind::Invalid),
            (r#"{"version":2,"request":null}"#, ErrorKind::Unavailable),
        ] {
            let error = read(bad.as_bytes()).unwrap_err();
            assert_eq!(error.kind(), kind, "{bad}");
        }
    }
}
