//! Features: an aggregate of a column over a window, perhaps filtered, perhaps a map.
//!
//! Columns are numbers of the view's columns. Invariant: a feature with a [`Feature::kind`] has a
//! value over any rows of that view. Deliberately absent: user-defined aggregates, whose meaning is
//! their author's code, and the limits of parameters that only bound a product's state.

use crate::kind::Kind;
use crate::separator::Separator;
use crate::window::Window;

/// The most half-lives in the window of a decayed aggregate (S20).
const HALF_LIVES_MAX: i64 = 64;

/// One feature of a view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Feature {
    /// What it computes.
    pub aggregate: Aggregate,
    /// The column of the view that it reads; `None` reads rows.
    pub column: Option<usize>,
    /// The bool column that must be true.
    pub filter: Option<usize>,
    /// The column whose values are the keys of a map.
    pub by: Option<By>,
    /// What time it covers.
    pub window: Window,
}

/// What makes a feature a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By {
    /// The column whose values are the keys.
    pub column: usize,
    /// The most keys.
    pub limit: usize,
    /// The entries that are kept, if not all are.
    pub top: Option<Top>,
}

/// The greatest entries of a map.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Top {
    /// How many.
    pub n: usize,
    /// What of an entry is compared.
    pub of: Compared,
}

/// What of a map's entry is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compared {
    /// Its value; null is less than every value.
    Value,
    /// Its key.
    Key,
    /// How many rows have its key.
    Count,
}

/// What a feature computes. Tables in docs/FEATURES.md have the formulas.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "names and parameters are those of docs/FEATURES.md")]
pub enum Aggregate {
    Count,
    Sum,
    Mean,
    Min,
    Max,
    First,
    Last,
    FirstRow,
    LastRow,
    ArgMin { by: usize },
    ArgMax { by: usize },
    VarPop,
    VarSamp,
    StddevPop,
    StddevSamp,
    Skewness,
    Kurtosis,
    CovarPop { other: usize },
    CovarSamp { other: usize },
    Corr { other: usize },
    RegrSlope { other: usize },
    RegrIntercept { other: usize },
    RegrR2 { other: usize },
    Product,
    BitAnd,
    BitOr,
    BitXor,
    Any,
    All,
    FirstN { n: usize },
    LastN { n: usize },
    FirstRows { n: usize },
    LastRows { n: usize },
    List { limit: usize },
    Join { separator: Separator, limit: usize },
    FirstDistinct { n: usize },
    LastDistinct { n: usize },
    TopK { k: usize },
    BottomK { k: usize },
    UniqueCount { limit: usize },
    Histogram { limit: usize },
    Mode { limit: usize },
    Entropy { limit: usize },
    MostFrequent { n: usize, limit: usize },
    ModeShare { limit: usize },
    DistinctSum { limit: usize },
    DistinctMean { limit: usize },
    DistinctStddevPop { limit: usize },
    DistinctStddevSamp { limit: usize },
    PercentileDisc { millionths: u32, limit: usize },
    PercentileCont { millionths: u32, limit: usize },
    Median { limit: usize },
    Iqr { limit: usize },
    ApproxCountDistinct { precision: u8 },
    ApproxPercentile { millionths: u32 },
    Rate { unit_us: i64 },
    TimeSinceFirst,
    TimeSinceLast,
    DecayedSum { half_life_us: i64 },
    DecayedCount { half_life_us: i64 },
    VectorSum { length: usize, grid: i32 },
    VectorMean { length: usize, grid: i32 },
    Ratio { numerator: Operand, denominator: Operand },
}

/// One side of a ratio.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Operand {
    /// What it computes.
    pub measure: Measure,
    /// The column that it reads; `None` counts rows.
    pub column: Option<usize>,
    /// The bool column that must be true.
    pub filter: Option<usize>,
}

/// What one side of a ratio computes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Measure {
    /// Rows, or non-null values.
    Count,
    /// The exact sum.
    Sum,
    /// The exact mean.
    Mean,
}

impl Feature {
    /// A feature without filter or map.
    pub fn of(aggregate: Aggregate, column: Option<usize>, window: Window) -> Feature {
        Feature { aggregate, column, filter: None, by: None, window }
    }

    /// The type of its values over these columns, or why it has none.
    pub fn kind<S>(&self, columns: &[(S, Kind)]) -> Result<Kind, String> {
        let kind_of = |column: usize| &columns[column].1;
        self.check_flag(self.filter.map(kind_of))?;
        self.check_window()?;
        let mut kind = self.aggregate_kind(self.column.map(kind_of))?;
        match self.aggregate {
            Aggregate::CovarPop { other }
            | Aggregate::CovarSamp { other }
            | Aggregate::Corr { other }
            | Aggregate::RegrSlope { other }
            | Aggregate::RegrIntercept { other }
            | Aggregate::RegrR2 { other } => self.number(Some(kind_of(other))).map(|_| ())?,
            Aggregate::Ratio { numerator, denominator } => {
                for operand in [numerator, denominator] {
                    self.check_flag(operand.filter.map(kind_of))?;
                    if operand.measure != Measure::Count {
                        self.number(operand.column.map(kind_of))?;
                    }
                }
            }
            _ => {}
        }
        if let Some(by) = self.by {
            let key = kind_of(by.column);
            if !key.is_key() {
                return Err(format!("{key} is no type of a map's key"));
            }
            kind = Kind::Map(Box::new(key.clone()), Box::new(kind));
        }
        Ok(if matches!(self.window, Window::Series { .. }) { kind.list() } else { kind })
    }

