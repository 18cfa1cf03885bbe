//! A driver that has every callback, keeps requests, and can fail in each callback that has a result.
//!
//! Its device has two queues: reads and what has no callback of its own go to the default one, which is power-managed; writes go to
//! another, which is not. Both keep what they get until a control code lets it go.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use umdf_callback::callback::*;
use umdf_callback::hardware::ResourceList;
use umdf_callback::lock::Fits;
use umdf_callback::remote::RemoteInterfaceInit;
use umdf_callback::request::*;
use umdf_callback::{
    AddedDevice, Device, DeviceCallback, DeviceInit, Dispatch, Driver, DriverObject, Error, File,
    HRESULT, PowerState, Queue, QueueConfig, Result, device_callback, queue_callback,
};

/// With what it fails.
pub(crate) const REFUSED: HRESULT = HRESULT(0x8007_04C7_u32 as i32);

/// Completes all that the queues keep.
pub(crate) const LET_GO: u32 = 0x0022_2000;
/// Marks the request cancelable, and keeps it.
pub(crate) const MARK: u32 = 0x0022_2004;

/// The callbacks with a result, and a place in one of them.
pub(crate) const CAN_FAIL: &[&str] = &[
    "OnInitialize",
    "OnDeviceAdd",
    "OnDeviceAdd, after CreateDevice",
    "OnPrepareHardware",
    "OnReleaseHardware",
    "OnD0Entry",
    "OnD0Exit",
    "OnD0EntryPostInterruptsEnabled",
    "OnD0ExitPreInterruptsDisabled",
    "OnQueryStop",
    "OnQueryRemove",
    "OnSelfManagedIoInit",
    "OnSelfManagedIoSuspend",
    "OnSelfManagedIoRestart",
    "OnSelfManagedIoStop",
    "OnArmWakeFromS0",
    "OnArmWakeFromSx",
];

thread_local! {
    static NEXT: RefCell<Arc<Record>> = RefCell::default();
}

/// What a driver does, and what it was told.
#[derive(Default)]
pub(crate) struct Record {
    fails: Mutex<Option<&'static str>>,
    /// The device has no locking constraint.
    parallel: bool,
    told: Mutex<Vec<&'static str>>,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Record {
    /// For the next driver that is loaded on this thread.
    pub(crate) fn next(fails: Option<&'static str>) -> Arc<Self> {
        let record = Record {
            fails: Mutex::new(fails),
            ..Record::default()
        };
        record.set()
    }

    /// Likewise, for one whose device has no locking constraint.
    pub(crate) fn next_parallel() -> Arc<Self> {
        let record = Record {
            parallel: true,
            ..Record::default()
        };
        record.set()
    }

    fn set(self) -> Arc<Self> {
        let record = Arc::new(self);
        NEXT.set(record.clone());
        record
    }

    /// Makes the driver fail in another callback.
    pub(crate) fn fail(&self, method: &'static str) {
        *lock(&self.fails) = Some(method);
    }

    /// The methods that were called.
    pub(crate) fn told(&self) -> Vec<&'static str> {
        lock(&self.told).clone()
    }

    fn tell(&self, method: &'static str) {
        lock(&self.told).push(method);
    }

    fn answer(&self, method: &'static str) -> Result<()> {
        self.tell(method);
        debug_assert!(CAN_FAIL.contains(&method));
        match *lock(&self.fails) {
            Some(fails) if fails == method => Err(Error::from_hresult(REFUSED)),
            _ => Ok(()),
        }
    }
}

/// The driver; with the interfaces of 1.11 if it is `NEWER`.
pub(crate) struct Full<const NEWER: bool = false>(Arc<Record>);

impl<const NEWER: bool> Default for Full<NEWER> {
    fn default() -> Self {
        Full(NEXT.with_borrow(Arc::clone))
    }
}

impl<const NEWER: bool> Driver for Full<NEWER>
where
    Context<NEWER>: DeviceCallback,
{
    fn on_initialize(&self, _driver: &DriverObject) -> Result<()> {
        self.0.answer("OnInitialize")
    }

    fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
        self.0.answer("OnDeviceAdd")?;
        if self.0.parallel {
            return self.add(init.unsynchronized());
        }
        self.add(init)
    }

    fn on_deinitialize(&self, _driver: &DriverObject) {
        self.0.tell("OnDeinitialize");
    }
}

impl<const NEWER: bool> Full<NEWER>
where
    Context<NEWER>: DeviceCallback,
{
    /// Makes the device and its queues.
    fn add<'add, L>(&self, init: DeviceInit<'add, L>) -> Result<AddedDevice<'add>>
    where
        Context<NEWER>: Fits<L>,
        Keeper: Fits<L>,
    {
        let record = || self.0.clone();
        let device = init.create_device(Context::<NEWER>(record()))?;
        let managed = QueueConfig::default_queue();
        let other = QueueConfig::secondary().power_managed(false);
        device.create_queue(managed, Dispatch::Parallel, Keeper::new(record()))?;
        let other = device.create_queue(other, Dispatch::Parallel, Keeper::new(record()))?;
        device.device().dispatch(RequestKind::Write, &other)?;
        self.0.answer("OnDeviceAdd, after CreateDevice")?;
        Ok(device.into())
    }
}

