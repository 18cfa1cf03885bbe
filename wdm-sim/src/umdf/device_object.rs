//! The framework device object. Header: wudfddi.h, page: nn-wudfddi-iwdfdevice.

use std::sync::{Arc, Mutex};

use umdf_callback::raw::*;
use umdf_callback::{GUID, HRESULT};
use windows_core::{BOOL, ComObject, IUnknown, Interface, implement};

use super::codes::{
    BAD_CONFIGURATION, E_INVALIDARG, E_POINTER, INVALID_OPERATION, NOT_ENOUGH_MEMORY,
};
use super::core::Core;
use super::file_object::CreatedFileObject;
use super::io::QueueState;
use super::object::{Base, object, parameter, put, read_string, write_string};
use super::property::retrieve;
use super::queue_object::{QueueObject, configure, delivers};
use super::request_object::RequestObject;
use super::verifier::Rule;
use super::world::lock;

/// A device that a driver has made.
#[implement(IWDFDevice3, IWDFPropertyStoreFactory)]
pub(crate) struct DeviceObject {
    pub(crate) base: Base,
    pub(crate) core: Arc<Core>,
    pub(crate) driver: super::world::Agile<IWDFDriver>,
    /// The device interfaces, and whether each is enabled.
    pub(crate) interfaces: Mutex<Vec<(GUID, Option<String>, bool)>>,
    pub(crate) links: Mutex<Vec<String>>,
}

object!(DeviceObject_Impl: IWDFDevice3);

impl DeviceObject_Impl {
    fn create_queue(
        &self,
        callback: Option<IUnknown>,
        default: bool,
        dispatch: WDF_IO_QUEUE_DISPATCH_TYPE,
        power_managed: bool,
        zero_length: bool,
    ) -> Result<IWDFIoQueue, HRESULT> {
        const METHOD: &str = "IWDFDevice::CreateIoQueue";
        let wrong = |detail: &str| {
            self.base.finding(Rule::QueueConfig, METHOD, detail);
            BAD_CONFIGURATION
        };
        let base = Base::new(&self.base.world, "queue")
            .with_callback(callback.as_ref())
            .with_turns(&self.core.turns);
        let manual = dispatch == WdfIoQueueDispatchManual;
        if manual == delivers(&base) {
            let detail = match manual {
                true => "a manual queue's callback object takes requests; the call fails",
                false => "no interface of the callback object takes requests; the call fails",
            };
            return Err(wrong(detail));
        }
        if !manual && base.callback::<IQueueCallbackStateChange>().is_some() {
            let detail = "only a manual queue may have IQueueCallbackStateChange; the call fails";
            return Err(wrong(detail));
        }
        if default && self.core.look(|io| io.default.is_some()) {
            return Err(wrong(
                "the device has a default queue already; the call fails",
            ));
        }
        let mut state = QueueState::new(dispatch, power_managed, zero_length);
        state.tells_canceled = base.callback::<IQueueCallbackIoCanceledOnQueue>().is_some();
        state.tells_state = base.callback::<IQueueCallbackStateChange>().is_some();
        // Queues are not taken away before their device, so a number stays a queue's own.
        let mut queues = lock(&self.core.objects.queues);
        let id = queues.len();
        let queue = ComObject::new(QueueObject {
            base,
            core: self.core.clone(),
            id,
        });
        let interface = queue.own();
        queues.push(queue);
        drop(queues);
        self.core.change(|io| {
            io.queues.push(state);
            if default {
                io.default = Some(id);
            }
        });
        Ok(interface)
    }
}

impl IWDFDevice_Impl for DeviceObject_Impl {
    unsafe fn GetDriver(&self, driver: *mut Raw<IWDFDriver>) {
        let own = self.driver.get().clone();
        // SAFETY: the driver's place.
        self.base.tell("IWDFDevice::GetDriver", || unsafe {
            put(driver, Some(own))
        });
    }

    unsafe fn RetrieveDeviceInstanceId(&self, buffer: *mut u16, length: *mut u32) -> HRESULT {
        self.base
            .answer("IWDFDevice::RetrieveDeviceInstanceId", || {
                // SAFETY: the driver's buffer and length.
                unsafe { write_string(&self.core.config.instance_id, buffer, length) }
            })
    }

