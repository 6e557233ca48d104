//! Builders of output columns: they collect values row by row and write them as buffers.
//!
//! Invariant: what is written is the only form that `wit/transform.wit` allows: offsets from 0, a
//! zero behind each null, zero bits after the last row, no validity if nothing is null. From call
//! to call builders keep their memory and nothing else. Deliberately absent: which types an author
//! may use, which is in `output.rs`.

use crate::writer::Writer;
use std::fmt::Debug;

/// Columns that grow row by row.
pub trait Build: Default + Debug + 'static {
    /// The number of their nodes.
    const NODES: usize;
    /// The number of their buffers.
    const BUFFERS: usize;

    /// Removes all rows.
    fn clear(&mut self);

    /// The number of bytes in all buffers.
    fn body_bytes(&self) -> usize;

    /// Writes nodes and buffers.
    fn write(&self, writer: &mut Writer<'_>);
}

impl Build for () {
    const NODES: usize = 0;
    const BUFFERS: usize = 0;

    fn clear(&mut self) {}

    fn body_bytes(&self) -> usize {
        0
    }

    fn write(&self, _: &mut Writer<'_>) {}
}

impl<First: Build, Rest: Build> Build for (First, Rest) {
    const NODES: usize = First::NODES + Rest::NODES;
    const BUFFERS: usize = First::BUFFERS + Rest::BUFFERS;

    #[inline]
    fn clear(&mut self) {
        self.0.clear();
        self.1.clear();
    }

    #[inline]
    fn body_bytes(&self) -> usize {
        self.0.body_bytes() + self.1.body_bytes()
    }

    #[inline]
    fn write(&self, writer: &mut Writer<'_>) {
        self.0.write(writer);
        self.1.write(writer);
    }
}

/// The values of one column, without its validity.
pub trait Values: Default + Debug + 'static {
    /// The number of nodes of its child.
    const CHILD_NODES: usize;
    /// The number of buffers of it and its child.
    const BUFFERS: usize;

    /// Removes all rows.
    fn clear(&mut self);

    /// The number of rows.
    fn rows(&self) -> usize;

    /// Adds the zero value behind a null.
    fn push_zero(&mut self);

    /// The number of bytes in its buffers.
    fn body_bytes(&self) -> usize;

    /// Writes its buffers, and the nodes and buffers of its child.
    fn write(&self, writer: &mut Writer<'_>);
}

/// Values of `N` bytes per row.
#[derive(Debug, Default)]
pub struct Fixed<const N: usize>(Vec<[u8; N]>);

impl<const N: usize> Fixed<N> {
    /// Adds a row.
    #[inline]
    pub fn push(&mut self, bytes: [u8; N]) {
        self.0.push(bytes);
    }
}

impl<const N: usize> Values for Fixed<N> {
    const CHILD_NODES: usize = 0;
    const BUFFERS: usize = 1;

    #[inline]
    fn clear(&mut self) {
        self.0.clear();
    }

    #[inline]
    fn rows(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn push_zero(&mut self) {
        self.0.push([0; N]);
    }

    #[inline]
    fn body_bytes(&self) -> usize {
        self.0.len() * N
    }

    #[inline]
    fn write(&self, writer: &mut Writer<'_>) {
        writer.items(&self.0);
    }
}

/// One bit per row, kept as a byte until it is written: storing a byte is faster than a bit.
#[derive(Debug, Default)]
pub struct Flags(Vec<u8>);

impl Flags {
    /// Adds a row.
    #[inline]
    pub fn push(&mut self, flag: bool) {
        self.0.push(u8::from(flag));
    }
}

impl Values for Flags {
    const CHILD_NODES: usize = 0;
    const BUFFERS: usize = 1;

    #[inline]
    fn clear(&mut self) {
        self.0.clear();
    }

    #[inline]
    fn rows(&self) -> usize {
        self.0.len()
    }

    #[inline]
    fn push_zero(&mut self) {
        self.0.push(0);
    }

    #[inline]
    fn body_bytes(&self) -> usize {
        self.0.len().div_ceil(8)
    }

