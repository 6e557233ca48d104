//! One aggregate with its parameters, as authors write it (docs/FEATURES.md).
//!
//! Invariant: what is read has parameters that the runtime accepts, and has a meaning over the
//! windows that [`Aggregate::over`] lets pass. Deliberately absent: windows, filters and maps, which
//! are the same for every aggregate.

use crate::clause::{Entry, Form, field};
use crate::duration::shortest;
use crate::json;
use crate::near::near;
use crate::parameters::{Demand, HALF_LIVES_MAX, Parameters};
use crate::ratio::ratio;
use crate::requirement::{Requirement, user_defined};
use crate::structure::{Column, Structure, plain_name};
use crate::window::Window;
use proc_macro2::{Span, TokenStream};
use syn::{Error, Expr, Ident, LitStr, Path, Result};

use Parameters as P;
use Requirement as R;

/// The aggregates: the name, the parameters, and what the column must be. [`ROWS`] need none.
const KNOWN: &[(&str, Parameters, Requirement)] = &[
    ("count", P::Nothing, R::Any),
    ("sum", P::Nothing, R::Number),
    ("mean", P::Nothing, R::Number),
    ("min", P::Nothing, R::Plain),
    ("max", P::Nothing, R::Plain),
    ("first", P::Nothing, R::Plain),
    ("last", P::Nothing, R::Plain),
    ("first_row", P::Nothing, R::Plain),
    ("last_row", P::Nothing, R::Plain),
    ("arg_min", P::By, R::Plain),
    ("arg_max", P::By, R::Plain),
    ("var_pop", P::Nothing, R::Powered),
    ("var_samp", P::Nothing, R::Powered),
    ("stddev_pop", P::Nothing, R::Powered),
    ("stddev_samp", P::Nothing, R::Powered),
    ("skewness", P::Nothing, R::Powered),
    ("kurtosis", P::Nothing, R::Powered),
    ("covar_pop", P::Other, R::Powered),
    ("covar_samp", P::Other, R::Powered),
    ("corr", P::Other, R::Powered),
    ("regr_slope", P::Other, R::Powered),
    ("regr_intercept", P::Other, R::Powered),
    ("regr_r2", P::Other, R::Powered),
    ("product", P::Nothing, R::Integer),
    ("bit_and", P::Nothing, R::Integer),
    ("bit_or", P::Nothing, R::Integer),
    ("bit_xor", P::Nothing, R::Integer),
    ("any", P::Nothing, R::Flag),
    ("all", P::Nothing, R::Flag),
    ("first_n", P::Length("n"), R::Plain),
    ("last_n", P::Length("n"), R::Plain),
    ("first_rows", P::Length("n"), R::Plain),
    ("last_rows", P::Length("n"), R::Plain),
    ("list", P::ListLimit, R::Plain),
    ("join", P::Separator, R::Text),
    ("first_distinct", P::Length("n"), R::Plain),
    ("last_distinct", P::Length("n"), R::Plain),
    ("top_k", P::Length("k"), R::Plain),
    ("bottom_k", P::Length("k"), R::Plain),
    ("unique_count", P::Limit, R::Plain),
    ("histogram", P::Limit, R::MapKey),
    ("most_frequent", P::LengthOf, R::Plain),
    ("mode", P::Limit, R::Plain),
    ("mode_share", P::Limit, R::Plain),
    ("distinct_sum", P::Limit, R::Number),
    ("distinct_mean", P::Limit, R::Number),
    ("distinct_stddev_pop", P::Limit, R::Powered),
    ("distinct_stddev_samp", P::Limit, R::Powered),
    ("percentile_disc", P::ExactPercentile, R::Plain),
    ("percentile_cont", P::ExactPercentile, R::Number),
    ("median", P::Limit, R::Number),
    ("iqr", P::Limit, R::Number),
    ("entropy", P::Limit, R::Plain),
    ("approx_count_distinct", P::Precision, R::Plain),
    ("approx_percentile", P::Percentile, R::Powered),
    ("rate", P::Unit, R::Any),
    ("time_since_first", P::Nothing, R::Any),
    ("time_since_last", P::Nothing, R::Any),
    ("decayed_sum", P::HalfLife, R::Powered),
    ("decayed_count", P::HalfLife, R::Any),
    ("vector_sum", P::Vector, R::Vector),
    ("vector_mean", P::Vector, R::Vector),
];

/// The aggregates that are also of rows, without a column: those of any column.
const ROWS: Requirement = R::Any;

/// An aggregate.
pub(crate) struct Aggregate {
    /// What it is called in a feature's name, parameters included.
    pub name: String,
    /// The aggregate as the manifest has it.
    pub json: String,
    /// Whether it takes no filter, since its operands have their own.
    pub is_ratio: bool,
    /// Code that does not compile where it does not apply to a column.
    pub checks: Vec<TokenStream>,
    /// Where it stands.
    pub place: Span,
    demand: Demand,
}

/// The names of all aggregates, for messages.
pub(crate) fn names() -> String {
    let names: Vec<&str> = KNOWN.iter().map(|(name, ..)| *name).collect();
    format!("{}, name = ratio(…, …) and name = Type", names.join(", "))
}

