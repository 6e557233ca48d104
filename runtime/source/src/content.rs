//! Contents: the bytes of an opened file, local or in an object store.
//!
//! Invariant: files and objects have the same interface: `Read`, `Seek` and Parquet's
//! `ChunkReader`. An object is read in ranges ([`RangeRead`]), and ranges that were fetched are
//! kept in memory. The error of a failed read is stored separately, because the libraries between
//! may keep only its message. Deliberately absent: which service holds the bytes (`objects.rs`),
//! and any cache over files.

use bytes::{Buf, Bytes};
use lockstep_core::error::{Error, Result};
use parquet::errors::Result as ParquetResult;
use parquet::file::reader::{ChunkReader, Length};
use std::fmt::Debug;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes at the end of an object that are fetched when it is opened, to include a footer.
const TAIL_BYTES: u64 = 256 << 10;
/// Bytes that are fetched at once where the number of bytes needed is not known.
const READ_AHEAD_BYTES: usize = 4 << 20;
/// Two ranges that are at most this many bytes apart are fetched as one.
const GAP_BYTES_MAX: u64 = 1 << 20;
/// Most bytes that one fetch keeps in memory.
pub(super) const FETCH_BYTES_MAX: u64 = 64 << 20;

/// Something that can be read in ranges.
pub(super) trait RangeRead: Debug + Send + Sync {
    /// How long it is.
    fn size_bytes(&self) -> u64;

    /// The bytes of each range; either all of them or an error.
    fn read_ranges(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>>;
}

/// Where an object's reader stores its error.
pub(super) type Failure = Arc<Mutex<Option<Error>>>;

/// An object, read from a position.
#[derive(Clone, Debug)]
pub(super) struct Object {
    source: Arc<dyn RangeRead>,
    failure: Failure,
    /// The fetched blocks, each with its start.
    blocks: Vec<(u64, Bytes)>,
    at: u64,
}

impl Object {
    pub(super) fn new(source: Arc<dyn RangeRead>, failure: Failure) -> Object {
        Object { source, failure, blocks: vec![], at: 0 }
    }

    fn read_ranges(&self, ranges: &[Range<u64>]) -> io::Result<Vec<Bytes>> {
        self.source.read_ranges(ranges).map_err(|error| {
            let message = error.to_string();
            self.failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
            io::Error::other(message)
        })
    }

    /// The fetched bytes from `start` on, if there are any.
    fn fetched(&self, start: u64) -> Option<Bytes> {
        self.blocks.iter().find_map(|(first, bytes)| {
            let from = usize::try_from(start.checked_sub(*first)?).ok()?;
            (from < bytes.len()).then(|| bytes.slice(from..))
        })
    }

    fn bytes(&self, start: u64, length: usize) -> io::Result<Bytes> {
        if let Some(fetched) = self.fetched(start).filter(|fetched| fetched.len() >= length) {
            return Ok(fetched.slice(..length));
        }
        let end = start.checked_add(length as u64).filter(|end| *end <= self.source.size_bytes());
        let end = end.ok_or_else(|| io::Error::from(io::ErrorKind::UnexpectedEof))?;
        if start == end {
            return Ok(Bytes::new());
        }
        let range = start..end;
        self.read_ranges(std::slice::from_ref(&range))?
            .pop()
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// The same object with its end in memory, or all of it if it is small.
    fn with_tail(mut self) -> io::Result<Object> {
        let size = self.source.size_bytes();
        let start = size.saturating_sub(TAIL_BYTES);
        let tail = self.bytes(start, (size - start) as usize)?;
        self.blocks.push((start, tail));
        Ok(self)
    }

    /// The same object with exactly these ranges in memory.
    fn with_ranges(&self, wanted: Vec<Range<u64>>) -> io::Result<Object> {
        let size = self.source.size_bytes();
        if wanted.iter().any(|range| range.start > range.end || range.end > size) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let ranges = joined(wanted);
        let bytes = self.read_ranges(&ranges)?;
        let blocks = ranges.iter().map(|range| range.start).zip(bytes).collect();
        let (source, failure) = (Arc::clone(&self.source), Arc::clone(&self.failure));
        Ok(Object { source, failure, blocks, at: 0 })
    }
}

/// Sorts the ranges and joins those that are close together.
fn joined(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut joined: Vec<Range<u64>> = Vec::new();
    for range in ranges.into_iter().filter(|range| !range.is_empty()) {
        match joined.last_mut() {
            Some(last) if range.start <= last.end.saturating_add(GAP_BYTES_MAX) => {
                last.end = last.end.max(range.end);
            }
            _ => joined.push(range),
        }
    }
    joined
}

/// The bytes of an opened file.
#[derive(Debug)]
pub(super) enum Content {
    File(File),
    Object(Object),
}

impl Content {
    pub(super) fn try_clone(&self) -> io::Result<Content> {
        match self {
            Content::File(file) => file.try_clone().map(Content::File),
            Content::Object(object) => Ok(Content::Object(object.clone())),
        }
    }

    /// The same, with its end in memory if it is remote.
    pub(super) fn with_tail(self) -> io::Result<Content> {
        match self {
            Content::File(file) => Ok(Content::File(file)),
            Content::Object(object) => object.with_tail().map(Content::Object),
        }
    }

    /// The same, with these ranges in memory if it is remote and they are not too large.
    pub(super) fn with_ranges(&self, wanted: Vec<Range<u64>>) -> io::Result<Content> {
        let bytes = wanted.iter().map(|range| range.end.saturating_sub(range.start)).sum::<u64>();
        match self {
            Content::Object(object) if bytes <= FETCH_BYTES_MAX => {
                object.with_ranges(wanted).map(Content::Object)
            }
            content => content.try_clone(),
        }
    }

