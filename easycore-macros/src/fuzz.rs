//! Whatever the macro is given, it does not panic, what it makes can be read as Rust, and what it complains of is something
//! that the user wrote.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;

use proc_macro2::{Delimiter, Group, Span, TokenStream, TokenTree};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::test_runner::FileFailurePersistence;

const OPTIONS: [&str; 7] = [
    "",
    "unordered",
    "pub(crate), ordered, config = Config",
    "pub, unordered, crate = a::b, batch = 32",
    r#"batch(max = 8, delay = "5ms"), config = Vec<u8>"#,
    "pub(in a::b), config = (u8, [u8; 4])",
    "unordered, config = <A as B>::C",
];

const ITEMS: [&str; 8] = [
    "impl A { fn producer_work(item: u8) -> u8 { item } }",
    "/// Documented.
    #[allow(dead_code)]
    impl<'a, T: Send + for<'b> Fn(&'b u8), const N: usize> A<'a, T, N> where T: Copy {
        fn producer_init(device: &Device, cfg: &Config) -> Result<T, Error> { Err(Error) }
        fn producer_work(state: &mut T, item: &'a [u8; N]) -> Option<&'a str> { None }
        fn producer_end(cfg: &Config, state: T) {}
    }",
    "impl A {
        fn producer_work(item: String) -> io::Result<(u64, Vec<u8>)> { Ok((0, Vec::new())) }
        fn consumer_init() -> HashMap<u64, Vec<u8>> { HashMap::new() }
        fn consumer_work(map: &mut HashMap<u64, Vec<u8>>, output: (u64, Vec<u8>)) -> ControlFlow<()> { go() }
        fn consumer_merge(into: &mut HashMap<u64, Vec<u8>>, from: HashMap<u64, Vec<u8>>) {}
        fn consumer_end(map: HashMap<u64, Vec<u8>>) -> Result<usize, Error> { Ok(map.len()) }
    }",
    "impl r#type { fn producer_work(r#fn: Self::Item) -> [u8; Self::N + 1] { no rust = at all } }",
    "impl A { #[cfg(x)] pub async unsafe extern \"C\" fn producer_wrok<T>(self, ...) -> impl Fn(&u8) + '_ {} }",
    "impl A { const N: u8 = 3; type B = u8; m! { } fn consumer_end() -> ! { loop {} } }",
    "unsafe impl<T: ?Sized> !Send for A<T> {}",
    "pub(crate) struct A<'a, T: 'a>(&'a T);",
];

/// What a macro is seldom given, each of which can stand for any token.
const PIECES: [&str; 62] = [
    "impl",
    "fn",
    "self",
    "Self",
    "&",
    "mut",
    "'a",
    "'_",
    "'static",
    "Result",
    "r#impl",
    "producer_work",
    "consumer_init",
    "consumer_merge",
    "consumer_wrok",
    "u8",
    ",",
    ";",
    ":",
    "::",
    "<",
    ">",
    "->",
    "=",
    "=>",
    "!",
    "?",
    "...",
    "#",
    "#[cfg(x)]",
    "/** docs */",
    "#[parallel_runner]",
    "#![inner]",
    "()",
    "[]",
    "{}",
    "macro_rules! m { ($a:ty) => { $a } }",
    "m!(a b)",
    "0",
    "18446744073709551616",
    r#""5ms""#,
    "b'x'",
    "1.5e3",
    "async",
    "dyn for<'a> Fn(&'a u8) -> &'a u8",
    "batch",
    "config",
    "übung",
    "pub",
    "in",
    "crate",
    "ordered",
    "max",
    "delay",
    "batch(max = 3, delay = \"1s\")",
    "config =",
    "crate = a::b",
    "pub(crate)",
    "const",
    "where",
    "unsafe",
    "(((((((((u8)))))))))",
];

/// What the compiler would hand to the macro.
struct Input {
    options: TokenStream,
    item: TokenStream,
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#[parallel_runner({})] {}", self.options, self.item)
    }
}

