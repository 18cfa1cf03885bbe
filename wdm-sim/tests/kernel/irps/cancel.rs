//! Pending requests: cancelled one by one, with their thread, and when their file is closed.

use std::cell::UnsafeCell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

use wdm_sim::{Finding, LinkedEntry, Machine, Rule, Status, ThreadGuard, UnloadError};
use wdm_sys::{
    _DEVICE_OBJECT as DEVICE_OBJECT, _IRP as IRP, KIRQL, NTSTATUS, PDEVICE_OBJECT, PDRIVER_OBJECT,
    PIRP, PUNICODE_STRING, PVOID,
};

use super::*;
use crate::support::{SUCCESS, call, in_kernel, only};

unsafe extern "system" {
    fn IoCancelIrp(irp: PIRP) -> u8;
    fn IoAcquireCancelSpinLock(level: *mut KIRQL);
    fn IoReleaseCancelSpinLock(level: KIRQL);
    fn IoCsqInitialize(
        queue: *mut Csq,
        insert: unsafe extern "system" fn(*mut Csq, PIRP),
        remove: unsafe extern "system" fn(*mut Csq, PIRP),
        peek: unsafe extern "system" fn(*mut Csq, PIRP, PVOID) -> PIRP,
        acquire: unsafe extern "system" fn(*mut Csq, *mut KIRQL),
        release: unsafe extern "system" fn(*mut Csq, KIRQL),
        complete: unsafe extern "system" fn(*mut Csq, PIRP),
    ) -> NTSTATUS;
    fn IoCsqInsertIrp(queue: *mut Csq, irp: PIRP, context: *mut CsqContext);
    fn IoCsqRemoveIrp(queue: *mut Csq, context: *mut CsqContext) -> PIRP;
    fn IoCsqRemoveNextIrp(queue: *mut Csq, context: PVOID) -> PIRP;
    fn KeAcquireSpinLockRaiseToDpc(lock: *mut u8) -> KIRQL;
    fn KeReleaseSpinLock(lock: *mut u8, level: KIRQL);
}

const CANCELLED: NTSTATUS = 0xC000_0120_u32 as i32;

/// `IoSetCancelRoutine`.
fn set_cancel(irp: PIRP, routine: Option<unsafe extern "system" fn(PDEVICE_OBJECT, PIRP)>) -> bool {
    let new = routine.map_or(0, |routine| (routine as *const ()).expose_provenance());
    // SAFETY: the driver has the request; only the field's address is taken.
    let place = unsafe { &raw mut (*irp).CancelRoutine };
    // SAFETY: the field is an address, which is exchanged atomically everywhere.
    let place = unsafe { AtomicUsize::from_ptr(place.cast()) };
    place.swap(new, Ordering::AcqRel) != 0
}

fn release(level: KIRQL) {
    // SAFETY: the cancel routine has the lock.
    unsafe { IoReleaseCancelSpinLock(level) };
}

/// Releases the lock and completes the request.
unsafe extern "system" fn cancels(_: PDEVICE_OBJECT, irp: PIRP) {
    release(request(irp).CancelIrql);
    complete(irp, CANCELLED, 0);
}

// Pends with a cancel routine.
controls!(pends_entry, pends, |irp| {
    mark(irp);
    set_cancel(irp, Some(cancels));
    PENDING
});

/// Runs something with a device for overlapped requests; gives the findings.
fn overlapped(entry: LinkedEntry, body: impl FnOnce(&Machine, &ThreadGuard)) -> Vec<Finding> {
    let (machine, driver) = loaded(entry);
    let app = machine.process("app.exe");
    let thread = app.enter();
    body(&machine, &thread);
    drop(thread);
    machine.unload(driver).expect("it unloads");
    machine.report().findings
}

