//! The runtime library.

use wdm_sim::registry::wide;
use wdm_sys::{PVOID, UNICODE_STRING};

use crate::support::{Text, call, in_kernel, machine};

fn empty() -> UNICODE_STRING {
    UNICODE_STRING {
        Length: 1,
        MaximumLength: 1,
        Buffer: std::ptr::null_mut(),
    }
}

fn fields(string: &UNICODE_STRING) -> (u16, u16) {
    (string.Length, string.MaximumLength)
}

#[test]
fn init_counts_the_characters_before_the_nul() {
    let mut string = empty();
    let mut text = wide("key\0rest");
    call!(RtlInitUnicodeString(&raw mut string, text.as_mut_ptr()));
    assert_eq!(fields(&string), (6, 8));
    assert_eq!(string.Buffer, text.as_mut_ptr());
    call!(RtlInitUnicodeString(&raw mut string, std::ptr::null()));
    assert_eq!(fields(&string), (0, 0));
    assert!(string.Buffer.is_null());
    let mut text = wide("\0");
    call!(RtlInitUnicodeString(&raw mut string, text.as_mut_ptr()));
    assert_eq!(fields(&string), (0, 2));
    let mut text = vec![u16::from(b'x'); 40_000];
    text.push(0);
    call!(RtlInitUnicodeString(&raw mut string, text.as_mut_ptr()));
    assert_eq!(fields(&string), (0xFFFC, 0xFFFE), "longer text is cut");
}

#[test]
fn compare_orders_by_units_then_by_length() {
    let cases = [
        ("", "", 0, 0),
        ("abc", "abc", 0, 0),
        ("abc", "abd", -1, -1),
        ("b", "a", 1, 1),
        ("abc", "ABC", 1, 0),
        ("abc", "abcd", -1, -1),
        ("abcd", "ABC", 1, 1),
        ("straße", "STRASSE", 1, 1),
        ("Ärger", "äRGER", -1, 0),
        ("ключ", "КЛЮЧ", 1, 0),
    ];
    for (first, second, sensitive, insensitive) in cases {
        let (mut a, mut b) = (Text::new(first), Text::new(second));
        let compare = |a: &mut Text, b: &mut Text, fold| {
            call!(RtlCompareUnicodeString(a.as_ptr(), b.as_ptr(), fold)).signum()
        };
        assert_eq!(compare(&mut a, &mut b, 0), sensitive, "{first} {second}");
        assert_eq!(compare(&mut b, &mut a, 0), -sensitive, "{second} {first}");
        assert_eq!(
            compare(&mut a, &mut b, 1),
            insensitive,
            "{first} {second}, any case"
        );
        let equal = |fold| call!(RtlEqualUnicodeString(a.as_ptr(), b.as_ptr(), fold));
        let mut equal = equal;
        assert_eq!(equal(0) != 0, sensitive == 0, "{first} {second}");
        assert_eq!(
            equal(1) != 0,
            insensitive == 0,
            "{first} {second}, any case"
        );
    }
    let (mut a, mut b) = (Text::new("ab"), Text::new("ad"));
    assert_eq!(
        call!(RtlCompareUnicodeString(a.as_ptr(), b.as_ptr(), 0)),
        -2,
        "the difference"
    );
}

