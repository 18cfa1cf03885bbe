//! A driver that is written against the interfaces themselves: it does what a test says, right or wrong.

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use wdm_sim::umdf::GetClassObject;
use windows_core::{BOOL, ComObject, IUnknown, Interface, implement};

use crate::entry::{self, parameter};
use crate::support::S_OK;

/// Calls a method of an interface.
macro_rules! call {
    ($object:ident.$method:ident($($argument:expr),* $(,)?)) => {{
        // SAFETY: an object that is there, and arguments that are valid as long as the call takes, or null; where a case passes what
        // it may not, the simulator promises to notice instead of following a pointer.
        unsafe { $object.$method($($argument),*) }
    }};
}
pub(crate) use call;

/// What a driver does where. It is told whether it makes its mistake.
#[derive(Clone, Copy)]
pub(crate) struct Subject {
    /// In `OnDeviceAdd`.
    pub(crate) add: fn(&Add<'_>, bool) -> HRESULT,
    /// In `OnD0Entry`.
    pub(crate) enter: fn(&IWDFDevice, bool) -> HRESULT,
    /// In `OnQueryRemove`.
    pub(crate) query: fn(&IWDFDevice, bool) -> HRESULT,
    /// With a device I/O control request; it is told the code.
    pub(crate) control: fn(&Requested<'_>, u32, bool),
    /// In `OnIoStop`.
    pub(crate) stop: fn(&Requested<'_>, bool),
    /// What `OnArmWakeFromS0` and `OnArmWakeFromSx` return.
    pub(crate) arm: HRESULT,
    pub(crate) power_managed: bool,
}

impl Subject {
    /// A driver that completes what comes.
    pub(crate) const IDLE: Self = Subject {
        add: |add, _| {
            add.device_with_queue();
            S_OK
        },
        enter: |_, _| S_OK,
        query: |_, _| S_OK,
        control: |at, _, _| at.complete(),
        stop: |_, _| {},
        arm: S_OK,
        power_managed: false,
    };

    /// A driver that does something with a request.
    pub(crate) const fn control(control: fn(&Requested<'_>, u32, bool)) -> Self {
        Subject {
            control,
            ..Self::IDLE
        }
    }
}

/// `DllGetClassObject` of such a driver.
pub(crate) fn driver(subject: Subject, wrong: bool) -> GetClassObject {
    entry::driver(move |driver, init| {
        let add = Add {
            driver,
            init,
            subject,
            wrong,
        };
        (subject.add)(&add, wrong)
    })
}

/// `OnDeviceAdd`.
pub(crate) struct Add<'a> {
    pub(crate) driver: &'a IWDFDriver,
    pub(crate) init: &'a IWDFDeviceInitialize,
    subject: Subject,
    wrong: bool,
}

impl Add<'_> {
    /// Makes the device.
    pub(crate) fn device(&self) -> IWDFDevice {
        let callback: IUnknown = DeviceCallback(self.subject, self.wrong).into();
        let mut device = Raw::NULL;
        let (driver, init) = (self.driver, Raw::of(self.init));
        let made = call!(driver.CreateDevice(init, Raw::of(&callback), &raw mut device));
        assert_eq!(made, S_OK);
        given(device).expect("CreateDevice gives one")
    }

    /// A queue callback object.
    pub(crate) fn queue_callback(&self) -> IUnknown {
        QueueCallback(self.subject, self.wrong).into()
    }

    /// Makes a queue.
    pub(crate) fn queue(
        &self,
        device: &IWDFDevice,
        callback: &IUnknown,
        default: bool,
        dispatch: WDF_IO_QUEUE_DISPATCH_TYPE,
    ) -> Result<IWDFIoQueue, HRESULT> {
        let (default, managed) = (BOOL::from(default), BOOL::from(self.subject.power_managed));
        let (callback, zero) = (Raw::of(callback), BOOL::from(false));
        let mut queue = Raw::NULL;
        let made =
            call!(device.CreateIoQueue(callback, default, dispatch, managed, zero, &raw mut queue));
        given(queue).ok_or(made)
    }

    /// Makes the device and a parallel default queue.
    pub(crate) fn device_with_queue(&self) -> IWDFDevice {
        let device = self.device();
        let callback = self.queue_callback();
        let queue = self.queue(&device, &callback, true, WdfIoQueueDispatchParallel);
        assert!(queue.is_ok());
        device
    }
}

/// An object that a method gave out.
pub(crate) fn given<I: Interface>(object: Raw<I>) -> Option<I> {
    // SAFETY: what the framework gives out comes with its reference.
    unsafe { object.into_owned() }
}

#[implement(
    IPnpCallback,
    IPowerPolicyCallbackWakeFromS0,
    IPowerPolicyCallbackWakeFromSx
)]
struct DeviceCallback(Subject, bool);

