//! Stubs for imports that the kernel does not have: calling one stops the machine.
//!
//! An import table does not tell a variable from a function, so a stub is bound for either; a driver
//! that reads a variable there reads the stub's code.

use std::sync::PoisonError;

use super::{Kernel, current};
use crate::exports;
use crate::loader::{Image, ImportName, Thunks};

/// `STATUS_DRIVER_ENTRYPOINT_NOT_FOUND`, which is also what NT says of a driver whose import it lacks.
const DRIVER_ENTRYPOINT_NOT_FOUND: u32 = 0xC000_0263;

/// The stubs of one image.
pub(crate) struct Stubs {
    /// What each stands for, as `module!name`. A stub's number is the address of its entry.
    missing: Box<[Missing]>,
    thunks: Thunks,
}

/// An import that the kernel does not have.
struct Missing {
    /// As `module!name`.
    import: String,
    name: String,
}

impl Stubs {
    /// Makes a stub for each import of an image that the kernel does not have.
    pub(super) fn new(image: &Image, kernel: &Kernel) -> region::Result<Self> {
        let is_missing = |module: &str, name| exports::resolve(kernel, module, name).is_none();
        let imports = image
            .imports()
            .map(|(module, import)| (module, import.name()));
        let missing: Box<[Missing]> = imports
            .filter(|&(module, name)| is_missing(module, name))
            .map(|(module, name)| Missing {
                import: full_name(module, name),
                name: name.to_string(),
            })
            .collect();
        let numbers: Vec<u64> = missing
            .iter()
            .map(|import| (&raw const *import).expose_provenance() as u64)
            .collect();
        let thunks = Thunks::new(enter as *const (), &numbers)?;
        Ok(Self { missing, thunks })
    }

    /// The stub for an import, if it is missing.
    pub(super) fn find(&self, module: &str, name: ImportName<'_>) -> Option<*const ()> {
        let wanted = full_name(module, name);
        let index = self.missing.iter().position(|it| it.import == wanted)?;
        Some(self.thunks.address(index))
    }
}

impl Kernel {
    /// Keeps the stubs of an image as long as the machine is there.
    pub(super) fn keep_stubs(&self, stubs: Stubs) {
        let mut kept = self.stubs.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push(stubs);
    }

    /// What stubs stand for, as `module!name`.
    pub(super) fn stubbed_imports(&self) -> Vec<String> {
        let kept = self.stubs.lock().unwrap_or_else(PoisonError::into_inner);
        let missing = kept.iter().flat_map(|stubs| &stubs.missing);
        missing.map(|missing| missing.import.clone()).collect()
    }
}

fn full_name(module: &str, name: ImportName<'_>) -> String {
    format!("{module}!{name}")
}

/// Where all stubs jump to: the number becomes the argument, and the caller stays the caller.
#[unsafe(naked)]
unsafe extern "win64" fn enter() {
    std::arch::naked_asm!("mov rcx, r11", "jmp {stop}", stop = sym stop)
}

unsafe extern "win64" fn stop(missing: *const Missing) -> ! {
    // SAFETY: a stub's number is the address of its entry, which lives as long as the machine does.
    let Missing { import, name } = unsafe { &*missing };
    // The machine ends here, and so does the process.
    let call: &'static str = name.clone().leak();
    let reason =
        format!("the driver called its import {import}, which the simulator does not have");
    current(call).bug_check(call, DRIVER_ENTRYPOINT_NOT_FOUND, [0; 4], reason)
}
