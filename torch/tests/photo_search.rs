//! The example `photo_search` as a user runs it, and the network in it.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use easycore_torch::photos::{Photo, shipped_photos};
use easycore_torch::resnet::{Network, Weights};
use easycore_torch::views::Crop;
use tch::nn::VarStore;
use tch::vision::resnet::resnet18_no_final_layer;
use tch::{Device, Kind, Tensor};

/// Small pictures, so that a program without optimisation takes a second.
const SMALL: [&str; 6] = ["--size", "64", "--views", "10", "--decoders", "1"];

#[track_caller]
fn stdout_of(args: &[&str]) -> String {
    support::stdout_of("photo_search", args)
}

#[track_caller]
fn assert_fails(args: &[&str], parts: &[&str]) {
    support::assert_fails("photo_search", args, parts);
}

fn scratch(name: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    path.to_str().expect("target folders are named in Unicode").to_owned()
}

/// An empty folder for one test.
fn scratch_folder(name: &str) -> PathBuf {
    let path = PathBuf::from(scratch(name));
    if path.exists() {
        fs::remove_dir_all(&path).expect("scratch folders may be removed");
    }
    fs::create_dir_all(&path).expect("scratch folders may be made");
    path
}

/// What stands in the file that `--out` wrote: the photograph, the one that was found, and the similarity.
fn matches(file: &str) -> Vec<(String, String, f64)> {
    let text = fs::read_to_string(file).expect("it was written");
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("part,photo,found,similarity"));
    let matches = lines.enumerate().map(|(index, line)| {
        let fields: Vec<&str> = line.split(',').collect();
        let [part, photo, found, similarity] = fields[..] else { panic!("{line}") };
        assert_eq!(part, index.to_string());
        (photo.to_owned(), found.to_owned(), similarity.parse().expect("it is a number"))
    });
    matches.collect()
}

/// What a run with these options finds.
#[track_caller]
fn found(name: &str, args: &[&str]) -> Vec<(String, String, f64)> {
    let out = scratch(name);
    stdout_of(&[&SMALL[..], args, &["--out", &out]].concat());
    matches(&out)
}

/// Differences in the last digits aside.
#[track_caller]
fn assert_alike(left: &[(String, String, f64)], right: &[(String, String, f64)], tolerance: f64) {
    assert_eq!(left.len(), right.len());
    for (left, right) in left.iter().zip(right) {
        assert_eq!((&left.0, &left.1), (&right.0, &right.1));
        assert!((left.2 - right.2).abs() <= tolerance, "{left:?} {right:?}");
    }
}

#[test]
fn most_parts_find_their_photograph_and_each_stands_in_the_file() {
    let (out, embeddings) = (scratch("found.csv"), scratch("found.npy"));
    let files = ["--out", &out, "--embeddings", &embeddings, "--report"];
    let output = stdout_of(&[&SMALL[..], &files].concat());
    let matches = matches(&out);
    assert_eq!(matches.len(), 60);
    let right = matches.iter().filter(|(photo, found, _)| photo == found).count();
    assert!(right >= 45, "chance alone gives 10: {output}");
    assert!(output.starts_with(&format!("{right} of 60 parts found their photograph")), "{output}");
    assert!(output.contains(" views/s\n") && output.contains("4 consumed"), "{output}");
    assert!(matches.iter().all(|(_, _, similarity)| (-1.0..=1.0).contains(similarity)));
    assert!(matches[..10].iter().any(|other| *other != matches[0]), "parts of one photograph differ");

    let embeddings = Tensor::read_npy(embeddings).expect("it was written");
    assert_eq!((embeddings.size(), embeddings.kind()), (vec![60, 512], Kind::Float));
    assert!(bool::try_from(embeddings.isfinite().all()).expect("it is a truth value"));
}

#[test]
fn neither_workers_nor_batches_change_what_is_found() {
    let alone = found("by-1.csv", &["--devices", "cpu", "--batch", "8"]);
    let three = ["--devices", "cpu", "--workers-per-device", "3", "--decoders", "3", "--batch", "8"];
    assert_alike(&alone, &found("by-3.csv", &three), 0.001);
    assert_alike(&alone, &found("one-by-one.csv", &["--devices", "cpu,cpu", "--batch", "1"]), 0.001);
}

#[test]
fn every_mention_of_a_device_has_its_workers() {
    let workers = ["--devices", "cpu,cpu", "--workers-per-device", "2", "--decoders", "3"];
    let output = stdout_of(&[&SMALL[..], &workers, &["--views", "1", "--report"]].concat());
    let workers = output.lines().filter(|line| line.split_whitespace().nth(1) == Some("cpu"));
    assert_eq!(workers.count(), 4 + 3, "{output}");
}

#[test]
fn crops_stay_within_a_photograph_of_any_shape_and_every_other_is_flipped() {
    for (width, height) in [(1, 1), (1, 900), (900, 1), (640, 480)] {
        let crops: Vec<Crop> = (0..1_000).map(|seed| Crop::random(width, height, seed)).collect();
        for crop in &crops {
            assert!(crop.width > 0 && crop.left + crop.width <= width, "{crop:?}");
            assert!(crop.height > 0 && crop.top + crop.height <= height, "{crop:?}");
        }
        let flipped = crops.iter().filter(|crop| crop.is_flipped).count();
        assert!((400..600).contains(&flipped), "{flipped}");
    }
}

