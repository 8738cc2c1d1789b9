//! The users of an application while a batch is decided.

use crate::clock::Timestamp;
use crate::commit::{
    Caller, ChangeUser, CreateUser, Done, Ends, GiveToken, NewPassword, Refusal, UserWrite,
};
use crate::ids::UserNumber;
use crate::model::{LastingToken, User};
use crate::text::{Email, Name, Picture};

use super::WorkingApplication;

#[derive(Debug)]
pub(super) struct WorkingUser {
    row: User,
    before: Option<User>,
    ends: Option<Ends>,
}

impl WorkingUser {
    pub(super) fn loaded(row: User) -> Self {
        Self {
            before: Some(row.clone()),
            row,
            ends: None,
        }
    }

    pub(super) fn into_write(self) -> Option<UserWrite> {
        let changed = self.before.as_ref() != Some(&self.row) || self.ends.is_some();
        changed.then_some(UserWrite {
            row: self.row,
            is_new: self.before.is_none(),
            ends: self.ends,
        })
    }
}

impl WorkingApplication {
    /// Whether whoever asks is still a user.
    pub(in crate::commit) fn admits(&mut self, caller: Caller) -> Result<(), Refusal> {
        match caller.user() {
            Some(user) if self.user(user).is_err() => Err(Refusal::CallerNotFound),
            _ => Ok(()),
        }
    }

    /// A user that exists.
    pub(super) fn user(&mut self, number: UserNumber) -> Result<&mut User, Refusal> {
        let found = self.users.get_mut(&number).map(|user| &mut user.row);
        found
            .filter(|user| !user.is_deleted())
            .ok_or(Refusal::UserNotFound(number))
    }

    /// A user that exists and that the caller may change: itself, or any for the application.
    pub(super) fn own(&mut self, number: UserNumber, caller: Caller) -> Result<&mut User, Refusal> {
        let user = self.user(number)?;
        match caller.user() {
            Some(caller) if caller != number => Err(Refusal::NotAllowed),
            _ => Ok(user),
        }
    }

    pub(in crate::commit) fn create_user(
        &mut self,
        new: &CreateUser,
        now: Timestamp,
    ) -> Result<Done, Refusal> {
        if !self.usernames.insert(new.username.folded()) {
            return Err(Refusal::UsernameTaken);
        }
        let number = self.state.last_user.next();
        self.state.last_user = number;
        self.changed = true;
        let user = WorkingUser {
            row: User {
                number,
                username: new.username.as_str().to_owned(),
                display_name: new.display_name.clone().map(Name::into_string),
                email: new.email.clone().map(Email::into_string),
                picture: new.picture.clone().map(Picture::into_string),
                password: new.password.clone(),
                lasting_token: None,
                created_at: new.created_at.unwrap_or(now),
                updated_at: now,
                deleted_at: None,
            },
            before: None,
            ends: None,
        };
        self.users.insert(number, user);
        Ok(Done::UserCreated { number, at: now })
    }

    pub(in crate::commit) fn change_user(
        &mut self,
        number: UserNumber,
        change: &ChangeUser,
        caller: Caller,
        now: Timestamp,
    ) -> Result<Done, Refusal> {
        let before = self.own(number, caller)?.folded();
        if let Some(name) = &change.username {
            let folded = name.folded();
            if folded != before {
                if !self.usernames.insert(folded) {
                    return Err(Refusal::UsernameTaken);
                }
                self.usernames.remove(&before);
            }
        }
        let user = self.user(number)?;
        if let Some(name) = &change.username {
            name.as_str().clone_into(&mut user.username);
        }
        if let Some(name) = &change.display_name {
            user.display_name = name.clone().map(Name::into_string);
        }
        if let Some(email) = &change.email {
            user.email = email.clone().map(Email::into_string);
        }
        if let Some(picture) = &change.picture {
            user.picture = picture.clone().map(Picture::into_string);
        }
        let mut ends = None;
        match &change.password {
            Some(NewPassword::Chosen { hash, keep }) => {
                user.password = Some(hash.clone());
                user.lasting_token = None;
                ends = Some(Ends { but: *keep });
            }
            Some(NewPassword::Rehashed { hash, before })
                if user.password.as_ref() == Some(before) =>
            {
                user.password = Some(hash.clone());
            }
            Some(NewPassword::Rehashed { .. }) | None => {}
        }
        if matches!(change.password, Some(NewPassword::Rehashed { .. })) {
            // The password is the same: logins that were checked meanwhile stand.
            return Ok(Done::UserChanged);
        }
        // By this time a login knows that its password was changed meanwhile, so it moves even while the clock does not.
        let later = Timestamp(user.updated_at.0 + i64::from(ends.is_some()));
        user.updated_at = now.max(later);
        self.end(number, ends);
        Ok(Done::UserChanged)
    }

    /// Sessions that ended stay ended, whatever follows in the batch.
    fn end(&mut self, number: UserNumber, ends: Option<Ends>) {
        if let Some(user) = self.users.get_mut(&number)
            && let Some(ends) = ends
        {
            let kept = user.ends.is_none_or(|before| before == ends);
            user.ends = Some(Ends {
                but: ends.but.filter(|_| kept),
            });
        }
    }

    pub(in crate::commit) fn delete_user(
        &mut self,
        number: UserNumber,
        caller: Caller,
        now: Timestamp,
    ) -> Result<Done, Refusal> {
        let user = self.own(number, caller)?;
        let folded = user.folded();
        *user = User {
            number,
            username: String::new(),
            display_name: None,
            email: None,
            picture: None,
            password: None,
            lasting_token: None,
            created_at: user.created_at,
            updated_at: user.updated_at.max(now),
            deleted_at: Some(now),
        };
        self.usernames.remove(&folded);
        // They go with the user.
        self.devices.remove(&number);
        self.end(number, Some(Ends { but: None }));
        Ok(Done::UserChanged)
    }

    pub(in crate::commit) fn give_token(
        &mut self,
        number: UserNumber,
        new: &GiveToken,
        caller: Caller,
    ) -> Result<Done, Refusal> {
        let user = self.own(number, caller)?;
        let token = user.lasting_token.get_or_insert_with(|| LastingToken {
            hash: new.hash,
            sealed: new.sealed.clone(),
        });
        let sealed = token.sealed.clone();
        Ok(Done::TokenGiven { sealed })
    }
}
