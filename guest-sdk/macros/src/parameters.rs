//! What stands in the parentheses behind an aggregate's name.
//!
//! Invariant: parameters that were read are within the runtime's limits. Deliberately absent: which
//! aggregate takes which, which `aggregate.rs` says.

use crate::clause::{field, text};
use crate::duration::{SECOND_US, duration};
use crate::json;
use crate::number::{exact_percentile, number, percentile};
use crate::requirement::Requirement;
use crate::structure::Structure;
use proc_macro2::TokenStream;
use syn::{Error, Expr, Ident, Result};

// The runtime's limits; its `feature/aggregate.rs` has the same numbers.
const LIST_LENGTH_MAX: i64 = 1000;
const DISTINCT_LIMIT_MAX: i64 = 100_000;
const SEPARATOR_BYTES_MAX: usize = 64;
const VECTOR_LENGTH_MAX: i64 = 4096;
const GRID_MIN: i64 = -1000;
const GRID_MAX: i64 = 900;
const PRECISION_MIN: i64 = 4;
const PRECISION_MAX: i64 = 16;
/// The shortest half-life, and the shortest unit of a rate.
const HALF_LIFE_MIN_US: i64 = SECOND_US;
/// Most half-lives in the window of a decayed aggregate (S20).
pub(crate) const HALF_LIVES_MAX: i64 = 64;

// What holds if the author does not say.
const DISTINCT_LIMIT: i64 = 1000;
const LIST_LIMIT: i64 = LIST_LENGTH_MAX;
const PRECISION: i64 = 12;

/// The parameters that an aggregate takes.
#[derive(Clone, Copy)]
pub(crate) enum Parameters {
    /// None.
    Nothing,
    /// Another field, of numbers.
    Other,
    /// Another field, whose values are compared.
    By,
    /// How many; so the manifest calls it.
    Length(&'static str),
    /// The limit of distinct values; may be left out.
    Limit,
    /// The limit of values; may be left out.
    ListLimit,
    /// A separator and the limit of values, which may be left out.
    Separator,
    /// How many, and the limit of distinct values, which may be left out.
    LengthOf,
    /// A percentage, and the limit of distinct values, which may be left out.
    ExactPercentile,
    /// The logarithm of the registers; may be left out.
    Precision,
    /// A percentage.
    Percentile,
    /// The unit of a rate.
    Unit,
    /// A half-life.
    HalfLife,
    /// A length and the exponent of a grid.
    Vector,
}

/// What an aggregate asks of its windows.
#[derive(Clone, Copy)]
pub(crate) enum Demand {
    /// Nothing.
    Nothing,
    /// A length in time.
    Length,
    /// A length of at most 64 of these.
    HalfLife(i64),
}

/// Parameters, as read.
pub(crate) struct Read {
    /// What they add to the name.
    pub words: Vec<String>,
    /// What they add to the JSON.
    pub members: Vec<(&'static str, String)>,
    /// Code that does not compile where the aggregate does not apply to another column.
    pub check: Option<TokenStream>,
    /// What they make the aggregate ask of its windows.
    pub demand: Demand,
}

impl Parameters {
    /// How an author writes them behind `name`.
    pub(crate) fn form(self, name: &Ident) -> String {
        match self {
            Parameters::Nothing => format!("{name} without parameters"),
            Parameters::Other | Parameters::By => format!("{name}(other_field)"),
            Parameters::Length(_) => format!("{name}(5)"),
            Parameters::Limit => format!("{name} or {name}(1000), its limit of distinct values"),
            Parameters::ListLimit => format!("{name} or {name}(1000), its limit of values"),
            Parameters::Separator => format!("{name}(\", \") or {name}(\", \", 1000)"),
            Parameters::LengthOf => format!("{name}(5) or {name}(5, 1000)"),
            Parameters::ExactPercentile => format!("{name}(50) or {name}(99.9, 1000)"),
            Parameters::Precision => format!("{name} or {name}(12), for 2^12 registers"),
            Parameters::Percentile => format!("{name}(50) or {name}(99.9)"),
            Parameters::Unit => format!("{name}(\"1d\"), for a count a day"),
            Parameters::HalfLife => format!("{name}(\"7d\"), its half-life"),
            Parameters::Vector => {
                format!("{name}(128, -20), for 128 elements rounded to multiples of 2^-20")
            }
        }
    }

