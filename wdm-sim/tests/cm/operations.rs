//! The operations themselves: what user mode and drivers get from the registry.

use std::ptr;

use wdm_sim::registry::Disposition;
use wdm_sim::{KeyAccess, KeyOptions, Rule, Status};
use wdm_sys::*;

use crate::support::*;

const TEST: &str = r"\REGISTRY\MACHINE\SYSTEM\Test";

#[test]
fn values_can_be_set_queried_enumerated_and_deleted() {
    let machine = machine();
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    key.set_dword("Number", 42).unwrap();
    key.set_string("Text", "hello").unwrap();
    key.set_strings("Texts", &["a", "bc"]).unwrap();
    let large = vec![7_u8; 10_000];
    key.set_binary("", &large).unwrap();
    assert_eq!(key.query_value("NUMBER").unwrap().as_dword(), Some(42));
    let text = key.query_value("text").unwrap();
    assert_eq!(
        (text.name.as_str(), text.as_string()),
        ("Text", Some("hello".to_owned()))
    );
    assert_eq!(key.query_value("").unwrap().data, large);
    let names: Result<Vec<_>, _> = (0..4)
        .map(|index| key.enumerate_value(index).map(|value| value.name))
        .collect();
    assert_eq!(names.unwrap(), ["Number", "Text", "Texts", ""]);
    assert_eq!(key.enumerate_value(4), Err(Status::NO_MORE_ENTRIES));
    key.delete_value("Text").unwrap();
    assert_eq!(key.query_value("Text"), Err(Status::OBJECT_NAME_NOT_FOUND));
    assert_eq!(key.delete_value("Text"), Err(Status::OBJECT_NAME_NOT_FOUND));
}

#[test]
fn a_value_name_loses_the_nuls_at_its_end() {
    let machine = machine();
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    key.set_dword("Number\0\0", 42).unwrap();
    assert_eq!(key.query_value("Number").unwrap().as_dword(), Some(42));
}

#[test]
fn keys_can_be_created_enumerated_renamed_and_deleted() {
    let machine = machine();
    let app = machine.process("app.exe");
    let thread = app.enter();
    let none = KeyOptions::empty();
    let (key, disposition) = thread.create_key_with(TEST, KeyAccess::ALL, none).unwrap();
    assert_eq!(disposition, Disposition::CreatedNew);
    let (again, disposition) = thread.create_key_with(TEST, KeyAccess::ALL, none).unwrap();
    assert_eq!(disposition, Disposition::OpenedExisting);
    for name in ["b", "a", "c"] {
        drop(key.create_key(name, KeyAccess::READ).unwrap());
    }
    assert_eq!(key.enumerate_key(0).as_deref(), Ok("a"));
    assert_eq!(key.enumerate_key(2).as_deref(), Ok("c"));
    assert_eq!(key.enumerate_key(3), Err(Status::NO_MORE_ENTRIES));
    assert_eq!(key.query().unwrap().subkeys, 3);
    key.set_last_write_time(1234).unwrap();
    assert_eq!(key.query().unwrap().last_write_time, 1234);
    key.rename("Renamed").unwrap();
    assert_eq!(
        again.name().as_deref(),
        Ok(r"\REGISTRY\MACHINE\SYSTEM\Renamed")
    );
    assert_eq!(key.delete(), Err(Status::CANNOT_DELETE));
    for name in ["a", "b", "c"] {
        key.open_key(name, KeyAccess::DELETE)
            .unwrap()
            .delete()
            .unwrap();
    }
    key.delete().unwrap();
    assert_eq!(again.query().map(drop), Err(Status::KEY_DELETED));
    assert_eq!(again.set_dword("Number", 1), Err(Status::KEY_DELETED));
}

