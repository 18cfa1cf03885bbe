//! Cancel-safe queues: the kernel's half of queues that drivers implement with callbacks.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/kernel/cancel-safe-irp-queues>,
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-iocsqinitialize> and its
//! neighbours.

use std::ptr::null_mut;

use wdm_sys::{PIRP, PVOID};

use super::irp::field;
use super::packet::Packet;
use crate::call::{self, Code};
use crate::machine::Thread;
use crate::status::Status;
use crate::verifier::Rule;

/// What the first field of a queue, and of a request's context, says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(crate) enum Type {
    /// `IO_TYPE_CSQ_IRP_CONTEXT`.
    Context = 1,
    /// `IO_TYPE_CSQ`.
    Queue = 2,
    /// `IO_TYPE_CSQ_EX`: inserting takes a context and can fail.
    QueueEx = 3,
}

/// `IO_CSQ` of `wdm.h`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Csq {
    pub(crate) kind: u32,
    pub(crate) insert: PVOID,
    pub(crate) remove: PVOID,
    pub(crate) peek: PVOID,
    pub(crate) acquire: PVOID,
    pub(crate) release: PVOID,
    pub(crate) complete_canceled: PVOID,
    pub(crate) reserved: PVOID,
}

/// `IO_CSQ_IRP_CONTEXT` of `wdm.h`.
#[repr(C)]
#[derive(Clone, Copy)]
pub(crate) struct Context {
    kind: u32,
    irp: PIRP,
    queue: *mut Csq,
}

const _: () = assert!(size_of::<Csq>() == 64 && size_of::<Context>() == 24);

/// What stands for the queues' cancel routine in a request; drivers do not call it.
static CANCEL_ROUTINE: u64 = 0;

fn cancel_routine() -> usize {
    (&raw const CANCEL_ROUTINE).addr()
}

/// Whether a cancel routine is that of the queues.
pub(super) fn is_cancel_routine(address: usize) -> bool {
    address == cancel_routine()
}

/// A queue that a driver initialised, with its callbacks.
///
/// # Invariants
/// It was read from an initialised queue, whose callbacks are the running driver's.
struct Queue<'t> {
    thread: &'t Thread,
    address: *mut Csq,
    callbacks: Csq,
}

impl<'t> Queue<'t> {
    /// # Safety
    /// `queue` is initialised, and belongs to the driver whose code runs.
    unsafe fn of(thread: &'t Thread, queue: *mut Csq) -> Self {
        Self {
            thread,
            address: queue,
            // SAFETY: by this function's contract.
            callbacks: unsafe { queue.read() },
        }
    }

    fn code(&self, callback: PVOID) -> Code {
        Code {
            address: callback.expose_provenance(),
            caller: self.thread.caller(),
        }
    }

    fn lock(&self) -> u8 {
        let code = self.code(self.callbacks.acquire);
        // SAFETY: by the invariant.
        unsafe { call::csq_acquire_lock(self.thread, code, self.address.cast()) }
    }

    fn unlock(&self, level: u8) {
        let code = self.code(self.callbacks.release);
        // SAFETY: by the invariant.
        unsafe { call::csq_release_lock(self.thread, code, self.address.cast(), level) };
    }

    fn insert(&self, irp: PIRP, context: PVOID) -> Status {
        let code = self.code(self.callbacks.insert);
        let queue = self.address.cast();
        if self.callbacks.kind == Type::Queue as u32 {
            // SAFETY: by the invariant.
            unsafe { call::csq_irp(self.thread, "IO_CSQ_INSERT_IRP", code, queue, irp) };
            return Status::SUCCESS;
        }
        // SAFETY: by the invariant.
        Status(unsafe { call::csq_insert_irp_ex(self.thread, code, queue, irp, context) })
    }

    fn remove(&self, irp: PIRP) {
        let code = self.code(self.callbacks.remove);
        let queue = self.address.cast();
        // SAFETY: by the invariant.
        unsafe { call::csq_irp(self.thread, "IO_CSQ_REMOVE_IRP", code, queue, irp) };
    }

    fn peek(&self, after: PIRP, context: PVOID) -> PIRP {
        let code = self.code(self.callbacks.peek);
        let queue = self.address.cast();
        // SAFETY: by the invariant.
        unsafe { call::csq_peek_next_irp(self.thread, code, queue, after, context) }
    }

    fn complete_canceled(&self, irp: PIRP) {
        let code = self.code(self.callbacks.complete_canceled);
        let queue = self.address.cast();
        let kind = "IO_CSQ_COMPLETE_CANCELED_IRP";
        // SAFETY: by the invariant.
        unsafe { call::csq_irp(self.thread, kind, code, queue, irp) };
    }
}

impl Packet {
    /// Where the queues keep the queue or the context of a request: `DriverContext[3]`.
    fn csq_place(&self) -> *mut PVOID {
        let context = field!(
            self,
            Tail.Overlay.__bindgen_anon_1.__bindgen_anon_1.DriverContext
        );
        context.address().cast::<PVOID>().wrapping_add(3)
    }

    fn csq(&self) -> PVOID {
        // SAFETY: the place lies in the packet.
        unsafe { self.csq_place().read() }
    }

    fn set_csq(&self, value: PVOID) {
        // SAFETY: the place lies in the packet.
        unsafe { self.csq_place().write(value) }
    }

