//! Callback objects (`ExCreateCallback` and its neighbours).

use std::ptr::{null_mut, without_provenance_mut};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Mutex, mpsc};
use std::thread;

use wdm_sim::{Machine, Profile, Rule, SystemCallback};
use wdm_sys::{
    HANDLE, NTSTATUS, OBJ_CASE_INSENSITIVE, OBJ_KERNEL_HANDLE, OBJ_PERMANENT, OBJECT_ATTRIBUTES,
    PCALLBACK_OBJECT, PVOID,
};

use crate::support::{
    NAME_NOT_FOUND, SUCCESS, Text, UNSUCCESSFUL, call, entry, findings_of, in_kernel, load,
    machine, only,
};
use crate::threads::run_ending;

const PATH_NOT_FOUND: NTSTATUS = 0xC000_003A_u32 as i32;
const PATH_SYNTAX_BAD: NTSTATUS = 0xC000_003B_u32 as i32;
const NAME: &str = r"\Callback\Contoso";
const PERMANENT: u32 = OBJ_CASE_INSENSITIVE | OBJ_PERMANENT;

/// `ExCreateCallback`.
fn create(name: &str, attributes: u32, make: bool, many: bool) -> Result<PCALLBACK_OBJECT, i32> {
    let mut name = Text::new(name);
    let mut attributes = OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: null_mut(),
        ObjectName: name.as_ptr(),
        Attributes: attributes,
        SecurityDescriptor: null_mut(),
        SecurityQualityOfService: null_mut(),
    };
    let mut object = null_mut();
    let (make, many) = (u8::from(make), u8::from(many));
    match call!(ExCreateCallback(
        &raw mut object,
        &raw mut attributes,
        make,
        many
    )) {
        SUCCESS => Ok(object),
        status => Err(status),
    }
}

fn open(name: &str) -> Result<PCALLBACK_OBJECT, i32> {
    create(name, OBJ_CASE_INSENSITIVE, false, false)
}

fn dereference(object: PCALLBACK_OBJECT) {
    call!(ObfDereferenceObject(object.cast()));
}

/// A kernel handle to an object.
fn handle_to(object: PCALLBACK_OBJECT) -> HANDLE {
    let mut handle = null_mut();
    let status = call!(ObOpenObjectByPointer(
        object.cast(),
        OBJ_KERNEL_HANDLE,
        null_mut(),
        0,
        null_mut(),
        0,
        &raw mut handle
    ));
    assert_eq!(status, SUCCESS);
    handle
}

/// Deletes a permanent object as the pages say.
fn delete(object: PCALLBACK_OBJECT) {
    let handle = handle_to(object);
    dereference(object);
    assert_eq!(call!(ZwMakeTemporaryObject(handle)), SUCCESS);
    assert_eq!(call!(ZwClose(handle)), SUCCESS);
}

/// Notes that callbacks make: their context and arguments.
struct Notes(Mutex<Vec<(usize, usize, usize)>>);

/// Notes what it is called with; its context is the [`Notes`] and one number.
struct Noting<'a>(&'a Notes, usize);