/// The device callback object.
pub(crate) struct Context<const NEWER: bool>(Arc<Record>);

device_callback!(Context<false>);
device_callback!(Context<true>);

impl<const NEWER: bool> ObjectCleanup for Context<NEWER> {
    fn on_cleanup(&self) {
        self.0.tell("OnCleanup");
    }
}

impl<const NEWER: bool> PnpCallback for Context<NEWER> {
    fn on_d0_entry(&self, _device: &Device, _previous: PowerState) -> Result<()> {
        self.0.answer("OnD0Entry")
    }

    fn on_d0_exit(&self, _device: &Device, _new: PowerState) -> Result<()> {
        self.0.answer("OnD0Exit")
    }

    fn on_surprise_removal(&self, _device: &Device) {
        self.0.tell("OnSurpriseRemoval");
    }

    fn on_query_remove(&self, _device: &Device) -> Result<()> {
        self.0.answer("OnQueryRemove")
    }

    fn on_query_stop(&self, _device: &Device) -> Result<()> {
        self.0.answer("OnQueryStop")
    }
}

impl PnpHardware for Context<false> {
    fn on_prepare_hardware(&self, _device: &Device) -> Result<()> {
        self.0.answer("OnPrepareHardware")
    }

    fn on_release_hardware(&self, _device: &Device) -> Result<()> {
        self.0.answer("OnReleaseHardware")
    }
}

impl PnpHardware2 for Context<true> {
    fn on_prepare_hardware(
        &self,
        _device: &Device,
        _raw: &ResourceList,
        _translated: &ResourceList,
    ) -> Result<()> {
        self.0.answer("OnPrepareHardware")
    }

    fn on_release_hardware(&self, _device: &Device, _translated: &ResourceList) -> Result<()> {
        self.0.answer("OnReleaseHardware")
    }
}

impl PnpHardwareInterrupt for Context<true> {
    fn on_d0_entry_post_interrupts_enabled(
        &self,
        _device: &Device,
        _previous: PowerState,
    ) -> Result<()> {
        self.0.answer("OnD0EntryPostInterruptsEnabled")
    }

    fn on_d0_exit_pre_interrupts_disabled(
        &self,
        _device: &Device,
        _target: PowerState,
    ) -> Result<()> {
        self.0.answer("OnD0ExitPreInterruptsDisabled")
    }
}

impl<const NEWER: bool> SelfManagedIo for Context<NEWER> {
    fn on_init(&self, _device: &Device) -> Result<()> {
        self.0.answer("OnSelfManagedIoInit")
    }

    fn on_suspend(&self, _device: &Device) -> Result<()> {
        self.0.answer("OnSelfManagedIoSuspend")
    }

    fn on_restart(&self, _device: &Device) -> Result<()> {
        self.0.answer("OnSelfManagedIoRestart")
    }

    fn on_stop(&self, _device: &Device) -> Result<()> {
        self.0.answer("OnSelfManagedIoStop")
    }

    fn on_flush(&self, _device: &Device) {
        self.0.tell("OnSelfManagedIoFlush");
    }

    fn on_cleanup(&self, _device: &Device) {
        self.0.tell("OnSelfManagedIoCleanup");
    }
}

impl<const NEWER: bool> RemoteInterfaceNotification for Context<NEWER> {
    fn on_remote_interface_arrival(&self, _interface: &RemoteInterfaceInit) {
        self.0.tell("OnRemoteInterfaceArrival");
    }
}

impl<const NEWER: bool> WakeFromS0 for Context<NEWER> {
    fn on_arm(&self, _device: &Device) -> Result<()> {
        self.0.answer("OnArmWakeFromS0")
    }

    fn on_disarm(&self, _device: &Device) {
        self.0.tell("OnDisarmWakeFromS0");
    }

    fn on_triggered(&self, _device: &Device) {
        self.0.tell("OnWakeFromS0Triggered");
    }
}

impl<const NEWER: bool> WakeFromSx for Context<NEWER> {
    fn on_arm(&self, _device: &Device) -> Result<()> {
        self.0.answer("OnArmWakeFromSx")
    }

    fn on_disarm(&self, _device: &Device) {
        self.0.tell("OnDisarmWakeFromSx");
    }

    fn on_triggered(&self, _device: &Device) {
        self.0.tell("OnWakeFromSxTriggered");
    }
}

impl<const NEWER: bool> FileCleanup for Context<NEWER> {
    fn on_cleanup_file(&self, _file: &File) {
        self.0.tell("OnCleanupFile");
    }
}

impl<const NEWER: bool> FileClose for Context<NEWER> {
    fn on_close_file(&self, _file: &File) {
        self.0.tell("OnCloseFile");
    }
}

/// A queue callback object that keeps requests.
pub(crate) struct Keeper {
    record: Arc<Record>,
    kept: Mutex<Vec<Kept>>,
}