impl IPnpCallback_Impl for DeviceCallback_Impl {
    unsafe fn OnD0Entry(&self, device: Raw<IWDFDevice>, _: WDF_POWER_DEVICE_STATE) -> HRESULT {
        (self.0.enter)(&parameter(device), self.1)
    }

    unsafe fn OnD0Exit(&self, _device: Raw<IWDFDevice>, _: WDF_POWER_DEVICE_STATE) -> HRESULT {
        S_OK
    }

    unsafe fn OnSurpriseRemoval(&self, _device: Raw<IWDFDevice>) {}

    unsafe fn OnQueryRemove(&self, device: Raw<IWDFDevice>) -> HRESULT {
        (self.0.query)(&parameter(device), self.1)
    }

    unsafe fn OnQueryStop(&self, _device: Raw<IWDFDevice>) -> HRESULT {
        S_OK
    }
}

impl IPowerPolicyCallbackWakeFromS0_Impl for DeviceCallback_Impl {
    unsafe fn OnArmWakeFromS0(&self, _device: Raw<IWDFDevice>) -> HRESULT {
        self.0.arm
    }

    unsafe fn OnDisarmWakeFromS0(&self, _device: Raw<IWDFDevice>) {}

    unsafe fn OnWakeFromS0Triggered(&self, _device: Raw<IWDFDevice>) {}
}

impl IPowerPolicyCallbackWakeFromSx_Impl for DeviceCallback_Impl {
    unsafe fn OnArmWakeFromSx(&self, _device: Raw<IWDFDevice>) -> HRESULT {
        self.0.arm
    }

    unsafe fn OnDisarmWakeFromSx(&self, _device: Raw<IWDFDevice>) {}

    unsafe fn OnWakeFromSxTriggered(&self, _device: Raw<IWDFDevice>) {}
}

/// A request, in a callback of its queue.
pub(crate) struct Requested<'a> {
    pub(crate) queue: &'a IWDFIoQueue,
    pub(crate) request: &'a IWDFIoRequest,
    /// The queue callback object's.
    pub(crate) cancel: IRequestCallbackCancel,
}

impl Requested<'_> {
    pub(crate) fn complete(&self) {
        let request = self.request;
        call!(request.Complete(S_OK));
    }

    /// The newer interface.
    pub(crate) fn request2(&self) -> IWDFIoRequest2 {
        self.request
            .cast()
            .expect("a request of this framework has it")
    }
}

#[implement(
    IQueueCallbackDeviceIoControl,
    IQueueCallbackIoStop,
    IRequestCallbackCancel
)]
struct QueueCallback(Subject, bool);

impl QueueCallback_Impl {
    fn with(
        &self,
        queue: Raw<IWDFIoQueue>,
        request: Raw<IWDFIoRequest>,
        what: impl FnOnce(&Requested<'_>),
    ) {
        let (queue, request) = (parameter(queue), parameter(request));
        what(&Requested {
            queue: &queue,
            request: &request,
            cancel: self.to_object().to_interface(),
        });
    }

    fn to_object(&self) -> ComObject<QueueCallback> {
        windows_core::IUnknownImpl::to_object(self)
    }
}

impl IQueueCallbackDeviceIoControl_Impl for QueueCallback_Impl {
    unsafe fn OnDeviceIoControl(
        &self,
        queue: Raw<IWDFIoQueue>,
        request: Raw<IWDFIoRequest>,
        code: u32,
        _input: usize,
        _output: usize,
    ) {
        self.with(queue, request, |at| (self.0.control)(at, code, self.1));
    }
}

impl IQueueCallbackIoStop_Impl for QueueCallback_Impl {
    unsafe fn OnIoStop(&self, queue: Raw<IWDFIoQueue>, request: Raw<IWDFIoRequest>, _flags: u32) {
        self.with(queue, request, |at| (self.0.stop)(at, self.1));
    }
}

impl IRequestCallbackCancel_Impl for QueueCallback_Impl {
    unsafe fn OnCancel(&self, request: Raw<IWDFIoRequest>) {
        let request = parameter(request);
        call!(request.Complete(crate::support::ABORTED));
    }
}

/// Another object that cancels requests.
#[implement(IRequestCallbackCancel)]
pub(crate) struct AnotherCancel;

impl IRequestCallbackCancel_Impl for AnotherCancel_Impl {
    unsafe fn OnCancel(&self, _request: Raw<IWDFIoRequest>) {}
}
