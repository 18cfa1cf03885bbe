//! Interfaces of driver and device callback objects, and of what they hand to other framework objects.

use core::ffi::c_void;

use windows_core::{BOOL, GUID, HRESULT, IUnknown, IUnknown_Vtbl, interface};

use super::Raw;
use super::device::{IWDFDevice, IWDFDevice3, IWDFDeviceInitialize};
use super::object::{IWDFCmResourceList, IWDFDriver, IWDFFile, IWDFObject};
use super::target::{IWDFRemoteInterface, IWDFRemoteInterfaceInitialize, IWDFRemoteTarget};
use super::types::WDF_POWER_DEVICE_STATE;

/// Called before a framework object is deleted. Page: nn-wudfddi-iobjectcleanup.
#[interface("244abe3a-abbc-43b1-a877-f00077550e6a")]
pub unsafe trait IObjectCleanup: IUnknown {
    /// The object is about to be deleted. Page: nf-wudfddi-iobjectcleanup-oncleanup.
    pub unsafe fn OnCleanup(&self, wdf_object: Raw<IWDFObject>);
}

/// The driver callback object (U2). Page: nn-wudfddi-idriverentry.
#[interface("1bec7499-8881-4f2b-b01c-a1a907304afc")]
pub unsafe trait IDriverEntry: IUnknown {
    /// The driver was loaded. Page: nf-wudfddi-idriverentry-oninitialize.
    pub unsafe fn OnInitialize(&self, wdf_driver: Raw<IWDFDriver>) -> HRESULT;
    /// There is a device, which the driver is to make. Page: nf-wudfddi-idriverentry-ondeviceadd.
    pub unsafe fn OnDeviceAdd(
        &self,
        wdf_driver: Raw<IWDFDriver>,
        wdf_device_init: Raw<IWDFDeviceInitialize>,
    ) -> HRESULT;
    /// The driver is about to be unloaded. Page: nf-wudfddi-idriverentry-ondeinitialize.
    pub unsafe fn OnDeinitialize(&self, wdf_driver: Raw<IWDFDriver>);
}

/// The device enters and leaves its working state, and is taken away. Page: nn-wudfddi-ipnpcallback.
#[interface("27c32374-cc45-4840-857e-8e5ef7c0ebff")]
pub unsafe trait IPnpCallback: IUnknown {
    /// The device is in its working state. Page: nf-wudfddi-ipnpcallback-ond0entry.
    pub unsafe fn OnD0Entry(
        &self,
        wdf_device: Raw<IWDFDevice>,
        previous_state: WDF_POWER_DEVICE_STATE,
    ) -> HRESULT;
    /// It is about to leave it. Page: nf-wudfddi-ipnpcallback-ond0exit.
    pub unsafe fn OnD0Exit(
        &self,
        wdf_device: Raw<IWDFDevice>,
        new_state: WDF_POWER_DEVICE_STATE,
    ) -> HRESULT;
    /// It was taken away without asking. Page: nf-wudfddi-ipnpcallback-onsurpriseremoval.
    pub unsafe fn OnSurpriseRemoval(&self, wdf_device: Raw<IWDFDevice>);
    /// May it be taken away? Page: nf-wudfddi-ipnpcallback-onqueryremove.
    pub unsafe fn OnQueryRemove(&self, wdf_device: Raw<IWDFDevice>) -> HRESULT;
    /// May it be stopped? Page: nf-wudfddi-ipnpcallback-onquerystop.
    pub unsafe fn OnQueryStop(&self, wdf_device: Raw<IWDFDevice>) -> HRESULT;
}

/// I/O that does not come through the queues. Page: nn-wudfddi-ipnpcallbackselfmanagedio.
#[interface("d1c9ca4c-46aa-46f8-bd8c-6ca9deb13340")]
pub unsafe trait IPnpCallbackSelfManagedIo: IUnknown {
    /// What `OnSelfManagedIoInit` made is to be freed. Page: nf-wudfddi-ipnpcallbackselfmanagedio-onselfmanagediocleanup.
    pub unsafe fn OnSelfManagedIoCleanup(&self, wdf_device: Raw<IWDFDevice>);
    /// What waits is to be given up. Page: nf-wudfddi-ipnpcallbackselfmanagedio-onselfmanagedioflush.
    pub unsafe fn OnSelfManagedIoFlush(&self, wdf_device: Raw<IWDFDevice>);
    /// The device starts. Page: nf-wudfddi-ipnpcallbackselfmanagedio-onselfmanagedioinit.
    pub unsafe fn OnSelfManagedIoInit(&self, wdf_device: Raw<IWDFDevice>) -> HRESULT;
    /// It is about to leave its working state. Page: nf-wudfddi-ipnpcallbackselfmanagedio-onselfmanagediosuspend.
    pub unsafe fn OnSelfManagedIoSuspend(&self, wdf_device: Raw<IWDFDevice>) -> HRESULT;
    /// It is back. Page: nf-wudfddi-ipnpcallbackselfmanagedio-onselfmanagediorestart.
    pub unsafe fn OnSelfManagedIoRestart(&self, wdf_device: Raw<IWDFDevice>) -> HRESULT;
    /// Not called. Page: nf-wudfddi-ipnpcallbackselfmanagedio-onselfmanagediostop.
    pub unsafe fn OnSelfManagedIoStop(&self, wdf_device: Raw<IWDFDevice>) -> HRESULT;
}

