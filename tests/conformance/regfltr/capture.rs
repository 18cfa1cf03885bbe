//! As `sys/capture.c` and `exe/capture.c`: inputs of a user-mode caller, which older systems do not
//! capture for the callback.

use std::ptr;

use wdm_sim::{Profile, Status};
use wdm_sys::*;

use super::VALUE;
use crate::support::*;

const TAG: u32 = u32::from_le_bytes(*b"Capt");

/// A copy in pool memory of what a user-mode caller gave.
struct Captured(PVOID, usize);

impl Captured {
    /// Copies data. A `.sys` file does this inside of `__try`: the caller can change or unmap it.
    fn new(data: PVOID, length: u32) -> Self {
        let length = length as usize;
        // SAFETY: it takes numbers.
        let copy = unsafe { ExAllocatePoolWithTag(PagedPool, length as u64, TAG) };
        assert!(!copy.is_null());
        // SAFETY: the probe looks at the addresses only.
        unsafe { ProbeForRead(data, length as u64, 1) };
        // SAFETY: the caller waits for its call and leaves its memory alone.
        unsafe { ptr::copy_nonoverlapping(data.cast::<u8>(), copy.cast(), length) };
        Self(copy, length)
    }

    fn bytes(&self) -> Vec<u8> {
        // SAFETY: the block has that many bytes.
        unsafe { std::slice::from_raw_parts(self.0.cast(), self.1) }.to_vec()
    }
}

impl Drop for Captured {
    fn drop(&mut self) {
        // SAFETY: the block is this value's own.
        unsafe { ExFreePoolWithTag(self.0, TAG) };
    }
}

/// A set is replayed under another name with captured data, and both the set and a delete of the
/// value succeed for the caller, whether the system captures or the driver.
#[test]
fn regfltr_capture() {
    for profile in [Profile::Win7, Profile::Win10] {
        let machine = machine_like(profile);
        let system_captures = profile >= Profile::Win8;
        let app = machine.process("app.exe");
        let thread = app.enter();
        let key = thread.create_key(TEST, ALL).unwrap();
        let filter = register(
            &machine,
            "380010",
            at(RegNtPreSetValueKey, move |event| {
                let info = event.set_value();
                assert_eq!(text(info.ValueName), VALUE);
                // SAFETY: it takes nothing.
                let from_user = unsafe { ExGetPreviousMode() } == 1;
                assert!(from_user);
                let captured = (!system_captures).then(|| Captured::new(info.Data, info.DataSize));
                let bytes = match &captured {
                    Some(captured) => captured.bytes(),
                    None => {
                        let (data, length) = (info.Data.cast(), info.DataSize as usize);
                        // SAFETY: the kernel has captured that many bytes.
                        unsafe { std::slice::from_raw_parts(data, length) }.to_vec()
                    }
                };
                assert_eq!(bytes, 0xDEAD_BEEF_u32.to_le_bytes());
                let replayed = kernel_handle(info.Object).set_dword("Replayed", 0xDEAD_BEEF);
                assert_eq!(replayed, Status::SUCCESS);
                Status::SUCCESS
            }),
        );
        key.set_dword(VALUE, 0xDEAD_BEEF).unwrap();
        assert_eq!(key.delete_value(VALUE), Ok(()));
        unregister_all(&machine, [filter]);
        assert_eq!(number(&key, "Replayed"), Ok(0xDEAD_BEEF));
        drop(key);
        drop(thread);
        let report = machine.report();
        let blocks = report.counters;
        assert_eq!(blocks.pool_allocations, blocks.pool_frees);
        assert_eq!(blocks.pool_allocations, u64::from(!system_captures));
        assert_eq!(report.findings, []);
    }
}
