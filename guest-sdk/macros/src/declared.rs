//! `#[aggregate]`: a type that is an aggregate, as the manifest has it.
//!
//! Invariant: the type stays as it is; its name and doc comment go into the manifest, its types
//! come from its `impl Aggregate`. Deliberately absent: that implementation, which is the author's.

use crate::columns::{assertion, fits, many, text};
use crate::description::description;
use crate::foreign::NO_DECIMAL;
use crate::json;
use crate::settings::Settings;
use crate::structure::plain_name;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Error, Item, Result};

/// Declares the type.
pub(crate) fn aggregate(settings: TokenStream, item: Item) -> Result<TokenStream> {
    Settings::parse(settings, Span::call_site())?
        .none("an aggregate says the rest in its `impl Aggregate`")?;
    let (ident, generics, attributes) = match &item {
        Item::Struct(item) => (&item.ident, &item.generics, &item.attrs),
        Item::Enum(item) => (&item.ident, &item.generics, &item.attrs),
        other => {
            let why = "#[aggregate] belongs on the struct or enum that is the aggregate's state";
            return Err(Error::new_spanned(other, why));
        }
    };
    if !generics.params.is_empty() {
        let why = "an aggregate has no parameters: a feature names it by its type's name; put \
                   such a type into a struct of its own";
        return Err(Error::new_spanned(generics, why));
    }
    let name = plain_name(ident)?;
    let head = format!(
        "{{\"name\":{},\"description\":{},\"input\":\"",
        json::string(&name),
        json::string(&description(attributes)),
    );
    let span = ident.span();
    let fits = fits(ident, "AGGREGATE", span);
    let declares = quote_spanned! {span=>
        <::lockstep_sdk::__::Given<#fits> as ::lockstep_sdk::__::Declares<#ident>>
    };
    let check =
        quote_spanned!(span=> const _: () = ::lockstep_sdk::__::require_aggregate::<#ident>(););
    let typed = assertion(&quote_spanned!(span=> #declares::FITS), NO_DECIMAL, span);
    let declaration = many(&[
        text(&head),
        quote!(#declares::INPUT),
        text("\",\"output\":{\"name\":\"value\",\"type\":\""),
        quote!(#declares::OUTPUT),
        text("\",\"nullable\":"),
        quote!(#declares::NULLABLE),
        text("},\"state_bytes_max\":"),
        quote!(::lockstep_sdk::__::Piece::Text(::lockstep_sdk::__::text(&LIMIT))),
        text("}"),
    ]);
    Ok(quote! {
        #item

        #check
        #typed

        #[automatically_derived]
        impl ::lockstep_sdk::__::Declared for #ident {
            const NAME: &'static str = #name;
            const DECLARATION: ::lockstep_sdk::__::Piece = {
                const LIMIT: [u8; ::lockstep_sdk::__::digits(#declares::STATE_BYTES_MAX)] =
                    ::lockstep_sdk::__::limit_text(#declares::STATE_BYTES_MAX);
                #declaration
            };
            const DISPATCH: ::lockstep_sdk::__::Dispatch = #declares::DISPATCH;
        }
    })
}