/// The hardware appears and disappears. Page: nn-wudfddi-ipnpcallbackhardware.
#[interface("51433bd3-c7c1-4bd8-b4c1-ab1e034626cc")]
pub unsafe trait IPnpCallbackHardware: IUnknown {
    /// The hardware can be reached. Page: nf-wudfddi-ipnpcallbackhardware-onpreparehardware.
    pub unsafe fn OnPrepareHardware(&self, wdf_device: Raw<IWDFDevice>) -> HRESULT;
    /// It can no longer be reached. Page: nf-wudfddi-ipnpcallbackhardware-onreleasehardware.
    pub unsafe fn OnReleaseHardware(&self, wdf_device: Raw<IWDFDevice>) -> HRESULT;
}

/// UMDF 1.11: the same, with the resources. Page: nn-wudfddi-ipnpcallbackhardware2.
#[interface("1493cd1b-c546-46bb-bf47-b27465093393")]
pub unsafe trait IPnpCallbackHardware2: IUnknown {
    /// The hardware can be reached, by these resources. Page: nf-wudfddi-ipnpcallbackhardware2-onpreparehardware.
    pub unsafe fn OnPrepareHardware(
        &self,
        wdf_device: Raw<IWDFDevice3>,
        wdf_resources_raw: Raw<IWDFCmResourceList>,
        wdf_resources_translated: Raw<IWDFCmResourceList>,
    ) -> HRESULT;
    /// It can no longer be reached. Page: nf-wudfddi-ipnpcallbackhardware2-onreleasehardware.
    pub unsafe fn OnReleaseHardware(
        &self,
        wdf_device: Raw<IWDFDevice3>,
        wdf_resources_translated: Raw<IWDFCmResourceList>,
    ) -> HRESULT;
}

/// UMDF 1.11: steps that need interrupts. Page: nn-wudfddi-ipnpcallbackhardwareinterrupt.
#[interface("3856fef1-a858-41fd-9be4-fa90010999b1")]
pub unsafe trait IPnpCallbackHardwareInterrupt: IUnknown {
    /// Interrupts are enabled. Page: nf-wudfddi-ipnpcallbackhardwareinterrupt-ond0entrypostinterruptsenabled.
    pub unsafe fn OnD0EntryPostInterruptsEnabled(
        &self,
        device: Raw<IWDFDevice3>,
        previous_state: WDF_POWER_DEVICE_STATE,
    ) -> HRESULT;
    /// They are about to be disabled. Page: nf-wudfddi-ipnpcallbackhardwareinterrupt-ond0exitpreinterruptsdisabled.
    pub unsafe fn OnD0ExitPreInterruptsDisabled(
        &self,
        device: Raw<IWDFDevice3>,
        target_state: WDF_POWER_DEVICE_STATE,
    ) -> HRESULT;
}

/// UMDF 1.9: waking an idle device while the system works. Page: nn-wudfddi-ipowerpolicycallbackwakefroms0.
#[interface("7ee9f0fa-5a1a-48df-a35e-8db42f519b66")]
pub unsafe trait IPowerPolicyCallbackWakeFromS0: IUnknown {
    /// The device is to wake itself. Page: nf-wudfddi-ipowerpolicycallbackwakefroms0-onarmwakefroms0.
    pub unsafe fn OnArmWakeFromS0(&self, wdf_device: Raw<IWDFDevice>) -> HRESULT;
    /// It no longer is. Page: nf-wudfddi-ipowerpolicycallbackwakefroms0-ondisarmwakefroms0.
    pub unsafe fn OnDisarmWakeFromS0(&self, wdf_device: Raw<IWDFDevice>);
    /// It has woken itself. Page: nf-wudfddi-ipowerpolicycallbackwakefroms0-onwakefroms0triggered.
    pub unsafe fn OnWakeFromS0Triggered(&self, wdf_device: Raw<IWDFDevice>);
}

