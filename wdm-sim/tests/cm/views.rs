//! The registry as 32-bit programs see it (V1 to V6).

use wdm_sim::{KeyAccess, KeyOptions, Machine, Process, Status, ThreadGuard, UserKey};
use wdm_sys::*;

use crate::support::{Log, machine, register, text};

const SOFTWARE: &str = r"\Registry\Machine\Software";
const TEST: &str = r"\Registry\Machine\Software\Maker\Test";
const IN_NODE: &str = r"\Registry\Machine\Software\Wow6432Node\Maker\Test";
const NO_FLAG: KeyAccess = KeyAccess::empty();
const VIEW_32: KeyAccess = KeyAccess::WOW64_32KEY;
const VIEW_64: KeyAccess = KeyAccess::WOW64_64KEY;

fn start(machine: &Machine, wow64: bool) -> Process {
    machine.process_builder("app.exe").wow64(wow64).start()
}

/// Makes a key with all keys above it, as kernel mode does, and says in a value which it is.
fn make(machine: &Machine, path: &str, number: u32) {
    let system = machine.system_process();
    let thread = system.enter();
    let ends = path.match_indices('\\').map(|(at, _)| at).skip(3);
    for end in ends.chain([path.len()]) {
        let (key, _) = thread
            .create_key_with(&path[..end], KeyAccess::ALL, KeyOptions::VOLATILE)
            .unwrap();
        if end == path.len() {
            key.set_dword("Number", number).unwrap();
        }
    }
}

/// A machine in which `Maker\Test` is there for both kinds of programs.
fn both() -> Machine {
    let machine = machine();
    make(&machine, TEST, 64);
    make(&machine, IN_NODE, 32);
    machine
}

fn number(key: Result<UserKey<'_>, Status>) -> Result<u32, Status> {
    Ok(key?.query_value("Number")?.as_dword().unwrap())
}

fn at(thread: &ThreadGuard, path: &str, flags: KeyAccess) -> Result<u32, Status> {
    number(thread.open_key(path, KeyAccess::READ | flags))
}

#[test]
fn v1_each_kind_of_program_has_a_view_of_its_own() {
    let machine = both();
    let missing = Err(Status::OBJECT_NAME_NOT_FOUND);
    for (wow64, own) in [(false, 64), (true, 32)] {
        let app = start(&machine, wow64);
        let thread = app.enter();
        assert_eq!(at(&thread, TEST, NO_FLAG), Ok(own));
        assert_eq!(at(&thread, TEST, VIEW_64), Ok(64));
        assert_eq!(at(&thread, TEST, VIEW_32), Ok(32));
        // A name with the node in it leads there in either view.
        for flags in [NO_FLAG, VIEW_32, VIEW_64] {
            assert_eq!(at(&thread, IN_NODE, flags), Ok(32));
        }
        let twice = r"\Registry\Machine\Software\Wow6432Node\Wow6432Node\Maker\Test";
        assert_eq!(at(&thread, twice, NO_FLAG), missing);
        // A malformed name stays one.
        let malformed = Err(Status::OBJECT_PATH_SYNTAX_BAD);
        assert_eq!(at(&thread, &TEST[1..], VIEW_32), malformed);
        let root = thread.open_key(SOFTWARE, KeyAccess::READ).unwrap();
        let below = root.open_key(TEST, KeyAccess::READ | VIEW_32);
        assert_eq!(below.map(drop), malformed.map(drop));
    }
}

#[test]
fn v1_what_a_program_makes_is_made_in_its_view() {
    let machine = both();
    let new = r"\Registry\Machine\Software\Maker\New";
    let app = start(&machine, true);
    let thread = app.enter();
    let key = thread.create_key_with(new, KeyAccess::ALL, KeyOptions::VOLATILE);
    let (key, _) = key.unwrap();
    let name = r"\REGISTRY\MACHINE\Software\Wow6432Node\Maker\New";
    assert!(key.name().unwrap().eq_ignore_ascii_case(name));
    let found = thread.open_key(new, KeyAccess::READ | VIEW_64).map(drop);
    assert_eq!(found, Err(Status::OBJECT_NAME_NOT_FOUND));
}

#[test]
fn v2_shared_keys_are_the_same_in_both_views() {
    let shared = [
        r"\Registry\Machine\Software\Policies\Maker",
        r"\Registry\Machine\Software\Classes\.made",
        r"\REGISTRY\MACHINE\SOFTWARE\MICROSOFT\windows nt\CurrentVersion\Fonts",
        r"\Registry\Machine\System\Maker",
        r"\Registry\User\S-1-5-21-1-2-3-1000\Software\Maker",
    ];
    let machine = machine();
    let app = start(&machine, true);
    for path in shared {
        make(&machine, path, 64);
        assert_eq!(at(&app.enter(), path, NO_FLAG), Ok(64), "{path}");
        assert_eq!(at(&app.enter(), path, VIEW_32), Ok(64), "{path}");
    }
}

