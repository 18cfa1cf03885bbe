//! Calls for hardware resources and registers. What is mapped is told to the framework only, and never dereferenced here (F14).

use core::ffi::c_void;
use core::ptr::null_mut;

use super::{E_POINTER, Framework};
use crate::hardware::{MemoryResource, NO_REGISTER, Register};
use crate::raw::*;
use crate::{Error, Result};

impl Framework<IWDFCmResourceList> {
    pub(crate) fn len(&self) -> u32 {
        // SAFETY: no preconditions.
        unsafe { self.GetCount() }
    }

    /// A copy of a descriptor.
    pub(crate) fn descriptor(&self, index: u32) -> Option<CM_PARTIAL_RESOURCE_DESCRIPTOR> {
        if index >= self.len() {
            return None;
        }
        // SAFETY: there is one of this number.
        let descriptor = unsafe { self.GetDescriptor(index) };
        if descriptor.is_null() {
            return None;
        }
        // SAFETY: not null, so it is there as long as the list is (F14).
        Some(unsafe { descriptor.read_unaligned() })
    }
}

/// Memory that is mapped.
#[derive(Debug)]
pub(crate) struct Mapping {
    device: Framework<IWDFDevice3>,
    /// What the framework knows it by.
    base: usize,
    length: usize,
}

impl Mapping {
    pub(crate) fn new(
        device: &Framework<IWDFDevice>,
        memory: &MemoryResource,
        caching: MEMORY_CACHING_TYPE,
    ) -> Result<Self> {
        let length =
            usize::try_from(memory.length()).map_err(|_| Error::from_hresult(NO_REGISTER))?;
        let device = device.query::<IWDFDevice3>()?;
        let start = memory.start().cast_signed();
        let mut base = null_mut();
        // SAFETY: the memory is the device's; the place is valid.
        unsafe { device.MapIoSpace(start, length, caching, &raw mut base) }.ok()?;
        if base.is_null() {
            return Err(E_POINTER.into());
        }
        Ok(Mapping {
            device,
            base: base.expose_provenance(),
            length,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// A register's address, for the framework.
    fn register<R: Register>(&self, offset: usize) -> Result<*mut c_void> {
        let end = offset.checked_add(size_of::<R>());
        let is_inside = end.is_some_and(|end| end <= self.length);
        if !is_inside || !offset.is_multiple_of(size_of::<R>()) {
            return Err(NO_REGISTER.into());
        }
        Ok(core::ptr::with_exposed_provenance_mut(
            self.base.wrapping_add(offset),
        ))
    }

    pub(crate) fn read<R: Register>(&self, offset: usize) -> Result<R> {
        let register = self.register::<R>(offset)?;
        const KIND: WDF_DEVICE_HWACCESS_TARGET_TYPE = WdfDeviceHwAccessTargetTypeRegister;
        // SAFETY: the register is mapped and lies at a multiple of its size; there is no buffer.
        let value = unsafe {
            self.device
                .ReadFromHardware(KIND, R::SIZE, register, null_mut(), 0)
        };
        Ok(R::from_raw(value))
    }

    pub(crate) fn write<R: Register>(&self, offset: usize, value: R) -> Result<()> {
        let register = self.register::<R>(offset)?;
        const KIND: WDF_DEVICE_HWACCESS_TARGET_TYPE = WdfDeviceHwAccessTargetTypeRegister;
        // SAFETY: as above.
        unsafe {
            self.device
                .WriteToHardware(KIND, R::SIZE, register, value.raw(), null_mut(), 0)
        };
        Ok(())
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let base = core::ptr::with_exposed_provenance_mut(self.base);
        // SAFETY: mapped, and unmapped once.
        unsafe { self.device.UnmapIoSpace(base, self.length) }
    }
}
