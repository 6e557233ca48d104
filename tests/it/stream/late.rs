//! Late events must join their tiles, however late they are (S11).
//!
//! Method: the same events delivered in time order, in reverse and at random; values and stores
//! must be equal.

use super::{cut, digest, fold, memory, shuffled};
use crate::online::{batch, everyone, online, service};
use lockstep_core::time::{DAY_US, HOUR_US};
use lockstep_engine::online::OnlineHost;
use lockstep_engine::parity::replay::Random;
use lockstep_kit::artifacts::catalog;
use lockstep_kit::typed;
use lockstep_store::canonical::Scope;

/// Goal: an event that comes after its time was sealed counts in every later query that covers it,
/// in tiles and in the base tile (S11). Method: the newest events come first and the oldest last,
/// or in random order; every value near the end equals the batch host's, and the stores are equal.
#[test]
fn s11_late_events_join_their_tiles() {
    let catalog = catalog("every-type");
    let service = service(&catalog);
    for (seed, days) in [(61, 5), (62, 60), (63, 900)] {
        let mut events = typed::typed(seed, 200, days);
        let mut others = typed::anonymous(seed, 100, days);
        let watermark = days * DAY_US;
        events[0].event_time = watermark;
        others[0].event_time = watermark;
        let mut random = Random::new(seed);
        let mut newest_first = events.clone();
        newest_first.sort_by_key(|event| -event.event_time);
        let mut oldest_first = newest_first.clone();
        oldest_first.reverse();
        let anonymous = typed::anonymous_records(&catalog, &others);
        let typed = typed::typed_records(&catalog, &events);
        let mut digests = Vec::new();
        for order in [oldest_first, newest_first, shuffled(events, &mut random)] {
            let store = memory();
            let delivered = typed::typed_records(&catalog, &order);
            fold(&store, &catalog, "typed", &cut(&delivered, || 9), 4);
            fold(&store, &catalog, "anonymous", &cut(&anonymous, || 9), 4);
            digests.push(digest(&*store, &catalog, Scope::Values));
            let host = OnlineHost::new(catalog.clone(), store, vec![service.clone()]).unwrap();
            for back in [-DAY_US, 0, 1, 11 * HOUR_US] {
                let asked = everyone(watermark - back);
                let logs = [("typed", &typed), ("anonymous", &anonymous)];
                let expected = batch(&catalog, &service, logs, &asked);
                for (asked, expected) in asked.iter().zip(expected) {
                    let values = online(&host, asked).unwrap().values;
                    assert_eq!(values, expected, "seed {seed}: {asked:?}");
                }
            }
        }
        assert!(digests.iter().all(|digest| *digest == digests[0]), "seed {seed}");
    }
}
