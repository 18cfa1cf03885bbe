//! Being told of images that are loaded.

use wdm_sim::{Machine, Profile, Status};
use wdm_sys::{HANDLE, PDRIVER_OBJECT, PVOID, UNICODE_STRING};

use super::processes::CreateInfo;
use super::{INVALID_PARAMETER_2, Log, ps};
use crate::processes::text_of;
use crate::support::{ACCESS_DENIED, SUCCESS, call, entry, load, machine, set_unload};

/// `IMAGE_INFO`.
#[repr(C)]
pub(super) struct Info {
    properties: u32,
    base: PVOID,
    selector: u32,
    size: usize,
    section: u32,
}

/// `IMAGE_INFO_EX`.
#[repr(C)]
struct InfoEx {
    size: usize,
    info: Info,
    file: PVOID,
}

/// `SystemModeImage`.
const SYSTEM: u32 = 1 << 8;
/// `ExtendedInfoPresent`.
const EXTENDED: u32 = 1 << 10;
/// `IMAGE_ADDRESSING_MODE_32BIT`.
const MODE: u32 = 3;

/// What a routine is told, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Told {
    name: String,
    process: usize,
    properties: u32,
    /// The size that the larger structure says it has, if there is one.
    extended: Option<usize>,
    /// The ids of the current process: those of its object and of the current thread's.
    on: [usize; 2],
    apcs_disabled: bool,
}

fn told(name: *const UNICODE_STRING, process: HANDLE, info: *mut Info) -> Told {
    // SAFETY: the kernel gave the structure.
    let given = unsafe { info.as_ref() }.expect("there is a structure");
    assert_eq!((given.selector, given.section), (0, 0));
    assert_eq!(
        (given.base.addr(), given.size),
        (0, 0),
        "no image in memory"
    );
    let is_extended = given.properties & EXTENDED != 0;
    let current = ps!(IoGetCurrentProcess());
    let outer = info.wrapping_byte_sub(std::mem::offset_of!(InfoEx, info));
    Told {
        name: text_of(name),
        process: process.addr(),
        properties: given.properties,
        extended: is_extended.then(|| {
            // SAFETY: it is part of the larger structure, as the flag says.
            unsafe { (*outer.cast::<InfoEx>()).size }
        }),
        on: [
            ps!(PsGetProcessId(current)).addr(),
            call!(PsGetCurrentProcessId()).addr(),
        ],
        apcs_disabled: ps!(KeAreApcsDisabled()) != 0,
    }
}

static OF_PROGRAMS: Log<Told> = Log::new();

unsafe extern "system" fn notes(name: *const UNICODE_STRING, process: HANDLE, info: *mut Info) {
    OF_PROGRAMS.push(told(name, process, info));
}

unsafe extern "system" fn removes(_: PDRIVER_OBJECT) {
    assert_eq!(ps!(PsRemoveLoadImageNotifyRoutine(notes)), SUCCESS);
}

entry! {
    fn watches(driver) {
        set_unload(driver, Some(removes));
        for (flags, wanted) in [(2, INVALID_PARAMETER_2), (3, INVALID_PARAMETER_2), (1, SUCCESS)] {
            let status = ps!(PsSetLoadImageNotifyRoutineEx(notes, flags));
            assert_eq!(status, wanted, "flags {flags}");
        }
        SUCCESS
    }
}

#[test]
fn drivers_are_told_of_a_program_in_its_process() {
    let machine = machine();
    let driver = load(&machine, "tested", watches).expect("it loads");
    assert_eq!(OF_PROGRAMS.take(), []);
    let app = machine.process(r"\Device\HarddiskVolume1\app.exe");
    let wanted = Told {
        name: r"\Device\HarddiskVolume1\app.exe".to_owned(),
        process: app.id(),
        properties: MODE | EXTENDED,
        extended: Some(0x38),
        on: [app.id(); 2],
        apcs_disabled: true,
    };
    assert_eq!(OF_PROGRAMS.take(), [wanted]);
    app.exit();
    machine.unload(driver).expect("it unloads");
    machine.process("later.exe").exit();
    assert_eq!(OF_PROGRAMS.take(), []);
    assert_eq!(machine.report().findings, []);
}

