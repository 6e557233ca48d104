//! An earlier training set, to which the rows of a run are appended.
//!
//! Its file records what its values depend on: the service, the code of each view, the rules for
//! `as_of`, and the contents of the events that its windows could read ([`Content`]). A run that
//! appends compares all of it with what it finds.
//!
//! Invariant: if nothing is refused, the earlier rows followed by the new ones are what a run would
//! make of all questions at once, byte for byte. Whatever is refused, is refused before anything is
//! written. Deliberately absent: computing the contents, which is the engine's.

use crate::project::Project;
use crate::provenance;
use crate::spine::{Spine, SpineReader};
use crate::training_set::{Questions, TrainingSetJob};
use arrow::array::RecordBatch;
use arrow::datatypes::{Field, Schema, SchemaRef};
use lockstep_core::event::arrow_type;
use lockstep_core::time::Time;
use lockstep_core::{Code, Error, Result};
use lockstep_engine::service::Service;
use lockstep_engine::shape::Shape;
use lockstep_engine::training::{Changed, Content, TrainingSet};
use lockstep_engine::vector::Identity;
use lockstep_source::{Format, Pattern, TableOptions, TrainingWriter};
use serde_json::{Map, Value, json};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;

/// The entry of a file that says what its rows depend on, without the prefix of all entries.
const ROWS: &str = "rows";

/// The end of each refusal.
const REMEDY: &str = "make the training set anew, without --append-to";

/// An earlier training set.
#[derive(Debug)]
pub(crate) struct Earlier {
    place: String,
    spine: Spine,
    schema: SchemaRef,
    /// The entries of the file, without their prefix.
    entries: HashMap<String, String>,
    /// The entry [`ROWS`].
    recorded: Value,
    contents: BTreeMap<String, Content>,
}

/// What a training set says about its rows.
#[derive(Debug)]
pub(crate) struct Rows<'a> {
    pub(crate) service: &'a Service,
    pub(crate) project: &'a Project,
    pub(crate) questions: &'a Questions,
    pub(crate) count: u64,
    pub(crate) times: Option<(i64, i64)>,
}

impl Rows<'_> {
    /// The text of the entry.
    pub(crate) fn entry(&self, contents: impl Iterator<Item = (String, Content)>) -> String {
        let views: Map<String, Value> =
            contents.map(|(name, content)| (name, content.json())).collect();
        let mut entry = definition(self.project, self.service);
        entry["questions"] = kind(self.questions).into();
        entry["count"] = self.count.into();
        entry["first_us"] = json!(self.times.map(|(first, _)| first));
        entry["last_us"] = json!(self.times.map(|(_, last)| last));
        entry["views"] = views.into();
        entry.to_string()
    }
}

/// The part of a service's definition that neither its features nor its views' generations tell: the
/// request columns of each view's key, and the artifacts of on-demand transforms.
fn definition(project: &Project, service: &Service) -> Value {
    let catalog = project.catalog();
    let keys = service.views.iter().map(|view| {
        let names = view.key.iter().map(|column| Value::from(&*service.request[*column].name));
        (catalog.views()[view.view].declaration().name.clone(), names.collect::<Value>())
    });
    let on_demand = service.on_demand.iter().map(|used| {
        let loaded = &catalog.on_demand()[used.on_demand];
        let digest = catalog.artifacts()[loaded.artifact].1.digest().to_string();
        (loaded.declaration.name.clone(), Value::from(digest))
    });
    let (keys, on_demand): (Map<_, _>, Map<_, _>) = (keys.collect(), on_demand.collect());
    json!({"keys": keys, "on_demand": on_demand})
}

fn kind(questions: &Questions) -> &'static str {
    match questions {
        Questions::Spine(_) => "spine",
        Questions::AllKeys { .. } => "all keys",
    }
}

