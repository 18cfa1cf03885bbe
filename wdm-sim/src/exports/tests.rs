//! The routines as `.sys` files call them, and the table that they are found in.

use std::collections::HashSet;

use super::{all, data};

#[test]
fn each_name_is_there_once() {
    let mut seen = HashSet::new();
    for export in all() {
        assert!(seen.insert(export.name), "{} is defined twice", export.name);
    }
    assert!(seen.len() > 100, "only {} routines", seen.len());
}

/// As an `OBJECT_TYPE` begins with the head of an empty list, which drivers built with mingw-w64's
/// headers read instead of its address.
#[test]
fn a_type_read_through_its_address_gives_its_address() {
    let names = |name: &str| name.ends_with("Type");
    let mut seen = HashSet::new();
    for export in data::EXPORTS.iter().filter(|export| names(export.name)) {
        let variable: *const *const *const () = export.linked.expect("variables are").cast();
        // SAFETY: it is a variable that holds a type's address.
        let object_type = unsafe { variable.read() };
        // SAFETY: the address is that of a list head, which is two pointers.
        let [next, previous] = unsafe { object_type.cast::<[*const (); 2]>().read() };
        assert_eq!([next, previous], [object_type.cast(); 2], "{}", export.name);
        assert!(seen.insert(object_type), "{} has another's", export.name);
    }
    assert!(seen.len() > 15, "only {} types", seen.len());
}

#[cfg(target_arch = "x86_64")]
mod win64 {
    use std::ffi::{CStr, c_char};

    use super::super::{address, resolve};
    use crate::call::Abi;
    use crate::loader::ImportName;
    use crate::machine::{Machine, Profile};

    const NEWEST: Profile = Profile::Win11;

    /// The address of a routine as a function of a type.
    macro_rules! routine {
        ($name:literal as $type:ty) => {{
            let address = address(NEWEST, $name, Abi::Win64).expect("the kernel has it");
            // SAFETY: each test gives the routine's own type.
            unsafe { std::mem::transmute::<*const (), $type>(address) }
        }};
    }

    type Print = unsafe extern "win64" fn(*const c_char, u64, u64, u64, u64, u64, u64) -> u32;
    type PrintEx = unsafe extern "win64" fn(u32, u32, *const c_char, u64, u64, u64) -> u32;
    type PrintTo = unsafe extern "win64" fn(*mut u8, usize, *const c_char, u64, u64, u64) -> i32;
    type PrintWideTo = unsafe extern "win64" fn(*mut u16, usize, *const u16, u64, u64, u64) -> i32;

    #[test]
    fn imports_come_from_the_kernel() {
        let machine = Machine::builder().profile(NEWEST).build();
        let machine = machine.expect("it builds");
        let resolve = |module, name| resolve(&machine.kernel, module, name);
        let name = ImportName::Name("ZwClose");
        assert_eq!(
            resolve("NTOSKRNL.EXE", name),
            address(NEWEST, "ZwClose", Abi::Win64)
        );
        assert!(resolve("ntoskrnl.exe", name).is_some());
        assert!(resolve("fltmgr.sys", name).is_none());
        assert!(resolve("ntoskrnl.exe", ImportName::Name("NtNoSuchRoutine")).is_none());
        assert_ne!(
            address(NEWEST, "ZwClose", Abi::Win64),
            address(NEWEST, "ZwClose", Abi::Host)
        );
        assert!(
            address(NEWEST, "memcpy", Abi::Host).is_none(),
            "the host has one"
        );
        let ours = address(NEWEST, "CmKeyObjectType", Abi::Win64);
        assert_eq!(
            ours,
            address(NEWEST, "CmKeyObjectType", Abi::Host),
            "one variable for all"
        );
    }

    #[test]
    fn variables_have_the_values_of_their_machine() {
        let variable = |machine: &Machine, name: &str| {
            let address = resolve(&machine.kernel, "ntoskrnl.exe", ImportName::Name(name));
            address.expect("the kernel has it").cast::<u32>()
        };
        let machines = [Profile::Win7, Profile::Win11].map(|profile| {
            let machine = Machine::builder().profile(profile).build();
            machine.expect("it builds")
        });
        let builds = machines.each_ref().map(|machine| {
            // SAFETY: a variable of the kernel, which lives as long as the machine.
            unsafe { variable(machine, "NtBuildNumber").read() }
        });
        assert_eq!(builds, [0xF000_0000 | 7601, 0xF000_0000 | 22631]);
        let processes = machines.each_ref().map(|machine| {
            let process = variable(machine, "PsInitialSystemProcess").cast::<usize>();
            // SAFETY: as above.
            (
                unsafe { process.read() },
                machine.kernel.processes.system().address(),
            )
        });
        assert!(
            processes
                .iter()
                .all(|(variable, process)| variable == process)
        );
        let shared = |name| machines.each_ref().map(|machine| variable(machine, name));
        let [one, other] = shared("SeExports");
        assert_eq!(one, other);
        // SAFETY: as above; it leads to the structure.
        let exports = unsafe { one.cast::<*const u64>().read() };
        // SAFETY: as above. SeLocalSystemSid is at 0x108 on 64-bit Windows.
        let system = unsafe {
            exports
                .wrapping_add(0x108 / 8)
                .cast::<*const [u8; 12]>()
                .read()
        };
        // SAFETY: the identifier has that many bytes.
        let system = unsafe { system.read() };
        assert_eq!(system, [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0]);
    }

