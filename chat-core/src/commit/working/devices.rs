//! The keys that users give out for their devices, while a batch is decided.

use std::collections::{BTreeMap, BTreeSet};

use crate::clock::Timestamp;
use crate::commit::{Caller, DeviceWrite, Done, MAX_DEVICES, PutKey, Refusal};
use crate::ids::UserNumber;
use crate::model::DeviceKey;
use crate::text::Device;

use super::WorkingApplication;

/// Those of one user.
#[derive(Debug, Default)]
pub(super) struct WorkingDevices {
    keys: BTreeMap<String, DeviceKey>,
    changed: BTreeSet<String>,
}

impl WorkingDevices {
    pub(super) fn loaded(keys: Vec<DeviceKey>) -> Self {
        let keys = keys.into_iter();
        Self {
            keys: keys.map(|key| (key.device.clone(), key)).collect(),
            changed: BTreeSet::new(),
        }
    }

    pub(super) fn into_writes(self, user: UserNumber) -> impl Iterator<Item = DeviceWrite> {
        let Self { mut keys, changed } = self;
        changed.into_iter().map(move |device| DeviceWrite {
            user,
            key: keys.remove(&device),
            device,
        })
    }
}

impl WorkingApplication {
    /// The same key again is the one that is there.
    pub(in crate::commit) fn put_key(
        &mut self,
        number: UserNumber,
        put: &PutKey,
        caller: Caller,
        now: Timestamp,
    ) -> Result<Done, Refusal> {
        self.own(number, caller)?;
        let devices = self.devices.entry(number).or_default();
        let (device, key) = (put.device.as_str(), put.key.as_str());
        match devices.keys.get(device) {
            Some(known) if known.key == key => {
                return Ok(Done::KeyPut {
                    at: known.created_at,
                });
            }
            None if devices.keys.len() >= MAX_DEVICES => return Err(Refusal::TooManyDevices),
            _ => {}
        }
        let row = DeviceKey {
            device: device.to_owned(),
            key: key.to_owned(),
            created_at: now,
        };
        devices.keys.insert(device.to_owned(), row);
        devices.changed.insert(device.to_owned());
        Ok(Done::KeyPut { at: now })
    }

    pub(in crate::commit) fn drop_key(
        &mut self,
        number: UserNumber,
        device: &Device,
        caller: Caller,
    ) -> Result<Done, Refusal> {
        self.own(number, caller)?;
        let devices = self.devices.entry(number).or_default();
        let device = device.as_str();
        let known = devices.keys.remove(device);
        known.ok_or(Refusal::DeviceNotFound)?;
        devices.changed.insert(device.to_owned());
        Ok(Done::UserChanged)
    }
}
