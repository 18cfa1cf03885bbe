//! H1 to H8.

use wdm_sim::{KeyOptions, Machine, Privileges, Process, RestoreFlags, SaveFormat, Status};

use crate::support::*;

/// A file with a hive, whose root has the value `Saved` 1 and the subkey `Inner`.
pub(crate) const FILE: &str = r"\??\C:\saved.hiv";
pub(crate) const OUT: &str = r"\??\C:\out.hiv";
/// Where `scene` has loaded another such file.
pub(crate) const LOADED: &str = r"\REGISTRY\USER\Loaded";
pub(crate) const LOADED_FILE: &str = r"\??\C:\loaded.hiv";
const NEW: &str = r"\REGISTRY\USER\New";

/// A process with the privileges for hives.
pub(crate) fn backup(machine: &Machine) -> Process {
    let process = machine.process("backup.exe");
    process.grant(Privileges::BACKUP | Privileges::RESTORE | Privileges::TCB);
    process
}

/// A machine with [`TEST`], [`FILE`] and [`LOADED`].
pub(crate) fn scene() -> Machine {
    let machine = machine();
    let process = backup(&machine);
    let thread = process.enter();
    for path in [FILE, LOADED_FILE] {
        thread.load_key(NEW, path).unwrap();
        let root = thread.open_key(NEW, ALL).unwrap();
        root.set_dword("Saved", 1).unwrap();
        drop(root.create_key("Inner", ALL).unwrap());
        drop(root);
        thread.unload_key(NEW).unwrap();
    }
    thread.load_key(LOADED, LOADED_FILE).unwrap();
    drop(thread.create_key(TEST, ALL).unwrap());
    machine
}

/// Runs a case in a thread with the privileges for hives, and checks that no rule was broken.
fn in_backup(case: impl FnOnce(&Machine, &wdm_sim::ThreadGuard)) {
    let machine = scene();
    let process = backup(&machine);
    let thread = process.enter();
    case(&machine, &thread);
    drop(thread);
    assert_clean(&machine);
}

#[test]
fn h1_a_hive_is_loaded_below_machine_or_user_at_a_free_name() {
    in_backup(|machine, thread| {
        let below_machine = r"\REGISTRY\MACHINE\New";
        for path in [NEW, below_machine] {
            assert_eq!(thread.load_key(path, OUT), Ok(()));
            assert!(machine.file(OUT).is_some(), "a missing file is made");
            let taken = thread.load_key(path, FILE);
            assert_eq!(taken, Err(Status::ACCESS_DENIED));
            thread.unload_key(path).unwrap();
        }
        for path in [&child("New"), r"\REGISTRY\New", r"\REGISTRY\A\New"] {
            let refused = thread.load_key(path, FILE);
            assert_eq!(refused, Err(Status::INVALID_PARAMETER), "{path}");
        }
    });
}

#[test]
fn h2_an_application_hive_goes_with_its_last_handle() {
    in_backup(|machine, thread| {
        let root = thread.load_app_key(FILE, ALL, false).unwrap();
        let inner = root.open_key("Inner", ALL).unwrap();
        drop(root);
        let descriptor = inner.security(4).unwrap();
        let denied = Err(Status::ACCESS_DENIED);
        assert_eq!(inner.set_security(4, &descriptor), denied);
        let busy = Err(Status::SHARING_VIOLATION);
        assert_eq!(thread.open_file(FILE).map(drop), busy);
        drop(inner);
        assert_eq!(thread.open_file(FILE).map(drop), Ok(()));
        assert!(machine.file(FILE).is_some());
    });
}

