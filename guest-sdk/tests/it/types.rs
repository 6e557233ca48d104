//! Every type, through a view that passes it on.

use crate::flat::{Cells, batch, outcome};
use crate::{fresh, warm};
use lockstep_sdk::__::{Run, Transform};
use lockstep_sdk::prelude::*;

#[derive(Event)]
#[event(source = "typed", time = at)]
struct Typed<'a> {
    at: EventTime,
    int: Option<i64>,
    double: f64,
    maybe_double: Option<f64>,
    single: Option<f32>,
    flag: Option<bool>,
    sure: bool,
    text: Option<&'a str>,
    name: &'a str,
    ints: List<'a, i64>,
    texts: Option<List<'a, &'a str>>,
}

#[derive(View)]
#[view(key = [name])]
#[features(count, windows = ["1d"])]
struct Passed<'a> {
    at: EventTime,
    int: Option<i64>,
    double: f64,
    maybe_double: Option<f64>,
    single: Option<f32>,
    flag: Option<bool>,
    sure: bool,
    text: Option<&'a str>,
    name: &'a str,
    ints: List<'a, i64>,
    texts: Option<List<'a, &'a str>>,
    owned: String,
    made: Vec<Option<i64>>,
    made_texts: Option<Vec<String>>,
}

#[transform]
fn passed<'a>(event: &Typed<'a>) -> Passed<'a> {
    Passed {
        at: event.at,
        int: event.int,
        double: event.double,
        maybe_double: event.maybe_double,
        single: event.single,
        flag: event.flag,
        sure: event.sure,
        text: event.text,
        name: event.name,
        ints: event.ints,
        texts: event.texts,
        owned: event.name.to_uppercase(),
        made: event.ints.iter().rev().collect(),
        made_texts: event.text.map(|text| vec![text.to_string(), String::new()]),
    }
}

const PASSED: &[Run] = &[<passed as Transform>::run];

/// A small linear congruential generator (Knuth's MMIX constants): the seed makes the batch.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    fn pick<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize].clone()
    }

    /// Rows with nulls if `nullable`, and in half of all such columns none.
    fn rows<T: Clone>(&mut self, rows: usize, nullable: bool, of: &[T]) -> Vec<Option<T>> {
        let nulls = nullable && self.below(2) == 0;
        (0..rows).map(|_| (!nulls || self.below(3) > 0).then(|| self.pick(of))).collect()
    }

    fn lists<T: Clone>(
        &mut self,
        rows: usize,
        nullable: bool,
        of: &[T],
    ) -> Vec<Option<Vec<Option<T>>>> {
        let shapes = self.rows(rows, nullable, &[0, 1, 3]);
        shapes.into_iter().map(|length| length.map(|length| self.rows(length, true, of))).collect()
    }
}

const TEXTS: [&str; 5] = ["", "a", "ü€😀", "\0", "plain text"];

/// What the columns of `Passed` are for each row, from the rows of `Typed`.
fn typed(seed: u64, rows: usize) -> (Vec<Cells>, Vec<Cells>) {
    let mut random = Random(seed);
    let texts = TEXTS.map(str::to_string);
    let ints = [0, -1, i64::MIN, i64::MAX, (1 << 53) + 1];
    let quiet = f64::from_bits(0x7ff8_0000_0000_0001);
    let doubles = [0.0, -0.0, 1.5, f64::INFINITY, f64::MIN_POSITIVE, quiet];
    let singles = [0.0, -0.0, f32::MAX, f32::from_bits(0x7fc0_0001)];
    let names = random.rows(rows, false, &texts);
    let text = random.rows(rows, true, &texts);
    let lists = random.lists(rows, false, &ints);
    let columns = vec![
        Cells::Int(random.rows(rows, false, &ints)),
        Cells::Int(random.rows(rows, true, &ints)),
        Cells::Double(random.rows(rows, false, &doubles)),
        Cells::Double(random.rows(rows, true, &doubles)),
        Cells::Single(random.rows(rows, true, &singles)),
        Cells::Flag(random.rows(rows, true, &[false, true])),
        Cells::Flag(random.rows(rows, false, &[false, true])),
        Cells::Text(text.clone()),
        Cells::Text(names.clone()),
        Cells::Lists(lists.clone()),
        Cells::Texts(random.lists(rows, true, &texts)),
    ];
    let upper = names.into_iter().map(|name| name.map(|name| name.to_uppercase())).collect();
    let reversed = lists.into_iter().map(|list| list.map(|list| list.into_iter().rev().collect()));
    let pairs = text.into_iter().map(|text| text.map(|text| vec![Some(text), Some(String::new())]));
    let made =
        [Cells::Text(upper), Cells::Lists(reversed.collect()), Cells::Texts(pairs.collect())];
    let passed = columns.iter().cloned().chain(made).collect();
    (columns, passed)
}

