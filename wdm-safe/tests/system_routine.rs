//! Routines looked up by name.

use std::ffi::c_void;
use std::mem::transmute;
use std::ptr::NonNull;

use wdm_safe::{Passive, UnicodeStr, system_routine, unicode};
use wdm_sim::Machine;

type Upcase = unsafe extern "system" fn(u16) -> u16;

/// Runs at PASSIVE_LEVEL in a machine.
fn in_machine(test: impl FnOnce(Passive<'_>)) {
    let machine = Machine::builder().build().expect("it builds");
    let _thread = machine.system_process().enter();
    // SAFETY: a thread enters a machine at PASSIVE_LEVEL, and nothing here raises the level.
    test(unsafe { Passive::new_unchecked() });
    assert_eq!(machine.report().findings, []);
}

#[test]
fn what_is_found_is_the_routine() {
    in_machine(|at| {
        let found = system_routine(unicode!("RtlUpcaseUnicodeChar"), at).expect("it is there");
        // SAFETY: the routine's documented type.
        let upcase = unsafe { transmute::<NonNull<c_void>, Upcase>(found) };
        // SAFETY: the routine takes any character.
        assert_eq!(unsafe { upcase(u16::from(b'x')) }, u16::from(b'X'));
    });
}

#[test]
fn what_the_kernel_lacks_is_not_found() {
    in_machine(|at| {
        let absent = ["NtNoSuchRoutine", "", "rtlupcaseunicodechar", "RtlUpcase"];
        for name in absent {
            let units: Vec<u16> = name.encode_utf16().collect();
            assert_eq!(system_routine(UnicodeStr::new(&units), at), None, "{name}");
        }
    });
}

#[test]
fn a_name_that_no_counted_string_holds_is_not_found() {
    in_machine(|at| {
        let units = vec![u16::from(b'A'); 40_000];
        assert_eq!(system_routine(UnicodeStr::new(&units), at), None);
    });
}
