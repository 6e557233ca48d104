//! Object stores: reads files behind `s3://`, `gs://` and `az://`.
//!
//! Invariant: a reader reads a single version of an object, because each request names the entity
//! tag that was found first; and each failure is one error with the URL and the remedy. Credentials
//! and endpoints come from the environment variables that the clouds' own tools read, never from
//! the project file. Deliberately absent: writing (`upload.rs`), and any decoding of keys: the text
//! after the bucket is the key, byte by byte.

use super::content::RangeRead;
use super::listing::{LISTED_MAX, listed, too_many};
use super::location::a_folder;
use super::redact::{self, Secrets};
use bytes::Bytes;
use futures_util::TryStreamExt;
use lockstep_core::{Code, Error, ErrorKind, Result};
use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::path::Path as Key;
use object_store::{
    BackoffConfig, Error as StoreError, GetOptions, GetRange, ObjectMeta, ObjectStore,
    ObjectStoreExt, RetryConfig,
};
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, mpsc};
use std::time::Duration;
use tokio::runtime::{Builder, Runtime};

// Used for its features alone: TLS by ring, which this file installs.
use reqwest as _;

/// How often a failed request is repeated.
const RETRIES_MAX: usize = 4;
/// The longest time over which a request is repeated.
const RETRY_TIMEOUT: Duration = Duration::from_secs(30);
/// Concurrent requests of one reader.
const REQUESTS_MAX: usize = 16;

/// Which cloud.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Scheme {
    S3,
    Gs,
    Az,
}

impl Scheme {
    /// The settings that a user must make so that requests are allowed.
    fn remedy(self) -> &'static str {
        match self {
            Scheme::S3 => {
                "set AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_REGION, or \
                 AWS_SKIP_SIGNATURE=true for a public bucket"
            }
            Scheme::Gs => {
                "set GOOGLE_APPLICATION_CREDENTIALS to a key file, or GOOGLE_SKIP_SIGNATURE=true \
                 for a public bucket"
            }
            Scheme::Az => {
                "set AZURE_STORAGE_ACCOUNT_NAME and AZURE_STORAGE_ACCOUNT_KEY, or \
                 AZURE_SKIP_SIGNATURE=true for a public container"
            }
        }
    }

    /// The variable that names another server.
    fn endpoint(self) -> &'static str {
        match self {
            Scheme::S3 => "AWS_ENDPOINT_URL",
            Scheme::Gs => "GOOGLE_BASE_URL",
            Scheme::Az => "AZURE_STORAGE_ENDPOINT",
        }
    }
}

/// `scheme://bucket/key`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ObjectUrl {
    scheme: Scheme,
    bucket: String,
    /// The key, without a leading slash.
    pub(super) key: String,
}

impl fmt::Display for ObjectUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = match self.scheme {
            Scheme::S3 => "s3",
            Scheme::Gs => "gs",
            Scheme::Az => "az",
        };
        redact::url(&format!("{scheme}://{}/{}", self.bucket, self.key)).fmt(f)
    }
}

impl ObjectUrl {
    /// Parses `text` as a URL; `None` if it is a path.
    pub(super) fn parse(text: &str) -> Result<Option<ObjectUrl>> {
        let Some((scheme, rest)) = text.split_once("://") else { return Ok(None) };
        let scheme = match scheme {
            "s3" => Scheme::S3,
            "gs" => Scheme::Gs,
            "az" => Scheme::Az,
            _ => {
                let text = redact::url(text);
                return Err(Error::input(format!(
                    "{text}: files cannot be read by {scheme}://; use s3://, gs://, az:// or a path"
                )));
            }
        };
        match rest.split_once('/') {
            Some((bucket, key)) if !bucket.is_empty() && !key.is_empty() => {
                Ok(Some(ObjectUrl { scheme, bucket: bucket.into(), key: key.into() }))
            }
            _ => Err(Error::input(format!(
                "{}: the URL names no object; it is scheme://bucket/key, such as \
                 s3://events/year=*/*.parquet",
                redact::url(text)
            ))),
        }
    }

    /// Whether both are in one bucket.
    pub(super) fn same_bucket(&self, other: &ObjectUrl) -> bool {
        self.scheme == other.scheme && self.bucket == other.bucket
    }

