//! Declarations that must be refused when an artifact is loaded, and ones that must not.
//!
//! Invariant: a declaration counts as accepted only if a service over it resolves as well.
//! Deliberately absent: events.

use super::file::{Change, File};
use super::judge::Failures;
use super::mirror::Guest;
use lockstep_core::Result;
use lockstep_engine::service::Service;

/// Checks a file's declarations.
pub(super) fn check(guest: &Guest<'_>, file: &File, failures: &mut Failures) {
    let load = |change: &Change| -> Result<Service> {
        let catalog = guest.catalog(&change.manifest)?;
        Service::everything(&catalog)
    };
    for (at, change) in file.refused.iter().enumerate() {
        let case = format!("refused {at} ({})", change.about);
        match load(change) {
            Ok(_) => failures.add(&case, "it is accepted"),
            Err(error) if error.to_string().contains(&change.error) => {}
            Err(error) => {
                failures.add(&case, format!("the error lacks {:?}: {error}", change.error));
            }
        }
    }
    for (at, change) in file.accepted.iter().enumerate() {
        if let Err(error) = load(change) {
            failures.add(&format!("accepted {at} ({})", change.about), error);
        }
    }
}
