//! Calling driver code: the only place where a driver's function is entered.
//!
//! A driver hands functions over as addresses. How they are called depends on where the driver comes
//! from: linked drivers use the host's convention (`extern "system"`), `.sys` files Microsoft's for
//! x64 (`extern "win64"`). On a Windows host for x86_64 the two are the same.

use wdm_sys::{HANDLE, NTSTATUS, PDRIVER_OBJECT, PUNICODE_STRING, PVOID};

use crate::machine::{Caller, Routine, Thread};
use crate::verifier::Rule;

/// The calling convention of a driver's functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Abi {
    /// The host's own, `extern "system"`.
    Host,
    /// Microsoft's for x64, `extern "win64"`.
    #[cfg(target_arch = "x86_64")]
    Win64,
}

/// What kind of routine a registry callback is.
pub(crate) const REGISTRY_CALLBACK: &str = "EX_CALLBACK_FUNCTION";

/// A function of a driver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    /// Its address; not null.
    pub(crate) address: usize,
    /// Whose it is, and how it is called.
    pub(crate) caller: Caller,
}

/// Calls an address as a function of the given type, in the convention of `$abi`.
macro_rules! call {
    ($code:expr, ($($argument:expr => $type:ty),*) $(-> $result:ty)?) => {{
        let address = std::ptr::with_exposed_provenance::<()>($code.address);
        match $code.caller.abi {
            Abi::Host => {
                let _calling = crate::faults::Calling::here();
                // SAFETY: by this function's contract, the address is such a function.
                let function = unsafe {
                    std::mem::transmute::<
                        *const (),
                        unsafe extern "system" fn($($type),*) $(-> $result)?,
                    >(address)
                };
                // SAFETY: by this function's contract, the arguments are what it expects.
                unsafe { function($($argument),*) }
            }
            #[cfg(target_arch = "x86_64")]
            Abi::Win64 => {
                // SAFETY: as above.
                let function = unsafe {
                    std::mem::transmute::<
                        *const (),
                        unsafe extern "win64" fn($($type),*) $(-> $result)?,
                    >(address)
                };
                // SAFETY: as above.
                unsafe { function($($argument),*) }
            }
        }
    }};
}

mod library;
mod requests;

pub(crate) use library::*;
pub(crate) use requests::*;

/// Runs driver code on `thread` and checks that it leaves the thread as it found it.
fn run<T>(thread: &Thread, code: Code, routine: &'static str, body: impl FnOnce() -> T) -> T {
    run_to(thread, code, routine, Some(thread.irql()), body)
}

/// Does that for a routine that leaves the thread at another level; `None` for one that may leave it
/// at any.
fn run_to<T>(
    thread: &Thread,
    code: Code,
    routine: &'static str,
    level: Option<u8>,
    body: impl FnOnce() -> T,
) -> T {
    let irql = thread.irql();
    let critical_regions = thread.critical_regions();
    let guarded_regions = thread.guarded_regions();
    let attached = thread.attached();
    let caller = code.caller;
    let running = Routine {
        kind: routine,
        address: code.address,
    };
    let result = thread.with_routine(running, || thread.with_caller(caller, body));
    let after = thread.irql();
    let finding = |rule, detail: String| {
        // A registry callback has a rule of its own for how it leaves its thread.
        let rule = match routine {
            REGISTRY_CALLBACK => Rule::N1,
            _ => rule,
        };
        let kernel = thread.kernel();
        kernel.finding(caller.driver, rule, routine, detail);
    };
    if let Some(level) = level.filter(|&level| level != after) {
        thread.set_irql(level);
        let detail = format!("entered at IRQL {irql} and returned at {after}; restore the level");
        finding(Rule::Irql, detail);
    }
    if thread.attached() > attached {
        thread.detach_to(attached);
        let detail = "returned attached to a process; call KeUnstackDetachProcess";
        finding(Rule::Attach, detail.to_owned());
    }
    let after = thread.critical_regions();
    if after != critical_regions {
        thread.set_critical_regions(critical_regions);
        let detail = format!(
            "entered in {critical_regions} critical regions and returned in {after}; pair \
             KeEnterCriticalRegion with KeLeaveCriticalRegion"
        );
        finding(Rule::CriticalRegion, detail);
    }
    let after = thread.guarded_regions();
    if after != guarded_regions {
        thread.set_guarded_regions(guarded_regions);
        let detail = format!(
            "entered in {guarded_regions} guarded regions and returned in {after}; pair \
             KeEnterGuardedRegion with KeLeaveGuardedRegion"
        );
        finding(Rule::CriticalRegion, detail);
    }
    result
}

