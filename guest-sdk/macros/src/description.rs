//! Doc comments, as descriptions.
//!
//! Invariant: the lines of a paragraph become one line, paragraphs stay apart. Deliberately absent:
//! Markdown, which stays as it is, and docs that are not literal text.

use syn::{Attribute, Expr, ExprLit, Lit, Meta};

/// The text of the doc comments among `attributes`; empty if there is none.
pub(crate) fn description(attributes: &[Attribute]) -> String {
    let mut text = String::new();
    for line in attributes.iter().filter_map(line) {
        for line in line.lines().map(str::trim) {
            if line.is_empty() {
                text.push('\n');
            } else {
                if !text.is_empty() && !text.ends_with('\n') {
                    text.push(' ');
                }
                text.push_str(line);
            }
        }
        if line.trim().is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
    }
    text.trim().to_string()
}

fn line(attribute: &Attribute) -> Option<String> {
    let Meta::NameValue(doc) = &attribute.meta else { return None };
    match &doc.value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) if doc.path.is_ident("doc") => {
            Some(text.value())
        }
        _ => None,
    }
}
