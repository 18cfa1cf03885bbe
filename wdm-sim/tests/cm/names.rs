//! Names of keys and values, links, and what is left of a deleted key (L1 to L5, D1, D2).

use std::ptr;

use wdm_sim::{KeyAccess, KeyOptions, Machine, Profile, Status, ThreadGuard};
use wdm_sys::*;

use crate::support::{KernelKey, Log, SYSTEM, Wide, attributes, machine, register};

const TEST: &str = r"\REGISTRY\MACHINE\SYSTEM\Test";
const LINK: &str = r"\REGISTRY\MACHINE\SYSTEM\Link";

/// `ZwCreateKey`, or `ZwOpenKey`, of a name with so many bytes of it counted.
fn zw(create: bool, root: HANDLE, name: &str, flags: u32, cut: u16) -> Status {
    let mut name = Wide::new(name);
    let string = name.as_ptr();
    // SAFETY: the string is live.
    unsafe { (*string).Length -= cut };
    let mut attributes = attributes(root, string);
    attributes.Attributes = OBJ_KERNEL_HANDLE | flags;
    let mut handle = ptr::null_mut();
    let status = match create {
        // SAFETY: all places are live.
        true => unsafe {
            let none = ptr::null_mut();
            let options = REG_OPTION_VOLATILE;
            ZwCreateKey(
                &raw mut handle,
                KEY_ALL_ACCESS,
                &raw mut attributes,
                0,
                none,
                options,
                ptr::null_mut(),
            )
        },
        // SAFETY: all places are live.
        false => unsafe { ZwOpenKey(&raw mut handle, KEY_READ, &raw mut attributes) },
    };
    drop((status == 0).then(|| KernelKey(handle)));
    Status(status)
}

fn built(profile: Profile) -> Machine {
    Machine::builder().profile(profile).build().unwrap()
}

/// Makes a link, or finds it, and opens what it leads to.
fn follow(thread: &ThreadGuard, target: &[u8]) -> Result<(), Status> {
    let options = KeyOptions::CREATE_LINK | KeyOptions::VOLATILE;
    let link = match thread.create_key_with(LINK, KeyAccess::ALL, options) {
        Err(Status::OBJECT_NAME_COLLISION) => {
            thread.open_key_with(LINK, KeyAccess::ALL, KeyOptions::OPEN_LINK)?
        }
        made => made?.0,
    };
    link.set_value("SymbolicLinkValue", REG_LINK, target)?;
    thread.open_key(LINK, KeyAccess::READ).map(drop)
}

fn bytes(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_le_bytes).collect()
}

#[test]
fn l1_a_link_takes_any_target_and_is_judged_when_it_is_followed() {
    for (profile, relative) in [
        (Profile::Win7, Status::OBJECT_NAME_NOT_FOUND),
        (Profile::Win10, Status::OBJECT_NAME_INVALID),
    ] {
        let machine = built(profile);
        let app = machine.process("app.exe");
        let thread = app.enter();
        assert_eq!(follow(&thread, &bytes(SYSTEM)), Ok(()));
        assert_eq!(follow(&thread, &bytes("Test")), Err(relative));
        // A NUL at the end is one of the name's characters.
        let with_nul = bytes(&format!("{SYSTEM}\0"));
        let missing = Err(Status::OBJECT_NAME_NOT_FOUND);
        assert_eq!(follow(&thread, &with_nul), missing);
    }
}

#[test]
fn l2_links_that_lead_in_a_circle_end() {
    for (profile, status) in [
        (Profile::Win7, Status::NAME_TOO_LONG),
        (Profile::Win10, Status::INVALID_PARAMETER),
    ] {
        let machine = built(profile);
        let app = machine.process("app.exe");
        let deeper = bytes(&format!(r"{LINK}\Link"));
        assert_eq!(follow(&app.enter(), &deeper), Err(status));
    }
}

