//! The two operands of a ratio, each read from slots.
//!
//! Invariant: an operand is exact; only the ratio of both is rounded. Deliberately absent: that
//! rounding, which is in `aggregate::ratio`.

use crate::aggregate::State;
use crate::aggregate::ratio::{self, Total};
use crate::feature::OperandAggregate;

/// One side of a ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand {
    /// Whether it is a count, a sum or a mean.
    pub aggregate: OperandAggregate,
    /// The slot of the sum; `None` for a count.
    pub sum: Option<usize>,
    /// The slot of the count.
    pub count: usize,
    /// The scale of the decimals that are summed; 0 for other sums.
    pub scale: u8,
}

impl Operand {
    /// The operand, or `None` if it is null.
    pub(super) fn read<'s>(&self, states: &'s [State]) -> Option<ratio::Operand<'s>> {
        let count = count_of(states, self.count);
        let Some(sum) = self.sum else { return Some(ratio::Operand::count(count)) };
        let total = match &states[sum] {
            State::IntSum(sum) => Total::Int(*sum),
            State::DecimalSum(sum) => Total::Decimal(*sum, self.scale),
            State::FloatSum(sum) => Total::Float(sum),
            state => unreachable!("the plan put a sum here, not {state:?}"),
        };
        match self.aggregate {
            OperandAggregate::Mean => ratio::Operand::mean(total, count),
            _ => ratio::Operand::sum(total, count),
        }
    }
}

/// The count in a slot that the plan made for one.
pub fn count_of(states: &[State], slot: usize) -> u64 {
    match &states[slot] {
        State::Count(count) => *count,
        other => unreachable!("the plan put a count here, not {other:?}"),
    }
}
