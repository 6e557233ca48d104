//! The durable backend: one tree of sled, and checks that make sled's losses visible.
//!
//! sled alone does not keep the contract of [`Store`]: its `flush` is not an fsync, killing it
//! while it opens can leave a store that no longer opens, and recovery silently drops damaged parts
//! of its log, also from the middle. So here:
//! - what a killed process left is cleared before opening, and snapshots that still prevent opening
//!   are set aside; a panic or a hang in sled becomes an error (`guarded`, `within`);
//! - a commit is one batch of one tree (see `cell`), with the commit's own record; the log is then
//!   synced, and the record is written again, to COMMIT (`directory`);
//! - opening compares both records, then reads everything and compares it with the record's sum.
//!
//! Invariant: a store that opened holds exactly `state(n)` for its `sequence()`. Deliberately
//! absent: sled's transactions, merge operators, subscriptions and reverse cursors.

use super::batch::WriteBatch;
use super::cell::{
    CHUNK_PREFIX, Head, INLINE_BYTES_MAX, RECORD_KEY, VALUE_PREFIX, Value, misplaced, value_key,
};
use super::contract::{Snapshot, Store, Verified, Verify, Visit};
use super::deadline::{self, Outcome};
use super::directory::{Committed, Directory};
use super::envelope::{self, Kind};
use super::key::{KEY_END, check_key};
use super::record::{Record, entry_hash, payload_hash};
use bytes::Bytes;
use lockstep_core::{Code, Error, ErrorKind, Result};
use std::fmt;
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError, RwLock, RwLockReadGuard};

/// sled's page cache.
const CACHE_BYTES: u64 = 256 << 20;
/// How often sled's thread moves pages out of nearly empty segments; nothing else frees disk space.
const CLEANING_INTERVAL_MS: u64 = 500;
/// How long opening may take: sled reads its log since the last snapshot.
const OPEN_WAIT_S_MAX: u64 = 1800;
/// How long sled may take to apply or flush one batch.
const COMMIT_WAIT_S_MAX: u64 = 120;
/// How long closing may take. A store that hangs is abandoned; its commits are durable already.
const CLOSE_WAIT_S_MAX: u64 = 60;

/// A durable store in a directory.
pub struct SledStore {
    /// `None` only while dropping.
    tree: Option<sled::Db>,
    state: RwLock<State>,
    disk: Mutex<Disk>,
    path: PathBuf,
}

/// What snapshots need besides the tree.
struct State {
    record: Record,
    /// Why memory and disk may differ: a commit failed half-way. Then every read and commit fails.
    failed: Option<String>,
}

/// What only one committer at a time uses.
struct Disk {
    directory: Directory,
    log: File,
    next_blob: u64,
}

/// What [`SledStore::open_behind`] accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rewind {
    /// The newest commit that was acknowledged; `None` if the COMMIT file is gone or damaged.
    pub acknowledged: Option<u64>,
    /// The commit that the store holds. Replay what came after it from the source.
    pub held: u64,
}

impl SledStore {
    /// Creates a new store in `path`, which must be absent or an empty directory.
    pub fn create(path: impl AsRef<Path>) -> Result<SledStore> {
        Ok(Self::start(Directory::create(path.as_ref())?, false)?.0)
    }

