//! Lockstep computes the features of machine-learning models. It runs feature transforms, compiled
//! once to a Wasm component, and gives the same bits in training sets, in streams and in online
//! serving.
//!
//! - A [`Project`] is a folder with a `lockstep.toml`: sources, artifacts, services and a store.
//! - A [`TrainingSetJob`] joins a spine, a table of keys and times, with a service's features, each
//!   row as of its own time.
//! - A [`BackfillJob`] fills the store from the sources' files, and a [`StreamJob`] adds the events
//!   that come later. After a crash the same job goes on from the position that the store has.
//! - An [`OnlineHost`] computes the features of one request from the store. It returns them with
//!   the time for which they are computed, the commit that was read, and what computed them.
//! - A [`ParityJob`] tests on a log that all of these give the same bits.
//!
//! ```no_run
//! use lockstep_runtime::{AsOf, BackfillJob, OnlineHost, Project, Result, TrainingSetJob};
//!
//! fn main() -> Result<()> {
//!     let project = Project::open("lockstep.toml")?;
//!     let job = TrainingSetJob::new("mention_ranker", "labels.parquet", "train.parquet");
//!     let made = job.run(&project, &mut |progress| eprintln!("{progress:?}"))?;
//!     println!("{} rows with {} features", made.rows, made.features);
//!
//!     BackfillJob::default().run(&project, &mut |_| {})?;
//!     let host = OnlineHost::open("lockstep.toml")?;
//!     let request = [("actor", "u00078"), ("candidate", "u00305"), ("area", "fs")];
//!     let vector = host.get("mention_ranker", &request, AsOf::Now)?;
//!     println!("{:?} as of {}", vector.value("pair_mentions.count_7d"), vector.as_of);
//!     Ok(())
//! }
//! ```
//!
//! Nothing here reads arguments or prints. A job calls its callback on the thread that runs it, and
//! ends every thread that it starts; its documentation names these threads. Files in object stores
//! are read by two threads called `objects`, which run tokio, start with the first object and stay.
//! Inside a tokio runtime of your own, run a job with `spawn_blocking`. Each [`Error`] has a
//! [`Code`], by which programs tell errors apart.
#![cfg_attr(not(test), deny(unused_crate_dependencies))] // Unused code is removed.

mod allocator;
mod arrivals_column;
mod backfill;
mod base_files;
mod destination;
mod earlier;
mod failed_merge;
mod fill_report;
mod fold;
mod inputs;
mod memory;
mod new_versions;
mod online_host;
mod parity;
mod positions;
mod progress;
mod project;
mod provenance;
mod spine;
mod stream;
mod training_set;

// Projects, and the jobs that run on them.
pub use backfill::BackfillJob;
pub use failed_merge::FailedMerge;
pub use fill_report::FillReport;
pub use lockstep_engine::generations::{CaughtUp, View as CaughtUpView};
pub use lockstep_engine::ingest::{Parted, StoppedView};
pub use lockstep_engine::parity::{Conflict, Difference, FeatureReport, Report as ParityReport};
pub use memory::Memory;
pub use online_host::OnlineHost;
pub use parity::ParityJob;
pub use progress::Progress;
pub use project::{EVENT_BATCH_ROWS, Project, ProjectOptions};
pub use stream::{StreamInput, StreamJob};
pub use training_set::{Questions, TrainingSetJob, TrainingSetReport};

// Requests, and the feature vectors that are returned.
pub use lockstep_core::cell::value_of_text;
pub use lockstep_core::fold::Status;
pub use lockstep_core::json;
pub use lockstep_core::notation::{Notation, TimeUnit};
pub use lockstep_core::shown::{shown, shown_lines, shown_message};
pub use lockstep_core::time::Time;
pub use lockstep_core::value::{Column, DataType, Value};
pub use lockstep_core::{CallCause, Code, Error, ErrorKind, Result};
pub use lockstep_engine::online::AsOf;
pub use lockstep_engine::online::request::unknown_column;
pub use lockstep_engine::service::{AS_OF, Service};
pub use lockstep_engine::shape::Shape;
pub use lockstep_engine::vector::{FeatureVector, Identity};

// What a project is made of.
pub use lockstep_core::event::{EventBatch, SetAside, SourceSchema};
pub use lockstep_engine::catalog::Catalog;
pub use lockstep_source::{
    EventReader, Format, Notice, SourceFile, TrainingWriter, column_of, read_table,
};
pub use lockstep_store::Store;

// Artifacts, for those who make them or show what they declare.
pub use lockstep_core::feature::{Aggregate, EntryOrder, Feature, Operand, OperandAggregate};
pub use lockstep_core::manifest::{Manifest, OnDemand, UserAggregate};
pub use lockstep_core::view::{Boundary, EventDeclaration, FeatureView};
pub use lockstep_core::window::{CalendarUnit, Weekday, Window, Zone, duration};
pub use lockstep_disk::write_atomically;
pub use lockstep_engine::catalog::{cached_engine, cached_engine_with};
pub use lockstep_engine::inputs::check_inputs;
pub use lockstep_engine::project::ProjectFile;
pub use lockstep_guest::{
    Artifact, Clock, Compiler, Engine, EngineConfig, GuestMemory, MANIFEST_SECTION,
    custom_sections, probe, serve_compiler,
};
