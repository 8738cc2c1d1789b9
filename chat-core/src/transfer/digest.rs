//! What two stores must agree on of a row, as a hash. Every field of a row is named here, so that none is forgotten.

use sha2::{Digest as _, Sha256};

use crate::commit::{ApplicationState, ChatState, Done, Outcome};
use crate::model::{DeviceKey, LastingToken, Member, Message, Session, User};
use crate::port::{OperationRow, RequestRow, UserRow};

/// A hash in the making: each value goes in with its length.
#[derive(Clone, Default)]
pub(super) struct Digest(Sha256);

impl Digest {
    pub(super) fn end(self) -> [u8; 32] {
        self.0.finalize().into()
    }

    fn bytes(&mut self, value: &[u8]) {
        self.number(value.len() as u64);
        self.0.update(value);
    }

    fn number(&mut self, value: u64) {
        self.0.update(value.to_be_bytes());
    }

    fn time(&mut self, value: i64) {
        self.0.update(value.to_be_bytes());
    }

    fn maybe<T>(&mut self, value: Option<T>, put: impl FnOnce(&mut Self, T)) {
        self.0.update([u8::from(value.is_some())]);
        if let Some(value) = value {
            put(self, value);
        }
    }

    fn text(&mut self, value: Option<&str>) {
        self.maybe(value, |it, value| it.bytes(value.as_bytes()));
    }

    pub(super) fn message(&mut self, row: &Message) {
        let Message {
            number,
            body,
            sender,
            author_name,
            data,
            reply_to,
            ext_id,
            created_at,
            edited_at,
            deleted_at,
            change,
        } = row;
        self.number(number.0);
        self.bytes(body.as_bytes());
        self.maybe(*sender, |it, user| it.number(user.0));
        self.text(author_name.as_deref());
        self.text(data.as_deref());
        self.maybe(*reply_to, |it, number| it.number(number.0));
        self.maybe(*ext_id, Self::number);
        self.time(created_at.0);
        self.maybe(*edited_at, |it, at| it.time(at.0));
        self.maybe(*deleted_at, |it, at| it.time(at.0));
        self.number(change.0);
    }
}

pub(super) fn application(row: &ApplicationState) -> [u8; 32] {
    let ApplicationState {
        public_id,
        token_hash,
        token,
        name,
        unique_name,
        is_default,
        last_chat,
        live_chats,
        last_user,
        created_at,
        updated_at,
        closed_at,
    } = row;
    let mut digest = Digest::default();
    digest.bytes(public_id.0.as_bytes());
    digest.bytes(&token_hash.0);
    digest.bytes(&token.0);
    digest.bytes(name.as_bytes());
    digest.number(u64::from(*unique_name));
    digest.number(u64::from(*is_default));
    digest.number(last_chat.0);
    digest.number(*live_chats);
    digest.number(last_user.0);
    digest.time(created_at.0);
    digest.time(updated_at.0);
    digest.maybe(*closed_at, |it, at| it.time(at.0));
    digest.end()
}

pub(super) fn chat(row: &ChatState) -> [u8; 32] {
    let ChatState {
        id: _,
        number,
        kind,
        name,
        unique_name,
        direct,
        members,
        owners,
        head,
        own_change,
        floor,
        live,
        created_at,
        last_at,
        active_at,
        closed_at,
    } = row;
    let mut digest = Digest::default();
    digest.number(number.0);
    digest.bytes(kind.as_str().as_bytes());
    digest.text(name.as_deref());
    digest.number(u64::from(*unique_name));
    digest.maybe(*direct, |it, direct| {
        it.number(direct.pair.low.0);
        it.number(direct.pair.high.0);
        it.bytes(direct.uuid.0.as_bytes());
    });
    digest.number(*members);
    digest.maybe(*owners, Digest::number);
    digest.number(head.number.0);
    digest.number(head.change.0);
    digest.number(own_change.0);
    digest.number(floor.0);
    digest.number(*live);
    digest.time(created_at.0);
    digest.time(last_at.0);
    digest.time(active_at.0);
    digest.maybe(*closed_at, |it, at| it.time(at.0));
    digest.end()
}

