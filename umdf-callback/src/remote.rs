//! Other devices: their interfaces, which arrive and are removed, and targets to send requests to. From UMDF 1.9. Header:
//! wudfddi.h, page: wdf/using-device-interfaces-in-umdf-drivers.
//!
//! ```
//! use std::sync::Mutex;
//!
//! use umdf_callback::callback::{PnpHardware, RemoteInterfaceNotification};
//! use umdf_callback::remote::{
//!     Open, RemoteEvent, RemoteInterface, RemoteInterfaceCallback, RemoteInterfaceInit, RemoteTarget,
//! };
//! use umdf_callback::{AddedDevice, Device, DeviceInit, Driver, GUID, Result, device_callback};
//!
//! const TOASTERS: GUID = GUID::from_u128(0x781e_f630_72b2_11d2_b852_00c0_4fad_5171);
//!
//! /// What happens to a toaster.
//! struct Toaster;
//!
//! impl RemoteInterfaceCallback for Toaster {
//!     fn on_event(&self, _interface: &RemoteInterface, event: RemoteEvent<'_>) {
//!         println!("{:?}: {:?}", event.kind, event.data);
//!     }
//! }
//!
//! #[derive(Default)]
//! struct Kitchen {
//!     device: Mutex<Option<Device>>, // while the hardware is there
//!     toasters: Mutex<Vec<RemoteTarget>>,
//! }
//!
//! impl PnpHardware for Kitchen {
//!     fn on_prepare_hardware(&self, device: &Device) -> Result<()> {
//!         *self.device.lock().unwrap() = Some(device.clone());
//!         Ok(())
//!     }
//!
//!     fn on_release_hardware(&self, _device: &Device) -> Result<()> {
//!         *self.device.lock().unwrap() = None;
//!         self.toasters.lock().unwrap().clear();
//!         Ok(())
//!     }
//! }
//!
//! impl Kitchen {
//!     fn open(&self, arrived: &RemoteInterfaceInit) -> Result<()> {
//!         let Some(device) = self.device.lock().unwrap().clone() else {
//!             return Ok(());
//!         };
//!         let interface = device.create_remote_interface(arrived, Toaster)?;
//!         let target = device.create_remote_target(Some(&interface), ())?;
//!         target.open_interface(&interface, None, Open::read_write())?;
//!         self.toasters.lock().unwrap().push(target);
//!         Ok(())
//!     }
//! }
//!
//! impl RemoteInterfaceNotification for Kitchen {
//!     fn on_remote_interface_arrival(&self, interface: &RemoteInterfaceInit) {
//!         if let Err(error) = self.open(interface) {
//!             println!("a toaster that does not open: {error}");
//!         }
//!     }
//! }
//!
//! device_callback!(Kitchen);
//!
//! #[derive(Default)]
//! struct Cooking;
//!
//! impl Driver for Cooking {
//!     fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
//!         let device = init.create_device(Kitchen::default())?;
//!         device.register_remote_interface_notification(&TOASTERS, true)?; // as `Kitchen` wants to know
//!         Ok(device.into())
//!     }
//! }
//! ```

use core::ops::Deref;

use crate::border::change::Change;
use crate::border::framework::Framework;
use crate::border::remote;
use crate::callback::RemoteInterfaceNotification;
use crate::context::sealed;
use crate::raw::{
    IWDFObject, IWDFRemoteInterface, IWDFRemoteInterfaceInitialize, IWDFRemoteTarget,
    UMDF_IO_TARGET_OPEN_PARAMS,
};
use crate::target::{SentIo, Target, TargetState};
use crate::{Device, DeviceHandle, GUID, Result, waiting};

/// A device interface that has arrived, for the length of the callback that says so: there a [`RemoteInterface`] is made of it. Page:
/// nn-wudfddi-iwdfremoteinterfaceinitialize.
#[derive(Debug)]
pub struct RemoteInterfaceInit(pub(crate) Framework<IWDFRemoteInterfaceInitialize>);

impl RemoteInterfaceInit {
    /// Its class. Page: nf-wudfddi-iwdfremoteinterfaceinitialize-getinterfaceguid.
    #[must_use]
    pub fn class(&self) -> GUID {
        self.0.class()
    }

    /// Its symbolic link. Page: nf-wudfddi-iwdfremoteinterfaceinitialize-retrievesymboliclink.
    ///
    /// # Errors
    /// The framework's.
    pub fn symbolic_link(&self) -> Result<String> {
        self.0.symbolic_link()
    }
}

/// A device interface of another device. Page: nn-wudfddi-iwdfremoteinterface.
#[derive(Clone, Debug)]
pub struct RemoteInterface(pub(crate) Framework<IWDFRemoteInterface>);

