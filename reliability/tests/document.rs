//! `docs/reliability.md` names tests and cases that exist.

use std::fs;
use std::path::{Path, PathBuf};

use easycore_reliability::cases::CASES;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn document() -> String {
    fs::read_to_string(root().join("docs/reliability.md")).expect("the document is checked in")
}

/// Every `file::test` between backticks, such as `order::a_test`.
fn named_tests(text: &str) -> Vec<(&str, &str)> {
    let quoted = text.split('`').skip(1).step_by(2);
    let is_name = |part: &str| part.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric());
    quoted
        .filter_map(|code| code.split_once("::"))
        .filter(|(file, test)| is_name(file) && is_name(test) && test.contains('_'))
        .collect()
}

#[test]
fn every_test_that_the_document_names_exists() {
    let text = document();
    let named = named_tests(&text);
    assert!(named.len() >= 30, "only {} tests are named", named.len());
    for (file, test) in named {
        let source = fs::read_to_string(root().join("tests/tests").join(file).with_extension("rs"));
        let source = source.unwrap_or_else(|error| panic!("{file}: {error}"));
        let (before, _) = source.split_once(&format!("\nfn {test}(")).unwrap_or_default();
        let mut attributes = before.lines().rev().take_while(|line| line.starts_with("#["));
        assert!(attributes.any(|line| line == "#[test]"), "{file}.rs has no test {test}");
    }
}

#[test]
fn every_promise_names_a_test_and_every_case_has_a_table() {
    let text = document();
    let promises = text.split("## What it promises").nth(1).expect("the section is there");
    let promises = promises.split("\n## ").next().expect("it has text");
    let rows: Vec<&str> = promises.lines().filter(|line| line.starts_with("| ")).skip(2).collect();
    assert!(rows.len() >= 20, "only {} promises", rows.len());
    for row in rows {
        assert!(!named_tests(row).is_empty(), "no test: {row}");
    }
    for case in &CASES {
        assert!(text.contains(&format!("### {}\n\n{}", case.title, case.setting)), "{}", case.name);
    }
}
