//! Hardware resources and registers: memory that a test looks at. Header: wudfddi.h, pages: nf-wudfddi-iwdfdevice3-mapiospace,
//! wdf/reading-and-writing-to-device-registers-in-umdf-1-x-drivers.

use std::collections::BTreeMap;

use umdf_callback::HRESULT;
use umdf_callback::raw::*;

use super::codes::{E_INVALIDARG, INVALID_OPERATION};
use super::core::Core;
use super::verifier::Rule;
use super::world::lock;

/// Where pseudo base addresses begin: nobody can read there.
const FIRST: usize = 0x10_0000;

/// Where ports are in what holds memory: behind all that can be mapped.
pub(crate) const PORTS: u64 = 0xffff_0000_0000_0000;

/// The hardware of a device.
#[derive(Debug, Default)]
pub(crate) struct Hardware {
    pub(crate) resources: Vec<CM_PARTIAL_RESOURCE_DESCRIPTOR>,
    /// What physical memory holds, where it is not 0.
    memory: BTreeMap<u64, u8>,
    /// What is mapped: the pseudo base address, the physical one, and how many bytes.
    mapped: Vec<(usize, u64, usize)>,
    next: usize,
}

impl Hardware {
    /// The interrupt that the system has assigned.
    pub(crate) fn interrupt(&self) -> Option<CM_PARTIAL_RESOURCE_DESCRIPTOR> {
        let is_interrupt = |resource: &&CM_PARTIAL_RESOURCE_DESCRIPTOR| {
            i32::from(resource.Type) == CmResourceTypeInterrupt
        };
        self.resources.iter().find(is_interrupt).copied()
    }

    fn has(&self, start: u64, length: usize) -> bool {
        self.resources.iter().any(|resource| {
            let [low, high, size] = [0, 1, 2].map(|word| u64::from(resource.u[word]));
            let (first, end) = (low | high << 32, (low | high << 32).saturating_add(size));
            i32::from(resource.Type) == CmResourceTypeMemory
                && first <= start
                && start.saturating_add(length as u64) <= end
        })
    }

    /// The physical address of a register.
    fn physical(&self, register: usize, size: usize) -> Option<u64> {
        // The driver's numbers: they may be any.
        let end = register.checked_add(size)?;
        let inside =
            |&&(base, _, length): &&(usize, u64, usize)| register >= base && end <= base + length;
        let (base, start, _) = self.mapped.iter().find(inside)?;
        Some(start + (register - base) as u64)
    }

    /// Whether so many ports are the device's.
    fn has_ports(&self, first: usize, count: usize) -> bool {
        let Some(end) = first.checked_add(count) else {
            return false;
        };
        self.resources.iter().any(|resource| {
            let [start, length] = [0, 2].map(|word| resource.u[word] as usize);
            i32::from(resource.Type) == CmResourceTypePort
                && start <= first
                && end <= start + length
        })
    }

    /// A number in memory.
    pub(crate) fn read(&self, address: u64, size: usize) -> u64 {
        (0..size as u64).fold(0, |value, index| {
            let byte = self.memory.get(&(address + index)).copied().unwrap_or(0);
            value | u64::from(byte) << (8 * index)
        })
    }

    pub(crate) fn write(&mut self, address: u64, size: usize, value: u64) {
        for (index, byte) in (0..size as u64).zip(value.to_le_bytes()) {
            self.memory.insert(address + index, byte);
        }
    }
}

/// How many bytes a register has.
fn bytes(size: WDF_DEVICE_HWACCESS_TARGET_SIZE) -> Option<usize> {
    match size {
        WdfDeviceHwAccessTargetSizeUchar => Some(1),
        WdfDeviceHwAccessTargetSizeUshort => Some(2),
        WdfDeviceHwAccessTargetSizeUlong => Some(4),
        WdfDeviceHwAccessTargetSizeUlong64 => Some(8),
        _ => None,
    }
}

impl Core {
    fn hardware_finding(&self, method: &str, detail: &str) {
        self.world
            .finding(Rule::Hardware, method, &self.name, detail);
    }

    pub(crate) fn map_io_space(
        &self,
        method: &str,
        start: i64,
        length: usize,
    ) -> Result<usize, HRESULT> {
        if length == 0 {
            return Err(E_INVALIDARG);
        }
        let mut hardware = lock(&self.belongings.hardware);
        if !hardware.has(start.cast_unsigned(), length) {
            drop(hardware);
            self.hardware_finding(method, "the memory is not the device's; the call fails");
            return Err(INVALID_OPERATION);
        }
        let base = FIRST + hardware.next;
        hardware.next += length.next_multiple_of(0x1000);
        hardware.mapped.push((base, start.cast_unsigned(), length));
        Ok(base)
    }

    pub(crate) fn unmap_io_space(&self, method: &str, base: usize, length: usize) {
        let mut hardware = lock(&self.belongings.hardware);
        let before = hardware.mapped.len();
        hardware
            .mapped
            .retain(|mapped| (mapped.0, mapped.2) != (base, length));
        if hardware.mapped.len() == before {
            drop(hardware);
            self.hardware_finding(method, "nothing is mapped there with this length");
        }
    }

    /// Reads a register or a port, or writes one.
    pub(crate) fn access_hardware(
        &self,
        method: &str,
        kind: WDF_DEVICE_HWACCESS_TARGET_TYPE,
        size: WDF_DEVICE_HWACCESS_TARGET_SIZE,
        register: usize,
        value: Option<u64>,
    ) -> u64 {
        let mut hardware = lock(&self.belongings.hardware);
        let size = bytes(size).filter(|size| register.is_multiple_of(*size));
        let place = size.and_then(|size| match kind {
            WdfDeviceHwAccessTargetTypeRegister => Some((hardware.physical(register, size)?, size)),
            WdfDeviceHwAccessTargetTypePort => hardware
                .has_ports(register, size)
                .then_some((PORTS + register as u64, size)),
            _ => None,
        });
        match (place, value) {
            (Some((place, size)), Some(value)) => hardware.write(place, size, value),
            (Some((place, size)), None) => return hardware.read(place, size),
            (None, _) => {
                drop(hardware);
                self.hardware_finding(
                    method,
                    "there is no such register in what is mapped, and no such port",
                );
            }
        }
        0
    }

    /// Hardware has been released: nothing may be mapped.
    pub(crate) fn check_hardware(&self) {
        let mapped = std::mem::take(&mut lock(&self.belongings.hardware).mapped);
        if !mapped.is_empty() {
            let detail = "registers are mapped still when the hardware is released";
            self.hardware_finding("OnReleaseHardware", detail);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn u12_an_address_at_the_end_of_all_is_no_register_and_no_port() {
        let port = CM_PARTIAL_RESOURCE_DESCRIPTOR {
            Type: CmResourceTypePort as u8,
            ShareDisposition: 0,
            Flags: 0,
            u: [8, 0, 4, 0],
        };
        let hardware = Hardware {
            resources: vec![port],
            mapped: vec![(FIRST, 0x1000, 16)],
            ..Hardware::default()
        };
        assert_eq!(hardware.physical(FIRST + 12, 4), Some(0x100c));
        assert_eq!(hardware.physical(FIRST + 13, 4), None);
        assert_eq!(hardware.physical(usize::MAX, 1), None);
        assert!(hardware.has_ports(8, 4) && !hardware.has_ports(8, 5));
        assert!(!hardware.has_ports(usize::MAX, 8));
    }
}
