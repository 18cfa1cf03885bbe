//! Small functions that are made at run time, for imports that need something done before, or instead
//! of, a routine of the kernel.

use region::{Allocation, Protection};

/// Functions that each load a number of their own into `r11` and jump to one that they share. Neither
/// `r11` nor `rax`, which they use, carries an argument in Microsoft's convention for x64.
///
/// # Invariants
/// `memory` holds a function every [`STRIDE`] bytes, executable and never written again.
pub(crate) struct Thunks {
    memory: Allocation,
}

// SAFETY: the memory is only executed.
unsafe impl Send for Thunks {}
// SAFETY: as above.
unsafe impl Sync for Thunks {}

/// The distance between two functions, in bytes.
const STRIDE: usize = 32;

impl Thunks {
    /// Makes a function for each number, in their order.
    ///
    /// # Errors
    /// The host gives no memory, or does not make it executable.
    pub(crate) fn new(shared: *const (), numbers: &[u64]) -> region::Result<Self> {
        let len = (numbers.len() * STRIDE).max(1);
        let mut memory = region::alloc(len, Protection::READ_WRITE)?;
        let (start, len) = (memory.as_mut_ptr::<u8>(), memory.len());
        // SAFETY: `region` allocated `len` readable, writable and zeroed bytes at `start`, and nobody
        // else knows their address yet.
        let bytes = unsafe { std::slice::from_raw_parts_mut(start, len) };
        let shared = (shared.expose_provenance() as u64).to_le_bytes();
        for (place, number) in bytes.chunks_exact_mut(STRIDE).zip(numbers) {
            let load = [&[0x49, 0xBB][..], &number.to_le_bytes()].concat(); // mov r11, number
            let jump = [&[0x48, 0xB8][..], &shared, &[0xFF, 0xE0]].concat(); // mov rax, shared; jmp rax
            let code = [load, jump].concat();
            place[..code.len()].copy_from_slice(&code);
        }
        // SAFETY: the pages are `memory`'s; the slice of them has ended.
        unsafe { region::protect(start, len, Protection::READ_EXECUTE) }?;
        Ok(Self { memory })
    }

    /// The address of the function with that index.
    pub(crate) fn address(&self, index: usize) -> *const () {
        let start = self.memory.as_ptr::<u8>();
        start.wrapping_add(index * STRIDE).cast()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives the number that it finds in `r11`.
    #[unsafe(naked)]
    unsafe extern "win64" fn number() -> u64 {
        std::arch::naked_asm!("mov rax, r11", "ret")
    }

    #[test]
    fn each_has_its_number() {
        let numbers: Vec<u64> = (0..300).map(|number| number << 40 | number).collect();
        let thunks = Thunks::new(number as *const (), &numbers).expect("there is memory");
        for (index, number) in numbers.into_iter().enumerate() {
            // SAFETY: a thunk's address; the function that it jumps to takes no arguments.
            let thunk = unsafe {
                std::mem::transmute::<*const (), unsafe extern "win64" fn() -> u64>(
                    thunks.address(index),
                )
            };
            // SAFETY: as above.
            assert_eq!(unsafe { thunk() }, number);
        }
    }

    #[test]
    fn none_are_made_for_no_numbers() {
        assert!(Thunks::new(number as *const (), &[]).is_ok());
    }
}
