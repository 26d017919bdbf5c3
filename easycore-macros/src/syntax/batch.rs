//! The option `batch`, in its two forms: `batch = 32` and `batch(max = 32, delay = "5ms")`.

use proc_macro2::{Ident, TokenTree};
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::token::Paren;
use syn::{LitInt, LitStr, Result, parenthesized};

use super::list::{self, Entry, parse_value, skip_to_comma};
use crate::diagnostics::Faults;
use crate::hook::nearest;

const USAGE: &str = r#"batch(max = 32, delay = "5ms")"#;

/// How items are put together for `producer_work`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch {
    pub(crate) max: usize,
    /// How many microseconds the first item waits for the others, if there is a limit.
    pub(crate) delay: Option<u64>,
}

/// Stands for a batch of which only its faults are known.
const SOME_BATCH: Batch = Batch { max: 1, delay: None };

/// What stands behind the word `batch`.
pub(super) fn parse(name: &Ident, input: ParseStream, faults: &mut Faults) -> Result<Batch> {
    if !input.peek(Paren) {
        return Ok(Batch { max: parse_max(name, "batch = 32", input, faults).unwrap_or(1), delay: None });
    }
    let keys;
    parenthesized!(keys in input);
    let before = faults.count();
    let (mut max, mut delay) = (None, None);
    for key in list::parse(keys.parse()?, faults) {
        match key {
            Key::Max(value) => max = Some(value),
            Key::Delay(value) => delay = Some(value),
        }
    }
    match (max, delay) {
        (Some(Some(max)), Some(Some(delay))) => return Ok(Batch { max, delay: Some(delay) }),
        // What is missing may be what is at fault already.
        _ if faults.count() > before => {}
        (Some(Some(max)), _) => faults.add(
            name,
            "option `batch` has no `delay`",
            format!(r#"write `batch = {max}`, or `batch(max = {max}, delay = "5ms")`"#),
        ),
        _ => faults.add(name, "option `batch` has no `max`", format!("write `{USAGE}`")),
    }
    Ok(SOME_BATCH)
}

/// One of what stands in the parentheses; without a value if that is at fault.
enum Key {
    Max(Option<usize>),
    Delay(Option<u64>),
}

impl Entry for Key {
    fn parse(input: ParseStream, faults: &mut Faults) -> Result<Option<Self>> {
        if !input.peek(Ident::peek_any) {
            let token: TokenTree = input.parse()?;
            faults.add(token, "expected `max` or `delay`", format!("write `{USAGE}`"));
            return Ok(None);
        }
        let name = input.call(Ident::parse_any)?;
        Ok(match name.to_string().as_str() {
            "max" => Some(Self::Max(parse_max(&name, "max = 32", input, faults))),
            "delay" => Some(Self::Delay(parse_delay(&name, input, faults))),
            unknown => {
                let help = nearest(unknown, ["max", "delay"])
                    .map_or_else(|| format!("write `{USAGE}`"), |meant| format!("did you mean `{meant}`?"));
                faults.add(&name, format!("option `batch` has no `{unknown}`, only `max` and `delay`"), help);
                skip_to_comma(input)?;
                None
            }
        })
    }

    fn clash(&self, _: &Self, name: &str) -> String {
        format!("`{name}` is given twice")
    }
}

fn parse_max(name: &Ident, usage: &str, input: ParseStream, faults: &mut Faults) -> Option<usize> {
    let literal: LitInt = parse_value(name, "a number of items", usage, input, faults)?;
    match literal.base10_parse() {
        Ok(0) => faults.add(literal, "a batch holds at least one item", format!("write `{usage}`")),
        Ok(max) => return Some(max),
        Err(_) => faults.add(literal, "no batch holds so many items", format!("write `{usage}`")),
    }
    None
}

fn parse_delay(name: &Ident, input: ParseStream, faults: &mut Faults) -> Option<u64> {
    let usage = r#"delay = "5ms""#;
    let literal: LitStr = parse_value(name, "a time in quotes", usage, input, faults)?;
    let text = literal.value();
    let delay = microseconds(&text);
    if delay.is_none() {
        faults.add(
            literal,
            format!("`{text}` is not a whole number of `us`, `ms` or `s`"),
            format!("write `{usage}`"),
        );
    }
    delay
}

/// How many microseconds `200us`, `5ms` or `1s` are.
fn microseconds(text: &str) -> Option<u64> {
    let (number, unit) = text.trim().split_at(text.trim().find(|letter: char| !letter.is_ascii_digit())?);
    let factor = match unit.trim_start() {
        // Two characters look like this one.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1,
        "ms" => 1_000,
        "s" => 1_000_000,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(factor)
}

#[cfg(test)]
mod tests {
    use super::microseconds;

    #[test]
    fn a_delay_is_a_whole_number_and_a_unit() {
        for (text, expected) in [("200us", 200), ("7µs", 7), ("7μs", 7), ("5ms", 5_000), ("2 s", 2_000_000)]
        {
            assert_eq!(microseconds(text), Some(expected), "{text}");
        }
        for text in ["", "5", "ms", "-5ms", "1.5ms", "5 min", "5MS", "5ms later", "99999999999999999999s"] {
            assert_eq!(microseconds(text), None, "{text}");
        }
    }
}
