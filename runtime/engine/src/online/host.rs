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
use crate::catalog::Catalog;
use crate::clock;
use crate::guests::Guests;
use crate::ingest::check_identity;
use crate::service::{Origin, Service};
use crate::vector::{FeatureVector, Identity};
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::fold::ViewGuests as _;
use lockstep_core::fold::{Merged, Status};
use lockstep_core::time::Time;
use lockstep_core::value::{Column, Value};
use lockstep_guest::OnDemandRunner;
use lockstep_store::progress;
use lockstep_store::tiles::{self, TileReads, Wanted};
use lockstep_store::{Snapshot, Store};
use std::collections::BTreeMap;
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
    /// For each of the service's views, what its features read of the store.
    wanted: Vec<Result<Wanted>>,
    /// Warm guests that no request uses at the moment.
    idle: Mutex<Vec<Warm>>,
}

/// The guests of one request.
#[derive(Debug)]
struct Warm {
    runners: Vec<OnDemandRunner>,
    guests: Guests,
}

impl Warm {
    fn new(catalog: &Catalog, service: &Service) -> Result<Warm> {
        Ok(Warm { runners: runners(catalog, service)?, guests: Guests::new(catalog)? })
    }
}

impl OnlineHost {
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
            let idle = Mutex::new(vec![Warm::new(&catalog, &service)?]);
            let views = service.views.iter();
            let wanted =
                views.map(|view| Wanted::new(&catalog.views()[view.view].plan, &view.features));
            let wanted = wanted.collect();
            prepared.insert(service.name.clone(), Prepared { service, features, wanted, idle });
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
            let code = Code::unknown_name("service", name, known.iter().copied());
            Error::input(format!(
                "there is no service {name:?}; the services are: {}{}",
                crate::project::or_none(&known),
                code.did_you_mean()
            ))
            .with_code(code)
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
        let idle = prepared.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut warm = match idle {
            Some(warm) => warm,
            None => Warm::new(&self.catalog, &prepared.service)?,
        };
        let mut reads = TileReads::default();
        let (known, merged) = self.look_up(prepared, &requests, &mut reads)?;
        let mut stored: Vec<StoredValues> = Vec::with_capacity(merged.len());
        let mut statuses: Vec<Vec<Status>> = Vec::with_capacity(merged.len());
        for (view, merged) in prepared.service.views.iter().zip(merged) {
            let loaded = &self.catalog.views()[view.view];
            let guest = warm.guests.of(view.view)?;
            let answers = loaded.plan.fold.answers(&view.features, &mut [merged], guest)?;
            let answers = answers.into_iter().flatten();
            let (values, status) = answers.map(|it| (vec![it.value], it.status)).unzip();
            stored.push(values);
            statuses.push(status);
        }
        let runners = std::mem::take(&mut warm.runners);
        let mut running = OnDemandRunners::with(&self.catalog, &prepared.service, runners);
        let computed = running.compute_all(&requests, &stored)?;
        warm.runners = running.into_runners();
        prepared.idle.lock().unwrap_or_else(PoisonError::into_inner).push(warm);
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

    /// The commit that is read, and for each view of the service the merged states of its spans.
    fn look_up(
        &self,
        prepared: &Prepared,
        requests: &Requests,
        reads: &mut TileReads,
    ) -> Result<(u64, Vec<Merged>)> {
        let snapshot = self.store.read()?;
        let oldest = || self.oldest_answerable(&*snapshot, &prepared.service);
        let mut merged = Vec::with_capacity(prepared.service.views.len());
        for (asked, wanted) in prepared.service.views.iter().zip(&prepared.wanted) {
            let view = &self.catalog.views()[asked.view];
            let source = &view.declaration().event.source;
            let retention = view.plan.ladder.retention(progress::watermark(&*snapshot, source)?);
            let (key, as_of) = (requests.key(0, asked, &view.plan.fold), requests.as_of(0));
            let wanted = wanted.as_ref().map_err(Error::clone)?;
            merged.push(match key {
                Some(key) => tiles::read(
                    &*snapshot, &view.plan, &retention, &key, wanted, as_of, reads, &oldest,
                )?,
                None => Merged::empty(&view.plan.fold, as_of),
            });
        }
        Ok((snapshot.sequence(), merged))
    }

    /// The oldest `as_of` at which every window of every view of `service` is answerable.
    fn oldest_answerable(&self, snapshot: &dyn Snapshot, service: &Service) -> Result<Time> {
        let mut oldest = Time::MIN;
        for wanted in &service.views {
            let view = &self.catalog.views()[wanted.view];
            let source = &view.declaration().event.source;
            let retention = view.plan.ladder.retention(progress::watermark(snapshot, source)?);
            oldest = oldest.max(tiles::oldest_answerable(&view.plan, &retention));
        }
        Ok(oldest)
    }
}
