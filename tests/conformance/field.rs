//! The mistakes that were seen in the field, by the words of `docs/semantics.md`. Each one does not
//! compile with the safe crates, or a driver that makes it, written with the raw bindings, does not
//! pass: the verifier names the rule and the call. Which of both it is, or that it is both, a test
//! says itself.

use std::cell::UnsafeCell;
use std::mem::MaybeUninit;
use std::path::Path;
use std::ptr;

use wdm_sim::{Finding, KeyAccess, Machine, Rule, Status};
use wdm_sys::*;

use crate::support::*;

/// Checks that a case of `ui` and its twin are there. That the case does not compile, and that the twin
/// does, is what the test program `ui` checks.
fn does_not_compile(case: &str) {
    let ui = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    for folder in [ui.clone(), ui.join("pass")] {
        let file = folder.join(case).with_extension("rs");
        assert!(file.is_file(), "{} is not there", file.display());
    }
}

/// Runs a driver with a callback while a program sets a value, and gives the one finding about it.
fn found(
    machine: &Machine,
    callback: impl Fn(&Event<'_>) -> Status + Send + Sync + 'static,
) -> Finding {
    run_driver(machine, "careless", callback, || {
        let app = machine.process("app.exe");
        let thread = app.enter();
        if let Ok(key) = thread.create_key(TEST, KeyAccess::ALL) {
            let _ = key.set_dword("Number", 1);
        }
    });
    let findings = machine.report().findings;
    let [finding] = &findings[..] else {
        panic!("there is not one finding: {findings:#?}");
    };
    assert_eq!(finding.driver, "careless");
    finding.clone()
}

/// As [`found`], on a new machine, with the rule and the call that the finding must name.
fn is_found(
    rule: Rule,
    call: &str,
    callback: impl Fn(&Event<'_>) -> Status + Send + Sync + 'static,
) {
    let finding = found(&machine(), callback);
    assert_eq!(
        (finding.rule, finding.call.as_str()),
        (rule, call),
        "{finding}"
    );
}

#[test]
fn field_invented_notify_class_constants() {
    does_not_compile("n1_operation_invented");
}

#[test]
fn field_one_structure_cast_over_all_classes() {
    does_not_compile("n1_notification_of_another_operation");
}

#[test]
fn field_post_structures_cast_on_a_pre_class() {
    does_not_compile("n1_post_notification_read_beforehand");
}

#[test]
fn field_a_names_out_pointer_aimed_at_a_temporary_and_then_released() {
    does_not_compile("k4_name_kept");
    let released = "CmCallbackReleaseKeyObjectIDEx";
    is_found(
        Rule::K4,
        released,
        at(RegNtPreSetValueKey, |event| {
            assert!(event.id(event.set_value().Object).is_ok());
            // What is released is a string of the driver's own, not what the kernel gave.
            let mut temporary = Wide::new(TEST);
            // SAFETY: the simulated kernel knows its names by their addresses.
            unsafe { CmCallbackReleaseKeyObjectIDEx(temporary.as_ptr()) };
            Status::SUCCESS
        }),
    );
}

#[test]
fn field_a_cookie_unwrapped_in_a_callback_before_registration_stored_it() {
    does_not_compile("c1_cookie_stored");
    let machine = Machine::builder()
        .publish_cookie_late(true)
        .build()
        .unwrap();
    let finding = found(&machine, |event| {
        if let Some(object) = event.opened_object()
            && event.cookie() == 0
        {
            event.set_context(object, 0x10);
        }
        Status::SUCCESS
    });
    let call = "CmSetCallbackObjectContext";
    assert_eq!((finding.rule, finding.call.as_str()), (Rule::R3, call));
}

/// A fast mutex that lives as long as the process.
struct Mutex(UnsafeCell<FAST_MUTEX>);

// SAFETY: the kernel's routines order all accesses.
unsafe impl Sync for Mutex {}

impl Mutex {
    /// `ExInitializeFastMutex`, which is a macro in C.
    fn initialized() -> &'static Self {
        // SAFETY: all-zero bytes are valid for these fields.
        let mut mutex: FAST_MUTEX = unsafe { MaybeUninit::zeroed().assume_init() };
        mutex.Count = 1;
        Box::leak(Box::new(Self(UnsafeCell::new(mutex))))
    }

    fn with<T>(&self, work: impl FnOnce() -> T) -> T {
        // SAFETY: the mutex is initialised.
        unsafe { ExAcquireFastMutex(self.0.get()) };
        let done = work();
        // SAFETY: it was acquired above.
        unsafe { ExReleaseFastMutex(self.0.get()) };
        done
    }
}

#[test]
fn field_unregistering_while_holding_the_lock_that_the_callback_takes() {
    let machine = machine();
    let thread = machine.system_process().enter();
    let mutex = Mutex::initialized();
    let filter = register_here(
        "1",
        at(RegNtPreOpenKeyEx, |_| mutex.with(|| Status::SUCCESS)),
    )
    .unwrap();
    drop(KernelKey::open(SYSTEM).unwrap());
    let refused = mutex.with(|| unregister(filter.cookie()));
    assert_eq!(refused, Status::POSSIBLE_DEADLOCK);
    assert_only(&machine, Rule::R4, "CmUnRegisterCallback");
    assert_eq!(unregister(filter.cookie()), Status::SUCCESS);
    drop(thread);
}

#[test]
fn r4_a_call_in_flight_that_wants_the_unregistering_threads_lock_ends() {
    // Both meet: the callback waits for the mutex, whose owner waits for the callback.
    for _ in 0..50 {
        let machine = machine();
        let mutex = Mutex::initialized();
        let filter = register(
            &machine,
            "1",
            at(RegNtPreOpenKeyEx, |_| mutex.with(|| Status::SUCCESS)),
        );
        std::thread::scope(|scope| {
            let app = machine.process("app.exe");
            scope.spawn(move || drop(app.enter().open_key(SYSTEM, KeyAccess::READ)));
            let _thread = machine.system_process().enter();
            let first = mutex.with(|| unregister(filter.cookie()));
            if first == Status::POSSIBLE_DEADLOCK {
                assert_eq!(unregister(filter.cookie()), Status::SUCCESS);
            }
        });
        let findings = machine.report().findings;
        let rules = findings.iter().map(|finding| finding.rule);
        // Without the mutex, the callback releases what it does not have.
        assert!(
            rules
                .clone()
                .all(|rule| [Rule::R4, Rule::Lock].contains(&rule))
        );
    }
}

#[test]
fn field_an_altitude_that_is_not_nul_terminated_handed_to_rtlinitunicodestring() {
    does_not_compile("r2_altitude_letters");
    let machine = machine();
    let _thread = machine.system_process().enter();
    // The digits end without a NUL, so the string goes on into what lies behind them.
    let memory: Vec<u16> = "380010 and more\0".encode_utf16().collect();
    let mut altitude = UNICODE_STRING {
        Length: 0,
        MaximumLength: 0,
        Buffer: ptr::null_mut(),
    };
    // SAFETY: the memory ends with a NUL, though not where the driver thinks.
    unsafe { RtlInitUnicodeString(&raw mut altitude, memory.as_ptr()) };
    unsafe extern "system" fn callback(_: PVOID, _: PVOID, _: PVOID) -> NTSTATUS {
        0
    }
    let mut cookie = LARGE_INTEGER { QuadPart: 0 };
    // SAFETY: all places are live.
    let status = Status(unsafe {
        CmRegisterCallbackEx(
            Some(callback),
            &raw const altitude,
            ptr::without_provenance_mut(0x1000),
            ptr::null_mut(),
            &raw mut cookie,
            ptr::null_mut(),
        )
    });
    assert_eq!(status, Status::INVALID_PARAMETER);
    let finding = assert_only(&machine, Rule::R2, "CmRegisterCallbackEx");
    assert!(finding.detail.contains("380010 and more"), "{finding}");
}

#[test]
fn field_a_callers_output_buffer_written_with_no_exception_handling() {
    does_not_compile("n8_output_buffer_taken_as_a_slice");
    let name = "field::field_a_callers_output_buffer_written_with_no_exception_handling";
    if let Some(said) = run_again(name) {
        assert!(said.contains("N8 at ProbeForWrite by careless"), "{said}");
        return;
    }
    stop_at_an_output_buffer();
}

/// A driver that probes a caller's buffer, which is not there, outside of an exception handler.
fn stop_at_an_output_buffer() {
    static MACHINE: std::sync::OnceLock<Machine> = std::sync::OnceLock::new();
    let report = |_: &wdm_sim::BugCheck| {
        let findings = MACHINE.get().unwrap().report().findings;
        findings.iter().for_each(|finding| eprintln!("{finding}"));
    };
    let machine = Machine::builder().on_bug_check(report).build().unwrap();
    let machine = MACHINE.get_or_init(|| machine);
    let callback = at(RegNtPreSetValueKey, |_| {
        // SAFETY: the probe looks at the address only, which is no memory of anybody's.
        unsafe { ProbeForWrite(ptr::without_provenance_mut(0x10), 8, 1) };
        Status::SUCCESS
    });
    found(machine, callback);
    std::process::exit(0);
}

#[test]
fn field_vec_from_raw_parts_on_the_kernels_buffer() {
    does_not_compile("n8_value_data_kept");
    // Such a vector frees the kernel's buffer when it is dropped.
    is_found(
        Rule::PoolForeign,
        "ExFreePoolWithTag",
        at(RegNtPreSetValueKey, |event| {
            // SAFETY: the simulated kernel knows its blocks by their addresses.
            unsafe { ExFreePoolWithTag(event.set_value().Data, 0) };
            Status::SUCCESS
        }),
    );
}

#[test]
fn field_completename_taken_as_absolute() {
    does_not_compile("n5_relative_path_taken_as_absolute");
}

#[test]
fn field_v1_structure_read_without_looking_at_version() {
    does_not_compile("n5_v1_read_without_its_version");
}

#[test]
fn field_a_context_freed_on_replacement() {
    does_not_compile("c4_replaced_context_freed");
    const TAG: u32 = u32::from_le_bytes(*b"Test");
    let allocate = || {
        // SAFETY: it takes numbers.
        unsafe { ExAllocatePool2(POOL_FLAG_PAGED, 8, TAG) }.expose_provenance()
    };
    let free = |block: usize| {
        // SAFETY: a block from above.
        unsafe { ExFreePoolWithTag(ptr::with_exposed_provenance_mut(block), TAG) };
    };
    is_found(Rule::C4, "ExFreePoolWithTag", move |event| {
        if let Some(object) = event.opened_object() {
            event.set_context(object, allocate());
            let (_, replaced) = event.set_context(object, allocate());
            free(replaced);
        }
        if event.class == RegNtCallbackObjectContextCleanup {
            free(event.cleanup().ObjectContext.addr());
        }
        Status::SUCCESS
    });
}