#[test]
fn l3_absolute_names_lead_into_the_registry() {
    let machine = machine();
    let system = machine.system_process();
    let _thread = system.enter();
    for create in [false, true] {
        for (name, status) in [
            ("", Status::OBJECT_PATH_SYNTAX_BAD),
            (r"\", Status::OBJECT_TYPE_MISMATCH),
            (r"\\\", Status::OBJECT_NAME_INVALID),
            (r"\Registry", Status::SUCCESS),
            (r"\Registry\", Status::SUCCESS),
            (r"\Registry\\", Status::SUCCESS),
            (r"\Foobar", Status::OBJECT_NAME_NOT_FOUND),
            (r"\Foobar\Machine", Status::OBJECT_PATH_NOT_FOUND),
            (r"\Machine\Software\Classes", Status::OBJECT_PATH_NOT_FOUND),
            (r"Machine\Software\Classes", Status::OBJECT_PATH_SYNTAX_BAD),
        ] {
            let opened = zw(create, ptr::null_mut(), name, OBJ_CASE_INSENSITIVE, 0);
            assert_eq!(opened, status, "{create} {name}");
        }
    }
}

#[test]
fn l3_the_first_component_has_a_case_before_windows_10() {
    let exact = r"\REGISTRY\machine\system";
    let other = r"\Registry\Machine\System";
    for (profile, status) in [
        (Profile::Win7, Status::OBJECT_PATH_NOT_FOUND),
        (Profile::Win8, Status::OBJECT_PATH_NOT_FOUND),
        (Profile::Win10, Status::SUCCESS),
    ] {
        let machine = built(profile);
        let system = machine.system_process();
        let _thread = system.enter();
        let none = ptr::null_mut();
        assert_eq!(zw(false, none, exact, 0, 0), Status::SUCCESS);
        assert_eq!(zw(false, none, other, 0, 0), status);
        let insensitive = zw(false, none, other, OBJ_CASE_INSENSITIVE, 0);
        assert_eq!(insensitive, Status::SUCCESS);
    }
}

#[test]
fn l4_relative_names_make_their_last_component_only() {
    let machine = machine();
    let system = machine.system_process();
    let _thread = system.enter();
    let root = KernelKey::open(SYSTEM).unwrap();
    for (name, status) in [
        (r"test\sub\key", Status::OBJECT_NAME_NOT_FOUND),
        (r"test\subkey", Status::OBJECT_NAME_NOT_FOUND),
        (r"test\\subkey", Status::OBJECT_NAME_NOT_FOUND),
        (r"test\subkey\", Status::OBJECT_NAME_NOT_FOUND),
        (r"made\", Status::SUCCESS),
        (r"made\\", Status::SUCCESS),
        (r"made\\below\\", Status::SUCCESS),
        (r"\made", Status::OBJECT_PATH_SYNTAX_BAD),
        ("with\0nul", Status::SUCCESS),
        ("", Status::SUCCESS),
    ] {
        assert_eq!(zw(true, root.0, name, 0, 0), status, "{name:?}");
    }
    let long = "n".repeat(256);
    assert_eq!(zw(true, root.0, &long[1..], 0, 0), Status::SUCCESS);
    assert_eq!(zw(true, root.0, &long, 0, 0), Status::INVALID_PARAMETER);
    let odd = zw(true, root.0, "odd", 0, 1);
    assert_eq!(odd, Status::OBJECT_NAME_INVALID);
}

#[test]
fn l4_a_root_is_a_key() {
    let machine = machine();
    let system = machine.system_process();
    let _thread = system.enter();
    let mut event = ptr::null_mut();
    // SAFETY: the place is live.
    let made = unsafe { ZwCreateEvent(&raw mut event, EVENT_ALL_ACCESS, ptr::null_mut(), 0, 0) };
    assert_eq!(made, 0);
    let event = KernelKey(event);
    let below_event = zw(false, event.0, "Test", 0, 0);
    assert_eq!(below_event, Status::OBJECT_TYPE_MISMATCH);
    let nothing = ptr::without_provenance_mut(0x1234_5670);
    assert_eq!(zw(false, nothing, "Test", 0, 0), Status::INVALID_HANDLE);
}

#[test]
fn l5_the_option_opens_no_link_but_the_attribute_does() {
    let machine = machine();
    let app = machine.process("app.exe");
    assert_eq!(follow(&app.enter(), &bytes(SYSTEM)), Ok(()));
    let system = machine.system_process();
    let _thread = system.enter();
    let has_target = |options, flags| {
        let mut path = Wide::new(LINK);
        let mut attributes = attributes(ptr::null_mut(), path.as_ptr());
        attributes.Attributes |= flags;
        let mut handle = ptr::null_mut();
        let place = &raw mut handle;
        // SAFETY: all places are live.
        let opened = unsafe { ZwOpenKeyEx(place, KEY_READ, &raw mut attributes, options) };
        assert_eq!(opened, 0);
        let key = KernelKey(handle);
        let mut name = Wide::new("SymbolicLinkValue");
        let mut needed = 0;
        let class = KeyValuePartialInformation;
        let none = ptr::null_mut();
        // SAFETY: all places are live, and a buffer of no bytes needs none.
        let answer = Status(unsafe {
            ZwQueryValueKey(key.0, name.as_ptr(), class, none, 0, &raw mut needed)
        });
        answer == Status::BUFFER_TOO_SMALL
    };
    assert!(!has_target(REG_OPTION_OPEN_LINK, 0));
    assert!(has_target(0, OBJ_OPENLINK));
}

#[test]
fn d1_deleting_a_deleted_key_succeeds() {
    let machine = machine();
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    assert_eq!(key.delete(), Ok(()));
    assert_eq!(key.delete(), Ok(()));
    let deleted = Err(Status::KEY_DELETED);
    assert_eq!(key.name().map(drop), deleted);
    assert_eq!(key.query().map(drop), deleted);
    assert_eq!(key.enumerate_key(0).map(drop), deleted);
    assert_eq!(key.query_value("v").map(drop), deleted);
    assert_eq!(key.enumerate_value(0).map(drop), deleted);
    assert_eq!(key.set_dword("v", 1), deleted);
    assert_eq!(key.delete_value("v"), deleted);
    assert_eq!(key.open_key("k", KeyAccess::READ).map(drop), deleted);
    assert_eq!(key.create_key("k", KeyAccess::ALL).map(drop), deleted);
}

#[test]
fn d2_a_key_is_not_renamed_to_a_name_that_is_taken_its_own_too() {
    let machine = machine();
    let app = machine.process("app.exe");
    let thread = app.enter();
    drop(thread.create_key(TEST, KeyAccess::ALL).unwrap());
    let key = thread
        .create_key(&format!(r"{TEST}\Name"), KeyAccess::ALL)
        .unwrap();
    drop(key.create_key("Below", KeyAccess::ALL).unwrap());
    for (name, status) in [
        ("Name", Err(Status::CANNOT_DELETE)),
        ("NAME", Err(Status::CANNOT_DELETE)),
        ("", Err(Status::INVALID_PARAMETER)),
        (r"a\b", Err(Status::INVALID_PARAMETER)),
        ("Other", Ok(())),
    ] {
        assert_eq!(key.rename(name), status, "{name}");
    }
    let below = key.open_key("Below", KeyAccess::READ).unwrap();
    assert_eq!(below.name().unwrap(), format!(r"{TEST}\Other\Below"));
    let log = Log::default();
    let filter = register(&machine, "1", {
        let log = log.clone();
        move |event| {
            log.note(event.name());
            Status::SUCCESS
        }
    });
    // The name comes first, then the handle.
    let system = machine.system_process();
    let kernel = system.enter();
    let mut name = Wide::new("Name");
    // SAFETY: any number can be given.
    let neither = Status(unsafe { ZwRenameKey(ptr::null_mut(), ptr::null_mut()) });
    assert_eq!(neither, Status::ACCESS_VIOLATION);
    // SAFETY: the string is live.
    let no_handle = Status(unsafe { ZwRenameKey(ptr::null_mut(), name.as_ptr()) });
    assert_eq!(no_handle, Status::INVALID_HANDLE);
    assert_eq!(log.take(), [""; 0]);
    drop(kernel);
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
}