#[test]
fn rights_are_those_that_the_handle_was_opened_with() {
    let machine = machine();
    let app = machine.process("app.exe");
    let thread = app.enter();
    drop(thread.create_key(TEST, KeyAccess::ALL).unwrap());
    let denied = Err(Status::ACCESS_DENIED);
    let none = thread.open_key(TEST, KeyAccess::NOTIFY).unwrap();
    assert_eq!(none.set_dword("Number", 1), denied);
    assert_eq!(none.delete_value("Number"), denied);
    assert_eq!(none.query_value("Number").map(drop), denied);
    assert_eq!(none.enumerate_value(0).map(drop), denied);
    assert_eq!(none.enumerate_key(0).map(drop), denied);
    assert_eq!(none.query().map(drop), denied);
    assert_eq!(none.rename("Other"), denied);
    assert_eq!(none.delete(), denied);
    assert_eq!(none.set_last_write_time(1), denied);
    assert_eq!(none.security(DACL_SECURITY_INFORMATION).map(drop), denied);
    assert_eq!(none.name().as_deref(), Ok(TEST), "the name needs no right");
    assert_eq!(none.flush(), Ok(()));

    let any = thread.open_key(TEST, KeyAccess::MAXIMUM_ALLOWED).unwrap();
    assert_eq!(any.set_dword("Number", 1), Ok(()));
    let generic = KeyAccess::from_bits_retain(GENERIC_READ);
    let read = thread.open_key(TEST, generic).unwrap();
    assert_eq!(read.query_value("Number").unwrap().as_dword(), Some(1));
    assert_eq!(read.set_dword("Number", 1), denied);
}

#[test]
fn refused_calls_are_not_announced() {
    let machine = machine();
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.open_key(SYSTEM, KeyAccess::READ).unwrap();
    let log = Log::default();
    let _filter = register(&machine, "1", {
        let log = log.clone();
        move |event| {
            log.note(event.name());
            Status::SUCCESS
        }
    });
    assert_eq!(key.set_dword("Number", 1), Err(Status::ACCESS_DENIED));
    let wrong = thread.open_key("SYSTEM", KeyAccess::READ).map(drop);
    assert_eq!(wrong, Err(Status::OBJECT_PATH_SYNTAX_BAD));
    let wrong = thread.open_key(r"\Nothing\Here", KeyAccess::READ).map(drop);
    assert_eq!(wrong, Err(Status::OBJECT_PATH_NOT_FOUND));
    let wrong = key.open_key(r"\REGISTRY", KeyAccess::READ).map(drop);
    assert_eq!(wrong, Err(Status::OBJECT_PATH_SYNTAX_BAD));
    assert_eq!(log.take(), [""; 0]);
}

#[test]
fn symbolic_links_are_followed_or_opened_themselves() {
    let machine = machine();
    let app = machine.process("app.exe");
    let thread = app.enter();
    drop(thread.create_key(TEST, KeyAccess::ALL).unwrap());
    let path = r"\REGISTRY\MACHINE\SYSTEM\Link";
    let options = KeyOptions::CREATE_LINK | KeyOptions::VOLATILE;
    let (link, _) = thread
        .create_key_with(path, KeyAccess::ALL, options)
        .unwrap();
    let target: Vec<u8> = TEST.encode_utf16().flat_map(u16::to_le_bytes).collect();
    link.set_value("SymbolicLinkValue", REG_LINK, &target)
        .unwrap();
    let followed = thread
        .create_key(&format!(r"{path}\Below"), KeyAccess::ALL)
        .unwrap();
    assert_eq!(followed.name().unwrap(), format!(r"{TEST}\Below"));
    let itself = thread
        .open_key_with(path, KeyAccess::ALL, KeyOptions::OPEN_LINK)
        .unwrap();
    assert_eq!(itself.name().as_deref(), Ok(path));
    // A link that leads to itself is given up on.
    let itself_bytes: Vec<u8> = path.encode_utf16().flat_map(u16::to_le_bytes).collect();
    link.set_value("SymbolicLinkValue", REG_LINK, &itself_bytes)
        .unwrap();
    let opened = thread.open_key(path, KeyAccess::READ).map(drop);
    assert_eq!(opened, Err(Status::INVALID_PARAMETER));
}

