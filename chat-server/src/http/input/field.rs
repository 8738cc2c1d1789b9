//! What stands in a JSON object, with what is missing told from what is wrong.

use std::fmt;
use std::marker::PhantomData;

use chat_core::text::Violation;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

/// A text as it was sent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Field {
    /// Not at all, or null.
    #[default]
    Missing,
    /// As text.
    Text(String),
    /// As something that is no text.
    NotText,
}

/// A JSON object; a derived struct would also take an array.
pub struct Object<T>(pub T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Object<T>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Object<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        from.deserialize_map(Reader(PhantomData))
    }
}

/// What stands in an object of its own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Nested<T> {
    /// Nothing, or null.
    #[default]
    Missing,
    /// An object.
    Object(T),
    /// Something that is no object.
    NotObject,
}

macro_rules! visit_as {
    ($value:expr; $($method:ident: $kind:ty),+) => { $(
        fn $method<E: de::Error>(self, _: $kind) -> Result<Self::Value, E> {
            Ok($value)
        }
    )+ };
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Nested<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Reader<T> {
            type Value = Nested<T>;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("anything")
            }
            visit_as!(Nested::NotObject; visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);
            fn visit_unit<E: de::Error>(self) -> Result<Nested<T>, E> {
                Ok(Nested::Missing)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Nested<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Nested::Object)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Nested<T>, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Nested::NotObject)
            }
        }
        from.deserialize_any(Reader(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Field;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("anything")
            }
            visit_as!(Field::NotText; visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64);
            fn visit_unit<E: de::Error>(self) -> Result<Field, E> {
                Ok(Field::Missing)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Field, E> {
                Ok(Field::Text(text.to_owned()))
            }
            fn visit_string<E: de::Error>(self, text: String) -> Result<Field, E> {
                Ok(Field::Text(text))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Field, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Field::NotText)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Field, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Field::NotText)
            }
        }
        from.deserialize_any(Reader)
    }
}

/// A value that may stand flat or in an object of its own: the first that is valid, or else what is wrong with the
/// one that was sent.
///
/// # Errors
/// When neither is valid.
pub fn either<T, E>(
    flat: Result<T, E>,
    flat_was_sent: bool,
    nested: Option<Result<T, E>>,
) -> Result<T, E> {
    match (flat, nested) {
        (Ok(value), _) | (Err(_), Some(Ok(value))) => Ok(value),
        (Err(_), Some(Err(error))) if !flat_was_sent => Err(error),
        (Err(error), _) => Err(error),
    }
}

impl Field {
    /// The text as a value of the core: a missing one is blank, what is no text invalid.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse<T>(
        self,
        parse: impl FnOnce(String) -> Result<T, Violation>,
    ) -> Result<T, Violation> {
        match self {
            Self::Missing => Err(Violation::Blank),
            Self::NotText => Err(Violation::Invalid),
            Self::Text(text) => parse(text),
        }
    }
}
