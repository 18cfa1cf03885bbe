//! Telling drivers of threads: of those that programs and drivers start, not of the kernel's own.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntddk/nc-ntddk-pcreate_thread_notify_routine>,
//! `nf-ntddk-pssetcreatethreadnotifyroutineex`, `ne-ntddk-_pscreatethreadnotifytype`. The routines run at
//! PASSIVE_LEVEL, which the first page allows beside APC_LEVEL.

use std::ptr::without_provenance_mut;
use std::sync::Arc;

use wdm_sys::HANDLE;

use super::{Kind, Subject};
use crate::call;
use crate::machine::entered::on_maker;
use crate::machine::{Kernel, Thread, ThreadObject};

impl Kernel {
    /// Tells drivers of a thread that has not run yet, on the thread that makes it.
    pub(crate) fn notify_new_thread(self: &Arc<Self>, new: &ThreadObject) {
        if self.notify.any(Subject::Thread) {
            on_maker(self, |maker| self.tell(maker, &[Kind::Thread], new, true));
        }
    }

    /// Tells drivers of a program's new thread on that thread, before its own code runs.
    pub(in crate::machine) fn notify_starting_thread(&self, thread: &Thread) {
        if !thread.object().is_system() {
            self.tell(thread, &[Kind::ThreadItself], thread.object(), true);
        }
    }

    /// Tells drivers of a thread that ends, on that thread.
    pub(in crate::machine) fn notify_ending_thread(&self, thread: &Thread) {
        let kinds: &[Kind] = match thread.object().is_system() {
            true => &[Kind::Thread],
            false => &[Kind::Thread, Kind::ThreadItself],
        };
        self.tell(thread, kinds, thread.object(), false);
    }

    fn tell(&self, on: &Thread, kinds: &[Kind], of: &ThreadObject, created: bool) {
        let ids = [of.process().id(), of.id()];
        let [process, id]: [HANDLE; 2] = ids.map(without_provenance_mut);
        self.notify.each(on, kinds, |code, _| {
            // SAFETY: the driver, which is loaded, registered the routine.
            unsafe { call::thread_notify(on, code, process, id, created.into()) }
        });
    }
}
