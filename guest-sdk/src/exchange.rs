//! The two buffers of a call: what the host sends and what it is answered.
//!
//! Invariant: each function of `wit/` takes one list and answers one, so the host asks for room
//! once, before a call, and has read the answer before it asks again. One buffer a direction thus
//! serves all calls, and nothing is left to be freed behind one. A buffer that a large batch grew
//! goes back to the allocator when the next call begins. Deliberately absent outside of Wasm: only
//! a host that keeps the canonical ABI may call this.

use std::cell::RefCell;

/// Most bytes of a buffer that are kept from call to call.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// Where an answer lies, as the canonical ABI returns a list.
#[repr(C)]
#[derive(Debug)]
pub struct Returned {
    bytes: *const u8,
    length: usize,
}

struct Exchange {
    sent: Vec<u8>,
    answer: Vec<u8>,
    returned: Returned,
}

thread_local! {
    // A guest has one thread.
    static EXCHANGE: RefCell<Exchange> = const {
        let returned = Returned { bytes: std::ptr::null(), length: 0 };
        RefCell::new(Exchange { sent: Vec::new(), answer: Vec::new(), returned })
    };
}

/// Room for so many bytes that the host sends, until it asks again.
pub fn room(bytes: usize) -> *mut u8 {
    EXCHANGE.with_borrow_mut(|exchange| {
        for buffer in [&mut exchange.sent, &mut exchange.answer] {
            if buffer.capacity() > KEPT_BYTES_MAX {
                *buffer = Vec::new();
            }
        }
        exchange.sent.reserve_exact(bytes);
        exchange.sent.as_mut_ptr()
    })
}

/// What the host sent.
///
/// # Safety
///
/// These are the place and the length of a list that the host wrote to [`room`].
pub unsafe fn sent<'b>(bytes: *const u8, length: usize) -> &'b [u8] {
    // SAFETY: as promised; nothing but `room` touches the buffer, and that ends the call.
    unsafe { std::slice::from_raw_parts(bytes, length) }
}

/// Gives the host the answer that `fill` makes of a buffer with any bytes in it.
pub(crate) fn answered(fill: impl FnOnce(&mut Vec<u8>)) -> *const Returned {
    EXCHANGE.with_borrow_mut(|exchange| {
        fill(&mut exchange.answer);
        let (bytes, length) = (exchange.answer.as_ptr(), exchange.answer.len());
        exchange.returned = Returned { bytes, length };
        &raw const exchange.returned
    })
}
