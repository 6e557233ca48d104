//! What reading Parquet costs: how much memory the row groups of a file need when they are decoded,
//! found out before anything is decoded.
//!
//! A small file may claim pages of gigabytes, or repeat a long text of its dictionary in each of
//! millions of rows. So the headers of all pages of a run are read first. From them follows an
//! upper bound of the bytes of any `n` consecutive rows:
//!
//! ```text
//! bytes(n)  =  sum over columns of  m * per_value  +  the largest pages with m values
//! m         =  min(n * values of the longest row, values of the column)
//! ```
//!
//! where `per_value` is the width of a number, or the longest text of the dictionary, and pages
//! count if their texts lie in them. A batch has as many rows as keep the bound below
//! [`DECODED_BATCH_BYTES_MAX`].
//!
//! Invariant: no page is decompressed before its size has passed, and a run that passes stays
//! within the limits. Deliberately absent: reading the rows.

use super::columnar::damaged;
use super::content::Content;
use super::limits::{
    CELL_BYTES_MAX, DECODED_BATCH_BYTES_MAX, PAGE_BYTES_MAX, PAGE_HEADER_BYTES_MAX, PAGES_BYTES_MAX,
};
use super::page_header::{self, Broken, Encoding, Kind, Page};
use super::page_levels::{Rows, lengths, longest_text};
use bytes::Bytes;
use lockstep_core::code::Code;
use lockstep_core::error::{Error, Result};
use parquet::basic::{Compression, Encoding as PageEncoding, Type as PhysicalType};
use parquet::column::page::{Page as Body, PageReader as _};
use parquet::file::metadata::{ColumnChunkMetaData, ParquetMetaData};
use parquet::file::reader::{ChunkReader as _, Length as _};
use parquet::file::serialized_reader::SerializedPageReader;
use std::io::Read;
use std::ops::Range;
use std::sync::Arc;

/// Bytes of a header that are read at first; most headers are shorter.
const HEADER_PROBE_BYTES: u64 = 256;
/// Bytes of a nested value besides its own: its place in lists, and whether it is null.
const NESTED_BYTES: u64 = 12;
/// Deflate makes at most this many bytes of one.
const DEFLATE_RATIO_MAX: u64 = 1032;

/// A column of one row group.
struct Chunk<'a> {
    place: &'a str,
    content: &'a Content,
    meta: &'a ColumnChunkMetaData,
    group: usize,
    rows: u64,
    pages: Vec<Page>,
    cost: Cost,
}

/// The upper bound of the bytes of a column's values.
#[derive(Default)]
struct Cost {
    /// Bytes of any value.
    per_value: u64,
    /// The values and the bytes of each page that holds its texts itself.
    sized: Vec<(u64, u64)>,
    /// All values.
    values: u64,
    /// Values of the longest row.
    longest_row: u64,
}

/// How many rows of a run of row groups may be decoded at once, at most `batch_rows`.
pub(super) fn rows_at_once(
    place: &str,
    content: &Content,
    (footer, groups): (&ParquetMetaData, &Range<usize>),
    chosen: Option<&[usize]>,
    batch_rows: usize,
) -> Result<usize> {
    let schema = footer.file_metadata().schema_descr();
    let is_chosen = |leaf: &usize| {
        chosen.is_none_or(|chosen| chosen.contains(&schema.get_column_root_idx(*leaf)))
    };
    let mut rows = batch_rows;
    for group in groups.clone() {
        let meta = footer.row_group(group);
        let group_rows = u64::try_from(meta.num_rows()).unwrap_or(0);
        let mut chunks = Vec::new();
        for leaf in (0..meta.num_columns()).filter(is_chosen) {
            let meta = meta.column(leaf);
            chunks.push(Chunk::open(place, content, meta, group, group_rows)?);
        }
        rows = rows.min(rows_of_group(&mut chunks, group_rows, batch_rows)?);
    }
    Ok(rows)
}

