//! Requests that drivers make themselves.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use wdm_sim::{Driver, Finding, Machine, Rule};
use wdm_sys::{
    _DEVICE_OBJECT as DEVICE_OBJECT, _IO_STATUS_BLOCK as IO_STATUS_BLOCK, _IRP as IRP,
    _KEVENT as KEVENT, LARGE_INTEGER, NTSTATUS, NotificationEvent, PDEVICE_OBJECT, PDRIVER_OBJECT,
    PIRP, PUNICODE_STRING, PVOID,
};

use super::cancel::CANCELLED;
use super::*;
use crate::support::{SUCCESS, UNSUCCESSFUL, call, in_kernel, load, only};
use crate::threads::run_ending;

unsafe extern "system" {
    fn IoAllocateIrp(locations: i8, charge_quota: u8) -> PIRP;
    fn IoFreeIrp(irp: PIRP);
    fn IoReleaseCancelSpinLock(level: u8);
    fn IoInitializeIrp(irp: PIRP, size: u16, locations: i8);
    fn IoReuseIrp(irp: PIRP, status: NTSTATUS);
    fn IoBuildDeviceIoControlRequest(
        code: u32,
        device: PDEVICE_OBJECT,
        input: PVOID,
        input_length: u32,
        output: PVOID,
        output_length: u32,
        internal: u8,
        event: *mut KEVENT,
        status: *mut IO_STATUS_BLOCK,
    ) -> PIRP;
    fn IoBuildSynchronousFsdRequest(
        major: u32,
        device: PDEVICE_OBJECT,
        buffer: PVOID,
        length: u32,
        offset: *mut LARGE_INTEGER,
        event: *mut KEVENT,
        status: *mut IO_STATUS_BLOCK,
    ) -> PIRP;
    fn IoBuildAsynchronousFsdRequest(
        major: u32,
        device: PDEVICE_OBJECT,
        buffer: PVOID,
        length: u32,
        offset: *mut LARGE_INTEGER,
        status: *mut IO_STATUS_BLOCK,
    ) -> PIRP;
}

/// Answers device control of both kinds with the input, and reads with the offset in all bytes.
unsafe extern "system" fn answers(_: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    match major(irp) {
        CONTROL | INTERNAL => {
            let (_, input, output) = parameters(irp);
            change_byte(irp, |byte| byte.wrapping_add(1));
            complete(irp, SUCCESS, input.min(output))
        }
        READ => {
            // SAFETY: the kernel gave a read.
            let parameters = unsafe { location(irp).Parameters.Read };
            // SAFETY: an offset is a number.
            let offset = unsafe { parameters.ByteOffset.QuadPart };
            let length = parameters.Length as usize;
            // SAFETY: the system buffer has so many bytes.
            unsafe { system_buffer(irp).write_bytes(offset as u8, length) };
            complete(irp, SUCCESS, length)
        }
        _ => complete(irp, SUCCESS, 0),
    }
}

unsafe extern "system" fn answers_entry(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    set_routines(driver, &MAJORS.map(|major| (major, Some(answers as _))));
    let device = make_device(driver, false);
    // SAFETY: the device was made just now; the flag is DO_BUFFERED_IO.
    unsafe { (*device).Flags |= 4 };
    SUCCESS
}

/// Runs something with a machine's device, as a kernel-mode thread; gives the findings.
fn with_device(body: impl FnOnce(PDEVICE_OBJECT)) -> Vec<Finding> {
    let (machine, driver): (Machine, Driver) = loaded(answers_entry);
    // SAFETY: the driver is loaded.
    let device = unsafe { (*driver.object()).DeviceObject };
    in_kernel(&machine, || body(device));
    machine.unload(driver).expect("it unloads");
    machine.report().findings
}

fn event() -> KEVENT {
    // SAFETY: an event is made of numbers and addresses.
    let mut event: KEVENT = unsafe { std::mem::zeroed() };
    call!(KeInitializeEvent(&raw mut event, NotificationEvent, 0));
    event
}

