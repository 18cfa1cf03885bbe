//! Processes: looking them up, and attaching to them.

use std::ffi::CStr;
use std::ptr::null_mut;

use wdm_sim::{LinkedEntry, Rule, Status};
use wdm_sys::{
    _CLIENT_ID as CLIENT_ID, HANDLE, NTSTATUS, OBJECT_ATTRIBUTES, PVOID, UNICODE_STRING,
};

use crate::support::{
    INVALID_HANDLE, INVALID_PARAMETER, KEY, SUCCESS, call, entry, findings_of, in_kernel, machine,
    only, open_key,
};

unsafe extern "system" {
    fn IoGetCurrentProcess() -> PVOID;
    fn KeGetCurrentThread() -> PVOID;
    fn PsGetProcessId(process: PVOID) -> HANDLE;
    fn PsGetThreadId(thread: PVOID) -> HANDLE;
    fn PsGetThreadProcessId(thread: PVOID) -> HANDLE;
    fn PsGetProcessImageFileName(process: PVOID) -> *const std::ffi::c_char;
    fn PsIsSystemThread(thread: PVOID) -> u8;
    fn IoThreadToProcess(thread: PVOID) -> PVOID;
    fn PsLookupProcessByProcessId(id: HANDLE, process: *mut PVOID) -> NTSTATUS;
    fn PsLookupThreadByThreadId(id: HANDLE, thread: *mut PVOID) -> NTSTATUS;
    fn KeStackAttachProcess(process: PVOID, state: *mut u64);
    fn KeUnstackDetachProcess(state: *mut u64);
    fn KeAttachProcess(process: PVOID);
    fn KeDetachProcess();
    fn ZwOpenProcess(
        handle: *mut HANDLE,
        access: u32,
        attributes: *mut OBJECT_ATTRIBUTES,
        client: *mut CLIENT_ID,
    ) -> NTSTATUS;
    fn ZwQueryInformationProcess(
        handle: HANDLE,
        class: i32,
        information: PVOID,
        length: u32,
        needed: *mut u32,
    ) -> NTSTATUS;
    fn SeLocateProcessImageName(process: PVOID, name: *mut *mut UNICODE_STRING) -> NTSTATUS;
}

/// Calls a routine that `wdm-sys` does not declare.
macro_rules! ps {
    ($routine:ident($($argument:expr),* $(,)?)) => {{
        // SAFETY: the addresses are those of live variables, or ones that the kernel gave; others the
        // simulator promises to notice.
        unsafe { $routine($($argument),*) }
    }};
}

fn id(number: usize) -> HANDLE {
    std::ptr::without_provenance_mut(number)
}

/// References a process.
fn look_up(number: usize) -> PVOID {
    let mut process = null_mut();
    let status = ps!(PsLookupProcessByProcessId(id(number), &raw mut process));
    assert_eq!(status, SUCCESS, "there is a process {number}");
    process
}

fn give_back(object: PVOID) {
    call!(ObfDereferenceObject(object));
}

/// The text of a string that the kernel gave.
pub(crate) fn text_of(string: *const UNICODE_STRING) -> String {
    // SAFETY: the kernel gave a valid string.
    let string = unsafe { string.read_unaligned() };
    let units = usize::from(string.Length) / 2;
    let unit = |at| {
        // SAFETY: as above.
        unsafe { string.Buffer.wrapping_add(at).read_unaligned() }
    };
    String::from_utf16_lossy(&(0..units).map(unit).collect::<Vec<_>>())
}

