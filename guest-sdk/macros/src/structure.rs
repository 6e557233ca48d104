//! An author's struct, taken apart.
//!
//! Invariant: named fields, at most one lifetime and no other parameter, plain names. Deliberately
//! absent: attributes, which each derive reads itself.

use crate::description::description;
use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::visit_mut::{VisitMut, visit_type_mut};
use syn::{
    Attribute, Data, DeriveInput, Error, Fields, GenericParam, Ident, Lifetime, Result, Type,
};

/// Most bytes of a name. The runtime's `name.rs` has the same number.
pub(crate) const NAME_MAX_BYTES: usize = 64;

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
    /// Its name in the manifest.
    pub name: String,
    /// Its type.
    pub kind: Type,
    /// Its doc comment.
    pub description: String,
    /// Its attributes.
    pub attributes: Vec<Attribute>,
}

impl Structure {
    /// Takes a derive's input apart; `derive` is the derive's name.
    pub(crate) fn new(input: DeriveInput, derive: &str) -> Result<Structure> {
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
        let fields = fields.named.into_iter().map(|field| {
            let ident = field.ident.expect("named fields have names");
            let name = plain_name(&ident)?;
            let description = description(&field.attrs);
            Ok(Column { ident, name, kind: field.ty, description, attributes: field.attrs })
        });
        Ok(Structure {
            fields: fields.collect::<Result<_>>()?,
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
                "{setting}: `{}` has no field `{name}`; it has {}",
                self.ident,
                names.join(", ")
            );
            Error::new(name.span(), why)
        })
    }
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
