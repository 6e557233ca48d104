//! Blocks: rows collected until there are many, then sorted by partition. A partition is chosen by
//! the hash of the entity key.
//!
//! Invariant: a block's rows of one partition are contiguous, in the order in which they came, and
//! all rows of a key are in one partition. When blocks are moved to the disk, the rows of all
//! blocks are stored there by partition, in parts of limited length whose range of times is kept in
//! memory. Deliberately absent: the order of rows within a partition.

use super::layout::{KEY, TIME, misfit};
use super::spill::{Extent, Spill};
use super::spread::Spread;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::{concat_batches, interleave_record_batch};
use arrow::datatypes::Int64Type;
use lockstep_core::error::Result;
use std::path::Path;
use xxhash_rust::xxh3::xxh3_64;

/// Partitions that are processed separately: enough that one partition of a large job fits in
/// memory, and that workers finish at the same time.
pub(crate) const PARTITIONS: usize = 256;

/// Rows of a full block.
const BLOCK_ROWS: usize = 1 << 16;
/// Approximate bytes of a full block: a column of texts holds 2 GiB at most.
pub(crate) const BLOCK_BYTES_MAX: usize = 256 << 20;
/// Rows of a part on the disk: few, so that little is read that no window reaches.
const PART_ROWS: usize = 1 << 14;
/// Bytes of a part, unless a single block has more.
const PART_BYTES: usize = 4 << 20;

/// The partition of an entity key.
pub(crate) fn partition_of(key: &[u8]) -> usize {
    // Not the highest bits, which hash tables use to distinguish the keys within a partition.
    (xxh3_64(key) >> 32) as usize % PARTITIONS
}

/// Rows in memory, sorted by partition.
#[derive(Debug)]
struct Block {
    batch: RecordBatch,
    /// Where each partition starts, and the end.
    starts: Box<[u32]>,
    bytes: usize,
}

impl Block {
    /// The rows, sorted.
    fn sorted(pending: &[RecordBatch]) -> Result<Block> {
        let mut counts = vec![0u32; PARTITIONS + 1];
        let mut partitions = Vec::new();
        for batch in pending {
            let keys = batch.column(KEY).as_binary::<i32>();
            for row in 0..keys.len() {
                let partition = partition_of(keys.value(row));
                counts[partition + 1] += 1;
                partitions.push(partition as u8);
            }
        }
        for partition in 0..PARTITIONS {
            counts[partition + 1] += counts[partition];
        }
        let starts: Box<[u32]> = counts.clone().into();
        let mut order = vec![(0, 0); partitions.len()];
        let mut partitions = partitions.into_iter();
        for (at, batch) in pending.iter().enumerate() {
            for (row, partition) in (0..batch.num_rows()).zip(&mut partitions) {
                let place = &mut counts[usize::from(partition)];
                order[*place as usize] = (at, row);
                *place += 1;
            }
        }
        let batches: Vec<&RecordBatch> = pending.iter().collect();
        let batch = interleave_record_batch(&batches, &order).map_err(misfit)?;
        let bytes = batch.get_array_memory_size();
        Ok(Block { batch, starts, bytes })
    }

    /// The number of rows of `partition`.
    fn rows(&self, partition: usize) -> usize {
        (self.starts[partition + 1] - self.starts[partition]) as usize
    }

    /// The rows of `partition`, if there are any.
    fn slice(&self, partition: usize) -> Option<RecordBatch> {
        let rows = self.rows(partition);
        (rows > 0).then(|| self.batch.slice(self.starts[partition] as usize, rows))
    }

    /// The approximate bytes of this many of its rows.
    fn bytes_of(&self, rows: usize) -> usize {
        (self.bytes as f64 * rows as f64 / self.batch.num_rows().max(1) as f64) as usize
    }
}

/// Some rows of one partition, in memory or on the disk.
#[derive(Debug)]
pub(crate) enum Part<'a> {
    /// Rows of a block, and the approximate bytes that they take.
    Memory(RecordBatch, usize),
    /// Rows in a spill.
    Disk(&'a Spill, &'a OnDisk),
}

/// The description of a part that is on the disk.
#[derive(Debug)]
pub(crate) struct OnDisk {
    extent: Extent,
    rows: usize,
    bytes: usize,
    spread: Spread,
}

impl Part<'_> {
    /// The number of its rows.
    pub(crate) fn rows(&self) -> usize {
        match self {
            Part::Memory(batch, _) => batch.num_rows(),
            Part::Disk(_, part) => part.rows,
        }
    }

    /// The approximate bytes that it takes in memory without its keys.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Part::Memory(_, bytes) => *bytes,
            Part::Disk(_, part) => part.bytes,
        }
    }

    /// The spread of its times. For a part in memory it is computed at each call.
    pub(crate) fn spread(&self) -> Spread {
        match self {
            Part::Memory(batch, _) => Spread::of(times(batch)),
            Part::Disk(_, part) => part.spread,
        }
    }

    /// Whether its rows are read from the disk each time.
    pub(crate) fn is_on_disk(&self) -> bool {
        matches!(self, Part::Disk(..))
    }

    /// Its rows.
    pub(crate) fn load(&self) -> Result<RecordBatch> {
        match self {
            Part::Memory(batch, _) => Ok(batch.clone()),
            Part::Disk(spill, part) => spill.read(part.extent),
        }
    }
}

