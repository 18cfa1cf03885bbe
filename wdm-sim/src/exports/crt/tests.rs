//! The C runtime as `.sys` files call it.

use std::ffi::{CStr, CString};

use proptest::prelude::*;

use crate::call::Abi;
use crate::exports::address;
use crate::machine::{Caller, DriverId, Machine, Profile};

/// Calls a routine: its name, and its arguments with their types.
macro_rules! crt {
    ($name:ident($($argument:expr => $type:ty),*) -> $result:ty) => {{
        let address = address(Profile::Win11, stringify!($name), Abi::Win64);
        let address = address.expect("the kernel has it");
        // SAFETY: each test gives the routine's own type.
        let routine = unsafe {
            std::mem::transmute::<*const (), unsafe extern "win64" fn($($type),*) -> $result>(address)
        };
        // SAFETY: each test gives what the routine wants.
        unsafe { routine($($argument),*) }
    }};
}

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

fn until_nul<T: PartialEq + Default>(units: &[T]) -> &[T] {
    let end = units.iter().position(|unit| *unit == T::default());
    &units[..end.expect("it ends")]
}

#[test]
fn text_is_copied_appended_and_padded() {
    let mut out = [b'#'; 16];
    let place = out.as_mut_ptr();
    crt!(strcpy(place => *mut u8, c"abc".as_ptr() => *const i8) -> *mut u8);
    crt!(strcat(place => *mut u8, c"de".as_ptr() => *const i8) -> *mut u8);
    crt!(strncat(place => *mut u8, c"fgh".as_ptr() => *const i8, 2 => usize) -> *mut u8);
    assert_eq!(&out[..9], b"abcdefg\0#");
    let place = out.as_mut_ptr();
    crt!(strncpy(place => *mut u8, c"xy".as_ptr() => *const i8, 4 => usize) -> *mut u8);
    assert_eq!(&out[..6], b"xy\0\0ef");
    let mut out = [7_u16; 8];
    let place = out.as_mut_ptr();
    crt!(wcsncpy(place => *mut u16, wide("abcd").as_ptr() => *const u16, 2 => usize) -> *mut u16);
    assert_eq!(out[..3], [0x61, 0x62, 7], "no NUL if there is no room");
}

#[test]
fn what_does_not_fit_is_an_error_and_leaves_an_empty_text() {
    let long = wide("abcd");
    let copy = |room: usize, count: Option<usize>| {
        let mut out = [7_u16; 6];
        let (place, long) = (out.as_mut_ptr(), long.as_ptr());
        let result = match count {
            None => {
                crt!(wcscpy_s(place => *mut u16, room => usize, long => *const u16) -> i32)
            }
            Some(count) => {
                crt!(wcsncpy_s(
                    place => *mut u16,
                    room => usize,
                    long => *const u16,
                    count => usize
                ) -> i32)
            }
        };
        let end = out.iter().position(|&unit| unit == 0);
        (result, end)
    };
    assert_eq!(copy(5, None), (0, Some(4)));
    assert_eq!(copy(4, None), (34, Some(0)));
    assert_eq!(copy(0, None), (22, None));
    assert_eq!(copy(4, Some(3)), (0, Some(3)));
    assert_eq!(copy(4, Some(9)), (34, Some(0)));
    assert_eq!(copy(4, Some(usize::MAX)), (80, Some(3)), "_TRUNCATE");
    let null = std::ptr::null::<u16>();
    let mut out = [7_u16; 2];
    let place = out.as_mut_ptr();
    let refused = crt!(wcscpy_s(place => *mut u16, 2 => usize, null => *const u16) -> i32);
    assert_eq!((refused, out[0]), (22, 0));
    let mut out = wide("ab");
    let place = out.as_mut_ptr();
    let full =
        crt!(wcscat_s(place => *mut u16, 3 => usize, wide("c").as_ptr() => *const u16) -> i32);
    assert_eq!((full, out[0]), (34, 0));
}

