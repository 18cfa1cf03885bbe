//! The I/O manager's own requests: it makes them for programs, waits for them, and cancels those of
//! threads that end.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/kernel/irp-mj-create> and its
//! neighbours; <https://learn.microsoft.com/windows-hardware/drivers/kernel/introduction-to-cancel-routines>.

use std::cell::RefCell;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use wdm_sys::{_IO_SECURITY_CONTEXT as IO_SECURITY_CONTEXT, _IO_STATUS_BLOCK as IO_STATUS_BLOCK};

use super::buffer::Buffer;
use super::device::DeviceMemory;
use super::dispatch::{Verdict, call_driver};
use super::file::DeviceFile;
use super::irp::{field, location, major_name};
use super::packet::{Completion, Origin, Packet, Stage};
use super::transfer::{Parameters, Prepared, Transfer};
use crate::machine::{Caller, DriverId, Kernel, Mode, Thread};
use crate::object::{Object, ObjectRef};
use crate::status::Status;
use crate::verifier::Rule;

/// How long a driver has to complete what was cancelled, or what was for a file that is closed. NT
/// waits for minutes, or for ever.
const PATIENCE: Duration = Duration::from_secs(1);

/// Major functions.
pub(super) mod major {
    pub(in crate::io) const CREATE: u8 = 0x00;
    pub(in crate::io) const CLOSE: u8 = 0x02;
    pub(in crate::io) const READ: u8 = 0x03;
    pub(in crate::io) const WRITE: u8 = 0x04;
    pub(in crate::io) const FLUSH_BUFFERS: u8 = 0x09;
    pub(in crate::io) const DEVICE_CONTROL: u8 = 0x0E;
    pub(in crate::io) const INTERNAL_DEVICE_CONTROL: u8 = 0x0F;
    pub(in crate::io) const SHUTDOWN: u8 = 0x10;
    pub(in crate::io) const CLEANUP: u8 = 0x12;
}

/// Flags of requests.
pub(super) mod flags {
    pub(in crate::io) const SYNCHRONOUS_API: u32 = 0x4;
    pub(in crate::io) const BUFFERED_IO: u32 = 0x10;
    pub(in crate::io) const DEALLOCATE_BUFFER: u32 = 0x20;
    pub(in crate::io) const INPUT_OPERATION: u32 = 0x40;
    pub(in crate::io) const CREATE_OPERATION: u32 = 0x80;
    pub(in crate::io) const READ: u32 = 0x100;
    pub(in crate::io) const WRITE: u32 = 0x200;
    pub(in crate::io) const CLOSE_OPERATION: u32 = 0x400;
}

/// What else a request refers to: where its status goes, and who opens a file.
#[repr(C)]
pub(super) struct More {
    pub(super) status: IO_STATUS_BLOCK,
    pub(super) security: IO_SECURITY_CONTEXT,
}

/// Who a request is made for.
#[derive(Clone, Copy)]
pub(super) struct For<'a> {
    pub(super) mode: Mode,
    pub(super) file: Option<&'a DeviceFile>,
    /// The file's object, which a request keeps that can be pending.
    pub(super) object: Option<&'a Arc<Object>>,
}

/// A status, and a number of bytes.
pub(crate) type Answer = (Status, usize);

/// Makes a request for a device.
///
/// # Errors
/// `STATUS_INSUFFICIENT_RESOURCES` if the device says that requests to it need more locations than
/// one can have, or none.
pub(super) fn make(
    thread: &Thread,
    device: &DeviceMemory,
    maker: For<'_>,
    prepared: Prepared,
) -> Result<Arc<Packet>, Status> {
    let origin = Origin::System {
        file: maker.object.cloned(),
        transfer: prepared.transfer,
    };
    let mut buffers = prepared.buffers;
    buffers.more = Buffer::new(&[], size_of::<More>(), 0);
    let packet = Packet::new(device.stack_size(), Caller::NONE, origin, buffers);
    let packet = packet.ok_or(Status::INSUFFICIENT_RESOURCES)?;
    packet.fill(thread, prepared.major, prepared.flags, prepared.parameters);
    field!(&packet, RequestorMode).set(maker.mode as _);
    if let Some(file) = maker.file {
        let file = file.object();
        field!(&packet, Tail.Overlay.OriginalFileObject).set(file);
        location!(&packet, packet.count(), FileObject).set(file);
    }
    Ok(thread.kernel().io.add(packet))
}

