//! Whole numbers as clients send them: as a number or as text.

use std::fmt;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};

/// The largest whole number that is taken as a double, 2⁴⁹. The reader of JSON takes all digits as one number and divides it:
/// up to here `N.0` comes out as it was sent, and further up as a neighbour at times.
const LARGEST: f64 = 562_949_953_421_312.0;

/// From here on, 2⁶⁴, a double is no number that anything here has, whatever it was sent as: it is told to be well-formed.
const BEYOND: f64 = 18_446_744_073_709_551_616.0;

/// What stands where a whole number is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Numeral {
    /// Nothing, or null.
    #[default]
    Null,
    /// A whole number; `2.0` is one, as JSON Schema has it.
    Whole(i128),
    /// A text, whatever it says.
    Text(String),
    /// Anything else, fractions and doubles that round to other numbers among it.
    Other,
}

impl Numeral {
    /// What is sent here; what cannot be read is none.
    pub(crate) fn read<'de, D: Deserializer<'de>>(from: D) -> Self {
        Self::deserialize(from).unwrap_or(Self::Other)
    }

    /// The number in digits, or the text as it is.
    pub(crate) fn digits(self) -> Option<String> {
        match self {
            Self::Whole(number) => Some(number.to_string()),
            Self::Text(text) => Some(text),
            Self::Null | Self::Other => None,
        }
    }

    fn of_double(number: f64) -> Self {
        let is_certain = number.abs() <= LARGEST || number.abs() >= BEYOND;
        match number.fract() == 0.0 && is_certain {
            true => Self::Whole(number as i128),
            false => Self::Other,
        }
    }
}

impl<'de> Deserialize<'de> for Numeral {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Reader;
        impl<'de> Visitor<'de> for Reader {
            type Value = Numeral;
            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("anything")
            }
            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Numeral, E> {
                Ok(Numeral::Other)
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Numeral, E> {
                Ok(Numeral::Whole(number.into()))
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<Numeral, E> {
                Ok(Numeral::Whole(number.into()))
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Numeral, E> {
                Ok(Numeral::of_double(number))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Numeral, E> {
                Ok(Numeral::Text(text.to_owned()))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Numeral, E> {
                Ok(Numeral::Null)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Numeral, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Numeral::Other)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Numeral, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Numeral::Other)
            }
        }
        from.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_float_is_a_number_until_it_may_be_another_one() {
        let whole = |number| Numeral::Whole(number);
        for (sent, read) in [
            ("95481", whole(95481)),
            ("95481.0", whole(95481)),
            ("9.5481e4", whole(95481)),
            ("-0", whole(0)),
            ("-2.0", whole(-2)),
            ("18446744073709551615", whole(u64::MAX.into())),
            ("562949953421311.0", whole(562_949_953_421_311)),
            ("562949953421313.0", Numeral::Other),
            ("9007199254740993.0", Numeral::Other),
            ("-9007199254740993.0", Numeral::Other),
            ("18446744073709551616", whole(1 << 64)),
            ("-1180591620717411303424", whole(-(1 << 70))),
            ("1e300", whole(i128::MAX)),
            ("1e999", Numeral::Other),
            ("1.5", Numeral::Other),
            ("\"1.0\"", Numeral::Text("1.0".into())),
            ("null", Numeral::Null),
            ("true", Numeral::Other),
            ("[1]", Numeral::Other),
            (r#"{"1":1}"#, Numeral::Other),
        ] {
            let mut from = serde_json::Deserializer::from_str(sent);
            assert_eq!(Numeral::read(&mut from), read, "{sent}");
        }
    }
}
