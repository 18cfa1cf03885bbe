//! The framework driver object. Header: wudfddi.h, page: nn-wudfddi-iwdfdriver.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};

use umdf_callback::HRESULT;
use umdf_callback::raw::*;
use windows_core::{BOOL, ComObject, IUnknown, Interface, implement};

use super::codes::{E_INVALIDARG, E_OUTOFMEMORY, E_POINTER, INVALID_OPERATION};
use super::core::Core;
use super::device_object::DeviceObject;
use super::init::InitObject;
use super::memory_object::{Buffer, MemoryObject};
use super::object::{Base, absent, object, parameter, put, write_string};
use super::target_object::TargetObject;
use super::trace::Name;
use super::verifier::Rule;
use super::world::{Agile, lock};

/// The framework driver object.
#[implement(IWDFDriver)]
pub(crate) struct DriverObject {
    pub(crate) base: Base,
    /// The device that `OnDeviceAdd` has just made.
    pub(crate) made: Mutex<Option<Arc<Core>>>,
}

object!(DriverObject_Impl: IWDFDriver);

impl IWDFDriver_Impl for DriverObject_Impl {
    unsafe fn CreateDevice(
        &self,
        init: Raw<IWDFDeviceInitialize>,
        callback: Raw<IUnknown>,
        device: *mut Raw<IWDFDevice>,
    ) -> HRESULT {
        const METHOD: &str = "IWDFDriver::CreateDevice";
        // SAFETY: the driver's place.
        unsafe { put(device, None) };
        self.base.answer(METHOD, || {
            let init = parameter(init).and_then(|init| init.cast_object::<InitObject>().ok());
            let Some(init) = init else {
                let detail = "the IWDFDeviceInitialize is not the framework's";
                self.base.finding(Rule::Argument, METHOD, detail);
                return Err(E_POINTER);
            };
            if init.used.swap(true, Ordering::AcqRel) {
                let detail =
                    "a device was made of this IWDFDeviceInitialize before; the call fails";
                self.base.finding(Rule::InitUsed, METHOD, detail);
                return Err(INVALID_OPERATION);
            }
            let world = &self.base.world;
            let config = lock(&init.config).clone();
            let number = world.number();
            let name = format!("device {}", config.instance_id);
            let core = Core::new(world, Name(name.as_str().into()), config);
            let base = Base::named(world, number, name)
                .with_callback(parameter(callback).as_ref())
                .with_turns(&core.turns);
            let made = ComObject::new(DeviceObject {
                base,
                core: core.clone(),
                driver: Agile(self.own()),
                interfaces: Mutex::default(),
                links: Mutex::default(),
            });
            let interface = IWDFDevice::clone(&made.own());
            *lock(&core.objects.device) = Some(made);
            *lock(&core.objects.target) = Some(TargetObject::new(&core));
            *lock(&self.made) = Some(core);
            // SAFETY: the driver's place.
            unsafe { put(device, Some(interface)) };
            Ok(())
        })
    }

    unsafe fn CreatePreallocatedWdfMemory(
        &self,
        buffer: *mut u8,
        size: usize,
        callback: Raw<IUnknown>,
        _parent: Raw<IWDFObject>,
        memory: *mut Raw<IWDFMemory>,
    ) -> HRESULT {
        // SAFETY: the driver's place.
        unsafe { put(memory, None) };
        self.base
            .answer("IWDFDriver::CreatePreallocatedWdfMemory", || {
                let base = Base::new(&self.base.world, "memory")
                    .with_callback(parameter(callback).as_ref());
                let made = MemoryObject::of_driver(base, Buffer::preallocated(buffer, size));
                // SAFETY: the driver's place.
                unsafe { put(memory, Some(made.own())) };
                Ok(())
            })
    }

    unsafe fn CreateWdfMemory(
        &self,
        size: usize,
        callback: Raw<IUnknown>,
        _parent: Raw<IWDFObject>,
        memory: *mut Raw<IWDFMemory>,
    ) -> HRESULT {
        // SAFETY: the driver's place.
        unsafe { put(memory, None) };
        const METHOD: &str = "IWDFDriver::CreateWdfMemory";
        self.base.answer(METHOD, || {
            if size == 0 {
                let detail = "there is no memory of no bytes; pass none where it would go";
                self.base.finding(Rule::Argument, METHOD, detail);
                return Err(E_INVALIDARG);
            }
            let zeros = Buffer::zeros(size).ok_or(E_OUTOFMEMORY)?;
            let base =
                Base::new(&self.base.world, "memory").with_callback(parameter(callback).as_ref());
            let made = MemoryObject::of_driver(base, zeros);
            // SAFETY: the driver's place.
            unsafe { put(memory, Some(made.own())) };
            Ok(())
        })
    }

    unsafe fn IsVersionAvailable(&self, version: *mut UMDF_VERSION_DATA) -> BOOL {
        self.base.tell("IWDFDriver::IsVersionAvailable", || {
            if version.is_null() {
                return false.into();
            }
            // SAFETY: not null, so the driver's structure.
            let version = unsafe { version.read() };
            (version.MajorNumber == 1 && version.MinorNumber <= self.base.world.minor).into()
        })
    }

    unsafe fn RetrieveVersionString(&self, buffer: *mut u16, length: *mut u32) -> HRESULT {
        self.base.answer("IWDFDriver::RetrieveVersionString", || {
            let version = format!("1.{}.0", self.base.world.minor);
            // SAFETY: the driver's buffer and length.
            unsafe { write_string(&version, buffer, length) }
        })
    }

    absent! { "IWDFDriver":
        CreateWdfObject(Raw<IUnknown>, Raw<IWDFObject>, *mut Raw<IWDFObject>) -> HRESULT;
    }
}