fn rows_of_group(chunks: &mut [Chunk<'_>], group_rows: u64, batch_rows: usize) -> Result<usize> {
    let mut held = 0u64;
    for chunk in &*chunks {
        let largest = |kind| chunk.pages.iter().filter(move |page| page.kind == kind);
        let largest = |kind| largest(kind).map(|page| page.bytes).max().unwrap_or(0);
        held += largest(Kind::Data) + largest(Kind::Dictionary);
        if held > PAGES_BYTES_MAX {
            let what = format!("the pages of its columns need {held} bytes at once");
            return Err(chunk.too_large(&what, "PAGES_BYTES_MAX", PAGES_BYTES_MAX));
        }
    }
    for chunk in &mut *chunks {
        chunk.check_bombs()?;
        chunk.look_into()?;
    }
    let bytes = |chunks: &[Chunk<'_>], rows: u64| -> u64 {
        chunks.iter().fold(0, |sum, chunk| sum.saturating_add(chunk.cost.bytes(rows)))
    };
    let most = group_rows.clamp(1, batch_rows as u64);
    if bytes(chunks, most) > DECODED_BATCH_BYTES_MAX {
        for chunk in chunks.iter_mut().filter(|chunk| chunk.is_nested()) {
            chunk.measure_rows()?;
        }
    }
    let mut rows = batch_rows as u64;
    while rows > 1 && bytes(chunks, rows) > DECODED_BATCH_BYTES_MAX {
        rows /= 2;
    }
    let least = bytes(chunks, 1);
    if least <= DECODED_BATCH_BYTES_MAX {
        return Ok(rows as usize);
    }
    let costly = chunks.iter().max_by_key(|chunk| chunk.cost.bytes(1));
    let what = format!("one row may unfold to {least} bytes");
    Err(costly.map_or_else(
        || Error::bug("a row group without columns was too large"),
        |chunk| chunk.too_large(&what, "DECODED_BATCH_BYTES_MAX", DECODED_BATCH_BYTES_MAX),
    ))
}

impl<'a> Chunk<'a> {
    /// Reads the headers of all its pages.
    fn open(
        place: &'a str,
        content: &'a Content,
        meta: &'a ColumnChunkMetaData,
        group: usize,
        rows: u64,
    ) -> Result<Chunk<'a>> {
        let (pages, cost) = (vec![], Cost::default());
        let mut chunk = Chunk { place, content, meta, group, rows, pages, cost };
        let start = meta.dictionary_page_offset().unwrap_or(meta.data_page_offset());
        let start = u64::try_from(start).ok();
        let end = start.zip(u64::try_from(meta.compressed_size()).ok());
        let end = end.and_then(|(start, length)| start.checked_add(length));
        let Some((mut at, end)) = start.zip(end.filter(|end| *end <= content.len())) else {
            return Err(damaged(place).because("its footer names bytes beyond the file"));
        };
        while at < end {
            let (page, length) = chunk.header(at, end - at)?;
            at += length;
            if page.stored_bytes > end - at {
                return Err(damaged(place).because("a page is longer than its column"));
            }
            if page.bytes > PAGE_BYTES_MAX {
                let what = format!("a page of {} bytes", page.bytes);
                return Err(chunk.too_large(&what, "PAGE_BYTES_MAX", PAGE_BYTES_MAX));
            }
            at += page.stored_bytes;
            if page.kind == Kind::Dictionary {
                chunk.check_dictionary(&page)?;
            }
            chunk.pages.push(page);
        }
        Ok(chunk)
    }

    fn header(&self, at: u64, left: u64) -> Result<(Page, u64)> {
        let mut probe = HEADER_PROBE_BYTES;
        loop {
            let length = probe.min(left);
            let bytes = self.content.get_bytes(at, length as usize);
            let bytes = bytes.map_err(|error| damaged(self.place).because(error))?;
            match page_header::read(&bytes) {
                Ok((page, length)) => return Ok((page, length as u64)),
                Err(Broken::CutOff) if length < left && probe < PAGE_HEADER_BYTES_MAX => {
                    probe *= 16;
                }
                Err(Broken::CutOff) if length < left => {
                    let what = "the header of a page is larger";
                    return Err(self.too_large(
                        what,
                        "PAGE_HEADER_BYTES_MAX",
                        PAGE_HEADER_BYTES_MAX,
                    ));
                }
                Err(_) => {
                    return Err(damaged(self.place).because("the header of a page is malformed"));
                }
            }
        }
    }

    /// Refuses a dictionary that claims more values than its page can hold.
    fn check_dictionary(&self, page: &Page) -> Result<()> {
        let least = self.width().unwrap_or(4).max(1);
        match page.values.checked_mul(least) {
            Some(needed) if needed <= page.bytes => Ok(()),
            _ => Err(damaged(self.place).because("a dictionary claims more values than it has")),
        }
    }

    /// The bytes of a value, if all values have the same.
    fn width(&self) -> Option<u64> {
        Some(match self.meta.column_type() {
            PhysicalType::BOOLEAN => 1,
            PhysicalType::INT32 | PhysicalType::FLOAT => 4,
            PhysicalType::INT64 | PhysicalType::DOUBLE => 8,
            PhysicalType::INT96 => 12,
            PhysicalType::FIXED_LEN_BYTE_ARRAY => {
                u64::try_from(self.meta.column_descr().type_length()).unwrap_or(0)
            }
            PhysicalType::BYTE_ARRAY => return None,
        })
    }

    fn is_nested(&self) -> bool {
        self.meta.column_descr().max_rep_level() > 0
    }

    /// Refuses pages that decompress to more than their headers say, where the library would follow
    /// them without end.
    fn check_bombs(&self) -> Result<()> {
        let codec = self.meta.compression();
        let suspicious = |page: &Page| match codec {
            Compression::BROTLI(_) => true,
            Compression::GZIP(_) => {
                page.stored_bytes.saturating_mul(DEFLATE_RATIO_MAX) > PAGES_BYTES_MAX / 2
            }
            _ => false,
        };
        if !self.pages.iter().any(suspicious) {
            return Ok(());
        }
        let mut at = self.meta.byte_range().0;
        for page in &self.pages {
            let (_, length) = self.header(at, self.content.len() - at)?;
            let stored = self.content.get_bytes(at + length, page.stored_bytes as usize);
            let stored = stored.map_err(|error| damaged(self.place).because(error))?;
            at += length + page.stored_bytes;
            let front = stored.len().min(usize::try_from(page.levels_bytes).unwrap_or(usize::MAX));
            let (stored, limit) = (stored.slice(front..), page.bytes + 1);
            let unfolded = match codec {
                Compression::BROTLI(_) => {
                    unfolded(brotli::Decompressor::new(&*stored, 4096), limit)
                }
                _ => unfolded(flate2::read::MultiGzDecoder::new(&*stored), limit),
            };
            if unfolded > page.bytes {
                let message = "a page decompresses to more than its header says";
                return Err(damaged(self.place).because(message));
            }
        }
        Ok(())
    }

    /// Finds out what the values cost. Reads a dictionary of texts, and pages with lists of
    /// lengths.
    fn look_into(&mut self) -> Result<()> {
        let data = || self.pages.iter().filter(|page| page.kind == Kind::Data);
        let values: u64 = data().fold(0, |sum, page| sum.saturating_add(page.values));
        let nested = if self.is_nested() { NESTED_BYTES } else { 1 };
        let longest_row = if self.is_nested() { values } else { 1 };
        let per_value = nested + self.width().unwrap_or(4);
        let mut cost = Cost { per_value, sized: vec![], values, longest_row };
        if self.width().is_none() {
            let uses = |encoding| data().any(move |page: &Page| page.encoding == encoding);
            if uses(Encoding::Dictionary) {
                cost.per_value += self.longest_in_dictionary()?;
            }
            if uses(Encoding::DeltaBytes) {
                let pages = data().filter(|page| page.encoding == Encoding::DeltaBytes);
                cost.per_value += pages.map(|page| page.bytes).max().unwrap_or(0);
            }
            if uses(Encoding::DeltaBytes) || uses(Encoding::DeltaLength) {
                self.check_lengths()?;
            }
            let sized = |page: &Page| match page.encoding {
                Encoding::Sized | Encoding::DeltaLength => (page.values, page.bytes),
                Encoding::Dictionary | Encoding::DeltaBytes => (page.values, 0),
            };
            cost.sized = data().map(sized).collect();
        }
        self.cost = cost;
        Ok(())
    }

    fn longest_in_dictionary(&self) -> Result<u64> {
        let mut longest = 0;
        self.bodies(&mut |body| {
            let Body::DictionaryPage { buf, num_values, .. } = body else { return Some(false) };
            longest = longest_text(buf, u64::from(*num_values))?;
            Some(true)
        })?;
        if longest > CELL_BYTES_MAX {
            let what = format!("a value of {longest} bytes");
            return Err(self.too_large(&what, "CELL_BYTES_MAX", CELL_BYTES_MAX));
        }
        Ok(longest)
    }

    /// Refuses pages that list more lengths than they have values.
    fn check_lengths(&self) -> Result<()> {
        let descr = self.meta.column_descr();
        let levels = u32::from(descr.max_rep_level() > 0) + u32::from(descr.max_def_level() > 0);
        self.bodies(&mut |body| {
            let (mut bytes, encoding, values) = match body {
                Body::DataPage { buf, encoding, num_values, .. } => {
                    let mut rest = buf.clone();
                    for _ in 0..levels {
                        let length = u32::from_le_bytes(*rest.first_chunk()?);
                        rest = after(rest, length as usize + 4)?;
                    }
                    (rest, encoding, *num_values)
                }
                Body::DataPageV2 {
                    buf,
                    encoding,
                    num_values,
                    rep_levels_byte_len,
                    def_levels_byte_len,
                    ..
                } => {
                    let before = *rep_levels_byte_len as usize + *def_levels_byte_len as usize;
                    (after(buf.clone(), before)?, encoding, *num_values)
                }
                Body::DictionaryPage { .. } => return Some(true),
            };
            let lists = match encoding {
                PageEncoding::DELTA_LENGTH_BYTE_ARRAY => 1,
                PageEncoding::DELTA_BYTE_ARRAY => 2,
                _ => 0,
            };
            for _ in 0..lists {
                let (count, end) = lengths(&bytes)?;
                if count > u64::from(values) {
                    return None;
                }
                bytes = after(bytes, end)?;
            }
            Some(true)
        })
    }

    /// Finds the longest row of a nested column.
    fn measure_rows(&mut self) -> Result<()> {
        let levels = self.meta.column_descr().max_rep_level();
        let width = u32::from(levels.unsigned_abs()).checked_ilog2().map_or(0, |bits| bits + 1);
        let mut rows = Rows::default();
        self.bodies(&mut |body| {
            match body {
                Body::DataPage { buf, num_values, rep_level_encoding, .. } => {
                    if *rep_level_encoding != PageEncoding::RLE {
                        return None;
                    }
                    let length = u32::from_le_bytes(*buf.first_chunk()?);
                    let levels = buf.get(4..)?.get(..length as usize)?;
                    rows.add(levels, width, u64::from(*num_values))?;
                }
                Body::DataPageV2 { buf, num_values, rep_levels_byte_len, .. } => {
                    let levels = buf.get(..*rep_levels_byte_len as usize)?;
                    rows.add(levels, width, u64::from(*num_values))?;
                }
                Body::DictionaryPage { .. } => {}
            }
            Some(true)
        })?;
        self.cost.longest_row = rows.longest.max(1);
        Ok(())
    }

    /// Calls `look` with each page, decompressed, until it returns false. `None` means that the
    /// page is damaged.
    fn bodies(&self, look: &mut dyn FnMut(&Body) -> Option<bool>) -> Result<()> {
        let failed = || damaged(self.place);
        let content = self.content.try_clone().map_err(|error| failed().because(error))?;
        let rows = self.rows as usize;
        let reader = SerializedPageReader::new(Arc::new(content), self.meta, rows, None);
        let mut reader = reader.map_err(|error| failed().because(error))?;
        while let Some(body) = reader.get_next_page().map_err(|error| failed().because(error))? {
            match look(&body) {
                Some(true) => {}
                Some(false) => break,
                None => return Err(failed().because("a page claims more than it holds")),
            }
        }
        Ok(())
    }

    fn too_large(&self, what: &str, limit: &'static str, max: u64) -> Error {
        Error::input(format!(
            "{}: column {:?}, row group {} of {} rows: {what}, over the limit of {max} bytes; write \
             the file with smaller pages or row groups, or without such values",
            self.place,
            self.meta.column_path().string(),
            self.group,
            self.rows
        ))
        .with_code(Code::LimitReached { limit, max })
    }
}

