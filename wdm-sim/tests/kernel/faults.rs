//! Calls that fail on purpose, one on each path.

use std::ptr::null_mut;
use std::sync::atomic::{AtomicI64, Ordering};

use wdm_sim::{
    Fault, FaultPlan, Finding, KeyAccess, LinkedEntry, LoadDriverError, Machine, Report,
};
use wdm_sim::{Rule, Status};
use wdm_sys::{
    BOOLEAN, HANDLE, LARGE_INTEGER, NTSTATUS, NonPagedPoolNx, PCWSTR, PDRIVER_OBJECT,
    PUNICODE_STRING, PVOID, RegNtPreQueryValueKey, RegNtPreSetValueKey,
};

use crate::support::{KEY, SUCCESS, Text, call, entry, load, machine, set_unload};

const TAG: u32 = u32::from_le_bytes(*b"Flts");
const INSUFFICIENT_RESOURCES: NTSTATUS = Status::INSUFFICIENT_RESOURCES.0;

#[inline(never)]
fn allocate() -> PVOID {
    call!(ExAllocatePoolWithTag(NonPagedPoolNx, 16, TAG))
}

fn free(block: PVOID) {
    call!(ExFreePoolWithTag(block, TAG));
}

/// Loads and unloads a driver, sets and queries a value meanwhile, until no path is left; gives each
/// run's report, the last of which is that of a run in which nothing failed.
fn runs(plan: &FaultPlan, entry: LinkedEntry) -> Vec<Report> {
    let mut reports = Vec::new();
    while plan.next_run() {
        let machine = Machine::builder()
            .fail_each(plan)
            .build()
            .expect("it builds");
        match load(&machine, "tested", entry) {
            Ok(driver) => {
                use_registry(&machine);
                machine.unload(driver).expect("it has an unload routine");
            }
            Err(LoadDriverError::Init { .. }) => {}
            Err(error) => panic!("{error}"),
        }
        reports.push(machine.report());
        assert!(reports.len() < 100, "it ends");
    }
    reports
}

fn use_registry(machine: &Machine) {
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.open_key(KEY, KeyAccess::ALL).expect("the key opens");
    // The driver may answer what it wants to.
    let _ = key.set_dword("Tested", 1);
    let _ = key.query_value("Tested");
}

/// The routines that failed, in their order.
fn routines(plan: &FaultPlan) -> Vec<String> {
    plan.faults()
        .into_iter()
        .map(|fault| fault.routine)
        .collect()
}

/// The runs that found something: what failed, and what was found.
fn failed(reports: Vec<Report>) -> Vec<(Fault, Vec<Finding>)> {
    let failed = reports
        .into_iter()
        .filter(|report| !report.findings.is_empty());
    failed
        .map(|report| {
            (
                report.fault.expect("without failures it is clean"),
                report.findings,
            )
        })
        .collect()
}

entry! {
    /// Forgets its first block when there is no third.
    fn leaky(_driver) {
        let first = allocate();
        if first.is_null() {
            return INSUFFICIENT_RESOURCES;
        }
        let second = allocate();
        if second.is_null() {
            free(first);
            return INSUFFICIENT_RESOURCES;
        }
        let third = allocate();
        if third.is_null() {
            free(second);
            return INSUFFICIENT_RESOURCES;
        }
        [first, second, third].into_iter().for_each(free);
        SUCCESS
    }
}

#[test]
fn a_leak_on_one_path_is_found_and_the_path_is_named() {
    let plan = FaultPlan::new();
    let reports = runs(&plan, leaky);
    assert_eq!(routines(&plan), ["ExAllocatePoolWithTag"; 3]);
    assert_eq!(reports.len(), 4, "the last run fails nothing");
    assert_eq!(reports[3].fault, None);
    let failed = failed(reports);
    let [(fault, findings)] = &failed[..] else {
        panic!("one path leaks: {failed:#?}");
    };
    assert_eq!(findings[0].rule, Rule::PoolLeak);
    assert_eq!(fault, &plan.faults()[2]);
    assert_eq!(
        (fault.during.as_str(), fault.answer.as_str()),
        ("DriverEntry", "no memory")
    );
    let text = fault.to_string();
    assert!(
        text.starts_with("ExAllocatePoolWithTag failed (no memory) in DriverEntry"),
        "{text}"
    );
    if cfg!(target_os = "linux") {
        // The helper, and who called it.
        assert_eq!(fault.stack.len(), 2, "{text}");
        assert!(fault.stack[0].contains("faults::allocate ("), "{text}");
        assert!(
            fault.stack[1].contains("faults::leaky (faults.rs:"),
            "{text}"
        );
    }
}

entry! {
    fn looping(_driver) {
        for _ in 0..5 {
            let block = allocate();
            if !block.is_null() {
                free(block);
            }
        }
        SUCCESS
    }
}

