//! scratch
use arrow::array::*;
use lockstep_oracle::*;
use std::sync::Arc;
#[test]
fn make() {
    let Ok(out) = std::env::var("SCRATCH_OUT") else { return };
    let log = read_log(
        &Table::open(std::path::Path::new(&std::env::var("SCRATCH_IN").unwrap())).unwrap(),
    )
    .unwrap();
    let mentions: Vec<_> = log.events.iter().filter(|e| e.mentioned.is_some()).collect();
    let mut cols: Vec<(String, ArrayRef, bool)> = vec![
        (
            "actor".into(),
            Arc::new(StringArray::from_iter(mentions.iter().map(|e| Some(&*e.actor)))),
            true,
        ),
        (
            "candidate".into(),
            Arc::new(StringArray::from_iter(mentions.iter().map(|e| e.mentioned.as_deref()))),
            true,
        ),
        (
            "area".into(),
            Arc::new(StringArray::from_iter(mentions.iter().map(|e| e.area.as_deref()))),
            true,
        ),
        (
            "as_of".into(),
            Arc::new(
                TimestampMicrosecondArray::from_iter_values(mentions.iter().map(|e| e.event_time))
                    .with_timezone("UTC"),
            ),
            true,
        ),
    ];
    let n = mentions.len();
    for (name, float) in
        std::env::var("SCRATCH_COLS").unwrap().split(',').map(|c| c.split_once(':').unwrap())
    {
        let a: ArrayRef = match float {
            "f" => Arc::new(Float64Array::from(vec![None::<f64>; n])),
            "i" => Arc::new(Int64Array::from(vec![None::<i64>; n])),
            _ => Arc::new(StringArray::from(vec![None::<&str>; n])),
        };
        cols.push((name.into(), a, true));
    }
    let batch = RecordBatch::try_from_iter_with_nullable(cols).unwrap();
    let mut w = parquet::arrow::ArrowWriter::try_new(
        std::fs::File::create(out).unwrap(),
        batch.schema(),
        None,
    )
    .unwrap();
    w.write(&batch).unwrap();
    w.close().unwrap();
}
#[test]
fn sample() {
    let Ok(input) = std::env::var("SCRATCH_IN") else { return };
    let log = read_log(&Table::open(std::path::Path::new(&input)).unwrap()).unwrap();
    let mut rows: std::collections::HashMap<Vec<String>, Vec<Row>> = Default::default();
    for e in &log.events { for (o, k) in (0..).zip((user_mentions::VIEWS[2].rows)(e)) {
        rows.entry(k.key).or_default().push(Row { event_time: e.event_time, event_id: Some(e.event_id.clone()), ordinal: o, values: k.values });
    } }
    let mut keys: Vec<_> = rows.keys().cloned().collect();
    keys.sort_by_key(|k| std::cmp::Reverse(rows[k].len()));
    let mut n = 0;
    for key in keys.iter().take(40) {
        let rows = &rows[key];
        let mut features = vec![];
        for window in [Window::Lifetime, Window::Sliding{length_us: 365*86_400_000_000, offset_us: 0}, Window::Sliding{length_us: 7*86_400_000_000, offset_us: 86_400_000_000}] {
            for aggregate in [Aggregate::Sum, Aggregate::Mean, Aggregate::Min, Aggregate::Max, Aggregate::First, Aggregate::Last, Aggregate::Count] {
                features.push(Feature { aggregate, column: Some(2), window });
            }
        }
        let h = History::new(rows.clone(), &features);
        for row in rows.iter().step_by(rows.len() / 5 + 1) {
            for f in &features {
                let (a, b) = (value(rows, *f, row.event_time), h.value(*f, row.event_time));
                assert!(same_bits(&a, &b), "{a} {b}");
                n += 1;
            }
        }
    }
    println!("SAMPLED {n} largest {}", rows[&keys[0]].len());
}
