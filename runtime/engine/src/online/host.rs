//! The online host: it turns one request into one feature vector, embedded in a serving binary.
//!
//! ```text
//! get(service, request, as_of) = for each view: cover(windows, as_of), merge tiles, finalize;
//!                                then the on-demand transforms
//! ```
//!
//! Invariant: a vector is computed from one commit of the store, whose number it states (`known`).
//! A request that the store cannot answer exactly is an error that names the oldest answerable
//! `as_of`, never a zero. Deliberately absent: writing.

use super::on_demand::{OnDemandRunners, StoredValues, runners};
use super::pool::{self, POOL_RUNNING_MAX, Pool, Turn};
use super::request::Requests;
use crate::catalog::Catalog;
use crate::clock;
use crate::generations::Lineup;
use crate::guests::Guests;
use crate::service::{Origin, Service};
use crate::shape::Shape;
use crate::vector::{FeatureVector, Identity};
use lockstep_core::Code;
use lockstep_core::error::{Error, Result};
use lockstep_core::fold::ViewGuests as _;
use lockstep_core::fold::{Merged, Status};
use lockstep_core::time::Time;
use lockstep_core::value::{Column, Value};
use lockstep_guest::{Deadline, Line, OnDemandRunner};
use lockstep_store::generations::{SetNumber, Stop};
use lockstep_store::progress::FILES;
use lockstep_store::tiles::{self, TileReads, Wanted};
use lockstep_store::{Bytes, StateSnapshot, StateStore as _, Store};
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

/// The time for which a request wants features.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AsOf {
    /// The host's clock, read once for each request.
    Now,
    /// The given time.
    At(Time),
}

/// Answers requests from a store.
#[derive(Debug)]
pub struct OnlineHost {
    /// The artifacts that the project wants; until they have caught up, earlier versions serve.
    wanted: Arc<Catalog>,
    store: Arc<dyn Store>,
    services: BTreeMap<String, Service>,
    answering: RwLock<Arc<Answering>>,
    /// Services that cannot be served, and why.
    refused: BTreeMap<String, Error>,
    /// The turns of requests to run guests.
    line: Line,
    deadline_ms: Option<u64>,
}

/// What currently serves requests: the active versions according to the store, and the services
/// over them.
#[derive(Debug)]
struct Answering {
    /// The store's record of generations from which this was made.
    record: Option<Bytes>,
    catalog: Arc<Catalog>,
    /// The state set of each view.
    sets: Vec<Option<SetNumber>>,
    services: BTreeMap<String, Result<Prepared>>,
    identity: Arc<Identity>,
}

/// A service, with what its requests share.
#[derive(Debug)]
struct Prepared {
    service: Service,
    features: Arc<[Column]>,
    /// For each of the service's views, the slots that its features read from the store.
    wanted: Vec<Result<Wanted>>,
    /// Warm guests that no request is using.
    pool: Pool<Warm>,
    /// Why no request is answered any more: a guest is not pure.
    impure: OnceLock<Error>,
}

/// The guests of one request.
#[derive(Debug)]
struct Warm {
    runners: Vec<OnDemandRunner>,
    guests: Guests,
}

impl Prepared {
    fn new(catalog: &Catalog, service: Service) -> Prepared {
        let features = service.outputs.clone().into();
        let views = service.views.iter();
        let wanted =
            views.map(|view| Wanted::new(&catalog.views()[view.view].plan, &view.features));
        let wanted = wanted.collect();
        Prepared { service, features, wanted, pool: Pool::default(), impure: OnceLock::new() }
    }
}

impl Warm {
    fn new(catalog: &Catalog, service: &Service) -> Result<Warm> {
        Ok(Warm { runners: runners(catalog, service)?, guests: Guests::new(catalog)? })
    }

    /// Sets the time by which calls must have ended; none if there is no such time.
    fn until(&mut self, until: Option<&Deadline>) {
        self.guests.until(until);
        self.runners.iter_mut().for_each(|runner| runner.until(until));
    }
}

impl pool::Guests for Warm {
    fn memory_bytes(&self) -> usize {
        let runners = self.runners.iter().map(OnDemandRunner::memory_bytes);
        self.guests.memory_bytes() + runners.sum::<usize>()
    }
}

