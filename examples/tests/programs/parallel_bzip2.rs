//! Real files, compressed and restored; and files that bzip2 did not write, or not to the end.

use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Stdio};

use bzip2::Compression;
use bzip2::read::{BzEncoder, MultiBzDecoder};

use super::{assert_fails, run, scratch, scratch_file, scratch_folder, stdout_of};

/// More than a block of the highest level, and more than a piece of a compressed file even if it gets no smaller.
const LENGTH: usize = 1_300_000;

/// Files of this package one after the other: text, and photographs, which do not get smaller.
fn real_data() -> Vec<u8> {
    let mut data = Vec::new();
    append_files(Path::new(env!("CARGO_MANIFEST_DIR")), &mut data);
    assert!(data.len() > LENGTH, "the package has large files, too");
    // From the end, where there are photographs and text.
    data.split_off(data.len() - LENGTH)
}

fn append_files(folder: &Path, data: &mut Vec<u8>) {
    let entries = fs::read_dir(folder).expect("the package can be read");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("the package can be read").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            append_files(&path, data);
        } else {
            data.extend(fs::read(&path).expect("the package can be read"));
        }
    }
}

/// One stream, as plain bzip2 writes it.
fn single_stream(data: &[u8], level: u32) -> Vec<u8> {
    let mut stream = Vec::new();
    BzEncoder::new(data, Compression::new(level)).read_to_end(&mut stream).expect("memory can be read");
    stream
}

/// What the program restores from `compressed`.
#[track_caller]
fn restored(name: &str, compressed: impl AsRef<[u8]>, workers: &str) -> Vec<u8> {
    let input = scratch_file(&format!("{name}.bz2"), compressed);
    let out = scratch(&format!("{name}.restored"));
    stdout_of("parallel_bzip2", &["decompress", &input, &out, "--workers", workers]);
    fs::read(out).expect("it was written")
}

/// Checks with the `bzip2` program, where there is one, that `file` holds `data`.
#[track_caller]
fn assert_bzip2_restores(file: &str, data: &[u8]) {
    match Command::new("bzip2").args(["-dc", file]).stderr(Stdio::inherit()).output() {
        Ok(output) => {
            assert!(output.status.success(), "bzip2 rejects {file}");
            assert!(output.stdout == data, "bzip2 restores something else from {file}");
            let test = Command::new("bzip2").args(["-t", file]).output().expect("it has just run");
            assert!(test.status.success() && test.stderr.is_empty(), "{test:?}");
        }
        Err(error) => eprintln!("not checked with bzip2: {error}"),
    }
}

/// A compressed file that must be refused in one line that names it and holds `part`, and leave nothing behind.
#[track_caller]
fn assert_refused(name: &str, compressed: &[u8], part: &str) {
    let folder = scratch_folder(name);
    let input = scratch_file(&format!("{name}/in.bz2"), compressed);
    let out = format!("{folder}/out");
    for workers in ["1", "3"] {
        assert_fails("parallel_bzip2", &["decompress", &input, &out, "--workers", workers], &[&input, part]);
        let left = fs::read_dir(&folder).expect("the folder is there").count();
        assert_eq!(left, 1, "there is more in {folder} than the compressed file");
    }
}

#[test]
fn real_files_come_back_as_they_were_and_bzip2_can_read_them() {
    let data = real_data();
    let input = scratch_file("bzip2-real", &data);
    for (level, numbers_of_workers) in [("1", &["1", "2", "3"][..]), ("9", &["2"])] {
        let mut files = Vec::new();
        for workers in numbers_of_workers {
            let out = scratch(&format!("bzip2-real-{level}-{workers}.bz2"));
            let args = ["compress", &input, &out, "--level", level, "--workers", workers];
            let output = stdout_of("parallel_bzip2", &args);
            assert!(output.contains("items/s"), "{output}");
            files.push(fs::read(&out).expect("it was written"));
        }
        assert!(files.iter().all(|file| *file == files[0]), "the workers left their mark");
        assert!(files[0].len() < data.len());
        let mut decoded = Vec::new();
        MultiBzDecoder::new(&files[0][..]).read_to_end(&mut decoded).expect("the file is sound");
        assert!(decoded == data);
        assert_bzip2_restores(&scratch_file("bzip2-real.bz2", &files[0]), &data);
        for workers in numbers_of_workers {
            assert!(restored(&format!("bzip2-real-{level}"), &files[0], workers) == data);
        }
    }
}

