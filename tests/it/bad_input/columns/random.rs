//! Random logs in which many events have a bad column: all hosts must agree on them (S8).
//!
//! Method: the expected counts are computed from the rule; the digests of two stores, and parity,
//! must agree.

use super::log::{Coupon, Order, write};
use super::{EXTENSIONS, project};
use crate::stream::digest;
use lockstep_engine::parity::replay::Random;
use lockstep_runtime::Project;
use lockstep_store::canonical::Scope;
use lockstep_store::sled::SledStore;
use std::collections::HashMap;

const ENTITIES: [&str; 4] = ["a", "b", "c", "d"];

/// Random orders, some of them copies of earlier ones.
fn orders(random: &mut Random, count: u64) -> Vec<Order> {
    let mut orders: Vec<Order> = Vec::new();
    for at in 0..count {
        if at > 0 && random.below(6) == 0 {
            orders.push(orders[random.below(at) as usize].clone());
            continue;
        }
        let coupon = match random.below(4) {
            0 => Coupon::Bad,
            1 => Coupon::Null,
            _ => Coupon::Good(random.below(9)),
        };
        let who = ENTITIES[random.below(4) as usize].to_string();
        orders.push(Order {
            id: (random.below(20) > 0).then(|| format!("id-{at}")),
            at: (random.below(20) > 0).then(|| random.below(86_400_000_000) as i64),
            who: (random.below(20) > 0).then_some(who),
            coupon,
        });
    }
    orders
}

/// By the rule: the counts of `old`, `new` and `soft`, and how many records are set aside.
fn expected(orders: &[Order]) -> ([[i64; 4]; 3], usize) {
    let (mut counts, mut aside) = ([[0; 4]; 3], 0);
    let mut first: HashMap<&str, ()> = HashMap::new();
    for order in orders {
        let (Some(id), Some(_)) = (&order.id, order.at) else {
            aside += 1;
            continue;
        };
        // Copies here are exact, so none is a conflict.
        if first.insert(id, ()).is_some() {
            continue;
        }
        let who = order.who.as_ref().map(|who| ENTITIES.iter().position(|e| e == who).unwrap());
        let good = [true, matches!(order.coupon, Coupon::Good(_)), order.coupon != Coupon::Bad];
        for (view, good) in good.into_iter().enumerate() {
            match who.filter(|_| good) {
                Some(who) => counts[view][who] += 1,
                None => aside += 1,
            }
        }
    }
    (counts, aside)
}

/// Goal: with many bad columns all hosts hold the same events, whatever the batches, the order and
/// the copies (S1, S8). Method: counts by the rule, the digests of two stores, and parity.
#[test]
fn s08_hosts_agree_on_bad_columns() {
    let views = ["old", "new", "soft"];
    for (seed, extension) in (81..).zip(EXTENSIONS) {
        let mut random = Random::new(seed);
        let orders = orders(&mut random, 300);
        let place = project(&views, &ENTITIES.map(String::from));
        let events = format!("orders.{extension}");
        write(&place, &events, &orders);
        let (counts, aside) = expected(&orders);
        assert_eq!(place.counts(&views, &events, aside), counts, "seed {seed}");
        let bulk = place.filled("bulk", "backfill", &events, aside);
        let rows = 1 + random.below(50);
        let stream = format!("stream --batch-rows {rows}");
        let streamed = place.filled("streamed", &stream, &events, aside);
        let opened = Project::open(place.path("lockstep.toml")).unwrap();
        let digest_of = |store: &SledStore| digest(store, opened.catalog(), Scope::All);
        let [bulk, streamed] = [&bulk, &streamed].map(digest_of);
        assert_eq!(bulk, streamed, "seed {seed}, batches of {rows}");
        let until = "backfill --until-position 130";
        drop(place.filled("resumed", until, &events, aside));
        let resumed = place.filled("resumed", &stream, &events, aside);
        assert_eq!(digest_of(&resumed), streamed, "seed {seed}: resumed");
        place.ends(
            &format!(
                "parity counts --spine @spine.csv --allow-unread-levels --events orders=@{events} \
                 --seed {seed} --replay-batch-rows-max 20 --duplicate-one-in 3 \
                 --bad-rows-max {aside}"
            ),
            0,
            &[],
        );
    }
}
