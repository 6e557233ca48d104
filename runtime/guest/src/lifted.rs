//! Whether an artifact's answers stay in its memory when a call is over.
//!
//! A function of a component may name a `post-return`, which runs when the host has lifted an
//! answer and gives the answer's memory back. wasmtime runs it before the call returns, so then an
//! answer must be copied while it is lifted. Without one the answer lies where the guest left it
//! until the next call, and is read there.
//!
//! Invariant: a binary that cannot be read is said to have one, so doubt costs a copy and never an
//! answer. Deliberately absent: which function it belongs to. The SDK's have none.

use wasmparser::{CanonicalFunction, CanonicalOption, Parser, Payload};

/// Whether no function that the component lifts, however deep, has a `post-return`.
pub(super) fn answers_stay(component: &[u8]) -> bool {
    Parser::new(0).parse_all(component).all(|payload| match payload {
        Ok(Payload::ComponentCanonicalSection(section)) => {
            section.into_iter().all(|function| function.is_ok_and(|function| stays(&function)))
        }
        Ok(_) => true,
        Err(_) => false,
    })
}

fn stays(function: &CanonicalFunction) -> bool {
    match function {
        CanonicalFunction::Lift { options, .. } => {
            !options.iter().any(|option| matches!(option, CanonicalOption::PostReturn(_)))
        }
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A component that lifts its core function 0 with these options, which it lacks: the parser
    /// does not look for it.
    fn lifting(options: &[u8]) -> Vec<u8> {
        let mut component = b"\0asm\x0d\0\x01\0".to_vec();
        let function = [&[1, 0x00, 0x00, 0x00][..], options, &[0]].concat();
        component.extend([8, function.len() as u8]);
        component.extend(function);
        component
    }

    /// Goal: a `post-return` is found at every depth, and doubt counts as one. Method: components
    /// written by hand, one within another, and each cut off.
    #[test]
    fn finds_a_post_return() {
        let (with, without) = (lifting(&[2, 0x03, 0, 0x05, 1]), lifting(&[1, 0x03, 0]));
        assert!(answers_stay(&without));
        assert!(!answers_stay(&with));
        for (inner, stays) in [(&without, true), (&with, false)] {
            let mut outer = b"\0asm\x0d\0\x01\0".to_vec();
            outer.extend([4, inner.len() as u8]);
            outer.extend(inner);
            assert_eq!(answers_stay(&outer), stays);
        }
        assert!(!(9..without.len()).any(|end| answers_stay(&without[..end])));
    }
}
