use uuid::Uuid;

use crate::commit::{Command, CreateApplication, Done, Scope};
use crate::error::{BackendError, ChatError, ErrorKind};
use crate::ids::{ApplicationId, PublicId, Token};
use crate::model::{Application, Tenant};
use crate::page::{Limit, Page};
use crate::port::Event;
use crate::seal::Sealed;
use crate::text::{IdempotencyKey, Name};

use super::{Access, Answer, Chat};

/// The name that the default application is created with.
pub const DEFAULT_APPLICATION: &str = "default";

/// The ids of an application, which stay the same.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ids {
    pub(super) id: ApplicationId,
    pub(super) public_id: PublicId,
}

impl From<Application> for Ids {
    fn from(found: Application) -> Self {
        Self {
            id: found.id,
            public_id: found.public_id,
        }
    }
}

impl Chat {
    /// Creates an application with a new random token. With `unique_name`, its name must differ from
    /// those of all others created so, now and after renames.
    ///
    /// # Errors
    /// [`ChatError::NameTaken`] or [`ChatError::KeyReused`].
    pub async fn create_application(
        &self,
        name: Name,
        unique_name: bool,
        key: Option<&IdempotencyKey>,
    ) -> Result<Answer<Tenant>, ChatError> {
        self.create(name, unique_name, false, key).await
    }

    async fn create(
        &self,
        name: Name,
        unique_name: bool,
        is_default: bool,
        key: Option<&IdempotencyKey>,
    ) -> Result<Answer<Tenant>, ChatError> {
        let (token, public_id) = (Token::random(), PublicId(Uuid::new_v4()));
        let command = Command::CreateApplication(CreateApplication {
            public_id,
            token_hash: token.hash(),
            token: self.inner.keyring.seal(token, public_id),
            name: name.clone(),
            unique_name,
            is_default,
        });
        let answer = self.submit(Access::ROOT, command, key).await?;
        let Done::ApplicationCreated {
            public_id,
            token,
            at,
        } = answer.value
        else {
            return Err(unexpected());
        };
        let tenant = Tenant {
            public_id,
            token: self.open_token(&token, public_id)?,
            name: name.into_string(),
            chats_count: 0,
            created_at: at,
            updated_at: at,
        };
        Ok(Answer {
            value: tenant,
            replayed: answer.replayed,
        })
    }

