//! The frames of a driver that calls the kernel.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use std::arch::asm;
use std::cell::Cell;
use std::ffi::c_void;

use super::DEPTH;
use crate::call::Abi;
use crate::exports::linked_address;
use crate::machine::Thread;

thread_local! {
    /// The stack pointer of the frame that called the linked driver which runs.
    static CALLER: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// While a linked driver is called: where its frames end.
pub(crate) struct Calling {
    before: usize,
}

impl Calling {
    /// It is called from the frame that this becomes a part of.
    #[inline(always)]
    pub(crate) fn here() -> Self {
        let before = CALLER.replace(stack_pointer());
        Self { before }
    }
}

/// The stack pointer of the frame that this becomes a part of. A variable's address tells less: the
/// address sanitizer keeps variables elsewhere.
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
#[inline(always)]
fn stack_pointer() -> usize {
    let pointer;
    #[cfg(target_arch = "x86_64")]
    // SAFETY: it reads a register.
    unsafe {
        asm!("mov {}, rsp", out(reg) pointer, options(nomem, nostack, preserves_flags));
    }
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as above.
    unsafe {
        asm!("mov {}, sp", out(reg) pointer, options(nomem, nostack, preserves_flags));
    }
    pointer
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[inline(always)]
fn stack_pointer() -> usize {
    let here = 0_u8;
    (&raw const here).addr()
}

impl Drop for Calling {
    #[inline]
    fn drop(&mut self) {
        CALLER.set(self.before);
    }
}

/// The innermost frames of a driver.
pub(super) enum Stack {
    /// A `.sys` file's: the file and an offset in it, which are the same in each run.
    #[cfg(target_arch = "x86_64")]
    Image(Vec<String>),
    /// Return addresses in this process.
    Linked(Vec<usize>),
}

/// The frames of the driver that called the routine in which the thread is.
pub(super) fn of(thread: &Thread, call: &'static str) -> Stack {
    match thread.caller().abi {
        Abi::Host => Stack::Linked(linked(call)),
        // Where nobody noted them, the frames of `.sys` files cannot be walked.
        #[cfg(target_arch = "x86_64")]
        Abi::Win64 => Stack::Image(thread.faults.noted.take()),
    }
}

/// The frames of the linked driver that calls something that is not the kernel, after those of what it calls.
#[cfg(feature = "umdf")]
pub(super) fn of_linked() -> Stack {
    let end = CALLER.get();
    let mut frames = Vec::new();
    backtrace::trace(|frame| {
        if frame.sp().addr() > end {
            return false;
        }
        frames.push(frame.ip().addr());
        frames.len() < 2 * DEPTH
    });
    Stack::Linked(frames)
}

/// The return addresses above the frame of the routine, up to where the simulator called the driver.
fn linked(call: &'static str) -> Vec<usize> {
    let routine = linked_address(call).map_or(0, |address| address.addr());
    let end = CALLER.get();
    let mut frames = Vec::new();
    backtrace::trace(|frame| {
        if frame.sp().addr() > end {
            // The frame before this one is the caller's.
            frames.pop();
            return false;
        }
        frames.push(frame.ip().addr());
        if frame.symbol_address().addr() == routine {
            // Down to here it is the simulator.
            frames.clear();
        }
        true
    });
    frames.truncate(DEPTH);
    frames
}

impl Stack {
    /// What tells it from others.
    pub(super) fn identity(&self) -> Vec<String> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Image(frames) => frames.clone(),
            Self::Linked(frames) => frames.iter().map(|at| format!("{at:#x}")).collect(),
        }
    }

    /// The frames that are neither the simulator's nor those of the libraries, as people read them.
    #[cfg(feature = "umdf")]
    pub(super) fn driver_names(&self) -> Vec<String> {
        const OTHERS: [&str; 6] = [
            "wdm_sim::",
            "backtrace::",
            "windows_core::",
            "core::",
            "std::",
            "umdf_callback::",
        ];
        let mut names = self.names();
        names.retain(|name| {
            let name = name.trim_start_matches(['<', '&']);
            !OTHERS.iter().any(|other| name.starts_with(other))
        });
        names
    }

    /// The frames as people read them.
    pub(super) fn names(&self) -> Vec<String> {
        match self {
            #[cfg(target_arch = "x86_64")]
            Self::Image(frames) => frames.clone(),
            Self::Linked(frames) => frames.iter().map(|&at| name(at)).collect(),
        }
    }
}

/// The function and the line of a call by its return address.
fn name(address: usize) -> String {
    let mut found = None;
    // The call is before its return address.
    let call = std::ptr::without_provenance_mut::<c_void>(address - 1);
    backtrace::resolve(call, |symbol| {
        let Some(name) = symbol.name().filter(|_| found.is_none()) else {
            return;
        };
        let file = symbol.filename().and_then(|file| file.file_name());
        found = Some(match (file, symbol.lineno()) {
            (Some(file), Some(line)) => format!("{name:#} ({}:{line})", file.display()),
            _ => format!("{name:#}"),
        });
    });
    found.unwrap_or_else(|| format!("{address:#x}"))
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(super) use detours::Detours;

/// On the way to a routine that can fail, a `.sys` file's frames are noted.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod detours {
    use std::collections::HashMap;

    use crate::exports;
    use crate::loader::Thunks;

    /// A function for each routine that can fail.
    pub(in crate::faults) struct Detours {
        /// By the routine's address.
        index: HashMap<usize, usize>,
        thunks: Thunks,
    }

    impl Detours {
        /// Makes them.
        ///
        /// # Errors
        /// The host gives no memory that can be executed.
        pub(in crate::faults) fn new() -> region::Result<Self> {
            let routines: Vec<*const ()> = exports::failing_routines().collect();
            let numbers: Vec<u64> = routines
                .iter()
                .map(|routine| routine.expose_provenance() as u64)
                .collect();
            let thunks = Thunks::new(crate::seh::note_caller(), &numbers)?;
            let index = routines
                .iter()
                .map(|routine| routine.addr())
                .zip(0..)
                .collect();
            Ok(Self { index, thunks })
        }

        /// Where a routine is to be called.
        pub(in crate::faults) fn of(&self, routine: *const ()) -> *const () {
            match self.index.get(&routine.addr()) {
                Some(&index) => self.thunks.address(index),
                None => routine,
            }
        }
    }
}