#[test]
fn a_prefix_is_the_first_string() {
    let cases = [
        ("", "abc", 1, 1),
        ("ab", "abc", 1, 1),
        ("abc", "abc", 1, 1),
        ("abcd", "abc", 0, 0),
        ("AB", "abc", 0, 1),
        (r"\REGISTRY\", r"\Registry\Machine", 0, 1),
        ("bc", "abc", 0, 0),
    ];
    for (prefix, string, sensitive, insensitive) in cases {
        let (mut a, mut b) = (Text::new(prefix), Text::new(string));
        let found = [0, 1].map(|fold| call!(RtlPrefixUnicodeString(a.as_ptr(), b.as_ptr(), fold)));
        assert_eq!(found, [sensitive, insensitive], "{prefix} {string}");
    }
}

#[test]
fn copy_fills_what_fits_and_terminates_if_there_is_room() {
    let mut source = Text::new("abcd");
    for (room, copied, buffer) in [
        (6, "abcd", "abcd\0#"),
        (5, "abcd", "abcd\0"),
        (4, "abcd", "abcd"),
        (2, "ab", "ab"),
        (0, "", ""),
    ] {
        let mut destination = Text::with_room("", room);
        call!(RtlCopyUnicodeString(destination.as_ptr(), source.as_ptr()));
        assert_eq!(
            (destination.text().as_str(), destination.buffer().as_str()),
            (copied, buffer)
        );
    }
    let mut destination = Text::with_room("old", 5);
    call!(RtlCopyUnicodeString(destination.as_ptr(), std::ptr::null()));
    assert_eq!(destination.text(), "");
}

#[test]
fn appending_is_all_or_nothing() {
    type Append = unsafe extern "system" fn(*mut UNICODE_STRING, *const u16) -> i32;
    let machine = machine();
    in_kernel(&machine, || {
        let address = routine("RtlAppendUnicodeToString");
        // SAFETY: that is the routine's type.
        let append = unsafe { std::mem::transmute::<PVOID, Append>(address) };
        let mut text = Text::with_room("ab", 6);
        let source = wide("cd\0");
        // SAFETY: the strings are valid.
        let status = unsafe { append(text.as_ptr(), source.as_ptr()) };
        assert_eq!((status, text.buffer().as_str()), (0, "abcd\0#"));
        let source = wide("efg\0");
        // SAFETY: as above.
        let status = unsafe { append(text.as_ptr(), source.as_ptr()) };
        assert_eq!(
            (status, text.text().as_str()),
            (crate::support::BUFFER_TOO_SMALL, "abcd")
        );
    });
}

#[test]
fn characters_are_upcased_one_by_one() {
    for (from, to) in [
        ('a', 'A'),
        ('Z', 'Z'),
        ('1', '1'),
        ('ä', 'Ä'),
        ('ß', 'ß'),
        ('ÿ', 'Ÿ'),
        ('я', 'Я'),
    ] {
        let unit = |letter| u32::from(letter) as u16;
        assert_eq!(call!(RtlUpcaseUnicodeChar(unit(from))), unit(to), "{from}");
    }
}

fn routine(name: &str) -> PVOID {
    let mut name = Text::new(name);
    call!(MmGetSystemRoutineAddress(name.as_ptr()))
}

#[test]
fn routines_are_found_by_name() {
    let machine = machine();
    in_kernel(&machine, || {
        let close = wdm_sys::ZwClose as *const ();
        assert_eq!(routine("ZwClose").addr(), close.addr());
        let newer = wdm_sys::CmCallbackGetKeyObjectIDEx as *const ();
        assert_eq!(routine("CmCallbackGetKeyObjectIDEx").addr(), newer.addr());
        // What linked drivers get from the host, and what nobody has.
        for name in ["memcpy", "zwclose", "NtNoSuchRoutine", ""] {
            assert!(routine(name).is_null(), "{name}");
        }
    });
    assert!(machine.report().findings.is_empty());
}

#[test]
fn addresses_are_checked_without_a_fault() {
    let machine = machine();
    in_kernel(&machine, || {
        let here = 0_u8;
        let valid = |address: *const u8| call!(MmIsAddressValid(address.cast_mut().cast()));
        assert_eq!(valid(&raw const here), 1);
        assert_eq!(valid(std::ptr::null()), 0);
        let key = crate::support::object_of(crate::support::open_key(crate::support::KEY, 0));
        assert_eq!(valid(key.cast_const().cast()), 0, "objects are not memory");
    });
}

#[test]
fn good_memory_passes_the_probes() {
    let machine = machine();
    in_kernel(&machine, || {
        let mut memory = [0_u64; 1024];
        let length = size_of_val(&memory) as u64;
        call!(ProbeForRead(memory.as_ptr().cast(), length, 8));
        call!(ProbeForWrite(memory.as_mut_ptr().cast(), length, 8));
        // Nothing is probed for a length of 0.
        call!(ProbeForRead(std::ptr::without_provenance(3), 0, 8));
        call!(ProbeForWrite(
            std::ptr::without_provenance_mut(usize::MAX),
            0,
            1
        ));
    });
    assert!(machine.report().findings.is_empty());
}

#[inline(never)]
fn capture(skip: u32) -> (Vec<PVOID>, u32) {
    let mut frames = [std::ptr::null_mut(); 8];
    let mut hash = 0;
    let count = call!(RtlCaptureStackBackTrace(
        skip,
        frames.len() as u32,
        frames.as_mut_ptr(),
        &raw mut hash
    ));
    (frames[..usize::from(count)].to_vec(), hash)
}

#[test]
fn a_stack_trace_tells_callers_apart() {
    let machine = machine();
    in_kernel(&machine, || {
        // A number of rounds that the compiler does not know leaves one call in one loop.
        let rounds = std::hint::black_box(vec![0, 0, 1]);
        let traces: Vec<_> = rounds.into_iter().map(capture).collect();
        let [(first, hash), again, (skipped, _)] = &traces[..] else {
            unreachable!("there are three rounds");
        };
        assert!(first.len() >= 3, "this test has callers");
        assert!(first.iter().all(|frame| !frame.is_null()));
        let sum = first
            .iter()
            .fold(0_u32, |sum, frame| sum.wrapping_add(frame.addr() as u32));
        assert_eq!(*hash, sum);
        assert_eq!(
            (first, hash),
            (&again.0, &again.1),
            "one place, called from a loop"
        );
        assert_eq!(first[1..], skipped[..first.len() - 1], "all but the first");
        let (elsewhere, other) = capture(0);
        assert_ne!((elsewhere, other), (first.clone(), *hash));
    });
}
