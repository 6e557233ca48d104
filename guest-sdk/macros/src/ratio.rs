//! `name = ratio(sum(files), count_where(merged))`: a quotient of two exact aggregates.
//!
//! Invariant: each operand is a count, sum or mean, with a filter or without. Deliberately absent:
//! other operands, whose quotient could not be rounded once (S17).

use crate::clause::field;
use crate::json;
use crate::requirement::Requirement;
use crate::structure::{Column, Structure};
use proc_macro2::TokenStream;
use syn::{Error, Expr, ExprCall, Ident, Result};

const FORM: &str = "an operand of a ratio is count, count(field), sum(field) or mean(field), or \
                    with a filter count_where(flag), count_where(field, flag), \
                    sum_where(field, flag) or mean_where(field, flag)";

/// The aggregate as the manifest has it, and its checks.
pub(crate) fn ratio(call: &ExprCall, structure: &Structure) -> Result<(String, Vec<TokenStream>)> {
    let operands: Vec<&Expr> = call.args.iter().collect();
    let [numerator, denominator] = operands[..] else {
        let why = "a ratio has two operands: ratio(sum(field), count)";
        return Err(Error::new_spanned(call, why));
    };
    let mut checks = Vec::new();
    let numerator = operand(numerator, structure, &mut checks)?;
    let denominator = operand(denominator, structure, &mut checks)?;
    let json = format!("{{\"ratio\":{{\"numerator\":{numerator},\"denominator\":{denominator}}}}}");
    Ok((json, checks))
}

/// One operand as the manifest has it.
fn operand(written: &Expr, structure: &Structure, checks: &mut Vec<TokenStream>) -> Result<String> {
    let wrong = || Error::new_spanned(written, FORM);
    let (name, fields) = match written {
        Expr::Call(call) => {
            let fields: Option<Vec<Ident>> = call.args.iter().map(field).collect();
            (field(&call.func), fields.ok_or_else(wrong)?)
        }
        other => (field(other), vec![]),
    };
    let name = name.ok_or_else(wrong)?.to_string();
    let (aggregate, column, filter) = match (name.as_str(), &fields[..]) {
        ("count", []) => ("count", None, None),
        ("count", [column]) => ("count", Some(column), None),
        ("sum", [column]) => ("sum", Some(column), None),
        ("mean", [column]) => ("mean", Some(column), None),
        ("count_where", [flag]) => ("count", None, Some(flag)),
        ("count_where", [column, flag]) => ("count", Some(column), Some(flag)),
        ("sum_where", [column, flag]) => ("sum", Some(column), Some(flag)),
        ("mean_where", [column, flag]) => ("mean", Some(column), Some(flag)),
        _ => return Err(wrong()),
    };
    let of = if aggregate == "count" { Requirement::Any } else { Requirement::Number };
    let mut named = |ident: Option<&Ident>, requirement: Requirement| -> Result<Option<&Column>> {
        let Some(ident) = ident else { return Ok(None) };
        let column = structure.field(ident, &name)?;
        checks.extend(requirement.of(column, &name, ident.span()));
        Ok(Some(column))
    };
    let column = named(column, of)?;
    let filter = named(filter, Requirement::Flag)?;
    let column = column.map_or("null".to_string(), |column| json::string(&column.name));
    let filter = filter
        .map_or(String::new(), |filter| format!(",\"filter\":{}", json::string(&filter.name)));
    Ok(format!("{{\"aggregate\":\"{aggregate}\",\"column\":{column}{filter}}}"))
}
