//! JSON texts for the manifest.
//!
//! Invariant: what leaves here is valid JSON whatever a doc comment holds. Deliberately absent:
//! numbers and nesting, which the callers write.

use std::fmt::Write;

/// `text` as a JSON string, with its quotes.
pub(crate) fn string(text: &str) -> String {
    let mut json = String::with_capacity(text.len() + 2);
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            // U+007F and the C1 controls are legal in JSON, but not to the eye.
            c if c.is_control() => {
                write!(json, "\\u{:04x}", c as u32).expect("writing to a String cannot fail");
            }
            c => json.push(c),
        }
    }
    json.push('"');
    json
}

/// These texts as a JSON array of strings.
pub(crate) fn strings<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let items: Vec<String> = texts.into_iter().map(string).collect();
    format!("[{}]", items.join(","))
}
