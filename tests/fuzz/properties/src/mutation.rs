//! Mutations of a corpus, made from a seed.
//!
//! Invariant: a seed and a corpus give one input, on every machine. Deliberately absent: any look at
//! what an input reached, which is what the fuzzer has beyond this.

/// Most bytes of an input.
const INPUT_BYTES_MAX: usize = 16 << 10;
/// Numbers that lengths, counts and offsets are compared with.
const NUMBERS: [u64; 12] = [
    0,
    1,
    2,
    7,
    0x7f,
    0xff,
    0x7fff,
    0xffff,
    0x7fff_ffff,
    0xffff_ffff,
    0x7fff_ffff_ffff_ffff,
    u64::MAX,
];

/// Random numbers (SplitMix64).
#[derive(Debug)]
pub struct Random(u64);

impl Random {
    /// Those of `seed`.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `end`, which is not 0.
    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }
}

/// The input number `seed` of a corpus: one of its files with a few changes. `words` are inserted
/// now and then.
pub fn input(seed: u64, corpus: &[Vec<u8>], words: &[&str]) -> Vec<u8> {
    let mut random = Random::new(seed);
    let mut bytes = corpus[random.below(corpus.len())].clone();
    for _ in 0..=random.below(4) {
        change(&mut random, &mut bytes, corpus, words);
        bytes.truncate(INPUT_BYTES_MAX);
    }
    bytes
}

/// A place in `bytes`, the end included.
fn place(random: &mut Random, bytes: &[u8]) -> usize {
    random.below(bytes.len() + 1)
}

/// A part of `bytes` of at most 64 bytes.
fn part(random: &mut Random, bytes: &[u8]) -> std::ops::Range<usize> {
    let start = place(random, bytes);
    start..(start + random.below(64)).min(bytes.len())
}

fn change(random: &mut Random, bytes: &mut Vec<u8>, corpus: &[Vec<u8>], words: &[&str]) {
    match random.below(10) {
        0 | 1 if !bytes.is_empty() => {
            let at = random.below(bytes.len());
            bytes[at] ^= 1 << random.below(8);
        }
        2 if !bytes.is_empty() => {
            let at = random.below(bytes.len());
            bytes[at] = random.next() as u8;
        }
        3 => bytes.truncate(place(random, bytes)),
        4 => drop(bytes.drain(part(random, bytes))),
        5 => {
            let (copied, at) = (bytes[part(random, bytes)].to_vec(), place(random, bytes));
            bytes.splice(at..at, copied);
        }
        6 => {
            let other = &corpus[random.below(corpus.len())];
            let (copied, at) = (other[part(random, other)].to_vec(), place(random, bytes));
            bytes.splice(at..at, copied);
        }
        7 | 8 => {
            let number = NUMBERS[random.below(NUMBERS.len())];
            let width = [1, 2, 4, 8][random.below(4)];
            let mut written = number.to_le_bytes()[..width].to_vec();
            if random.below(2) == 0 {
                written.reverse();
            }
            let at = place(random, bytes);
            let end = (at + width).min(bytes.len());
            bytes.splice(at..end, written);
        }
        _ if !words.is_empty() => {
            let (word, at) = (words[random.below(words.len())], place(random, bytes));
            bytes.splice(at..at, word.bytes());
        }
        _ => bytes.push(random.next() as u8),
    }
}
