//! Sources of several partitions that come and go: events are committed together, acknowledged after
//! the commit, and never lost or doubled (S10, S24).

use super::*;
use crate::kill::{ROUNDS, kill_child, number, print_durable};
use crate::stream::between;
use crate::stream::crash::catalog_of;
use lockstep_core::{Error, Result};
use lockstep_kit::fault_store::FaultStore;
use lockstep_source::{Delivery, SourceReader};
use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::path::{Path, PathBuf};

/// The directory of a child's store.
const CHILD_STORE: &str = "LOCKSTEP_PARTITIONS_STORE";
/// The file in which a child's broker keeps what was acknowledged.
const CHILD_BROKER: &str = "LOCKSTEP_PARTITIONS_BROKER";
/// The artifact that a child runs.
const CHILD_ARTIFACT: &str = "LOCKSTEP_PARTITIONS_ARTIFACT";
/// A file that holds the number of the acknowledgement before which the child waits for its death.
const CHILD_DIES_AT: &str = "LOCKSTEP_PARTITIONS_DIES_AT";

/// What a script does.
#[derive(Clone, Debug)]
enum Line {
    Assign(&'static str),
    Revoke(&'static str),
    /// So many more events of a partition.
    Give(&'static str, usize),
    Idle,
    End,
}

/// A broker that follows a script over two logs, and remembers what was acknowledged.
struct Scripted<'a> {
    logs: &'a BTreeMap<&'static str, RecordBatch>,
    script: VecDeque<Line>,
    next: BTreeMap<String, u64>,
    acknowledged: BTreeMap<String, u64>,
    /// The acknowledgement at which the process dies.
    dies_at: Option<usize>,
    acknowledgements: usize,
}

impl Scripted<'_> {
    fn name(partition: &str) -> Arc<str> {
        partition.into()
    }
}

impl SourceReader for Scripted<'_> {
    fn next(&mut self) -> Result<Delivery> {
        Ok(match self.script.pop_front().unwrap_or(Line::End) {
            Line::Assign(partition) => {
                // Until it is sought, the broker would go on where it was acknowledged.
                let from = self.acknowledged.get(partition).copied().unwrap_or(0);
                self.next.insert(partition.into(), from);
                Delivery::Assigned(Self::name(partition))
            }
            Line::Revoke(partition) => Delivery::Revoked(Self::name(partition)),
            Line::Give(partition, events) => {
                let log = &self.logs[partition];
                let start = self.next[partition] as usize;
                let end = (start + events).min(log.num_rows());
                self.next.insert(partition.into(), end as u64);
                Delivery::Batch(Self::name(partition), between(log, start, end))
            }
            Line::Idle => Delivery::Idle,
            Line::End => Delivery::End,
        })
    }

    fn seek(&mut self, partition: &str, position: u64) -> Result<()> {
        self.next.insert(partition.into(), position);
        Ok(())
    }

    fn acknowledge(&mut self, positions: &[(Arc<str>, u64)]) -> Result<()> {
        self.acknowledgements += 1;
        if self.dies_at == Some(self.acknowledgements) {
            return Err(Error::retry("the process died"));
        }
        for (partition, position) in positions {
            self.acknowledged.insert(partition.to_string(), *position);
        }
        Ok(())
    }
}

/// A script in which partitions come, pause, go and come again, and then all that is left.
fn script() -> Vec<Line> {
    use Line::*;
    let mut script = vec![
        Assign("a"),
        Give("a", 7),
        Assign("b"),
        Give("b", 5),
        Idle,
        Idle,
        Give("a", 3),
        Give("a", 4),
        Revoke("a"),
        Give("b", 9),
        Idle,
        Assign("a"),
        Give("b", 1),
        Give("a", 11),
        Revoke("b"),
        Idle,
        Assign("b"),
    ];
    for _ in 0..20 {
        script.extend([Give("a", 13), Give("b", 8)]);
    }
    script
}

fn logs(catalog: &Arc<Catalog>) -> BTreeMap<&'static str, RecordBatch> {
    let log = |seed| typed::typed_records(catalog, &typed::typed(seed, 150, 20));
    BTreeMap::from([("a", log(70)), ("b", log(71))])
}

fn reader<'a>(
    logs: &'a BTreeMap<&'static str, RecordBatch>,
    dies_at: Option<usize>,
) -> Scripted<'a> {
    Scripted {
        logs,
        script: script().into(),
        next: BTreeMap::new(),
        acknowledged: BTreeMap::new(),
        dies_at,
        acknowledgements: 0,
    }
}

