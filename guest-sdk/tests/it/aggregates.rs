//! Aggregates of an author's own: the bytes of `wit/aggregate.wit`, the manifest, and the laws.
//!
//! Method: calls and answers are laid out by hand. The laws are broken one at a time, and the
//! checker must name the law that is broken.

use super::flat::{Cells, batch, outcome, put, text};
use lockstep_sdk::__::{Batch, Dispatch, Ends, States};
use lockstep_sdk::laws::{list, samples, verify};
use serde_json::{Value, json};

mod artifact {
    use lockstep_sdk::prelude::*;

    /// The longest text, and how many there are
    /// of its length. "Quoted".
    #[aggregate]
    #[derive(Default)]
    pub(super) struct Longest {
        length: u32,
        count: u32,
    }

    impl Aggregate for Longest {
        type Input<'a> = &'a str;
        type Output = Option<String>;

        fn zero() -> Self {
            Self::default()
        }

        fn update(&mut self, text: &str) {
            self.merge(Longest { length: text.len() as u32, count: 1 });
        }

        fn merge(&mut self, other: Self) {
            match self.length.cmp(&other.length) {
                std::cmp::Ordering::Less => *self = other,
                std::cmp::Ordering::Equal => self.count += other.count,
                std::cmp::Ordering::Greater => {}
            }
        }

        fn encode(&self, bytes: &mut Vec<u8>) {
            // Nobody else's bytes are in there.
            assert!(bytes.is_empty());
            if self.count > 0 {
                bytes.extend([self.length as u8, self.count as u8]);
            }
        }

        fn decode(bytes: &[u8]) -> Result<Self, String> {
            match bytes {
                [] => Ok(Self::zero()),
                [length, count] => Ok(Longest { length: (*length).into(), count: (*count).into() }),
                other => Err(format!("{} bytes", other.len())),
            }
        }

        fn finalize(&self) -> Option<String> {
            (self.count > 0).then(|| format!("{} of {}", self.count, self.length))
        }
    }

    #[aggregate]
    pub(super) struct Elements(u64);

    impl Aggregate for Elements {
        type Input<'a> = List<'a, f32>;
        type Output = Vec<i64>;
        const STATE_BYTES_MAX: u32 = 8;

        fn zero() -> Self {
            Elements(0)
        }

        fn update(&mut self, list: List<'_, f32>) {
            self.0 += list.len() as u64;
        }

        fn merge(&mut self, other: Self) {
            self.0 += other.0;
        }

        fn encode(&self, bytes: &mut Vec<u8>) {
            bytes.extend(self.0.to_le_bytes());
        }

        fn decode(bytes: &[u8]) -> Result<Self, String> {
            Ok(Elements(u64::from_le_bytes(bytes.try_into().map_err(|_| "a length")?)))
        }

        fn finalize(&self) -> Vec<i64> {
            vec![self.0 as i64]
        }
    }

    #[derive(Request)]
    pub(super) struct Asked {
        pub x: f64,
    }

    #[derive(Features)]
    pub(super) struct Known {
        #[from(view.count_1d)]
        pub n: i64,
    }

    #[derive(Outputs)]
    pub(super) struct Told {
        pub y: f64,
    }

    #[on_demand]
    pub(super) fn told(asked: &Asked, known: &Known) -> Told {
        Told { y: asked.x + known.n as f64 }
    }

    export!(on_demand = [told], aggregates = [Longest, Elements]);
}

use artifact::{Elements, Longest};

/// Numbers, as the host writes them.
fn numbers(numbers: &[usize]) -> Vec<u8> {
    let mut bytes = Vec::new();
    numbers.iter().for_each(|number| put(&mut bytes, *number));
    bytes
}

fn states(states: &[&[u8]]) -> Vec<u8> {
    let mut bytes = numbers(&[states.len()]);
    let mut end = 0;
    for state in states {
        end += state.len();
        put(&mut bytes, end);
    }
    [bytes, states.concat()].concat()
}

fn answer(refused: &[(usize, &str)], of_groups: &[&[u8]]) -> Vec<u8> {
    let mut bytes = numbers(&[refused.len()]);
    for (group, reason) in refused {
        bytes.extend(numbers(&[*group, reason.len()]));
    }
    refused.iter().for_each(|(_, reason)| bytes.extend(reason.bytes()));
    [bytes, states(of_groups)].concat()
}

