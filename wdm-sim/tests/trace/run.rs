//! A run with everything in it that a trace can have.

use wdm_sim::{KeyAccess, Machine, Status};
use wdm_sys::{
    PDRIVER_OBJECT, PUNICODE_STRING, RegNtPostQueryValueKey, RegNtPreDeleteValueKey,
    RegNtPreKeyHandleClose, RegNtPreQueryKey, RegNtPreSetValueKey, vDbgPrintExWithPrefix,
};

use crate::support::{Event, KernelKey, register};

/// The key that is used.
pub(crate) const KEY: &str = r"\Registry\Machine\SYSTEM\Setup";

/// A name that wants to be more than text.
pub(crate) const HOSTILE: &str = "</script><img src=x onerror=document.title='taken'><!--\"&'\n";

/// What is printed, with the name in it.
fn print(text: &str) {
    let text = std::ffi::CString::new(text).expect("no NUL");
    // SAFETY: text, and a format that asks for nothing.
    unsafe { vDbgPrintExWithPrefix(text.as_ptr(), 0, 0, c"".as_ptr(), std::ptr::null_mut()) };
}

unsafe extern "system" fn entry(driver: PDRIVER_OBJECT, _: PUNICODE_STRING) -> i32 {
    // SAFETY: the kernel gave the driver its own object.
    unsafe { (*driver).DriverUnload = Some(unload) };
    print("tested: loaded\n");
    0
}

unsafe extern "system" fn unload(_: PDRIVER_OBJECT) {}

/// The upper callback changes what a query finds, and looks at another key meanwhile.
fn upper(event: &Event<'_>) -> Status {
    if event.class == RegNtPreQueryKey {
        drop(KernelKey::open(r"\Registry\Machine\SYSTEM"));
    }
    if event.class != RegNtPostQueryValueKey {
        return Status::SUCCESS;
    }
    event.post().ReturnStatus = Status::ACCESS_DENIED.0;
    Status::CALLBACK_BYPASS
}

/// The lower callback attaches contexts, blocks writes, does deletions itself, and breaks a rule.
fn lower(event: &Event<'_>) -> Status {
    if let Some(object) = event.opened_object() {
        event.set_context(object, 0x1000);
        event.set_context(object, 0x2000);
    }
    match event.class {
        RegNtPreSetValueKey => Status::ACCESS_DENIED,
        RegNtPreDeleteValueKey => Status::CALLBACK_BYPASS,
        // A close can only be watched (N6).
        RegNtPreKeyHandleClose => Status::UNSUCCESSFUL,
        _ => Status::SUCCESS,
    }
}

/// Runs it. The machine has ended what it began, except that the callbacks stay registered.
pub(crate) fn run(trace: bool) -> Machine {
    let machine = Machine::builder().trace(trace).build();
    let machine = machine.expect("the default machine builds");
    // SAFETY: the driver writes to its own object only.
    let driver = unsafe { machine.load_linked("tested", entry) };
    let driver = driver.expect("it loads");
    let _upper = register(&machine, "20", upper);
    let lower = register(&machine, "10.50", lower);
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.open_key(KEY, KeyAccess::ALL).expect("it opens");
    assert_eq!(key.set_dword(HOSTILE, 1), Err(Status::ACCESS_DENIED));
    assert_eq!(key.delete_value("Nothing"), Ok(()));
    assert_eq!(
        key.query_value("SetupType").err(),
        Some(Status::ACCESS_DENIED)
    );
    key.query().expect("it is there");
    print(HOSTILE);
    drop(key);
    drop(thread);
    assert_eq!(lower.unregister(&machine), Status::SUCCESS);
    machine.unload(driver).expect("it has an unload routine");
    machine
}
