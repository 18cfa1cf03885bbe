//! N8: a driver in safe Rust, as `.sys`, that answers into memory of the caller which goes away.
//!
//! The driver is `drivers/answering`, looked for in the folder that `WDM_DRIVERS` names; `cargo xtask
//! test` builds it there. Without it, and on hosts other than x86_64 Linux, these tests say that they
//! do nothing.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use wdm_sim::registry::ValueInfo;
use wdm_sim::{KeyAccess, Machine, Status, UserAccess, UserKey, UserMemory};

const KEY: &str = r"\Registry\Machine\SYSTEM\Answering";
/// How many bytes of the answer fit before the end of the first page.
const BEFORE_THE_END: usize = 50;
const OFFSET: usize = UserMemory::PAGE - BEFORE_THE_END;
/// TitleIndex, Type, DataLength.
const HEAD: [u8; 12] = [0, 0, 0, 0, 3, 0, 0, 0, 100, 0, 0, 0];

/// What happens when the driver says that it answers.
type Meanwhile = Box<dyn FnOnce() + Send>;

fn driver() -> Option<PathBuf> {
    let folder = std::env::var_os("WDM_DRIVERS");
    let file = folder.map(|folder| PathBuf::from(folder).join("answering.sys"));
    let file = file.filter(|file| file.is_file());
    if file.is_none() {
        eprintln!("no answering.sys (WDM_DRIVERS): nothing is tested");
    }
    file
}

fn query(key: &UserKey<'_>, name: &str, memory: &UserMemory) -> Result<u32, Status> {
    key.query_value_into(name, ValueInfo::Partial, memory, OFFSET, 200)
}

/// The answer as it must be in the caller's memory.
fn expected() -> Vec<u8> {
    HEAD.into_iter().chain(1..=100).collect()
}

/// Runs a test with the driver; `meanwhile` is what happens when it next answers.
fn with_driver(test: impl Fn(&UserKey<'_>, &Arc<UserMemory>, &dyn Fn(Meanwhile))) {
    let Some(file) = driver() else { return };
    let cue: Arc<Mutex<Option<Meanwhile>>> = Arc::default();
    let printed = Arc::clone(&cue);
    let machine = Machine::builder()
        .on_debug_print(move |_| {
            let meanwhile = printed.lock().expect("no test panics here").take();
            if let Some(meanwhile) = meanwhile {
                meanwhile();
            }
        })
        .build()
        .expect("it builds");
    // SAFETY: a driver in safe Rust.
    let driver = unsafe { machine.load_sys(file) }.expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(KEY, KeyAccess::ALL).expect("a free name");
    key.set_dword("after", 7).expect("a free key");
    let memory = Arc::new(thread.user_memory(2).expect("there is memory"));
    let set = |meanwhile| *cue.lock().expect("no test panics here") = Some(meanwhile);
    test(&key, &memory, &set);
    drop(key);
    machine.unload(driver).expect("it has an unload routine");
    assert_eq!(machine.report().findings, []);
}

#[test]
fn n8_memory_that_goes_away_in_the_middle_of_the_copy_is_an_error_and_the_driver_goes_on() {
    with_driver(|key, memory, set| {
        for name in ["before", "after"] {
            assert_eq!(query(key, name, memory), Ok(112), "{name}");
            assert_eq!(memory.read(OFFSET, 112), Ok(expected()), "{name}");
            memory.write(OFFSET, &[0xCC; 112]).expect("it is there");

            let taken = Arc::clone(memory);
            set(Box::new(move || {
                taken.protect(1..2, UserAccess::None).expect("a page of it");
            }));
            assert_eq!(
                query(key, name, memory),
                Err(Status::ACCESS_VIOLATION),
                "{name}"
            );
            // The copy came to the end of the page.
            let first = memory.read(OFFSET, BEFORE_THE_END).expect("it is there");
            assert_eq!(first, expected()[..BEFORE_THE_END], "{name}");

            memory
                .protect(1..2, UserAccess::ReadWrite)
                .expect("a page of it");
            assert_eq!(query(key, name, memory), Ok(112), "{name}: it goes on");
            assert_eq!(
                memory.read(OFFSET, 112),
                Ok(expected()),
                "{name}: it goes on"
            );
        }
    });
}

#[test]
fn n8_memory_that_becomes_read_only_is_an_error() {
    with_driver(|key, memory, set| {
        let taken = Arc::clone(memory);
        set(Box::new(move || {
            taken.protect(0..2, UserAccess::Read).expect("pages of it");
        }));
        assert_eq!(query(key, "before", memory), Err(Status::ACCESS_VIOLATION));
        assert_eq!(
            memory.read(0, 2 * UserMemory::PAGE),
            Ok(vec![0; 2 * UserMemory::PAGE])
        );
    });
}

#[test]
fn n8_memory_that_is_not_there_is_refused_before_any_callback() {
    with_driver(|key, memory, set| {
        memory
            .protect(1..2, UserAccess::None)
            .expect("a page of it");
        set(Box::new(|| panic!("the driver heard of it")));
        assert_eq!(query(key, "before", memory), Err(Status::ACCESS_VIOLATION));
        set(Box::new(|| ()));
    });
}

#[test]
fn n8_the_registrys_own_answer_meets_the_same_error() {
    with_driver(|key, memory, set| {
        key.set_binary("passed", &[9; 100]).expect("a free key");
        assert_eq!(query(key, "passed", memory), Ok(112));
        assert_eq!(memory.read(OFFSET + 12, 100), Ok(vec![9; 100]));
        let taken = Arc::clone(memory);
        set(Box::new(move || {
            taken.protect(0..2, UserAccess::None).expect("pages of it");
        }));
        assert_eq!(query(key, "passed", memory), Err(Status::ACCESS_VIOLATION));
        assert_eq!(memory.read(OFFSET, 1), Err(Status::ACCESS_VIOLATION));
    });
}
