//! Who may do what with a key (S1 to S10).

use std::ptr;
use std::sync::LazyLock;

use proptest::prelude::*;
use wdm_sim::{Account, KeyAccess, KeyOptions, Machine, Privileges, Process, Sid, Status, UserKey};
use wdm_sys::*;

use crate::support::{KernelKey, Wide, attributes, machine};

const PARENT: &str = r"\REGISTRY\MACHINE\SYSTEM\Guarded";
const CHILD: &str = r"\REGISTRY\MACHINE\SYSTEM\Guarded\Child";
const CONTAINER_INHERIT: u8 = 2;
const NO_PROPAGATE: u8 = 4;
const INHERIT_ONLY: u8 = 8;
const INHERITED: u8 = 0x10;
const AUTO_INHERITED: u16 = 0x400;
const PROTECTED: u16 = 0x1000;
const DENIED: Result<(), Status> = Err(Status::ACCESS_DENIED);

fn sid(text: &str) -> Sid {
    text.parse().unwrap()
}

/// Type, flags, rights, and whom it concerns.
type Entry = (u8, u8, u32, Sid);

fn allow(who: &Sid, rights: u32) -> Entry {
    (0, CONTAINER_INHERIT, rights, who.clone())
}

fn deny(who: &Sid, rights: u32) -> Entry {
    (1, CONTAINER_INHERIT, rights, who.clone())
}

fn list(entries: &[Entry]) -> Vec<u8> {
    let mut list = vec![2, 0, 0, 0, entries.len() as u8, 0, 0, 0];
    for (kind, flags, rights, who) in entries {
        let length = (8 + who.as_bytes().len()) as u16;
        list.extend_from_slice(&[*kind, *flags]);
        list.extend_from_slice(&length.to_le_bytes());
        list.extend_from_slice(&rights.to_le_bytes());
        list.extend_from_slice(who.as_bytes());
    }
    let length = list.len() as u16;
    list[2..4].copy_from_slice(&length.to_le_bytes());
    list
}

/// A self-relative descriptor with an owner and a discretionary list.
fn descriptor(owner: &Sid, entries: &[Entry], control: u16) -> Vec<u8> {
    let mut bytes = vec![1, 0];
    bytes.extend_from_slice(&(0x8004 | control).to_le_bytes());
    let list_at = 20 + owner.as_bytes().len() as u32;
    for offset in [20, 0, 0, list_at] {
        bytes.extend_from_slice(&offset.to_le_bytes());
    }
    bytes.extend_from_slice(owner.as_bytes());
    bytes.extend_from_slice(&list(entries));
    bytes
}

/// The entries of a descriptor's discretionary list.
fn entries_of(descriptor: &[u8]) -> Vec<Entry> {
    let u32_at = |at: usize| u32::from_le_bytes(descriptor[at..at + 4].try_into().unwrap());
    let list = u32_at(16) as usize;
    let count = u16::from_le_bytes([descriptor[list + 4], descriptor[list + 5]]);
    let mut at = list + 8;
    let mut entries = Vec::new();
    for _ in 0..count {
        let head = &descriptor[at..at + 4];
        let length = usize::from(u16::from_le_bytes([head[2], head[3]]));
        let who = sid_at(&descriptor[at + 8..at + length]);
        entries.push((head[0], head[1], u32_at(at + 4), who));
        at += length;
    }
    entries
}

fn sid_at(bytes: &[u8]) -> Sid {
    let mut text = format!("S-1-{}", bytes[7]);
    let count = usize::from(bytes[1]);
    for number in bytes[8..8 + 4 * count].chunks_exact(4) {
        let number = u32::from_le_bytes(number.try_into().unwrap());
        text.push_str(&format!("-{number}"));
    }
    sid(&text)
}

/// A machine with a key of that owner and list. The file's users are an administrator and a user.
fn guarded(owner: &Sid, entries: &[Entry]) -> Machine {
    let machine = machine();
    protect(&machine, owner, entries, 0);
    machine
}

fn protect(machine: &Machine, owner: &Sid, entries: &[Entry], control: u16) {
    let system = machine.system_process();
    let thread = system.enter();
    let access = KeyAccess::from_bits_retain(KEY_ALL_ACCESS);
    let key = thread.create_key(PARENT, access).unwrap();
    let both = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    key.set_security(both, &descriptor(owner, entries, control))
        .unwrap();
}

fn start(machine: &Machine, account: Account) -> Process {
    machine.process_builder("app.exe").account(account).start()
}

