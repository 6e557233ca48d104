//! What do users spend, and is this basket unusual?
//!
//! A view looks at one event alone; windows and aggregates are declared, so they mean the same in
//! training and in serving.

use lockstep_sdk::prelude::*;

/// An order in the shop. Fields borrow from the batch: no copy, no allocation.
#[derive(Event)]
#[event(source = "orders", time = ordered_at, id = order_id)]
pub struct Order<'a> {
    pub order_id: &'a str,
    pub ordered_at: EventTime,
    pub user: &'a str,
    pub price: f64,
    pub coupon: Option<&'a str>,
}

/// What a user spends.
#[derive(Debug, PartialEq, View)]
#[view(key = [user], owner = "{{name}}", tags = ["orders"])]
#[features(count, windows = ["1d", "30d", "lifetime"])]
pub struct Spending<'a> {
    pub user: &'a str,
    /// In euros.
    #[features(sum, mean, max, windows = ["30d"])]
    pub price: f64,
    /// The last coupon that was used.
    #[features(last, windows = ["lifetime"])]
    pub coupon: Option<&'a str>,
}

// `None` gives no row, `Vec` several; an `Err` sets the event aside with its reason.
#[transform]
fn spending<'a>(order: &Order<'a>) -> Result<Spending<'a>, String> {
    if order.price < 0.0 {
        return Err(format!("the price {} is negative", order.price));
    }
    Ok(Spending { user: order.user, price: order.price, coupon: order.coupon })
}

/// A basket at the checkout.
#[derive(Request)]
pub struct Basket {
    pub total: f64,
}

/// What is known of the user.
#[derive(Features)]
pub struct Known {
    #[from(spending.count_lifetime)]
    pub orders: i64,
    #[from(spending.price_mean_30d)]
    pub usual: Option<f64>,
}

/// The basket's standing.
#[derive(Debug, PartialEq, Outputs)]
pub struct Surprise {
    /// In euros above or below the user's usual order.
    pub difference: f64,
    pub newcomer: bool,
}

/// How unusual is this basket for this user? Computed at request time.
#[on_demand(owner = "{{name}}")]
fn surprise(basket: &Basket, known: &Known) -> Surprise {
    let usual = known.usual.unwrap_or(basket.total);
    Surprise { difference: basket.total - usual, newcomer: known.orders == 0 }
}

export!(views = [spending], on_demand = [surprise]);

#[cfg(test)]
mod tests {
    use super::*;

    fn order(price: f64) -> Order<'static> {
        let ordered_at = EventTime::from_micros(0);
        Order { order_id: "o1", ordered_at, user: "ann", price, coupon: None }
    }

    #[test]
    fn an_order_is_what_its_user_spends() {
        assert_eq!(
            spending(&order(9.5)),
            Ok(Spending { user: "ann", price: 9.5, coupon: None })
        );
        assert!(spending(&order(-1.0)).is_err());
    }

    #[test]
    fn a_newcomer_is_no_surprise() {
        let surprise = surprise(&Basket { total: 20.0 }, &Known { orders: 0, usual: None });
        assert_eq!(surprise, Surprise { difference: 0.0, newcomer: true });
    }
}
