//! One spine row as an online request, and as messages describe it.
//!
//! Invariant: the request has the same values and time as the spine row. Deliberately absent: its
//! answer.

use crate::online::request::Requests;
use crate::service::Service;
use lockstep_core::time::Time;
use lockstep_core::value::Value;

/// Request columns and values of one spine row.
pub(super) fn question<'a>(
    service: &'a Service,
    requests: &Requests,
    row: usize,
) -> Vec<(&'a str, Value)> {
    let names = service.request.iter().enumerate();
    names.map(|(at, column)| (column.name.as_str(), requests.value(at, row).clone())).collect()
}

/// The time of a spine row, for messages.
pub(super) fn place(requests: &Requests, service: &Service, row: usize) -> (Vec<String>, Time) {
    let key = question(service, requests, row);
    let key = key.iter().map(|(name, value)| format!("{name}={value}")).collect();
    (key, requests.as_of(row))
}
