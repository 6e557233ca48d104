//! The catalogue: all that the loaded artifacts declare, by name. An artifact is the compiled
//! component of one crate of transforms. It declares views, whose rows are made from events and
//! kept as states in a store, and on-demand transforms, which are run for each request.
//!
//! Invariant: names are unique over all artifacts; every view has a plan of how its rows are folded
//! and which states are kept; every source has one schema. Deliberately absent: services, stores,
//! and any input or output beyond loading components.

use crate::admission::arrivals::with_arrivals;
use crate::project::{ProjectFile, or_none};
use crate::service::Service;
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::event::SourceSchema;
use lockstep_core::generation::SourceSettings;
use lockstep_core::manifest::OnDemand;
use lockstep_core::notation::Notation;
use lockstep_core::time::DAY_US;
use lockstep_core::view::FeatureView;
use lockstep_core::view_plan::ViewPlan;
use lockstep_guest::{Artifact, Clock, Engine, EngineConfig};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

/// A loaded view.
#[derive(Clone, Debug)]
pub struct CatalogView {
    /// The index of its artifact.
    pub artifact: usize,
    /// Its index in the artifact's manifest.
    pub index: usize,
    /// How its rows are folded into states, and which states a store keeps.
    pub plan: ViewPlan,
}

/// A loaded on-demand transform.
#[derive(Clone, Debug)]
pub struct CatalogOnDemand {
    /// The index of its artifact.
    pub artifact: usize,
    /// Its index in the artifact's manifest.
    pub index: usize,
    /// Its declaration.
    pub declaration: Arc<OnDemand>,
}

/// All that the loaded artifacts declare.
#[derive(Debug)]
pub struct Catalog {
    artifacts: Vec<(String, Artifact)>,
    /// The artifacts of the project that cannot be opened, named, and why.
    broken: Vec<(String, Error)>,
    views: Vec<CatalogView>,
    on_demand: Vec<CatalogOnDemand>,
    sources: BTreeMap<String, Arc<SourceSchema>>,
    /// For how long, in event time, a store keeps the version of an artifact that was active
    /// before.
    keep_previous_us: i64,
}

/// The default of [`Catalog::keep_previous`].
pub const KEEP_PREVIOUS_US: i64 = 7 * DAY_US;

impl CatalogView {
    /// The declaration.
    pub fn declaration(&self) -> &FeatureView {
        self.plan.declaration()
    }
}

impl Catalog {
    /// Opens the artifacts of a project and checks them against its lock file. Each is compiled when
    /// it is first needed. One that cannot be opened stops those who use it, and the whole project
    /// only if no other artifact is left.
    pub fn load(engine: &Engine, project: &ProjectFile) -> Result<Catalog> {
        let (mut artifacts, mut broken) = (Vec::new(), Vec::new());
        for (name, path) in &project.artifacts {
            let opened = Artifact::open(engine, path).and_then(|artifact| {
                project.check_lock(name, artifact.digest())?;
                Ok(artifact)
            });
            match opened {
                Ok(artifact) => artifacts.push((name.clone(), artifact)),
                Err(error) => broken.push((name.clone(), error)),
            }
        }
        if let (true, Some((_, error))) = (artifacts.is_empty(), broken.first()) {
            return Err(error.clone());
        }
        if artifacts.is_empty() {
            return Err(Error::input(format!(
                "{} names no artifacts; add [artifacts] name = \"file.wasm\"",
                project.file.display()
            ))
            .with_code(Code::NotConfigured { setting: "artifacts".into() }));
        }
        let mut catalog = Catalog::new(artifacts)?;
        catalog.broken = broken;
        catalog.keep_previous(project.keep_previous_us);
        for (source, config) in &project.sources {
            if let Some((column, line)) = &config.arrived_at {
                let place = format!("{}:{line}", project.file.display());
                catalog.record_arrivals(source, column).map_err(|error| error.at(place))?;
            }
            catalog.declare_notation(source, &config.notation);
        }
        Ok(catalog)
    }

    /// Sets `column` as the one that records the arrival of `source`'s events (S11), if a view
    /// reads that source.
    pub fn record_arrivals(&mut self, source: &str, column: &str) -> Result<()> {
        if let Some(schema) = self.sources.get_mut(source) {
            with_arrivals(schema, column, "arrived_at")?;
            Arc::make_mut(schema).arrived_at = Some(column.to_string());
        }
        Ok(())
    }

