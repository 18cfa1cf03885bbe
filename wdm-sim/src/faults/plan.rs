//! Which paths have been tried.

use std::collections::HashSet;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

/// A call that failed on purpose, and the path to it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Fault {
    /// The routine of the kernel.
    pub routine: String,
    /// How it failed: a status, `NULL`, `no memory`.
    pub answer: String,
    /// What the kernel had called the driver for: a notification such as `RegNtPreSetValueKey`, or a
    /// routine such as `DriverEntry`.
    pub during: String,
    /// The return addresses in the driver, the routine's caller first: `registry-guard.sys+0x1234`, or the
    /// function of a linked driver.
    pub stack: Vec<String>,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            routine,
            answer,
            during,
            stack,
        } = self;
        write!(f, "{routine} failed ({answer}) in {during}")?;
        if !stack.is_empty() {
            write!(f, " at {}", stack.join(" < "))?;
        }
        Ok(())
    }
}

/// A plan to fail one call of the kernel in each run of a driver, a call on another path each time.
///
/// Which calls fail: pool allocations and what else runs out on a real system, from registry operations
/// to system threads, where code of a driver makes them; not what gives something back. Paths are
/// told apart by the routine, by what the kernel had called the driver for, and by the call stack in the
/// driver. What the driver answers then is its own affair; that it leaks nothing, breaks no rule and stops
/// no machine is to be asserted.
///
/// A driver that crashes takes the process with it. `wdm-sim run --fail-each` gives each run of a `.sys`
/// file a process of its own, so that the other paths are tried all the same.
///
/// # Example
/// ```
/// use std::ptr::null_mut;
///
/// use wdm_sim::{FaultPlan, LoadDriverError, Machine};
/// use wdm_sys::{ExAllocatePoolWithTag, ExFreePoolWithTag, NonPagedPoolNx, NTSTATUS};
/// use wdm_sys::{PDRIVER_OBJECT, PUNICODE_STRING, STATUS_INSUFFICIENT_RESOURCES};
///
/// const TAG: u32 = u32::from_le_bytes(*b"Demo");
///
/// unsafe extern "system" fn driver_entry(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> NTSTATUS {
///     unsafe extern "system" fn unload(_: PDRIVER_OBJECT) {}
///     // SAFETY: the kernel gave the object; a block is freed once.
///     unsafe {
///         (*driver).DriverUnload = Some(unload);
///         let first = ExAllocatePoolWithTag(NonPagedPoolNx, 16, TAG);
///         if first.is_null() {
///             return STATUS_INSUFFICIENT_RESOURCES;
///         }
///         let second = ExAllocatePoolWithTag(NonPagedPoolNx, 16, TAG);
///         // Without this, the second run would find a leak.
///         if !second.is_null() {
///             ExFreePoolWithTag(second, TAG);
///         }
///         ExFreePoolWithTag(first, TAG);
///     }
///     0
/// }
///
/// let plan = FaultPlan::new();
/// while plan.next_run() {
///     let machine = Machine::builder().fail_each(&plan).build()?;
///     // SAFETY: the driver follows the rules.
///     match unsafe { machine.load_linked("demo", driver_entry) } {
///         Ok(driver) => machine.unload(driver)?,
///         // It could not do without what failed.
///         Err(LoadDriverError::Init { .. }) => {}
///         Err(error) => return Err(error.into()),
///     }
///     let report = machine.report();
///     assert_eq!(report.findings, [], "{:?}", report.fault);
/// }
/// assert_eq!(plan.faults().len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Default)]
pub struct FaultPlan(Arc<Shared>);

/// Told of a call before it fails.
type Hook = dyn Fn(&Fault) + Send;

#[derive(Default)]
struct Shared {
    /// The call of this run has failed.
    spent: AtomicBool,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    begun: bool,
    /// With the frames of linked drivers as addresses.
    tried: HashSet<Fault>,
    /// With the frames of linked drivers as names.
    faults: Vec<Fault>,
    hook: Option<Box<Hook>>,
}

impl FaultPlan {
    /// A plan for all paths.
    pub fn new() -> Self {
        Self::default()
    }

    /// A plan for the paths that `tried` does not have. It is for `.sys` files: the addresses of a linked
    /// driver mean nothing in another process.
    pub fn without(tried: impl IntoIterator<Item = Fault>) -> Self {
        let plan = Self::default();
        plan.lock().tried.extend(tried);
        plan
    }

    /// Calls `hook` with a call before it fails, on the thread that makes it: what the driver does next
    /// may end the process.
    pub fn on_fault(self, hook: impl Fn(&Fault) + Send + 'static) -> Self {
        self.lock().hook = Some(Box::new(hook));
        self
    }

    /// Begins a run; says whether there is a reason to: it is the first, or a call failed in the one
    /// before.
    pub fn next_run(&self) -> bool {
        let first = !std::mem::replace(&mut self.lock().begun, true);
        self.0.spent.swap(false, Ordering::SeqCst) || first
    }

    /// The calls that failed so far, one a run.
    pub fn faults(&self) -> Vec<Fault> {
        self.lock().faults.clone()
    }

    /// Whether the call of this run has failed.
    pub(super) fn is_spent(&self) -> bool {
        self.0.spent.load(Ordering::Relaxed)
    }

    /// Lets a call fail, if its path is a new one and no call of this run has failed; `names` are the
    /// frames as people read them.
    pub(super) fn inject(
        &self,
        mut fault: Fault,
        names: impl FnOnce() -> Vec<String>,
    ) -> Option<Fault> {
        let mut state = self.lock();
        if self.is_spent() || !state.tried.insert(fault.clone()) {
            return None;
        }
        self.0.spent.store(true, Ordering::SeqCst);
        fault.stack = names();
        state.faults.push(fault.clone());
        if let Some(hook) = &state.hook {
            hook(&fault);
        }
        Some(fault)
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for FaultPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.lock();
        f.debug_struct("FaultPlan")
            .field("tried", &state.tried.len())
            .field("faults", &state.faults)
            .finish_non_exhaustive()
    }
}
