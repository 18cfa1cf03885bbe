//! Telling drivers of processes.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-pssetcreateprocessnotifyroutineex>,
//! `ns-ntddk-_ps_create_notify_info`. The flag that the former wants of a driver's image is not looked
//! at.

use std::ptr::{null_mut, with_exposed_provenance_mut, without_provenance_mut};

use wdm_sys::{HANDLE, NTSTATUS, PVOID, UNICODE_STRING};

use super::{Kind, in_critical_region};
use crate::call;
use crate::machine::{Kernel, ProcessState, Thread};
use crate::registry::wide;
use crate::status::Status;
use crate::unicode_string;

/// `PS_CREATE_NOTIFY_INFO` of `ntddk.h`.
#[repr(C)]
struct CreateInfo {
    size: usize,
    flags: u32,
    parent: HANDLE,
    creating_process: HANDLE,
    creating_thread: HANDLE,
    file_object: PVOID,
    image: *const UNICODE_STRING,
    command_line: *const UNICODE_STRING,
    status: NTSTATUS,
}

const _: () = assert!(size_of::<CreateInfo>() == 0x48);

/// The image's name is the exact one of its file (`FileOpenNameAvailable`).
const FILE_OPEN_NAME_AVAILABLE: u32 = 1;

/// The kinds of routines.
const KINDS: &[Kind] = &[Kind::ProcessIds, Kind::ProcessInfo, Kind::ProcessSubsystems];

impl Kernel {
    /// Tells drivers of a process that is made by, or that ends with, the current thread. Gives the
    /// status with which one of them refuses a new one.
    pub(in crate::machine) fn notify_process(
        &self,
        thread: &Thread,
        process: &ProcessState,
        created: bool,
    ) -> Result<(), Status> {
        let image = wide(&process.image());
        let image = unicode_string::over(&image);
        let [id, parent, creating_process, creating_thread]: [HANDLE; 4] = [
            process.id(),
            process.parent(),
            thread.own_process().id(),
            thread.id(),
        ]
        .map(without_provenance_mut);
        let mut info = CreateInfo {
            size: size_of::<CreateInfo>(),
            flags: FILE_OPEN_NAME_AVAILABLE,
            parent,
            creating_process,
            creating_thread,
            file_object: null_mut(),
            image: &raw const image,
            command_line: &raw const image,
            status: Status::SUCCESS.0,
        };
        let place: PVOID = match created {
            true => (&raw mut info).cast(),
            false => null_mut(),
        };
        let object = with_exposed_provenance_mut(process.address());
        in_critical_region(thread, || {
            self.notify.each(thread, KINDS, |code, kind| match kind {
                Kind::ProcessIds => {
                    // SAFETY: the driver, which is loaded, registered the routine.
                    unsafe { call::process_notify(thread, code, parent, id, created.into()) }
                }
                // SAFETY: as above; the structure lives until the call returns.
                _ => unsafe { call::process_notify_ex(thread, code, object, id, place) },
            });
        });
        Status(info.status).to_result()
    }
}
