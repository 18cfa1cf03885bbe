//! The structures that describe an exception on x86_64: `CONTEXT`, `EXCEPTION_RECORD`,
//! `EXCEPTION_POINTERS` and `DISPATCHER_CONTEXT`.
//!
//! The bindings do not hold them, so they are defined here, with their offsets asserted.
//! Pages: <https://learn.microsoft.com/windows/win32/api/winnt/ns-winnt-context> and its neighbours.

use std::ffi::c_void;
use std::mem::offset_of;

use crate::loader::RuntimeFunction;

/// A general-purpose register, by the number that instructions and unwind codes give it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Register(u8);

impl Register {
    pub(crate) const RAX: Self = Self(0);
    pub(crate) const RCX: Self = Self(1);
    pub(crate) const RDX: Self = Self(2);
    pub(crate) const RSP: Self = Self(4);
    pub(crate) const RSI: Self = Self(6);
    pub(crate) const RDI: Self = Self(7);
    pub(crate) const R8: Self = Self(8);
    pub(crate) const R9: Self = Self(9);
    pub(crate) const R10: Self = Self(10);
    pub(crate) const R11: Self = Self(11);

    /// The register of a four-bit number; higher bits are ignored.
    pub(crate) fn from_number(number: u8) -> Self {
        Self(number & 15)
    }

    fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The state of the processor (`CONTEXT`).
#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub(crate) struct Context {
    _home: [u64; 6],
    /// Which parts are valid.
    pub(crate) flags: u32,
    pub(crate) mxcsr: u32,
    /// CS, DS, ES, FS, GS and SS.
    pub(crate) segments: [u16; 6],
    pub(crate) eflags: u32,
    _debug: [u64; 6],
    registers: [u64; 16],
    pub(crate) rip: u64,
    pub(crate) fpu: Fpu,
    _vector: [u128; 26],
    _vector_control: u64,
    _branches: [u64; 5],
}

/// The state that `fxsave` stores (`XMM_SAVE_AREA32`).
#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub(crate) struct Fpu {
    _x87: [u8; 24],
    pub(crate) mxcsr: u32,
    _mxcsr_mask: u32,
    _st: [u128; 8],
    xmm: [u128; 16],
    _reserved: [u8; 96],
}

/// `CONTEXT_FULL | CONTEXT_SEGMENTS`: all that [`Context`] holds but the debug registers.
pub(crate) const CONTEXT_ALL: u32 = 0x0010_000F;

/// The flag by which string instructions go down. Functions begin and end with it clear.
pub(crate) const DIRECTION_FLAG: u32 = 0x400;

impl Context {
    /// All zero, for tests.
    #[cfg(test)]
    pub(crate) fn zeroed() -> Self {
        // SAFETY: a context is made of numbers.
        unsafe { std::mem::MaybeUninit::zeroed().assume_init() }
    }

    pub(crate) fn get(&self, register: Register) -> u64 {
        self.registers[register.index()]
    }

    pub(crate) fn set(&mut self, register: Register, value: u64) {
        self.registers[register.index()] = value;
    }

    /// The stack pointer.
    pub(crate) fn rsp(&self) -> u64 {
        self.get(Register::RSP)
    }

    pub(crate) fn set_rsp(&mut self, value: u64) {
        self.set(Register::RSP, value);
    }

    /// An XMM register, by a four-bit number.
    #[cfg(test)]
    pub(crate) fn xmm(&self, number: u8) -> u128 {
        self.fpu.xmm[usize::from(number & 15)]
    }

    /// Sets an XMM register, by a four-bit number.
    pub(crate) fn set_xmm(&mut self, number: u8, value: u128) {
        self.fpu.xmm[usize::from(number & 15)] = value;
    }
}

/// What happened (`EXCEPTION_RECORD`).
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct ExceptionRecord {
    /// A status: `STATUS_ACCESS_VIOLATION` and so on.
    pub(crate) code: i32,
    /// [`flags`].
    pub(crate) flags: u32,
    pub(crate) next: *mut ExceptionRecord,
    /// Where it happened.
    pub(crate) address: u64,
    pub(crate) parameter_count: u32,
    /// Of an access violation: 0 for a read, 1 for a write, 8 for an execution; then the address.
    pub(crate) parameters: [u64; 15],
}

