//! Hives themselves: what user mode gets.

use wdm_sim::{KeyAccess, KeyOptions, Machine, Privileges, RestoreFlags, SaveFormat, Status};
use wdm_sys::*;

use crate::hives::{FILE, LOADED, LOADED_FILE, TARGET, backup, exists, open, scene};
use crate::support::*;

const NEW: &str = r"\REGISTRY\USER\New";
const NEW_FILE: &str = r"\??\C:\new.hiv";

/// The HLK's case of that name: what was saved is restored, and what was replaced is there the next
/// time the hive is loaded.
#[test]
fn h6_hlk_save_restore_replace() {
    let machine = scene();
    let process = backup(&machine);
    let thread = process.enter();
    let root = open(&thread, LOADED);

    let file = thread.create_file(NEW_FILE).unwrap();
    root.save(&file, SaveFormat::Latest).unwrap();
    drop(file);
    root.delete_value("Saved").unwrap();
    open(&thread, &format!(r"{LOADED}\Inner")).delete().unwrap();
    let file = thread.open_file(NEW_FILE).unwrap();
    root.restore(&file, RestoreFlags::empty()).unwrap();
    drop(file);
    assert_eq!(root.query_value("Saved").unwrap().as_dword(), Some(1));
    assert!(exists(&thread, &format!(r"{LOADED}\Inner")));

    root.set_dword("OnlyOld", 2).unwrap();
    root.replace(NEW_FILE, r"\??\C:\old.hiv").unwrap();
    assert_eq!(root.query_value("OnlyOld").unwrap().as_dword(), Some(2));
    assert_eq!(machine.file(NEW_FILE), None);
    root.set_dword("StillOld", 3).unwrap();
    drop(root);
    thread.unload_key(LOADED).unwrap();
    thread.load_key(LOADED, LOADED_FILE).unwrap();
    thread.load_key(NEW, r"\??\C:\old.hiv").unwrap();
    let (new, old) = (open(&thread, LOADED), open(&thread, NEW));
    assert_eq!(new.query_value("Saved").unwrap().as_dword(), Some(1));
    assert_eq!(
        new.query_value("OnlyOld"),
        Err(Status::OBJECT_NAME_NOT_FOUND)
    );
    assert_eq!(old.query_value("StillOld").unwrap().as_dword(), Some(3));
    assert_clean(&machine);
}

#[test]
fn h7_user_mode_needs_privileges() {
    let machine = scene();
    let process = machine.process("app.exe");
    let thread = process.enter();
    let denied = Err(Status::PRIVILEGE_NOT_HELD);
    let key = open(&thread, TARGET);
    let file = thread.open_file(FILE).unwrap();
    let out = thread.create_file(NEW_FILE).unwrap();
    let refused = || {
        assert_eq!(thread.load_key(NEW, FILE), denied);
        assert_eq!(thread.unload_key(LOADED), denied);
        assert_eq!(key.restore(&file, RestoreFlags::empty()), denied);
        assert_eq!(
            open(&thread, LOADED).replace(FILE, r"\??\C:\old.hiv"),
            denied
        );
    };
    refused();
    process.grant(Privileges::BACKUP);
    refused();
    assert_eq!(key.save(&out, SaveFormat::Latest), Ok(()));
    assert_eq!(thread.save_merged_keys(&key, &key, &out), Ok(()));
    process.grant(Privileges::RESTORE);
    let refresh = RestoreFlags::REFRESH_HIVE;
    assert_eq!(open(&thread, LOADED).restore(&file, refresh), denied);
    drop(file);
    assert_eq!(thread.load_key(NEW, FILE), Ok(()));
    process.revoke(Privileges::BACKUP);
    assert_eq!(key.save(&out, SaveFormat::Latest), denied);
    assert_eq!(thread.save_merged_keys(&key, &key, &out), denied);
    assert_clean(&machine);
}

