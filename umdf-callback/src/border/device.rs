//! The device callback object: its places (U4) and trampolines.

use windows_core::{HRESULT, IUnknown};

use super::framework::Framework;
use super::object::{Object, Offers, offers};
use super::{code, parameter};
use crate::Result;
use crate::callback::*;
use crate::device::{Device, DeviceCallback};
use crate::file::File;
use crate::hardware::ResourceList;
use crate::lock::{DeviceLevel, Unsynchronized};
use crate::raw::*;
use crate::remote::RemoteInterfaceInit;
use crate::state::PowerState;
use crate::waiting::Delivery;

/// Device callback objects.
pub struct DeviceKind;

/// What `T` offers as one.
pub type DeviceOffers<T> = Offers<T, DeviceKind>;

offers! {
    DeviceKind, NoDevice {
        0 CLEANUP: ObjectCleanup => IObjectCleanup,
        1 PNP: PnpCallback => IPnpCallback,
        2 HARDWARE: PnpHardware => IPnpCallbackHardware,
        3 HARDWARE2: PnpHardware2 => IPnpCallbackHardware2,
        4 HARDWARE_INTERRUPT: PnpHardwareInterrupt => IPnpCallbackHardwareInterrupt,
        5 SELF_MANAGED_IO: SelfManagedIo => IPnpCallbackSelfManagedIo,
        6 REMOTE_INTERFACE: RemoteInterfaceNotification => IPnpCallbackRemoteInterfaceNotification,
        7 WAKE_FROM_S0: WakeFromS0 => IPowerPolicyCallbackWakeFromS0,
        8 WAKE_FROM_SX: WakeFromSx => IPowerPolicyCallbackWakeFromSx,
        9 FILE_CLEANUP: FileCleanup => IFileCallbackCleanup,
        10 FILE_CLOSE: FileClose => IFileCallbackClose,
    }
}

/// Contexts that callbacks may use under the locking constraint `L`.
///
/// # Safety
/// The framework runs callbacks that do not ask for [`Sync`] themselves as `L` says.
pub unsafe trait Fits<L> {}

// SAFETY: callbacks run one at a time, on whichever thread (F4).
unsafe impl<T: Send> Fits<DeviceLevel> for T {}
// SAFETY: they may run at the same time, and the context is Sync.
unsafe impl<T: Send + Sync> Fits<Unsynchronized> for T {}

/// Puts a context behind its interfaces.
pub(crate) fn object<T: DeviceCallback>(callback: T) -> IUnknown {
    Object::create(callback, &T::OFFERS)
}

/// A device, for the length of a callback.
fn device(pointer: Raw<IWDFDevice>) -> Result<Device> {
    parameter(pointer).map(|device| Device(Framework::to(&device)))
}

/// The same, from the callbacks that get the newer interface.
fn device3(pointer: Raw<IWDFDevice3>) -> Result<Device> {
    let device = Framework::to(&*parameter(pointer)?);
    device.query().map(Device)
}

/// A file, likewise.
fn file(pointer: Raw<IWDFFile>) -> Result<File> {
    parameter(pointer).map(|file| File(Framework::to(&file)))
}

/// Resources, likewise.
fn resources(pointer: Raw<IWDFCmResourceList>) -> Result<ResourceList> {
    parameter(pointer).map(|list| ResourceList(Framework::to(&list)))
}

/// Calls a method that has no result; the framework's null pointers, which do not happen, are not shown to it.
fn tell<A>(argument: Result<A>, method: impl FnOnce(A)) {
    if let Ok(argument) = argument {
        method(argument);
    }
}

impl<T: ObjectCleanup + 'static, F: 'static> IObjectCleanup_Impl for Object<T, F> {
    unsafe fn OnCleanup(&self, object: Raw<IWDFObject>) {
        tell(parameter(object), |_| self.value().on_cleanup());
    }
}

impl<T: PnpCallback + 'static> IPnpCallback_Impl for Object<T, DeviceKind> {
    unsafe fn OnD0Entry(
        &self,
        pointer: Raw<IWDFDevice>,
        previous: WDF_POWER_DEVICE_STATE,
    ) -> HRESULT {
        let previous = PowerState::from_raw(previous);
        code(device(pointer).and_then(|device| self.value().on_d0_entry(&device, previous)))
    }

    unsafe fn OnD0Exit(&self, pointer: Raw<IWDFDevice>, new: WDF_POWER_DEVICE_STATE) -> HRESULT {
        let new = PowerState::from_raw(new);
        code(device(pointer).and_then(|device| self.value().on_d0_exit(&device, new)))
    }

    unsafe fn OnSurpriseRemoval(&self, pointer: Raw<IWDFDevice>) {
        tell(device(pointer), |device| {
            self.value().on_surprise_removal(&device)
        });
    }

    unsafe fn OnQueryRemove(&self, pointer: Raw<IWDFDevice>) -> HRESULT {
        code(device(pointer).and_then(|device| self.value().on_query_remove(&device)))
    }

    unsafe fn OnQueryStop(&self, pointer: Raw<IWDFDevice>) -> HRESULT {
        code(device(pointer).and_then(|device| self.value().on_query_stop(&device)))
    }
}

impl<T: PnpHardware + 'static> IPnpCallbackHardware_Impl for Object<T, DeviceKind> {
    unsafe fn OnPrepareHardware(&self, pointer: Raw<IWDFDevice>) -> HRESULT {
        code(device(pointer).and_then(|device| self.value().on_prepare_hardware(&device)))
    }

    unsafe fn OnReleaseHardware(&self, pointer: Raw<IWDFDevice>) -> HRESULT {
        code(device(pointer).and_then(|device| self.value().on_release_hardware(&device)))
    }
}

