//! The framework file object: an opening of a device. Header: wudfddi.h, page: nn-wudfddi-iwdffile.

use std::sync::Arc;

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use windows_core::implement;

use super::core::Core;
use super::io::FileId;
use super::object::{Base, absent, object, put, write_string};

/// An opening of a device.
#[implement(IWDFFile3)]
pub(crate) struct FileObject {
    pub(crate) base: Base,
    pub(crate) core: Arc<Core>,
    pub(crate) id: FileId,
    pub(crate) name: String,
    pub(crate) process: u32,
}

object!(FileObject_Impl: IWDFFile3);

impl IWDFFile_Impl for FileObject_Impl {
    unsafe fn RetrieveFileName(&self, buffer: *mut u16, length: *mut u32) -> HRESULT {
        self.base.answer("IWDFFile::RetrieveFileName", || {
            // SAFETY: the driver's buffer and length.
            unsafe { write_string(&self.name, buffer, length) }
        })
    }

    unsafe fn GetDevice(&self, device: *mut Raw<IWDFDevice>) {
        let own = self.core.objects.device();
        let own = own.map(|device| IWDFDevice::clone(&device.own()));
        // SAFETY: the driver's place.
        self.base
            .tell("IWDFFile::GetDevice", || unsafe { put(device, own) });
    }
}

impl IWDFFile2_Impl for FileObject_Impl {
    unsafe fn RetrieveCountedFileName(&self, buffer: *mut u16, length: *mut u32) -> HRESULT {
        self.base.answer("IWDFFile2::RetrieveCountedFileName", || {
            // SAFETY: the driver's buffer and length.
            unsafe { write_string(&self.name, buffer, length) }
        })
    }

    absent! { "IWDFFile2":
        GetRelatedFileObject(*mut Raw<IWDFFile>);
    }
}

impl IWDFFile3_Impl for FileObject_Impl {
    unsafe fn GetInitiatorProcessId(&self, id: *mut u32) {
        let own = self.process;
        self.base.tell("IWDFFile3::GetInitiatorProcessId", || {
            // SAFETY: the driver's place.
            unsafe { super::object::set(id, own) }
        });
    }
}
