//! Object stores: reading from one must give the same as reading from a folder, with few requests,
//! and each failure must be one clear error.
//!
//! Method: a server of the S3 protocol in this process, over a folder, that checks signatures and
//! records the requests. Deliberately absent: the real clouds, and the protocols of the other two,
//! of which only the names are checked.

use super::{Read, parquet, read, schema, write};
use hyper_util::rt::TokioIo;
use lockstep_core::time::{Interval, Time};
use lockstep_core::{Error, ErrorKind, Result};
use lockstep_source::{
    ObjectStores, Pattern, ReadOptions, SourceFile, TableOptions, TrainingWriter, files_of,
    read_table, read_tables,
};
use s3s::auth::SimpleAuth;
use s3s::service::S3ServiceBuilder;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

const KEY: &str = "reader";
const SECRET: &str = "of the tests";

/// A server and its folder, in which each folder is a bucket. It stops when it is dropped.
pub(crate) struct Server {
    folder: TempDir,
    endpoint: String,
    asked: Arc<Mutex<Vec<String>>>,
    _runtime: Runtime,
}

impl Server {
    pub(crate) fn start() -> Server {
        let folder = tempfile::tempdir().unwrap();
        let mut service = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder.path()).unwrap());
        service.set_auth(SimpleAuth::from_single(KEY, SECRET));
        let service = service.build();
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&asked);
        runtime.spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (service, seen) = (service.clone(), Arc::clone(&seen));
                let answer = hyper::service::service_fn(
                    move |request: hyper::Request<hyper::body::Incoming>| {
                        let range = request.headers().get("range");
                        let range = range.map_or("", |range| range.to_str().unwrap());
                        let line = format!("{} {} {range}", request.method(), request.uri().path());
                        seen.lock().unwrap().push(line.trim().to_string());
                        hyper::service::Service::call(&service, request)
                    },
                );
                let connection = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer);
                tokio::spawn(connection);
            }
        });
        Server { folder, endpoint, asked, _runtime: runtime }
    }

    /// Puts an object: `bucket/key`.
    pub(crate) fn put(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        write(self.folder.path(), name, bytes)
    }

    /// The bytes of an object.
    pub(crate) fn get(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(name)).unwrap()
    }

    /// The objects at the top of every bucket; what begins with a dot is the server's own.
    pub(crate) fn names(&self) -> Vec<PathBuf> {
        let files =
            |folder: PathBuf| std::fs::read_dir(folder).unwrap().map(|it| it.unwrap().path());
        let buckets = files(self.folder.path().to_path_buf()).filter(|path| path.is_dir());
        let own = |path: &PathBuf| !path.file_name().unwrap().to_string_lossy().starts_with('.');
        let mut names: Vec<PathBuf> = buckets.flat_map(files).filter(own).collect();
        names.sort();
        names
    }

    /// The environment variables of a user who may read and write.
    pub(crate) fn variables(&self) -> Vec<(String, String)> {
        let variables = [
            ("AWS_ENDPOINT_URL", self.endpoint.as_str()),
            ("AWS_ALLOW_HTTP", "true"),
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", KEY),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
        ];
        variables.map(|(name, value)| (name.to_string(), value.to_string())).to_vec()
    }

    /// Object stores for these variables, with some of them changed; an empty value removes one.
    pub(crate) fn stores(&self, changes: &[(&str, &str)]) -> ObjectStores {
        let mut variables = self.variables();
        for (name, value) in changes {
            variables.retain(|(known, _)| known != name);
            variables.push((name.to_string(), value.to_string()));
        }
        ObjectStores::new(variables)
    }

    /// The requests since the last call.
    fn take_asked(&self) -> Vec<String> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

fn find(stores: &ObjectStores, patterns: &[&str]) -> Result<Vec<SourceFile>> {
    let patterns: Vec<Pattern> = patterns.iter().map(|text| Pattern::new("", *text)).collect();
    files_of(&patterns, stores)
}

const COLUMNS: [&str; 4] = ["t timestamp", "s string?", "n int64", "year int64?"];

