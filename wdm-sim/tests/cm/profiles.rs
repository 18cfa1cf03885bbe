//! What notifications are like on other versions of Windows (P7).

use wdm_sim::{KeyAccess, Machine, Profile, Rule, Status};
use wdm_sys::*;

use crate::support::*;

const TEST: &str = r"\REGISTRY\MACHINE\SYSTEM\Test";

fn machine_of(profile: Profile) -> Machine {
    Machine::builder().profile(profile).build().unwrap()
}

/// The structure of a class that [`Event`] has no view of.
///
/// # Safety
/// The class has this structure.
unsafe fn structure<'a, T>(event: &Event<'a>) -> &'a T {
    // SAFETY: by this function's contract; the kernel lends it for the call.
    unsafe { &*event.information().cast::<T>() }
}

/// What a machine of a version announces of a create, a set, a flush and a close.
fn announced(profile: Profile) -> Vec<String> {
    let machine = machine_of(profile);
    let log = Log::default();
    let filter = register_legacy(&machine, {
        let log = log.clone();
        move |event| {
            log.note(event.name());
            Status::SUCCESS
        }
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    key.set_dword("Number", 7).unwrap();
    key.flush().unwrap();
    key.close().unwrap();
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    assert_clean(&machine);
    log.take()
}

#[test]
fn n1_windows_xp_announces_what_it_knows() {
    let expected = [
        "RegNtPreCreateKey",
        "RegNtPostCreateKey",
        "RegNtPreSetValueKey",
        "RegNtPreKeyHandleClose",
    ];
    assert_eq!(announced(Profile::WinXp), expected);
}

#[test]
fn n1_windows_vista_and_later_announce_both_phases() {
    let expected = [
        "RegNtPreCreateKeyEx",
        "RegNtPostCreateKeyEx",
        "RegNtPreSetValueKey",
        "RegNtPostSetValueKey",
        "RegNtPreFlushKey",
        "RegNtPostFlushKey",
        "RegNtPreKeyHandleClose",
        "RegNtPostKeyHandleClose",
    ];
    for profile in [Profile::Vista, Profile::Win7, Profile::Win11] {
        assert_eq!(announced(profile), expected, "{profile}");
    }
}

#[test]
fn n1_classes_came_with_their_versions() {
    let since = [
        (RegNtPreDeleteKey, Profile::WinXp),
        (RegNtPreKeyHandleClose, Profile::WinXp),
        (RegNtPostDeleteKey, Profile::Vista),
        (RegNtPreFlushKey, Profile::Vista),
        (RegNtPostReplaceKey, Profile::Vista),
        (RegNtPreQueryKeyName, Profile::Win10),
        (RegNtPostSaveMergedKey, Profile::Win10),
    ];
    for (class, first) in since {
        for profile in Profile::ALL {
            let expected = profile >= first;
            assert_eq!(profile.announces(class), expected, "{profile} {class}");
        }
    }
}

#[test]
fn n5_windows_xp_gives_the_complete_name_and_the_result() {
    let machine = machine_of(Profile::WinXp);
    let log = Log::default();
    let filter = register_legacy(&machine, {
        let log = log.clone();
        move |event| {
            match event.class {
                RegNtPreCreateKey | RegNtPreOpenKey => {
                    // SAFETY: the classes' structure.
                    let info: &REG_PRE_CREATE_KEY_INFORMATION = unsafe { structure(event) };
                    log.note(text(info.CompleteName));
                }
                RegNtPostCreateKey | RegNtPostOpenKey => {
                    // SAFETY: the classes' structure.
                    let info: &REG_POST_CREATE_KEY_INFORMATION = unsafe { structure(event) };
                    let status = Status(info.Status);
                    let object = if info.Object.is_null() { "no" } else { "an" };
                    log.note(format!(
                        "{} {status} {object} object",
                        text(info.CompleteName)
                    ));
                }
                _ => {}
            }
            Status::SUCCESS
        }
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    drop(key.create_key(r"One\Two", KeyAccess::ALL));
    let missing = key.create_key("One", KeyAccess::ALL).unwrap();
    assert!(missing.open_key("Absent", KeyAccess::ALL).is_err());
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    let found = Status::SUCCESS;
    let expected = [
        TEST.to_owned(),
        format!("{TEST} {found} an object"),
        format!(r"{TEST}\One\Two"),
        format!(
            r"{TEST}\One\Two {} no object",
            Status::OBJECT_NAME_NOT_FOUND
        ),
        format!(r"{TEST}\One"),
        format!(r"{TEST}\One {found} an object"),
        format!(r"{TEST}\One\Absent"),
        format!(
            r"{TEST}\One\Absent {} no object",
            Status::OBJECT_NAME_NOT_FOUND
        ),
    ];
    assert_eq!(log.take(), expected);
    assert_clean(&machine);
}

#[test]
fn n2_windows_xp_blocks_and_tells_those_that_passed() {
    let machine = machine_of(Profile::WinXp);
    let log = Log::default();
    let upper = register_legacy(&machine, {
        let log = log.clone();
        move |event| {
            if event.class == RegNtPostOpenKey {
                // SAFETY: the class's structure.
                let info: &REG_POST_CREATE_KEY_INFORMATION = unsafe { structure(event) };
                log.note(Status(info.Status).to_string());
            }
            // A post-notification's status changes nothing.
            Status::SUCCESS
        }
    });
    let lower = register_legacy(&machine, |event| match event.class {
        RegNtPreOpenKey | RegNtPreSetValueKey => Status::ACCESS_DENIED,
        _ => Status::SUCCESS,
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let denied = Status::ACCESS_DENIED;
    assert_eq!(
        thread.open_key(SYSTEM, KeyAccess::READ).map(drop),
        Err(denied)
    );
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    assert_eq!(key.set_dword("Number", 7), Err(denied));
    assert_eq!(log.take(), [denied.to_string()]);
    for filter in [upper, lower] {
        assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    }
    assert_clean(&machine);
    assert_eq!(machine.report().counters.blocked, 2);
}

#[test]
fn n3_windows_xp_knows_no_override() {
    let machine = machine_of(Profile::WinXp);
    let filter = register_legacy(&machine, |event| match event.class {
        RegNtPostCreateKey => Status::CALLBACK_BYPASS,
        _ => Status::SUCCESS,
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    assert!(thread.create_key(TEST, KeyAccess::ALL).is_ok());
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    assert_clean(&machine);
}

#[test]
fn n2_windows_xp_knows_no_bypass() {
    let machine = machine_of(Profile::WinXp);
    let filter = register_legacy(&machine, |event| match event.class {
        RegNtPreSetValueKey => Status::CALLBACK_BYPASS,
        _ => Status::SUCCESS,
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    assert_eq!(key.set_dword("Number", 7), Err(Status::CALLBACK_BYPASS));
    drop(key);
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    assert_only(&machine, Rule::N2, "RegNtPreSetValueKey");
}

#[test]
fn n6_a_close_cannot_be_blocked_on_windows_xp_either() {
    let machine = machine_of(Profile::WinXp);
    let filter = register_legacy(&machine, |event| match event.class {
        RegNtPreKeyHandleClose => Status::ACCESS_DENIED,
        _ => Status::SUCCESS,
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    assert_eq!(key.close(), Ok(()));
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    assert_only(&machine, Rule::N6, "RegNtPreKeyHandleClose");
}

#[test]
fn n5_the_structure_has_the_versions_version() {
    for (profile, version) in [(Profile::Vista, 0), (Profile::Win7, 1), (Profile::Win10, 1)] {
        let machine = machine_of(profile);
        let log = Log::default();
        let filter = register(&machine, "1", {
            let log = log.clone();
            move |event| {
                if event.class == RegNtPreOpenKeyEx {
                    let info = event.open();
                    let there = info.RemainingName.addr() < 1 << 47;
                    log.note(format!("{} {there}", info.Version));
                }
                Status::SUCCESS
            }
        });
        let app = machine.process("app.exe");
        let thread = app.enter();
        drop(thread.open_key(SYSTEM, KeyAccess::READ).unwrap());
        let expected = format!("{version} {}", version == 1);
        assert_eq!(log.take(), [expected], "{profile}");
        assert_eq!(filter.unregister(&machine), Status::SUCCESS);
        assert_clean(&machine);
    }
}

/// What the upper of two callbacks gets as `Object` when the lower one has failed an open.
fn object_of_a_failed_open(profile: Profile) -> Vec<String> {
    let machine = machine_of(profile);
    let log = Log::default();
    let upper = register(&machine, "2", {
        let log = log.clone();
        move |event| {
            if event.class == RegNtPostOpenKeyEx {
                let post = event.post();
                let object = if post.Object.is_null() { "no" } else { "an" };
                log.note(format!("{} {object} object", Status(post.Status)));
            }
            Status::SUCCESS
        }
    });
    let lower = register(&machine, "1", |event| {
        if event.class != RegNtPostOpenKeyEx {
            return Status::SUCCESS;
        }
        let post = event.post();
        dereference(post.Object);
        post.Object = std::ptr::null_mut();
        event.set_result_object(event.opened(), std::ptr::null_mut());
        post.ReturnStatus = Status::ACCESS_DENIED.0;
        Status::CALLBACK_BYPASS
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let opened = thread.open_key(SYSTEM, KeyAccess::READ).map(drop);
    assert_eq!(opened, Err(Status::ACCESS_DENIED));
    for filter in [upper, lower] {
        assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    }
    assert_clean(&machine);
    log.take()
}

#[test]
fn r5_a_failed_open_can_name_an_object_in_version_1_0() {
    let denied = Status::ACCESS_DENIED;
    let stale = object_of_a_failed_open(Profile::Vista);
    assert_eq!(stale, [format!("{denied} an object")]);
    let none = object_of_a_failed_open(Profile::Win7);
    assert_eq!(none, [format!("{denied} no object")]);
}

#[test]
fn n8_data_are_captured_from_windows_8_on() {
    for (profile, captured) in [(Profile::Win7, false), (Profile::Win8, true)] {
        let machine = machine_of(profile);
        let app = machine.process("app.exe");
        let thread = app.enter();
        let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
        let data = *b"caller's";
        let own = data.as_ptr().addr();
        let log = Log::default();
        let filter = register(&machine, "1", {
            let log = log.clone();
            move |event| {
                if event.class == RegNtPreSetValueKey {
                    let is_own = event.set_value().Data.addr() == own;
                    log.note(is_own.to_string());
                }
                Status::SUCCESS
            }
        });
        key.set_value("Data", REG_BINARY, &data).unwrap();
        assert_eq!(log.take(), [(!captured).to_string()], "{profile}");
        assert_eq!(key.query_value("Data").unwrap().data, data);
        assert_eq!(filter.unregister(&machine), Status::SUCCESS);
        assert_clean(&machine);
    }
}

#[test]
fn n9_a_create_can_be_announced_as_an_open_first() {
    let machine = Machine::builder().announce_open_before_create(true).build();
    let machine = machine.unwrap();
    let log = Log::default();
    let filter = register(&machine, "1", {
        let log = log.clone();
        move |event| {
            if event.is_post() {
                let status = Status(event.post().Status);
                log.note(format!("{} {status}", event.name()));
            }
            Status::SUCCESS
        }
    });
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.create_key(TEST, KeyAccess::ALL).unwrap();
    let made = [
        format!("RegNtPostOpenKeyEx {}", Status::OBJECT_NAME_NOT_FOUND),
        format!("RegNtPostCreateKeyEx {}", Status::SUCCESS),
    ];
    assert_eq!(log.take(), made);
    let again = thread.create_key_with(TEST, KeyAccess::ALL, KeyOptions::empty());
    let (again, disposition) = again.unwrap();
    assert_eq!(disposition, wdm_sim::registry::Disposition::OpenedExisting);
    assert_eq!(
        log.take(),
        [format!("RegNtPostOpenKeyEx {}", Status::SUCCESS)]
    );
    drop((key, again));
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
    assert_clean(&machine);
}
