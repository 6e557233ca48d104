//! `export!`: the manifest and the exports of an artifact.
//!
//! Invariant: the order of the manifest is the order of the dispatch, and an interface is exported
//! only if there is something behind it. Deliberately absent outside of Wasm: all but the manifest.

use crate::columns::{many, text};
use crate::json;
use crate::settings::Settings;
use crate::structure::plain_name;
use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Path, Result};

/// The form of the manifest that is written.
const MANIFEST_FORMAT: u32 = 3;
/// The version of the contract that it speaks of.
const SEMANTICS_VERSION: u32 = 1;
/// Most views, on-demand transforms, aggregates: a call names its views in a 64-bit set.
const TRANSFORMS_MAX: usize = 64;

/// Makes the manifest and the exports.
pub(crate) fn export(settings: TokenStream) -> Result<TokenStream> {
    let mut settings = Settings::parse(settings, Span::call_site())?;
    settings.known(&["views", "on_demand", "aggregates", "strict"])?;
    let views = settings.paths("views")?.unwrap_or_default();
    let on_demand = settings.paths("on_demand")?.unwrap_or_default();
    let aggregates = settings.paths("aggregates")?.unwrap_or_default();
    let strict = settings.flag("strict")?;
    if views.is_empty() && on_demand.is_empty() {
        return Err(Error::new(Span::call_site(), "name a view: export!(views = [function])"));
    }
    check_names(&views, &on_demand, "transforms")?;
    check_names(&aggregates, &[], "aggregates")?;
    let kinds = [
        (&views, Interface::TRANSFORM),
        (&on_demand, Interface::ON_DEMAND),
        (&aggregates, Interface::AGGREGATE),
    ];
    let lists = kinds.iter().map(|(paths, interface)| interface.list(paths));
    let manifest = manifest(&kinds, strict);
    let all_listed = all_listed(&aggregates);
    let guests = kinds.iter().filter(|(paths, _)| !paths.is_empty());
    let guests = guests.map(|(paths, interface)| guest(paths, *interface));
    let room = room();
    Ok(quote! {
        /// What this artifact declares: the JSON of its section `lockstep:manifest`.
        pub const MANIFEST: &str = {
            #(#lists)*
            const PIECE: ::lockstep_sdk::__::Piece = #manifest;
            const BYTES: [u8; ::lockstep_sdk::__::length(&PIECE)] =
                ::lockstep_sdk::__::join(&PIECE);
            ::lockstep_sdk::__::text(&BYTES)
        };

        #[cfg(target_arch = "wasm32")]
        const _: () = {
            #[unsafe(link_section = "lockstep:manifest")]
            pub static SECTION: [u8; MANIFEST.len()] = {
                let mut bytes = [0; MANIFEST.len()];
                bytes.copy_from_slice(MANIFEST.as_bytes());
                bytes
            };
        };

        #all_listed
        #(#guests)*
        #room
    })
}

/// Refuses two `things` of one name, and too many.
fn check_names(first: &[Path], second: &[Path], things: &str) -> Result<()> {
    let mut names = Vec::new();
    for path in first.iter().chain(second) {
        let last = path.segments.last().expect("a path has a segment");
        let name = plain_name(&last.ident)?;
        if names.contains(&name) {
            let why = format!("there are two {things} called {name}; rename one");
            return Err(Error::new_spanned(path, why));
        }
        names.push(name);
    }
    let most = TRANSFORMS_MAX;
    match first.get(most).or_else(|| second.get(most)) {
        None => Ok(()),
        Some(path) => {
            let what = if things == "transforms" { "views" } else { things };
            let why = format!("an artifact has at most {most} {what}; put the rest into another");
            Err(Error::new_spanned(path, why))
        }
    }
}

