//! The border to the framework: all `unsafe` of this crate, besides the interfaces themselves.
//!
//! Callbacks come in through interfaces that [`object`] puts together of what a type implements; `driver`, `device` and `queue`
//! are their trampolines, and `closure` has those of single closures: they turn pointers into types, call a safe trait's method,
//! and turn its result into an `HRESULT`. Calls go out through [`framework`]. The framework's promises are F1 to F12 of docs/soundness.md.

pub(crate) mod cancel;
pub(crate) mod change;
pub(crate) mod closure;
pub(crate) mod context;
pub(crate) mod device;
pub(crate) mod driver;
pub(crate) mod framework;
pub(crate) mod interrupt;
pub(crate) mod object;
pub(crate) mod queue;
pub(crate) mod remote;
pub(crate) mod work_item;

use windows_core::{HRESULT, Interface, InterfaceRef};

use crate::raw::Raw;
use crate::{Error, Result};

const E_POINTER: HRESULT = HRESULT(0x8000_4003_u32 as i32);
const E_INVALIDARG: HRESULT = HRESULT(0x8007_0057_u32 as i32);
const E_FAIL: HRESULT = HRESULT(0x8000_4005_u32 as i32);

/// What an error's code is where only a failure may be said: a success in an [`Error`] is `E_FAIL`.
pub(crate) fn failure(error: &Error) -> HRESULT {
    if error.code().is_ok() {
        E_FAIL
    } else {
        error.code()
    }
}

/// A callback's result as the framework wants it.
fn code(result: Result<()>) -> HRESULT {
    match result {
        Ok(()) => HRESULT(0),
        Err(error) => failure(&error),
    }
}

/// A parameter of a callback, for as long as the callback runs.
fn parameter<'a, I: Interface>(pointer: Raw<I>) -> Result<InterfaceRef<'a, I>> {
    // SAFETY: the framework passes valid interfaces of the declared type (F1); the trampolines keep them no longer than they run.
    unsafe { pointer.borrow() }.ok_or_else(|| E_POINTER.into())
}
