//! The keys that users give out for their devices.

use std::collections::BTreeSet;

use chat_core::clock::Timestamp;
use chat_core::commit::DeviceWrite;
use chat_core::ids::{ApplicationId, UserNumber};
use chat_core::model::DeviceKey;
use rusqlite::{Connection, Result, Row, params};

use super::read::all;
use super::rows::int;

const OF_USER: &str = "SELECT k.device, k.key, k.created_at FROM device_keys k \
     JOIN users u ON u.application = k.application AND u.number = k.user \
     JOIN applications a ON a.id = u.application \
     WHERE k.application = ?1 AND k.user = ?2 AND u.deleted_at IS NULL AND a.closed_at IS NULL \
     ORDER BY k.device";
const FIND: &str = "SELECT device, key, created_at FROM device_keys \
     WHERE application = ?1 AND user = ?2 ORDER BY device";
const PUT: &str = "INSERT INTO device_keys (application, user, device, key, created_at) \
     VALUES (?1, ?2, ?3, ?4, ?5) ON CONFLICT (application, user, device) \
     DO UPDATE SET key = excluded.key, created_at = excluded.created_at";
const DROP: &str = "DELETE FROM device_keys WHERE application = ?1 AND user = ?2 AND device = ?3";
const DROP_ALL: &str = "DELETE FROM device_keys WHERE application = ?1 AND user = ?2";

/// Those of users that exist, ascending by user and device.
pub(super) fn of_users(
    conn: &Connection,
    application: ApplicationId,
    users: &BTreeSet<UserNumber>,
) -> Result<Vec<(UserNumber, DeviceKey)>> {
    let mut found = Vec::new();
    for user in users {
        let keys = all(conn, OF_USER, [application.0, int(user.0)], key)?;
        found.extend(keys.into_iter().map(|key| (*user, key)));
    }
    Ok(found)
}

/// Those of a user, whether it exists or not, ascending by device.
pub(super) fn find(
    conn: &Connection,
    application: ApplicationId,
    user: UserNumber,
) -> Result<Vec<DeviceKey>> {
    all(conn, FIND, [application.0, int(user.0)], key)
}

/// Writes keys and takes them away.
pub(super) fn write(
    conn: &Connection,
    application: ApplicationId,
    writes: &[DeviceWrite],
) -> Result<()> {
    for write in writes {
        match &write.key {
            Some(key) => put(conn, application, write.user, key)?,
            None => {
                let params = params![application.0, int(write.user.0), write.device];
                conn.prepare_cached(DROP)?.execute(params)?;
            }
        }
    }
    Ok(())
}

pub(super) fn put(
    conn: &Connection,
    application: ApplicationId,
    user: UserNumber,
    key: &DeviceKey,
) -> Result<()> {
    conn.prepare_cached(PUT)?
        .execute(params![
            application.0,
            int(user.0),
            key.device,
            key.key,
            key.created_at.0,
        ])
        .map(drop)
}

/// Takes away all that a user has.
pub(super) fn drop_all(
    conn: &Connection,
    application: ApplicationId,
    user: UserNumber,
) -> Result<()> {
    conn.prepare_cached(DROP_ALL)?
        .execute([application.0, int(user.0)])
        .map(drop)
}

fn key(row: &Row<'_>) -> Result<DeviceKey> {
    Ok(DeviceKey {
        device: row.get(0)?,
        key: row.get(1)?,
        created_at: Timestamp(row.get(2)?),
    })
}