#[test]
fn v3_some_classes_are_not_shared() {
    let own = [
        (
            r"\Registry\Machine\Software\Classes\CLSID\{1}",
            r"\Registry\Machine\Software\Classes\Wow6432Node\CLSID\{1}",
        ),
        (
            r"\Registry\User\S-1-5-21-1-2-3-1000_Classes\Interface\{1}",
            r"\Registry\User\S-1-5-21-1-2-3-1000_Classes\Wow6432Node\Interface\{1}",
        ),
        (
            r"\Registry\User\S-1-5-21-1-2-3-1000\Software\Classes\CLSID\{1}",
            r"\Registry\User\S-1-5-21-1-2-3-1000\Software\Classes\Wow6432Node\CLSID\{1}",
        ),
    ];
    let machine = machine();
    let (native, wow64) = (start(&machine, false), start(&machine, true));
    for (path, in_node) in own {
        make(&machine, path, 64);
        make(&machine, in_node, 32);
        assert_eq!(at(&native.enter(), path, NO_FLAG), Ok(64), "{path}");
        assert_eq!(at(&wow64.enter(), path, NO_FLAG), Ok(32), "{path}");
        assert_eq!(at(&native.enter(), path, VIEW_32), Ok(32), "{path}");
    }
}

#[test]
fn v4_a_root_stays_in_its_view_unless_the_other_is_asked_for() {
    let machine = both();
    let app = start(&machine, true);
    let thread = app.enter();
    let below =
        |root: &UserKey<'_>, flags| number(root.open_key(r"Maker\Test", KeyAccess::READ | flags));
    let own = thread.open_key(SOFTWARE, KeyAccess::READ).unwrap();
    for flags in [NO_FLAG, VIEW_32, VIEW_64] {
        assert_eq!(below(&own, flags), Ok(32));
    }
    let node = r"Wow6432Node\Maker\Test";
    let twice = number(own.open_key(node, KeyAccess::READ));
    assert_eq!(twice, Err(Status::OBJECT_NAME_NOT_FOUND));
    let other = thread
        .open_key(SOFTWARE, KeyAccess::READ | VIEW_64)
        .unwrap();
    assert_eq!(below(&other, NO_FLAG), Ok(64));
    assert_eq!(below(&other, VIEW_64), Ok(64));
    assert_eq!(below(&other, VIEW_32), Ok(32));
    assert_eq!(number(other.open_key(node, KeyAccess::READ)), Ok(32));
    // One above the fork is in neither.
    let above = thread
        .open_key(r"\Registry\Machine", KeyAccess::READ)
        .unwrap();
    let path = r"Software\Maker\Test";
    assert_eq!(number(above.open_key(path, KeyAccess::READ)), Ok(32));
}

#[test]
fn v5_a_shared_class_is_found_behind_the_node_by_32_bit_programs() {
    let machine = machine();
    make(&machine, r"\Registry\Machine\Software\Classes\.made", 64);
    make(
        &machine,
        r"\Registry\Machine\Software\Classes\Wow6432Node\CLSID",
        32,
    );
    let behind = r"\Registry\Machine\Software\Classes\Wow6432Node\.made";
    let missing = Err(Status::OBJECT_NAME_NOT_FOUND);
    let app = start(&machine, true);
    assert_eq!(at(&app.enter(), behind, NO_FLAG), Ok(64));
    assert_eq!(at(&app.enter(), behind, VIEW_64), missing);
    let above = r"\Registry\Machine\Software\Wow6432Node\Classes\.made";
    assert_eq!(at(&app.enter(), above, NO_FLAG), Ok(64));
    let own = r"\Registry\Machine\Software\Wow6432Node\Classes\CLSID";
    assert_eq!(at(&app.enter(), own, NO_FLAG), Ok(32));
    assert_eq!(
        at(&start(&machine, false).enter(), behind, NO_FLAG),
        missing
    );
}

#[test]
fn v6_callbacks_see_the_name_in_the_view_and_the_flags_as_they_were_given() {
    let machine = both();
    let log = Log::default();
    let filter = register(&machine, "1", {
        let log = log.clone();
        move |event| {
            if event.class == RegNtPreOpenKeyEx {
                let open = event.open();
                log.note(format!(
                    "{:#x} {}",
                    open.Wow64Flags,
                    text(open.CompleteName)
                ));
                assert_eq!(open.DesiredAccess, KEY_READ, "the flags are no rights");
            }
            Status::SUCCESS
        }
    });
    let app = start(&machine, true);
    let thread = app.enter();
    let in_node = r"\Registry\Machine\Software\Wow6432Node\Maker\Test";
    for (flags, seen) in [
        (NO_FLAG, format!("0x0 {in_node}")),
        (VIEW_32, format!("0x200 {in_node}")),
        (VIEW_64, format!("0x100 {TEST}")),
    ] {
        drop(thread.open_key(TEST, KeyAccess::READ | flags).unwrap());
        assert_eq!(log.take(), [seen]);
    }
    // Kernel mode's names are not touched.
    let system = machine.system_process();
    let kernel = system.enter();
    assert_eq!(
        number(kernel.open_key(TEST, KeyAccess::READ | VIEW_32)),
        Ok(64)
    );
    assert_eq!(log.take(), [format!("0x200 {TEST}")]);
    assert_eq!(filter.unregister(&machine), Status::SUCCESS);
}

#[test]
fn v6_both_flags_at_once_are_invalid() {
    let machine = both();
    let app = start(&machine, false);
    let both = at(&app.enter(), TEST, VIEW_32 | VIEW_64);
    assert_eq!(both, Err(Status::INVALID_PARAMETER));
}
