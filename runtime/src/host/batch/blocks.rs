//! Blocks: rows gathered until there are many, then sorted by partition of their key.
//!
//! Invariant: a block's rows of one partition lie together, in the order in which they came, and
//! all rows of a key are in one partition. A block is in memory or, in the same form, in a spill.

use super::layout::{KEY, misfit};
use super::spill::{Spill, SpillWriter};
use crate::error::Result;
use arrow::array::{Array, AsArray, RecordBatch};
use arrow::compute::interleave_record_batch;
use std::sync::Arc;
use xxhash_rust::xxh3::xxh3_64;

/// Parts that are swept apart from each other: enough that one of a great job fits in memory, and
/// that workers end at the same time.
pub(super) const PARTITIONS: usize = 256;

/// Rows of a block.
const BLOCK_ROWS: usize = 1 << 16;
/// Bytes of a block, more or less: a column of texts holds 2 GiB at most.
const BLOCK_BYTES: usize = 256 << 20;

/// The partition of an entity key.
pub(super) fn partition_of(key: &[u8]) -> usize {
    // Not the highest bits, by which hash tables tell the keys of one partition apart.
    (xxh3_64(key) >> 32) as usize % PARTITIONS
}

/// Rows sorted by partition.
#[derive(Debug)]
pub(super) struct Block {
    held: Held,
    /// Where each partition starts, and the end.
    starts: Box<[u32]>,
    bytes: usize,
}

#[derive(Debug)]
enum Held {
    Memory(RecordBatch),
    /// The number in the spill of each partition that has rows.
    Disk(Arc<Spill>, Box<[u32]>),
}

impl Block {
    /// The block's rows, sorted.
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
        Ok(Block { held: Held::Memory(batch), starts, bytes })
    }

    /// The bytes it takes in memory.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// How many rows of `partition` there are.
    pub(super) fn rows(&self, partition: usize) -> usize {
        (self.starts[partition + 1] - self.starts[partition]) as usize
    }

    /// The rows of `partition`.
    pub(super) fn part(&self, partition: usize) -> Result<RecordBatch> {
        match &self.held {
            Held::Memory(batch) => {
                let start = self.starts[partition] as usize;
                Ok(batch.slice(start, self.rows(partition)))
            }
            Held::Disk(spill, numbers) => spill.read(numbers[partition] as usize),
        }
    }

    /// Writes a block that is in memory to `writer`; answers the numbers of its parts there.
    pub(super) fn write(&self, writer: &mut SpillWriter) -> Result<Option<Box<[u32]>>> {
        let Held::Memory(batch) = &self.held else { return Ok(None) };
        let mut numbers = vec![u32::MAX; PARTITIONS];
        for partition in (0..PARTITIONS).filter(|partition| self.rows(*partition) > 0) {
            let part = batch.slice(self.starts[partition] as usize, self.rows(partition));
            numbers[partition] = writer.write(&part)?;
        }
        Ok(Some(numbers.into()))
    }

    /// Gives the memory up: the block is where [`Block::write`] put it.
    pub(super) fn moved(&mut self, spill: Arc<Spill>, numbers: Box<[u32]>) {
        self.held = Held::Disk(spill, numbers);
        self.bytes = 0;
    }
}

/// Rows on their way into blocks.
#[derive(Debug, Default)]
pub(super) struct Blocks {
    pending: Vec<RecordBatch>,
    pending_rows: usize,
    pending_bytes: usize,
    pub(super) blocks: Vec<Block>,
}

impl Blocks {
    /// Adds rows; answers the bytes of the block that they made full, if they did.
    pub(super) fn push(&mut self, batch: RecordBatch) -> Result<usize> {
        if batch.num_rows() == 0 {
            return Ok(0);
        }
        self.pending_rows += batch.num_rows();
        self.pending_bytes += batch.get_array_memory_size();
        self.pending.push(batch);
        let full = self.pending_rows >= BLOCK_ROWS || self.pending_bytes >= BLOCK_BYTES;
        if full { self.seal() } else { Ok(0) }
    }

    /// Makes a block of what is pending; answers its bytes.
    pub(super) fn seal(&mut self) -> Result<usize> {
        if self.pending.is_empty() {
            return Ok(0);
        }
        let block = Block::sorted(&self.pending)?;
        self.pending.clear();
        (self.pending_rows, self.pending_bytes) = (0, 0);
        let bytes = block.bytes();
        self.blocks.push(block);
        Ok(bytes)
    }

    /// Whether some block is on the disk.
    pub(super) fn is_spilled(&self) -> bool {
        self.blocks.iter().any(|block| matches!(block.held, Held::Disk(..)))
    }

    /// Moves every block that is in memory to a spill; answers the bytes that are free again.
    pub(super) fn spill(&mut self, folder: &std::path::Path) -> Result<usize> {
        let freed = self.blocks.iter().map(Block::bytes).sum();
        let Some(first) = self.blocks.iter().find_map(|block| match &block.held {
            Held::Memory(batch) => Some(batch.schema()),
            Held::Disk(..) => None,
        }) else {
            return Ok(0);
        };
        let mut writer = SpillWriter::create(folder, &first)?;
        let written = self.blocks.iter().map(|block| block.write(&mut writer));
        let written: Vec<Option<Box<[u32]>>> = written.collect::<Result<_>>()?;
        let spill = Arc::new(writer.finish()?);
        for (block, numbers) in self.blocks.iter_mut().zip(written) {
            if let Some(numbers) = numbers {
                block.moved(spill.clone(), numbers);
            }
        }
        Ok(freed)
    }
}