fn status_block() -> IO_STATUS_BLOCK {
    // SAFETY: a status block is made of numbers.
    unsafe { std::mem::zeroed() }
}

fn status_of(block: &IO_STATUS_BLOCK) -> NTSTATUS {
    // SAFETY: the block is initialised.
    unsafe { block.__bindgen_anon_1.Status }
}

fn wait_for(event: &mut KEVENT) {
    let event = &raw mut *event;
    let waited = call!(KeWaitForSingleObject(event.cast(), 0, 0, 0, null_mut()));
    assert_eq!(waited, SUCCESS);
}

#[test]
fn a_driver_asks_another_with_a_control_code_and_waits() {
    for internal in [0, 1] {
        let findings = with_device(|device| {
            let (mut event, mut told) = (event(), status_block());
            let (mut input, mut output) = ([1_u8, 2, 3], [0_u8; 2]);
            // SAFETY: all addresses lead to live variables.
            let irp = unsafe {
                IoBuildDeviceIoControlRequest(
                    BUFFERED,
                    device,
                    input.as_mut_ptr().cast(),
                    3,
                    output.as_mut_ptr().cast(),
                    2,
                    internal,
                    &raw mut event,
                    &raw mut told,
                )
            };
            assert_eq!(send(device, irp), SUCCESS);
            wait_for(&mut event);
            assert_eq!((status_of(&told), told.Information), (SUCCESS, 2));
            assert_eq!(output, [2, 2]);
        });
        assert_eq!(findings, []);
    }
}

#[test]
fn a_driver_reads_from_another_and_waits() {
    let findings = with_device(|device| {
        let (mut event, mut told) = (event(), status_block());
        let mut offset = LARGE_INTEGER { QuadPart: 7 };
        let mut bytes = [0_u8; 3];
        let buffer = bytes.as_mut_ptr().cast();
        let (offset, event_at, told_at) = (&raw mut offset, &raw mut event, &raw mut told);
        let read = u32::from(READ);
        // SAFETY: all addresses lead to live variables.
        let irp = unsafe {
            IoBuildSynchronousFsdRequest(read, device, buffer, 3, offset, event_at, told_at)
        };
        assert_eq!(send(device, irp), SUCCESS);
        wait_for(&mut event);
        assert_eq!((status_of(&told), told.Information), (SUCCESS, 3));
        assert_eq!(bytes, [7; 3]);
    });
    assert_eq!(findings, []);
}

unsafe extern "system" fn cancels(_: PDEVICE_OBJECT, irp: PIRP) {
    // SAFETY: the cancel routine has the lock.
    unsafe { IoReleaseCancelSpinLock(request(irp).CancelIrql) };
    complete(irp, CANCELLED, 0);
}

// Pends with a cancel routine.
controls!(pends_entry, pends, |irp| {
    mark(irp);
    // SAFETY: the driver has the request, which nobody cancels yet.
    unsafe { (*irp).CancelRoutine = Some(cancels) };
    PENDING
});

#[test]
fn a_thread_that_ends_cancels_what_was_built_in_it() {
    let (machine, driver) = loaded(pends_entry);
    // SAFETY: the driver is loaded.
    let device = unsafe { (*driver.object()).DeviceObject };
    let mut told = status_block();
    let told_at = &raw mut told;
    in_kernel(&machine, || {
        let none = null_mut();
        // SAFETY: the status block outlives the request.
        let irp = unsafe {
            IoBuildDeviceIoControlRequest(NEITHER, device, none, 0, none, 0, 0, null_mut(), told_at)
        };
        assert_eq!(send(device, irp), PENDING);
    });
    assert_eq!(status_of(&told), CANCELLED);
    machine.unload(driver).expect("it unloads");
    assert_eq!(machine.report().findings, []);
}

/// Frees the system buffer and the request, as the maker of an asynchronous one has to.
unsafe extern "system" fn frees_all(_: PDEVICE_OBJECT, irp: PIRP, count: PVOID) -> NTSTATUS {
    let system = system_buffer(irp);
    // SAFETY: the context is a live count.
    unsafe { count.cast::<usize>().write(information(irp)) };
    call!(ExFreePoolWithTag(system.cast(), 0));
    // SAFETY: the request is the driver's.
    unsafe { IoFreeIrp(irp) };
    MORE_PROCESSING_REQUIRED
}