impl Earlier {
    /// The training set at `path`, to be extended as `output`.
    pub(crate) fn open(path: &Path, output: &Path) -> Result<Earlier> {
        let place = path.display().to_string();
        let refused = |why: &str| refusal(&place, "file", None, why);
        let is_parquet = |path: &Path| Format::of(path).is_ok_and(|it| it == Format::Parquet);
        if !is_parquet(path) {
            return Err(refused(
                "rows can only be appended to a training set in one file that ends in .parquet",
            ));
        }
        if !is_parquet(output) {
            return Err(refused("with rows appended to it, this is written as .parquet only"));
        }
        let files = Pattern::new("", path.to_string_lossy()).files()?;
        if files.len() > 1 {
            return Err(refused("this is more than one file, and rows are appended to one"));
        }
        let spine = Spine::Files { files, options: TableOptions::default() };
        let schema = spine.schema()?;
        let entries = schema.metadata().iter().filter_map(|(name, value)| {
            Some((name.strip_prefix(provenance::PREFIX)?.to_string(), value.clone()))
        });
        let entries: HashMap<String, String> = entries.collect();
        if !entries.contains_key("service") {
            return Err(refused("this is no training set that Lockstep made"));
        }
        let Some(recorded) = entries.get(ROWS) else {
            return Err(refused(
                "this training set does not say what its rows were made of, because an earlier \
                 version of Lockstep made it",
            ));
        };
        let recorded: Option<Value> = serde_json::from_str(recorded).ok();
        let views = |it: &Value| -> Option<BTreeMap<String, Content>> {
            let views = it["views"].as_object()?.iter();
            views.map(|(name, content)| Some((name.clone(), Content::parse(content)?))).collect()
        };
        let Some((recorded, contents)) = recorded.and_then(|it| views(&it).map(|of| (it, of)))
        else {
            return Err(refused(
                "this training set says in a form that is not known what its rows were made of, \
                 because another version of Lockstep made it",
            ));
        };
        Ok(Earlier { place, spine, schema, entries, recorded, contents })
    }

    /// The files, whose versions tell whether they changed.
    pub(crate) fn spine(&self) -> &Spine {
        &self.spine
    }

    /// A reader of the rows.
    pub(crate) fn reader(&self) -> Result<SpineReader> {
        self.spine.reader()
    }

    /// The number of rows.
    pub(crate) fn rows(&self) -> u64 {
        self.recorded["count"].as_u64().unwrap_or_default()
    }

    /// The first and the last time of the rows, in microseconds.
    pub(crate) fn times(&self) -> Option<(i64, i64)> {
        self.recorded["first_us"].as_i64().zip(self.recorded["last_us"].as_i64())
    }

    /// The contents of the events that the rows' windows could read.
    pub(crate) fn contents(&self) -> &BTreeMap<String, Content> {
        &self.contents
    }

    /// The error for a file that was changed by others.
    pub(crate) fn altered(&self) -> Error {
        let why = "the rows of this file are not those that were written; something changed it";
        self.refused("file", why)
    }

    fn refused(&self, because: &'static str, why: &str) -> Error {
        refusal(&self.place, because, None, why)
    }

    /// The same with a reason that ends with another remedy.
    fn refused_unless(&self, because: &'static str, why: &str) -> Error {
        let code = Code::NotAppendable { file: self.place.clone(), because, view: None };
        Error::input(format!("{}: {why}, or {REMEDY}", self.place)).with_code(code)
    }

    /// Refuses a training set that a run of this job would have made otherwise, whatever its events.
    pub(crate) fn check(
        &self,
        project: &Project,
        service: &Service,
        job: &TrainingSetJob,
    ) -> Result<()> {
        let (catalog, entries) = (project.catalog(), &self.entries);
        if entries["service"] != service.name {
            let why = format!(
                "this is a training set of service {}, not of {}",
                entries["service"], service.name
            );
            return Err(self.refused("service", &why));
        }
        if entries.get("service_digest") != Some(&Shape::of(&service.outputs).digest().to_string())
        {
            let why = format!("service {} has other features now", service.name);
            return Err(self.refused("service", &why));
        }
        let now: HashMap<String, String> = Identity::of(catalog).entries().into_iter().collect();
        for used in &service.views {
            let view = &catalog.views()[used.view].declaration().name;
            let entry = format!("generation.{view}");
            if entries.get(&entry) != now.get(&entry) || !self.contents.contains_key(view) {
                let why = format!(
                    "view {view} has other code now, or other settings of its source: its \
                     generation changed (S23)"
                );
                return Err(refusal(&self.place, "code", Some(view), &why));
            }
        }
        let current = definition(project, service);
        if self.recorded["on_demand"] != current["on_demand"]
            || !service.on_demand.is_empty()
                && entries.get("architecture") != now.get("architecture")
        {
            let why = "the on-demand transforms of the service have other code now (S23)";
            return Err(self.refused("code", why));
        }
        if self.recorded["keys"] != current["keys"] {
            let why = "the service takes the keys of its views from other request columns now";
            return Err(self.refused("service", why));
        }
        let (column, known) = (&job.as_of_column, job.as_known.as_deref());
        let as_of = provenance::as_of(catalog, service, column, known);
        let before: Value =
            entries.get("as_of").and_then(|it| serde_json::from_str(it).ok()).unwrap_or_default();
        for (setting, name) in [("column", "--as-of-column"), ("known", "--as-known")] {
            if before[setting] != as_of[setting] {
                let shown =
                    |value: &Value| value.as_str().map_or("none".into(), |it| format!("{it:?}"));
                let why = format!(
                    "it was made with another {name}: {} then, and {} now; name the same",
                    shown(&before[setting]),
                    shown(&as_of[setting])
                );
                return Err(self.refused_unless("settings", &why));
            }
        }
        if before != as_of {
            return Err(self.refused("settings", "its windows ended by other rules"));
        }
        self.check_questions(&job.questions)
    }