#[test]
fn text_is_searched() {
    let text = c"a-b-c";
    let offset = |found: *const u8| found.addr().checked_sub(text.as_ptr().addr());
    let find = |wanted: &CStr| {
        offset(crt!(strstr(text.as_ptr() => *const i8, wanted.as_ptr() => *const i8) -> *mut u8))
    };
    assert_eq!(
        [find(c"b-"), find(c""), find(c"x")],
        [Some(2), Some(0), None]
    );
    let dash = i32::from(b'-');
    let first = crt!(strchr(text.as_ptr() => *const i8, dash => i32) -> *mut u8);
    let last = crt!(strrchr(text.as_ptr() => *const i8, dash => i32) -> *mut u8);
    let nul = crt!(strchr(text.as_ptr() => *const i8, 0 => i32) -> *mut u8);
    assert_eq!(
        [first, last, nul].map(|it| offset(it)),
        [Some(1), Some(3), Some(5)]
    );
    let none = crt!(memchr(text.as_ptr() => *const i8, 0x63 => i32, 4 => usize) -> *mut u8);
    assert!(none.is_null());
    let (digits, set) = (wide("1234x"), wide("4321"));
    let span = crt!(wcsspn(digits.as_ptr() => *const u16, set.as_ptr() => *const u16) -> usize);
    assert_eq!(span, 4);
}

#[test]
fn case_is_changed_and_ignored() {
    let mut text = wide("Größe");
    crt!(_wcsupr(text.as_mut_ptr() => *mut u16) -> *mut u16);
    assert_eq!(text, wide("GRÖßE"));
    crt!(_wcslwr(text.as_mut_ptr() => *mut u16) -> *mut u16);
    assert_eq!(text, wide("größe"));
    let refused = crt!(_wcsupr_s(text.as_mut_ptr() => *mut u16, 5 => usize) -> i32);
    assert_eq!((refused, text[0]), (22, 0), "it does not end there");
    let compare = |a: &CStr, b: &CStr, most: usize| crt!(_strnicmp(a.as_ptr() => *const i8, b.as_ptr() => *const i8, most => usize) -> i32);
    assert_eq!(compare(c"ABCx", c"abcy", 3), 0);
    assert_eq!(compare(c"ABCx", c"abcy", 4), -1);
    assert_eq!(crt!(towupper(0xE4 => u16) -> u16), 0xC4);
    assert_eq!(crt!(toupper(-1 => i32) -> i32), -1);
    assert_eq!(crt!(isspace(0x0B => i32) -> i32), 1);
}

#[test]
fn numbers_are_read_as_far_as_they_go() {
    let read = |text: &CStr| crt!(atoi(text.as_ptr() => *const i8) -> i32);
    let read = [c" \t-12x", c"+7", c"x", c"", c"99999999999"].map(read);
    assert_eq!(read, [-12, 7, 0, 0, i32::MAX]);
    let read = |text: &str, base: i32| {
        let text = wide(text);
        let mut end = std::ptr::null::<u16>();
        let value = crt!(wcstoul(
            text.as_ptr() => *const u16,
            &raw mut end => *mut *const u16,
            base => i32
        ) -> u32);
        (value, (end.addr() - text.as_ptr().addr()) / 2)
    };
    assert_eq!(read("0x1Fz", 0), (0x1F, 4));
    assert_eq!(read("0x1F", 16), (0x1F, 4));
    assert_eq!(read("0xg", 16), (0, 1));
    assert_eq!(read("017", 0), (0o17, 3));
    assert_eq!(read("-1", 10), (u32::MAX, 2));
    assert_eq!(read("99999999999", 10), (u32::MAX, 11));
    assert_eq!(read(" +", 10), (0, 0));
}

#[test]
fn printing_into_a_buffer_of_known_size_ends_it() {
    let print = |room: usize, count: usize| {
        let mut out = *b"########";
        let result = crt!(_snprintf_s(
            out.as_mut_ptr() => *mut u8,
            room => usize,
            count => usize,
            c"%d-%s".as_ptr() => *const i8,
            12 => u64,
            c"ab".as_ptr().expose_provenance() as u64 => u64
        ) -> i32);
        (result, CString::new(until_nul(&out)).expect("no NUL"))
    };
    assert_eq!(print(8, 7), (5, c"12-ab".to_owned()));
    assert_eq!(print(6, 9), (5, c"12-ab".to_owned()));
    assert_eq!(print(5, 9), (-1, c"".to_owned()));
    assert_eq!(print(5, usize::MAX), (-1, c"12-a".to_owned()));
    assert_eq!(print(8, 3), (-1, c"12-".to_owned()));
    let mut out = [7_u16; 8];
    let format = wide("%ws=%u");
    let result = crt!(swprintf_s(
        out.as_mut_ptr() => *mut u16,
        8 => usize,
        format.as_ptr() => *const u16,
        wide("x").as_ptr().expose_provenance() as u64 => u64,
        5 => u64
    ) -> i32);
    assert_eq!((result, until_nul(&out)), (3, until_nul(&wide("x=5"))));
    let mut out = *b"########";
    let place = out.as_mut_ptr();
    let format = c"%c%c%c".as_ptr();
    let result = crt!(sprintf(
        place => *mut u8,
        format => *const i8,
        97 => u64,
        98 => u64,
        99 => u64
    ) -> i32);
    assert_eq!((result, &out), (3, b"abc\0####"));
}

