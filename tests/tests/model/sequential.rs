//! What a run must come to, as the loop that a user would write in its place.

use std::ops::{ControlFlow, Range};

use easycore::ErrorKind;

use crate::case::{Case, Consumer, Fate, Policy};

/// What the loop did.
#[derive(Debug, PartialEq)]
pub(crate) struct Story {
    pub(crate) consumed: Vec<usize>,
    pub(crate) skipped: Vec<Range<usize>>,
    pub(crate) end: End,
}

#[derive(Debug, PartialEq, Clone)]
pub(crate) enum End {
    Success,
    Failure {
        kind: ErrorKind,
        items: Range<usize>,
        is_panic: bool,
    },
    /// A panic of the consumer at this item.
    Unwound(usize),
}

/// Takes the items one after the other, on one thread.
pub(crate) fn tell(case: &Case) -> Story {
    let mut story = Story { consumed: vec![], skipped: vec![], end: End::Success };
    // Whatever ends the loop early has said why.
    if run(case, &mut story).is_continue()
        && let Some(first) = story.skipped.first()
        && exceeds_rate(case, story.consumed.len(), &story.skipped)
    {
        let kind = kind_of(case, first.clone());
        story.end = End::Failure { kind, items: 0..0, is_panic: false };
    }
    story
}

/// Whether more than a share has been skipped, if a share can be judged.
pub(crate) fn exceeds_rate(case: &Case, consumed: usize, skipped: &[Range<usize>]) -> bool {
    let skipped: usize = skipped.iter().map(ExactSizeIterator::len).sum();
    let finished = consumed + skipped;
    let Policy::SkipPercent(percent, min_items) = case.policy else { return false };
    finished >= min_items && 100 * skipped > percent * finished
}

/// Of what kind the failure of these items is.
fn kind_of(case: &Case, items: Range<usize>) -> ErrorKind {
    let fate = case.fates.0[items].iter().find(|fate| **fate != Fate::Good);
    if matches!(fate, Some(Fate::ErrItem | Fate::InputPanics)) { ErrorKind::Input } else { ErrorKind::Work }
}

fn run(case: &Case, story: &mut Story) -> ControlFlow<()> {
    let mut batch = 0..0;
    for (index, fate) in case.fates.0.iter().enumerate() {
        let this = index..index + 1;
        match fate {
            Fate::InputPanics if !case.way.splits() => {
                work(case, story, batch)?;
                story.end = End::Failure { kind: ErrorKind::Input, items: this, is_panic: true };
                return ControlFlow::Break(());
            }
            Fate::ErrItem => {
                work(case, story, batch)?;
                fail(case, story, ErrorKind::Input, this, false)?;
                batch = index + 1..index + 1;
            }
            _ => {
                batch.end = index + 1;
                if batch.len() == case.shape.most() {
                    work(case, story, batch)?;
                    batch = index + 1..index + 1;
                }
            }
        }
    }
    work(case, story, batch)
}

/// Works a batch, which fails as a whole, and consumes what comes of it.
fn work(case: &Case, story: &mut Story, batch: Range<usize>) -> ControlFlow<()> {
    let fates = &case.fates.0[batch.clone()];
    match fates.iter().find(|fate| **fate != Fate::Good) {
        Some(Fate::InputPanics) => fail(case, story, ErrorKind::Input, batch, true),
        Some(fate) => fail(case, story, ErrorKind::Work, batch, *fate == Fate::WorkPanics),
        None => batch.into_iter().try_for_each(|item| consume(case, story, item)),
    }
}

fn consume(case: &Case, story: &mut Story, item: usize) -> ControlFlow<()> {
    match case.consumer {
        Consumer::Fails(at) if at == item => {
            let kind = ErrorKind::Consumer;
            story.end = End::Failure { kind, items: item..item + 1, is_panic: false };
            ControlFlow::Break(())
        }
        Consumer::Panics(at) if at == item => {
            story.end = End::Unwound(item);
            ControlFlow::Break(())
        }
        Consumer::Cancels(at) if at == item => {
            story.consumed.push(item);
            story.end = End::Failure { kind: ErrorKind::Cancelled, items: 0..0, is_panic: false };
            ControlFlow::Break(())
        }
        Consumer::Breaks(at) if at == item => {
            story.consumed.push(item);
            ControlFlow::Break(())
        }
        _ => {
            story.consumed.push(item);
            ControlFlow::Continue(())
        }
    }
}

/// Skips items, or ends with them.
fn fail(
    case: &Case,
    story: &mut Story,
    kind: ErrorKind,
    items: Range<usize>,
    is_panic: bool,
) -> ControlFlow<()> {
    let skipped = story.skipped.iter().map(ExactSizeIterator::len).sum::<usize>() + items.len();
    let finished = story.consumed.len() + skipped;
    let is_tolerated = match case.policy {
        Policy::Stop => false,
        Policy::Skip(max) => skipped <= max,
        Policy::SkipPercent(percent, min_items) => {
            finished < min_items || 100 * skipped <= percent * finished
        }
    };
    if is_tolerated {
        story.skipped.push(items);
        return ControlFlow::Continue(());
    }
    story.end = End::Failure { kind, items, is_panic };
    ControlFlow::Break(())
}