    fn check_questions(&self, questions: &Questions) -> Result<()> {
        if self.recorded["questions"] != kind(questions) {
            let why = match questions {
                Questions::Spine(_) => "it has rows for all keys (--all-keys), not for a spine",
                Questions::AllKeys { .. } => "it has rows for a spine, not for all keys",
            };
            return Err(self.refused("questions", why));
        }
        let (Questions::AllKeys { as_of }, Some((_, last))) = (questions, self.times()) else {
            return Ok(());
        };
        let last = Time::saturating(last);
        match as_of.iter().min() {
            Some(first) if *first <= last => {
                let why = format!(
                    "it has rows for all keys up to {last}, and those of {first} would come \
                     before them; name later times with --as-of"
                );
                Err(self.refused_unless("questions", &why))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a training set with other columns than those of `spine` and the service's features,
    /// which would be written to `output`.
    pub(crate) fn check_columns(
        &self,
        output: &Path,
        spine: &Schema,
        service: &Service,
    ) -> Result<()> {
        let features = service
            .outputs
            .iter()
            .map(|output| Arc::new(Field::new(&output.name, arrow_type(&output.data_type), true)));
        let fields: Vec<Arc<Field>> = spine.fields().iter().cloned().chain(features).collect();
        let now = TrainingWriter::check(output, &Schema::new(fields))?;
        let shown = |field: Option<&Arc<Field>>| match field {
            Some(field) => format!("{:?}, {}", field.name(), field.data_type()),
            None => "missing".to_string(),
        };
        for at in 0..now.fields().len().max(self.schema.fields().len()) {
            let (then, now) = (self.schema.fields().get(at), now.fields().get(at));
            let same = then.zip(now).is_some_and(|(then, now)| {
                then.name() == now.name() && then.data_type() == now.data_type()
            });
            if !same {
                let why = format!(
                    "its column {} (from 1) is {}, and in the rows to be appended it is {}; give \
                     the spine the same columns, in the same order and with the same types",
                    at + 1,
                    shown(then),
                    shown(now)
                );
                return Err(self.refused_unless("columns", &why));
            }
        }
        Ok(())
    }

    /// Refuses to append if the events that the rows' windows could read are others now.
    pub(crate) fn check_events(&self, training: &TrainingSet<'_>) -> Result<()> {
        let now = training.contents();
        let changed = self.contents.iter().filter_map(|(view, then)| {
            let now = now.get(view)?.1.as_ref()?;
            Some((view, then.changed(now)?))
        });
        let changed: Vec<(&String, Changed)> = changed.collect();
        let Some((first, _)) = changed.first() else { return Ok(()) };
        let lines = changed.iter().map(|(view, changed)| {
            let Changed { from, until, rows_then, rows_now } = changed;
            let found = match rows_then == rows_now {
                true => "other ones now",
                false => "now",
            };
            let (then, now) = (rows(*rows_then), rows_now);
            format!(
                "view {view}: between {from} and {until} it had {then} when this training set was \
                 made, and has {now} {found}"
            )
        });
        let why = format!(
            "events have come, gone or changed in times that its rows can see:\n  {}\n  its rows \
             would have other values",
            lines.collect::<Vec<String>>().join("\n  ")
        );
        Err(refusal(&self.place, "events", Some(first), &why))
    }

    /// The columns of the whole for those of the new rows: one that may be null in either may be
    /// null.
    pub(crate) fn widened(&self, new: &Schema) -> SchemaRef {
        let fields = new.fields().iter().zip(self.schema.fields()).map(|(new, earlier)| {
            let nullable = new.is_nullable() || earlier.is_nullable();
            new.as_ref().clone().with_nullable(nullable)
        });
        Arc::new(Schema::new(fields.collect::<Vec<Field>>()))
    }
}

/// Rows with the columns of `schema`, which differ at most in what may be null.
pub(crate) fn relabelled(schema: &SchemaRef, batch: &RecordBatch) -> Result<RecordBatch> {
    RecordBatch::try_new(schema.clone(), batch.columns().to_vec())
        .map_err(|error| Error::bug("appended rows have other columns").because(error))
}

fn rows(count: u64) -> String {
    if count == 1 { "1 row".into() } else { format!("{count} rows") }
}

fn refusal(place: &str, because: &'static str, view: Option<&String>, why: &str) -> Error {
    let code = Code::NotAppendable { file: place.into(), because, view: view.cloned() };
    Error::input(format!("{place}: {why}; {REMEDY}")).with_code(code)
}
