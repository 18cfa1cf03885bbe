//! Unwinding one frame: from the registers in a function to those in its caller, at any
//! instruction (`RtlVirtualUnwind`).
//!
//! Safe code over the image's bytes; whatever they hold, the worst is an [`UnwindError`].

use super::context::{Context, Register};
use super::epilogue::Epilogue;
use super::error::UnwindError;
use super::info::{Operation, Purpose, UnwindInfo};
use crate::loader::RuntimeFunction;

/// Links of a chain of unwind information that are followed.
const MOST_LINKS: usize = 32;

/// What is read while a frame is unwound: the stack.
pub(crate) trait Memory {
    /// The eight bytes at an address.
    fn word(&self, address: u64) -> Result<u64, UnwindError>;
}

/// A frame that was unwound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unwound {
    /// What identifies the frame: the base of its fixed part of the stack.
    pub(crate) establisher: u64,
    /// Its handler for the purpose, unless control was in the prologue or an epilogue.
    pub(crate) handler: Option<Handler>,
}

/// A language-specific handler, by RVAs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Handler {
    pub(crate) routine: u32,
    /// What it finds in its dispatcher context as its data.
    pub(crate) data: u32,
}

/// Unwinds a function that changed nothing but the stack pointer by its call.
pub(crate) fn unwind_leaf(
    context: &mut Context,
    memory: &impl Memory,
) -> Result<Unwound, UnwindError> {
    let establisher = context.rsp();
    take_return_address(context, memory)?;
    Ok(Unwound {
        establisher,
        handler: None,
    })
}

/// Unwinds the frame of `function`, in which control is at the RVA `control`.
pub(crate) fn unwind(
    layout: &[u8],
    function: RuntimeFunction,
    control: u32,
    context: &mut Context,
    memory: &impl Memory,
    purpose: Purpose,
) -> Result<Unwound, UnwindError> {
    let info = UnwindInfo::read(layout, function.unwind_info)?;
    let offset = control.wrapping_sub(function.begin);
    let establisher = establisher(&info, offset, context)?;
    let in_prologue = !info.is_chained() && offset < u32::from(info.prologue);
    if !in_prologue && let Some(rest) = epilogue(layout, &info, function, control)? {
        rest.finish(context, memory)?;
        take_return_address(context, memory)?;
        return Ok(Unwound {
            establisher,
            handler: None,
        });
    }
    let (primary, info, interrupted) =
        undo(layout, function, info, offset, establisher, context, memory)?;
    if !interrupted {
        take_return_address(context, memory)?;
    }
    // Of a chain, the primary function has the handler.
    let offset = control.wrapping_sub(primary.begin);
    let handler = match offset >= u32::from(info.prologue) {
        true => info.handler(layout, purpose)?,
        false => None,
    };
    Ok(Unwound {
        establisher,
        handler: handler.map(|(routine, data)| Handler { routine, data }),
    })
}

/// The base of the frame: the frame register's, once it is set, else the stack pointer.
fn establisher(info: &UnwindInfo<'_>, offset: u32, context: &Context) -> Result<u64, UnwindError> {
    let Some((register, above)) = info.frame_register() else {
        return Ok(context.rsp());
    };
    let mut is_set = info.is_chained() || offset >= u32::from(info.prologue);
    if !is_set {
        for operation in info.operations() {
            let (at, operation) = operation?;
            is_set |= operation == Operation::SetFrame && offset >= u32::from(at);
        }
    }
    Ok(match is_set {
        true => context.get(register).wrapping_sub(above),
        false => context.rsp(),
    })
}

/// What is left of the epilogue in which control is, if it is in one.
fn epilogue(
    layout: &[u8],
    info: &UnwindInfo<'_>,
    function: RuntimeFunction,
    control: u32,
) -> Result<Option<Epilogue>, UnwindError> {
    let declared = declared_epilogue(info, function, control)?;
    if declared == Some(false) {
        return Ok(None);
    }
    let code = layout.get(control as usize..function.end as usize);
    let inside = function.begin..function.end;
    let leaves = |at: usize, distance: i32| {
        let target = control
            .wrapping_add(at as u32)
            .wrapping_add_signed(distance);
        // A jump to its own beginning is a tail call of itself.
        !inside.contains(&target) || (target == inside.start && !info.is_chained())
    };
    let frame = info.frame_register().map(|(register, _)| register);
    let rest = Epilogue::recognise(code.unwrap_or_default(), frame, leaves);
    if declared == Some(true) && rest.is_none() {
        return Err(UnwindError::Epilogue(control));
    }
    Ok(rest)
}

