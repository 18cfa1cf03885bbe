//! Interfaces of other devices, and targets in other device stacks. Header: wudfddi.h, pages:
//! wdf/using-device-interfaces-in-umdf-drivers, wdf/controlling-a-general-i-o-target-s-state-in-umdf.
//!
//! A test says that an interface arrives, what happens to it and that its device goes away; requests go to a driver that it plays.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use umdf_callback::raw::*;
use umdf_callback::{GUID, HRESULT};
use windows_core::{BOOL, ComObject, IUnknown, Interface, implement};

use super::codes::{E_INVALIDARG, FILE_NOT_FOUND, INVALID_DEVICE_STATE, INVALID_OPERATION, S_OK};
use super::core::Core;
use super::file_object::CreatedFileObject;
use super::object::{Base, absent, object, parameter, put, read_string, write_string};
use super::pnp::Stage;
use super::target_object::TargetObject;
use super::verifier::Rule;
use super::world::lock;

/// What a device has to do with others.
#[derive(Default)]
pub(crate) struct Remotes {
    /// The classes that the driver wants to know of.
    classes: Vec<GUID>,
    /// The interfaces that are there.
    here: Vec<Link>,
    /// Those of them that the driver is still to be told of.
    pending: Vec<Link>,
    /// Files that a target can be opened for.
    pub(crate) files: Vec<String>,
    interfaces: Vec<ComObject<RemoteInterfaceObject>>,
    targets: Vec<ComObject<RemoteTargetObject>>,
}

/// An interface of another device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) class: GUID,
    pub(crate) name: String,
}

/// A device interface that has arrived, while the driver is told.
#[implement(IWDFRemoteInterfaceInitialize)]
pub(crate) struct RemoteInit {
    base: Base,
    link: Link,
    /// The callback has returned.
    over: AtomicBool,
}

impl IWDFRemoteInterfaceInitialize_Impl for RemoteInit_Impl {
    unsafe fn GetInterfaceGuid(&self, class: *mut GUID) {
        const METHOD: &str = "IWDFRemoteInterfaceInitialize::GetInterfaceGuid";
        // SAFETY: the driver's place.
        self.base.tell(METHOD, || unsafe {
            super::object::set(class, self.link.class)
        });
    }

    unsafe fn RetrieveSymbolicLink(&self, buffer: *mut u16, length: *mut u32) -> HRESULT {
        const METHOD: &str = "IWDFRemoteInterfaceInitialize::RetrieveSymbolicLink";
        // SAFETY: the driver's buffer and length.
        self.base.answer(METHOD, || unsafe {
            write_string(&self.link.name, buffer, length)
        })
    }
}

/// The framework remote interface object.
#[implement(IWDFRemoteInterface)]
pub(crate) struct RemoteInterfaceObject {
    pub(crate) base: Base,
    core: Arc<Core>,
    link: Link,
}

object!(RemoteInterfaceObject_Impl: IWDFRemoteInterface);

impl IWDFRemoteInterface_Impl for RemoteInterfaceObject_Impl {}

/// The framework remote target object.
#[implement(IWDFRemoteTarget)]
pub(crate) struct RemoteTargetObject {
    pub(crate) base: Base,
    core: Arc<Core>,
    /// Its state, and the way of requests.
    pub(crate) way: ComObject<TargetObject>,
    open: Mutex<Opened>,
}

/// What it was opened for, and its file for that.
#[derive(Default)]
struct Opened {
    name: Option<String>,
    file: Option<ComObject<CreatedFileObject>>,
}

object!(RemoteTargetObject_Impl: IWDFRemoteTarget);

impl RemoteTargetObject {
    fn state(&self) -> WDF_IO_TARGET_STATE {
        self.way.state()
    }

    fn is_open(&self) -> bool {
        matches!(self.state(), WdfIoTargetStarted | WdfIoTargetStopped)
    }

