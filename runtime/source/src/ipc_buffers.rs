//! Compressed buffers of Arrow IPC: what they declare to unfold to, before they are decompressed.
//!
//! The reader makes room for as much as a buffer declares in its first eight bytes. So these are
//! read first, in a file as its footer names the blocks, in a stream as the bytes pass.
//!
//! Invariant: a record batch whose compressed buffers declare more than [`ARROW_BATCH_BYTES_MAX`]
//! together is refused before any of them is decompressed. Deliberately absent: batches that are
//! not compressed, which are no larger than their files.

use super::limits::ARROW_BATCH_BYTES_MAX;
use arrow::ipc::{RecordBatch, root_as_message};
use lockstep_core::code::Code;
use lockstep_core::error::Error;
use std::collections::VecDeque;
use std::io::{self, Read};

/// Bytes in front of a compressed buffer, which say how long it is when it is decompressed.
pub(super) const DECLARED_BYTES: usize = 8;
/// Bytes that begin each message of a stream, unless an old writer left them out.
const CONTINUATION: [u8; 4] = [0xff; 4];

/// A message of Arrow IPC, according to its metadata.
#[derive(Debug, Default)]
pub(super) struct Message {
    /// The offsets of the compressed buffers in its body.
    pub(super) compressed: Vec<u64>,
    body_bytes: u64,
    is_batch: bool,
}

/// The message whose metadata is `metadata`. Metadata that cannot be read is left to its reader.
pub(super) fn message(metadata: &[u8]) -> Message {
    let Ok(message) = root_as_message(metadata) else { return Message::default() };
    let batch = match message.header_as_record_batch() {
        Some(batch) => Some(batch),
        None => message.header_as_dictionary_batch().and_then(|dictionary| dictionary.data()),
    };
    let offsets = |batch: RecordBatch<'_>| {
        let buffers = batch.buffers().into_iter().flatten();
        let held = buffers.filter(|buffer| buffer.length() >= DECLARED_BYTES as i64);
        held.filter_map(|buffer| u64::try_from(buffer.offset()).ok()).collect()
    };
    let batch = batch.filter(|batch| batch.compression().is_some());
    Message {
        compressed: batch.map(offsets).unwrap_or_default(),
        body_bytes: u64::try_from(message.bodyLength()).unwrap_or(0),
        is_batch: message.header_as_record_batch().is_some(),
    }
}

/// What the buffers of one batch declare together.
#[derive(Debug, Default)]
pub(super) struct Declared(u64);

impl Declared {
    /// Adds a buffer by its first bytes; `None` if there are too many bytes.
    pub(super) fn add(&mut self, bytes: [u8; DECLARED_BYTES]) -> Option<()> {
        // A negative length says that the buffer is not compressed.
        let length = u64::try_from(i64::from_le_bytes(bytes)).unwrap_or(0);
        self.0 = self.0.saturating_add(length);
        (self.0 <= ARROW_BATCH_BYTES_MAX).then_some(())
    }

    /// The error for record batch `batch` of the input at `place`.
    pub(super) fn too_large(&self, place: &str, batch: usize) -> Error {
        Error::input(format!(
            "{place}: record batch {batch} (from 0): its compressed buffers unfold to {} bytes, over \
             the limit of {ARROW_BATCH_BYTES_MAX} bytes; write the file with smaller record batches, \
             or without compression",
            self.0
        ))
        .with_code(Code::LimitReached {
            limit: "ARROW_BATCH_BYTES_MAX",
            max: ARROW_BATCH_BYTES_MAX,
        })
    }
}

/// A stream of messages that is checked as it passes.
pub(super) struct CheckedStream<R> {
    input: R,
    place: String,
    /// Bytes that were read and not given out.
    ready: VecDeque<u8>,
    /// Bytes of the body that are still to come, and where in it the next one is.
    left: u64,
    at: u64,
    /// The places in the body where lengths are declared, and what was seen of each.
    places: Vec<(u64, [u8; DECLARED_BYTES])>,
    declared: Declared,
    batches: usize,
    ended: bool,
}

impl<R: Read> CheckedStream<R> {
    pub(super) fn new(input: R, place: &str) -> CheckedStream<R> {
        CheckedStream {
            input,
            place: place.to_string(),
            ready: VecDeque::new(),
            left: 0,
            at: 0,
            places: vec![],
            declared: Declared::default(),
            batches: 0,
            ended: false,
        }
    }

    /// Reads the head of the next message.
    fn open_message(&mut self) -> io::Result<()> {
        let mut head = Vec::new();
        self.take(4, &mut head)?;
        if head == CONTINUATION {
            self.take(4, &mut head)?;
        }
        let length = head.last_chunk().map_or(0, |bytes| i32::from_le_bytes(*bytes));
        let start = head.len();
        let length = u64::try_from(length).unwrap_or(0);
        self.take(length, &mut head)?;
        self.ended = length == 0 || ((head.len() - start) as u64) < length;
        let message = message(&head[start..]);
        let places = message.compressed.into_iter();
        self.places = places.map(|at| (at, [0; DECLARED_BYTES])).collect();
        self.declared = Declared::default();
        (self.left, self.at) = (message.body_bytes, 0);
        self.batches += usize::from(message.is_batch);
        self.ready.extend(head);
        Ok(())
    }

    /// Appends up to `count` bytes of the input.
    fn take(&mut self, count: u64, out: &mut Vec<u8>) -> io::Result<()> {
        (&mut self.input).take(count).read_to_end(out).map(|_| ())
    }

    /// Looks at a part of the body.
    fn look(&mut self, part: &[u8]) -> io::Result<()> {
        let (from, to) = (self.at, self.at + part.len() as u64);
        for (place, seen) in &mut self.places {
            for (i, byte) in seen.iter_mut().enumerate() {
                let at = *place + i as u64;
                if (from..to).contains(&at) {
                    *byte = part[(at - from) as usize];
                }
            }
            let last = *place + DECLARED_BYTES as u64 - 1;
            if (from..to).contains(&last) && self.declared.add(*seen).is_none() {
                // A dictionary belongs to the batch that comes next.
                let batch = self.batches.saturating_sub(1);
                return Err(io::Error::other(self.declared.too_large(&self.place, batch)));
            }
        }
        self.at = to;
        Ok(())
    }
}

impl<R: Read> Read for CheckedStream<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if self.ready.is_empty() && self.left == 0 && !self.ended && !out.is_empty() {
            self.open_message()?;
        }
        if !self.ready.is_empty() {
            return self.ready.read(out);
        }
        if self.left == 0 {
            return self.input.read(out);
        }
        let most = out.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.input.read(&mut out[..most])?;
        self.look(&out[..read])?;
        self.left -= read as u64;
        Ok(read)
    }
}