    /// Reads what stands behind the aggregate `name`.
    pub(crate) fn read(self, name: &Ident, values: &[Expr], structure: &Structure) -> Result<Read> {
        let a_duration = |value: &Expr| match text(value) {
            Some(text) => Ok((text.value(), duration(&text)?)),
            None => Err(Error::new_spanned(value, format!("write {}", self.form(name)))),
        };
        let long_enough = |value: &Expr| match a_duration(value)? {
            (text, micros) if micros >= HALF_LIFE_MIN_US => Ok((text, micros)),
            _ => Err(Error::new_spanned(value, format!("{name} takes a duration of at least 1s"))),
        };
        let one = |value: &Expr, least, most, member| {
            let number = number(value, least, most, &format!("the parameter of {name}"))?;
            Ok(Read::number(number, member).named(&[number]))
        };
        let distinct_limit = |limit: &[Expr]| match limit {
            [limit] => one(limit, 1, DISTINCT_LIMIT_MAX, "limit"),
            _ => Ok(Read::number(DISTINCT_LIMIT, "limit")),
        };
        match (self, values) {
            (Parameters::Nothing, []) => Ok(Read::new()),
            (Parameters::Limit, []) => Ok(Read::number(DISTINCT_LIMIT, "limit")),
            (Parameters::ListLimit, []) => Ok(Read::number(LIST_LIMIT, "limit")),
            (Parameters::ListLimit, [value]) => one(value, 1, LIST_LENGTH_MAX, "limit"),
            (Parameters::Separator, [separator, limit @ ..]) if limit.len() <= 1 => {
                let Some(text) = text(separator) else {
                    let why = format!("write {}", self.form(name));
                    return Err(Error::new_spanned(separator, why));
                };
                if text.value().len() > SEPARATOR_BYTES_MAX {
                    let why = format!("a separator has at most {SEPARATOR_BYTES_MAX} bytes");
                    return Err(Error::new_spanned(separator, why));
                }
                let read = match limit {
                    [limit] => one(limit, 1, LIST_LENGTH_MAX, "limit")?,
                    _ => Read::number(LIST_LIMIT, "limit"),
                };
                Ok(read.after("separator", json::string(&text.value())))
            }
            (Parameters::LengthOf, [n, limit @ ..]) if limit.len() <= 1 => {
                let n = one(n, 1, LIST_LENGTH_MAX, "n")?;
                Ok(n.and(distinct_limit(limit)?))
            }
            (Parameters::ExactPercentile, [value, limit @ ..]) if limit.len() <= 1 => {
                let (word, millionths) = exact_percentile(value)?;
                let read = Read::number(i64::from(millionths), "millionths");
                Ok(Read { words: vec![word], ..read }.and(distinct_limit(limit)?))
            }
            (Parameters::Precision, []) => Ok(Read::number(PRECISION, "precision")),
            (Parameters::Length(member), [value]) => one(value, 1, LIST_LENGTH_MAX, member),
            (Parameters::Limit, [value]) => one(value, 1, DISTINCT_LIMIT_MAX, "limit"),
            (Parameters::Precision, [value]) => {
                one(value, PRECISION_MIN, PRECISION_MAX, "precision")
            }
            (Parameters::Percentile, [value]) => {
                let (word, millionths) = percentile(value)?;
                Ok(Read { words: vec![word], ..Read::number(i64::from(millionths), "millionths") })
            }
            (Parameters::Unit, [value]) => {
                let (word, unit_us) = long_enough(value)?;
                let read = Read::number(unit_us, "unit_us");
                Ok(Read { words: vec![word], demand: Demand::Length, ..read })
            }
            (Parameters::HalfLife, [value]) => {
                let (word, half_life_us) = long_enough(value)?;
                let read = Read::number(half_life_us, "half_life_us");
                Ok(Read { words: vec![word], demand: Demand::HalfLife(half_life_us), ..read })
            }
            (Parameters::Vector, [length, grid]) => {
                let length = number(length, 1, VECTOR_LENGTH_MAX, "the length of a vector")?;
                let grid = number(grid, GRID_MIN, GRID_MAX, "the exponent of a vector's grid")?;
                let members = vec![("length", length.to_string()), ("grid", grid.to_string())];
                Ok(Read { members, ..Read::new() }.named(&[length, grid]))
            }
            (Parameters::Other | Parameters::By, [value]) => match field(value) {
                Some(other) => {
                    let column = structure.field(&other, &name.to_string())?;
                    let (member, requirement) = match self {
                        Parameters::By => ("by", Requirement::Plain),
                        _ => ("other", Requirement::Powered),
                    };
                    Ok(Read {
                        words: vec![column.name.clone()],
                        members: vec![(member, json::string(&column.name))],
                        check: requirement.of(column, &name.to_string(), other.span()),
                        demand: Demand::Nothing,
                    })
                }
                None => Err(Error::new_spanned(value, format!("write {}", self.form(name)))),
            },
            _ => Err(Error::new(name.span(), format!("write {}", self.form(name)))),
        }
    }
}

impl Read {
    fn new() -> Read {
        Read { words: vec![], members: vec![], check: None, demand: Demand::Nothing }
    }

    /// Of one number that the name does not show.
    fn number(number: i64, member: &'static str) -> Read {
        Read { members: vec![(member, number.to_string())], ..Read::new() }
    }

    /// With another member before its own.
    fn after(mut self, member: &'static str, json: String) -> Read {
        self.members.insert(0, (member, json));
        self
    }

    /// With another parameter after it.
    fn and(mut self, other: Read) -> Read {
        self.words.extend(other.words);
        self.members.extend(other.members);
        self
    }

    /// With these numbers in the name. A name has no minus, so `-20` is `m20` there.
    fn named(self, numbers: &[i64]) -> Read {
        let word = |number: &i64| match number {
            0.. => number.to_string(),
            _ => format!("m{}", number.unsigned_abs()),
        };
        Read { words: numbers.iter().map(word).collect(), ..self }
    }
}
