//! Finds out whether an artifact's replies stay in its memory after a call.
//!
//! A function of a component may name a `post-return` function, which frees the memory of the reply
//! once the host has read it. wasmtime runs it before the call returns, so the reply must then be
//! copied during the call. Without one, the reply stays where the guest left it until the next
//! call, and can be read there.
//!
//! Invariant: a binary that cannot be read counts as having a `post-return`, so an error here costs
//! a copy and never a reply. Deliberately absent: which function the `post-return` belongs to.
//! Artifacts of the SDK have none.

use wasmparser::{CanonicalFunction, CanonicalOption, Parser, Payload};

/// Whether no function that the component lifts, at any depth of nesting, has a `post-return`.
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

    /// A component that lifts its core function 0 with these options. It lacks the options
    /// themselves, because the parser does not look for them.
    fn lifting(options: &[u8]) -> Vec<u8> {
        let mut component = b"\0asm\x0d\0\x01\0".to_vec();
        let function = [&[1, 0x00, 0x00, 0x00][..], options, &[0]].concat();
        component.extend([8, function.len() as u8]);
        component.extend(function);
        component
    }

    /// Goal: a `post-return` is found at every depth, and an unreadable binary counts as having
    /// one. Method: components written by hand, one within another, and each of them truncated.
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
