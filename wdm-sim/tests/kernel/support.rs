//! What the tests share: calling routines, loading small drivers, reading reports.

use wdm_sim::{Driver, Finding, LinkedEntry, LoadDriverError, Machine, Rule};
use wdm_sys::{
    HANDLE, NTSTATUS, OBJECT_ATTRIBUTES, PDRIVER_OBJECT, PDRIVER_UNLOAD, PUNICODE_STRING, PVOID,
    UNICODE_STRING,
};

/// Calls a routine of the kernel as a linked driver does.
macro_rules! call {
    ($routine:ident($($argument:expr),* $(,)?)) => {{
        // SAFETY: the tests pass what the routine's page asks for; where they do not, the
        // simulator promises to notice instead of following a pointer.
        unsafe { wdm_sys::$routine($($argument),*) }
    }};
}
pub(crate) use call;

/// Calls a routine that `wdm-sys` does not declare, on what lives.
macro_rules! on {
    ($routine:ident($($argument:expr),* $(,)?)) => {{
        // SAFETY: the arguments live until the call returns.
        unsafe { $routine($($argument),*) }
    }};
}
pub(crate) use on;

/// Defines a `DriverEntry` that sets an unload routine which does nothing, and then runs a body
/// whose value is the status.
macro_rules! entry {
    ($(#[$meta:meta])* fn $name:ident($driver:ident) $body:block) => {
        $(#[$meta])*
        unsafe extern "system" fn $name(
            $driver: wdm_sys::PDRIVER_OBJECT,
            _: wdm_sys::PUNICODE_STRING,
        ) -> wdm_sys::NTSTATUS {
            $crate::support::set_unload($driver, Some($crate::support::nothing));
            $body
        }
    };
}
pub(crate) use entry;

pub(crate) const SUCCESS: NTSTATUS = 0;
pub(crate) const UNSUCCESSFUL: NTSTATUS = 0xC000_0001_u32 as i32;
pub(crate) const INVALID_HANDLE: NTSTATUS = 0xC000_0008_u32 as i32;
pub(crate) const INVALID_PARAMETER: NTSTATUS = 0xC000_000D_u32 as i32;
pub(crate) const ACCESS_DENIED: NTSTATUS = 0xC000_0022_u32 as i32;
pub(crate) const BUFFER_TOO_SMALL: NTSTATUS = 0xC000_0023_u32 as i32;
pub(crate) const TYPE_MISMATCH: NTSTATUS = 0xC000_0024_u32 as i32;
pub(crate) const NAME_COLLISION: NTSTATUS = 0xC000_0035_u32 as i32;
pub(crate) const NAME_NOT_FOUND: NTSTATUS = 0xC000_0034_u32 as i32;

/// A key that every machine has.
pub(crate) const KEY: &str = r"\Registry\Machine\SYSTEM\Setup";

pub(crate) fn machine() -> Machine {
    Machine::builder()
        .build()
        .expect("the default machine builds")
}

/// Runs `body` as a kernel-mode thread.
pub(crate) fn in_kernel<T>(machine: &Machine, body: impl FnOnce() -> T) -> T {
    let _thread = machine.system_process().enter();
    body()
}

pub(crate) fn load(
    machine: &Machine,
    name: &str,
    entry: LinkedEntry,
) -> Result<Driver, LoadDriverError> {
    // SAFETY: the tests' drivers do to memory only what the simulator promises to notice.
    unsafe { machine.load_linked(name, entry) }
}

/// Loads and unloads a driver and gives what was found.
pub(crate) fn findings_of(entry: LinkedEntry) -> Vec<Finding> {
    let machine = machine();
    let driver = load(&machine, "tested", entry).expect("the driver loads");
    machine.unload(driver).expect("the driver unloads");
    machine.report().findings
}

/// Asserts that there is one finding, of this rule, at this call, and gives it.
pub(crate) fn only<'f>(findings: &'f [Finding], rule: Rule, call: &str) -> &'f Finding {
    let [finding] = findings else {
        panic!("expected one finding, {rule} at {call}: {findings:#?}");
    };
    assert_eq!(
        (finding.rule, finding.call.as_str()),
        (rule, call),
        "{finding}"
    );
    assert_eq!(finding.to_string().lines().count(), 1, "{finding}");
    finding
}

pub(crate) fn set_unload(driver: PDRIVER_OBJECT, unload: PDRIVER_UNLOAD) {
    // SAFETY: the kernel gave the driver its own object.
    unsafe { (*driver).DriverUnload = unload };
}

pub(crate) unsafe extern "system" fn nothing(_: PDRIVER_OBJECT) {}

/// A counted string whose text it owns.
pub(crate) struct Text {
    units: Vec<u16>,
    string: UNICODE_STRING,
}

impl Text {
    pub(crate) fn new(text: &str) -> Self {
        Self::with_room(text, text.encode_utf16().count())
    }

    /// A string whose buffer has room for `room` characters.
    pub(crate) fn with_room(text: &str, room: usize) -> Self {
        let mut units: Vec<u16> = text.encode_utf16().collect();
        let length = units.len();
        assert!(length <= room, "the text fits its buffer");
        units.resize(room, u16::from(b'#'));
        let string = UNICODE_STRING {
            Length: (length * 2) as u16,
            MaximumLength: (room * 2) as u16,
            Buffer: units.as_mut_ptr(),
        };
        Self { units, string }
    }

    pub(crate) fn as_ptr(&mut self) -> PUNICODE_STRING {
        &raw mut self.string
    }

    /// The text.
    pub(crate) fn text(&self) -> String {
        String::from_utf16_lossy(&self.units[..usize::from(self.string.Length) / 2])
    }

    /// The whole buffer.
    pub(crate) fn buffer(&self) -> String {
        String::from_utf16_lossy(&self.units)
    }
}

/// Opens a key as a driver does; panics if that fails.
pub(crate) fn open_key(path: &str, attributes: u32) -> HANDLE {
    let mut name = Text::new(path);
    let mut attributes = OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: std::ptr::null_mut(),
        ObjectName: name.as_ptr(),
        Attributes: attributes,
        SecurityDescriptor: std::ptr::null_mut(),
        SecurityQualityOfService: std::ptr::null_mut(),
    };
    let mut handle = std::ptr::null_mut();
    let status = call!(ZwOpenKey(
        &raw mut handle,
        wdm_sys::KEY_READ,
        &raw mut attributes
    ));
    assert_eq!(status, SUCCESS, "{path} opens");
    handle
}

/// References the object behind a handle; panics if that fails.
pub(crate) fn object_of(handle: HANDLE) -> PVOID {
    let mut object = std::ptr::null_mut();
    let status = call!(ObReferenceObjectByHandle(
        handle,
        0,
        std::ptr::null_mut(),
        0,
        &raw mut object,
        std::ptr::null_mut()
    ));
    assert_eq!(status, SUCCESS, "the handle is open");
    object
}
