//! Requests that the I/O manager builds for drivers.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iobuilddeviceiocontrolrequest>,
//! `nf-wdm-iobuildsynchronousfsdrequest`, `nf-wdm-iobuildasynchronousfsdrequest`.

use std::ptr::null_mut;
use std::sync::Arc;

use wdm_sys::{
    _IO_STATUS_BLOCK as IO_STATUS_BLOCK, _IO_STATUS_BLOCK__bindgen_ty_1 as IO_STATUS, PIRP,
    PRKEVENT, PVOID,
};

use super::buffer::Buffer;
use super::device::DeviceMemory;
use super::irp::field;
use super::mdl;
use super::packet::{Buffers, Origin, Packet};
use super::request::{flags, major};
use super::transfer::{Method, Parameters, UNINITIALISED};
use crate::exports;
use crate::machine::Thread;
use crate::pool::Tag;

/// What the I/O manager does for a driver when the request that it waits for is completed.
///
/// # Invariants
/// The addresses are null, or the driver's own, which by the routines' pages are valid until the
/// request is completed.
pub(super) struct Back {
    /// Where the system buffer's output goes, and how long that is.
    output: PVOID,
    length: usize,
    status: *mut IO_STATUS_BLOCK,
    event: PRKEVENT,
}

impl Back {
    /// Gives the driver the output and the status, and signals its event.
    pub(super) fn give(&self, thread: &Thread, packet: &Packet) {
        let (status, information) = packet.io_status();
        if let Some(system) = &packet.buffers.system
            && !status.is_error()
            && !self.output.is_null()
        {
            let count = information.min(self.length);
            // SAFETY: by the invariant; both have that many bytes.
            unsafe { system.start().copy_to(self.output.cast(), count) };
        }
        if !self.status.is_null() {
            let told = IO_STATUS_BLOCK {
                __bindgen_anon_1: IO_STATUS { Status: status.0 },
                Information: information as u64,
            };
            // SAFETY: by the invariant.
            unsafe { self.status.write(told) };
        }
        if !self.event.is_null() {
            // SAFETY: by the invariant it is an initialised event.
            unsafe { exports::signal(thread, "IofCompleteRequest", self.event) };
        }
    }
}

/// Memory of a driver's.
#[derive(Clone, Copy)]
pub(crate) struct Bytes {
    /// Where it begins.
    pub(crate) address: PVOID,
    /// How many bytes it has.
    pub(crate) length: u32,
}

impl Bytes {
    /// A copy in the system buffer, which has room for `length` bytes.
    ///
    /// # Safety
    /// The memory is readable.
    unsafe fn copy(self, length: u32) -> Option<Buffer> {
        let copy = Buffer::new(&[], length.max(self.length) as usize, UNINITIALISED)?;
        let from = self.address.cast::<u8>();
        // SAFETY: by this function's contract; the copy has at least as many bytes.
        unsafe { from.copy_to(copy.start(), self.length as usize) };
        Some(copy)
    }

    fn list(self, for_writing: bool) -> Option<Buffer> {
        if self.length == 0 {
            return None;
        }
        let write = if for_writing { mdl::WRITE_OPERATION } else { 0 };
        let flags = mdl::MAPPED_TO_SYSTEM_VA | mdl::PAGES_LOCKED | write;
        mdl::describe(self.address.cast(), self.length as usize, flags)
    }
}

/// Where a driver wants to be told.
#[derive(Clone, Copy)]
pub(crate) struct Told {
    /// The event, or null.
    pub(crate) event: PRKEVENT,
    /// The status block.
    pub(crate) status: *mut IO_STATUS_BLOCK,
}

/// A control code for another driver (`IoBuildDeviceIoControlRequest`); null if there is no memory.
///
/// # Safety
/// The addresses are as the routine's page asks.
pub(crate) unsafe fn control(
    thread: &Thread,
    device: &DeviceMemory,
    code: u32,
    internal: bool,
    [input, output]: [Bytes; 2],
    told: Told,
) -> PIRP {
    let mut buffers = Buffers::default();
    let mut request_flags = 0;
    let method = Method::of(code);
    match method {
        Method::Buffered => {
            // SAFETY: by this function's contract.
            buffers.system = unsafe { input.copy(output.length) };
            if output.length != 0 {
                request_flags |= flags::INPUT_OPERATION;
            }
        }
        Method::InDirect | Method::OutDirect => {
            // SAFETY: by this function's contract.
            buffers.system = unsafe { input.copy(0) };
            buffers.list = output.list(method == Method::OutDirect);
        }
        Method::Neither => {}
    }
    if buffers.system.is_some() {
        request_flags |= flags::BUFFERED_IO | flags::DEALLOCATE_BUFFER;
    }
    let major = match internal {
        true => major::INTERNAL_DEVICE_CONTROL,
        false => major::DEVICE_CONTROL,
    };
    let parameters = Parameters::Control {
        code,
        input: input.length,
        output: output.length,
    };
    let copied = match method {
        Method::Buffered => output,
        _ => NOTHING,
    };
    let Some(packet) = threaded(thread, device, buffers, copied, told) else {
        return null_mut();
    };
    packet.fill(thread, major, request_flags, parameters);
    field!(&packet, UserBuffer).set(output.address);
    if method == Method::Neither {
        let at = packet.count();
        let place = super::irp::location!(&packet, at, Parameters.DeviceIoControl.Type3InputBuffer);
        place.set(input.address);
    }
    let packet = thread.kernel().io.add(packet);
    thread.io.note_built(&packet);
    packet.irp()
}

