//! Each model once more with a kernel that breaks a promise: the model must find it.

use std::env;
use std::process::Command;

/// Where a model's process finds the name of its kernel's fault.
const VARIABLE: &str = "MODEL_FAULT";

macro_rules! faults {
    ($($(#[$doc:meta])* $fault:ident = $test:ident: $model:literal says $words:literal;)+) => {
        /// A promise that a kernel breaks.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(crate) enum Fault {
            $($(#[$doc])* $fault),+
        }

        impl Fault {
            /// The fault that this process was started with.
            pub(crate) fn from_environment() -> Option<Self> {
                let name = env::var(VARIABLE).ok()?;
                $(if name == stringify!($fault) {
                    return Some(Self::$fault);
                })+
                panic!("no fault is called {name}");
            }
        }

        $(
            $(#[$doc])*
            #[test]
            fn $test() {
                assert_found(Fault::$fault, $model, $words);
            }
        )+
    };
}

faults! {
    /// A14: the cookie is not there when `CmRegisterCallbackEx` has returned.
    NoCookie = a_cookie_that_never_comes_is_found:
        "cookie::the_first_callback_finds_the_cookie_or_is_told_that_it_is_not_there_yet"
        says "bug check 0x5255554e";
    /// A14: the cookie is written in two stores.
    CookieInHalves = a_cookie_in_halves_is_found:
        "cookie::the_first_callback_finds_the_cookie_or_is_told_that_it_is_not_there_yet"
        says "NotPublished";
    /// A9: two calls can replace the same context.
    ExchangeInTwoSteps = an_exchange_in_two_steps_is_found:
        "contexts::contexts_are_replaced_while_others_read_them"
        says "values were never dropped";
    /// A7: an operation holds no reference to its key object.
    OperationWithoutReference = an_operation_without_a_reference_is_found:
        "contexts::a_context_lives_until_the_last_operation_on_its_key_has_ended"
        says "Causality violation";
    /// A2, R4: unregistering does not wait for callbacks in flight.
    NoWait = unregistering_without_waiting_is_found:
        "unregister::unregistering_waits_for_callbacks_in_flight"
        says "Causality violation";
    /// A8: contexts are cleaned up before the wait for callbacks in flight.
    CleanupBeforeWait = a_cleanup_before_the_wait_is_found:
        "unregister::unregistering_waits_for_callbacks_in_flight"
        says "values were never dropped";
    /// A2: a call begins after `CmUnRegisterCallback` has returned.
    CallAfterUnregister = a_call_after_unregistering_is_found:
        "unregister::unregistering_waits_for_callbacks_in_flight"
        says "a value is used after its end";
    /// A8: both the close and unregistering name the context.
    CleanupTwice = a_second_cleanup_is_found:
        "unregister::the_close_and_unregistering_clean_up_once"
        says "a value is dropped after its end";
}

/// Runs a model with a wrong kernel in a process of its own, since it fails inside a routine that the
/// kernel calls, which ends the process.
fn assert_found(fault: Fault, model: &str, words: &str) {
    let program = env::current_exe().expect("this test is a program");
    let output = Command::new(program)
        .args([model, "--exact", "--nocapture"])
        .env(VARIABLE, format!("{fault:?}"))
        .env("RUST_BACKTRACE", "0")
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr);
    println!("{said}");
    assert!(!output.status.success(), "{fault:?} was not found");
    assert!(
        said.contains(words),
        "{fault:?} was found by something else"
    );
}
