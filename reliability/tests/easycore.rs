//! What the tables show in easycore's rows is what easycore promises.

use std::path::Path;

use easycore_reliability::cases::CASES;
use easycore_reliability::cell::in_a_process;
use easycore_reliability::peers::PEERS;

#[test]
fn easycore_keeps_its_promises_in_every_case() {
    let program = Path::new(env!("CARGO_BIN_EXE_easycore-reliability"));
    let own = PEERS.iter().filter(|peer| peer.library == "easycore");
    let cells = own.flat_map(|peer| CASES.iter().map(move |case| (peer, case)));
    let mut seen = 0;
    for (peer, case) in cells {
        let told = in_a_process(program, peer, case).expect("a process can be started");
        assert!(told.is_kept, "{}, {}: {}", peer.name, case.name, told.text);
        seen += 1;
    }
    assert_eq!(seen, 3 * CASES.len());
}

/// A judgement that no peer fails would judge nothing.
#[test]
fn a_pipeline_that_hangs_does_not_pass_for_one_that_keeps_the_promises() {
    let program = Path::new(env!("CARGO_BIN_EXE_easycore-reliability"));
    let by_hand = PEERS.iter().find(|peer| peer.name == "crossbeam, scoped").expect("it takes part");
    let leave = CASES.iter().find(|case| case.name == "leave").expect("it is a case");
    let told = in_a_process(program, by_hand, leave).expect("a process can be started");
    assert!(!told.is_kept && told.text.contains("hangs"), "{}", told.text);
}
