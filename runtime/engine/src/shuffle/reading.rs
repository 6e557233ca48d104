//! Reads a log with one thread and processes it with many.
//!
//! Invariant: batches are admitted in the order of their positions, by the thread that reads; the
//! order in which workers process them does not matter. After a failure, queued batches are
//! discarded. Deliberately absent: what admission and processing do.

use crate::admission::Arrived;
use lockstep_core::error::Result;
use lockstep_core::event::EventBatch;
use lockstep_source::EventReader;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};

/// Reads everything from `reader`: `admit` decides what counts of each batch, `work` processes it.
pub(crate) fn read<W: Send>(
    workers: &mut [W],
    reader: &mut dyn EventReader,
    admit: &mut dyn FnMut(EventBatch) -> Result<Arrived>,
    work: &(dyn Fn(&mut W, Arrived) -> Result<()> + Sync),
) -> Result<()> {
    let (sender, receiver) = mpsc::sync_channel::<Arrived>(2 * workers.len());
    // Only the workers hold the receiver, so that the reader does not wait for ever if all of them
    // have panicked.
    let receiver = Arc::new(Mutex::new(receiver));
    let failed = AtomicBool::new(false);
    let run = |worker: &mut W, receiver: &Mutex<mpsc::Receiver<Arrived>>| {
        let next = || receiver.lock().unwrap_or_else(PoisonError::into_inner).recv().ok();
        let mut outcome = Ok(());
        // A worker that failed keeps receiving; otherwise the reader would wait for room for ever.
        while let Some(arrived) = next() {
            if !failed.load(Ordering::Relaxed) {
                outcome = work(worker, arrived);
                if outcome.is_err() {
                    failed.store(true, Ordering::Relaxed);
                }
            }
        }
        outcome
    };
    std::thread::scope(|scope| {
        let run = &run;
        let hire = |worker| {
            let receiver = Arc::clone(&receiver);
            scope.spawn(move || run(worker, &receiver))
        };
        let threads: Vec<_> = workers.iter_mut().map(hire).collect();
        drop(receiver);
        let mut read = || {
            while let Some(batch) = reader.next()? {
                let arrived = admit(batch)?;
                if sender.send(arrived).is_err() || failed.load(Ordering::Relaxed) {
                    break;
                }
            }
            Ok(())
        };
        let read = read();
        drop(sender);
        for thread in threads {
            thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))?;
        }
        read
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::RecordBatch;
    use arrow::datatypes::Schema;
    use lockstep_core::error::Error;

    /// This many empty batches.
    struct Batches(u64);

    impl EventReader for Batches {
        fn next(&mut self) -> Result<Option<EventBatch>> {
            let Some(left) = self.0.checked_sub(1) else { return Ok(None) };
            self.0 = left;
            let records = RecordBatch::new_empty(Arc::new(Schema::empty()));
            let (positions, failures, set_aside) = (vec![], vec![], vec![]);
            Ok(Some(EventBatch { records, positions, next_position: 0, failures, set_aside }))
        }
    }

    fn admit(batch: EventBatch) -> Result<Arrived> {
        let EventBatch { records, positions, failures, .. } = batch;
        Ok(Arrived { records, positions, failures, arrivals: None })
    }

    /// Goal: every batch is processed once, and if every worker fails, reading ends with an error,
    /// whatever is still queued. Method: far more batches than fit in the queue.
    #[test]
    fn a_failed_worker_does_not_stop_the_road() {
        for workers in [1, 3] {
            let mut counts = vec![0; workers];
            let count = |count: &mut u64, _: Arrived| {
                *count += 1;
                Ok(())
            };
            read(&mut counts, &mut Batches(100), &mut admit, &count).unwrap();
            assert_eq!(counts.iter().sum::<u64>(), 100);
            let fail = |_: &mut u64, _: Arrived| Err(Error::input("bad"));
            let error = read(&mut counts, &mut Batches(100), &mut admit, &fail).unwrap_err();
            assert_eq!(error.message, "bad");
        }
    }

    /// Goal: workers that panic do not leave the reader waiting: the panic is passed on.
    #[test]
    #[should_panic(expected = "a worker's own")]
    fn panics_of_all_workers_come_through() {
        let panic = |_: &mut u64, _: Arrived| -> Result<()> { panic!("a worker's own") };
        let read = read(&mut [0], &mut Batches(100), &mut admit, &panic);
        unreachable!("{read:?}");
    }
}
