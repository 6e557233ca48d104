//! The online host: one request, one feature vector, embedded in a serving binary.
//!
//! Invariant: a question that the store cannot answer exactly is an error, never a zero; an answer
//! says when it is as of, which commit it read, and what computed it. Deliberately absent: writing.

use crate::project::Project;
use lockstep_core::Result;
use lockstep_core::value::Value;
use lockstep_engine::online::{self, AsOf};
use lockstep_engine::service::Service;
use lockstep_engine::vector::FeatureVector;
use lockstep_store::Store;
use std::path::Path;
use std::sync::Arc;

/// Answers requests from a store. Threads may share one; it starts none.
#[derive(Debug)]
pub struct OnlineHost {
    host: online::OnlineHost,
}

impl OnlineHost {
    /// Opens a project, all its services and its store.
    ///
    /// # Errors
    /// If the project, an artifact or a service is wrong, or the store is not there, open in another
    /// process, damaged, or filled by something else.
    pub fn open(project: impl AsRef<Path>) -> Result<OnlineHost> {
        let project = Project::open(project)?;
        let services = project.services()?;
        OnlineHost::new(&project, project.open_store()?, services)
    }

    /// A host for some services of a project, over a store that is open, such as the project's.
    ///
    /// # Errors
    /// If something else filled the store, or a service's guests do not start.
    pub fn new(
        project: &Project,
        store: Arc<dyn Store>,
        services: Vec<Service>,
    ) -> Result<OnlineHost> {
        let host = online::OnlineHost::new(project.catalog().clone(), store, services)?;
        Ok(OnlineHost { host })
    }

    /// The service called `name`, resolved.
    ///
    /// # Errors
    /// If there is none.
    pub fn service(&self, name: &str) -> Result<&Service> {
        self.host.service(name)
    }

    /// Refuses a service whose features, in order and with their types, are not those that a model
    /// was trained on: `demanded` is `lockstep.service_digest` of its training file.
    ///
    /// # Errors
    /// With [`Code::ServiceChanged`](crate::Code::ServiceChanged), which spells out the features, or
    /// if the service cannot answer.
    pub fn demand(&self, service: &str, demanded: &str) -> Result<()> {
        self.host.demand(service, demanded)
    }

    /// The features of one request, which names each of the service's request columns.
    ///
    /// # Errors
    /// If the request does not fit the service, or the store cannot answer exactly as of that time.
    pub fn get<V: Into<Value> + Clone>(
        &self,
        service: &str,
        request: &[(&str, V)],
        as_of: AsOf,
    ) -> Result<FeatureVector> {
        self.host.get(service, request, as_of)
    }
}
