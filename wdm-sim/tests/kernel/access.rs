//! Access checks by drivers.

use std::mem::MaybeUninit;
use std::ptr::null_mut;

use wdm_sim::{Account, Machine, Privileges, Process, Sid};
use wdm_sys::{
    ACCESS_SYSTEM_SECURITY, GENERIC_ALL, GENERIC_READ, KEY_ALL_ACCESS, KEY_EXECUTE, KEY_READ,
    KEY_SET_VALUE, KEY_WRITE, LUID, MAXIMUM_ALLOWED, PVOID,
};

use crate::support::{ACCESS_DENIED, SUCCESS, machine};

const KERNEL_MODE: i8 = 0;
const USER_MODE: i8 = 1;
const PRIVILEGE_NOT_HELD: i32 = 0xC000_0061_u32 as i32;
const KEYS: [u32; 4] = [KEY_READ, KEY_WRITE, KEY_EXECUTE, KEY_ALL_ACCESS];

type Context = [PVOID; 4];

unsafe extern "system" {
    #[allow(clippy::too_many_arguments)]
    fn SeAccessCheck(
        descriptor: PVOID,
        subject: *mut Context,
        locked: u8,
        desired: u32,
        granted_before: u32,
        privileges: *mut PVOID,
        mapping: *const [u32; 4],
        mode: i8,
        granted: *mut u32,
        status: *mut i32,
    ) -> u8;
    fn SeCaptureSubjectContext(subject: *mut Context);
    fn SeLockSubjectContext(subject: *mut Context);
    fn SeUnlockSubjectContext(subject: *mut Context);
    fn SeReleaseSubjectContext(subject: *mut Context);
    fn SeSinglePrivilegeCheck(privilege: LUID, mode: i8) -> u8;
    fn RtlMapGenericMask(mask: *mut u32, mapping: *const [u32; 4]);
    fn IoIs32bitProcess(request: PVOID) -> u8;
}

/// Owner S-1-5-18; everybody may read.
fn readable() -> Vec<u8> {
    let sid = |text: &str| text.parse::<Sid>().unwrap();
    let everyone = sid(Sid::EVERYONE);
    let owner = sid(Sid::LOCAL_SYSTEM);
    let mut bytes = vec![
        1, 0, 4, 0x80, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0,
    ];
    bytes.extend_from_slice(owner.as_bytes());
    bytes.extend([2, 0, 28, 0, 1, 0, 0, 0, 0, 0, 20, 0]);
    bytes.extend(KEY_READ.to_le_bytes());
    bytes.extend_from_slice(everyone.as_bytes());
    bytes
}

/// What a driver on a thread of `process` is told: the rights, or the status.
fn check(
    process: &Process,
    descriptor: Option<&[u8]>,
    desired: u32,
    before: u32,
    mode: i8,
) -> Result<u32, i32> {
    let _thread = process.enter();
    let descriptor = descriptor.map_or(null_mut(), |bytes| bytes.as_ptr().cast_mut().cast());
    let mut subject = MaybeUninit::<Context>::zeroed();
    let subject = subject.as_mut_ptr();
    // SAFETY: the place is live.
    unsafe { SeCaptureSubjectContext(subject) };
    // SAFETY: as above.
    unsafe { SeLockSubjectContext(subject) };
    let (mut granted, mut status) = (1, 1);
    let mut privileges = subject.cast();
    // SAFETY: all places are live.
    let allowed = unsafe {
        SeAccessCheck(
            descriptor,
            subject,
            1,
            desired,
            before,
            &raw mut privileges,
            &KEYS,
            mode,
            &raw mut granted,
            &raw mut status,
        )
    };
    assert!(privileges.is_null());
    // SAFETY: as above.
    unsafe { SeUnlockSubjectContext(subject) };
    // SAFETY: as above.
    unsafe { SeReleaseSubjectContext(subject) };
    assert_eq!(allowed == 1, status == SUCCESS);
    match status {
        SUCCESS => Ok(granted),
        status => Err(status),
    }
}

fn user(machine: &Machine) -> Process {
    let builder = machine.process_builder("app.exe");
    builder.account(Account::User).start()
}

