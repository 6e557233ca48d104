//! What a check found, for people and as JSON.
//!
//! Invariant: every compared value is counted, whether or not its difference is listed.
//! Deliberately absent: any judgement but "equal bits".

use serde_json::json;
use std::fmt;

/// The result of a check.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Events that count.
    pub events: usize,
    /// Events that a reader sets aside: a column that must not be null is (S8).
    pub set_aside: usize,
    /// Events whose id came before: copies and conflicts, neither of which counts (S10).
    pub repeated: usize,
    /// Rows of the training file.
    pub rows: usize,
    /// The feature columns, in the file's order.
    pub columns: Vec<ColumnReport>,
    /// The first differences, by row and then column.
    pub differences: Vec<Difference>,
}

/// What was found in one feature column.
#[derive(Clone, Debug)]
pub struct ColumnReport {
    /// Its name, `view.feature`.
    pub name: String,
    /// Values compared: one a row.
    pub compared: usize,
    /// Values that are not null in the recomputation: a column of nulls proves little.
    pub present: usize,
    /// Values whose bits differ.
    pub different: usize,
}

impl ColumnReport {
    /// Of a column of which nothing is compared yet.
    pub fn new(name: &str) -> ColumnReport {
        ColumnReport { name: name.to_string(), compared: 0, present: 0, different: 0 }
    }
}

/// One value that differs.
#[derive(Clone, Debug)]
pub struct Difference {
    /// The row in the training file, from 0.
    pub row: usize,
    /// The feature column.
    pub column: String,
    /// The row's request: actor, candidate, area and `as_of`.
    pub request: String,
    /// The value by the definition.
    pub expected: String,
    /// The value in the file.
    pub found: String,
}

impl Report {
    /// Values compared.
    pub fn compared(&self) -> usize {
        self.columns.iter().map(|column| column.compared).sum()
    }

    /// Values that differ.
    pub fn different(&self) -> usize {
        self.columns.iter().map(|column| column.different).sum()
    }

    /// Whether every bit is equal.
    pub fn passed(&self) -> bool {
        self.compared() > 0 && self.different() == 0
    }

    /// The report for programs.
    pub fn json(&self) -> serde_json::Value {
        let columns = self.columns.iter().map(|c| {
            json!({ "name": c.name, "compared": c.compared, "present": c.present,
                    "different": c.different })
        });
        let differences = self.differences.iter().map(|d| {
            json!({ "row": d.row, "column": d.column, "request": d.request,
                    "expected": d.expected, "found": d.found })
        });
        json!({
            "passed": self.passed(),
            "events": self.events,
            "set_aside": self.set_aside,
            "repeated": self.repeated,
            "rows": self.rows,
            "compared": self.compared(),
            "different": self.different(),
            "columns": columns.collect::<Vec<_>>(),
            "differences": differences.collect::<Vec<_>>(),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (events, set_aside, repeated) = (self.events, self.set_aside, self.repeated);
        writeln!(f, "{events} events, {set_aside} set aside, {repeated} of a repeated id")?;
        writeln!(f, "{} rows, {} feature columns", self.rows, self.columns.len())?;
        let width = self.columns.iter().map(|column| column.name.len()).max().unwrap_or(0);
        for column in &self.columns {
            write!(f, "  {:width$}  {} compared, ", column.name, column.compared)?;
            writeln!(f, "{} not null, {} different", column.present, column.different)?;
        }
        for difference in &self.differences {
            writeln!(f, "row {}: {}", difference.row, difference.column)?;
            writeln!(f, "  request   {}", difference.request)?;
            writeln!(f, "  expected  {}", difference.expected)?;
            writeln!(f, "  found     {}", difference.found)?;
        }
        let listed = self.differences.len();
        if listed < self.different() {
            writeln!(f, "and {} more differences; see --limit", self.different() - listed)?;
        }
        let verdict = if self.passed() { "equal" } else { "DIFFERENT" };
        write!(f, "{verdict}: {} compared, {} different", self.compared(), self.different())
    }
}