impl ExceptionRecord {
    /// A record with up to 15 parameters.
    pub(crate) fn new(code: i32, flags: u32, address: u64, parameters: &[u64]) -> Self {
        let mut record = Self {
            code,
            flags,
            next: std::ptr::null_mut(),
            address,
            parameter_count: 0,
            parameters: [0; 15],
        };
        record.set(code, parameters);
        record
    }

    /// Sets the code, and up to 15 parameters.
    pub(crate) fn set(&mut self, code: i32, parameters: &[u64]) {
        self.code = code;
        let count = parameters.len().min(self.parameters.len());
        self.parameters[..count].copy_from_slice(&parameters[..count]);
        self.parameter_count = count as u32;
    }
}

/// Bits of [`ExceptionRecord::flags`].
pub(crate) mod flags {
    /// Execution cannot go on where the exception happened.
    pub(crate) const NONCONTINUABLE: u32 = 0x01;
    /// The stack is being unwound.
    pub(crate) const UNWINDING: u32 = 0x02;
    /// All of the stack is being unwound.
    pub(crate) const EXIT_UNWIND: u32 = 0x04;
    /// The frame is the last one that is unwound.
    pub(crate) const TARGET_UNWIND: u32 = 0x20;
    /// The frame was being unwound before.
    pub(crate) const COLLIDED_UNWIND: u32 = 0x40;
}

/// What filters get (`EXCEPTION_POINTERS`).
#[repr(C)]
pub(crate) struct ExceptionPointers {
    pub(crate) record: *mut ExceptionRecord,
    pub(crate) context: *mut Context,
}

/// What language-specific handlers get of the frame that they are asked about
/// (`DISPATCHER_CONTEXT`).
#[repr(C)]
pub(crate) struct DispatcherContext {
    /// Where control is in the frame's function.
    pub(crate) control_pc: u64,
    pub(crate) image_base: u64,
    pub(crate) function: *const RuntimeFunction,
    pub(crate) establisher: u64,
    /// Where an unwinding leads to.
    pub(crate) target_ip: u64,
    pub(crate) context: *mut Context,
    pub(crate) handler: u64,
    /// What stands behind the handler's address in the unwind information.
    pub(crate) handler_data: u64,
    pub(crate) history: *mut c_void,
    /// The first entry of the scope table that is still to be looked at.
    pub(crate) scope_index: u32,
    pub(crate) _fill: u32,
}

/// What a language-specific handler answers (`EXCEPTION_DISPOSITION`).
pub(crate) mod disposition {
    pub(crate) const CONTINUE_EXECUTION: i32 = 0;
    pub(crate) const CONTINUE_SEARCH: i32 = 1;
}

const _: () = {
    assert!(size_of::<Context>() == 0x4D0);
    assert!(offset_of!(Context, flags) == 0x30);
    assert!(offset_of!(Context, mxcsr) == 0x34);
    assert!(offset_of!(Context, segments) == 0x38);
    assert!(offset_of!(Context, eflags) == 0x44);
    assert!(offset_of!(Context, registers) == 0x78);
    assert!(offset_of!(Context, rip) == 0xF8);
    assert!(offset_of!(Context, fpu) == 0x100);
    assert!(offset_of!(Context, fpu.mxcsr) == 0x118);
    assert!(offset_of!(Context, fpu.xmm) == 0x1A0);
    assert!(offset_of!(Context, _vector) == 0x300);
    assert!(offset_of!(Context, _vector_control) == 0x4A0);
    assert!(size_of::<ExceptionRecord>() == 0x98);
    assert!(offset_of!(ExceptionRecord, address) == 0x10);
    assert!(offset_of!(ExceptionRecord, parameters) == 0x20);
    assert!(size_of::<DispatcherContext>() == 0x50);
    assert!(offset_of!(DispatcherContext, establisher) == 0x18);
    assert!(offset_of!(DispatcherContext, context) == 0x28);
    assert!(offset_of!(DispatcherContext, handler_data) == 0x38);
    assert!(offset_of!(DispatcherContext, scope_index) == 0x48);
};