/// An event of a remote interface. Page: nf-wudfddi-iremoteinterfacecallbackevent-onremoteinterfaceevent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteEvent<'callback> {
    /// What it is: whoever sends it defines it.
    pub kind: GUID,
    /// What comes with it.
    pub data: &'callback [u8],
    /// The text that comes with it, behind the data.
    pub name: String,
}

/// What happens to a remote interface (`IRemoteInterfaceCallbackEvent`, `IRemoteInterfaceCallbackRemoval`). `()` lets the
/// framework do what it does without a callback.
pub trait RemoteInterfaceCallback: Send + Sync + 'static {
    /// The other device tells something, while a target for the interface is open. Page:
    /// nf-wudfddi-iremoteinterfacecallbackevent-onremoteinterfaceevent.
    fn on_event(&self, _interface: &RemoteInterface, _event: RemoteEvent<'_>) {}

    /// The interface is removed; it is deleted when this returns. Page:
    /// nf-wudfddi-iremoteinterfacecallbackremoval-onremoteinterfaceremoval.
    fn on_removal(&self, _interface: &RemoteInterface) {}
}

impl RemoteInterfaceCallback for () {}

/// The device of a remote target goes away (`IRemoteTargetCallbackRemoval`). `()` lets the framework do what it does without a
/// callback. What a callback has to do to its target is done for it, so that it cannot be forgotten.
pub trait RemoteTargetCallback: Send + Sync + 'static {
    /// May it? If so, the target is closed for the time being when this returns. To say no can make Windows restart. Page:
    /// nf-wudfddi-iremotetargetcallbackremoval-onremotetargetqueryremove.
    fn on_query_remove(&self, _target: &RemoteTarget) -> bool {
        true
    }

    /// It stays. The target is open again, or it is not, and can be [reopened](RemoteTarget::reopen) later. Page:
    /// nf-wudfddi-iremotetargetcallbackremoval-onremotetargetremovecanceled.
    fn on_remove_canceled(&self, _target: &RemoteTarget, _reopened: Result<()>) {}

    /// It has gone; the target is closed when this returns. Page:
    /// nf-wudfddi-iremotetargetcallbackremoval-onremotetargetremovecomplete.
    fn on_remove_complete(&self, _target: &RemoteTarget) {}
}

impl RemoteTargetCallback for () {}

/// How a target is opened: as `CreateFile` is told. Pages: nf-wudfddi-iwdfremotetarget-openfilebyname,
/// ns-wudfddi-_umdf_io_target_open_params.
#[derive(Clone, Copy, Debug)]
#[must_use = "RemoteTarget opens as it says"]
pub struct Open {
    access: u32,
    params: Option<UMDF_IO_TARGET_OPEN_PARAMS>,
}

impl Open {
    const GENERIC_READ: u32 = 0x8000_0000;
    const GENERIC_WRITE: u32 = 0x4000_0000;

    /// With the bits of `dwDesiredAccess`.
    pub const fn access(access: u32) -> Self {
        Open {
            access,
            params: None,
        }
    }

    /// To read.
    pub const fn read() -> Self {
        Self::access(Self::GENERIC_READ)
    }

    /// To write.
    pub const fn write() -> Self {
        Self::access(Self::GENERIC_WRITE)
    }

    /// To read and to write.
    pub const fn read_write() -> Self {
        Self::access(Self::GENERIC_READ | Self::GENERIC_WRITE)
    }

    /// With the bits of `dwShareMode`, the number of `dwCreationDisposition` and the bits of `dwFlagsAndAttributes`.
    pub const fn params(mut self, share: u32, disposition: u32, flags: u32) -> Self {
        self.params = Some(UMDF_IO_TARGET_OPEN_PARAMS {
            dwShareMode: share,
            dwCreationDisposition: disposition,
            dwFlagsAndAttributes: flags,
        });
        self
    }

    pub(crate) fn raw(&self) -> (u32, Option<&UMDF_IO_TARGET_OPEN_PARAMS>) {
        (self.access, self.params.as_ref())
    }
}

/// An I/O target in another device stack, or a file. It lives as long as its parent. Requests are formatted for it as for any other
/// [`Target`], with the [file](Target::file) that it has while it is open; they are not passed on to it as they came. Page: nn-wudfddi-iwdfremotetarget.
#[derive(Clone, Debug)]
pub struct RemoteTarget {
    target: Framework<IWDFRemoteTarget>,
    io: Target,
}

impl RemoteTarget {
    pub(crate) fn new(target: Framework<IWDFRemoteTarget>) -> Self {
        let io = Target(target.io_target());
        RemoteTarget { target, io }
    }

    pub(crate) fn framework(&self) -> &Framework<IWDFRemoteTarget> {
        &self.target
    }

