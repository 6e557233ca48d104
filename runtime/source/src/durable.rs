//! A durable file: it is synced to the disk in the background while more bytes are written.
//!
//! Invariant: after [`DurableFile::finish`] every byte is on the disk, and a failed write or sync
//! fails a later call. The last wait is short, because a background thread has already synced the
//! earlier bytes. Deliberately absent: file names.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::mpsc::{self, SyncSender, TrySendError};
use std::thread::JoinHandle;

/// Bytes that are written between two syncs.
const SYNC_BYTES: usize = 16 << 20;

/// The device that bytes are written to and synced on. Tests inject faults here.
pub(super) trait Device: Send + Sync {
    /// Writes some of the bytes; returns how many.
    fn write(&self, bytes: &[u8]) -> io::Result<usize>;
    /// Syncs the bytes written so far.
    fn sync_data(&self) -> io::Result<()>;
    /// Syncs the bytes and the file's metadata.
    fn sync_all(&self) -> io::Result<()>;
}

impl Device for File {
    fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let mut file = self;
        Write::write(&mut file, bytes)
    }

    fn sync_data(&self) -> io::Result<()> {
        File::sync_data(self)
    }

    fn sync_all(&self) -> io::Result<()> {
        File::sync_all(self)
    }
}

/// A file that is written from its start to its end.
pub(super) struct DurableFile {
    device: Arc<dyn Device>,
    /// Bytes written since the last sync was started.
    unsynced: usize,
    syncer: Option<Syncer>,
}

/// The thread that syncs in the background.
struct Syncer {
    wanted: SyncSender<()>,
    thread: JoinHandle<io::Result<()>>,
}

impl DurableFile {
    pub(super) fn new(device: Arc<dyn Device>) -> DurableFile {
        DurableFile { device, unsynced: 0, syncer: None }
    }

    /// Starts a background sync of the bytes so far, unless an earlier one is still running.
    fn sync_behind(&mut self) -> io::Result<()> {
        let device = &self.device;
        let syncer = self.syncer.get_or_insert_with(|| {
            let (wanted, asked) = mpsc::sync_channel(1);
            let device = Arc::clone(device);
            let sync = move || asked.iter().try_for_each(|()| device.sync_data());
            Syncer { wanted, thread: std::thread::spawn(sync) }
        });
        match syncer.wanted.try_send(()) {
            Ok(()) | Err(TrySendError::Full(())) => Ok(()),
            Err(TrySendError::Disconnected(())) => self.wait(),
        }
    }

    /// Waits for the background sync, if there is one, and returns its error.
    fn wait(&mut self) -> io::Result<()> {
        let Some(Syncer { wanted, thread }) = self.syncer.take() else { return Ok(()) };
        drop(wanted);
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }

    /// Returns when every byte is on the disk; the file stays open as long as the returned device
    /// is held.
    pub(super) fn finish(mut self) -> io::Result<Arc<dyn Device>> {
        // The system reports an error once: the last sync does not repeat the error of an earlier
        // one.
        self.wait()?;
        self.device.sync_all()?;
        Ok(Arc::clone(&self.device))
    }
}

impl Write for DurableFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = self.device.write(bytes)?;
        self.unsynced += taken;
        if self.unsynced >= SYNC_BYTES {
            self.unsynced = 0;
            self.sync_behind()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Drop for DurableFile {
    fn drop(&mut self) {
        // On drop, the caller has an error already, or does not need the file.
        let _ = self.wait();
    }
}

#[cfg(test)]
pub(super) mod faults {
    //! A device that fails where a test wants it to.

    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// What fails.
    #[derive(Clone, Copy, Debug)]
    pub(crate) enum Fault {
        /// There is room for this many bytes only.
        FullAfter(usize),
        /// Syncing fails while more bytes are written.
        SyncData,
        /// The last sync fails.
        SyncAll,
    }

    /// A file with a fault.
    pub(crate) struct Faulty {
        file: File,
        fault: Fault,
        taken: AtomicUsize,
    }

    impl Faulty {
        pub(crate) fn new(file: File, fault: Fault) -> Faulty {
            Faulty { file, fault, taken: AtomicUsize::new(0) }
        }
    }

    impl Device for Faulty {
        fn write(&self, bytes: &[u8]) -> io::Result<usize> {
            let taken = self.taken.load(Ordering::SeqCst);
            let mut room = bytes.len();
            if let Fault::FullAfter(bytes_max) = self.fault {
                room = room.min(bytes_max - taken);
                if room == 0 {
                    return Err(io::ErrorKind::StorageFull.into());
                }
            }
            let written = Device::write(&self.file, &bytes[..room])?;
            self.taken.fetch_add(written, Ordering::SeqCst);
            Ok(written)
        }

        fn sync_data(&self) -> io::Result<()> {
            match self.fault {
                Fault::SyncData => Err(io::ErrorKind::StorageFull.into()),
                _ => Ok(()),
            }
        }

        fn sync_all(&self) -> io::Result<()> {
            match self.fault {
                Fault::SyncAll => Err(io::ErrorKind::StorageFull.into()),
                _ => Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::faults::{Fault, Faulty};
    use super::*;

    /// Goal: a sync that fails in the background fails the file, even if the last sync succeeds.
    /// Method: bytes for a few syncs, where either a background sync or the last one fails, or
    /// there is too little room.
    #[test]
    fn a_sync_that_failed_behind_fails_the_file() {
        let bytes = vec![7; SYNC_BYTES];
        let written = |fault| {
            let device = Faulty::new(tempfile::tempfile().unwrap(), fault);
            let mut file = DurableFile::new(Arc::new(device));
            let written = (0..3).try_for_each(|_| file.write_all(&bytes));
            written.and_then(|()| file.finish().map(|_| ()))
        };
        for fault in [Fault::SyncData, Fault::SyncAll, Fault::FullAfter(2 * SYNC_BYTES + 1)] {
            let kind = written(fault).unwrap_err().kind();
            assert_eq!(kind, io::ErrorKind::StorageFull, "{fault:?}");
        }
        written(Fault::FullAfter(3 * SYNC_BYTES)).unwrap();
    }
}
