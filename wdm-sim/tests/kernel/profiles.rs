//! Which routines, pools and numbers the versions of Windows have (P7).

use wdm_sim::{Machine, Profile, Rule};
use wdm_sys::{_OSVERSIONINFOW as RTL_OSVERSIONINFOW, NonPagedPool, NonPagedPoolNx};

use crate::support::{Text, call, in_kernel, only};

fn machine_of(profile: Profile) -> Machine {
    let machine = Machine::builder().profile(profile).build();
    machine.expect("the machine builds")
}

/// Whether `MmGetSystemRoutineAddress` finds a routine.
fn finds(name: &str) -> bool {
    let mut name = Text::new(name);
    !call!(MmGetSystemRoutineAddress(name.as_ptr())).is_null()
}

#[test]
fn a_profile_has_a_name() {
    for profile in Profile::ALL {
        assert_eq!(profile.name().parse(), Ok(profile));
        assert_eq!(profile.to_string().to_uppercase().parse(), Ok(profile));
    }
    let unknown = "win95".parse::<Profile>().expect_err("there is none");
    assert_eq!(
        unknown.to_string(),
        "\"win95\" is no version of Windows; give winxp, vista, win7, win8, win10 or win11"
    );
}

#[test]
fn the_kernel_says_which_version_it_is() {
    let numbers = [
        (5, 1, 2600),
        (6, 0, 6002),
        (6, 1, 7601),
        (6, 3, 9600),
        (10, 0, 19045),
        (10, 0, 22631),
    ];
    for (profile, expected) in Profile::ALL.into_iter().zip(numbers) {
        in_kernel(&machine_of(profile), || {
            // SAFETY: all-zero bytes are valid for numbers.
            let mut version: RTL_OSVERSIONINFOW = unsafe { std::mem::zeroed() };
            version.dwOSVersionInfoSize = size_of::<RTL_OSVERSIONINFOW>() as u32;
            call!(RtlGetVersion(&raw mut version));
            let (major, minor) = (version.dwMajorVersion, version.dwMinorVersion);
            assert_eq!((major, minor, version.dwBuildNumber), expected);
        });
    }
}

#[test]
fn r5_the_callback_version_is_the_profiles() {
    for (profile, expected) in [
        (Profile::Vista, (1, 0)),
        (Profile::Win7, (1, 1)),
        (Profile::Win11, (1, 1)),
    ] {
        in_kernel(&machine_of(profile), || {
            let (mut major, mut minor) = (0, 0);
            call!(CmGetCallbackVersion(&raw mut major, &raw mut minor));
            assert_eq!((major, minor), expected, "{profile}");
        });
    }
}

#[test]
fn routines_are_found_from_their_version_on() {
    let since = [
        ("CmRegisterCallback", Profile::WinXp),
        ("CmUnRegisterCallback", Profile::WinXp),
        ("CmRegisterCallbackEx", Profile::Vista),
        ("CmSetCallbackObjectContext", Profile::Vista),
        ("CmGetCallbackVersion", Profile::Vista),
        ("ZwOpenKeyEx", Profile::Win7),
        ("CmCallbackGetKeyObjectIDEx", Profile::Win8),
        ("CmCallbackReleaseKeyObjectIDEx", Profile::Win8),
        ("KeQuerySystemTimePrecise", Profile::Win8),
        ("ExAllocatePool2", Profile::Win10),
    ];
    for profile in Profile::ALL {
        let machine = machine_of(profile);
        in_kernel(&machine, || {
            for (name, first) in since {
                assert_eq!(finds(name), profile >= first, "{profile} {name}");
            }
        });
        assert_eq!(machine.report().findings, []);
    }
}

#[test]
fn a_linked_driver_that_calls_what_is_not_there_is_found() {
    let machine = machine_of(Profile::Vista);
    in_kernel(&machine, || {
        let (mut major, mut minor) = (0, 0);
        call!(CmGetCallbackVersion(&raw mut major, &raw mut minor));
        let memory = call!(ExAllocatePool2(wdm_sys::POOL_FLAG_NON_PAGED, 16, 1));
        call!(ExFreePoolWithTag(memory, 0));
    });
    let report = machine.report();
    let finding = only(&report.findings, Rule::MissingRoutine, "ExAllocatePool2");
    assert!(finding.detail.contains("it came with win10"), "{finding}");
}

#[test]
fn the_pool_that_is_not_executable_came_with_windows_8() {
    for (profile, has) in [
        (Profile::Vista, false),
        (Profile::Win7, false),
        (Profile::Win8, true),
        (Profile::Win11, true),
    ] {
        let machine = machine_of(profile);
        in_kernel(&machine, || {
            let memory = call!(ExAllocatePoolWithTag(NonPagedPoolNx, 16, 1));
            assert_eq!(!memory.is_null(), has, "{profile}");
            if has {
                call!(ExFreePoolWithTag(memory, 0));
            }
            let memory = call!(ExAllocatePoolWithTag(NonPagedPool, 16, 1));
            assert!(!memory.is_null(), "{profile}");
            call!(ExFreePoolWithTag(memory, 0));
        });
        let findings = machine.report().findings;
        if has {
            assert_eq!(findings, []);
        } else {
            only(&findings, Rule::PoolParameter, "ExAllocatePoolWithTag");
        }
    }
}