    #[test]
    fn variadic_arguments_come_from_registers_and_stack() {
        let machine = Machine::builder().build().expect("it builds");
        let _thread = machine.system_process().enter();
        let print = routine!("DbgPrint" as Print);
        // SAFETY: the arguments are what the format asks for.
        unsafe {
            print(
                c"%d %d %d %s %d %x\n".as_ptr(),
                1,
                2,
                3,
                text(c"four"),
                5,
                0xABC,
            )
        };
        let print = routine!("DbgPrintEx" as PrintEx);
        // SAFETY: as above.
        unsafe { print(77, 0, c"%s %d %d\n".as_ptr(), text(c"one"), 2, 3) };
        let printed = machine.report().debug_print;
        assert_eq!(printed, ["1 2 3 four 5 abc", "one 2 3"]);
    }

    fn text(text: &CStr) -> u64 {
        text.as_ptr().expose_provenance() as u64
    }

    #[test]
    fn formatting_into_a_buffer_stops_at_its_end() {
        let narrow = routine!("_snprintf" as PrintTo);
        for (room, result, expected) in
            [(8, 6, "ab 1 2\0#"), (6, 6, "ab 1 2##"), (3, -1, "ab #####")]
        {
            let mut out = *b"########";
            // SAFETY: the buffer has that room, the arguments are what the format asks for.
            let count = unsafe {
                narrow(
                    out.as_mut_ptr(),
                    room,
                    c"%s %d %d".as_ptr(),
                    text(c"ab"),
                    1,
                    2,
                )
            };
            assert_eq!((count, out.as_slice()), (result, expected.as_bytes()));
        }
        let wide = routine!("_snwprintf" as PrintWideTo);
        let format: Vec<u16> = "%ws/%d/%hs\0".encode_utf16().collect();
        let argument: Vec<u16> = "ä\0".encode_utf16().collect();
        let argument = argument.as_ptr().expose_provenance() as u64;
        let mut out = [7; 8];
        // SAFETY: as above.
        let count = unsafe {
            wide(
                out.as_mut_ptr(),
                8,
                format.as_ptr(),
                argument,
                5,
                text(c"x"),
            )
        };
        assert_eq!(count, 5);
        assert_eq!(String::from_utf16_lossy(&out[..5]), "ä/5/x");
        assert_eq!(out[5..], [0, 7, 7]);
    }

    #[test]
    fn a_twin_does_what_the_routine_does() {
        let upcase = routine!("RtlUpcaseUnicodeChar" as unsafe extern "win64" fn(u16) -> u16);
        // SAFETY: the routine takes any character.
        assert_eq!(unsafe { upcase(0xE4) }, 0xC4);
    }

    #[test]
    fn memory_routines() {
        type Copy = unsafe extern "win64" fn(*mut u8, *const u8, usize) -> *mut u8;
        type Compare = unsafe extern "win64" fn(*const u8, *const u8, usize) -> i32;
        type Fill = unsafe extern "win64" fn(*mut u8, i32, usize) -> *mut u8;
        let mut bytes = *b"abcdef";
        let begin = bytes.as_mut_ptr();
        let moved = routine!("memmove" as Copy);
        // SAFETY: both ranges lie in the array.
        let result = unsafe { moved(begin.wrapping_add(1), begin, 5) };
        assert_eq!((result, &bytes), (begin.wrapping_add(1), b"aabcde"));
        let filled = routine!("memset" as Fill);
        // SAFETY: as above.
        unsafe { filled(begin, 0x1FF, 2) };
        assert_eq!(bytes, *b"\xFF\xFFbcde");
        let copied = routine!("memcpy" as Copy);
        // SAFETY: as above.
        unsafe { copied(begin, b"xyz".as_ptr(), 3) };
        let compared = routine!("memcmp" as Compare);
        let compare = |other: &[u8; 6]| {
            // SAFETY: both have six bytes.
            unsafe { compared(begin, other.as_ptr(), 6) }.signum()
        };
        assert_eq!(
            [compare(b"xyzcde"), compare(b"xyzcdf"), compare(b"xyycde")],
            [0, -1, 1]
        );
        // SAFETY: nothing is read.
        let nothing = unsafe { compared(std::ptr::null(), std::ptr::null(), 0) };
        assert_eq!(nothing, 0);
    }