    /// Opens the store at `path`, and reads and checks all of it.
    ///
    /// Fails with kind `Input` if there is none, `Retry` if another process has it open, and
    /// `Restore` if it lost commits (see [`SledStore::open_behind`]) or is damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<SledStore> {
        Ok(Self::start(Directory::open(path.as_ref())?, false)?.0)
    }

    /// Whether there is a store at `path`.
    pub fn is_store(path: impl AsRef<Path>) -> bool {
        Directory::is_store(path.as_ref())
    }

    /// Opens the store at `path`, or creates it.
    pub fn open_or_create(path: impl AsRef<Path>) -> Result<SledStore> {
        match Directory::is_store(path.as_ref()) {
            true => Self::open(path),
            false => Self::create(path),
        }
    }

    /// Opens a store that lost its newest commits, and accepts the commit that it holds as the
    /// newest. The caller must replay from the source what came after it.
    pub fn open_behind(path: impl AsRef<Path>) -> Result<(SledStore, Rewind)> {
        Self::start(Directory::open(path.as_ref())?, true)
    }

    /// The store's directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    fn start(directory: Directory, accept: bool) -> Result<(SledStore, Rewind)> {
        let path = directory.path().to_path_buf();
        let committed = directory.read_commit()?;
        let tree = open_tree(&directory)?;
        let log = File::open(path.join("db"))
            .map_err(|e| Error::retry(format!("store {} has no log", path.display())).because(e))?;
        let mut store = SledStore {
            tree: Some(tree),
            state: RwLock::new(State { record: Record::default(), failed: None }),
            disk: Mutex::new(Disk { directory, log, next_blob: 0 }),
            path,
        };
        let record = store.stored_record()?;
        let newest = store.compare(&record, &committed);
        let acknowledged = match (newest, &committed) {
            (Ok(()), _) => None,
            (Err(_), Committed::Record(newest)) if accept => Some(Some(newest.sequence)),
            (Err(_), Committed::Lost(_)) if accept => Some(None),
            (Err(error), _) => return Err(error),
        };
        let held = record.sequence;
        let state = store.state.get_mut().unwrap_or_else(PoisonError::into_inner);
        state.record = record.clone();
        store.check_everything(&record)?;
        let disk = store.disk.get_mut().unwrap_or_else(PoisonError::into_inner);
        disk.directory.sync_names()?;
        disk.next_blob = disk.directory.sync_data(&disk.log, 0)?;
        if !matches!(&committed, Committed::Record(newest) if *newest == record) {
            disk.directory.write_commit(&record)?;
        }
        Ok((store, Rewind { acknowledged: acknowledged.unwrap_or(Some(held)), held }))
    }

    /// The record that is stored in the tree itself.
    fn stored_record(&self) -> Result<Record> {
        match self.guarded(|tree| tree.get(RECORD_KEY))? {
            None => Ok(Record::default()),
            Some(bytes) => match envelope::open(RECORD_KEY, &bytes) {
                Ok((Kind::Record, payload)) => Record::decode(payload),
                Ok(_) => Err(Error::restore("its own record is something else")),
                Err(error) => Err(error),
            }
            .map_err(|error| error.at(format!("store {}", self.path.display()))),
        }
    }

    /// Checks that a tree with `record` has everything that COMMIT says was acknowledged.
    fn compare(&self, record: &Record, committed: &Committed) -> Result<()> {
        let lost = |acknowledged| Code::CommitsLost { held: record.sequence, acknowledged };
        let newest = match committed {
            Committed::Record(newest) => newest,
            Committed::Lost(error) => return Err(error.clone().with_code(lost(None))),
        };
        let (held, acknowledged) = (record.sequence, newest.sequence);
        let one_ahead = held == acknowledged + 1 && record.previous == newest.chain;
        if record == newest || one_ahead {
            return Ok(());
        }
        let place = format!("store {}", self.path.display());
        Err(Error::restore(if held < acknowledged {
            format!(
                "{place} lost commits {} to {acknowledged}, which were acknowledged: it holds \
                 commit {held}; accept that (`SledStore::open_behind`) and replay from the source, \
                 or restore a backup",
                held + 1
            )
        } else {
            format!(
                "{place} holds commit {held}, but its COMMIT file names commit {acknowledged} of \
                 another history, so one of them was copied from elsewhere; restore them together, \
                 or accept what the store holds (`SledStore::open_behind`)"
            )
        })
        .with_code(lost(Some(acknowledged))))
    }

    /// Reads the whole tree, and compares it with `record`.
    fn check_everything(&self, record: &Record) -> Result<Verified> {
        let place = || format!("store {}", self.path.display());
        let mut sum = Record::default();
        let (mut bytes, mut chunks_named, mut chunks_found) = (0, 0, 0);
        let mut cursor = self.cursor(&[], &[CHUNK_PREFIX + 1])?;
        while let Some((key, stored)) = self.next(&mut cursor)? {
            let (kind, payload) = envelope::open(&key, &stored).map_err(|e| e.at(place()))?;
            match (key.first(), kind) {
                (Some(0), Kind::Record) => {}
                (Some(&CHUNK_PREFIX), Kind::Chunk) => chunks_found += 1,
                (Some(&VALUE_PREFIX), Kind::Inline | Kind::Large) => {
                    let value = self.value(&key, kind, payload)?;
                    if kind == Kind::Large {
                        chunks_named += value.len().div_ceil(INLINE_BYTES_MAX);
                    }
                    bytes += (key.len() - 1 + value.len()) as u64;
                    sum.add(entry_hash(&key[1..], payload_hash(&value)));
                }
                _ => return Err(misplaced(&key).at(place())),
            }
        }
        if (sum.keys, sum.content) != (record.keys, record.content) || chunks_named != chunks_found
        {
            return Err(Error::restore(format!(
                "{} is damaged: after commit {} it should hold {} keys, and the {} it holds are \
                 not those; restore a backup, or build it anew from the source",
                place(),
                record.sequence,
                record.keys,
                sum.keys
            )));
        }
        Ok(Verified { sequence: record.sequence, keys: sum.keys, bytes, content: sum.content })
    }

    /// The batch for the tree that carries out `batch`, and the record after it.
    fn plan(&self, record: &Record, batch: &WriteBatch) -> Result<(sled::Batch, Record)> {
        let mut next = record.next(batch);
        let mut writes = sled::Batch::default();
        for (number, (key, value)) in (0_u32..).zip(batch.writes()) {
            let stored_key = value_key(key);
            if let Some(old) = self.guarded(|tree| tree.get(&stored_key))? {
                match envelope::open(&stored_key, &old)? {
                    (Kind::Inline, payload) => next.remove(entry_hash(key, payload_hash(payload))),
                    (Kind::Large, payload) => {
                        let head = Head::decode(payload).ok_or_else(|| misplaced(&stored_key))?;
                        head.chunk_keys().for_each(|key| writes.remove(key));
                        next.remove(entry_hash(key, head.hash));
                    }
                    _ => return Err(misplaced(&stored_key)),
                }
            }
            let Some(value) = value else {
                writes.remove(stored_key);
                continue;
            };
            let hash = payload_hash(value);
            next.add(entry_hash(key, hash));
            if value.len() <= INLINE_BYTES_MAX {
                let stored = envelope::seal(Kind::Inline, &stored_key, value);
                writes.insert(stored_key, stored);
                continue;
            }
            let head = Head { length: value.len() as u64, commit: next.sequence, number, hash };
            for (key, chunk) in head.chunk_keys().zip(value.chunks(INLINE_BYTES_MAX)) {
                let stored = envelope::seal(Kind::Chunk, &key, chunk);
                writes.insert(key, stored);
            }
            let stored = envelope::seal(Kind::Large, &stored_key, &head.encode());
            writes.insert(stored_key, stored);
        }
        writes.insert(RECORD_KEY, envelope::seal(Kind::Record, RECORD_KEY, &next.encode()));
        Ok((writes, next))
    }

    /// Makes an applied batch durable, then records it in COMMIT.
    fn make_durable(&self, disk: &mut Disk, record: &Record) -> Result<()> {
        self.within(|tree| tree.flush().map(|_| ()))?;
        disk.next_blob = disk.directory.sync_data(&disk.log, disk.next_blob)?;
        disk.directory.write_commit(record)
    }

    /// The value of a payload; a large value is assembled from its chunks.
    fn value<'a>(&self, key: &[u8], kind: Kind, payload: &'a [u8]) -> Result<Value<'a>> {
        let head = match kind {
            Kind::Inline => return Ok(Value::Inline(payload)),
            Kind::Large => Head::decode(payload).ok_or_else(|| misplaced(key))?,
            Kind::Chunk | Kind::Record => return Err(misplaced(key)),
        };
        let mut value = Vec::with_capacity(head.length as usize);
        for chunk_key in head.chunk_keys() {
            let stored =
                self.guarded(|tree| tree.get(&chunk_key))?.ok_or_else(|| misplaced(key))?;
            match envelope::open(&chunk_key, &stored)? {
                (Kind::Chunk, chunk) => value.extend_from_slice(chunk),
                _ => return Err(misplaced(&chunk_key)),
            }
        }
        if value.len() as u64 != head.length || payload_hash(&value) != head.hash {
            return Err(misplaced(key));
        }
        Ok(Value::Large(value))
    }

    fn cursor(&self, start: &[u8], end: &[u8]) -> Result<sled::Iter> {
        self.guarded(|tree| Ok(tree.range(start..end)))
    }

    /// The next stored key and value.
    fn next(&self, cursor: &mut sled::Iter) -> Result<Option<(sled::IVec, sled::IVec)>> {
        self.guarded(|_| cursor.next().transpose())
    }

    fn tree(&self) -> &sled::Db {
        self.tree.as_ref().expect("only `drop` takes it")
    }

    /// Runs a read; sled's errors and panics become errors of this crate.
    fn guarded<T>(&self, read: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T> {
        // A panic can leave only sled's cache of a damaged log half changed, and nothing of this
        // crate.
        catch_unwind(AssertUnwindSafe(|| read(self.tree())))
            .map_err(|_| broken("sled panicked while reading"))
            .and_then(|result| result.map_err(backend_error))
            .map_err(|error| error.at(format!("store {}", self.path.display())))
    }

    /// Runs a write in a thread of its own, so that a hang in sled becomes an error: sled waits for
    /// ever once one of its own threads has died.
    fn within(
        &self,
        write: impl FnOnce(&sled::Db) -> sled::Result<()> + Send + 'static,
    ) -> Result<()> {
        let tree = self.tree().clone();
        run_within(COMMIT_WAIT_S_MAX, move || {
            let result = write(&tree);
            // The store may be dropped as soon as the result is sent, and must be the last to be
            // dropped.
            drop(tree);
            result
        })
        .map_err(|error| error.at(format!("store {}", self.path.display())))
    }

    fn state(&self) -> Result<RwLockReadGuard<'_, State>> {
        let state = self.state.read().unwrap_or_else(PoisonError::into_inner);
        match &state.failed {
            None => Ok(state),
            Some(why) => Err(Error::retry(format!(
                "store {}: an earlier commit failed ({why}), so nobody can tell yet whether it \
                 lasted; open the store again",
                self.path.display()
            ))),
        }
    }

    fn fail(&self, error: Error) -> Error {
        let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
        state.failed = Some(error.to_string());
        error
    }
}