/// Goal: a pattern of objects gives the same order, columns, positions and values as the same
/// pattern of files, in every format and from every start. Method: one tree, read as a bucket and
/// as a folder.
#[test]
fn s06_objects_are_read_as_files_are() {
    let server = Server::start();
    let whole = parquet(&(0..50).collect::<Vec<i64>>(), 7);
    let file = server.put("events/log/year=2024/b.parquet", &whole);
    let table = read_table(&file, &[]).unwrap();
    for name in ["a.arrow", "c.csv", "d.ndjson"] {
        let path = file.with_file_name(name);
        let mut writer = TrainingWriter::create(&path, table.schema(), vec![]).unwrap();
        writer.write(&table).unwrap();
        writer.finish().unwrap();
    }
    let mut stream =
        arrow::ipc::writer::StreamWriter::try_new(Vec::new(), &table.schema()).unwrap();
    stream.write(&table).unwrap();
    stream.finish().unwrap();
    server.put("events/log/year=2025/a%2Fb c.ipc", stream.into_inner().unwrap());
    server.put("events/log/.hidden/x.csv", "");
    server.put("events/other/x.csv", "");
    let schema = schema(&COLUMNS, None);
    let objects = find(&server.stores(&[]), &["s3://events/log/*/*.*"]).unwrap();
    let files = Pattern::new(server.folder.path().join("events"), "log/*/*.*").files().unwrap();
    let names = |files: &[SourceFile], prefix: &str| -> Vec<(String, Option<u64>)> {
        let name = |file: &SourceFile| file.name().strip_prefix(prefix).unwrap().to_string();
        files.iter().map(|file| (name(file), file.size_bytes())).collect()
    };
    assert_eq!(names(&objects, "s3://events/"), names(&files, ""));
    assert_eq!(objects.len(), 5);
    for start in [0, 1, 49, 50, 99, 120, 160, 249, 250] {
        let options = ReadOptions { start_position: start, batch_rows: 11, ..Default::default() };
        let expect = read(&files, &schema, options.clone()).unwrap();
        let found = read(&objects, &schema, options).unwrap();
        assert_eq!(found, expect, "from {start}");
        assert_eq!(found.rows.len() as u64, 250 - start);
    }
    let one = find(&server.stores(&[]), &["s3://events/log/year=2025/a%2Fb c.ipc"]).unwrap();
    assert_eq!(read_tables(&one, &TableOptions::default()).unwrap().num_rows(), 50);
}

/// Goal: of a Parquet object only the footer and the needed columns of the needed row groups are
/// read, in few requests. Method: the server's record of requests, for an object with large
/// columns.
#[test]
fn an_object_is_asked_for_what_is_needed() {
    let server = Server::start();
    let times: Vec<i64> = (0..600_000).collect();
    let bytes = parquet(&times, 100_000);
    server.put("events/a.parquet", &bytes);
    let files = find(&server.stores(&[]), &["s3://events/a.parquet"]).unwrap();
    assert_eq!(server.take_asked(), ["HEAD /events/a.parquet"]);
    let schema = schema(&["t timestamp", "n int64"], None);
    let needed = |from: i64, to: i64| ReadOptions {
        time_range: Some(Interval { start: Time::saturating(from), end: Time::saturating(to) }),
        ..ReadOptions::default()
    };
    let asked_bytes = |asked: &[String]| -> u64 {
        let length = |line: &String| {
            let (from, to) = line.split_once("bytes=").unwrap().1.split_once('-').unwrap();
            to.parse::<u64>().unwrap() - from.parse::<u64>().unwrap() + 1
        };
        asked.iter().map(length).sum()
    };
    let all = read(&files, &schema, ReadOptions::default()).unwrap();
    assert_eq!(all.rows.len(), 600_000);
    let asked = server.take_asked();
    assert!(asked.len() <= 14, "the end, and two columns of six row groups: {asked:?}");
    assert!(asked_bytes(&asked) < bytes.len() as u64 * 3 / 4, "the texts are not fetched");
    let part = read(&files, &schema, needed(250_000, 250_001)).unwrap();
    assert_eq!(part.rows, all.rows[200_000..300_000]);
    let asked = server.take_asked();
    assert!(asked.len() <= 3, "the end, and two columns of one row group: {asked:?}");
    let none = read(&files, &schema, needed(-9, 0)).unwrap();
    assert_eq!((none.rows.len(), none.passed_over.rows), (0, 600_000));
    assert_eq!(server.take_asked().len(), 1, "the end alone");
}

/// The error of finding and reading objects.
fn failure(stores: &ObjectStores, pattern: &str) -> Error {
    let schema = schema(&COLUMNS, None);
    let found = find(stores, &[pattern]);
    found
        .and_then(|files| read(&files, &schema, ReadOptions::default()))
        .map(|read: Read| panic!("{pattern} gave {read:?}"))
        .unwrap_err()
}

