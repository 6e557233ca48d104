//! What stands in for an item that was refused, so that one mistake is one error.
//!
//! Invariant: the author's item stays, and implements what its derive or attribute promises, with
//! code that is never run. Without it every function that names the item would be an error too.
//! Deliberately absent: checks. The error beside a stand-in says what is wrong.

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::{DeriveInput, Ident, ItemFn};

/// The traits that a derive implements.
#[derive(Clone, Copy)]
pub(crate) enum Stand {
    /// `Record` and `Event`.
    Event,
    /// `Record` and `Request`.
    Request,
    /// `Record` and `Features`.
    Features,
    /// `Row` and `View`.
    View,
    /// `Row` and `Outputs`.
    Outputs,
}

/// The implementations for an item whose derive was refused.
pub(crate) fn derived(input: &DeriveInput, stand: Stand) -> TokenStream {
    let ident = &input.ident;
    let (generics, arguments, bounds) = input.generics.split_for_impl();
    let record = quote! {
        #[automatically_derived]
        impl #generics ::lockstep_sdk::__::Record for #ident #arguments #bounds {
            type Row<'__batch> = Self;
            type Columns<'__batch> = ();
            fn open<'__batch>(_: &mut ::lockstep_sdk::__::Cursor<'__batch>) {}
            fn get<'__batch>(_: &(), _: ::lockstep_sdk::__::Position<'__batch>) -> Self {
                ::core::unreachable!()
            }
        }
    };
    let row = quote! {
        #[automatically_derived]
        impl #generics ::lockstep_sdk::__::Row for #ident #arguments #bounds {
            type Builder = ();
            fn push(self, _: &mut ()) {}
        }
    };
    let empty = |name: &str| {
        let name = Ident::new(name, Span::call_site());
        quote!(const #name: ::lockstep_sdk::__::Piece = ::lockstep_sdk::__::Piece::Text("");)
    };
    let (first, name, constants) = match stand {
        Stand::Event => (record, "Event", empty("DECLARATION")),
        Stand::Request => (record, "Request", empty("COLUMNS")),
        Stand::Features => (record, "Features", empty("INPUTS")),
        Stand::View => {
            let (description, declaration) = (empty("DESCRIPTION"), empty("DECLARATION"));
            (row, "View", quote!(#description #declaration))
        }
        Stand::Outputs => (row, "Outputs", empty("COLUMNS")),
    };
    let name = Ident::new(name, Span::call_site());
    quote! {
        #first

        #[automatically_derived]
        impl #generics ::lockstep_sdk::__::#name for #ident #arguments #bounds {
            #constants
        }
    }
}

/// The function, and a type of its name that implements `of`.
pub(crate) fn function(function: &ItemFn, of: &str) -> TokenStream {
    let (visibility, of) = (&function.vis, Ident::new(of, Span::call_site()));
    let mut name = function.sig.ident.clone();
    name.set_span(Span::mixed_site().located_at(name.span()));
    quote! {
        #function

        #[doc(hidden)]
        #visibility enum #name {}

        #[automatically_derived]
        impl ::lockstep_sdk::__::#of for #name {
            const DECLARATION: ::lockstep_sdk::__::Piece = ::lockstep_sdk::__::Piece::Text("");

            fn run(_: &mut ::lockstep_sdk::__::Scratch, _: &::lockstep_sdk::__::Batch<'_>) {}
        }
    }
}

/// The constant that tests of a crate name.
pub(crate) fn export() -> TokenStream {
    quote! {
        #[doc(hidden)]
        pub const MANIFEST: &str = "";
    }
}
