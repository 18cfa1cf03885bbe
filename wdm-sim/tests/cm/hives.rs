//! Hives and callbacks: what callbacks are shown, and what their answers do.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use wdm_sim::{
    KeyAccess, Machine, Privileges, Process, Profile, RestoreFlags, SaveFormat, Status,
    ThreadGuard, UserKey,
};
use wdm_sys::*;

use crate::support::*;

/// A file with a hive: a root with the value `Saved` and the subkey `Inner`.
pub(crate) const FILE: &str = r"\??\C:\saved.hiv";
/// Where a copy of it is loaded, and from which file.
pub(crate) const LOADED: &str = r"\REGISTRY\USER\Loaded";
pub(crate) const LOADED_FILE: &str = r"\??\C:\loaded.hiv";
/// A key with the value `Old`.
pub(crate) const TARGET: &str = r"\REGISTRY\MACHINE\SYSTEM\Target";
const NEW: &str = r"\REGISTRY\USER\New";
const OUT: &str = r"\??\C:\out.hiv";
const OLD: &str = r"\??\C:\old.hiv";

/// A process that may do everything with hives.
pub(crate) fn backup(machine: &Machine) -> Process {
    let process = machine.process("backup.exe");
    process.grant(Privileges::BACKUP | Privileges::RESTORE | Privileges::TCB);
    process
}

/// A machine with the files and keys that are named above.
pub(crate) fn scene() -> Machine {
    scene_like(Profile::Win10)
}

fn scene_like(profile: Profile) -> Machine {
    let machine = Machine::builder().profile(profile).build().unwrap();
    let process = backup(&machine);
    let thread = process.enter();
    let source = r"\REGISTRY\MACHINE\SYSTEM\Source";
    let key = thread.create_key(source, KeyAccess::ALL).unwrap();
    key.set_dword("Saved", 1).unwrap();
    drop(key.create_key("Inner", KeyAccess::ALL).unwrap());
    let file = thread.create_file(FILE).unwrap();
    key.save(&file, SaveFormat::Latest).unwrap();
    machine
        .put_file(LOADED_FILE, machine.file(FILE).unwrap())
        .unwrap();
    thread.load_key(LOADED, LOADED_FILE).unwrap();
    let target = thread.create_key(TARGET, KeyAccess::ALL).unwrap();
    target.set_dword("Old", 1).unwrap();
    machine
}

pub(crate) fn exists(thread: &ThreadGuard, path: &str) -> bool {
    thread.open_key(path, KeyAccess::READ).is_ok()
}

pub(crate) fn open<'t>(thread: &'t ThreadGuard, path: &str) -> UserKey<'t> {
    thread.open_key(path, KeyAccess::ALL).unwrap()
}

/// One operation on hives, as an application does it.
struct Case {
    pre: REG_NOTIFY_CLASS,
    post: REG_NOTIFY_CLASS,
    run: fn(&ThreadGuard) -> Result<(), Status>,
    /// Whether the operation has been done.
    done: fn(&ThreadGuard) -> bool,
    /// The same operation in a way that fails.
    fail: fn(&ThreadGuard) -> Result<(), Status>,
}

const CASES: [Case; 6] = [
    Case {
        pre: RegNtPreLoadKey,
        post: RegNtPostLoadKey,
        run: |thread| thread.load_key(NEW, FILE),
        done: |thread| exists(thread, NEW),
        fail: |thread| thread.load_key(LOADED, FILE),
    },
    Case {
        pre: RegNtPreUnLoadKey,
        post: RegNtPostUnLoadKey,
        run: |thread| thread.unload_key(LOADED),
        done: |thread| !exists(thread, LOADED),
        fail: |thread| thread.unload_key(TARGET),
    },
    Case {
        pre: RegNtPreSaveKey,
        post: RegNtPostSaveKey,
        run: |thread| {
            let file = thread.create_file(OUT)?;
            open(thread, TARGET).save(&file, SaveFormat::Latest)
        },
        done: |thread| !thread.machine().file(OUT).unwrap().is_empty(),
        fail: |thread| {
            let file = thread.create_file(OUT)?;
            open(thread, TARGET).save(&file, SaveFormat::NoCompression)
        },
    },
    Case {
        pre: RegNtPreSaveMergedKey,
        post: RegNtPostSaveMergedKey,
        run: |thread| {
            let file = thread.create_file(OUT)?;
            thread.save_merged_keys(&open(thread, TARGET), &open(thread, LOADED), &file)
        },
        done: |thread| !thread.machine().file(OUT).unwrap().is_empty(),
        fail: |thread| {
            let file = thread.create_file(OUT)?;
            let machine = open(thread, r"\REGISTRY\MACHINE");
            thread.save_merged_keys(&machine, &open(thread, LOADED), &file)
        },
    },
    Case {
        pre: RegNtPreRestoreKey,
        post: RegNtPostRestoreKey,
        run: |thread| {
            let file = thread.open_file(FILE)?;
            open(thread, TARGET).restore(&file, RestoreFlags::empty())
        },
        done: |thread| open(thread, TARGET).query_value("Old").is_err(),
        fail: |thread| {
            let file = thread.open_file(FILE)?;
            open(thread, TARGET).restore(&file, RestoreFlags::WHOLE_HIVE_VOLATILE)
        },
    },
    Case {
        pre: RegNtPreReplaceKey,
        post: RegNtPostReplaceKey,
        run: |thread| open(thread, LOADED).replace(FILE, OLD),
        done: |thread| thread.machine().file(OLD).is_some(),
        fail: |thread| open(thread, LOADED).replace(r"\??\C:\missing", OLD),
    },
];

