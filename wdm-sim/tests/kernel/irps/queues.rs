//! Cancel-safe queues.

use std::cell::UnsafeCell;
use std::ptr::null_mut;

use wdm_sim::Status;
use wdm_sys::{
    _DEVICE_OBJECT as DEVICE_OBJECT, _IRP as IRP, KIRQL, NTSTATUS, PDRIVER_OBJECT, PIRP,
    PUNICODE_STRING, PVOID,
};

use super::cancel::{CANCELLED, overlapped};
use super::*;
use crate::support::SUCCESS;

unsafe extern "system" {
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