#[test]
fn h1_a_hive_is_loaded_where_hives_go() {
    let machine = scene();
    let process = backup(&machine);
    let thread = process.enter();
    let load = |path, file| thread.load_key(path, file);
    let wrong = Err(Status::INVALID_PARAMETER);
    assert_eq!(load(r"\REGISTRY\MACHINE\SYSTEM\Below", FILE), wrong);
    assert_eq!(load(r"\REGISTRY\Top", FILE), wrong);
    assert_eq!(load(r"\REGISTRY\A\App", FILE), wrong);
    assert_eq!(
        load(r"\REGISTRY\MACHINE\SYSTEM", FILE),
        Err(Status::ACCESS_DENIED)
    );
    assert_eq!(
        load(r"\REGISTRY\USER\No\Where", FILE),
        Err(Status::OBJECT_NAME_NOT_FOUND)
    );
    assert_eq!(load(NEW, LOADED_FILE), Err(Status::SHARING_VIOLATION));
    assert_eq!(load(NEW, "saved.hiv"), Err(Status::OBJECT_PATH_SYNTAX_BAD));
    assert_eq!(
        load(NEW, r"\Registry\x"),
        Err(Status::OBJECT_PATH_NOT_FOUND)
    );
    assert!(!exists(&thread, NEW));
    assert_eq!(load(r"\REGISTRY\MACHINE\Loaded", FILE), Ok(()));
    assert!(exists(&thread, r"\REGISTRY\MACHINE\Loaded\Inner"));
    assert_clean(&machine);
}

#[test]
fn h1_a_file_that_does_not_exist_becomes_a_new_hive() {
    let machine = scene();
    let process = backup(&machine);
    let thread = process.enter();
    thread.load_key(NEW, NEW_FILE).unwrap();
    let key = open(&thread, NEW);
    key.set_dword("Value", 7).unwrap();
    drop(key.create_key("Below", KeyAccess::ALL).unwrap());
    drop(key);
    thread.unload_key(NEW).unwrap();
    assert!(!exists(&thread, NEW));
    // What was written before the unload is there after it.
    thread.load_key(LOADED_ELSEWHERE, NEW_FILE).unwrap();
    let key = open(&thread, LOADED_ELSEWHERE);
    assert_eq!(key.query_value("Value").unwrap().as_dword(), Some(7));
    assert_eq!(key.enumerate_key(0).as_deref(), Ok("Below"));
    assert_clean(&machine);
}

const LOADED_ELSEWHERE: &str = r"\REGISTRY\MACHINE\Elsewhere";

#[test]
fn a_damaged_hive_gives_nts_status_and_a_note() {
    let machine = scene();
    let process = backup(&machine);
    let thread = process.enter();
    let hive = machine.file(FILE).unwrap();
    let mut without_root = hive.clone();
    without_root[4096..].fill(0);
    let mut damaged = hive.clone();
    let name = hive.windows(5).position(|bytes| bytes == b"Inner").unwrap();
    // The signature of the key's cell lies 76 bytes before its name.
    damaged[name - 76] = b'?';
    for (file, status) in [
        (&b"no hive"[..], Status::NOT_REGISTRY_FILE),
        (&hive[..100], Status::REGISTRY_CORRUPT),
        (&without_root, Status::REGISTRY_CORRUPT),
    ] {
        machine.put_file(NEW_FILE, file).unwrap();
        assert_eq!(thread.load_key(NEW, NEW_FILE), Err(status));
        let reports = machine.report().hives;
        let note = reports.last().unwrap();
        assert_eq!((note.name.as_str(), note.keys, note.lost), (NEW, 0, 1));
        assert_eq!(note.losses[0].lines().count(), 1);
        let key = open(&thread, TARGET);
        let source = thread.open_file(NEW_FILE).unwrap();
        assert_eq!(key.restore(&source, RestoreFlags::empty()), Err(status));
        assert_eq!(key.query_value("Old").unwrap().as_dword(), Some(1));
        assert_eq!(
            open(&thread, LOADED).replace(NEW_FILE, r"\??\C:\old.hiv"),
            Err(status)
        );
        assert_eq!(machine.file(r"\??\C:\old.hiv"), None);
    }
    machine.put_file(NEW_FILE, damaged).unwrap();
    assert_eq!(thread.load_key(NEW, NEW_FILE), Ok(()));
    let reports = machine.report().hives;
    let note = reports.last().unwrap();
    assert_eq!((note.keys, note.lost), (1, 1));
    assert!(note.losses[0].contains(NEW), "{}", note.losses[0]);
    assert_eq!(open(&thread, NEW).query().unwrap().subkeys, 0);
    assert_clean(&machine);
}