#[test]
fn n1_every_hive_operation_is_announced_with_its_structure() {
    let machine = scene();
    let log = Log::default();
    let filter = register(&machine, "1", {
        let log = log.clone();
        move |event| {
            if CASES.iter().any(|case| case.pre == event.class) {
                // SAFETY: it takes nothing.
                assert_eq!(unsafe { ExGetPreviousMode() }, 1, "the caller's mode");
            }
            match event.class {
                RegNtPreLoadKey => {
                    let info = event.load();
                    let (name, file) = (text(info.KeyName), text(info.SourceFile));
                    log.note(format!("load {name} {file} {:#x}", info.Flags));
                }
                RegNtPreUnLoadKey => {
                    let (_, name) = event.id_ex(event.unload().Object).unwrap();
                    log.note(format!("unload {name}"));
                }
                RegNtPreSaveKey => {
                    let info = event.save();
                    let (_, name) = event.id_ex(info.Object).unwrap();
                    assert!(!info.FileHandle.is_null());
                    log.note(format!("save {name} {}", info.Format));
                }
                RegNtPreSaveMergedKey => {
                    let info = event.save_merged();
                    let (_, high) = event.id_ex(info.HighKeyObject).unwrap();
                    let (_, low) = event.id_ex(info.LowKeyObject).unwrap();
                    assert!(!info.FileHandle.is_null());
                    log.note(format!("merge {high} {low}"));
                }
                RegNtPreRestoreKey => {
                    let info = event.restore();
                    let (_, name) = event.id_ex(info.Object).unwrap();
                    assert!(!info.FileHandle.is_null());
                    log.note(format!("restore {name} {}", info.Flags));
                }
                RegNtPreReplaceKey => {
                    let info = event.replace();
                    let (_, name) = event.id_ex(info.Object).unwrap();
                    let (new, old) = (text(info.NewFileName), text(info.OldFileName));
                    log.note(format!("replace {name} {new} {old}"));
                }
                class if CASES.iter().any(|case| case.post == class) => {
                    log.note(format!("{} {}", event.name(), event.post().Status));
                }
                _ => {}
            }
            Status::SUCCESS
        }
    });
    let process = backup(&machine);
    let thread = process.enter();
    for case in &CASES {
        assert_eq!((case.run)(&thread), Ok(()));
        assert!((case.done)(&thread));
        // Later cases need the hive that one of these unloads, and the file that one loads.
        if exists(&thread, NEW) {
            thread.unload_key(NEW).unwrap();
        }
        if !exists(&thread, LOADED) {
            thread.load_key(LOADED, LOADED_FILE).unwrap();
        }
    }
    let success = |name: &str| format!("{name} 0");
    let expected = [
        format!("load {NEW} {FILE} 0x0"),
        success("RegNtPostLoadKey"),
        format!("unload {NEW}"),
        success("RegNtPostUnLoadKey"),
        format!("unload {LOADED}"),
        success("RegNtPostUnLoadKey"),
        format!("load {LOADED} {LOADED_FILE} 0x0"),
        success("RegNtPostLoadKey"),
        format!("save {TARGET} 2"),
        success("RegNtPostSaveKey"),
        format!("merge {TARGET} {LOADED}"),
        success("RegNtPostSaveMergedKey"),
        format!("restore {TARGET} 0"),
        success("RegNtPostRestoreKey"),
        format!("replace {LOADED} {FILE} {OLD}"),
        success("RegNtPostReplaceKey"),
    ];
    assert_eq!(log.take(), expected);
    filter.unregister(&machine);
    assert_clean(&machine);
}

