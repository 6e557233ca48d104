//! Reads the host's batch in place: the flat buffer of `wit/transform.wit`.
//!
//! Invariant: a [`Column`] borrows from the batch and copies nothing; its buffers have the lengths
//! that its type and the batch's rows require, which is checked once per column. Deliberately
//! absent: a check of texts. The host has validated them, and a guest can only harm itself.

use std::marker::PhantomData;

/// The message when a batch does not fit the declaration: host and guest disagree on the manifest.
#[cold]
#[inline(never)]
pub(crate) fn misfit() -> ! {
    panic!("the host's batch does not fit the declared columns; rebuild the artifact")
}

/// A batch of rows.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'b> {
    /// The number of rows.
    rows: usize,
    nodes: &'b [[u8; 8]],
    ends: &'b [[u8; 4]],
    body: &'b [u8],
}

/// Reads `count` items of `N` bytes from the front and removes them.
pub(crate) fn take<'b, const N: usize>(bytes: &mut &'b [u8], count: usize) -> &'b [[u8; N]] {
    let length = count.checked_mul(N).unwrap_or_else(|| misfit());
    let Some((items, rest)) = bytes.split_at_checked(length) else { misfit() };
    *bytes = rest;
    items.as_chunks().0
}

/// Reads a count from the front and removes it.
pub(crate) fn take_count(bytes: &mut &[u8]) -> usize {
    u32::from_le_bytes(take::<4>(bytes, 1)[0]) as usize
}

impl<'b> Batch<'b> {
    /// The batch in `bytes`.
    ///
    /// # Safety
    ///
    /// The text of each string column is UTF-8 and its offsets lie on characters.
    #[inline]
    pub unsafe fn trusted(mut bytes: &'b [u8]) -> Batch<'b> {
        let rows = take_count(&mut bytes);
        let count = take_count(&mut bytes);
        let nodes = take(&mut bytes, count);
        let count = take_count(&mut bytes);
        let ends = take(&mut bytes, count);
        Batch { rows, nodes, ends, body: bytes }
    }

    /// Iterates over its rows.
    pub fn positions(&self) -> impl Iterator<Item = Position<'b>> + use<'b> {
        (0..self.rows).map(|row| Position { row, batch: PhantomData })
    }

    /// A cursor over its columns.
    pub fn columns(&self) -> Cursor<'b> {
        Cursor { batch: *self, start: 0 }
    }
}

/// A row of a batch.
#[derive(Clone, Copy, Debug)]
pub struct Position<'b> {
    row: usize,
    batch: PhantomData<&'b [u8]>,
}

impl Position<'_> {
    /// The row's number.
    #[inline]
    pub fn index(self) -> usize {
        self.row
    }
}

/// A cursor over the columns of a batch, in their declared order.
#[derive(Debug)]
pub struct Cursor<'b> {
    /// The columns that are still to be read.
    batch: Batch<'b>,
    start: usize,
}

/// How values of a type are stored in buffers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layout {
    /// One bit per row.
    Bits,
    /// This many bytes per row.
    Bytes(usize),
    /// Offsets, then UTF-8 or any bytes.
    Runs,
}

impl<'b> Cursor<'b> {
    /// Panics if the batch has more columns than were read.
    pub fn finish(self) {
        if !self.batch.nodes.is_empty() || !self.batch.ends.is_empty() {
            misfit();
        }
    }

    #[inline]
    fn node(&mut self) -> (usize, usize) {
        let Some((node, rest)) = self.batch.nodes.split_first() else { misfit() };
        self.batch.nodes = rest;
        let node = u64::from_le_bytes(*node);
        (node as u32 as usize, (node >> 32) as usize)
    }