unsafe extern "system" fn noting(context: PVOID, first: PVOID, second: PVOID) {
    // SAFETY: the context is the `Noting` that the test registered, which outlives the
    // registration.
    let noting = unsafe { &*context.cast::<Noting<'_>>() };
    let note = (noting.1, first.addr(), second.addr());
    noting.0.0.lock().expect("nobody panics").push(note);
}

impl Notes {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn take(&self) -> Vec<(usize, usize, usize)> {
        std::mem::take(&mut *self.0.lock().expect("nobody panics"))
    }
}

fn register(object: PCALLBACK_OBJECT, noting_for: &Noting<'_>) -> PVOID {
    let context = (&raw const *noting_for).cast_mut().cast();
    call!(ExRegisterCallback(object, Some(noting), context))
}

fn notify(object: PCALLBACK_OBJECT, first: usize, second: usize) {
    let (first, second) = (
        without_provenance_mut(first),
        without_provenance_mut(second),
    );
    call!(ExNotifyCallback(object, first, second));
}

#[test]
fn callbacks_are_called_in_the_order_of_their_registration() {
    let machine = machine();
    let notes = Notes::new();
    let (one, two) = (Noting(&notes, 1), Noting(&notes, 2));
    in_kernel(&machine, || {
        let object = create(NAME, PERMANENT, true, true).expect("it is made");
        notify(object, 0, 0);
        let first = register(object, &one);
        let second = register(object, &two);
        notify(object, 7, 8);
        assert_eq!(notes.take(), [(1, 7, 8), (2, 7, 8)]);
        call!(ExUnregisterCallback(first));
        notify(object, 9, 0);
        assert_eq!(notes.take(), [(2, 9, 0)]);
        call!(ExUnregisterCallback(second));
        notify(object, 10, 0);
        assert_eq!(notes.take(), []);
        delete(object);
    });
    assert_eq!(machine.report().findings, []);
}

#[test]
fn an_object_is_opened_or_made() {
    let machine = machine();
    in_kernel(&machine, || {
        assert_eq!(open(NAME), Err(NAME_NOT_FOUND));
        let made = create(NAME, PERMANENT, true, false).expect("it is made");
        let again = create(NAME, PERMANENT, true, true).expect("it is opened");
        let opened = open(r"\CALLBACK\contoso").expect("it is opened");
        assert_eq!((made, made), (again, opened));
        assert_eq!(
            create(r"\CALLBACK\contoso", 0, false, false),
            Err(NAME_NOT_FOUND),
            "the case"
        );
        dereference(again);
        dereference(opened);
        delete(made);
        assert_eq!(open(NAME), Err(NAME_NOT_FOUND));
    });
    assert_eq!(machine.report().findings, []);
}

#[test]
fn a_temporary_object_has_its_name_as_long_as_a_handle_is_open() {
    let machine = machine();
    in_kernel(&machine, || {
        let nameless = create(NAME, OBJ_CASE_INSENSITIVE, true, true).expect("it is made");
        assert_eq!(open(NAME), Err(NAME_NOT_FOUND));
        dereference(nameless);

        let object = create(NAME, PERMANENT, true, true).expect("it is made");
        let (one, two) = (handle_to(object), handle_to(object));
        assert_eq!(call!(ZwMakeTemporaryObject(one)), SUCCESS);
        assert_eq!(call!(ZwClose(one)), SUCCESS);
        dereference(open(NAME).expect("a handle is open"));
        assert_eq!(call!(ZwClose(two)), SUCCESS);
        assert_eq!(open(NAME), Err(NAME_NOT_FOUND));
        dereference(object);
    });
    assert_eq!(machine.report().findings, []);
}

#[test]
fn a_name_is_absolute_and_in_a_directory() {
    let machine = machine();
    in_kernel(&machine, || {
        let status = |name| create(name, PERMANENT, true, true).expect_err("it is refused");
        assert_eq!(status("Contoso"), PATH_SYNTAX_BAD);
        assert_eq!(status(r"\NoSuchDirectory\Contoso"), PATH_NOT_FOUND);
        assert_eq!(status(""), UNSUCCESSFUL);
    });
    only(
        &machine.report().findings,
        Rule::CallbackObject,
        "ExCreateCallback",
    );
}

#[test]
fn an_object_for_one_callback_takes_one() {
    let machine = machine();
    let notes = Notes::new();
    let (one, two) = (Noting(&notes, 1), Noting(&notes, 2));
    in_kernel(&machine, || {
        let object = create(NAME, PERMANENT, true, false).expect("it is made");
        let first = register(object, &one);
        assert!(register(object, &two).is_null());
        call!(ExUnregisterCallback(first));
        let second = register(object, &two);
        assert!(!second.is_null());
        call!(ExUnregisterCallback(second));
        delete(object);
    });
    assert_eq!(machine.report().findings, []);
}

#[test]
fn a_registration_keeps_the_object() {
    let machine = machine();
    let notes = Notes::new();
    let one = Noting(&notes, 1);
    in_kernel(&machine, || {
        let object = create(NAME, PERMANENT, true, true).expect("it is made");
        let registration = register(object, &one);
        delete(object);
        assert_eq!(open(NAME), Err(NAME_NOT_FOUND));
        notify(object, 1, 2);
        assert_eq!(notes.take(), [(1, 1, 2)]);
        call!(ExUnregisterCallback(registration));
        notify(object, 1, 2);
    });
    only(&machine.report().findings, Rule::Object, "ExNotifyCallback");
}

static ENTERED: AtomicBool = AtomicBool::new(false);
static LEAVE: AtomicBool = AtomicBool::new(false);
static LEFT: AtomicBool = AtomicBool::new(false);

unsafe extern "system" fn slow(_: PVOID, _: PVOID, _: PVOID) {
    ENTERED.store(true, SeqCst);
    while !LEAVE.load(SeqCst) {
        thread::yield_now();
    }
    LEFT.store(true, SeqCst);
}

#[test]
fn unregistering_waits_for_the_calls_under_way() {
    let machine = machine();
    let object = in_kernel(&machine, || create(NAME, PERMANENT, true, true)).expect("it is made");
    let registration = in_kernel(&machine, || {
        call!(ExRegisterCallback(object, Some(slow), null_mut()))
    });
    let (object_at, registration_at) = (object.addr(), registration.addr());
    thread::scope(|scope| {
        scope.spawn(|| in_kernel(&machine, || notify(without_provenance_mut(object_at), 0, 0)));
        while !ENTERED.load(SeqCst) {
            thread::yield_now();
        }
        let (tell, told) = mpsc::channel();
        let machine = &machine;
        scope.spawn(move || {
            in_kernel(machine, || {
                call!(ExUnregisterCallback(without_provenance_mut(
                    registration_at
                )));
                tell.send(LEFT.load(SeqCst)).expect("the test waits");
            });
        });
        // A callback that is being unregistered is not called any more.
        assert!(told.try_recv().is_err());
        LEAVE.store(true, SeqCst);
        assert!(
            told.recv().expect("it returns"),
            "it returned before the call had"
        );
    });
    in_kernel(&machine, || delete(object));
    assert_eq!(machine.report().findings, []);
}

static LEVEL: AtomicUsize = AtomicUsize::new(usize::MAX);

unsafe extern "system" fn notes_level(_: PVOID, _: PVOID, _: PVOID) {
    LEVEL.store(usize::from(call!(KeGetCurrentIrql())), SeqCst);
}

#[test]
fn callbacks_run_at_the_notifiers_level() {
    unsafe extern "system" {
        fn KfRaiseIrql(level: u8) -> u8;
        fn KeLowerIrql(level: u8);
    }
    let machine = machine();
    in_kernel(&machine, || {
        let object = create(NAME, PERMANENT, true, true).expect("it is made");
        let registration = call!(ExRegisterCallback(object, Some(notes_level), null_mut()));
        for level in [0, 1, 2] {
            // SAFETY: any level can be given.
            let before = unsafe { KfRaiseIrql(level) };
            notify(object, 0, 0);
            // SAFETY: as above.
            unsafe { KeLowerIrql(before) };
            assert_eq!(LEVEL.load(SeqCst), usize::from(level));
        }
        call!(ExUnregisterCallback(registration));
        delete(object);
    });
    assert_eq!(machine.report().findings, []);
}

#[test]
fn the_system_notifies_its_own_objects() {
    let machine = machine();
    let notes = Notes::new();
    let one = Noting(&notes, 1);
    machine.notify_system_callback(SystemCallback::SetSystemTime, 0, 0);
    for which in [
        SystemCallback::SetSystemTime,
        SystemCallback::PowerState,
        SystemCallback::ProcessorAdd,
    ] {
        let registration = in_kernel(&machine, || {
            let object = open(which.name()).expect("every Windows has it");
            let registration = register(object, &one);
            dereference(object);
            registration
        });
        machine.notify_system_callback(which, 3, 1);
        assert_eq!(notes.take(), [(1, 3, 1)]);
        in_kernel(&machine, || call!(ExUnregisterCallback(registration)));
    }
    assert_eq!(machine.report().findings, []);
}

#[test]
fn windows_xp_does_not_tell_of_processors() {
    let machine = Machine::builder().profile(Profile::WinXp).build();
    let machine = machine.expect("it builds");
    in_kernel(&machine, || {
        assert_eq!(open(r"\Callback\ProcessorAdd"), Err(NAME_NOT_FOUND));
        dereference(open(r"\Callback\PowerState").expect("it is there"));
    });
    machine.notify_system_callback(SystemCallback::ProcessorAdd, 0, 0);
}

#[test]
fn a_driver_that_notifies_for_the_system_is_found() {
    let machine = machine();
    in_kernel(&machine, || {
        let object = open(r"\Callback\PowerState").expect("it is there");
        notify(object, 0, 0);
        dereference(object);
    });
    let report = machine.report();
    let finding = only(&report.findings, Rule::CallbackObject, "ExNotifyCallback");
    assert!(finding.detail.contains("PowerState"), "{finding}");
}

#[test]
fn a_registration_ends_once() {
    let machine = machine();
    let notes = Notes::new();
    let one = Noting(&notes, 1);
    in_kernel(&machine, || {
        let object = create(NAME, PERMANENT, true, true).expect("it is made");
        let registration = register(object, &one);
        call!(ExUnregisterCallback(registration));
        call!(ExUnregisterCallback(registration));
        delete(object);
    });
    let report = machine.report();
    only(
        &report.findings,
        Rule::CallbackObject,
        "ExUnregisterCallback",
    );
}

#[test]
fn each_routine_can_run_out_of_memory() {
    let machine = machine();
    let notes = Notes::new();
    let one = Noting(&notes, 1);
    in_kernel(&machine, || {
        machine.fail_allocation(1);
        let no_memory = 0xC000_009A_u32 as i32;
        assert_eq!(create(NAME, PERMANENT, true, true), Err(no_memory));
        let object = create(NAME, PERMANENT, true, true).expect("it is made");
        machine.fail_allocation(1);
        assert!(register(object, &one).is_null());
        delete(object);
    });
    let report = machine.report();
    assert_eq!(report.counters.injected_failures, 2);
    assert_eq!(report.findings, []);
}

entry! {
    fn leaves_a_callback(_driver) {
        let object = open(r"\Callback\SetSystemTime").expect("it is there");
        let registration = call!(ExRegisterCallback(object, Some(notes_level), null_mut()));
        assert!(!registration.is_null());
        dereference(object);
        SUCCESS
    }
}

#[test]
fn a_callback_that_is_left_behind_is_found_and_not_called() {
    let machine = machine();
    let driver = load(&machine, "tested", leaves_a_callback).expect("it loads");
    machine.unload(driver).expect("it unloads");
    machine.notify_system_callback(SystemCallback::SetSystemTime, 0, 0);
    let findings = machine.report().findings;
    let finding = only(&findings, Rule::CallbackObject, "DriverUnload");
    assert!(finding.detail.contains("SetSystemTime"), "{finding}");
    assert_eq!(finding.driver, "tested");
}

entry! {
    fn leaves_an_object(_driver) {
        dereference(create(NAME, PERMANENT, true, true).expect("it is made"));
        SUCCESS
    }
}

#[test]
fn a_permanent_object_that_is_left_behind_is_found() {
    let findings = findings_of(leaves_an_object);
    let finding = only(&findings, Rule::CallbackObject, "DriverUnload");
    assert!(finding.detail.contains(NAME), "{finding}");
}

entry! {
    fn leaves_a_reference(_driver) {
        create(r"\Callback\SetSystemTime", 0, false, false).expect("it is there");
        SUCCESS
    }
}

#[test]
fn a_reference_that_is_left_behind_is_found() {
    let findings = findings_of(leaves_a_reference);
    let finding = only(&findings, Rule::Object, "DriverUnload");
    assert!(finding.detail.contains("callback object"), "{finding}");
}

unsafe extern "system" fn unregisters_itself(registration: PVOID, _: PVOID, _: PVOID) {
    // SAFETY: the context is the cell that holds the registration, which outlives the callback.
    let registration = unsafe { registration.cast::<AtomicUsize>().as_ref() };
    let registration = registration.map_or(0, |it| it.load(SeqCst));
    call!(ExUnregisterCallback(without_provenance_mut(registration)));
}

#[test]
#[ignore = "ends the process"]
fn ending_inside_a_callback() {
    let machine = machine();
    let registration = AtomicUsize::new(0);
    let context = (&raw const registration).cast_mut().cast();
    in_kernel(&machine, || {
        let object = create(NAME, PERMANENT, true, true).expect("it is made");
        let new = call!(ExRegisterCallback(
            object,
            Some(unregisters_itself),
            context
        ));
        registration.store(new.addr(), SeqCst);
        notify(object, 0, 0);
    });
}

#[test]
fn unregistering_inside_the_callback_stops_the_machine() {
    let stderr = run_ending("callback_objects::ending_inside_a_callback");
    assert!(
        stderr.starts_with("wdm-sim: bug check 0x000000EA ")
            && stderr.contains("ExUnregisterCallback")
            && stderr.contains("deadlocks"),
        "{stderr}"
    );
}
