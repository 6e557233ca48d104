//! Tests of the laws of S1 for every kind of slot, including nested ones, over random rows.
//!
//! Method: rows with ties, nulls and NaN are folded as a whole, and in three parts that are merged
//! in every grouping; the bytes must be those of the whole, and read back. A sum of 64-bit numbers
//! stands for the guest that merges user-defined states. Deliberately absent: what a value means,
//! which the oracle and the cases check.

use super::bits::BitOperation;
use super::extreme::End;
use super::moments::Order;
use super::ordered::Side;
use super::places::Placing;
use super::user::{Part, UserState};
use super::{Slot, SlotKind, State};
use crate::event::{arrow_schema, arrow_type};
use crate::row::Rows;
use crate::value::DataType;
use crate::view::FeatureView;
use arrow::array::{
    ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, Float64Array, Int64Array,
    RecordBatch, StringArray, TimestampMicrosecondArray, UInt64Array,
};
use proptest::prelude::*;
use serde_json::json;
use std::sync::Arc;

/// Columns of the view.
const INT: usize = 2;
const FLOAT: usize = 3;
const TEXT: usize = 4;
const FLAG: usize = 5;
const DECIMAL: usize = 6;
const UNSIGNED: usize = 7;
const BYTES: usize = 8;
const DATE: usize = 9;

pub(crate) type Event = (i64, Option<i64>, Option<f64>, Option<String>, Option<bool>);

pub(crate) fn any_event() -> impl Strategy<Value = Event> {
    let float = prop_oneof![
        4 => (-1000i64..1000).prop_map(|cents| cents as f64 / 100.0),
        1 => prop_oneof![Just(f64::NAN), Just(-0.0), Just(1e300), Just(f64::INFINITY)],
    ];
    (
        0i64..60,
        prop::option::weighted(0.8, -3i64..4),
        prop::option::weighted(0.8, float),
        prop::option::weighted(0.8, "[ab\\x00]{0,2}"),
        prop::option::weighted(0.8, any::<bool>()),
    )
}

pub(crate) fn view() -> FeatureView {
    let column = |name: &str, data_type: &str, nullable: bool| json!({"name": name, "type": data_type, "nullable": nullable, "description": ""});
    let columns = json!([
        column("id", "int64", false),
        column("at", "timestamp", false),
        column("int", "int64", true),
        column("float", "float64", true),
        column("text", "string", true),
        column("flag", "bool", true),
        column("decimal", "decimal(38,2)", true),
        column("unsigned", "uint64", true),
        column("bytes", "bytes", true),
        column("date", "date", true),
    ]);
    let view = json!({
        "name": "v", "description": "", "owner": "", "tags": [], "key": ["id"],
        "null_keys": false, "boundary": "strict", "delay_us": 0, "origin_us": 0,
        "exact_max_us": 0, "history_us": 0, "columns": columns, "features": [],
        "event": {"name": "E", "description": "", "source": "s", "time": "at", "id": "id",
                  "skew_us": 0, "columns": columns},
    });
    serde_json::from_value(view).expect("it is a view")
}

/// The rows of `events`, each with a unit state of the one lift: its integer.
pub(crate) fn rows(events: &[Event]) -> Rows {
    let view = view();
    let times = events.iter().map(|event| event.0 * 1_000_000);
    let ints = || events.iter().map(|event| event.1.map(i128::from));
    let columns: Vec<ArrayRef> = vec![
        Arc::new(Int64Array::from_iter_values(0..events.len() as i64)),
        Arc::new(TimestampMicrosecondArray::from_iter_values(times).with_timezone("UTC")),
        Arc::new(events.iter().map(|event| event.1).collect::<Int64Array>()),
        Arc::new(events.iter().map(|event| event.2).collect::<Float64Array>()),
        Arc::new(events.iter().map(|event| event.3.clone()).collect::<StringArray>()),
        Arc::new(events.iter().map(|event| event.4).collect::<BooleanArray>()),
        // Of both signs and beyond 64 bits; beyond 38 digits when added.
        Arc::new(
            ints()
                .map(|int| int.map(|int| int * 10_i128.pow(37)))
                .collect::<Decimal128Array>()
                .with_data_type(arrow_type(&DataType::Decimal { precision: 38, scale: 2 })),
        ),
        Arc::new(
            ints().map(|int| int.map(|int| u64::MAX - (int + 3) as u64)).collect::<UInt64Array>(),
        ),
        Arc::new(
            events
                .iter()
                .map(|event| event.3.as_deref().map(str::as_bytes))
                .collect::<BinaryArray>(),
        ),
        Arc::new(ints().map(|int| int.map(|int| int as i32 * 400)).collect::<Date32Array>()),
    ];
    let batch = RecordBatch::try_new(arrow_schema(&view.columns), columns);
    let batch = batch.expect("the columns are the view's");
    let source_rows: Vec<u32> = (0..events.len() as u32).collect();
    let mut rows =
        Rows::new(&view, &batch, &source_rows, &batch, true).expect("the columns are typed");
    let unit = |event: &Event| event.1.map(|int| Part::from(int.to_le_bytes().as_slice()));
    rows.set_lifted(vec![events.iter().map(unit).collect()]);
    rows
}