    /// Sets what `source` means by integers that are times and by texts that are null or boolean
    /// (S6), if a view reads that source.
    pub fn declare_notation(&mut self, source: &str, notation: &Notation) {
        if let Some(schema) = self.sources.get_mut(source)
            && schema.notation != *notation
        {
            Arc::make_mut(schema).notation = notation.clone();
        }
    }

    /// Sets for how long, in microseconds of event time, a store keeps and feeds the previous
    /// version of an artifact, so that going back to it is one commit.
    pub fn keep_previous(&mut self, keep_us: i64) {
        self.keep_previous_us = keep_us;
    }

    /// For how long a previous version is kept, in microseconds of event time.
    pub fn keep_previous_us(&self) -> i64 {
        self.keep_previous_us
    }

    /// The project's settings of `source`.
    pub fn settings(&self, source: &str) -> SourceSettings {
        let schema = self.sources.get(source);
        SourceSettings {
            arrived_at: schema.and_then(|schema| schema.arrived_at.clone()),
            notation: schema.map(|schema| schema.notation.clone()).unwrap_or_default(),
        }
    }

    /// Takes the project's settings over from another catalogue.
    pub(crate) fn adopt_settings(&mut self, other: &Catalog) -> Result<()> {
        self.keep_previous_us = other.keep_previous_us;
        for (source, schema) in &other.sources {
            if let Some(column) = &schema.arrived_at {
                self.record_arrivals(source, column)?;
            }
            self.declare_notation(source, &schema.notation);
        }
        Ok(())
    }

    /// The catalogue of these named artifacts.
    pub fn new(artifacts: Vec<(String, Artifact)>) -> Result<Catalog> {
        let mut catalog = Catalog {
            artifacts: vec![],
            broken: vec![],
            views: vec![],
            on_demand: vec![],
            sources: BTreeMap::new(),
            keep_previous_us: KEEP_PREVIOUS_US,
        };
        let mut names: BTreeMap<String, String> = BTreeMap::new();
        let mut claim = |name: &str, artifact: &str| match names
            .insert(name.to_string(), artifact.to_string())
        {
            Some(other) => Err(Error::input(format!(
                "artifacts {other} and {artifact} both declare {name:?}; rename one"
            ))),
            None => Ok(()),
        };
        for (at, (name, artifact)) in artifacts.iter().enumerate() {
            for (index, view) in artifact.manifest().views.iter().enumerate() {
                claim(&view.name, name)?;
                let plan = ViewPlan::new(view, &artifact.manifest().aggregates)?;
                catalog.views.push(CatalogView { artifact: at, index, plan });
            }
            for (index, on_demand) in artifact.manifest().on_demand.iter().enumerate() {
                claim(&on_demand.name, name)?;
                let declaration = Arc::new(on_demand.clone());
                catalog.on_demand.push(CatalogOnDemand { artifact: at, index, declaration });
            }
        }
        let mut declarations = BTreeMap::<&str, Vec<_>>::new();
        for view in &catalog.views {
            let event = &view.declaration().event;
            declarations.entry(&event.source).or_default().push(event);
        }
        let schemas = declarations.into_iter().map(|(source, events)| {
            Ok((source.to_string(), Arc::new(SourceSchema::union(events)?)))
        });
        let schemas = schemas.collect::<Result<BTreeMap<_, _>>>()?;
        catalog.sources = schemas;
        catalog.artifacts = artifacts;
        Ok(catalog)
    }

    /// The clock of limits.
    pub fn clock(&self) -> &Clock {
        let (_, artifact) = self.artifacts.first().expect("a catalogue has an artifact");
        artifact.engine().clock()
    }

    /// Fails if an artifact of the project could not be opened. What writes to a store must check
    /// this: it cannot know which events that artifact's views read.
    ///
    /// # Errors
    /// The first such artifact's.
    pub fn check_whole(&self) -> Result<()> {
        match self.broken.first() {
            Some((_, error)) => Err(error.clone()),
            None => Ok(()),
        }
    }

    /// Fails if an artifact with a view of one of these sources cannot be loaded: compiles each. What
    /// fills a store checks it before it writes anything.
    ///
    /// # Errors
    /// The first such artifact's, with the way on without it.
    pub fn check_loads<S: AsRef<str>>(&self, sources: &[S]) -> Result<()> {
        for (at, (name, artifact)) in self.artifacts.iter().enumerate() {
            let mut own = self.views.iter().filter(|view| view.artifact == at);
            let reads = |view: &CatalogView| {
                sources.iter().any(|source| source.as_ref() == view.declaration().event.source)
            };
            let Some(view) = own.find(|view| reads(view)) else { continue };
            artifact.prepare().map_err(|error| {
                error.at(format!(
                    "nothing was written: view {} of artifact {name} reads source {}, and the artifact \
                     cannot be loaded; restore it, or take it out of [artifacts] to go on without it",
                    view.declaration().name,
                    view.declaration().event.source
                ))
            })?;
        }
        Ok(())
    }

