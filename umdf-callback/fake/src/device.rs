//! The framework device object.

use std::cell::RefCell;

use core::ffi::c_void;

use umdf_callback::raw::*;
use umdf_callback::{GUID, HRESULT};
use windows_core::{BOOL, ComObject, IUnknown, Interface, implement};

use crate::request::{Parts, Sent};
use crate::{File, Init, Queue, absent, callback, object, win32, write_string};

/// A device that a driver has made.
#[implement(IWDFDevice)]
pub struct Device {
    instance_id: String,
    /// Whether it is a filter's.
    pub is_filter: bool,
    /// Whether the driver owns its power policy.
    pub owns_power_policy: bool,
    /// Which callbacks are serialised.
    pub constraint: WDF_CALLBACK_CONSTRAINT,
    callback: Option<IUnknown>,
    queues: RefCell<Vec<ComObject<Queue>>>,
    dispatched: RefCell<Vec<(WDF_REQUEST_TYPE, ComObject<Queue>)>>,
    interfaces: RefCell<Vec<GUID>>,
}

impl Device {
    pub(crate) fn new(init: &Init, callback: Option<IUnknown>) -> Self {
        Device {
            instance_id: init.instance_id.clone(),
            is_filter: init.is_filter.get(),
            owns_power_policy: init.owns_power_policy.get(),
            constraint: init.constraint.get(),
            callback,
            queues: RefCell::default(),
            dispatched: RefCell::default(),
            interfaces: RefCell::default(),
        }
    }

    /// An interface of the device callback object, if it has it.
    #[must_use]
    pub fn callback<I: Interface>(&self) -> Option<I> {
        self.callback.as_ref()?.cast().ok()
    }

    /// The queues, as they were made.
    #[must_use]
    pub fn queues(&self) -> Vec<ComObject<Queue>> {
        self.queues.borrow().clone()
    }

    /// The device interfaces that were registered.
    #[must_use]
    pub fn interfaces(&self) -> Vec<GUID> {
        self.interfaces.borrow().clone()
    }

    /// Sends a request through the queue for its kind.
    fn send(&self, parts: Parts) -> Sent {
        let dispatched = self.dispatched.borrow();
        let queues = self.queues.borrow();
        let queue = dispatched
            .iter()
            .rfind(|entry| entry.0 == parts.kind)
            .map(|entry| &entry.1)
            .or_else(|| queues.iter().find(|queue| queue.is_default))
            .cloned()
            .expect("the device has a queue for the request");
        drop((dispatched, queues));
        let sent = Sent::new(parts, &queue);
        queue.accept(sent.request());
        sent
    }

    /// Opens the device.
    #[must_use]
    pub fn open(&self, name: &str) -> (Sent, ComObject<File>) {
        let file = ComObject::new(File { name: name.into() });
        let parts = Parts::new(WdfRequestCreate);
        (
            self.send(Parts {
                file: Some(file.clone()),
                ..parts
            }),
            file,
        )
    }

    /// Reads.
    #[must_use]
    pub fn read(&self, length: usize) -> Sent {
        self.send(Parts {
            output: vec![0; length],
            ..Parts::new(WdfRequestRead)
        })
    }

    /// Writes.
    #[must_use]
    pub fn write(&self, bytes: &[u8]) -> Sent {
        self.send(Parts {
            input: bytes.into(),
            ..Parts::new(WdfRequestWrite)
        })
    }

    /// Sends a control code with its input, and room for so much output.
    #[must_use]
    pub fn control(&self, code: u32, input: &[u8], output: usize) -> Sent {
        self.send(Parts {
            code,
            input: input.into(),
            output: vec![0; output],
            ..Parts::new(WdfRequestDeviceIoControl)
        })
    }

    /// Sends something that has no interface of its own.
    #[must_use]
    pub fn flush(&self) -> Sent {
        self.send(Parts::new(WdfRequestFlushBuffers))
    }
}

impl Device_Impl {
    /// The device's interface, as callbacks get it.
    fn raw(&self) -> IWDFDevice {
        windows_core::IUnknownImpl::to_object(self).to_interface()
    }

    /// Starts the device: prepares the hardware, and enters the working state.
    pub fn start(&self) -> HRESULT {
        let device = self.raw();
        if let Some(hardware) = self.callback::<IPnpCallbackHardware>() {
            // SAFETY: the interface is valid.
            let prepared = unsafe { hardware.OnPrepareHardware(Raw::of(&device)) };
            if prepared.is_err() {
                return prepared;
            }
        }
        let Some(pnp) = self.callback::<IPnpCallback>() else {
            return HRESULT(0);
        };
        // SAFETY: the interface is valid.
        unsafe { pnp.OnD0Entry(Raw::of(&device), WdfPowerDeviceD3Final) }
    }