/// Whether version 2 declares an epilogue around the control's place; `None` if nothing is
/// declared.
fn declared_epilogue(
    info: &UnwindInfo<'_>,
    function: RuntimeFunction,
    control: u32,
) -> Result<Option<bool>, UnwindError> {
    let mut declared = None;
    let mut size = 0;
    for operation in info.operations() {
        let (_, Operation::Epilogue { low, high }) = operation? else {
            break;
        };
        // The first says how long all of them are, and whether one is at the function's end;
        // the others say how far they are from the end; zero fills up.
        let from_end = match declared {
            None => {
                size = u32::from(low);
                if high & 1 != 0 { size } else { 0 }
            }
            Some(_) => u32::from(high) << 8 | u32::from(low),
        };
        let begin = function.end.wrapping_sub(from_end);
        let inside = from_end != 0 && control.wrapping_sub(begin) < size;
        declared = Some(declared == Some(true) || inside);
    }
    Ok(declared)
}

/// Undoes what the prologue has done so far, and all that the functions of its chain did. Gives the
/// last function of the chain, its information, and whether the frame was an interrupt's, which has
/// no return address.
fn undo<'a>(
    layout: &'a [u8],
    mut function: RuntimeFunction,
    mut info: UnwindInfo<'a>,
    offset: u32,
    establisher: u64,
    context: &mut Context,
    memory: &impl Memory,
) -> Result<(RuntimeFunction, UnwindInfo<'a>, bool), UnwindError> {
    let mut interrupted = false;
    let mut done = offset;
    for _ in 0..MOST_LINKS {
        for operation in info.operations() {
            let (at, operation) = operation?;
            if u32::from(at) <= done || matches!(operation, Operation::Epilogue { .. }) {
                interrupted |= undo_one(operation, &info, establisher, context, memory)?;
            }
        }
        match info.chained(layout)? {
            None => return Ok((function, info, interrupted)),
            Some(primary) => {
                function = primary;
                info = UnwindInfo::read(layout, primary.unwind_info)?;
                // The functions of a chain share one prologue, which is over.
                done = u32::MAX;
            }
        }
    }
    Err(UnwindError::Chain(MOST_LINKS))
}

/// Undoes one operation; says whether it was an interrupt's frame.
fn undo_one(
    operation: Operation,
    info: &UnwindInfo<'_>,
    establisher: u64,
    context: &mut Context,
    memory: &impl Memory,
) -> Result<bool, UnwindError> {
    let rsp = context.rsp();
    match operation {
        Operation::Push(register) => {
            let value = memory.word(rsp)?;
            context.set_rsp(rsp.wrapping_add(8));
            context.set(register, value);
        }
        Operation::Allocate(size) => context.set_rsp(rsp.wrapping_add(size.into())),
        Operation::SetFrame => {
            let (register, above) = info.frame_register().ok_or(UnwindError::NoFrameRegister)?;
            context.set_rsp(context.get(register).wrapping_sub(above));
        }
        Operation::Save(register, at) => {
            let value = memory.word(establisher.wrapping_add(at.into()))?;
            context.set(register, value);
        }
        Operation::SaveXmm(number, at) => {
            let place = establisher.wrapping_add(at.into());
            let low = memory.word(place)?;
            let high = memory.word(place.wrapping_add(8))?;
            context.set_xmm(number, u128::from(high) << 64 | u128::from(low));
        }
        Operation::MachineFrame { error_code } => {
            let frame = rsp.wrapping_add(if error_code { 8 } else { 0 });
            context.rip = memory.word(frame)?;
            let rsp = memory.word(frame.wrapping_add(24))?;
            context.set_rsp(rsp);
            return Ok(true);
        }
        Operation::Epilogue { .. } => {}
    }
    Ok(false)
}

fn take_return_address(context: &mut Context, memory: &impl Memory) -> Result<(), UnwindError> {
    let rsp = context.rsp();
    context.rip = memory.word(rsp)?;
    context.set(Register::RSP, rsp.wrapping_add(8));
    Ok(())
}