#[test]
fn h8_a_hive_with_open_keys_is_unloaded_by_force_only() {
    let machine = scene();
    let process = backup(&machine);
    let thread = process.enter();
    let inner = open(&thread, &format!(r"{LOADED}\Inner"));
    assert_eq!(thread.unload_key(LOADED), Err(Status::CANNOT_DELETE));
    assert_eq!(inner.set_dword("Value", 1), Ok(()));
    let not_a_hive = Err(Status::INVALID_PARAMETER);
    assert_eq!(thread.force_unload_key(TARGET), not_a_hive);
    assert_eq!(thread.force_unload_key(r"\REGISTRY\MACHINE"), not_a_hive);
    assert_eq!(thread.unload_key(NEW), Err(Status::OBJECT_NAME_NOT_FOUND));
    thread.force_unload_key(LOADED).unwrap();
    assert_eq!(inner.set_dword("Value", 2), Err(Status::KEY_DELETED));
    assert!(!exists(&thread, LOADED));
    // The old handle stays dead when the hive is loaded again.
    thread.load_key(LOADED, LOADED_FILE).unwrap();
    assert_eq!(inner.query().map(drop), Err(Status::KEY_DELETED));
    let again = open(&thread, &format!(r"{LOADED}\Inner"));
    assert_eq!(again.query_value("Value").unwrap().as_dword(), Some(1));
    drop(again);
    assert_eq!(thread.unload_key(LOADED), Ok(()));
    assert_clean(&machine);
}

#[test]
fn h5_a_flush_writes_the_hives_file_and_a_refresh_reads_it() {
    let machine = scene();
    let process = backup(&machine);
    let thread = process.enter();
    let root = open(&thread, LOADED);
    root.set_dword("Flushed", 1).unwrap();
    root.flush().unwrap();
    let flushed = machine.file(LOADED_FILE).unwrap();
    root.set_dword("Lost", 1).unwrap();
    assert_eq!(machine.file(LOADED_FILE).unwrap(), flushed);
    let inner = open(&thread, &format!(r"{LOADED}\Inner"));
    let file = thread.open_file(FILE).unwrap();
    let refresh = RestoreFlags::REFRESH_HIVE;
    assert_eq!(
        inner.restore(&file, refresh),
        Err(Status::INVALID_PARAMETER)
    );
    root.restore(&file, refresh).unwrap();
    assert_eq!(root.query_value("Flushed").unwrap().as_dword(), Some(1));
    assert_eq!(root.query_value("Lost"), Err(Status::OBJECT_NAME_NOT_FOUND));
    assert_clean(&machine);
}

#[test]
fn the_hives_of_the_start_have_files_too() {
    let machine = scene();
    let path = r"\SystemRoot\System32\config\SYSTEM";
    let before = machine.file(path).unwrap();
    let process = backup(&machine);
    let thread = process.enter();
    open(&thread, TARGET).flush().unwrap();
    let after = machine
        .file(r"\??\C:\Windows\System32\Config\system")
        .unwrap();
    assert_ne!(before, after);
    // As the next start would see it.
    let next = Machine::builder().hive("SYSTEM", after).build().unwrap();
    let process = next.process("app.exe");
    let thread = process.enter();
    let target = open(&thread, TARGET);
    assert_eq!(target.query_value("Old").unwrap().as_dword(), Some(1));
    assert!(exists(
        &thread,
        r"\REGISTRY\MACHINE\SYSTEM\CurrentControlSet"
    ));
}

#[test]
fn h5_a_restore_wants_nothing_open_below_unless_forced() {
    let machine = scene();
    let process = backup(&machine);
    let thread = process.enter();
    let target = open(&thread, TARGET);
    let below = target.create_key("Below", KeyAccess::ALL).unwrap();
    let file = thread.open_file(FILE).unwrap();
    let busy = Err(Status::CANNOT_DELETE);
    assert_eq!(target.restore(&file, RestoreFlags::empty()), busy);
    drop(below);
    let second = open(&thread, TARGET);
    assert_eq!(target.restore(&file, RestoreFlags::empty()), busy);
    let below = second.open_key("Below", KeyAccess::ALL).unwrap();
    let force = RestoreFlags::FORCE_RESTORE;
    assert_eq!(target.restore(&file, force), Ok(()));
    assert_eq!(below.query().map(drop), Err(Status::KEY_DELETED));
    for key in [&target, &second] {
        assert_eq!(key.query_value("Saved").unwrap().as_dword(), Some(1));
        assert_eq!(key.enumerate_key(0).as_deref(), Ok("Inner"));
        assert_eq!(key.name().as_deref(), Ok(TARGET));
    }
    let unknown = RestoreFlags::from_bits_retain(0x4000);
    let wrong = Err(Status::INVALID_PARAMETER);
    assert_eq!(target.restore(&file, unknown), wrong);
    assert_clean(&machine);
}