impl Packet {
    /// Fills in what the first driver needs to know.
    pub(super) fn fill(&self, thread: &Thread, major: u8, flags: u32, parameters: Parameters) {
        let at = self.count();
        let buffers = &self.buffers;
        let start = |buffer: &Option<Buffer>| buffer.as_ref().map(Buffer::start);
        if let Some(system) = start(&buffers.system) {
            field!(self, AssociatedIrp.SystemBuffer).set(system.cast());
        }
        if let Some(output) = start(&buffers.output) {
            field!(self, UserBuffer).set(output.cast());
        }
        if let Some(list) = start(&buffers.list) {
            field!(self, MdlAddress).set(list.cast());
        }
        if let Some(more) = self.more() {
            // SAFETY: the memory has room for the structure; only the field's address is taken.
            field!(self, UserIosb).set(unsafe { &raw mut (*more).status });
        }
        field!(self, Flags).set(flags);
        field!(self, Tail.Overlay.Thread).set(std::ptr::without_provenance_mut(thread.address()));
        location!(self, at, MajorFunction).set(major);
        self.set_parameters(at, parameters);
    }

    /// What else the request refers to.
    pub(super) fn more(&self) -> Option<*mut More> {
        let more = self.buffers.more.as_ref();
        more.map(|more| more.start().cast())
    }

    /// Reports that the request outlives its thread.
    fn report_uncancelled(&self, kernel: &Kernel) {
        let name = major_name(self.major(self.count()));
        let detail = format!(
            "the thread that made the {name} request ends, and the request was cancelled but not \
             completed; give requests that stay pending a cancel routine that completes them"
        );
        let driver = self.holder().driver;
        kernel.finding(driver, Rule::IrpCancel, "IoCancelIrp", detail);
    }

    /// Copies the output to the caller's buffer; gives the status and how many bytes the driver says
    /// it has transferred.
    fn answer(&self, kernel: &Kernel, driver: DriverId, output: &mut [u8]) -> Answer {
        let Some(Completion {
            status,
            information,
        }) = self.outcome()
        else {
            return (Status::PENDING, 0);
        };
        let Origin::System { transfer, .. } = &self.origin else {
            return (status, 0);
        };
        let Transfer {
            what,
            room,
            from_system,
        } = transfer;
        let failed = status.is_error();
        if !failed && !what.is_empty() && information > *room {
            let detail = format!(
                "{what} was completed with {information} bytes of information, but the caller's \
                 buffer has {room}; return no more than was asked for"
            );
            let call = major_name(self.major(self.count()));
            kernel.finding(driver, Rule::IrpInformation, call, detail);
        }
        let count = if failed { 0 } else { information.min(*room) };
        match (&self.buffers.system, &self.buffers.output) {
            (Some(system), _) if *from_system => {
                let filled = count.min(output.len());
                system.copy_to(&mut output[..filled]);
            }
            // The driver wrote to the caller's own memory.
            (_, Some(memory)) if !from_system => memory.copy_to(output),
            _ => {}
        }
        (status, count)
    }
}

/// Sends a request to a device. One that nobody will complete has an outcome all the same.
pub(super) fn send(thread: &Thread, packet: &Arc<Packet>, device: &DeviceMemory) {
    let (returned, verdict) = call_driver(thread, packet, device);
    if verdict == Verdict::Lost {
        let status = match returned.is_success() {
            true => Status::UNSUCCESSFUL,
            false => returned,
        };
        packet.settle(Completion {
            status,
            information: 0,
        });
    }
}

/// Sends a request to a device, and waits until it is completed.
pub(super) fn send_and_wait(
    thread: &Thread,
    packet: &Arc<Packet>,
    device: &DeviceMemory,
) -> Status {
    send(thread, packet, device);
    let outcome = packet.wait(None);
    thread.kernel().io.retire_completed(packet);
    outcome.map_or(Status::UNSUCCESSFUL, |outcome| outcome.status)
}

/// A request of a program's that was sent.
pub(crate) struct Sent {
    packet: Arc<Packet>,
    driver: DriverId,
}

impl Sent {
    /// Notes a request that was sent for a file, which it keeps until it is completed.
    pub(super) fn new(
        thread: &Thread,
        packet: Arc<Packet>,
        driver: DriverId,
        file: ObjectRef<'_>,
    ) -> Self {
        let pending = Pending {
            packet: Arc::clone(&packet),
            file: file.into_counted(),
            driver,
        };
        thread.io.pending.borrow_mut().push(pending);
        Self { packet, driver }
    }

    /// Whether it has ended.
    pub(crate) fn is_done(&self) -> bool {
        self.packet.outcome().is_some()
    }

    /// Cancels it; says whether its driver has a cancel routine for it.
    pub(crate) fn cancel(&self, thread: &Thread) -> bool {
        !self.is_done() && self.packet.cancel(thread, "NtCancelIoFileEx")
    }

