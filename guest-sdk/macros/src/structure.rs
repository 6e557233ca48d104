//! An author's struct, taken apart.
//!
//! Invariant: named fields, at most one lifetime and no other parameter, plain names, and columns
//! with one name each. Deliberately absent: all attributes but a column's name, which each derive
//! reads itself.

use crate::description::description;
use crate::near::did_you_mean;
use crate::settings::Settings;
use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::visit_mut::{VisitMut, visit_type_mut};
use syn::{
    Attribute, Data, DeriveInput, Error, Field, Fields, GenericParam, Ident, Lifetime, Result, Type,
};

/// Most bytes of a name. The runtime's `name.rs` has the same number.
pub(crate) const NAME_MAX_BYTES: usize = 64;
/// Most bytes of the name of a column that is read.
const COLUMN_MAX_BYTES: usize = 256;

/// A struct.
pub(crate) struct Structure {
    /// Its name.
    pub ident: Ident,
    /// Whether it has a lifetime.
    pub borrows: bool,
    /// Its doc comment.
    pub description: String,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
    /// Its fields.
    pub fields: Vec<Column>,
}

/// A field.
pub(crate) struct Column {
    /// Its name, as the author wrote it.
    pub ident: Ident,
    /// Its name without `r#`.
    pub name: String,
    /// Its name in the manifest: the field's, or what `column = "…"` says.
    pub column: String,
    /// Its type.
    pub kind: Type,
    /// Its doc comment.
    pub description: String,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
}

impl Structure {
    /// Takes a derive's input apart; `derive` is the derive's name. If `renames` is given, a field's
    /// attribute of that name may say what its column is called.
    pub(crate) fn new(
        input: DeriveInput,
        derive: &str,
        renames: Option<&str>,
    ) -> Result<Structure> {
        let Data::Struct(data) = input.data else {
            let why = format!("{derive} is for structs; make this a struct with named fields");
            return Err(Error::new_spanned(input.ident, why));
        };
        let Fields::Named(fields) = data.fields else {
            let why = format!("{derive} needs named fields: their names are the columns'");
            return Err(Error::new_spanned(input.ident, why));
        };
        let mut lifetimes = 0;
        for parameter in &input.generics.params {
            let lifetime = matches!(parameter, GenericParam::Lifetime(_));
            lifetimes += 1;
            if !lifetime || lifetimes > 1 {
                let why = format!("{derive} takes at most one lifetime and no other parameter");
                return Err(Error::new_spanned(parameter, why));
            }
        }
        if fields.named.is_empty() {
            let why = format!("{derive} needs at least one field");
            return Err(Error::new_spanned(input.ident, why));
        }
        let fields = fields.named.into_iter().map(|field| column(field, renames));
        let fields = fields.collect::<Result<Vec<Column>>>()?;
        for (at, field) in fields.iter().enumerate() {
            if fields[..at].iter().any(|other| other.column == field.column) {
                let why = format!("two fields are the column {:?}; leave one out", field.column);
                return Err(Error::new(field.ident.span(), why));
            }
        }
        Ok(Structure {
            fields,
            ident: input.ident,
            borrows: lifetimes == 1,
            description: description(&input.attrs),
            attributes: input.attrs,
        })
    }

    /// The struct with this lifetime, if it has any.
    pub(crate) fn with(&self, lifetime: &Lifetime) -> TokenStream {
        let ident = &self.ident;
        if self.borrows { quote!(#ident<#lifetime>) } else { quote!(#ident) }
    }

    /// What follows `impl` for the struct with this lifetime.
    pub(crate) fn generics(&self, lifetime: &Lifetime) -> TokenStream {
        if self.borrows { quote!(<#lifetime>) } else { TokenStream::new() }
    }

    /// The field called `name`, which the setting `setting` names.
    pub(crate) fn field(&self, name: &Ident, setting: &str) -> Result<&Column> {
        self.fields.iter().find(|field| field.ident == *name).ok_or_else(|| {
            let names: Vec<&str> = self.fields.iter().map(|field| field.name.as_str()).collect();
            let why = format!(
                "{setting}: `{}` has no field `{name}`; it has {}{}",
                self.ident,
                names.join(", "),
                did_you_mean(&name.to_string(), names.iter().copied()),
            );
            Error::new(name.span(), why)
        })
    }
}

/// A field, as a column.
fn column(field: Field, renames: Option<&str>) -> Result<Column> {
    let ident = field.ident.expect("named fields have names");
    let name = ident.unraw().to_string();
    let column = match renames {
        None => None,
        Some(attribute) => renamed(&field.attrs, attribute)?,
    };
    let column = match column {
        Some(column) => column,
        None => plain_name(&ident).map_err(|error| match renames {
            Some(attribute) => {
                let remedy = format!("write #[{attribute}(column = {name:?})] on a field so named");
                Error::new(ident.span(), format!("{error}; {remedy}"))
            }
            None => error,
        })?,
    };
    let description = description(&field.attrs);
    Ok(Column { ident, name, column, kind: field.ty, description, attributes: field.attrs })
}

/// What `#[event(column = "…")]` on a field calls its column, where the attribute is `event`.
fn renamed(attributes: &[Attribute], attribute: &str) -> Result<Option<String>> {
    let mut found = Settings::of(attributes, attribute)?.into_iter();
    let Some(mut settings) = found.next() else { return Ok(None) };
    if let Some(second) = found.next() {
        return Err(Error::new(second.span, format!("a field has one #[{attribute}(…)]")));
    }
    settings.known(&["column"])?;
    let Some(column) = settings.text("column")? else {
        let why = format!("write #[{attribute}(column = \"…\")], the column's name");
        return Err(Error::new(settings.span, why));
    };
    let name = column.value();
    if name.is_empty() || name.len() > COLUMN_MAX_BYTES || name.chars().any(char::is_control) {
        let why = format!("a column's name has 1 to {COLUMN_MAX_BYTES} bytes, none of control");
        return Err(Error::new(column.span(), why));
    }
    Ok(Some(name))
}

impl Column {
    /// The type with this lifetime for the struct's; `'static` stays.
    pub(crate) fn kind_with(&self, lifetime: &Lifetime) -> Type {
        with_lifetime(&self.kind, lifetime, true)
    }
}

/// The name as a column or view has it.
pub(crate) fn plain_name(ident: &Ident) -> Result<String> {
    let name = ident.unraw().to_string();
    if name.len() > NAME_MAX_BYTES || !name.is_ascii() {
        let why = format!("a name has 1 to {NAME_MAX_BYTES} ASCII letters, digits and underscores");
        return Err(Error::new(ident.span(), why));
    }
    Ok(name)
}

/// `kind` with `lifetime` for each of its lifetimes, written or left out in a reference;
/// `'static` stays if `keep_static`.
pub(crate) fn with_lifetime(kind: &Type, lifetime: &Lifetime, keep_static: bool) -> Type {
    struct Rename<'l> {
        lifetime: &'l Lifetime,
        keep_static: bool,
    }

    impl VisitMut for Rename<'_> {
        fn visit_lifetime_mut(&mut self, found: &mut Lifetime) {
            if !(self.keep_static && found.ident == "static") {
                found.ident = self.lifetime.ident.clone();
            }
        }

        fn visit_type_mut(&mut self, kind: &mut Type) {
            if let Type::Reference(reference) = kind
                && reference.lifetime.is_none()
            {
                reference.lifetime = Some(self.lifetime.clone());
            }
            visit_type_mut(self, kind);
        }
    }

    let mut kind = kind.clone();
    Rename { lifetime, keep_static }.visit_type_mut(&mut kind);
    kind
}