/// `EX_CALLBACK_FUNCTION`: a registry callback. `class` goes in the first argument's place as a
/// pointer-sized number, as the kernel passes it.
///
/// # Safety
/// `code` is a registry callback of its driver, whose code is loaded, `context` what the driver
/// registered it with, and `information` the structure of `class`, which lives until the call returns.
#[inline]
pub(crate) unsafe fn registry_callback(
    thread: &Thread,
    code: Code,
    context: PVOID,
    class: u32,
    information: PVOID,
) -> NTSTATUS {
    let class: PVOID = std::ptr::without_provenance_mut(class as usize);
    run(
        thread,
        code,
        REGISTRY_CALLBACK,
        || call!(code, (context => PVOID, class => PVOID, information => PVOID) -> NTSTATUS),
    )
}

/// `DRIVER_INITIALIZE`: a `DriverEntry`.
///
/// # Safety
/// `code` is the entry point of its driver, and the arguments are the driver's own object and the
/// name of its service key.
pub(crate) unsafe fn driver_entry(
    thread: &Thread,
    code: Code,
    object: PDRIVER_OBJECT,
    path: PUNICODE_STRING,
) -> NTSTATUS {
    run(
        thread,
        code,
        "DriverEntry",
        || call!(code, (object => PDRIVER_OBJECT, path => PUNICODE_STRING) -> NTSTATUS),
    )
}

/// `DRIVER_UNLOAD`.
///
/// # Safety
/// `code` is what the driver put into `DriverUnload` of `object`, which is its own object.
pub(crate) unsafe fn driver_unload(thread: &Thread, code: Code, object: PDRIVER_OBJECT) {
    run(
        thread,
        code,
        "DriverUnload",
        || call!(code, (object => PDRIVER_OBJECT)),
    );
}

/// `CALLBACK_FUNCTION`: a callback of a callback object.
///
/// # Safety
/// `code` is a callback of its driver, whose code is loaded, and `context` what the driver registered
/// it with; the arguments are what the callback object's creator defined.
pub(crate) unsafe fn callback_function(
    thread: &Thread,
    code: Code,
    context: usize,
    first: usize,
    second: usize,
) {
    let [context, first, second]: [PVOID; 3] =
        [context, first, second].map(std::ptr::with_exposed_provenance_mut);
    run(
        thread,
        code,
        "CALLBACK_FUNCTION",
        || call!(code, (context => PVOID, first => PVOID, second => PVOID)),
    );
}

/// `CREATE_PROCESS_NOTIFY_ROUTINE`.
///
/// # Safety
/// `code` is a routine that its driver, whose code is loaded, registered.
pub(crate) unsafe fn process_notify(
    thread: &Thread,
    code: Code,
    parent: HANDLE,
    process: HANDLE,
    created: u8,
) {
    run(
        thread,
        code,
        "CREATE_PROCESS_NOTIFY_ROUTINE",
        || call!(code, (parent => HANDLE, process => HANDLE, created => u8)),
    );
}

/// `CREATE_PROCESS_NOTIFY_ROUTINE_EX`: `info` is a `PS_CREATE_NOTIFY_INFO`, or null for a process that
/// ends.
///
/// # Safety
/// As for [`process_notify`]; `object` is the process's, and `info` lives until the call returns.
pub(crate) unsafe fn process_notify_ex(
    thread: &Thread,
    code: Code,
    object: PVOID,
    process: HANDLE,
    info: PVOID,
) {
    run(
        thread,
        code,
        "CREATE_PROCESS_NOTIFY_ROUTINE_EX",
        || call!(code, (object => PVOID, process => HANDLE, info => PVOID)),
    );
}

/// `CREATE_THREAD_NOTIFY_ROUTINE`.
///
/// # Safety
/// As for [`process_notify`].
pub(crate) unsafe fn thread_notify(
    thread: &Thread,
    code: Code,
    process: HANDLE,
    id: HANDLE,
    created: u8,
) {
    run(
        thread,
        code,
        "CREATE_THREAD_NOTIFY_ROUTINE",
        || call!(code, (process => HANDLE, id => HANDLE, created => u8)),
    );
}

