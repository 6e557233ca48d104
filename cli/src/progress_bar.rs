//! A progress bar for a job, on standard error.
//!
//! Invariant: the bar is shown on a terminal only, and removed when it is dropped, so that it never
//! mixes with a command's output. Deliberately absent: how far a job has come, which the job
//! reports.

use crate::terminal;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use lockstep_runtime::Progress;
use std::io::IsTerminal;

/// The bar for the current step of a job.
#[derive(Debug, Default)]
pub struct Bar {
    /// The name of the step, and its bar.
    shown: Option<(String, ProgressBar)>,
    /// The last position, if it is known and the job does not report it.
    end: Option<u64>,
}

impl Bar {
    /// A bar for a job that ends at a source position, if one is given.
    pub fn until(end: Option<u64>) -> Bar {
        Bar { shown: None, end }
    }

    /// Shows how far a job has come.
    pub fn show(&mut self, progress: Progress<'_>) {
        let (what, done, total) = match progress {
            Progress::Reading { source, position } => {
                (format!("reading {source}"), position, self.end.unwrap_or(0).max(position))
            }
            Progress::Joining { done, total } => ("joining".to_string(), done, total),
            Progress::Writing { done, total } => ("writing".to_string(), done, total),
            Progress::Filling { source, done, total } => (format!("writing {source}"), done, total),
            Progress::Folding { source, events, .. } => {
                (source.to_string(), events, self.end.unwrap_or(0).max(events))
            }
            Progress::Answering { done, total } => ("answering".to_string(), done, total),
            Progress::Notice(notice) => return self.tell(&format!("notice: {notice}")),
            Progress::FailedMerge(failed) => return self.tell(&format!("warning: {failed}")),
            _ => return,
        };
        if self.shown.as_ref().is_none_or(|(shown, _)| *shown != what) {
            self.clear();
            self.shown = Some((what.clone(), new(what)));
        }
        if let Some((_, bar)) = &self.shown {
            bar.set_length(total);
            bar.set_position(done);
        }
    }

    /// Prints a line on standard error, above the bar.
    fn tell(&self, line: &str) {
        match &self.shown {
            Some((_, bar)) => bar.suspend(|| terminal::tell(line)),
            None => terminal::tell(line),
        }
    }

    /// Removes the bar.
    pub fn clear(&mut self) {
        if let Some((_, bar)) = self.shown.take() {
            bar.finish_and_clear();
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.clear();
    }
}

/// A bar, hidden unless standard error is a terminal.
fn new(what: String) -> ProgressBar {
    let target = if std::io::stderr().is_terminal() {
        ProgressDrawTarget::stderr()
    } else {
        ProgressDrawTarget::hidden()
    };
    let style = ProgressStyle::with_template("{msg} {wide_bar} {pos}/{len} {elapsed}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    ProgressBar::with_draw_target(Some(0), target).with_style(style).with_message(what)
}
