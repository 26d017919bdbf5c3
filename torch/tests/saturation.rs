//! That the program works which measures how well a device is kept busy; what it measures is told on a quiet machine.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A folder of this test's own, empty.
fn folder(name: &str) -> Result<PathBuf, Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder)?;
    Ok(folder)
}

fn saturation(arguments: &[&str], folder: &Path) -> Result<String, Box<dyn Error>> {
    let mut program = Command::new(env!("CARGO_BIN_EXE_saturation"));
    let Output { status, stdout, stderr } = program.args(arguments).arg("--out").arg(folder).output()?;
    let (said, complained) = (String::from_utf8(stdout)?, String::from_utf8_lossy(&stderr));
    assert!(status.success(), "{said}\n{complained}");
    Ok(said)
}

/// It ends with an error itself where contenders do not agree on the labels.
#[test]
fn everybody_gives_the_same_labels_and_the_tables_can_be_made_again() -> Result<(), Box<dyn Error>> {
    let folder = folder("saturation")?;
    let readme = folder.join("README.md");
    fs::write(
        &readme,
        "before\n<!-- saturation on cpu: begin -->\nold\n<!-- saturation on cpu: end -->\nafter\n",
    )?;

    let report = saturation(&["--device", "cpu", "--quick", "--rounds", "1"], &folder)?;
    for contender in
        ["loop by hand", "two threads by hand", "runner, 1 worker", "runner, 2 workers", "runner, 4 workers"]
    {
        let rows = report.lines().filter(|line| line.starts_with(&format!("| {contender} |")));
        assert!(rows.count() >= 4, "speed and ratio for each of two jobs: {report}");
    }
    assert!(report.contains("| 4 |"), "the memory of four workers: {report}");
    assert!(report.contains("1 rounds too short to mean anything"), "{report}");
    let text = fs::read_to_string(&readme)?;
    assert!(text.starts_with("before\n") && text.ends_with("after\n") && !text.contains("\nold\n"), "{text}");
    assert!(text.contains(report.trim()), "{text}");

    fs::write(&readme, text.replace("runner", "nobody"))?;
    saturation(&["--show"], &folder)?;
    assert_eq!(fs::read_to_string(&readme)?, text);
    Ok(())
}

#[test]
fn a_case_can_be_measured_without_the_others() -> Result<(), Box<dyn Error>> {
    let report = saturation(&["--device", "cpu", "--quick", "--only", "photos 32"], &folder("only")?)?;
    assert!(
        report.contains("Images must be scaled down") && report.contains("| runner, 1 worker | –"),
        "{report}"
    );
    assert!(!report.contains("Images are ready in memory") && !report.contains("Memory in MiB"), "{report}");
    Ok(())
}

#[test]
fn what_it_cannot_do_is_told_before_anything_is_measured() -> Result<(), Box<dyn Error>> {
    let empty = folder("nothing")?.display().to_string();
    let refused: [(&[&str], i32, &str); 10] = [
        (&[], 2, "--device"),
        (&["--device", "gpu"], 2, "\"gpu\" is not a device"),
        (&["--device", "mps"], 2, "only `cpu` and `cuda:N`"),
        (&["--device", "cuda:113"], 1, "cuda:113"),
        (&["--device", "cpu", "--rounds", "0"], 2, "0 is not in 1.."),
        (&["--device", "cpu", "--check", "--quick"], 2, "cannot be used with"),
        (&["--device", "cpu", "--only", "ready 7"], 1, "no case \"ready 7\" here, but `ready 1`, `ready 32`"),
        (&["--device", "cpu", "--check", "--only", "ready 1"], 2, "cannot be used with"),
        (&["--show", "--out", &empty], 1, "no figures in"),
        (
            &["--device", "cpu", "--quick", "--out", "/dev/null/results"],
            1,
            "cannot write to /dev/null/results",
        ),
    ];
    for (arguments, code, said) in refused {
        let output = Command::new(env!("CARGO_BIN_EXE_saturation")).args(arguments).output()?;
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{arguments:?}: {stderr}");
        let no_gpu = arguments.contains(&"cuda:113") && stderr.contains("no GPU");
        assert!(stderr.contains(said) || no_gpu, "{arguments:?}: {stderr}");
    }
    Ok(())
}

#[test]
fn failures_on_a_device_are_checked_and_nothing_is_broken() -> Result<(), Box<dyn Error>> {
    let said = saturation(&["--device", "cpu", "--check"], &folder("checks")?)?;
    assert_eq!(said.lines().filter(|line| line.starts_with("ok ")).count(), 4, "{said}");
    assert_eq!(
        said.lines().filter(|line| line.starts_with("skipped ")).count(),
        2,
        "for want of a GPU: {said}"
    );
    Ok(())
}
