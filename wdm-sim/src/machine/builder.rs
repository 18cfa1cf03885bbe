//! How a machine is set up.

use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;

use super::bugcheck::{BugCheck, BugCheckHook};
use super::debug::{DebugHook, DebugLog};
use super::{Kernel, Machine, Profile, services};
use crate::faults::{FaultPlan, Faults};
use crate::files::{File, Files};
use crate::hives::Hives;
use crate::loader::LoadOptions;
use crate::object::HandleTable;
use crate::registry::{HiveError, Key, Registry, demo_hives, wide};
use crate::se;
use crate::status::Status;
use crate::trace::{DEFAULT_LIMIT, Recorder};

/// Why a machine was not built.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BuildError {
    /// A hive could not be mounted.
    #[error(transparent)]
    Hive(#[from] HiveError),
    /// The demonstration hives could not be made.
    #[error("the demonstration hives could not be made ({0}); mount one of your own")]
    DemoHive(#[from] regf::Error),
    /// A file has a path that no file can have.
    #[error("the file {path} cannot be made: {status}; give a path such as \\??\\C:\\name")]
    File {
        /// The path.
        path: String,
        /// What is wrong with it.
        status: Status,
    },
    /// The host gives no memory for functions that are made at run time.
    #[error("the host gives no executable memory ({0}); allow executable maps")]
    Memory(region::Error),
    /// The keys that drivers are installed in could not be made.
    #[error("the keys for services could not be made ({0}); look into the mounted SYSTEM hive")]
    Services(Status),
}

/// What can be chosen beyond the registry's contents.
pub(crate) struct Options {
    /// Write a registration's cookie only after its callback can run (R3).
    pub(crate) publish_cookie_late: bool,
    /// Announce an open before a create (N9).
    pub(crate) announce_open_before_create: bool,
    /// How long a thread waits for a resource manager's answer.
    pub(crate) transaction_patience: Duration,
    /// Look at keys' security descriptors (S1).
    pub(crate) check_access: bool,
    /// What images are accepted.
    pub(crate) load: LoadOptions,
    /// Bind stubs to imports that the kernel does not have.
    pub(crate) stub_missing: bool,
    /// Told of a bug check before the process ends.
    pub(crate) bug_check: Option<Box<BugCheckHook>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            publish_cookie_late: false,
            announce_open_before_create: false,
            transaction_patience: Duration::from_secs(30),
            check_access: true,
            load: LoadOptions::default(),
            stub_missing: false,
            bug_check: None,
        }
    }
}

/// Sets up a [`Machine`].
#[derive(Default)]
#[must_use = "nothing is built before build()"]
pub struct Builder {
    profile: Profile,
    hives: Vec<(String, Vec<u8>)>,
    files: Vec<(String, Vec<u8>)>,
    options: Options,
    debug: Option<Box<DebugHook>>,
    trace: bool,
    trace_limit: Option<usize>,
    fail_each: Option<FaultPlan>,
}

impl Machine {
    /// Begins to set up a machine: Windows 10, with small demonstration hives: `SYSTEM`, `SOFTWARE` and
    /// `\REGISTRY\USER\.DEFAULT`.
    pub fn builder() -> Builder {
        Builder::default()
    }
}

impl Builder {
    /// Mounts a hive file (regf, or xz of it). A damaged hive is mounted as far as it can be read;
    /// [`Report::hives`](super::Report::hives) tells what is missing. It is mounted at
    /// `\REGISTRY\MACHINE\<name>`, or at `name` itself if that begins with a backslash. Without a `SYSTEM` hive, the machine gets a volatile one with
    /// the keys that drivers are installed in.
    pub fn hive(mut self, name: &str, file: impl Into<Vec<u8>>) -> Self {
        self.hives.push((name.to_owned(), file.into()));
        self
    }

    /// Puts a file into the machine, at an NT path such as `\??\C:\saved.hiv`; see
    /// [`Machine::file`].
    pub fn file(mut self, path: &str, bytes: impl Into<Vec<u8>>) -> Self {
        self.files.push((path.to_owned(), bytes.into()));
        self
    }

    /// The version of Windows that the machine is like.
    pub fn profile(mut self, profile: Profile) -> Self {
        self.profile = profile;
        self
    }

    /// Whether `CmRegisterCallbackEx` writes the cookie only after the callback can already run, as
    /// it happens on a machine with several processors (R3).
    pub fn publish_cookie_late(mut self, late: bool) -> Self {
        self.options.publish_cookie_late = late;
        self
    }

    /// Whether a create is announced as an open first, and as a create only if there is no such key
    /// (N9). Some builds of Windows may do so, and drivers must not depend on either.
    pub fn announce_open_before_create(mut self, announce: bool) -> Self {
        self.options.announce_open_before_create = announce;
        self
    }

    /// How long a commit or rollback waits for a resource manager that does not answer (T11), before
    /// that is a [`Finding`](crate::Finding) and it goes on without it: 30 seconds unless it is set.
    /// On Windows it would wait for ever.
    pub fn transaction_patience(mut self, patience: Duration) -> Self {
        self.options.transaction_patience = patience;
        self
    }

    /// Whether keys' security descriptors decide what programs may do with them (S1); so it is unless
    /// this is called. Tests of a driver alone, on a real machine's hives, need not know whom each key
    /// lets do what. A handle's rights are enforced all the same.
    pub fn check_access(mut self, check: bool) -> Self {
        self.options.check_access = check;
        self
    }