fn update(dispatch: Dispatch, ends: &[usize], rows: &[u8]) -> Vec<u8> {
    let ends = [numbers(&[ends.len()]), numbers(ends)].concat();
    // SAFETY: every text in these tests' batches was a `str`.
    (dispatch.update)(Ends::take(&mut &ends[..]), &unsafe { Batch::trusted(rows) })
}

fn merge(dispatch: Dispatch, ends: &[usize], of_states: &[&[u8]]) -> Vec<u8> {
    let ends = [numbers(&[ends.len()]), numbers(ends)].concat();
    (dispatch.merge)(Ends::take(&mut &ends[..]), States::read(&states(of_states)))
}

const LONGEST: Dispatch = Dispatch::of::<Longest>();
const ELEMENTS: Dispatch = Dispatch::of::<Elements>();

/// Goal: rows become the states of their groups, and an empty group has zero's state.
#[test]
fn groups_of_rows_become_states() {
    let rows = batch(4, &[text(&["a", "bcd", "efg", "h"])]);
    assert_eq!(
        update(LONGEST, &[1, 3, 3, 4], &rows),
        answer(&[], &[&[1, 1], &[3, 2], &[], &[1, 1]])
    );
    assert_eq!(update(LONGEST, &[], &batch(0, &[text(&[])])), answer(&[], &[]));
    let lists = Cells::Lists(vec![Some(vec![]); 2]);
    assert_eq!(update(ELEMENTS, &[2], &batch(2, &[lists])), answer(&[], &[&[0; 8]]));
}

/// Goal: states are merged group by group, and one that cannot be read costs its group alone.
#[test]
fn s21_a_bad_state_costs_its_group() {
    let of_states: [&[u8]; 6] = [&[2, 1], &[1; 3], &[2, 2], &[9], &[1, 1], &[]];
    let found = merge(LONGEST, &[1, 4, 4, 6], &of_states);
    let reason = "a state cannot be decoded: 3 bytes";
    assert_eq!(found, answer(&[(1, reason)], &[&[2, 1], &[], &[], &[1, 1]]));
    assert_eq!(merge(LONGEST, &[0], &[]), answer(&[], &[&[]]));
}

/// Goal: states become values, nulls too, and one that cannot be read is refused.
#[test]
fn states_become_values() {
    let values = |bytes: &[u8], scratch: &mut _| (LONGEST.finalize)(scratch, States::read(bytes));
    let mut scratch = None;
    let bytes = states(&[&[3, 2], &[1; 5], &[]]);
    let column = Cells::Text(vec![Some("2 of 3".to_string()), None]);
    let expected = outcome(&[(1, "a state cannot be decoded: 5 bytes")], &[0, 2], &[column]);
    assert_eq!(values(&bytes, &mut scratch), expected);
    assert_eq!(values(&bytes, &mut scratch), expected, "nothing is left of the call before");
    let found =
        (ELEMENTS.finalize)(&mut scratch, States::read(&states(&[&[7, 0, 0, 0, 0, 0, 0, 0]])));
    assert_eq!(found, outcome(&[], &[0], &[Cells::Lists(vec![Some(vec![Some(7)])])]));
}

/// Goal: what the author wrote is in the manifest.
#[test]
fn the_manifest_declares_aggregates() {
    let manifest: Value = serde_json::from_str(artifact::MANIFEST).unwrap();
    let aggregate =
        |name: &str, description: &str, input: &str, output: (&str, bool), most: u32| {
            let (kind, nullable) = output;
            let output = json!({ "name": "value", "type": kind, "nullable": nullable });
            json!({
                "name": name,
                "description": description,
                "input": input,
                "output": output,
                "state_bytes_max": most,
            })
        };
    let words = "The longest text, and how many there are of its length. \"Quoted\".";
    let expected = json!([
        aggregate("Longest", words, "string", ("string", true), 4096),
        aggregate("Elements", "", "list<float32>", ("list<int64>", false), 8),
    ]);
    assert_eq!(manifest["aggregates"], expected);
}

/// Goal: lawful aggregates pass, also on lists and on texts at the edges.
#[test]
fn s21_lawful_aggregates_pass() {
    verify::<Elements>(&[list(&[]), list(&[1.5]), list(&[f32::NAN, 2.0])]).unwrap();
    // A byte counts to 255, which these few samples do not reach.
    verify::<Longest>(&samples(8)).unwrap();
}

mod exact;
mod unlawful;
