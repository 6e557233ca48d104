//! The settings inside an attribute or `export!`: `name = value`, or a bare name.
//!
//! Invariant: a name that is none of the known settings is an error with the near name, or with all.
//! Deliberately absent: what a setting means.

use crate::near::near;
use proc_macro2::{Span, TokenStream};
use syn::parse::Parser;
use syn::punctuated::Punctuated;
use syn::{Attribute, Error, Expr, ExprLit, Ident, Lit, LitStr, Meta, Path, Result, Token};

/// Settings that were not taken yet.
pub(crate) struct Settings {
    metas: Vec<Meta>,
    /// Where the settings stand.
    pub span: Span,
}

impl Settings {
    /// Of these tokens.
    pub(crate) fn parse(tokens: TokenStream, span: Span) -> Result<Settings> {
        let parser = Punctuated::<Meta, Token![,]>::parse_terminated;
        let metas: Vec<Meta> = parser.parse2(tokens)?.into_iter().collect();
        for (at, meta) in metas.iter().enumerate() {
            if metas[..at].iter().any(|other| other.path() == meta.path()) {
                return Err(Error::new_spanned(meta.path(), "this setting is given twice"));
            }
        }
        Ok(Settings { metas, span })
    }

    /// Of the attributes called `name`, one each.
    pub(crate) fn of(attributes: &[Attribute], name: &str) -> Result<Vec<Settings>> {
        let named = attributes.iter().filter(|attribute| attribute.path().is_ident(name));
        let parsed = named.map(|attribute| {
            let span = attribute.path().get_ident().map_or_else(Span::call_site, Ident::span);
            match &attribute.meta {
                Meta::List(list) => Settings::parse(list.tokens.clone(), span),
                other => Err(Error::new_spanned(other, format!("write #[{name}(…)]"))),
            }
        });
        parsed.collect()
    }

    fn take(&mut self, name: &str) -> Option<Meta> {
        let at = self.metas.iter().position(|meta| meta.path().is_ident(name))?;
        Some(self.metas.remove(at))
    }

    fn value(&mut self, name: &str, form: &str) -> Result<Option<Expr>> {
        match self.take(name) {
            None => Ok(None),
            Some(Meta::NameValue(setting)) => Ok(Some(setting.value)),
            Some(other) => Err(Error::new_spanned(other, format!("write {name} = {form}"))),
        }
    }

    /// Whether the bare name is given.
    pub(crate) fn flag(&mut self, name: &str) -> Result<bool> {
        match self.take(name) {
            None => Ok(false),
            Some(Meta::Path(_)) => Ok(true),
            Some(other) => Err(Error::new_spanned(other, format!("write {name} alone"))),
        }
    }

    /// `name = "text"`.
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<LitStr>> {
        let value = self.value(name, "\"…\"")?;
        value.map(|value| text(value, &format!("write {name} = \"…\""))).transpose()
    }

    /// `name = field`.
    pub(crate) fn ident(&mut self, name: &str) -> Result<Option<Ident>> {
        let value = self.value(name, "field")?;
        value.map(|value| ident(value, &format!("write {name} = field"))).transpose()
    }

    /// `name = [field, …]`.
    pub(crate) fn idents(&mut self, name: &str) -> Result<Option<Vec<Ident>>> {
        let why = format!("write {name} = [field, …]");
        let items = self.items(name, &why)?;
        items.map(|items| items.into_iter().map(|item| ident(item, &why)).collect()).transpose()
    }

    /// `name = ["text", …]`.
    pub(crate) fn texts(&mut self, name: &str) -> Result<Option<Vec<LitStr>>> {
        let why = format!("write {name} = [\"…\", …]");
        let items = self.items(name, &why)?;
        items.map(|items| items.into_iter().map(|item| text(item, &why)).collect()).transpose()
    }

    /// `name = [path, …]`.
    pub(crate) fn paths(&mut self, name: &str) -> Result<Option<Vec<Path>>> {
        let why = format!("write {name} = [name, …]");
        let items = self.items(name, &why)?;
        let path = |item| match item {
            Expr::Path(path) => Ok(path.path),
            other => Err(Error::new_spanned(other, &why)),
        };
        items.map(|items| items.into_iter().map(path).collect()).transpose()
    }

    fn items(&mut self, name: &str, why: &str) -> Result<Option<Vec<Expr>>> {
        match self.value(name, "[…]")? {
            None => Ok(None),
            Some(Expr::Array(array)) => Ok(Some(array.elems.into_iter().collect())),
            Some(other) => Err(Error::new_spanned(other, why)),
        }
    }

    /// Refuses a setting that is none of these.
    pub(crate) fn known(&self, known: &[&str]) -> Result<()> {
        let unknown =
            self.metas.iter().find(|meta| !known.iter().any(|name| meta.path().is_ident(name)));
        let Some(meta) = unknown else { return Ok(()) };
        let name = written(meta);
        let remedy = match near(&name, known.iter().copied()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("there are {}", known.join(", ")),
        };
        Err(Error::new_spanned(meta, format!("there is no setting `{name}` here; {remedy}")))
    }

    /// Refuses every setting; `why` says where they belong.
    pub(crate) fn none(&self, why: &str) -> Result<()> {
        let Some(meta) = self.metas.first() else { return Ok(()) };
        let name = written(meta);
        Err(Error::new_spanned(meta, format!("there is no setting `{name}` here; {why}")))
    }
}

/// A setting's name.
fn written(meta: &Meta) -> String {
    let name = meta.path();
    quote::quote!(#name).to_string()
}

fn text(value: Expr, why: &str) -> Result<LitStr> {
    match value {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text),
        other => Err(Error::new_spanned(other, why)),
    }
}

fn ident(value: Expr, why: &str) -> Result<Ident> {
    match &value {
        Expr::Path(path) => path.path.get_ident().cloned(),
        _ => None,
    }
    .ok_or_else(|| Error::new_spanned(value, why))
}
