//! From frame to frame of driver code, up to where the simulator called the driver.

use std::ptr;

use super::context::Context;
use super::dispatch::Handling;
use super::error::UnwindError;
use super::images::Running;
use super::info::Purpose;
use super::stack::Stack;
use super::step::{self, Handler};
use super::{asm, memory};
use crate::loader::RuntimeFunction;

/// A frame of driver code.
pub(super) struct Frame {
    /// The registers in it.
    pub(super) context: Context,
    pub(super) image: Running,
    /// Its function's unwind entry; null for a leaf.
    pub(super) function: *const RuntimeFunction,
    pub(super) establisher: u64,
    pub(super) handler: Option<Handler>,
    /// Where its handler goes on, if the frame was being unwound before.
    pub(super) scope_index: Option<u32>,
}

/// A way up the stack.
pub(super) struct Walk {
    context: Context,
    purpose: Purpose,
    stack: Stack,
    handling: *const Handling,
    scope_index: Option<u32>,
    /// Nothing has been unwound yet.
    first: bool,
}

impl Walk {
    /// Begins with the registers of driver code that ran when `handling` was the innermost
    /// exception in hand.
    pub(super) fn new(context: Context, purpose: Purpose, handling: *const Handling) -> Self {
        Self {
            context,
            purpose,
            stack: Stack::current(),
            handling,
            scope_index: None,
            first: true,
        }
    }

    /// The next frame out; `None` where driver code ends.
    pub(super) fn next(&mut self) -> Result<Option<Frame>, UnwindError> {
        loop {
            let control = self.context.rip;
            if memory::is_copy_routine(control) {
                memory::unwind_copy_routine(&mut self.context, &self.stack)?;
            } else if control == asm::handler_returns() && !self.handling.is_null() {
                self.leave_handler();
            // SAFETY: control is there, in a frame of this thread.
            } else if let Some(image) = unsafe { Running::at(control) } {
                return self.unwind(image).map(Some);
            } else if self.first {
                // The driver jumped to where no code is: the call is all there is to undo.
                step::unwind_leaf(&mut self.context, &self.stack)?;
            } else {
                return Ok(None);
            }
            self.first = false;
        }
    }

    /// Where the last walk ended: the registers in the caller of the driver.
    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// Goes on from a handler's frame to that of the exception, or the unwinding, that it handles.
    fn leave_handler(&mut self) {
        // SAFETY: not null, and the frames of a handling outlive the code that it calls.
        let handling = unsafe { &*self.handling };
        // SAFETY: as above.
        self.context = unsafe { *handling.context };
        self.scope_index = handling.scope_index();
        self.handling = handling.outer;
    }

    fn unwind(&mut self, image: Running) -> Result<Frame, UnwindError> {
        self.first = false;
        let context = self.context;
        let control = context.rip;
        let function = image.function_at(control);
        let rva = image.rva(control).unwrap_or_default();
        let unwound = match function {
            None => step::unwind_leaf(&mut self.context, &self.stack)?,
            Some(&function) => step::unwind(
                image.layout(),
                function,
                rva,
                &mut self.context,
                &self.stack,
                self.purpose,
            )?,
        };
        if self.context.rsp() <= context.rsp() {
            return Err(UnwindError::NoProgress(context.rsp()));
        }
        Ok(Frame {
            context,
            function: function.map_or(ptr::null(), ptr::from_ref),
            image,
            establisher: unwound.establisher,
            handler: unwound.handler,
            scope_index: self.scope_index.take(),
        })
    }
}