fn open(process: &Process, access: u32) -> Result<(), Status> {
    let access = KeyAccess::from_bits_retain(access);
    process.enter().open_key(PARENT, access).map(drop)
}

fn user() -> Sid {
    Account::User.user()
}

fn system() -> Sid {
    sid(Sid::LOCAL_SYSTEM)
}

/// `ZwCreateKey` of [`CHILD`] on a thread of `process`, as a driver's callback would call it.
fn create_in_kernel(process: &Process, flags: u32, explicit: Option<&[u8]>) -> Result<(), Status> {
    let _thread = process.enter();
    let mut path = Wide::new(CHILD);
    let mut attributes = attributes(ptr::null_mut(), path.as_ptr());
    attributes.Attributes |= flags;
    if let Some(explicit) = explicit {
        attributes.SecurityDescriptor = explicit.as_ptr().cast_mut().cast();
    }
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
    status.to_result().map(|()| drop(KernelKey(handle)))
}

/// The descriptor of [`CHILD`].
fn child_descriptor(machine: &Machine) -> Vec<u8> {
    let all = OWNER_SECURITY_INFORMATION | GROUP_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    let system = machine.system_process();
    let thread = system.enter();
    let key = thread.open_key(CHILD, KeyAccess::READ).unwrap();
    key.security(all).unwrap()
}

#[test]
fn s1_the_descriptor_decides_for_user_mode_and_not_for_kernel_mode() {
    let machine = guarded(&system(), &[allow(&system(), KEY_ALL_ACCESS)]);
    assert_eq!(
        open(&start(&machine, Account::System), KEY_ALL_ACCESS),
        Ok(())
    );
    let app = start(&machine, Account::User);
    assert_eq!(open(&app, KEY_READ), DENIED);
    let _thread = app.enter();
    assert!(KernelKey::open(PARENT).is_ok());
}

#[test]
fn access_lists_can_be_left_out_and_handles_have_rights_all_the_same() {
    let machine = Machine::builder().check_access(false).build().unwrap();
    let user = machine.process_builder("user.exe");
    let user = user.account(Account::User).start();
    let thread = user.enter();
    let setup = r"\REGISTRY\MACHINE\SYSTEM\Setup";
    let key = thread.open_key(setup, KeyAccess::ALL).unwrap();
    assert_eq!(key.set_dword("Number", 1), Ok(()));
    let key = thread.open_key(setup, KeyAccess::READ).unwrap();
    assert_eq!(key.set_dword("Number", 1), DENIED);
}

#[test]
fn s1_kernel_mode_can_ask_to_be_checked() {
    let machine = guarded(&system(), &[allow(&system(), KEY_ALL_ACCESS)]);
    let app = start(&machine, Account::User);
    let checked = create_in_kernel(&app, OBJ_FORCE_ACCESS_CHECK, None);
    assert_eq!(checked, DENIED);
    assert_eq!(create_in_kernel(&app, 0, None), Ok(()));
}

#[test]
fn s1_keys_above_are_not_looked_at() {
    let machine = guarded(&system(), &[allow(&system(), KEY_ALL_ACCESS)]);
    let open_to_all = descriptor(&system(), &[allow(&user(), KEY_READ)], PROTECTED);
    create_in_kernel(&start(&machine, Account::System), 0, Some(&open_to_all)).unwrap();
    let app = start(&machine, Account::User);
    assert!(app.enter().open_key(CHILD, KeyAccess::READ).is_ok());
}

#[test]
fn s2_the_first_entry_about_a_right_counts() {
    let everyone = sid(Sid::EVERYONE);
    let denied_first = [
        deny(&user(), KEY_SET_VALUE),
        allow(&everyone, KEY_ALL_ACCESS),
    ];
    let machine = guarded(&system(), &denied_first);
    let app = start(&machine, Account::User);
    assert_eq!(open(&app, KEY_SET_VALUE), DENIED);
    assert_eq!(open(&app, KEY_READ), Ok(()));
    protect(
        &machine,
        &system(),
        &[denied_first[1].clone(), denied_first[0].clone()],
        0,
    );
    assert_eq!(open(&app, KEY_SET_VALUE), Ok(()));
}

#[test]
fn s2_an_entry_for_keys_below_says_nothing_of_the_key() {
    let below = (0, CONTAINER_INHERIT | INHERIT_ONLY, KEY_READ, user());
    let machine = guarded(&system(), &[below]);
    assert_eq!(open(&start(&machine, Account::User), KEY_READ), DENIED);
}