/// Compares two numbers, as a driver's function.
unsafe extern "win64" fn compare(a: *const u16, b: *const u16) -> i32 {
    // SAFETY: the routines pass pointers to elements.
    let a = unsafe { a.read() };
    // SAFETY: as above.
    let b = unsafe { b.read() };
    i32::from(a) - i32::from(b)
}

proptest! {
    #[test]
    fn what_is_sorted_is_found(mut numbers in prop::collection::vec(any::<u16>(), 0..40)) {
        let machine = Machine::builder().build().expect("it builds");
        let guard = machine.system_process().enter();
        let driver = Caller { driver: DriverId::NONE, abi: Abi::Win64 };
        guard.thread().with_caller(driver, || {
            let mut expected = numbers.clone();
            expected.sort_unstable();
            let (place, count) = (numbers.as_mut_ptr(), numbers.len());
            let function = compare as *const ();
            crt!(qsort(
                place => *mut u16,
                count => usize,
                2 => usize,
                function => *const ()
            ) -> ());
            assert_eq!(numbers, expected);
            for wanted in expected.iter().copied().chain([0, 7, u16::MAX]) {
                let found = crt!(bsearch(
                    &raw const wanted => *const u16,
                    place => *const u16,
                    count => usize,
                    2 => usize,
                    function => *const ()
                ) -> *const u16);
                let at = (found.addr().wrapping_sub(place.addr())) / 2;
                assert_eq!(!found.is_null(), expected.contains(&wanted));
                assert!(found.is_null() || expected[at] == wanted);
            }
        });
    }

    #[test]
    fn numbers_are_written_as_rust_writes_them(value in any::<i64>(), room in 1..24_usize) {
        let write = |base: i32| {
            let mut out = [b'#'; 80];
            let place = out.as_mut_ptr();
            let result =
                crt!(_i64toa_s(value => i64, place => *mut u8, 80 => usize, base => i32) -> i32);
            assert_eq!(result, 0);
            String::from_utf8(until_nul(&out).to_vec()).expect("ASCII")
        };
        prop_assert_eq!(write(10), value.to_string());
        prop_assert_eq!(write(16), format!("{value:x}"));
        prop_assert_eq!(write(2), format!("{value:b}"));
        let mut out = [7_u16; 24];
        let place = out.as_mut_ptr();
        let result =
            crt!(_i64tow_s(value => i64, place => *mut u16, room => usize, 10 => i32) -> i32);
        let text = value.to_string();
        let fits = text.len() < room;
        prop_assert_eq!(result, if fits { 0 } else { 34 });
        let text = if fits { text.as_str() } else { "" };
        prop_assert_eq!(String::from_utf16_lossy(until_nul(&out)), text);
    }

    #[test]
    fn comparing_is_as_of_slices(a in "[a-cA-C]{0,6}", b in "[a-cA-C]{0,6}", most in 0..8_usize) {
        let c = |text: &str| CString::new(text).expect("no NUL");
        let cut = |text: &str| text[..most.min(text.len())].to_owned();
        let (left, right) = (c(&a), c(&b));
        let (left, right) = (left.as_ptr(), right.as_ptr());
        let order = crt!(strncmp(left => *const i8, right => *const i8, most => usize) -> i32);
        prop_assert_eq!(order.cmp(&0), cut(&a).cmp(&cut(&b)));
        let order = crt!(_stricmp(left => *const i8, right => *const i8) -> i32);
        prop_assert_eq!(order.cmp(&0), a.to_lowercase().cmp(&b.to_lowercase()));
    }
}