    /// Whether it is remote, so that reading many small parts is slow.
    pub(super) fn is_far(&self) -> bool {
        matches!(self, Content::Object(_))
    }

    /// A reader from the start to the end.
    pub(super) fn into_read(self) -> Box<dyn Read + Send> {
        match self {
            Content::File(file) => Box::new(file),
            object => Box::new(BufReader::with_capacity(READ_AHEAD_BYTES, object)),
        }
    }
}

impl Read for Content {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let object = match self {
            Content::File(file) => return file.read(out),
            Content::Object(object) => object,
        };
        let left = object.source.size_bytes().saturating_sub(object.at);
        let length = out.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if length == 0 {
            return Ok(0);
        }
        let bytes = object.bytes(object.at, length)?;
        out[..length].copy_from_slice(&bytes);
        object.at += length as u64;
        Ok(length)
    }
}

impl Seek for Content {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let object = match self {
            Content::File(file) => return file.seek(to),
            Content::Object(object) => object,
        };
        let at = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => object.source.size_bytes().checked_add_signed(by),
            SeekFrom::Current(by) => object.at.checked_add_signed(by),
        };
        object.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(object.at)
    }
}

impl Length for Content {
    fn len(&self) -> u64 {
        match self {
            Content::File(file) => file.len(),
            Content::Object(object) => object.source.size_bytes(),
        }
    }
}

impl ChunkReader for Content {
    type T = Box<dyn Read>;

    fn get_read(&self, start: u64) -> ParquetResult<Box<dyn Read>> {
        match self {
            Content::File(file) => Ok(Box::new(file.get_read(start)?)),
            Content::Object(object) => match object.fetched(start) {
                Some(fetched) => Ok(Box::new(fetched.reader())),
                None => {
                    let mut content = Content::Object(object.clone());
                    content.seek(SeekFrom::Start(start))?;
                    Ok(Box::new(BufReader::with_capacity(READ_AHEAD_BYTES, content)))
                }
            },
        }
    }

    fn get_bytes(&self, start: u64, length: usize) -> ParquetResult<Bytes> {
        match self {
            Content::File(file) => file.get_bytes(start, length),
            Content::Object(object) => Ok(object.bytes(start, length)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes that count how often they are requested.
    #[derive(Debug)]
    struct Counting {
        bytes: Vec<u8>,
        asked: Mutex<Vec<Range<u64>>>,
    }

    impl RangeRead for Counting {
        fn size_bytes(&self) -> u64 {
            self.bytes.len() as u64
        }

        fn read_ranges(&self, ranges: &[Range<u64>]) -> Result<Vec<Bytes>> {
            self.asked.lock().unwrap().extend(ranges.iter().cloned());
            let part = |range: &Range<u64>| {
                Bytes::copy_from_slice(&self.bytes[range.start as usize..range.end as usize])
            };
            Ok(ranges.iter().map(part).collect())
        }
    }

    fn counting(size: usize) -> (Arc<Counting>, Object) {
        let bytes = (0..size).map(|at| (at % 251) as u8).collect();
        let source = Arc::new(Counting { bytes, asked: Mutex::default() });
        let object = Object::new(Arc::clone(&source) as Arc<dyn RangeRead>, Failure::default());
        (source, object)
    }

    /// Goal: an object reads as a file does, from any position, and never beyond its end. Method:
    /// the same seeks and reads in memory.
    #[test]
    fn an_object_reads_as_a_file() {
        let (source, object) = counting(5000);
        let mut content = Content::Object(object.with_ranges(vec![10..20, 4990..5000]).unwrap());
        let mut expect = io::Cursor::new(source.bytes.clone());
        for (at, length) in [(0, 7), (8, 10), (12, 4), (4985, 10), (4990, 10), (4999, 9), (5001, 1)]
        {
            content.seek(SeekFrom::Start(at)).unwrap();
            expect.seek(SeekFrom::Start(at)).unwrap();
            let (mut found, mut wanted) = (vec![0; length], vec![0; length]);
            assert_eq!(content.read(&mut found).unwrap(), expect.read(&mut wanted).unwrap());
            assert_eq!(found, wanted, "{length} bytes at {at}");
        }
        assert_eq!(content.seek(SeekFrom::End(-3)).unwrap(), 4997);
        assert!(content.seek(SeekFrom::Current(-5000)).is_err());
        assert!(content.get_bytes(4999, 2).is_err());
        assert!(content.with_ranges(vec![0..1, 4999..5001]).is_err());
    }

    /// Goal: fetched ranges are not requested again, and close ranges are one request.
    #[test]
    fn fetched_ranges_are_asked_once() {
        let (source, object) = counting(4 << 20);
        let content = Content::Object(object).with_tail().unwrap();
        content.get_bytes((4 << 20) - 8, 8).unwrap();
        let fetched = content.with_ranges(vec![3 << 20..4 << 20, 5..7, 900..1000]).unwrap();
        fetched.get_bytes(950, 50).unwrap();
        let mut one = [0];
        fetched.get_read(6).unwrap().read_exact(&mut one).unwrap();
        assert_eq!(one, [6]);
        let asked = source.asked.lock().unwrap().clone();
        assert_eq!(asked, [(4 << 20) - TAIL_BYTES..4 << 20, 5..1000, 3 << 20..4 << 20]);
    }
}
