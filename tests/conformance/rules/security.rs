//! S1 to S9, as far as the simulator's own tests of security do not have it.

use std::ptr::null_mut;

use wdm_sim::{Account, KeyAccess, KeyOptions, Machine, Privileges, Sid, Status};
use wdm_sys::*;

use crate::protection::*;
use crate::support::*;

const DENIED: Status = Status::ACCESS_DENIED;
const NOT_HELD: Status = Status::PRIVILEGE_NOT_HELD;

/// A machine whose key [`TEST`] has that list, and belongs to the system.
fn protected(entries: &[Entry]) -> Machine {
    let machine = machine();
    protect(
        &machine,
        TEST,
        &descriptor(&sid(Sid::LOCAL_SYSTEM), entries),
    );
    machine
}

#[test]
fn s1_the_notification_says_whether_an_open_is_checked() {
    let machine = protected(&[deny(&sid(Sid::EVERYONE), DELETE)]);
    let log = Log::default();
    let filter = register(&machine, "380010", {
        let log = log.clone();
        at(RegNtPreOpenKeyEx, move |event| {
            log.note(event.open().CheckAccessMode.to_string());
            Status::SUCCESS
        })
    });
    let app = start(&machine, Account::User);
    assert_eq!(open(&app, TEST, DELETE), Err(DENIED));
    {
        let _thread = app.enter();
        let open = |flags| kernel_open(null_mut(), TEST, DELETE, OBJ_KERNEL_HANDLE | flags);
        assert_eq!(open(0).map(drop), Ok(()));
        assert_eq!(open(OBJ_FORCE_ACCESS_CHECK).map(drop), Err(DENIED));
    }
    assert_eq!(
        log.take(),
        ["1", "0", "1"],
        "UserMode, KernelMode, UserMode"
    );
    unregister_all(&machine, [filter]);
    assert_clean(&machine);
}

#[test]
fn s4_the_right_to_the_system_list_is_no_part_of_the_maximum() {
    let machine = protected(&[allow(&sid(Sid::EVERYONE), KEY_ALL_ACCESS)]);
    let app = start(&machine, Account::Administrator);
    app.grant(Privileges::SECURITY);
    let thread = app.enter();
    let read = |access| {
        let access = KeyAccess::from_bits_retain(access);
        let key = thread.open_key(TEST, access).unwrap();
        key.security(SACL_SECURITY_INFORMATION).map(drop)
    };
    assert_eq!(read(MAXIMUM_ALLOWED), Err(DENIED));
    assert_eq!(read(MAXIMUM_ALLOWED | ACCESS_SYSTEM_SECURITY), Ok(()));
}

#[test]
fn s8_an_administrators_group_can_be_the_owner_and_system_lists_are_for_a_privilege() {
    let machine = protected(&[allow(&sid(Sid::EVERYONE), KEY_ALL_ACCESS)]);
    let administrators = sid(Sid::ADMINISTRATORS);
    let mut with_system_list = descriptor(&administrators, &[]);
    // The list is the system's: SE_SACL_PRESENT, and the offset in its place.
    with_system_list[2] = 0x10;
    with_system_list.copy_within(16..20, 12);
    with_system_list[16..20].fill(0);
    let make = |account, granted, descriptor: &[u8]| {
        let app = start(&machine, account);
        app.grant(granted);
        let thread = app.enter();
        let (path, options) = (child("New"), KeyOptions::VOLATILE);
        let made = thread.create_key_protected(&path, KeyAccess::READ, options, descriptor);
        made.map(|_| {
            machine
                .system_process()
                .enter()
                .open_key(&path, ALL)?
                .delete()
        })
        .and_then(|deleted| deleted)
    };
    let of_administrators = descriptor(&administrators, &[]);
    let none = Privileges::empty();
    let refused = Err(Status::INVALID_OWNER);
    assert_eq!(make(Account::User, none, &of_administrators), refused);
    assert_eq!(
        make(Account::Administrator, none, &of_administrators),
        Ok(())
    );
    let (account, granted) = (Account::Administrator, Privileges::SECURITY);
    assert_eq!(make(account, none, &with_system_list), Err(NOT_HELD));
    assert_eq!(make(account, granted, &with_system_list), Ok(()));
}

#[test]
fn s9_both_privileges_give_the_right_to_the_system_list() {
    for privilege in [Privileges::BACKUP, Privileges::RESTORE] {
        let machine = protected(&[]);
        let app = start(&machine, Account::User);
        app.grant(privilege);
        let thread = app.enter();
        let options = KeyOptions::BACKUP_RESTORE;
        let key = thread
            .open_key_with(TEST, KeyAccess::empty(), options)
            .unwrap();
        assert_eq!(key.security(SACL_SECURITY_INFORMATION).map(drop), Ok(()));
    }
}
