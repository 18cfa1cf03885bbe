//! What a kernel build needs beside the driver: a panic handler, the global allocator, and two
//! symbols that the compiler refers to.

use core::panic::PanicInfo;

use wdm_sys as sys;

use crate::bug_check::{self, Bug};
use crate::pool::PoolAllocator;

#[global_allocator]
static ALLOCATOR: PoolAllocator = PoolAllocator;

/// A panic is a bug of the driver; the machine stops with [`Bug::RustPanic`], whose parameters
/// say where: address and length of the file's name, line, column.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let (file, line, column) = info
        .location()
        .map_or(("", 0, 0), |at| (at.file(), at.line(), at.column()));
    let file = (file.as_ptr() as usize, file.len());
    bug_check::stop(
        Bug::RustPanic,
        [file.0, file.1, line as usize, column as usize],
    )
}

/// The linker wants this symbol wherever floating-point code might be.
#[unsafe(no_mangle)]
static _fltused: i32 = 0;

/// What the prebuilt core library names as the handler of its unwinding tables. Nothing unwinds in
/// a kernel build (`panic = "abort"`), so it is never called; if it were, the machine would stop.
#[unsafe(no_mangle)]
extern "system" fn __CxxFrameHandler3() -> sys::NTSTATUS {
    bug_check::stop(Bug::RustPanic, [0; 4])
}
