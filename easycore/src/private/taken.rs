//! The types by which hooks take what other hooks have made, each judged by a trait that only that type fulfils.

macro_rules! taken_by_mut {
    ($name:ident, $what:literal, $message:literal) => {
        #[doc = $what]
        #[diagnostic::on_unimplemented(message = $message, label = "write `&mut {S}`")]
        pub trait $name<'s, S> {
            fn take(state: &'s mut S) -> Self;
        }

        #[diagnostic::do_not_recommend]
        impl<'s, S> $name<'s, S> for &'s mut S {
            #[inline]
            fn take(state: &'s mut S) -> Self {
                state
            }
        }
    };
}

taken_by_mut!(
    WorkerState,
    "The type by which `producer_work` takes its state.",
    "`producer_work` takes `{Self}`, but `producer_init` returns `{S}`"
);
taken_by_mut!(
    RunState,
    "The type by which `consumer_work` takes its state.",
    "`consumer_work` takes `{Self}`, but `consumer_init` returns `{S}`"
);
taken_by_mut!(
    MergedInto,
    "The type by which `consumer_merge` takes the state that others are merged into.",
    "`consumer_merge` takes `{Self}`, but `consumer_init` returns `{S}`"
);

macro_rules! taken_by_value {
    ($name:ident, $what:literal, $message:literal) => {
        #[doc = $what]
        #[diagnostic::on_unimplemented(message = $message, label = "write `{V}`")]
        pub trait $name<V> {
            fn take(value: V) -> Self;
        }

        #[diagnostic::do_not_recommend]
        impl<V> $name<V> for V {
            #[inline]
            fn take(value: V) -> Self {
                value
            }
        }
    };
}

taken_by_value!(
    LastWorkerState,
    "The type by which `producer_end` takes its state.",
    "`producer_end` takes `{Self}`, but `producer_init` returns `{V}`"
);
taken_by_value!(
    LastRunState,
    "The type by which `consumer_end` takes its state.",
    "`consumer_end` takes `{Self}`, but `consumer_init` returns `{V}`"
);
taken_by_value!(
    MergedFrom,
    "The type by which `consumer_merge` takes the state that is merged into another.",
    "`consumer_merge` takes `{Self}`, but `consumer_init` returns `{V}`"
);
taken_by_value!(
    TakesOutput,
    "The type by which `consumer_work` takes an output.",
    "`consumer_work` takes `{Self}`, but `producer_work` returns `{V}`"
);
taken_by_value!(
    TakesOutputOfBatch,
    "The type by which `consumer_work` takes one of the outputs of a batch.",
    "`consumer_work` takes `{Self}`, but gets the outputs of a batch one by one, each a `{V}`"
);