static OF_DRIVERS: Log<Told> = Log::new();

unsafe extern "system" fn notes_drivers(
    name: *const UNICODE_STRING,
    process: HANDLE,
    info: *mut Info,
) {
    OF_DRIVERS.push(told(name, process, info));
}

entry! {
    fn watches_drivers(_driver) {
        ps!(PsSetLoadImageNotifyRoutine(notes_drivers))
    }
}

entry! {
    fn looks(_driver) {
        assert_eq!(OF_DRIVERS.take(), [a_driver(Some(0x38))], "told before its entry");
        SUCCESS
    }
}

fn a_driver(extended: Option<usize>) -> Told {
    Told {
        name: r"\SystemRoot\System32\drivers\other.sys".to_owned(),
        process: 0,
        properties: MODE | SYSTEM | extended.map_or(0, |_| EXTENDED),
        extended,
        on: [4, 4],
        apcs_disabled: true,
    }
}

#[test]
fn drivers_are_told_of_a_driver_before_it_runs() {
    let machine = machine();
    let _driver = load(&machine, "tested", watches_drivers).expect("it loads");
    let _other = load(&machine, "other", looks).expect("it loads");
    assert_eq!(OF_DRIVERS.take(), []);
}

static OF_THE_PAST: Log<Told> = Log::new();

unsafe extern "system" fn notes_in_the_past(
    name: *const UNICODE_STRING,
    process: HANDLE,
    info: *mut Info,
) {
    OF_THE_PAST.push(told(name, process, info));
}

entry! {
    fn watches_in_the_past(_driver) {
        ps!(PsSetLoadImageNotifyRoutine(notes_in_the_past))
    }
}

entry! {
    fn does_nothing(_driver) {
        SUCCESS
    }
}

#[test]
fn windows_xp_has_the_smaller_structure() {
    let machine = Machine::builder().profile(Profile::WinXp).build();
    let machine = machine.expect("it builds");
    let _driver = load(&machine, "tested", watches_in_the_past).expect("it loads");
    let _other = load(&machine, "other", does_nothing).expect("it loads");
    assert_eq!(OF_THE_PAST.take(), [a_driver(None)]);
}

static ORDER: Log<&str> = Log::new();

unsafe extern "system" fn image_comes(_: *const UNICODE_STRING, _: HANDLE, _: *mut Info) {
    ORDER.push("image");
}

unsafe extern "system" fn thread_comes(_: HANDLE, _: HANDLE, created: u8) {
    ORDER.push(if created != 0 {
        "thread"
    } else {
        "thread ends"
    });
}

unsafe extern "system" fn process_comes(_: PVOID, _: HANDLE, info: *mut CreateInfo) {
    // SAFETY: the kernel gave the structure, or null.
    let Some(info) = (unsafe { info.as_mut() }) else {
        return ORDER.push("process ends");
    };
    ORDER.push("process");
    if text_of(info.image()).ends_with("bad.exe") {
        info.refuse(ACCESS_DENIED);
    }
}

entry! {
    fn watches_the_order(_driver) {
        assert_eq!(ps!(PsSetLoadImageNotifyRoutine(image_comes)), SUCCESS);
        assert_eq!(ps!(PsSetCreateThreadNotifyRoutine(thread_comes)), SUCCESS);
        ps!(PsSetCreateProcessNotifyRoutineEx(process_comes, 0))
    }
}

#[test]
fn a_program_comes_after_its_process_and_before_its_threads() {
    let machine = machine();
    let _driver = load(&machine, "tested", watches_the_order).expect("it loads");
    let app = machine.process("app.exe");
    drop(app.enter());
    app.exit();
    let wanted = ["process", "image", "thread", "thread ends", "process ends"];
    assert_eq!(ORDER.take(), wanted);
    let refused = machine.start_process("bad.exe").expect_err("it is refused");
    assert_eq!(refused, Status(ACCESS_DENIED));
    assert_eq!(ORDER.take(), ["process"], "its program is not loaded");
    let started = machine.process("bad.exe");
    assert_eq!(
        ORDER.take(),
        ["process", "image"],
        "the refusal is not heeded"
    );
    started.exit();
}
