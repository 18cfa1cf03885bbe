//! Attaching to another process.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-kestackattachprocess>,
//! `nf-ntifs-keunstackdetachprocess`.
//!
//! All processes of a machine live in the host's address space, so attaching changes which process is
//! the current one, whose handles count, and which process's user memory passes for accessible; other
//! addresses mean the same as before.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use elsa::FrozenVec;

use super::{DriverId, ProcessState, Thread};
use crate::verifier::Rule;

/// A process that a thread is attached to.
#[derive(Clone, Copy)]
struct Attachment {
    /// Its place in the list of all that the thread has ever been attached to.
    at: usize,
    /// The address of the driver's `KAPC_STATE`; 0 for `KeAttachProcess`.
    state: usize,
    driver: DriverId,
}

/// What a thread is attached to.
#[derive(Default)]
pub(super) struct Attachments {
    /// Each process that it has been attached to, once.
    known: FrozenVec<Arc<ProcessState>>,
    stack: RefCell<Vec<Attachment>>,
    /// How many of them are older than the routine that runs.
    older: Cell<usize>,
    current: Cell<Option<usize>>,
}

impl Attachments {
    /// The process that it is attached to.
    pub(super) fn current(&self) -> Option<&ProcessState> {
        self.known.get(self.current.get()?)
    }

    fn update(&self) {
        let last = self.stack.borrow().last().map(|attached| attached.at);
        self.current.set(last);
    }
}

impl Thread {
    /// How many times the thread is attached.
    pub(crate) fn attached(&self) -> usize {
        self.attachments.stack.borrow().len()
    }

    /// Attaches the thread to a process, for the driver that runs. `state` is where that keeps what
    /// undoes it.
    pub(crate) fn attach(&self, process: &Arc<ProcessState>, state: usize) {
        let known = &self.attachments.known;
        let same = |other: &ProcessState| other.address() == process.address();
        let at = known.iter().position(same).unwrap_or_else(|| {
            known.push(Arc::clone(process));
            known.len() - 1
        });
        let driver = self.caller().driver;
        let new = Attachment { at, state, driver };
        self.attachments.stack.borrow_mut().push(new);
        self.attachments.update();
    }

    /// Undoes the driver's last attach, if that is what `state` belongs to.
    pub(crate) fn detach(&self, call: &'static str, state: usize) {
        let driver = self.caller().driver;
        let last = self.attachments.stack.borrow().last().copied();
        let detail = match last {
            None => "the thread is attached to no process",
            Some(last) if last.driver != driver => "another driver has attached the thread",
            Some(_) if self.attached() == self.attachments.older.get() => {
                "another routine of the driver has attached the thread; detach there"
            }
            Some(last) if last.state != state => {
                "this is not the state of the last attach; detach in the opposite order"
            }
            Some(_) => {
                self.attachments.stack.borrow_mut().pop();
                return self.attachments.update();
            }
        };
        self.finding(Rule::Attach, call, detail);
    }

    /// From now on, what the thread is attached to was attached by another routine than the one that
    /// runs; gives what [`leave_routine`](Self::leave_routine) wants.
    pub(super) fn enter_routine(&self) -> usize {
        self.attachments.older.replace(self.attached())
    }

    /// The routine has returned.
    pub(super) fn leave_routine(&self, older: usize) {
        self.attachments.older.set(older);
    }

    /// Undoes all attaches but the first `count`.
    pub(crate) fn detach_to(&self, count: usize) {
        self.attachments.stack.borrow_mut().truncate(count);
        self.attachments.update();
    }
}
