//! The framework remote target object. Header: wudfddi.h, page: nn-wudfddi-iwdfremotetarget.

use std::sync::{Arc, Mutex};

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use windows_core::{ComObject, IUnknown, Interface, implement};

use super::{Link, RemoteInterfaceObject};
use crate::umdf::codes::{
    E_INVALIDARG, FILE_NOT_FOUND, INVALID_DEVICE_STATE, INVALID_OPERATION, INVALID_PARAMETER, S_OK,
};
use crate::umdf::core::Core;
use crate::umdf::device_object::DeviceObject;
use crate::umdf::file_object::CreatedFileObject;
use crate::umdf::object::{Base, absent, object, parameter, put, read_string};
use crate::umdf::target_object::TargetObject;
use crate::umdf::verifier::Rule;
use crate::umdf::world::lock;

/// The framework remote target object.
#[implement(IWDFRemoteTarget)]
pub(crate) struct RemoteTargetObject {
    pub(crate) base: Base,
    core: Arc<Core>,
    /// Its state, and the way of requests.
    pub(crate) way: ComObject<TargetObject>,
    open: Mutex<Opened>,
    /// The remote interface that it is deleted with, if it is not deleted with the device.
    pub(super) parent: Option<ComObject<RemoteInterfaceObject>>,
}

/// What it was opened for, and its file for that.
#[derive(Default)]
struct Opened {
    name: Option<String>,
    file: Option<ComObject<CreatedFileObject>>,
}

object!(RemoteTargetObject_Impl: IWDFRemoteTarget);

impl RemoteTargetObject {
    pub(super) fn state(&self) -> WDF_IO_TARGET_STATE {
        self.way.state()
    }

    pub(super) fn is_open(&self) -> bool {
        matches!(self.state(), WdfIoTargetStarted | WdfIoTargetStopped)
    }

    pub(super) fn is_for(&self, link: &Link) -> bool {
        lock(&self.open).name.as_deref() == Some(&link.name)
    }

    /// Opens what is there.
    fn open(&self, name: String, there: bool) -> Result<(), HRESULT> {
        if self.is_open() {
            return Err(INVALID_OPERATION);
        }
        if !there {
            return Err(FILE_NOT_FOUND);
        }
        let file = CreatedFileObject::new(&self.core, name.clone());
        *lock(&self.open) = Opened {
            name: Some(name),
            file: Some(file),
        };
        self.way.open();
        Ok(())
    }

    pub(super) fn close(&self, state: WDF_IO_TARGET_STATE) {
        self.way.close_as(state);
        if state != WdfIoTargetClosedForQueryRemove {
            self.close_file();
        }
    }

    fn close_file(&self) {
        let file = lock(&self.open).file.take();
        if let Some(file) = file {
            file.delete();
        }
    }
}

impl RemoteTargetObject_Impl {
    /// Its parent is deleted.
    pub(super) fn end(&self) {
        self.way.close();
        self.close_file();
        self.way.delete();
        self.delete();
    }
}

impl IWDFRemoteTarget_Impl for RemoteTargetObject_Impl {
    unsafe fn OpenRemoteInterface(
        &self,
        interface: Raw<IWDFRemoteInterface>,
        _name: *const u16,
        _access: u32,
        _params: *const UMDF_IO_TARGET_OPEN_PARAMS,
    ) -> HRESULT {
        const METHOD: &str = "IWDFRemoteTarget::OpenRemoteInterface";
        self.base.answer(METHOD, || {
            let interface = parameter(interface);
            let interface =
                interface.and_then(|object| object.cast_object::<RemoteInterfaceObject>().ok());
            let Some(interface) = interface.filter(|own| Arc::ptr_eq(&own.core, &self.core)) else {
                let detail = "the remote interface is not one of the device";
                self.base.finding(Rule::Argument, METHOD, detail);
                return Err(E_INVALIDARG);
            };
            let there = self.core.is_here(&interface.link);
            self.open(interface.link.name.clone(), there)
        })
    }

    unsafe fn OpenFileByName(
        &self,
        name: *const u16,
        _access: u32,
        _params: *const UMDF_IO_TARGET_OPEN_PARAMS,
    ) -> HRESULT {
        self.base.answer("IWDFRemoteTarget::OpenFileByName", || {
            // SAFETY: the driver's string, or null.
            let name = unsafe { read_string(name) }.ok_or(E_INVALIDARG)?;
            let there = lock(&self.core.belongings.remotes).files.contains(&name);
            self.open(name, there)
        })
    }

    unsafe fn Close(&self) -> HRESULT {
        self.base.tell("IWDFRemoteTarget::Close", || {
            self.close(WdfIoTargetClosed);
            S_OK
        })
    }

    unsafe fn CloseForQueryRemove(&self) -> HRESULT {
        self.base.tell("IWDFRemoteTarget::CloseForQueryRemove", || {
            self.close(WdfIoTargetClosedForQueryRemove);
            S_OK
        })
    }

    unsafe fn Reopen(&self) -> HRESULT {
        self.base.answer("IWDFRemoteTarget::Reopen", || {
            if self.state() != WdfIoTargetClosedForQueryRemove {
                return Err(INVALID_DEVICE_STATE);
            }
            self.way.open();
            Ok(())
        })
    }

    unsafe fn GetState(&self) -> WDF_IO_TARGET_STATE {
        let state = || match self.base.is_deleted() {
            true => WdfIoTargetDeleted,
            false => self.state(),
        };
        self.base.tell("IWDFRemoteTarget::GetState", state)
    }

