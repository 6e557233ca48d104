//! A service: a named list of features, and the columns that a request for them must hold. A
//! feature is stored, which means computed from a view's states in the store, or it is the output
//! of an on-demand transform, which is run for each request.
//!
//! Invariant: a [`Service`] that exists is resolved: each of its names was found, and every key
//! part and every input of an on-demand transform is bound to one request column or stored feature
//! of the same type. The hosts only follow indices. Deliberately absent: values.

use crate::catalog::Catalog;
use crate::inputs;
use crate::project::{KeyNames, ProjectFile, ServiceConfig};
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::fold::FoldPlan;
use lockstep_core::manifest::FeatureInput;
use lockstep_core::time::{Interval, Time};
use lockstep_core::value::{Column, DataType};

/// The name of the request column that is always the answer's `as_of`, the time asked for.
pub const AS_OF: &str = "as_of";

/// A resolved service.
#[derive(Clone, Debug)]
pub struct Service {
    /// Its name.
    pub name: String,
    /// The columns of a request, in order of first use; `as_of` is not among them.
    pub request: Vec<Column>,
    /// What needs each request column, for messages, such as `pair_mentions.mentioned`.
    pub request_users: Vec<String>,
    /// The views to look up.
    pub views: Vec<ServiceView>,
    /// The on-demand transforms to run.
    pub on_demand: Vec<ServiceOnDemand>,
    /// The answer's features, named `view.feature`.
    pub outputs: Vec<Column>,
    /// Where each of these features comes from.
    pub origins: Vec<Origin>,
    /// The configuration from which it was resolved.
    config: ServiceConfig,
    /// The place of that configuration, for messages.
    place: String,
}

/// A view that a service looks up.
#[derive(Clone, Debug)]
pub struct ServiceView {
    /// The index in [`Catalog::views`].
    pub view: usize,
    /// For each part of the entity key, the index of its request column.
    pub key: Vec<usize>,
    /// The features to compute, by index in the view. Some may only be inputs of on-demand
    /// transforms.
    pub features: Vec<usize>,
}

/// An on-demand transform that a service runs.
#[derive(Clone, Debug)]
pub struct ServiceOnDemand {
    /// The index in [`Catalog::on_demand`].
    pub on_demand: usize,
    /// For each request column that it reads, the index in the request, or `None` for `as_of`.
    pub request: Vec<Option<usize>>,
    /// For each stored feature that it reads, its place in the service.
    pub features: Vec<StoredFeature>,
}

/// The place of a stored feature in a service: the view, and the position in its `features`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredFeature {
    /// The index in [`Service::views`].
    pub view: usize,
    /// The index in [`ServiceView::features`].
    pub position: usize,
}

/// Where a feature of the answer comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// A view.
    Stored(StoredFeature),
    /// An on-demand transform.
    OnDemand {
        /// The index in [`Service::on_demand`].
        on_demand: usize,
        /// The index of the output.
        output: usize,
    },
}

impl Service {
    /// Resolves the service called `name` of a project.
    pub fn resolve(project: &ProjectFile, catalog: &Catalog, name: &str) -> Result<Service> {
        let place = project.file.display().to_string();
        let resolver = Resolver::new(name, project.service(name)?, catalog, &place);
        resolver.resolve().map_err(|error| catalog.or_broken(error))
    }

    /// The range of event times of `source` that the service's views read for questions from
    /// `first` to `last`; none if no view reads the source.
    pub fn reach(
        &self,
        catalog: &Catalog,
        source: &str,
        first: Time,
        last: Time,
    ) -> Option<Interval> {
        let views = self.views.iter().map(|view| &catalog.views()[view.view].plan.fold);
        let reaches = views
            .filter(|plan| plan.view.event.source == source)
            .map(|plan| plan.reach(first, last));
        reaches.reduce(|a, b| Interval { start: a.start.min(b.start), end: a.end.max(b.end) })
    }

    /// A service with these features, written `view.feature` or `view.*`. Requests call key columns
    /// by their own names.
    ///
    /// # Errors
    /// If a feature is not known, or keys of one name differ in their types.
    pub fn of(catalog: &Catalog, name: &str, features: &[&str]) -> Result<Service> {
        let features = features.iter().map(|feature| (feature.to_string(), 0)).collect();
        let config = ServiceConfig { features, ..ServiceConfig::default() };
        Resolver::new(name, &config, catalog, "the program").resolve()
    }

    /// A service with every feature of every view and every on-demand transform. Requests call key
    /// columns by their own names.
    pub fn everything(catalog: &Catalog) -> Result<Service> {
        let views = catalog.views().iter().map(|view| view.declaration().name.clone());
        let on_demand =
            catalog.on_demand().iter().map(|on_demand| on_demand.declaration.name.clone());
        let features = views.chain(on_demand).map(|name| (format!("{name}.*"), 0)).collect();
        let config = ServiceConfig { features, ..ServiceConfig::default() };
        Resolver::new("everything", &config, catalog, "the artifact").resolve()
    }

