//! What a device or queue callback object can be told: a trait for each interface of the header (U4). Implement those that
//! matter; [`device_callback!`](crate::device_callback!) and [`queue_callback!`](crate::queue_callback!) find out which they are.
//!
//! Methods that have nothing to do have a body that does nothing. Traits whose methods can run beside other callbacks of the same
//! object, whatever the device's locking constraint, ask for [`Sync`] (see [`lock`](crate::lock)). A panic in a method ends the process
//! that hosts the driver.

use crate::Result;
use crate::device::Device;
use crate::file::File;
use crate::hardware::ResourceList;
use crate::queue::{Queue, QueueState};
use crate::remote::RemoteInterfaceInit;
use crate::request::{
    Canceled, Create, DeviceIoControl, Other, Read, Request, Resumed, StopAction, Stopped, Write,
};
use crate::state::PowerState;

/// The framework object of this callback object is about to be deleted (`IObjectCleanup`).
pub trait ObjectCleanup: Sync {
    /// Page: nf-wudfddi-iobjectcleanup-oncleanup.
    fn on_cleanup(&self);
}

/// The device enters and leaves its working state, and is taken away (`IPnpCallback`).
pub trait PnpCallback: Sync {
    /// It is in its working state. Page: nf-wudfddi-ipnpcallback-ond0entry.
    ///
    /// # Errors
    /// An error makes the device fail.
    fn on_d0_entry(&self, _device: &Device, _previous: PowerState) -> Result<()> {
        Ok(())
    }

    /// It is about to leave it. Page: nf-wudfddi-ipnpcallback-ond0exit.
    ///
    /// # Errors
    /// An error makes the device fail.
    fn on_d0_exit(&self, _device: &Device, _new: PowerState) -> Result<()> {
        Ok(())
    }

    /// It was taken away without asking. Page: nf-wudfddi-ipnpcallback-onsurpriseremoval.
    fn on_surprise_removal(&self, _device: &Device) {}

    /// May it be taken away? Page: nf-wudfddi-ipnpcallback-onqueryremove.
    ///
    /// # Errors
    /// An error says no.
    fn on_query_remove(&self, _device: &Device) -> Result<()> {
        Ok(())
    }

    /// May it be stopped, to move its resources? Page: nf-wudfddi-ipnpcallback-onquerystop.
    ///
    /// # Errors
    /// An error says no.
    fn on_query_stop(&self, _device: &Device) -> Result<()> {
        Ok(())
    }
}

/// The hardware appears and disappears (`IPnpCallbackHardware`).
pub trait PnpHardware: Sync {
    /// It can be reached. Page: nf-wudfddi-ipnpcallbackhardware-onpreparehardware.
    ///
    /// # Errors
    /// An error makes the device fail.
    fn on_prepare_hardware(&self, _device: &Device) -> Result<()> {
        Ok(())
    }

    /// It can no longer be reached. Page: nf-wudfddi-ipnpcallbackhardware-onreleasehardware.
    ///
    /// # Errors
    /// An error makes the device fail.
    fn on_release_hardware(&self, _device: &Device) -> Result<()> {
        Ok(())
    }
}

/// The same with the resources, from UMDF 1.11 (`IPnpCallbackHardware2`).
pub trait PnpHardware2: Sync {
    /// It can be reached. Page: nf-wudfddi-ipnpcallbackhardware2-onpreparehardware.
    ///
    /// # Errors
    /// An error makes the device fail.
    fn on_prepare_hardware(
        &self,
        _device: &Device,
        _raw: &ResourceList,
        _translated: &ResourceList,
    ) -> Result<()> {
        Ok(())
    }

    /// It can no longer be reached. Page: nf-wudfddi-ipnpcallbackhardware2-onreleasehardware.
    ///
    /// # Errors
    /// An error makes the device fail.
    fn on_release_hardware(&self, _device: &Device, _translated: &ResourceList) -> Result<()> {
        Ok(())
    }
}

/// Steps that need interrupts, from UMDF 1.11 (`IPnpCallbackHardwareInterrupt`).
pub trait PnpHardwareInterrupt: Sync {
    /// The device is in its working state, and interrupts come. Page:
    /// nf-wudfddi-ipnpcallbackhardwareinterrupt-ond0entrypostinterruptsenabled.
    ///
    /// # Errors
    /// An error makes the device fail.
    fn on_d0_entry_post_interrupts_enabled(
        &self,
        _device: &Device,
        _previous: PowerState,
    ) -> Result<()> {
        Ok(())
    }

