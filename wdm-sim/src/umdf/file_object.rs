//! The framework file object: an opening of a device. Header: wudfddi.h, page: nn-wudfddi-iwdffile.

use std::sync::Arc;

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use windows_core::{ComObject, Interface, implement};

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

/// A file that the driver has made, to send requests with. Page: nn-wudfddi-iwdfdrivercreatedfile.
#[implement(IWDFDriverCreatedFile)]
pub(crate) struct CreatedFileObject {
    pub(crate) base: Base,
    core: Arc<Core>,
    pub(crate) id: FileId,
    name: String,
}

impl CreatedFileObject {
    pub(crate) fn new(core: &Arc<Core>, name: String) -> ComObject<Self> {
        let id = core.world.number();
        ComObject::new(CreatedFileObject {
            base: Base::named(&core.world, id, format!("file {id}")).of_driver(),
            core: core.clone(),
            id,
            name,
        })
    }
}

object!(CreatedFileObject_Impl: IWDFDriverCreatedFile);

impl IWDFFile_Impl for CreatedFileObject_Impl {
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

impl IWDFDriverCreatedFile_Impl for CreatedFileObject_Impl {
    unsafe fn Close(&self) {
        self.base
            .tell("IWDFDriverCreatedFile::Close", || self.delete());
    }
}

/// The number of a file, of a program or the driver's own, that is not closed.
pub(crate) fn file_id(file: &IWDFFile) -> Option<FileId> {
    if let Ok(file) = file.cast_object::<FileObject>() {
        return (!file.base.is_deleted()).then_some(file.id);
    }
    let file = file.cast_object::<CreatedFileObject>().ok()?;
    (!file.base.is_deleted()).then_some(file.id)
}