#[test]
fn s2_a_driver_is_told_what_a_descriptor_grants() {
    let machine = machine();
    let app = user(&machine);
    let readable = readable();
    let some = Some(&readable[..]);
    assert_eq!(check(&app, some, KEY_READ, 0, USER_MODE), Ok(KEY_READ));
    assert_eq!(check(&app, some, GENERIC_READ, 0, USER_MODE), Ok(KEY_READ));
    let denied = Err(ACCESS_DENIED);
    assert_eq!(check(&app, some, KEY_SET_VALUE, 0, USER_MODE), denied);
    // What was granted before need not be granted again.
    let with_before = check(&app, some, KEY_SET_VALUE, KEY_SET_VALUE, USER_MODE);
    assert_eq!(with_before, Ok(KEY_SET_VALUE));
    assert_eq!(
        check(&app, some, MAXIMUM_ALLOWED, 0, USER_MODE),
        Ok(KEY_READ)
    );
    assert_eq!(check(&app, some, 0, 0, USER_MODE), denied);
    assert_eq!(check(&app, None, KEY_READ, 0, USER_MODE), denied);
    let sacl = check(&app, some, ACCESS_SYSTEM_SECURITY, 0, USER_MODE);
    assert_eq!(sacl, Err(PRIVILEGE_NOT_HELD));
    assert!(machine.report().findings.is_empty());
}

#[test]
fn s1_kernel_mode_is_granted_all_that_it_asks_for() {
    let machine = machine();
    let app = user(&machine);
    let readable = readable();
    let all = check(&app, Some(&readable), GENERIC_ALL, 0, KERNEL_MODE);
    assert_eq!(all, Ok(KEY_ALL_ACCESS));
    let maximum = check(&app, None, MAXIMUM_ALLOWED, 0, KERNEL_MODE);
    assert_eq!(maximum, Ok(KEY_ALL_ACCESS));
}

#[test]
fn a_context_that_was_not_captured_is_found() {
    let machine = machine();
    let app = user(&machine);
    let _thread = app.enter();
    let (mut granted, mut status) = (1, 1);
    let mut subject: Context = [null_mut(); 4];
    let readable = readable();
    // SAFETY: all places are live.
    let allowed = unsafe {
        SeAccessCheck(
            readable.as_ptr().cast_mut().cast(),
            &raw mut subject,
            0,
            KEY_READ,
            0,
            null_mut(),
            &KEYS,
            USER_MODE,
            &raw mut granted,
            &raw mut status,
        )
    };
    assert_eq!((allowed, granted, status), (0, 0, ACCESS_DENIED));
    let findings = machine.report().findings;
    crate::support::only(&findings, wdm_sim::Rule::Parameter, "SeAccessCheck");
}

#[test]
fn privileges_are_those_of_the_process() {
    let machine = machine();
    let app = user(&machine);
    let _thread = app.enter();
    let held = |number, mode| {
        let privilege = LUID {
            LowPart: number,
            HighPart: 0,
        };
        // SAFETY: any number can be asked for.
        unsafe { SeSinglePrivilegeCheck(privilege, mode) == 1 }
    };
    for (number, privilege) in [
        (7, Privileges::TCB),
        (8, Privileges::SECURITY),
        (9, Privileges::TAKE_OWNERSHIP),
        (17, Privileges::BACKUP),
        (18, Privileges::RESTORE),
    ] {
        assert!(!held(number, USER_MODE), "{number}");
        assert!(held(number, KERNEL_MODE), "{number}");
        app.grant(privilege);
        assert!(held(number, USER_MODE), "{number}");
    }
    assert!(!held(64, USER_MODE));
}

#[test]
fn generic_rights_are_mapped() {
    let machine = machine();
    let app = user(&machine);
    let _thread = app.enter();
    let mut mask = GENERIC_READ | KEY_SET_VALUE;
    // SAFETY: both are live.
    unsafe { RtlMapGenericMask(&raw mut mask, &KEYS) };
    assert_eq!(mask, KEY_READ | KEY_SET_VALUE);
}

#[test]
fn a_driver_is_told_of_32_bit_programs() {
    let machine = machine();
    for wow64 in [false, true] {
        let app = machine.process_builder("app.exe").wow64(wow64).start();
        let _thread = app.enter();
        // SAFETY: the request is not looked into.
        assert_eq!(unsafe { IoIs32bitProcess(null_mut()) } == 1, wow64);
    }
}