impl OnlineHost {
    /// A host over a store and services that are already open. The services are those of `catalog`;
    /// while an artifact of it has not caught up, its previous version serves.
    pub fn new(
        catalog: Arc<Catalog>,
        store: Arc<dyn Store>,
        services: Vec<Service>,
    ) -> Result<OnlineHost> {
        let services: BTreeMap<String, Service> =
            services.into_iter().map(|service| (service.name.clone(), service)).collect();
        let answering = Answering::of(&catalog, &services, &store.states()?)?;
        let answering = RwLock::new(Arc::new(answering));
        Ok(OnlineHost {
            wanted: catalog,
            store,
            services,
            answering,
            refused: BTreeMap::new(),
            line: Line::new(POOL_RUNNING_MAX),
            deadline_ms: None,
        })
    }

    /// Sets within how many milliseconds a request must be answered; by default there is no such
    /// time. A request that takes longer fails with [`Code::DeadlineExceeded`]. The time for
    /// compiling an artifact at its first use does not count.
    #[must_use]
    pub fn deadline_ms(mut self, deadline_ms: Option<u64>) -> OnlineHost {
        self.deadline_ms = deadline_ms;
        self
    }

    /// Refuses all requests for a service, with this error.
    #[must_use]
    pub fn refusing(mut self, service: &str, error: Error) -> OnlineHost {
        self.refused.insert(service.to_string(), error);
        self
    }

    /// Compiles the artifacts of a service and starts its guests, so that its first request does
    /// not wait for it.
    ///
    /// # Errors
    /// If there is no such service, or an artifact cannot be run.
    pub fn prepare(&self, service: &str) -> Result<()> {
        self.check_refused(service)?;
        let snapshot = self.store.states()?;
        let answering = self.answering(&snapshot)?;
        let prepared = answering.prepared(service)?;
        let kept = prepared.pool.take(|| Warm::new(&answering.catalog, &prepared.service))?;
        prepared.pool.keep(kept);
        answering.prepare(prepared)
    }

    fn check_refused(&self, service: &str) -> Result<()> {
        match self.refused.get(service) {
            Some(error) => Err(error.clone()),
            None => Ok(()),
        }
    }

    /// The service called `name`, as the wanted artifacts define it.
    pub fn service(&self, name: &str) -> Result<&Service> {
        self.check_refused(name)?;
        self.services.get(name).ok_or_else(|| unknown(&self.services, name))
    }

    /// What serves requests at a state of the store.
    fn answering(&self, snapshot: &StateSnapshot<'_>) -> Result<Arc<Answering>> {
        let record = snapshot.generations_mark()?;
        let known = self.answering.read().unwrap_or_else(PoisonError::into_inner).clone();
        if known.record == record {
            return Ok(known);
        }
        let new = Arc::new(Answering::of(&self.wanted, &self.services, snapshot)?);
        *self.answering.write().unwrap_or_else(PoisonError::into_inner) = new.clone();
        Ok(new)
    }

    /// The features for one request. `request` names each of the service's request columns.
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

    /// Refuses a service whose features, in order and with their types, are not those that a model
    /// was trained on. `demanded` is the digest in the model's training file.
    ///
    /// # Errors
    /// With [`Code::ServiceChanged`], which lists the features, or if the service cannot be served.
    pub fn demand(&self, service: &str, demanded: &str) -> Result<()> {
        self.check_refused(service)?;
        let snapshot = self.store.states()?;
        let answering = self.answering(&snapshot)?;
        let shape = Shape::of(&answering.prepared(service)?.features);
        Shape::check_digest(service, demanded, &shape)
    }

    /// As [`OnlineHost::get`], and also returns how many tiles of each level were read.
    pub fn get_counted(
        &self,
        service: &str,
        request: &[(&str, Value)],
        as_of: AsOf,
    ) -> Result<(FeatureVector, TileReads)> {
        let as_of = match as_of {
            AsOf::Now => clock::now(),
            AsOf::At(time) => time,
        };
        self.check_refused(service)?;
        let mut reads = TileReads::default();
        let snapshot = self.store.states()?;
        let answering = self.answering(&snapshot)?;
        let prepared = answering.prepared(service)?;
        answering.prepare(prepared)?;
        let until = self.deadline_ms.map(|ms| Deadline::after(answering.catalog.clock(), ms));
        let until = until.as_ref();
        let requests = Requests::one(&prepared.service, request, as_of)?;
        let known = snapshot.sequence();
        let merged = answering.look_up(&snapshot, prepared, &requests, &mut reads)?;
        drop(snapshot);
        let turn = Turn::wait(&self.line, until)?;
        let answers = answering.answers(prepared, &requests, merged, until);
        drop(turn);
        let answers = answers.inspect_err(|error| {
            if matches!(error.code, Code::Impure { .. }) {
                prepared.impure.get_or_init(|| error.clone());
            }
        });
        let Answers { stored, statuses, computed } = answers?;
        until.map_or(Ok(()), Deadline::check)?;
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
        let (features, identity) = (prepared.features.clone(), answering.identity.clone());
        Ok((FeatureVector { features, values, statuses, as_of, known, identity }, reads))
    }
}