/// One slot of each kind; every kind with a bound has one that random rows exceed.
fn kinds() -> Vec<SlotKind> {
    let placing = |side, distinct| Placing { side, distinct, nulls: false, n: 3 };
    let rows = |side| Placing { side, distinct: false, nulls: true, n: 3 };
    let (min, max) = (End::Min, End::Max);
    vec![
        SlotKind::Count { column: None },
        SlotKind::Count { column: Some(TEXT) },
        SlotKind::IntSum { column: INT },
        SlotKind::IntSum { column: UNSIGNED },
        SlotKind::DecimalSum { column: DECIMAL },
        SlotKind::FloatSum { column: FLOAT },
        SlotKind::Extreme { end: min, column: FLOAT },
        SlotKind::Extreme { end: max, column: TEXT },
        SlotKind::Extreme { end: max, column: DECIMAL },
        SlotKind::Extreme { end: min, column: UNSIGNED },
        SlotKind::Ordered { side: Side::Last, nulls: false, column: DATE },
        SlotKind::Ordered { side: Side::First, nulls: true, column: TEXT },
        SlotKind::Ordered { side: Side::Last, nulls: true, column: FLOAT },
        SlotKind::Places { placing: rows(Side::First), column: TEXT },
        SlotKind::Places { placing: rows(Side::Last), column: FLOAT },
        SlotKind::ArgExtreme { end: min, column: TEXT, by: FLOAT },
        SlotKind::ArgExtreme { end: max, column: FLOAT, by: INT },
        SlotKind::ArgExtreme { end: max, column: INT, by: TEXT },
        SlotKind::Product { column: INT },
        SlotKind::Product { column: UNSIGNED },
        SlotKind::Bits { operation: BitOperation::And, column: INT },
        SlotKind::Bits { operation: BitOperation::Or, column: UNSIGNED },
        SlotKind::Bits { operation: BitOperation::Xor, column: INT },
        SlotKind::Histogram { limit: 5, column: BYTES },
        SlotKind::Ordered { side: Side::First, nulls: false, column: FLOAT },
        SlotKind::Ordered { side: Side::Last, nulls: false, column: TEXT },
        SlotKind::EventTime { side: Side::First, column: None },
        SlotKind::EventTime { side: Side::Last, column: Some(INT) },
        SlotKind::Moments { order: Order::Second, column: FLOAT },
        SlotKind::Moments { order: Order::Fourth, column: INT },
        SlotKind::CoMoments { column: FLOAT, other: INT },
        SlotKind::Places { placing: placing(Side::First, false), column: FLOAT },
        SlotKind::Places { placing: placing(Side::Last, false), column: TEXT },
        SlotKind::Places { placing: placing(Side::First, true), column: INT },
        SlotKind::Places { placing: placing(Side::Last, true), column: TEXT },
        SlotKind::Top { end: min, k: 3, column: FLOAT },
        SlotKind::Top { end: max, k: 3, column: TEXT },
        SlotKind::Distinct { limit: 5, column: INT },
        SlotKind::Histogram { limit: 5, column: TEXT },
        SlotKind::HyperLogLog { precision: 4, column: TEXT },
        SlotKind::Percentile { column: FLOAT },
        SlotKind::Decayed { half_life_us: 7_000_000, ones: false, column: Some(FLOAT) },
        SlotKind::Decayed { half_life_us: 7_000_000, ones: true, column: None },
        SlotKind::User { lift: 0 },
    ]
}

/// Each kind alone, with a filter, and within maps, last rows, the latest event and sessions; and a
/// map in each.
pub(crate) fn slots() -> Vec<Slot> {
    let plain = || kinds().into_iter().map(|kind| Slot { kind, filter: None }).collect::<Vec<_>>();
    let filtered = kinds().into_iter().map(|kind| Slot { kind, filter: Some(FLAG) });
    let keyed = |limit| SlotKind::Keyed { by: TEXT, limit, inner: plain() };
    let nested = [
        keyed(4),
        keyed(100),
        SlotKind::LastRows { rows: 4, inner: plain() },
        SlotKind::LatestEvent { inner: plain() },
        SlotKind::LatestEvent { inner: vec![Slot { kind: keyed(3), filter: None }] },
        SlotKind::Sessions { gap_us: 2_000_000, inner: plain() },
        SlotKind::Sessions {
            gap_us: 2_000_000,
            inner: vec![Slot { kind: keyed(3), filter: None }],
        },
        SlotKind::LastRows { rows: 4, inner: vec![Slot { kind: keyed(3), filter: None }] },
    ];
    let nested = nested
        .into_iter()
        .flat_map(|kind| [None, Some(FLAG)].map(|filter| Slot { kind: kind.clone(), filter }));
    plain().into_iter().chain(filtered).chain(nested).collect()
}