impl Aggregate {
    /// The aggregate of an entry on the field `column`, or on the struct.
    pub(crate) fn read(
        entry: &Entry,
        column: Option<&Column>,
        structure: &Structure,
    ) -> Result<Aggregate> {
        match &entry.form {
            Form::Bare => built_in(&entry.name, &[], column, structure),
            Form::Parameters(values) => built_in(&entry.name, values, column, structure),
            Form::Is(Expr::Call(call)) if is_ratio(&call.func) => {
                let name = plain_name(&entry.name)?;
                if column.is_some() {
                    let why = "a ratio names its columns itself: write it on the struct";
                    return Err(Error::new_spanned(call, why));
                }
                let (json, checks) = ratio(call, structure)?;
                let (place, demand) = (entry.name.span(), Demand::Nothing);
                Ok(Aggregate { name, json, is_ratio: true, checks, place, demand })
            }
            Form::Is(Expr::Path(path)) if path.qself.is_none() => {
                user(&entry.name, &path.path, column)
            }
            Form::Is(other) => {
                let why = "a name stands for a ratio or a type: write name = ratio(sum(a), count) \
                           or name = Type; parameters stand in parentheses, as in last_n(5)";
                Err(Error::new_spanned(other, why))
            }
        }
    }

    /// Refuses a window over which the aggregate has no meaning; `text` is the window's.
    pub(crate) fn over(&self, window: &Window, text: &LitStr) -> Result<()> {
        let refused = |why: String| Err(Error::new(text.span(), why));
        match (self.demand, window.length_us) {
            (Demand::Nothing, _) => Ok(()),
            (Demand::Length, Some(_)) if !window.picks_rows => Ok(()),
            (Demand::Length, _) => refused(
                "a rate needs a window with a length: neither lifetime nor the last n rows \
                 nor the latest event"
                    .to_string(),
            ),
            (Demand::HalfLife(_), None) => refused(
                "a decayed aggregate needs a window with a start, at most 64 half-lives long"
                    .to_string(),
            ),
            (Demand::HalfLife(half_life_us), Some(length_us)) => {
                let most_us = half_life_us.saturating_mul(HALF_LIVES_MAX);
                if length_us <= most_us {
                    return Ok(());
                }
                refused(format!(
                    "a decayed aggregate takes a window of at most {HALF_LIVES_MAX} half-lives, \
                     here {}; shorten the window or lengthen the half-life of {}",
                    shortest(most_us),
                    shortest(half_life_us),
                ))
            }
        }
    }
}

fn is_ratio(called: &Expr) -> bool {
    field(called).is_some_and(|name| name == "ratio")
}

/// An aggregate of the table.
fn built_in(
    ident: &Ident,
    values: &[Expr],
    column: Option<&Column>,
    structure: &Structure,
) -> Result<Aggregate> {
    let name = ident.to_string();
    let known = KNOWN.iter().find(|(known, ..)| *known == name);
    let Some((_, parameters, requirement)) = known else {
        let why = if name == "ratio" {
            "a ratio has a name: write name = ratio(sum(a), count)".to_string()
        } else if name.starts_with(char::is_uppercase) {
            format!("a user-defined aggregate has a name: write name = {name}")
        } else {
            unknown(&name)
        };
        return Err(Error::new(ident.span(), why));
    };
    if column.is_none() && *requirement != ROWS {
        let why = format!("`{name}` needs a column: write #[features({name}, …)] on its field");
        return Err(Error::new(ident.span(), why));
    }
    let read = parameters.read(ident, values, structure)?;
    let checks = column.and_then(|column| requirement.of(column, &name, ident.span()));
    let members: Vec<String> =
        read.members.iter().map(|(member, value)| format!("\"{member}\":{value}")).collect();
    let json = if members.is_empty() {
        json::string(&name)
    } else {
        format!("{{\"{name}\":{{{}}}}}", members.join(","))
    };
    let name = [name].into_iter().chain(read.words).collect::<Vec<String>>().join("_");
    let checks = checks.into_iter().chain(read.check).collect();
    let (place, demand) = (ident.span(), read.demand);
    Ok(Aggregate { name, json, is_ratio: false, checks, place, demand })
}

/// Why there is no aggregate of this name.
fn unknown(name: &str) -> String {
    let known = KNOWN.iter().map(|(known, ..)| *known).chain(["ratio"]);
    match near(name, known) {
        Some("ratio") => "a ratio has a name: write name = ratio(sum(a), count)".to_string(),
        Some(near) => {
            let form = KNOWN.iter().find(|(known, ..)| *known == near);
            let form = form.map_or(near.to_string(), |(_, parameters, _)| match parameters {
                P::Nothing => near.to_string(),
                other => other.form(&Ident::new(near, Span::call_site())),
            });
            format!("there is no aggregate `{name}`; did you mean {form}?")
        }
        None => format!("there is no aggregate `{name}`; there are {}", names()),
    }
}

/// An author's own aggregate.
fn user(name: &Ident, path: &Path, column: Option<&Column>) -> Result<Aggregate> {
    let last = path.segments.last().expect("a path has a segment");
    let kind = last.ident.to_string();
    if path.segments.iter().any(|segment| !segment.arguments.is_none()) {
        let why =
            "an aggregate in the manifest has a plain name: declare a type without parameters";
        return Err(Error::new_spanned(path, why));
    }
    if KNOWN.iter().any(|(known, ..)| *known == kind) {
        let why = format!("`{kind}` is no type; write it alone, its features are named after it");
        return Err(Error::new_spanned(path, why));
    }
    let Some(column) = column else {
        let why =
            format!("`{kind}` needs a column: write #[features({name} = {kind}, …)] on its field");
        return Err(Error::new_spanned(path, why));
    };
    Ok(Aggregate {
        name: plain_name(name)?,
        json: format!("{{\"user\":{{\"aggregate\":{}}}}}", json::string(&kind)),
        is_ratio: false,
        checks: vec![user_defined(path, column, last.ident.span())],
        place: name.span(),
        demand: Demand::Nothing,
    })
}
