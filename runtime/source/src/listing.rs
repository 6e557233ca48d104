//! The objects of a store whose keys begin alike, up to a limit.
//!
//! Invariant: no more than the limit are kept in memory, whatever the store holds. Deliberately
//! absent: what a pattern matches.

use futures_util::TryStreamExt;
use lockstep_core::{Code, Error};
use object_store::path::Path as Key;
use object_store::{Error as StoreError, ObjectMeta, ObjectStore};
use std::fmt::Display;

/// Most objects that are listed for one pattern.
pub(super) const LISTED_MAX: usize = 1 << 20;

/// The objects below `prefix` that `matches` accepts; `None` if there are more than `most` objects.
pub(super) async fn listed(
    store: &dyn ObjectStore,
    prefix: &Key,
    most: usize,
    matches: impl Fn(&str) -> bool,
) -> Result<Option<Vec<ObjectMeta>>, StoreError> {
    let (mut found, mut seen) = (Vec::new(), 0);
    let mut all = store.list(Some(prefix));
    while let Some(meta) = all.try_next().await? {
        seen += 1;
        if seen > most {
            return Ok(None);
        }
        if matches(meta.location.as_ref()) {
            found.push(meta);
        }
    }
    Ok(Some(found))
}

/// The error of a pattern with more than [`LISTED_MAX`] objects.
pub(super) fn too_many(url: impl Display) -> Error {
    Error::input(format!(
        "{url}: more than {LISTED_MAX} objects begin as the pattern does; name more folders before \
         its first `*`"
    ))
    .with_code(Code::limit("LISTED_MAX", LISTED_MAX))
}

#[cfg(test)]
mod tests {
    use super::super::objects::wait;
    use super::*;
    use bytes::Bytes;
    use object_store::ObjectStoreExt;
    use object_store::memory::InMemory;

    /// Goal: a pattern that begins as too many objects do is refused, and one at the limit is not.
    /// Method: three objects, of which one matches, under limits of two and three.
    #[test]
    fn too_many_objects_are_refused() {
        let found = |most: usize| {
            let found = wait(async move {
                let store = InMemory::new();
                for name in ["logs/a", "logs/b", "logs/c", "other/d"] {
                    store.put(&Key::from(name), Bytes::new().into()).await?;
                }
                let named = |key: &str| key.ends_with('b');
                listed(&store, &Key::from("logs"), most, named).await
            });
            found.unwrap().unwrap().map(|found| found.len())
        };
        assert_eq!((found(2), found(3)), (None, Some(1)));
        let error = too_many("s3://bucket/logs/*");
        assert_eq!(error.code, Code::limit("LISTED_MAX", LISTED_MAX));
        assert!(error.to_string().contains("name more folders"), "{error}");
    }
}