#[test]
fn a_pending_request_is_cancelled() {
    let findings = overlapped(pends_entry, |_, thread| {
        let device = thread.open_device_overlapped(DEVICE).expect("it opens");
        let pending = device.start_control(BUFFERED, &[1], 1).expect("it is sent");
        assert!(!pending.is_done());
        assert!(pending.cancel(), "it has a cancel routine");
        assert!(!pending.cancel(), "it is done");
        let answer = pending.wait();
        assert_eq!((answer.status, answer.output), (Status(CANCELLED), vec![]));
    });
    assert_eq!(findings, []);
}

#[test]
fn a_pending_request_keeps_its_file_until_it_is_completed() {
    let (machine, driver) = loaded(pends_entry);
    let app = machine.process("app.exe");
    let thread = app.enter();
    let device = thread.open_device_overlapped(DEVICE).expect("it opens");
    let pending = device.start_control(BUFFERED, &[1], 1).expect("it is sent");
    drop(device);
    assert!(pending.cancel());
    drop(pending);
    machine.unload(driver).expect("the file is closed");
    assert_eq!(machine.report().findings, []);
}

#[test]
fn a_thread_that_ends_cancels_its_requests() {
    let findings = overlapped(pends_entry, |_, thread| {
        let device = thread.open_device_overlapped(DEVICE).expect("it opens");
        drop(device.start_control(BUFFERED, &[1], 1).expect("it is sent"));
    });
    assert_eq!(findings, []);
}

/// The request that a driver keeps without a cancel routine.
static KEPT: AtomicPtr<IRP> = AtomicPtr::new(null_mut());

controls!(holds_entry, holds, |irp| {
    mark(irp);
    KEPT.store(irp, Ordering::Release);
    PENDING
});

#[test]
fn a_request_that_its_thread_cannot_cancel_is_found() {
    let (machine, driver) = loaded(holds_entry);
    let app = machine.process("app.exe");
    let thread = app.enter();
    let device = thread.open_device_overlapped(DEVICE).expect("it opens");
    let pending = device.start_control(BUFFERED, &[1], 1).expect("it is sent");
    assert!(!pending.cancel(), "it has no cancel routine");
    drop((pending, device));
    drop(thread);
    let findings = machine.report().findings;
    only(&findings, Rule::IrpCancel, "IoCancelIrp");
    // Its memory is there until the driver completes it.
    in_kernel(&machine, || {
        complete(KEPT.load(Ordering::Acquire), SUCCESS, 1)
    });
    machine.unload(driver).expect("the file is closed");
    assert_eq!(machine.report().findings.len(), 1);
}

controls!(keeps_entry, keeps, |irp| {
    mark(irp);
    PENDING
});

#[test]
fn a_request_that_is_pending_when_its_file_is_closed_is_found() {
    let (machine, driver) = loaded(keeps_entry);
    let app = machine.process("app.exe");
    let thread = app.enter();
    let device = thread.open_device_overlapped(DEVICE).expect("it opens");
    let pending = device.start_control(BUFFERED, &[1], 1).expect("it is sent");
    drop((pending, device));
    let refused = machine
        .unload(driver)
        .expect_err("the request keeps the file");
    assert!(matches!(refused, UnloadError::DeviceOpen(_)), "{refused}");
    only(&machine.report().findings, Rule::IrpLeft, "DriverUnload");
}

controls!(completes_set_entry, completes_set, |irp| {
    set_cancel(irp, Some(cancels));
    complete(irp, SUCCESS, 0)
});

#[test]
fn a_request_that_is_completed_with_its_cancel_routine_is_found() {
    let (_, findings) = control(completes_set_entry, BUFFERED, &[], 0);
    only(&findings, Rule::IrpCancel, "IofCompleteRequest");
}

/// Completes the request and keeps the lock.
unsafe extern "system" fn keeps_lock(_: PDEVICE_OBJECT, irp: PIRP) {
    complete(irp, CANCELLED, 0);
}

controls!(keeps_lock_entry, pends_keeping, |irp| {
    mark(irp);
    set_cancel(irp, Some(keeps_lock));
    PENDING
});

