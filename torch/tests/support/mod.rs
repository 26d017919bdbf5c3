//! Runs the examples of this package as a user does, as programs.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::LazyLock;

use serde_json::Value;

/// Every example with the path of its program, built on first use and never taken from an earlier build as it is.
static PROGRAMS: LazyLock<HashMap<String, PathBuf>> = LazyLock::new(|| {
    let build = Command::new(env!("CARGO"))
        .args(["build", "--package", env!("CARGO_PKG_NAME"), "--features", "tch", "--examples"])
        .args(["--message-format", "json-render-diagnostics"])
        .args(["--profile", if cfg!(debug_assertions) { "dev" } else { "release" }])
        .arg("--target-dir")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join(".."))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(build.status.success(), "{}", String::from_utf8_lossy(&build.stderr));
    String::from_utf8_lossy(&build.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter_map(|message| {
            let program = message["executable"].as_str()?;
            Some((message["target"]["name"].as_str()?.to_owned(), PathBuf::from(program)))
        })
        .collect()
});

/// Runs an example in a folder that is not its repository, with backtraces asked for: none may be shown even so.
pub(crate) fn run(example: &str, args: &[&str]) -> Output {
    Command::new(&PROGRAMS[example])
        .args(args)
        .env("RUST_BACKTRACE", "1")
        // Where tests share the cores, threads of one operation wait for each other longer than they save.
        .env("OMP_NUM_THREADS", "1")
        .current_dir(env!("CARGO_TARGET_TMPDIR"))
        .output()
        .expect("the example was built")
}

/// What an example prints that must succeed and have nothing to complain about.
#[track_caller]
pub(crate) fn stdout_of(example: &str, args: &[&str]) -> String {
    let Output { status, stdout, stderr } = run(example, args);
    let stderr = String::from_utf8_lossy(&stderr);
    assert!(status.success() && stderr.is_empty(), "{example} {args:?}: {status}, {stderr}");
    String::from_utf8(stdout).expect("examples print text")
}

/// An example that must fail as a command line does: exit code 1 and one line on stderr that holds all of `parts`.
#[track_caller]
pub(crate) fn assert_fails(example: &str, args: &[&str], parts: &[&str]) {
    let Output { status, stdout, stderr } = run(example, args);
    let stderr = String::from_utf8_lossy(&stderr);
    assert_eq!(status.code(), Some(1), "{example} {args:?}: {stderr}");
    assert_eq!(stderr.lines().count(), 1, "{example} {args:?}: {stderr}");
    assert!(stderr.starts_with("error: "), "{stderr}");
    for part in parts {
        assert!(stderr.contains(part), "{part:?} is not in: {stderr}");
    }
    assert!(!stderr.contains("frame #"), "a trace of libtorch: {stderr}");
    assert!(stdout.is_empty(), "{example} {args:?} printed {}", String::from_utf8_lossy(&stdout));
}
