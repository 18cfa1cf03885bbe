//! The framework file object.

use core::ffi::c_void;

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use windows_core::implement;

use crate::{absent, object, write_string};

/// An opening of a device.
#[implement(IWDFFile)]
pub struct File {
    pub(crate) name: String,
}

object!(File_Impl);

impl IWDFFile_Impl for File_Impl {
    unsafe fn RetrieveFileName(&self, buffer: *mut u16, length: *mut u32) -> HRESULT {
        // SAFETY: the driver's buffer and length.
        unsafe { write_string(&self.name, buffer, length) }
    }

    absent! {
        GetDevice(*mut Raw<IWDFDevice>);
    }
}

/// A file of no device.
#[must_use]
pub fn file(name: &str) -> IWDFFile {
    File { name: name.into() }.into()
}