pub(super) fn user(row: &UserRow) -> [u8; 32] {
    let UserRow {
        application: _,
        user,
        seen_at,
        keys,
    } = row;
    let User {
        number,
        username,
        display_name,
        email,
        picture,
        password,
        lasting_token,
        created_at,
        updated_at,
        deleted_at,
    } = user;
    let mut digest = Digest::default();
    digest.number(number.0);
    digest.bytes(username.as_bytes());
    digest.text(display_name.as_deref());
    digest.text(email.as_deref());
    digest.text(picture.as_deref());
    digest.text(password.as_ref().map(|password| password.0.as_str()));
    digest.maybe(lasting_token.as_ref(), |it, token| {
        let LastingToken { hash, sealed } = token;
        it.bytes(&hash.0);
        it.bytes(&sealed.0);
    });
    digest.time(created_at.0);
    digest.time(updated_at.0);
    digest.maybe(*deleted_at, |it, at| it.time(at.0));
    digest.maybe(*seen_at, |it, at| it.time(at.0));
    digest.number(keys.len() as u64);
    for one in keys {
        let DeviceKey {
            device,
            key,
            created_at,
        } = one;
        digest.bytes(device.as_bytes());
        digest.bytes(key.as_bytes());
        digest.time(created_at.0);
    }
    digest.end()
}

pub(super) fn session(row: &Session) -> [u8; 32] {
    let Session {
        id,
        token,
        application: _,
        user,
        device,
        created_at,
        expires_at,
    } = row;
    let mut digest = Digest::default();
    digest.bytes(id.0.as_bytes());
    digest.bytes(&token.0);
    digest.number(user.0);
    digest.text(device.as_deref());
    digest.time(created_at.0);
    digest.time(expires_at.0);
    digest.end()
}

pub(super) fn member(row: &Member) -> [u8; 32] {
    let Member {
        user,
        role,
        muted,
        joined_at,
        left_at,
        gone,
        own_change,
        mark_change,
        delivered,
        read,
        hidden,
        posted,
    } = row;
    let mut digest = Digest::default();
    digest.number(user.0);
    digest.bytes(role.as_str().as_bytes());
    digest.number(u64::from(*muted));
    digest.time(joined_at.0);
    digest.maybe(*left_at, |it, at| it.time(at.0));
    digest.number(u64::from(*gone));
    digest.number(own_change.0);
    digest.number(mark_change.0);
    digest.number(delivered.0);
    digest.number(read.0);
    digest.maybe(*hidden, |it, last| it.number(last.0));
    digest.number(posted.0);
    digest.end()
}

pub(super) fn request(row: &RequestRow) -> [u8; 32] {
    let mut digest = Digest::default();
    digest.bytes(&row.remembered.fingerprint.0);
    done(&mut digest, &row.remembered.done);
    digest.time(row.at.0);
    digest.end()
}

pub(super) fn operation(row: &OperationRow) -> [u8; 32] {
    let mut digest = Digest::default();
    digest.maybe(row.application, |it, id| it.bytes(id.0.as_bytes()));
    outcome(&mut digest, &row.outcome);
    digest.time(row.at.0);
    digest.end()
}

pub(super) fn number(number: u64) -> [u8; 32] {
    let mut digest = Digest::default();
    digest.number(number);
    digest.end()
}

// Stores keep these as this very text.
fn done(digest: &mut Digest, done: &Done) {
    let text = serde_json::to_vec(done).expect("plain data with text keys is JSON");
    digest.bytes(&text);
}

fn outcome(digest: &mut Digest, outcome: &Outcome) {
    let text = serde_json::to_vec(outcome).expect("plain data with text keys is JSON");
    digest.bytes(&text);
}
