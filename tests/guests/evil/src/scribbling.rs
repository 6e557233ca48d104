//! Memory that is overwritten as soon as it is given back.
//!
//! Invariant: what the guest has freed holds nothing of what it held, so a host that reads an answer
//! behind the `post-return` that frees it reads rubbish. Deliberately absent: an allocator; std's
//! does the work.

use std::alloc::{GlobalAlloc, Layout, System};

struct Scribbling;

#[global_allocator]
static SCRIBBLING: Scribbling = Scribbling;

// SAFETY: all of it is the system's allocator, and memory is written to before it is given back.
unsafe impl GlobalAlloc for Scribbling {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the memory is the caller's until it is given back, with this very layout.
        unsafe {
            memory.write_bytes(0xA5, layout.size());
            System.dealloc(memory, layout);
        }
    }
}
