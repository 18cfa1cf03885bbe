//! The callback: a driver's own type, and what it does in each notification.

use wdm_safe::PoolTag;

use crate::notification::{Cleanup, Post, Pre};
use crate::operation::{after_doc, before_doc, for_each_operation};
use crate::outcome::{PostOutcome, PreOutcome};

/// The class of a notification, as a number (`REG_NOTIFY_CLASS`).
///
/// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ne-wdm-_reg_notify_class>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotifyClass(pub u32);

macro_rules! callback {
    ($(
        $(#[$doc:meta])* $operation:ident $pre:ident $post:ident {
            $info:ident $pre_class:ident $post_class:ident $($rest:tt)*
        }
    )+) => {
        /// A registry callback: context data in `self`, and a method for each operation and phase.
        ///
        /// A method that is not written lets the operation pass and keeps its result, and costs
        /// nothing. Methods run in the thread that does the operation (N1), on any number of
        /// threads at once, at `APC_LEVEL` or below.
        ///
        /// Registry calls that a method makes are seen by the callbacks below this one only (N7).
        ///
        /// In C it is an `EX_CALLBACK_FUNCTION`:
        /// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nc-wdm-ex_callback_function>.
        pub trait RegistryCallback: Sized + Send + Sync + 'static {
            /// What [`Cookie::set_context`](crate::Cookie::set_context) attaches to a key object:
            /// threads share it, and it is dropped on any of them, at `APC_LEVEL` or below.
            type KeyContext: Send + Sync + 'static;

            /// What travels from an operation's pre-notification to its post-notification; it stays
            /// on the thread. [`Infallible`](core::convert::Infallible) for none.
            type CallContext: 'static;

            /// The pool tag under which contexts, and the callback itself, are allocated.
            const POOL_TAG: PoolTag = PoolTag::DEFAULT;

            $(
                #[doc = concat!("Before: [`", stringify!($operation),
                    "`](crate::operation::", stringify!($operation), ").")]
                ///
                #[doc = before_doc!($info $pre_class)]
                /// IRQL: `<= APC_LEVEL`. Unless it is written it [passes](Pre::pass).
                #[inline]
                fn $pre(
                    &self,
                    op: Pre<'_, crate::operation::$operation, Self>,
                ) -> PreOutcome<crate::operation::$operation, Self> {
                    op.pass()
                }

                #[doc = concat!("After: [`", stringify!($operation),
                    "`](crate::operation::", stringify!($operation), ").")]
                ///
                #[doc = after_doc!($post_class)]
                /// IRQL: `<= APC_LEVEL`. Unless it is written it [keeps the result](Post::keep).
                #[inline]
                fn $post(
                    &self,
                    op: Post<'_, crate::operation::$operation, Self>,
                ) -> PostOutcome<crate::operation::$operation, Self> {
                    op.keep()
                }
            )+

            /// The contexts of a key object are about to be dropped (C3).
            ///
            /// Class `RegNtCallbackObjectContextCleanup`, structure
            /// [`REG_CALLBACK_CONTEXT_CLEANUP_INFORMATION`](https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_callback_context_cleanup_information).
            /// IRQL: `<= APC_LEVEL`. Unless it is written it does nothing.
            #[inline]
            fn context_cleanup(&self, op: Cleanup<'_, Self>) {
                let _ = op;
            }

            /// A notification of a class that this crate does not know: a newer Windows sends it.
            /// It passes. IRQL: `<= APC_LEVEL`.
            #[inline]
            fn unknown(&self, class: NotifyClass) {
                let _ = class;
            }
        }
    };
}

for_each_operation!(callback);
