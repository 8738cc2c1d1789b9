//! The key that tokens are sealed under, tried on what is stored before anybody relies on it.

use std::path::{Path, PathBuf};

use chat_core::ids::{ApplicationId, PublicId, Token};
use chat_core::model::Application;
use chat_core::page::Limit;
use chat_core::port::{Place, Rows, Stores};
use chat_core::seal::{Keyring, Sealed};

use super::{KeyFrom, Movable, NamedUrl, WiringError, backend};
use crate::config::{BackendUrl, Settings, TokenKey};
use crate::keyfile;

/// A key, and who has it.
pub(super) struct Key {
    pub(super) keyring: Keyring,
    from: KeyFrom,
}

impl Key {
    pub(super) fn of_setting(key: &TokenKey) -> Self {
        Self {
            keyring: key.keyring(),
            from: KeyFrom::Setting,
        }
    }

    pub(super) fn of_file(path: &Path, keyring: Keyring) -> Self {
        Self {
            keyring,
            from: KeyFrom::File(path.to_owned()),
        }
    }

    /// The key in this file; `None` when there is no such file.
    pub(super) fn read(path: &Path) -> Result<Option<Self>, WiringError> {
        let keyring = keyfile::read(path)?;
        Ok(keyring.map(|keyring| Self::of_file(path, keyring)))
    }

    /// Refuses a key that does not open what is stored: under it nobody else could read what this process would write.
    pub(super) async fn opens(
        self,
        stores: &Stores,
        store: &NamedUrl,
    ) -> Result<Keyring, WiringError> {
        if let Some(one) = sample(stores, store).await? {
            self.token(&one, &store.url)?;
        }
        Ok(self.keyring)
    }

    /// The token of this application.
    pub(super) fn token(
        &self,
        application: &Application,
        store: &BackendUrl,
    ) -> Result<Token, WiringError> {
        self.open(&application.token, application.public_id, store)
    }

    fn open(
        &self,
        sealed: &Sealed,
        owner: PublicId,
        store: &BackendUrl,
    ) -> Result<Token, WiringError> {
        let opened = self.keyring.open(sealed, owner);
        opened.map_err(|source| WiringError::OtherKey {
            key: self.from.clone(),
            store: store.clone(),
            source,
        })
    }
}

/// An application that every store has which was served once, else the oldest.
pub(super) async fn sample(
    stores: &Stores,
    store: &NamedUrl,
) -> Result<Option<Application>, WiringError> {
    let applications = &stores.applications;
    let default = applications.default_application().await;
    if let Some(default) = default.map_err(backend(store))? {
        return Ok(Some(default));
    }
    let one = Limit::new(1).unwrap_or(Limit::DEFAULT);
    let first = applications.list(ApplicationId::ROOT, one).await;
    Ok(first.map_err(backend(store))?.items.into_iter().next())
}

/// Refuses to move tokens that the key which the servers of the target will have does not open.
///
/// # Errors
/// When no key is known, or it opens nothing of what is there.
pub async fn opens_what_is_moved(
    settings: &Settings,
    from: &NamedUrl,
    source: &Movable,
    target: &Movable,
) -> Result<(), WiringError> {
    let first = Limit::new(1).unwrap_or(Limit::DEFAULT);
    let part = source.transfer.read(Place::START, first).await;
    let Rows::Applications(rows) = part.map_err(backend(from))?.rows else {
        return Ok(());
    };
    let Some(application) = rows.first() else {
        return Ok(());
    };
    let opens = |key: Key| {
        key.open(&application.token, application.public_id, &from.url)
            .map(drop)
    };
    let of_file = |(path, keyring): &(PathBuf, Keyring)| Key::of_file(path, keyring.clone());
    if let Some(file) = &target.key_file {
        opens(of_file(file))?;
    }
    match (&settings.token_key, &source.key_file, &target.key_file) {
        (Some(key), ..) => opens(Key::of_setting(key)),
        (None, Some(file), _) => opens(of_file(file)),
        (None, None, Some(_)) => Ok(()),
        (None, None, None) => Err(WiringError::NoKeyToMove(from.url.clone())),
    }
}
