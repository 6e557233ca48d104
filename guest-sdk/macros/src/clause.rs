//! One `#[features(…)]`, as written: aggregates, and the windows and rows that they are over.
//!
//! Invariant: each of the settings `windows`, `where`, `by`, `by_limit`, `top` and `top_of` is given
//! at most once, and windows and aggregates at least one. The tokens are parsed here and not by `syn::Meta`, so that an aggregate
//! may take parameters and `where` may be written as it is. Deliberately absent: what an aggregate
//! means.

use crate::aggregate;
use crate::near::near;
use crate::number::number;
use proc_macro2::Span;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{
    Attribute, Error, Expr, ExprLit, Ident, Lit, LitStr, Meta, Result, Token, parenthesized, token,
};

/// Most keys of a map. The runtime's `feature.rs` has the same number.
const BY_LIMIT_MAX: u32 = 100_000;
/// Most keys of a map if the author does not say.
const BY_LIMIT: u32 = 1000;

/// The settings beside the aggregates.
const SETTINGS: [&str; 6] = ["windows", "where", "by", "by_limit", "top", "top_of"];

/// One attribute.
pub(crate) struct Clause {
    /// The aggregates.
    pub entries: Vec<Entry>,
    /// The windows of each.
    pub windows: Vec<LitStr>,
    /// The column that says which rows count.
    pub filter: Option<Ident>,
    /// What makes the features maps.
    pub by: Option<By>,
}

/// What makes a feature a map.
pub(crate) struct By {
    /// The column whose values are the keys.
    pub field: Ident,
    /// Most keys.
    pub limit: u32,
    /// How many entries are kept, and what of them is compared, as in the manifest.
    pub top: Option<(u32, &'static str)>,
}

/// `name`, `name(parameters)` or `name = value`.
pub(crate) struct Entry {
    /// The name.
    pub name: Ident,
    /// What follows it.
    pub form: Form,
}

/// What follows an entry's name.
pub(crate) enum Form {
    /// Nothing.
    Bare,
    /// `(5)`.
    Parameters(Vec<Expr>),
    /// `= ratio(sum(a), count)`.
    Is(Expr),
}

impl Parse for Entry {
    fn parse(input: ParseStream<'_>) -> Result<Entry> {
        let name = input.call(Ident::parse_any)?;
        let form = if input.peek(token::Paren) {
            let inside;
            parenthesized!(inside in input);
            let parameters = Punctuated::<Expr, Token![,]>::parse_terminated(&inside)?;
            Form::Parameters(parameters.into_iter().collect())
        } else if input.parse::<Option<Token![=]>>()?.is_some() {
            Form::Is(input.parse()?)
        } else {
            Form::Bare
        };
        Ok(Entry { name, form })
    }
}

impl Clause {
    /// Those of the attributes that are called `features`.
    pub(crate) fn of(attributes: &[Attribute]) -> Result<Vec<Clause>> {
        let named = attributes.iter().filter(|attribute| attribute.path().is_ident("features"));
        let read = named.map(|attribute| match &attribute.meta {
            Meta::List(list) => {
                let entries =
                    list.parse_args_with(Punctuated::<Entry, Token![,]>::parse_terminated)?;
                let span = attribute.path().get_ident().map_or_else(Span::call_site, Ident::span);
                Clause::new(entries.into_iter().collect(), span)
            }
            other => Err(Error::new_spanned(other, "write #[features(…)]")),
        });
        read.collect()
    }