    /// The type of the aggregate's values over a column of type `input`.
    fn aggregate_kind(&self, input: Option<&Kind>) -> Result<Kind, String> {
        use Aggregate as A;
        let any = || input.cloned().ok_or_else(|| format!("{:?} needs a column", self.aggregate));
        let only = |right: bool, kind| if right { Ok(kind) } else { Err(self.wrong(input)) };
        let integer = input == Some(&Kind::Int64);
        match self.aggregate {
            A::Count | A::TimeSinceFirst | A::TimeSinceLast => Ok(Kind::Int64),
            A::Rate { .. } | A::DecayedCount { .. } => Ok(Kind::Float64),
            A::Ratio { .. } => only(input.is_none(), Kind::Float64),
            A::Sum | A::DistinctSum { .. } if integer => Ok(Kind::Int64),
            A::Product | A::BitAnd | A::BitOr | A::BitXor => only(integer, Kind::Int64),
            A::Sum
            | A::Mean
            | A::VarPop
            | A::VarSamp
            | A::StddevPop
            | A::StddevSamp
            | A::Skewness
            | A::Kurtosis
            | A::CovarPop { .. }
            | A::CovarSamp { .. }
            | A::Corr { .. }
            | A::RegrSlope { .. }
            | A::RegrIntercept { .. }
            | A::RegrR2 { .. }
            | A::DistinctSum { .. }
            | A::DistinctMean { .. }
            | A::DistinctStddevPop { .. }
            | A::DistinctStddevSamp { .. }
            | A::DecayedSum { .. }
            | A::ApproxPercentile { .. }
            | A::PercentileCont { .. }
            | A::Median { .. }
            | A::Iqr { .. } => self.number(input),
            A::Any | A::All => only(input == Some(&Kind::Bool), Kind::Bool),
            A::Min
            | A::Max
            | A::First
            | A::Last
            | A::FirstRow
            | A::LastRow
            | A::ArgMin { .. }
            | A::ArgMax { .. }
            | A::Mode { .. }
            | A::PercentileDisc { .. } => any(),
            A::Join { .. } => only(input == Some(&Kind::Text), Kind::Text),
            A::FirstN { .. }
            | A::LastN { .. }
            | A::FirstDistinct { .. }
            | A::LastDistinct { .. }
            | A::TopK { .. }
            | A::BottomK { .. }
            | A::FirstRows { .. }
            | A::LastRows { .. }
            | A::List { .. }
            | A::MostFrequent { .. } => Ok(any()?.list()),
            A::UniqueCount { .. } => any().map(|_| Kind::Int64),
            A::Entropy { .. } | A::ModeShare { .. } => any().map(|_| Kind::Float64),
            A::ApproxCountDistinct { .. } => {
                let flat = !matches!(any()?, Kind::List(_) | Kind::Map(..));
                only(flat, Kind::Int64)
            }
            A::Histogram { .. } => {
                let key = any()?;
                let right = key.is_key();
                only(right, Kind::Map(Box::new(key), Box::new(Kind::Int64)))
            }
            A::VectorSum { .. } | A::VectorMean { .. } => {
                let floats = [Kind::Float32.list(), Kind::Float64.list()];
                only(floats.contains(&any()?), Kind::Float64.list())
            }
        }
    }

    /// What needs a number and gives a double.
    fn number(&self, input: Option<&Kind>) -> Result<Kind, String> {
        match input {
            Some(kind) if kind.is_number() => Ok(Kind::Float64),
            _ => Err(self.wrong(input)),
        }
    }

    fn check_flag(&self, kind: Option<&Kind>) -> Result<(), String> {
        match kind {
            None | Some(Kind::Bool) => Ok(()),
            Some(kind) => Err(format!("a filter reads a bool column, not one of {kind}")),
        }
    }

    /// Whether the aggregate has a meaning over the window.
    fn check_window(&self) -> Result<(), String> {
        let length_us = self.window.length_us();
        match self.aggregate {
            Aggregate::Rate { .. }
                if length_us.is_none()
                    || matches!(
                        self.window,
                        Window::LastRows { .. } | Window::LatestEvent { .. }
                    ) =>
            {
                Err("a rate needs a span of time: no lifetime, no last rows".to_string())
            }
            Aggregate::DecayedSum { half_life_us } | Aggregate::DecayedCount { half_life_us } => {
                match length_us {
                    Some(length_us) if length_us <= half_life_us.saturating_mul(HALF_LIVES_MAX) => {
                        Ok(())
                    }
                    _ => Err(format!("decay needs a window of {HALF_LIVES_MAX} half-lives (S20)")),
                }
            }
            _ => Ok(()),
        }
    }

    fn wrong(&self, input: Option<&Kind>) -> String {
        let aggregate = self.aggregate;
        match input {
            Some(kind) => format!("{aggregate:?} does not apply to its column's type {kind}"),
            None => format!("{aggregate:?} needs a column"),
        }
    }
}
