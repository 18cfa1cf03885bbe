//! Hardware resources, and the registers and I/O ports among them. From UMDF 1.11, with `UmdfDirectHardwareAccess` in the INF. Headers:
//! wudfddi.h, wudfddi_hwaccess.h, pages: wdf/finding-and-mapping-hardware-resources-in-umdf-1-x-drivers,
//! wdf/reading-and-writing-to-device-registers-in-umdf-1-x-drivers.
//!
//! Only memory that the system has assigned to the device can be mapped: a [`MemoryResource`] comes from a [`ResourceList`], which for
//! this is the translated one.
//!
//! ```
//! use std::sync::Mutex;
//!
//! use umdf_callback::callback::PnpHardware2;
//! use umdf_callback::hardware::{Caching, Registers, Resource, ResourceList};
//! use umdf_callback::{Device, Result, device_callback};
//!
//! struct Lamp {
//!     registers: Mutex<Option<Registers>>,
//! }
//!
//! impl PnpHardware2 for Lamp {
//!     fn on_prepare_hardware(
//!         &self,
//!         device: &Device,
//!         _raw: &ResourceList,
//!         translated: &ResourceList,
//!     ) -> Result<()> {
//!         for resource in translated.iter() {
//!             if let Resource::Memory(memory) = resource {
//!                 let registers = device.map_io_space(&memory, Caching::NonCached)?;
//!                 registers.write(4, 1_u32)?; // on
//!                 *self.registers.lock().unwrap() = Some(registers);
//!             }
//!         }
//!         Ok(())
//!     }
//!
//!     fn on_release_hardware(&self, _device: &Device, _translated: &ResourceList) -> Result<()> {
//!         *self.registers.lock().unwrap() = None; // unmapped
//!         Ok(())
//!     }
//! }
//!
//! device_callback!(Lamp);
//! ```

use crate::border::framework::Framework;
use crate::border::framework::hardware::{Area, Mapping};
use crate::raw::{self, CM_PARTIAL_RESOURCE_DESCRIPTOR, IWDFCmResourceList, MEMORY_CACHING_TYPE};
use crate::{Device, HRESULT, Result};

/// Registers or ports are accessed past their end, or not at a multiple of their size: `HRESULT_FROM_WIN32(ERROR_INVALID_ADDRESS)`.
pub const NO_REGISTER: HRESULT = HRESULT::from_win32(487);

/// Hardware resources. Page: nn-wudfddi-iwdfcmresourcelist.
#[derive(Debug)]
pub struct ResourceList(pub(crate) Framework<IWDFCmResourceList>);

impl ResourceList {
    /// How many there are. Page: nf-wudfddi-iwdfcmresourcelist-getcount.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One of them. Page: nf-wudfddi-iwdfcmresourcelist-getdescriptor.
    #[must_use]
    pub fn get(&self, index: u32) -> Option<Resource> {
        self.0.descriptor(index).map(Resource::new)
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = Resource> + '_ {
        (0..self.len()).filter_map(|index| self.get(index))
    }

    /// The interface, for the descriptors themselves.
    #[must_use]
    pub fn as_raw(&self) -> &IWDFCmResourceList {
        &self.0
    }
}

/// A hardware resource. Page: ns-wdm-_cm_partial_resource_descriptor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resource {
    /// I/O ports.
    Port(PortResource),
    /// Memory, or registers in it.
    Memory(MemoryResource),
    /// An interrupt.
    Interrupt(InterruptResource),
    /// A connection to a device on a bus, such as a line of GPIO, by which the resource hub knows it.
    Connection {
        /// GPIO or serial.
        class: u8,
        /// Which kind of these.
        kind: u8,
        /// What the resource hub knows it by.
        id: u64,
    },
    /// Something else (`CmResourceType...`).
    Other(u8),
}

/// I/O ports that the system has assigned to the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PortResource {
    start: u64,
    length: u32,
}

impl PortResource {
    /// The first of them.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// How many.
    #[must_use]
    pub fn length(&self) -> u32 {
        self.length
    }
}

/// Memory that the system has assigned to the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryResource {
    start: u64,
    length: u64,
}

impl MemoryResource {
    /// Its physical address.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }

    /// In bytes.
    #[must_use]
    pub fn length(&self) -> u64 {
        self.length
    }
}

/// An interrupt that the system has assigned to the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InterruptResource {
    descriptor: CM_PARTIAL_RESOURCE_DESCRIPTOR,
}

impl InterruptResource {
    /// Its number; among the translated resources, the processors' own.
    #[must_use]
    pub fn vector(&self) -> u32 {
        self.descriptor.u[1]
    }

    /// Whether it is a message, instead of a line.
    #[must_use]
    pub fn is_message(&self) -> bool {
        i32::from(self.descriptor.Flags) & raw::CM_RESOURCE_INTERRUPT_MESSAGE != 0
    }

    /// Whether it comes by an edge, instead of a level.
    #[must_use]
    pub fn is_latched(&self) -> bool {
        i32::from(self.descriptor.Flags) & raw::CM_RESOURCE_INTERRUPT_LATCHED != 0
    }

    pub(crate) fn raw(&self) -> CM_PARTIAL_RESOURCE_DESCRIPTOR {
        self.descriptor
    }
}

