//! The registry keys of drivers and devices.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-ioopendriverregistrykey>,
//! `nf-wdm-ioopendeviceregistrykey`. Registry callbacks see the opens. The handles belong to the
//! current process, which is why the pages ask for a system thread.

use wdm_sys::{
    DRIVER_REGKEY_TYPE, NTSTATUS, OBJ_CASE_INSENSITIVE, OBJECT_ATTRIBUTES, PDEVICE_OBJECT,
    PDRIVER_OBJECT, PHANDLE, PLUGPLAY_REGKEY_CURRENT_HWPROFILE, PLUGPLAY_REGKEY_DEVICE,
    PLUGPLAY_REGKEY_DRIVER,
};

use super::devices::record;
use crate::cm::ops::{self, Creation, Outcome};
use crate::exports::{exports, text};
use crate::machine::{Mode, Thread, current, irql};
use crate::registry::{SEPARATOR, wide};
use crate::status::Status;
use crate::unicode_string;
use crate::verifier::Rule;

const OF_A_PROFILE_DEVICE: u32 = PLUGPLAY_REGKEY_CURRENT_HWPROFILE | PLUGPLAY_REGKEY_DEVICE;
const OF_A_PROFILE_DRIVER: u32 = PLUGPLAY_REGKEY_CURRENT_HWPROFILE | PLUGPLAY_REGKEY_DRIVER;

exports! {
    /// Opens one of a driver's own keys. The parameters must have been installed; state is made
    /// when it is first opened, below the service key here, while NT does not say where it is.
    fn IoOpenDriverRegistryKey(
        driver: PDRIVER_OBJECT,
        which: DRIVER_REGKEY_TYPE,
        access: u32,
        flags: u32,
        handle: PHANDLE,
    ) -> NTSTATUS {
        let thread = current(CALL);
        require_system_thread(&thread, CALL);
        let record = match record(&thread, CALL, driver) {
            Ok(record) => record,
            Err(status) => return status.0,
        };
        if flags != 0 {
            thread.finding(Rule::Parameter, CALL, format!("Flags is {flags:#x}; give 0"));
            return Status::INVALID_PARAMETER.0;
        }
        let (name, make) = match which {
            wdm_sys::DriverRegKeyParameters => ("Parameters", false),
            wdm_sys::DriverRegKeyPersistentState => ("PersistentState", true),
            wdm_sys::DriverRegKeySharedPersistentState => ("SharedPersistentState", true),
            _ => return Status::INVALID_PARAMETER.0,
        };
        // SAFETY: the path is a valid string, as long as the driver is loaded.
        let service = unsafe { text(record.registry_path()) }.unwrap_or_default();
        let path = [service, &[SEPARATOR], &wide(name)].concat();
        // SAFETY: the caller gave a place for the handle.
        unsafe { open(&thread, &path, make, access, handle) }
    }

    /// Opens the hardware key or the software key of a device, by its physical device object: one
    /// that [`Machine::plug_in`](crate::Machine::plug_in) made. Keys of a hardware profile are
    /// deprecated: `STATUS_NOT_SUPPORTED`.
    fn IoOpenDeviceRegistryKey(
        device: PDEVICE_OBJECT,
        which: u32,
        access: u32,
        handle: PHANDLE,
    ) -> NTSTATUS {
        let thread = current(CALL);
        require_system_thread(&thread, CALL);
        let Some(node) = thread.kernel().io.node_of(device) else {
            let detail = format!("{device:p} is no physical device object; give that of AddDevice");
            thread.finding(Rule::Parameter, CALL, detail);
            return Status::INVALID_PARAMETER.0;
        };
        let path = match which {
            PLUGPLAY_REGKEY_DEVICE => node.hardware_key,
            PLUGPLAY_REGKEY_DRIVER => node.software_key,
            OF_A_PROFILE_DEVICE | OF_A_PROFILE_DRIVER => return Status::NOT_SUPPORTED.0,
            _ => return Status::INVALID_PARAMETER.0,
        };
        // SAFETY: the caller gave a place for the handle.
        unsafe { open(&thread, &path, false, access, handle) }
    }
}

fn require_system_thread(thread: &Thread, call: &'static str) {
    thread.require_irql(irql::PASSIVE_LEVEL, call);
    if thread.own_process().default_mode() != Mode::Kernel {
        let detail = "called in a process that is not System, which gets the handle; use a system \
                      thread";
        thread.finding(Rule::Parameter, call, detail);
    }
}

/// Opens a key by its path, or makes its last component, as the driver that called.
///
/// # Safety
/// `handle` is valid for writes.
unsafe fn open(
    thread: &Thread,
    path: &[u16],
    make: bool,
    access: u32,
    handle: PHANDLE,
) -> NTSTATUS {
    if u16::try_from(path.len() * 2).is_err() {
        return Status::NAME_TOO_LONG.0;
    }
    let mut name = unicode_string::over(path);
    let mut attributes = OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: std::ptr::null_mut(),
        ObjectName: &raw mut name,
        Attributes: OBJ_CASE_INSENSITIVE,
        SecurityDescriptor: std::ptr::null_mut(),
        SecurityQualityOfService: std::ptr::null_mut(),
    };
    let attributes = &raw mut attributes;
    let outcome: Outcome = thread.with_previous_mode(Mode::Kernel, || match make {
        true => {
            let creation = Creation {
                class: std::ptr::null_mut(),
                disposition: std::ptr::null_mut(),
            };
            // SAFETY: all pointers lead to live locals, or are the caller's.
            unsafe { ops::create_key(thread, handle, access, attributes, 0, creation) }
        }
        // SAFETY: as above.
        false => unsafe { ops::open_key(thread, handle, access, attributes, 0) },
    });
    outcome.unwrap_or_else(|refused| refused).0
}