#[test]
fn s2_an_empty_list_lets_nobody_in_and_none_everybody() {
    let machine = guarded(&system(), &[]);
    let app = start(&machine, Account::User);
    assert_eq!(open(&app, KEY_READ), DENIED);
    // A list that is said to be there and is none.
    let mut none = descriptor(&system(), &[], 0);
    none[16..20].fill(0);
    none.truncate(20 + system().as_bytes().len());
    let setup = machine.system_process();
    let thread = setup.enter();
    let key = thread.open_key(PARENT, KeyAccess::ALL).unwrap();
    key.set_security(DACL_SECURITY_INFORMATION, &none).unwrap();
    drop(key);
    drop(thread);
    assert_eq!(open(&app, KEY_ALL_ACCESS), Ok(()));
}

#[test]
fn s2_generic_rights_are_those_of_keys() {
    let machine = guarded(&system(), &[allow(&user(), GENERIC_READ)]);
    let app = start(&machine, Account::User);
    assert_eq!(open(&app, KEY_READ), Ok(()));
    assert_eq!(open(&app, GENERIC_READ), Ok(()));
    assert_eq!(open(&app, GENERIC_WRITE), DENIED);
}

#[test]
fn s3_maximum_allowed_gives_what_there_is() {
    let machine = guarded(&system(), &[allow(&user(), KEY_READ | KEY_SET_VALUE)]);
    let app = start(&machine, Account::User);
    let thread = app.enter();
    let key = thread.open_key(PARENT, KeyAccess::MAXIMUM_ALLOWED).unwrap();
    assert_eq!(key.set_dword("Number", 1), Ok(()));
    assert_eq!(key.query_value("Number").unwrap().as_dword(), Some(1));
    assert_eq!(key.delete(), DENIED);
    let both = KeyAccess::MAXIMUM_ALLOWED | KeyAccess::DELETE;
    assert_eq!(thread.open_key(PARENT, both).map(drop), DENIED);
}

#[test]
fn s3_no_right_at_all_is_denied() {
    let machine = guarded(&system(), &[allow(&user(), KEY_READ)]);
    assert_eq!(open(&start(&machine, Account::User), 0), DENIED);
    protect(&machine, &system(), &[allow(&system(), KEY_READ)], 0);
    assert_eq!(
        open(&start(&machine, Account::User), MAXIMUM_ALLOWED),
        DENIED
    );
}

#[test]
fn s4_system_lists_and_ownership_are_for_privileges() {
    let machine = guarded(&system(), &[allow(&user(), KEY_READ)]);
    let app = start(&machine, Account::User);
    let with_sacl = KEY_READ | ACCESS_SYSTEM_SECURITY;
    assert_eq!(open(&app, with_sacl), Err(Status::PRIVILEGE_NOT_HELD));
    assert_eq!(open(&app, WRITE_OWNER), DENIED);
    app.grant(Privileges::SECURITY | Privileges::TAKE_OWNERSHIP);
    assert_eq!(open(&app, with_sacl), Ok(()));
    assert_eq!(open(&app, WRITE_OWNER), Ok(()));
    app.revoke(Privileges::SECURITY);
    assert_eq!(open(&app, with_sacl), Err(Status::PRIVILEGE_NOT_HELD));
}

#[test]
fn s4_who_takes_ownership_can_then_open_up_the_key() {
    let machine = guarded(&system(), &[allow(&system(), KEY_ALL_ACCESS)]);
    let app = start(&machine, Account::Administrator);
    app.grant(Privileges::TAKE_OWNERSHIP);
    let thread = app.enter();
    let mine = descriptor(&Account::Administrator.user(), &[], 0);
    let key = thread.open_key(PARENT, KeyAccess::WRITE_OWNER).unwrap();
    assert_eq!(key.set_security(OWNER_SECURITY_INFORMATION, &mine), Ok(()));
    let key = thread.open_key(PARENT, KeyAccess::WRITE_DAC).unwrap();
    let opened = descriptor(
        &system(),
        &[allow(&sid(Sid::ADMINISTRATORS), KEY_ALL_ACCESS)],
        0,
    );
    assert_eq!(key.set_security(DACL_SECURITY_INFORMATION, &opened), Ok(()));
    assert!(thread.open_key(PARENT, KeyAccess::ALL).is_ok());
}