    /// Ends the request's stay in a queue: its context knows it no longer.
    ///
    /// # Safety
    /// The request is in a queue, with a live context if it has one.
    unsafe fn forget_csq(&self) {
        let place = self.csq();
        self.set_csq(null_mut());
        // SAFETY: by this function's contract it leads to a queue or to a context.
        if unsafe { place.cast::<u32>().read() } == Type::Context as u32 {
            // SAFETY: as above.
            unsafe { (*place.cast::<Context>()).irp = null_mut() };
        }
    }
}

/// Marks a request pending and puts it into a queue (`IoCsqInsertIrpEx`).
///
/// # Safety
/// The queue is initialised, and belongs to the driver whose code runs; `context` is null or valid
/// until the request leaves the queue.
pub(crate) unsafe fn insert(
    thread: &Thread,
    call: &'static str,
    queue: *mut Csq,
    irp: PIRP,
    context: *mut Context,
    insert_context: PVOID,
) -> Status {
    let Some(packet) = thread.kernel().io.packet(irp) else {
        return unknown(thread, call, irp);
    };
    let address = queue;
    if context.is_null() {
        packet.set_csq(queue.cast());
    } else {
        let new = Context {
            kind: Type::Context as u32,
            irp,
            queue,
        };
        // SAFETY: by this function's contract.
        unsafe { context.write(new) };
        packet.set_csq(context.cast());
    }
    // SAFETY: by this function's contract.
    let queue = unsafe { Queue::of(thread, address) };
    // SAFETY: as above.
    unsafe { (*address).reserved = null_mut() };
    let level = queue.lock();
    packet.mark(packet.current().max(1));
    let inserted = queue.insert(irp, insert_context);
    if !inserted.is_success() {
        queue.unlock(level);
        return inserted;
    }
    packet.exchange_cancel_routine(cancel_routine());
    // If it was cancelled before, and the cancel routine is still set, nobody else cancels it.
    let cancelled = field!(packet.as_ref(), Cancel).get() != 0;
    if cancelled && packet.exchange_cancel_routine(0) != 0 {
        queue.remove(irp);
        // SAFETY: by this function's contract.
        unsafe { packet.forget_csq() };
        queue.unlock(level);
        queue.complete_canceled(irp);
        return inserted;
    }
    queue.unlock(level);
    inserted
}

/// Takes the next request out of a queue that nobody cancels (`IoCsqRemoveNextIrp`); null for none.
///
/// # Safety
/// The queue is initialised, and belongs to the driver whose code runs.
pub(crate) unsafe fn remove_next(
    thread: &Thread,
    call: &'static str,
    queue: *mut Csq,
    peek_context: PVOID,
) -> PIRP {
    // SAFETY: by this function's contract.
    let queue = unsafe { Queue::of(thread, queue) };
    let level = queue.lock();
    let mut irp = queue.peek(null_mut(), peek_context);
    while !irp.is_null() {
        let Some(packet) = thread.kernel().io.packet(irp) else {
            unknown(thread, call, irp);
            irp = null_mut();
            break;
        };
        if packet.exchange_cancel_routine(0) != 0 {
            queue.remove(irp);
            // SAFETY: the request was in the queue.
            unsafe { packet.forget_csq() };
            break;
        }
        irp = queue.peek(irp, peek_context);
    }
    queue.unlock(level);
    irp
}

/// Takes the request of a context out of its queue (`IoCsqRemoveIrp`); null if it is not there, or
/// being cancelled.
///
/// # Safety
/// The queue is initialised, and belongs to the driver whose code runs; `context` is that of a request
/// that was inserted.
pub(crate) unsafe fn remove(thread: &Thread, queue: *mut Csq, context: *mut Context) -> PIRP {
    // SAFETY: by this function's contract.
    let queue = unsafe { Queue::of(thread, queue) };
    let level = queue.lock();
    // SAFETY: as above.
    let irp = unsafe { (*context).irp };
    let packet = thread.kernel().io.packet(irp);
    let mine = packet.filter(|packet| packet.exchange_cancel_routine(0) != 0);
    let removed = match mine {
        None => null_mut(),
        Some(packet) => {
            queue.remove(irp);
            // SAFETY: the request was in the queue.
            unsafe { packet.forget_csq() };
            irp
        }
    };
    queue.unlock(level);
    removed
}

/// The queues' cancel routine: it is entered with the cancel spin lock.
pub(super) fn cancel(thread: &Thread, packet: &Packet) {
    let level = field!(packet, CancelIrql).get();
    let io = &thread.kernel().io;
    io.release_cancel_lock(thread, call::CANCEL, level);
    let place = packet.csq();
    // SAFETY: the request is in a queue, which is live as long as requests are in it, or its context.
    let kind = unsafe { place.cast::<u32>().read() };
    let queue = match kind == Type::Context as u32 {
        // SAFETY: as above.
        true => unsafe { (*place.cast::<Context>()).queue },
        false => place.cast(),
    };
    // SAFETY: as above; the caller is the driver that has the request.
    let queue = unsafe { Queue::of(thread, queue) };
    let irp = packet.irp();
    let level = queue.lock();
    queue.remove(irp);
    // SAFETY: as above.
    unsafe { packet.forget_csq() };
    queue.unlock(level);
    queue.complete_canceled(irp);
}

fn unknown(thread: &Thread, call: &'static str, irp: PIRP) -> Status {
    let detail = format!("{irp:p} is no request of this machine");
    thread.finding(Rule::Parameter, call, detail);
    Status::INVALID_PARAMETER
}
