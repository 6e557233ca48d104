//! The batches that the guest gets, read by hand.
//!
//! Invariant: the host tells the truth, so a lie here panics. Deliberately absent: every column
//! that no misdeed needs.

pub fn number(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// The buffers of a flat batch, and its row count.
fn buffers(batch: &[u8]) -> (usize, Vec<&[u8]>) {
    let nodes = number(batch, 4);
    let ends_at = 8 + 8 * nodes;
    let count = number(batch, ends_at);
    let body = &batch[ends_at + 4 + 4 * count..];
    let end = |buffer: usize| number(batch, ends_at + 4 + 4 * buffer);
    let start = |buffer: usize| if buffer == 0 { 0 } else { end(buffer - 1) };
    (number(batch, 0), (0..count).map(|buffer| &body[start(buffer)..end(buffer)]).collect())
}

fn text<'b>(offsets: &[u8], texts: &'b [u8], row: usize) -> &'b str {
    let text = &texts[number(offsets, 4 * row)..number(offsets, 4 * row + 4)];
    std::str::from_utf8(text).unwrap()
}

fn word(values: &[u8], row: usize) -> [u8; 8] {
    values[8 * row..8 * row + 8].try_into().unwrap()
}

/// Events: `event_id`, `event_time`, `kind`, `actor` (nullable) and `value`.
pub struct Events<'b> {
    rows: usize,
    buffers: Vec<&'b [u8]>,
}

impl<'b> Events<'b> {
    pub fn read(batch: &'b [u8]) -> Self {
        let (rows, buffers) = buffers(batch);
        Events { rows, buffers }
    }

    pub fn rows(&self) -> std::ops::Range<usize> {
        0..self.rows
    }

    pub fn kind(&self, row: usize) -> &'b str {
        text(self.buffers[6], self.buffers[7], row)
    }

    pub fn actor(&self, row: usize) -> Option<&'b str> {
        let validity = self.buffers[8];
        let valid = validity.is_empty() || validity[row / 8] >> (row % 8) & 1 == 1;
        valid.then(|| text(self.buffers[9], self.buffers[10], row))
    }

    pub fn value(&self, row: usize) -> i64 {
        i64::from_le_bytes(word(self.buffers[12], row))
    }
}

/// Requests: `kind`, `x` and a stored feature.
pub struct Request {
    pub kinds: Vec<String>,
    pub xs: Vec<f64>,
}

impl Request {
    pub fn read(batch: &[u8]) -> Self {
        let (rows, buffers) = buffers(batch);
        let kinds = (0..rows).map(|row| text(buffers[1], buffers[2], row).to_string());
        let xs = (0..rows).map(|row| f64::from_le_bytes(word(buffers[4], row)));
        Request { kinds: kinds.collect(), xs: xs.collect() }
    }
}

/// The texts of a batch of one column.
pub fn texts(batch: &[u8]) -> Vec<&str> {
    let (rows, buffers) = buffers(batch);
    (0..rows).map(|row| text(buffers[1], buffers[2], row)).collect()
}
