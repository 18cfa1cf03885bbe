//! What drivers do with I/O requests.

use wdm_sys::{NTSTATUS, PDEVICE_OBJECT, PIRP, PVOID};

use super::{Abi, Code, run, run_to};
use crate::machine::Thread;

/// What kind of routine a dispatch routine is.
pub(crate) const DISPATCH: &str = "DRIVER_DISPATCH";

/// What kind of routine a completion routine is.
pub(crate) const COMPLETION: &str = "IO_COMPLETION_ROUTINE";

/// What kind of routine a cancel routine is.
pub(crate) const CANCEL: &str = "DRIVER_CANCEL";

/// `DRIVER_DISPATCH`: what a driver does with a request to one of its devices.
///
/// # Safety
/// `code` is a dispatch routine of its driver, whose code is loaded, for the request's major function;
/// the device is the driver's, and the request lives until it is completed.
pub(crate) unsafe fn dispatch(
    thread: &Thread,
    code: Code,
    device: PDEVICE_OBJECT,
    irp: PIRP,
) -> NTSTATUS {
    run(
        thread,
        code,
        DISPATCH,
        || call!(code, (device => PDEVICE_OBJECT, irp => PIRP) -> NTSTATUS),
    )
}

/// `IO_COMPLETION_ROUTINE`: what a driver does when a request that it has passed on is completed.
///
/// # Safety
/// `code` and `context` are what its driver, whose code is loaded, put into the request's location; the
/// device is null or the driver's.
pub(crate) unsafe fn completion_routine(
    thread: &Thread,
    code: Code,
    device: PDEVICE_OBJECT,
    irp: PIRP,
    context: PVOID,
) -> NTSTATUS {
    run(
        thread,
        code,
        COMPLETION,
        || call!(code, (device => PDEVICE_OBJECT, irp => PIRP, context => PVOID) -> NTSTATUS),
    )
}

/// `DRIVER_CANCEL`: entered with the cancel spin lock, which it releases, so that it leaves at `level`.
/// `after` looks whether it did.
///
/// # Safety
/// `code` is the cancel routine that its driver, whose code is loaded, put into the request.
pub(crate) unsafe fn cancel_routine(
    thread: &Thread,
    code: Code,
    device: PDEVICE_OBJECT,
    irp: PIRP,
    level: u8,
    after: impl FnOnce(),
) {
    run_to(thread, code, CANCEL, Some(level), || {
        call!(code, (device => PDEVICE_OBJECT, irp => PIRP));
        after();
    });
}

/// `IO_CSQ_INSERT_IRP`, `IO_CSQ_REMOVE_IRP` and `IO_CSQ_COMPLETE_CANCELED_IRP`: `kind` says which.
///
/// # Safety
/// `code` is that callback of the driver's queue, and its code is loaded.
pub(crate) unsafe fn csq_irp(
    thread: &Thread,
    kind: &'static str,
    code: Code,
    queue: PVOID,
    irp: PIRP,
) {
    run(
        thread,
        code,
        kind,
        || call!(code, (queue => PVOID, irp => PIRP)),
    );
}

/// `IO_CSQ_INSERT_IRP_EX`.
///
/// # Safety
/// As for [`csq_irp`]; `context` is what the driver gave to `IoCsqInsertIrpEx`.
pub(crate) unsafe fn csq_insert_irp_ex(
    thread: &Thread,
    code: Code,
    queue: PVOID,
    irp: PIRP,
    context: PVOID,
) -> NTSTATUS {
    run(
        thread,
        code,
        "IO_CSQ_INSERT_IRP_EX",
        || call!(code, (queue => PVOID, irp => PIRP, context => PVOID) -> NTSTATUS),
    )
}

/// `IO_CSQ_PEEK_NEXT_IRP`.
///
/// # Safety
/// As for [`csq_irp`]; `after` is null or a request in the queue.
pub(crate) unsafe fn csq_peek_next_irp(
    thread: &Thread,
    code: Code,
    queue: PVOID,
    after: PIRP,
    context: PVOID,
) -> PIRP {
    run(
        thread,
        code,
        "IO_CSQ_PEEK_NEXT_IRP",
        || call!(code, (queue => PVOID, after => PIRP, context => PVOID) -> PIRP),
    )
}

/// `IO_CSQ_ACQUIRE_LOCK`: gives the level before, and may leave at another.
///
/// # Safety
/// As for [`csq_irp`].
pub(crate) unsafe fn csq_acquire_lock(thread: &Thread, code: Code, queue: PVOID) -> u8 {
    let mut level = thread.irql();
    let place = &raw mut level;
    run_to(
        thread,
        code,
        "IO_CSQ_ACQUIRE_LOCK",
        None,
        || call!(code, (queue => PVOID, place => *mut u8)),
    );
    level
}

/// `IO_CSQ_RELEASE_LOCK`: leaves at the level that taking the lock gave, or where it was.
///
/// # Safety
/// As for [`csq_irp`].
pub(crate) unsafe fn csq_release_lock(thread: &Thread, code: Code, queue: PVOID, level: u8) {
    run_to(
        thread,
        code,
        "IO_CSQ_RELEASE_LOCK",
        None,
        || call!(code, (queue => PVOID, level => u8)),
    );
}
