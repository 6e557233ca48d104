//! The online host: one request, one feature vector, embedded in a serving binary.
//!
//! ```text
//! get(service, request, as_of) = for each view: cover(windows, as_of), merge tiles, finalize;
//!                                then the on-demand transforms
//! ```
//!
//! Invariant: an answer reads one commit of the store and says which (`known`); a question that the
//! store cannot answer exactly is an error that names the oldest answerable `as_of`, never a zero.
//! Deliberately absent: writing.

use super::on_demand::{OnDemandRunners, StoredValues, runners};
use super::request::Requests;
use super::stream::check_identity;
use crate::catalog::{Catalog, cached_engine};
use crate::clock;
use crate::component::OnDemandRunner;
use crate::error::{Error, Result};
use crate::fold::Status;
use crate::project::Project;
use crate::service::{Origin, Service, ServiceView};
use crate::store::progress;
use crate::store::tiles::{self, TileReads};
use crate::store::{Snapshot, Store};
use crate::time::{Interval, Time};
use crate::value::{Column, Value};
use crate::vector::{FeatureVector, Identity};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// When a request is as of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// The host's clock, read once.
    Now,
    /// A given time.
    At(Time),
}

/// Answers requests from a store.
#[derive(Debug)]
pub struct OnlineHost {
    catalog: Arc<Catalog>,
    store: Arc<dyn Store>,
    services: BTreeMap<String, Prepared>,
    identity: Arc<Identity>,
}

/// A service with what its requests share.
#[derive(Debug)]
struct Prepared {
    service: Service,
    features: Arc<[Column]>,
    /// Warm guests that no request uses at the moment.
    idle: Mutex<Vec<Vec<OnDemandRunner>>>,
}

impl OnlineHost {
    /// Opens a project: its artifacts, its services and its store.
    pub fn open(project: impl AsRef<Path>) -> Result<OnlineHost> {
        let project = Project::open(project)?;
        let catalog = Arc::new(Catalog::load(&cached_engine()?, &project)?);
        let store = crate::store::sled::SledStore::open(project.store_path()?)?;
        let names = project.services.keys();
        let services = names.map(|name| Service::resolve(&project, &catalog, name));
        OnlineHost::new(catalog.clone(), Arc::new(store), services.collect::<Result<_>>()?)
    }

    /// A host over a store and services that are open already.
    pub fn new(
        catalog: Arc<Catalog>,
        store: Arc<dyn Store>,
        services: Vec<Service>,
    ) -> Result<OnlineHost> {
        let identity = Arc::new(Identity::of(&catalog));
        check_identity(&*store.read()?, &identity)?;
        let mut prepared = BTreeMap::new();
        for service in services {
            let features = service.outputs.clone().into();
            let idle = Mutex::new(vec![runners(&catalog, &service)?]);
            prepared.insert(service.name.clone(), Prepared { service, features, idle });
        }
        Ok(OnlineHost { catalog, store, services: prepared, identity })
    }

    /// The service called `name`, resolved.
    pub fn service(&self, name: &str) -> Result<&Service> {
        Ok(&self.prepared(name)?.service)
    }

    fn prepared(&self, name: &str) -> Result<&Prepared> {
        self.services.get(name).ok_or_else(|| {
            let known: Vec<&str> = self.services.keys().map(String::as_str).collect();
            Error::input(format!(
                "there is no service {name:?}; the services are: {}",
                crate::project::or_none(&known)
            ))
        })
    }

    /// The features of one request. `request` names each of the service's request columns.
    pub fn get<V: Into<Value> + Clone>(
        &self,
        service: &str,
        request: &[(&str, V)],
        as_of: AsOf,
    ) -> Result<FeatureVector> {
        let request: Vec<(&str, Value)> =
            request.iter().map(|(name, value)| (*name, value.clone().into())).collect();
        Ok(self.get_counted(service, &request, as_of)?.0)
    }