#[test]
fn h3_a_save_leaves_volatile_keys_out_and_has_a_format() {
    in_backup(|_, thread| {
        let loaded = thread.open_key(LOADED, ALL).unwrap();
        drop(
            loaded
                .create_key_with("Volatile", ALL, KeyOptions::VOLATILE)
                .unwrap(),
        );
        let out = thread.create_file(OUT).unwrap();
        loaded.save(&out, SaveFormat::Latest).unwrap();
        drop(out);
        thread.load_key(NEW, OUT).unwrap();
        let saved = thread.open_key(NEW, ALL).unwrap();
        assert_eq!(saved.enumerate_key(0).as_deref(), Ok("Inner"));
        assert_eq!(saved.query().unwrap().subkeys, 1);

        let other = thread.create_file(r"\??\C:\other.hiv").unwrap();
        let inner = loaded.open_key("Inner", ALL).unwrap();
        for (format, of_root, of_key) in [
            (SaveFormat::Standard, Ok(()), Ok(())),
            (SaveFormat::Latest, Ok(()), Ok(())),
            (
                SaveFormat::NoCompression,
                Ok(()),
                Err(Status::INVALID_PARAMETER),
            ),
        ] {
            assert_eq!(loaded.save(&other, format), of_root);
            assert_eq!(inner.save(&other, format), of_key);
        }
    });
}

#[test]
fn h4_a_merged_save_prefers_the_higher_tree() {
    in_backup(|_, thread| {
        let loaded = thread.open_key(LOADED, ALL).unwrap();
        let test = thread.open_key(TEST, ALL).unwrap();
        let same = test.create_key("Inner", ALL).unwrap();
        same.set_dword("From", 1).unwrap();
        drop(test.create_key("OfTest", ALL).unwrap());
        let lower = loaded.open_key("Inner", ALL).unwrap();
        lower.set_dword("From", 2).unwrap();
        drop(loaded.create_key("OfLoaded", ALL).unwrap());
        let out = thread.create_file(OUT).unwrap();
        thread.save_merged_keys(&test, &loaded, &out).unwrap();
        drop(out);
        thread.load_key(NEW, OUT).unwrap();
        let merged = thread.open_key(&format!(r"{NEW}\Inner"), ALL).unwrap();
        assert_eq!(number(&merged, "From"), Ok(1));
        assert!(exists(thread, &format!(r"{NEW}\OfTest")));
        assert!(exists(thread, &format!(r"{NEW}\OfLoaded")));
    });
}

#[test]
fn h5_a_restore_wants_no_handles_below_unless_forced() {
    in_backup(|_, thread| {
        let test = thread.open_key(TEST, ALL).unwrap();
        let below = test.create_key("Below", ALL).unwrap();
        let file = thread.open_file(FILE).unwrap();
        let restore = |flags| test.restore(&file, flags);
        assert_eq!(restore(RestoreFlags::empty()), Err(Status::CANNOT_DELETE));
        assert_eq!(restore(RestoreFlags::FORCE_RESTORE), Ok(()));
        assert_eq!(below.query().map(drop), Err(Status::KEY_DELETED));
        assert_eq!(number(&test, "Saved"), Ok(1));
        drop(below);
        let wrong = Err(Status::INVALID_PARAMETER);
        assert_eq!(restore(RestoreFlags::WHOLE_HIVE_VOLATILE), wrong);
        assert_eq!(restore(RestoreFlags::REFRESH_HIVE), wrong, "no hive's root");
        assert_eq!(restore(RestoreFlags::empty()), Ok(()));
        let user = thread.open_key(r"\REGISTRY\USER", ALL).unwrap();
        let whole = user.restore(&file, RestoreFlags::WHOLE_HIVE_VOLATILE);
        assert_eq!(whole, Ok(()));
    });
}

#[test]
fn h5_a_refresh_goes_back_to_the_last_flush() {
    in_backup(|machine, thread| {
        let root = thread.open_key(LOADED, ALL).unwrap();
        root.set_dword("Flushed", 1).unwrap();
        root.flush().unwrap();
        root.set_dword("Lost", 1).unwrap();
        let file = thread.open_file(FILE).unwrap();
        let without = machine.process("app.exe");
        without.grant(Privileges::RESTORE);
        {
            let other = without.enter();
            let root = other.open_key(LOADED, ALL).unwrap();
            let file = other.open_file(FILE).unwrap();
            let refused = root.restore(&file, RestoreFlags::REFRESH_HIVE);
            assert_eq!(refused, Err(Status::PRIVILEGE_NOT_HELD));
        }
        root.restore(&file, RestoreFlags::REFRESH_HIVE).unwrap();
        assert_eq!(number(&root, "Flushed"), Ok(1));
        assert_eq!(number(&root, "Lost"), Err(Status::OBJECT_NAME_NOT_FOUND));
    });
}

