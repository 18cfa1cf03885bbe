//! A registry filter in C: contexts, `__try` and `__except`, device control.
//!
//! The driver is `c/value_audit.c`, looked for in the folder that `WDM_C_DRIVERS` names; `cargo xtask
//! test` compiles it there. Without it, and on hosts other than x86_64 Linux, these tests say that
//! they do nothing.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use wdm_sim::registry::ValueInfo;
use wdm_sim::script::Script;
use wdm_sim::{KeyAccess, LoadDriverError, Machine, Status, ThreadGuard, UserAccess, UserMemory};

const DEVICE: &str = r"\??\ValueAudit";
const AUDITED: &str = r"\Registry\Machine\SYSTEM\Audited";
const OTHER: &str = r"\Registry\Machine\SYSTEM\Other";

const STATISTICS: u32 = 0x0022_2000;
const SET_SECRET: u32 = 0x0022_2007;
const LAST_WRITTEN: u32 = 0x0022_200A;

/// What happens when the driver says that it hides a value.
type Meanwhile = Box<dyn FnOnce() + Send>;

/// What the driver counts: set, replaced, released, denied, hidden, faults, writes.
type Statistics = [u32; 7];

fn driver() -> Option<PathBuf> {
    let folder = std::env::var_os("WDM_C_DRIVERS");
    let file = folder.map(|folder| PathBuf::from(folder).join("value-audit.sys"));
    let file = file.filter(|file| file.is_file());
    if file.is_none() {
        eprintln!("no value-audit.sys (WDM_C_DRIVERS): nothing is tested");
    }
    file
}

/// Runs a test with the driver; the last parameter sets what happens when it next hides a value. Then
/// unloads the driver, and gives what it printed.
fn with_driver(test: impl Fn(&ThreadGuard, &dyn Fn(Meanwhile))) -> Option<Vec<String>> {
    let file = driver()?;
    let cue: Arc<Mutex<Option<Meanwhile>>> = Arc::default();
    let printed = Arc::clone(&cue);
    let machine = Machine::builder()
        .on_debug_print(move |line| {
            let mut cue = printed.lock().expect("no test panics here");
            if let Some(meanwhile) = cue.take_if(|_| line.contains("hiding")) {
                meanwhile();
            }
        })
        .build()
        .expect("it builds");
    // SAFETY: a driver of this project's.
    let driver = unsafe { machine.load_sys(file) }.expect("it loads");
    let app = machine.process("app.exe");
    let thread = app.enter();
    test(&thread, &|meanwhile| {
        *cue.lock().expect("no test panics here") = Some(meanwhile);
    });
    machine.unload(driver).expect("it has an unload routine");
    let report = machine.report();
    assert_eq!(report.findings, []);
    assert_eq!(
        report.counters.contexts_set,
        report.counters.contexts_released
    );
    assert_eq!(report.counters.pool_allocations, report.counters.pool_frees);
    Some(report.debug_print)
}

fn statistics(thread: &ThreadGuard) -> Statistics {
    let device = thread.open_device(DEVICE).expect("the driver made it");
    let answer = device.control(STATISTICS, &[], size_of::<Statistics>());
    assert_eq!(answer.status, Status::SUCCESS);
    let (numbers, []) = answer.output.as_chunks::<4>() else {
        panic!("{} bytes", answer.output.len());
    };
    let mut numbers = numbers.iter().map(|bytes| u32::from_le_bytes(*bytes));
    std::array::from_fn(|_| numbers.next().expect("all of them"))
}

