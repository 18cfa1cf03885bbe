//! Who takes an exception: the frames are asked from the inside out (`RtlDispatchException`).

use std::cell::Cell;
use std::ptr;

use super::asm;
use super::context::{Context, DispatcherContext, ExceptionRecord, disposition, flags};
use super::error::UnwindError;
use super::images;
use super::info::Purpose;
use super::privileged;
use super::walk::{Frame, Walk};
use crate::machine::{UnhandledException, try_current};

/// Exceptions within the handling of exceptions that are dispatched; more than anybody needs, and
/// less than the stack holds.
const MOST_NESTED: usize = 16;

thread_local! {
    /// The innermost exception or unwinding of this thread in which a handler runs.
    static HANDLING: Cell<*const Handling> = const { Cell::new(ptr::null()) };
}

/// An exception, or an unwinding, in which a handler runs. It lies on the stack of its thread, below
/// the code that it is about.
///
/// # Invariants
/// The pointers are valid as long as the value is in the list.
pub(super) struct Handling {
    /// The registers in the frame from which a walk goes on that leaves the handler: that of the
    /// exception, or the one that is being unwound.
    pub(super) context: *const Context,
    /// In an unwinding, what the frame's handler has done so far.
    dispatcher: *const DispatcherContext,
    /// The one in whose handler this happened.
    pub(super) outer: *const Handling,
}

impl Handling {
    /// Where the handler of the frame goes on.
    pub(super) fn scope_index(&self) -> Option<u32> {
        // SAFETY: null, or valid by the invariant.
        let dispatcher = unsafe { self.dispatcher.as_ref() };
        dispatcher.map(|dispatcher| dispatcher.scope_index)
    }

    /// The innermost on this thread; null if there is none.
    pub(super) fn innermost() -> *const Self {
        HANDLING.get()
    }

    fn depth() -> usize {
        let mut depth = 0;
        let mut next = Self::innermost();
        // SAFETY: null, or valid by the invariant.
        while let Some(handling) = unsafe { next.as_ref() } {
            depth += 1;
            next = handling.outer;
        }
        depth
    }
}

/// Asks the frames of an exception, and goes on where one of them wants; if none takes it, the
/// machine stops.
pub(super) fn dispatch(record: &mut ExceptionRecord, context: &mut Context) -> ! {
    if Handling::depth() >= MOST_NESTED {
        give_up(
            record,
            context,
            Unhandled::Unwind(UnwindError::Nesting(MOST_NESTED)),
        );
    }
    let mut walk = Walk::new(*context, Purpose::Search, Handling::innermost());
    loop {
        let mut frame = match walk.next() {
            Ok(Some(frame)) => frame,
            Ok(None) => give_up(record, context, Unhandled::Nobody),
            Err(error) => give_up(record, context, Unhandled::Unwind(error)),
        };
        match ask(&mut frame, record, context, Purpose::Search, 0) {
            disposition::CONTINUE_SEARCH => {}
            disposition::CONTINUE_EXECUTION if record.flags & flags::NONCONTINUABLE == 0 => {
                // SAFETY: the handler wants it; this frame and those below it hold nothing.
                unsafe { go_on(context) }
            }
            disposition::CONTINUE_EXECUTION => give_up(record, context, Unhandled::Continued),
            other => give_up(record, context, Unhandled::Answer(other)),
        }
    }
}

/// Calls the handler of a frame, if it has one; gives its answer.
pub(super) fn ask(
    frame: &mut Frame,
    record: &mut ExceptionRecord,
    context: *mut Context,
    purpose: Purpose,
    target_ip: u64,
) -> i32 {
    let Some(handler) = frame.handler else {
        return disposition::CONTINUE_SEARCH;
    };
    let base = frame.image.base();
    let mut dispatcher = DispatcherContext {
        control_pc: frame.context.rip,
        image_base: base,
        function: frame.function,
        establisher: frame.establisher,
        target_ip,
        context,
        handler: base + u64::from(handler.routine),
        handler_data: base + u64::from(handler.data),
        history: ptr::null_mut(),
        scope_index: frame.scope_index.unwrap_or(0),
        _fill: 0,
    };
    let routine = dispatcher.handler;
    let dispatcher = &raw mut dispatcher;
    let handling = Handling {
        context: context.cast_const(),
        dispatcher: match purpose {
            Purpose::Search => ptr::null(),
            Purpose::Unwind => dispatcher.cast_const(),
        },
        outer: Handling::innermost(),
    };
    HANDLING.set(&raw const handling);
    // SAFETY: the image names the routine as the handler of a function that is on the stack.
    let answer =
        unsafe { asm::call_handler(routine, record, frame.establisher, context, dispatcher) };
    HANDLING.set(handling.outer);
    answer
}