    fn with_key(&self, key: &str) -> ObjectUrl {
        ObjectUrl { key: key.to_string(), ..self.clone() }
    }
}

/// The object stores that a process can use, according to its environment variables.
pub struct ObjectStores {
    variables: Vec<(String, String)>,
    secrets: Secrets,
    open: Mutex<HashMap<(Scheme, String), Arc<dyn ObjectStore>>>,
}

impl fmt::Debug for ObjectStores {
    /// Leaves out the variables, because they include credentials.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectStores").finish_non_exhaustive()
    }
}

impl ObjectStores {
    /// Object stores for these environment variables.
    pub fn new(variables: impl IntoIterator<Item = (String, String)>) -> ObjectStores {
        let variables: Vec<(String, String)> = variables.into_iter().collect();
        let secrets = Secrets::of(&variables);
        ObjectStores { variables, secrets, open: Mutex::default() }
    }

    /// The object stores of this process.
    pub fn of_process() -> &'static ObjectStores {
        static OF_PROCESS: LazyLock<ObjectStores> = LazyLock::new(|| {
            let text = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
                name.into_string().ok().zip(value.into_string().ok())
            };
            ObjectStores::new(std::env::vars_os().filter_map(text))
        });
        &OF_PROCESS
    }

    fn variable(&self, name: &str) -> Option<&str> {
        let found = self.variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    pub(super) fn store(&self, url: &ObjectUrl) -> Result<Arc<dyn ObjectStore>> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let bucket = (url.scheme, url.bucket.clone());
        if let Some(store) = open.get(&bucket) {
            return Ok(Arc::clone(store));
        }
        self.check_endpoint(url)?;
        // A process has only one provider; one that was installed earlier serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let store = self.connect(url).map_err(|error| {
            let remedy = url.scheme.remedy();
            let cause = self.secrets.hide(&error.to_string());
            Error::input(format!("{url}: the object store is not set up; {remedy}")).because(cause)
        })?;
        open.insert(bucket, Arc::clone(&store));
        Ok(store)
    }

    /// Refuses a server without encryption unless the user allowed it.
    fn check_endpoint(&self, url: &ObjectUrl) -> Result<()> {
        let allow = match url.scheme {
            Scheme::S3 => "AWS_ALLOW_HTTP",
            Scheme::Gs => "GOOGLE_ALLOW_HTTP",
            Scheme::Az => "AZURE_ALLOW_HTTP",
        };
        let name = url.scheme.endpoint();
        let plain = self.variable(name).filter(|server| server.starts_with("http://"));
        match plain {
            Some(server) if self.variable(allow) != Some("true") => Err(Error::input(format!(
                "{url}: {name} is {}, which is not encrypted; set {allow}=true if that is \
                 meant, or use https",
                self.secrets.hide(server)
            ))),
            _ => Ok(()),
        }
    }

    fn connect(&self, url: &ObjectUrl) -> Result<Arc<dyn ObjectStore>, StoreError> {
        let backoff = BackoffConfig {
            init_backoff: Duration::from_millis(100),
            max_backoff: Duration::from_secs(2),
            base: 2.0,
        };
        let retry = RetryConfig { backoff, max_retries: RETRIES_MAX, retry_timeout: RETRY_TIMEOUT };
        let names = |prefix: &'static str| {
            let ours = self.variables.iter().filter(|(_, value)| !value.is_empty());
            let ours = ours.filter(move |(name, _)| name.starts_with(prefix));
            ours.map(|(name, value)| (name.to_ascii_lowercase(), value))
        };
        Ok(match url.scheme {
            Scheme::S3 => {
                let mut builder = AmazonS3Builder::new();
                for (name, value) in names("AWS_") {
                    if let Ok(key) = name.parse() {
                        builder = builder.with_config(key, value);
                    }
                }
                Arc::new(builder.with_bucket_name(&url.bucket).with_retry(retry).build()?)
            }
            Scheme::Gs => {
                let mut builder = GoogleCloudStorageBuilder::new();
                for (name, value) in names("GOOGLE_") {
                    if let Ok(key) = name.parse() {
                        builder = builder.with_config(key, value);
                    }
                }
                Arc::new(builder.with_bucket_name(&url.bucket).with_retry(retry).build()?)
            }
            Scheme::Az => {
                let mut builder = MicrosoftAzureBuilder::new();
                for (name, value) in names("AZURE_") {
                    if let Ok(key) = name.parse() {
                        builder = builder.with_config(key, value);
                    }
                }
                Arc::new(builder.with_container_name(&url.bucket).with_retry(retry).build()?)
            }
        })
    }

    /// The object at `url`.
    pub(super) fn object(&self, url: &ObjectUrl) -> Result<Found> {
        let store = self.store(url)?;
        let key = key_of(url)?;
        if url.key.ends_with('/') {
            return Err(a_folder(&url.to_string()));
        }
        let (asked, at) = (Arc::clone(&store), key.clone());
        match wait(async move { asked.head(&at).await })? {
            Ok(meta) => Ok(Found::new(store, url.clone(), meta, self.secrets.clone())),
            Err(error) => {
                let explained = self.explain(url, error);
                // Servers answer differently for a folder; all of them list its content.
                let folder = self.is_folder(&store, &key);
                Err(if folder { a_folder(&url.to_string()) } else { explained })
            }
        }
    }

    /// Whether there are objects below `key`; false if the store cannot say.
    fn is_folder(&self, store: &Arc<dyn ObjectStore>, key: &Key) -> bool {
        let (store, key) = (Arc::clone(store), key.clone());
        let listed = wait(async move { store.list(Some(&key)).try_next().await });
        matches!(listed, Ok(Ok(Some(_))))
    }

    /// The objects whose keys `matches` accepts, in no order; all of them begin with `folder`.
    pub(super) fn list(
        &self,
        url: &ObjectUrl,
        folder: &str,
        matches: impl Fn(&str) -> bool + Send + 'static,
    ) -> Result<Vec<Found>> {
        let store = self.store(url)?;
        let prefix = key_of(&url.with_key(folder))?;
        let asked = Arc::clone(&store);
        let listed = wait(async move { listed(&*asked, &prefix, LISTED_MAX, matches).await })?;
        let found =
            listed.map_err(|error| self.explain(url, error))?.ok_or_else(|| too_many(url))?;
        let found = found.into_iter().map(|meta| {
            let url = url.with_key(meta.location.as_ref());
            Found::new(Arc::clone(&store), url, meta, self.secrets.clone())
        });
        Ok(found.collect())
    }

    /// Turns a store's error into one that says what it means and what to do.
    pub(super) fn explain(&self, url: &ObjectUrl, error: StoreError) -> Error {
        let explained = explain(url, error, &self.secrets);
        let named = ["AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_SKIP_SIGNATURE"];
        let role = ["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI"];
        let without = named.iter().chain(&role).all(|name| self.variable(name).is_none());
        if explained.kind == ErrorKind::Retry && url.scheme == Scheme::S3 && without {
            let message = format!(
                "{url}: there are no credentials, and this machine has no role; {}",
                url.scheme.remedy()
            );
            return Error::input(message).with_code(denied(url)).because(explained);
        }
        explained
    }
}