#[test]
fn processes_and_threads_are_found_by_their_ids() {
    let machine = machine();
    let app = machine.process("a-long-name-of-app.exe");
    let user = app.enter();
    let system = machine.system_process().enter();
    let process = look_up(app.id());
    assert_eq!(ps!(PsGetProcessId(process)).addr(), app.id());
    let name = ps!(PsGetProcessImageFileName(process));
    // SAFETY: the name is NUL-terminated and lives as long as its process.
    let name = unsafe { CStr::from_ptr(name) };
    assert_eq!(name.to_str(), Ok("a-long-name-of"));
    let mut thread = null_mut();
    let status = ps!(PsLookupThreadByThreadId(id(user.id()), &raw mut thread));
    assert_eq!(status, SUCCESS);
    assert_eq!(ps!(PsGetThreadId(thread)).addr(), user.id());
    assert_eq!(ps!(PsGetThreadProcessId(thread)).addr(), app.id());
    assert_eq!(ps!(IoThreadToProcess(thread)), process);
    assert_eq!(ps!(PsIsSystemThread(thread)), 0);
    let current = ps!(KeGetCurrentThread());
    assert_eq!(ps!(PsIsSystemThread(current)), 1);
    assert_eq!(ps!(PsGetThreadId(current)).addr(), system.id());
    give_back(thread);
    give_back(process);
    let none = ps!(PsLookupProcessByProcessId(id(2), &raw mut thread));
    assert_eq!(none, Status::INVALID_CID.0);
    drop(system);
    let gone = user.id();
    drop(user);
    in_kernel(&machine, || {
        let none = ps!(PsLookupThreadByThreadId(id(gone), &raw mut thread));
        assert_eq!(none, INVALID_PARAMETER);
    });
    assert_eq!(machine.report().findings, []);
}

#[test]
fn a_process_tells_the_path_of_its_program() {
    let machine = machine();
    let app = machine.process("app.exe");
    let path = r"\Device\HarddiskVolume1\Windows\System32\app.exe";
    in_kernel(&machine, || {
        let process = look_up(app.id());
        let mut name = null_mut();
        assert_eq!(
            ps!(SeLocateProcessImageName(process, &raw mut name)),
            SUCCESS
        );
        assert_eq!(text_of(name), path);
        call!(ExFreePoolWithTag(name.cast(), 0));
        give_back(process);

        let mut client = CLIENT_ID {
            UniqueProcess: id(app.id()),
            UniqueThread: null_mut(),
        };
        let (mut handle, none) = (null_mut(), null_mut());
        let opened = ps!(ZwOpenProcess(&raw mut handle, 0x400, none, &raw mut client));
        assert_eq!(opened, SUCCESS);
        let mut buffer = [0_u64; 32];
        let (place, mut needed) = (buffer.as_mut_ptr().cast::<u8>(), 0);
        let mut query = |class, length| {
            let needed = &raw mut needed;
            ps!(ZwQueryInformationProcess(
                handle,
                class,
                place.cast(),
                length,
                needed
            ))
        };
        let mismatch = Status::INFO_LENGTH_MISMATCH.0;
        assert_eq!(query(27, 8), mismatch);
        assert_eq!(query(27, 256), SUCCESS);
        assert_eq!(text_of(place.cast()), path);
        assert_eq!(query(0, 48), SUCCESS);
        assert_eq!(
            buffer[4..6],
            [app.id() as u64, 4],
            "the id and the parent's"
        );
        assert_eq!(needed, 48);
        call!(ZwClose(handle));
        client.UniqueProcess = id(2);
        let status = ps!(ZwOpenProcess(&raw mut handle, 0x400, none, &raw mut client));
        assert_eq!(status, Status::INVALID_CID.0);
    });
    assert_eq!(machine.report().findings, []);
}

#[test]
fn an_attached_thread_has_the_other_processes_handles() {
    let machine = machine();
    let app = machine.process("app.exe");
    in_kernel(&machine, || {
        let own = ps!(IoGetCurrentProcess());
        let other = look_up(app.id());
        let (mut state, mut inner) = ([0_u64; 6], [0_u64; 6]);
        let (state, inner) = (state.as_mut_ptr(), inner.as_mut_ptr());
        ps!(KeStackAttachProcess(other, state));
        assert_eq!(ps!(IoGetCurrentProcess()), other);
        assert_eq!(call!(PsGetCurrentProcessId()).addr(), 4, "the thread's own");
        let handle = open_key(KEY, 0);
        ps!(KeStackAttachProcess(own, inner));
        assert_eq!(ps!(IoGetCurrentProcess()), own);
        ps!(KeUnstackDetachProcess(inner));
        assert_eq!(ps!(IoGetCurrentProcess()), other);
        ps!(KeUnstackDetachProcess(state));
        assert_eq!(ps!(IoGetCurrentProcess()), own);
        assert_eq!(call!(ZwClose(handle)), INVALID_HANDLE, "it is the other's");
        ps!(KeStackAttachProcess(other, state));
        assert_eq!(call!(ZwClose(handle)), SUCCESS);
        ps!(KeUnstackDetachProcess(state));
        give_back(other);
    });
    only(&machine.report().findings, Rule::Handle, "ZwClose");
}

