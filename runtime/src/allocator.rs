//! The allocator's habits: a run with enough memory keeps the large buffers that it frees, one with
//! little keeps to few heaps.
//!
//! glibc gives large buffers back to the system when they are freed, and a new one costs a page
//! fault for every page again: a tenth of a training set's processor time. It also has a heap for
//! each of many threads, and what is free in one is of no use to another: half as much again as a
//! run with 256 MiB may take. Invariant: neither changes a bit of what a run makes. Deliberately
//! absent: other allocators, which have habits of their own.

/// The least memory with which buffers are kept: with less, waiting rows need all there is.
const KEEP_BYTES_MIN: usize = 1 << 30;

/// The largest buffers that are kept, the most that glibc takes.
#[cfg(target_env = "gnu")]
const KEPT_BUFFER_BYTES_MAX: i32 = 32 << 20;

/// Bytes that are free at the end of the heap before they are given back.
#[cfg(target_env = "gnu")]
const KEPT_BYTES_MAX: i32 = 256 << 20;

/// Heaps of a run with little memory.
#[cfg(target_env = "gnu")]
const HEAPS_MAX: i32 = 2;

/// Tells the allocator how much memory the run may take. To be called before there are threads: a
/// heap that exists stays.
pub(crate) fn expect_memory(memory_max: usize) {
    let is_little = memory_max < KEEP_BYTES_MIN;
    // Other allocators are not told.
    let _ = is_little;
    // SAFETY: `mallopt` sets parameters of the allocator and touches no memory that is in use.
    #[cfg(target_env = "gnu")]
    unsafe {
        if is_little {
            libc::mallopt(libc::M_ARENA_MAX, HEAPS_MAX);
        } else {
            libc::mallopt(libc::M_MMAP_THRESHOLD, KEPT_BUFFER_BYTES_MAX);
            libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_BYTES_MAX);
        }
    }
}
