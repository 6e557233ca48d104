//! The online host: computes one feature vector for one request, inside a program that serves
//! models.
//!
//! Invariant: a question that the store cannot answer exactly is an error, never a zero. Each
//! vector carries the time for which it was asked, the number of the commit that was read, and the
//! identity of what computed it. Deliberately absent: writing to the store.

use crate::project::Project;
use lockstep_core::Result;
use lockstep_core::value::Value;
use lockstep_engine::online::{self, AsOf};
use lockstep_engine::service::Service;
use lockstep_engine::vector::FeatureVector;
use lockstep_store::Store;
use std::path::Path;
use std::sync::Arc;

/// Computes feature vectors from a store. Several threads may share one host; it starts no threads.
#[derive(Debug)]
pub struct OnlineHost {
    host: online::OnlineHost,
}

impl OnlineHost {
    /// Opens a project, all its services and its store. An artifact that cannot be opened stops the
    /// services that use it, each request of which then fails with that artifact's error; other
    /// services are served. Artifacts are compiled when they are first needed:
    /// [`OnlineHost::prepare`] does it before the first request.
    ///
    /// # Errors
    /// If the project, an artifact or a service is wrong, or the store is missing, open in another
    /// process, or damaged, or admitted its events by other settings.
    pub fn open(project: impl AsRef<Path>) -> Result<OnlineHost> {
        let project = Project::open(project)?;
        if project.catalog().check_whole().is_ok() {
            let services = project.services()?;
            return OnlineHost::new(&project, project.open_store()?, services);
        }
        let (mut services, mut refused) = (Vec::new(), Vec::new());
        for name in project.service_names() {
            match project.service(name) {
                Ok(service) => services.push(service),
                Err(error) => refused.push((name, error)),
            }
        }
        let host = OnlineHost::new(&project, project.open_store()?, services)?.host;
        let host = refused.into_iter().fold(host, |host, (name, error)| host.refusing(name, error));
        Ok(OnlineHost { host })
    }

    /// A host for some services of a project, over an open store, such as the project's.
    ///
    /// # Errors
    /// If the store admitted its events by other settings or is damaged, or a guest (a running
    /// instance of an artifact) does not start.
    pub fn new(
        project: &Project,
        store: Arc<dyn Store>,
        services: Vec<Service>,
    ) -> Result<OnlineHost> {
        let host = online::OnlineHost::new(project.catalog().clone(), store, services)?;
        Ok(OnlineHost { host })
    }

    /// Sets within how many milliseconds a request must be answered; by default there is no such
    /// time. A request that takes longer fails with
    /// [`Code::DeadlineExceeded`](crate::Code::DeadlineExceeded), a few tens of milliseconds after
    /// its deadline at most. The time for compiling an artifact at its first use does not count.
    #[must_use]
    pub fn deadline_ms(self, deadline_ms: Option<u64>) -> OnlineHost {
        OnlineHost { host: self.host.deadline_ms(deadline_ms) }
    }

    /// Compiles the artifacts of a service and starts its guests, so that its first request does
    /// not wait for it.
    ///
    /// # Errors
    /// If there is no such service, or an artifact cannot be run.
    pub fn prepare(&self, service: &str) -> Result<()> {
        self.host.prepare(service)
    }

    /// The service called `name`, resolved.
    ///
    /// # Errors
    /// If there is none.
    pub fn service(&self, name: &str) -> Result<&Service> {
        self.host.service(name)
    }

    /// Refuses a service whose features, in order and with their types, are not those that a model
    /// was trained on. `demanded` is the entry `lockstep.service_digest` of the model's training
    /// file.
    ///
    /// # Errors
    /// With [`Code::ServiceChanged`](crate::Code::ServiceChanged) if they differ; the message lists
    /// the features. Also if the service cannot be served yet.
    pub fn demand(&self, service: &str, demanded: &str) -> Result<()> {
        self.host.demand(service, demanded)
    }

    /// The features of one request, which gives a value for each of the service's request columns.
    ///
    /// # Errors
    /// If the request does not fit the service, or the store cannot answer exactly for that time.
    pub fn get<V: Into<Value> + Clone>(
        &self,
        service: &str,
        request: &[(&str, V)],
        as_of: AsOf,
    ) -> Result<FeatureVector> {
        self.host.get(service, request, as_of)
    }
}
