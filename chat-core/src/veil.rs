//! Places in the search index as they are told outside.
//!
//! An index may count the documents of all applications together, so its own places would tell each
//! of them how much the others write. What is told is a keyed permutation of the place, another one
//! for each application: a Feistel network over SHA-256, 52 bits wide, so that a place stays a
//! number that every JSON reader keeps exactly.

use sha2::{Digest, Sha256};

use crate::ids::ApplicationId;

const HALF_BITS: u32 = 26;
const HALF: u64 = (1 << HALF_BITS) - 1;
const ROUNDS: u8 = 8;

/// What stands between the index's places and one application.
pub(crate) struct Veil {
    key: [u8; 32],
}

impl Veil {
    /// The veil of this application under a secret.
    pub(crate) fn new(secret: &[u8; 32], application: ApplicationId) -> Self {
        let mut hash = Sha256::new();
        hash.update(secret);
        hash.update(application.0.to_be_bytes());
        Self {
            key: hash.finalize().into(),
        }
    }

    /// What is told of a place.
    pub(crate) fn cover(&self, place: u64) -> u64 {
        let Some((mut left, mut right)) = halves(place) else {
            return place;
        };
        for round in 0..ROUNDS {
            (left, right) = (right, left ^ self.mix(round, right));
        }
        left << HALF_BITS | right
    }

    /// The place of which this was told; of anything else, any place.
    pub(crate) fn lift(&self, told: u64) -> u64 {
        let Some((mut left, mut right)) = halves(told) else {
            return told;
        };
        for round in (0..ROUNDS).rev() {
            (left, right) = (right ^ self.mix(round, left), left);
        }
        left << HALF_BITS | right
    }

    fn mix(&self, round: u8, half: u64) -> u64 {
        let mut hash = Sha256::new();
        hash.update(self.key);
        hash.update([round]);
        hash.update(half.to_be_bytes());
        let mut word = [0; 8];
        word.copy_from_slice(&hash.finalize()[..8]);
        u64::from_be_bytes(word) & HALF
    }
}

/// Both halves of a place; there are none for one that no index gives.
fn halves(place: u64) -> Option<(u64, u64)> {
    let left = place >> HALF_BITS;
    (left <= HALF).then_some((left, place & HALF))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_covered_place_is_lifted_again_by_its_own_veil_alone(place in 0_u64..1 << 52) {
            let veil = Veil::new(&[1; 32], ApplicationId(2));
            let told = veil.cover(place);
            prop_assert!(told < 1 << 52);
            prop_assert_eq!(veil.lift(told), place);
            prop_assert_ne!(Veil::new(&[1; 32], ApplicationId(3)).cover(place), told);
            prop_assert_ne!(Veil::new(&[2; 32], ApplicationId(2)).cover(place), told);
        }
    }

    #[test]
    fn what_is_told_does_not_count() {
        let veil = Veil::new(&[1; 32], ApplicationId(2));
        let told: Vec<u64> = (0..1000).map(|place| veil.cover(place)).collect();
        let rising = told.windows(2).filter(|pair| pair[0] < pair[1]).count();
        assert!((400..600).contains(&rising), "{rising}");
    }

    #[test]
    fn what_was_never_told_does_no_harm() {
        let veil = Veil::new(&[1; 32], ApplicationId(2));
        assert_eq!(veil.lift(u64::MAX), u64::MAX);
        assert_eq!(veil.cover(u64::MAX), u64::MAX);
    }
}
