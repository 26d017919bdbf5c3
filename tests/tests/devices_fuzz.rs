//! Devices are input: whatever text or count is passed for them, reading it never panics, and a refusal is one line that
//! quotes the text and tells what is accepted.

use easycore::{Device, Devices, Error, ErrorKind, IntoDevices};
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::FileFailurePersistence;

const MOST: usize = 1_024;

/// Words that devices are made of, and what is easily taken for one.
const WORDS: [&str; 17] = [
    "cpu",
    "cuda",
    "cuda:0",
    "cuda:1",
    "mps",
    "cuda:",
    "cuda:18446744073709551615",
    "cuda:18446744073709551616",
    "cuda:99999999999999999999999",
    "cuda:-1",
    "cuda:+1",
    "cuda:0x1",
    "cuda:٣",
    "CPU",
    "gpu",
    "cpu*1200000",
    "",
];

const SPACES: [&str; 8] = ["", " ", "\t", "\n", "\r\n", "\u{a0}", "\u{2028}", "\u{3000}"];

fn config() -> ProptestConfig {
    ProptestConfig {
        cases: 1_000,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    }
}

/// The grammar once more, as the documentation has it.
fn is_device(text: &str) -> bool {
    match text.trim() {
        "cpu" | "cuda" | "mps" => true,
        other => other.strip_prefix("cuda:").is_some_and(|index| {
            !index.is_empty() && index.chars().all(|digit| digit.is_ascii_digit()) && fits(index)
        }),
    }
}

fn fits(digits: &str) -> bool {
    let digits = digits.trim_start_matches('0');
    let most = usize::MAX.to_string();
    digits.len() < most.len() || (digits.len() == most.len() && digits <= most.as_str())
}

fn assert_one_line(error: &Error) -> String {
    assert_eq!(error.kind(), ErrorKind::Devices);
    let line = error.to_string();
    let breaks = |letter: char| letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}');
    assert!(!line.contains(breaks), "{line:?}");
    line
}

/// Every form that takes a text judges it alike, and rightly.
fn assert_read_rightly(text: &str) {
    let lists = [text.into_devices(), text.to_owned().into_devices(), text.parse::<Devices>()];
    let names: Vec<&str> = text.split(',').collect();
    for list in lists {
        match list {
            Ok(devices) => {
                assert!(names.len() <= MOST && names.iter().all(|name| is_device(name)), "{text:?}");
                assert_eq!(devices.as_slice().len(), names.len());
                let written: Vec<String> = devices.as_slice().iter().map(ToString::to_string).collect();
                assert_eq!(written.join(", ").parse::<Devices>().expect("what was written"), devices);
            }
            Err(error) if names.len() > MOST => {
                let line = assert_one_line(&error);
                assert!(line.contains(&names.len().to_string()) && line.contains("1024"), "{line}");
            }
            Err(error) => {
                assert!(!names.iter().all(|name| is_device(name)), "{text:?} is refused: {error}");
                assert_refusal_of(text, &error);
            }
        }
    }
    match ([text].into_devices(), text.parse::<Device>()) {
        (Ok(devices), Ok(device)) => {
            assert!(is_device(text), "{text:?}");
            assert_eq!(devices.as_slice(), std::slice::from_ref(&device));
            assert_eq!(device.to_string().parse::<Device>().expect("what was written"), device);
        }
        (Err(listed), Err(single)) => {
            assert!(!is_device(text), "{text:?} is refused: {single}");
            assert_refusal_of(text, &listed);
            assert_refusal_of(text, &single);
        }
        (listed, single) => panic!("{text:?} is {single:?}, but in a list {listed:?}"),
    }
}

fn assert_refusal_of(text: &str, error: &Error) {
    let line = assert_one_line(error);
    assert!(line.contains(&format!("{text:?}")), "{text:?} is not quoted: {line}");
    for accepted in ["`cpu`", "`cuda`", "`cuda:N`", "`mps`"] {
        assert!(line.contains(accepted), "{accepted} is not offered: {line}");
    }
}

fn word() -> impl Strategy<Value = String> {
    let spaced = (prop::sample::select(&SPACES[..]), prop::sample::select(&WORDS[..]), any::<Index>());
    spaced.prop_map(|(before, word, after)| format!("{before}{word}{}", after.get(&SPACES)))
}

/// A valid list with some of its characters deleted, doubled, exchanged or replaced.
fn near_miss() -> impl Strategy<Value = String> {
    let valid = prop::collection::vec(prop::sample::select(&WORDS[..5]), 1..4);
    let edit = (0..4_u8, any::<Index>(), any::<Index>(), any::<char>());
    (valid, prop::collection::vec(edit, 1..4)).prop_map(|(words, edits)| {
        let mut letters: Vec<char> = words.join(", ").chars().collect();
        for (kind, at, with, letter) in edits {
            if letters.is_empty() {
                break;
            }
            let (at, with) = (at.index(letters.len()), with.index(letters.len()));
            match kind {
                0 => drop(letters.remove(at)),
                1 => letters.insert(at, letters[with]),
                2 => letters.swap(at, with),
                _ => letters[at] = letter,
            }
        }
        letters.into_iter().collect()
    })
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_text_is_read_or_refused_with_the_whole_of_it(text in any::<String>()) {
        assert_read_rightly(&text);
    }

    #[test]
    fn a_text_that_is_nearly_a_device_is_read_or_refused(text in near_miss()) {
        assert_read_rightly(&text);
    }

    #[test]
    fn lists_of_words_and_odd_spaces_are_read_or_refused(words in prop::collection::vec(word(), 1..6)) {
        assert_read_rightly(&words.join(","));
    }

    #[test]
    fn any_number_of_a_gpu_is_read_or_refused(digits in "[0-9]{0,24}") {
        assert_read_rightly(&format!("cuda:{digits}"));
        assert_read_rightly(&format!("cpu,cuda:{digits}"));
        assert_read_rightly(&format!("cpu*{digits}"));
    }

    #[test]
    fn any_device_is_read_as_it_is_written(index: usize) {
        for device in [Device::Cpu, Device::Cuda(index), Device::Mps] {
            prop_assert_eq!(device.to_string().parse::<Device>().expect("a device"), device);
        }
    }

    #[test]
    fn any_count_is_so_many_workers_or_refused(count in prop_oneof![0..2_000_usize, any::<usize>()]) {
        match count.into_devices() {
            Ok(devices) => prop_assert_eq!(devices.as_slice(), vec![Device::Cpu; count]),
            Err(error) => {
                prop_assert!(count == 0 || count > MOST, "{}", error);
                assert_one_line(&error);
            }
        }
    }
}

#[test]
fn the_longest_list_is_read_and_longer_ones_are_refused_however_long() {
    for count in [MOST - 1, MOST, MOST + 1, 100 * MOST] {
        assert_read_rightly(&vec!["cpu"; count].join(","));
        assert_read_rightly(&",".repeat(count));
    }
    assert_read_rightly(&"cuda:0".repeat(100 * MOST));
    assert_read_rightly(&format!("cuda:{}", "0".repeat(100 * MOST)));
}