    pub(super) async fn ensure_default_application(&self) -> Result<(), ChatError> {
        if self
            .inner
            .stores
            .applications
            .default_application()
            .await?
            .is_some()
        {
            return Ok(());
        }
        let name = Name::parse(DEFAULT_APPLICATION).map_err(|violation| ChatError::Invalid {
            field: "name",
            violation,
        })?;
        match self.create(name, false, true, None).await {
            // Another node made it at the same moment.
            Ok(_) | Err(ChatError::DefaultApplication) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// The default application.
    ///
    /// # Errors
    /// Only those of any call.
    pub async fn default_application(&self) -> Result<Tenant, ChatError> {
        let found = self.inner.stores.applications.default_application().await?;
        self.tenant(found.ok_or(ChatError::ApplicationNotFound)?)
    }

    /// The application that this access is for.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`]; [`ChatError::NotAllowed`] for a user.
    pub async fn application(&self, access: Access) -> Result<Tenant, ChatError> {
        access.whole()?;
        self.tenant(self.found(access.scope).await?)
    }

    /// The row id of the application that this access is for. It unseals nothing, so it is the
    /// cheaper question where only the same application has to be told from others.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`].
    pub async fn application_id(&self, access: Access) -> Result<ApplicationId, ChatError> {
        Ok(self.resolve(access).await?.id)
    }

    /// The row id of the application with this token or this public id. The latter gives no power, so this is for those who prove
    /// otherwise that they belong there.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`].
    pub async fn application_named(&self, name: Uuid) -> Result<ApplicationId, ChatError> {
        let applications = &self.inner.stores.applications;
        let found = match applications.by_token(Token::from(name).hash()).await? {
            Some(found) => Some(found),
            None => applications.by_public_id(PublicId(name)).await?,
        };
        let found = found.ok_or(ChatError::ApplicationNotFound)?;
        Ok(found.id)
    }

    pub(super) async fn resolve(&self, access: Access) -> Result<Ids, ChatError> {
        self.scoped(access.scope).await
    }

    /// The application, while whoever asks is still a user of it.
    pub(super) async fn acting(&self, access: Access) -> Result<Ids, ChatError> {
        let application = self.resolve(access).await?;
        if let Some(user) = access.caller.user() {
            let found = self
                .inner
                .stores
                .users
                .users(application.id, &[user])
                .await?;
            if found.is_empty() {
                return Err(ChatError::CallerNotFound);
            }
        }
        Ok(application)
    }

    /// The application; the default one, which is always there, is not asked for again.
    pub(super) async fn scoped(&self, scope: Scope) -> Result<Ids, ChatError> {
        match self.inner.home.get() {
            Some(home) if scope == Scope::Application(home.id) => Ok(*home),
            _ => Ok(self.found(scope).await?.into()),
        }
    }

    async fn found(&self, scope: Scope) -> Result<Application, ChatError> {
        let found = match scope {
            Scope::Token(hash) => self.inner.stores.applications.by_token(hash).await?,
            Scope::Application(id) => self.inner.stores.applications.by_id(id).await?,
            Scope::Root => None,
        };
        found.ok_or(ChatError::ApplicationNotFound)
    }

    /// A page of applications with row ids above `after`, ascending, each behind its own row id. The
    /// default one is not among them. Start after [`ApplicationId::ROOT`]. One whose token is sealed under another key is left out, and
    /// named in the log; a page may be shorter for it, but is empty only at the end.
    ///
    /// # Errors
    /// Only those of any call.
    pub async fn applications(
        &self,
        after: ApplicationId,
        limit: Limit,
    ) -> Result<Page<(ApplicationId, Tenant)>, ChatError> {
        let mut after = after;
        loop {
            let Page { items, more } = self.inner.stores.applications.list(after, limit).await?;
            let mut opened = Vec::with_capacity(items.len());
            for found in items {
                after = found.id;
                let public_id = found.public_id;
                match self.tenant(found) {
                    Ok(tenant) => opened.push((after, tenant)),
                    Err(error) => {
                        tracing::error!(?error, application = %public_id, "an application is not listed: its token cannot be opened");
                    }
                }
            }
            if !opened.is_empty() || !more {
                return Ok(Page {
                    items: opened,
                    more,
                });
            }
        }
    }

    /// Renames the application.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`] or [`ChatError::NameTaken`].
    pub async fn rename_application(
        &self,
        access: Access,
        name: Name,
    ) -> Result<Tenant, ChatError> {
        self.submit(access, Command::RenameApplication(name), None)
            .await?;
        self.application(access).await
    }

    /// Deletes the application with its chats and messages: out of reach at once, erased soon after.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`] or [`ChatError::DefaultApplication`].
    pub async fn delete_application(&self, access: Access) -> Result<(), ChatError> {
        let application = self.resolve(access).await?;
        self.submit(access, Command::CloseApplication, None).await?;
        self.inner.purge.notify_one();
        self.inner.announcer.tell(Event::Closed(application.id));
        Ok(())
    }

    fn tenant(&self, found: Application) -> Result<Tenant, ChatError> {
        Ok(Tenant {
            public_id: found.public_id,
            token: self.open_token(&found.token, found.public_id)?,
            name: found.name,
            chats_count: found.chats_count,
            created_at: found.created_at,
            updated_at: found.updated_at,
        })
    }

    fn open_token(&self, sealed: &Sealed, owner: PublicId) -> Result<Token, ChatError> {
        self.inner.keyring.open(sealed, owner).map_err(|error| {
            let fault = BackendError::new(ErrorKind::Internal, "keyring", "open");
            ChatError::Internal(fault.with_source(error))
        })
    }
}

/// A store that remembers another kind of answer under a key is broken.
pub(super) fn unexpected() -> ChatError {
    ChatError::Internal(BackendError::new(
        ErrorKind::Internal,
        "store",
        "outcome of another kind",
    ))
}
