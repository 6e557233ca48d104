//! Calls an author's functions, row by row, and collects the results for the host.
//!
//! Invariant: each row is seen alone, and nothing but memory is kept after a call: the rows are the
//! same on a fresh instance, a warm one, alone or inside any batch (S7). Deliberately absent: the
//! exports themselves, which `export!` writes in the author's crate.

use crate::batch::Batch;
use crate::column::Build;
use crate::manifest::Piece;
use crate::outcome::{Outcome, Scratch, Written, emptied};
use crate::record::{Outputs, Record, Row, View};

/// Maps or computes one batch, with the result in `scratch`.
pub type Run = fn(&mut Scratch, &Batch<'_>);

/// A view: a function under `#[transform]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a view",
    label = "put `#[transform]` on this function"
)]
pub trait Transform {
    /// Its declaration, as JSON.
    const DECLARATION: Piece;

    /// Maps a batch of its events.
    fn run(scratch: &mut Scratch, batch: &Batch<'_>);
}

/// A function under `#[on_demand]`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an on-demand transform",
    label = "put `#[on_demand]` on this function"
)]
pub trait OnDemand {
    /// Its declaration, as JSON.
    const DECLARATION: Piece;

    /// Computes a batch of requests.
    fn run(scratch: &mut Scratch, batch: &Batch<'_>);
}

/// The rows that a view returns for an event: none, one or several.
#[diagnostic::on_unimplemented(
    message = "a view cannot return `{Self}`",
    label = "a view returns a `#[derive(View)]` struct, an `Option`, `Vec` or array of it, or a \
             `Result` of one of these with `String`"
)]
pub trait Emit {
    /// The type of a row.
    type View: View;

    /// Adds the rows.
    fn emit(self, outcome: &mut Outcome<<Self::View as Row>::Builder>);
}

impl<V: View> Emit for V {
    type View = V;

    #[inline]
    fn emit(self, outcome: &mut Outcome<V::Builder>) {
        outcome.push(self);
    }
}

impl<E: Emit> Emit for Option<E> {
    type View = E::View;

    #[inline]
    fn emit(self, outcome: &mut Outcome<<E::View as Row>::Builder>) {
        if let Some(rows) = self {
            rows.emit(outcome);
        }
    }
}

impl<E: Emit> Emit for Vec<E> {
    type View = E::View;

    #[inline]
    fn emit(self, outcome: &mut Outcome<<E::View as Row>::Builder>) {
        self.into_iter().for_each(|rows| rows.emit(outcome));
    }
}

impl<E: Emit, const N: usize> Emit for [E; N] {
    type View = E::View;

    #[inline]
    fn emit(self, outcome: &mut Outcome<<E::View as Row>::Builder>) {
        self.into_iter().for_each(|rows| rows.emit(outcome));
    }
}

/// What a view's function returns: rows, or a reason for refusing the event.
#[diagnostic::on_unimplemented(
    message = "a view cannot return `{Self}`",
    label = "a view returns a `#[derive(View)]` struct, an `Option`, `Vec` or array of it, or a \
             `Result` of one of these with `String`"
)]
pub trait Answer {
    /// The type of a row.
    type View: View;

    /// Adds the rows, or refuses the event.
    fn answer(self, outcome: &mut Outcome<<Self::View as Row>::Builder>);
}

impl<E: Emit> Answer for E {
    type View = E::View;

    #[inline]
    fn answer(self, outcome: &mut Outcome<<E::View as Row>::Builder>) {
        self.emit(outcome);
    }
}

impl<E: Emit> Answer for Result<E, String> {
    type View = E::View;

    #[inline]
    fn answer(self, outcome: &mut Outcome<<E::View as Row>::Builder>) {
        match self {
            Ok(rows) => rows.emit(outcome),
            Err(reason) => outcome.refuse(reason),
        }
    }
}