pub(super) fn key_of(url: &ObjectUrl) -> Result<Key> {
    Key::parse(&url.key)
        .map_err(|error| Error::input(format!("{url}: this is no key; correct it")).because(error))
}

fn explain(url: &ObjectUrl, error: StoreError, secrets: &Secrets) -> Error {
    let (scheme, bucket) = (url.scheme, &url.bucket);
    let cause = innermost(&error);
    // An error of listing has no kind for a refusal, only the server's words.
    let refused = ["403 Forbidden", "401 Unauthorized"].iter().any(|word| cause.contains(word));
    match &error {
        _ if cause.contains("NoSuchBucket") => {
            Error::input(format!("{url}: there is no bucket {bucket:?}; correct the URL"))
                .with_code(not_found(url))
        }
        StoreError::NotFound { .. } => Error::input(format!(
            "{url}: there is no such object, or no bucket {bucket:?}; correct the URL"
        ))
        .with_code(not_found(url)),
        StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => {
            access_refused(url)
        }
        _ if refused => access_refused(url),
        StoreError::Precondition { .. } => replaced(url),
        _ => Error::retry(format!(
            "{url}: the object store does not answer as it should; check the network, the bucket \
             and {}, or try again later",
            scheme.endpoint()
        )),
    }
    .because(secrets.cause(&cause))
}

