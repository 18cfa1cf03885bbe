//! Callback objects (`ExCreateCallback`): named objects with which drivers tell each other, and the
//! kernel tells drivers, that something has happened.
//!
//! Pages: docs: kernel/callback-objects and its neighbours; ddi: nf-wdm-excreatecallback,
//! nf-wdm-exregistercallback, nf-wdm-exunregistercallback, nf-wdm-exnotifycallback,
//! nf-wdm-zwmaketemporaryobject. That unregistering waits for the calls that are under way is on no
//! page; NT does it, and drivers that free a callback's context afterwards rely on it.

mod names;
mod registrations;

pub(crate) use names::{Creation, Names};
pub(crate) use registrations::{NotUnregistered, ThreadState, notify, register, unregister};

use registrations::Registrations;

use crate::call::Code;
use crate::machine::{Caller, DriverId, Kernel, Machine};
use crate::verifier::Rule;

/// A callback object.
pub(crate) struct CallbackObject {
    name: String,
    /// Whether it takes more than one callback.
    many: bool,
    /// Whether the kernel made it, for events of its own.
    system: bool,
    registrations: Registrations,
}

impl CallbackObject {
    fn new(name: &[u16], many: bool, system: bool) -> Self {
        Self {
            name: String::from_utf16_lossy(name),
            many,
            system,
            registrations: Registrations::default(),
        }
    }

    /// Its name when it was made.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether only the kernel may notify its callbacks.
    pub(crate) fn is_system(&self) -> bool {
        self.system
    }
}

/// A callback as a driver registers it.
#[derive(Clone, Copy)]
pub(crate) struct Function {
    /// The callback.
    pub(crate) code: Code,
    /// Its first argument, kept as a number: only the driver looks behind it.
    pub(crate) context: usize,
}

/// A callback object of the kernel's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemCallback {
    /// `\Callback\SetSystemTime`: the system time was changed. No arguments.
    SetSystemTime,
    /// `\Callback\PowerState`: a `PO_CB_*` constant, and `TRUE` or `FALSE`.
    PowerState,
    /// `\Callback\ProcessorAdd`: the address of a `KE_PROCESSOR_CHANGE_NOTIFY_CONTEXT`, and that of
    /// an `NTSTATUS`. From Windows Vista on.
    ProcessorAdd,
}

impl SystemCallback {
    const ALL: [Self; 3] = [Self::SetSystemTime, Self::PowerState, Self::ProcessorAdd];

    /// The object's name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::SetSystemTime => r"\Callback\SetSystemTime",
            Self::PowerState => r"\Callback\PowerState",
            Self::ProcessorAdd => r"\Callback\ProcessorAdd",
        }
    }
}

impl Machine {
    /// Lets the kernel notify the callbacks of one of its callback objects, on a thread of the
    /// System process at `PASSIVE_LEVEL`. It returns when they have.
    ///
    /// ```
    /// use wdm_sim::{Machine, SystemCallback};
    ///
    /// let machine = Machine::builder().build()?;
    /// machine.notify_system_callback(SystemCallback::SetSystemTime, 0, 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn notify_system_callback(&self, which: SystemCallback, first: usize, second: usize) {
        let kernel = &self.kernel;
        let guard = self.enter_system();
        if let Some(object) = kernel.callback_objects.system(kernel, which) {
            guard.thread().with_caller(Caller::NONE, || {
                notify(guard.thread(), &object, first, second);
            });
        }
    }
}

impl Kernel {
    /// Reports and takes away the callbacks and the permanent callback objects of a driver that is
    /// gone.
    pub(crate) fn report_callback_objects(&self, driver: DriverId, call: &'static str) {
        for name in registrations::remove_of(self, driver) {
            let detail = format!(
                "a callback is still registered with {name}; call ExUnregisterCallback before the \
                 driver goes"
            );
            self.finding(driver, Rule::CallbackObject, call, detail);
        }
        for name in self.callback_objects.remove_permanent_of(self, driver) {
            let detail = format!(
                "the permanent callback object {name} was not deleted; call ZwMakeTemporaryObject \
                 on a handle to it"
            );
            self.finding(driver, Rule::CallbackObject, call, detail);
        }
    }
}
