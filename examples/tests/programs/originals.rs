//! The small examples: the ones of Python's easycore, and the runner without the macro.

use super::{assert_fails, run, scratch, scratch_file, stdout_of};

#[test]
fn sum_of_squares_prints_the_sum() {
    assert_eq!(stdout_of("sum_of_squares", &[]), "328350\n");
}

#[test]
fn hand_written_prints_the_same_as_sum_of_squares() {
    assert_eq!(stdout_of("hand_written", &[]), "328350\n");
}

#[test]
fn predictor_agrees_with_a_plain_loop() {
    assert_eq!(stdout_of("predictor", &[]), "[100, 3]\nthe same as in a plain loop\n");
}

#[test]
fn predictor_batches_agrees_with_one_prediction_for_all() {
    assert_eq!(stdout_of("predictor_batches", &[]), "[100, 3]\nthe same as in one piece\n");
}

#[test]
fn sum_of_powers_takes_its_exponent_from_the_config() {
    assert_eq!(stdout_of("sum_of_powers", &[]), "24502500\n");
}

#[test]
fn yaml_fills_the_config_and_the_command_line_overrides_it() {
    assert_eq!(stdout_of("sum_of_powers_yaml", &[]), "24502500\n");
    assert_eq!(stdout_of("sum_of_powers_yaml", &["--exponent", "2"]), "328350\n");
    assert_eq!(stdout_of("sum_of_powers_yaml", &["--count", "3", "--devices", "cpu,cpu"]), "9\n");
    let config = scratch_file("other.yaml", "devices: [cpu]\nexponent: 1\ncount: 5\n");
    assert_eq!(stdout_of("sum_of_powers_yaml", &["--config", &config]), "10\n");
}

#[test]
fn a_config_that_cannot_be_used_is_an_error_that_names_the_file() {
    let missing = scratch("missing.yaml");
    assert_fails("sum_of_powers_yaml", &["--config", &missing], &[&missing, "No such file"]);
    for (name, yaml) in [
        ("half.yaml", "devices: [cpu\n"),
        ("no_exponent.yaml", "devices: [cpu]\ncount: 5\n"),
        ("negative.yaml", "devices: [cpu]\nexponent: -1\ncount: 5\n"),
        ("misspelled.yaml", "devices: [cpu]\nexponent: 1\ncount: 5\nexponnent: 2\n"),
        ("empty.yaml", ""),
    ] {
        let config = scratch_file(name, yaml);
        assert_fails("sum_of_powers_yaml", &["--config", &config], &[&config]);
    }
}

#[test]
fn a_power_that_overflows_is_an_error_that_names_its_item() {
    let args = ["--exponent", "60", "--count", "3"];
    assert_eq!(stdout_of("sum_of_powers_yaml", &args), "1152921504606846977\n");
    let args = ["--exponent", "60", "--count", "4"];
    assert_fails("sum_of_powers_yaml", &args, &["producer_work", "item 3", "3 to the power of 60"]);
}

#[test]
fn a_device_list_that_makes_no_sense_is_an_error_that_quotes_it() {
    assert_fails("sum_of_powers_yaml", &["--devices", "cpu,gpu"], &["\"gpu\""]);
}

#[test]
fn an_option_that_is_none_is_left_to_clap() {
    assert_eq!(run("sum_of_powers_yaml", &["--exponent", "two"]).status.code(), Some(2));
}