fn times(batch: &RecordBatch) -> &[i64] {
    batch.column(TIME).as_primitive::<Int64Type>().values()
}

/// Rows that are collected into blocks, and the full blocks.
#[derive(Debug)]
pub(crate) struct Blocks {
    pending: Vec<RecordBatch>,
    pending_rows: usize,
    pending_bytes: usize,
    /// A block with this many bytes is full.
    block_bytes: usize,
    blocks: Vec<Block>,
    spilled: Option<Spilled>,
}

/// The rows on the disk: one file, and for each partition a list of its parts.
#[derive(Debug)]
struct Spilled {
    spill: Spill,
    parts: Vec<Vec<OnDisk>>,
}

impl Blocks {
    /// Starts without rows; each block gets approximately `block_bytes` bytes at most.
    pub(crate) fn new(block_bytes: usize) -> Blocks {
        Blocks {
            pending: vec![],
            pending_rows: 0,
            pending_bytes: 0,
            block_bytes: block_bytes.min(BLOCK_BYTES_MAX),
            blocks: vec![],
            spilled: None,
        }
    }

    /// Adds rows; returns the bytes of the block that they completed, or 0.
    pub(crate) fn push(&mut self, batch: RecordBatch) -> Result<usize> {
        if batch.num_rows() == 0 {
            return Ok(0);
        }
        self.pending_rows += batch.num_rows();
        self.pending_bytes += batch.get_array_memory_size();
        self.pending.push(batch);
        let full = self.pending_rows >= BLOCK_ROWS || self.pending_bytes >= self.block_bytes;
        if full { self.seal() } else { Ok(0) }
    }

    /// Makes a block of the pending rows; returns its bytes.
    pub(crate) fn seal(&mut self) -> Result<usize> {
        if self.pending.is_empty() {
            return Ok(0);
        }
        let block = Block::sorted(&self.pending)?;
        self.pending.clear();
        (self.pending_rows, self.pending_bytes) = (0, 0);
        let bytes = block.bytes;
        self.blocks.push(block);
        Ok(bytes)
    }

    /// Whether some rows are on the disk.
    pub(crate) fn is_spilled(&self) -> bool {
        self.spilled.is_some()
    }

    /// The number of rows of `partition` in blocks.
    pub(crate) fn rows(&self, partition: usize) -> usize {
        let on_disk = self.spilled.iter().flat_map(|spilled| &spilled.parts[partition]);
        let in_memory = self.blocks.iter().map(|block| block.rows(partition));
        in_memory.chain(on_disk.map(|part| part.rows)).sum()
    }

    /// The rows of `partition` that are in blocks.
    pub(crate) fn parts(&self, partition: usize) -> impl Iterator<Item = Part<'_>> {
        let on_disk = self.spilled.iter().flat_map(move |spilled| {
            spilled.parts[partition].iter().map(|part| Part::Disk(&spilled.spill, part))
        });
        let in_memory = self.blocks.iter().filter_map(move |block| {
            let rows = block.slice(partition)?;
            let bytes = block.bytes_of(rows.num_rows());
            Some(Part::Memory(rows, bytes))
        });
        on_disk.chain(in_memory)
    }

    /// Moves every block to the disk; returns the number of bytes that this frees.
    pub(crate) fn spill(&mut self, folder: &Path) -> Result<usize> {
        let Some(first) = self.blocks.first() else { return Ok(0) };
        let spilled = match &mut self.spilled {
            Some(spilled) => spilled,
            none => {
                let spill = Spill::create(folder, &first.batch.schema())?;
                let parts = (0..PARTITIONS).map(|_| vec![]).collect();
                none.insert(Spilled { spill, parts })
            }
        };
        for partition in 0..PARTITIONS {
            spilled.write(partition, &self.blocks)?;
        }
        spilled.spill.settle()?;
        Ok(self.blocks.drain(..).map(|block| block.bytes).sum())
    }
}

impl Spilled {
    /// Writes the rows of `partition`.
    fn write(&mut self, partition: usize, blocks: &[Block]) -> Result<()> {
        let (mut slices, mut rows, mut bytes) = (vec![], 0, 0);
        for (at, block) in blocks.iter().enumerate() {
            if let Some(slice) = block.slice(partition) {
                rows += slice.num_rows();
                bytes += block.bytes_of(slice.num_rows());
                slices.push(slice);
            }
            let last = at + 1 == blocks.len();
            if !slices.is_empty() && (last || rows >= PART_ROWS || bytes >= PART_BYTES) {
                let batch = concat_batches(&slices[0].schema(), &slices).map_err(misfit)?;
                let spread = Spread::of(times(&batch));
                let columns = batch.columns()[TIME..].iter();
                let held = columns.map(|column| column.get_buffer_memory_size()).sum();
                let extent = self.spill.write(&batch)?;
                self.parts[partition].push(OnDisk { extent, rows, bytes: held, spread });
                slices.clear();
                (rows, bytes) = (0, 0);
            }
        }
        Ok(())
    }
}
