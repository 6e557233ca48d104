//! Integers of every width, decimals, dates and bytes, through a view that passes them on.
//!
//! Method: each value is a pair of what an author sees and of the bytes that the contract gives it,
//! written out. Deliberately absent: the types of `types.rs`.

use crate::flat::{Cells, batch, outcome};
use crate::fresh;
use lockstep_sdk::__::{Run, Transform};
use lockstep_sdk::prelude::*;

/// Declares the event and the view with a column, an `Option` and a list of each type, and which
/// value has which bytes.
macro_rules! passed {
    ($($name:ident, $maybe:ident, $list:ident, $list_maybe:ident: $type:ty;)*) => {
        #[derive(Event)]
        #[event(source = "exact", time = at)]
        struct Exact<'a> {
            at: EventTime,
            $($name: $type, $maybe: Option<$type>, $list: List<'a, $type>,
              $list_maybe: Option<List<'a, $type>>,)*
        }

        #[derive(View)]
        #[view(key = [at])]
        #[features(count, windows = ["1d"])]
        struct Passed<'a> {
            at: EventTime,
            $($name: $type, $maybe: Option<$type>, $list: List<'a, $type>,
              $list_maybe: Option<Vec<Option<$type>>>,)*
        }

        #[transform]
        fn passed<'a>(event: &Exact<'a>) -> Passed<'a> {
            Passed {
                at: event.at,
                $($name: event.$name, $maybe: event.$maybe, $list: event.$list,
                  $list_maybe: event.$list_maybe.map(|list| list.iter().collect()),)*
            }
        }
    };
}

passed! {
    int8, maybe_int8, list_int8, lists_int8: i8;
    int16, maybe_int16, list_int16, lists_int16: i16;
    int32, maybe_int32, list_int32, lists_int32: i32;
    uint8, maybe_uint8, list_uint8, lists_uint8: u8;
    uint16, maybe_uint16, list_uint16, lists_uint16: u16;
    uint32, maybe_uint32, list_uint32, lists_uint32: u32;
    uint64, maybe_uint64, list_uint64, lists_uint64: u64;
    small, maybe_small, list_small, lists_small: Decimal<1, 1>;
    large, maybe_large, list_large, lists_large: Decimal<38, 10>;
    day, maybe_day, list_day, lists_day: Date;
    octets, maybe_octets, list_octets, lists_octets: &'a [u8];
}

/// The widths of the types above, and bytes of values of each: zero, the least, the greatest, and
/// one or two in between. Bytes have no width.
fn values() -> Vec<(Option<usize>, Vec<Vec<u8>>)> {
    let nines = 10_i128.pow(38) - 1;
    vec![
        (Some(1), vec![vec![0], vec![0x80], vec![0x7f], vec![0xff]]),
        (Some(2), vec![vec![0, 0], vec![0, 0x80], vec![0xff, 0x7f], vec![0xfe, 0xff]]),
        (
            Some(4),
            vec![
                vec![0; 4],
                vec![0, 0, 0, 0x80],
                vec![0xff, 0xff, 0xff, 0x7f],
                vec![0x78, 0x56, 0x34, 0x12],
            ],
        ),
        (Some(1), vec![vec![0], vec![0xff], vec![0x80]]),
        (Some(2), vec![vec![0, 0], vec![0xff, 0xff], vec![0x34, 0x12]]),
        (Some(4), vec![vec![0; 4], vec![0xff; 4], vec![0x78, 0x56, 0x34, 0x12]]),
        (Some(8), vec![vec![0; 8], vec![0xff; 8], vec![8, 7, 6, 5, 4, 3, 2, 1]]),
        (
            Some(16),
            [0_i128, 9, -9, -1].iter().map(|unscaled| unscaled.to_le_bytes().to_vec()).collect(),
        ),
        (
            Some(16),
            [0, nines, -nines, 1].iter().map(|unscaled| unscaled.to_le_bytes().to_vec()).collect(),
        ),
        (
            Some(4),
            vec![vec![0; 4], vec![0, 0, 0, 0x80], vec![0xff, 0xff, 0xff, 0x7f], vec![0xff; 4]],
        ),
        (None, vec![vec![], vec![0], vec![0xff, 0xfe], b"abc\0".to_vec(), vec![0xc3]]),
    ]
}

/// A small linear congruential generator (Knuth's MMIX constants).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    fn rows(&mut self, rows: usize, nullable: bool, of: &[Vec<u8>]) -> Vec<Option<Vec<u8>>> {
        let nulls = nullable && self.below(2) == 0;
        (0..rows)
            .map(|_| (!nulls || self.below(3) > 0).then(|| of[self.below(of.len())].clone()))
            .collect()
    }

    fn lists(
        &mut self,
        rows: usize,
        nullable: bool,
        of: &[Vec<u8>],
    ) -> Vec<Option<Vec<Option<Vec<u8>>>>> {
        let shapes = self.rows(rows, nullable, &[vec![], vec![0], vec![0; 3]]);
        let list = |shape: Option<Vec<u8>>| shape.map(|shape| self.rows(shape.len(), true, of));
        shapes.into_iter().map(list).collect()
    }
}

