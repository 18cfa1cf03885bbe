//! A machine with drivers in it, each of which registers one callback that a test wrote.

use std::any::Any;
use std::cell::RefCell;
use std::sync::{Arc, Mutex};

use cm_callback::{Altitude, CallbackObject, LegacyCallback, Registered, RegistryCallback};
use wdm_safe::{Driver, Init, Lifecycle, NtError, Result};
use wdm_sim::{LoadDriverError, Machine, Report, Status};

thread_local! {
    /// What the next driver's `init`, on this thread, registers, and where.
    static HANDOFF: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// How a driver registers its callback.
type Handoff<C> = Box<dyn FnOnce(&Init<'_>) -> Result<CallbackObject<C>>>;

/// A driver that registers what it is handed.
struct Rig<C: RegistryCallback> {
    object: CallbackObject<C, Registered>,
}

impl<C: RegistryCallback> Driver for Rig<C> {
    fn init(init: &Init<'_>) -> Result<Self> {
        let handoff = HANDOFF
            .take()
            .and_then(|handoff| handoff.downcast::<Handoff<C>>().ok());
        let register = *handoff.ok_or(NtError::INVALID_PARAMETER)?;
        let object = register(init)?;
        Ok(Self { object })
    }

    fn unload(self, at: &Lifecycle<'_>) {
        drop(self.object.unregister(at));
    }
}

unsafe extern "system" fn entry<C: RegistryCallback>(
    driver: *mut wdm_sys::DRIVER_OBJECT,
    path: *mut wdm_sys::UNICODE_STRING,
) -> wdm_sys::NTSTATUS {
    // SAFETY: the simulated kernel calls it as the kernel would.
    unsafe { wdm_safe::__private::entry::<Rig<C>>(driver, path) }
}

/// Loads a driver that registers `callback` at an altitude.
pub(crate) fn load<C: RegistryCallback>(
    machine: &Machine,
    name: &str,
    altitude: Altitude<'static>,
    callback: C,
) -> std::result::Result<wdm_sim::Driver, LoadDriverError> {
    load_with(machine, name, move |init| {
        Ok(CallbackObject::new(callback, altitude)?.register(init)?)
    })
}

/// Loads a driver that registers `callback` without an altitude.
pub(crate) fn load_legacy<C: LegacyCallback>(
    machine: &Machine,
    name: &str,
    callback: C,
) -> std::result::Result<wdm_sim::Driver, LoadDriverError> {
    load_with(machine, name, move |init| {
        Ok(CallbackObject::legacy(callback)?.register(init)?)
    })
}

/// As [`load`], on systems that do not capture inputs, too.
pub(crate) fn load_on_any<C: RegistryCallback>(
    machine: &Machine,
    name: &str,
    altitude: Altitude<'static>,
    callback: C,
) -> std::result::Result<wdm_sim::Driver, LoadDriverError> {
    load_with(machine, name, move |init| {
        let idle = CallbackObject::new(callback, altitude)?;
        // SAFETY: callbacks of tests that say so look at no inputs.
        Ok(unsafe { idle.register_before_windows_8(init) }?)
    })
}

/// As [`load_legacy`], on systems that do not capture inputs, too.
pub(crate) fn load_legacy_on_any<C: LegacyCallback>(
    machine: &Machine,
    name: &str,
    callback: C,
) -> std::result::Result<wdm_sim::Driver, LoadDriverError> {
    load_with(machine, name, move |init| {
        let idle = CallbackObject::legacy(callback)?;
        // SAFETY: as above, but for names; the simulator has captured these.
        Ok(unsafe { idle.register_before_windows_8(init) }?)
    })
}

fn load_with<C: RegistryCallback>(
    machine: &Machine,
    name: &str,
    register: impl FnOnce(&Init<'_>) -> Result<CallbackObject<C>> + 'static,
) -> std::result::Result<wdm_sim::Driver, LoadDriverError> {
    let handoff: Handoff<C> = Box::new(register);
    HANDOFF.set(Some(Box::new(handoff)));
    // SAFETY: a driver in safe Rust.
    unsafe { machine.load_linked(name, entry::<C>) }
}

/// A machine with the demonstration hive.
pub(crate) fn machine() -> Machine {
    Machine::builder()
        .build()
        .expect("the demonstration hive mounts")
}

/// Where tests make their keys.
pub(crate) const HOME: &str = r"\Registry\Machine\SYSTEM\Test";

/// Unloads drivers and checks that the verifier has found nothing.
pub(crate) fn finish(
    machine: &Machine,
    drivers: impl IntoIterator<Item = wdm_sim::Driver>,
) -> Report {
    for driver in drivers {
        machine
            .unload(driver)
            .expect("the driver has an unload routine");
    }
    let report = machine.report();
    let findings: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(findings, Vec::<String>::new());
    assert_eq!(
        report.counters.contexts_set,
        report.counters.contexts_released
    );
    report
}

/// What happened, in order.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    pub(crate) fn add(&self, what: impl Into<String>) {
        self.0
            .lock()
            .expect("no test panics while it logs")
            .push(what.into());
    }

    /// What happened since the last time.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("no test panics while it logs"))
    }
}