    fn is_for(&self, link: &Link) -> bool {
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

    fn close(&self, state: WDF_IO_TARGET_STATE) {
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

/// What the driver asks for.
impl Core {
    pub(crate) fn register_notification(
        &self,
        method: &str,
        class: GUID,
        existing: bool,
    ) -> Result<(), HRESULT> {
        if self
            .callback::<IPnpCallbackRemoteInterfaceNotification>()
            .is_none()
        {
            let detail = "the callback object has no IPnpCallbackRemoteInterfaceNotification; the call fails";
            self.world.finding(Rule::Remote, method, &self.name, detail);
            return Err(INVALID_OPERATION);
        }
        let mut remotes = lock(&self.belongings.remotes);
        remotes.classes.push(class);
        if existing {
            let of_class = |link: &&Link| link.class == class;
            let links: Vec<Link> = remotes.here.iter().filter(of_class).cloned().collect();
            remotes.pending.extend(links);
        }
        Ok(())
    }

    /// # Safety
    /// The interfaces and the place are the driver's, or null.
    pub(crate) unsafe fn create_remote_interface(
        self: &Arc<Self>,
        method: &str,
        init: Raw<IWDFRemoteInterfaceInitialize>,
        callback: Raw<IUnknown>,
        place: *mut Raw<IWDFRemoteInterface>,
    ) -> Result<(), HRESULT> {
        let init = parameter(init).and_then(|init| init.cast_object::<RemoteInit>().ok());
        let Some(init) = init.filter(|init| !init.over.load(Ordering::Acquire)) else {
            let detail = "OnRemoteInterfaceArrival has returned; the call fails";
            self.world.finding(Rule::Remote, method, &self.name, detail);
            return Err(INVALID_OPERATION);
        };
        let object = ComObject::new(RemoteInterfaceObject {
            base: Base::new(&self.world, "remote interface")
                .with_callback(parameter(callback).as_ref())
                .of_driver(),
            core: self.clone(),
            link: init.link.clone(),
        });
        let own = object.clone();
        self.belongings.adopt(move || own.delete());
        lock(&self.belongings.remotes)
            .interfaces
            .push(object.clone());
        // SAFETY: the driver's place.
        unsafe { put(place, Some(object.own())) };
        Ok(())
    }

    /// # Safety
    /// The interfaces and the place are the driver's, or null.
    pub(crate) unsafe fn create_remote_target(
        self: &Arc<Self>,
        callback: Raw<IUnknown>,
        place: *mut Raw<IWDFRemoteTarget>,
    ) -> Result<(), HRESULT> {
        let object = ComObject::new(RemoteTargetObject {
            base: Base::new(&self.world, "remote target")
                .with_callback(parameter(callback).as_ref())
                .of_driver(),
            core: self.clone(),
            way: TargetObject::remote(self),
            open: Mutex::default(),
        });
        let own = object.clone();
        self.belongings.adopt(move || {
            own.close_file();
            own.way.delete();
            own.delete();
        });
        lock(&self.belongings.remotes).targets.push(object.clone());
        // SAFETY: the driver's place.
        unsafe { put(place, Some(object.own())) };
        Ok(())
    }
}

/// What happens to other devices.
impl Core {
    fn is_here(&self, link: &Link) -> bool {
        lock(&self.belongings.remotes).here.contains(link)
    }

    /// An interface arrives.
    pub(crate) fn arrive(self: &Arc<Self>, link: Link) {
        self.world.system(
            &self.name,
            format!("remote interface {} arrives", link.name),
        );
        let mut remotes = lock(&self.belongings.remotes);
        remotes.here.push(link.clone());
        let wanted = remotes.classes.contains(&link.class);
        if wanted {
            remotes.pending.push(link);
        }
        drop(remotes);
        self.tell_of_arrivals();
    }

    /// Tells the driver, once the device works.
    pub(crate) fn tell_of_arrivals(self: &Arc<Self>) {
        if self.stage() != Stage::Working {
            return;
        }
        let links = std::mem::take(&mut lock(&self.belongings.remotes).pending);
        for link in links {
            let callback = self.callback::<IPnpCallbackRemoteInterfaceNotification>();
            let Some(callback) = callback else {
                return;
            };
            let init = ComObject::new(RemoteInit {
                base: Base::new(&self.world, "remote interface init"),
                link,
                over: AtomicBool::new(false),
            });
            let interface: IWDFRemoteInterfaceInitialize = init.to_interface();
            const METHOD: &str =
                "IPnpCallbackRemoteInterfaceNotification::OnRemoteInterfaceArrival";
            self.world.callback(&self.name, METHOD, "", || {
                // SAFETY: the interfaces are valid.
                unsafe { callback.get().OnRemoteInterfaceArrival(Raw::of(&interface)) }
            });
            init.over.store(true, Ordering::Release);
        }
    }

    fn targets_of(&self, link: &Link) -> Vec<ComObject<RemoteTargetObject>> {
        let remotes = lock(&self.belongings.remotes);
        let of_link = |target: &&ComObject<RemoteTargetObject>| {
            target.is_for(link) && !target.base.is_deleted()
        };
        remotes.targets.iter().filter(of_link).cloned().collect()
    }

    fn interfaces_of(&self, link: &Link) -> Vec<ComObject<RemoteInterfaceObject>> {
        let remotes = lock(&self.belongings.remotes);
        let of_link = |object: &&ComObject<RemoteInterfaceObject>| {
            object.link == *link && !object.base.is_deleted()
        };
        remotes.interfaces.iter().filter(of_link).cloned().collect()
    }

    /// May the interface's device be removed? (Page: nf-wudfddi-iremotetargetcallbackremoval-onremotetargetqueryremove.)
    pub(crate) fn remote_query_remove(&self, link: &Link) -> bool {
        const METHOD: &str = "IRemoteTargetCallbackRemoval::OnRemoteTargetQueryRemove";
        let mut may = true;
        for target in self.targets_of(link) {
            let Some(callback) = target.base.callback::<IRemoteTargetCallbackRemoval>() else {
                target.close(WdfIoTargetClosedForQueryRemove);
                continue;
            };
            let own = target.own();
            let name = &target.base.name;
            let said: BOOL = self.world.callback(name, METHOD, "", || {
                // SAFETY: the interfaces are valid.
                unsafe { callback.get().OnRemoteTargetQueryRemove(Raw::of(&own)) }
            });
            if said.as_bool() && target.state() != WdfIoTargetClosedForQueryRemove {
                let detail = "it said yes without CloseForQueryRemove";
                target.base.finding(Rule::Remote, METHOD, detail);
            }
            may &= said.as_bool();
        }
        may
    }

    /// It stays (page: nf-wudfddi-iremotetargetcallbackremoval-onremotetargetremovecanceled).
    pub(crate) fn remote_remove_canceled(&self, link: &Link) {
        const METHOD: &str = "IRemoteTargetCallbackRemoval::OnRemoteTargetRemoveCanceled";
        for target in self.targets_of(link) {
            let Some(callback) = target.base.callback::<IRemoteTargetCallbackRemoval>() else {
                target.way.open();
                continue;
            };
            let own = target.own();
            self.world.callback(&target.base.name, METHOD, "", || {
                // SAFETY: the interfaces are valid.
                unsafe { callback.get().OnRemoteTargetRemoveCanceled(Raw::of(&own)) }
            });
        }
    }

    /// It has gone, and the interface with it (pages: nf-wudfddi-iremotetargetcallbackremoval-onremotetargetremovecomplete,
    /// nf-wudfddi-iremoteinterfacecallbackremoval-onremoteinterfaceremoval).
    pub(crate) fn remote_removed(&self, link: &Link) {
        const COMPLETE: &str = "IRemoteTargetCallbackRemoval::OnRemoteTargetRemoveComplete";
        const DELETE: &str = "IWDFObject::DeleteWdfObject";
        const REMOVAL: &str = "IRemoteInterfaceCallbackRemoval::OnRemoteInterfaceRemoval";
        lock(&self.belongings.remotes)
            .here
            .retain(|here| here != link);
        for target in self.targets_of(link) {
            let Some(callback) = target.base.callback::<IRemoteTargetCallbackRemoval>() else {
                target.close(WdfIoTargetClosed);
                continue;
            };
            let own = target.own();
            self.world.callback(&target.base.name, COMPLETE, "", || {
                // SAFETY: the interfaces are valid.
                unsafe { callback.get().OnRemoteTargetRemoveComplete(Raw::of(&own)) }
            });
            if target.state() != WdfIoTargetClosed {
                let detail = "it returned without Close";
                target.base.finding(Rule::Remote, COMPLETE, detail);
            }
        }
        for interface in self.interfaces_of(link) {
            let Some(callback) = interface.base.callback::<IRemoteInterfaceCallbackRemoval>()
            else {
                interface.delete();
                continue;
            };
            let own = interface.own();
            let name = &interface.base.name;
            // The driver deletes the object in its callback, which is not gone before it has returned.
            let object = callback.get().cast::<IUnknown>().ok();
            let held = object.and_then(|object| self.world.hold(&object));
            self.world.callback(name, REMOVAL, "", || {
                // SAFETY: the interfaces are valid.
                unsafe { callback.get().OnRemoteInterfaceRemoval(Raw::of(&own)) }
            });
            drop(callback);
            if let Some(held) = held {
                self.world.release(held, name);
            }
            let made_to_fail = self
                .world
                .injected()
                .is_some_and(|fault| fault.routine == DELETE);
            if !interface.base.is_deleted() && !made_to_fail {
                let detail = "it returned without DeleteWdfObject";
                interface.base.finding(Rule::Remote, REMOVAL, detail);
            }
        }
    }

    /// The interface's device tells something, if a target for it is open (page:
    /// nf-wudfddi-iremoteinterfacecallbackevent-onremoteinterfaceevent).
    pub(crate) fn remote_event(&self, link: &Link, kind: &GUID, data: &[u8], name: &str) {
        const METHOD: &str = "IRemoteInterfaceCallbackEvent::OnRemoteInterfaceEvent";
        if !self.targets_of(link).iter().any(|target| target.is_open()) {
            return;
        }
        let text = name.encode_utf16().chain([0]).flat_map(u16::to_le_bytes);
        let mut bytes: Vec<u8> = data.iter().copied().chain(text).collect();
        let (offset, size) = (data.len() as u32, bytes.len() as u32);
        for interface in self.interfaces_of(link) {
            let Some(callback) = interface.base.callback::<IRemoteInterfaceCallbackEvent>() else {
                continue;
            };
            let own = interface.own();
            let place = bytes.as_mut_ptr();
            self.world.callback(&interface.base.name, METHOD, "", || {
                // SAFETY: the interfaces, the GUID and the bytes are valid.
                unsafe {
                    callback
                        .get()
                        .OnRemoteInterfaceEvent(Raw::of(&own), kind, place, size, offset)
                }
            });
        }
    }

    /// The device is removed: what its targets have ends.
    pub(crate) fn close_remote_targets(&self) {
        let targets = lock(&self.belongings.remotes).targets.clone();
        for target in targets {
            target.way.close_as(WdfIoTargetClosed);
        }
    }

    /// The states of the targets, as they were made.
    pub(crate) fn target_states(&self) -> Vec<WDF_IO_TARGET_STATE> {
        let remotes = lock(&self.belongings.remotes);
        remotes
            .targets
            .iter()
            .map(|target| target.state())
            .collect()
    }
}
