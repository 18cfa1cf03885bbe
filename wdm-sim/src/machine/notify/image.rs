//! Telling drivers of images that are loaded: programs, and other drivers.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nc-ntddk-pload_image_notify_routine>,
//! `ns-ntddk-_image_info`, `ns-ntddk-_image_info_ex`. A program, and a driver that is linked in, has no
//! image in memory: its base and its size are 0. There is no file object of an image.

use std::mem::offset_of;
use std::ptr::{null_mut, with_exposed_provenance_mut, without_provenance_mut};

use wdm_sys::{HANDLE, PVOID};

use super::{Kind, in_critical_region};
use crate::call;
use crate::machine::{DriverRecord, Kernel, ProcessState, Profile, Thread, install};
use crate::registry::wide;
use crate::unicode_string;

/// `IMAGE_INFO` of `ntddk.h`.
#[repr(C)]
struct Info {
    properties: u32,
    base: PVOID,
    selector: u32,
    size: usize,
    section_number: u32,
}

/// `IMAGE_INFO_EX` of `ntddk.h`.
#[repr(C)]
struct InfoEx {
    size: usize,
    info: Info,
    file_object: PVOID,
}

const _: () = {
    assert!(size_of::<Info>() == 0x28);
    assert!(offset_of!(Info, base) == 0x8);
    assert!(offset_of!(Info, selector) == 0x10);
    assert!(offset_of!(Info, size) == 0x18);
    assert!(offset_of!(Info, section_number) == 0x20);
    assert!(size_of::<InfoEx>() == 0x38);
    assert!(offset_of!(InfoEx, info) == 0x8);
    assert!(offset_of!(InfoEx, file_object) == 0x30);
};

/// `ImageAddressingMode`: `IMAGE_ADDRESSING_MODE_32BIT`, whatever the image.
const ADDRESSING_MODE_32BIT: u32 = 3;
/// `SystemModeImage`.
const SYSTEM_MODE_IMAGE: u32 = 1 << 8;
/// `ExtendedInfoPresent`, which Windows Vista added.
const EXTENDED_INFO_PRESENT: u32 = 1 << 10;

impl Kernel {
    /// Tells drivers of a new process's program, on a thread of that process.
    pub(in crate::machine) fn notify_program(&self, thread: &Thread, process: &ProcessState) {
        self.notify_image(thread, &process.image(), process.id(), 0, (0, 0));
    }

    /// Tells drivers of another one that has been loaded and not been entered yet.
    pub(in crate::machine) fn notify_driver(&self, thread: &Thread, driver: &DriverRecord) {
        let path = install::image_path(driver.name());
        let module = driver.module();
        let place = module.map_or((0, 0), |module| (module.base(), module.size()));
        self.notify_image(thread, &path, 0, SYSTEM_MODE_IMAGE, place);
    }

    fn notify_image(
        &self,
        thread: &Thread,
        name: &str,
        process: usize,
        mode: u32,
        (base, size): (usize, usize),
    ) {
        let name = wide(name);
        let name = unicode_string::over(&name);
        let process: HANDLE = without_provenance_mut(process);
        let extended = match self.profile {
            Profile::WinXp => 0,
            _ => EXTENDED_INFO_PRESENT,
        };
        let mut info = InfoEx {
            size: size_of::<InfoEx>(),
            info: Info {
                properties: ADDRESSING_MODE_32BIT | mode | extended,
                base: with_exposed_provenance_mut(base),
                selector: 0,
                size,
                section_number: 0,
            },
            file_object: null_mut(),
        };
        // Drivers go from the smaller structure to the larger one.
        let info: PVOID = (&raw mut info).cast();
        let info = info.wrapping_byte_add(offset_of!(InfoEx, info));
        in_critical_region(thread, || {
            self.notify.each(thread, &[Kind::Image], |code, _| {
                let name = (&raw const name).cast_mut();
                // SAFETY: the driver, which is loaded, registered the routine; the name and the
                // structure live until the call returns.
                unsafe { call::image_notify(thread, code, name, process, info) }
            });
        });
    }
}
