//! What the macro makes of an input, as text. What the compiler makes of the expansion is tested in `ui-tests`.

use std::path::{Path, PathBuf};
use std::{env, fs};

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote};
use syn::Meta;

use crate::hook::{HOOKS, Role};

/// The most lines for which the expansion of the README's first example can still be read in one go.
const MOST_LINES: usize = 150;

/// To write the snapshot anew, run this test with `EASYCORE_BLESS=1`, and read what has changed.
#[test]
fn the_expansion_of_the_readme_example_is_short_and_as_checked_in() {
    let expansion = pretty(expand_file(&fixture("readme_example.rs")));
    let snapshot = fixture("readme_example.expanded.rs");
    if env::var_os("EASYCORE_BLESS").is_some() {
        fs::write(&snapshot, &expansion).expect("the fixtures are writable in a checkout");
    }
    let expected = fs::read_to_string(&snapshot).expect("the snapshot is checked in");
    assert_eq!(expansion, expected, "EASYCORE_BLESS=1 writes {} anew", snapshot.display());
    let lines = expansion.lines().count();
    assert!(lines <= MOST_LINES, "the expansion has {lines} lines, and the runtime should do its work");
}

#[test]
fn the_documentation_has_every_hook_with_its_parameters() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../easycore/src/parallel_runner.md");
    let text = fs::read_to_string(path).expect("the documentation stands in the workspace");
    for hook in &HOOKS {
        let row = text.lines().find(|line| line.starts_with(&format!("| `{}`", hook.name)));
        let row = row.unwrap_or_else(|| panic!("no row for {}", hook.name));
        assert_eq!(row.contains("(required)"), hook.required, "{row}");
        for role in hook.parameters {
            let word = match role {
                Role::Device => "device",
                Role::Config => "cfg: &C",
                Role::StateByMut => "state: &mut ",
                Role::StateByValue => "state: ",
                Role::Into => "into: &mut ",
                Role::From => "from: ",
                Role::Item => "item: ",
                Role::Items => "items: ",
                Role::Output | Role::OneOutput => "output: ",
            };
            assert!(row.contains(word), "{word} in {row}");
        }
    }
}

#[test]
fn the_block_comes_first_and_as_it_was() {
    let block = quote! {
        impl<'a> Longest<'a> {
            fn producer_work(word: &'a str) -> usize { word . len ( ) }
        }
    };
    let expansion = super::expand(quote!(), block.clone()).to_string();
    let (before, _) = expansion.split_once(&block.to_string()).expect("the block is there");
    assert!(!before.contains("struct"), "{expansion}");
}

#[test]
fn bodies_are_not_parsed() {
    let expansion =
        super::expand(quote!(), quote!(impl A { fn producer_work(item: u8) -> u8 { no rust = at all } }));
    assert!(!expansion.to_string().contains("compile_error"), "{expansion}");
}

#[test]
fn all_independent_faults_are_reported_together() {
    let expansion = super::expand(
        quote!(ordered, colour = blue),
        quote! {
            impl A {
                const LIMIT: u8 = 3;
                async fn producer_work(item: &str) -> u8 { 0 }
                fn consumer_end() {}
            }
        },
    );
    assert_eq!(messages(&expansion).len(), 5, "{:#?}", messages(&expansion));
}

#[test]
fn no_input_makes_the_macro_panic() {
    let pieces = [
        quote!(impl A { fn producer_work(item: u8) -> u8 { item } }),
        quote!(
            unsafe impl !Send for A {}
        ),
        quote!(impl [u8] { fn producer_work() }),
        quote!(impl A<'_, u8> where u8: { fn producer_work(self, ...); type B; const C: u8; m!{} }),
        quote!(
            pub(crate) struct A<T>(T);
        ),
        quote!(
            trait A<T> {
                fn producer_work();
            }
        ),
        quote!(
            fn f() {}
        ),
        quote!(
            use a::b;
        ),
        quote!(,),
        quote!({}),
        quote!(),
        quote!(ordered, ordered, config = , crate = 3, pub(in a) pub, batch(max = 3), = 4),
        quote!(config = u8 u8, crate, unordered unordered),
        quote!(batch(max = -1, delay = , max max, 7 = 7, delay), batch = "8", batch[], batch = 0 0),
        quote!(retries, retries = -1, retries(2), retries = 0, retries = x),
    ];
    for options in &pieces {
        for item in &pieces {
            super::expand(options.clone(), item.clone());
        }
    }
}

/// Every way of leaving out some of the tokens, in the attribute as in the item.
#[test]
fn no_broken_input_makes_the_macro_panic() {
    let options =
        quote!(pub, ordered, config = Config, batch(max = 8, delay = "5ms"), retries = 2, crate = a::b);
    let item = quote! {
        impl<'a, T: Send> A<'a, T> where T: Copy {
            fn producer_init(device: &Device, cfg: &Config) -> Result<T, Error> { }
            fn producer_work(state: &mut T, item: &'a str) -> u8 { 0 }
        }
    };
    for position in 0..options.clone().into_iter().count() {
        super::expand(without(&options, position), item.clone());
    }
    for position in 0..item.clone().into_iter().count() {
        super::expand(options.clone(), without(&item, position));
    }
}

fn without(tokens: &TokenStream, position: usize) -> TokenStream {
    tokens.clone().into_iter().enumerate().filter(|(at, _)| *at != position).map(|(_, token)| token).collect()
}

fn messages(expansion: &TokenStream) -> Vec<String> {
    let text = expansion.to_string();
    text.split("compile_error ! {")
        .skip(1)
        .map(|rest| rest.split('}').next().unwrap_or(rest).to_owned())
        .collect()
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/fixtures").join(name)
}

/// Expands a file that holds one block under its attribute.
fn expand_file(path: &Path) -> TokenStream {
    let text = fs::read_to_string(path).expect("the fixture is checked in");
    let mut block: syn::ItemImpl = syn::parse_str(&text).expect("the fixture is an `impl` block");
    let position = block.attrs.iter().position(|attr| attr.path().is_ident("parallel_runner"));
    let attribute = block.attrs.remove(position.expect("the fixture has the attribute"));
    let options = match attribute.meta {
        Meta::List(list) => list.tokens,
        _ => TokenStream::new(),
    };
    super::expand(options, block.into_token_stream())
}

fn pretty(tokens: TokenStream) -> String {
    prettyplease::unparse(&syn::parse2(tokens).expect("the expansion is Rust"))
}
