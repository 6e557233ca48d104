//! The allocator's habits: a run with enough memory keeps the large buffers that it frees.
//!
//! glibc gives large buffers back to the system when they are freed, and a new one costs a page
//! fault for every page again: a tenth of a training set's processor time. Invariant: neither
//! changes a bit of what a run makes. Deliberately absent: other allocators, which have habits of
//! their own.

/// The least memory with which buffers are kept: with less, waiting rows need all there is.
const KEEP_BYTES_MIN: usize = 1 << 30;

/// The largest buffers that are kept, the most that glibc takes.
#[cfg(target_env = "gnu")]
const KEPT_BUFFER_BYTES_MAX: i32 = 32 << 20;

/// Bytes that are free at the end of the heap before they are given back.
#[cfg(target_env = "gnu")]
const KEPT_BYTES_MAX: i32 = 256 << 20;

/// Lets a run keep the buffers that it frees if it may take `memory_max` bytes.
pub fn keep_buffers(memory_max: usize) {
    if memory_max < KEEP_BYTES_MIN {
        return;
    }
    // SAFETY: `mallopt` sets parameters of the allocator and touches no memory that is in use.
    #[cfg(target_env = "gnu")]
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, KEPT_BUFFER_BYTES_MAX);
        libc::mallopt(libc::M_TRIM_THRESHOLD, KEPT_BYTES_MAX);
    }
}