/// The columns of some rows.
fn columns(seed: u64, rows: usize) -> Vec<Cells> {
    let mut random = Random(seed);
    let mut columns = vec![Cells::Int((0..rows).map(|row| Some(row as i64)).collect())];
    for (width, of) in values() {
        for nullable in [false, true] {
            let cells = random.rows(rows, nullable, &of);
            columns.push(match width {
                Some(width) => Cells::Fixed(width, cells),
                None => Cells::Octets(cells),
            });
        }
        for nullable in [false, true] {
            let cells = random.lists(rows, nullable, &of);
            columns.push(match width {
                Some(width) => Cells::FixedLists(width, cells),
                None => Cells::OctetLists(cells),
            });
        }
    }
    columns
}

/// Goal: each type, its Option and its lists are read and written byte for byte (S14). Method:
/// generated columns, laid out by hand, come back as they went in.
#[test]
fn s14_every_exact_type_passes_unchanged() {
    const PASSED: &[Run] = &[<passed as Transform>::run];
    for rows in [0, 1, 2, 7, 8, 9, 17, 64] {
        for seed in 0..30 {
            let columns = columns(seed, rows);
            let sources: Vec<usize> = (0..rows).collect();
            let answer = fresh(PASSED, 1, &batch(rows, &columns));
            assert!(answer == outcome(&[], &sources, &columns), "seed {seed}, {rows} rows");
        }
    }
}

#[derive(Event)]
#[event(source = "read", time = at)]
struct Read<'a> {
    at: EventTime,
    byte: i8,
    wide: u64,
    price: Decimal<6, 2>,
    day: Date,
    octets: &'a [u8],
    list: List<'a, Date>,
}

#[derive(View)]
#[view(key = [day])]
struct Made {
    day: Date,
    #[features(last, windows = ["1d"])]
    told: String,
    #[features(first, by = day, windows = ["1d"])]
    octets: Bytes,
    made: Vec<Bytes>,
    maybe: Option<Bytes>,
    integers: Vec<u8>,
    total: Option<Decimal<38, 2>>,
}

#[transform]
fn made(event: &Read<'_>) -> Made {
    let Read { at, byte, wide, price, day, octets, list } = event;
    Made {
        day: at.date(),
        told: format!("{byte} {wide} {price} {day} {octets:?} {list:?}"),
        octets: octets.iter().rev().copied().collect(),
        made: vec![Bytes::from(*octets), Bytes::default()],
        maybe: octets.first().map(|first| Bytes::from([*first])),
        integers: octets.to_vec(),
        total: price.rescale(),
    }
}

/// Goal: an author reads the values that the contract's bytes stand for, and owned bytes and lists
/// of integers are written as what they are. Method: one row, laid out by hand, and its text.
#[test]
fn s14_values_are_what_their_bytes_say() {
    let fixed = |bytes: &[u8]| Cells::Fixed(bytes.len(), vec![Some(bytes.to_vec())]);
    let octets = |bytes: &[u8]| Cells::Octets(vec![Some(bytes.to_vec())]);
    let day = |days: i32| Some(days.to_le_bytes().to_vec());
    let columns = [
        Cells::Int(vec![Some(-1)]),
        fixed(&[0x80]),
        fixed(&[0xff; 8]),
        fixed(&(-5_i128).to_le_bytes()),
        fixed(&19_782_i32.to_le_bytes()),
        octets(&[0xff, 0x01]),
        Cells::FixedLists(4, vec![Some(vec![day(-1), None])]),
    ];
    let told = "-128 18446744073709551615 -0.05 2024-02-29 [255, 1] [Some(1969-12-31), None]";
    let expected = [
        fixed(&(-1_i32).to_le_bytes()),
        crate::flat::text(&[told]),
        octets(&[0x01, 0xff]),
        Cells::OctetLists(vec![Some(vec![Some(vec![0xff, 0x01]), Some(vec![])])]),
        octets(&[0xff]),
        Cells::FixedLists(1, vec![Some(vec![Some(vec![0xff]), Some(vec![0x01])])]),
        fixed(&(-5_i128).to_le_bytes()),
    ];
    let answer = fresh(&[<made as Transform>::run], 1, &batch(1, &columns));
    assert_eq!(answer, outcome(&[], &[0], &expected));
}

/// Goal: the manifest names each type as the contract does. Method: the declared columns of the
/// event and of the view.
#[test]
fn manifests_name_every_exact_type() {
    mod artifact {
        use super::{made, passed};
        lockstep_sdk::export!(views = [passed, made]);
        pub(super) const TEXT: &str = MANIFEST;
    }
    let manifest: serde_json::Value = serde_json::from_str(artifact::TEXT).unwrap();
    let types = |columns: &serde_json::Value| -> Vec<String> {
        let columns = columns.as_array().unwrap().iter();
        let shown = columns.map(|column| {
            let nullable = if column["nullable"].as_bool().unwrap() { "?" } else { "" };
            format!("{}{nullable}", column["type"].as_str().unwrap())
        });
        shown.collect()
    };
    let names = [
        "int8",
        "int16",
        "int32",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "decimal(1,1)",
        "decimal(38,10)",
        "date",
        "bytes",
    ];
    let mut expected = vec!["timestamp".to_string()];
    for name in names {
        expected.extend([name.into(), format!("{name}?")]);
        expected.extend([format!("list<{name}>"), format!("list<{name}>?")]);
    }
    let view = &manifest["views"][0];
    assert_eq!(types(&view["event"]["columns"]), expected);
    assert_eq!(types(&view["columns"]), expected);
    let made =
        ["date", "string", "bytes", "list<bytes>", "bytes?", "list<uint8>", "decimal(38,2)?"];
    assert_eq!(types(&manifest["views"][1]["columns"]), made);
}