#[test]
fn h6_a_replacement_waits_for_the_next_start() {
    in_backup(|machine, thread| {
        let inner = thread.open_key(&format!(r"{LOADED}\Inner"), ALL).unwrap();
        inner.set_dword("Before", 1).unwrap();
        inner.replace(FILE, OUT).unwrap();
        assert_eq!(number(&inner, "Before"), Ok(1), "nothing has changed yet");
        inner.set_dword("Since", 2).unwrap();
        drop(inner);
        thread.unload_key(LOADED).unwrap();
        // What went on was written to the backup file.
        thread.load_key(NEW, OUT).unwrap();
        let old = thread.open_key(&format!(r"{NEW}\Inner"), ALL).unwrap();
        assert_eq!(number(&old, "Since"), Ok(2));
        thread.load_key(LOADED, LOADED_FILE).unwrap();
        let new = thread.open_key(&format!(r"{LOADED}\Inner"), ALL).unwrap();
        assert_eq!(number(&new, "Before"), Err(Status::OBJECT_NAME_NOT_FOUND));
        assert!(machine.file(FILE).is_none(), "it took the other's place");
    });
}

#[test]
fn h7_user_mode_wants_privileges_and_kernel_mode_has_all() {
    let machine = scene();
    let app = machine.process("app.exe");
    let denied = Err(Status::PRIVILEGE_NOT_HELD);
    let thread = app.enter();
    let test = thread.open_key(TEST, ALL).unwrap();
    let loaded = thread.open_key(LOADED, ALL).unwrap();
    let file = thread.open_file(FILE).unwrap();
    let out = thread.create_file(OUT).unwrap();
    for (privileges, save, others) in [
        (Privileges::empty(), denied, denied),
        (Privileges::BACKUP, Ok(()), denied),
    ] {
        app.grant(privileges);
        assert_eq!(test.save(&out, SaveFormat::Latest), save);
        assert_eq!(thread.load_key(NEW, FILE), others);
        assert_eq!(thread.unload_key(LOADED), others);
        assert_eq!(test.restore(&file, RestoreFlags::empty()), others);
        assert_eq!(loaded.replace(FILE, r"\??\C:\old.hiv"), others);
    }
    drop((test, loaded, file, out));
    drop(thread);
    let _kernel = machine.system_process().enter();
    let (mut name, mut file) = (Wide::new(NEW), Wide::new(FILE));
    let none = std::ptr::null_mut();
    let [mut name, mut file] = [&mut name, &mut file].map(|path| attributes(none, path.as_ptr()));
    // SAFETY: all places are live.
    let loaded = unsafe { wdm_sys::ZwLoadKey(&raw mut name, &raw mut file) };
    assert_eq!(Status(loaded), Status::SUCCESS);
    // SAFETY: as above.
    let unloaded = unsafe { wdm_sys::ZwUnloadKey(&raw mut name) };
    assert_eq!(Status(unloaded), Status::SUCCESS);
    assert_clean(&machine);
}

#[test]
fn h8_a_hive_with_open_keys_stays_unless_forced() {
    in_backup(|_, thread| {
        let inner = thread.open_key(&format!(r"{LOADED}\Inner"), ALL).unwrap();
        inner.set_dword("Kept", 1).unwrap();
        let refused = thread.unload_key(LOADED);
        assert_eq!(refused, Err(Status::CANNOT_DELETE));
        thread.force_unload_key(LOADED).unwrap();
        assert_eq!(inner.query().map(drop), Err(Status::KEY_DELETED));
        thread.load_key(LOADED, LOADED_FILE).unwrap();
        let again = thread.open_key(&format!(r"{LOADED}\Inner"), ALL).unwrap();
        assert_eq!(number(&again, "Kept"), Ok(1), "it was written to the file");
        drop(again);
        assert_eq!(thread.unload_key(LOADED), Ok(()));
    });
}
