//! Views without the sandbox: the same Rust, compiled natively.
//!
//! Invariant: host batch to host batch, as the guest's way is: the same encoding to the flat
//! buffer, the same generated code in between, the same checked decoding of its answer. What lies
//! between the two is the sandbox alone: its compiler, its checks, its copies in and out.
//! Deliberately absent: a native host. Nothing but a bench may run a transform natively.

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use flights::flights_exact;
use lockstep_core::Result;
use lockstep_core::event::arrow_schema;
use lockstep_core::flat::{ViewRows, encode, take_outcome};
use lockstep_core::view::FeatureView;
use lockstep_sdk::__::{Batch, Run, Scratch, Transform, outcomes};
use user_mentions::{area_reviewers, pair_mentions, user_activity};

/// The views of `user-mentions`, in the order of its manifest.
pub const USER_MENTIONS: [Run; 3] = [
    <pair_mentions as Transform>::run,
    <user_activity as Transform>::run,
    <area_reviewers as Transform>::run,
];
/// The first view of `flights`.
pub const FLIGHTS_EXACT: [Run; 1] = [<flights_exact as Transform>::run];
/// Bytes up to which the allocator keeps memory instead of returning it to the system.
const KEPT_BYTES_MAX: i32 = 1 << 30;

/// The native views.
#[derive(Debug)]
pub struct Native {
    runs: &'static [Run],
    schemas: Vec<SchemaRef>,
    scratches: Vec<Scratch>,
    buffer: Vec<u8>,
}

impl Native {
    /// The views that are declared as `views` and run by `runs`.
    pub fn new(views: &[FeatureView], runs: &'static [Run]) -> Native {
        assert_eq!(views.len(), runs.len(), "each view that is declared is run");
        let schemas = views.iter().map(|view| arrow_schema(&view.columns));
        Native { runs, schemas: schemas.collect(), scratches: Vec::new(), buffer: Vec::new() }
    }

    /// The rows of each view.
    pub fn map(&mut self, events: &RecordBatch) -> Result<Vec<ViewRows>> {
        encode(events, &mut self.buffer)?;
        // SAFETY: the buffer was just encoded from Arrow strings, which are UTF-8.
        let batch = unsafe { Batch::trusted(&self.buffer) };
        let answer = outcomes(self.runs, (1 << self.runs.len()) - 1, &batch, &mut self.scratches);
        let mut rest = &answer[..];
        let take = |schema| take_outcome(&mut rest, schema, events.num_rows());
        self.schemas.iter().map(take).collect()
    }
}

/// Lets the allocator keep large blocks. Otherwise glibc maps and unmaps each large buffer, and a
/// native run pays page faults that a guest, whose memory stays, does not: the comparison would
/// flatter the guest.
pub fn keep_large_blocks() {
    // SAFETY: `mallopt` only sets parameters of the allocator, before the measured threads start.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, KEPT_BYTES_MAX);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_BYTES_MAX);
    }
}