#[test]
fn contexts_are_set_replaced_and_released() {
    let printed = with_driver(|thread, _| {
        let other = thread
            .create_key(OTHER, KeyAccess::ALL)
            .expect("a free name");
        other.set_dword("Number", 1).expect("nobody minds");
        let key = thread
            .create_key(AUDITED, KeyAccess::ALL)
            .expect("a free name");
        let again = thread
            .open_key(AUDITED, KeyAccess::ALL)
            .expect("it is there");
        key.set_dword("Number", 1).expect("it is let pass");
        again.set_dword("Renew", 1).expect("it is let pass");
        again.set_dword("Number", 2).expect("it is let pass");
        assert_eq!(key.set_dword("Frozen", 1), Err(Status::ACCESS_DENIED));
        other.set_dword("Frozen", 1).expect("nobody minds");
        assert_eq!(statistics(thread), [3, 1, 0, 1, 0, 0, 0]);
        // The replaced context and the new one go together.
        drop(again);
        assert_eq!(statistics(thread), [3, 1, 2, 1, 0, 0, 2]);
        drop(key);
        assert_eq!(statistics(thread), [3, 1, 3, 1, 0, 0, 3]);
    });
    let Some(printed) = printed else { return };
    let [first, last] = &printed[..] else {
        panic!("{printed:?}");
    };
    assert!(
        first.starts_with(r"value-audit: at 380030.25 for \REGISTRY\MACHINE\SYSTEM"),
        "{first}"
    );
    assert_eq!(
        last,
        "value-audit: 3 contexts set, 1 replaced, 3 released, 3 writes"
    );
}

#[test]
fn a_secret_is_hidden_in_the_callers_own_buffer() {
    with_driver(|thread, _| {
        let key = thread
            .create_key(AUDITED, KeyAccess::ALL)
            .expect("a free name");
        key.set_string("Secret", "abc").expect("it is let pass");
        key.set_string("Public", "abc").expect("it is let pass");
        let read = |name| {
            let value = key.query_value(name).expect("it is there");
            value.data
        };
        assert_eq!(read("Secret"), b"********");
        assert_eq!(read("Public"), b"a\0b\0c\0\0\0");
        assert_eq!(statistics(thread), [1, 0, 0, 0, 1, 0, 0]);
    });
}

#[test]
fn n8_a_buffer_that_goes_away_is_taken_by_the_drivers_handler() {
    with_driver(|thread, set| {
        let key = thread
            .create_key(AUDITED, KeyAccess::ALL)
            .expect("a free name");
        key.set_binary("Secret", &[7; 100]).expect("it is let pass");
        let memory = Arc::new(thread.user_memory(2).expect("there is memory"));
        // The data begin on the first page and end on the second.
        let offset = UserMemory::PAGE - 50;
        let query = || key.query_value_into("Secret", ValueInfo::Partial, &memory, offset, 200);
        assert_eq!(query(), Ok(112));
        let taken = Arc::clone(&memory);
        set(Box::new(move || {
            taken.protect(1..2, UserAccess::None).expect("a page of it");
        }));
        assert_eq!(query(), Err(Status::ACCESS_VIOLATION));
        memory
            .protect(1..2, UserAccess::ReadWrite)
            .expect("a page of it");
        assert_eq!(query(), Ok(112), "the driver works on");
        assert_eq!(memory.read(offset + 12, 100), Ok(vec![b'*'; 100]));
        let [.., hidden, faults, _] = statistics(thread);
        assert_eq!((hidden, faults), (2, 1));
    });
}

#[test]
fn requests_come_by_three_methods() {
    with_driver(|thread, _| {
        let key = thread
            .create_key(AUDITED, KeyAccess::ALL)
            .expect("a free name");
        key.set_dword("Number", 1).expect("it is let pass");
        let device = thread.open_device(DEVICE).expect("the driver made it");
        let name: Vec<u8> = "Number".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(device.control(LAST_WRITTEN, &[], 64).output, name);
        let short = device.control(LAST_WRITTEN, &[], 4);
        assert_eq!(short.status, Status::BUFFER_TOO_SMALL);
        assert_eq!(device.control(SET_SECRET, &name, 0).status, Status::SUCCESS);
        assert_eq!(
            key.query_value("Number").expect("it is there").data,
            b"****"
        );
        let long = device.control(SET_SECRET, &[0; 66], 0);
        assert_eq!(long.status, Status::BUFFER_OVERFLOW);
        let unknown = device.control(0x0022_2FFC, &[], 0);
        assert_eq!(unknown.status, Status::INVALID_DEVICE_REQUEST);
    });
}

