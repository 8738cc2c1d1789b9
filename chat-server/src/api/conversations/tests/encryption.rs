//! What clients do who encrypt for each other, with X25519, HKDF and ChaCha20-Poly1305, and what is left of it here.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chat_core::ids::ChatNumber;
use chat_core::page::{Limit, Span};
use chat_core::port::Order;
use chat_core::service::SearchRequest;
use chat_core::terms::Query;
use ring::aead::{Aad, CHACHA20_POLY1305, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::hkdf::{HKDF_SHA256, Salt};
use ring::rand::{SecureRandom as _, SystemRandom};

use super::*;

/// What a client keeps on a device.
struct Secret(EphemeralPrivateKey);

/// What two devices have in common, and nobody else has.
struct Common(LessSafeKey);

impl Secret {
    fn random() -> Self {
        Self(EphemeralPrivateKey::generate(&X25519, &SystemRandom::new()).unwrap())
    }

    /// What others may know.
    fn public(&self) -> String {
        STANDARD.encode(self.0.compute_public_key().unwrap())
    }

    fn with(self, theirs: &str) -> Common {
        let theirs = UnparsedPublicKey::new(&X25519, STANDARD.decode(theirs).unwrap());
        let key = agree_ephemeral(self.0, &theirs, |shared| {
            let drawn = Salt::new(HKDF_SHA256, b"messages").extract(shared);
            let key = drawn.expand(&[b"1"], &CHACHA20_POLY1305).unwrap();
            LessSafeKey::new(UnboundKey::from(key))
        });
        Common(key.unwrap())
    }
}

impl Common {
    fn seal(&self, text: &str) -> String {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).unwrap();
        let mut sealed = text.as_bytes().to_vec();
        let unique = Nonce::assume_unique_for_key(nonce);
        self.0
            .seal_in_place_append_tag(unique, Aad::empty(), &mut sealed)
            .unwrap();
        STANDARD.encode([&nonce[..], &sealed].concat())
    }

    /// `None` when somebody else sealed it, or anything of it is not what it was.
    fn open(&self, content: &str) -> Option<String> {
        let mut nonce = STANDARD.decode(content).unwrap();
        let mut sealed = nonce.split_off(NONCE_LEN);
        let nonce = Nonce::try_assume_unique_for_key(&nonce).unwrap();
        let text = self.0.open_in_place(nonce, Aad::empty(), &mut sealed);
        Some(String::from_utf8(text.ok()?.to_vec()).unwrap())
    }
}

impl Person<'_> {
    async fn give_out(&self, secret: &Secret) {
        let path = format!("/users/{}/keys/phone", self.id);
        let key = json!({"key": secret.public()});
        self.done("PUT", &path, key, 200).await;
    }

    /// The key of the one device that somebody has.
    async fn key_of(&self, other: &Person<'_>) -> String {
        let keys = self.get(&format!("/users/{}/keys", other.id)).await;
        keys[0]["key"].as_str().unwrap().to_owned()
    }
}

/// How many messages anywhere have this text, once the index has all of them.
async fn found(house: &House, text: &str) -> usize {
    let request = SearchRequest {
        query: Arc::new(Query::parse(text)),
        author: None,
        order: Order::Newest,
        after: None,
        limit: Limit::DEFAULT,
    };
    loop {
        let found = house.chat.search(home(house).await, &request).await;
        let found = found.unwrap();
        if found.is_current {
            return found.items.len();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn nothing_of_what_is_encrypted_is_known_here() {
    const TEXT: &str = "Rendezvous at the harbour, 夜明け 🌅";
    let house = house().await;
    let [alice, bob, carol] = three(&house).await;
    let chat = alice.begin(json!({"participants": [2]})).await;
    let [of_alice, of_bob, of_carol] = [Secret::random(), Secret::random(), Secret::random()];
    alice.give_out(&of_alice).await;
    bob.give_out(&of_bob).await;
    let at_alice = of_alice.with(&alice.key_of(&bob).await);
    let at_bob = of_bob.with(&bob.key_of(&alice).await);
    let sent = at_alice.seal(TEXT);
    alice.say(chat, &sent).await;
    alice.say(chat, "in the clear").await;

    let shown = bob.get(&format!("/conversations/{chat}")).await;
    let content = shown["messages"][0]["content"].as_str().unwrap();
    assert_eq!(
        (content, at_bob.open(content).as_deref()),
        (&*sent, Some(TEXT))
    );
    // Another key opens nothing, and neither does the right one what was changed on its way.
    let at_carol = of_carol.with(&carol.key_of(&alice).await);
    assert_eq!(at_carol.open(content), None);
    let mut changed = STANDARD.decode(content).unwrap();
    changed[NONCE_LEN] ^= 1;
    assert_eq!(at_bob.open(&STANDARD.encode(changed)), None);

    let reader = house.chat.chat(home(&house).await, ChatNumber(chat)).await;
    let reader = reader.unwrap();
    let stored = reader.messages(Span::After(0), true, Limit::MAX);
    let stored = stored.await.unwrap().items;
    assert_eq!(stored[0].body, sent);
    let bytes = STANDARD.decode(&stored[0].body).unwrap();
    for piece in TEXT.as_bytes().windows(4) {
        let has = |bytes: &[u8]| bytes.windows(4).any(|there| there == piece);
        assert!(!has(&bytes) && !has(stored[0].body.as_bytes()), "{piece:?}");
    }
    assert_eq!(found(&house, "clear").await, 1);
    for word in ["Rendezvous", "harbour", "夜明け", "🌅"] {
        assert_eq!(found(&house, word).await, 0, "{word}");
    }
}