/// Goal: a reader that says assigned, batch, idle, revoked and end leaves the store of the same logs
/// folded one after the other; several partitions go into one commit; and what is acknowledged is
/// what is committed. Method: the script above.
#[test]
fn s24_partitions_come_and_go() {
    let catalog = catalog("every-type");
    let logs = logs(&catalog);
    let expected = memory();
    let mut host = StreamHost::open(catalog.clone(), expected.clone()).unwrap();
    for (partition, log) in &logs {
        host.apply("typed", partition, &between(log, 0, log.num_rows())).unwrap();
    }
    let store = memory();
    let mut host = StreamHost::open(catalog.clone(), store.clone()).unwrap();
    let mut scripted = reader(&logs, None);
    let mut together = 0;
    let seen = store.clone();
    host.ingest("typed", &mut scripted, &mut |applied, positions| {
        together += usize::from(positions.len() == 2);
        assert_eq!(seen.read().unwrap().sequence(), applied.sequence, "heard before the commit");
    })
    .unwrap();
    assert!(together > 5, "{together} commits of two partitions");
    assert_eq!(digest(&*store, &catalog, Scope::All), digest(&*expected, &catalog, Scope::All));
    for (partition, log) in &logs {
        assert_eq!(scripted.acknowledged[*partition], log.num_rows() as u64);
        let reached = host.progress("typed", partition).unwrap().position;
        assert_eq!(reached, log.num_rows() as u64);
    }
}

/// Goal: a process that dies between a commit and its acknowledgement, or in the commit, loses and
/// doubles nothing (S10, S24). Method: at every acknowledgement, and at every commit refused or left
/// without an answer; the next process gets again what was not acknowledged.
#[test]
fn s24_death_between_commit_and_acknowledgement() {
    let catalog = catalog("every-type");
    let logs = logs(&catalog);
    let undisturbed = memory();
    let mut host = StreamHost::open(catalog.clone(), undisturbed.clone()).unwrap();
    host.ingest("typed", &mut reader(&logs, None), &mut |_, _| {}).unwrap();
    let expected = digest(&*undisturbed, &catalog, Scope::All);
    let mut deaths = 0;
    for way in 0..3 {
        for at in 1.. {
            let store = Arc::new(FaultStore::new(MemoryStore::new()));
            let shared: Arc<dyn Store> = store.clone();
            match way {
                0 => {}
                1 => store.refuse_commit(at),
                _ => store.lose_answer(at),
            }
            let mut first = reader(&logs, (way == 0).then_some(at as usize));
            let mut host = StreamHost::open(catalog.clone(), shared.clone()).unwrap();
            if host.ingest("typed", &mut first, &mut |_, _| {}).is_ok() {
                break;
            }
            deaths += 1;
            let mut host = StreamHost::open(catalog.clone(), shared.clone()).unwrap();
            for (partition, position) in &first.acknowledged {
                let held = host.progress("typed", partition).unwrap().position;
                assert!(*position <= held, "way {way}, {at}: {partition} has lost events");
            }
            let mut second = reader(&logs, None);
            second.acknowledged = first.acknowledged;
            host.ingest("typed", &mut second, &mut |_, _| {}).unwrap();
            assert_eq!(digest(&*shared, &catalog, Scope::All), expected, "way {way}, {at}");
        }
    }
    assert!(deaths > 30, "{deaths}");
}

/// Goal: ids count within a partition and in the files before it (S10). Method: one event in the
/// files, in two other partitions and twice in one; the counts of each.
#[test]
fn s10_ids_are_those_of_a_partition_and_of_the_files() {
    let catalog = catalog("every-type");
    let records = typed::typed_records(&catalog, &typed::typed(72, 20, 5));
    let store = memory();
    let mut host = StreamHost::open(catalog.clone(), store.clone()).unwrap();
    let files = host.apply("typed", FILES, &between(&records, 0, 5)).unwrap();
    assert_eq!((files.events, files.duplicates), (5, 0));
    let repeated = arrow::compute::concat_batches(
        &records.schema(),
        [&records.slice(0, 8), &records.slice(5, 3)],
    )
    .unwrap();
    for partition in ["a", "b"] {
        let applied = host.apply("typed", partition, &between(&repeated, 0, 11)).unwrap();
        assert_eq!((applied.events, applied.duplicates), (3, 8), "partition {partition}");
        let rejected =
            lockstep_store::rejected::Rejected::read(&*store.read().unwrap(), "typed", partition);
        let rejected = rejected.unwrap();
        assert_eq!(rejected.len(), 8);
        assert!((0..11).all(|at| rejected.contains(at) != (5..8).contains(&at)));
    }
}

/// A scripted broker in a process of its own: what was acknowledged is kept in a file, and before
/// one acknowledgement the process waits until it is killed.
struct Mortal<'a> {
    scripted: Scripted<'a>,
    broker: PathBuf,
    dies_at: usize,
}

