//! Processes.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bitflags::bitflags;

use super::current::{Opaque, Thread};
use super::{Kernel, Machine, Mode, ThreadGuard};
use crate::object::HandleTable;
use crate::status::Status;

bitflags! {
    /// Privileges that a process can have. Code in kernel mode needs none.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Privileges: u64 {
        /// `SeTcbPrivilege`: to act as part of the operating system.
        const TCB = 1 << 7;
        /// `SeBackupPrivilege`: to save keys.
        const BACKUP = 1 << 17;
        /// `SeRestorePrivilege`: to load, unload, restore and replace hives.
        const RESTORE = 1 << 18;
    }
}

/// The id of the System process, in which drivers are loaded.
const SYSTEM_ID: usize = 4;
/// The first id of other processes and of threads. As on NT both are multiples of four and come
/// from one sequence.
const FIRST_ID: usize = 1000;

/// A process of a machine. Clones are the same process.
#[derive(Clone)]
pub struct Process {
    kernel: Arc<Kernel>,
    state: Arc<ProcessState>,
}

/// What the kernel knows of a process.
pub(crate) struct ProcessState {
    id: usize,
    name: Arc<str>,
    handles: HandleTable,
    /// The bits of its [`Privileges`].
    privileges: AtomicU64,
    /// What stands at the address of its `EPROCESS`.
    object: Box<Opaque>,
}

impl ProcessState {
    fn new(id: usize, name: &str) -> Arc<Self> {
        Arc::new(Self {
            id,
            name: name.into(),
            handles: HandleTable::new(),
            privileges: AtomicU64::new(0),
            object: Opaque::new(),
        })
    }

    /// Its id.
    pub(crate) fn id(&self) -> usize {
        self.id
    }

    /// The file name of its program.
    pub(crate) fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// Its handle table.
    pub(crate) fn handles(&self) -> &HandleTable {
        &self.handles
    }

    /// The address of its `EPROCESS`.
    pub(crate) fn address(&self) -> usize {
        self.object.address()
    }

    /// The mode in which its threads' own code runs.
    pub(crate) fn default_mode(&self) -> Mode {
        match self.id {
            SYSTEM_ID => Mode::Kernel,
            _ => Mode::User,
        }
    }
}

/// The processes of a machine.
pub(crate) struct Processes {
    system: Arc<ProcessState>,
    others: Mutex<Vec<Arc<ProcessState>>>,
    next_id: AtomicUsize,
}

impl Default for Processes {
    fn default() -> Self {
        Self {
            system: ProcessState::new(SYSTEM_ID, "System"),
            others: Mutex::default(),
            next_id: AtomicUsize::new(FIRST_ID),
        }
    }
}

impl Processes {
    /// The System process.
    pub(crate) fn system(&self) -> &Arc<ProcessState> {
        &self.system
    }

    /// All processes.
    pub(crate) fn all(&self) -> Vec<Arc<ProcessState>> {
        let others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        std::iter::once(&self.system)
            .chain(others.iter())
            .cloned()
            .collect()
    }

    /// An id for a new process or thread.
    pub(crate) fn next_id(&self) -> usize {
        self.next_id.fetch_add(4, Ordering::Relaxed)
    }

    fn start(&self, name: &str) -> Arc<ProcessState> {
        let process = ProcessState::new(self.next_id(), name);
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.push(Arc::clone(&process));
        process
    }
}

impl Machine {
    /// Starts a user-mode process. `name` is the file name of its program.
    pub fn process(&self, name: &str) -> Process {
        Process {
            kernel: Arc::clone(&self.kernel),
            state: self.kernel.processes.start(name),
        }
    }

    /// The System process, whose threads run in kernel mode: a host thread that enters it can call
    /// what [`wdm_sys`] declares as a driver does.
    pub fn system_process(&self) -> Process {
        Process {
            kernel: Arc::clone(&self.kernel),
            state: Arc::clone(self.kernel.processes.system()),
        }
    }
}

impl Process {
    /// Makes this host thread a new thread of the process, until the guard is dropped.
    pub fn enter(&self) -> ThreadGuard {
        ThreadGuard::enter(&self.kernel, &self.state)
    }

    /// Its id, as `PsGetCurrentProcessId` gives it.
    pub fn id(&self) -> usize {
        self.state.id
    }

    /// The file name of its program.
    pub fn name(&self) -> &str {
        &self.state.name
    }

    /// Gives the process privileges, enabled. It begins with none.
    pub fn grant(&self, privileges: Privileges) {
        self.state
            .privileges
            .fetch_or(privileges.bits(), Ordering::AcqRel);
    }

    /// Takes privileges away.
    pub fn revoke(&self, privileges: Privileges) {
        self.state
            .privileges
            .fetch_and(!privileges.bits(), Ordering::AcqRel);
    }
}

impl Thread {
    /// Whether the caller may use privileges; one in kernel mode may use all.
    ///
    /// # Errors
    /// `STATUS_PRIVILEGE_NOT_HELD`.
    pub(crate) fn require_privilege(&self, privileges: Privileges) -> Result<(), Status> {
        let held = self.process().privileges.load(Ordering::Acquire);
        match self.previous_mode() {
            Mode::User if !Privileges::from_bits_retain(held).contains(privileges) => {
                Err(Status::PRIVILEGE_NOT_HELD)
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Process")
            .field("id", &self.state.id)
            .field("name", &self.state.name)
            .finish_non_exhaustive()
    }
}
