//! A simulated machine: one NT kernel with a registry, drivers and processes.
//!
//! ```
//! use wdm_sim::Machine;
//!
//! let machine = Machine::builder().build()?;
//! let app = machine.process("app.exe");
//! let thread = app.enter();
//! # drop(thread);
//! assert!(machine.report().findings.is_empty());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod attach;
mod bugcheck;
mod builder;
mod counters;
mod debug;
mod device_node;
mod driver;
mod entered;
mod fault;
mod files;
mod install;
mod load;
mod notify;
mod process;
mod profile;
mod report;
mod running;
mod services;
#[cfg(target_arch = "x86_64")]
mod stubs;
mod thread;

use std::fmt;
use std::sync::Arc;

use crate::callback_object;
use crate::cm;
use crate::dpc::Dpcs;
use crate::exports::SystemThreads;
use crate::faults::Faults;
use crate::files::Files;
use crate::generic_tables::GenericTables;
use crate::hives::Hives;
use crate::io;
use crate::ke::Dispatcher;
use crate::locks::Locks;
use crate::lookaside::Lookasides;
use crate::object::{self, HandleTable};
use crate::pool::Pool;
use crate::registry::Registry;
use crate::tm;
use crate::trace::{Recorder, What};
use crate::verifier::{Finding, Rule, Verifier};
use crate::work_items::WorkItems;

pub use bugcheck::BugCheck;
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
pub(crate) use bugcheck::{LostThread, UnhandledException};
pub use builder::{BuildError, Builder};
pub use counters::{ClassCount, CounterReport};
pub(crate) use counters::{Counter, Counters};
pub use device_node::DeviceNode;
pub use driver::Driver;
pub(crate) use driver::{DriverId, DriverRecord, Drivers};
pub use entered::ThreadGuard;
pub(crate) use entered::{as_current, current, on_this_host_thread, try_current};
pub use fault::report_faults;
pub use install::Setting;
pub use load::{LinkedEntry, LoadDriverError, UnloadError};
pub(crate) use notify::{Kind as NotifyKind, NotifyRoutines, Subject as NotifySubject};
pub use process::{Process, ProcessBuilder};
pub(crate) use process::{ProcessState, Processes};
pub use profile::{Profile, UnknownProfile};
pub use report::{MountedHive, Report};
pub(crate) use running::{Caller, Mode, Routine, Thread, irql, thread_number};
pub(crate) use thread::{Opaque, Origin, ThreadObject};

use builder::Options;
use debug::DebugLog;

/// A simulated machine. Clones are the same machine; any number of machines can live in one
/// process, and any number of host threads can enter one.
#[derive(Clone)]
pub struct Machine {
    pub(crate) kernel: Arc<Kernel>,
}

/// What a machine consists of.
pub(crate) struct Kernel {
    pub(crate) profile: Profile,
    pub(crate) options: Options,
    pub(crate) files: Files,
    pub(crate) hives: Hives,
    pub(crate) registry: Registry,
    pub(crate) cm: cm::Manager,
    pub(crate) objects: object::Manager,
    pub(crate) object_callbacks: object::ObjectCallbacks,
    /// The kernel's handle table (`OBJ_KERNEL_HANDLE`).
    pub(crate) handles: HandleTable,
    pub(crate) pool: Pool,
    pub(crate) dispatcher: Dispatcher,
    pub(crate) dpcs: Dpcs,
    pub(crate) locks: Locks,
    pub(crate) lookasides: Lookasides,
    pub(crate) generic_tables: GenericTables,
    pub(crate) work_items: WorkItems,
    pub(crate) unfinished: tm::Unfinished,
    pub(crate) io: io::Manager,
    pub(crate) callback_objects: callback_object::Names,
    pub(crate) verifier: Verifier,
    pub(crate) counters: Counters,
    pub(crate) drivers: Drivers,
    /// The stubs of all images that were loaded.
    #[cfg(target_arch = "x86_64")]
    pub(crate) stubs: std::sync::Mutex<Vec<stubs::Stubs>>,
    pub(crate) processes: Processes,
    pub(crate) notify: NotifyRoutines,
    pub(crate) system_threads: SystemThreads,
    pub(crate) debug: DebugLog,
    /// What happened, if somebody wants to know.
    pub(crate) trace: Option<Box<Recorder>>,
    pub(crate) faults: Faults,
}

impl Kernel {
    /// Records that a driver broke a rule, at the routine `call`.
    pub(crate) fn finding(
        &self,
        driver: DriverId,
        rule: Rule,
        call: &'static str,
        detail: impl Into<String>,
    ) {
        let finding = Finding {
            rule,
            call: call.to_owned(),
            driver: self.drivers.name(driver),
            detail: detail.into(),
            times: 1,
        };
        self.trace_event(|| What::Finding {
            finding: Box::new(finding.clone()),
        });
        self.verifier.record(finding);
    }
}

impl Machine {
    /// Where in a loaded `.sys` file an address lies, such as `registry-guard.sys+0x1234 (.text)`.
    /// `None` also while a driver is being loaded or unloaded: it does not wait, so that a fault
    /// handler can ask.
    pub fn describe_address(&self, address: usize) -> Option<String> {
        self.kernel.drivers.describe(address)
    }
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine")
            .field("profile", &self.kernel.profile)
            .field("drivers", &self.kernel.drivers.names())
            .finish_non_exhaustive()
    }
}
