use crate::commit::{Command, Done, PutKey};
use crate::error::ChatError;
use crate::ids::UserNumber;
use crate::model::DeviceKey;
use crate::text::Device;

use super::applications::unexpected;
use super::{Access, Chat};

impl Chat {
    /// Gives out a key for a device of a user, in place of the one that it has, and answers it with the time since when it is this
    /// one. A user may for himself, the application for anybody. What is encrypted, and how, is a matter of clients.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`], [`ChatError::CallerNotFound`], [`ChatError::UserNotFound`] or
    /// [`ChatError::NotAllowed`]; [`ChatError::TooManyDevices`]: the most is [`MAX_DEVICES`](crate::commit::MAX_DEVICES).
    pub async fn put_key(
        &self,
        access: Access,
        user: UserNumber,
        put: PutKey,
    ) -> Result<DeviceKey, ChatError> {
        access.own(user)?;
        let command = Command::PutKey(user, put.clone());
        let answer = self.submit(access, command, None).await?;
        let Done::KeyPut { at } = answer.value else {
            return Err(unexpected());
        };
        Ok(DeviceKey {
            device: put.device.into_string(),
            key: put.key.into_string(),
            created_at: at,
        })
    }

    /// Takes back the key of a device of a user.
    ///
    /// # Errors
    /// As [`Chat::put_key`]; [`ChatError::DeviceNotFound`].
    pub async fn drop_key(
        &self,
        access: Access,
        user: UserNumber,
        device: Device,
    ) -> Result<(), ChatError> {
        access.own(user)?;
        self.submit(access, Command::DropKey(user, device), None)
            .await?;
        Ok(())
    }

    /// The keys that those of these users that exist gave out for their devices, ascending by user and device.
    ///
    /// # Errors
    /// [`ChatError::ApplicationNotFound`] or [`ChatError::CallerNotFound`].
    pub async fn device_keys(
        &self,
        access: Access,
        users: &[UserNumber],
    ) -> Result<Vec<(UserNumber, DeviceKey)>, ChatError> {
        let application = self.acting(access).await?.id;
        let stored = &self.inner.stores.users;
        Ok(stored.device_keys(application, users).await?)
    }
}
