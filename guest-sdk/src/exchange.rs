//! The two buffers of a call: one for what the host sends, one for the reply.
//!
//! Invariant: each function of `wit/` takes one list and returns one. The host asks for room once,
//! before a call, and has read the reply before it asks again. So one buffer in each direction
//! serves all calls, and nothing has to be freed after a call. A buffer that a large batch enlarged
//! is freed when the next call begins. Deliberately absent: use outside of Wasm; only a host that
//! follows the canonical ABI may call this.

use std::cell::RefCell;

/// Most bytes of a buffer that are kept from call to call.
const KEPT_BYTES_MAX: usize = 64 << 10;

/// Where a reply is stored, in the form in which the canonical ABI returns a list.
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

/// Room for this many bytes that the host will send; valid until it asks again.
pub fn room(bytes: usize) -> *mut u8 {
    // This is the first function that a host calls, so every panic after it says why.
    #[cfg(feature = "log")]
    crate::host_log::install_hook();
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

/// Calls `fill` with a buffer, which may contain old bytes, and returns its content to the host.
pub(crate) fn answered(fill: impl FnOnce(&mut Vec<u8>)) -> *const Returned {
    EXCHANGE.with_borrow_mut(|exchange| {
        fill(&mut exchange.answer);
        let (bytes, length) = (exchange.answer.as_ptr(), exchange.answer.len());
        exchange.returned = Returned { bytes, length };
        &raw const exchange.returned
    })
}
