use std::any::Any;
use std::ops::Deref;
use std::sync::OnceLock;

/// How many doors share what they have encoded; one more encodes for each of its sockets.
const DOORS: usize = 4;

/// Something that goes to many sockets, with what each door makes of it.
#[derive(Debug)]
pub struct Shared<T> {
    value: T,
    encoded: [OnceLock<Box<dyn Any + Send + Sync>>; DOORS],
}

impl<T> Shared<T> {
    pub(crate) fn new(value: T) -> Self {
        Self {
            value,
            encoded: Default::default(),
        }
    }

    /// What `encode` makes of it: made once for all who ask for the same type, so a door has a type of its own, which is cheap to
    /// clone.
    pub fn encoded<F>(&self, encode: impl FnOnce(&T) -> F) -> F
    where
        F: Clone + Send + Sync + 'static,
    {
        let mut encode = Some(encode);
        for slot in &self.encoded {
            let made = slot.get_or_init(|| match encode.take() {
                Some(encode) => Box::new(encode(&self.value)),
                None => Box::new(()),
            });
            if let Some(made) = made.downcast_ref::<F>() {
                return made.clone();
            }
        }
        match encode {
            Some(encode) => encode(&self.value),
            None => unreachable!("what was just encoded is of this type"),
        }
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}
