//! Many users at once.

use chat_core::ids::UserNumber;
use chat_core::service::{Access, Chat, NewUser};
use chat_core::text::Username;
use futures_util::future::try_join_all;

/// So many new users of an application that has none.
pub(crate) async fn crowd(chat: &Chat, access: Access, size: u64) -> Vec<UserNumber> {
    let all: Vec<UserNumber> = (1..=size).map(UserNumber).collect();
    for some in all.chunks(100) {
        let made = some.iter().map(|user| {
            let name = Username::parse(format!("user {}", user.0)).unwrap();
            chat.create_user(access, NewUser::named(name), None)
        });
        try_join_all(made).await.unwrap();
    }
    all
}