#[test]
fn tiny_and_empty_files_come_back_as_they_were() {
    let one_block = 99_981;
    let block = vec![b'x'; one_block + 1];
    for data in [&b""[..], b"x", b"tiny\n", &block[..one_block], &block] {
        let name = format!("bzip2-tiny-{}", data.len());
        let input = scratch_file(&name, data);
        let out = scratch(&format!("{name}.compressed"));
        stdout_of("parallel_bzip2", &["compress", &input, &out, "--level", "1", "--workers", "2"]);
        assert_bzip2_restores(&out, data);
        assert_eq!(restored(&name, fs::read(&out).expect("it was written"), "2"), data);
    }
}

#[test]
fn files_of_other_bzip2_programs_are_restored() {
    let data = real_data();
    let (part, rest) = data.split_at(150_000);
    let single = single_stream(&data[..400_000], 1);
    assert!(restored("bzip2-single", &single, "2") == data[..400_000]);

    let zeros = vec![0; 6_000_000];
    assert!(restored("bzip2-zeros", single_stream(&zeros, 9), "2") == zeros, "a short stream of much data");

    let long = single_stream(&data, 9);
    assert!(long.len() > 1 << 20, "longer than a piece");
    assert!(restored("bzip2-long", [&long[..], &single].concat(), "2") == [&data, &data[..400_000]].concat());

    let mixed =
        [single_stream(part, 1), single_stream(b"", 3), single_stream(rest, 5), single_stream(b"", 9)];
    assert!(restored("bzip2-mixed", mixed.concat(), "3") == data, "streams of many levels, empty ones too");
}

#[test]
fn a_file_compressed_twice_is_restored_to_what_was_compressed_once() {
    let inner = [single_stream(b"one", 9), single_stream(b"two", 9), single_stream(b"three", 9)].concat();
    let outer = [single_stream(&inner, 9), single_stream(&inner, 9)].concat();
    assert!(restored("bzip2-twice", outer, "2") == inner.repeat(2));
}

/// A stream that bzip2 reads as `"a"`, with `hidden` among its compressed bytes just as it is: bits that choose code
/// tables, of which the format allows more than it needs.
fn stream_that_hides(hidden: &[u8]) -> Vec<u8> {
    const TABLES: u64 = 6;
    const CRC_OF_A: u64 = 0x1993_9b6b;

    let mut bits = Bits::default();
    bits.put(8, b'B'.into()).put(8, b'Z'.into()).put(8, b'h'.into()).put(8, b'1'.into());
    bits.put(48, 0x3141_5926_5359).put(32, CRC_OF_A).put(1, 0).put(24, 0);
    // Only the byte `a`, 0x61, is in use.
    bits.put(16, 1 << (15 - 6)).put(16, 1 << (15 - 1));
    let selectors_at = bits.0.len() + 3 + 15;
    let padding = 8 - selectors_at % 8;
    // Each choice of a table is a row of ones that ends with a zero.
    let chosen: Vec<bool> = std::iter::repeat_n(false, padding)
        .chain(hidden.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1 == 1)))
        .chain([false])
        .collect();
    let choices = chosen.iter().filter(|bit| !**bit).count();
    bits.put(3, TABLES).put(15, choices as u64);
    bits.0.extend(chosen);
    for _ in 0..TABLES {
        // Three codes, each of two bits: `00` repeats `a` once, `10` ends the block.
        bits.put(5, 2).put(3, 0);
    }
    bits.put(2, 0b00).put(2, 0b10);
    bits.put(48, 0x1772_4538_5090).put(32, CRC_OF_A);
    bits.to_bytes()
}

#[derive(Default)]
struct Bits(Vec<bool>);

impl Bits {
    fn put(&mut self, count: u32, value: u64) -> &mut Self {
        self.0.extend((0..count).rev().map(|bit| value >> bit & 1 == 1));
        self
    }

    fn to_bytes(&self) -> Vec<u8> {
        let byte = |bits: &[bool]| {
            bits.iter().enumerate().fold(0, |byte, (index, bit)| byte | u8::from(*bit) << (7 - index))
        };
        self.0.chunks(8).map(byte).collect()
    }
}

