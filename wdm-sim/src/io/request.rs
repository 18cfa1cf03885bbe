//! Requests to devices: the IRP, its way through a dispatch routine, and its completion.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_irp>,
//! `nf-wdm-iocompleterequest`, `nf-wdm-iomarkirppending`.

use std::collections::{HashMap, VecDeque};
use std::mem::MaybeUninit;
use std::ptr::{NonNull, null_mut};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use wdm_sys::{
    _IO_SECURITY_CONTEXT as IO_SECURITY_CONTEXT, _IO_STACK_LOCATION as IO_STACK_LOCATION,
    _IO_STATUS_BLOCK as IO_STATUS_BLOCK, _IRP as IRP, PIRP,
};

use super::buffer::Buffer;
use super::file::DeviceFile;
use super::{DeviceMemory, Manager};
use crate::call;
use crate::machine::{DriverId, Kernel, Thread};
use crate::status::Status;
use crate::verifier::Rule;

/// `Type` of a request (`IO_TYPE_IRP`).
const IO_TYPE_IRP: i16 = 6;
/// `SL_PENDING_RETURNED`: what `IoMarkIrpPending` sets in a stack location's control flags.
const SL_PENDING_RETURNED: u8 = 0x1;
/// How many completed requests keep their memory, so that one that is completed again is known.
const REMEMBERED: usize = 64;

/// A major function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Major {
    /// `IRP_MJ_CREATE`.
    Create = 0x00,
    /// `IRP_MJ_CLOSE`.
    Close = 0x02,
    /// `IRP_MJ_DEVICE_CONTROL`.
    DeviceControl = 0x0E,
    /// `IRP_MJ_CLEANUP`.
    Cleanup = 0x12,
}

impl Major {
    /// Its name, as findings show it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Create => "IRP_MJ_CREATE",
            Self::Close => "IRP_MJ_CLOSE",
            Self::DeviceControl => "IRP_MJ_DEVICE_CONTROL",
            Self::Cleanup => "IRP_MJ_CLEANUP",
        }
    }
}

/// What drivers see of a request.
#[repr(C)]
pub(super) struct Block {
    pub(super) irp: IRP,
    pub(super) stack: IO_STACK_LOCATION,
    pub(super) user_status: IO_STATUS_BLOCK,
    pub(super) security: IO_SECURITY_CONTEXT,
}

/// The memory that a request refers to.
#[derive(Default)]
pub(super) struct Buffers {
    /// `AssociatedIrp.SystemBuffer`.
    pub(super) system: Option<Buffer>,
    /// The caller's input, for `Type3InputBuffer`.
    pub(super) input: Option<Buffer>,
    /// The caller's output buffer.
    pub(super) output: Option<Buffer>,
    /// What describes the caller's output buffer.
    pub(super) list: Option<Buffer>,
}

/// How a request ended.
#[derive(Clone, Copy, Debug)]
pub(super) struct Completion {
    pub(super) status: Status,
    pub(super) information: usize,
    /// Whether it was marked pending.
    pending: bool,
}

impl Completion {
    /// A request that no driver has seen.
    fn refused(status: Status) -> Self {
        Self {
            status,
            information: 0,
            pending: false,
        }
    }
}

/// A request.
///
/// # Invariants
/// `block` is a box of its own, shared with the driver and touched through raw pointers only.
pub(super) struct Request {
    block: NonNull<Block>,
    major: Major,
    driver: DriverId,
    pub(super) buffers: Buffers,
    state: Mutex<Option<Completion>>,
    completed: Condvar,
}

// SAFETY: the block is the driver's as much as the kernel's; the kernel reads it when the driver
// completes the request or returns from the dispatch routine.
unsafe impl Send for Request {}
// SAFETY: as above.
unsafe impl Sync for Request {}