/// What ntdll.dll exports as `Zw...` is called from user mode, what a driver calls from kernel mode.
#[test]
fn a_program_calls_the_services_from_user_mode_and_callbacks_from_kernel_mode() {
    let machine = machine();
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.open_key(SYSTEM, KeyAccess::READ).unwrap();
    let handle = key.handle().addr();
    let delete = move || {
        let mut name = Wide::new("Missing");
        // SAFETY: the name is live, and any number can be given as a handle.
        Status(unsafe { ZwDeleteValueKey(ptr::without_provenance_mut(handle), name.as_ptr()) })
    };
    let log = Log::default();
    let _filter = register(&machine, "1", {
        let log = log.clone();
        move |event| {
            if event.name() == "RegNtPreQueryKey" {
                log.note(delete().to_string());
            }
            Status::SUCCESS
        }
    });
    thread.in_user_mode(|| {
        assert_eq!(delete(), Status::ACCESS_DENIED);
        key.query().unwrap();
        assert_eq!(delete(), Status::ACCESS_DENIED);
    });
    let from_kernel_mode = Status::OBJECT_NAME_NOT_FOUND;
    assert_eq!(log.take(), [from_kernel_mode.to_string()]);
    assert_eq!(delete(), from_kernel_mode, "as ever");
}

#[test]
fn a_deleted_link_says_so_before_it_says_what_it_can_hold() {
    let machine = machine();
    let app = machine.process("app.exe");
    let thread = app.enter();
    let path = r"\REGISTRY\MACHINE\SYSTEM\Link";
    let options = KeyOptions::CREATE_LINK | KeyOptions::VOLATILE;
    let (link, _) = thread
        .create_key_with(path, KeyAccess::ALL, options)
        .unwrap();
    assert_eq!(link.set_dword("Number", 1), Err(Status::ACCESS_DENIED));
    link.delete().unwrap();
    assert_eq!(link.set_dword("Number", 1), Err(Status::KEY_DELETED));
}

#[test]
fn security_descriptors_are_kept_in_parts() {
    let machine = machine();
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    // Self-relative; owner S-1-5-18 and an empty discretionary list.
    let mut descriptor = vec![
        1, 0, 4, 0x80, 20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 32, 0, 0, 0,
    ];
    descriptor.extend([1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0]);
    descriptor.extend([2, 0, 8, 0, 0, 0, 0, 0]);
    let both = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    key.set_security(both, &descriptor).unwrap();
    assert_eq!(key.security(both).unwrap(), descriptor);
    let owner = key.security(OWNER_SECURITY_INFORMATION).unwrap();
    assert_eq!(&owner[20..], &descriptor[20..32]);
    let damaged = key.set_security(both, &descriptor[..30]);
    assert_eq!(damaged, Err(Status::INVALID_PARAMETER));
}

