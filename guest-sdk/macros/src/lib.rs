//! The derives and attributes of `lockstep-sdk`, which re-exports and explains them.
//!
//! Invariant: what a look at the author's tokens can tell is an error here, at the token; what
//! needs types is left to traits of the SDK, with the span of the author's own words. Deliberately
//! absent: the layout of batches, which the SDK owns.

use proc_macro::TokenStream;
use stand_in::Stand;
use syn::{DeriveInput, ItemFn};

mod aggregate;
mod body;
mod calendar;
mod clause;
mod columns;
mod declared;
mod description;
mod duration;
mod event;
mod export;
mod features;
mod foreign;
mod function;
mod json;
mod near;
mod number;
mod origin;
mod parameters;
mod ratio;
mod record;
mod request;
mod requirement;
mod settings;
mod stand_in;
mod structure;
mod view;
mod window;

/// Turns a derive's answer into code, or its error at the author's token and a stand-in.
fn derived(
    item: TokenStream,
    stand: Stand,
    derive: fn(DeriveInput) -> syn::Result<proc_macro2::TokenStream>,
) -> TokenStream {
    let input: DeriveInput = match syn::parse(item) {
        Ok(input) => input,
        Err(error) => return error.into_compile_error().into(),
    };
    let code = derive(input.clone());
    code.unwrap_or_else(|error| refused(&error, stand_in::derived(&input, stand))).into()
}

/// Turns the answer for a function into code, or its error and a stand-in that implements `of`.
fn of_function(
    settings: TokenStream,
    item: TokenStream,
    of: &str,
    make: fn(proc_macro2::TokenStream, &ItemFn) -> syn::Result<proc_macro2::TokenStream>,
) -> TokenStream {
    match syn::parse::<ItemFn>(item.clone()) {
        Ok(function) => {
            let code = make(settings.into(), &function);
            code.unwrap_or_else(|error| refused(&error, stand_in::function(&function, of))).into()
        }
        Err(_) => {
            let attribute = if of == "Transform" { "transform" } else { "on_demand" };
            let why = format!("#[{attribute}] belongs on a function");
            let error = syn::Error::new(proc_macro2::Span::call_site(), why);
            refused(&error, item.into()).into()
        }
    }
}

