//! Code that reads a struct from a batch, or writes one to it.
//!
//! Invariant: the columns are the fields in order. Deliberately absent: unsafe code, so that an
//! author may forbid it.

use crate::columns::{Direction, fixed, given, type_checks};
use crate::structure::{Column, Structure};
use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Ident, Index, Lifetime, parse_quote};

/// Implements `Record`.
pub(crate) fn record(structure: &Structure) -> TokenStream {
    let own: Lifetime = parse_quote!('__own);
    let batch: Lifetime = parse_quote!('__batch);
    let generics = structure.generics(&own);
    let (named, row) = (structure.with(&own), structure.with(&batch));
    let ident = &structure.ident;
    let fields = structure.fields.iter().map(|field| &field.ident);
    // Each path lies whole in the span of the field's type, so that errors point there.
    let member = |name: &str| -> Vec<TokenStream> {
        let path = |field: &Column| {
            let (kind, span) = (field.kind_with(&batch), field.kind.span());
            let (given, name) = (given(field, Direction::In), Ident::new(name, span));
            quote_spanned!(span=> <#given as ::lockstep_sdk::__::Read<#batch, #kind>>::#name)
        };
        structure.fields.iter().map(path).collect()
    };
    let (opened, open, get) = (member("Column"), member("open"), member("get"));
    let at = (0..get.len()).map(Index::from);
    let checks = type_checks(&structure.fields, Direction::In);
    quote! {
        #checks

        #[automatically_derived]
        impl #generics ::lockstep_sdk::__::Record for #named {
            type Row<#batch> = #row;
            type Columns<#batch> = (#(#opened,)*);

            #[inline]
            fn open<#batch>(
                cursor: &mut ::lockstep_sdk::__::Cursor<#batch>,
            ) -> (#(#opened,)*) {
                (#(#open(cursor),)*)
            }

            #[inline]
            fn get<#batch>(
                columns: &(#(#opened,)*),
                row: ::lockstep_sdk::__::Position<#batch>,
            ) -> #row {
                #ident { #(#fields: #get(&columns.#at, row.index())),* }
            }
        }
    }
}

/// Implements `Row`. The builders nest, `(first, (second, ()))`, so that two implementations of
/// the SDK's trait serve any number of columns.
pub(crate) fn row(structure: &Structure) -> TokenStream {
    let own: Lifetime = parse_quote!('__own);
    let (generics, named) = (structure.generics(&own), structure.with(&own));
    let mut builder = quote!(());
    for field in structure.fields.iter().rev() {
        let (kind, given) = (field.kind_with(&fixed()), given(field, Direction::Out));
        let first = quote_spanned! {kind.span()=>
            <#given as ::lockstep_sdk::__::Written<#kind>>::Builder
        };
        builder = quote!((#first, #builder));
    }
    let pushes = structure.fields.iter().enumerate().map(|(depth, field)| {
        let ident = &field.ident;
        let (kind, given) = (field.kind_with(&own), given(field, Direction::Out));
        let push = quote_spanned! {kind.span()=>
            <#given as ::lockstep_sdk::__::Written<#kind>>::push
        };
        let nested = (0..depth).map(|_| Index::from(1));
        quote!(#push(self.#ident, &mut builder #(.#nested)* .0);)
    });
    let checks = type_checks(&structure.fields, Direction::Out);
    quote! {
        #checks

        #[automatically_derived]
        impl #generics ::lockstep_sdk::__::Row for #named {
            type Builder = #builder;

            #[inline]
            fn push(self, builder: &mut #builder) {
                #(#pushes)*
            }
        }
    }
}