#[test]
fn h5_a_whole_volatile_hive_is_restored_to_the_top_only() {
    let machine = scene();
    let process = backup(&machine);
    let thread = process.enter();
    let file = thread.open_file(FILE).unwrap();
    let whole = RestoreFlags::WHOLE_HIVE_VOLATILE;
    let wrong = Err(Status::INVALID_PARAMETER);
    assert_eq!(open(&thread, LOADED).restore(&file, whole), wrong);
    let user = open(&thread, r"\REGISTRY\USER");
    let denied = Err(Status::ACCESS_DENIED);
    assert_eq!(user.restore(&file, RestoreFlags::empty()), denied);
    user.restore(&file, whole).unwrap();
    assert_eq!(user.query_value("Saved").unwrap().as_dword(), Some(1));
    let inner = open(&thread, r"\REGISTRY\USER\Inner");
    let stable = inner.create_key("Stable", KeyAccess::ALL).map(drop);
    assert_eq!(stable, Err(Status::CHILD_MUST_BE_VOLATILE));
    assert!(exists(&thread, LOADED), "mounted hives stay");
    assert_clean(&machine);
}

#[test]
fn h3_what_cannot_be_saved_is_refused() {
    let machine = scene();
    let process = backup(&machine);
    let thread = process.enter();
    let file = thread.create_file(NEW_FILE).unwrap();
    let readable = thread.open_file(FILE).unwrap();
    let save = |path, format| open(&thread, path).save(&file, format);
    let denied = Err(Status::ACCESS_DENIED);
    assert_eq!(save(r"\REGISTRY\MACHINE", SaveFormat::Latest), denied);
    assert_eq!(
        open(&thread, TARGET).save(&readable, SaveFormat::Latest),
        denied
    );
    assert_eq!(
        save(TARGET, SaveFormat::NoCompression),
        Err(Status::INVALID_PARAMETER)
    );
    assert_eq!(save(LOADED, SaveFormat::NoCompression), Ok(()));
    assert_eq!(save(TARGET, SaveFormat::Standard), Ok(()));
    let minor = |file: Vec<u8>| u32::from_le_bytes(file[24..28].try_into().unwrap());
    assert_eq!(minor(machine.file(NEW_FILE).unwrap()), 3);
    assert_eq!(save(TARGET, SaveFormat::Latest), Ok(()));
    assert_eq!(minor(machine.file(NEW_FILE).unwrap()), 5);
    // A file is taken by a loaded hive, and by its name.
    assert_eq!(
        thread.create_file(LOADED_FILE).map(drop),
        Err(Status::SHARING_VIOLATION)
    );
    assert_eq!(
        thread.open_file(r"\??\C:\missing").map(drop),
        Err(Status::OBJECT_NAME_NOT_FOUND)
    );
    assert_clean(&machine);
}

#[test]
fn h3_volatile_keys_are_not_saved() {
    let machine = scene();
    let process = backup(&machine);
    let thread = process.enter();
    let target = open(&thread, TARGET);
    let (volatile, _) = target
        .create_key_with("Volatile", KeyAccess::ALL, KeyOptions::VOLATILE)
        .unwrap();
    drop(volatile);
    let file = thread.create_file(NEW_FILE).unwrap();
    target.save(&file, SaveFormat::Latest).unwrap();
    drop(file);
    thread.load_key(NEW, NEW_FILE).unwrap();
    let saved = open(&thread, NEW).query().unwrap();
    assert_eq!((saved.subkeys, saved.values), (0, 1));
}

#[test]
fn n10_an_application_hive_is_reached_through_its_root_only() {
    let machine = scene();
    let process = machine.process("app.exe");
    let thread = process.enter();
    let root = thread.load_app_key(FILE, KeyAccess::ALL, false).unwrap();
    let name = root.name().unwrap();
    assert!(name.starts_with(r"\REGISTRY\A\{"), "{name}");
    for path in [name.clone(), format!(r"{name}\Inner")] {
        let opened = thread.open_key(&path, KeyAccess::READ).map(drop);
        assert_eq!(opened, Err(Status::ACCESS_DENIED));
        let created = thread.create_key(&path, KeyAccess::READ).map(drop);
        assert_eq!(created, Err(Status::ACCESS_DENIED));
        process.grant(Privileges::RESTORE);
        assert_eq!(thread.force_unload_key(&path), Err(Status::ACCESS_DENIED));
    }
    let inner = root.open_key("Inner", KeyAccess::ALL).unwrap();
    inner.set_dword("Value", 5).unwrap();
    let dacl = DACL_SECURITY_INFORMATION;
    let descriptor = inner.security(dacl).unwrap();
    assert_eq!(
        inner.set_security(dacl, &descriptor),
        Err(Status::ACCESS_DENIED)
    );
    let replaced = root.replace(LOADED_FILE, r"\??\C:\old.hiv");
    assert_eq!(replaced, Err(Status::ACCESS_DENIED));
    assert_clean(&machine);
}