impl Store for SledStore {
    fn read(&self) -> Result<Box<dyn Snapshot + '_>> {
        Ok(Box::new(SledSnapshot { store: self, state: self.state()? }))
    }

    fn commit(&self, batch: WriteBatch) -> Result<u64> {
        // Held until the commit is durable, so that the store is never two commits ahead of
        // COMMIT.
        let mut disk = self.disk.lock().unwrap_or_else(PoisonError::into_inner);
        let record = self.state()?.record.clone();
        let (writes, next) = self.plan(&record, &batch)?;
        {
            let mut state = self.state.write().unwrap_or_else(PoisonError::into_inner);
            if let Err(error) = self.within(move |tree| tree.apply_batch(writes)) {
                state.failed = Some(error.to_string());
                return Err(error);
            }
            state.record = next.clone();
        }
        self.make_durable(&mut disk, &next).map_err(|error| self.fail(error))?;
        Ok(next.sequence)
    }
}

impl Verify for SledStore {
    fn verify(&self) -> Result<Verified> {
        let state = self.state()?;
        let stored = self.stored_record()?;
        if stored != state.record {
            return Err(broken("its record is not that of its newest commit")
                .at(format!("store {}", self.path.display())));
        }
        self.check_everything(&state.record)
    }
}

impl fmt::Debug for SledStore {
    /// Shows the path only: sled's own form is the whole tree.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SledStore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Drop for SledStore {
    /// sled flushes and joins a thread when it is dropped, and waits for ever if that thread died.
    fn drop(&mut self) {
        let tree = self.tree.take();
        let closed = run_within(CLOSE_WAIT_S_MAX, move || {
            drop(tree);
            Ok(())
        });
        // All commits are durable, and the next open will report what is wrong.
        drop(closed);
    }
}

