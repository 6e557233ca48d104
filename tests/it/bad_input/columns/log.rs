//! A log of orders in every file format, for the tests of bad columns.

use super::Place;
use arrow::array::{ArrayRef, StringArray, TimestampMicrosecondArray, UInt64Array};
use std::sync::Arc;

/// The value of an order's coupon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coupon {
    Good(u64),
    Bad,
    Null,
}

/// One event. `None` is null, or a missing key in NDJSON.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) id: Option<String>,
    pub(super) at: Option<i64>,
    pub(super) who: Option<String>,
    pub(super) coupon: Coupon,
}

/// Writes `orders` to `name`, whose extension determines the format. There is no column `note`.
pub(super) fn write(place: &Place, name: &str, orders: &[Order]) {
    let text = |record: fn(&Order) -> String| orders.iter().map(record).collect::<String>();
    match name.rsplit_once('.').unwrap().1 {
        "ndjson" => place.write(name, text(ndjson)),
        "csv" => place.write(name, "id,at,who,coupon\n".to_string() + &text(csv)),
        _ => place.table(name, columns(orders)),
    }
}

fn ndjson(order: &Order) -> String {
    let texts = [("id", &order.id), ("who", &order.who)];
    let texts = texts
        .into_iter()
        .filter_map(|(key, text)| text.as_ref().map(|text| format!("\"{key}\":\"{text}\"")));
    let at = order.at.map(|at| format!("\"at\":{at}"));
    let coupon = match order.coupon {
        Coupon::Good(coupon) => Some(format!("\"coupon\":{coupon}")),
        Coupon::Bad => Some("\"coupon\":\"seven\"".to_string()),
        Coupon::Null => None,
    };
    let fields: Vec<String> = texts.chain(at).chain(coupon).collect();
    format!("{{{}}}\n", fields.join(","))
}

fn csv(order: &Order) -> String {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let at = order.at.map_or(String::new(), |at| at.to_string());
    let coupon = match order.coupon {
        Coupon::Good(coupon) => coupon.to_string(),
        Coupon::Bad => "seven".to_string(),
        Coupon::Null => String::new(),
    };
    format!("{},{at},{},{coupon}\n", text(&order.id), text(&order.who))
}

fn columns(orders: &[Order]) -> Vec<(&'static str, ArrayRef)> {
    let coupon = |order: &Order| match order.coupon {
        Coupon::Good(coupon) => Some(coupon),
        Coupon::Bad => Some(1 << 63),
        Coupon::Null => None,
    };
    let at: TimestampMicrosecondArray = orders.iter().map(|order| order.at).collect();
    let id: StringArray = orders.iter().map(|order| order.id.as_deref()).collect();
    let who: StringArray = orders.iter().map(|order| order.who.as_deref()).collect();
    let coupon: UInt64Array = orders.iter().map(coupon).collect();
    vec![
        ("id", Arc::new(id)),
        ("at", Arc::new(at.with_timezone("UTC"))),
        ("who", Arc::new(who)),
        ("coupon", Arc::new(coupon)),
    ]
}