impl SourceReader for Mortal<'_> {
    fn next(&mut self) -> Result<Delivery> {
        self.scripted.next()
    }

    fn seek(&mut self, partition: &str, position: u64) -> Result<()> {
        self.scripted.seek(partition, position)
    }

    fn acknowledge(&mut self, positions: &[(Arc<str>, u64)]) -> Result<()> {
        if self.scripted.acknowledgements + 1 == self.dies_at {
            print_durable(self.dies_at as u64);
            loop {
                std::thread::park();
            }
        }
        self.scripted.acknowledge(positions)?;
        let kept = serde_json::to_vec(&self.scripted.acknowledged).unwrap();
        std::fs::write(&self.broker, kept).unwrap();
        Ok(())
    }
}

/// What the broker in this file has been told.
fn acknowledged(broker: &Path) -> BTreeMap<String, u64> {
    std::fs::read(broker)
        .map_or_else(|_| BTreeMap::new(), |kept| serde_json::from_slice(&kept).unwrap())
}

/// The child: ingests what its broker delivers, into sled.
#[test]
fn child_ingests_until_it_is_killed() {
    let Ok(store) = std::env::var(CHILD_STORE) else { return };
    let variable = |name| PathBuf::from(std::env::var(name).unwrap());
    let (broker, artifact) = (variable(CHILD_BROKER), variable(CHILD_ARTIFACT));
    let dies_at = std::fs::read_to_string(variable(CHILD_DIES_AT)).unwrap().parse().unwrap();
    let catalog = catalog_of(&artifact);
    let logs = logs(&catalog);
    let mut scripted = reader(&logs, None);
    scripted.acknowledged = acknowledged(&broker);
    let store: Arc<dyn Store> = Arc::new(SledStore::open_or_create(store).unwrap());
    let mut host = StreamHost::open(catalog, store).unwrap();
    host.ingest("typed", &mut Mortal { scripted, broker, dies_at }, &mut |_, _| {}).unwrap();
}

/// Goal: as above, with a process that is killed by SIGKILL after a commit and before its
/// acknowledgement. Method: one child after the other waits there for its death, at its first,
/// second or third acknowledgement; the broker in a file outlives them.
#[test]
fn s24_sigkill_between_commit_and_acknowledgement() {
    let artifact = lockstep_kit::artifacts::wasm("transforms/every-type");
    let catalog = catalog_of(&artifact);
    let logs = logs(&catalog);
    let undisturbed = memory();
    let mut host = StreamHost::open(catalog.clone(), undisturbed.clone()).unwrap();
    host.ingest("typed", &mut reader(&logs, None), &mut |_, _| {}).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let [store, broker, dies_at] =
        ["store", "broker", "dies_at"].map(|name| folder.path().join(name));
    let rounds = number(ROUNDS, 5);
    let held = |store: &Path| {
        let store: Arc<dyn Store> = Arc::new(SledStore::open(store).unwrap());
        let host = StreamHost::open(catalog.clone(), store).unwrap();
        ["a", "b"].map(|partition| host.progress("typed", partition).unwrap().position)
    };
    let mut before = [0, 0];
    for round in 0..rounds {
        let at = 1 + round % 3;
        std::fs::write(&dies_at, at.to_string()).unwrap();
        let variables: [(&str, &Path); 4] = [
            (CHILD_STORE, &store),
            (CHILD_BROKER, &broker),
            (CHILD_ARTIFACT, &artifact),
            (CHILD_DIES_AT, &dies_at),
        ];
        let test = "stream::partitions::child_ingests_until_it_is_killed";
        let died = kill_child(test, &variables, 0, |deaths| {
            deaths.next();
        });
        assert!(died == Some(at) || before == [150, 150], "round {round}: {died:?}, {before:?}");
        let now = held(&store);
        let told = acknowledged(&broker);
        let told = ["a", "b"].map(|partition| told.get(partition).copied().unwrap_or(0));
        for partition in 0..2 {
            assert!(now[partition] >= before[partition], "round {round}: {before:?}, {now:?}");
            assert!(now[partition] >= told[partition], "round {round}: {told:?}, {now:?}");
        }
        let whole = now == [150, 150];
        assert!(died.is_none() || whole || now != told, "round {round}: nothing lay in between");
        before = now;
    }
    let store: Arc<dyn Store> = Arc::new(SledStore::open(&store).unwrap());
    let mut last = reader(&logs, None);
    last.acknowledged = acknowledged(&broker);
    let mut host = StreamHost::open(catalog.clone(), store.clone()).unwrap();
    host.ingest("typed", &mut last, &mut |_, _| {}).unwrap();
    assert_eq!(digest(&*store, &catalog, Scope::All), digest(&*undisturbed, &catalog, Scope::All));
}
