//! Real photographs, improved; and files that are none.

use std::fs;
use std::path::{Path, PathBuf};

use easycore_examples::photos::{list, shipped_photos};

use super::{assert_fails, run, scratch_file, scratch_folder, stdout_of};

/// A folder of the test's own with the smallest of the shipped photographs.
fn photos_in(name: &str) -> String {
    let folder = scratch_folder(name);
    for photo in SMALL {
        let copied = fs::copy(shipped_photos().join(photo), Path::new(&folder).join(photo));
        copied.expect("scratch files may be written");
    }
    folder
}

const SMALL: [&str; 3] = ["chelsea.png", "clock_motion.png", "rocket.jpg"];

fn shipped() -> Vec<PathBuf> {
    list(&shipped_photos()).expect("photographs are shipped")
}

fn name_of(photo: &Path) -> String {
    photo.file_name().and_then(|name| name.to_str()).expect("shipped photographs have plain names").to_owned()
}

fn names_in(folder: &str) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .expect("the folder is there")
        .map(|entry| name_of(&entry.expect("the folder can be read").path()))
        .collect();
    names.sort();
    names
}

#[test]
fn every_photograph_is_written_in_its_format_and_no_larger_than_asked_for() {
    let out = scratch_folder("photos-written");
    let output =
        stdout_of("photos", &[shipped_photos().to_str().expect("plain names"), &out, "--size", "500"]);
    assert!(output.starts_with("6 photographs are in "), "{output}");
    let mut sizes = Vec::new();
    for photo in shipped() {
        let written = Path::new(&out).join(name_of(&photo));
        let reader = image::ImageReader::open(&written).and_then(image::ImageReader::with_guessed_format);
        let reader = reader.expect("the file is there");
        assert_eq!(reader.format(), image::ImageFormat::from_path(&photo).ok(), "{}", written.display());
        let improved = reader.decode().expect("what was written can be read");
        let original = image::open(&photo).expect("shipped photographs can be read");
        assert_eq!(improved.color(), original.color(), "{}", written.display());
        assert_ne!(improved, original, "{} was left as it was", written.display());
        sizes.push((improved.width(), improved.height()));
    }
    assert_eq!(sizes, [(500, 500), (451, 300), (400, 300), (500, 333), (500, 500), (500, 334)]);
    assert_eq!(names_in(&out).len(), 6, "nothing but the photographs is written");
}

#[test]
fn photographs_do_not_depend_on_the_number_of_workers() {
    let input = photos_in("photos-for-all");
    let outs = ["1", "2", "3"].map(|workers| {
        let out = scratch_folder(&format!("photos-by-{workers}"));
        stdout_of("photos", &[&input, &out, "--size", "64", "--workers", workers]);
        assert_eq!(names_in(&out), SMALL);
        SMALL.map(|name| fs::read(Path::new(&out).join(name)).expect("it was written"))
    });
    assert!(outs.iter().all(|out| *out == outs[0]));
}

#[test]
fn neutral_settings_leave_a_small_photograph_as_it_is() {
    let input = photos_in("photos-neutral");
    let out = scratch_folder("photos-neutral-out");
    stdout_of("photos", &[&input, &out, "--size", "2000", "--contrast", "0", "--sharpen", "0"]);
    let read = |folder: &str| image::open(Path::new(folder).join("chelsea.png")).expect("it can be read");
    assert_eq!(read(&out), read(&input));
}

#[test]
fn a_photograph_that_cannot_be_read_is_an_error_that_names_it() {
    let whole = fs::read(shipped_photos().join("rocket.jpg")).expect("it is shipped");
    let png = fs::read(shipped_photos().join("coffee.png")).expect("it is shipped");
    for (index, broken) in
        [b"no photograph", &b""[..], &whole[..300], &png[..png.len() / 2]].iter().enumerate()
    {
        let input = photos_in(&format!("photos-broken-{index}"));
        let broken = scratch_file(&format!("photos-broken-{index}/broken.jpg"), broken);
        let out = scratch_folder(&format!("photos-broken-{index}-out"));
        assert_fails("photos", &[&input, &out], &["producer_work", "cannot read", &broken]);
    }
}

#[test]
fn as_many_unreadable_photographs_as_allowed_are_left_out_and_listed() {
    let input = photos_in("photos-two-broken");
    let broken = ["a.png", "z.jpeg"].map(|name| scratch_file(&format!("photos-two-broken/{name}"), "broken"));
    let out = scratch_folder("photos-two-broken-out");
    assert_fails("photos", &[&input, &out, "--skip", "1"], &["cannot read"]);

    let output = stdout_of("photos", &[&input, &out, "--skip", "2"]);
    assert!(output.starts_with("3 photographs are in "), "{output}");
    for broken in &broken {
        let listed = output.lines().filter(|line| line.starts_with("skipped: ") && line.contains(broken));
        assert_eq!(listed.count(), 1, "{output}");
    }
    assert_eq!(names_in(&out), SMALL);
}

#[test]
fn what_cannot_be_written_is_never_skipped() {
    let input = photos_in("photos-unwritable");
    let out = scratch_folder("photos-unwritable-out");
    let in_the_way = Path::new(&out).join("rocket.jpg");
    fs::create_dir(&in_the_way).expect("scratch folders may be made");
    let in_the_way = in_the_way.to_str().expect("plain names");
    assert_fails("photos", &[&input, &out, "--skip", "100"], &["cannot write", in_the_way]);
}

#[test]
fn folders_that_cannot_be_used_are_named() {
    let empty = scratch_folder("photos-none");
    let out = scratch_folder("photos-none-out");
    assert_fails("photos", &[&empty, &out], &[&empty, "no .jpg"]);
    assert_fails("photos", &["no_such_folder", &out], &["cannot read no_such_folder", "No such file"]);

    let input = photos_in("photos-over-themselves");
    assert_fails("photos", &[&input, &input], &[&input, "name another folder"]);
    let file = scratch_file("photos-out-is-a-file", "");
    assert_fails("photos", &[&input, &file], &["cannot write", &file]);
}

#[test]
fn numbers_that_make_no_sense_are_left_to_clap() {
    for option in ["--sharpen=-1", "--sharpen=inf", "--contrast=NaN", "--contrast=much", "--size=0"] {
        assert_eq!(run("photos", &[option]).status.code(), Some(2), "{option}");
    }
}
