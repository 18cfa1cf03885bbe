//! Calls for hardware resources, registers and ports. Their addresses are told to the framework only, and never dereferenced here (F14).

use core::ffi::c_void;
use core::ptr::{null_mut, with_exposed_provenance_mut};

use super::{E_POINTER, Framework};
use crate::hardware::{MemoryResource, NO_REGISTER, PortResource, Register};
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

/// Registers or ports, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Area {
    device: Framework<IWDFDevice3>,
    kind: WDF_DEVICE_HWACCESS_TARGET_TYPE,
    /// What the framework knows the first by.
    base: usize,
    length: usize,
}

impl Area {
    pub(crate) fn of_ports(device: &Framework<IWDFDevice>, ports: &PortResource) -> Result<Self> {
        let no_port = |_| Error::from_hresult(NO_REGISTER);
        Ok(Area {
            device: device.query()?,
            kind: WdfDeviceHwAccessTargetTypePort,
            base: usize::try_from(ports.start()).map_err(no_port)?,
            length: ports.length() as usize,
        })
    }

    pub(crate) fn len(&self) -> usize {
        self.length
    }

    /// An address, for the framework.
    fn place<R: Register>(&self, offset: usize) -> Result<*mut c_void> {
        let end = offset.checked_add(size_of::<R>());
        let is_inside = end.is_some_and(|end| end <= self.length);
        let address = self.base.wrapping_add(offset);
        if !is_inside || !address.is_multiple_of(size_of::<R>()) {
            return Err(NO_REGISTER.into());
        }
        Ok(with_exposed_provenance_mut(address))
    }

    pub(crate) fn read<R: Register>(&self, offset: usize) -> Result<R> {
        let place = self.place::<R>(offset)?;
        // SAFETY: the device's, mapped where that is needed, at a multiple of its size (F14); there is no buffer.
        let value = unsafe {
            self.device
                .ReadFromHardware(self.kind, R::SIZE, place, null_mut(), 0)
        };
        Ok(R::from_raw(value))
    }

    pub(crate) fn write<R: Register>(&self, offset: usize, value: R) -> Result<()> {
        let place = self.place::<R>(offset)?;
        // SAFETY: as above.
        unsafe {
            self.device
                .WriteToHardware(self.kind, R::SIZE, place, value.raw(), null_mut(), 0)
        };
        Ok(())
    }
}

/// Memory that is mapped.
#[derive(Debug)]
pub(crate) struct Mapping(Area);

impl Mapping {
    pub(crate) fn new(
        device: &Framework<IWDFDevice>,
        memory: &MemoryResource,
        caching: MEMORY_CACHING_TYPE,
    ) -> Result<Self> {
        let too_long = |_| Error::from_hresult(NO_REGISTER);
        let length = usize::try_from(memory.length()).map_err(too_long)?;
        let device = device.query::<IWDFDevice3>()?;
        let start = memory.start().cast_signed();
        let mut base = null_mut();
        // SAFETY: the memory is the device's; the place is valid.
        unsafe { device.MapIoSpace(start, length, caching, &raw mut base) }.ok()?;
        if base.is_null() {
            return Err(E_POINTER.into());
        }
        Ok(Mapping(Area {
            device,
            kind: WdfDeviceHwAccessTargetTypeRegister,
            base: base.expose_provenance(),
            length,
        }))
    }

    pub(crate) fn area(&self) -> &Area {
        &self.0
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        let Area {
            device,
            base,
            length,
            ..
        } = &self.0;
        let base = with_exposed_provenance_mut(*base);
        // SAFETY: mapped, and unmapped once.
        unsafe { device.UnmapIoSpace(base, *length) }
    }
}
