//! How deep tokens are nested. The parser and the expansion follow types into their depth by recursion, and the compiler's
//! stack, unlike its memory, is soon used up.

use std::mem;

use proc_macro2::{Delimiter, TokenStream, TokenTree};

use crate::diagnostics::Faults;

/// Far more than any type that a person reads, and far less than what fills a stack.
const MOST: usize = 64;

/// Whether a list of options can be read.
pub(super) fn check(tokens: &TokenStream, faults: &mut Faults) -> bool {
    let too_deep = find(tokens, 0);
    if let Some(token) = &too_deep {
        let message = format!("types are nested more than {MOST} deep here, which is too much for the macro");
        faults.add(token, message, "give a part of it a name, as in `type Part = …;`");
    }
    too_deep.is_none()
}

/// The same for an item, of whose functions the bodies are not read.
pub(super) fn check_item(item: &TokenStream, faults: &mut Faults) -> bool {
    let is_sound = check(&without_bodies(item), faults);
    match item.clone().into_iter().last() {
        Some(TokenTree::Group(block)) if is_sound => check(&without_bodies(&block.stream()), faults),
        _ => is_sound,
    }
}

/// Without what stands in braces, unless it is the value of a constant.
fn without_bodies(tokens: &TokenStream) -> TokenStream {
    let mut is_value = false;
    let is_kept = |token: &TokenTree| {
        let is_body = matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace);
        let is_equals = matches!(token, TokenTree::Punct(punct) if punct.as_char() == '=');
        let was_value = mem::replace(&mut is_value, is_equals);
        was_value || !is_body
    };
    tokens.clone().into_iter().filter(is_kept).collect()
}

/// The first token that is too deep, within tokens that are `outside` deep already. Every bracket is one deeper, and so is
/// whatever stands before a type; the latter until the next comma.
fn find(tokens: &TokenStream, outside: usize) -> Option<TokenTree> {
    let (mut angles, mut prefixes) = (0_usize, 0_usize);
    let mut last = ' ';
    for token in tokens.clone() {
        let punct = if let TokenTree::Punct(punct) = &token { punct.as_char() } else { ' ' };
        match punct {
            '<' => angles += 1,
            '>' if last != '-' => angles = angles.saturating_sub(1),
            '&' | '*' | '-' | '!' => prefixes += 1,
            ',' | ';' => prefixes = 0,
            _ => {}
        }
        last = punct;
        let depth = outside + angles + prefixes;
        if depth > MOST {
            return Some(token);
        }
        let TokenTree::Group(group) = &token else { continue };
        if let Some(found) = find(&group.stream(), depth + 1) {
            return Some(found);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{MOST, check, check_item};
    use crate::diagnostics::Faults;
    use proc_macro2::TokenStream;
    use std::thread;

    fn nested(open: &str, close: &str, depth: usize) -> String {
        format!("{}u8{}", open.repeat(depth), close.repeat(depth))
    }

    fn lexed(text: &str) -> TokenStream {
        text.parse().expect("these are tokens")
    }

    #[test]
    fn what_is_nested_too_deep_is_blamed_and_not_read() {
        for (open, close) in [("(", ")"), ("Option<", ">"), ("&", ""), ("fn() -> ", ""), ("[&(", "; 3)]")] {
            let read = |depth| check(&lexed(&nested(open, close, depth)), &mut Faults::default());
            assert!(read(MOST / 4), "{open}");
            assert!(!read(MOST + 1), "{open}");
        }
        let wide = vec!["&'a Option<u8>"; 1_000].join(", ");
        assert!(check(&lexed(&wide), &mut Faults::default()));
    }

    #[test]
    fn bodies_are_as_deep_as_they_like() {
        let body = nested("(", ")", 300);
        let item = lexed(&format!("impl A {{ fn producer_work(item: u8) -> u8 {{ {body} }} }}"));
        assert!(check_item(&item, &mut Faults::default()));
    }

    fn expand_nested(open: &str, close: &str, depth: usize) {
        let ty = nested(open, close, depth);
        let options = lexed(&format!("config = {ty}"));
        let item = lexed(&format!("impl A {{ fn producer_work(item: {ty}) -> Vec<{ty}> {{ }} }}"));
        let is_refused = crate::expand(options, item).to_string().contains("compile_error");
        // A reference without a lifetime is refused at any depth.
        assert_eq!(is_refused, depth > MOST || open == "&", "{open} {depth}");
        let constant = lexed(&format!("impl A {{ const N: {ty} = {{ {ty} }}; }}"));
        crate::expand(TokenStream::new(), constant);
    }

    #[test]
    fn no_depth_overflows_a_stack_like_the_compilers() {
        let everything = || {
            for (open, close) in [("(", ")"), ("Option<", ">"), ("&", ""), ("fn() -> ", ""), ("[", "; 3]")] {
                for depth in [30, 60, 500, 5_000] {
                    expand_nested(open, close, depth);
                }
            }
        };
        let compiler = thread::Builder::new().stack_size(8 * 1024 * 1024);
        compiler.spawn(everything).expect("a thread can be started").join().expect("no depth panics");
    }
}
