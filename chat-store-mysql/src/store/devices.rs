//! The keys that users give out for their devices, read and written.

use chat_core::commit::{ApplicationWrite, DeviceWrite};
use chat_core::ids::{ApplicationId, UserNumber};
use chat_core::model::DeviceKey;
use sqlx::mysql::MySqlRow;
use sqlx::{Result, Row as _};

use super::rows::{self, int};
use super::script::{Script, values};
use super::sql::{ROWS, carried};

macro_rules! key_columns {
    () => {
        "k.user_number, k.device, k.public_key, k.created_at"
    };
}
pub(super) use key_columns;

const PUT: &str = "INSERT INTO device_keys (application, user_number, device, public_key, created_at) \
     VALUES ";
const OVER: &str = " ON DUPLICATE KEY UPDATE public_key = VALUES(public_key), \
     created_at = VALUES(created_at)";
const DROP: &str = "DELETE FROM device_keys WHERE (application, user_number, device) IN (";
const DROP_ALL: &str = "DELETE FROM device_keys WHERE (application, user_number) IN (";

/// What a row holds beside its key, roughly.
const ROW_BYTES: usize = 192;

/// A key, and the rows of its application and user.
pub(super) type Owned<'w> = (ApplicationId, UserNumber, &'w DeviceKey);

/// The user and the key whose columns begin here.
pub(super) fn key_from(row: &MySqlRow, at: usize) -> Result<(UserNumber, DeviceKey)> {
    let key = DeviceKey {
        device: row.try_get(at + 1)?,
        key: row.try_get(at + 2)?,
        created_at: rows::time(row, at + 3)?,
    };
    Ok((rows::user_number(row, at)?, key))
}

/// Adds what takes keys away, those of deleted users too, and what writes them.
pub(super) fn put_devices(script: &mut Script, writes: &[ApplicationWrite]) {
    let users = writes.iter().flat_map(|write| {
        let deleted = write.users.iter().filter(|user| user.row.is_deleted());
        deleted.map(|user| (write.id, user.row.number))
    });
    let users: Vec<_> = users.collect();
    for part in users.chunks(ROWS) {
        let delete = values(DROP_ALL, 2, ")");
        script.write(part.iter().fold(delete, |delete, (application, user)| {
            delete.int(application.0).int(int(user.0))
        }));
    }
    let all = || {
        let all = writes.iter();
        all.flat_map(|write| write.devices.iter().map(|one| (write.id, one)))
    };
    let gone: Vec<_> = all().filter(|(_, one)| one.key.is_none()).collect();
    for part in gone.chunks(ROWS) {
        let delete = values(DROP, 3, ")");
        script.write(part.iter().fold(delete, |delete, (application, one)| {
            let DeviceWrite { user, device, .. } = one;
            let delete = delete.int(application.0).int(int(user.0));
            delete.text(device.as_str())
        }));
    }
    let put = all().filter_map(|(id, one)| Some((id, one.user, one.key.as_ref()?)));
    put_keys(script, &put.collect::<Vec<_>>());
}

/// Adds keys, or writes over those that are there.
pub(super) fn put_keys(script: &mut Script, keys: &[Owned<'_>]) {
    for rows in keys.chunks(ROWS) {
        for part in carried(rows, |(.., key)| ROW_BYTES + key.key.len()) {
            let insert = values(PUT, 5, OVER);
            script.write(
                part.iter()
                    .fold(insert, |insert, (application, user, key)| {
                        let insert = insert.int(application.0).int(int(user.0));
                        let insert = insert.text(key.device.as_str()).text(key.key.as_str());
                        insert.int(key.created_at.0)
                    }),
            );
        }
    }
}
