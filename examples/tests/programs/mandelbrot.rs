//! The picture of the Mandelbrot set, and where it may not be written.

use std::fs;
use std::path::Path;

use easycore_examples::mandelbrot::Picture;

use super::{assert_fails, run, scratch, scratch_file, stdout_of};

const SIZE: [&str; 6] = ["--width", "160", "--height", "120", "--iterations", "200"];

#[test]
fn the_picture_is_that_of_a_plain_loop_however_many_workers_render_it() {
    let picture = Picture { width: 160, height: 120, iterations: 200 };
    let expected: Vec<u8> = (0..picture.height).flat_map(|line| picture.line(line)).collect();
    for workers in ["1", "2", "3"] {
        let out = scratch(&format!("mandelbrot-{workers}.png"));
        let output = stdout_of("mandelbrot", &[&SIZE[..], &["--workers", workers, "--out", &out]].concat());
        assert!(output.contains("lines/s") && output.contains("120 consumed"), "{output}");
        let rendered = image::open(&out).expect("a PNG was written");
        assert_eq!((rendered.width(), rendered.height()), (160, 120));
        assert!(rendered.into_rgb8().into_raw() == expected, "{out} differs from a plain loop");
    }
}

#[test]
fn a_picture_of_one_pixel_is_a_picture() {
    let out = scratch("mandelbrot-pixel.png");
    stdout_of("mandelbrot", &["--width", "1", "--height", "1", "--iterations", "0", "--out", &out]);
    assert_eq!(image::image_dimensions(&out).ok(), Some((1, 1)));
}

#[test]
fn a_picture_that_cannot_be_written_is_named() {
    let out = scratch("no_such_folder/mandelbrot.png");
    assert_fails("mandelbrot", &[&SIZE[..], &["--out", &out]].concat(), &[&out, "No such file"]);
    let full = "/dev/full";
    if Path::new(full).exists() {
        assert_fails("mandelbrot", &[&SIZE[..], &["--out", full]].concat(), &["cannot write", full]);
    }
}

#[test]
fn a_failure_leaves_the_earlier_picture_alone() {
    let out = scratch_file("mandelbrot-earlier.png", "earlier");
    assert_fails("mandelbrot", &["--workers", "0", "--out", &out], &["no devices"]);
    assert_eq!(fs::read(&out).ok().as_deref(), Some(&b"earlier"[..]));
}

#[test]
fn a_picture_without_lines_is_left_to_clap() {
    assert_eq!(run("mandelbrot", &["--height", "0"]).status.code(), Some(2));
}