struct SledSnapshot<'a> {
    store: &'a SledStore,
    state: RwLockReadGuard<'a, State>,
}

impl Snapshot for SledSnapshot<'_> {
    fn sequence(&self) -> u64 {
        self.state.record.sequence
    }

    fn get(&self, key: &[u8]) -> Result<Option<Bytes>> {
        if check_key(key).is_err() {
            return Ok(None);
        }
        let key = value_key(key);
        let Some(stored) = self.store.guarded(|tree| tree.get(&key))? else { return Ok(None) };
        let (kind, payload) = envelope::open(&key, &stored)?;
        Ok(Some(match self.store.value(&key, kind, payload)? {
            // Copied, because sled's value may keep its whole page in memory.
            Value::Inline(value) => Bytes::copy_from_slice(value),
            Value::Large(value) => value.into(),
        }))
    }

    fn scan(&self, start: &[u8], end: &[u8], visit: &mut Visit<'_>) -> Result<()> {
        if start >= end {
            return Ok(());
        }
        let end = &end[..end.len().min(KEY_END.len())];
        let mut cursor = self.store.cursor(&value_key(start), &value_key(end))?;
        while let Some((key, stored)) = self.store.next(&mut cursor)? {
            let (kind, payload) = envelope::open(&key, &stored)?;
            let value = self.store.value(&key, kind, payload)?;
            if !visit(&key[1..], &value)? {
                break;
            }
        }
        Ok(())
    }
}

