//! Epilogues: code that undoes the prologue step by step, which unwind codes do not describe.
//!
//! An epilogue has a fixed form, so it is recognised by its instructions from the control's place
//! on: perhaps `add rsp, n` or `lea rsp, [frame + n]`, then pops, then a return or a jump out of the
//! function. What is left of it is carried out.

use super::context::{Context, Register};
use super::error::UnwindError;
use super::step::Memory;

/// One instruction of an epilogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    /// `add rsp, n`.
    Add(u64),
    /// `lea rsp, [register + n]`.
    Lea(Register, u64),
    Pop(Register),
}

/// Most instructions that an epilogue can have before its end: one that frees the stack, and a pop
/// for each register.
const MOST: usize = 17;

/// What is left of an epilogue.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Epilogue {
    steps: [Option<Step>; MOST],
}

impl Epilogue {
    /// Reads the code from the control's place on. `None` if it is not the rest of an epilogue.
    /// `leaves` tells whether a jump by a distance, counted from the end of `code[..at]`, leaves
    /// the function.
    pub(super) fn recognise(
        code: &[u8],
        frame: Option<Register>,
        leaves: impl Fn(usize, i32) -> bool,
    ) -> Option<Self> {
        let mut steps = [None; MOST];
        let (first, mut at) = match release(code, frame) {
            Some((step, length)) => (Some(step), length),
            None => (None, 0),
        };
        steps[0] = first;
        let mut next = usize::from(first.is_some());
        while let Some((register, length)) = pop(code.get(at..)?) {
            *steps.get_mut(next)? = Some(Step::Pop(register));
            next += 1;
            at += length;
        }
        ends(code.get(at..)?, |distance, length| {
            leaves(at + length, distance)
        })
        .then_some(Self { steps })
    }

    /// Carries out what is left, up to the return address.
    pub(super) fn finish(
        &self,
        context: &mut Context,
        memory: &impl Memory,
    ) -> Result<(), UnwindError> {
        for step in self.steps.iter().flatten() {
            match *step {
                Step::Add(size) => context.set_rsp(context.rsp().wrapping_add(size)),
                Step::Lea(register, distance) => {
                    context.set_rsp(context.get(register).wrapping_add(distance));
                }
                Step::Pop(register) => {
                    let rsp = context.rsp();
                    let value = memory.word(rsp)?;
                    context.set_rsp(rsp.wrapping_add(8));
                    context.set(register, value);
                }
            }
        }
        Ok(())
    }
}

/// The instruction that frees the stack, and its length.
fn release(code: &[u8], frame: Option<Register>) -> Option<(Step, usize)> {
    let byte = |value: u8| value.cast_signed() as i64 as u64;
    let word = |bytes: [u8; 4]| i64::from(i32::from_le_bytes(bytes)) as u64;
    match *code {
        [0x48, 0x83, 0xC4, n, ..] => Some((Step::Add(byte(n)), 4)),
        [0x48, 0x81, 0xC4, a, b, c, d, ..] => Some((Step::Add(word([a, b, c, d])), 7)),
        [rex @ (0x48 | 0x49), 0x8D, form, ref rest @ ..] => {
            let base = Register::from_number((rex & 1) << 3 | form & 7);
            // r12 needs another byte, and nobody takes it as a frame register.
            if form & 7 == 4 || Some(base) != frame {
                return None;
            }
            match (form & 0xF8, rest) {
                (0x20, _) if form & 7 != 5 => Some((Step::Lea(base, 0), 3)),
                (0x60, &[n, ..]) => Some((Step::Lea(base, byte(n)), 4)),
                (0xA0, &[a, b, c, d, ..]) => Some((Step::Lea(base, word([a, b, c, d])), 7)),
                _ => None,
            }
        }
        _ => None,
    }
}

/// A pop, and its length.
fn pop(code: &[u8]) -> Option<(Register, usize)> {
    match *code {
        [code @ 0x58..=0x5F, ..] => Some((Register::from_number(code - 0x58), 1)),
        // With a prefix of r8 to r15, or one that changes nothing.
        [rex @ 0x40..=0x4F, code @ 0x58..=0x5F, ..] => {
            Some((Register::from_number((rex & 1) << 3 | (code - 0x58)), 2))
        }
        _ => None,
    }
}

/// Whether code begins with an instruction that ends an epilogue. `leaves` gets the distance of a
/// jump and the length of its instruction.
fn ends(code: &[u8], leaves: impl Fn(i32, usize) -> bool) -> bool {
    match *code {
        // ret; ret n; rep ret
        [0xC3, ..] | [0xC2, _, _, ..] | [0xF3, 0xC3, ..] => true,
        [0xEB, n, ..] => leaves(i32::from(n.cast_signed()), 2),
        [0xE9, a, b, c, d, ..] => leaves(i32::from_le_bytes([a, b, c, d]), 5),
        // jmp [rip + n]
        [0xFF, 0x25, ..] | [0x48, 0xFF, 0x25, ..] => true,
        // jmp through a register, or memory: compilers mark a tail call with the prefix.
        [0x48..=0x4F, 0xFF, form, ..] => form & 0x38 == 0x20,
        _ => false,
    }
}
