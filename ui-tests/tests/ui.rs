//! Compiles every fixture of this package, and judges what the compiler says. The rules are in `README.md`.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn every_mistake_has_the_message_that_is_checked_in_and_no_use_compiles_with_a_warning() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("fail/*/*.rs");
    cases.pass("pass/*.rs");
}

#[test]
fn every_mistake_gives_exactly_one_error() {
    let fixtures = fixtures("fail");
    assert!(!fixtures.is_empty());
    for fixture in fixtures {
        let expected = fixture.with_extension("stderr");
        let stderr = fs::read_to_string(&expected).unwrap_or_else(|_| panic!("no {}", expected.display()));
        let first_words: Vec<&str> =
            stderr.lines().filter_map(|line| line.split([' ', ':', '[']).next()).collect();
        let count = |word: &str| first_words.iter().filter(|first| **first == word).count();
        assert_eq!(count("error"), 1, "errors in {}:\n{stderr}", expected.display());
        assert_eq!(count("warning"), 0, "warnings in {}:\n{stderr}", expected.display());
    }
}

#[test]
fn every_expected_message_belongs_to_a_fixture() {
    let fixtures = fixtures("fail");
    for file in files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fail")) {
        if file.extension().is_some_and(|extension| extension == "stderr") {
            assert!(fixtures.contains(&file.with_extension("rs")), "no fixture for {}", file.display());
        }
    }
}

fn fixtures(folder: &str) -> Vec<PathBuf> {
    let mut files = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join(folder));
    files.retain(|file| file.extension().is_some_and(|extension| extension == "rs"));
    files
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap_or_else(|_| panic!("no folder {}", folder.display()));
    let mut found = Vec::new();
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push(path);
        }
    }
    found
}
