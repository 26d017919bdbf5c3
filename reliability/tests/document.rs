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

fn is_test(source: &str, name: &str) -> bool {
    let (before, _) = source.split_once(&format!("\nfn {name}(")).unwrap_or_default();
    before.lines().rev().take_while(|line| line.starts_with("#[")).any(|line| line == "#[test]")
}

/// Whether it is part of a test that is a program of its own.
fn is_called_by_main(source: &str, name: &str) -> bool {
    let main = source.split_once("\nfn main() {\n").and_then(|(_, rest)| rest.split_once("\n}\n"));
    main.is_some_and(|(body, _)| body.contains(&format!("::{name}();")))
}

#[test]
fn every_test_that_the_document_names_exists() {
    let text = document();
    let named = named_tests(&text);
    assert!(named.len() >= 60, "only {} tests are named", named.len());
    for (file, test) in named {
        let source = fs::read_to_string(root().join("tests/tests").join(file).with_extension("rs"));
        let source = source.unwrap_or_else(|error| panic!("{file}: {error}"));
        assert!(is_test(&source, test) || is_called_by_main(&source, test), "{file}.rs has no test {test}");
    }
}

#[test]
fn every_promise_names_a_test_and_every_case_has_a_table() {
    let text = document();
    let promises = text.split("## What it promises").nth(1).expect("the section is there");
    let promises = promises.split("\n## ").next().expect("it has text");
    let is_promise = |line: &&str| {
        line.starts_with("| ") && !["| promise ", "| --- "].iter().any(|head| line.starts_with(head))
    };
    let rows: Vec<&str> = promises.lines().filter(is_promise).collect();
    assert!(rows.len() >= 50, "only {} promises", rows.len());
    for row in rows {
        assert!(!named_tests(row).is_empty(), "no test: {row}");
    }
    for case in &CASES {
        assert!(text.contains(&format!("### {}\n\n{}", case.title, case.setting)), "{}", case.name);
    }
}