/// The values of one request.
struct Answers {
    /// The features of each of the service's views.
    stored: Vec<StoredValues>,
    statuses: Vec<Vec<Status>>,
    /// The outputs of each of the service's on-demand transforms.
    computed: Vec<StoredValues>,
}

impl Answering {
    fn of(
        wanted: &Arc<Catalog>,
        services: &BTreeMap<String, Service>,
        snapshot: &StateSnapshot<'_>,
    ) -> Result<Answering> {
        let lineup = Lineup::open(wanted, snapshot)?;
        let catalog = lineup.active.catalog.clone();
        let mut prepared = BTreeMap::new();
        for (name, service) in services {
            let resolved = match Arc::ptr_eq(&catalog, wanted) {
                true => Ok(service.clone()),
                false => service.resolve_in(&catalog),
            };
            let ready = match resolved {
                Ok(service) => match stopped(&lineup, &service) {
                    Some(error) => Err(error),
                    None => Ok(Prepared::new(&catalog, service)),
                },
                Err(error) => Err(not_caught_up(wanted, service, &lineup, snapshot, error)?),
            };
            prepared.insert(name.clone(), ready);
        }
        Ok(Answering {
            record: snapshot.generations_mark()?,
            sets: lineup.active.views.iter().map(|view| view.set).collect(),
            identity: Arc::new(Identity::of(&catalog)),
            catalog,
            services: prepared,
        })
    }

    fn prepared(&self, name: &str) -> Result<&Prepared> {
        match self.services.get(name) {
            Some(Ok(prepared)) => match prepared.impure.get() {
                None => Ok(prepared),
                Some(error) => Err(error.clone()),
            },
            Some(Err(error)) => Err(error.clone()),
            None => Err(unknown(&self.services, name)),
        }
    }

    /// Compiles the artifacts that a service's requests call, at their first use.
    fn prepare(&self, prepared: &Prepared) -> Result<()> {
        let artifacts = self.catalog.artifacts();
        for wanted in &prepared.service.on_demand {
            artifacts[self.catalog.on_demand()[wanted.on_demand].artifact].1.prepare()?;
        }
        for asked in &prepared.service.views {
            let view = &self.catalog.views()[asked.view];
            if !view.plan.fold.lifts.is_empty() {
                artifacts[view.artifact].1.prepare()?;
            }
        }
        Ok(())
    }

    /// The values of the request whose states are merged, computed by warm guests.
    fn answers(
        &self,
        prepared: &Prepared,
        requests: &Requests,
        merged: Vec<Merged>,
        until: Option<&Deadline>,
    ) -> Result<Answers> {
        let mut kept = prepared.pool.take(|| Warm::new(&self.catalog, &prepared.service))?;
        let warm = &mut kept.guests;
        warm.until(until);
        let mut stored: Vec<StoredValues> = Vec::with_capacity(merged.len());
        let mut statuses: Vec<Vec<Status>> = Vec::with_capacity(merged.len());
        for (view, merged) in prepared.service.views.iter().zip(merged) {
            let loaded = &self.catalog.views()[view.view];
            let guest = warm.guests.of(view.view)?;
            let answers = loaded.plan.fold.answers(&view.features, &mut [merged], guest);
            let answers = answers.map_err(|error| error.of_view(&loaded.declaration().name))?;
            let answers = answers.into_iter().flatten();
            let (values, status) = answers.map(|it| (vec![it.value], it.status)).unzip();
            stored.push(values);
            statuses.push(status);
        }
        let runners = std::mem::take(&mut warm.runners);
        let mut running = OnDemandRunners::with(&self.catalog, &prepared.service, runners);
        let computed = running.compute_all(requests, &stored)?;
        warm.runners = running.into_runners();
        prepared.pool.keep(kept);
        Ok(Answers { stored, statuses, computed })
    }