/// Goal: each way in which an object store fails is one error with the URL and the remedy. Method:
/// a table of wrong URLs and wrong environments.
#[test]
fn failures_name_the_url_and_the_remedy() {
    use ErrorKind::{Input, Retry};
    let server = Server::start();
    server.put("events/a.parquet", parquet(&[1], 1));
    let whole = parquet(&(0..1000).collect::<Vec<i64>>(), 100);
    server.put("events/torn.parquet", &whole[..whole.len() / 2]);
    server.put("events/folder/a.parquet", "");
    let role = ("AWS_METADATA_ENDPOINT", "http://127.0.0.1:1");
    let (no_key, no_secret) = (("AWS_ACCESS_KEY_ID", ""), ("AWS_SECRET_ACCESS_KEY", ""));
    let (good, other) = ("s3://events/a.parquet", "s3://events/*.parquet");
    for (changes, pattern, kind, words) in [
        (&[][..], "s3://events/b.parquet", Input, &["no such object", "correct the URL"][..]),
        (&[], "s3://nowhere/b.parquet", Input, &["no such object, or no bucket \"nowhere\""]),
        (&[], "s3://nowhere/*.parquet", Input, &["there is no bucket \"nowhere\""]),
        (&[], "s3://events/*.csv", Input, &["no file matches s3://events/*.csv"]),
        (&[], "s3://events/folder", Input, &["a folder, not a file", "folder/*.parquet\""]),
        (&[], "s3://events/folder/", Input, &["a folder, not a file", "folder/*.parquet\""]),
        (&[], "s3://events/torn.parquet", Input, &["truncated, damaged or mislabelled"]),
        (&[("AWS_SECRET_ACCESS_KEY", "x")], good, Input, &["access is refused", "AWS_SECRET"]),
        (&[("AWS_ACCESS_KEY_ID", "x")], other, Input, &["access is refused", "AWS_ACCESS_KEY_ID"]),
        (
            &[no_key, no_secret, role],
            good,
            Input,
            &["there are no credentials", "AWS_SKIP_SIGNATURE=true"],
        ),
        (&[("AWS_SKIP_SIGNATURE", "true")], good, Input, &["access is refused"]),
        (&[("AWS_ALLOW_HTTP", "")], good, Input, &["not encrypted", "AWS_ALLOW_HTTP=true"]),
        (&[("AWS_ENDPOINT_URL", "http://127.0.0.1:1")], good, Retry, &["AWS_ENDPOINT_URL"]),
        (&[("AWS_ENDPOINT_URL", "http://127.0.0.1:1")], other, Retry, &["check the network"]),
    ] {
        let error = failure(&server.stores(changes), pattern);
        let message = error.to_string();
        let missing: Vec<_> = words.iter().filter(|word| !message.contains(**word)).collect();
        assert!(missing.is_empty(), "{pattern} {changes:?}: missing {missing:?} in: {message}");
        let place = pattern.trim_end_matches('/');
        assert!(message.contains(place), "{pattern}: no place in: {message}");
        assert_eq!(error.kind, kind, "{message}");
        assert!(!message.contains(SECRET), "{message}");
    }
}

/// Goal: an object that is replaced or deleted while it is read is an error, never a mixture of
/// versions. Method: it is changed between finding and reading.
#[test]
fn an_object_that_changes_is_an_error() {
    let server = Server::start();
    let schema = schema(&COLUMNS, None);
    for (name, before, after) in [
        ("a.parquet", parquet(&[1, 2, 3], 1), parquet(&[1, 2, 4], 1)),
        ("b.csv", b"t,s,n\n1,a,1\n".to_vec(), b"t,s,n\n1,a,1\n2,b,2\n".to_vec()),
    ] {
        server.put(&format!("events/{name}"), before);
        let files = find(&server.stores(&[]), &[&format!("s3://events/{name}")]).unwrap();
        let path = server.put(&format!("events/{name}"), after);
        let error = read(&files, &schema, ReadOptions::default()).unwrap_err();
        assert_eq!(error.kind, ErrorKind::Retry, "{error}");
        assert!(error.to_string().contains(&format!("s3://events/{name}")), "{error}");
        assert!(error.to_string().contains("was replaced while it was read"), "{error}");
        std::fs::remove_file(path).unwrap();
        let error = read(&files, &schema, ReadOptions::default()).unwrap_err();
        assert!(error.to_string().contains("there is no such object"), "{error}");
    }
}

/// Goal: the other clouds' URLs are accepted, and missing settings are reported before any request.
#[test]
fn the_other_clouds_are_known_by_name() {
    let stores = ObjectStores::new([]);
    let azure = find(&stores, &["az://events/a.parquet"]).unwrap_err().to_string();
    assert!(azure.contains("az://events/a.parquet") && azure.contains("AZURE_"), "{azure}");
    let plain = [("GOOGLE_BASE_URL".to_string(), "http://127.0.0.1:1".to_string())];
    let google = find(&ObjectStores::new(plain), &["gs://events/a.parquet"]).unwrap_err();
    assert!(google.to_string().contains("GOOGLE_ALLOW_HTTP=true"), "{google}");
}