    /// Interrupts are about to stop. Page: nf-wudfddi-ipnpcallbackhardwareinterrupt-ond0exitpreinterruptsdisabled.
    ///
    /// # Errors
    /// An error makes the device fail.
    fn on_d0_exit_pre_interrupts_disabled(
        &self,
        _device: &Device,
        _target: PowerState,
    ) -> Result<()> {
        Ok(())
    }
}

/// I/O that does not come through the queues (`IPnpCallbackSelfManagedIo`).
pub trait SelfManagedIo: Sync {
    /// The device starts. Page: nf-wudfddi-ipnpcallbackselfmanagedio-onselfmanagedioinit.
    ///
    /// # Errors
    /// An error makes the device fail.
    fn on_init(&self, _device: &Device) -> Result<()> {
        Ok(())
    }

    /// It is about to leave its working state. Page: nf-wudfddi-ipnpcallbackselfmanagedio-onselfmanagediosuspend.
    ///
    /// # Errors
    /// An error makes the device fail.
    fn on_suspend(&self, _device: &Device) -> Result<()> {
        Ok(())
    }

    /// It is back. Page: nf-wudfddi-ipnpcallbackselfmanagedio-onselfmanagediorestart.
    ///
    /// # Errors
    /// An error makes the device fail.
    fn on_restart(&self, _device: &Device) -> Result<()> {
        Ok(())
    }

    /// The framework does not call it. Page: nf-wudfddi-ipnpcallbackselfmanagedio-onselfmanagediostop.
    ///
    /// # Errors
    /// An error makes the device fail.
    fn on_stop(&self, _device: &Device) -> Result<()> {
        Ok(())
    }

    /// It was removed: what waits is to be given up. Page: nf-wudfddi-ipnpcallbackselfmanagedio-onselfmanagedioflush.
    fn on_flush(&self, _device: &Device) {}

    /// It was removed: what `on_init` made is to be freed. Page: nf-wudfddi-ipnpcallbackselfmanagedio-onselfmanagediocleanup.
    fn on_cleanup(&self, _device: &Device) {}
}

/// Device interfaces of other devices arrive, from UMDF 1.9 (`IPnpCallbackRemoteInterfaceNotification`).
pub trait RemoteInterfaceNotification: Sync {
    /// Page: nf-wudfddi-ipnpcallbackremoteinterfacenotification-onremoteinterfacearrival.
    fn on_remote_interface_arrival(&self, interface: &RemoteInterfaceInit);
}

/// Waking an idle device while the system works, from UMDF 1.9 (`IPowerPolicyCallbackWakeFromS0`).
pub trait WakeFromS0: Sync {
    /// Page: nf-wudfddi-ipowerpolicycallbackwakefroms0-onarmwakefroms0.
    ///
    /// # Errors
    /// The device is disarmed then, and sleeps all the same.
    fn on_arm(&self, _device: &Device) -> Result<()> {
        Ok(())
    }

    /// Page: nf-wudfddi-ipowerpolicycallbackwakefroms0-ondisarmwakefroms0.
    fn on_disarm(&self, _device: &Device) {}

    /// Page: nf-wudfddi-ipowerpolicycallbackwakefroms0-onwakefroms0triggered.
    fn on_triggered(&self, _device: &Device) {}
}

/// Waking the system, from UMDF 1.9 (`IPowerPolicyCallbackWakeFromSx`).
pub trait WakeFromSx: Sync {
    /// Page: nf-wudfddi-ipowerpolicycallbackwakefromsx-onarmwakefromsx.
    ///
    /// # Errors
    /// The device is disarmed then, and sleeps all the same.
    fn on_arm(&self, _device: &Device) -> Result<()> {
        Ok(())
    }

    /// Page: nf-wudfddi-ipowerpolicycallbackwakefromsx-ondisarmwakefromsx.
    fn on_disarm(&self, _device: &Device) {}

    /// Page: nf-wudfddi-ipowerpolicycallbackwakefromsx-onwakefromsxtriggered.
    fn on_triggered(&self, _device: &Device) {}
}