/// Goal: each type is read and written bit for bit, NaN payloads included, at every row count
/// around a byte of bits. Method: generated columns against the same columns laid out by hand.
#[test]
fn s14_every_type_passes_unchanged() {
    for rows in [0, 1, 2, 7, 8, 9, 15, 16, 17, 64, 100] {
        for seed in 0..40 {
            let (columns, passed) = typed(seed, rows);
            let sources: Vec<usize> = (0..rows).collect();
            let answer = fresh(PASSED, 1, &batch(rows, &columns));
            assert!(answer == outcome(&[], &sources, &passed), "seed {seed}, {rows} rows");
        }
    }
}

/// Goal: a warm instance answers as a fresh one (S7). Method: the same scratch for batches of
/// changing sizes, each compared with a fresh scratch.
#[test]
fn s07_a_warm_instance_answers_like_a_fresh_one() {
    let mut scratches = Vec::new();
    for seed in 0..200 {
        let rows = [100, 1, 0, 17][seed as usize % 4];
        let batch = batch(rows, &typed(seed, rows).0);
        let expected = fresh(PASSED, 1, &batch);
        assert!(warm(PASSED, 1, &batch, &mut scratches) == expected, "seed {seed}");
    }
}

/// Goal: a list says what it holds. Method: the derive's reading of a row with nulls inside.
#[test]
fn lists_have_nullable_elements() {
    #[derive(Event)]
    #[event(source = "lists", time = at)]
    struct Listed<'a> {
        at: EventTime,
        list: List<'a, &'a str>,
    }

    #[derive(View)]
    #[view(key = [at])]
    struct Told {
        at: EventTime,
        #[features(last, windows = ["1d"])]
        told: String,
    }

    #[transform]
    fn told(event: &Listed) -> Told {
        let list = event.list;
        assert_eq!(list.iter().len(), list.len());
        assert_eq!(list.is_empty(), list.iter().next().is_none());
        Told { at: event.at, told: format!("{list:?} {:?} {:?}", list.get(0), list.get(2)) }
    }

    let list = vec![Some("a".to_string()), None];
    let columns =
        [Cells::Int(vec![Some(1), Some(2)]), Cells::Texts(vec![Some(list), Some(vec![])])];
    let said = ["[Some(\"a\"), None] Some(Some(\"a\")) None", "[] None None"];
    let expected = [Cells::Int(vec![Some(1), Some(2)]), crate::flat::text(&said)];
    let answer = fresh(&[<told as Transform>::run], 1, &batch(2, &columns));
    assert_eq!(answer, outcome(&[], &[0, 1], &expected));
}

/// Goal: a batch of other columns than declared is never read as something else.
/// Method: a column too few, one too many, a null where none may be, another type.
#[test]
fn a_batch_that_does_not_fit_traps() {
    #[derive(Event)]
    #[event(source = "small", time = at)]
    struct Small<'a> {
        at: EventTime,
        name: &'a str,
    }

    #[derive(View)]
    #[view(key = [name])]
    #[features(count, windows = ["1d"])]
    struct Named<'a> {
        name: &'a str,
    }

    #[transform]
    fn named<'a>(event: &Small<'a>) -> Option<Named<'a>> {
        (event.at.as_micros() != 0).then_some(Named { name: event.name })
    }

    let (at, name) = (crate::flat::int(&[1]), crate::flat::text(&["a"]));
    let run: &[Run] = &[<named as Transform>::run];
    assert_eq!(
        fresh(run, 1, &batch(1, &[at.clone(), name.clone()])),
        outcome(&[], &[0], std::slice::from_ref(&name))
    );
    for (columns, why) in [
        (vec![at.clone()], "too few"),
        (vec![at.clone(), name.clone(), at.clone()], "too many"),
        (vec![Cells::Int(vec![None]), name.clone()], "a null time"),
        (vec![at.clone(), Cells::Text(vec![None])], "a null name"),
        (vec![at.clone(), at.clone()], "a number for a text"),
        (vec![name.clone(), at.clone()], "the wrong order"),
        (vec![at, Cells::Text(vec![])], "no row"),
    ] {
        let caught = std::panic::catch_unwind(|| fresh(run, 1, &batch(1, &columns)));
        let message = *caught.expect_err(why).downcast::<&str>().unwrap();
        assert!(message.contains("does not fit the declared columns"), "{why}: {message}");
    }
}
