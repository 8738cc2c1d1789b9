use crate::commit::{ChangeUser, Command, CreateUser, Done, NewPassword};
use crate::error::ChatError;
use crate::ids::{ApplicationId, TokenHash, UserNumber};
use crate::model::{User, UserView};
use crate::page::{Limit, Page, Span};
use crate::password::{self, Password, PasswordHash};
use crate::text::{Email, IdempotencyKey, Name, Picture, Username};

use super::applications::unexpected;
use super::{Access, Answer, Chat};

/// A user to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// What it is called by.
    pub username: Username,
    /// What it is shown as.
    pub display_name: Option<Name>,
    /// Its e-mail address.
    pub email: Option<Email>,
    /// The URL of its picture.
    pub picture: Option<Picture>,
    /// Its password; without one the application has to log it in.
    pub password: Option<Password>,
}

impl NewUser {
    /// One of this name, and nothing else.
    #[must_use]
    pub const fn named(username: Username) -> Self {
        Self {
            username,
            display_name: None,
            email: None,
            picture: None,
            password: None,
        }
    }
}

/// What is to be changed of a user. `None` leaves what is there, `Some(None)` takes it away.
#[derive(Debug, Clone, Default)]
pub struct UserChange {
    /// What it is called by.
    pub username: Option<Username>,
    /// What it is shown as.
    pub display_name: Option<Option<Name>>,
    /// Its e-mail address.
    pub email: Option<Option<Email>>,
    /// The URL of its picture.
    pub picture: Option<Option<Picture>>,
    /// Its password: with another one all its sessions end, and its lasting token is one no more.
    pub password: Option<Password>,
    /// But this one does not: the session that the password is changed in.
    pub keep: Option<TokenHash>,
}

impl Chat {
    /// Creates a user; its number is the next of its application.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`], [`ChatError::UsernameTaken`] (without regard to case) or [`ChatError::KeyReused`];
    /// [`ChatError::NotAllowed`] for a user; [`ChatError::Busy`] when too many passwords wait to be hashed.
    pub async fn create_user(
        &self,
        access: Access,
        new: NewUser,
        key: Option<&IdempotencyKey>,
    ) -> Result<Answer<UserView>, ChatError> {
        access.whole()?;
        let application = self.resolve(access).await?.id;
        let typed = new.password.as_ref();
        let new = CreateUser {
            typed: typed.map(|typed| self.inner.keyring.digest(typed)),
            password: self.kept(application, new.password).await?,
            username: new.username,
            display_name: new.display_name,
            email: new.email,
            picture: new.picture,
            created_at: None,
        };
        let command = Command::CreateUser(new.clone());
        let answer = self.submit(access, command, key).await?;
        let Done::UserCreated { number, at } = answer.value else {
            return Err(unexpected());
        };
        let made = UserView {
            number,
            username: new.username.into_string(),
            display_name: new.display_name.map(Name::into_string),
            email: new.email.map(Email::into_string),
            picture: new.picture.map(Picture::into_string),
            created_at: at,
            updated_at: at,
        };
        Ok(Answer {
            value: made,
            replayed: answer.replayed,
        })
    }

    /// Changes a user and answers it as it stands then. A user may change himself, the application anybody.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`], [`ChatError::CallerNotFound`], [`ChatError::UserNotFound`],
    /// [`ChatError::UsernameTaken`] or [`ChatError::NotAllowed`]; [`ChatError::Busy`] when too many passwords wait to be hashed.
    pub async fn change_user(
        &self,
        access: Access,
        user: UserNumber,
        change: UserChange,
    ) -> Result<UserView, ChatError> {
        access.own(user)?;
        let application = self.resolve(access).await?.id;
        let password = match self.kept(application, change.password).await? {
            Some(hash) => Some(NewPassword::Chosen {
                hash,
                keep: change.keep,
            }),
            None => None,
        };
        let change = ChangeUser {
            username: change.username,
            display_name: change.display_name,
            email: change.email,
            picture: change.picture,
            password,
        };
        self.submit(access, Command::ChangeUser(user, change), None)
            .await?;
        self.user(access, user).await
    }

    /// Deletes a user: what it is called by is free at once, its sessions end, its messages show no sender. It leaves its chats, most
    /// of them before this returns, all of them soon after. Its number is never used again.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`], [`ChatError::CallerNotFound`], [`ChatError::UserNotFound`] or
    /// [`ChatError::NotAllowed`].
    pub async fn delete_user(&self, access: Access, user: UserNumber) -> Result<(), ChatError> {
        let application = self.application_id(access).await?;
        self.submit(access, Command::DeleteUser(user), None).await?;
        match self.let_go_of_some(Some((application, user))).await {
            Ok(false) => {}
            Ok(true) => self.inner.purge.notify_one(),
            Err(error) => {
                tracing::warn!(?error, "a deleted user leaves its chats later");
                self.inner.purge.notify_one();
            }
        }
        Ok(())
    }

    /// The user with this number.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`] or [`ChatError::UserNotFound`].
    pub async fn user(&self, access: Access, user: UserNumber) -> Result<UserView, ChatError> {
        let found = self.users_numbered(access, &[user]).await?.pop();
        found.ok_or(ChatError::UserNotFound(user))
    }

    /// Those of these users that exist, ascending by number, each once.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`].
    pub async fn users_numbered(
        &self,
        access: Access,
        users: &[UserNumber],
    ) -> Result<Vec<UserView>, ChatError> {
        let application = self.resolve(access).await?.id;
        let found = self.inner.stores.users.users(application, users).await?;
        Ok(found.into_iter().map(|user| shown(user, access)).collect())
    }

    /// The user with this name, without regard to case; `None` when there is none.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`].
    pub async fn user_named(
        &self,
        access: Access,
        username: &Username,
    ) -> Result<Option<UserView>, ChatError> {
        let application = self.resolve(access).await?.id;
        let users = &self.inner.stores.users;
        let found = users.user_by_name(application, &username.folded()).await?;
        Ok(found.map(|user| shown(user, access)))
    }

    /// A page of an application's users, ascending by number.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`].
    pub async fn users(
        &self,
        access: Access,
        span: Span,
        limit: Limit,
    ) -> Result<Page<UserView>, ChatError> {
        let application = self.resolve(access).await?.id;
        let users = &self.inner.stores.users;
        let page = users.users_page(application, span, limit).await?;
        let items = page.items.into_iter();
        Ok(Page {
            items: items.map(|user| shown(user, access)).collect(),
            more: page.more,
        })
    }

    /// What is kept of a password, if one is given.
    async fn kept(
        &self,
        application: ApplicationId,
        password: Option<Password>,
    ) -> Result<Option<PasswordHash>, ChatError> {
        let Some(password) = password else {
            return Ok(None);
        };
        let hashing = move || password::hash(&password);
        let hashed = self.inner.passwords.run(application, hashing).await?;
        Ok(Some(hashed?))
    }
}

/// A user as whoever asks may see it.
pub(super) fn shown(user: User, access: Access) -> UserView {
    let sees_all = access.own(user.number).is_ok();
    UserView {
        number: user.number,
        username: user.username,
        display_name: user.display_name,
        email: user.email.filter(|_| sees_all),
        picture: user.picture,
        created_at: user.created_at,
        updated_at: user.updated_at,
    }
}
