//! Simulated threads: whose code runs on one, at which level and in which mode.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use wdm_sys::NTSTATUS;

use super::attach::Attachments;
use super::entered::as_current;
use super::thread::ThreadObject;
use super::{DriverId, Kernel, NotifySubject, ProcessState};
use crate::call::Abi;
use crate::callback_object;
use crate::cm;
use crate::faults;
use crate::io;
use crate::verifier::Rule;

thread_local! {
    static NUMBER: Cell<Option<usize>> = const { Cell::new(None) };
}

/// A small number of this host thread's own, for choosing shards.
pub(crate) fn thread_number() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    NUMBER.with(|number| {
        number.get().unwrap_or_else(|| {
            let new = NEXT.fetch_add(1, Ordering::Relaxed);
            number.set(Some(new));
            new
        })
    })
}

/// The processor mode that a system call comes from (`KPROCESSOR_MODE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `KernelMode`.
    Kernel = 0,
    /// `UserMode`.
    User = 1,
}

/// Which driver's code runs, and how functions that it names are called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The driver; [`DriverId::NONE`] for code that belongs to none.
    pub(crate) driver: DriverId,
    /// The calling convention of its functions.
    pub(crate) abi: Abi,
}

impl Caller {
    /// Code that belongs to no driver, such as a test's.
    pub(crate) const NONE: Self = Self {
        driver: DriverId::NONE,
        abi: Abi::Host,
    };
}

/// A routine of a driver that the kernel calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(
    not(all(target_os = "linux", target_arch = "x86_64")),
    allow(dead_code, reason = "exceptions ask")
)]
pub(crate) struct Routine {
    /// What kind of routine it is: `DriverEntry`, `EX_CALLBACK_FUNCTION` and so on.
    pub(crate) kind: &'static str,
    /// Its address.
    pub(crate) address: usize,
}

impl Routine {
    /// No routine.
    const NONE: Self = Self {
        kind: "",
        address: 0,
    };
}

/// A simulated thread. It belongs to the host thread that entered it.
pub(crate) struct Thread {
    kernel: Arc<Kernel>,
    object: Arc<ThreadObject>,
    /// The processes that it is attached to.
    pub(super) attachments: Attachments,
    previous_mode: Cell<Mode>,
    /// The mode of the code that calls system services.
    calling_mode: Cell<Mode>,
    irql: Cell<u8>,
    critical_regions: Cell<u32>,
    guarded_regions: Cell<u32>,
    /// The addresses of the fast mutexes that it has.
    fast_mutexes: RefCell<Vec<usize>>,
    caller: Cell<Caller>,
    routine: Cell<Routine>,
    /// What the configuration manager remembers of the operations under way on this thread.
    pub(crate) cm: cm::ThreadState,
    /// The callbacks of callback objects that stand on its stack.
    pub(crate) callback_objects: callback_object::ThreadState,
    /// How many events of the machine's trace are under way on it.
    pub(crate) trace_depth: Cell<u32>,
    /// What it remembers of calls that may fail.
    pub(crate) faults: faults::ThreadState,
    /// The requests that it has made and that may be pending.
    pub(crate) io: io::ThreadState,
    /// Whether its guard has been dropped.
    left: Cell<bool>,
    gs: Cell<Option<gs::Block>>,
}

impl Thread {
    pub(super) fn new(kernel: Arc<Kernel>, object: Arc<ThreadObject>) -> Self {
        #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
        crate::seh::prepare_thread();
        Self {
            previous_mode: Cell::new(object.process().default_mode()),
            calling_mode: Cell::new(Mode::Kernel),
            irql: Cell::new(irql::PASSIVE_LEVEL),
            critical_regions: Cell::new(0),
            guarded_regions: Cell::new(0),
            fast_mutexes: RefCell::default(),
            caller: Cell::new(Caller::NONE),
            routine: Cell::new(Routine::NONE),
            cm: cm::ThreadState::default(),
            callback_objects: callback_object::ThreadState::default(),
            trace_depth: Cell::new(0),
            faults: faults::ThreadState::default(),
            io: io::ThreadState::default(),
            left: Cell::new(false),
            gs: Cell::new(Some(gs::Block::install(object.address()))),
            kernel,
            object,
            attachments: Attachments::default(),
        }
    }

    /// Notes that its guard has been dropped.
    pub(super) fn leave(&self) {
        self.left.set(true);
    }

    /// Whether its guard has been dropped.
    pub(super) fn has_left(&self) -> bool {
        self.left.get()
    }

    /// Puts the `gs` of the thread before back.
    pub(super) fn give_gs_up(&self) {
        self.gs.take();
    }

    /// The machine that the thread belongs to.
    pub(crate) fn kernel(&self) -> &Arc<Kernel> {
        &self.kernel
    }

    /// The current process: the one that the thread is attached to, or its own.
    pub(crate) fn process(&self) -> &ProcessState {
        let attached = self.attachments.current();
        attached.unwrap_or_else(|| self.own_process())
    }

    /// The process that the thread belongs to.
    pub(crate) fn own_process(&self) -> &Arc<ProcessState> {
        self.object.process()
    }

    /// The thread's object.
    pub(crate) fn object(&self) -> &Arc<ThreadObject> {
        &self.object
    }

    /// The thread's id, a multiple of four.
    pub(crate) fn id(&self) -> usize {
        self.object.id()
    }

    /// The address of its `KTHREAD`.
    pub(crate) fn address(&self) -> usize {
        self.object.address()
    }

    /// Where the current system call comes from (`ExGetPreviousMode`).
    pub(crate) fn previous_mode(&self) -> Mode {
        self.previous_mode.get()
    }

