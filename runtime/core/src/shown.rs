//! Text from outside, as it is shown: names of files and columns, descriptions, and what guests say
//! may hold characters that command a terminal or start a new line.
//!
//! Invariant: what is returned has no control character and none that changes the direction of
//! text; each is written as an escape such as `\n` or `\u{1b}`. Deliberately absent: output for
//! programs, which JSON escapes by its own rules.

use std::borrow::Cow;

/// Whether a character is shown as an escape.
fn is_hidden(character: char) -> bool {
    let directs = matches!(character, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}' | '\u{feff}');
    character.is_control() || directs
}

/// `text` on one line, with its control characters escaped.
pub fn shown(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false)
}

/// `text`, which may have several lines, with its other control characters escaped.
pub fn shown_lines(text: &str) -> Cow<'_, str> {
    escaped(text, |character| character == '\n')
}

/// The message of an error: a line that goes on with an indented one. Other line breaks are not
/// ours, and are escaped, too.
pub fn shown_message(text: &str) -> String {
    let parts: Vec<Cow<'_, str>> = text.split("\n  ").map(shown).collect();
    parts.join("\n  ")
}

/// Names in a row, for messages.
pub fn shown_names<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    let names: Vec<String> =
        names.into_iter().map(|name| shown(name.as_ref()).into_owned()).collect();
    names.join(", ")
}

fn escaped(text: &str, kept: impl Fn(char) -> bool) -> Cow<'_, str> {
    let hidden = |character: char| is_hidden(character) && !kept(character);
    if !text.contains(hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for character in text.chars() {
        match hidden(character) {
            true => out.extend(character.escape_default()),
            false => out.push(character),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: no character that commands a terminal is left, and all others stay as they are.
    #[test]
    fn control_characters_are_escaped() {
        for (text, expect) in [
            ("größe 価格 😀", "größe 価格 😀"),
            ("a\u{1b}[31mb\n", "a\\u{1b}[31mb\\n"),
            ("\t\r\u{7f}\u{9b}", "\\t\\r\\u{7f}\\u{9b}"),
            ("\u{202e}gpj.exe", "\\u{202e}gpj.exe"),
        ] {
            assert_eq!(shown(text), expect);
        }
        assert_eq!(shown_lines("a\nb\u{1b}"), "a\nb\\u{1b}");
        assert_eq!(shown_names(["a", "b\n"]), "a, b\\n");
        assert_eq!(shown_message("a\nb\n  c\r"), "a\\nb\n  c\\r");
    }
}
