//! The main job: real digits, labelled by a real network, and every way in which a user can get it wrong.

use std::fs;
use std::path::Path;

use easycore_examples::digits::{shipped_data, shipped_weights};

use super::{assert_fails, scratch, scratch_file, stdout_of};

/// The percentage that stands behind `what` in the program's output.
#[track_caller]
fn percentage(output: &str, what: &str) -> f64 {
    let line = output.lines().find_map(|line| line.strip_prefix(what));
    let number = line.and_then(|rest| rest.trim_start_matches(": ").split(' ').next()?.parse().ok());
    number.unwrap_or_else(|| panic!("no {what:?} in: {output}"))
}

fn read(path: impl AsRef<Path>) -> Vec<u8> {
    fs::read(path).expect("the file is there")
}

/// The shipped digits as plain rows.
fn shipped_rows() -> Vec<String> {
    let digits = easycore_examples::digits::Digits::open(&shipped_data()).expect("the file is shipped");
    let rows = digits.map(|digit| {
        let digit = digit.expect("the shipped rows are well-formed");
        let pixels: Vec<String> = digit.pixels.iter().map(u8::to_string).collect();
        format!("{},{}\n", pixels.join(","), digit.label)
    });
    rows.collect()
}

#[test]
fn it_tells_accuracy_speed_and_what_each_worker_did() {
    let output = stdout_of("digits", &["--devices", "cpu,cpu"]);
    assert!(percentage(&output, "accuracy on the held-out digits") >= 97.0, "{output}");
    assert!(percentage(&output, "accuracy on all digits, seen in training or not") >= 99.0, "{output}");
    assert!(output.contains("of 360)") && output.contains("of 1797)"), "{output}");
    assert!(output.contains("1797 consumed") && output.contains("items/s"), "{output}");
    let workers = output.lines().filter(|line| line.split_whitespace().nth(1) == Some("cpu"));
    assert_eq!(workers.count(), 2, "{output}");
}

#[test]
fn labels_are_written_in_input_order_whatever_the_order_and_the_workers() {
    let mut files = Vec::new();
    for order in ["--ordered", "--unordered"] {
        for workers in ["1", "2", "3"] {
            let out = scratch(&format!("labels{order}-{workers}.csv"));
            stdout_of("digits", &[order, "--workers", workers, "--out", &out]);
            files.push(String::from_utf8(read(&out)).expect("labels are text"));
        }
    }
    let rows: Vec<&str> = files[0].lines().collect();
    assert_eq!(rows.len(), 1 + 1_797);
    assert_eq!(rows[..3], ["row,label", "1,0", "2,1"]);
    assert!(rows[1..].iter().enumerate().all(|(index, row)| row.starts_with(&format!("{},", index + 1))));
    assert!(files.iter().all(|file| *file == files[0]), "labels differ between orders or numbers of workers");
}

#[test]
fn plain_and_gzipped_digits_give_the_same_labels() {
    let (plain, gzipped) = (scratch("labels-plain.csv"), scratch("labels-gzipped.csv"));
    let data = scratch_file("plain.csv", shipped_rows().concat());
    let output = stdout_of("digits", &["--data", &data, "--out", &plain]);
    assert!(
        !output.contains("held-out"),
        "which rows are held out is known of the shipped file alone: {output}"
    );
    stdout_of("digits", &["--out", &gzipped]);
    assert_eq!(read(plain), read(gzipped));
}

#[test]
fn no_digits_are_no_error() {
    let data = scratch_file("no_digits.csv", "");
    let output = stdout_of("digits", &["--data", &data]);
    assert!(output.contains("unknown (of none)"), "{output}");
}

#[test]
fn a_device_that_cannot_be_used_is_named() {
    assert_fails("digits", &["--devices", "cuda:0"], &["producer_init failed on cuda:0", "only `cpu`"]);
    assert_fails("digits", &["--devices", "cpu,cuda:1"], &["producer_init failed on cuda:1", "only `cpu`"]);
    assert_fails("digits", &["--devices", "nonsense"], &["\"nonsense\""]);
    assert_fails("digits", &["--devices", ""], &["\"\""]);
    assert_fails("digits", &["--workers", "0"], &["workers_per_device is 0"]);
    assert_fails("digits", &["--workers", "100000"], &["100000 workers"]);
}

#[test]
fn weights_that_cannot_be_used_are_named() {
    let missing = scratch("missing.safetensors");
    assert_fails("digits", &["--weights", &missing], &[&missing, "No such file"]);

    let whole = read(shipped_weights());
    for length in [0, 5, 100, whole.len() / 2, whole.len() - 1] {
        let truncated = scratch_file("truncated.safetensors", &whole[..length]);
        assert_fails("digits", &["--weights", &truncated], &[&truncated]);
    }

    let other = scratch_file("no_weights.safetensors", [&2_u64.to_le_bytes()[..], b"{}"].concat());
    assert_fails("digits", &["--weights", &other], &[&other, "conv1.weight"]);
}

#[test]
fn digits_that_cannot_be_read_are_named() {
    let missing = scratch("missing.csv");
    assert_fails("digits", &["--data", &missing], &[&missing, "No such file"]);

    let whole = read(shipped_data());
    let truncated = scratch_file("truncated.csv.gz", &whole[..whole.len() / 2]);
    assert_fails("digits", &["--data", &truncated], &[&truncated, "row "]);
}

#[test]
fn a_malformed_row_is_named_with_its_file() {
    let rows = shipped_rows();
    let too_short = "1,2,3\n".to_owned();
    let no_number = rows[0].replacen("0,", "zero,", 1);
    let too_dark = rows[0].replacen("0,", "17,", 1);
    let blank = "\n".to_owned();
    for (row, malformed, fault) in [
        (1, &too_short, "expected 65 fields, found 3"),
        (900, &no_number, "field 1 is \"zero\""),
        (1_300, &blank, "expected 65 fields, found 1"),
        (1_797, &too_dark, "field 1 is \"17\""),
    ] {
        let mut rows = rows.clone();
        rows[row - 1].clone_from(malformed);
        let data = scratch_file("malformed.csv", rows.concat());
        for order in ["--ordered", "--unordered"] {
            let row = format!("row {row}:");
            assert_fails("digits", &[order, "--workers", "2", "--data", &data], &[&data, &row, fault]);
        }
    }

    let endless = scratch_file("endless.csv", vec![b'0'; 100_000]);
    assert_fails("digits", &["--data", &endless], &[&endless, "row 1: the row does not end"]);
    let not_text = scratch_file("not_text.csv", [rows[0].as_bytes(), b"\xff\xfe\n"].concat());
    assert_fails("digits", &["--data", &not_text], &[&not_text, "row 2:"]);
}

#[test]
fn labels_that_cannot_be_written_are_an_error_that_names_the_file() {
    let out = scratch("no_such_folder/labels.csv");
    assert_fails("digits", &["--out", &out], &[&out, "No such file"]);
}

#[test]
fn train_digits_writes_weights_that_digits_loads() {
    let weights = scratch("one_epoch.safetensors");
    let output = stdout_of("train_digits", &["--epochs", "1", "--weights", &weights]);
    assert!(percentage(&output, "accuracy on the held-out rows") > 50.0, "{output}");
    let labelled = stdout_of("digits", &["--weights", &weights]);
    assert_eq!(
        percentage(&output, "accuracy on the held-out rows").to_bits(),
        percentage(&labelled, "accuracy on the held-out digits").to_bits(),
    );
}