#[test]
fn a_thread_attaches_without_a_state_once() {
    let machine = machine();
    let app = machine.process("app.exe");
    in_kernel(&machine, || {
        let other = look_up(app.id());
        ps!(KeAttachProcess(other));
        assert_eq!(ps!(IoGetCurrentProcess()), other);
        ps!(KeDetachProcess());
        assert_ne!(ps!(IoGetCurrentProcess()), other);
        give_back(other);
    });
    assert_eq!(machine.report().findings, []);
    let stderr = crate::threads::run_ending("processes::ending_with_a_second_attach");
    assert!(stderr.contains("bug check 0x00000005 ("), "{stderr}");
    assert!(stderr.contains("at KeAttachProcess"), "{stderr}");
}

#[test]
#[ignore = "ends the process"]
fn ending_with_a_second_attach() {
    let machine = machine();
    let (one, two) = (machine.process("one.exe"), machine.process("two.exe"));
    in_kernel(&machine, || {
        ps!(KeAttachProcess(look_up(one.id())));
        ps!(KeAttachProcess(look_up(two.id())));
    });
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn user_memory_is_its_own_processes() {
    let machine = machine();
    let app = machine.process("app.exe");
    let user = app.enter();
    let memory = user.user_memory(1).expect("there is memory");
    let address: PVOID = std::ptr::without_provenance_mut(memory.address());
    let is_valid = || call!(MmIsAddressValid(address)) != 0;
    assert!(is_valid());
    in_kernel(&machine, || {
        assert!(!is_valid(), "it is another process's");
        let process = look_up(app.id());
        let mut state = [0_u64; 6];
        ps!(KeStackAttachProcess(process, state.as_mut_ptr()));
        assert!(is_valid());
        ps!(KeUnstackDetachProcess(state.as_mut_ptr()));
        assert!(!is_valid());
        give_back(process);
    });
    assert_eq!(machine.report().findings, []);
}

entry! {
    fn stays_attached(_driver) {
        let (mut state, process) = ([0_u64; 6], ps!(IoGetCurrentProcess()));
        ps!(KeStackAttachProcess(process, state.as_mut_ptr()));
        SUCCESS
    }
}
entry! {
    fn detaches_unattached(_driver) {
        ps!(KeUnstackDetachProcess([0_u64; 6].as_mut_ptr()));
        SUCCESS
    }
}
entry! {
    fn detaches_in_the_wrong_order(_driver) {
        let (mut outer, mut inner) = ([0_u64; 6], [0_u64; 6]);
        let (outer, inner) = (outer.as_mut_ptr(), inner.as_mut_ptr());
        let process = ps!(IoGetCurrentProcess());
        ps!(KeStackAttachProcess(process, outer));
        ps!(KeStackAttachProcess(process, inner));
        ps!(KeUnstackDetachProcess(outer));
        ps!(KeUnstackDetachProcess(inner));
        ps!(KeUnstackDetachProcess(outer));
        SUCCESS
    }
}

#[test]
fn each_attach_is_undone_once_and_in_order() {
    let cases: [(LinkedEntry, &str); 3] = [
        (stays_attached, "DriverEntry"),
        (detaches_unattached, "KeUnstackDetachProcess"),
        (detaches_in_the_wrong_order, "KeUnstackDetachProcess"),
    ];
    for (entry, call) in cases {
        only(&findings_of(entry), Rule::Attach, call);
    }
}

#[test]
fn the_handles_of_a_process_are_closed_when_it_ends() {
    let machine = machine();
    let app = machine.process("app.exe");
    let number = app.id();
    let thread = app.enter();
    let key = thread
        .open_key(KEY, wdm_sim::KeyAccess::ALL)
        .expect("it opens");
    std::mem::forget(key);
    drop(thread);
    app.exit();
    in_kernel(&machine, || {
        let mut process = null_mut();
        let status = ps!(PsLookupProcessByProcessId(id(number), &raw mut process));
        assert_eq!(status, Status::INVALID_CID.0);
    });
    assert_eq!(machine.report().findings, []);
}
