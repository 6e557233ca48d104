//! `export!`: the manifest and the exports of an artifact.
//!
//! Invariant: the order of the manifest is the order of the dispatch, and an interface is exported
//! only if there is something behind it. Deliberately absent outside of Wasm: all but the manifest.

use crate::columns::{many, text};
use crate::json;
use crate::settings::Settings;
use crate::structure::plain_name;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned;
use syn::{Error, Path, Result};

/// The form of the manifest that is written.
const MANIFEST_FORMAT: u32 = 1;
/// The version of the contract that it speaks of.
const SEMANTICS_VERSION: u32 = 1;
/// Most views, and most on-demand transforms: a call names its views in a 64-bit set.
const TRANSFORMS_MAX: usize = 64;

/// Makes the manifest and the exports.
pub fn export(settings: TokenStream) -> Result<TokenStream> {
    let mut settings = Settings::parse(settings, Span::call_site())?;
    let views = settings.paths("views")?.unwrap_or_default();
    let on_demand = settings.paths("on_demand")?.unwrap_or_default();
    let strict = settings.flag("strict")?;
    settings.finish("views = […], on_demand = […] and strict")?;
    if views.is_empty() && on_demand.is_empty() {
        return Err(Error::new(Span::call_site(), "name a view: export!(views = [function])"));
    }
    check_names(&views, &on_demand)?;
    let manifest = manifest(&views, &on_demand, strict);
    let map = (!views.is_empty()).then(|| guest(&views, Interface::TRANSFORM));
    let compute = (!on_demand.is_empty()).then(|| guest(&on_demand, Interface::ON_DEMAND));
    Ok(quote! {
        /// What this artifact declares: the JSON of its section `lockstep:manifest`.
        pub const MANIFEST: &str = {
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

        #map
        #compute
    })
}

/// Refuses two transforms of one name, and too many.
fn check_names(views: &[Path], on_demand: &[Path]) -> Result<()> {
    let mut names = Vec::new();
    for path in views.iter().chain(on_demand) {
        let last = path.segments.last().expect("a path has a segment");
        let name = plain_name(&last.ident)?;
        if names.contains(&name) {
            let why = format!("there are two transforms called {name}; rename one");
            return Err(Error::new_spanned(path, why));
        }
        names.push(name);
    }
    let most = TRANSFORMS_MAX;
    match views.get(most).or_else(|| on_demand.get(most)) {
        None => Ok(()),
        Some(path) => {
            let why = format!("an artifact has at most {most} views; put the rest into another");
            Err(Error::new_spanned(path, why))
        }
    }
}

fn manifest(views: &[Path], on_demand: &[Path], strict: bool) -> TokenStream {
    let head = format!(
        "{{\"format\":{MANIFEST_FORMAT},\"sdk\":{},\"semantics\":{SEMANTICS_VERSION},\
         \"strict\":{strict},\"views\":[",
        json::string(env!("CARGO_PKG_VERSION")),
    );
    let mut pieces = vec![text(&head)];
    pieces.extend(declarations(views, Interface::TRANSFORM));
    pieces.push(text("],\"on_demand\":["));
    pieces.extend(declarations(on_demand, Interface::ON_DEMAND));
    pieces.push(text("]}"));
    many(&pieces)
}

fn declarations(paths: &[Path], interface: Interface) -> Vec<TokenStream> {
    let mut pieces = Vec::new();
    for (at, path) in paths.iter().enumerate() {
        if at > 0 {
            pieces.push(text(","));
        }
        let of = name(interface.of);
        pieces.push(quote_spanned!(path.span()=> <#path as ::lockstep_sdk::__::#of>::DECLARATION));
    }
    pieces
}

/// The names that one interface of the contract has in the SDK.
#[derive(Clone, Copy)]
struct Interface {
    /// The trait of its transforms.
    of: &'static str,
    /// The module of its bindings.
    module: &'static str,
    /// The module of its functions within the bindings.
    exports: &'static str,
    /// Its function.
    function: &'static str,
    /// The type of its function's first argument.
    argument: &'static str,
    /// The macro that exports it.
    export: &'static str,
}

impl Interface {
    const TRANSFORM: Interface = Interface {
        of: "Transform",
        module: "transform_guest",
        exports: "transform",
        function: "map",
        argument: "u64",
        export: "export_transform_guest",
    };
    const ON_DEMAND: Interface = Interface {
        of: "OnDemand",
        module: "on_demand_guest",
        exports: "on_demand",
        function: "compute",
        argument: "u32",
        export: "export_on_demand_guest",
    };
}

fn name(text: &str) -> syn::Ident {
    syn::Ident::new(text, Span::call_site())
}

/// The exports of one interface.
fn guest(paths: &[Path], interface: Interface) -> TokenStream {
    let (of, module) = (name(interface.of), name(interface.module));
    let (exports, function) = (name(interface.exports), name(interface.function));
    let (argument, export) = (name(interface.argument), name(interface.export));
    let runs = paths.iter().map(ToTokens::to_token_stream);
    quote! {
        #[cfg(target_arch = "wasm32")]
        const _: () = {
            struct Guest;

            impl ::lockstep_sdk::__::bindings::#module::exports::lockstep::features::#exports::Guest
                for Guest
            {
                fn #function(chosen: #argument, batch: ::std::vec::Vec<u8>) -> ::std::vec::Vec<u8> {
                    const RUNS: &[::lockstep_sdk::__::Run] =
                        &[#(<#runs as ::lockstep_sdk::__::#of>::run),*];
                    ::lockstep_sdk::__::#function(RUNS, chosen, &batch)
                }
            }

            ::lockstep_sdk::__::bindings::#module::#export!(
                Guest with_types_in ::lockstep_sdk::__::bindings::#module
            );
        };
    }
}
