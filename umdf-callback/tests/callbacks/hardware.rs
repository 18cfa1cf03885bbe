//! U12: hardware resources and registers.

use std::sync::Mutex;

use umdf_callback::callback::PnpHardware2;
use umdf_callback::hardware::{Caching, NO_REGISTER, Registers, Resource, ResourceList};
use umdf_callback::raw::{
    CM_PARTIAL_RESOURCE_DESCRIPTOR, CM_RESOURCE_MEMORY_LARGE_40, CM_RESOURCE_MEMORY_LARGE_48,
    CM_RESOURCE_MEMORY_LARGE_64, CmResourceTypeConnection, CmResourceTypeDma, CmResourceTypeMemory,
    CmResourceTypeMemoryLarge, CmResourceTypePort,
};
use umdf_callback::{Device, Error, device_callback};
use wdm_sim::umdf::Rule;

use crate::{AddedDevice, DeviceInit, Driver, HRESULT, Result, adds, device};

const START: u64 = 0x1_fee0_0000;

fn resource(kind: i32, flags: i32, words: [u32; 3]) -> CM_PARTIAL_RESOURCE_DESCRIPTOR {
    let mut resource = CM_PARTIAL_RESOURCE_DESCRIPTOR {
        Type: kind as u8,
        Flags: flags as u16,
        ..CM_PARTIAL_RESOURCE_DESCRIPTOR::default()
    };
    resource.u[..3].copy_from_slice(&words);
    resource
}

fn memory() -> CM_PARTIAL_RESOURCE_DESCRIPTOR {
    resource(CmResourceTypeMemory, 0, [0xfee0_0000, 1, 18])
}

#[derive(Default)]
struct Lamp {
    resources: Mutex<Vec<Resource>>,
    registers: Mutex<Option<Registers>>,
}

impl PnpHardware2 for Lamp {
    fn on_prepare_hardware(
        &self,
        device: &Device,
        _raw: &ResourceList,
        translated: &ResourceList,
    ) -> Result<()> {
        assert_eq!(translated.iter().count() as u32, translated.len());
        assert_eq!(translated.get(translated.len()), None);
        let mut resources = self.resources.lock().unwrap();
        *resources = translated.iter().collect();
        KEPT.set(resources.clone());
        if let [Resource::Memory(memory)] = &resources[..] {
            let registers = device.map_io_space(memory, Caching::NonCached)?;
            use_registers(&registers)?;
            *self.registers.lock().unwrap() = Some(registers);
        }
        Ok(())
    }

    fn on_release_hardware(&self, _device: &Device, _translated: &ResourceList) -> Result<()> {
        let registers = self.registers.lock().unwrap().take();
        if FORGETS.get() {
            FORGOTTEN.set(registers);
        }
        Ok(())
    }
}