    #[inline]
    fn write(&self, writer: &mut Writer<'_>) {
        writer.bits(&self.0);
    }
}

/// The end of a row within the values of its column.
#[inline]
fn end(length: usize) -> [u8; 4] {
    match i32::try_from(length) {
        Ok(end) => end.to_le_bytes(),
        Err(_) => panic!("a column of one batch has more than 2^31 bytes or elements"),
    }
}

/// Texts, or runs of any bytes.
#[derive(Debug, Default)]
pub struct Runs {
    ends: Vec<[u8; 4]>,
    bytes: Vec<u8>,
}

impl Runs {
    /// Adds a row.
    #[inline]
    pub fn push(&mut self, run: &[u8]) {
        self.bytes.extend_from_slice(run);
        self.ends.push(end(self.bytes.len()));
    }
}

impl Values for Runs {
    const CHILD_NODES: usize = 0;
    const BUFFERS: usize = 2;

    #[inline]
    fn clear(&mut self) {
        self.ends.clear();
        self.bytes.clear();
    }

    #[inline]
    fn rows(&self) -> usize {
        self.ends.len()
    }

    #[inline]
    fn push_zero(&mut self) {
        self.ends.push(end(self.bytes.len()));
    }

    #[inline]
    fn body_bytes(&self) -> usize {
        4 + self.ends.len() * 4 + self.bytes.len()
    }

    #[inline]
    fn write(&self, writer: &mut Writer<'_>) {
        writer.offsets(&self.ends);
        writer.bytes(&self.bytes);
    }
}

/// Lists of nullable elements.
#[derive(Debug, Default)]
pub struct Lists<V> {
    ends: Vec<[u8; 4]>,
    elements: Nullable<V>,
}

impl<V: Values> Lists<V> {
    /// Adds a row with the elements that `fill` pushes.
    #[inline]
    pub fn push(&mut self, fill: impl FnOnce(&mut Nullable<V>)) {
        fill(&mut self.elements);
        self.push_zero();
    }
}

impl<V: Values> Values for Lists<V> {
    const CHILD_NODES: usize = Nullable::<V>::NODES;
    const BUFFERS: usize = 1 + Nullable::<V>::BUFFERS;

    fn clear(&mut self) {
        self.ends.clear();
        self.elements.clear();
    }

    fn rows(&self) -> usize {
        self.ends.len()
    }

    fn push_zero(&mut self) {
        self.ends.push(end(self.elements.values.rows()));
    }

    fn body_bytes(&self) -> usize {
        4 + self.ends.len() * 4 + self.elements.body_bytes()
    }

    fn write(&self, writer: &mut Writer<'_>) {
        writer.offsets(&self.ends);
        self.elements.write(writer);
    }
}

/// A column without nulls.
#[derive(Debug, Default)]
pub struct Full<V>(pub V);

impl<V: Values> Build for Full<V> {
    const NODES: usize = 1 + V::CHILD_NODES;
    const BUFFERS: usize = 1 + V::BUFFERS;

    #[inline]
    fn clear(&mut self) {
        self.0.clear();
    }

    #[inline]
    fn body_bytes(&self) -> usize {
        self.0.body_bytes()
    }

    #[inline]
    fn write(&self, writer: &mut Writer<'_>) {
        writer.node(self.0.rows(), 0);
        writer.bytes(&[]);
        self.0.write(writer);
    }
}

/// A column that may have nulls.
#[derive(Debug, Default)]
pub struct Nullable<V> {
    /// One byte per row, 1 if it has a value.
    valid: Vec<u8>,
    nulls: usize,
    values: V,
}

impl<V: Values> Nullable<V> {
    /// Adds a row whose value `fill` pushes.
    #[inline]
    pub fn push(&mut self, fill: impl FnOnce(&mut V)) {
        self.valid.push(1);
        fill(&mut self.values);
    }

    /// Adds a row without a value.
    #[inline]
    pub fn push_null(&mut self) {
        self.valid.push(0);
        self.nulls += 1;
        self.values.push_zero();
    }
}

impl<V: Values> Build for Nullable<V> {
    const NODES: usize = 1 + V::CHILD_NODES;
    const BUFFERS: usize = 1 + V::BUFFERS;

    #[inline]
    fn clear(&mut self) {
        self.valid.clear();
        self.nulls = 0;
        self.values.clear();
    }

    #[inline]
    fn body_bytes(&self) -> usize {
        let validity = if self.nulls == 0 { 0 } else { self.valid.len().div_ceil(8) };
        validity + self.values.body_bytes()
    }

    #[inline]
    fn write(&self, writer: &mut Writer<'_>) {
        writer.node(self.valid.len(), self.nulls);
        if self.nulls == 0 {
            writer.bytes(&[])
        } else {
            writer.bits(&self.valid)
        }
        self.values.write(writer);
    }
}