    fn new(mut entries: Vec<Entry>, span: Span) -> Result<Clause> {
        entries.iter().try_for_each(check_setting)?;
        let windows = match setting(&mut entries, "windows", "[\"7d\", …]")? {
            None => vec![],
            Some(value) => texts(value)?,
        };
        let field = |value| match field(&value) {
            Some(field) => Ok(field),
            None => Err(Error::new_spanned(value, "name a field of the struct")),
        };
        let filter = setting(&mut entries, "where", "field")?.map(field).transpose()?;
        let by = setting(&mut entries, "by", "field")?.map(field).transpose()?;
        let limit = setting(&mut entries, "by_limit", "50")?;
        let top = setting(&mut entries, "top", "3")?;
        let of = setting(&mut entries, "top_of", "key")?;
        let by = match by {
            Some(field) => Some(By::new(field, limit, top, of)?),
            None => match [(limit, "a by_limit"), (top, "a top"), (of, "a top_of")]
                .into_iter()
                .find_map(|(value, what)| Some((value?, what)))
            {
                Some((value, what)) => {
                    return Err(Error::new_spanned(value, format!("{what} needs by = field")));
                }
                None => None,
            },
        };
        if entries.is_empty() {
            let why = format!("name aggregates: {}", aggregate::names());
            return Err(Error::new(span, why));
        }
        if windows.is_empty() {
            let why = "name windows: windows = [\"7d\", \"lifetime\"]";
            return Err(Error::new(span, why));
        }
        Ok(Clause { entries, windows, filter, by })
    }
}

impl By {
    fn new(field: Ident, limit: Option<Expr>, top: Option<Expr>, of: Option<Expr>) -> Result<By> {
        let limit = match limit {
            None => BY_LIMIT,
            Some(limit) => number(&limit, 1, i64::from(BY_LIMIT_MAX), "by_limit")? as u32,
        };
        let top = match (top, of) {
            (None, None) => None,
            (None, Some(of)) => return Err(Error::new_spanned(of, "a top_of needs top = 3")),
            (Some(top), of) => {
                let n = number(&top, 1, i64::from(limit), "top")? as u32;
                Some((n, of.map_or(Ok("value"), |of| compared(&of))?))
            }
        };
        Ok(By { field, limit, top })
    }
}

/// What of an entry is compared.
fn compared(of: &Expr) -> Result<&'static str> {
    let named = field(of).map(|name| name.to_string());
    let known = ["value", "key", "count"].into_iter().find(|known| named.as_deref() == Some(known));
    known.ok_or_else(|| Error::new_spanned(of, "top_of is value, key or count"))
}

/// Refuses `name = value` that is neither a setting nor a ratio or type with a name.
fn check_setting(entry: &Entry) -> Result<()> {
    let Form::Is(value) = &entry.form else { return Ok(()) };
    let name = entry.name.unraw().to_string();
    let named = match value {
        Expr::Call(_) => true,
        Expr::Path(path) => path.path.segments.last().is_some_and(|last| {
            last.ident.to_string().starts_with(char::is_uppercase) || path.path.segments.len() > 1
        }),
        _ => false,
    };
    if named || SETTINGS.contains(&name.as_str()) {
        return Ok(());
    }
    match near(&name, SETTINGS) {
        Some(near) => {
            let why = format!("there is no setting `{name}` here; did you mean `{near}`?");
            Err(Error::new(entry.name.span(), why))
        }
        None => Ok(()),
    }
}

/// Takes the value of the setting called `name`; `form` is a value that it may have.
fn setting(entries: &mut Vec<Entry>, name: &str, form: &str) -> Result<Option<Expr>> {
    let mut found = entries.extract_if(.., |entry| entry.name.unraw() == name);
    let value = match found.next() {
        None => return Ok(None),
        Some(Entry { form: Form::Is(value), .. }) => value,
        Some(other) => {
            return Err(Error::new(other.name.span(), format!("write {name} = {form}")));
        }
    };
    match found.next() {
        None => Ok(Some(value)),
        Some(second) => Err(Error::new(second.name.span(), "this setting is given twice")),
    }
}

/// The field that an expression names.
pub(crate) fn field(value: &Expr) -> Option<Ident> {
    match value {
        Expr::Path(path) if path.qself.is_none() => path.path.get_ident().cloned(),
        _ => None,
    }
}

/// The text of a literal.
pub(crate) fn text(value: &Expr) -> Option<LitStr> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Some(text.clone()),
        _ => None,
    }
}

fn texts(value: Expr) -> Result<Vec<LitStr>> {
    let why = "write windows = [\"7d\", …]";
    let Expr::Array(array) = &value else { return Err(Error::new_spanned(value, why)) };
    let item = |item| text(item).ok_or_else(|| Error::new_spanned(item, why));
    array.elems.iter().map(item).collect()
}