    /// For each view of the service the merged states of its spans.
    fn look_up(
        &self,
        snapshot: &StateSnapshot<'_>,
        prepared: &Prepared,
        requests: &Requests,
        reads: &mut TileReads,
    ) -> Result<Vec<Merged>> {
        let oldest = || self.oldest_answerable(snapshot, &prepared.service);
        let mut merged = Vec::with_capacity(prepared.service.views.len());
        for (asked, wanted) in prepared.service.views.iter().zip(&prepared.wanted) {
            let view = &self.catalog.views()[asked.view].plan;
            let source = &view.declaration().event.source;
            let watermark = snapshot.watermark(source)?;
            let retention = snapshot.retention(self.sets[asked.view], view, watermark)?;
            let (key, as_of) = (requests.key(0, asked, &view.fold), requests.as_of(0));
            let wanted = wanted.as_ref().map_err(Error::clone)?;
            merged.push(match (key, self.sets[asked.view]) {
                (Some(key), Some(set)) => {
                    snapshot.covering(set, view, &retention, &key, wanted, as_of, reads, &oldest)?
                }
                _ => Merged::empty(&view.fold, as_of),
            });
        }
        Ok(merged)
    }

    /// The oldest `as_of` at which every window of every view of `service` is answerable.
    fn oldest_answerable(&self, snapshot: &StateSnapshot<'_>, service: &Service) -> Result<Time> {
        let mut oldest = Time::MIN;
        for wanted in &service.views {
            let view = &self.catalog.views()[wanted.view].plan;
            let source = &view.declaration().event.source;
            let watermark = snapshot.watermark(source)?;
            let retention = snapshot.retention(self.sets[wanted.view], view, watermark)?;
            oldest = oldest.max(tiles::oldest_answerable(view, &retention));
        }
        Ok(oldest)
    }
}

fn unknown<T>(services: &BTreeMap<String, T>, name: &str) -> Error {
    let known: Vec<&str> = services.keys().map(String::as_str).collect();
    let code = Code::unknown_name("service", name, known.iter().copied());
    Error::input(format!(
        "there is no service {name:?}; the services are: {}{}",
        crate::project::or_none(&known),
        code.did_you_mean()
    ))
    .with_code(code)
}

/// The error that says so, if a view of the service has stopped.
fn stopped(lineup: &Lineup, service: &Service) -> Option<Error> {
    service.views.iter().find_map(|asked| {
        let stop = lineup.active.views[asked.view].stopped.as_ref()?;
        let view = lineup.active.catalog.views()[asked.view].declaration().name.clone();
        let Stop { partition, position, retry, reason } = stop;
        let remedy = match retry {
            true => "run `lockstep stream` or `lockstep backfill`, which try it again",
            false => "correct it, and build the artifact again",
        };
        let text = format!(
            "service {}: view {view} has stopped at position {position} of partition {partition}: \
             {reason}; {remedy}",
            service.name
        );
        let (partition, position) = (partition.clone(), *position);
        let code = Code::ViewStopped { view, partition, position, reason: reason.clone() };
        Some(Error::input(text).with_code(code))
    })
}

/// If a view of the service has not caught up, the error that says so; otherwise the error given.
fn not_caught_up(
    wanted: &Catalog,
    service: &Service,
    lineup: &Lineup,
    snapshot: &StateSnapshot<'_>,
    other: Error,
) -> Result<Error> {
    for asked in &service.views {
        let view = &wanted.views()[asked.view];
        let (name, artifact) = (&view.declaration().name, &wanted.artifacts()[view.artifact].0);
        if !lineup.pending.contains(artifact) {
            continue;
        }
        let source = &view.declaration().event.source;
        let target = snapshot.partitions(source)?.get(FILES).map_or(0, |it| it.position);
        let filling = lineup.record.artifacts.get(artifact).and_then(|it| it.filling.as_ref());
        let set = filling.and_then(|version| version.views.get(name)).and_then(|view| view.set);
        let position = match set {
            Some(set) => snapshot.position(set, FILES)?,
            None => 0,
        };
        return Ok(Error::input(format!(
            "service {}: view {name} of artifact {artifact} has not caught up with source {source} \
             yet: it has read up to position {position} of {target}; run `lockstep stream` or \
             `lockstep backfill`, which fill what is new",
            service.name
        ))
        .with_code(Code::NotCaughtUp { view: name.clone(), position, target }));
    }
    Ok(other)
}