impl Cost {
    /// The upper bound of the bytes of any `rows` consecutive rows.
    fn bytes(&self, rows: u64) -> u64 {
        let most = rows.saturating_mul(self.longest_row).min(self.values);
        most.saturating_mul(self.per_value).saturating_add(self.largest_pages(most))
    }

    /// The most bytes of consecutive pages that any `values` consecutive values lie in.
    fn largest_pages(&self, values: u64) -> u64 {
        let (mut largest, mut bytes, mut inner, mut end) = (0, 0u64, 0u64, 0);
        for (start, (_, first)) in self.sized.iter().enumerate() {
            if end == start {
                bytes += first;
                end += 1;
            }
            while end < self.sized.len() && inner < values {
                inner = inner.saturating_add(self.sized[end].0);
                bytes += self.sized[end].1;
                end += 1;
            }
            largest = largest.max(bytes);
            bytes -= first;
            if start + 1 < end {
                inner = inner.saturating_sub(self.sized[start + 1].0);
            }
        }
        largest
    }
}

/// The bytes behind the first `count`.
fn after(bytes: Bytes, count: usize) -> Option<Bytes> {
    (count <= bytes.len()).then(|| bytes.slice(count..))
}

/// How many bytes `input` unfolds to, at most `limit`. What cannot be read is left to its reader.
fn unfolded(input: impl Read, limit: u64) -> u64 {
    std::io::copy(&mut input.take(limit), &mut std::io::sink()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
