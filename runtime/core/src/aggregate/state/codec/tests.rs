//! Golden bytes of the state of each kind of slot: any change of the stored bytes must be noticed
//! (S1).
//!
//! Method: four fixed rows are folded into a slot of each kind. The result must have the bytes
//! below, and these must decode to a state that encodes to them, so that stores written earlier can
//! be read. A change of these bytes needs a new version of the store's format. Deliberately absent:
//! what a kind does beyond one ordinary state; its own module has golden bytes for that.

use crate::aggregate::bits::BitOperation;
use crate::aggregate::extreme::End;
use crate::aggregate::moments::Order;
use crate::aggregate::ordered::Side;
use crate::aggregate::places::Placing;
use crate::aggregate::{Slot, SlotKind};
use crate::row::Rows;
use crate::time::{HOUR_US, SECOND_US};
use crate::view::FeatureView;
use arrow::array::{
    ArrayRef, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::Float64Type;
use serde_json::json;
use std::sync::Arc;

/// Columns of the view.
const INT: usize = 0;
const DOUBLE: usize = 1;
const TEXT: usize = 2;
const FLAG: usize = 3;
const VECTOR: usize = 4;

/// Four rows: a tie in time, nulls, a NaN, an empty text.
fn rows() -> Rows {
    let column =
        |name: &str, data_type: &str| json!({ "name": name, "type": data_type, "nullable": true });
    let view: FeatureView = serde_json::from_value(json!({
        "name": "view", "description": "", "owner": "", "tags": [],
        "event": {
            "name": "Event", "description": "", "source": "events", "time": "at", "id": "id", "skew_us": 0,
            "columns": [
                { "name": "at", "type": "timestamp", "nullable": false },
                { "name": "id", "type": "string", "nullable": false },
            ],
        },
        "key": ["text"], "null_keys": true, "boundary": "strict", "delay_us": 0, "history_us": 0,
        "columns": [
            column("int", "int64"), column("double", "float64"), column("text", "string"),
            column("flag", "bool"), column("vector", "list<float64>"),
        ],
        "features": [],
    }))
    .unwrap();
    let times = [-1, SECOND_US, SECOND_US, 2 * HOUR_US].map(Some);
    let times = TimestampMicrosecondArray::from(times.to_vec()).with_timezone("UTC");
    let ids = StringArray::from_iter_values(["d", "c", "b", "a"]);
    let events: [(&str, ArrayRef); 2] = [("at", Arc::new(times)), ("id", Arc::new(ids))];
    let ints = Int64Array::from(vec![Some(3), None, Some(-300), Some(3)]);
    let doubles = Float64Array::from(vec![Some(0.5), Some(f64::NAN), None, Some(-0.0)]);
    let texts = StringArray::from(vec![Some("x"), Some(""), None, Some("x")]);
    let flags = BooleanArray::from(vec![Some(true), Some(false), None, Some(true)]);
    let vector = |elements: [f64; 2]| Some(elements.map(Some));
    let vectors = [vector([1.0, -2.5]), None, vector([0.25, 1e3]), vector([0.0, 0.0])];
    let columns: [(&str, ArrayRef); 5] = [
        ("int", Arc::new(ints)),
        ("double", Arc::new(doubles)),
        ("text", Arc::new(texts)),
        ("flag", Arc::new(flags)),
        ("vector", Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>(vectors))),
    ];
    let events = RecordBatch::try_from_iter(events).unwrap();
    let columns = RecordBatch::try_from_iter(columns).unwrap();
    let mut rows = Rows::new(&view, &columns, &[0, 1, 2, 3], &events, true).unwrap();
    // A state is settled before it is stored, so only one row has a unit state.
    rows.set_lifted(vec![vec![None, Some(Arc::from(&b"guest"[..])), None, None]]);
    rows
}