#[test]
fn s5_owners_read_and_change_the_list_unless_the_list_says_what_they_may() {
    let machine = guarded(&user(), &[]);
    let app = start(&machine, Account::User);
    assert_eq!(open(&app, READ_CONTROL | WRITE_DAC), Ok(()));
    assert_eq!(open(&app, READ_CONTROL | KEY_QUERY_VALUE), DENIED);
    let owners = sid(Sid::OWNER_RIGHTS);
    protect(&machine, &user(), &[allow(&owners, KEY_QUERY_VALUE)], 0);
    assert_eq!(open(&app, WRITE_DAC), DENIED);
    assert_eq!(open(&app, KEY_QUERY_VALUE), Ok(()));
}

#[test]
fn s6_a_key_is_made_by_who_may_make_one_below_its_parent() {
    let machine = guarded(&system(), &[allow(&user(), KEY_READ)]);
    let app = start(&machine, Account::User);
    let thread = app.enter();
    assert_eq!(thread.create_key(CHILD, KeyAccess::READ).map(drop), DENIED);
    assert!(
        thread.create_key(PARENT, KeyAccess::READ).is_ok(),
        "it is there"
    );
    let entries = [allow(&user(), KEY_READ | KEY_CREATE_SUB_KEY)];
    protect(&machine, &system(), &entries, 0);
    // The one who makes it gets what it asks for, whatever the new key's descriptor says.
    let key = thread.create_key(CHILD, KeyAccess::ALL).unwrap();
    assert_eq!(key.set_dword("Number", 1), Ok(()));
    assert_eq!(thread.open_key(CHILD, KeyAccess::ALL).map(drop), DENIED);
    let link = r"\REGISTRY\MACHINE\SYSTEM\Guarded\Link";
    let made = thread.create_key_with(link, KeyAccess::ALL, KeyOptions::CREATE_LINK);
    assert_eq!(made.map(drop), DENIED);
    protect(&machine, &system(), &[allow(&user(), KEY_ALL_ACCESS)], 0);
    let made = thread.create_key_with(link, KeyAccess::ALL, KeyOptions::CREATE_LINK);
    assert!(made.is_ok());
}

#[test]
fn s7_a_new_key_inherits_what_is_for_keys_below() {
    let (everyone, creator) = (sid(Sid::EVERYONE), sid(Sid::CREATOR_OWNER));
    let entries = [
        allow(&system(), KEY_ALL_ACCESS),
        (0, 0, KEY_WRITE, everyone.clone()),
        (
            0,
            CONTAINER_INHERIT | INHERIT_ONLY,
            GENERIC_ALL,
            creator.clone(),
        ),
        (
            0,
            CONTAINER_INHERIT | NO_PROPAGATE,
            KEY_READ,
            everyone.clone(),
        ),
        allow(&user(), KEY_CREATE_SUB_KEY),
    ];
    let machine = guarded(&system(), &entries);
    let app = start(&machine, Account::User);
    drop(app.enter().create_key(CHILD, KeyAccess::READ).unwrap());
    let made = child_descriptor(&machine);
    let expected = [
        allow(&system(), KEY_ALL_ACCESS),
        // What the creator gets, and what is handed on to creators below.
        (0, 0, KEY_ALL_ACCESS, user()),
        (0, CONTAINER_INHERIT | INHERIT_ONLY, GENERIC_ALL, creator),
        (0, 0, KEY_READ, everyone),
        // Here the user has it already.
        (
            0,
            CONTAINER_INHERIT | INHERIT_ONLY,
            KEY_CREATE_SUB_KEY,
            user(),
        ),
    ];
    assert_eq!(entries_of(&made), expected);
    assert_eq!(sid_at(&made[20..]), user(), "its owner");
}

#[test]
fn s7_inherited_entries_are_marked_where_the_parents_are() {
    let machine = machine();
    protect(
        &machine,
        &system(),
        &[allow(&user(), KEY_ALL_ACCESS)],
        AUTO_INHERITED,
    );
    let app = start(&machine, Account::User);
    let own = descriptor(&user(), &[allow(&user(), KEY_READ)], 0);
    create_in_kernel(&app, 0, Some(&own)).unwrap();
    let inherited = (0, CONTAINER_INHERIT | INHERITED, KEY_ALL_ACCESS, user());
    let made = child_descriptor(&machine);
    assert_eq!(entries_of(&made), [allow(&user(), KEY_READ), inherited]);
    assert_eq!(made[3] & 0x04, 0x04, "marked as such");
}

