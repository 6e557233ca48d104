//! What messages leave out: credentials.
//!
//! A store's answer to a refused request may repeat the headers of the request, and a URL may hold a
//! password. So the body of an answer is never shown, only its status and the code that the S3
//! protocol gives it, and the values of the environment's credentials are replaced wherever they
//! occur.
//!
//! Invariant: no text that passes here holds the value of a credential. Deliberately absent: what
//! an error means (`objects.rs`).

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

/// What is shown instead.
const HIDDEN: &str = "***";
/// The fewest bytes of a value that is replaced: shorter ones would be found everywhere.
const SECRET_BYTES_MIN: usize = 4;
/// Words in the names of variables that hold credentials.
const SECRET_WORDS: [&str; 6] = ["SECRET", "TOKEN", "PASSWORD", "KEY", "SAS", "CREDENTIAL"];
/// The most letters of a code in an answer.
const CODE_LETTERS_MAX: usize = 64;
/// How the store's library begins the message about an answer that is an error.
const ANSWERED: [&str; 2] =
    ["Server returned non-2xx status code: ", "Server returned error response: "];

/// The values of an environment's credentials.
#[derive(Clone, Default)]
pub(super) struct Secrets(Arc<[String]>);

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secrets").finish_non_exhaustive()
    }
}

impl Secrets {
    /// Those among `variables`.
    pub(super) fn of(variables: &[(String, String)]) -> Secrets {
        let secret = |(name, value): &&(String, String)| {
            let name = name.to_ascii_uppercase();
            value.len() >= SECRET_BYTES_MIN && SECRET_WORDS.iter().any(|word| name.contains(word))
        };
        let mut values: Vec<String> =
            variables.iter().filter(secret).map(|(_, value)| value.clone()).collect();
        // One value may be a part of another.
        values.sort_by_key(|value| std::cmp::Reverse(value.len()));
        Secrets(values.into())
    }

    /// `text` without credentials.
    pub(super) fn hide(&self, text: &str) -> String {
        let mut text = url(text).into_owned();
        for secret in &*self.0 {
            text = text.replace(secret, HIDDEN);
        }
        text
    }

    /// The message of a store's library, without the body of an answer.
    pub(super) fn cause(&self, message: &str) -> String {
        let Some(answer) = ANSWERED.iter().find_map(|begin| message.strip_prefix(begin)) else {
            return self.hide(message);
        };
        let status = answer.split(": ").next().filter(|status| status.len() <= CODE_LETTERS_MAX);
        let code = answer.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>"));
        let plain = |code: &&str| {
            code.len() <= CODE_LETTERS_MAX && code.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        let parts = [
            status.filter(|text| text.starts_with(|c: char| c.is_ascii_digit())),
            code.map(|(code, _)| code).filter(plain),
        ];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        self.hide(&format!(
            "the server answered {}",
            match parts.is_empty() {
                true => "with an error".to_string(),
                false => parts.join(", "),
            }
        ))
    }
}

/// `text` with the user and the password of each URL replaced, and the parameters of web URLs.
pub(super) fn url(text: &str) -> Cow<'_, str> {
    if !text.contains("://") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("://") {
        let (before, after) = rest.split_at(at + 3);
        out.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || "\"'<>()".contains(c));
        let (url, behind) = after.split_at(end.unwrap_or(after.len()));
        let server = url.find(['/', '?', '#']).unwrap_or(url.len());
        // A password may hold slashes that should have been escaped.
        let user = url[..server]
            .rfind('@')
            .or_else(|| url[..server].contains(':').then(|| url.rfind('@')).flatten());
        let url = match user {
            Some(at) => {
                out.push_str(HIDDEN);
                &url[at..]
            }
            None => url,
        };
        let web = before.ends_with("http://") || before.ends_with("https://");
        match url.split_once('?').filter(|_| web) {
            Some((path, _)) => {
                out.push_str(path);
                out.push('?');
                out.push_str(HIDDEN);
            }
            None => out.push_str(url),
        }
        rest = behind;
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goal: nothing that is secret is left, and what explains the error stays.
    #[test]
    fn credentials_are_left_out() {
        let variable = |name: &str, value: &str| (name.to_string(), value.to_string());
        let secrets = Secrets::of(&[
            variable("AWS_SESSION_TOKEN", "s3ss10n"),
            variable("AWS_SECRET_ACCESS_KEY", "s3ss10n+more"),
            variable("AWS_REGION", "eu-west-1"),
            variable("AWS_SKIP_TOKEN", "on"),
        ]);
        for (message, expect) in [
            (
                "Server returned non-2xx status code: 403 Forbidden: x-token: s3ss10n",
                "the server answered 403 Forbidden",
            ),
            (
                "Server returned non-2xx status code: 404 Not Found: <Error><Code>NoSuchKey</Code>",
                "the server answered 404 Not Found, NoSuchKey",
            ),
            ("Server returned error response: s3ss10n", "the server answered with an error"),
            ("no route to s3ss10n+more in eu-west-1", "no route to *** in eu-west-1"),
            ("http://me:pw@host:90/a?sig=x (os error 1)", "http://***@host:90/a?*** (os error 1)"),
            ("at \"https://host/b?c\", on", "at \"https://host/b?***\", on"),
            ("s3://bucket/a?.csv", "s3://bucket/a?.csv"),
            ("s3://me:p/w@bucket/a", "s3://***@bucket/a"),
        ] {
            assert_eq!(secrets.cause(message), expect);
        }
        assert_eq!(format!("{secrets:?}"), "Secrets { .. }");
    }
}
