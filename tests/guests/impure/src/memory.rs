//! Answers that depend on where things lie, and on what lay there before.

use crate::{Order, Said};
use lockstep_sdk::prelude::*;
use std::hint::black_box;

/// Where the user's name lies, which tells the place in the batch.
#[transform]
pub fn address<'a>(order: &Order<'a>) -> Said<'a> {
    Said::of(order, order.user.as_ptr() as i64)
}

/// Where something new lies, among things that are kept.
#[transform]
pub fn heap_address<'a>(order: &Order<'a>) -> Said<'a> {
    let kept: &'static [u8] = Vec::leak(vec![1u8; 24]);
    Said::of(order, kept.as_ptr() as i64)
}

/// What lay in memory that was not written yet.
#[transform]
pub fn recycled<'a>(order: &Order<'a>) -> Said<'a> {
    let mut fresh: Vec<i64> = Vec::with_capacity(64);
    // SAFETY: none; this is the mistake.
    unsafe { fresh.set_len(64) };
    let before = black_box(&fresh).iter().fold(0i64, |sum, value| sum.wrapping_add(*value));
    black_box(&mut fresh).fill(order.amount);
    Said::of(order, before)
}

/// How much memory there is.
#[transform]
pub fn pages<'a>(order: &Order<'a>) -> Said<'a> {
    Vec::leak(vec![1u8; 1000]);
    Said::of(order, core::arch::wasm32::memory_size(0) as i64)
}

/// How much memory there was before more was asked for.
#[transform]
pub fn grown<'a>(order: &Order<'a>) -> Said<'a> {
    Said::of(
        order,
        if order.amount % 10 == 0 { core::arch::wasm32::memory_grow(0, 1) as i64 } else { 0 },
    )
}
