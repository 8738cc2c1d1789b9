//! What the OpenAPI documents of the doors have in common.

use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::path::Operation;
use utoipa::openapi::schema::AnyOf;
use utoipa::openapi::{
    ContentBuilder, Header, ObjectBuilder, OpenApi, Ref, RefOr, Required, ResponseBuilder, Schema,
    Type,
};

/// An error that an operation can answer with, in each form by media type and schema.
pub(crate) struct ErrorAnswer<'a> {
    pub(crate) status: &'a str,
    pub(crate) words: &'a str,
    pub(crate) forms: &'a [(&'static str, &'static str)],
}

/// Each operation with its path and method.
pub(crate) fn every_operation(
    document: &mut OpenApi,
) -> impl Iterator<Item = (&str, &'static str, &mut Operation)> {
    document.paths.paths.iter_mut().flat_map(|(path, item)| {
        [
            ("get", &mut item.get),
            ("post", &mut item.post),
            ("put", &mut item.put),
            ("patch", &mut item.patch),
            ("delete", &mut item.delete),
        ]
        .into_iter()
        .filter_map(move |(method, operation)| Some((path.as_str(), method, operation.as_mut()?)))
    })
}

/// Adds errors to what the operation can answer.
pub(crate) fn add_errors<'a>(
    operation: &mut Operation,
    errors: impl IntoIterator<Item = ErrorAnswer<'a>>,
) {
    for error in errors {
        let described = ResponseBuilder::new().description(error.words);
        let response = error
            .forms
            .iter()
            .fold(described, |response, (kind, schema)| {
                let schema = Ref::from_schema_name(*schema);
                response.content(*kind, ContentBuilder::new().schema(Some(schema)).build())
            });
        let response = RefOr::T(response.build());
        operation
            .responses
            .responses
            .insert(error.status.to_owned(), response);
    }
}

/// Adds what a command is answered when its commit stays away: on a server whose writes go through a queue, while its store is not there.
pub(crate) fn add_accepted(operation: &mut Operation, schema: &str) {
    let place = ObjectBuilder::new().schema_type(Type::String).build();
    let mut place = Header::new(place);
    let words = "The operation, in the native API; it is told to a session or under the application's token";
    place.description = Some(words.to_owned());
    let schema = Ref::from_schema_name(schema);
    let body = ContentBuilder::new().schema(Some(schema)).build();
    let answer = ResponseBuilder::new()
        .description("It waits in the queue")
        .header("Location", place)
        .content("application/json", body);
    let answers = &mut operation.responses.responses;
    answers.insert("202".to_owned(), RefOr::T(answer.build()));
}

/// Says which operations can go on with what an operation answered, and where they find it.
pub(crate) fn add_links(
    document: &mut OpenApi,
    from: &str,
    status: &str,
    parameters: &[(&str, &str)],
    to: &[&str],
) {
    let mut operations = every_operation(document);
    let found = operations.find(|(.., operation)| operation.operation_id.as_deref() == Some(from));
    let Some((.., operation)) = found else {
        return;
    };
    if let Some(RefOr::T(response)) = operation.responses.responses.get_mut(status) {
        for target in to {
            let linked = LinkBuilder::new().operation_id(*target);
            let linked = parameters
                .iter()
                .fold(linked, |link, (name, place)| link.parameter(*name, *place));
            response
                .links
                .insert((*target).to_owned(), RefOr::T(linked.build()));
        }
    }
}

/// An untagged choice takes whatever fits at least one of its forms; and a body that may be left out says so.
pub(crate) fn loosen(document: &mut OpenApi, choices: &[&str], optional_bodies: &[&str]) {
    let schemas = document
        .components
        .iter_mut()
        .flat_map(|components| &mut components.schemas);
    for (_, schema) in schemas.filter(|(name, _)| choices.contains(&name.as_str())) {
        if let RefOr::T(Schema::OneOf(one_of)) = schema {
            let mut any_of = AnyOf::new();
            any_of.items = std::mem::take(&mut one_of.items);
            any_of.description = one_of.description.take();
            *schema = RefOr::T(Schema::AnyOf(any_of));
        }
    }
    for (.., operation) in every_operation(document) {
        let id = operation.operation_id.as_deref().unwrap_or_default();
        if let Some(RefOr::T(body)) = &mut operation.request_body
            && optional_bodies.contains(&id)
        {
            body.required = Some(Required::False);
        }
    }
}