impl Resource {
    fn new(descriptor: CM_PARTIAL_RESOURCE_DESCRIPTOR) -> Self {
        let [low, high, length] = [0, 1, 2].map(|word| descriptor.u[word]);
        let start = u64::from(low) | u64::from(high) << 32;
        match i32::from(descriptor.Type) {
            raw::CmResourceTypePort => Resource::Port(PortResource { start, length }),
            raw::CmResourceTypeMemory => Resource::Memory(MemoryResource {
                start,
                length: length.into(),
            }),
            raw::CmResourceTypeMemoryLarge => Resource::Memory(MemoryResource {
                start,
                length: u64::from(length) << large_unit(descriptor.Flags),
            }),
            raw::CmResourceTypeInterrupt => Resource::Interrupt(InterruptResource { descriptor }),
            raw::CmResourceTypeConnection => {
                let [class, kind, ..] = low.to_le_bytes();
                let id = u64::from(high) | u64::from(length) << 32;
                Resource::Connection { class, kind, id }
            }
            _ => Resource::Other(descriptor.Type),
        }
    }
}

/// In how many bits' units large memory is counted: the header's `Length40`, `Length48` and `Length64`.
fn large_unit(flags: u16) -> u32 {
    match i32::from(flags) & (raw::CM_RESOURCE_MEMORY_LARGE_48 | raw::CM_RESOURCE_MEMORY_LARGE_64) {
        0 => 8,
        raw::CM_RESOURCE_MEMORY_LARGE_48 => 16,
        _ => 32,
    }
}

/// How mapped memory is cached (`MEMORY_CACHING_TYPE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Caching {
    /// Not at all, as registers want it.
    NonCached,
    /// As other memory.
    Cached,
    /// Writes may be put together.
    WriteCombined,
}

impl Caching {
    fn raw(self) -> MEMORY_CACHING_TYPE {
        match self {
            Caching::NonCached => raw::MmNonCached,
            Caching::Cached => raw::MmCached,
            Caching::WriteCombined => raw::MmWriteCombined,
        }
    }
}

/// Registers, for as long as they are mapped. They are unmapped when this is dropped: in
/// [`on_release_hardware`](crate::callback::PnpHardware2::on_release_hardware) at the latest.
#[derive(Debug)]
#[must_use = "they are unmapped when this is dropped"]
pub struct Registers(Mapping);

/// The types of registers: `u8`, `u16`, `u32`, and `u64` where pointers are as wide.
#[diagnostic::on_unimplemented(message = "`{Self}` is no type of a register")]
pub trait Register: sealed::Value {}

/// The types of I/O ports: `u8`, `u16` and `u32`.
#[diagnostic::on_unimplemented(message = "`{Self}` is no type of an I/O port")]
pub trait Port: Register {}

impl Port for u8 {}
impl Port for u16 {}
impl Port for u32 {}

pub(crate) mod sealed {
    use crate::raw::{
        WDF_DEVICE_HWACCESS_TARGET_SIZE, WdfDeviceHwAccessTargetSizeUchar,
        WdfDeviceHwAccessTargetSizeUlong, WdfDeviceHwAccessTargetSizeUlong64,
        WdfDeviceHwAccessTargetSizeUshort,
    };

    pub trait Value: Copy {
        const SIZE: WDF_DEVICE_HWACCESS_TARGET_SIZE;
        fn from_raw(value: usize) -> Self;
        fn raw(self) -> usize;
    }

    macro_rules! values {
        ($($(#[$when:meta])? $type:ident: $size:ident;)*) => {
            $(
                $(#[$when])?
                impl Value for $type {
                    const SIZE: WDF_DEVICE_HWACCESS_TARGET_SIZE = $size;

                    fn from_raw(value: usize) -> Self {
                        value as $type
                    }

                    fn raw(self) -> usize {
                        self as usize
                    }
                }

                $(#[$when])?
                impl super::Register for $type {}
            )*
        };
    }

    values! {
        u8: WdfDeviceHwAccessTargetSizeUchar;
        u16: WdfDeviceHwAccessTargetSizeUshort;
        u32: WdfDeviceHwAccessTargetSizeUlong;
        #[cfg(target_pointer_width = "64")]
        u64: WdfDeviceHwAccessTargetSizeUlong64;
    }
}

impl Registers {
    /// In bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.area().len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads a register (`READ_REGISTER_...`); the offset is in bytes.
    ///
    /// # Errors
    /// [`NO_REGISTER`].
    pub fn read<R: Register>(&self, offset: usize) -> Result<R> {
        self.0.area().read(offset)
    }

    /// Writes a register (`WRITE_REGISTER_...`); the offset is in bytes.
    ///
    /// # Errors
    /// [`NO_REGISTER`].
    pub fn write<R: Register>(&self, offset: usize, value: R) -> Result<()> {
        self.0.area().write(offset, value)
    }
}

/// I/O ports of the device.
#[derive(Clone, Debug)]
pub struct Ports(Area);

impl Ports {
    /// How many.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads a port (`READ_PORT_...`), as many behind the first.
    ///
    /// # Errors
    /// [`NO_REGISTER`].
    pub fn read<P: Port>(&self, offset: usize) -> Result<P> {
        self.0.read(offset)
    }

    /// Writes a port (`WRITE_PORT_...`), as many behind the first.
    ///
    /// # Errors
    /// [`NO_REGISTER`].
    pub fn write<P: Port>(&self, offset: usize, value: P) -> Result<()> {
        self.0.write(offset, value)
    }
}

impl Device {
    /// The device's I/O ports, which need no mapping.
    ///
    /// # Errors
    /// The framework is older.
    pub fn ports(&self, ports: &PortResource) -> Result<Ports> {
        Area::of_ports(&self.0, ports).map(Ports)
    }

    /// Maps registers. Page: nf-wudfddi-iwdfdevice3-mapiospace.
    ///
    /// # Errors
    /// The framework's.
    pub fn map_io_space(&self, memory: &MemoryResource, caching: Caching) -> Result<Registers> {
        Mapping::new(&self.0, memory, caching.raw()).map(Registers)
    }
}