#[test]
fn what_only_looks_like_a_stream_is_not_taken_for_one() {
    let header = b"BZh9\x31\x41\x59\x26\x53\x59";
    let empty_stream = single_stream(b"", 9);
    let whole_stream = stream_that_hides(b"");
    let two_streams = [&whole_stream[..], &whole_stream, header].concat();
    for (index, hidden) in [&header[..], &empty_stream, &two_streams].into_iter().enumerate() {
        let tricky = stream_that_hides(hidden);
        assert!(tricky.windows(hidden.len()).any(|bytes| bytes == hidden), "it is there byte for byte");
        let name = format!("bzip2-tricky-{index}");
        assert_bzip2_restores(&scratch_file(&format!("{name}.bz2"), &tricky), b"a");
        assert_eq!(restored(&name, &tricky, "2"), b"a");

        let among_others =
            [&single_stream(b"before ", 9)[..], &tricky, &tricky, &single_stream(b" after", 9)];
        assert_eq!(restored(&name, among_others.concat(), "3"), b"before aa after");
        assert_refused(&name, &tricky[..tricky.len() - 1], "truncated");
    }
}

#[test]
fn a_truncated_file_is_refused_and_nothing_is_written() {
    let data = real_data();
    let one = single_stream(&data[..250_000], 1);
    let several = [one.clone(), one.clone(), one.clone()].concat();
    for (name, file) in [("one", &one), ("several", &several)] {
        for length in [0, 1, 3, 4, 9, 20, file.len() / 2, file.len() - one.len() / 2, file.len() - 1] {
            assert_refused(&format!("bzip2-truncated-{name}-{length}"), &file[..length], "truncated");
        }
    }
}

#[test]
fn a_damaged_file_is_refused_and_nothing_is_written() {
    let data = real_data();
    let one = single_stream(&data[..250_000], 1);
    let several = [one.clone(), one.clone(), one.clone()].concat();
    let damaged = |at: usize| {
        let mut file = several.clone();
        file[at] ^= 0x10;
        file
    };
    let at = |at: usize| format!("bzip2-damaged-{at}");
    for position in [4, 10, one.len() / 2, one.len() - 5, one.len() + 5, several.len() - 3] {
        assert_refused(&at(position), &damaged(position), "damaged near byte ");
    }
    assert_refused(&at(0), &damaged(0), "no bzip2 stream at byte 0");
    let second = format!("no bzip2 stream at byte {}", one.len());
    assert_refused(&at(one.len()), &damaged(one.len()), &second);
    assert_refused("bzip2-garbage", &[&one[..], b"garbage"].concat(), &second);
    assert_refused("bzip2-no-bzip2", &data, "no bzip2 stream at byte 0");
}

#[test]
fn a_failure_leaves_the_earlier_file_alone() {
    let input = scratch_file("bzip2-no-stream", "no stream");
    let out = scratch_file("bzip2-earlier", "earlier");
    assert_fails("parallel_bzip2", &["decompress", &input, &out], &[&input]);
    assert_eq!(fs::read(&out).ok().as_deref(), Some(&b"earlier"[..]));
    stdout_of("parallel_bzip2", &["compress", &input, &out]);
    assert!(fs::read(&out).is_ok_and(|file| file.starts_with(b"BZh9")), "success replaces it");
}

#[test]
fn files_that_cannot_be_read_or_written_are_named() {
    let (missing, out) = (scratch("bzip2-missing"), scratch("bzip2-out"));
    let folder = scratch_folder("bzip2-folder");
    let nowhere = scratch("no_such_folder/bzip2-out");
    let input = scratch_file("bzip2-small", "small");
    for command in ["compress", "decompress"] {
        assert_fails(
            "parallel_bzip2",
            &[command, &missing, &out],
            &["cannot read", &missing, "No such file"],
        );
        assert_fails("parallel_bzip2", &[command, &folder, &out], &["cannot read", &folder]);
        assert_fails("parallel_bzip2", &[command, &input, &nowhere], &["cannot write", &nowhere]);
        assert_fails("parallel_bzip2", &[command, &input, &folder], &["cannot write", &folder]);
        assert_fails("parallel_bzip2", &[command, &input, &out, "--workers", "0"], &["no devices"]);
    }
    assert!(!Path::new(&out).exists());
}

#[test]
fn a_level_that_is_none_is_left_to_clap() {
    for level in ["0", "10", "best"] {
        assert_eq!(
            run("parallel_bzip2", &["compress", "in", "out", "--level", level]).status.code(),
            Some(2)
        );
    }
}