/// Opens the tree; if that fails, tries once more without the snapshots.
fn open_tree(directory: &Directory) -> Result<sled::Db> {
    let at_place = |error: Error| error.at(format!("store {}", directory.path().display()));
    directory.clear_unfinished()?;
    match open_tree_once(directory)? {
        Ok(tree) => Ok(tree),
        Err(error) if error.kind != ErrorKind::Restore => Err(at_place(error)),
        Err(error) if directory.set_snapshots_aside()? == 0 => Err(at_place(error)),
        Err(_) => open_tree_once(directory)?.map_err(at_place),
    }
}

fn open_tree_once(directory: &Directory) -> Result<Result<sled::Db>> {
    directory.wait_for_backend()?;
    let config = sled::Config::new()
        .path(directory.path())
        .cache_capacity(CACHE_BYTES)
        .flush_every_ms(Some(CLEANING_INTERVAL_MS));
    Ok(run_within(OPEN_WAIT_S_MAX, move || config.open()))
}

/// Runs work of sled in a thread of its own, which must finish in time.
fn run_within<T: Send + 'static>(
    wait_s_max: u64,
    work: impl FnOnce() -> sled::Result<T> + Send + 'static,
) -> Result<T> {
    match deadline::run(wait_s_max, work)? {
        Outcome::Done(result) => result.map_err(backend_error),
        Outcome::Panicked => Err(broken("sled panicked")),
        Outcome::Late => Err(broken(&format!("sled gave no answer for {wait_s_max} s"))),
    }
}

/// Converts an error of sled: either of the system, or of the data that it read.
fn backend_error(error: sled::Error) -> Error {
    use std::io::ErrorKind::{InvalidData, NotFound, UnexpectedEof};
    match &error {
        sled::Error::Io(io) if !matches!(io.kind(), InvalidData | NotFound | UnexpectedEof) => {
            Error::retry("sled could not read or write; look to the disk, then open it again")
                .because(error)
        }
        _ => broken("sled cannot read it").because(error),
    }
}

fn broken(what: &str) -> Error {
    Error::restore(format!(
        "{what}, so it is probably damaged; restore a backup, or build it anew from the source"
    ))
}