    unsafe fn RetrieveDeviceName(&self, buffer: *mut u16, length: *mut u32) -> HRESULT {
        self.base.answer("IWDFDevice::RetrieveDeviceName", || {
            let id = self.core.config.instance_id.replace('\\', "#");
            // SAFETY: the driver's buffer and length.
            unsafe { write_string(&format!(r"\\.\UMDF#{id}"), buffer, length) }
        })
    }

    unsafe fn GetDefaultIoQueue(&self, queue: *mut Raw<IWDFIoQueue>) {
        let own = || {
            let id = self.core.look(|io| io.default)?;
            Some(self.core.objects.queue(id)?.own())
        };
        // SAFETY: the driver's place.
        unsafe { self.base.give("IWDFDevice::GetDefaultIoQueue", queue, own) };
    }

    unsafe fn CreateIoQueue(
        &self,
        callback: Raw<IUnknown>,
        default: BOOL,
        dispatch: WDF_IO_QUEUE_DISPATCH_TYPE,
        power_managed: BOOL,
        zero_length: BOOL,
        queue: *mut Raw<IWDFIoQueue>,
    ) -> HRESULT {
        // SAFETY: the driver's place.
        unsafe { put(queue, None) };
        self.base.answer("IWDFDevice::CreateIoQueue", || {
            let [default, power_managed, zero_length] =
                [default, power_managed, zero_length].map(BOOL::as_bool);
            let callback = parameter(callback);
            let made =
                self.create_queue(callback, default, dispatch, power_managed, zero_length)?;
            // SAFETY: the driver's place.
            unsafe { put(queue, Some(made)) };
            Ok(())
        })
    }

    unsafe fn CreateDeviceInterface(&self, class: *const GUID, reference: *const u16) -> HRESULT {
        self.base.answer("IWDFDevice::CreateDeviceInterface", || {
            if class.is_null() {
                return Err(E_POINTER);
            }
            // SAFETY: not null, so the driver's GUID.
            let class = unsafe { class.read() };
            // SAFETY: the driver's string, or null.
            let reference = unsafe { read_string(reference) };
            lock(&self.interfaces).push((class, reference, true));
            Ok(())
        })
    }

    unsafe fn AssignDeviceInterfaceState(
        &self,
        class: *const GUID,
        reference: *const u16,
        enable: BOOL,
    ) -> HRESULT {
        self.base
            .answer("IWDFDevice::AssignDeviceInterfaceState", || {
                if class.is_null() {
                    return Err(E_POINTER);
                }
                // SAFETY: not null, so the driver's GUID.
                let class = unsafe { class.read() };
                // SAFETY: the driver's string, or null.
                let reference = unsafe { read_string(reference) };
                let mut interfaces = lock(&self.interfaces);
                let same = |entry: &&mut (GUID, Option<String>, bool)| {
                    entry.0 == class && entry.1 == reference
                };
                // ERROR_FILE_NOT_FOUND.
                let entry = interfaces
                    .iter_mut()
                    .find(same)
                    .ok_or(HRESULT::from_win32(2))?;
                entry.2 = enable.as_bool();
                Ok(())
            })
    }

    unsafe fn ConfigureRequestDispatching(
        &self,
        queue: Raw<IWDFIoQueue>,
        kind: WDF_REQUEST_TYPE,
        forward: BOOL,
    ) -> HRESULT {
        const METHOD: &str = "IWDFDevice::ConfigureRequestDispatching";
        self.base.answer(METHOD, || {
            let queue = parameter(queue).and_then(|queue| queue.cast_object::<QueueObject>().ok());
            let Some(queue) = queue.filter(|queue| Arc::ptr_eq(&queue.core, &self.core)) else {
                self.base
                    .finding(Rule::Argument, METHOD, "the queue is not one of the device");
                return Err(INVALID_OPERATION);
            };
            configure(&self.core, queue.id, kind, forward.as_bool())
        })
    }

    unsafe fn CreateSymbolicLink(&self, link: *const u16) -> HRESULT {
        self.base.answer("IWDFDevice::CreateSymbolicLink", || {
            // SAFETY: the driver's string, or null.
            let link = unsafe { read_string(link) }.ok_or(E_POINTER)?;
            lock(&self.links).push(link);
            Ok(())
        })
    }