/// The last handle to a file is closed (`IFileCallbackCleanup`).
pub trait FileCleanup {
    /// Page: nf-wudfddi-ifilecallbackcleanup-oncleanupfile.
    fn on_cleanup_file(&self, file: &File);
}

/// A file is released (`IFileCallbackClose`).
pub trait FileClose {
    /// Page: nf-wudfddi-ifilecallbackclose-onclosefile.
    fn on_close_file(&self, file: &File);
}

/// A queue delivers requests to open the device (`IQueueCallbackCreate`).
pub trait QueueCreate: Sized + 'static {
    /// Page: nf-wudfddi-iqueuecallbackcreate-oncreatefile.
    fn on_create_file(&self, queue: &Queue<'_, Self>, request: Request<Create>, file: File);
}

/// A queue delivers reads (`IQueueCallbackRead`).
pub trait QueueRead: Sized + 'static {
    /// `length` is what is asked for, in bytes. Page: nf-wudfddi-iqueuecallbackread-onread.
    fn on_read(&self, queue: &Queue<'_, Self>, request: Request<Read>, length: usize);
}

/// A queue delivers writes (`IQueueCallbackWrite`).
pub trait QueueWrite: Sized + 'static {
    /// `length` is what is to be written, in bytes. Page: nf-wudfddi-iqueuecallbackwrite-onwrite.
    fn on_write(&self, queue: &Queue<'_, Self>, request: Request<Write>, length: usize);
}

/// A queue delivers device I/O control requests (`IQueueCallbackDeviceIoControl`).
pub trait QueueDeviceIoControl: Sized + 'static {
    /// Lengths are those of the buffers, in bytes. Page: nf-wudfddi-iqueuecallbackdeviceiocontrol-ondeviceiocontrol.
    fn on_device_io_control(
        &self,
        queue: &Queue<'_, Self>,
        request: Request<DeviceIoControl>,
        code: u32,
        input: usize,
        output: usize,
    );
}

/// A queue delivers what no other interface of its callback object takes (`IQueueCallbackDefaultIoHandler`).
pub trait QueueDefaultIoHandler: Sized + 'static {
    /// Page: nf-wudfddi-iqueuecallbackdefaultiohandler-ondefaultiohandler.
    fn on_default_io(&self, queue: &Queue<'_, Self>, request: Request<Other>);
}

/// A manual queue's state has changed (`IQueueCallbackStateChange`).
pub trait QueueStateChange: Sized + 'static {
    /// Page: nf-wudfddi-iqueuecallbackstatechange-onstatechange.
    fn on_state_change(&self, queue: &Queue<'_, Self>, state: QueueState);
}

/// The device leaves its working state while the driver has requests of the queue (`IQueueCallbackIoStop`).
pub trait QueueIoStop: Sized + Sync + 'static {
    /// Comes for each of them; the request itself is where the driver keeps it. Page: nf-wudfddi-iqueuecallbackiostop-oniostop.
    fn on_io_stop(&self, queue: &Queue<'_, Self>, request: Stopped<'_>, action: StopAction);
}

/// The device is back in its working state (`IQueueCallbackIoResume`).
pub trait QueueIoResume: Sized + Sync + 'static {
    /// Comes for each request that the driver has kept. Page: nf-wudfddi-iqueuecallbackioresume-onioresume.
    fn on_io_resume(&self, queue: &Queue<'_, Self>, request: Resumed<'_>);
}

/// A request that the driver has put into this queue was cancelled there (`IQueueCallbackIoCanceledOnQueue`).
pub trait QueueIoCanceled: Sized + Sync + 'static {
    /// Page: nf-wudfddi-iqueuecallbackiocanceledonqueue-oniocanceledonqueue.
    fn on_io_canceled(&self, queue: &Queue<'_, Self>, request: Request<Other, Canceled>);
}

/// A request that was marked cancelable is cancelled (`IRequestCallbackCancel`). The framework wants one such callback a queue, so
/// it is the queue callback object's.
pub trait RequestCancel: Sized + 'static {
    /// Complete it. Page: nf-wudfddi-irequestcallbackcancel-oncancel.
    fn on_cancel(&self, request: Request<Other, Canceled>);
}