    /// Stops the device: leaves the working state, and releases the hardware.
    pub fn stop(&self) -> HRESULT {
        let device = self.raw();
        if let Some(pnp) = self.callback::<IPnpCallback>() {
            // SAFETY: the interface is valid.
            let left = unsafe { pnp.OnD0Exit(Raw::of(&device), WdfPowerDeviceD3) };
            if left.is_err() {
                return left;
            }
        }
        let Some(hardware) = self.callback::<IPnpCallbackHardware>() else {
            return HRESULT(0);
        };
        // SAFETY: the interface is valid.
        unsafe { hardware.OnReleaseHardware(Raw::of(&device)) }
    }

    /// Closes a file.
    pub fn close(&self, file: &ComObject<File>) {
        let file: IWDFFile = file.to_interface();
        if let Some(cleanup) = self.callback::<IFileCallbackCleanup>() {
            // SAFETY: the interface is valid.
            unsafe { cleanup.OnCleanupFile(Raw::of(&file)) };
        }
        if let Some(close) = self.callback::<IFileCallbackClose>() {
            // SAFETY: the interface is valid.
            unsafe { close.OnCloseFile(Raw::of(&file)) };
        }
    }
}

object!(Device_Impl);

impl IWDFDevice_Impl for Device_Impl {
    unsafe fn RetrieveDeviceInstanceId(&self, buffer: *mut u16, length: *mut u32) -> HRESULT {
        // SAFETY: the driver's buffer and length.
        unsafe { write_string(&self.instance_id, buffer, length) }
    }

    unsafe fn CreateIoQueue(
        &self,
        interface: Raw<IUnknown>,
        default: BOOL,
        dispatch: WDF_IO_QUEUE_DISPATCH_TYPE,
        power_managed: BOOL,
        zero_length: BOOL,
        queue: *mut Raw<IWDFIoQueue>,
    ) -> HRESULT {
        let made = Queue {
            callback: callback(interface).expect("a queue has a callback object"),
            is_default: default.as_bool(),
            dispatch,
            is_power_managed: power_managed.as_bool(),
            allows_zero_length: zero_length.as_bool(),
            waiting: RefCell::default(),
        };
        // Page: nf-wudfddi-iwdfdevice-createioqueue, ERROR_BAD_CONFIGURATION.
        if made.delivers() == (dispatch == WdfIoQueueDispatchManual) {
            return win32(1610);
        }
        let made = ComObject::new(made);
        // SAFETY: the driver's place.
        unsafe { queue.write(Raw::from_owned(made.to_interface())) };
        self.queues.borrow_mut().push(made);
        HRESULT(0)
    }

    unsafe fn CreateDeviceInterface(&self, class: *const GUID, _reference: *const u16) -> HRESULT {
        // SAFETY: the driver's GUID.
        self.interfaces.borrow_mut().push(unsafe { *class });
        HRESULT(0)
    }

    unsafe fn ConfigureRequestDispatching(
        &self,
        queue: Raw<IWDFIoQueue>,
        kind: WDF_REQUEST_TYPE,
        _forward: BOOL,
    ) -> HRESULT {
        // SAFETY: the driver's interface, which is valid during the call.
        let queue = unsafe { queue.borrow() }.expect("a queue");
        let queue = queue
            .cast_object::<Queue>()
            .expect("the queue is the stand-in's");
        self.dispatched.borrow_mut().push((kind, queue));
        HRESULT(0)
    }

    absent! {
        RetrieveDevicePropertyStore(*const u16, WDF_PROPERTY_STORE_RETRIEVE_FLAGS, *mut Raw<IWDFNamedPropertyStore>, *mut WDF_PROPERTY_STORE_DISPOSITION) -> HRESULT;
        GetDriver(*mut Raw<IWDFDriver>);
        GetDefaultIoTarget(*mut Raw<IWDFIoTarget>);
        CreateWdfFile(*const u16, *mut Raw<IWDFDriverCreatedFile>) -> HRESULT;
        GetDefaultIoQueue(*mut Raw<IWDFIoQueue>);
        AssignDeviceInterfaceState(*const GUID, *const u16, BOOL) -> HRESULT;
        RetrieveDeviceName(*mut u16, *mut u32) -> HRESULT;
        PostEvent(*const GUID, WDF_EVENT_TYPE, *mut u8, u32) -> HRESULT;
        SetPnpState(WDF_PNP_STATE, WDF_TRI_STATE);
        GetPnpState(WDF_PNP_STATE) -> WDF_TRI_STATE;
        CommitPnpState();
        CreateRequest(Raw<IUnknown>, Raw<IWDFObject>, *mut Raw<IWDFIoRequest>) -> HRESULT;
        CreateSymbolicLink(*const u16) -> HRESULT;
    }
}