#[test]
fn a_driver_reads_from_another_and_frees_the_request() {
    let findings = with_device(|device| {
        let mut count = 0_usize;
        let (read, none) = (u32::from(READ), null_mut());
        let mut bytes = [0_u8; 3];
        let buffer = bytes.as_mut_ptr().cast();
        // SAFETY: all addresses lead to live variables.
        let irp =
            unsafe { IoBuildAsynchronousFsdRequest(read, device, buffer, 3, none, null_mut()) };
        set_completion(irp, frees_all, (&raw mut count).cast());
        assert_eq!(send(device, irp), SUCCESS);
        assert_eq!(count, 3);
    });
    assert_eq!(findings, []);
}

unsafe extern "system" fn stops(_: PDEVICE_OBJECT, _: PIRP, _: PVOID) -> NTSTATUS {
    MORE_PROCESSING_REQUIRED
}

/// Sets up a flush in a request's next location.
fn flush(irp: PIRP) {
    // SAFETY: the request has a location below the current one.
    unsafe { (*next(irp)).MajorFunction = FLUSH };
}

fn allocate() -> PIRP {
    // SAFETY: a request needs nothing but a number of locations.
    let irp = unsafe { IoAllocateIrp(1, 0) };
    assert!(!irp.is_null());
    flush(irp);
    irp
}

fn free(irp: PIRP) {
    // SAFETY: the simulator promises to notice what is not the driver's to free.
    unsafe { IoFreeIrp(irp) };
}

#[test]
fn a_request_is_sent_used_again_and_freed() {
    let findings = with_device(|device| {
        let irp = allocate();
        for _ in 0..2 {
            set_completion(irp, stops, null_mut());
            assert_eq!(send(device, irp), SUCCESS);
            // SAFETY: the request came back.
            unsafe { IoReuseIrp(irp, UNSUCCESSFUL) };
            assert_eq!(io_status(irp), UNSUCCESSFUL);
            flush(irp);
        }
        free(irp);
    });
    assert_eq!(findings, []);
}

#[test]
fn a_request_can_live_in_the_drivers_memory() {
    let size = size_of::<IRP>() + size_of::<wdm_sys::_IO_STACK_LOCATION>();
    let findings = with_device(|device| {
        let mut memory = [0xFFFF_u64; 64];
        let irp: PIRP = memory.as_mut_ptr().cast();
        // SAFETY: the memory is large enough.
        unsafe { IoInitializeIrp(irp, size as u16, 1) };
        flush(irp);
        set_completion(irp, stops, null_mut());
        assert_eq!(send(device, irp), SUCCESS);
    });
    assert_eq!(findings, []);
    let findings = with_device(|_| {
        let mut memory = [0_u64; 64];
        // SAFETY: the size is too small for the locations, which the simulator notices.
        unsafe { IoInitializeIrp(memory.as_mut_ptr().cast(), size as u16, 2) };
    });
    only(&findings, Rule::Parameter, "IoInitializeIrp");
}

#[test]
fn a_request_that_goes_past_its_maker_is_found() {
    let findings = with_device(|device| {
        let irp = allocate();
        send(device, irp);
        free(irp);
    });
    only(&findings, Rule::IrpFree, "IO_COMPLETION_ROUTINE");
}

unsafe extern "system" fn frees_and_goes_on(_: PDEVICE_OBJECT, irp: PIRP, _: PVOID) -> NTSTATUS {
    free(irp);
    SUCCESS
}

#[test]
fn a_request_that_goes_on_although_it_was_freed_is_found() {
    let findings = with_device(|device| {
        let irp = allocate();
        set_completion(irp, frees_and_goes_on, null_mut());
        send(device, irp);
    });
    only(&findings, Rule::IrpFree, "IO_COMPLETION_ROUTINE");
}

