//! The measurements of every round, kept in a file, so that parts can be measured again and everything that is shown is
//! made of the same data.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::contenders::IDEAL;
use crate::measure::{Series, WALL};
use crate::slices::Case;

/// A median, and half the distance between the quartiles.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) spread: f64,
}

#[derive(Debug)]
struct Record {
    slice: String,
    case: String,
    contender: String,
    metric: String,
    rounds: Vec<f64>,
}

/// Everything that has been measured.
#[derive(Debug, Default)]
pub(crate) struct Results {
    records: Vec<Record>,
    /// When and where: a slice, a case, and a line of text.
    abouts: Vec<[String; 3]>,
}

impl Results {
    /// Reads what an earlier run has written; nothing if there is nothing.
    pub(crate) fn load(path: &Path) -> Result<Self, Box<dyn Error>> {
        let mut results = Self::default();
        if !path.exists() {
            return Ok(results);
        }
        for line in fs::read_to_string(path)?.lines() {
            match line.split('\t').collect::<Vec<_>>()[..] {
                ["about", slice, case, text] => {
                    results.abouts.push([slice.to_owned(), case.to_owned(), text.to_owned()]);
                }
                [slice, case, contender, metric, ref rounds @ ..] => results.records.push(Record {
                    slice: slice.to_owned(),
                    case: case.to_owned(),
                    contender: contender.to_owned(),
                    metric: metric.to_owned(),
                    rounds: rounds.iter().map(|round| round.parse()).collect::<Result<_, _>>()?,
                }),
                _ => return Err(format!("{} has a line that says nothing: {line}", path.display()).into()),
            }
        }
        Ok(results)
    }

    pub(crate) fn save(&self, path: &Path) -> Result<(), Box<dyn Error>> {
        let mut text = String::new();
        for [slice, case, about] in &self.abouts {
            writeln!(text, "about\t{slice}\t{case}\t{about}")?;
        }
        for Record { slice, case, contender, metric, rounds } in &self.records {
            write!(text, "{slice}\t{case}\t{contender}\t{metric}")?;
            for round in rounds {
                write!(text, "\t{round:.4}")?;
            }
            text.push('\n');
        }
        Ok(fs::write(path, text)?)
    }

    /// Puts what was measured of a case in the place of what was known of it, in the order of `cases`.
    pub(crate) fn replace(&mut self, case: &Case, about: &str, series: Vec<Series>, cases: &[Case]) {
        self.records.retain(|record| !case.is(&record.slice, &record.case));
        self.abouts.retain(|[slice, name, _]| !case.is(slice, name));
        self.abouts.push([case.slice.to_owned(), case.name.to_owned(), about.to_owned()]);
        self.records.extend(series.into_iter().map(|series| Record {
            slice: case.slice.to_owned(),
            case: case.name.to_owned(),
            contender: series.contender,
            metric: series.metric.to_owned(),
            rounds: series.rounds,
        }));
        let place = |slice: &str, name: &str| cases.iter().position(|case| case.is(slice, name));
        self.records.sort_by_key(|record| place(&record.slice, &record.case));
        self.abouts.sort_by_key(|[slice, name, _]| place(slice, name));
    }

    /// The cases of a slice that have been measured.
    pub(crate) fn cases(&self, slice: &str) -> Vec<&str> {
        self.distinct(slice, |record| &record.case)
    }

    /// The contenders of a slice.
    pub(crate) fn contenders(&self, slice: &str) -> Vec<&str> {
        self.distinct(slice, |record| &record.contender)
    }

    /// What has been measured of a slice, other than times of items.
    pub(crate) fn metrics(&self, slice: &str) -> Vec<&str> {
        self.distinct(slice, |record| &record.metric)
    }

    /// When and where a slice was measured; several lines if parts of it were measured again.
    pub(crate) fn abouts(&self, slice: &str) -> Vec<&str> {
        let mut lines: Vec<&str> =
            self.abouts.iter().filter(|about| about[0] == slice).map(|about| about[2].as_str()).collect();
        lines.dedup();
        lines
    }

    pub(crate) fn summary(&self, slice: &str, case: &str, contender: &str, metric: &str) -> Option<Summary> {
        summary(self.rounds(slice, case, contender, metric)?.to_vec())
    }

    /// How many times the wall time of `below` is that of `above`, judged round by round.
    pub(crate) fn ratio(&self, slice: &str, case: &str, above: &str, below: &str) -> Option<Summary> {
        let above = self.rounds(slice, case, above, WALL)?;
        let below = self.rounds(slice, case, below, WALL)?;
        summary(above.iter().zip(below).map(|(above, below)| above / below).collect())
    }

    /// By how many nanoseconds an item takes longer than in the ideal, judged round by round.
    pub(crate) fn added(&self, slice: &str, case: &str, contender: &str) -> Option<Summary> {
        let walls = self.rounds(slice, case, contender, WALL)?;
        let ideal = self.rounds(slice, case, IDEAL, WALL)?;
        summary(walls.iter().zip(ideal).map(|(wall, ideal)| wall - ideal).collect())
    }

    pub(crate) fn rounds(&self, slice: &str, case: &str, contender: &str, metric: &str) -> Option<&[f64]> {
        let wanted = |record: &&Record| {
            (&*record.slice, &*record.case, &*record.contender, &*record.metric)
                == (slice, case, contender, metric)
        };
        self.records.iter().find(wanted).map(|record| &*record.rounds)
    }

    fn distinct(&self, slice: &str, of: impl Fn(&Record) -> &String) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for record in self.records.iter().filter(|record| record.slice == slice) {
            if !names.contains(&of(record).as_str()) {
                names.push(of(record));
            }
        }
        names
    }
}

pub(crate) fn summary(mut rounds: Vec<f64>) -> Option<Summary> {
    rounds.sort_by(f64::total_cmp);
    let quartile = |quarters: usize| rounds.get((rounds.len().checked_sub(1)? * quarters + 2) / 4).copied();
    Some(Summary { median: quartile(2)?, spread: (quartile(3)? - quartile(1)?) / 2.0 })
}