/// A slot of each kind.
fn kinds() -> Vec<SlotKind> {
    use SlotKind as K;
    let (int, double, limit) = (INT, DOUBLE, 3);
    let half_life_us = HOUR_US;
    let slot = |kind| Slot { kind, filter: None };
    let inner = || {
        let filtered = Slot { kind: K::IntSum { column: INT }, filter: Some(FLAG) };
        vec![slot(K::Count { column: None }), filtered]
    };
    let placing = |side, distinct| Placing { side, distinct, nulls: false, n: 2 };
    let whole_rows = Placing { side: Side::Last, distinct: false, nulls: true, n: 3 };
    vec![
        K::Count { column: None },
        K::Count { column: Some(TEXT) },
        K::IntSum { column: int },
        K::FloatSum { column: double },
        K::Extreme { end: End::Min, column: TEXT },
        K::Extreme { end: End::Max, column: double },
        K::Ordered { side: Side::First, nulls: false, column: int },
        K::Ordered { side: Side::Last, nulls: false, column: TEXT },
        K::EventTime { side: Side::First, column: None },
        K::EventTime { side: Side::Last, column: Some(DOUBLE) },
        K::Moments { order: Order::Second, column: int },
        K::Moments { order: Order::Fourth, column: double },
        K::CoMoments { column: int, other: double },
        K::Places { placing: placing(Side::First, false), column: TEXT },
        K::Places { placing: placing(Side::Last, true), column: int },
        K::Top { end: End::Max, k: 2, column: int },
        K::Top { end: End::Min, k: 2, column: TEXT },
        K::Distinct { limit, column: int },
        K::Distinct { limit: 1, column: TEXT },
        K::Histogram { limit, column: TEXT },
        K::HyperLogLog { precision: 4, column: TEXT },
        K::Percentile { column: double },
        K::Percentile { column: int },
        K::Decayed { half_life_us, ones: false, column: Some(int) },
        K::Decayed { half_life_us, ones: true, column: None },
        K::Vector { length: 2, grid: -4, column: VECTOR },
        K::User { lift: 0 },
        K::Keyed { by: TEXT, limit: 2, inner: inner() },
        K::Keyed { by: TEXT, limit: 1, inner: inner() },
        K::LastRows { rows: 2, inner: inner() },
        K::Sessions { gap_us: HOUR_US, inner: inner() },
        K::Ordered { side: Side::First, nulls: true, column: int },
        K::Places { placing: whole_rows, column: double },
        K::ArgExtreme { end: End::Min, column: TEXT, by: int },
        K::ArgExtreme { end: End::Max, column: int, by: double },
        K::Product { column: int },
        K::Bits { operation: BitOperation::And, column: int },
        K::Bits { operation: BitOperation::Xor, column: int },
        K::LatestEvent { inner: inner() },
    ]
}

