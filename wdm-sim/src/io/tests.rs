//! Requests that `.sys` files make: their routines have Microsoft's calling convention.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};

use wdm_sys::{
    CCHAR, IoCreateDevice, IoDeleteDevice, IofCompleteRequest, KIRQL, NTSTATUS, PDEVICE_OBJECT,
    PDRIVER_OBJECT, PIRP, PUNICODE_STRING, PVOID,
};

use super::csq::Csq;
use crate::call::Abi;
use crate::exports::address;
use crate::machine::{Caller, DriverId, Machine, Profile};

/// A routine as `.sys` files get it.
macro_rules! routine {
    ($name:literal as $type:ty) => {{
        let address = address(Profile::Win11, $name, Abi::Win64).expect("the kernel has it");
        // SAFETY: each test gives the routine's own type.
        unsafe { std::mem::transmute::<*const (), $type>(address) }
    }};
}

type Allocate = unsafe extern "win64" fn(CCHAR, u8) -> PIRP;
type Free = unsafe extern "win64" fn(PIRP);
type Call = unsafe extern "win64" fn(PDEVICE_OBJECT, PIRP) -> NTSTATUS;
type SetRoutine =
    unsafe extern "win64" fn(PDEVICE_OBJECT, PIRP, PVOID, PVOID, u8, u8, u8) -> NTSTATUS;

/// A linked driver's dispatch routine, which completes with the status 7.
unsafe extern "system" fn completes(_: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    // SAFETY: the kernel gave the request.
    unsafe {
        (*irp).IoStatus.__bindgen_anon_1 = wdm_sys::_IO_STATUS_BLOCK__bindgen_ty_1 { Status: 7 }
    };
    // SAFETY: as above.
    unsafe { IofCompleteRequest(irp, 0) };
    7
}

unsafe extern "system" fn entry(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    let mut device = null_mut();
    // SAFETY: the kernel gave the driver object.
    let driver_object = unsafe { &mut *driver };
    driver_object.MajorFunction[0] = Some(completes);
    driver_object.DriverUnload = Some(unload);
    // SAFETY: as above, and there is a place for the device.
    unsafe { IoCreateDevice(driver, 0, null_mut(), 0x22, 0, 0, &raw mut device) }
}

unsafe extern "system" fn unload(driver: PDRIVER_OBJECT) {
    // SAFETY: the kernel gave the driver object.
    let device = unsafe { (*driver).DeviceObject };
    // SAFETY: it is the driver's device.
    unsafe { IoDeleteDevice(device) };
}

/// Runs something as the code of a `.sys` file, with the device of a linked driver.
fn as_image(body: impl FnOnce(PDEVICE_OBJECT)) {
    let machine = Machine::builder().build().expect("it builds");
    // SAFETY: the driver follows the rules.
    let driver = unsafe { machine.load_linked("linked", entry) }.expect("it loads");
    // SAFETY: the driver is loaded.
    let device = unsafe { (*driver.object()).DeviceObject };
    let guard = machine.system_process().enter();
    let caller = Caller {
        driver: DriverId::NONE,
        abi: Abi::Win64,
    };
    guard.thread().with_caller(caller, || body(device));
    drop(guard);
    machine.unload(driver).expect("it unloads");
    assert_eq!(machine.report().findings, []);
}

static SEEN: AtomicUsize = AtomicUsize::new(0);

unsafe extern "win64" fn stops(device: PDEVICE_OBJECT, _: PIRP, context: PVOID) -> NTSTATUS {
    assert!(
        device.is_null(),
        "the maker of a request has no device in it"
    );
    SEEN.store(context.addr(), Ordering::Release);
    0xC000_0016_u32 as i32
}