impl Request {
    /// A request for a file; `fill` sets what depends on the major function. Addresses that it takes
    /// within the block stay.
    pub(super) fn new(
        thread: &Thread,
        file: &DeviceFile,
        major: Major,
        buffers: Buffers,
        fill: impl FnOnce(&mut Block),
    ) -> Self {
        // SAFETY: all-zero bytes are valid for these structures: numbers, null pointers and absent
        // functions.
        let mut block: Box<Block> = Box::new(unsafe { MaybeUninit::zeroed().assume_init() });
        block.irp.Type = IO_TYPE_IRP;
        block.irp.Size = (size_of::<IRP>() + size_of::<IO_STACK_LOCATION>()) as u16;
        block.irp.StackCount = 1;
        block.irp.CurrentLocation = 1;
        block.irp.Tail.Overlay.Thread = std::ptr::without_provenance_mut(thread.address());
        block.irp.Tail.Overlay.OriginalFileObject = file.object();
        let start = |buffer: &Option<Buffer>| buffer.as_ref().map_or(null_mut(), Buffer::start);
        block.irp.AssociatedIrp.SystemBuffer = start(&buffers.system).cast();
        block.irp.UserBuffer = start(&buffers.output).cast();
        block.irp.MdlAddress = start(&buffers.list).cast();
        block.stack.MajorFunction = major as u8;
        block.stack.DeviceObject = file.device().object();
        block.stack.FileObject = file.object();
        fill(&mut block);
        let block = Box::into_raw(block);
        // SAFETY: just made from a box, so not null.
        let block = unsafe { NonNull::new_unchecked(block) };
        let request = Self {
            block,
            major,
            driver: file.device().owner,
            buffers,
            state: Mutex::default(),
            completed: Condvar::new(),
        };
        // SAFETY: by the invariant; only the field's address is taken.
        let stack = unsafe { &raw mut (*block.as_ptr()).stack };
        // SAFETY: as above.
        let user_status = unsafe { &raw mut (*block.as_ptr()).user_status };
        // SAFETY: as above.
        let security = unsafe { &raw mut (*block.as_ptr()).security };
        // SAFETY: by the invariant, and nobody else knows the request yet.
        let new = unsafe { &mut *block.as_ptr() };
        new.irp.UserIosb = user_status;
        let overlay = &raw mut new.irp.Tail.Overlay;
        // SAFETY: it is a part of the block, whose bytes are all initialised.
        let overlay = unsafe { &mut *overlay };
        overlay
            .__bindgen_anon_2
            .__bindgen_anon_1
            .CurrentStackLocation = stack;
        if major == Major::Create {
            new.stack.Parameters.Create.SecurityContext = security;
        }
        request
    }

    /// The request as drivers know it.
    fn irp(&self) -> PIRP {
        self.block.as_ptr().cast()
    }

    /// Sends the request to the driver of a device, and waits until it is completed.
    pub(super) fn send(self, thread: &Thread, device: &DeviceMemory) -> (Arc<Self>, Completion) {
        let kernel = thread.kernel();
        let request = Arc::new(self);
        let Some(record) = kernel.drivers.get(request.driver) else {
            return (request, Completion::refused(Status::NO_SUCH_DEVICE));
        };
        let Some(code) = record.dispatch_routine(request.major as usize) else {
            // What a driver does not set is a routine of the kernel that answers this.
            return (request, Completion::refused(Status::INVALID_DEVICE_REQUEST));
        };
        kernel.io.requests().begin(&request);
        // SAFETY: the driver, which is loaded, put the routine into its driver object; the device
        // object and the request live until the request is completed.
        let returned = unsafe { call::dispatch(thread, code, device.object(), request.irp()) };
        let completion = request.settle(kernel, Status(returned));
        kernel.io.requests().end(&request);
        (request, completion)
    }