#[test]
fn a_cancel_routine_that_keeps_the_lock_is_found() {
    let findings = overlapped(keeps_lock_entry, |_, thread| {
        let device = thread.open_device_overlapped(DEVICE).expect("it opens");
        let pending = device.start_control(BUFFERED, &[], 0).expect("it is sent");
        assert!(pending.cancel());
    });
    only(&findings, Rule::IrpCancel, "DRIVER_CANCEL");
}

controls!(leaves_locked_entry, leaves_locked, |irp| {
    let mut level = 0;
    // SAFETY: there is a place for the level.
    unsafe { IoAcquireCancelSpinLock(&raw mut level) };
    complete(irp, SUCCESS, 0)
});

#[test]
fn a_dispatch_routine_that_keeps_the_cancel_lock_is_found() {
    let (_, findings) = control(leaves_locked_entry, BUFFERED, &[], 0);
    let rules: Vec<_> = findings.iter().map(|it| it.rule).collect();
    assert_eq!(
        rules,
        [Rule::Irql, Rule::Lock],
        "the level, and the lock: {findings:#?}"
    );
}

// Cancels its own request before it is pending.
controls!(cancels_own_entry, cancels_own, |irp| {
    // SAFETY: the driver has the request.
    let had = unsafe { IoCancelIrp(irp) };
    assert_eq!((had, request(irp).Cancel), (0, 1));
    complete(irp, CANCELLED, 0)
});

#[test]
fn a_request_without_a_cancel_routine_is_marked_only() {
    let (answer, findings) = control(cancels_own_entry, BUFFERED, &[], 0);
    assert_eq!(answer.status, Status(CANCELLED));
    assert_eq!(findings, []);
}

/// `IO_CSQ`, with what the tests' queues have behind it.
#[repr(C)]
struct Csq {
    kernels: [u64; 8],
    lock: u64,
    requests: [PIRP; 4],
}

#[repr(C)]
struct CsqContext([u64; 3]);

/// The queue of the tests' driver.
struct Queue(UnsafeCell<Csq>);

// SAFETY: its spin lock orders all accesses to the requests.
unsafe impl Sync for Queue {}

static QUEUE: Queue = Queue(UnsafeCell::new(Csq {
    kernels: [0; 8],
    lock: 0,
    requests: [null_mut(); 4],
}));

static CONTEXT: Context = Context(UnsafeCell::new(CsqContext([0; 3])));

struct Context(UnsafeCell<CsqContext>);

// SAFETY: the queue's spin lock orders all accesses.
unsafe impl Sync for Context {}

/// The queue's requests, the first ones of so many places.
///
/// # Safety
/// The caller has the queue's lock.
unsafe fn requests<'a>(queue: *mut Csq) -> &'a mut [PIRP; 4] {
    // SAFETY: by this function's contract.
    unsafe { &mut (*queue).requests }
}

unsafe extern "system" fn insert(queue: *mut Csq, irp: PIRP) {
    // SAFETY: the kernel has taken the lock.
    let requests = unsafe { requests(queue) };
    let place = requests.iter_mut().find(|place| place.is_null());
    *place.expect("the tests queue few requests") = irp;
}

unsafe extern "system" fn remove(queue: *mut Csq, irp: PIRP) {
    // SAFETY: the kernel has taken the lock.
    let requests = unsafe { requests(queue) };
    let at = requests.iter().position(|&other| other == irp);
    let at = at.expect("the request is queued");
    requests[at..].rotate_left(1);
    requests[3] = null_mut();
}

unsafe extern "system" fn peek(queue: *mut Csq, after: PIRP, _: PVOID) -> PIRP {
    // SAFETY: the kernel has taken the lock.
    let requests = unsafe { requests(queue) };
    let begin = match after.is_null() {
        true => Some(0),
        false => requests
            .iter()
            .position(|&irp| irp == after)
            .map(|at| at + 1),
    };
    let next = begin.and_then(|begin| requests.get(begin));
    next.copied().unwrap_or(null_mut())
}

