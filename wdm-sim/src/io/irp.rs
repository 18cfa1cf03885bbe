//! A request as drivers see it: an `IRP` with its stack locations behind it.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_irp>,
//! `ns-wdm-_io_stack_location`; `nf-wdm-iogetnextirpstacklocation` and the other macros that move
//! between locations.

use std::marker::PhantomData;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};

use wdm_sys::{
    _IO_STACK_LOCATION as IO_STACK_LOCATION, _IRP as IRP, CCHAR, PDEVICE_OBJECT, PDRIVER_CANCEL,
    PIO_COMPLETION_ROUTINE, PVOID, UCHAR,
};

use super::packet::Packet;
use crate::status::Status;

/// `Type` of a request (`IO_TYPE_IRP`).
const IO_TYPE_IRP: i16 = 6;
/// `SL_PENDING_RETURNED`: what `IoMarkIrpPending` sets in a location's control flags.
const SL_PENDING_RETURNED: u8 = 0x1;
const SL_INVOKE_ON_CANCEL: u8 = 0x20;
const SL_INVOKE_ON_SUCCESS: u8 = 0x40;
const SL_INVOKE_ON_ERROR: u8 = 0x80;

/// How many bytes a request with that many locations has (`IoSizeOfIrp`).
pub(super) const fn size_of_irp(locations: usize) -> usize {
    size_of::<IRP>() + locations * size_of::<IO_STACK_LOCATION>()
}

/// The name of a major function, as findings show it.
pub(super) fn major_name(major: u8) -> &'static str {
    const NAMES: [&str; 28] = [
        "IRP_MJ_CREATE",
        "IRP_MJ_CREATE_NAMED_PIPE",
        "IRP_MJ_CLOSE",
        "IRP_MJ_READ",
        "IRP_MJ_WRITE",
        "IRP_MJ_QUERY_INFORMATION",
        "IRP_MJ_SET_INFORMATION",
        "IRP_MJ_QUERY_EA",
        "IRP_MJ_SET_EA",
        "IRP_MJ_FLUSH_BUFFERS",
        "IRP_MJ_QUERY_VOLUME_INFORMATION",
        "IRP_MJ_SET_VOLUME_INFORMATION",
        "IRP_MJ_DIRECTORY_CONTROL",
        "IRP_MJ_FILE_SYSTEM_CONTROL",
        "IRP_MJ_DEVICE_CONTROL",
        "IRP_MJ_INTERNAL_DEVICE_CONTROL",
        "IRP_MJ_SHUTDOWN",
        "IRP_MJ_LOCK_CONTROL",
        "IRP_MJ_CLEANUP",
        "IRP_MJ_CREATE_MAILSLOT",
        "IRP_MJ_QUERY_SECURITY",
        "IRP_MJ_SET_SECURITY",
        "IRP_MJ_POWER",
        "IRP_MJ_SYSTEM_CONTROL",
        "IRP_MJ_DEVICE_CHANGE",
        "IRP_MJ_QUERY_QUOTA",
        "IRP_MJ_SET_QUOTA",
        "IRP_MJ_PNP",
    ];
    let name = NAMES.get(usize::from(major));
    name.copied().unwrap_or("an unknown major function")
}

/// A field of a request or of a stack location.
///
/// # Invariants
/// It lies in the memory of the packet that it borrows.
pub(super) struct Place<'p, T>(*mut T, PhantomData<&'p Packet>);

impl<T: Copy> Place<'_, T> {
    /// What the field says now; the driver that has the request may write to it.
    pub(super) fn get(&self) -> T {
        // SAFETY: by the invariant, and that of the packet.
        unsafe { self.0.read() }
    }

    /// Writes to the field.
    pub(super) fn set(&self, value: T) {
        // SAFETY: by the invariant, and that of the packet.
        unsafe { self.0.write(value) }
    }

    /// The field's address.
    pub(super) fn address(&self) -> *mut T {
        self.0
    }
}

/// The field of a packet's IRP.
macro_rules! field {
    ($packet:expr, $($path:tt)+) => {{
        // SAFETY: by the packet's invariant; only the field's address is taken.
        let place = unsafe { &raw mut (*$packet.irp()).$($path)+ };
        $crate::io::irp::Place::new($packet, place)
    }};
}
pub(super) use field;

/// The field of one of a packet's locations, which are counted from 1.
macro_rules! location {
    ($packet:expr, $at:expr, $($path:tt)+) => {{
        let location = $packet.location($at);
        // SAFETY: by the packet's invariant; only the field's address is taken.
        let place = unsafe { &raw mut (*location).$($path)+ };
        $crate::io::irp::Place::new($packet, place)
    }};
}
pub(super) use location;

impl<'p, T> Place<'p, T> {
    /// For [`field!`] and [`location!`]: a place in the packet's memory.
    pub(super) fn new(_: &'p Packet, place: *mut T) -> Self {
        Self(place, PhantomData)
    }
}

/// What a stack location says when the request goes up through it.
pub(super) struct Left {
    /// Whether it was marked pending.
    pub(super) pending: bool,
    /// The completion routine to call, and its context.
    pub(super) routine: Option<(usize, PVOID)>,
    /// The major function.
    pub(super) major: u8,
}

impl Packet {
    /// Fills in a new IRP, whose bytes are all zero.
    pub(super) fn initialize(&self) {
        let count = self.count();
        field!(self, Type).set(IO_TYPE_IRP);
        field!(self, Size).set(size_of_irp(count) as u16);
        field!(self, StackCount).set(count as CCHAR);
        self.set_current(count + 1);
    }