/// For each of [`kinds`], the bytes of no rows and of the four rows.
const GOLDEN: &[(&str, &str)] = &[
    ("00", "04"),
    ("00", "03"),
    ("00", "cb04"),
    ("000000", "01010201"),
    ("00", "020600"),
    ("00", "0905fff8000000000000"),
    (
        "00",
        "330664000000000003800000000000000305bfe000000000000006780002010805bff0000000000000053ffbffffffffffff007fffffffffffffff09038000000000000003",
    ),
    (
        "00",
        "3306610000000000038000000000000003057fffffffffffffff0678000201080580000000000000000580000000000000000080000001ad27480003067800",
    ),
    ("01", "077fffffffffffffff"),
    ("01", "0780000001ad274800"),
    ("0000000000", "060203930204d1af"),
    ("000000000000000000", "07010201030201050201070201"),
    ("0000000000000000000000", "04020203010201010203020209030201"),
    (
        "00",
        "02320664000000000003800000000000000305bfe000000000000006780002010805bff0000000000000053ffbffffffffffff007fffffffffffffff0306780016066300000000000105fff8000000000000060002000180000000000f4240020600",
    ),
    (
        "00",
        "023206610000000000038000000000000003057fffffffffffffff0678000201080580000000000000000580000000000000000080000001ad274800090380000000000000032706620000000000037ffffffffffffed40101010805bfd000000000000005c08f4000000000000080000000000f424009037ffffffffffffed4",
    ),
    ("00", "020903800000000000000309038000000000000003"),
    ("00", "0202060003067800"),
    ("01", "0309037ffffffffffffed409038000000000000003"),
    ("01", "00"),
    ("01", "03010206000203067800"),
    ("01", "03151700"),
    ("0000", "900101010180fc0f"),
    ("0000", "000201ad8e1002d68710"),
    ("00", "0801030111edfcd8e93bd9a123"),
    ("00", "080103010e010e00a72703e0"),
    ("01", "0428b0f901"),
    ("00", "076775657374"),
    ("01", "03020600010003067800020c"),
    ("01", "00"),
    (
        "00",
        "0216066300000000000105fff8000000000000060002000180000000000f424001003206610000000000038000000000000003057fffffffffffffff0678000201080580000000000000000580000000000000000080000001ad2748000106",
    ),
    ("00", "027fffffffffffffff80000000000f4240030680000001ad27480080000001ad2748000106"),
    (
        "00",
        "330664000000000003800000000000000305bfe000000000000006780002010805bff0000000000000053ffbffffffffffff007fffffffffffffff09038000000000000003",
    ),
    (
        "00",
        "033206610000000000038000000000000003057fffffffffffffff0678000201080580000000000000000580000000000000000080000001ad27480009057fffffffffffffff16066300000000000105fff8000000000000060002000180000000000f42400905fff80000000000002706620000000000037ffffffffffffed40101010805bfd000000000000005c08f4000000000000080000000000f424000",
    ),
    (
        "00",
        "09038000000000000003330664000000000003800000000000000305bfe000000000000006780002010805bff0000000000000053ffbffffffffffff007fffffffffffffff03067800",
    ),
    (
        "00",
        "0905bfe0000000000000330664000000000003800000000000000305bfe000000000000006780002010805bff0000000000000053ffbffffffffffff007fffffffffffffff09038000000000000003",
    ),
    ("04", "b154"),
    ("ffffffffffffffff", "0000000000000000"),
    ("0000000000000000", "d4feffffffffffff"),
    ("00", "0180000001ad274800030661000106"),
];

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(hex: &str) -> Vec<u8> {
    let digits = hex.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).unwrap());
    digits.map(|two| u8::from_str_radix(two, 16).unwrap()).collect()
}

/// Goal: states of every kind still have the same bytes, and these bytes still decode, with other
/// bytes after them.
#[test]
fn s01_golden_bytes_of_every_slot() {
    let rows = rows();
    let kinds = kinds();
    let found = kinds.iter().map(|kind| {
        let slot = Slot { kind: kind.clone(), filter: None };
        let (mut state, mut empty, mut full) = (slot.zero(), vec![], vec![]);
        slot.encode(&state, &mut empty);
        (0..rows.len()).for_each(|row| slot.update(&mut state, &rows, row));
        slot.encode(&state, &mut full);
        (slot, empty, full)
    });
    let found: Vec<(Slot, Vec<u8>, Vec<u8>)> = found.collect();
    let table = found
        .iter()
        .map(|(_, empty, full)| format!("    (\"{}\", \"{}\"),", hex(empty), hex(full)));
    let table = table.collect::<Vec<_>>().join("\n");
    let expected = GOLDEN.iter().map(|(empty, full)| (empty.to_string(), full.to_string()));
    let encodings = found.iter().map(|(_, empty, full)| (hex(empty), hex(full)));
    assert!(encodings.eq(expected), "the bytes are now:\n{table}");
    for ((slot, ..), (empty, full)) in found.iter().zip(GOLDEN) {
        for golden in [empty, full] {
            let bytes = [unhex(golden), vec![0xff]].concat();
            let mut rest = bytes.as_slice();
            let state = slot.decode(&mut rest).unwrap_or_else(|| panic!("{slot:?}: {golden}"));
            assert_eq!(rest, [0xff], "{slot:?}");
            let mut again = vec![];
            slot.encode(&state, &mut again);
            assert_eq!(hex(&again), **golden, "{slot:?}");
        }
    }
}