/// A context that logs when it is dropped.
pub(crate) struct Note {
    pub(crate) name: String,
    log: Log,
}

impl Note {
    pub(crate) fn new(name: impl Into<String>, log: &Log) -> Self {
        Self {
            name: name.into(),
            log: log.clone(),
        }
    }
}

impl Drop for Note {
    fn drop(&mut self) {
        self.log.add(format!("drop {}", self.name));
    }
}

/// Calls a routine with a name as the kernel counts it.
fn with_name<T>(name: &str, call: impl FnOnce(*mut wdm_sys::UNICODE_STRING) -> T) -> T {
    let units: Vec<u16> = name.encode_utf16().collect();
    let name = wdm_safe::string::Counted::new(wdm_safe::UnicodeStr::new(&units));
    call(name.expect("a short name").as_ptr())
}

/// Sets a `REG_DWORD` through the number of a handle: threads of one process share its handles.
pub(crate) fn set_value_of_handle(handle: usize, name: &str) -> Status {
    let data = 0_u32;
    let handle = std::ptr::without_provenance_mut(handle);
    with_name(name, |name| {
        let data = (&raw const data).cast_mut().cast();
        // SAFETY: the simulated kernel knows its handles; the pointers lead to live locals.
        Status(unsafe { wdm_sys::ZwSetValueKey(handle, name, 0, wdm_sys::REG_DWORD, data, 4) })
    })
}

/// Reads a value through the number of a handle, into nowhere.
pub(crate) fn query_value_of_handle(handle: usize, name: &str) -> Status {
    let handle = std::ptr::without_provenance_mut(handle);
    let class = wdm_sys::KeyValuePartialInformation;
    with_name(name, |name| {
        let mut length = 0;
        // SAFETY: as above; a buffer without length may be null.
        let status = unsafe {
            wdm_sys::ZwQueryValueKey(handle, name, class, std::ptr::null_mut(), 0, &mut length)
        };
        Status(status)
    })
}

/// Reads a value in the partial form into a buffer of `room` bytes; gives status, length and buffer,
/// which was full of 0xCC before.
pub(crate) fn query_partial(
    handle: wdm_sys::HANDLE,
    name: &str,
    room: usize,
) -> (wdm_sys::NTSTATUS, u32, Vec<u8>) {
    let class = wdm_sys::KeyValuePartialInformation;
    let (mut buffer, mut length) = (vec![0xCC; room], 0);
    let size = u32::try_from(room).expect("a small buffer");
    let status = with_name(name, |name| {
        let place = buffer.as_mut_ptr().cast();
        // SAFETY: the simulated kernel knows its handles; the pointers lead to live locals.
        unsafe { wdm_sys::ZwQueryValueKey(handle, name, class, place, size, &mut length) }
    });
    (status, length, buffer)
}