#[test]
fn a_loop_is_one_path() {
    let plan = FaultPlan::new();
    assert_eq!(failed(runs(&plan, looping)), []);
    assert_eq!(plan.faults().len(), 1);
}

static COOKIE: AtomicI64 = AtomicI64::new(0);

/// Needs memory in two operations, from one place.
unsafe extern "system" fn callback(_: PVOID, class: PVOID, _: PVOID) -> NTSTATUS {
    let classes = [RegNtPreSetValueKey, RegNtPreQueryValueKey].map(|class| class as usize);
    if classes.contains(&class.addr()) {
        let block = allocate();
        if block.is_null() {
            return INSUFFICIENT_RESOURCES;
        }
        free(block);
    }
    SUCCESS
}

unsafe extern "system" fn unregister(_: PDRIVER_OBJECT) {
    let cookie = LARGE_INTEGER {
        QuadPart: COOKIE.load(Ordering::Acquire),
    };
    assert_eq!(call!(CmUnRegisterCallback(cookie)), SUCCESS);
}

entry! {
    fn filter(driver) {
        let mut altitude = Text::new("370000");
        let mut cookie = LARGE_INTEGER { QuadPart: 0 };
        let status = call!(CmRegisterCallbackEx(
            Some(callback),
            altitude.as_ptr(),
            driver.cast(),
            null_mut(),
            &raw mut cookie,
            null_mut()
        ));
        // SAFETY: all members of the union are 8 bytes of numbers.
        COOKIE.store(unsafe { cookie.QuadPart }, Ordering::Release);
        set_unload(driver, Some(unregister));
        status
    }
}

#[test]
fn the_same_code_in_another_operation_is_another_path() {
    let plan = FaultPlan::new();
    assert_eq!(failed(runs(&plan, filter)), []);
    let faults = plan.faults();
    let paths: Vec<_> = faults
        .iter()
        .map(|fault| (fault.routine.as_str(), fault.during.as_str()))
        .collect();
    let expected = [
        ("CmRegisterCallbackEx", "DriverEntry"),
        ("ExAllocatePoolWithTag", "RegNtPreSetValueKey"),
        ("ExAllocatePoolWithTag", "RegNtPreQueryValueKey"),
    ];
    assert_eq!(paths, expected);
    assert_eq!(faults[0].answer, "STATUS_INSUFFICIENT_RESOURCES");
    if cfg!(target_os = "linux") {
        assert_eq!(faults[1].stack, faults[2].stack);
    }
}

entry! {
    /// Calls that fail in their own ways.
    fn various(_driver) {
        let mut name = Text::new("ZwClose");
        let routine = call!(MmGetSystemRoutineAddress(name.as_ptr()));
        let mut device = null_mut();
        let made = call!(IoCreateDevice(_driver, 0, null_mut(), 0x22, 0, 0, &raw mut device));
        if made == SUCCESS {
            call!(IoDeleteDevice(device));
        }
        match (routine.is_null(), made) {
            (false, SUCCESS) => SUCCESS,
            (true, SUCCESS) | (false, INSUFFICIENT_RESOURCES) => Status::UNSUCCESSFUL.0,
            wrong => panic!("one fails at a time: {wrong:?}"),
        }
    }
}

#[test]
fn routines_fail_as_their_pages_say_one_a_run() {
    let plan = FaultPlan::new();
    let reports = runs(&plan, various);
    assert_eq!(
        routines(&plan),
        ["MmGetSystemRoutineAddress", "IoCreateDevice"]
    );
    assert_eq!(plan.faults()[0].answer, "NULL");
    let injected: Vec<_> = reports
        .iter()
        .map(|report| report.counters.injected_failures)
        .collect();
    assert_eq!(injected, [1, 1, 0]);
    assert_eq!(failed(reports), []);
}

unsafe extern "system" {
    fn RtlCreateUnicodeString(to: PUNICODE_STRING, of: PCWSTR) -> BOOLEAN;
    fn RtlUpcaseUnicodeString(to: PUNICODE_STRING, of: PUNICODE_STRING, new: BOOLEAN) -> NTSTATUS;
    fn RtlFreeUnicodeString(string: PUNICODE_STRING);
}

entry! {
    fn strings(_driver) {
        let mut text = Text::new("a");
        let mut room = Text::with_room("", 1);
        // SAFETY: both are strings, and the buffer has the room.
        let status = unsafe { RtlUpcaseUnicodeString(room.as_ptr(), text.as_ptr(), 0) };
        assert_eq!(status, SUCCESS, "it needs no memory");
        let mut copy = Text::new("");
        // SAFETY: the text ends with a NUL.
        if unsafe { RtlCreateUnicodeString(copy.as_ptr(), [0x41, 0].as_ptr()) } == 0 {
            return INSUFFICIENT_RESOURCES;
        }
        let mut upcase = Text::new("");
        // SAFETY: the strings are valid.
        let status = unsafe { RtlUpcaseUnicodeString(upcase.as_ptr(), copy.as_ptr(), 1) };
        if status == SUCCESS {
            // SAFETY: it was just allocated.
            unsafe { RtlFreeUnicodeString(upcase.as_ptr()) };
        }
        // SAFETY: as above.
        unsafe { RtlFreeUnicodeString(copy.as_ptr()) };
        status
    }
}

