//! I/O requests: sending, completing and cancelling them, and those that drivers make.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iofcalldriver>,
//! `nf-wdm-iocompleterequest`, `nf-wdm-ioallocateirp`, `nf-wdm-iocancelirp` and their neighbours. What
//! moves between stack locations, marks a request pending or sets its routines are macros of the
//! headers.

use std::ptr::null_mut;

use wdm_sys::{
    _IO_STATUS_BLOCK as IO_STATUS_BLOCK, BOOLEAN, CCHAR, KIRQL, NTSTATUS, PDEVICE_OBJECT,
    PIO_STATUS_BLOCK, PIRP, PLARGE_INTEGER, PRKEVENT, PVOID,
};

use crate::exports::exports;
use crate::io::build::{self, Bytes, Told};
use crate::machine::{Counter, Thread, current, irql};
use crate::status::Status;
use crate::verifier::Rule;

exports! {
    /// Sends a request to the driver of a device, whose dispatch routine's answer it gives.
    [undeclared]
    fn IofCallDriver(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        thread.kernel().io.send_on(&thread, CALL, device, irp).0
    }

    /// Sends a request; see [`IofCallDriver`].
    [undeclared]
    fn IoCallDriver(device: PDEVICE_OBJECT, irp: PIRP) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        thread.kernel().io.send_on(&thread, CALL, device, irp).0
    }

    /// Completes an I/O request: the completion routines of the drivers above run, and whoever made it
    /// goes on.
    fn IofCompleteRequest(request: PIRP, _boost: CCHAR) {
        complete(&current(CALL), CALL, request);
    }

    /// Completes an I/O request; see [`IofCompleteRequest`].
    [undeclared]
    fn IoCompleteRequest(request: PIRP, _boost: CCHAR) {
        complete(&current(CALL), CALL, request);
    }

    /// Sets the completion routine of a request's next location. On NT the driver stays loaded until
    /// that has run; here one that goes earlier is found.
    [undeclared]
    fn IoSetCompletionRoutineEx(
        _device: PDEVICE_OBJECT,
        irp: PIRP,
        routine: PVOID,
        context: PVOID,
        on_success: BOOLEAN,
        on_error: BOOLEAN,
        on_cancel: BOOLEAN,
    ) -> NTSTATUS {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        let invoke = [on_success != 0, on_error != 0, on_cancel != 0];
        let io = &thread.kernel().io;
        let routine = routine.expose_provenance();
        if io.set_completion_routine(irp, routine, context, invoke) {
            return Status::SUCCESS.0;
        }
        let detail = format!("{irp:p} is no request, or has no location below the current one");
        thread.finding(Rule::Parameter, CALL, detail);
        Status::INVALID_PARAMETER.0
    }

    /// Allocates a request with so many stack locations; NULL if there is no memory.
    [undeclared]
    fn IoAllocateIrp(locations: CCHAR, _charge_quota: BOOLEAN) -> PIRP {
        allocate(&current(CALL), CALL, locations)
    }

    /// Allocates a request to a device; see [`IoAllocateIrp`].
    [undeclared]
    fn IoAllocateIrpEx(_device: PDEVICE_OBJECT, locations: CCHAR, _charge_quota: BOOLEAN) -> PIRP {
        allocate(&current(CALL), CALL, locations)
    }

    /// Frees a request that the driver made.
    [undeclared]
    fn IoFreeIrp(irp: PIRP) {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        thread.kernel().io.free(&thread, CALL, irp);
    }

    /// Makes a request of the driver's memory.
    [undeclared]
    fn IoInitializeIrp(irp: PIRP, size: u16, locations: CCHAR) {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        // SAFETY: the caller gave memory of that size, which nobody uses yet.
        unsafe { thread.kernel().io.initialize(&thread, CALL, irp, size, locations) };
    }

    /// Makes a request that the driver made new again, with a status.
    [undeclared]
    fn IoReuseIrp(irp: PIRP, status: NTSTATUS) {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        thread.kernel().io.reuse(&thread, CALL, irp, Status(status));
    }

    /// Builds a request with a control code, which the I/O manager frees when it is completed.
    [undeclared]
    fn IoBuildDeviceIoControlRequest(
        code: u32,
        device: PDEVICE_OBJECT,
        input: PVOID,
        input_length: u32,
        output: PVOID,
        output_length: u32,
        internal: BOOLEAN,
        event: PRKEVENT,
        status: PIO_STATUS_BLOCK,
    ) -> PIRP {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        let Some(target) = build::target(&thread, CALL, device) else {
            return null_mut();
        };
        if must_fail(&thread) {
            return null_mut();
        }
        let input = Bytes { address: input, length: input_length };
        let output = Bytes { address: output, length: output_length };
        let told = Told { event, status };
        let internal = internal != 0;
        // SAFETY: the caller vouches for its parameters.
        unsafe { build::control(&thread, &target, code, internal, [input, output], told) }
    }

    /// Builds a read, write, flush or shutdown, which the I/O manager frees when it is completed.
    [undeclared]
    fn IoBuildSynchronousFsdRequest(
        major: u32,
        device: PDEVICE_OBJECT,
        buffer: PVOID,
        length: u32,
        offset: PLARGE_INTEGER,
        event: PRKEVENT,
        status: PIO_STATUS_BLOCK,
    ) -> PIRP {
        let thread = current(CALL);
        thread.require_irql(irql::PASSIVE_LEVEL, CALL);
        let Some(target) = build::target(&thread, CALL, device) else {
            return null_mut();
        };
        let Some(major) = buildable(&thread, CALL, major) else {
            return null_mut();
        };
        // SAFETY: the caller gave an offset, or null.
        let offset = unsafe { offset_of(offset) };
        let data = Bytes { address: buffer, length };
        let told = Told { event, status };
        // SAFETY: the caller vouches for its parameters.
        unsafe { build::synchronous(&thread, &target, major, data, offset, told) }
    }

    /// Builds a read, write, flush or shutdown, which the driver's completion routine frees.
    [undeclared]
    fn IoBuildAsynchronousFsdRequest(
        major: u32,
        device: PDEVICE_OBJECT,
        buffer: PVOID,
        length: u32,
        offset: PLARGE_INTEGER,
        status: *mut IO_STATUS_BLOCK,
    ) -> PIRP {
        let thread = current(CALL);
        thread.require_irql(irql::APC_LEVEL, CALL);
        let Some(target) = build::target(&thread, CALL, device) else {
            return null_mut();
        };
        let Some(major) = buildable(&thread, CALL, major) else {
            return null_mut();
        };
        // SAFETY: the caller gave an offset, or null.
        let offset = unsafe { offset_of(offset) };
        let data = Bytes { address: buffer, length };
        // SAFETY: the caller vouches for its parameters.
        unsafe { build::asynchronous(&thread, &target, major, data, offset, status) }
    }

    /// Cancels a request: its cancel routine runs, if it has one, which is what is returned.
    [undeclared]
    fn IoCancelIrp(irp: PIRP) -> BOOLEAN {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        match thread.kernel().io.cancel(&thread, CALL, irp) {
            Some(had_routine) => had_routine.into(),
            None => {
                let detail = format!("{irp:p} is no request of this machine");
                thread.finding(Rule::Parameter, CALL, detail);
                0
            }
        }
    }

    /// Takes the cancel spin lock; gives the level before.
    [undeclared]
    fn IoAcquireCancelSpinLock(level: *mut KIRQL) {
        let thread = current(CALL);
        thread.require_irql(irql::DISPATCH_LEVEL, CALL);
        let before = thread.kernel().io.acquire_cancel_lock(&thread, CALL);
        // SAFETY: the caller gave a place for the level.
        unsafe { level.write(before) };
    }

    /// Releases the cancel spin lock and restores a level.
    [undeclared]
    fn IoReleaseCancelSpinLock(level: KIRQL) {
        let thread = current(CALL);
        thread.kernel().io.release_cancel_lock(&thread, CALL, level);
    }
}