const NOTHING: Bytes = Bytes {
    address: null_mut(),
    length: 0,
};

fn threaded(
    thread: &Thread,
    device: &DeviceMemory,
    buffers: Buffers,
    copied: Bytes,
    told: Told,
) -> Option<Packet> {
    let back = Back {
        output: copied.address,
        length: copied.length as usize,
        status: told.status,
        event: told.event,
    };
    let origin = Origin::Threaded(back);
    let packet = Packet::new(device.stack_size(), thread.caller(), origin, buffers)?;
    field!(&packet, UserEvent).set(told.event);
    field!(&packet, UserIosb).set(told.status);
    Some(packet)
}

/// A read, write, flush or shutdown that a driver waits for (`IoBuildSynchronousFsdRequest`); null if
/// there is no memory.
///
/// # Safety
/// The addresses are as the routine's page asks.
pub(crate) unsafe fn synchronous(
    thread: &Thread,
    device: &DeviceMemory,
    major: u8,
    data: Bytes,
    offset: i64,
    told: Told,
) -> PIRP {
    let mut buffers = Buffers::default();
    let mut request_flags = 0;
    let mut copied = NOTHING;
    let (data, parameters) = of_major(major, data, offset);
    let method = Method::of_device(device.flags(), Method::OutDirect);
    match method {
        Method::Buffered if major == major::READ => {
            buffers.system = Buffer::new(&[], data.length as usize, UNINITIALISED);
            request_flags |= flags::INPUT_OPERATION;
            copied = data;
        }
        // SAFETY: by this function's contract.
        Method::Buffered => buffers.system = unsafe { data.copy(0) },
        Method::Neither => {}
        _ => buffers.list = data.list(major == major::READ),
    }
    if buffers.system.is_some() {
        request_flags |= flags::BUFFERED_IO | flags::DEALLOCATE_BUFFER;
    }
    let Some(packet) = threaded(thread, device, buffers, copied, told) else {
        return null_mut();
    };
    packet.fill(thread, major, request_flags, parameters);
    field!(&packet, UserBuffer).set(data.address);
    let packet = thread.kernel().io.add(packet);
    thread.io.note_built(&packet);
    packet.irp()
}

/// The same for a driver that does not wait (`IoBuildAsynchronousFsdRequest`): its completion routine
/// frees the request, and what that refers to.
///
/// # Safety
/// The addresses are as the routine's page asks.
pub(crate) unsafe fn asynchronous(
    thread: &Thread,
    device: &DeviceMemory,
    major: u8,
    data: Bytes,
    offset: i64,
    status: *mut IO_STATUS_BLOCK,
) -> PIRP {
    /// What the system buffer is tagged with.
    const TAG: Tag = Tag(u32::from_le_bytes(*b"Io  "));
    let kernel = thread.kernel();
    let (data, parameters) = of_major(major, data, offset);
    let caller = thread.caller();
    let buffers = Buffers::default();
    let packet = Packet::new(device.stack_size(), caller, Origin::Allocated, buffers);
    let Some(packet) = packet else {
        return null_mut();
    };
    packet.fill(thread, major, 0, parameters);
    field!(&packet, UserIosb).set(status);
    field!(&packet, UserBuffer).set(data.address);
    let length = data.length as usize;
    match Method::of_device(device.flags(), Method::OutDirect) {
        _ if length == 0 => {}
        Method::Buffered => {
            let Some(system) = kernel.pool.allocate(caller.driver, length, TAG) else {
                return null_mut();
            };
            let system = std::ptr::with_exposed_provenance_mut::<u8>(system);
            if major == major::WRITE {
                // SAFETY: by this function's contract; the block has that many bytes.
                unsafe { data.address.cast::<u8>().copy_to(system, length) };
            }
            field!(&packet, AssociatedIrp.SystemBuffer).set(system.cast());
            field!(&packet, Flags).set(flags::BUFFERED_IO | flags::DEALLOCATE_BUFFER);
        }
        Method::Neither => {}
        _ => {
            let write = match major {
                major::READ => mdl::WRITE_OPERATION,
                _ => 0,
            };
            let flags = mdl::PAGES_LOCKED | write;
            let list = kernel
                .io
                .allocate_list(caller.driver, data.address, length, flags);
            field!(&packet, MdlAddress).set(list);
        }
    }
    kernel.io.add(packet).irp()
}

/// The data and the parameters of a request by its major function: only reads and writes have any.
fn of_major(major: u8, data: Bytes, offset: i64) -> (Bytes, Parameters) {
    match major {
        major::READ | major::WRITE => {
            let length = data.length;
            (data, Parameters::Transfer { length, offset })
        }
        _ => (NOTHING, Parameters::None),
    }
}

/// Whether a request that is built in this way has that major function.
pub(crate) fn is_buildable(major: u32) -> bool {
    const PNP: u8 = 0x1B;
    let all = [
        major::READ,
        major::WRITE,
        major::FLUSH_BUFFERS,
        major::SHUTDOWN,
        PNP,
    ];
    all.into_iter().any(|known| u32::from(known) == major)
}

/// The device, for a request to be built for it.
pub(crate) fn target(
    thread: &Thread,
    call: &'static str,
    device: wdm_sys::PDEVICE_OBJECT,
) -> Option<Arc<DeviceMemory>> {
    let found = thread.kernel().io.device(device);
    if found.is_none() {
        let detail = format!("{device:p} is no device object, or not any more");
        thread.finding(crate::verifier::Rule::Device, call, detail);
    }
    found
}
