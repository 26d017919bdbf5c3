//! A lifetime that is declared nowhere.

use easycore::parallel_runner;

#[parallel_runner]
impl FirstWords {
    fn producer_work(line: &'a str) -> &'a str {
        line.split(' ').next().unwrap_or(line)
    }
}

fn main() -> Result<(), easycore::Error> {
    let text = String::from("one two");
    let all: Vec<&str> = FirstWords::new(2).run(text.lines())?;
    assert_eq!(all, ["one"]);
    Ok(())
}