#[test]
fn s7_a_list_that_is_asked_for_replaces_what_would_be_inherited() {
    let machine = guarded(&system(), &[allow(&user(), KEY_ALL_ACCESS)]);
    let app = start(&machine, Account::User);
    let own = descriptor(&user(), &[allow(&user(), GENERIC_READ)], 0);
    create_in_kernel(&app, OBJ_FORCE_ACCESS_CHECK, Some(&own)).unwrap();
    let made = child_descriptor(&machine);
    assert_eq!(entries_of(&made), [allow(&user(), KEY_READ)]);
}

#[test]
fn s7_a_parent_that_hands_nothing_on_leaves_the_default() {
    let here_only = (0, 0, KEY_ALL_ACCESS, user());
    let machine = guarded(&system(), &[here_only]);
    create_in_kernel(&start(&machine, Account::User), 0, None).unwrap();
    let made = entries_of(&child_descriptor(&machine));
    let whole = |who| (0, 0, KEY_ALL_ACCESS, who);
    assert_eq!(made, [whole(user()), whole(system())]);
}

#[test]
fn s7_a_program_can_say_what_protects_its_key() {
    let machine = guarded(&system(), &[allow(&user(), KEY_ALL_ACCESS)]);
    let app = start(&machine, Account::User);
    let thread = app.enter();
    let create = |descriptor: &[u8]| {
        let made =
            thread.create_key_protected(CHILD, KeyAccess::ALL, KeyOptions::empty(), descriptor);
        made.map(drop)
    };
    assert_eq!(create(&[1, 2, 3]), Err(Status::INVALID_PARAMETER));
    let others = descriptor(&system(), &[], 0);
    assert_eq!(create(&others), Err(Status::INVALID_OWNER));
    let own = descriptor(&user(), &[allow(&user(), KEY_READ)], 0);
    assert_eq!(create(&own), Ok(()));
    assert_eq!(
        entries_of(&child_descriptor(&machine)),
        [allow(&user(), KEY_READ)]
    );
    // It is there, so nothing is asked of the descriptor any more, but of the key's.
    assert_eq!(create(&others), DENIED);
}

#[test]
fn s6_s7_a_transaction_changes_nothing_of_it() {
    let machine = guarded(&system(), &[allow(&user(), KEY_READ)]);
    let app = start(&machine, Account::User);
    let thread = app.enter();
    let transaction = thread.create_transaction().unwrap();
    let create = || {
        let made = thread.create_key_transacted(CHILD, KeyAccess::READ, &transaction);
        made.map(drop)
    };
    assert_eq!(create(), DENIED);
    protect(&machine, &system(), &[allow(&user(), KEY_ALL_ACCESS)], 0);
    assert_eq!(create(), Ok(()));
    transaction.commit().unwrap();
    let made = entries_of(&child_descriptor(&machine));
    assert_eq!(made, [allow(&user(), KEY_ALL_ACCESS)]);
}

#[test]
fn s8_not_everybody_can_be_made_the_owner() {
    let machine = guarded(&system(), &[allow(&user(), KEY_ALL_ACCESS)]);
    let app = start(&machine, Account::User);
    let others = descriptor(&system(), &[], 0);
    let made = create_in_kernel(&app, OBJ_FORCE_ACCESS_CHECK, Some(&others));
    assert_eq!(made, Err(Status::INVALID_OWNER));
    let thread = app.enter();
    let key = thread.open_key(PARENT, KeyAccess::WRITE_OWNER).unwrap();
    let parts = OWNER_SECURITY_INFORMATION;
    assert_eq!(key.set_security(parts, &others), Err(Status::INVALID_OWNER));
    app.grant(Privileges::RESTORE);
    assert_eq!(key.set_security(parts, &others), Ok(()));
}

#[test]
fn s9_backup_and_restore_open_what_the_privileges_are_for() {
    let machine = guarded(&system(), &[]);
    let app = start(&machine, Account::User);
    let thread = app.enter();
    let options = KeyOptions::BACKUP_RESTORE;
    let open = || thread.open_key_with(PARENT, KeyAccess::NOTIFY, options);
    assert_eq!(open().map(drop), DENIED);
    app.grant(Privileges::BACKUP);
    let reads = |key: &UserKey<'_>| key.query().map(drop);
    let writes = |key: &UserKey<'_>| key.set_dword("Number", 1);
    let key = open().unwrap();
    assert_eq!((reads(&key), writes(&key)), (Ok(()), DENIED));
    app.revoke(Privileges::BACKUP);
    app.grant(Privileges::RESTORE);
    let key = open().unwrap();
    assert_eq!((reads(&key), writes(&key)), (DENIED, Ok(())));
    assert_eq!(key.delete(), Ok(()));
}

