//! What the tests share that inject faults by the thousand.

use std::any::Any;
use std::panic;
use std::sync::Once;
use std::thread;
use std::time::Duration;

use easycore::Options;

/// How the text of an injected fault begins.
pub const INJECTED: &str = "injected";

/// The options that every runner starts from into which faults are injected: a device may break as often as it likes.
#[must_use]
pub fn options() -> Options {
    Options::new().restarts(usize::MAX, Duration::from_hours(1))
}

/// Keeps injected panics, of which there are thousands, from being printed. A panic is known for one by its text, or by a
/// payload that is of `type T`.
pub fn silence_injected_panics<T: Any>() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let print = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            let text = info.payload_as_str().unwrap_or_default();
            if !text.starts_with(INJECTED) && !info.payload().is::<T>() {
                print(info);
            }
        }));
    });
}

/// Gives up the core so many times, at every third item, so that chunks overlap which take no time otherwise.
pub fn linger(item: usize, times: usize) {
    if item.is_multiple_of(3) {
        (0..times).for_each(|_| thread::yield_now());
    }
}
