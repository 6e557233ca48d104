//! An author's functions, as the macros' code calls them.
//!
//! Invariant: the code of `#[transform]` and `#[on_demand]` compiles whatever the types of the
//! function are, so that a wrong one is one error: that of `require_…`. [`Given<true>`] is for types
//! that fit, [`Given<false>`] for others, with code that is never run. Deliberately absent: what is
//! done with rows, which `transform.rs` says.
//!
//! [`Given<true>`]: Given
//! [`Given<false>`]: Given

use crate::aggregate::Aggregate;
use crate::batch::Batch;
use crate::column::Build;
use crate::dispatch::Dispatch;
use crate::field::Field;
use crate::fit::Given;
use crate::manifest::Piece;
use crate::outcome::{Outcome, Scratch};
use crate::output::Output;
use crate::record::{Event, Features, Outputs, Request, Row, View};
use crate::transform::{Answer, Respond, compute_rows, map_rows};

/// A view's event, if it is one.
pub trait Maps<E> {
    /// The event with another lifetime.
    type Row<'b>;
    /// The event's declaration, as JSON.
    const DECLARATION: Piece;

    /// Calls `view` with each event of the batch.
    fn map<B: Build>(
        scratch: &mut Scratch,
        batch: &Batch<'_>,
        view: impl for<'b> Fn(&Self::Row<'b>, &mut Outcome<B>),
    );
}

impl<E: Event> Maps<E> for Given<true> {
    type Row<'b> = E::Row<'b>;
    const DECLARATION: Piece = E::DECLARATION;

    #[inline]
    fn map<B: Build>(
        scratch: &mut Scratch,
        batch: &Batch<'_>,
        view: impl for<'b> Fn(&E::Row<'b>, &mut Outcome<B>),
    ) {
        map_rows::<E, B>(scratch, batch, view);
    }
}

impl<E> Maps<E> for Given<false> {
    type Row<'b> = E;
    const DECLARATION: Piece = Piece::Text("");

    fn map<B: Build>(_: &mut Scratch, _: &Batch<'_>, _: impl for<'b> Fn(&E, &mut Outcome<B>)) {}
}

/// An on-demand transform's request and stored features, if they are that.
pub trait Computes<Q, K> {
    /// The request with another lifetime.
    type Request<'b>;
    /// The features with another lifetime.
    type Known<'b>;
    /// The request's columns, as JSON.
    const REQUEST: Piece;
    /// The stored features, as JSON.
    const KNOWN: Piece;

    /// Calls `on_demand` with each request of the batch and its features.
    fn compute<B: Build>(
        scratch: &mut Scratch,
        batch: &Batch<'_>,
        on_demand: impl for<'b> Fn(&Self::Request<'b>, &Self::Known<'b>, &mut Outcome<B>),
    );
}

impl<Q: Request, K: Features> Computes<Q, K> for Given<true> {
    type Request<'b> = Q::Row<'b>;
    type Known<'b> = K::Row<'b>;
    const REQUEST: Piece = Q::COLUMNS;
    const KNOWN: Piece = K::INPUTS;

    #[inline]
    fn compute<B: Build>(
        scratch: &mut Scratch,
        batch: &Batch<'_>,
        on_demand: impl for<'b> Fn(&Q::Row<'b>, &K::Row<'b>, &mut Outcome<B>),
    ) {
        compute_rows::<Q, K, B>(scratch, batch, on_demand);
    }
}

impl<Q, K> Computes<Q, K> for Given<false> {
    type Request<'b> = Q;
    type Known<'b> = K;
    const REQUEST: Piece = Piece::Text("");
    const KNOWN: Piece = Piece::Text("");

    fn compute<B: Build>(
        _: &mut Scratch,
        _: &Batch<'_>,
        _: impl for<'b> Fn(&Q, &K, &mut Outcome<B>),
    ) {
    }
}

