//! Processes.

use std::ffi::{CString, c_char};
use std::fmt;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use wdm_sys::NTSTATUS;

use super::entered::on_maker;
use super::running::Thread;
use super::thread::Opaque;
use super::{Kernel, Machine, Mode, NotifySubject, ThreadGuard};
use crate::object::{Body, HandleTable, ObjectRef};
use crate::registry::system_time;
use crate::se::{Account, Privileges, Sid, Token};
use crate::status::Status;

/// The id of the System process, in which drivers are loaded.
const SYSTEM_ID: usize = 4;
/// The first id of other processes and of threads. As on NT both are multiples of four and come
/// from one sequence.
const FIRST_ID: usize = 1000;

/// Where programs lie that are named without a path.
const PROGRAMS: &str = r"\Device\HarddiskVolume1\Windows\System32\";

/// A process of a machine. Clones are the same process.
#[derive(Clone)]
pub struct Process {
    kernel: Arc<Kernel>,
    state: Arc<ProcessState>,
}

/// What the kernel knows of a process.
pub(crate) struct ProcessState {
    id: usize,
    /// The id of the process that made it.
    parent: usize,
    name: Arc<str>,
    /// The first bytes of the name, NUL-terminated.
    short_name: CString,
    handles: HandleTable,
    token: Token,
    /// Whether it is a 32-bit program.
    is_wow64: bool,
    /// When it was made, in 100 ns units since 1601.
    create_time: u64,
    exit_status: AtomicI32,
    /// What stands at the address of its `EPROCESS`.
    object: Box<Opaque>,
}

