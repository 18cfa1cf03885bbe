//! The framework memory object, of a request's buffer.

use core::ffi::c_void;

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use windows_core::implement;

use crate::{Shared, absent, object, win32};

/// A request's buffer.
#[implement(IWDFMemory)]
pub(crate) struct Memory {
    pub(crate) bytes: Shared<u8>,
}

object!(Memory_Impl);

impl IWDFMemory_Impl for Memory_Impl {
    unsafe fn CopyToBuffer(&self, offset: usize, target: *mut c_void, length: usize) -> HRESULT {
        let bytes = self.bytes.borrow();
        let Some(source) = offset
            .checked_add(length)
            .and_then(|end| bytes.get(offset..end))
        else {
            return win32(122);
        };
        // SAFETY: the driver's buffer is as long.
        unsafe {
            target
                .cast::<u8>()
                .copy_from_nonoverlapping(source.as_ptr(), length)
        };
        HRESULT(0)
    }

    unsafe fn CopyFromBuffer(&self, offset: usize, source: *mut c_void, length: usize) -> HRESULT {
        let mut bytes = self.bytes.borrow_mut();
        let Some(target) = offset
            .checked_add(length)
            .and_then(|end| bytes.get_mut(offset..end))
        else {
            return win32(122);
        };
        // SAFETY: the driver's buffer is as long.
        unsafe {
            target
                .as_mut_ptr()
                .copy_from_nonoverlapping(source.cast(), length)
        };
        HRESULT(0)
    }

    unsafe fn GetSize(&self) -> usize {
        self.bytes.borrow().len()
    }

    absent! {
        CopyFromMemory(Raw<IWDFMemory>, *const WDFMEMORY_OFFSET) -> HRESULT;
        GetDataBuffer(*mut usize) -> *mut c_void;
        SetBuffer(*mut c_void, usize);
    }
}