    /// The same service, resolved against another catalogue.
    pub(crate) fn resolve_in(&self, catalog: &Catalog) -> Result<Service> {
        Resolver::new(&self.name, &self.config, catalog, &self.place).resolve()
    }

    /// The index of the request column called `name`.
    pub fn request_index(&self, name: &str) -> Option<usize> {
        self.request.iter().position(|column| column.name == name)
    }
}

struct Resolver<'a> {
    config: &'a ServiceConfig,
    catalog: &'a Catalog,
    place: &'a str,
    service: Service,
}

impl<'a> Resolver<'a> {
    fn new(name: &str, config: &'a ServiceConfig, catalog: &'a Catalog, place: &'a str) -> Self {
        let service = Service {
            name: name.to_string(),
            request: vec![],
            request_users: vec![],
            views: vec![],
            on_demand: vec![],
            outputs: vec![],
            origins: vec![],
            config: config.clone(),
            place: place.to_string(),
        };
        Resolver { config, catalog, place, service }
    }

    fn resolve(mut self) -> Result<Service> {
        self.check_keys()?;
        for (pattern, line) in &self.config.features {
            let place = format!("{}:{line}: service {}", self.place, self.service.name);
            self.pattern(pattern).map_err(|error| error.at(place))?;
        }
        if self.service.outputs.is_empty() {
            return Err(self.wrong("it names no features"));
        }
        for (view, KeyNames { line, .. }) in &self.config.keys {
            let used =
                |known: &ServiceView| self.catalog.views()[known.view].declaration().name == *view;
            if !self.service.views.iter().any(used) {
                return Err(self.wrong_at(
                    *line,
                    format!("keys names view {view:?}, which it does not serve; remove it"),
                ));
            }
        }
        Ok(self.service)
    }

    fn wrong(&self, message: impl std::fmt::Display) -> Error {
        Error::input(format!("{}: service {}: {message}", self.place, self.service.name))
    }

    fn wrong_at(&self, line: usize, message: impl std::fmt::Display) -> Error {
        let Resolver { place, service, .. } = self;
        Error::input(format!("{place}:{line}: service {}: {message}", service.name))
    }

    /// Refuses a configured name for a view or a key column that does not exist.
    fn check_keys(&self) -> Result<()> {
        for (view, KeyNames { names, line }) in &self.config.keys {
            let Some(at) = self.catalog.view_index(view) else {
                let known: Vec<&str> =
                    self.catalog.views().iter().map(|v| v.declaration().name.as_str()).collect();
                let code = Code::unknown_name("view", view, known.iter().copied());
                let (known, hint) = (known.join(", "), code.did_you_mean());
                let message = format!(
                    "keys names view {view:?}, which is not there; the views are {known}{hint}"
                );
                return Err(self.wrong_at(*line, message).with_code(code));
            };
            let key = &self.catalog.views()[at].declaration().key;
            if let Some(unknown) = names.keys().find(|part| !key.contains(part)) {
                let code =
                    Code::unknown_name("key column", unknown, key.iter().map(String::as_str));
                let message = format!(
                    "keys names {unknown:?}, which is no key column of view {view}; its key is {}{}",
                    key.join(", "),
                    code.did_you_mean()
                );
                return Err(self.wrong_at(*line, message).with_code(code));
            }
        }
        Ok(())
    }

    fn pattern(&mut self, pattern: &str) -> Result<()> {
        let (owner, feature) = pattern.split_once('.').ok_or_else(|| {
            Error::input(format!("{pattern:?} is not of the form view.feature or view.*"))
        })?;
        if let Some(view) = self.catalog.view_index(owner) {
            return self.view_features(view, feature);
        }
        if let Some(on_demand) = self.catalog.on_demand_index(owner) {
            return self.on_demand_outputs(on_demand, feature);
        }
        let views = self.catalog.views().iter().map(|view| view.declaration().name.as_str());
        let others = self.catalog.on_demand().iter().map(|other| other.declaration.name.as_str());
        let known: Vec<&str> = views.chain(others).collect();
        let code = Code::unknown_name("view", owner, known.iter().copied());
        let (known, hint) = (known.join(", "), code.did_you_mean());
        Err(Error::input(format!("there is no view {owner:?}; the views are {known}{hint}"))
            .with_code(code))
    }

    fn view_features(&mut self, view: usize, feature: &str) -> Result<()> {
        let plan = self.catalog.views()[view].plan.fold.clone();
        let mut found = false;
        for (at, planned) in plan.features.iter().enumerate() {
            if feature == "*" || feature == planned.column.name {
                found = true;
                let stored = self.stored(view, at)?;
                let name = format!("{}.{}", plan.view.name, planned.column.name);
                self.output(Column { name, ..planned.column.clone() }, Origin::Stored(stored));
            }
        }
        if found { Ok(()) } else { Err(inputs::unknown_feature(&plan, feature)) }
    }

