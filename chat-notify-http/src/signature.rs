//! Signatures after Standard Webhooks.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};

/// How many hexadecimal digits of a body's hash are its id.
const DIGITS: usize = 32;

/// What a body is known by: the same one by the same id, however often it is sent.
pub(crate) fn id(body: &[u8]) -> String {
    let digits = Sha256::digest(body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect::<String>();
    format!("msg_{}", &digits[..DIGITS])
}

/// The value of `webhook-signature`. `seconds` since 1970 are the value of `webhook-timestamp`.
pub(crate) fn sign(key: &[u8], id: &str, seconds: i64, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key may have any length");
    mac.update(format!("{id}.{seconds}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_that_libraries_are_tested_with_has_its_signature() {
        let key = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        let signed = sign(&key, id, 1_614_265_330, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_body_has_one_id() {
        // The beginning of the hash of nothing.
        assert_eq!(id(b""), "msg_e3b0c44298fc1c149afbf4c8996fb924");
        assert_ne!(id(b"a"), id(b"b"));
    }
}