#[test]
fn a_routine_that_may_allocate_fails_only_where_it_does() {
    let plan = FaultPlan::new();
    assert_eq!(failed(runs(&plan, strings)), []);
    assert_eq!(
        routines(&plan),
        ["RtlCreateUnicodeString", "RtlUpcaseUnicodeString"]
    );
}

entry! {
    fn raising(_driver) {
        const RAISE: u64 = 0x20;
        const POOL_RAISE_IF_ALLOCATION_FAILURE: i32 = 16;
        free(call!(ExAllocatePool2(wdm_sys::POOL_FLAG_NON_PAGED | RAISE, 16, TAG)));
        let pool = NonPagedPoolNx | POOL_RAISE_IF_ALLOCATION_FAILURE as wdm_sys::POOL_TYPE;
        free(call!(ExAllocatePoolWithTag(pool, 16, TAG)));
        SUCCESS
    }
}

unsafe extern "system" {
    fn PsSetCreateProcessNotifyRoutine(
        routine: unsafe extern "system" fn(HANDLE, HANDLE, u8),
        remove: u8,
    ) -> NTSTATUS;
    fn PsLookupProcessByProcessId(id: HANDLE, process: *mut PVOID) -> NTSTATUS;
}

unsafe extern "system" fn notify(_: HANDLE, _: HANDLE, _: BOOLEAN) {}

/// Adds a process-notify routine, or removes it.
fn set_notify(remove: BOOLEAN) -> NTSTATUS {
    // SAFETY: it is such a routine.
    unsafe { PsSetCreateProcessNotifyRoutine(notify, remove) }
}

entry! {
    /// Is told of processes for a while, and looks one up.
    fn notified(_driver) {
        let added = set_notify(0);
        if added != SUCCESS {
            return added;
        }
        let (mut process, system) = (null_mut(), std::ptr::without_provenance_mut(4));
        // SAFETY: there is a place for the process.
        let found = unsafe { PsLookupProcessByProcessId(system, &raw mut process) };
        if found == SUCCESS {
            call!(ObfDereferenceObject(process));
        }
        assert_eq!(set_notify(1), SUCCESS, "what was added can be removed");
        found
    }
}

#[test]
fn a_routine_that_adds_and_removes_fails_only_where_it_adds() {
    let plan = FaultPlan::new();
    assert_eq!(failed(runs(&plan, notified)), []);
    let answers = plan.faults().into_iter();
    let answers: Vec<_> = answers.map(|it| (it.routine, it.answer)).collect();
    let expected = [
        (
            "PsSetCreateProcessNotifyRoutine",
            "STATUS_INVALID_PARAMETER",
        ),
        ("PsLookupProcessByProcessId", "STATUS_INVALID_CID"),
    ];
    assert_eq!(
        answers,
        expected.map(|(routine, answer)| (routine.into(), answer.into()))
    );
}

#[test]
fn an_allocation_that_would_raise_is_spared() {
    let plan = FaultPlan::new();
    assert_eq!(failed(runs(&plan, raising)), []);
    assert_eq!(plan.faults(), []);
}

#[test]
fn programs_and_tests_are_spared() {
    let plan = FaultPlan::new();
    assert!(plan.next_run());
    let machine = Machine::builder()
        .fail_each(&plan)
        .build()
        .expect("it builds");
    use_registry(&machine);
    let thread = machine.system_process().enter();
    let block = allocate();
    assert!(!block.is_null(), "no driver asks for it");
    free(block);
    drop(thread);
    assert!(!plan.next_run());
    assert_eq!(machine.report().fault, None);
}

#[test]
fn a_call_is_told_before_it_fails() {
    let (tell, told) = std::sync::mpsc::channel();
    let plan = FaultPlan::new().on_fault(move |fault| {
        tell.send(fault.clone()).expect("the test listens");
    });
    runs(&plan, leaky);
    assert_eq!(told.try_iter().collect::<Vec<_>>(), plan.faults());
}

#[test]
fn without_a_plan_nothing_fails() {
    let machine = machine();
    let driver = load(&machine, "tested", leaky).expect("it loads");
    machine.unload(driver).expect("it has an unload routine");
    let report = machine.report();
    assert_eq!((report.counters.injected_failures, report.fault), (0, None));
    assert_eq!(report.findings, []);
}