/// What a view returns, if it may.
pub trait Answers<A> {
    /// The builder of its rows.
    type Builder: Build;
    /// The text of the rows' doc comment.
    const DESCRIPTION: Piece;
    /// The view's fields from `owner` on, except its event.
    const DECLARATION: Piece;

    /// Adds the rows, or refuses the event.
    fn answer(answer: A, outcome: &mut Outcome<Self::Builder>);
}

impl<A: Answer> Answers<A> for Given<true> {
    type Builder = <A::View as Row>::Builder;
    const DESCRIPTION: Piece = <A::View as View>::DESCRIPTION;
    const DECLARATION: Piece = <A::View as View>::DECLARATION;

    #[inline]
    fn answer(answer: A, outcome: &mut Outcome<Self::Builder>) {
        answer.answer(outcome);
    }
}

impl<A> Answers<A> for Given<false> {
    type Builder = ();
    const DESCRIPTION: Piece = Piece::Text("");
    const DECLARATION: Piece = Piece::Text("");

    fn answer(_: A, _: &mut Outcome<()>) {}
}

/// What an on-demand transform returns, if it may.
pub trait Responds<A> {
    /// The builder of its outputs.
    type Builder: Build;
    /// The outputs' columns, as JSON.
    const COLUMNS: Piece;

    /// Adds the outputs, or refuses the request.
    fn respond(answer: A, outcome: &mut Outcome<Self::Builder>);
}

impl<A: Respond> Responds<A> for Given<true> {
    type Builder = <A::Outputs as Row>::Builder;
    const COLUMNS: Piece = <A::Outputs as Outputs>::COLUMNS;

    #[inline]
    fn respond(answer: A, outcome: &mut Outcome<Self::Builder>) {
        answer.respond(outcome);
    }
}

impl<A> Responds<A> for Given<false> {
    type Builder = ();
    const COLUMNS: Piece = Piece::Text("");

    fn respond(_: A, _: &mut Outcome<()>) {}
}

/// An author's aggregate, if it is one.
pub trait Declares<A> {
    /// Whether there are such types: false of decimals with impossible parameters.
    const FITS: bool;
    /// The type of its input.
    const INPUT: Piece;
    /// The type of its value.
    const OUTPUT: Piece;
    /// Whether its value may be null, as JSON.
    const NULLABLE: Piece;
    /// Most bytes of a state.
    const STATE_BYTES_MAX: u32;
    /// Its code.
    const DISPATCH: Dispatch;
}

impl<A: Aggregate> Declares<A> for Given<true> {
    const FITS: bool = <A::Input<'static> as Field<'static>>::FITS && <A::Output as Output>::FITS;
    const INPUT: Piece = <A::Input<'static> as Field<'static>>::TYPE;
    const OUTPUT: Piece = <A::Output as Output>::TYPE;
    const NULLABLE: Piece = <A::Output as Output>::NULLABLE;
    const STATE_BYTES_MAX: u32 = A::STATE_BYTES_MAX;
    const DISPATCH: Dispatch = Dispatch::of::<A>();
}

impl<A> Declares<A> for Given<false> {
    const FITS: bool = true;
    const INPUT: Piece = Piece::Text("");
    const OUTPUT: Piece = Piece::Text("");
    const NULLABLE: Piece = Piece::Text("");
    const STATE_BYTES_MAX: u32 = 1;
    const DISPATCH: Dispatch = Dispatch::NONE;
}

/// Fails to compile unless `T` is an aggregate.
pub const fn require_aggregate<T: Aggregate>() {}
/// Fails to compile unless `T` is an event.
pub const fn require_event<T: Event>() {}
/// Fails to compile unless `T` is a request.
pub const fn require_request<T: Request>() {}
/// Fails to compile unless `T` is a set of stored features.
pub const fn require_stored<T: Features>() {}
/// Fails to compile unless a view may return `T`.
pub const fn require_answer<T: Answer>() {}
/// Fails to compile unless an on-demand transform may return `T`.
pub const fn require_response<T: Respond>() {}
