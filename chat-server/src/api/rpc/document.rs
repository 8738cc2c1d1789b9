//! The OpenAPI document of this API, with the errors that every operation can answer with.

use utoipa::openapi::OpenApi as Document;
use utoipa::{Modify, OpenApi};

use super::status::ErrorJson;
use super::{chats, messages, users};
use crate::api::document::{ErrorAnswer, add_accepted, add_errors, every_operation, loosen};
use crate::api::gate::AcceptedJson;

#[derive(OpenApi)]
#[openapi(
    paths(users::add, chats::add, chats::get, messages::add, messages::get),
    components(schemas(ErrorJson, AcceptedJson)),
    modifiers(&Complete),
)]
pub(super) struct Api;

struct Complete;

impl Modify for Complete {
    fn modify(&self, document: &mut Document) {
        for (path, _, operation) in every_operation(document) {
            let adds = path.ends_with("/add");
            let errors = [
                ("400", "The request cannot be understood", true),
                ("403", "A page of another site asks", true),
                ("404", "There is no such thing", path != "/users/add"),
                ("408", "The body came too slowly", true),
                ("409", "The name is taken", adds && path != "/messages/add"),
                ("413", "The body is too large", true),
                ("422", "The key was used for another request", adds),
                ("429", "Too many requests", true),
                ("500", "The server is at fault", true),
                ("503", "Not available now", true),
            ];
            let possible = errors.into_iter().filter(|(.., possible)| *possible);
            let answer = |(status, words, _)| ErrorAnswer {
                status,
                words,
                forms: &[("application/json", "RpcError")],
            };
            add_errors(operation, possible.map(answer));
            if adds {
                add_accepted(operation, "AcceptedJson");
            }
        }
        loosen(document, &["Id"], &[]);
    }
}
