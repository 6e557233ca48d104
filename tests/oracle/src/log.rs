//! The event log and the spine, read off their files.
//!
//! Invariant: the events are those that count: each lacks nothing it must have (S8) and is the
//! first of its id (S10). Deliberately absent: source partitions; a file is one.

use crate::table::Table;
use crate::time::TIME_MAX_US;
use crate::user_mentions::{Event, Request};
use std::collections::HashSet;

/// What an event log holds.
#[derive(Debug)]
pub struct Log {
    /// The events that count, in the log's order.
    pub events: Vec<Event>,
    /// Events that lack a value they must have, or whose time is out of range.
    pub set_aside: usize,
    /// Events whose id came before: redelivered copies and conflicts, neither of which counts.
    pub repeated: usize,
}

/// Reads an event log.
pub fn read_log(table: &Table) -> Result<Log, String> {
    let columns = Columns {
        event_id: table.column("event_id")?,
        event_time: table.column("event_time")?,
        kind: table.column("kind")?,
        actor: table.column("actor")?,
        issue: table.column("issue")?,
        mentioned: table.column("mentioned")?,
        area: table.column("area")?,
        files: table.column("files")?,
        text_length: table.column("text_length")?,
    };
    let mut log = Log { events: vec![], set_aside: 0, repeated: 0 };
    let mut seen = HashSet::new();
    for row in 0..table.rows() {
        match columns.event(table, row)? {
            None => log.set_aside += 1,
            Some(event) if !seen.insert(event.event_id.clone()) => log.repeated += 1,
            Some(event) => log.events.push(event),
        }
    }
    Ok(log)
}

/// The numbers of the log's columns.
struct Columns {
    event_id: usize,
    event_time: usize,
    kind: usize,
    actor: usize,
    issue: usize,
    mentioned: usize,
    area: usize,
    files: usize,
    text_length: usize,
}

impl Columns {
    /// The event of a row, or `None` if it must be set aside.
    fn event(&self, table: &Table, row: usize) -> Result<Option<Event>, String> {
        let time = table.time(row, self.event_time)?;
        let required = (
            table.text(row, self.event_id)?,
            time.filter(|time| (-TIME_MAX_US..=TIME_MAX_US).contains(time)),
            table.text(row, self.kind)?,
            table.text(row, self.actor)?,
            table.text(row, self.issue)?,
        );
        let numbers = (table.integer(row, self.files)?, table.integer(row, self.text_length)?);
        let (Some(event_id), Some(event_time), Some(kind), Some(actor), Some(issue)) = required
        else {
            return Ok(None);
        };
        let (Some(files), Some(text_length)) = numbers else { return Ok(None) };
        Ok(Some(Event {
            event_id,
            event_time,
            kind,
            actor,
            mentioned: table.text(row, self.mentioned)?,
            issue,
            area: table.text(row, self.area)?,
            files,
            text_length,
        }))
    }
}

/// Reads the spine's columns off a training file.
pub fn read_requests(table: &Table) -> Result<Vec<Request>, String> {
    let (actor, candidate) = (table.column("actor")?, table.column("candidate")?);
    let (area, as_of) = (table.column("area")?, table.column("as_of")?);
    let request = |row| {
        let as_of = table.time(row, as_of)?.ok_or_else(|| {
            format!("{}: row {row} has no as_of; such a run must fail (S22)", table.place())
        })?;
        Ok(Request {
            actor: table.text(row, actor)?,
            candidate: table.text(row, candidate)?,
            area: table.text(row, area)?,
            as_of,
        })
    };
    (0..table.rows()).map(request).collect()
}
