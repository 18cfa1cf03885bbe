//! `__C_specific_handler`: the `__try` blocks of C, and of whatever else has a scope table.
//!
//! A function's handler data is a count and that many entries of four RVAs: where the block begins
//! and ends, its filter or termination handler, and where `__except` goes on. An entry without the
//! last is a `__finally`; a filter of 1 is `EXCEPTION_EXECUTE_HANDLER`. Inner blocks come first.

use super::asm;
use super::context::{
    Context, DispatcherContext, ExceptionPointers, ExceptionRecord, disposition, flags,
};
use super::dispatch::{self, Handling, Unhandled};
use super::error::UnwindError;
use super::images::Running;
use super::unwind::{self, Target};

/// The filter that is no function.
const EXECUTE_HANDLER: u32 = 1;

/// A `__try` block, by RVAs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Scope {
    begin: u32,
    end: u32,
    /// Its filter or termination handler.
    routine: u32,
    /// Where its `__except` block begins; 0 if it has a `__finally`.
    target: u32,
}

impl Scope {
    fn holds(&self, rva: u32) -> bool {
        (self.begin..self.end).contains(&rva)
    }

    /// Whether two entries are parts of one block.
    fn is_same_block(&self, other: &Self) -> bool {
        (self.routine, self.target) == (other.routine, other.target)
    }
}

/// The entries of a scope table.
struct Scopes<'a>(&'a [[u8; 16]]);

impl<'a> Scopes<'a> {
    /// Reads the table at an RVA of an image's bytes.
    fn read(layout: &'a [u8], rva: u32) -> Option<Self> {
        let (count, entries) = layout.get(rva as usize..)?.split_first_chunk()?;
        let count = u32::from_le_bytes(*count) as usize;
        Some(Self(entries.as_chunks().0.get(..count)?))
    }

    fn from(&self, index: u32) -> impl Iterator<Item = (u32, Scope)> {
        let rest = self.0.get(index as usize..).unwrap_or_default();
        let words = rest.iter().map(|entry| {
            let word = |at: usize| {
                u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]])
            };
            Scope {
                begin: word(0),
                end: word(4),
                routine: word(8),
                target: word(12),
            }
        });
        (index..).zip(words)
    }
}

/// The handler of functions with `__try` blocks.
///
/// # Safety
/// It is called as a language-specific handler: by the dispatcher, or by another such handler of the
/// same frame.
pub(super) unsafe extern "win64" fn c_specific_handler(
    record: *mut ExceptionRecord,
    establisher: u64,
    context: *mut Context,
    dispatcher: *mut DispatcherContext,
) -> i32 {
    // SAFETY: the dispatcher's, by this function's contract.
    let control = unsafe { (*dispatcher).control_pc };
    // SAFETY: the dispatcher asks about a frame of this thread, in which control is there.
    let image = unsafe { Running::at(control) };
    // SAFETY: as above.
    let data = unsafe { (*dispatcher).handler_data };
    // SAFETY: as above.
    let index = unsafe { (*dispatcher).scope_index };
    let scopes = image.as_ref().and_then(|image| {
        let scopes = Scopes::read(image.layout(), image.rva(data)?)?;
        Some((*image, image.rva(control)?, scopes))
    });
    let Some((image, control, scopes)) = scopes else {
        let error = Unhandled::Unwind(UnwindError::ScopeTable(data));
        // SAFETY: the dispatcher's.
        let record = unsafe { &*record };
        // SAFETY: the dispatcher's.
        dispatch::give_up(record, unsafe { &*context }, error);
    };
    let here = scopes.from(index).filter(|(_, scope)| scope.holds(control));
    // SAFETY: the dispatcher's.
    if unsafe { (*record).flags } & (flags::UNWINDING | flags::EXIT_UNWIND) == 0 {
        // SAFETY: by this function's contract.
        unsafe { search(here, image, record, establisher, context) }
    } else {
        // SAFETY: by this function's contract.
        unsafe { clean_up(here, &scopes, image, record, establisher, dispatcher) }
        disposition::CONTINUE_SEARCH
    }
}

/// Asks the filters around the control's place.
///
/// # Safety
/// As for [`c_specific_handler`].
unsafe fn search(
    scopes: impl Iterator<Item = (u32, Scope)>,
    image: Running,
    record: *mut ExceptionRecord,
    establisher: u64,
    context: *mut Context,
) -> i32 {
    for (_, scope) in scopes.filter(|(_, scope)| scope.target != 0) {
        let mut pointers = ExceptionPointers { record, context };
        let answer = match scope.routine {
            EXECUTE_HANDLER => 1,
            routine => {
                let routine = image.base() + u64::from(routine);
                // SAFETY: the image's scope table names it as a filter of the frame's function.
                unsafe { asm::call_filter(routine, &raw mut pointers, establisher) }
            }
        };
        if answer < 0 {
            return disposition::CONTINUE_EXECUTION;
        }
        if answer > 0 {
            // SAFETY: the dispatcher's.
            let record = unsafe { &mut *record };
            let target = Target {
                frame: establisher,
                ip: image.base() + u64::from(scope.target),
                value: u64::from(record.code.cast_unsigned()),
            };
            // SAFETY: the exception began in driver code, and nothing on the way to it holds what
            // must be dropped.
            unsafe { unwind_handled(record, target) }
        }
    }
    disposition::CONTINUE_SEARCH
}

/// Unwinds from where the exception in hand happened.
///
/// # Safety
/// As for [`unwind::unwind`].
unsafe fn unwind_handled(record: &mut ExceptionRecord, target: Target) -> ! {
    // SAFETY: a handler runs, so there is one, and it lives on the stack of its dispatcher.
    let handling = unsafe { &*Handling::innermost() };
    // SAFETY: as above.
    let start = unsafe { *handling.context };
    // SAFETY: as the caller vouches.
    unsafe { unwind::unwind(start, handling.outer, record, target) }
}

/// Calls the termination handlers around the control's place, up to the target's block.
///
/// # Safety
/// As for [`c_specific_handler`].
unsafe fn clean_up(
    here: impl Iterator<Item = (u32, Scope)>,
    scopes: &Scopes<'_>,
    image: Running,
    record: *mut ExceptionRecord,
    establisher: u64,
    dispatcher: *mut DispatcherContext,
) {
    // SAFETY: the dispatcher's.
    let is_target = unsafe { (*record).flags } & flags::TARGET_UNWIND != 0;
    // SAFETY: the dispatcher's.
    let target = image.rva(unsafe { (*dispatcher).target_ip });
    let target = target.filter(|_| is_target);
    for (index, scope) in here {
        if let Some(target) = target {
            // A jump from an inner block to this one, or its parts: it is not left.
            let stays = |other: &Scope| other.holds(target) && other.is_same_block(&scope);
            if scopes.from(0).any(|(_, other)| stays(&other)) || scope.target == target {
                return;
            }
        }
        if scope.target == 0 {
            // Should it fail, what comes next goes on behind it.
            // SAFETY: the dispatcher's.
            unsafe { (*dispatcher).scope_index = index + 1 };
            let routine = image.base() + u64::from(scope.routine);
            // SAFETY: the image's scope table names it as a termination handler of the function.
            unsafe { asm::call_termination(routine, establisher) };
        }
    }
}
