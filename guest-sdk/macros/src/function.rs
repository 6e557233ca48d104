//! `#[transform]` and `#[on_demand]`: functions that hosts call.
//!
//! Invariant: the function stays as it is, to be called and tested like any other. Beside it stands
//! an empty type of the same name, which types do not share with functions, so that `export!` finds
//! what belongs to the function, wherever it is imported. Deliberately absent: names of types in
//! items. Types are written in bodies only, where the compiler fills in every lifetime.

use crate::body;
use crate::columns::{fits, many, text};
use crate::description::description;
use crate::json;
use crate::settings::Settings;
use crate::structure::{plain_name, with_lifetime};
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{
    Error, FnArg, GenericParam, Ident, ItemFn, LitStr, Result, ReturnType, Type, parse_quote,
};

/// A function's types, with `'_` for each lifetime.
struct Signature {
    arguments: Vec<Type>,
    answer: Type,
}

/// Makes a view.
pub(crate) fn transform(settings: TokenStream, function: &ItemFn) -> Result<TokenStream> {
    Settings::parse(settings, Span::call_site())?
        .none("owner and tags belong to #[view(…)] on the struct")?;
    body::check(function)?;
    let form = "a view is a function of one event: fn name(event: &Event) -> Option<View>";
    let signature = signature(function, 1, form)?;
    let (event, answer) = (&signature.arguments[0], &signature.answer);
    let maps = given(&[(event, "EVENT")]);
    let maps = quote_spanned!(event.span()=> <#maps as ::lockstep_sdk::__::Maps<#event>>);
    let answering = given(&[(answer, "ANSWER")]);
    let answers =
        quote_spanned!(answer.span()=> <#answering as ::lockstep_sdk::__::Answers<#answer>>);
    // The function's own words describe the view; without any, those of its rows do.
    let words = description(&function.attrs);
    let described =
        if words.is_empty() { quote!(#answers::DESCRIPTION) } else { text(&json::string(&words)) };
    let declaration = many(&[
        text(&head(function)?),
        described,
        text(","),
        quote!(#answers::DECLARATION),
        text(",\"event\":"),
        quote!(#maps::DECLARATION),
        text("}"),
    ]);
    let name = &function.sig.ident;
    let required = require(&[(event, "require_event"), (answer, "require_answer")]);
    let run = quote_spanned! {event.span()=>
        #required
        #maps::map(scratch, batch, |event, outcome| {
            <#answering as ::lockstep_sdk::__::Answers<_>>::answer(#name(event), outcome)
        })
    };
    Ok(beside(function, quote!(Transform), declaration, run))
}

/// Makes an on-demand transform.
pub(crate) fn on_demand(settings: TokenStream, function: &ItemFn) -> Result<TokenStream> {
    let mut settings = Settings::parse(settings, Span::call_site())?;
    settings.known(&["owner", "tags"])?;
    let owner = settings.text("owner")?.map_or_else(String::new, |owner| owner.value());
    let tags = settings.texts("tags")?.unwrap_or_default();
    let tags: Vec<String> = tags.iter().map(LitStr::value).collect();
    body::check(function)?;
    let form = "an on-demand transform is a function of a request and stored features: \
                fn name(request: &Request, known: &Features) -> Outputs";
    let signature = signature(function, 2, form)?;
    let (request, known) = (&signature.arguments[0], &signature.arguments[1]);
    let answer = &signature.answer;
    let computes = given(&[(request, "REQUEST"), (known, "STORED")]);
    let computes = quote_spanned! {request.span()=>
        <#computes as ::lockstep_sdk::__::Computes<#request, #known>>
    };
    let responding = given(&[(answer, "RESPONSE")]);
    let responds =
        quote_spanned!(answer.span()=> <#responding as ::lockstep_sdk::__::Responds<#answer>>);
    let middle = format!(
        "{},\"owner\":{},\"tags\":{},\"request\":",
        json::string(&description(&function.attrs)),
        json::string(&owner),
        json::strings(tags.iter().map(String::as_str)),
    );
    let declaration = many(&[
        text(&head(function)?),
        text(&middle),
        quote!(#computes::REQUEST),
        text(",\"features\":"),
        quote!(#computes::KNOWN),
        text(",\"outputs\":"),
        quote!(#responds::COLUMNS),
        text("}"),
    ]);
    let name = &function.sig.ident;
    let required = require(&[
        (request, "require_request"),
        (known, "require_stored"),
        (answer, "require_response"),
    ]);
    let run = quote_spanned! {request.span()=>
        #required
        #computes::compute(scratch, batch, |request, known, outcome| {
            <#responding as ::lockstep_sdk::__::Responds<_>>::respond(#name(request, known), outcome)
        })
    };
    Ok(beside(function, quote!(OnDemand), declaration, run))
}

/// `Given<…>`, by which code compiles whether the types are what the SDK's `Fit` asks or not.
fn given(asked: &[(&Type, &str)]) -> TokenStream {
    let answers = asked.iter().map(|(kind, question)| fits(kind, question, kind.span()));
    let span = asked[0].0.span();
    quote_spanned!(span=> ::lockstep_sdk::__::Given<{ true #(&& #answers)* }>)
}

/// Code that does not compile, with one message each, unless the types fulfil the SDK's functions.
fn require(asked: &[(&Type, &str)]) -> TokenStream {
    let checks = asked.iter().map(|(kind, function)| {
        let function = Ident::new(function, kind.span());
        quote_spanned!(kind.span()=> ::lockstep_sdk::__::#function::<#kind>();)
    });
    quote!(#(#checks)*)
}

/// The start of a declaration.
fn head(function: &ItemFn) -> Result<String> {
    let name = json::string(&plain_name(&function.sig.ident)?);
    Ok(format!("{{\"name\":{name},\"description\":"))
}

/// The function, and beside it the type that stands for it.
fn beside(
    function: &ItemFn,
    of: TokenStream,
    declaration: TokenStream,
    run: TokenStream,
) -> TokenStream {
    let visibility = &function.vis;
    // The type takes the function's name in a span of ours, so that no lint asks for camel case.
    let mut name = function.sig.ident.clone();
    name.set_span(Span::mixed_site().located_at(name.span()));
    quote! {
        #function

        #[doc(hidden)]
        #[derive(Debug)]
        #visibility enum #name {}

        #[automatically_derived]
        impl ::lockstep_sdk::__::#of for #name {
            const DECLARATION: ::lockstep_sdk::__::Piece = #declaration;

            fn run(
                scratch: &mut ::lockstep_sdk::__::Scratch,
                batch: &::lockstep_sdk::__::Batch<'_>,
            ) {
                #run
            }
        }
    }
}

/// Takes the types of a function with so many arguments, all references.
fn signature(function: &ItemFn, arguments: usize, form: &str) -> Result<Signature> {
    let wrong = |place: &dyn quote::ToTokens| Err(Error::new_spanned(place, form));
    let sig = &function.sig;
    let odd = [
        sig.asyncness.map(|token| token.span),
        sig.unsafety.map(|token| token.span),
        sig.abi.as_ref().map(Spanned::span),
        sig.variadic.as_ref().map(Spanned::span),
    ];
    if let Some(span) = odd.into_iter().flatten().next() {
        return Err(Error::new(span, form));
    }
    let plain = |parameter: &&GenericParam| !matches!(parameter, GenericParam::Lifetime(_));
    if let Some(parameter) = sig.generics.params.iter().find(plain) {
        return wrong(parameter);
    }
    if sig.inputs.len() != arguments {
        return if sig.inputs.is_empty() { wrong(&sig.ident) } else { wrong(&sig.inputs) };
    }
    let any = parse_quote!('_);
    let mut types = Vec::new();
    for input in &sig.inputs {
        match input {
            FnArg::Typed(argument) => match &*argument.ty {
                Type::Reference(reference) if reference.mutability.is_none() => {
                    types.push(with_lifetime(&reference.elem, &any, false));
                }
                other => return wrong(other),
            },
            FnArg::Receiver(receiver) => return wrong(receiver),
        }
    }
    match &sig.output {
        ReturnType::Default => wrong(&sig.ident),
        ReturnType::Type(_, answer) if matches!(**answer, Type::ImplTrait(_)) => wrong(answer),
        ReturnType::Type(_, answer) => {
            Ok(Signature { arguments: types, answer: with_lifetime(answer, &any, false) })
        }
    }
}