#[test]
fn n2_a_blocked_hive_operation_is_not_done() {
    for case in &CASES {
        let machine = scene();
        let log = Log::default();
        let above = register(&machine, "3", {
            let (log, post) = (log.clone(), case.post);
            move |event| {
                if event.class == post {
                    log.note(Status(event.post().Status).to_string());
                }
                Status::SUCCESS
            }
        });
        let blocking = register(&machine, "2", {
            let (log, pre, post) = (log.clone(), case.pre, case.post);
            move |event| {
                if event.class == post {
                    log.note("the blocking callback gets no post-notification");
                }
                match event.class == pre {
                    true => Status::PRIVILEGE_NOT_HELD,
                    false => Status::SUCCESS,
                }
            }
        });
        let process = backup(&machine);
        let thread = process.enter();
        assert_eq!((case.run)(&thread), Err(Status::PRIVILEGE_NOT_HELD));
        assert_eq!(log.take(), [Status::PRIVILEGE_NOT_HELD.to_string()]);
        assert!(!(case.done)(&thread), "class {}", case.pre);
        drop(thread);
        above.unregister(&machine);
        blocking.unregister(&machine);
        assert_clean(&machine);
    }
}

#[test]
fn n2_a_bypassed_hive_operation_succeeds_without_being_done() {
    for case in &CASES {
        let machine = scene();
        let pre = case.pre;
        let filter = register(&machine, "2", move |event| match event.class == pre {
            true => Status::CALLBACK_BYPASS,
            false => Status::SUCCESS,
        });
        let process = backup(&machine);
        let thread = process.enter();
        assert_eq!((case.run)(&thread), Ok(()));
        assert!(!(case.done)(&thread), "class {}", case.pre);
        assert_eq!(machine.report().counters.bypassed, 1);
        drop(thread);
        filter.unregister(&machine);
        assert_clean(&machine);
    }
}

#[test]
fn n2_a_bypassed_load_of_an_application_hive_gives_the_drivers_handle() {
    let machine = scene();
    let filter = register(&machine, "2", |event| {
        if event.class != RegNtPreLoadKey {
            return Status::SUCCESS;
        }
        let place = event.load().RootHandle;
        assert!(!place.is_null());
        // SAFETY: the caller gave a place for the handle.
        unsafe { place.write(std::ptr::without_provenance_mut(0x1234)) };
        Status::CALLBACK_BYPASS
    });
    let process = machine.process("app.exe");
    let thread = process.enter();
    let key = thread.load_app_key(FILE, KeyAccess::READ, false).unwrap();
    assert_eq!(key.handle().addr(), 0x1234);
    drop(key);
    drop(thread);
    filter.unregister(&machine);
    assert_clean(&machine);
}

#[test]
fn n3_the_result_of_a_hive_operation_can_be_changed() {
    for case in &CASES {
        let machine = scene();
        let wanted = Arc::new(AtomicI32::new(Status::NO_SUCH_FILE.0));
        let filter = register(&machine, "2", {
            let (wanted, post) = (Arc::clone(&wanted), case.post);
            move |event| {
                if event.class != post {
                    return Status::SUCCESS;
                }
                event.post().ReturnStatus = wanted.load(Ordering::Relaxed);
                Status::CALLBACK_BYPASS
            }
        });
        let process = backup(&machine);
        let thread = process.enter();
        wanted.store(0, Ordering::Relaxed);
        assert_eq!((case.fail)(&thread), Ok(()));
        wanted.store(Status::NO_SUCH_FILE.0, Ordering::Relaxed);
        assert_eq!((case.run)(&thread), Err(Status::NO_SUCH_FILE));
        assert!((case.done)(&thread), "class {}", case.pre);
        drop(thread);
        filter.unregister(&machine);
        assert_clean(&machine);
    }
}

#[test]
fn k2b_a_load_has_the_object_that_its_name_is_relative_to_and_none_afterwards() {
    let machine = scene();
    let log = Log::default();
    let context = Arc::new(AtomicUsize::new(0));
    let filter = register(&machine, "2", {
        let (log, context) = (log.clone(), Arc::clone(&context));
        move |event| {
            match event.class {
                RegNtPostOpenKeyEx => {
                    let object = event.opened_object().unwrap();
                    let (status, _) = event.set_context(object, 0xC0);
                    assert_eq!(status, Status::SUCCESS);
                    context.store(object.addr(), Ordering::Relaxed);
                }
                RegNtPreLoadKey => {
                    let info = event.load();
                    let root = context.load(Ordering::Relaxed);
                    log.note(format!(
                        "{} {} {:?}",
                        info.Object.addr() == root,
                        text(info.KeyName),
                        info.ObjectContext
                    ));
                }
                RegNtPostLoadKey => {
                    let post = event.post();
                    log.note(format!("{:?} {:?}", post.Object, post.ObjectContext));
                }
                _ => {}
            }
            Status::SUCCESS
        }
    });
    let process = backup(&machine);
    let thread = process.enter();
    let root = open(&thread, r"\REGISTRY\USER");
    thread.load_key_below(&root, "New", FILE).unwrap();
    assert_eq!(log.take(), ["true New 0xc0", "0x0 0x0"]);
    thread.unload_key(NEW).unwrap();
    context.store(0, Ordering::Relaxed);
    thread.load_key(NEW, FILE).unwrap();
    assert_eq!(log.take(), [&format!("true {NEW} 0x0"), "0x0 0x0"]);
    drop(root);
    drop(thread);
    filter.unregister(&machine);
    assert_clean(&machine);
}

