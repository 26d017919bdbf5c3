//! What there is to read in an error message of libtorch or candle, which may come with pages of where it arose.

/// What the trace of an exception in C++ begins with, and what candle adds where `RUST_BACKTRACE` is set. In the message of a
/// panic the line break before it is escaped.
const TRACES: [&str; 3] = ["Exception raised from", "frame #0: ", "   0: candle_core::"];

/// Begins the trace of an exception in `TorchScript`, and ends it.
const SCRIPT: &str = "The following operation failed in the TorchScript interpreter.";
const SCRIPT_CAUSE: &str = "RuntimeError: ";

/// The message without traces; any other text as it is.
pub(crate) fn without_traces(message: &str) -> String {
    let trace = TRACES.iter().filter_map(|begin| message.find(begin)).min();
    let text = trace.map_or(message, |at| message[..at].trim_end().trim_end_matches("\\n"));
    let script = text.find(SCRIPT).zip(text.rfind(SCRIPT_CAUSE));
    match script {
        Some((begin, cause)) if begin < cause => {
            format!("{}{}", &text[..begin], text[cause + SCRIPT_CAUSE.len()..].trim_end())
        }
        _ => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::without_traces;

    #[test]
    fn a_message_ends_where_the_trace_begins() {
        let error = "Internal torch error: shapes cannot be multiplied (1x4 and 3x1)\nException raised from meta at /a.cpp:205 (most recent call first):\nframe #0: c10::Error\n";
        assert_eq!(without_traces(error), "Internal torch error: shapes cannot be multiplied (1x4 and 3x1)");
        let panic = r#"called `Result::unwrap()` on an `Err` value: Torch("shapes (1x4 and 3x1)\nException raised from meta at /a.cpp:205\nframe #0")"#;
        assert_eq!(
            without_traces(panic),
            r#"called `Result::unwrap()` on an `Err` value: Torch("shapes (1x4 and 3x1)"#
        );
    }

    #[test]
    fn memory_that_runs_out_has_another_trace() {
        let error = "Internal torch error: can't allocate memory\nframe #0: c10::ThrowEnforceNotMet\n";
        assert_eq!(without_traces(error), "Internal torch error: can't allocate memory");
    }

    #[test]
    fn a_message_of_candle_ends_where_its_backtrace_begins() {
        let error = "shape mismatch in matmul, lhs: [2, 4], rhs: [3, 2]\n   0: candle_core::error::Error::bt\n             at error.rs:260:25\n";
        assert_eq!(without_traces(error), "shape mismatch in matmul, lhs: [2, 4], rhs: [3, 2]");
    }

    #[test]
    fn of_a_script_that_failed_the_cause_is_left() {
        let error = "Internal torch error: The following operation failed in the TorchScript interpreter.\nTraceback of TorchScript (most recent call last):\n  File \"model.py\", line 8, in forward\nRuntimeError: Output size is too small\n";
        assert_eq!(without_traces(error), "Internal torch error: Output size is too small");
    }

    #[test]
    fn any_other_text_is_left_alone() {
        for text in ["", "image is truncated", "RuntimeError: of somebody else"] {
            assert_eq!(without_traces(text), text);
        }
    }
}
