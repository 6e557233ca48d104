//! A fold: adds the events of one source partition to a store, from the position that the store has
//! reached.
//!
//! One thread reads ahead; the thread that calls adds the events.
//!
//! Invariant: batches are added in the order of their positions, each with one or more durable
//! commits, so whatever ends a fold, the store holds exactly the events before its position.
//! Deliberately absent: the choice of the files that are read.

use crate::fill_report::FillReport;
use crate::progress::Progress;
use crate::project::Project;
use lockstep_core::event::{EventBatch, SourceSchema};
use lockstep_core::{Error, Result};
use lockstep_engine::ingest::StreamHost;
use lockstep_source::{EventReader, OnePartition};
use lockstep_store::Store;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;

/// The most batches that wait between the reader and the fold.
const QUEUE_BATCHES_MAX: usize = 4;

/// A fold of a source partition.
pub(crate) struct Fold<'a> {
    project: &'a Project,
    store: Arc<dyn Store>,
    host: StreamHost,
    source: &'a str,
    partition: &'static str,
    position: u64,
}

impl<'a> Fold<'a> {
    /// A fold into `store`, from the position that the store has reached.
    pub(crate) fn open(
        project: &'a Project,
        store: Arc<dyn Store>,
        source: &'a str,
        partition: &'static str,
    ) -> Result<Fold<'a>> {
        let host = StreamHost::open(project.catalog().clone(), store.clone())?;
        let position = host.progress(source, partition)?.position;
        Ok(Fold { project, store, host, source, partition, position })
    }

    /// The position to read from.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// The store.
    pub(crate) fn store(&self) -> &Arc<dyn Store> {
        &self.store
    }

    /// The columns to read of the source: those that any version fed by the store needs.
    pub(crate) fn schema(&self) -> Result<Arc<SourceSchema>> {
        self.host.schema(self.source)
    }

    /// Folds all events of `reader`, and adds what that did to `report`. Ends after the batch in
    /// which more than `bad_rows_max` events were set aside in the whole run.
    pub(crate) fn run(
        mut self,
        reader: Box<dyn EventReader>,
        bad_rows_max: Option<u64>,
        report: &mut FillReport,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<()> {
        let mut own = FillReport::default();
        self.project.tell(progress);
        let (before, over) = (report.set_aside, AtomicBool::new(false));
        thread::scope(|scope| {
            let (sender, receiver) = sync_channel(QUEUE_BATCHES_MAX);
            let reading = thread::Builder::new()
                .name("reader".into())
                .spawn_scoped(scope, move || read(reader, &sender))
                .map_err(|error| Error::retry("no threads to run on").because(error))?;
            let ahead = ReadAhead { receiver, over: &over };
            let mut ahead = OnePartition::new(self.partition, self.position, ahead);
            let (source, project) = (self.source, self.project);
            let folded = self.host.ingest(source, &mut ahead, &mut |applied, positions| {
                own.add(applied);
                project.tell(progress);
                let many = bad_rows_max.is_some_and(|most| before + own.set_aside > most);
                over.store(many, Ordering::Relaxed);
                let position = positions.first().map_or(0, |(_, position)| *position);
                progress(Progress::Folding { source, position, events: own.events });
            });
            // The reading thread finds the channel closed, and ends.
            drop(ahead);
            let read = reading.join();
            folded?;
            read.map_err(|_| Error::bug("a thread of the streaming host died"))?
        })?;
        self.project.tell(progress);
        own.is_over = over.load(Ordering::Relaxed);
        own.position = self.host.progress(self.source, self.partition)?.position;
        report.merge(own);
        Ok(())
    }
}

/// A reader of the batches that another thread has read.
struct ReadAhead<'a> {
    receiver: Receiver<EventBatch>,
    /// Whether more events were set aside than may be, so that this is the end.
    over: &'a AtomicBool,
}

impl EventReader for ReadAhead<'_> {
    fn next(&mut self) -> Result<Option<EventBatch>> {
        if self.over.load(Ordering::Relaxed) {
            return Ok(None);
        }
        // A closed channel means that the reading thread has ended; its own result says whether it
        // failed.
        Ok(self.receiver.recv().ok())
    }
}

/// Reads until the end, or until the receiver of the batches is gone.
fn read(mut reader: Box<dyn EventReader>, batches: &SyncSender<EventBatch>) -> Result<()> {
    while let Some(batch) = reader.next()? {
        if batches.send(batch).is_err() {
            break;
        }
    }
    Ok(())
}