/// The canonical bytes, after the guest has merged.
pub(crate) fn bytes(slot: &Slot, state: &State) -> Vec<u8> {
    let mut state = state.clone();
    slot.visit_users(&mut state, &mut |_, user| {
        if let Some(parts) = user.take_unsettled() {
            let numbers = parts
                .iter()
                .map(|part| i64::from_le_bytes(part[..].try_into().expect("eight bytes")));
            let sum = numbers.sum::<i64>().to_le_bytes();
            *user = UserState::Parts(vec![sum.as_slice().into()]);
        }
    });
    let mut out = Vec::new();
    slot.encode(&state, &mut out);
    out
}

pub(crate) fn fold(slot: &Slot, rows: &Rows, range: impl Iterator<Item = usize>) -> State {
    let mut state = slot.zero();
    range.for_each(|row| slot.update(&mut state, rows, row));
    state
}

fn merged(slot: &Slot, a: &State, b: &State) -> State {
    let mut sum = a.clone();
    slot.merge(&mut sum, b);
    sum
}

proptest! {
    /// Goal: every slot is a commutative monoid whose bytes are those of its rows, in any grouping.
    /// Method: see the module.
    #[test]
    fn s01_every_slot_is_a_commutative_monoid(
        events in prop::collection::vec(any_event(), 0..30),
        cuts in (0usize..30, 0usize..30),
    ) {
        let rows = rows(&events);
        let (low, high) = (cuts.0.min(cuts.1).min(rows.len()), cuts.0.max(cuts.1).min(rows.len()));
        for slot in slots() {
            let whole = fold(&slot, &rows, 0..rows.len());
            let expected = bytes(&slot, &whole);
            let same = |state: &State, how: &str| {
                prop_assert_eq!(&bytes(&slot, state), &expected, "{}: {:?}", how, slot);
                Ok(())
            };
            let a = fold(&slot, &rows, 0..low);
            let b = fold(&slot, &rows, (low..high).rev());
            let c = fold(&slot, &rows, high..rows.len());
            same(&fold(&slot, &rows, (0..rows.len()).rev()), "reversed")?;
            same(&merged(&slot, &whole, &slot.zero()), "with zero")?;
            same(&merged(&slot, &slot.zero(), &whole), "zero with it")?;
            same(&merged(&slot, &merged(&slot, &a, &b), &c), "(a b) c")?;
            same(&merged(&slot, &a, &merged(&slot, &c, &b)), "a (c b)")?;
            same(&merged(&slot, &merged(&slot, &c, &a), &b), "(c a) b")?;
            // A decoded state must behave like the original, whatever byte follows its encoding.
            for behind in [0u8, 0xff] {
                let mut stored = bytes(&slot, &a);
                stored.push(behind);
                let mut rest = stored.as_slice();
                let read = slot.decode(&mut rest).expect("its own bytes");
                prop_assert_eq!(rest, &[behind][..], "{:?}", slot);
                same(&merged(&slot, &merged(&slot, &read, &b), &c), "read and continued")?;
            }
        }
    }

    /// Goal: bytes that decode are those of the state they decode to; others are refused, and none
    /// panics. Method: a state's bytes with one byte changed, and cut short.
    #[test]
    fn s14_damaged_states_are_refused_or_canonical(
        events in prop::collection::vec(any_event(), 0..12),
        damage in (any::<prop::sample::Index>(), any::<u8>()),
    ) {
        let rows = rows(&events);
        for slot in slots() {
            let mut stored = bytes(&slot, &fold(&slot, &rows, 0..rows.len()));
            prop_assert!(slot.decode(&mut &stored[..stored.len() - 1]).is_none(), "{:?}", slot);
            let at = damage.0.index(stored.len());
            stored[at] = damage.1;
            let mut rest = stored.as_slice();
            if let Some(state) = slot.decode(&mut rest) {
                let read = &stored[..stored.len() - rest.len()];
                prop_assert_eq!(&bytes(&slot, &state)[..], read, "{:?}", slot);
            }
        }
    }
}