/// A change of one token, wherever it stands.
#[derive(Debug, Clone)]
enum Edit {
    Delete,
    Double,
    Replace(&'static str),
    Insert(&'static str),
    /// Puts it in brackets, or, as a `macro_rules` does, into a group without any.
    Wrap(Delimiter, usize),
    /// Leaves out the brackets around it.
    Open,
}

fn lexed(text: &str) -> TokenStream {
    text.parse().expect("these are tokens")
}

fn count(tokens: &TokenStream) -> usize {
    let inside = |token| if let TokenTree::Group(group) = token { count(&group.stream()) } else { 0 };
    tokens.clone().into_iter().map(|token| 1 + inside(token)).sum()
}

/// Changes the token that `left` others stand before.
fn edited(tokens: TokenStream, left: &mut Option<usize>, edit: &Edit) -> TokenStream {
    let mut changed = TokenStream::new();
    for token in tokens {
        match (*left, token) {
            (Some(0), token) => {
                *left = None;
                changed.extend(edit.apply(token));
            }
            (Some(before), TokenTree::Group(group)) => {
                *left = Some(before - 1);
                let inside = edited(group.stream(), left, edit);
                changed.extend([grouped(group.delimiter(), inside, group.span())]);
            }
            (before, token) => {
                *left = before.map(|before| before - 1);
                changed.extend([token]);
            }
        }
    }
    changed
}

fn grouped(delimiter: Delimiter, inside: TokenStream, span: Span) -> TokenTree {
    let mut group = Group::new(delimiter, inside);
    group.set_span(span);
    group.into()
}

impl Edit {
    fn apply(&self, token: TokenTree) -> TokenStream {
        let span = token.span();
        match (self, token) {
            (Self::Delete, _) => TokenStream::new(),
            (Self::Double, token) => [token.clone(), token].into_iter().collect(),
            (Self::Replace(piece), _) => lexed(piece),
            (Self::Insert(piece), token) => [lexed(piece), token.into()].into_iter().collect(),
            (Self::Wrap(delimiter, depth), token) => {
                (0..*depth).fold(token.into(), |inside, _| grouped(*delimiter, inside, span).into())
            }
            (Self::Open, TokenTree::Group(group)) => group.stream(),
            (Self::Open, token) => token.into(),
        }
    }
}

fn edit() -> impl Strategy<Value = Edit> {
    let delimiters = [Delimiter::Parenthesis, Delimiter::Bracket, Delimiter::Brace, Delimiter::None];
    let wrap = (select(delimiters.to_vec()), 1..4_usize);
    prop_oneof![
        2 => Just(Edit::Delete),
        1 => Just(Edit::Double),
        4 => select(&PIECES[..]).prop_map(Edit::Replace),
        3 => select(&PIECES[..]).prop_map(Edit::Insert),
        2 => wrap.prop_map(|(delimiter, depth)| Edit::Wrap(delimiter, depth)),
        1 => Just(Edit::Open),
    ]
}

fn edits(most: usize) -> impl Strategy<Value = Vec<(Index, Edit)>> {
    prop::collection::vec((any::<Index>(), edit()), 0..=most)
}

fn mutated(text: &str, edits: Vec<(Index, Edit)>) -> TokenStream {
    edits.into_iter().fold(lexed(text), |tokens, (at, edit)| match count(&tokens) {
        0 => edit.apply(lexed("x").into_iter().next().expect("one token")),
        count => edited(tokens, &mut Some(at.index(count)), &edit),
    })
}

/// Something that the macro can do something with, with a few tokens changed.
fn near_miss() -> impl Strategy<Value = Input> {
    let options = (select(&OPTIONS[..]), edits(3));
    let item = (select(&ITEMS[..]), edits(4));
    (options, item).prop_map(|((options, ours), (item, theirs))| Input {
        options: mutated(options, ours),
        item: mutated(item, theirs),
    })
}

/// Any tokens, in any brackets.
fn garbage() -> impl Strategy<Value = TokenStream> {
    let leaf = select(&PIECES[..]).prop_map(lexed);
    leaf.prop_recursive(6, 40, 8, |inner| {
        let delimiters = [Delimiter::Parenthesis, Delimiter::Bracket, Delimiter::Brace, Delimiter::None];
        let row = prop::collection::vec(inner, 0..8);
        (select(delimiters.to_vec()), any::<bool>(), row).prop_map(|(delimiter, open, row)| {
            let row: TokenStream = row.into_iter().collect();
            let span = row.clone().into_iter().next().map_or_else(|| span_of("()"), |token| token.span());
            if open { row } else { grouped(delimiter, row, span).into() }
        })
    })
}

fn span_of(text: &str) -> Span {
    lexed(text).into_iter().next().expect("one token").span()
}

/// Where user tokens begin and end.
#[derive(Default)]
struct Places {
    begins: BTreeSet<usize>,
    ends: BTreeSet<usize>,
}

impl Places {
    fn add(&mut self, tokens: TokenStream) {
        for token in tokens {
            let spans = match &token {
                TokenTree::Group(group) => vec![group.span(), group.span_open(), group.span_close()],
                token => vec![token.span()],
            };
            for Range { start, end } in spans.into_iter().map(|span| span.byte_range()) {
                self.begins.insert(start);
                self.ends.insert(end);
            }
            if let TokenTree::Group(group) = token {
                self.add(group.stream());
            }
        }
    }

    /// Whether an error from `begin` to `end` is about the user's tokens. What has no place of its own is empty.
    fn hold(&self, begin: Span, end: Span) -> bool {
        let (begin, end) = (begin.byte_range(), end.byte_range());
        !begin.is_empty() && self.begins.contains(&begin.start) && self.ends.contains(&end.end)
    }
}

/// From where to where each `compile_error!` points, and what it says.
fn errors(tokens: TokenStream, found: &mut Vec<(Span, Span, String)>) {
    let mut begin = None;
    for token in tokens {
        match token {
            TokenTree::Ident(ident) if ident == "compile_error" => begin = Some(ident.span()),
            TokenTree::Group(group) => match begin.take() {
                Some(begin) => found.push((begin, group.span(), group.stream().to_string())),
                None => errors(group.stream(), found),
            },
            _ => {}
        }
    }
}

fn assert_sound(Input { options, item }: Input) {
    // The attribute always stands on something.
    if item.is_empty() {
        return;
    }
    let mut written = Places::default();
    written.add(options.clone());
    written.add(item.clone());
    let output = crate::expand(options, item.clone());
    // The compiler has read the item as Rust before it calls the macro.
    if syn::parse2::<syn::Item>(item).is_ok()
        && let Err(error) = syn::parse2::<syn::File>(output.clone())
    {
        panic!("the expansion is no Rust: {error}");
    }
    let mut found = Vec::new();
    errors(output, &mut found);
    for (begin, end, message) in found {
        assert!(written.hold(begin, end), "at {begin:?} to {end:?}, where the user wrote nothing: {message}");
    }
}

/// Found by the properties below.
#[test]
fn what_was_once_wrong_stays_right() {
    let work = "fn producer_work(item: u8) -> u8 { item }";
    for (options, item) in [
        ("", format!("impl A {{ {work} # [cfg(x)] pub fn }}")),
        ("", format!("impl Self {{ {work} }}")),
        ("", format!("impl<'a> super::Self<'a> {{ {work} }}")),
        ("crate = a::Self", format!("impl A {{ {work} }}")),
        ("crate = Vec<u8>", format!("impl A {{ {work} }}")),
    ] {
        let (options, item) = (lexed(options), lexed(&item));
        let mut found = Vec::new();
        errors(crate::expand(options.clone(), item.clone()), &mut found);
        assert_eq!(found.len(), 1, "{options} {item}: {found:?}");
        assert_sound(Input { options, item });
    }
}

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        failure_persistence: Some(Box::new(FileFailurePersistence::WithSource("regressions"))),
        ..ProptestConfig::default()
    }
}

proptest! {
    #![proptest_config(config(3_000))]

    #[test]
    fn a_block_with_any_tokens_changed_is_expanded_or_blamed_where_it_is_wrong(input in near_miss()) {
        assert_sound(input);
    }
}

proptest! {
    #![proptest_config(config(1_000))]

    #[test]
    fn any_tokens_are_expanded_or_blamed_where_they_are_wrong(options in garbage(), item in garbage()) {
        assert_sound(Input { options, item });
    }

    #[test]
    fn any_options_of_a_sound_block_are_read_or_blamed(options in garbage()) {
        assert_sound(Input { options, item: lexed(ITEMS[0]) });
    }
}