#[test]
fn s9_nothing_is_made_without_a_right_to_it() {
    let machine = guarded(&system(), &[allow(&user(), KEY_ALL_ACCESS)]);
    let app = start(&machine, Account::User);
    let thread = app.enter();
    let create = |access, options| thread.create_key_with(CHILD, access, options).map(drop);
    let for_backup = KeyOptions::BACKUP_RESTORE;
    assert_eq!(create(KeyAccess::ALL, for_backup), DENIED);
    assert_eq!(create(KeyAccess::empty(), KeyOptions::empty()), DENIED);
    let missing = Err(Status::OBJECT_NAME_NOT_FOUND);
    assert_eq!(thread.open_key(CHILD, KeyAccess::READ).map(drop), missing);
    app.grant(Privileges::RESTORE);
    assert_eq!(create(KeyAccess::empty(), for_backup), Ok(()));
}

proptest! {
    /// The kernel's answer is that of a reading of the list right by right.
    #[test]
    fn s2_each_right_is_decided_alone(
        entries in proptest::collection::vec((any::<bool>(), 0..4_usize, 0..64_u32), 0..8),
        asked in 1..64_u32,
    ) {
        let everyone = sid(Sid::EVERYONE);
        let known = [user(), everyone, sid(Sid::ADMINISTRATORS), system()];
        let held = |who: usize| who < 2;
        let list: Vec<Entry> = entries
            .iter()
            .map(|&(denies, who, rights)| (u8::from(denies), 0, rights, known[who].clone()))
            .collect();
        static MACHINE: LazyLock<Machine> = LazyLock::new(machine);
        protect(&MACHINE, &system(), &list, 0);
        let app = start(&MACHINE, Account::User);
        let first = |right: u32| {
            let about = |entry: &&(bool, usize, u32)| held(entry.1) && entry.2 & right != 0;
            entries.iter().find(about).is_some_and(|entry| !entry.0)
        };
        let rights = (0..6).map(|bit| 1 << bit).filter(|right| asked & right != 0);
        let granted = rights.clone().all(first);
        prop_assert_eq!(open(&app, asked).is_ok(), granted);
    }
}

/// Real hives' descriptors, with the keys that those of a machine's SYSTEM hive protect.
#[test]
fn s1_the_keys_of_a_real_system_hive_are_for_whom_they_are() {
    let folder = std::env::var_os("WDM_HIVES").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/hives"),
        Into::into,
    );
    let Ok(hive) = std::fs::read(folder.join("SYSTEM.xz")) else {
        println!("skipped: no SYSTEM.xz in {}", folder.display());
        return;
    };
    let machine = Machine::builder().hive("SYSTEM", hive).build().unwrap();
    let open = |account, path: &str, access| {
        let path = format!(r"\REGISTRY\MACHINE\SYSTEM\{path}");
        let process = start(&machine, account);
        let thread = process.enter();
        thread.open_key(&path, access).map(drop)
    };
    let services = r"CurrentControlSet\Services";
    assert_eq!(open(Account::User, services, KeyAccess::READ), Ok(()));
    assert_eq!(open(Account::User, services, KeyAccess::WRITE), DENIED);
    assert_eq!(
        open(Account::User, services, KeyAccess::CREATE_SUB_KEY),
        DENIED
    );
    assert_eq!(
        open(Account::Administrator, services, KeyAccess::ALL),
        Ok(())
    );
    // The devices are the system's alone to write, and all may read them.
    let devices = r"CurrentControlSet\Enum";
    assert_eq!(open(Account::User, devices, KeyAccess::READ), Ok(()));
    assert_eq!(
        open(Account::Administrator, devices, KeyAccess::SET_VALUE),
        DENIED
    );
    assert_eq!(open(Account::System, devices, KeyAccess::ALL), Ok(()));
    // A log of its own.
    let log = r"CurrentControlSet\Services\Eventlog\Security";
    assert_eq!(open(Account::User, log, KeyAccess::QUERY_VALUE), DENIED);
    assert_eq!(open(Account::Administrator, log, KeyAccess::READ), Ok(()));
}