    /// The address of a location; that behind the last one is there too.
    pub(super) fn location(&self, at: usize) -> *mut IO_STACK_LOCATION {
        let at = at.clamp(1, self.count() + 1);
        let first = self.irp().wrapping_add(1).cast::<IO_STACK_LOCATION>();
        first.wrapping_add(at - 1)
    }

    /// `CurrentLocation`: 1 to the number of locations, one more before the request is sent and when
    /// it is completed; 0 if a driver went past the last one.
    pub(super) fn current(&self) -> usize {
        let current = field!(self, CurrentLocation).get();
        usize::try_from(current).map_or(0, |at| at.min(self.count() + 1))
    }

    /// Makes a location the current one.
    pub(super) fn set_current(&self, at: usize) {
        let at = at.min(self.count() + 1);
        let location = self.location(at);
        field!(self, CurrentLocation).set(at as CCHAR);
        field!(
            self,
            Tail.Overlay
                .__bindgen_anon_2
                .__bindgen_anon_1
                .CurrentStackLocation
        )
        .set(location);
    }

    /// The major function of a location.
    pub(super) fn major(&self, at: usize) -> u8 {
        location!(self, at, MajorFunction).get()
    }

    /// The device of a location; null if there is no such location.
    pub(super) fn device_at(&self, at: usize) -> PDEVICE_OBJECT {
        match at {
            _ if at > self.count() => null_mut(),
            _ => location!(self, at, DeviceObject).get(),
        }
    }

    /// `IoStatus`: the status, and what `Information` says.
    pub(super) fn io_status(&self) -> (Status, usize) {
        let status = field!(self, IoStatus.__bindgen_anon_1.Status).get();
        (
            Status(status),
            field!(self, IoStatus.Information).get() as usize,
        )
    }

    /// Sets `IoStatus`.
    pub(super) fn set_io_status(&self, status: Status, information: usize) {
        field!(self, IoStatus.__bindgen_anon_1.Status).set(status.0);
        field!(self, IoStatus.Information).set(information as u64);
    }

    /// Whether a location is marked pending.
    pub(super) fn is_marked(&self, at: usize) -> bool {
        location!(self, at, Control).get() & SL_PENDING_RETURNED != 0
    }

    /// Marks a location pending (`IoMarkIrpPending`).
    pub(super) fn mark(&self, at: usize) {
        let control = location!(self, at, Control);
        control.set(control.get() | SL_PENDING_RETURNED);
    }

    /// Sets a completion routine (`IoSetCompletionRoutine`); 0 for none.
    pub(super) fn set_routine(
        &self,
        at: usize,
        routine: usize,
        context: PVOID,
        [success, error, cancel]: [bool; 3],
    ) {
        const _: () = assert!(size_of::<PIO_COMPLETION_ROUTINE>() == size_of::<usize>());
        let place = location!(self, at, CompletionRoutine).address();
        // SAFETY: by the packet's invariant; the field is an address.
        unsafe { place.cast::<usize>().write(routine) };
        location!(self, at, Context).set(context);
        let invoked = [
            (success, SL_INVOKE_ON_SUCCESS),
            (error, SL_INVOKE_ON_ERROR),
            (cancel, SL_INVOKE_ON_CANCEL),
        ];
        let invoked = invoked.iter().filter(|(wanted, _)| *wanted);
        location!(self, at, Control).set(invoked.fold(0, |bits, (_, bit)| bits | bit));
    }

    /// Takes a completion routine away.
    pub(super) fn remove_routine(&self, at: usize) {
        let control = location!(self, at, Control);
        control.set(control.get() & SL_PENDING_RETURNED);
    }

    /// Goes up from a location, which is empty from then on, to the next.
    pub(super) fn go_up(&self, at: usize) -> Left {
        self.set_current(at + 1);
        let control = location!(self, at, Control).get();
        let major = self.major(at);
        let pending = control & SL_PENDING_RETURNED != 0;
        field!(self, PendingReturned).set(pending.into());
        let (status, _) = self.io_status();
        let cancelled = field!(self, Cancel).get() != 0;
        let invoked = match status.is_success() {
            true => control & SL_INVOKE_ON_SUCCESS != 0,
            false => control & SL_INVOKE_ON_ERROR != 0,
        };
        let invoked = invoked || cancelled && control & SL_INVOKE_ON_CANCEL != 0;
        let routine = location!(self, at, CompletionRoutine).get();
        let context = location!(self, at, Context).get();
        let routine = routine.filter(|_| invoked);
        let routine = routine.map(|it| ((it as *const ()).expose_provenance(), context));
        // Its parameters stay: whoever made the request may look at them.
        location!(self, at, Control).set(0 as UCHAR);
        location!(self, at, CompletionRoutine).set(None);
        location!(self, at, Context).set(null_mut());
        Left {
            pending,
            routine,
            major,
        }
    }

    /// Exchanges the cancel routine's address (`IoSetCancelRoutine`).
    pub(super) fn exchange_cancel_routine(&self, routine: usize) -> usize {
        const _: () = assert!(size_of::<PDRIVER_CANCEL>() == size_of::<usize>());
        let place = field!(self, CancelRoutine).address().cast::<usize>();
        // SAFETY: by the packet's invariant; the field has an address's size and alignment, and
        // drivers exchange it atomically too.
        let place = unsafe { AtomicUsize::from_ptr(place) };
        place.swap(routine, Ordering::AcqRel)
    }
}