unsafe extern "system" fn acquire(queue: *mut Csq, level: *mut KIRQL) {
    // SAFETY: only the field's address is taken.
    let lock = unsafe { &raw mut (*queue).lock };
    // SAFETY: the queue lives for ever.
    let before = unsafe { KeAcquireSpinLockRaiseToDpc(lock.cast()) };
    // SAFETY: the kernel gave a place for the level.
    unsafe { level.write(before) };
}

unsafe extern "system" fn release_queue(queue: *mut Csq, level: KIRQL) {
    // SAFETY: only the field's address is taken.
    let lock = unsafe { &raw mut (*queue).lock };
    // SAFETY: as above.
    unsafe { KeReleaseSpinLock(lock.cast(), level) };
}

unsafe extern "system" fn complete_canceled(_: *mut Csq, irp: PIRP) {
    complete(irp, CANCELLED, 0);
}

/// Queues what is to be pending; other codes complete what is queued, by the queue or by its context.
unsafe extern "system" fn queues(_: *mut DEVICE_OBJECT, irp: *mut IRP) -> NTSTATUS {
    let queue = QUEUE.0.get();
    let next = match (
        major(irp),
        major(irp) == CONTROL && parameters(irp).0 == NEITHER,
    ) {
        (CONTROL, false) => {
            let context = match parameters(irp).2 {
                0 => null_mut(),
                _ => CONTEXT.0.get(),
            };
            // SAFETY: the queue is initialised.
            unsafe { IoCsqInsertIrp(queue, irp, context) };
            return PENDING;
        }
        // SAFETY: as above.
        (CONTROL, true) if parameters(irp).2 == 0 => unsafe {
            IoCsqRemoveNextIrp(queue, null_mut())
        },
        // SAFETY: as above, and the context was given to it.
        (CONTROL, true) => unsafe { IoCsqRemoveIrp(queue, CONTEXT.0.get()) },
        // SAFETY: as above.
        (CLEANUP, _) => unsafe { IoCsqRemoveNextIrp(queue, null_mut()) },
        _ => null_mut(),
    };
    if !next.is_null() {
        complete(next, SUCCESS, 0);
    }
    complete(irp, SUCCESS, 0)
}

unsafe extern "system" fn queues_entry(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    set_routines(driver, &MAJORS.map(|major| (major, Some(queues as _))));
    make_device(driver, false);
    // SAFETY: the queue lives for ever, and nobody uses it yet.
    unsafe {
        IoCsqInitialize(
            QUEUE.0.get(),
            insert,
            remove,
            peek,
            acquire,
            release_queue,
            complete_canceled,
        )
    }
}

#[test]
fn requests_in_a_cancel_safe_queue_are_cancelled_or_completed() {
    let findings = overlapped(queues_entry, |_, thread| {
        let device = thread.open_device_overlapped(DEVICE).expect("it opens");
        let start = |room| {
            let sent = device.start_control(BUFFERED, &[1], room);
            sent.expect("it is sent")
        };
        let next = |room| {
            let answer = device.control(NEITHER, &[1], room);
            assert_eq!(answer.status, Status::SUCCESS);
        };
        // One that is cancelled does not come out any more.
        let (first, second) = (start(0), start(0));
        assert!(first.cancel());
        assert_eq!(first.wait().status, Status(CANCELLED));
        assert!(!second.is_done());
        next(0);
        assert_eq!(second.wait().status, Status::SUCCESS);
        // By its context.
        let (other, named) = (start(0), start(1));
        next(1);
        assert!(named.is_done() && !other.is_done());
        next(1);
        assert!(!other.is_done(), "the context's request is out");
        // With its context, cancelled: the context is empty.
        let named = start(1);
        assert!(named.cancel());
        next(1);
        assert!(!other.is_done());
        // What is left goes with the file.
        drop(device);
        assert!(other.is_done());
    });
    assert_eq!(findings, []);
}