/// An error, and what stands in for the item that it refuses.
fn refused(error: &syn::Error, stand_in: proc_macro2::TokenStream) -> proc_macro2::TokenStream {
    let error = error.to_compile_error();
    quote::quote!(#error #stand_in)
}

/// An event of a source: `#[event(source = "…", time = field, id = field, skew = "1h")]`.
///
/// `source` is the source's name in the project file, `time` the field of the event time, an
/// `EventTime`. `id` (optional) is the field that identifies an event, a `&str` or `i64`. `skew`
/// (optional, 0) is how far an event time may lie beyond the event's arrival.
///
/// A column is called like its field. `#[event(column = "order id")]` on a field names another one,
/// such as one whose name is no Rust identifier. Dots have no meaning in it: `"geo.lat"` is the
/// column of that name.
#[proc_macro_derive(Event, attributes(event))]
pub fn event(item: TokenStream) -> TokenStream {
    derived(item, Stand::Event, event::derive)
}

/// A row of a feature view:
/// `#[view(key = [field, …], owner = "…", tags = ["…"], history = "7d", delay = "5m",
/// boundary = "inclusive", null_keys, origin = "2024-01-01", exact_max = "1d")]`.
///
/// Only `key` is needed; `key = []` makes all rows those of one entity. `history` is how far behind
/// the newest events a window may end and still be answered exactly, 7 days if it is not given
/// (`"0s"` keeps the least), `delay` answers as of so much
/// earlier, `boundary = "inclusive"` counts an event at exactly `as_of`. A row with a null in its
/// key is set aside unless `null_keys` is given.
/// `origin` moves the grid of hops and steps: a date, a date and time, or seconds since 1970.
/// `exact_max` is the longest exact window, its offset included, that is answered online.
///
/// `#[features(count, windows = ["7d", "lifetime"])]` on the struct counts rows. On a field,
/// `#[features(mean, last_n(5), windows = ["30d"])]` is over its values that are not null. Beside
/// `windows` may stand `where = flag`, which takes only the rows in which that bool field is true,
/// and `by = field`, which makes a map with at most `by_limit = 1000` keys, of which `top = 3` keeps
/// the entries with the greatest values, or with `top_of = key` or `count` the greatest keys or the
/// most rows. A feature is named `count_7d` or `field_mean_where_flag_by_field_30d`.
///
/// | aggregates | of |
/// |---|---|
/// | `count`, `rate("1d")`, `time_since_first`, `time_since_last`, `decayed_count("7d")` | rows, or any field |
/// | `name = ratio(sum(field), count_where(flag))` | rows: each operand is a count, sum or mean |
/// | `sum`, `mean` | numbers |
/// | `var_pop`, `var_samp`, `stddev_pop`, `stddev_samp` | numbers but `u64` and decimals |
/// | `distinct_sum`, `distinct_mean` | numbers |
/// | `percentile_cont(99.9)`, `median`, `iqr` | numbers |
/// | `product`, `bit_and`, `bit_or`, `bit_xor` | integers |
/// | `skewness`, `kurtosis` | numbers but `u64` and decimals |
/// | `distinct_stddev_pop`, `distinct_stddev_samp` | numbers but `u64` and decimals |
/// | `covar_pop(field)`, `covar_samp(field)`, `corr(field)` | numbers but `u64` and decimals |
/// | `regr_slope(field)`, `regr_intercept(field)` | numbers but `u64` and decimals |
/// | `regr_r2(field)` | numbers but `u64` and decimals |
/// | `approx_percentile(99.9)`, `decayed_sum("7d")` | numbers but `u64` and decimals |
/// | `min`, `max`, `first`, `last`, `first_n(5)`, `last_n(5)`, `first_distinct(5)` | all but lists |
/// | `last_distinct(5)`, `top_k(5)`, `bottom_k(5)`, `unique_count`, `mode` | all but lists |
/// | `first_row`, `last_row`, `first_rows(5)`, `last_rows(5)`, `list` | all but lists |
/// | `arg_min(field)`, `arg_max(field)` | all but lists, both fields |
/// | `most_frequent(5)`, `mode_share`, `percentile_disc(99.9)` | all but lists |
/// | `join(", ")` | texts |
/// | `entropy`, `approx_count_distinct` | all but lists |
/// | `histogram` | all but lists and floats |
/// | `any`, `all` | bools |
/// | `vector_sum(128, -20)`, `vector_mean(128, -20)` | lists of floats |
/// | `name = Type` | what the user-defined aggregate takes |
///
/// Windows are `"7d"`, `"90s exact"`, `"7d step 1d"`, `"1d tumbling"` and `"lifetime"`, each perhaps
/// with an offset (`"7d offset 7d"`), `"7d series 4"`, `"last 10 in 90d"`,
/// `"last 10 in 30m exact"`, `"last 1 skip 1 in 90d"`, `"latest event in 90d"`, `"session 30m in 7d"` and
/// `"open session 30m in 7d"`. Calendar windows are `"month so far in Europe/Berlin"` and
/// `"3 whole months in Europe/Berlin"`; units are days, weeks (`"week from sunday so far in UTC"`),
/// months, quarters and years. `docs/FEATURES.md` has every formula, type and limit.
#[proc_macro_derive(View, attributes(view, features))]
pub fn view(item: TokenStream) -> TokenStream {
    derived(item, Stand::View, view::derive)
}

/// What a request says to an on-demand transform. A field `as_of: EventTime` is the answer's time.
/// `#[request(column = "order id")]` on a field gives the request's column another name.
#[proc_macro_derive(Request, attributes(request))]
pub fn request(item: TokenStream) -> TokenStream {
    derived(item, Stand::Request, request::derive_request)
}

/// Stored features that an on-demand transform reads: `#[from(view.feature)]` on each field.
///
/// Counts, rates and lists are bare, maps and most other features an `Option`.
#[proc_macro_derive(Features, attributes(from))]
pub fn features(item: TokenStream) -> TokenStream {
    derived(item, Stand::Features, request::derive_features)
}

/// What an on-demand transform answers.
#[proc_macro_derive(Outputs)]
pub fn outputs(item: TokenStream) -> TokenStream {
    derived(item, Stand::Outputs, request::derive_outputs)
}

/// Makes a view of a function from one `&Event` to rows, and names it like the function.
///
/// It returns a `#[derive(View)]` struct, an `Option`, `Vec` or array of it, or a `Result` of one
/// of these with `String`, where an `Err` refuses the event.
///
/// Its body must not print, since in a guest what is printed is lost (`log!` writes to the host's log),
/// and must not ask for the time, which panics there.
#[proc_macro_attribute]
pub fn transform(settings: TokenStream, item: TokenStream) -> TokenStream {
    of_function(settings, item, "Transform", function::transform)
}

/// Makes an on-demand transform of a function from `&Request` and `&Features` to outputs.
///
/// It returns a `#[derive(Outputs)]` struct, or a `Result` of it with `String`, where an `Err`
/// refuses the request. `#[on_demand(owner = "…", tags = ["…"])]` says who answers for it.
#[proc_macro_attribute]
pub fn on_demand(settings: TokenStream, item: TokenStream) -> TokenStream {
    of_function(settings, item, "OnDemand", function::on_demand)
}

/// Declares a struct or enum that implements `Aggregate`: its name and its doc comment go into the
/// manifest. A feature names the type, and `export!` lists it.
#[proc_macro_attribute]
pub fn aggregate(settings: TokenStream, item: TokenStream) -> TokenStream {
    let kept = item.clone();
    let code = syn::parse(item).and_then(|item| declared::aggregate(settings.into(), item));
    code.unwrap_or_else(|error| refused(&error, kept.into())).into()
}

/// Exports an artifact:
/// `export!(views = [a, b], on_demand = [c], aggregates = [Type], strict)`.
///
/// Each part may be left out. It also makes `pub const MANIFEST: &str`, the JSON that the artifact
/// carries. `strict` asks for the same bits on every CPU architecture, at the price of slower
/// floating-point code.
#[proc_macro]
pub fn export(settings: TokenStream) -> TokenStream {
    let code = export::export(settings.into());
    code.unwrap_or_else(|error| refused(&error, stand_in::export())).into()
}