    #[inline]
    fn buffer(&mut self) -> &'b [u8] {
        let Some((end, rest)) = self.batch.ends.split_first() else { misfit() };
        self.batch.ends = rest;
        let end = u32::from_le_bytes(*end) as usize;
        let Some(buffer) = self.batch.body.get(self.start..end) else { misfit() };
        self.start = end;
        buffer
    }

    /// Reads the node and the validity of the next column.
    #[inline]
    fn head(&mut self, rows: Option<usize>, nullable: bool) -> (usize, Validity<'b>) {
        let (node_rows, nulls) = self.node();
        let bits = self.buffer();
        let fits = match nulls {
            0 => bits.is_empty(),
            _ => nullable && bits.len() == node_rows.div_ceil(8),
        };
        if !fits || rows.is_some_and(|rows| rows != node_rows) {
            misfit();
        }
        (node_rows, Validity(bits))
    }

    /// The offsets of `rows` rows.
    #[inline]
    fn offsets(&mut self, rows: usize) -> &'b [[u8; 4]] {
        let (offsets, rest) = self.buffer().as_chunks();
        if offsets.len() != rows + 1 || !rest.is_empty() {
            misfit();
        }
        offsets
    }

    /// The next column, of a type other than a list.
    #[inline]
    pub fn column(&mut self, layout: Layout, nullable: bool) -> Column<'b> {
        self.scalars(Some(self.batch.rows), layout, nullable)
    }

    #[inline]
    fn scalars(&mut self, rows: Option<usize>, layout: Layout, nullable: bool) -> Column<'b> {
        let (rows, validity) = self.head(rows, nullable);
        let offsets: &[[u8; 4]] = if layout == Layout::Runs { self.offsets(rows) } else { &[] };
        let values = self.buffer();
        let length = match layout {
            Layout::Bits => rows.div_ceil(8),
            Layout::Bytes(width) => rows * width,
            Layout::Runs => offset(offsets, rows),
        };
        if values.len() != length {
            misfit();
        }
        Column { validity, offsets, values }
    }

    /// The next column, of lists whose elements have this layout.
    pub fn lists(&mut self, layout: Layout, nullable: bool) -> ListColumn<'b> {
        let (rows, validity) = self.head(Some(self.batch.rows), nullable);
        let offsets = self.offsets(rows);
        let elements = self.scalars(Some(offset(offsets, rows)), layout, true);
        ListColumn { validity, offsets, elements }
    }
}

fn offset(offsets: &[[u8; 4]], row: usize) -> usize {
    u32::from_le_bytes(offsets[row]) as usize
}

fn bit(bits: &[u8], row: usize) -> bool {
    bits[row / 8] >> (row % 8) & 1 == 1
}

/// Which rows have a value; empty if all have.
#[derive(Clone, Copy, Debug)]
pub struct Validity<'b>(&'b [u8]);

impl Validity<'_> {
    /// Whether `row` has a value.
    #[inline]
    pub fn has(self, row: usize) -> bool {
        self.0.is_empty() || bit(self.0, row)
    }
}

/// A column of a type other than a list.
#[derive(Clone, Copy, Debug)]
pub struct Column<'b> {
    /// Which rows have a value.
    pub validity: Validity<'b>,
    offsets: &'b [[u8; 4]],
    values: &'b [u8],
}

impl<'b> Column<'b> {
    /// The bit of `row`.
    #[inline]
    pub fn bit(&self, row: usize) -> bool {
        bit(self.values, row)
    }

    /// The bytes of `row`.
    #[inline]
    pub fn bytes<const N: usize>(&self, row: usize) -> [u8; N] {
        self.values.as_chunks().0[row]
    }

    /// The run of bytes of `row`.
    #[inline]
    pub fn run(&self, row: usize) -> &'b [u8] {
        &self.values[offset(self.offsets, row)..offset(self.offsets, row + 1)]
    }

    /// The text of `row`.
    #[inline]
    pub fn text(&self, row: usize) -> &'b str {
        // SAFETY: the caller of `Batch::trusted` promised UTF-8 and offsets at character
        // boundaries.
        unsafe { std::str::from_utf8_unchecked(self.run(row)) }
    }
}

/// A column of lists.
#[derive(Clone, Copy, Debug)]
pub struct ListColumn<'b> {
    /// Which rows have a list.
    pub validity: Validity<'b>,
    /// The elements of all lists.
    pub elements: Column<'b>,
    offsets: &'b [[u8; 4]],
}

impl ListColumn<'_> {
    /// The first element of `row` and the one after its last.
    #[inline]
    pub fn range(&self, row: usize) -> (usize, usize) {
        (offset(self.offsets, row), offset(self.offsets, row + 1))
    }
}