#[test]
fn a_photograph_as_large_as_it_is_keeps_its_pixels() {
    let path = shipped_photos().join("astronaut.png");
    let pixels = image::open(&path).expect("it is shipped").into_rgb8();
    let rows = Tensor::from_slice(pixels.as_raw()).view([512, 512, 3]);
    let whole = Photo::decode(&path).expect("it is shipped").whole(512).expect("there is memory");
    assert_eq!(whole, rows.permute([2, 0, 1]));
}

#[test]
fn another_seed_is_another_search() {
    let similarities = |seed| {
        let found = found(&format!("seed-{seed}.csv"), &["--seed", seed, "--views", "1"]);
        found.into_iter().map(|(_, _, similarity)| similarity).collect::<Vec<f64>>()
    };
    assert_ne!(similarities("1"), similarities("2"));
}

#[test]
fn half_precision_finds_nearly_the_same() {
    let (single, half) = (found("single.csv", &[]), found("half.csv", &["--half"]));
    let same = single.iter().zip(&half).filter(|(single, half)| single.1 == half.1).count();
    assert!(same >= 50, "{same} of 60");
    assert_ne!(single, half, "bfloat16 rounds");
}

#[test]
fn weights_from_a_file_are_those_of_the_file() {
    let file = scratch("weights.safetensors");
    let variables = VarStore::new(Device::Cpu);
    let _layers = resnet18_no_final_layer(&variables.root());
    tch::no_grad(|| variables.trainable_variables().iter_mut().for_each(|weights| drop(weights.fill_(0.01))));
    variables.save(&file).expect("scratch files may be written");
    let network = Network::new(&Weights::File(file.clone().into()), Device::Cpu, false).expect("they fit");
    assert!(network.weights().iter().all(|weights| (weights.max().double_value(&[]) - 0.01).abs() < 1e-6));
    assert_ne!(
        found("filed.csv", &["--weights", &file, "--views", "1"]),
        found("made.csv", &["--views", "1"])
    );
}

#[test]
fn it_is_as_large_as_a_resnet_18_and_the_same_wherever_it_is_made() {
    let threads: Vec<_> = (0..3)
        .map(|_| {
            std::thread::spawn(|| Network::new(&Weights::Seed(3), Device::Cpu, false).expect("it is made"))
        })
        .collect();
    let networks: Vec<Network> =
        threads.into_iter().map(|thread| thread.join().expect("it is made")).collect();
    let weights: usize = networks[0].weights().iter().map(Tensor::numel).sum();
    assert_eq!(weights, 11_176_512, "11,689,512 less the 513,000 of the last layer");
    for other in &networks[1..] {
        assert!(networks[0].weights().iter().zip(other.weights()).all(|(one, other)| *one == other));
    }
    let other = Network::new(&Weights::Seed(4), Device::Cpu, false).expect("it is made");
    assert!(networks[0].weights()[0] != other.weights()[0]);
}

#[test]
fn what_cannot_be_used_is_named() {
    assert_fails(&["--devices", "cuda:113"], &["producer_init", "cuda:113"]);
    assert_fails(&["--devices", "nonsense"], &["\"nonsense\""]);
    assert_fails(&["--photos", "no_such_folder"], &["cannot read no_such_folder", "No such file"]);
    let empty = scratch_folder("no-photos");
    assert_fails(&["--photos", &empty.display().to_string()], &["no-photos", "no .jpg"]);

    let photos = scratch_folder("broken-photo");
    let whole = shipped_photos().join("rocket.jpg");
    fs::copy(&whole, photos.join("rocket.jpg")).expect("scratch files may be written");
    fs::write(photos.join("torn.png"), "no photograph").expect("scratch files may be written");
    let photos = photos.display().to_string();
    assert_fails(&[&SMALL[..], &["--photos", &photos]].concat(), &["cannot read", "torn.png"]);

    for extension in ["safetensors", "pt", "pth", "ot"] {
        let file = scratch(&format!("nothing.{extension}"));
        assert_fails(&["--weights", &file], &["cannot read", &file, "No such file"]);
        let file = scratch(&format!("broken.{extension}"));
        fs::write(&file, "no weights").expect("scratch files may be written");
        assert_fails(&["--weights", &file], &["cannot use", &file]);
    }
    let complaint = |extension| {
        let weights = Weights::File(scratch(&format!("broken.{extension}")).into());
        let error = Network::new(&weights, Device::Cpu, false).expect_err("no weights are in it").to_string();
        error.split_once(&format!(".{extension}")).expect("it names the file").1.to_owned()
    };
    assert_eq!(complaint("pth"), complaint("pt"), "they are read alike");
    assert_ne!(complaint("pth"), complaint("ot"));
    let nowhere = scratch("no_such_folder/out");
    for option in ["--out", "--embeddings"] {
        let args = [&SMALL[..], &["--views", "1", option, &nowhere]].concat();
        assert_fails(&args, &["cannot write", &nowhere]);
    }
}

#[test]
fn numbers_that_make_no_sense_are_left_to_clap() {
    for option in [
        "--batch=0",
        "--views=0",
        "--decoders=0",
        "--workers-per-device=0",
        "--size=0",
        "--size=5000",
        "--seed=-1",
    ] {
        assert_eq!(support::run("photo_search", &[option]).status.code(), Some(2), "{option}");
    }
}