/// Goes on in driver code.
///
/// # Safety
/// The registers are those of driver code on this thread, above this frame; what lies in between
/// holds nothing that must be dropped.
pub(super) unsafe fn go_on(context: &mut Context) -> ! {
    // What lies below the stack pointer is over.
    let mut innermost = Handling::innermost();
    // SAFETY: null, or valid: what has been left is still in memory.
    while let Some(handling) = unsafe { innermost.as_ref() }
        && (innermost.addr() as u64) < context.rsp()
    {
        innermost = handling.outer;
    }
    HANDLING.set(innermost);
    // SAFETY: as the caller vouches.
    unsafe { asm::resume(context) }
}

/// Why an exception stops the machine.
pub(super) enum Unhandled {
    /// No frame takes it.
    Nobody,
    /// The frames cannot be walked.
    Unwind(UnwindError),
    /// A filter wants to go on where that is impossible.
    Continued,
    /// A handler gave an answer that does not exist.
    Answer(i32),
    /// An unwinding to a frame that is not there.
    Target(u64),
}

/// Stops the machine over an exception.
pub(super) fn give_up(record: &ExceptionRecord, context: &Context, why: Unhandled) -> ! {
    let place = place(context);
    let what = describe(record);
    let why = match why {
        Unhandled::Nobody => "no handler of the driver takes it".to_owned(),
        Unhandled::Unwind(error) => error.to_string(),
        Unhandled::Continued => {
            "a filter wants to continue after an exception that cannot be continued".to_owned()
        }
        Unhandled::Answer(answer) => format!("a handler answered {answer}, which means nothing"),
        Unhandled::Target(frame) => format!("the frame to unwind to, {frame:#x}, is not there"),
    };
    let Some(thread) = try_current() else {
        eprintln!("wdm-sim: {what} at {place}: {why}");
        std::process::abort();
    };
    let address = |place: *const ()| place.addr() as u64;
    thread.unhandled_exception(UnhandledException {
        status: record.code.cast_unsigned(),
        record: address(ptr::from_ref(record).cast()),
        context: address(ptr::from_ref(context).cast()),
        address: record.address,
        reason: format!("{what} at {place}: {why}"),
        place,
    })
}

/// The innermost place in an image.
fn place(context: &Context) -> String {
    let describe = |rip| images::with(rip, |image| image.describe(rip));
    if let Some(place) = describe(context.rip) {
        return place;
    }
    let mut walk = Walk::new(*context, Purpose::Search, Handling::innermost());
    match walk.next() {
        Ok(Some(frame)) => {
            let caller = describe(frame.context.rip).unwrap_or_default();
            format!("{:#x}, called by {caller}", context.rip)
        }
        _ => format!("{:#x}", context.rip),
    }
}

/// An exception in words.
fn describe(record: &ExceptionRecord) -> String {
    const ACCESS_VIOLATION: u32 = 0xC000_0005;
    let code = record.code.cast_unsigned();
    let name = match code {
        ACCESS_VIOLATION => "access violation",
        0xC000_0006 => "in-page error",
        0xC000_001D => "illegal instruction",
        0xC000_008C => "array bounds exceeded",
        0xC000_008E..=0xC000_0093 => "floating-point exception",
        0xC000_0094 => "integer division by zero",
        0xC000_0095 => "integer overflow",
        0xC000_0096 => "privileged instruction",
        0xC000_0420 => "assertion failure",
        0x8000_0002 => "misaligned data",
        0x8000_0003 => "breakpoint",
        0x8000_0004 => "single step",
        _ => "exception",
    };
    match record.parameters {
        [access, address, ..] if code == ACCESS_VIOLATION && record.parameter_count >= 2 => {
            let access = match access {
                0 => "reading",
                1 => "writing",
                _ => "executing",
            };
            format!("{name} (0x{code:08X}) {access} {address:#x}")
        }
        _ if record.code == privileged::PRIVILEGED_INSTRUCTION => {
            format!("{name} {} (0x{code:08X})", privileged::name(record.address))
        }
        _ => format!("{name} (0x{code:08X})"),
    }
}