/// What an on-demand function returns: outputs, or a reason for refusing the request.
#[diagnostic::on_unimplemented(
    message = "an on-demand transform cannot return `{Self}`",
    label = "it returns a `#[derive(Outputs)]` struct or a `Result` of it with `String`"
)]
pub trait Respond {
    /// The type of the outputs.
    type Outputs: Outputs;

    /// Adds the outputs, or refuses the request.
    fn respond(self, outcome: &mut Outcome<<Self::Outputs as Row>::Builder>);
}

impl<O: Outputs> Respond for O {
    type Outputs = O;

    #[inline]
    fn respond(self, outcome: &mut Outcome<O::Builder>) {
        outcome.push(self);
    }
}

impl<O: Outputs> Respond for Result<O, String> {
    type Outputs = O;

    #[inline]
    fn respond(self, outcome: &mut Outcome<O::Builder>) {
        match self {
            Ok(outputs) => outcome.push(outputs),
            Err(reason) => outcome.refuse(reason),
        }
    }
}

/// Calls `view` with each event of the batch.
#[inline]
pub fn map_rows<E: Record, B: Build>(
    scratch: &mut Scratch,
    batch: &Batch<'_>,
    view: impl for<'b> Fn(&E::Row<'b>, &mut Outcome<B>),
) {
    let mut outcome = emptied(scratch);
    let mut cursor = batch.columns();
    let columns = E::open(&mut cursor);
    cursor.finish();
    for row in batch.positions() {
        outcome.turn_to(row.index());
        view(&E::get(&columns, row), &mut outcome);
    }
    *scratch = Some(outcome);
}

/// Calls `on_demand` with each request and its stored features.
#[inline]
pub fn compute_rows<Q: Record, K: Record, B: Build>(
    scratch: &mut Scratch,
    batch: &Batch<'_>,
    on_demand: impl for<'b> Fn(&Q::Row<'b>, &K::Row<'b>, &mut Outcome<B>),
) {
    let mut outcome = emptied(scratch);
    let mut cursor = batch.columns();
    let requests = Q::open(&mut cursor);
    let features = K::open(&mut cursor);
    cursor.finish();
    for row in batch.positions() {
        outcome.turn_to(row.index());
        on_demand(&Q::get(&requests, row), &K::get(&features, row), &mut outcome);
    }
    *scratch = Some(outcome);
}

/// The outcomes of the transforms in the bit set `chosen`, in ascending order.
pub fn outcomes(
    transforms: &[Run],
    chosen: u64,
    batch: &Batch<'_>,
    scratches: &mut Vec<Scratch>,
) -> Vec<u8> {
    let mut out = Vec::new();
    write_outcomes(transforms, chosen, batch, scratches, &mut out);
    out
}

/// Writes those outcomes to `out`, replacing its content.
pub fn write_outcomes(
    transforms: &[Run],
    chosen: u64,
    batch: &Batch<'_>,
    scratches: &mut Vec<Scratch>,
    out: &mut Vec<u8>,
) {
    if u64::BITS - chosen.leading_zeros() > transforms.len() as u32 {
        panic!("the host asks for a transform that this artifact does not have");
    }
    if scratches.len() < transforms.len() {
        scratches.resize_with(transforms.len(), || None);
    }
    let mut bytes = 0;
    for at in bits(chosen) {
        transforms[at](&mut scratches[at], batch);
        bytes += written(&scratches[at]).bytes();
    }
    if bytes > out.capacity() {
        *out = vec![0; bytes];
    }
    out.resize(bytes, 0);
    let mut rest = &mut out[..];
    for at in bits(chosen) {
        rest = written(&scratches[at]).write(rest);
    }
    debug_assert!(rest.is_empty(), "outcomes have the size that was measured");
}

fn written(scratch: &Scratch) -> &dyn Written {
    scratch.as_deref().expect("a transform leaves its outcome in its scratch")
}

/// The positions of the bits of `set`, ascending.
fn bits(mut set: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let at = set.checked_ilog2().map(|_| set.trailing_zeros() as usize);
        set &= set.wrapping_sub(1);
        at
    })
}
