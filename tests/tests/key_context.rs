//! The key-context sample, linked and as `.sys`: the life of contexts, as the driver tells it.
//!
//! The `.sys` form is looked for in the folder that `WDM_DRIVERS` names, the twin in C in that of
//! `WDM_C_DRIVERS`; `cargo xtask test` builds them there. Without them these tests run the linked form
//! alone, and say so.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use wdm_sim::{Driver, KeyAccess, LoadDriverError, Machine, Status};

const DEMO: &str = r"\Registry\Machine\SYSTEM\CurrentControlSet\Services\key-context\Demo";

/// The whole story, if nobody else uses the key.
const STORY: [&str; 29] = [
    r"registered, watching \REGISTRY\MACHINE\SYSTEM\ControlSet001\Services\key-context\Demo",
    "set #1 on a handle (create)",
    "set #2 on a handle (open)",
    "through the first handle:",
    "seen #1 before Number is set",
    "seen #1 after Number was set",
    "through the second handle:",
    "seen #2 before Number is read",
    "seen #2 before Replace is set",
    "replaced #2 by #3 (#2 stays alive)",
    "seen #3 after Replace was set",
    "seen #3 before Number is read",
    "closing the second handle:",
    "seen #3 before the close",
    "cleanup: #3, #2",
    "released #3 (seen: 3)",
    "released #2 (seen: 2)",
    "through the first handle:",
    "seen #1 before Number is read",
    "seen #1 before Replace is set",
    "replaced #1 by #4 (#1 stays alive)",
    "seen #4 after Replace was set",
    "loaded",
    "unregistering",
    "cleanup: #4, #1",
    "released #4 (seen: 1)",
    "released #1 (seen: 4)",
    "unregistered",
    "deleted the key",
];

/// How much of the story is told when the driver has loaded.
const LOADED: usize = 23;

/// The forms in which the driver can be had here.
fn forms() -> Vec<Option<PathBuf>> {
    let sys = ["WDM_DRIVERS", "WDM_C_DRIVERS"]
        .into_iter()
        .filter_map(|variable| {
            let file = std::env::var_os(variable)
                .map(|folder| PathBuf::from(folder).join("key-context.sys"))
                .filter(|file| file.is_file());
            if file.is_none() {
                eprintln!("no key-context.sys ({variable}): this form is not tested");
            }
            file
        });
    std::iter::once(None).chain(sys.map(Some)).collect()
}

/// What another thread does while a line is printed.
type Meanwhile = Box<dyn FnOnce() + Send>;