/// `LOAD_IMAGE_NOTIFY_ROUTINE`: `info` is an `IMAGE_INFO`.
///
/// # Safety
/// As for [`process_notify`]; `name` and `info` live until the call returns.
pub(crate) unsafe fn image_notify(
    thread: &Thread,
    code: Code,
    name: PUNICODE_STRING,
    process: HANDLE,
    info: PVOID,
) {
    run(
        thread,
        code,
        "LOAD_IMAGE_NOTIFY_ROUTINE",
        || call!(code, (name => PUNICODE_STRING, process => HANDLE, info => PVOID)),
    );
}

/// `PTM_RM_NOTIFICATION`: a resource manager's callback routine. It gets the enlistment object, the
/// resource manager's key and the enlistment's, and what it is notified of.
///
/// # Safety
/// `code` and the first key are what the driver, whose code is loaded, gave to `TmEnableCallbacks`;
/// `clock` is valid for reads and writes during the call.
pub(crate) unsafe fn rm_notification(
    thread: &Thread,
    code: Code,
    [enlistment, manager_key, key]: [PVOID; 3],
    notification: u32,
    clock: *mut i64,
    argument: &[u8],
) -> NTSTATUS {
    let length = argument.len() as u32;
    let argument: PVOID = match argument {
        [] => std::ptr::null_mut(),
        bytes => bytes.as_ptr().cast_mut().cast(),
    };
    run(thread, code, crate::tm::CALLBACK, || {
        call!(code, (
            enlistment => PVOID, manager_key => PVOID, key => PVOID, notification => u32,
            clock => *mut i64, length => u32, argument => PVOID
        ) -> NTSTATUS)
    })
}

/// `KSTART_ROUTINE`: the body of a system thread.
///
/// # Safety
/// `code` and `context` are what the driver gave to `PsCreateSystemThread`.
pub(crate) unsafe fn start_routine(thread: &Thread, code: Code, context: PVOID) {
    run(
        thread,
        code,
        "KSTART_ROUTINE",
        || call!(code, (context => PVOID)),
    );
}

/// `IO_WORKITEM_ROUTINE`.
///
/// # Safety
/// `code` and `context` are what the driver gave to `IoQueueWorkItem`, `device` the item's device.
pub(crate) unsafe fn work_item_routine(thread: &Thread, code: Code, device: usize, context: usize) {
    let [device, context]: [PVOID; 2] =
        [device, context].map(std::ptr::with_exposed_provenance_mut);
    run(
        thread,
        code,
        "IO_WORKITEM_ROUTINE",
        || call!(code, (device => PVOID, context => PVOID)),
    );
}

/// `IO_WORKITEM_ROUTINE_EX`.
///
/// # Safety
/// As for [`work_item_routine`], of `IoQueueWorkItemEx`; `item` is the work item.
pub(crate) unsafe fn work_item_routine_ex(
    thread: &Thread,
    code: Code,
    device: usize,
    context: usize,
    item: usize,
) {
    let [device, context, item]: [PVOID; 3] =
        [device, context, item].map(std::ptr::with_exposed_provenance_mut);
    run(
        thread,
        code,
        "IO_WORKITEM_ROUTINE_EX",
        || call!(code, (device => PVOID, context => PVOID, item => PVOID)),
    );
}

/// `WORKER_THREAD_ROUTINE`.
///
/// # Safety
/// `code` and `parameter` are those of the item that the driver gave to `ExQueueWorkItem`.
pub(crate) unsafe fn worker_routine(thread: &Thread, code: Code, parameter: usize) {
    let parameter: PVOID = std::ptr::with_exposed_provenance_mut(parameter);
    run(
        thread,
        code,
        "WORKER_THREAD_ROUTINE",
        || call!(code, (parameter => PVOID)),
    );
}

/// `KDEFERRED_ROUTINE`.
///
/// # Safety
/// `code` and the second of `arguments` are what the driver gave to `KeInitializeDpc`; the first is
/// its DPC, the others are what the driver queued it with.
pub(crate) unsafe fn deferred_routine(thread: &Thread, code: Code, arguments: [usize; 4]) {
    let [dpc, context, first, second]: [PVOID; 4] =
        arguments.map(std::ptr::with_exposed_provenance_mut);
    run(
        thread,
        code,
        "KDEFERRED_ROUTINE",
        || call!(code, (dpc => PVOID, context => PVOID, first => PVOID, second => PVOID)),
    );
}
