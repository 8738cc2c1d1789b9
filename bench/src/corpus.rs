//! Texts that look like chat: words by rank, the common ones short and often. The same seed gives
//! the same texts.

/// How many words there are.
pub(crate) const WORDS: usize = 50_000;

const VOWELS: &[u8] = b"aeiouaeioe";
const CONSONANTS: &[u8] = b"tnshrdlcmwfgypbvkjxqz";

/// Numbers that look random and are the same for the same seed (SplitMix64).
#[derive(Debug, Clone)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// One of 0, 1, …, `sides` − 1.
    pub(crate) fn below(&mut self, sides: usize) -> usize {
        (self.next() % sides.max(1) as u64) as usize
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }
}

/// Chances that fall with the rank: the first of `count` is the most likely.
#[derive(Debug)]
pub(crate) struct Ranks(Vec<f64>);

impl Ranks {
    /// The chance of rank r is proportional to r to the power of −`steepness`.
    pub(crate) fn new(count: usize, steepness: f64) -> Self {
        let mut sum = 0.0;
        let sums = (1..=count).map(|rank| {
            sum += (rank as f64).powf(-steepness);
            sum
        });
        Self(sums.collect())
    }

    /// A rank, counted from 0.
    pub(crate) fn pick(&self, dice: &mut Dice) -> usize {
        let total = self.0.last().copied().unwrap_or_default();
        let mark = dice.unit() * total;
        self.0
            .partition_point(|sum| *sum < mark)
            .min(self.0.len() - 1)
    }
}

/// Writes messages of about 58 characters.
#[derive(Debug)]
pub(crate) struct Writer {
    dice: Dice,
    ranks: Ranks,
    words: Vec<String>,
}

impl Writer {
    pub(crate) fn new(seed: u64) -> Self {
        Self {
            dice: Dice::new(seed),
            ranks: Ranks::new(WORDS, 1.0),
            words: (0..WORDS).map(word).collect(),
        }
    }

    /// One message.
    pub(crate) fn message(&mut self) -> String {
        let count = 3 + self.dice.below(15);
        let mut text = String::with_capacity(64);
        for place in 0..count {
            if place > 0 {
                text.push(' ');
            }
            text.push_str(&self.words[self.ranks.pick(&mut self.dice)]);
        }
        text
    }
}

/// The word of this rank.
pub(crate) fn word(rank: usize) -> String {
    let mut dice = Dice::new(rank as u64 ^ 0xc0_ffee);
    let letters = match rank {
        0..40 => 2 + dice.below(3),
        40..1_000 => 4 + dice.below(3),
        _ => 5 + dice.below(6),
    };
    let vowel_first = dice.below(3) == 0;
    (0..letters)
        .map(|place| {
            let set = if (place % 2 == 0) == vowel_first {
                VOWELS
            } else {
                CONSONANTS
            };
            // The front of each list is the likelier half.
            let reach = set.len().min(4 + dice.below(set.len()));
            char::from(set[dice.below(reach)])
        })
        .collect()
}