    /// Runs `body` as a system call from `mode`: Zw* routines use [`Mode::Kernel`].
    pub(crate) fn with_previous_mode<T>(&self, mode: Mode, body: impl FnOnce() -> T) -> T {
        let before = self.previous_mode.replace(mode);
        let result = body();
        self.previous_mode.set(before);
        result
    }

    /// The mode that a Zw* routine is called from.
    pub(crate) fn calling_mode(&self) -> Mode {
        self.calling_mode.get()
    }

    /// Runs `body` as code of `mode` that calls Zw* routines.
    pub(super) fn with_calling_mode<T>(&self, mode: Mode, body: impl FnOnce() -> T) -> T {
        let before = self.calling_mode.replace(mode);
        let result = body();
        self.calling_mode.set(before);
        result
    }

    /// The driver whose code runs.
    pub(crate) fn caller(&self) -> Caller {
        self.caller.get()
    }

    /// Runs `body` as code of `caller`.
    pub(crate) fn with_caller<T>(&self, caller: Caller, body: impl FnOnce() -> T) -> T {
        let before = self.caller.replace(caller);
        let result = body();
        self.caller.set(before);
        result
    }

    /// The routine of a driver that runs, the innermost if there are several.
    pub(crate) fn routine(&self) -> Routine {
        self.routine.get()
    }

    /// Runs `body` as `routine`.
    pub(crate) fn with_routine<T>(&self, routine: Routine, body: impl FnOnce() -> T) -> T {
        let before = self.routine.replace(routine);
        let older = self.enter_routine();
        let result = self.with_calling_mode(Mode::Kernel, body);
        self.leave_routine(older);
        self.routine.set(before);
        result
    }

    /// The interrupt request level.
    pub(crate) fn irql(&self) -> u8 {
        self.irql.get()
    }

    /// Sets the level and returns the one before.
    pub(crate) fn set_irql(&self, irql: u8) -> u8 {
        self.irql.replace(irql)
    }

    /// How deep in critical regions the thread is (`KeEnterCriticalRegion`).
    pub(crate) fn critical_regions(&self) -> u32 {
        self.critical_regions.get()
    }

    /// Sets how deep in critical regions the thread is.
    pub(crate) fn set_critical_regions(&self, depth: u32) {
        self.critical_regions.set(depth);
    }

    /// How deep in guarded regions the thread is (`KeEnterGuardedRegion`).
    pub(crate) fn guarded_regions(&self) -> u32 {
        self.guarded_regions.get()
    }

    /// Sets how deep in guarded regions the thread is.
    pub(crate) fn set_guarded_regions(&self, depth: u32) {
        self.guarded_regions.set(depth);
    }

    /// Ends it: drivers are told, its requests are cancelled, and who waits for it goes on.
    pub(crate) fn exit(self: &Rc<Self>, status: NTSTATUS) {
        self.object.terminate(status);
        if self.object.is_announced() && self.kernel.notify.any(NotifySubject::Thread) {
            as_current(self, || self.kernel.notify_ending_thread(self));
        }
        if !self.io.is_idle() {
            as_current(self, || io::leave_thread(self));
        }
        self.object.finish(&self.kernel);
    }

    /// Takes note of a fast mutex that it has now, or has no longer.
    pub(crate) fn set_has_fast_mutex(&self, mutex: usize, has_it: bool) {
        let mut mutexes = self.fast_mutexes.borrow_mut();
        match has_it {
            true => mutexes.push(mutex),
            false => mutexes.retain(|&other| other != mutex),
        }
    }

    /// Whether it has a lock, of whatever kind.
    pub(crate) fn has_lock(&self, lock: usize) -> bool {
        let is_mutex = self.fast_mutexes.borrow().contains(&lock);
        is_mutex || self.kernel.locks.times(self.address(), lock).1 > 0
    }

    /// Records that the running driver broke a rule, at the routine `call`.
    pub(crate) fn finding(&self, rule: Rule, call: &'static str, detail: impl Into<String>) {
        self.kernel
            .finding(self.caller().driver, rule, call, detail);
    }

    /// Records a finding if the level is above `highest`, the routine's documented limit.
    pub(crate) fn require_irql(&self, highest: u8, call: &'static str) {
        self.require_irql_by(Rule::Irql, highest, call);
    }

    /// As [`require_irql`](Self::require_irql), by a rule that the routine has for it.
    pub(crate) fn require_irql_by(&self, rule: Rule, highest: u8, call: &'static str) {
        if self.irql() > highest {
            self.finding(
                rule,
                call,
                format!(
                    "called at IRQL {}, allowed up to {highest}; lower the IRQL first",
                    self.irql()
                ),
            );
        }
    }
}

/// Interrupt request levels (`KIRQL`).
pub(crate) mod irql {
    /// Ordinary code.
    pub(crate) const PASSIVE_LEVEL: u8 = 0;
    /// APCs held off.
    pub(crate) const APC_LEVEL: u8 = 1;
    /// The scheduler held off.
    pub(crate) const DISPATCH_LEVEL: u8 = 2;
}

/// The `gs` block that drivers for x86_64 read their current thread from.
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod gs {
    use crate::loader::GsBlock;

    /// Absent where the host forbids it, such as in some sandboxes.
    pub(super) struct Block(#[allow(dead_code, reason = "held for its drop")] Option<GsBlock>);

    impl Block {
        pub(super) fn install(thread: usize) -> Self {
            let address = std::ptr::with_exposed_provenance_mut(thread);
            Self(GsBlock::install(address).ok())
        }
    }
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
mod gs {
    pub(super) struct Block;

    impl Block {
        pub(super) fn install(_: usize) -> Self {
            Self
        }
    }
}