#[test]
fn n8_input_that_is_not_there_is_taken_by_the_drivers_handler() {
    with_driver(|thread, _| {
        let device = thread.open_device(DEVICE).expect("the driver made it");
        let memory = thread.user_memory(2).expect("there is memory");
        let name: Vec<u8> = "Hidden".encode_utf16().flat_map(u16::to_le_bytes).collect();
        // It begins on the first page and ends on the second.
        let start = UserMemory::PAGE - 4;
        memory.write(start, &name).expect("it is there");
        let send = |start: usize| {
            let input = (&memory, start..start + name.len());
            device.control_in_memory(SET_SECRET, input, (&memory, 0..0))
        };
        assert_eq!(send(start), Ok((Status::SUCCESS, 0)));
        let gone = memory.protect(1..2, UserAccess::None);
        gone.expect("a page of it");
        assert_eq!(send(start), Ok((Status::ACCESS_VIOLATION, 0)));
        assert_eq!(send(start - 1), Ok((Status::DATATYPE_MISALIGNMENT, 0)));
        assert_eq!(send(2 * UserMemory::PAGE), Err(Status::INVALID_PARAMETER));
        let buffered = device.control_in_memory(STATISTICS, (&memory, 0..0), (&memory, 0..28));
        assert_eq!(buffered, Err(Status::INVALID_PARAMETER));
        let [.., faults, _] = statistics(thread);
        assert_eq!(faults, 2);
    });
}

#[test]
fn scripts_send_requests_too() {
    let printed = with_driver(|thread, _| {
        let script = Script::parse(
            r"$k = create \Registry\Machine\SYSTEM\Audited  expect SUCCESS
              set $k No dword 1                            expect SUCCESS
              ioctl \Device\ValueAudit 0x22200A 64         expect SUCCESS
              ioctl \??\ValueAudit 0x222007 0 4e00 6f00    expect SUCCESS
              query $k No                                  expect SUCCESS
              ioctl \Device\ValueAudit 0x222000 4          expect BUFFER_TOO_SMALL
              ioctl \Device\Nobody 0x222000 4              expect OBJECT_NAME_NOT_FOUND",
        );
        let script = script.unwrap_or_else(|errors| panic!("{errors:?}"));
        let mut answers = Vec::new();
        script.run(&thread.machine(), |record| {
            assert!(record.is_expected(), "{record}");
            answers.push(record.answer);
        });
        assert_eq!(answers[2], "4e006f00");
        assert_eq!(answers[4], "dword 707406378", "four asterisks");
    });
    assert!(printed.is_none_or(|lines| lines.len() == 3));
}

#[test]
fn the_guides_script_goes_as_it_says() {
    let guide = include_str!("../../docs/simulator.md");
    let (_, script) = guide.split_once("```text\n").expect("it has an example");
    let (script, _) = script.split_once("```").expect("the example ends");
    with_driver(|thread, _| {
        let script = Script::parse(script);
        let script = script.unwrap_or_else(|errors| panic!("{errors:?}"));
        let mut lines = 0;
        script.run(&thread.machine(), |record| {
            assert!(
                record.expected.is_some() && record.is_expected(),
                "{record}"
            );
            lines += 1;
        });
        assert_eq!(lines, 5);
    });
}

#[test]
fn any_allocation_may_fail() {
    let Some(file) = driver() else { return };
    for number in 1.. {
        assert!(number < 100, "the driver does not allocate that often");
        let machine = Machine::builder().build().expect("it builds");
        machine.fail_allocation(number);
        // SAFETY: a driver of this project's.
        match unsafe { machine.load_sys(&file) } {
            Ok(driver) => {
                let app = machine.process("app.exe");
                let thread = app.enter();
                let key = thread
                    .create_key(AUDITED, KeyAccess::ALL)
                    .expect("a free name");
                key.set_dword("Renew", 1).expect("it is let pass");
                drop(key);
                machine.unload(driver).expect("it has an unload routine");
            }
            // The kernel had no memory for its registration.
            Err(LoadDriverError::Init { status, .. }) => {
                assert_eq!(status, Status::INSUFFICIENT_RESOURCES);
            }
            Err(error) => panic!("{error}"),
        }
        let report = machine.report();
        assert_eq!(report.findings, []);
        if report.counters.injected_failures == 0 {
            assert!(number > 2, "the driver has contexts");
            break;
        }
    }
}