    /// Looks at how the dispatch routine left the request; waits for one that is pending.
    fn settle(&self, kernel: &Kernel, returned: Status) -> Completion {
        let call = self.major.name();
        let finding = |rule, detail: String| kernel.finding(self.driver, rule, call, detail);
        let state = self.lock();
        if let Some(completion) = *state {
            drop(state);
            let status = completion.status;
            match (returned == Status::PENDING, completion.pending) {
                (true, false) => finding(
                    Rule::IrpPending,
                    format!(
                        "STATUS_PENDING was returned for a request that was completed with {status} \
                         and not marked pending; return that status, or call IoMarkIrpPending first"
                    ),
                ),
                (false, true) => finding(
                    Rule::IrpPending,
                    format!(
                        "{returned} was returned for a request marked pending; return STATUS_PENDING"
                    ),
                ),
                (false, false) if returned != status => finding(
                    Rule::IrpStatus,
                    format!(
                        "{returned} was returned, but the request was completed with {status}; return the same"
                    ),
                ),
                _ => {}
            }
            return completion;
        }
        // SAFETY: by the invariant; drivers mark a request before others can complete it.
        let control = unsafe { (*self.block.as_ptr()).stack.Control };
        let marked = control & SL_PENDING_RETURNED != 0;
        match (returned == Status::PENDING, marked) {
            (true, true) => return self.wait(state),
            (true, false) => finding(
                Rule::IrpPending,
                "STATUS_PENDING was returned for a request that is not marked, so its caller is not \
                 woken; call IoMarkIrpPending first"
                    .to_owned(),
            ),
            (false, true) => {
                finding(
                    Rule::IrpPending,
                    format!("{returned} was returned for a request marked pending; return STATUS_PENDING"),
                );
            }
            (false, false) => finding(
                Rule::IrpNotCompleted,
                format!(
                    "{returned} was returned and the request was neither completed nor marked \
                     pending; call IoCompleteRequest"
                ),
            ),
        }
        Completion::refused(match returned.is_success() {
            true => Status::UNSUCCESSFUL,
            false => returned,
        })
    }

    fn wait(&self, mut state: MutexGuard<'_, Option<Completion>>) -> Completion {
        loop {
            if let Some(completion) = *state {
                return completion;
            }
            let woken = self.completed.wait(state);
            state = woken.unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Completes the request with what the driver has put into its status block.
    fn complete(&self, thread: &Thread, call: &'static str) {
        let mut state = self.lock();
        if let Some(completion) = *state {
            drop(state);
            let detail = format!(
                "the {} request was completed before, with {}; complete it once",
                self.major.name(),
                completion.status
            );
            return thread.finding(Rule::IrpTwice, call, detail);
        }
        // SAFETY: by the invariant; the driver that completes the request has done with it.
        let block = unsafe { self.block.as_ref() };
        // SAFETY: all bytes of the union are initialised, and a status is a number.
        let status = Status(unsafe { block.irp.IoStatus.__bindgen_anon_1.Status });
        *state = Some(Completion {
            status,
            information: block.irp.IoStatus.Information as usize,
            pending: block.stack.Control & SL_PENDING_RETURNED != 0,
        });
        self.completed.notify_all();
        drop(state);
        if status == Status::PENDING {
            let detail = format!(
                "the {} request was completed with STATUS_PENDING; put its result into IoStatus",
                self.major.name()
            );
            thread.finding(Rule::IrpStatus, call, detail);
        }
    }

    fn lock(&self) -> MutexGuard<'_, Option<Completion>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Request {
    fn drop(&mut self) {
        // SAFETY: by the invariant.
        drop(unsafe { Box::from_raw(self.block.as_ptr()) });
    }
}

/// The requests of a machine by the address of their IRP. Those that are not completed stay, since
/// their driver may still use them.
#[derive(Default)]
pub(super) struct Requests {
    known: HashMap<usize, Arc<Request>>,
    completed: VecDeque<usize>,
}

impl Requests {
    fn begin(&mut self, request: &Arc<Request>) {
        self.known.insert(request.irp().addr(), Arc::clone(request));
    }

    fn end(&mut self, request: &Request) {
        if request.lock().is_none() {
            return;
        }
        self.completed.push_back(request.irp().addr());
        if self.completed.len() > REMEMBERED
            && let Some(oldest) = self.completed.pop_front()
        {
            self.known.remove(&oldest);
        }
    }
}

impl Manager {
    fn requests(&self) -> MutexGuard<'_, Requests> {
        self.requests.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Completes a request for a driver (`IofCompleteRequest`); says whether there is one.
    pub(crate) fn complete(&self, thread: &Thread, call: &'static str, irp: PIRP) -> bool {
        let request = self.requests().known.get(&irp.addr()).cloned();
        request
            .map(|request| request.complete(thread, call))
            .is_some()
    }
}