#[test]
fn k2b_a_merge_has_no_object() {
    let machine = scene();
    let log = Log::default();
    let filter = register(&machine, "2", {
        let log = log.clone();
        move |event| {
            match event.class {
                RegNtPreSaveMergedKey => log.note(format!("{:?}", event.save_merged().Object)),
                RegNtPostSaveMergedKey => log.note(format!("{:?}", event.post().Object)),
                _ => {}
            }
            Status::SUCCESS
        }
    });
    let process = backup(&machine);
    let thread = process.enter();
    (CASES[3].run)(&thread).unwrap();
    assert_eq!(log.take(), ["0x0", "0x0"]);
    drop(thread);
    filter.unregister(&machine);
}

#[test]
fn n5_the_version_of_a_loads_structure_is_that_of_the_profile() {
    for (profile, expected) in [
        (Profile::Win7, 0),
        (Profile::Win8, 0),
        (Profile::Win10, 2),
        (Profile::Win11, 2),
    ] {
        let machine = scene_like(profile);
        let version = Arc::new(AtomicUsize::new(usize::MAX));
        let filter = register(&machine, "2", {
            let version = Arc::clone(&version);
            move |event| {
                if event.class == RegNtPreLoadKey {
                    version.store(event.load().Version as usize, Ordering::Relaxed);
                }
                Status::SUCCESS
            }
        });
        let process = backup(&machine);
        process.enter().load_key(NEW, FILE).unwrap();
        assert_eq!(version.load(Ordering::Relaxed), expected, "{profile:?}");
        filter.unregister(&machine);
    }
}

#[test]
fn c3_contexts_of_an_unloaded_hives_keys_are_cleaned_up_when_they_are_closed() {
    let machine = scene();
    let log = Log::default();
    let filter = register(&machine, "2", {
        let log = log.clone();
        move |event| {
            match event.class {
                RegNtPostOpenKeyEx => {
                    if let Some(object) = event.opened_object() {
                        event.set_context(object, 0xC0);
                    }
                }
                RegNtPostUnLoadKey => log.note("unloaded"),
                RegNtCallbackObjectContextCleanup => {
                    log.note(format!("{:?}", event.cleanup().ObjectContext));
                }
                _ => {}
            }
            Status::SUCCESS
        }
    });
    let process = backup(&machine);
    let thread = process.enter();
    let inner = open(&thread, &format!(r"{LOADED}\Inner"));
    thread.force_unload_key(LOADED).unwrap();
    // The root that the unload itself opened.
    assert_eq!(log.take(), ["unloaded", "0xc0"]);
    drop(inner);
    assert_eq!(log.take(), ["0xc0"]);
    drop(thread);
    filter.unregister(&machine);
    assert_clean(&machine);
}

#[test]
fn n7_a_load_that_a_callback_makes_is_seen_below_it_only() {
    let machine = scene();
    let log = Log::default();
    let note = |name: &'static str| {
        let log = log.clone();
        move |event: &Event<'_>| {
            if event.class == RegNtPreLoadKey {
                log.note(name);
            }
            Status::SUCCESS
        }
    };
    let above = register(&machine, "3", note("above"));
    let loading = register(&machine, "2", |event| {
        if event.class == RegNtPreSetValueKey {
            let (mut name, mut file) = (Wide::new(NEW), Wide::new(FILE));
            let mut target = attributes(std::ptr::null_mut(), name.as_ptr());
            let mut source = attributes(std::ptr::null_mut(), file.as_ptr());
            // SAFETY: all places are live.
            let status = unsafe { ZwLoadKey(&raw mut target, &raw mut source) };
            assert_eq!(Status(status), Status::SUCCESS);
        }
        Status::SUCCESS
    });
    let below = register(&machine, "1", note("below"));
    let process = machine.process("app.exe");
    let thread = process.enter();
    open(&thread, TARGET).set_dword("Value", 1).unwrap();
    assert_eq!(log.take(), ["below"]);
    assert!(exists(&thread, NEW));
    drop(thread);
    for filter in [above, loading, below] {
        filter.unregister(&machine);
    }
    assert_clean(&machine);
}
