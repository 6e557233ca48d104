//! The body of a function: what its control flow costs a compiler.
//!
//! A compiler follows each local variable through each block, so a function with many blocks and
//! many variables costs far more than its bytes. Measured with Cranelift on functions that were
//! made to be slow (nested loops, chains of conditions, jump tables into nested blocks), with S
//! steps of control flow (blocks, branches, different targets of a jump) and L local variables:
//!
//! - time is at most S² · (0.5 µs + 6 ns · L), besides 1 µs a byte and 60 µs a function;
//! - memory is at most 0.7 KB for each of S · L;
//! - a value that a block takes or gives, or that a branch carries to it, takes up to 30 KB.
//!
//! Invariant: one pass, with a stack of the open blocks that is bounded. Deliberately absent: types
//! of values; wasmtime checks them.

use super::super::limits::{
    CODE_BYTES_MAX, COMPILE_CARRIED_MAX, COMPILE_COST_US_MAX, COMPILE_FLOW_MAX, FUNCTION_DEPTH_MAX,
    FUNCTION_LOCALS_MAX, FUNCTION_TARGETS_MAX, FUNCTIONS_MAX,
};
use super::budget::{Budget, at_most, unreadable};
use lockstep_core::error::Result;
use wasmparser::{BlockType, FunctionBody, Operator};

/// How many values a function or a block takes and gives.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Signature {
    pub(super) params: usize,
    pub(super) results: usize,
}

/// What compiling all functions of a component may cost.
#[derive(Debug)]
pub(super) struct CodeBudget {
    pub(super) bytes: Budget,
    pub(super) functions: Budget,
    cost: Budget,
    flow: Budget,
    carried: Budget,
}

impl CodeBudget {
    pub(super) fn new() -> CodeBudget {
        CodeBudget {
            bytes: Budget::new("CODE_BYTES_MAX", CODE_BYTES_MAX, "bytes of code"),
            functions: Budget::new("FUNCTIONS_MAX", FUNCTIONS_MAX, "functions"),
            cost: Budget::new(
                "COMPILE_COST_US_MAX",
                COMPILE_COST_US_MAX,
                "microseconds that compiling its functions may take",
            ),
            flow: Budget::new(
                "COMPILE_FLOW_MAX",
                COMPILE_FLOW_MAX,
                "steps of control flow, each times the local variables of its function,",
            ),
            carried: Budget::new(
                "COMPILE_CARRIED_MAX",
                COMPILE_CARRIED_MAX,
                "values that its blocks and branches carry",
            ),
        }
    }
}

/// Checks the body of a function of type `of`, in a module with these types.
pub(super) fn check(
    function: &FunctionBody<'_>,
    of: Option<Signature>,
    types: &[Signature],
    budget: &mut CodeBudget,
) -> Result<()> {
    let of = of.unwrap_or_default();
    let mut locals =
        Budget::new("FUNCTION_LOCALS_MAX", FUNCTION_LOCALS_MAX, "local variables in one function");
    locals.spend(of.params)?;
    let mut variables = of.params;
    for group in function.get_locals_reader().map_err(unreadable)? {
        let count = group.map_err(unreadable)?.0 as usize;
        locals.spend(count)?;
        variables += count;
    }
    let mut flow = Flow {
        steps: 0,
        variables,
        budget,
        targets: Budget::new(
            "FUNCTION_TARGETS_MAX",
            FUNCTION_TARGETS_MAX,
            "targets of br_table in one function",
        ),
        labels: vec![of.results],
    };
    for operator in function.get_operators_reader().map_err(unreadable)? {
        flow.take(operator.map_err(unreadable)?, types)?;
    }
    let range = function.range();
    flow.end(range.end - range.start)
}

struct Flow<'a> {
    steps: usize,
    /// The local variables.
    variables: usize,
    budget: &'a mut CodeBudget,
    targets: Budget,
    /// For each open block, how many values a branch to it carries.
    labels: Vec<usize>,
}

impl Flow<'_> {
    fn take(&mut self, operator: Operator<'_>, types: &[Signature]) -> Result<()> {
        match operator {
            Operator::Block { blockty } | Operator::If { blockty } => {
                let of = signature(blockty, types);
                self.open(of, of.results)
            }
            Operator::Loop { blockty } => {
                let of = signature(blockty, types);
                self.open(of, of.params)
            }
            Operator::Else => self.step(0),
            Operator::End => {
                self.labels.pop();
                Ok(())
            }
            Operator::Br { relative_depth } | Operator::BrIf { relative_depth } => {
                self.step(self.label(relative_depth))
            }
            Operator::BrTable { targets } => {
                self.targets.spend(targets.len() as usize)?;
                let mut different: Vec<u32> = vec![targets.default()];
                for target in targets.targets() {
                    let target = target.map_err(unreadable)?;
                    self.budget.carried.spend(self.label(target))?;
                    different.push(target);
                }
                different.sort_unstable();
                different.dedup();
                different.into_iter().try_for_each(|target| self.step(self.label(target)))
            }
            _ => Ok(()),
        }
    }

    /// A block begins.
    fn open(&mut self, of: Signature, label: usize) -> Result<()> {
        self.labels.push(label);
        at_most(
            "FUNCTION_DEPTH_MAX",
            FUNCTION_DEPTH_MAX,
            self.labels.len() - 1,
            "blocks within one another",
        )?;
        self.step(of.params + of.results)
    }

    /// One more step, with these values besides the local variables.
    fn step(&mut self, carried: usize) -> Result<()> {
        self.steps += 1;
        self.budget.carried.spend(carried)?;
        self.budget.flow.spend(self.variables)
    }

    /// The function of so many bytes ends.
    fn end(self, bytes: usize) -> Result<()> {
        const FUNCTION_US: usize = 60;
        const VARIABLE_NS: usize = 6;
        let square = self.steps.saturating_mul(self.steps);
        let followed = square.saturating_mul(self.variables).saturating_mul(VARIABLE_NS) / 1_000;
        self.budget.cost.spend(
            FUNCTION_US.saturating_add(bytes).saturating_add(square / 2).saturating_add(followed),
        )
    }

    fn label(&self, relative_depth: u32) -> usize {
        let at = self.labels.len().checked_sub(1 + relative_depth as usize);
        at.map_or(0, |at| self.labels[at])
    }
}

fn signature(block: BlockType, types: &[Signature]) -> Signature {
    match block {
        BlockType::Empty => Signature::default(),
        BlockType::Type(_) => Signature { params: 0, results: 1 },
        BlockType::FuncType(ty) => types.get(ty as usize).copied().unwrap_or_default(),
    }
}
