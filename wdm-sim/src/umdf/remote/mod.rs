//! Interfaces of other devices, and targets in other device stacks. Header: wudfddi.h, pages:
//! wdf/using-device-interfaces-in-umdf-drivers, wdf/controlling-a-general-i-o-target-s-state-in-umdf.
//!
//! A test says that an interface arrives, what happens to it and that its device goes away; requests go to a driver that it plays.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use umdf_callback::raw::*;
use umdf_callback::{GUID, HRESULT};
use windows_core::{ComObject, IUnknown, Interface, implement};

use super::codes::INVALID_OPERATION;
use super::core::Core;
use super::object::{Base, object, parameter, put, write_string};
use super::verifier::Rule;
use super::world::lock;

pub(crate) use self::target::RemoteTargetObject;

mod other;
mod target;

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
}