#[test]
fn a_completion_routine_has_its_drivers_convention() {
    let allocate = routine!("IoAllocateIrp" as Allocate);
    let set_routine = routine!("IoSetCompletionRoutineEx" as SetRoutine);
    let call = routine!("IofCallDriver" as Call);
    let free = routine!("IoFreeIrp" as Free);
    as_image(|device| {
        // SAFETY: a request needs nothing but a number of locations.
        let irp = unsafe { allocate(1, 0) };
        let (routine, context) = (stops as PVOID, std::ptr::without_provenance_mut(42));
        // SAFETY: the request is new.
        let set = unsafe { set_routine(null_mut(), irp, routine, context, 1, 1, 1) };
        assert_eq!(set, 0);
        // SAFETY: as above, and the device is live.
        assert_eq!(unsafe { call(device, irp) }, 7);
        assert_eq!(SEEN.load(Ordering::Acquire), 42);
        // SAFETY: the request is back.
        unsafe { free(irp) };
    });
}

type Initialize = unsafe extern "win64" fn(
    *mut Csq,
    unsafe extern "win64" fn(*mut Csq, PIRP),
    unsafe extern "win64" fn(*mut Csq, PIRP),
    unsafe extern "win64" fn(*mut Csq, PIRP, PVOID) -> PIRP,
    unsafe extern "win64" fn(*mut Csq, *mut KIRQL),
    unsafe extern "win64" fn(*mut Csq, KIRQL),
    unsafe extern "win64" fn(*mut Csq, PIRP),
) -> NTSTATUS;

/// The only request of the queue.
static QUEUED: AtomicUsize = AtomicUsize::new(0);

unsafe extern "win64" fn insert(_: *mut Csq, irp: PIRP) {
    QUEUED.store(irp.expose_provenance(), Ordering::Release);
}

unsafe extern "win64" fn remove(_: *mut Csq, irp: PIRP) {
    assert_eq!(QUEUED.swap(0, Ordering::AcqRel), irp.addr());
}

unsafe extern "win64" fn peek(_: *mut Csq, after: PIRP, context: PVOID) -> PIRP {
    assert_eq!(context.addr(), 42);
    match after.is_null() {
        true => std::ptr::with_exposed_provenance_mut(QUEUED.load(Ordering::Acquire)),
        false => null_mut(),
    }
}

unsafe extern "win64" fn acquire(_: *mut Csq, level: *mut KIRQL) {
    // SAFETY: the kernel gave a place for the level.
    unsafe { level.write(9) };
}

unsafe extern "win64" fn release(_: *mut Csq, level: KIRQL) {
    assert_eq!(level, 9);
}

#[test]
fn a_cancel_safe_queue_has_its_drivers_convention() {
    let allocate = routine!("IoAllocateIrp" as Allocate);
    let initialize = routine!("IoCsqInitialize" as Initialize);
    type Insert = unsafe extern "win64" fn(*mut Csq, PIRP, PVOID);
    let put = routine!("IoCsqInsertIrp" as Insert);
    type Next = unsafe extern "win64" fn(*mut Csq, PVOID) -> PIRP;
    let next = routine!("IoCsqRemoveNextIrp" as Next);
    let free = routine!("IoFreeIrp" as Free);
    as_image(|_| {
        // SAFETY: all-zero bytes are valid for a queue.
        let mut queue: Csq = unsafe { std::mem::zeroed() };
        let queue = &raw mut queue;
        // SAFETY: the queue is a live variable, and its callbacks live for ever.
        unsafe { initialize(queue, insert, remove, peek, acquire, release, remove) };
        // SAFETY: a request needs nothing but a number of locations.
        let irp = unsafe { allocate(1, 0) };
        // SAFETY: the queue is initialised.
        unsafe { put(queue, irp, null_mut()) };
        let context = std::ptr::without_provenance_mut(42);
        // SAFETY: as above.
        assert_eq!(unsafe { next(queue, context) }, irp);
        // SAFETY: as above.
        assert!(unsafe { next(queue, context) }.is_null());
        // SAFETY: the request is the driver's.
        unsafe { free(irp) };
    });
}