fn complete(thread: &Thread, call: &'static str, irp: PIRP) {
    thread.require_irql(irql::DISPATCH_LEVEL, call);
    if !thread.kernel().io.complete(thread, call, irp) {
        let detail = format!("{irp:p} is no request of this machine");
        thread.finding(Rule::Parameter, call, detail);
    }
}

fn allocate(thread: &Thread, call: &'static str, locations: CCHAR) -> PIRP {
    thread.require_irql(irql::DISPATCH_LEVEL, call);
    if must_fail(thread) {
        return null_mut();
    }
    if locations < 1 {
        let detail = format!("{locations} stack locations were asked for; give at least one");
        thread.finding(Rule::Parameter, call, detail);
    }
    thread.kernel().io.allocate(thread, locations)
}

/// Whether this is the allocation that a test wants to fail.
fn must_fail(thread: &Thread) -> bool {
    let kernel = thread.kernel();
    let fails = kernel.pool.must_fail();
    if fails {
        kernel.counters.count(Counter::InjectedFailures);
    }
    fails
}

/// The major function of a request that is to be built, if it is one and there is memory.
fn buildable(thread: &Thread, call: &'static str, major: u32) -> Option<u8> {
    if !build::is_buildable(major) {
        let detail = format!(
            "{major:#x} is no major function for such a request; give IRP_MJ_READ, IRP_MJ_WRITE, \
             IRP_MJ_FLUSH_BUFFERS, IRP_MJ_SHUTDOWN or IRP_MJ_PNP"
        );
        thread.finding(Rule::Parameter, call, detail);
        return None;
    }
    let major = u8::try_from(major).ok()?;
    (!must_fail(thread)).then_some(major)
}

/// # Safety
/// `offset` is null or leads to a number.
unsafe fn offset_of(offset: PLARGE_INTEGER) -> i64 {
    // SAFETY: by this function's contract.
    let offset = unsafe { offset.as_ref() };
    // SAFETY: all the union's members are made of the same 64 bits.
    offset.map_or(0, |offset| unsafe { offset.QuadPart })
}
