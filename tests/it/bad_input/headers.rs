//! Files that hide rows or columns: a stray quote in CSV, and a declared column that a file lacks.
//!
//! Method: the log of the `orders` views (`columns.rs`) in every format, with one thing wrong; every
//! command that reads events, and a spine.

use super::columns::project;
use super::{Place, run};
use lockstep_runtime::{
    BackfillJob, ParityJob, Progress, Project, ProjectOptions, StreamInput, StreamJob,
    TrainingSetJob,
};
use std::fs;

/// The views' project with a log of `rows` rows as CSV, in which `change` may alter a line.
fn orders(rows: usize, header: &str, change: impl Fn(usize, String) -> String) -> (Place, String) {
    let place = project(&["soft"], &["ann".to_string()]);
    let line = |row: usize| {
        let line = format!("o{row},2024-03-01T00:00:{:02}Z,ann,{row},x", row % 60);
        change(row, line) + "\n"
    };
    let text = format!("{header}\n{}", (0..rows).map(line).collect::<String>());
    fs::write(place.path("orders.csv"), &text).unwrap();
    (place, text)
}

const HEADER: &str = "id,at,who,coupon,note";
const READING: [&str; 4] = [
    "training-set counts --spine @spine.csv -o @out.parquet",
    "backfill --store @new",
    "stream --store @new",
    "parity counts --spine @spine.csv --allow-unread-levels",
];

/// Goal: one stray quote costs no row in silence: every command fails with the file and the line
/// where the quote opens, however many bad rows are allowed (S8). Method: 1,000 rows, a quote in
/// the second, alone or with another one behind it, and either line ending; a spine as well.
#[test]
fn s08_a_stray_quote_fails_the_file() {
    for end in ["\n", "\r\n"] {
        for (second, problem) in [(None, "more than 128 lines"), (Some(50), "not valid CSV")] {
            let (place, text) = orders(1000, HEADER, |row, line| match row {
                1 => line.replace(",x", ",\"x"),
                row if Some(row) == second => line.replace(",x", ",\"y"),
                _ => line,
            });
            fs::write(place.path("orders.csv"), text.replace('\n', end)).unwrap();
            for command in READING {
                // A project of its own, so that no store is left.
                let line = format!("{command} --bad-rows-max 1000 --events orders=@orders.csv");
                let line = match command.starts_with("parity") {
                    true => line.replace(" --bad-rows-max 1000", ""),
                    false => line,
                };
                let (code, message) = run(place.folder.path(), &line);
                let _ = fs::remove_dir_all(place.path("new"));
                assert_eq!(code, 2, "{line}: {message}");
                for word in ["orders.csv: line 3: a quote opens here", problem] {
                    assert!(message.contains(word), "{line}: {word} in {message}");
                }
            }
        }
    }
    let (place, _) = orders(9, HEADER, |_, line| line);
    fs::write(place.path("open.csv"), "who,as_of\n\"ann,1970-01-03\nann,1970-01-04\n").unwrap();
    let line = "training-set counts --spine @open.csv -o @out.parquet --events orders=@orders.csv";
    place.check_files(line, 2, &["open.csv: line 2: a quote opens here", "the file ends"]);
    // Fields of several lines are read.
    let (place, _) = orders(9, HEADER, |row, line| match row {
        4 => line.replace(",x", ",\"x\n\ny\""),
        _ => line,
    });
    place.ends(&format!("{} --events orders=@orders.csv", READING[1]), 0, &[]);
}

/// What the four jobs tell about a log, each once a file.
fn told(place: &Place, events: &str, strict: bool) -> Vec<Result<Vec<String>, String>> {
    let open = |store: &str| {
        let events = vec![("orders".to_string(), place.path(events).display().to_string())];
        let store = Some(place.path(store));
        let options = ProjectOptions { events, store, strict_columns: strict };
        Project::open_with(place.folder.path(), options).unwrap()
    };
    let (spine, out) = (place.path("spine.csv"), place.path("out.parquet"));
    let mut all = Vec::new();
    for job in 0..4 {
        let mut notices = Vec::new();
        let project = open(&format!("store-{job}"));
        let mut hear = |progress: Progress<'_>| {
            if let Progress::Notice(notice) = progress {
                notices.push(notice.to_string());
            }
        };
        let ended = match job {
            0 => TrainingSetJob::new("counts", &spine, &out).run(&project, &mut hear).map(drop),
            1 => BackfillJob::default().run(&project, &mut hear).map(drop),
            2 => StreamJob::new(StreamInput::Files).run(&project, &mut hear).map(drop),
            _ => ParityJob::new("counts", &spine).run(&project, &mut hear).map(drop),
        };
        let _ = fs::remove_dir_all(place.path(&format!("store-{job}")));
        all.push(ended.map(|()| notices).map_err(|error| error.to_string()));
    }
    all
}

/// Goal: a column that may be null and that a file lacks is told once a file, with the name that it
/// may be a misspelling of, by every job and for every format; with strict columns such a file is
/// refused. Method: `coupon` spelled `Coupno`, and each format's file read by four jobs.
#[test]
fn an_absent_column_is_told_once_a_file() {
    let (place, _) = orders(9, "id,at,who,Coupno,note", |_, line| line);
    let json = |row: usize| {
        format!("{{\"id\":\"o{row}\",\"at\":\"2024-03-01\",\"who\":\"ann\",\"Coupno\":1}}\n")
    };
    fs::write(place.path("orders.ndjson"), (0..9).map(json).collect::<String>()).unwrap();
    let table = lockstep_source::read_table(
        &place.path("orders.csv"),
        &[("at".to_string(), lockstep_core::value::DataType::Timestamp)],
    )
    .unwrap();
    for name in ["orders.parquet", "orders.arrow"] {
        let schema = table.schema();
        let names = schema.fields().iter().map(|field| field.name().as_str());
        place.table(name, names.zip(table.columns().to_vec()).collect());
    }
    for name in ["orders.csv", "orders.ndjson", "orders.parquet", "orders.arrow"] {
        let path = place.path(name).display().to_string();
        let coupon = format!("{path}: there is no column \"coupon\"");
        let mut expect =
            vec![format!("{coupon}, so it is null in every row; did you mean \"Coupno\"?")];
        if name.ends_with("ndjson") {
            expect.push(format!("{path}: there is no column \"note\", so it is null in every row"));
        }
        for (job, notices) in told(&place, name, false).into_iter().enumerate() {
            assert_eq!(notices, Ok(expect.clone()), "job {job}");
        }
        for refused in told(&place, name, true) {
            let message = refused.unwrap_err();
            let words = [coupon.as_str(), "did you mean \"Coupno\"", "strict_columns"];
            assert!(words.iter().all(|word| message.contains(word)), "{message}");
        }
    }
    // The flag, and the setting of the project file.
    let line = "backfill --events orders=@orders.csv";
    place.check_files(&format!("{line} --strict-columns"), 2, &["no column \"coupon\""]);
    place.ends(line, 0, &[]);
    place.edit("[sources.orders]\n", "[sources.orders]\nstrict_columns = true\n");
    place.check_files(&format!("{line} --store @other"), 2, &["no column \"coupon\""]);
    // A key that only some rows have is no absent column.
    let some = "{\"id\":\"a\",\"at\":1,\"who\":\"ann\",\"coupon\":null,\"note\":\"x\"}\n";
    fs::write(place.path("some.ndjson"), some.to_string() + &json(1)).unwrap();
    assert_eq!(told(&place, "some.ndjson", true), vec![Ok(vec![]); 4]);
}
