// What the examples of this folder share, as a module of each: a simulated machine with one driver
// in it, whose callback is the example's.

use std::any::Any;
use std::cell::RefCell;

use cm_callback::{CallbackObject, Registered, RegistryCallback, altitude};
use wdm_safe::{Driver, Init, Lifecycle, NtError};
use wdm_sim::{Machine, Privileges, Status, ThreadGuard};

thread_local! {
    /// The callback that the next driver, on this thread, registers.
    static NEXT: RefCell<Option<Box<dyn Any>>> = const { RefCell::new(None) };
}

/// A driver with one callback.
struct Rig<C: RegistryCallback>(CallbackObject<C, Registered>);

impl<C: RegistryCallback> Driver for Rig<C> {
    fn init(init: &Init<'_>) -> wdm_safe::Result<Self> {
        let next = NEXT.take().and_then(|next| next.downcast::<C>().ok());
        let callback = *next.ok_or(NtError::INVALID_PARAMETER)?;
        let idle = CallbackObject::new(callback, altitude!("380010.5"))?;
        Ok(Self(idle.register(init)?))
    }

    fn unload(self, at: &Lifecycle<'_>) {
        drop(self.0.unregister(at));
    }
}

unsafe extern "system" fn entry<C: RegistryCallback>(
    driver: *mut wdm_sys::DRIVER_OBJECT,
    path: *mut wdm_sys::UNICODE_STRING,
) -> wdm_sys::NTSTATUS {
    // SAFETY: the simulated kernel calls it as the kernel would.
    unsafe { wdm_safe::__private::entry::<Rig<C>>(driver, path) }
}

/// Loads a driver with the callback, runs a program, unloads the driver, and checks that nothing is
/// left behind and no rule was broken. The program may save and load hives.
pub fn with_callback<C: RegistryCallback>(
    callback: C,
    program: impl FnOnce(&ThreadGuard) -> Result<(), Status>,
) {
    let machine = Machine::builder().build().expect("a machine");
    NEXT.set(Some(Box::new(callback)));
    // SAFETY: a driver in safe Rust.
    let driver = unsafe { machine.load_linked("example", entry::<C>) }.expect("the driver loads");
    {
        let process = machine.process("program.exe");
        process.grant(Privileges::BACKUP | Privileges::RESTORE);
        program(&process.enter()).expect("the program does what it can");
    }
    machine.unload(driver).expect("the driver unloads");
    let report = machine.report();
    let findings: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(findings, Vec::<String>::new());
    assert_eq!(
        report.counters.contexts_set,
        report.counters.contexts_released
    );
}

/// The lines that the driver has said to the debugger.
#[allow(dead_code)]
pub fn said(thread: &ThreadGuard) -> Vec<String> {
    thread.machine().report().debug_print
}

/// The data of two values that are read at once, one after the other.
#[allow(dead_code)]
pub fn query_two_values(key: &wdm_sim::UserKey<'_>, names: [&str; 2]) -> Result<Vec<u8>, Status> {
    let mut units = names.map(|name| name.encode_utf16().collect::<Vec<_>>());
    let mut strings = units.each_mut().map(|units| wdm_sys::UNICODE_STRING {
        Length: size_of_val(units.as_slice()) as u16,
        MaximumLength: size_of_val(units.as_slice()) as u16,
        Buffer: units.as_mut_ptr(),
    });
    let mut entries = strings.each_mut().map(|name| wdm_sys::KEY_VALUE_ENTRY {
        ValueName: name,
        DataLength: 0,
        DataOffset: 0,
        Type: 0,
    });
    let (mut data, mut length, mut needed) = (vec![0; 64], 64, 0);
    // SAFETY: the simulated kernel knows its handles; the pointers lead to live locals, of the
    // lengths that are said.
    let status = unsafe {
        let (entries, data) = (entries.as_mut_ptr(), data.as_mut_ptr().cast());
        wdm_sys::ZwQueryMultipleValueKey(key.handle(), entries, 2, data, &mut length, &mut needed)
    };
    Status(status).to_result()?;
    data.truncate(length as usize);
    Ok(data)
}

/// The full name of a key object, as the object manager tells it.
#[allow(dead_code)]
pub fn name_of_object(key: &wdm_sim::UserKey<'_>) -> Result<String, Status> {
    let (mut object, any_type) = (std::ptr::null_mut(), std::ptr::null_mut());
    let mode = wdm_sys::UserMode as wdm_sys::KPROCESSOR_MODE;
    let (handle, nothing) = (key.handle(), std::ptr::null_mut());
    // SAFETY: the simulated kernel knows its handles; the pointer leads to a live local.
    let status = unsafe {
        wdm_sys::ObReferenceObjectByHandle(handle, 0, any_type, mode, &mut object, nothing)
    };
    Status(status).to_result()?;
    // Room for a `UNICODE_STRING` and, behind it, its text; aligned for the first.
    let (mut room, mut length) = ([0_u64; 128], 0);
    // SAFETY: the object is referenced; the room is of that size.
    let status = unsafe {
        let size = size_of_val(&room) as u32;
        wdm_sys::ObQueryNameString(object, room.as_mut_ptr().cast(), size, &mut length)
    };
    // SAFETY: referenced above.
    unsafe { wdm_sys::ObfDereferenceObject(object) };
    Status(status).to_result()?;
    // SAFETY: the routine wrote a string there.
    let name = unsafe { wdm_safe::UnicodeStr::from_raw(room.as_ptr().cast()) };
    Ok(name.map(ToString::to_string).unwrap_or_default())
}