    unsafe fn Start(&self) -> HRESULT {
        self.base.answer("IWDFRemoteTarget::Start", || {
            if !self.is_open() {
                return Err(INVALID_DEVICE_STATE);
            }
            self.way.start();
            Ok(())
        })
    }

    unsafe fn Stop(&self, action: WDF_IO_TARGET_SENT_IO_ACTION) -> HRESULT {
        const METHOD: &str = "IWDFRemoteTarget::Stop";
        self.base.tell(METHOD, || {
            if self.state() == WdfIoTargetStarted {
                self.way.stop(METHOD, action);
            }
            S_OK
        })
    }
}

/// Requests are formatted as for any other target.
impl IWDFIoTarget_Impl for RemoteTargetObject_Impl {
    unsafe fn GetTargetFile(&self, file: *mut Raw<IWDFFile>) {
        let own = lock(&self.open).file.clone();
        let own = own.map(|file| IWDFFile::clone(&file.own()));
        self.base.tell("IWDFIoTarget::GetTargetFile", || {
            // SAFETY: the driver's place.
            unsafe { put(file, own) }
        });
    }

    unsafe fn CancelSentRequestsForFile(&self, file: Raw<IWDFFile>) {
        // SAFETY: the driver's interface, or null.
        unsafe { self.way.own().CancelSentRequestsForFile(file) }
    }

    unsafe fn FormatRequestForRead(
        &self,
        request: Raw<IWDFIoRequest>,
        file: Raw<IWDFFile>,
        memory: Raw<IWDFMemory>,
        range: *const WDFMEMORY_OFFSET,
        offset: *const i64,
    ) -> HRESULT {
        let way = self.way.own();
        // SAFETY: the driver's interfaces, structure and number, or null.
        unsafe { way.FormatRequestForRead(request, file, memory, range, offset) }
    }

    unsafe fn FormatRequestForWrite(
        &self,
        request: Raw<IWDFIoRequest>,
        file: Raw<IWDFFile>,
        memory: Raw<IWDFMemory>,
        range: *const WDFMEMORY_OFFSET,
        offset: *const i64,
    ) -> HRESULT {
        let way = self.way.own();
        // SAFETY: the driver's interfaces, structure and number, or null.
        unsafe { way.FormatRequestForWrite(request, file, memory, range, offset) }
    }

    unsafe fn FormatRequestForIoctl(
        &self,
        request: Raw<IWDFIoRequest>,
        code: u32,
        file: Raw<IWDFFile>,
        input: Raw<IWDFMemory>,
        input_range: *const WDFMEMORY_OFFSET,
        output: Raw<IWDFMemory>,
        output_range: *const WDFMEMORY_OFFSET,
    ) -> HRESULT {
        let way = self.way.own();
        // SAFETY: the driver's interfaces and structures, or null.
        unsafe {
            way.FormatRequestForIoctl(
                request,
                code,
                file,
                input,
                input_range,
                output,
                output_range,
            )
        }
    }
}

impl IWDFIoTarget2_Impl for RemoteTargetObject_Impl {
    absent! { "IWDFIoTarget2":
        FormatRequestForFlush(Raw<IWDFIoRequest>, Raw<IWDFFile>) -> HRESULT;
        FormatRequestForSetInformation(Raw<IWDFIoRequest>, WDF_FILE_INFORMATION_CLASS, Raw<IWDFFile>, Raw<IWDFMemory>, *const WDFMEMORY_OFFSET) -> HRESULT;
        FormatRequestForQueryInformation(Raw<IWDFIoRequest>, WDF_FILE_INFORMATION_CLASS, Raw<IWDFFile>, Raw<IWDFMemory>, *const WDFMEMORY_OFFSET) -> HRESULT;
    }
}

impl Core {
    /// The parent of a remote target: the device, or a remote interface.
    fn parent(&self, parent: Raw<IWDFObject>) -> Option<Option<ComObject<RemoteInterfaceObject>>> {
        let Some(parent) = parameter(parent) else {
            return Some(None);
        };
        if let Ok(interface) = parent.cast_object::<RemoteInterfaceObject>() {
            let own = core::ptr::eq(&*interface.core, self);
            return own.then_some(Some(interface));
        }
        let device = parent.cast_object::<DeviceObject>().ok()?;
        core::ptr::eq(&*device.core, self).then_some(None)
    }

    /// # Safety
    /// The interfaces and the place are the driver's, or null.
    pub(crate) unsafe fn create_remote_target(
        self: &Arc<Self>,
        method: &str,
        callback: Raw<IUnknown>,
        parent: Raw<IWDFObject>,
        place: *mut Raw<IWDFRemoteTarget>,
    ) -> Result<(), HRESULT> {
        let parent = self.parent(parent).ok_or_else(|| {
            let detail =
                "the parent is not the device, nor a remote interface of it; the call fails";
            self.world
                .finding(Rule::Argument, method, &self.name, detail);
            INVALID_PARAMETER
        })?;
        let object = ComObject::new(RemoteTargetObject {
            base: Base::new(&self.world, "remote target")
                .with_callback(parameter(callback).as_ref())
                .of_driver(),
            core: self.clone(),
            way: TargetObject::remote(self),
            open: Mutex::default(),
            parent,
        });
        let own = object.clone();
        self.belongings.adopt(move || own.end());
        lock(&self.belongings.remotes).targets.push(object.clone());
        // SAFETY: the driver's place.
        unsafe { put(place, Some(object.own())) };
        Ok(())
    }
}