    unsafe fn GetDefaultIoTarget(&self, target: *mut Raw<IWDFIoTarget>) {
        let own = || {
            let target = lock(&self.core.objects.target).clone()?;
            Some(IWDFIoTarget::clone(&target.own()))
        };
        // SAFETY: the driver's place.
        unsafe {
            self.base
                .give("IWDFDevice::GetDefaultIoTarget", target, own)
        };
    }

    unsafe fn CreateWdfFile(
        &self,
        name: *const u16,
        file: *mut Raw<IWDFDriverCreatedFile>,
    ) -> HRESULT {
        // SAFETY: the driver's place.
        unsafe { put(file, None) };
        self.base.answer("IWDFDevice::CreateWdfFile", || {
            // SAFETY: the driver's string, or null.
            let name = unsafe { read_string(name) }.unwrap_or_default();
            if name.contains(['/', '\\']) {
                return Err(E_INVALIDARG);
            }
            let made = CreatedFileObject::new(&self.core, name);
            // SAFETY: the driver's place.
            unsafe { put(file, Some(made.own())) };
            Ok(())
        })
    }

    unsafe fn RetrieveDevicePropertyStore(
        &self,
        service: *const u16,
        flags: WDF_PROPERTY_STORE_RETRIEVE_FLAGS,
        store: *mut Raw<IWDFNamedPropertyStore>,
        disposition: *mut WDF_PROPERTY_STORE_DISPOSITION,
    ) -> HRESULT {
        // SAFETY: the driver's place.
        unsafe { put(store, None) };
        let (world, registry) = (&self.base.world, &self.core.config.registry);
        self.base
            .answer("IWDFDevice::RetrieveDevicePropertyStore", || {
                // SAFETY: the driver's string and places.
                unsafe { retrieve(world, registry, service, flags, store, disposition) }
            })
    }

    unsafe fn PostEvent(
        &self,
        event: *const GUID,
        kind: WDF_EVENT_TYPE,
        data: *mut u8,
        size: u32,
    ) -> HRESULT {
        /// `FIELD_OFFSET(TARGET_DEVICE_CUSTOM_NOTIFICATION, CustomDataBuffer)`.
        const HEADER: u32 = 36;
        self.base.answer("IWDFDevice::PostEvent", || {
            if event.is_null() || kind != WdfEventBroadcast {
                return Err(E_INVALIDARG);
            }
            if size > 0xFFFF - HEADER {
                return Err(NOT_ENOUGH_MEMORY);
            }
            // SAFETY: not null, so the driver's GUID.
            let event = unsafe { event.read() };
            let bytes = (0..size as usize).map(|index| {
                // SAFETY: the driver says that there are as many bytes.
                unsafe { data.wrapping_add(index).read() }
            });
            let bytes = bytes.collect();
            lock(&self.core.belongings.power)
                .events
                .push((event, bytes));
            Ok(())
        })
    }

    unsafe fn CreateRequest(
        &self,
        callback: Raw<IUnknown>,
        _parent: Raw<IWDFObject>,
        request: *mut Raw<IWDFIoRequest>,
    ) -> HRESULT {
        // SAFETY: the driver's place.
        unsafe { put(request, None) };
        self.base.answer("IWDFDevice::CreateRequest", || {
            let made = RequestObject::created(&self.core, parameter(callback).as_ref());
            // SAFETY: the driver's place.
            unsafe { put(request, Some(IWDFIoRequest::clone(&made.own()))) };
            Ok(())
        })
    }

    unsafe fn SetPnpState(&self, state: WDF_PNP_STATE, value: WDF_TRI_STATE) {
        self.base.tell("IWDFDevice::SetPnpState", || {
            let mut power = lock(&self.core.belongings.power);
            power.states.retain(|entry| entry.0 != state);
            power.states.push((state, value));
        });
    }

    unsafe fn GetPnpState(&self, state: WDF_PNP_STATE) -> WDF_TRI_STATE {
        self.base.tell("IWDFDevice::GetPnpState", || {
            let power = lock(&self.core.belongings.power);
            let entry = power.states.iter().find(|entry| entry.0 == state);
            entry.map_or(WdfUseDefault, |entry| entry.1)
        })
    }

    unsafe fn CommitPnpState(&self) {
        self.base.tell("IWDFDevice::CommitPnpState", || {
            let mut power = lock(&self.core.belongings.power);
            power.committed = power.states.clone();
        });
    }
}