    /// Whether `.sys` files with sections that are both writable and executable are loaded.
    pub fn allow_writable_code(mut self, allow: bool) -> Self {
        self.options.load.allow_writable_code = allow;
        self
    }

    /// Whether an import that the kernel does not have is bound to a stub, so that the driver is loaded
    /// all the same; calling the stub stops the machine with a bug check that names the routine. Otherwise
    /// such a driver is not loaded. It is for `.sys` files, whose import tables do not tell functions
    /// from variables: a variable is bound to a stub too, and what is read from it is code.
    pub fn stub_missing_imports(mut self, stub: bool) -> Self {
        self.options.stub_missing = stub;
        self
    }

    /// Calls `hook` with each line that drivers print, on the thread that printed it.
    pub fn on_debug_print(mut self, hook: impl Fn(&str) + Send + Sync + 'static) -> Self {
        self.debug = Some(Box::new(hook));
        self
    }

    /// Calls `hook` when a driver stops the machine with `KeBugCheckEx`. Driver code cannot be left
    /// by unwinding, so when the hook returns the process ends (with `abort`).
    pub fn on_bug_check(mut self, hook: impl Fn(&BugCheck) + Send + Sync + 'static) -> Self {
        self.options.bug_check = Some(Box::new(hook));
        self
    }

    /// Whether what happens is recorded, for [`Machine::trace`].
    pub fn trace(mut self, trace: bool) -> Self {
        self.trace = trace;
        self
    }

    /// About how many bytes the trace may take; 64 MiB unless this is called. What begins when they
    /// are used up is left out, and counted. A little more is there for findings, and for drivers
    /// and callbacks that come and go.
    pub fn trace_limit(mut self, bytes: usize) -> Self {
        self.trace_limit = Some(bytes);
        self
    }

    /// Fails one call of the kernel that code of a driver makes, on a path that the plan has not seen;
    /// see [`FaultPlan`].
    pub fn fail_each(mut self, plan: &FaultPlan) -> Self {
        self.fail_each = Some(plan.clone());
        self
    }

    /// Builds the machine.
    ///
    /// # Errors
    /// See [`BuildError`].
    pub fn build(self) -> Result<Machine, BuildError> {
        crate::exports::keep_linked();
        let registry = Registry::new();
        let mut files = self.hives;
        let is_demo = files.is_empty();
        if is_demo {
            files = demo_hives()?;
        }
        let trace = self
            .trace
            .then(|| Box::new(Recorder::new(self.trace_limit.unwrap_or(DEFAULT_LIMIT))));
        let hives = Hives::default();
        let stored = Files::default();
        for (path, bytes) in self.files {
            let put = stored.put(&wide(&path), File::new(bytes));
            put.map_err(|status| BuildError::File { path, status })?;
        }
        for (name, file) in files {
            let path = match name.starts_with('\\') {
                true => name.clone(),
                false => format!(r"\REGISTRY\MACHINE\{name}"),
            };
            let report = registry.mount_at(&wide(&path), &file)?;
            let root = registry
                .open(&wide(&path), true)
                .map_err(BuildError::Services)?;
            if is_demo {
                protect(&root).map_err(BuildError::Services)?;
            }
            let file = File::new(file);
            let short = name.rsplit('\\').next().unwrap_or(&name);
            let stored_at = format!(r"\SystemRoot\System32\config\{short}");
            // Where two hives have one name, the second one's file has none.
            let _ = stored.add(&wide(&stored_at), Arc::clone(&file));
            hives.add(root, file, false);
            hives.note(&name, Ok(report));
        }
        services::ensure(&registry).map_err(BuildError::Services)?;
        let kernel = Arc::new(Kernel {
            profile: self.profile,
            options: self.options,
            files: stored,
            hives,
            registry,
            cm: Default::default(),
            objects: Default::default(),
            handles: HandleTable::for_kernel(),
            pool: Default::default(),
            dispatcher: Default::default(),
            dpcs: Default::default(),
            locks: Default::default(),
            object_callbacks: Default::default(),
            lookasides: Default::default(),
            generic_tables: Default::default(),
            work_items: Default::default(),
            unfinished: Default::default(),
            io: Default::default(),
            callback_objects: Default::default(),
            verifier: Default::default(),
            counters: Default::default(),
            drivers: Default::default(),
            #[cfg(target_arch = "x86_64")]
            stubs: Default::default(),
            processes: Default::default(),
            notify: Default::default(),
            system_threads: Default::default(),
            debug: DebugLog::new(self.debug),
            trace,
            faults: Faults::new(self.fail_each).map_err(BuildError::Memory)?,
        });
        kernel.publish_process(kernel.processes.system());
        Ok(Machine { kernel })
    }
}

/// Gives all keys of a demonstration hive the descriptor of a hive's root: administrators may do
/// everything, everybody may read.
fn protect(root: &Arc<Key>) -> Result<(), Status> {
    let descriptor = se::hive_root();
    let mut pending = vec![Arc::clone(root)];
    while let Some(key) = pending.pop() {
        key.set_security(Arc::clone(&descriptor))?;
        pending.extend(key.subkeys()?);
    }
    Ok(())
}
