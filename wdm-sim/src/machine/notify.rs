//! Telling drivers of processes that come and go.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nf-ntddk-pssetcreateprocessnotifyroutine>,
//! `nf-ntddk-pssetcreateprocessnotifyroutineex`, `ns-ntddk-_ps_create_notify_info`. The flag that the
//! latter wants of a driver's image is not looked at.

use std::ptr::{null_mut, without_provenance_mut};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use wdm_sys::{HANDLE, NTSTATUS, PVOID, UNICODE_STRING};

use super::{DriverId, Kernel, ProcessState, Thread};
use crate::call::{self, Code};
use crate::registry::wide;
use crate::status::Status;
use crate::verifier::Rule;

/// How many routines there can be.
const MAX_ROUTINES: usize = 64;

/// `PS_CREATE_NOTIFY_INFO` of `ntddk.h`.
#[repr(C)]
pub(crate) struct CreateInfo {
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

/// What a routine takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// `CREATE_PROCESS_NOTIFY_ROUTINE`.
    Ids,
    /// `CREATE_PROCESS_NOTIFY_ROUTINE_EX`.
    Info,
}

struct Registration {
    code: Code,
    kind: Kind,
    /// The threads on which it runs, by the addresses of their objects.
    running: Vec<usize>,
}

/// The routines of a machine's drivers.
#[derive(Default)]
pub(crate) struct ProcessNotify {
    routines: Mutex<Vec<Registration>>,
    returned: Condvar,
}

impl ProcessNotify {
    /// Adds a routine.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` if it is there, or there are too many.
    pub(crate) fn add(&self, code: Code, kind: Kind) -> Result<(), Status> {
        let mut routines = self.lock();
        let known = routines.iter().any(|it| it.code == code && it.kind == kind);
        if known || routines.len() >= MAX_ROUTINES {
            return Err(Status::INVALID_PARAMETER);
        }
        routines.push(Registration {
            code,
            kind,
            running: Vec::new(),
        });
        Ok(())
    }

    /// Takes a routine away once it has returned wherever it runs.
    ///
    /// # Errors
    /// `STATUS_PROCEDURE_NOT_FOUND` if it is not there.
    pub(crate) fn remove(
        &self,
        thread: &Thread,
        call: &'static str,
        code: Code,
        kind: Kind,
    ) -> Result<(), Status> {
        let mut routines = self.lock();
        loop {
            let at = routines
                .iter()
                .position(|it| it.code == code && it.kind == kind);
            let at = at.ok_or(Status::PROCEDURE_NOT_FOUND)?;
            let running = &routines[at].running;
            let own = running.contains(&thread.address());
            if own {
                let detail = "the routine removes itself while it runs, which waits for ever on NT";
                thread.finding(Rule::ProcessNotify, call, detail);
            }
            if own || running.is_empty() {
                routines.remove(at);
                return Ok(());
            }
            let woken = self.returned.wait(routines);
            routines = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn end(&self, code: Code, kind: Kind, thread: usize) {
        let mut routines = self.lock();
        let found = routines.iter_mut();
        let mut found = found.filter(|it| it.code == code && it.kind == kind);
        if let Some(registration) = found.next()
            && let Some(at) = registration.running.iter().position(|&it| it == thread)
        {
            registration.running.swap_remove(at);
        }
        self.returned.notify_all();
    }

    /// Takes away the routines of a driver that is gone; says how many there were.
    pub(crate) fn take_all_of(&self, driver: DriverId) -> usize {
        let mut routines = self.lock();
        let taken = routines.extract_if(.., |it| it.code.caller.driver == driver);
        taken.count()
    }

    /// Whether there are any.
    pub(super) fn is_empty(&self) -> bool {
        self.lock().is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Registration>> {
        self.routines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kernel {
    /// Tells drivers of a process that is made by, or that ends with, the current thread. Gives the
    /// status with which one of them refuses a new one.
    pub(super) fn notify_process(
        &self,
        thread: &Thread,
        process: &Arc<ProcessState>,
        created: bool,
    ) -> Result<(), Status> {
        let image = wide(&process.image());
        let bytes = u16::try_from(image.len() * 2).unwrap_or(u16::MAX - 1);
        let image = UNICODE_STRING {
            Length: bytes,
            MaximumLength: bytes,
            Buffer: image.as_ptr().cast_mut(),
        };
        let id = |id: usize| without_provenance_mut(id);
        let mut info = CreateInfo {
            size: size_of::<CreateInfo>(),
            flags: FILE_OPEN_NAME_AVAILABLE,
            parent: id(process.parent()),
            creating_process: id(thread.own_process().id()),
            creating_thread: id(thread.id()),
            file_object: null_mut(),
            image: &raw const image,
            command_line: &raw const image,
            status: Status::SUCCESS.0,
        };
        let regions = thread.critical_regions();
        let routines: Vec<_> = self
            .process_notify
            .lock()
            .iter_mut()
            .map(|it| {
                it.running.push(thread.address());
                (it.code, it.kind)
            })
            .collect();
        thread.set_critical_regions(regions + 1);
        for (code, kind) in routines {
            let place = if created { &raw mut info } else { null_mut() };
            let process_id = id(process.id());
            match kind {
                Kind::Ids => {
                    let parent = id(process.parent());
                    // SAFETY: the driver, which is loaded, registered the routine.
                    unsafe {
                        call::process_notify(thread, code, parent, process_id, created.into());
                    }
                }
                Kind::Info => {
                    let object = std::ptr::with_exposed_provenance_mut(process.address());
                    // SAFETY: as above; the structure lives until the call returns.
                    unsafe {
                        call::process_notify_ex(thread, code, object, process_id, place.cast());
                    }
                }
            }
            self.process_notify.end(code, kind, thread.address());
        }
        thread.set_critical_regions(regions);
        Status(info.status).to_result()
    }

    /// Reports the routines of a driver that is gone.
    pub(crate) fn report_process_notify(&self, driver: DriverId, call: &'static str) {
        let left = self.process_notify.take_all_of(driver);
        if left > 0 {
            let detail = format!(
                "{left} process-notify routines are still registered; remove them with the routine \
                 that registered them"
            );
            self.finding(driver, Rule::ProcessNotify, call, detail);
        }
    }
}