/// A line that is waited for, once, and what happens then.
#[derive(Clone, Default)]
struct Cue(Arc<Mutex<Option<(&'static str, Meanwhile)>>>);

impl Cue {
    fn at(&self, line: &'static str, meanwhile: impl FnOnce() + Send + 'static) {
        *self.0.lock().expect("no test panics here") = Some((line, Box::new(meanwhile)));
    }

    /// The thread that printed the line goes on when the other one has ended.
    fn printed(&self, line: &str) {
        let mut cue = self.0.lock().expect("no test panics here");
        let meanwhile = cue.take_if(|(awaited, _)| line.ends_with(*awaited));
        drop(cue);
        if let Some((_, meanwhile)) = meanwhile {
            std::thread::spawn(meanwhile).join().expect("it ends well");
        }
    }
}

fn machine(cue: &Cue) -> Machine {
    let cue = cue.clone();
    let machine = Machine::builder()
        .on_debug_print(move |line| cue.printed(line))
        .build()
        .expect("the demonstration hive mounts");
    machine.install("key-context", &[]).expect("it installs");
    machine
}

fn load(machine: &Machine, form: Option<&Path>) -> Result<Driver, LoadDriverError> {
    match form {
        // SAFETY: a driver in safe Rust.
        Some(file) => unsafe { machine.load_sys(file) },
        // SAFETY: a driver in safe Rust.
        None => unsafe { machine.load_linked("key-context", key_context::driver_entry) },
    }
}

/// What the driver has printed, without its name.
fn told(machine: &Machine) -> Vec<String> {
    let lines = machine.report().debug_print;
    lines
        .iter()
        .map(|line| {
            let line = line.strip_prefix("key-context: ");
            line.expect("no other driver is there").to_owned()
        })
        .collect()
}

/// Checks that nothing is left of the driver.
fn assert_clean(machine: &Machine) {
    assert_no_findings(machine);
    let app = machine.process("afterwards");
    let gone = app.enter().open_key(DEMO, KeyAccess::READ).err();
    assert_eq!(gone, Some(Status::OBJECT_NAME_NOT_FOUND));
}

fn assert_no_findings(machine: &Machine) {
    let report = machine.report();
    let findings: Vec<_> = report.findings.iter().map(ToString::to_string).collect();
    assert_eq!(findings, Vec::<String>::new());
    assert_eq!(
        report.counters.contexts_set,
        report.counters.contexts_released
    );
}

/// Sets the value that replaces a handle's context, through the number of that handle: threads of
/// one process share its handles.
fn replace(handle: usize) -> Status {
    let name: Vec<u16> = "Replace".encode_utf16().collect();
    let name = wdm_safe::string::Counted::new(wdm_safe::UnicodeStr::new(&name));
    let name = name.expect("a short name");
    let handle = std::ptr::without_provenance_mut(handle);
    let data = 0_u32;
    let place = (&raw const data).cast_mut().cast();
    // SAFETY: the simulated kernel knows its handles; the pointers lead to live locals.
    Status(unsafe {
        wdm_sys::ZwSetValueKey(handle, name.as_ptr(), 0, wdm_sys::REG_DWORD, place, 4)
    })
}

#[test]
fn the_story_is_the_same_in_both_forms() {
    for form in forms() {
        let machine = machine(&Cue::default());
        let driver = load(&machine, form.as_deref()).expect("it loads");
        machine.unload(driver).expect("it has an unload routine");
        assert_eq!(told(&machine), STORY, "{form:?}");
        assert_eq!(machine.report().counters.contexts_set, 4, "{form:?}");
        assert_clean(&machine);
    }
}

#[test]
fn a_context_that_another_thread_replaces_can_still_be_used() {
    for form in forms() {
        let cue = Cue::default();
        let machine = machine(&cue);
        let driver = load(&machine, form.as_deref()).expect("it loads");
        let app = Arc::new(machine.process("app"));
        let thread = app.enter();
        let key = thread.open_key(DEMO, KeyAccess::ALL).expect("it opens");
        // The reader has got its context and has not used it yet when this line is printed.
        let (writer, handle) = (Arc::clone(&app), key.handle().expose_provenance());
        cue.at("seen #5 before Number is read", move || {
            let _thread = writer.enter();
            assert_eq!(replace(handle), Status::SUCCESS);
        });
        let number = key.query_value("Number").expect("the driver has set it");
        assert_eq!(number.as_dword(), Some(1));
        drop(key);
        let expected = [
            "set #5 on a handle (open)",
            "seen #5 before Number is read",
            "seen #5 before Replace is set",
            "replaced #5 by #6 (#5 stays alive)",
            "seen #6 after Replace was set",
            "seen #6 before the close",
            "cleanup: #6, #5",
            "released #6 (seen: 2)",
            // The second time is the reader's, after the replacement.
            "released #5 (seen: 2)",
        ];
        assert_eq!(told(&machine)[LOADED..], expected, "{form:?}");
        machine.unload(driver).expect("it has an unload routine");
        assert_eq!(
            told(&machine)[LOADED + expected.len()..],
            STORY[LOADED..],
            "{form:?}"
        );
        assert_clean(&machine);
    }
}

#[test]
fn unregistering_cleans_up_every_handle_that_is_still_open() {
    for form in forms() {
        let machine = machine(&Cue::default());
        let driver = load(&machine, form.as_deref()).expect("it loads");
        let app = machine.process("app");
        let thread = app.enter();
        let key = thread.open_key(DEMO, KeyAccess::ALL).expect("it opens");
        key.set_dword("Replace", 1).expect("it is set");
        machine.unload(driver).expect("it has an unload routine");
        let told = told(&machine);
        let position = |line| told.iter().position(|told| told == line);
        let start = position("unregistering").expect("it is told");
        let end = position("unregistered").expect("it is told");
        // Which handle comes first is up to the kernel.
        let mut handles: Vec<_> = told[start + 1..end].chunks(3).collect();
        handles.sort();
        let expected = [
            [
                "cleanup: #4, #1",
                "released #4 (seen: 1)",
                "released #1 (seen: 4)",
            ],
            [
                "cleanup: #6, #5",
                "released #6 (seen: 1)",
                "released #5 (seen: 1)",
            ],
        ];
        assert_eq!(handles, expected, "{form:?}");
        // The close comes when nobody listens any more.
        let lines = told.len();
        drop(key);
        assert_eq!(machine.report().debug_print.len(), lines, "{form:?}");
        assert_clean(&machine);
    }
}

#[test]
fn any_allocation_may_fail() {
    for form in forms() {
        let mut failed_loads = 0;
        for number in 1.. {
            assert!(number < 1000, "the driver does not allocate that often");
            let machine = machine(&Cue::default());
            machine.fail_allocation(number);
            match load(&machine, form.as_deref()) {
                Ok(driver) => machine.unload(driver).expect("it has an unload routine"),
                Err(LoadDriverError::Init { status, .. }) => {
                    assert_eq!(status, Status::INSUFFICIENT_RESOURCES, "{form:?}");
                    failed_loads += 1;
                }
                Err(error) => panic!("{error}"),
            }
            machine.fail_allocation(0);
            assert_clean(&machine);
            if told(&machine) == STORY {
                break;
            }
        }
        assert!(failed_loads > 0, "{form:?}");
    }
}
