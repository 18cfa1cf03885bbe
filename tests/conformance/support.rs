//! The stage of the cases: a machine, a program with a key, and callbacks that a case writes.

use std::ptr;

use wdm_sim::{KeyAccess, Machine, Profile, Status, ThreadGuard, UserKey};
use wdm_sys::*;

pub(crate) use crate::driver::*;

/// The key that the cases work on.
pub(crate) const TEST: &str = r"\REGISTRY\MACHINE\SYSTEM\Test";

pub(crate) const ALL: KeyAccess = KeyAccess::ALL;

/// A key below [`TEST`].
pub(crate) fn child(name: &str) -> String {
    format!(r"{TEST}\{name}")
}

/// Runs a case in a thread of a program, with [`TEST`] there, and checks that no rule was broken.
pub(crate) fn in_program(case: impl FnOnce(&Machine, &ThreadGuard)) {
    let machine = machine();
    let app = machine.process("app.exe");
    let thread = app.enter();
    drop(thread.create_key(TEST, ALL).unwrap());
    case(&machine, &thread);
    drop(thread);
    assert_clean(&machine);
}

/// A machine that is like one version of Windows.
pub(crate) fn machine_like(profile: Profile) -> Machine {
    Machine::builder().profile(profile).build().unwrap()
}

/// A callback that answers the notifications of one class, and lets all others pass.
pub(crate) fn at(
    class: REG_NOTIFY_CLASS,
    answer: impl Fn(&Event<'_>) -> Status + Send + Sync + 'static,
) -> impl Fn(&Event<'_>) -> Status + Send + Sync + 'static {
    move |event| match event.class == class {
        true => answer(event),
        false => Status::SUCCESS,
    }
}

/// A callback that notes each notification, such as `low RegNtPreSetValueKey`.
pub(crate) fn watch(
    log: &Log,
    name: &'static str,
) -> impl Fn(&Event<'_>) -> Status + Send + Sync + use<> {
    let log = log.clone();
    move |event| {
        log.note(format!("{name} {}", event.name()));
        Status::SUCCESS
    }
}

/// Unregisters callbacks, which must succeed.
pub(crate) fn unregister_all(machine: &Machine, filters: impl IntoIterator<Item = Filter>) {
    for filter in filters {
        assert_eq!(filter.unregister(machine), Status::SUCCESS);
    }
}

/// A number that a value has.
pub(crate) fn number(key: &UserKey<'_>, name: &str) -> Result<u32, Status> {
    Ok(key.query_value(name)?.as_dword().unwrap())
}

/// Whether a key can be opened.
pub(crate) fn exists(thread: &ThreadGuard, path: &str) -> bool {
    match thread.open_key(path, KeyAccess::READ).map(drop) {
        Ok(()) => true,
        Err(Status::OBJECT_NAME_NOT_FOUND) => false,
        Err(status) => panic!("{path}: {status}"),
    }
}

/// `ZwCreateKey` with a kernel handle, as a driver calls it.
pub(crate) fn kernel_create(root: HANDLE, path: &str) -> Result<KernelKey, Status> {
    let mut path = Wide::new(path);
    let mut attributes = attributes(root, path.as_ptr());
    let mut handle = ptr::null_mut();
    // SAFETY: all places are live.
    let status = Status(unsafe {
        ZwCreateKey(
            &raw mut handle,
            KEY_ALL_ACCESS,
            &raw mut attributes,
            0,
            ptr::null_mut(),
            0,
            ptr::null_mut(),
        )
    });
    status.to_result().map(|()| KernelKey(handle))
}

/// `ZwOpenKey` below a root, with chosen rights and attributes.
pub(crate) fn kernel_open(
    root: HANDLE,
    path: &str,
    access: u32,
    flags: u32,
) -> Result<KernelKey, Status> {
    let mut path = Wide::new(path);
    let mut attributes = attributes(root, path.as_ptr());
    attributes.Attributes = flags;
    let mut handle = ptr::null_mut();
    // SAFETY: all places are live.
    let status = Status(unsafe { ZwOpenKey(&raw mut handle, access, &raw mut attributes) });
    status.to_result().map(|()| KernelKey(handle))
}

/// `ZwClose`.
pub(crate) fn close(handle: HANDLE) {
    drop(KernelKey(handle));
}

/// `ObOpenObjectByPointer`: a kernel handle to a key object.
pub(crate) fn kernel_handle(object: PVOID) -> KernelKey {
    let mut handle = ptr::null_mut();
    // SAFETY: all places are live.
    let status = Status(unsafe {
        ObOpenObjectByPointer(
            object,
            OBJ_KERNEL_HANDLE,
            ptr::null_mut(),
            KEY_ALL_ACCESS,
            ptr::null_mut(),
            0,
            &raw mut handle,
        )
    });
    assert_eq!(status, Status::SUCCESS);
    KernelKey(handle)
}

/// Answers a create or open with a referenced key object (N4).
pub(crate) fn supply(event: &Event<'_>, info: &mut REG_CREATE_KEY_INFORMATION_V1, object: PVOID) {
    event.set_result_object(info, object);
    info.GrantedAccess = info.DesiredAccess;
    // SAFETY: the kernel gave a place for it.
    unsafe { info.Disposition.write(REG_CREATED_NEW_KEY) };
}

/// Turns a successful create or open into a failure (N4).
pub(crate) fn turn_down(event: &Event<'_>, status: Status) -> Status {
    let post = event.post();
    dereference(post.Object);
    post.Object = ptr::null_mut();
    event.set_result_object(event.opened(), ptr::null_mut());
    post.ReturnStatus = status.0;
    Status::CALLBACK_BYPASS
}

/// Runs one of this program's tests again, in a process of its own which it is to end, and gives
/// what that wrote to the standard error. `None` inside of that process.
pub(crate) fn run_again(test: &str) -> Option<String> {
    const INSIDE: &str = "WDM_TEST_INSIDE";
    if std::env::var_os(INSIDE).is_some() {
        return None;
    }
    let mut again = std::process::Command::new(std::env::current_exe().unwrap());
    again
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1");
    let output = again.output().unwrap();
    assert!(!output.status.success(), "the process was to end");
    Some(String::from_utf8_lossy(&output.stderr).into_owned())
}

unsafe extern "system" {
    fn KfRaiseIrql(level: KIRQL) -> KIRQL;
    fn KeLowerIrql(level: KIRQL);
}

/// Does something at a raised level, as code that holds a fast mutex or a spin lock does.
pub(crate) fn at_irql<T>(level: KIRQL, work: impl FnOnce() -> T) -> T {
    // SAFETY: the level is lowered again.
    let before = unsafe { KfRaiseIrql(level) };
    let done = work();
    // SAFETY: it was raised from that level.
    unsafe { KeLowerIrql(before) };
    done
}
