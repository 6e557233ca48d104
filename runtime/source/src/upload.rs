//! Uploads: writes files to object stores, completely or not at all.
//!
//! Invariant: an object appears, or replaces another, only when every part of it has arrived; an
//! upload that fails is aborted, so that the store keeps no parts. Deliberately absent: uploading
//! without a local file first, because only a finished training set is known to be good.

use super::objects::{ObjectStores, ObjectUrl, key_of, wait};
use lockstep_core::error::{Error, Result};
use object_store::{Error as StoreError, ObjectStoreExt, PutPayload};
use std::fs::File;
use std::io::Read;
use std::path::Path;

/// Bytes of a part: the stores accept at most 10,000 parts, all at least 5 MiB except the last, and
/// the transfer of each must take less than half a minute.
const PART_BYTES: u64 = 8 << 20;

/// Whether a text names an object rather than a path.
pub fn is_url(text: &str) -> bool {
    text.contains("://")
}

/// Why a part was not sent.
enum Failure {
    Store(StoreError),
    File(std::io::Error),
}

impl ObjectStores {
    /// Fails if no object can be written to `url`. Method: an upload is started and aborted.
    pub fn check_writable(&self, url: &str) -> Result<()> {
        let (url, store) = self.target(url)?;
        let key = key_of(&url)?;
        let begun = wait(async move { store.put_multipart(&key).await?.abort().await })?;
        begun.map_err(|error| self.explain(&url, error))
    }

    /// Writes a file to `url`, replacing any object there.
    pub fn upload(&self, url: &str, file: &Path) -> Result<()> {
        let (url, store) = self.target(url)?;
        let key = key_of(&url)?;
        let mut input = File::open(file).map_err(|error| unreadable(file, error))?;
        let sent = wait(async move {
            let mut upload = store.put_multipart(&key).await.map_err(Failure::Store)?;
            loop {
                let mut part = Vec::new();
                let read = input.by_ref().take(PART_BYTES).read_to_end(&mut part);
                let sent = match read {
                    Ok(0) => break,
                    Ok(_) => upload.put_part(PutPayload::from(part)).await.map_err(Failure::Store),
                    Err(error) => Err(Failure::File(error)),
                };
                if let Err(failure) = sent {
                    // Aborted parts are not billed; an error of the abort itself would add nothing.
                    let _ = upload.abort().await;
                    return Err(failure);
                }
            }
            let completed = upload.complete().await.map_err(Failure::Store);
            if completed.is_err() {
                let _ = upload.abort().await;
            }
            completed
        })?;
        match sent {
            Ok(_) => Ok(()),
            Err(Failure::File(error)) => Err(unreadable(file, error)),
            Err(Failure::Store(error)) => Err(self.explain(&url, error)),
        }
    }

    fn target(
        &self,
        url: &str,
    ) -> Result<(ObjectUrl, std::sync::Arc<dyn object_store::ObjectStore>)> {
        let parsed = ObjectUrl::parse(url)?;
        let parsed = parsed.ok_or_else(|| Error::bug("a path where a URL is meant"))?;
        let store = self.store(&parsed)?;
        Ok((parsed, store))
    }
}

fn unreadable(file: &Path, error: std::io::Error) -> Error {
    Error::retry(format!("{}: the file cannot be read back", file.display())).because(error)
}