    /// Opens a device interface, or what `name` says behind its symbolic link. Page:
    /// nf-wudfddi-iwdfremotetarget-openremoteinterface.
    ///
    /// # Errors
    /// The framework's, and those of `CreateFile`.
    pub fn open_interface(
        &self,
        interface: &RemoteInterface,
        name: Option<&str>,
        open: Open,
    ) -> Result<()> {
        self.target.open_interface(&interface.0, name, &open)
    }

    /// Opens a file. Page: nf-wudfddi-iwdfremotetarget-openfilebyname.
    ///
    /// # Errors
    /// The framework's, and those of `CreateFile`.
    pub fn open_file(&self, name: &str, open: Open) -> Result<()> {
        self.target.open_file(name, &open)
    }

    /// Ends or cancels the requests that it has, and closes it. Page: nf-wudfddi-iwdfremotetarget-close.
    pub fn close(&self) {
        self.target.close();
    }

    /// Opens again what was closed because its device might have gone away. Page: nf-wudfddi-iwdfremotetarget-reopen.
    ///
    /// # Errors
    /// The framework's, and those of `CreateFile`.
    pub fn reopen(&self) -> Result<()> {
        self.target.reopen()
    }

    /// Page: nf-wudfddi-iwdfremotetarget-getstate.
    #[must_use]
    pub fn state(&self) -> TargetState {
        TargetState::from_raw(self.target.state())
    }

    /// Sends what was sent while it was stopped. Page: nf-wudfddi-iwdfremotetarget-start.
    ///
    /// # Errors
    /// `STATUS_INVALID_DEVICE_STATE` if it was deleted; the framework's others; `ERROR_BUSY` while another thread starts or stops it.
    pub fn start(&self) -> Result<()> {
        let _change = Change::begin(&self.io.0)?;
        self.target.start()
    }

    /// Keeps what is sent from now on until it is started again. Page: nf-wudfddi-iwdfremotetarget-stop.
    ///
    /// # Errors
    /// `ERROR_BUSY` while another thread starts or stops it; `ERROR_POSSIBLE_DEADLOCK` for [`SentIo::Wait`] in a callback of a queue, a
    /// file or a request that was sent.
    pub fn stop(&self, sent: SentIo) -> Result<()> {
        if sent == SentIo::Wait {
            waiting::allowed()?;
        }
        let _change = Change::begin(&self.io.0)?;
        self.target.stop(sent as i32);
        Ok(())
    }
}

impl Deref for RemoteTarget {
    type Target = Target;

    fn deref(&self) -> &Target {
        &self.io
    }
}

impl sealed::Object for RemoteInterface {
    fn object(&self) -> &IWDFObject {
        &self.0
    }
}

impl sealed::Object for RemoteTarget {
    fn object(&self) -> &IWDFObject {
        &self.target
    }
}

impl<L, T: RemoteInterfaceNotification> DeviceHandle<L, T> {
    /// Lets the device's callback object know when an interface of this class arrives, and of those that are there if `existing` says
    /// so. From UMDF 1.9. Page: nf-wudfddi-iwdfdevice2-registerremoteinterfacenotification.
    ///
    /// # Errors
    /// The framework's.
    pub fn register_remote_interface_notification(
        &self,
        class: &GUID,
        existing: bool,
    ) -> Result<()> {
        let device: &Device = self;
        device.0.register_notification(class, existing)
    }
}

impl Device {
    /// Makes a remote interface of one that has arrived. Page: nf-wudfddi-iwdfdevice2-createremoteinterface.
    ///
    /// # Errors
    /// The framework's; the callback is dropped then.
    pub fn create_remote_interface<C: RemoteInterfaceCallback>(
        &self,
        arrived: &RemoteInterfaceInit,
        callback: C,
    ) -> Result<RemoteInterface> {
        let callback = remote::interface_object(callback);
        let interface = self.0.create_remote_interface(&arrived.0, &callback);
        interface.map(RemoteInterface)
    }

    /// Makes a target, which is not open yet, and which is deleted with `parent`, or with the device if there is none. Page:
    /// nf-wudfddi-iwdfdevice2-createremotetarget.
    ///
    /// # Errors
    /// `ERROR_INVALID_PARAMETER` if the parent is another device's; the framework's others. The callback is dropped then.
    pub fn create_remote_target<C: RemoteTargetCallback>(
        &self,
        parent: Option<&RemoteInterface>,
        callback: C,
    ) -> Result<RemoteTarget> {
        let callback = remote::target_object(callback);
        let parent = parent.map(|parent| &parent.0);
        let target = self.0.create_remote_target(parent, &callback);
        target.map(RemoteTarget::new)
    }
}