enum Kept {
    Read(Request<Read>),
    Write(Request<Write>),
    Other(Request<Other>),
    Marked(Cancelable<DeviceIoControl>),
}

impl Kept {
    fn end(self, status: HRESULT) {
        match self {
            Kept::Read(request) => request.fail(status),
            Kept::Write(request) => request.fail(status),
            Kept::Other(request) => request.fail(status),
            Kept::Marked(request) => {
                if let Ok(request) = request.unmark() {
                    request.fail(status);
                }
            }
        }
    }

    fn complete(self) {
        match self {
            Kept::Read(request) => request.complete(),
            Kept::Write(request) => request.complete(),
            Kept::Other(request) => request.complete(),
            Kept::Marked(request) => {
                if let Ok(request) = request.unmark() {
                    request.complete();
                }
            }
        }
    }

    fn stay(&self, stopped: Stopped<'_>) {
        let kept = match self {
            Kept::Read(request) => stopped.keep(request),
            Kept::Write(request) => stopped.keep(request),
            Kept::Other(request) => stopped.keep(request),
            // It may be cancelled since.
            Kept::Marked(request) => {
                let _ = stopped.keep(request);
                return;
            }
        };
        kept.expect("the framework is new enough");
    }

    fn is(&self, stopped: &Stopped<'_>) -> bool {
        match self {
            Kept::Read(request) => stopped.is(request),
            Kept::Write(request) => stopped.is(request),
            Kept::Other(request) => stopped.is(request),
            Kept::Marked(request) => stopped.is(request),
        }
    }
}

impl Keeper {
    fn new(record: Arc<Record>) -> Self {
        Keeper {
            record,
            kept: Mutex::default(),
        }
    }

    fn keep(&self, request: Kept) {
        lock(&self.kept).push(request);
    }

    fn take(&self, stopped: &Stopped<'_>) -> Option<Kept> {
        let mut kept = lock(&self.kept);
        let place = kept.iter().position(|kept| kept.is(stopped))?;
        Some(kept.remove(place))
    }
}

queue_callback!(Keeper);

impl ObjectCleanup for Keeper {
    fn on_cleanup(&self) {
        self.record.tell("OnCleanup");
    }
}

impl QueueCreate for Keeper {
    fn on_create_file(&self, _queue: &Queue<'_, Self>, request: Request<Create>, _file: File) {
        self.record.tell("OnCreateFile");
        request.complete();
    }
}

impl QueueRead for Keeper {
    fn on_read(&self, _queue: &Queue<'_, Self>, request: Request<Read>, _length: usize) {
        self.record.tell("OnRead");
        self.keep(Kept::Read(request));
    }
}

impl QueueWrite for Keeper {
    fn on_write(&self, _queue: &Queue<'_, Self>, request: Request<Write>, _length: usize) {
        self.record.tell("OnWrite");
        self.keep(Kept::Write(request));
    }
}

impl QueueDeviceIoControl for Keeper {
    fn on_device_io_control(
        &self,
        queue: &Queue<'_, Self>,
        request: Request<DeviceIoControl>,
        code: u32,
        _input: usize,
        _output: usize,
    ) {
        self.record.tell("OnDeviceIoControl");
        match code {
            MARK => self.keep(Kept::Marked(request.mark_cancelable(queue))),
            _ => {
                let kept = std::mem::take(&mut *lock(&self.kept));
                kept.into_iter().for_each(Kept::complete);
                request.complete();
            }
        }
    }
}

impl QueueDefaultIoHandler for Keeper {
    fn on_default_io(&self, _queue: &Queue<'_, Self>, request: Request<Other>) {
        self.record.tell("OnDefaultIoHandler");
        self.keep(Kept::Other(request));
    }
}

impl QueueIoStop for Keeper {
    fn on_io_stop(&self, _queue: &Queue<'_, Self>, stopped: Stopped<'_>, action: StopAction) {
        self.record.tell("OnIoStop");
        if action.is_purge() {
            if let Some(kept) = self.take(&stopped) {
                kept.end(CANCELED);
            }
            return;
        }
        // Another thread may just have let it go, or cancelled it. While it is kept it does not end.
        let kept = lock(&self.kept);
        if let Some(kept) = kept.iter().find(|kept| kept.is(&stopped)) {
            kept.stay(stopped);
        }
    }
}

impl QueueIoResume for Keeper {
    fn on_io_resume(&self, _queue: &Queue<'_, Self>, _request: Resumed<'_>) {
        self.record.tell("OnIoResume");
    }
}

impl QueueIoCanceled for Keeper {
    fn on_io_canceled(&self, _queue: &Queue<'_, Self>, request: Request<Other, Canceled>) {
        self.record.tell("OnIoCanceledOnQueue");
        request.fail(CANCELED);
    }
}

impl RequestCancel for Keeper {
    fn on_cancel(&self, request: Request<Other, Canceled>) {
        self.record.tell("OnCancel");
        request.fail(CANCELED);
    }
}
