//! The search that Ctrl-C ends: what it has done by then, and what it says.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};

use super::{PROGRAMS, assert_fails, stdout_of};

fn start(args: &[&str]) -> Child {
    Command::new(&PROGRAMS["ctrl_c"])
        .args(args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the example was built")
}

fn press_ctrl_c(program: &Child) {
    let sent = Command::new("kill").args(["-INT", &program.id().to_string()]).status();
    assert!(sent.expect("`kill` can be run").success());
}

#[track_caller]
fn read_line(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).expect("examples print text");
    line
}

#[test]
fn a_search_with_an_end_needs_no_ctrl_c() {
    let output = stdout_of("ctrl_c", &["--to", "30", "--block", "7", "--workers", "2"]);
    assert_eq!(
        output,
        "16 steps from 7\n19 steps from 9\n20 steps from 18\n111 steps from 27\n30 numbers checked; go on with --from 31\n"
    );
    let rest = stdout_of("ctrl_c", &["--from", "26", "--to", "30"]);
    assert_eq!(rest, "111 steps from 27\n5 numbers checked; go on with --from 31\n");
    assert_fails("ctrl_c", &["--workers", "0"], &["no devices"]);
    assert_fails("ctrl_c", &["--from", "31", "--to", "30"], &["nothing from 31 to 30"]);
}

#[cfg(unix)]
#[test]
fn one_ctrl_c_finishes_what_has_begun() {
    let mut program = start(&["--block", "1000"]);
    let mut stdout = BufReader::new(program.stdout.take().expect("it is a pipe"));
    let mut output = read_line(&mut stdout);
    press_ctrl_c(&program);
    stdout.read_to_string(&mut output).expect("examples print text");
    let ended = program.wait_with_output().expect("it can be waited for");
    assert!(ended.status.success(), "{ended:?}");
    assert!(String::from_utf8_lossy(&ended.stderr).starts_with("finishing what has begun"), "{ended:?}");

    let last = output.lines().last().expect("it says where to go on");
    let checked = last.split_once(' ').expect("there are words").0;
    assert!(checked.ends_with("000"), "whole blocks: {last}");
    let undisturbed = stdout_of("ctrl_c", &["--block", "1000", "--to", checked]);
    assert_eq!(output, undisturbed, "all that was begun has been finished");
}

#[cfg(unix)]
#[test]
fn two_ctrl_c_drop_what_has_begun() {
    let mut program = start(&["--block", "1000000000000000", "--workers", "2", "--verbose"]);
    let mut stderr = BufReader::new(program.stderr.take().expect("it is a pipe"));
    assert!(read_line(&mut stderr).starts_with("checking "));
    press_ctrl_c(&program);
    while !read_line(&mut stderr).starts_with("finishing what has begun") {}
    press_ctrl_c(&program);
    let ended = program.wait_with_output().expect("it can be waited for");
    assert_eq!(ended.status.code(), Some(130), "{ended:?}");
    assert_eq!(String::from_utf8_lossy(&ended.stdout), "0 numbers checked; go on with --from 1\n");
}