    /// As [`OnlineHost::get`], with how many tiles of each level the answer read.
    pub fn get_counted(
        &self,
        service: &str,
        request: &[(&str, Value)],
        as_of: AsOf,
    ) -> Result<(FeatureVector, TileReads)> {
        let prepared = self.prepared(service)?;
        let as_of = match as_of {
            AsOf::Now => clock::now(),
            AsOf::At(time) => time,
        };
        let requests = Requests::one(&prepared.service, request, as_of)?;
        let mut reads = TileReads::default();
        let mut stored = Vec::with_capacity(prepared.service.views.len());
        let mut statuses = Vec::with_capacity(prepared.service.views.len());
        let snapshot = self.store.read()?;
        for view in &prepared.service.views {
            let oldest = || self.oldest_answerable(&*snapshot, &prepared.service);
            let (values, status) =
                self.look_up(&*snapshot, view, &requests, &mut reads, &oldest)?;
            stored.push(values);
            statuses.push(status);
        }
        let known = snapshot.sequence();
        drop(snapshot);
        let computed = self.compute(prepared, &requests, &stored)?;
        let origins = prepared.service.origins.iter();
        let answers = origins.map(|origin| match *origin {
            Origin::Stored(at) => {
                (stored[at.view][at.position][0].clone(), statuses[at.view][at.position])
            }
            Origin::OnDemand { on_demand, output } => {
                (computed[on_demand][output][0].clone(), Status::Present)
            }
        });
        let (values, statuses) = answers.unzip();
        let (features, identity) = (prepared.features.clone(), self.identity.clone());
        Ok((FeatureVector { features, values, statuses, as_of, known, identity }, reads))
    }

    /// The oldest `as_of` at which every window of every view of `service` is answerable.
    fn oldest_answerable(&self, snapshot: &dyn Snapshot, service: &Service) -> Result<Time> {
        let mut oldest = Time::MIN;
        for wanted in &service.views {
            let view = &self.catalog.views()[wanted.view];
            let source = &view.declaration().event.source;
            let retention = view.ladder.retention(progress::watermark(snapshot, source)?);
            oldest = oldest.max(tiles::oldest_answerable(view, &retention));
        }
        Ok(oldest)
    }

    /// The features of one view.
    fn look_up(
        &self,
        snapshot: &dyn Snapshot,
        wanted: &ServiceView,
        requests: &Requests,
        reads: &mut TileReads,
        oldest: &dyn Fn() -> Result<Time>,
    ) -> Result<(StoredValues, Vec<Status>)> {
        let view = &self.catalog.views()[wanted.view];
        let plan = &view.plan;
        let source = &view.declaration().event.source;
        let retention = view.ladder.retention(progress::watermark(snapshot, source)?);
        let intervals: Vec<Interval> =
            (0..plan.windows.len()).map(|at| plan.interval(at, requests.as_of(0))).collect();
        let states = match requests.key(0, wanted, plan) {
            Some(key) => {
                tiles::read_among(snapshot, view, &retention, &key, &intervals, reads, oldest)?
            }
            None => vec![plan.zero(); intervals.len()],
        };
        let features = wanted.features.iter().map(|&feature| {
            let (value, status) = plan.finalize(feature, &states[plan.features[feature].window]);
            (vec![value], status)
        });
        Ok(features.unzip())
    }

    /// The on-demand features, by guests that are warm if any is idle.
    fn compute(
        &self,
        prepared: &Prepared,
        requests: &Requests,
        stored: &[StoredValues],
    ) -> Result<Vec<StoredValues>> {
        if prepared.service.on_demand.is_empty() {
            return Ok(vec![]);
        }
        let idle = prepared.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let guests = match idle {
            Some(guests) => guests,
            None => runners(&self.catalog, &prepared.service)?,
        };
        let mut running = OnDemandRunners::with(&self.catalog, &prepared.service, guests);
        let computed = running.compute_all(requests, stored)?;
        let mut idle = prepared.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(running.into_runners());
        Ok(computed)
    }
}