#[test]
fn kernel_handles_are_not_for_user_mode_and_have_all_rights() {
    let machine = machine();
    let log = Log::default();
    let _filter = register(&machine, "1", {
        let log = log.clone();
        move |event| {
            if event.class == RegNtPreSetValueKey {
                // SAFETY: it takes nothing.
                log.note(unsafe { ExGetPreviousMode() }.to_string());
            }
            Status::SUCCESS
        }
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    // A driver's call on an application's thread: kernel mode all the same.
    let kernel_key = KernelKey::open(SYSTEM).unwrap();
    assert!(kernel_key.0.addr() >= 0x8000_0000);
    assert_eq!(kernel_key.set_dword("Number", 1), Status::SUCCESS);
    let user_key = thread.open_key(SYSTEM, KeyAccess::ALL).unwrap();
    assert_eq!(user_key.handle().addr() % 4, 0);
    user_key.set_dword("Number", 2).unwrap();
    assert_eq!(log.take(), ["0", "1"]);
    assert_clean(&machine);
}

#[test]
fn a_call_runs_on_the_thread_it_is_made_through() {
    let machine = machine();
    let log = Log::default();
    let _filter = register(&machine, "1", {
        let log = log.clone();
        move |event| {
            if matches!(event.class, RegNtPreSetValueKey | RegNtPreKeyHandleClose) {
                // SAFETY: it takes nothing.
                log.note(unsafe { ExGetPreviousMode() }.to_string());
                // SAFETY: it takes nothing.
                log.note(unsafe { PsGetCurrentProcessId() }.addr().to_string());
            }
            Status::SUCCESS
        }
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    let _system = machine.system_process().enter();
    key.set_dword("Number", 1).unwrap();
    drop(key);
    let id = app.id().to_string();
    assert_eq!(log.take(), ["1", &id, "1", &id]);
}

#[test]
fn a_handle_that_is_not_open_is_found() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    let closed = KernelKey::open(SYSTEM).unwrap();
    let handle = closed.0;
    drop(closed);
    // SAFETY: any number can be given.
    let status = unsafe { ZwDeleteKey(handle) };
    assert_eq!(Status(status), Status::INVALID_HANDLE);
    assert_only(&machine, Rule::Handle, "ZwDeleteKey");
}

#[test]
fn several_values_are_queried_at_once() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    let key = KernelKey::open(SYSTEM).unwrap();
    assert_eq!(key.set_dword("One", 1), Status::SUCCESS);
    assert_eq!(key.set_dword("Two", 2), Status::SUCCESS);
    let mut names = [Wide::new("Two"), Wide::new("One")];
    let mut entries = names.each_mut().map(|name| KEY_VALUE_ENTRY {
        ValueName: name.as_ptr(),
        DataLength: 0,
        DataOffset: 0,
        Type: 0,
    });
    let mut query = |buffer: &mut [u32]| {
        let (mut length, mut required) = (size_of_val(buffer) as u32, 0);
        // SAFETY: all places are live.
        let status = unsafe {
            ZwQueryMultipleValueKey(
                key.0,
                entries.as_mut_ptr(),
                2,
                buffer.as_mut_ptr().cast(),
                &raw mut length,
                &raw mut required,
            )
        };
        let told = entries
            .each_ref()
            .map(|it| (it.Type, it.DataLength, it.DataOffset));
        (Status(status), length, required, told)
    };
    let mut buffer = [0; 2];
    let told = [(REG_DWORD, 4, 0), (REG_DWORD, 4, 4)];
    assert_eq!(query(&mut buffer), (Status::SUCCESS, 8, 8, told));
    assert_eq!(buffer, [2, 1]);
    let (status, used, required, _) = query(&mut [0; 1]);
    assert_eq!((status, used, required), (Status::BUFFER_OVERFLOW, 4, 8));
}

#[test]
fn wrong_parameters_are_errors() {
    let machine = machine();
    let _thread = machine.system_process().enter();
    let key = KernelKey::open(SYSTEM).unwrap();
    let mut length = 0;
    let mut buffer = [0_u8; 64];
    let mut query = |class, buffer: &mut [u8]| {
        let (address, size) = (buffer.as_mut_ptr().cast(), buffer.len() as u32);
        // SAFETY: all places are live.
        Status(unsafe { ZwQueryKey(key.0, class, address, size, &raw mut length) })
    };
    assert_eq!(query(99, &mut buffer), Status::INVALID_PARAMETER);
    assert_eq!(
        query(KeyBasicInformation, &mut buffer[..8]),
        Status::BUFFER_TOO_SMALL
    );
    assert_eq!(
        query(KeyBasicInformation, &mut buffer[..18]),
        Status::BUFFER_OVERFLOW
    );
    assert_eq!(query(KeyBasicInformation, &mut buffer), Status::SUCCESS);
    let null = ptr::null_mut();
    // SAFETY: NULL is refused.
    let status = unsafe { ZwSetValueKey(key.0, null, 0, REG_DWORD, null.cast(), 4) };
    assert_eq!(Status(status), Status::ACCESS_VIOLATION);
    let mut handle = ptr::null_mut();
    let mut name = Wide::new(SYSTEM);
    let mut wrong = attributes(ptr::null_mut(), name.as_ptr());
    wrong.Length = 1;
    // SAFETY: all places are live.
    let status = unsafe { ZwOpenKey(&raw mut handle, KEY_READ, &raw mut wrong) };
    assert_eq!(Status(status), Status::INVALID_PARAMETER);
    let mut right = attributes(ptr::null_mut(), name.as_ptr());
    // SAFETY: all places are live.
    let status = unsafe { ZwOpenKeyEx(&raw mut handle, KEY_READ, &raw mut right, 0x8000) };
    assert_eq!(Status(status), Status::INVALID_PARAMETER_4);
}

#[test]
fn entries_move_up_while_keys_are_deleted() {
    let machine = machine();
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    for name in ["a", "b", "c", "d"] {
        drop(key.create_key(name, KeyAccess::READ).unwrap());
        key.set_dword(name, 1).unwrap();
    }
    // Who deletes what it has just been told of, and goes on, skips every second entry.
    let mut told = Vec::new();
    for index in 0.. {
        let Ok(name) = key.enumerate_key(index) else {
            break;
        };
        let below = key.open_key(&name, KeyAccess::DELETE).unwrap();
        below.delete().unwrap();
        key.delete_value(&name).unwrap();
        told.push(name);
    }
    assert_eq!(told, ["a", "c"]);
    let left = [0, 1].map(|index| key.enumerate_key(index).unwrap());
    assert_eq!(left, ["b", "d"]);
    let left = [0, 1].map(|index| key.enumerate_value(index).unwrap().name);
    assert_eq!(left, ["b", "d"]);
}

#[test]
fn values_have_any_type_and_any_data_that_a_hive_holds() {
    let machine = machine();
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    let large = vec![7; 3 << 20];
    for (name, kind, data) in [
        ("none", 0xFF00_FF00, &[][..]),
        ("odd", REG_DWORD, &[1, 2, 3]),
        ("large", REG_BINARY, &large),
        ("a\\b", REG_SZ, &[0, 0]),
        ("a\0b", REG_SZ, &[0, 0]),
        ("", 77, &[1]),
    ] {
        assert_eq!(key.set_value(name, kind, data), Ok(()), "{name:?}");
        let value = key.query_value(name).unwrap();
        assert_eq!((value.kind, &value.data[..]), (kind, data), "{name:?}");
    }
    // NULs at the end of a name are cut off.
    assert_eq!(key.query_value("none\0\0").unwrap().data, [0; 0]);
    let long = "v".repeat(16_384);
    assert_eq!(key.set_dword(&long, 1), Err(Status::INVALID_PARAMETER));
    assert_eq!(key.set_dword(&long[1..], 1), Ok(()));
    let missing = Err(Status::OBJECT_NAME_NOT_FOUND);
    assert_eq!(key.query_value(&long).map(drop), missing);
    assert_eq!(key.delete_value(&long), missing);
}

#[test]
fn a_value_has_a_name_of_whole_units_and_less_than_two_gigabytes() {
    let machine = machine();
    let system = machine.system_process();
    let _thread = system.enter();
    let key = KernelKey::open(SYSTEM).unwrap();
    let mut name = Wide::new("Value");
    let data: PVOID = (&raw const key).cast_mut().cast();
    let set = |name, length| {
        // SAFETY: the name is live, and data of that length are refused before they are read.
        Status(unsafe { ZwSetValueKey(key.0, name, 0, REG_BINARY, data, length) })
    };
    assert_eq!(set(name.as_ptr(), 0x8000_0000), Status::INVALID_PARAMETER);
    let string = name.as_ptr();
    // SAFETY: the string is live.
    unsafe { (*string).Length -= 1 };
    assert_eq!(set(string, 1), Status::INVALID_PARAMETER);
}

#[test]
fn the_tags_of_a_handle_are_its_own() {
    let machine = machine();
    let system = machine.system_process();
    let _thread = system.enter();
    let (one, other) = (KernelKey::open(SYSTEM), KernelKey::open(SYSTEM));
    let (one, other) = (one.unwrap(), other.unwrap());
    let mut tags = 0x0400_u32;
    let place = (&raw mut tags).cast();
    let class = KeySetHandleTagsInformation;
    // SAFETY: all places are live.
    let set = unsafe { ZwSetInformationKey(one.0, class, place, 4) };
    assert_eq!(set, 0);
    for (key, expected) in [(&one, 0x0400), (&other, 0)] {
        let (mut found, mut length) = (1_u32, 0);
        let place = (&raw mut found).cast();
        let class = KeyHandleTagsInformation;
        // SAFETY: all places are live.
        let asked = unsafe { ZwQueryKey(key.0, class, place, 4, &raw mut length) };
        assert_eq!((asked, found, length), (0, expected, 4));
    }
}