impl<T: PnpHardware2 + 'static> IPnpCallbackHardware2_Impl for Object<T, DeviceKind> {
    unsafe fn OnPrepareHardware(
        &self,
        pointer: Raw<IWDFDevice3>,
        raw: Raw<IWDFCmResourceList>,
        translated: Raw<IWDFCmResourceList>,
    ) -> HRESULT {
        code(device3(pointer).and_then(|device| {
            let (raw, translated) = (resources(raw)?, resources(translated)?);
            self.value().on_prepare_hardware(&device, &raw, &translated)
        }))
    }

    unsafe fn OnReleaseHardware(
        &self,
        pointer: Raw<IWDFDevice3>,
        translated: Raw<IWDFCmResourceList>,
    ) -> HRESULT {
        code(device3(pointer).and_then(|device| {
            self.value()
                .on_release_hardware(&device, &resources(translated)?)
        }))
    }
}

impl<T: PnpHardwareInterrupt + 'static> IPnpCallbackHardwareInterrupt_Impl
    for Object<T, DeviceKind>
{
    unsafe fn OnD0EntryPostInterruptsEnabled(
        &self,
        pointer: Raw<IWDFDevice3>,
        previous: WDF_POWER_DEVICE_STATE,
    ) -> HRESULT {
        let previous = PowerState::from_raw(previous);
        code(device3(pointer).and_then(|device| {
            self.value()
                .on_d0_entry_post_interrupts_enabled(&device, previous)
        }))
    }

    unsafe fn OnD0ExitPreInterruptsDisabled(
        &self,
        pointer: Raw<IWDFDevice3>,
        target: WDF_POWER_DEVICE_STATE,
    ) -> HRESULT {
        let target = PowerState::from_raw(target);
        code(device3(pointer).and_then(|device| {
            self.value()
                .on_d0_exit_pre_interrupts_disabled(&device, target)
        }))
    }
}

impl<T: SelfManagedIo + 'static> IPnpCallbackSelfManagedIo_Impl for Object<T, DeviceKind> {
    unsafe fn OnSelfManagedIoCleanup(&self, pointer: Raw<IWDFDevice>) {
        tell(device(pointer), |device| self.value().on_cleanup(&device));
    }

    unsafe fn OnSelfManagedIoFlush(&self, pointer: Raw<IWDFDevice>) {
        tell(device(pointer), |device| self.value().on_flush(&device));
    }

    unsafe fn OnSelfManagedIoInit(&self, pointer: Raw<IWDFDevice>) -> HRESULT {
        code(device(pointer).and_then(|device| self.value().on_init(&device)))
    }

    unsafe fn OnSelfManagedIoSuspend(&self, pointer: Raw<IWDFDevice>) -> HRESULT {
        code(device(pointer).and_then(|device| self.value().on_suspend(&device)))
    }

    unsafe fn OnSelfManagedIoRestart(&self, pointer: Raw<IWDFDevice>) -> HRESULT {
        code(device(pointer).and_then(|device| self.value().on_restart(&device)))
    }

    unsafe fn OnSelfManagedIoStop(&self, pointer: Raw<IWDFDevice>) -> HRESULT {
        code(device(pointer).and_then(|device| self.value().on_stop(&device)))
    }
}

impl<T: RemoteInterfaceNotification + 'static> IPnpCallbackRemoteInterfaceNotification_Impl
    for Object<T, DeviceKind>
{
    unsafe fn OnRemoteInterfaceArrival(&self, init: Raw<IWDFRemoteInterfaceInitialize>) {
        let init = parameter(init).map(|init| RemoteInterfaceInit(Framework::to(&init)));
        tell(init, |init| self.value().on_remote_interface_arrival(&init));
    }
}

impl<T: WakeFromS0 + 'static> IPowerPolicyCallbackWakeFromS0_Impl for Object<T, DeviceKind> {
    unsafe fn OnArmWakeFromS0(&self, pointer: Raw<IWDFDevice>) -> HRESULT {
        code(device(pointer).and_then(|device| self.value().on_arm(&device)))
    }

    unsafe fn OnDisarmWakeFromS0(&self, pointer: Raw<IWDFDevice>) {
        tell(device(pointer), |device| self.value().on_disarm(&device));
    }

    unsafe fn OnWakeFromS0Triggered(&self, pointer: Raw<IWDFDevice>) {
        tell(device(pointer), |device| self.value().on_triggered(&device));
    }
}

impl<T: WakeFromSx + 'static> IPowerPolicyCallbackWakeFromSx_Impl for Object<T, DeviceKind> {
    unsafe fn OnArmWakeFromSx(&self, pointer: Raw<IWDFDevice>) -> HRESULT {
        code(device(pointer).and_then(|device| self.value().on_arm(&device)))
    }

    unsafe fn OnDisarmWakeFromSx(&self, pointer: Raw<IWDFDevice>) {
        tell(device(pointer), |device| self.value().on_disarm(&device));
    }

    unsafe fn OnWakeFromSxTriggered(&self, pointer: Raw<IWDFDevice>) {
        tell(device(pointer), |device| self.value().on_triggered(&device));
    }
}

impl<T: FileCleanup + 'static> IFileCallbackCleanup_Impl for Object<T, DeviceKind> {
    unsafe fn OnCleanupFile(&self, pointer: Raw<IWDFFile>) {
        let _delivery = Delivery::begin();
        tell(file(pointer), |file| self.value().on_cleanup_file(&file));
    }
}

impl<T: FileClose + 'static> IFileCallbackClose_Impl for Object<T, DeviceKind> {
    unsafe fn OnCloseFile(&self, pointer: Raw<IWDFFile>) {
        let _delivery = Delivery::begin();
        tell(file(pointer), |file| self.value().on_close_file(&file));
    }
}
