use crate::clock::Timestamp;

/// A key that a user gives out for one of its devices, so that others can encrypt for it. What it means only clients know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceKey {
    /// What the user calls the device.
    pub device: String,
    /// The key, in base64.
    pub key: String,
    /// Since when it is this one.
    pub created_at: Timestamp,
}