#[test]
fn h2_an_application_hive_goes_with_its_last_handle() {
    let machine = scene();
    let process = machine.process("app.exe");
    let thread = process.enter();
    let app = |private| thread.load_app_key(FILE, KeyAccess::ALL, private);
    let root = app(false).unwrap();
    let again = app(false).unwrap();
    assert_eq!(root.name(), again.name(), "it is shared");
    assert_eq!(app(true).map(drop), Err(Status::SHARING_VIOLATION));
    let inner = root.open_key("Inner", KeyAccess::ALL).unwrap();
    drop(root);
    drop(again);
    inner.set_dword("Value", 5).unwrap();
    assert_eq!(
        thread.open_file(FILE).map(drop),
        Err(Status::SHARING_VIOLATION)
    );
    drop(inner);
    // Now it is unloaded and in its file.
    drop(thread.open_file(FILE).unwrap());
    let private = app(true).unwrap();
    assert_eq!(app(false).map(drop), Err(Status::SHARING_VIOLATION));
    let inner = private.open_key("Inner", KeyAccess::READ).unwrap();
    assert_eq!(inner.query_value("Value").unwrap().as_dword(), Some(5));
    // The rights are those that were asked for.
    assert_eq!(inner.set_dword("Value", 6), Err(Status::ACCESS_DENIED));
    drop((inner, private));
    let read = thread.load_app_key(FILE, KeyAccess::READ, false).unwrap();
    assert_eq!(read.set_dword("Value", 6), Err(Status::ACCESS_DENIED));
    assert_clean(&machine);
}

/// What is loaded from a hive and saved is, loaded again, saved the same.
#[test]
fn real_hives_are_saved_the_same_again_and_again() {
    let folder = std::env::var_os("WDM_HIVES").map_or_else(
        || std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/hives"),
        Into::into,
    );
    let files = std::fs::read_dir(&folder).into_iter().flatten().flatten();
    let mut hives = 0;
    for entry in files {
        let machine = scene();
        let process = backup(&machine);
        let thread = process.enter();
        machine
            .put_file(NEW_FILE, std::fs::read(entry.path()).unwrap())
            .unwrap();
        let saved = |to: &str| {
            thread.load_key(NEW, NEW_FILE).unwrap();
            let file = thread.create_file(to).unwrap();
            let root = open(&thread, NEW);
            root.save(&file, SaveFormat::NoCompression).unwrap();
            drop((root, file));
            thread.unload_key(NEW).unwrap();
            machine.file(to).unwrap()
        };
        let first = saved(r"\??\C:\first");
        let second = saved(r"\??\C:\second");
        // The base block holds the time.
        assert!(
            first[4096..] == second[4096..],
            "{}",
            entry.path().display()
        );
        assert_clean(&machine);
        hives += 1;
    }
    if hives == 0 {
        println!("skipped: no hives in {}", folder.display());
    }
}

#[test]
fn threads_may_do_all_of_it_at_once() {
    let machine = scene();
    let process = backup(&machine);
    std::thread::scope(|scope| {
        for number in 0..4 {
            let (machine, process) = (&machine, &process);
            scope.spawn(move || {
                let thread = process.enter();
                let path = format!(r"\REGISTRY\USER\Thread{number}");
                let own = format!(r"\??\C:\{number}.hiv");
                machine.put_file(&own, machine.file(FILE).unwrap()).unwrap();
                for round in 0..50 {
                    thread.load_key(&path, &own).unwrap();
                    let root = open(&thread, &path);
                    root.set_dword("Round", round).unwrap();
                    root.flush().unwrap();
                    drop(root);
                    let shared = thread.load_app_key(LOADED_COPY, KeyAccess::ALL, false);
                    // Whoever of the others closes it just now, it is a hive or none.
                    shared.unwrap().set_dword("Round", round).unwrap();
                    thread.unload_key(&path).unwrap();
                }
                thread.load_key(&path, &own).unwrap();
                let last = open(&thread, &path).query_value("Round").unwrap();
                assert_eq!(last.as_dword(), Some(49));
            });
        }
    });
    // All shares of it are closed, so it is free.
    drop(process.enter().open_file(LOADED_COPY).unwrap());
    assert_clean(&machine);
}

const LOADED_COPY: &str = r"\??\C:\app.hiv";
