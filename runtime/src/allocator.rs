//! Settings of glibc's memory allocator, chosen by how much memory a run may take.
//!
//! A run with enough memory keeps the large buffers that it frees. By default glibc gives them back
//! to the system, and every page of a new buffer costs a page fault: a tenth of a training set's
//! processor time. A run with little memory uses few heaps. By default glibc makes a heap for each
//! of many threads, and free memory in one heap is of no use to another: that can cost half as much
//! again as the 256 MiB that such a run may take.
//!
//! Invariant: neither setting changes a bit of what a run makes. Deliberately absent: other
//! allocators, which have other settings.

/// The least memory with which freed buffers are kept. With less, waiting rows need all the memory.
const KEEP_BYTES_MIN: usize = 1 << 30;

/// The largest buffer that is kept, in bytes: the most that glibc accepts.
#[cfg(target_env = "gnu")]
const KEPT_BUFFER_BYTES_MAX: i32 = 32 << 20;

/// The bytes that may be free at the end of the heap before they are given back to the system.
#[cfg(target_env = "gnu")]
const KEPT_BYTES_MAX: i32 = 256 << 20;

/// The most heaps of a run with little memory.
#[cfg(target_env = "gnu")]
const HEAPS_MAX: i32 = 2;

/// Sets the allocator up for a run that may take `memory_max` bytes. It must be called before any
/// thread starts, because a heap that exists is kept.
pub(crate) fn expect_memory(memory_max: usize) {
    let is_little = memory_max < KEEP_BYTES_MIN;
    // With another allocator the value is not used.
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
