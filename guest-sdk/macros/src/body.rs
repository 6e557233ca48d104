//! What a guest has not: a standard output and a clock.
//!
//! On the guests' target what is printed goes nowhere, and asking for the time panics. Invariant: a
//! transform whose own body does either is refused. Deliberately absent: other functions, which a
//! macro on the transform does not see; the lints of `lockstep new` refuse these.

use syn::visit_mut::{VisitMut, visit_expr_path_mut};
use syn::{Error, ExprPath, ItemFn, Macro, Result};

const PRINTS: [&str; 5] = ["println", "print", "eprintln", "eprint", "dbg"];
const CLOCKS: [&str; 4] = ["Instant", "SystemTime", "Utc", "Local"];

/// Refuses a function that prints or reads a clock.
pub(crate) fn check(function: &ItemFn) -> Result<()> {
    let mut found = Found(None);
    found.visit_block_mut(&mut function.block.clone());
    found.0.map_or(Ok(()), Err)
}

/// The first mistake.
struct Found(Option<Error>);

impl Found {
    fn refuse(&mut self, place: &dyn quote::ToTokens, why: String) {
        if self.0.is_none() {
            self.0 = Some(Error::new_spanned(place, why));
        }
    }
}

impl VisitMut for Found {
    fn visit_macro_mut(&mut self, called: &mut Macro) {
        if let Some(name) = called.path.segments.last().map(|last| last.ident.to_string())
            && PRINTS.contains(&name.as_str())
        {
            let why = format!("what `{name}!` writes is lost in a guest; write log!(\"…\")");
            self.refuse(&called.path, why);
        }
    }

    fn visit_expr_path_mut(&mut self, path: &mut ExprPath) {
        let words: Vec<String> =
            path.path.segments.iter().rev().take(2).map(|part| part.ident.to_string()).collect();
        if let [function, owner] = &words[..]
            && function == "now"
            && CLOCKS.contains(&owner.as_str())
        {
            let why = format!(
                "a transform has no clock, and `{owner}::now` panics in a guest; use the event's own \
                 time, or the `as_of` of a request"
            );
            self.refuse(&path.path, why);
        }
        visit_expr_path_mut(self, path);
    }
}