    /// The part of this catalogue that a service needs, so that no other artifact can stop those who
    /// use it. Sources keep their columns, which all artifacts declare.
    pub fn needed_by(&self, service: &Service) -> Catalog {
        let views = service.views.iter().map(|view| self.views[view.view].artifact);
        let on_demand = service.on_demand.iter().map(|it| self.on_demand[it.on_demand].artifact);
        let needed: BTreeSet<usize> = views.chain(on_demand).collect();
        // Its new index.
        let moved = |artifact: usize| needed.iter().position(|at| *at == artifact);
        let view = |view: &CatalogView| {
            Some(CatalogView { artifact: moved(view.artifact)?, ..view.clone() })
        };
        let views: Vec<CatalogView> = self.views.iter().filter_map(view).collect();
        let on_demand = |it: &CatalogOnDemand| {
            Some(CatalogOnDemand { artifact: moved(it.artifact)?, ..it.clone() })
        };
        let mut sources = self.sources.clone();
        sources.retain(|source, _| {
            views.iter().any(|view| view.declaration().event.source == *source)
        });
        Catalog {
            artifacts: needed.iter().map(|at| self.artifacts[*at].clone()).collect(),
            broken: vec![],
            views,
            on_demand: self.on_demand.iter().filter_map(on_demand).collect(),
            sources,
            keep_previous_us: self.keep_previous_us,
        }
    }

    /// `error`, or if it is about a name that an artifact which could not be opened may declare, the
    /// error of that artifact.
    pub(crate) fn or_broken(&self, error: Error) -> Error {
        match (&error.code, self.broken.first()) {
            (Code::UnknownName { what: "view" | "source", .. }, Some((_, broken))) => {
                broken.clone()
            }
            _ => error,
        }
    }

    /// The artifacts, named.
    pub fn artifacts(&self) -> &[(String, Artifact)] {
        &self.artifacts
    }

    /// All views.
    pub fn views(&self) -> &[CatalogView] {
        &self.views
    }

    /// All on-demand transforms.
    pub fn on_demand(&self) -> &[CatalogOnDemand] {
        &self.on_demand
    }

    /// The sources that the views read, with their schemas.
    pub fn sources(&self) -> &BTreeMap<String, Arc<SourceSchema>> {
        &self.sources
    }

    /// The schema of the source called `name`.
    pub fn source(&self, name: &str) -> Result<&Arc<SourceSchema>> {
        self.sources.get(name).ok_or_else(|| {
            self.or_broken({
                let known: Vec<&str> = self.sources.keys().map(String::as_str).collect();
                let code = Code::unknown_name("source", name, known.iter().copied());
                Error::input(format!(
                    "no view reads a source {name:?}; the views' sources are: {}{}",
                    or_none(&known),
                    code.did_you_mean()
                ))
                .with_code(code)
            })
        })
    }

    /// The index of the view called `name`.
    pub fn view_index(&self, name: &str) -> Option<usize> {
        self.views.iter().position(|view| view.declaration().name == name)
    }

    /// The index of the on-demand transform called `name`.
    pub fn on_demand_index(&self, name: &str) -> Option<usize> {
        self.on_demand.iter().position(|on_demand| on_demand.declaration.name == name)
    }
}

/// An engine that keeps compiled artifacts in the user's cache folder, so that opening one again
/// takes well below a millisecond. The folder is `$XDG_CACHE_HOME/lockstep`, or
/// `$HOME/.cache/lockstep`; if neither variable is set, nothing is kept.
pub fn cached_engine() -> Result<Engine> {
    cached_engine_with(EngineConfig::default())
}

/// As [`cached_engine`], with the other settings of `config`.
pub fn cached_engine_with(config: EngineConfig) -> Result<Engine> {
    let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    let base = variable("XDG_CACHE_HOME")
        .map(PathBuf::from)
        .or_else(|| variable("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let cache_dir = base.map(|base| base.join("lockstep"));
    Engine::new(EngineConfig { cache_dir, ..config })
}