    #[test]
    fn text_routines() {
        type Length = unsafe extern "win64" fn(*const u16) -> usize;
        type Compare = unsafe extern "win64" fn(*const u16, *const u16) -> i32;
        type Find = unsafe extern "win64" fn(*const u16, *const u16) -> *mut u16;
        type FindOne = unsafe extern "win64" fn(*const u16, u16) -> *mut u16;
        let wide = |text: &str| text.encode_utf16().chain([0]).collect::<Vec<_>>();
        let (text, other) = (wide("Registry"), wide("REGISTRY"));
        let length = routine!("wcslen" as Length);
        // SAFETY: the text is NUL-terminated, here and below.
        assert_eq!(unsafe { length(text.as_ptr()) }, 8);
        let (exact, folded) = (
            routine!("wcscmp" as Compare),
            routine!("_wcsicmp" as Compare),
        );
        // SAFETY: as above.
        assert_eq!(unsafe { exact(text.as_ptr(), other.as_ptr()) }, 1);
        // SAFETY: as above.
        assert_eq!(unsafe { folded(text.as_ptr(), other.as_ptr()) }, 0);
        let place = |found: *mut u16| (found.addr().wrapping_sub(text.as_ptr().addr())) / 2;
        let find = routine!("wcsstr" as Find);
        let find = |wanted: &str| {
            let wanted = wide(wanted);
            // SAFETY: as above.
            unsafe { find(text.as_ptr(), wanted.as_ptr()) }
        };
        assert_eq!(place(find("gist")), 2);
        assert!(find("gast").is_null());
        let (first, last) = (
            routine!("wcschr" as FindOne),
            routine!("wcsrchr" as FindOne),
        );
        let r = u16::from(b'r');
        // SAFETY: as above.
        assert_eq!(place(unsafe { first(text.as_ptr(), r) }), 6);
        // SAFETY: as above.
        assert_eq!(place(unsafe { last(text.as_ptr(), 0) }), 8);
        // SAFETY: as above.
        assert!(unsafe { last(text.as_ptr(), u16::from(b'x')) }.is_null());
        // SAFETY: as above.
        let narrow = routine!("strlen" as unsafe extern "win64" fn(*const c_char) -> usize);
        // SAFETY: as above.
        assert_eq!(unsafe { narrow(c"text".as_ptr()) }, 4);
    }

    #[test]
    fn the_stack_probe_keeps_all_registers() {
        let probe = address(NEWEST, "__chkstk", Abi::Win64).expect("the kernel has it");
        for size in [0_u64, 8, 4096, 4104, 40_000] {
            let (mut rax, mut rcx, mut rdx) = (size, 1_u64, 2_u64);
            let (before, after): (u64, u64);
            // SAFETY: the probe touches that much of this thread's stack, which has room for it,
            // and changes nothing.
            unsafe {
                std::arch::asm!(
                    "mov {before}, rsp",
                    "call {probe}",
                    "mov {after}, rsp",
                    probe = in(reg) probe,
                    before = out(reg) before,
                    after = out(reg) after,
                    inout("rax") rax,
                    inout("rcx") rcx,
                    inout("rdx") rdx,
                )
            };
            assert_eq!((rax, rcx, rdx, after), (size, 1, 2, before));
        }
    }

    proptest::proptest! {
        #[test]
        fn bytes_are_copied_filled_and_compared_as_slices_are(
            bytes in proptest::collection::vec(0..3_u8, 64),
            from in 0..32_usize,
            to in 0..32_usize,
            count in 0..=32_usize,
            value in proptest::prelude::any::<u8>(),
        ) {
            type Move = unsafe extern "win64" fn(*mut u8, *const u8, usize) -> *mut u8;
            type Fill = unsafe extern "win64" fn(*mut u8, i32, usize) -> *mut u8;
            type Order = unsafe extern "win64" fn(*const u8, *const u8, usize) -> i32;
            type Equal = unsafe extern "win64" fn(*const u8, *const u8, usize) -> usize;
            let mut moved = bytes.clone();
            let place = moved.as_mut_ptr();
            let copy = routine!("memmove" as Move);
            // SAFETY: both places have `count` bytes.
            let result = unsafe { copy(place.wrapping_add(to), place.wrapping_add(from), count) };
            assert_eq!(result, place.wrapping_add(to));
            let mut expected = bytes.clone();
            expected.copy_within(from..from + count, to);
            assert_eq!(moved, expected);

            let fill = routine!("memset" as Fill);
            // SAFETY: the place has `count` bytes.
            let result = unsafe { fill(place.wrapping_add(to), i32::from(value), count) };
            assert_eq!(result, place.wrapping_add(to));
            expected[to..to + count].fill(value);
            assert_eq!(moved, expected);

            let (a, b) = (&bytes[from..from + count], &bytes[to..to + count]);
            let order = routine!("memcmp" as Order);
            // SAFETY: both have `count` bytes.
            let result = unsafe { order(a.as_ptr(), b.as_ptr(), count) };
            assert_eq!(result.cmp(&0), a.cmp(b));
            let equal = routine!("RtlCompareMemory" as Equal);
            // SAFETY: both have `count` bytes.
            let result = unsafe { equal(a.as_ptr(), b.as_ptr(), count) };
            assert_eq!(result, a.iter().zip(b).take_while(|(a, b)| a == b).count());
        }
    }
}