    fn on_demand_outputs(&mut self, on_demand: usize, feature: &str) -> Result<()> {
        let declaration = self.catalog.on_demand()[on_demand].declaration.clone();
        let at = self.on_demand(on_demand)?;
        let mut found = false;
        for (output, column) in declaration.outputs.iter().enumerate() {
            if feature == "*" || feature == column.name {
                found = true;
                let name = format!("{}.{}", declaration.name, column.name);
                let origin = Origin::OnDemand { on_demand: at, output };
                self.output(Column { name, ..column.clone() }, origin);
            }
        }
        if found {
            return Ok(());
        }
        let known: Vec<&str> = declaration.outputs.iter().map(|c| c.name.as_str()).collect();
        let code = Code::unknown_name("feature", feature, known.iter().copied());
        Err(Error::input(format!(
            "{} has no output {feature:?}; its outputs are {}{}",
            declaration.name,
            known.join(", "),
            code.did_you_mean()
        ))
        .with_code(code))
    }

    /// Adds a feature to the answer, unless it is there already.
    fn output(&mut self, column: Column, origin: Origin) {
        if !self.service.origins.contains(&origin) {
            self.service.outputs.push(column);
            self.service.origins.push(origin);
        }
    }

    /// Adds feature `feature` of view `view` to those that are computed, unless it is there
    /// already.
    fn stored(&mut self, view: usize, feature: usize) -> Result<StoredFeature> {
        let at = match self.service.views.iter().position(|known| known.view == view) {
            Some(at) => at,
            None => {
                let key = self.key(view)?;
                self.service.views.push(ServiceView { view, key, features: vec![] });
                self.service.views.len() - 1
            }
        };
        let features = &mut self.service.views[at].features;
        let position = features.iter().position(|known| *known == feature).unwrap_or_else(|| {
            features.push(feature);
            features.len() - 1
        });
        Ok(StoredFeature { view: at, position })
    }

    /// The request columns of a view's key.
    fn key(&mut self, view: usize) -> Result<Vec<usize>> {
        let plan = self.catalog.views()[view].plan.fold.clone();
        let renames = self.config.keys.get(&plan.view.name).map(|renames| &renames.names);
        let parts = plan.view.key.iter().zip(plan.key_types());
        let parts = parts.map(|(part, data_type)| {
            let name = renames.and_then(|renames| renames.get(part)).unwrap_or(part);
            // A null key part is an unknown key, so a request may hold one.
            self.request(name, data_type, true, &format!("{}.{part}", plan.view.name))
        });
        parts.collect()
    }

    fn on_demand(&mut self, on_demand: usize) -> Result<usize> {
        if let Some(at) = self.service.on_demand.iter().position(|k| k.on_demand == on_demand) {
            return Ok(at);
        }
        let declaration = self.catalog.on_demand()[on_demand].declaration.clone();
        let mut features = Vec::new();
        for input in &declaration.features {
            let feature = self
                .input(input)
                .map_err(|error| error.at(format!("{}.{}", declaration.name, input.name)))?;
            features.push(feature);
        }
        let mut request = Vec::new();
        for column in &declaration.request {
            if column.name == AS_OF && column.data_type == DataType::Timestamp {
                request.push(None);
                continue;
            }
            let user = format!("{}.{}", declaration.name, column.name);
            let data_type = column.data_type.clone();
            request.push(Some(self.request(&column.name, data_type, column.nullable, &user)?));
        }
        self.service.on_demand.push(ServiceOnDemand { on_demand, request, features });
        Ok(self.service.on_demand.len() - 1)
    }

    /// The stored feature that an on-demand transform reads as `input`.
    fn input(&mut self, input: &FeatureInput) -> Result<StoredFeature> {
        let views: Vec<&FoldPlan> =
            self.catalog.views().iter().map(|view| &*view.plan.fold).collect();
        let on_demand: Vec<&str> =
            self.catalog.on_demand().iter().map(|it| it.declaration.name.as_str()).collect();
        let place = inputs::find(input, &views, &on_demand)?;
        self.stored(place.view, place.feature)
    }

    /// The index of the request column `name`, added on first use.
    fn request(
        &mut self,
        name: &str,
        data_type: DataType,
        nullable: bool,
        user: &str,
    ) -> Result<usize> {
        if name == AS_OF {
            return Err(Error::input(format!(
                "{user} is a request column called {AS_OF}, which is the time that a request asks \
                 for; rename it, or give a key column another name with keys"
            )));
        }
        if let Some(at) = self.service.request_index(name) {
            let known = &mut self.service.request[at];
            if known.data_type != data_type {
                return Err(Error::input(format!(
                    "request column {name:?} is {} for {} and {data_type} for {user}; map one with keys",
                    known.data_type, self.service.request_users[at]
                )));
            }
            known.nullable &= nullable;
            return Ok(at);
        }
        let description = String::new();
        self.service.request.push(Column { name: name.into(), data_type, nullable, description });
        self.service.request_users.push(user.to_string());
        Ok(self.service.request.len() - 1)
    }
}