/// UMDF 1.9: waking the system. Page: nn-wudfddi-ipowerpolicycallbackwakefromsx.
#[interface("3ab1426d-689c-4220-901e-03c6d909b5f5")]
pub unsafe trait IPowerPolicyCallbackWakeFromSx: IUnknown {
    /// The device is to wake the system. Page: nf-wudfddi-ipowerpolicycallbackwakefromsx-onarmwakefromsx.
    pub unsafe fn OnArmWakeFromSx(&self, wdf_device: Raw<IWDFDevice>) -> HRESULT;
    /// It no longer is. Page: nf-wudfddi-ipowerpolicycallbackwakefromsx-ondisarmwakefromsx.
    pub unsafe fn OnDisarmWakeFromSx(&self, wdf_device: Raw<IWDFDevice>);
    /// It has woken the system. Page: nf-wudfddi-ipowerpolicycallbackwakefromsx-onwakefromsxtriggered.
    pub unsafe fn OnWakeFromSxTriggered(&self, wdf_device: Raw<IWDFDevice>);
}

/// UMDF 1.9: a device interface has arrived. Page: nn-wudfddi-ipnpcallbackremoteinterfacenotification.
#[interface("f9d48f27-bdbe-4a96-af96-0e53e2a436ec")]
pub unsafe trait IPnpCallbackRemoteInterfaceNotification: IUnknown {
    /// A device interface of another device has arrived. Page: nf-wudfddi-ipnpcallbackremoteinterfacenotification-onremoteinterfacearrival.
    pub unsafe fn OnRemoteInterfaceArrival(
        &self,
        wdf_remote_interface_init: Raw<IWDFRemoteInterfaceInitialize>,
    );
}

/// The last handle to a file is closed. Page: nn-wudfddi-ifilecallbackcleanup.
#[interface("35c5f79c-6d81-4819-aa64-d6a8939d94d6")]
pub unsafe trait IFileCallbackCleanup: IUnknown {
    /// The last handle of an opening is closed. Page: nf-wudfddi-ifilecallbackcleanup-oncleanupfile.
    pub unsafe fn OnCleanupFile(&self, wdf_file_object: Raw<IWDFFile>);
}

/// A file is released. Page: nn-wudfddi-ifilecallbackclose.
#[interface("c28fd731-f3f1-4573-97dc-620f72d013a6")]
pub unsafe trait IFileCallbackClose: IUnknown {
    /// An opening is released. Page: nf-wudfddi-ifilecallbackclose-onclosefile.
    pub unsafe fn OnCloseFile(&self, wdf_file_object: Raw<IWDFFile>);
}

/// UMDF 1.9: a remote interface goes away. Page: nn-wudfddi-iremoteinterfacecallbackremoval.
#[interface("ee9baeed-b8d7-4097-be80-042df78ffbfd")]
pub unsafe trait IRemoteInterfaceCallbackRemoval: IUnknown {
    /// The interface goes away. Page: nf-wudfddi-iremoteinterfacecallbackremoval-onremoteinterfaceremoval.
    pub unsafe fn OnRemoteInterfaceRemoval(&self, wdf_remote_interface: Raw<IWDFRemoteInterface>);
}

/// UMDF 1.9: an event of a remote device. Page: nn-wudfddi-iremoteinterfacecallbackevent.
#[interface("c50a4804-7a31-4c81-9ab7-e66082f79956")]
pub unsafe trait IRemoteInterfaceCallbackEvent: IUnknown {
    /// Its device has an event. Page: nf-wudfddi-iremoteinterfacecallbackevent-onremoteinterfaceevent.
    pub unsafe fn OnRemoteInterfaceEvent(
        &self,
        wdf_remote_interface: Raw<IWDFRemoteInterface>,
        event_guid: *const GUID,
        pb_data: *mut u8,
        data_size: u32,
        name_buffer_offset: u32,
    );
}

/// UMDF 1.9: the device of a remote target goes away. Page: nn-wudfddi-iremotetargetcallbackremoval.
#[interface("b3a0d163-c4dd-49cc-aed2-ff5205c67ce1")]
pub unsafe trait IRemoteTargetCallbackRemoval: IUnknown {
    /// May the target be removed? Page: nf-wudfddi-iremotetargetcallbackremoval-onremotetargetqueryremove.
    pub unsafe fn OnRemoteTargetQueryRemove(
        &self,
        wdf_remote_target: Raw<IWDFRemoteTarget>,
    ) -> BOOL;
    /// It is not removed after all. Page: nf-wudfddi-iremotetargetcallbackremoval-onremotetargetremovecanceled.
    pub unsafe fn OnRemoteTargetRemoveCanceled(&self, wdf_remote_target: Raw<IWDFRemoteTarget>);
    /// It is removed. Page: nf-wudfddi-iremotetargetcallbackremoval-onremotetargetremovecomplete.
    pub unsafe fn OnRemoteTargetRemoveComplete(&self, wdf_remote_target: Raw<IWDFRemoteTarget>);
}

/// What runs in the name of a client. Page: nn-wudfddi-iimpersonatecallback.
#[interface("99b01d17-9fbd-4aa6-b16d-82dab6a4107f")]
pub unsafe trait IImpersonateCallback: IUnknown {
    /// The thread acts as the client. Page: nf-wudfddi-iimpersonatecallback-onimpersonate.
    pub unsafe fn OnImpersonate(&self, context: *mut c_void);
}