thread_local! {
    static KEPT: std::cell::RefCell<Vec<Resource>> = const { std::cell::RefCell::new(Vec::new()) };
    static FORGOTTEN: std::cell::RefCell<Option<Registers>> = const { std::cell::RefCell::new(None) };
    static FORGETS: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

fn code<T>(result: Result<T>) -> Option<HRESULT> {
    result.err().map(|error| Error::code(&error))
}

/// Each width at each end, and what is not there.
fn use_registers(registers: &Registers) -> Result<()> {
    assert!(registers.len() == 18 && !registers.is_empty());
    assert_eq!(registers.read::<u32>(0)?, 0x0403_0201);
    registers.write(4, 0xa5_u8)?;
    registers.write(6, 0xbeef_u16)?;
    registers.write(8, 0x0123_4567_89ab_cdef_u64)?;
    registers.write(16, 0x7777_u16)?;
    assert_eq!(registers.read::<u8>(4)?, 0xa5);
    assert_eq!(registers.read::<u16>(6)?, 0xbeef);
    assert_eq!(registers.read::<u64>(8)?, 0x0123_4567_89ab_cdef);
    assert_eq!(registers.read::<u8>(17)?, 0x77);
    for offset in [18, usize::MAX] {
        assert_eq!(code(registers.read::<u8>(offset)), Some(NO_REGISTER));
    }
    assert_eq!(
        code(registers.read::<u16>(17)),
        Some(NO_REGISTER),
        "not at a multiple"
    );
    assert_eq!(
        code(registers.write(16, 1_u32)),
        Some(NO_REGISTER),
        "past the end"
    );
    assert_eq!(code(registers.write(10, 1_u32)), Some(NO_REGISTER));
    Ok(())
}

device_callback!(Lamp);

adds!(pub(crate) Lights: |init| Ok(init.create_device(Lamp::default())?.into()));

#[test]
fn u12_registers_are_mapped_memory() -> Result<()> {
    let device = device::<Lights>();
    device.assign(&[memory()]);
    device.set_register(START, 4, 0x0403_0201);
    device.start()?;
    assert_eq!(device.register(START + 4, 1), 0xa5);
    assert_eq!(device.register(START + 8, 8), 0x0123_4567_89ab_cdef);
    device.stop()?;
    device.start()?; // mapped anew
    Ok(())
}

#[test]
fn u12_registers_that_stay_mapped() -> Result<()> {
    let device = device::<Lights>();
    device.assign(&[memory()]);
    device.set_register(START, 4, 0x0403_0201);
    device.start()?;
    FORGETS.set(true);
    device.stop()?;
    FORGETS.set(false);
    let findings = device.unload().findings;
    FORGOTTEN.take();
    assert!(
        findings
            .iter()
            .any(|finding| finding.rule == Rule::Hardware),
        "{findings:?}"
    );
    Ok(())
}

/// Ports are the device's own, one after the other.
#[test]
fn u12_ports_need_no_mapping() -> Result<()> {
    adds!(Serial: |init| {
        let device = init.create_device(Lamp::default())?;
        crate::keep(&device);
        Ok(device.into())
    });

    let device = device::<Serial>();
    device.assign(&[resource(CmResourceTypePort, 0, [0x3f8, 0, 8])]);
    device.start()?;
    let resources = KEPT.take();
    let [Resource::Port(resource)] = &resources[..] else {
        panic!("{resources:?} are ports");
    };
    let ports = crate::kept().ports(resource)?;
    ports.write(0, 0x55_u8)?;
    ports.write(4, 0x0102_0304_u32)?;
    assert_eq!(
        (device.port(0x3f8, 1), device.port(0x3fc, 4)),
        (0x55, 0x0102_0304)
    );
    assert_eq!(ports.read::<u16>(6)?, 0x0102);
    assert_eq!(code(ports.read::<u8>(8)), Some(NO_REGISTER));
    assert_eq!(code(ports.write(3, 1_u16)), Some(NO_REGISTER));
    assert_eq!(ports.len(), 8);
    Ok(())
}

#[test]
fn resources_are_told_apart() -> Result<()> {
    let device = device::<Lights>();
    let large = |flags| resource(CmResourceTypeMemoryLarge, flags, [0, 2, 3]);
    device.assign(&[
        resource(CmResourceTypePort, 0, [0x3f8, 0, 8]),
        large(CM_RESOURCE_MEMORY_LARGE_40),
        large(CM_RESOURCE_MEMORY_LARGE_48),
        large(CM_RESOURCE_MEMORY_LARGE_64),
        resource(CmResourceTypeConnection, 0, [0x0201, 7, 1]),
        resource(CmResourceTypeDma, 0, [1, 2, 3]),
    ]);
    device.start()?;
    let resources = KEPT.take();
    let Resource::Port(ports) = &resources[0] else {
        panic!("{:?} are ports", resources[0]);
    };
    assert_eq!((ports.start(), ports.length()), (0x3f8, 8));
    let lengths: Vec<u64> = resources
        .iter()
        .filter_map(|resource| match resource {
            Resource::Memory(memory) => Some((memory.start(), memory.length())),
            _ => None,
        })
        .map(|(start, length)| {
            assert_eq!(start, 0x2_0000_0000);
            length
        })
        .collect();
    assert_eq!(lengths, [3 << 8, 3 << 16, 3 << 32]);
    let connection = Resource::Connection {
        class: 1,
        kind: 2,
        id: 0x1_0000_0007,
    };
    assert_eq!(resources[4], connection);
    assert_eq!(resources[5], Resource::Other(CmResourceTypeDma as u8));
    Ok(())
}

/// What the system has assigned, for `each_failure`.
pub(crate) fn assign(device: &crate::Hosted) {
    device.assign(&[memory()]);
    device.set_register(START, 4, 0x0403_0201);
}
