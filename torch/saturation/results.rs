//! What was measured, kept in a file from which the tables can be made again.

use std::error::Error;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// A median, and half the distance between the quartiles.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Summary {
    pub(crate) median: f64,
    pub(crate) spread: f64,
}

/// One figure of one contender, for every round.
#[derive(Debug, Clone)]
struct Record {
    case: String,
    contender: String,
    metric: String,
    rounds: Vec<f64>,
}

#[derive(Debug, Default)]
pub(crate) struct Results {
    /// When and where, and how: a name and a line of text.
    abouts: Vec<[String; 2]>,
    records: Vec<Record>,
}

impl Results {
    pub(crate) fn load(path: &Path) -> Result<Self, Box<dyn Error>> {
        let mut results = Self::default();
        for line in fs::read_to_string(path)?.lines() {
            match line.split('\t').collect::<Vec<_>>()[..] {
                ["about", name, text] => results.about(name, text),
                [case, contender, metric, ref rounds @ ..] => {
                    let rounds = rounds.iter().map(|round| round.parse()).collect::<Result<_, _>>()?;
                    results.add(case, contender, metric, rounds);
                }
                _ => return Err(format!("{} has a line that says nothing: {line}", path.display()).into()),
            }
        }
        Ok(results)
    }

    pub(crate) fn save(&self, path: &Path) -> Result<(), Box<dyn Error>> {
        let mut text = String::new();
        for [name, about] in &self.abouts {
            writeln!(text, "about\t{name}\t{about}")?;
        }
        for Record { case, contender, metric, rounds } in &self.records {
            write!(text, "{case}\t{contender}\t{metric}")?;
            for round in rounds {
                write!(text, "\t{round:.4}")?;
            }
            text.push('\n');
        }
        Ok(fs::write(path, text)?)
    }

    pub(crate) fn about(&mut self, name: &str, text: &str) {
        self.abouts.push([name.to_owned(), text.to_owned()]);
    }

    pub(crate) fn told(&self, name: &str) -> Option<&str> {
        self.abouts.iter().find(|about| about[0] == name).map(|about| about[1].as_str())
    }

    pub(crate) fn add(&mut self, case: &str, contender: &str, metric: &str, rounds: Vec<f64>) {
        let [case, contender, metric] = [case, contender, metric].map(str::to_owned);
        self.records.push(Record { case, contender, metric, rounds });
    }

    /// The contenders of a case, in the order in which they were measured.
    pub(crate) fn contenders(&self, case: &str) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for record in self.records.iter().filter(|record| record.case == case) {
            if !names.contains(&record.contender.as_str()) {
                names.push(&record.contender);
            }
        }
        names
    }

    pub(crate) fn summary(&self, case: &str, contender: &str, metric: &str) -> Option<Summary> {
        summary(self.rounds(case, contender, metric)?.to_vec())
    }

    /// How many times the figure of `below` is that of `above`, judged round by round.
    pub(crate) fn ratio(&self, case: &str, above: &str, below: &str, metric: &str) -> Option<Summary> {
        let above = self.rounds(case, above, metric)?;
        let below = self.rounds(case, below, metric)?;
        summary(above.iter().zip(below).map(|(above, below)| above / below).collect())
    }

    fn rounds(&self, case: &str, contender: &str, metric: &str) -> Option<&[f64]> {
        let wanted = |record: &&Record| {
            (&*record.case, &*record.contender, &*record.metric) == (case, contender, metric)
        };
        self.records.iter().find(wanted).map(|record| &*record.rounds)
    }
}

fn summary(mut rounds: Vec<f64>) -> Option<Summary> {
    rounds.sort_by(f64::total_cmp);
    let quartile = |quarters: usize| rounds.get((rounds.len().checked_sub(1)? * quarters + 2) / 4).copied();
    Some(Summary { median: quartile(2)?, spread: (quartile(3)? - quartile(1)?) / 2.0 })
}
