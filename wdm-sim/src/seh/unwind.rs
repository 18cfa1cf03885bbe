//! Leaving frames: their termination handlers run, and the thread goes on in the frame that is the
//! target (`RtlUnwindEx`).

use super::context::{Context, DIRECTION_FLAG, ExceptionRecord, Register, disposition, flags};
use super::dispatch::{self, Handling, Unhandled};
use super::info::Purpose;
use super::walk::Walk;

/// `STATUS_UNWIND`: what an unwinding that is no exception's is called.
pub(super) const STATUS_UNWIND: i32 = 0xC000_0027_u32.cast_signed();

/// Where an unwinding leads to.
#[derive(Clone, Copy)]
pub(super) struct Target {
    /// The establisher of the frame.
    pub(super) frame: u64,
    /// Where in its function.
    pub(super) ip: u64,
    /// What it finds in its return register.
    pub(super) value: u64,
}

/// Unwinds from the registers of driver code, that ran when `handling` was innermost.
///
/// # Safety
/// The registers are those of driver code on this thread; the frames of the simulator between it
/// and the target hold nothing that must be dropped.
pub(super) unsafe fn unwind(
    start: Context,
    handling: *const Handling,
    record: &mut ExceptionRecord,
    target: Target,
) -> ! {
    record.flags |= flags::UNWINDING;
    if target.frame == 0 {
        record.flags |= flags::EXIT_UNWIND;
    }
    let mut walk = Walk::new(start, Purpose::Unwind, handling);
    loop {
        let mut frame = match walk.next() {
            Ok(Some(frame)) => frame,
            Ok(None) => dispatch::give_up(record, &start, Unhandled::Target(target.frame)),
            Err(error) => dispatch::give_up(record, &start, Unhandled::Unwind(error)),
        };
        let is_target = frame.establisher == target.frame;
        let bits = [
            (flags::TARGET_UNWIND, is_target),
            (flags::COLLIDED_UNWIND, frame.scope_index.is_some()),
        ];
        for (bit, on) in bits {
            record.flags = if on {
                record.flags | bit
            } else {
                record.flags & !bit
            };
        }
        let context = &raw mut frame.context;
        match dispatch::ask(&mut frame, record, context, Purpose::Unwind, target.ip) {
            disposition::CONTINUE_SEARCH => {}
            other => dispatch::give_up(record, &start, Unhandled::Answer(other)),
        }
        if is_target {
            let mut context = frame.context;
            context.set(Register::RAX, target.value);
            context.rip = target.ip;
            context.eflags &= !DIRECTION_FLAG;
            // SAFETY: as the caller vouches.
            unsafe { dispatch::go_on(&mut context) }
        }
        if target.frame != 0 && frame.establisher > target.frame {
            dispatch::give_up(record, &start, Unhandled::Target(target.frame));
        }
    }
}