    /// Waits until it has ended; fills the caller's buffer.
    pub(crate) fn wait(&self, thread: &Thread, output: &mut [u8]) -> Answer {
        self.packet.wait(None);
        self.packet.answer(thread.kernel(), self.driver, output)
    }
}

/// A request that may be pending.
struct Pending {
    packet: Arc<Packet>,
    /// A counted reference.
    file: Arc<Object>,
    driver: DriverId,
}

impl Pending {
    /// Ends a request that has an outcome: its file can be closed.
    fn end(self, kernel: &Kernel) {
        kernel.io.retire_completed(&self.packet);
        drop(ObjectRef::adopt(kernel, self.file));
    }

    /// Waits as long as drivers may take for a request that they should complete at once.
    fn wait(&self) -> bool {
        let deadline = Instant::now().checked_add(PATIENCE);
        self.packet.wait(deadline).is_some()
    }
}

/// The requests of a thread that may be pending.
#[derive(Default)]
pub(crate) struct ThreadState {
    pending: RefCell<Vec<Pending>>,
    /// Those that were built for drivers in this thread, and that the I/O manager frees.
    built: RefCell<Vec<Weak<Packet>>>,
}

impl ThreadState {
    /// Whether there are none.
    pub(crate) fn is_idle(&self) -> bool {
        self.pending.borrow().is_empty() && self.built.borrow().is_empty()
    }

    /// Notes a request that was built for a driver, which belongs to the thread.
    pub(super) fn note_built(&self, packet: &Arc<Packet>) {
        let mut built = self.built.borrow_mut();
        built.retain(is_unfinished);
        built.push(Arc::downgrade(packet));
    }

    /// Ends those that are completed.
    pub(crate) fn reap(&self, kernel: &Kernel) {
        let is_done = |pending: &mut Pending| pending.packet.outcome().is_some();
        let done: Vec<_> = self.pending.borrow_mut().extract_if(.., is_done).collect();
        for pending in done {
            pending.end(kernel);
        }
        self.built.borrow_mut().retain(is_unfinished);
    }
}

fn is_unfinished(packet: &Weak<Packet>) -> bool {
    packet.upgrade().is_some_and(|it| it.outcome().is_none())
}

/// The requests of threads that have ended, which their drivers did not complete.
#[derive(Default)]
pub(super) struct Orphans(Mutex<Vec<Pending>>);

/// Cancels the requests of a thread that ends, and waits for them.
pub(crate) fn leave_thread(thread: &Thread) {
    let kernel = thread.kernel();
    let built = thread.io.built.take();
    let built = built.iter().filter_map(Weak::upgrade);
    let built: Vec<_> = built.filter(|it| it.lock().stage == Stage::Sent).collect();
    for packet in &built {
        packet.cancel(thread, "IoCancelIrp");
    }
    for packet in built {
        if packet.wait(Instant::now().checked_add(PATIENCE)).is_none() {
            packet.report_uncancelled(kernel);
        }
    }
    let all = thread.io.pending.take();
    for pending in &all {
        if pending.packet.outcome().is_none() {
            pending.packet.cancel(thread, "IoCancelIrp");
        }
    }
    for pending in all {
        if pending.wait() {
            pending.end(kernel);
            continue;
        }
        pending.packet.report_uncancelled(kernel);
        kernel.io.orphans.lock().push(pending);
    }
}

impl Orphans {
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Pending>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends the requests to a driver's devices whose threads are gone and which are completed by now.
    pub(super) fn reap(&self, kernel: &Kernel, driver: DriverId) {
        let is_done =
            |pending: &mut Pending| pending.driver == driver && pending.packet.outcome().is_some();
        let done: Vec<_> = self.lock().extract_if(.., is_done).collect();
        for pending in done {
            pending.end(kernel);
        }
    }
}

impl super::Manager {
    /// Notes that an own request is over, unless a driver still has it.
    fn retire_completed(&self, packet: &Arc<Packet>) {
        if packet.lock().stage == Stage::Completed {
            self.retire(packet);
        }
    }

    /// Waits for the requests to a driver's devices whose files are closed; gives the names of those
    /// that the driver does not complete.
    pub(super) fn left_pending(&self, driver: DriverId) -> Vec<&'static str> {
        let deadline = Instant::now().checked_add(PATIENCE);
        let closed = |packet: &Arc<Packet>| {
            packet.file().is_some_and(|file| {
                let crate::object::Body::Device(device) = file.body() else {
                    return false;
                };
                file.handle_count() == 0 && device.device().owner() == driver
            })
        };
        let mut all = self.in_flight();
        all.retain(|packet| closed(packet) && packet.wait(deadline).is_none());
        let name = |packet: &Arc<Packet>| major_name(packet.major(packet.count()));
        all.iter().map(name).collect()
    }
}