#[test]
fn a_request_that_is_freed_twice_is_found() {
    let findings = with_device(|_| {
        let irp = allocate();
        free(irp);
        free(irp);
    });
    only(&findings, Rule::IrpFree, "IoFreeIrp");
}

/// Frees the request that it got.
unsafe extern "system" fn frees_first(_: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
    if major(irp) == FLUSH {
        free(irp);
    }
    complete(irp, SUCCESS, 0)
}

unsafe extern "system" fn frees_entry(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    set_routines(driver, &MAJORS.map(|major| (major, Some(frees_first as _))));
    make_device(driver, false);
    SUCCESS
}

#[test]
fn a_request_that_is_freed_while_a_driver_has_it_is_found() {
    let (machine, driver) = loaded(frees_entry);
    // SAFETY: the driver is loaded.
    let device = unsafe { (*driver.object()).DeviceObject };
    in_kernel(&machine, || {
        let irp = allocate();
        set_completion(irp, stops, null_mut());
        assert_eq!(send(device, irp), SUCCESS);
        free(irp);
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let device = thread.open_device(DEVICE).expect("it opens");
    device.flush();
    drop(device);
    let findings = machine.report().findings;
    let rules: Vec<_> = findings
        .iter()
        .map(|it| (it.rule, it.call.as_str()))
        .collect();
    assert_eq!(rules, [(Rule::IrpFree, "IoFreeIrp"); 2]);
    assert_ne!(
        findings[0].detail, findings[1].detail,
        "the second is the system's"
    );
}

#[test]
fn a_request_that_nobody_frees_is_found() {
    unsafe extern "system" fn entry(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
        crate::support::set_unload(driver, Some(crate::support::nothing));
        allocate();
        SUCCESS
    }
    only(
        &crate::support::findings_of(entry),
        Rule::IrpFree,
        "DriverUnload",
    );
}

static KEPT: AtomicPtr<IRP> = AtomicPtr::new(null_mut());

controls!(keeps_entry, keeps, |irp| {
    mark(irp);
    KEPT.store(irp, Ordering::Release);
    PENDING
});

/// Sends a request to the tested device, and forgets it.
unsafe extern "system" fn sends_entry(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
    crate::support::set_unload(driver, Some(crate::support::nothing));
    let irp = allocate();
    // SAFETY: the request has a location for the device's driver.
    unsafe { (*next(irp)).MajorFunction = CONTROL };
    set_completion(irp, stops, null_mut());
    assert_eq!(send(TARGET.load(Ordering::Acquire), irp), PENDING);
    SUCCESS
}

static TARGET: AtomicPtr<DEVICE_OBJECT> = AtomicPtr::new(null_mut());

#[test]
fn a_request_whose_maker_is_gone_is_reported_once() {
    let (machine, driver) = loaded(keeps_entry);
    // SAFETY: the driver is loaded.
    let device = unsafe { (*driver.object()).DeviceObject };
    TARGET.store(device, Ordering::Release);
    let maker = load(&machine, "maker", sends_entry).expect("it loads");
    machine.unload(maker).expect("it unloads");
    let findings = machine.report().findings;
    assert_eq!(
        only(&findings, Rule::IrpLeft, "DriverUnload").driver,
        "maker"
    );
    // Its completion routine is not called any more, and it goes past nobody.
    in_kernel(&machine, || {
        complete(KEPT.load(Ordering::Acquire), SUCCESS, 0)
    });
    machine.unload(driver).expect("it unloads");
    assert_eq!(machine.report().findings.len(), 1);
}

#[test]
#[ignore = "ends the process"]
fn ending_without_a_location() {
    with_device(|device| {
        let irp = allocate();
        set_next(irp);
        send(device, irp);
    });
}

#[test]
fn a_request_without_a_location_left_stops_the_machine() {
    let stderr = run_ending("irps::made::ending_without_a_location");
    assert!(stderr.contains("bug check 0x00000035 ("), "{stderr}");
    assert!(stderr.contains("at IofCallDriver"), "{stderr}");
}