fn manifest(kinds: &[(&Vec<Path>, Interface)], strict: bool) -> TokenStream {
    let head = format!(
        "{{\"format\":{MANIFEST_FORMAT},\"sdk\":{},\"semantics\":{SEMANTICS_VERSION},\
         \"strict\":{strict}",
        json::string(env!("CARGO_PKG_VERSION")),
    );
    let mut pieces = vec![text(&head)];
    for (paths, interface) in kinds {
        pieces.push(text(&format!(",\"{}\":[", interface.member)));
        let list = name(interface.list);
        for at in 0..paths.len() {
            if at > 0 {
                pieces.push(text(","));
            }
            pieces.push(quote!(#list[#at].declaration));
        }
        pieces.push(text("]"));
    }
    pieces.push(text("}"));
    many(&pieces)
}

/// Does not compile if a feature uses an aggregate that is not listed.
fn all_listed(aggregates: &[Path]) -> TokenStream {
    let (list, items) = (name(Interface::AGGREGATE.list), Interface::AGGREGATE.list(aggregates));
    let names = (0..aggregates.len()).map(|at| quote!(#list[#at].name));
    quote! {
        const _: () = {
            use ::lockstep_sdk::__::Piece;
            #items
            const NAMES: &[&str] = &[#(#names),*];
            const MISSING: Option<&str> = ::lockstep_sdk::__::first_unlisted(MANIFEST, NAMES);
            const NAME: Piece = Piece::Text(match MISSING {
                Some(name) => name,
                None => "",
            });
            const WHY: Piece = Piece::Many(&[
                Piece::Text("a feature uses the aggregate "),
                NAME,
                Piece::Text("; list it: export!(…, aggregates = ["),
                NAME,
                Piece::Text("])"),
            ]);
            const BYTES: [u8; ::lockstep_sdk::__::length(&WHY)] = ::lockstep_sdk::__::join(&WHY);
            assert!(MISSING.is_none(), "{}", ::lockstep_sdk::__::text(&BYTES));
        };
    }
}

/// The names that one interface of the contract has.
#[derive(Clone, Copy)]
struct Interface {
    /// Its member of the manifest.
    member: &'static str,
    /// The constant that lists what is behind it.
    list: &'static str,
    /// The SDK's type of what is listed, and the function that makes one.
    listed: (&'static str, &'static str),
    /// The module of its bindings.
    module: &'static str,
    /// The macro that describes its world.
    describe: &'static str,
    /// Its name, with the version of `wit/`.
    name: &'static str,
    /// Its functions.
    functions: &'static [&'static str],
    /// The type of their first argument.
    argument: &'static str,
    /// The SDK's type of what answers them.
    answers: &'static str,
}

impl Interface {
    const TRANSFORM: Interface = Interface {
        member: "views",
        list: "VIEWS",
        listed: ("Listed", "view"),
        module: "transform_guest",
        describe: "describe_transform_guest",
        name: "lockstep:features/transform@0.2.0",
        functions: &["map"],
        argument: "u64",
        answers: "Run",
    };
    const ON_DEMAND: Interface = Interface {
        member: "on_demand",
        list: "ON_DEMAND",
        listed: ("Listed", "on_demand"),
        module: "on_demand_guest",
        describe: "describe_on_demand_guest",
        name: "lockstep:features/on-demand@0.2.0",
        functions: &["compute"],
        argument: "u32",
        answers: "Run",
    };
    const AGGREGATE: Interface = Interface {
        member: "aggregates",
        list: "AGGREGATES",
        listed: ("ListedAggregate", "aggregate"),
        module: "aggregate_guest",
        describe: "describe_aggregate_guest",
        name: "lockstep:features/aggregate@0.2.0",
        functions: &["update", "merge", "finalize"],
        argument: "u32",
        answers: "Dispatch",
    };

    /// The constant that lists these items.
    fn list(&self, paths: &[Path]) -> TokenStream {
        let (list, count) = (name(self.list), paths.len());
        let (kind, make) = (name(self.listed.0), name(self.listed.1));
        let items = paths
            .iter()
            .map(|path| quote_spanned!(path.span()=> ::lockstep_sdk::__::#kind::#make::<#path>()));
        quote! {
            const #list: [::lockstep_sdk::__::#kind; #count] = [#(#items),*];
        }
    }
}

fn name(text: &str) -> syn::Ident {
    syn::Ident::new(text, Span::call_site())
}

/// The exports of one interface.
fn guest(paths: &[Path], interface: Interface) -> TokenStream {
    let (list, items) = (name(interface.list), interface.list(paths));
    let answering = (0..paths.len()).map(|at| quote!(#list[#at].answering));
    let (module, describe) = (name(interface.module), name(interface.describe));
    let (argument, answers) = (name(interface.argument), name(interface.answers));
    let functions = interface.functions.iter().map(|function| {
        let export = format!("{}#{function}", interface.name);
        let function = name(function);
        quote! {
            #[unsafe(export_name = #export)]
            extern "C" fn #function(
                chosen: #argument,
                bytes: *const u8,
                length: usize,
            ) -> *const ::lockstep_sdk::__::Returned {
                // SAFETY: the host wrote this list to the room that it asked for.
                let sent = unsafe { ::lockstep_sdk::__::sent(bytes, length) };
                ::lockstep_sdk::__::#function(ANSWERING, chosen, sent)
            }
        }
    });
    quote! {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            #items
            const ANSWERING: &[::lockstep_sdk::__::#answers] = &[#(#answering),*];

            #(#functions)*

            ::lockstep_sdk::__::bindings::#module::#describe!(
                Guest with_types_in ::lockstep_sdk::__::bindings::described
            );
        };
    }
}

/// How the host asks for the room of a list that it sends.
fn room() -> TokenStream {
    quote! {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            #[unsafe(export_name = "cabi_realloc")]
            extern "C" fn room(_: *mut u8, held: usize, _: usize, bytes: usize) -> *mut u8 {
                assert!(held == 0, "a list of bytes has its length from the start");
                ::lockstep_sdk::__::room(bytes)
            }
        };
    }
}
