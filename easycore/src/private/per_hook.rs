//! What bears the name of a hook in a message: the type by which it takes the config, and what it may fail with.

macro_rules! hook {
    ($hook:ident, $config:literal, $failure:literal) => {
        /// What bears the name of the hook in a message.
        pub mod $hook {
            use crate::HookError;

            /// The type by which the hook takes the config.
            #[diagnostic::on_unimplemented(message = $config, label = "write `&{C}`")]
            pub trait TakesConfig<'c, C> {
                fn take(config: &'c C) -> Self;
            }

            #[diagnostic::do_not_recommend]
            impl<'c, C> TakesConfig<'c, C> for &'c C {
                #[inline]
                fn take(config: &'c C) -> Self {
                    config
                }
            }

            /// What the hook may fail with.
            #[diagnostic::on_unimplemented(
                message = $failure,
                label = "not an error",
                note = "an error implements `std::error::Error`, or is a `String` or a `Box<dyn Error + Send + Sync>`"
            )]
            pub trait Failure {
                fn into_error(self) -> HookError;
            }

            #[diagnostic::do_not_recommend]
            impl<E: Into<HookError>> Failure for E {
                fn into_error(self) -> HookError {
                    self.into()
                }
            }
        }
    };
}

hook!(
    producer_init,
    "`producer_init` takes `{Self}`, but the config is `&{C}`",
    "`producer_init` fails with `{Self}`, which is not an error"
);
hook!(
    producer_work,
    "`producer_work` takes `{Self}`, but the config is `&{C}`",
    "`producer_work` fails with `{Self}`, which is not an error"
);
hook!(
    producer_end,
    "`producer_end` takes `{Self}`, but the config is `&{C}`",
    "`producer_end` fails with `{Self}`, which is not an error"
);
hook!(
    consumer_init,
    "`consumer_init` takes `{Self}`, but the config is `&{C}`",
    "`consumer_init` fails with `{Self}`, which is not an error"
);
hook!(
    consumer_work,
    "`consumer_work` takes `{Self}`, but the config is `&{C}`",
    "`consumer_work` fails with `{Self}`, which is not an error"
);
hook!(
    consumer_merge,
    "`consumer_merge` takes `{Self}`, but the config is `&{C}`",
    "`consumer_merge` fails with `{Self}`, which is not an error"
);
hook!(
    consumer_end,
    "`consumer_end` takes `{Self}`, but the config is `&{C}`",
    "`consumer_end` fails with `{Self}`, which is not an error"
);