impl ProcessState {
    fn new(id: usize, parent: usize, name: &str, token: Token, is_wow64: bool) -> Arc<Self> {
        Arc::new(Self {
            id,
            parent,
            name: name.into(),
            short_name: short(name),
            handles: HandleTable::new(),
            token,
            is_wow64,
            create_time: system_time(),
            exit_status: AtomicI32::new(Status::PENDING.0),
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

    /// The id of the process that made it; 0 for System.
    pub(crate) fn parent(&self) -> usize {
        self.parent
    }

    /// The full path of its program's file, as NT has it; empty for System.
    pub(crate) fn image(&self) -> String {
        match &*self.name {
            _ if self.id == SYSTEM_ID => String::new(),
            name if name.starts_with('\\') => name.to_owned(),
            name => format!(r"{PROGRAMS}{name}"),
        }
    }

    /// The first bytes of its program's name, NUL-terminated, as its `EPROCESS` has them.
    pub(crate) fn short_name(&self) -> *const c_char {
        self.short_name.as_ptr()
    }

    /// Its handle table.
    pub(crate) fn handles(&self) -> &HandleTable {
        &self.handles
    }

    /// Who it runs as.
    pub(crate) fn token(&self) -> &Token {
        &self.token
    }

    /// Whether it is a 32-bit program.
    pub(crate) fn is_wow64(&self) -> bool {
        self.is_wow64
    }

    /// When it was made, in 100 ns units since 1601.
    pub(crate) fn create_time(&self) -> u64 {
        self.create_time
    }

    /// What it has ended with; `STATUS_PENDING` before that.
    pub(crate) fn exit_status(&self) -> NTSTATUS {
        self.exit_status.load(Ordering::Acquire)
    }

    /// Says what it ends with.
    fn terminate(&self, status: Status) {
        self.exit_status.store(status.0, Ordering::Release);
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

/// What an `EPROCESS` has room for of a program's name.
fn short(name: &str) -> CString {
    const ROOM: usize = 14;
    let file = name.rsplit('\\').next().unwrap_or(name);
    let bytes = file.bytes().filter(|&byte| byte != 0).take(ROOM);
    // No NUL is left in it.
    CString::new(bytes.collect::<Vec<u8>>()).unwrap_or_default()
}

/// The processes of a machine.
pub(crate) struct Processes {
    system: Arc<ProcessState>,
    /// The variable `PsInitialSystemProcess`.
    system_variable: Box<usize>,
    others: Mutex<Vec<Arc<ProcessState>>>,
    next_id: AtomicUsize,
}

impl Default for Processes {
    fn default() -> Self {
        let account = Account::System;
        let token = Token::new(account.user(), account.groups(), Privileges::all());
        let system = ProcessState::new(SYSTEM_ID, 0, "System", token, false);
        Self {
            system_variable: Box::new(system.address()),
            system,
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

    /// The address of the variable that holds that of the System process.
    pub(crate) fn system_variable(&self) -> *const () {
        (&raw const *self.system_variable).cast()
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

    fn start(&self, parent: usize, process: &ProcessBuilder) -> Arc<ProcessState> {
        let token = Token::new(
            process.user.clone(),
            process.groups.clone(),
            process.privileges,
        );
        let (name, id) = (&process.name, self.next_id());
        let process = ProcessState::new(id, parent, name, token, process.wow64);
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.push(Arc::clone(&process));
        process
    }

    /// Takes away a process that has ended.
    fn forget(&self, process: &Arc<ProcessState>) {
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        others.retain(|other| !Arc::ptr_eq(other, process));
    }
}

impl Kernel {
    /// Makes a process one of the object manager's, which drivers can look up.
    pub(super) fn publish_process(&self, process: &Arc<ProcessState>) {
        let body = Body::Process(Arc::clone(process));
        let object = self.objects.create_at(self, process.address(), body);
        // The reference of the process's own life, which `withdraw_process` gives back.
        drop(object.into_counted());
    }

    fn withdraw_process(&self, process: &ProcessState) {
        if let Some(object) = self.objects.find(process.address()) {
            drop(ObjectRef::adopt(self, object));
        }
    }
}

impl Machine {
    /// Starts a user-mode process, which runs as [`Account::System`] without privileges. `name` is the
    /// file name of its program, or the full path as NT has it (`\Device\HarddiskVolume1\...`). Its
    /// parent is the process that this host thread has entered, or System. A driver that refuses it is
    /// not heeded; see [`start_process`](Self::start_process).
    pub fn process(&self, name: &str) -> Process {
        self.process_builder(name).start()
    }

    /// Starts a user-mode process as [`process`](Self::process) does, unless a driver refuses.
    ///
    /// # Errors
    /// The status with which a routine of `PsSetCreateProcessNotifyRoutineEx` or `...Ex2` refuses it.
    pub fn start_process(&self, name: &str) -> Result<Process, Status> {
        self.process_builder(name).try_start()
    }

    /// Sets up a user-mode process, called as for [`process`](Self::process).
    ///
    /// ```
    /// use wdm_sim::{Account, KeyAccess, Machine, Status};
    ///
    /// let machine = Machine::builder().build()?;
    /// let user = machine.process_builder("user.exe").account(Account::User).start();
    /// let thread = user.enter();
    /// let path = r"\REGISTRY\MACHINE";
    /// assert!(thread.open_key(path, KeyAccess::READ).is_ok());
    /// assert_eq!(thread.open_key(path, KeyAccess::WRITE).unwrap_err(), Status::ACCESS_DENIED);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn process_builder(&self, name: &str) -> ProcessBuilder {
        let account = Account::default();
        ProcessBuilder {
            kernel: Arc::clone(&self.kernel),
            name: name.to_owned(),
            user: account.user(),
            groups: account.groups(),
            privileges: Privileges::empty(),
            wow64: false,
        }
    }

    /// Enters the System process as a thread of the kernel's own, of which drivers are not told.
    pub(crate) fn enter_system(&self) -> ThreadGuard {
        ThreadGuard::enter(&self.kernel, self.kernel.processes.system())
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

/// Sets up a [`Process`]: who it runs as, and whether it is a 32-bit program. From
/// [`Machine::process_builder`].
#[derive(Clone)]
#[must_use = "nothing is started before start()"]
pub struct ProcessBuilder {
    kernel: Arc<Kernel>,
    name: String,
    user: Sid,
    groups: Vec<Sid>,
    privileges: Privileges,
    wow64: bool,
}

impl ProcessBuilder {
    /// Who it runs as: user and groups.
    pub fn account(self, account: Account) -> Self {
        self.user(account.user()).groups(account.groups())
    }

    /// The user that it runs as.
    pub fn user(mut self, user: Sid) -> Self {
        self.user = user;
        self
    }

    /// The groups that the user is a member of. The first is the group of the keys that it makes;
    /// their owner is the group of administrators if that is one of the groups.
    pub fn groups(mut self, groups: impl IntoIterator<Item = Sid>) -> Self {
        self.groups = groups.into_iter().collect();
        self
    }

    /// The privileges that it has, enabled; none if not told.
    pub fn privileges(mut self, privileges: Privileges) -> Self {
        self.privileges = privileges;
        self
    }

    /// Whether it is a 32-bit program, which has a view of the registry of its own (V1 to V5).
    pub fn wow64(mut self, wow64: bool) -> Self {
        self.wow64 = wow64;
        self
    }

    /// Starts it, as [`Machine::process`] does; a driver that refuses it is not heeded.
    pub fn start(self) -> Process {
        let (process, _) = self.begin();
        process.load_image();
        process
    }

    /// Starts it, as [`Machine::start_process`] does, unless a driver refuses.
    ///
    /// # Errors
    /// The status with which a routine of `PsSetCreateProcessNotifyRoutineEx` or `...Ex2` refuses it.
    pub fn try_start(self) -> Result<Process, Status> {
        let (process, heard) = self.begin();
        if let Err(status) = heard {
            process.state.terminate(status);
            process.kernel.processes.forget(&process.state);
            process.kernel.withdraw_process(&process.state);
            return Err(status);
        }
        process.load_image();
        Ok(process)
    }

    fn begin(self) -> (Process, Result<(), Status>) {
        let kernel = &self.kernel;
        let (state, heard) = on_maker(kernel, |maker| {
            let state = kernel.processes.start(maker.own_process().id(), &self);
            kernel.publish_process(&state);
            let heard = match kernel.notify.any(NotifySubject::Process) {
                true => kernel.notify_process(maker, &state, true),
                false => Ok(()),
            };
            (state, heard)
        });
        let process = Process {
            kernel: Arc::clone(kernel),
            state,
        };
        (process, heard)
    }
}

impl fmt::Debug for ProcessBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessBuilder")
            .field("name", &self.name)
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

impl Process {
    /// Makes this host thread a new thread of the process, until the guard is dropped. Drivers are told
    /// of it on the thread that this host thread has entered before, or on one of System, and of its end.
    pub fn enter(&self) -> ThreadGuard {
        ThreadGuard::enter_program(&self.kernel, &self.state)
    }

    /// Ends the process: drivers are told, and its handles are closed. Its threads must have left; one
    /// that enters it later is a thread of no process that drivers can look up.
    pub fn exit(self) {
        let kernel = &self.kernel;
        kernel.processes.forget(&self.state);
        self.state.terminate(Status::SUCCESS);
        let guard = ThreadGuard::enter(kernel, &self.state);
        if kernel.notify.any(NotifySubject::Process) {
            // A process that ends cannot be refused to.
            let _ = kernel.notify_process(guard.thread(), &self.state, false);
        }
        for handle in self.state.handles.all() {
            drop(self.state.handles.close(kernel, handle));
        }
        drop(guard);
        kernel.withdraw_process(&self.state);
    }

    /// Tells drivers of its program, in its own context.
    fn load_image(&self) {
        let kernel = &self.kernel;
        if kernel.notify.any(NotifySubject::Image) {
            let guard = ThreadGuard::enter(kernel, &self.state);
            kernel.notify_program(guard.thread(), &self.state);
        }
    }

    /// Its id, as `PsGetCurrentProcessId` gives it.
    pub fn id(&self) -> usize {
        self.state.id
    }

    /// The file name of its program.
    pub fn name(&self) -> &str {
        &self.state.name
    }

    /// Gives the process privileges, enabled.
    pub fn grant(&self, privileges: Privileges) {
        self.state.token.grant(privileges);
    }

    /// Takes privileges away.
    pub fn revoke(&self, privileges: Privileges) {
        self.state.token.revoke(privileges);
    }
}

impl Thread {
    /// Whether the caller may use privileges; one in kernel mode may use all.
    ///
    /// # Errors
    /// `STATUS_PRIVILEGE_NOT_HELD`.
    pub(crate) fn require_privilege(&self, privileges: Privileges) -> Result<(), Status> {
        match self.previous_mode() {
            Mode::User if !self.process().token().has(privileges) => {
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