fn access_refused(url: &ObjectUrl) -> Error {
    let remedy = url.scheme.remedy();
    Error::input(format!("{url}: access is refused; {remedy}, of one who may do this"))
        .with_code(denied(url))
}

fn denied(url: &ObjectUrl) -> Code {
    Code::AccessDenied { place: url.to_string() }
}

fn not_found(url: &ObjectUrl) -> Code {
    Code::NotFound { what: "file", place: url.to_string() }
}

/// The message of the innermost error: the outer ones only repeat it.
fn innermost(error: &StoreError) -> String {
    let mut inner: &dyn std::error::Error = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

fn replaced(url: &ObjectUrl) -> Error {
    Error::retry(format!("{url}: the object was replaced while it was read; run the command again"))
}

/// Runs a future to its end on this module's threads; any thread may wait for it.
pub(super) fn wait<T: Send + 'static>(
    future: impl Future<Output = T> + Send + 'static,
) -> Result<T> {
    static RUNTIME: LazyLock<std::io::Result<Runtime>> = LazyLock::new(|| {
        Builder::new_multi_thread().worker_threads(2).thread_name("objects").enable_all().build()
    });
    let runtime = RUNTIME.as_ref().map_err(|error| {
        Error::retry("no threads to read object stores on").because(error.to_string())
    })?;
    let (sender, receiver) = mpsc::sync_channel(1);
    // Nobody receives a result that comes too late.
    runtime.spawn(async move { drop(sender.send(future.await)) });
    receiver.recv().map_err(|error| Error::bug("a request ended without a result").because(error))
}

/// An object that was found.
#[derive(Clone)]
pub(super) struct Found {
    store: Arc<dyn ObjectStore>,
    pub(super) url: ObjectUrl,
    meta: ObjectMeta,
    secrets: Secrets,
}

impl fmt::Debug for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} of {} bytes", self.url, self.meta.size)
    }
}

impl Found {
    fn new(
        store: Arc<dyn ObjectStore>,
        url: ObjectUrl,
        mut meta: ObjectMeta,
        secrets: Secrets,
    ) -> Found {
        // Azure lists tags without their quotes, but uses quotes everywhere else.
        let bare = |tag: &String| !tag.contains('"');
        meta.e_tag = meta.e_tag.map(|tag| if bare(&tag) { format!("\"{tag}\"") } else { tag });
        Found { store, url, meta, secrets }
    }

    /// Whether `meta` belongs to another version: some servers ignore the tag of a request.
    fn is_another(&self, meta: &ObjectMeta) -> bool {
        let bare = |tag: &str| tag.trim_matches('"').to_string();
        let tags = self.meta.e_tag.as_deref().map(bare).zip(meta.e_tag.as_deref().map(bare));
        meta.size != self.meta.size || tags.is_some_and(|(found, read)| found != read)
    }
}

impl RangeRead for Found {
    fn size_bytes(&self) -> u64 {
        self.meta.size
    }

    fn read_ranges(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
        let mut all = Vec::with_capacity(ranges.len());
        for some in ranges.chunks(REQUESTS_MAX) {
            let requests = some.iter().map(|range| {
                let options = GetOptions {
                    range: Some(GetRange::Bounded(range.clone())),
                    if_match: self.meta.e_tag.clone(),
                    ..GetOptions::default()
                };
                let (store, key) = (Arc::clone(&self.store), self.meta.location.clone());
                async move {
                    let answer = store.get_opts(&key, options).await?;
                    let meta = answer.meta.clone();
                    Ok::<_, StoreError>((answer.bytes().await?, meta))
                }
            });
            let requests: Vec<_> = requests.collect();
            let answers = wait(futures_util::future::try_join_all(requests))?;
            let answers = answers.map_err(|error| explain(&self.url, error, &self.secrets))?;
            for ((bytes, meta), range) in answers.into_iter().zip(some) {
                if self.is_another(&meta) || bytes.len() as u64 != range.end - range.start {
                    return Err(replaced(&self.url));
                }
                all.push(bytes);
            }
        }
        Ok(all)
    }
}
