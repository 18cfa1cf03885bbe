//! What the program needs of Windows, since it has no standard library.

use alloc::vec::Vec;
use core::alloc::{GlobalAlloc, Layout};
use core::ffi::c_void;
use core::panic::PanicInfo;
use core::ptr;

#[link(name = "kernel32.dll", kind = "raw-dylib", modifiers = "+verbatim")]
unsafe extern "system" {
    fn GetStdHandle(which: u32) -> *mut c_void;
    fn ReadFile(
        file: *mut c_void,
        buffer: *mut c_void,
        size: u32,
        read: *mut u32,
        overlapped: *mut c_void,
    ) -> i32;
    fn WriteFile(
        file: *mut c_void,
        buffer: *const c_void,
        size: u32,
        written: *mut u32,
        overlapped: *mut c_void,
    ) -> i32;
    fn ExitProcess(code: u32) -> !;
    fn GetProcessHeap() -> *mut c_void;
    fn HeapAlloc(heap: *mut c_void, flags: u32, size: usize) -> *mut c_void;
    fn HeapReAlloc(heap: *mut c_void, flags: u32, old: *mut c_void, size: usize) -> *mut c_void;
    fn HeapFree(heap: *mut c_void, flags: u32, memory: *mut c_void) -> i32;
}

// The routines that the compiler calls by itself.
#[link(name = "ntdll.dll", kind = "raw-dylib", modifiers = "+verbatim")]
#[allow(dead_code, reason = "the compiler's calls, not ours")]
unsafe extern "system" {
    fn memcpy(to: *mut c_void, from: *const c_void, count: usize) -> *mut c_void;
    fn memmove(to: *mut c_void, from: *const c_void, count: usize) -> *mut c_void;
    fn memset(to: *mut c_void, value: i32, count: usize) -> *mut c_void;
    fn memcmp(a: *const c_void, b: *const c_void, count: usize) -> i32;
    fn __C_specific_handler();
    fn __chkstk();
}

const STD_INPUT_HANDLE: u32 = -10_i32 as u32;
const STD_OUTPUT_HANDLE: u32 = -11_i32 as u32;
const CHUNK: usize = 1 << 16;

/// All of standard input.
pub(crate) fn read_all() -> Vec<u8> {
    // SAFETY: the call has no other parameter.
    let file = unsafe { GetStdHandle(STD_INPUT_HANDLE) };
    let mut input = Vec::new();
    loop {
        let end = input.len();
        input.resize(end + CHUNK, 0_u8);
        let mut read = 0;
        let buffer = input[end..].as_mut_ptr().cast();
        // SAFETY: the buffer has that many bytes.
        let done = unsafe { ReadFile(file, buffer, CHUNK as u32, &raw mut read, ptr::null_mut()) };
        input.truncate(end + read as usize);
        if done == 0 || read == 0 {
            return input;
        }
    }
}

/// Writes to standard output; says whether it could.
pub(crate) fn write(bytes: &[u8]) -> bool {
    // SAFETY: the call has no other parameter.
    let file = unsafe { GetStdHandle(STD_OUTPUT_HANDLE) };
    let mut written = 0;
    let (from, size) = (bytes.as_ptr().cast(), bytes.len() as u32);
    // SAFETY: the buffer has that many bytes.
    let done = unsafe { WriteFile(file, from, size, &raw mut written, ptr::null_mut()) };
    done != 0 && written == size
}

/// Ends the program.
pub(crate) fn exit(code: u32) -> ! {
    // SAFETY: the call has no other parameter.
    unsafe { ExitProcess(code) }
}

/// The process's heap, whose memory is aligned to 16 bytes.
struct ProcessHeap;

#[global_allocator]
static HEAP: ProcessHeap = ProcessHeap;

// SAFETY: the heap keeps what it has handed out until it is freed.
unsafe impl GlobalAlloc for ProcessHeap {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > 16 {
            return ptr::null_mut();
        }
        // SAFETY: the call takes nothing.
        let heap = unsafe { GetProcessHeap() };
        // SAFETY: it is the process's heap.
        unsafe { HeapAlloc(heap, 0, layout.size()) }.cast()
    }

    unsafe fn dealloc(&self, memory: *mut u8, _: Layout) {
        // SAFETY: the call takes nothing.
        let heap = unsafe { GetProcessHeap() };
        // SAFETY: the memory is of this heap, by this function's contract.
        unsafe { HeapFree(heap, 0, memory.cast()) };
    }

    unsafe fn realloc(&self, memory: *mut u8, _: Layout, size: usize) -> *mut u8 {
        // SAFETY: the call takes nothing.
        let heap = unsafe { GetProcessHeap() };
        // SAFETY: as above.
        unsafe { HeapReAlloc(heap, 0, memory.cast(), size) }.cast()
    }
}

/// Says where, on standard output, where it is no answer; and ends the program.
#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    let line = alloc::format!("{info}\n");
    write(line.as_bytes());
    exit(4)
}

/// The linker wants this symbol wherever floating-point code might be.
#[unsafe(no_mangle)]
static _fltused: i32 = 0;

/// What the prebuilt core library names as the handler of its unwinding tables; nothing unwinds.
#[unsafe(no_mangle)]
extern "system" fn __CxxFrameHandler3() -> i32 {
    exit(4)
}
