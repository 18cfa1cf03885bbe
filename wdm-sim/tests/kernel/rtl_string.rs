//! The runtime library's narrow strings, conversions, numbers, GUIDs and hashes.

use std::ffi::{CStr, c_char};
use std::ptr::null_mut;

use wdm_sim::Rule;
use wdm_sys::{BOOLEAN, GUID, NTSTATUS, PUNICODE_STRING, UNICODE_STRING};

use crate::support::{
    INVALID_PARAMETER, SUCCESS, Text, entry, findings_of, in_kernel, machine, on, only,
};

const OVERFLOW: NTSTATUS = 0x8000_0005_u32.cast_signed();

unsafe extern "system" {
    fn RtlDuplicateUnicodeString(flags: u32, source: PUNICODE_STRING, to: PUNICODE_STRING) -> i32;
    fn RtlInitUnicodeStringEx(string: PUNICODE_STRING, text: *const u16) -> i32;
    fn RtlInitAnsiString(destination: PUNICODE_STRING, source: *const c_char);
    fn RtlAnsiStringToUnicodeString(
        to: PUNICODE_STRING,
        of: PUNICODE_STRING,
        new: BOOLEAN,
    ) -> NTSTATUS;
    fn RtlUnicodeStringToAnsiString(
        to: PUNICODE_STRING,
        of: PUNICODE_STRING,
        new: BOOLEAN,
    ) -> NTSTATUS;
    fn RtlFreeUnicodeString(string: PUNICODE_STRING);
    fn RtlFreeAnsiString(string: PUNICODE_STRING);
    fn RtlUpcaseUnicodeString(to: PUNICODE_STRING, of: PUNICODE_STRING, new: BOOLEAN) -> NTSTATUS;
    fn RtlDowncaseUnicodeChar(character: u16) -> u16;
    fn RtlCompareString(a: PUNICODE_STRING, b: PUNICODE_STRING, fold: BOOLEAN) -> i32;
    fn RtlEqualString(a: PUNICODE_STRING, b: PUNICODE_STRING, fold: BOOLEAN) -> BOOLEAN;
    fn RtlIntegerToUnicodeString(value: u32, base: u32, string: PUNICODE_STRING) -> NTSTATUS;
    fn RtlInt64ToUnicodeString(value: u64, base: u32, string: PUNICODE_STRING) -> NTSTATUS;
    fn RtlUnicodeStringToInteger(string: PUNICODE_STRING, base: u32, value: *mut u32) -> NTSTATUS;
    fn RtlGUIDFromString(string: PUNICODE_STRING, guid: *mut GUID) -> NTSTATUS;
    fn RtlStringFromGUID(guid: *const GUID, string: PUNICODE_STRING) -> NTSTATUS;
    fn RtlHashUnicodeString(of: PUNICODE_STRING, fold: BOOLEAN, how: u32, to: *mut u32)
    -> NTSTATUS;
    fn PsGetVersion(
        major: *mut u32,
        minor: *mut u32,
        build: *mut u32,
        sp: PUNICODE_STRING,
    ) -> BOOLEAN;
    fn RtlIsNtDdiVersionAvailable(version: u32) -> BOOLEAN;
}

fn empty() -> UNICODE_STRING {
    UNICODE_STRING {
        Length: 0,
        MaximumLength: 0,
        Buffer: null_mut(),
    }
}

fn ansi(text: &CStr) -> UNICODE_STRING {
    let mut string = empty();
    on!(RtlInitAnsiString(&raw mut string, text.as_ptr()));
    string
}

/// The text of a string that a routine made.
fn text_of(string: &UNICODE_STRING) -> String {
    let units = usize::from(string.Length) / 2;
    // SAFETY: the routine gave so many units.
    String::from_utf16_lossy(unsafe { std::slice::from_raw_parts(string.Buffer, units) })
}

#[test]
fn strings_are_converted_into_new_memory() {
    let machine = machine();
    in_kernel(&machine, || {
        let mut narrow = ansi(c"narrow \xC3\xA4");
        assert_eq!((narrow.Length, narrow.MaximumLength), (9, 10));
        let mut wide = empty();
        let status = on!(RtlAnsiStringToUnicodeString(
            &raw mut wide,
            &raw mut narrow,
            1
        ));
        assert_eq!((status, text_of(&wide)), (SUCCESS, "narrow ä".to_owned()));
        assert_eq!((wide.Length, wide.MaximumLength), (16, 18));
        let mut back = empty();
        on!(RtlUnicodeStringToAnsiString(
            &raw mut back,
            &raw mut wide,
            1
        ));
        assert_eq!(on!(RtlCompareString(&raw mut back, &raw mut narrow, 0)), 0);
        on!(RtlFreeAnsiString(&raw mut back));
        on!(RtlFreeUnicodeString(&raw mut wide));
        assert!(wide.Buffer.is_null());
        on!(RtlFreeUnicodeString(&raw mut wide));
    });
    assert!(machine.report().findings.is_empty());
    assert_eq!(machine.report().counters.pool_frees, 2);
}

#[test]
fn strings_are_converted_into_the_callers_memory_if_they_fit() {
    let machine = machine();
    in_kernel(&machine, || {
        let mut narrow = ansi(c"four");
        let mut place = Text::with_room("", 5);
        let status = on!(RtlAnsiStringToUnicodeString(
            place.as_ptr(),
            &raw mut narrow,
            0
        ));
        assert_eq!((status, place.buffer()), (SUCCESS, "four\0".to_owned()));
        let mut place = Text::with_room("", 4);
        let status = on!(RtlAnsiStringToUnicodeString(
            place.as_ptr(),
            &raw mut narrow,
            0
        ));
        assert_eq!((status, place.buffer()), (OVERFLOW, "####".to_owned()));
        let mut place = Text::with_room("", 3);
        let status = on!(RtlUpcaseUnicodeString(
            place.as_ptr(),
            Text::new("aäß").as_ptr(),
            0
        ));
        assert_eq!((status, place.text()), (SUCCESS, "AÄß".to_owned()));
        assert_eq!(on!(RtlDowncaseUnicodeChar(0xC4)), 0xE4);
    });
}

entry! {
    fn forgets_a_string(_driver) {
        let mut place = empty();
        on!(RtlStringFromGUID(&GUID { Data1: 1, Data2: 2, Data3: 3, Data4: [4; 8] }, &raw mut place))
    }
}

#[test]
fn a_string_that_is_not_freed_is_found() {
    only(
        &findings_of(forgets_a_string),
        Rule::PoolLeak,
        "DriverUnload",
    );
}

#[test]
fn narrow_strings_compare() {
    let compare = |a: &CStr, b: &CStr, fold| {
        let (mut a, mut b) = (ansi(a), ansi(b));
        let order = on!(RtlCompareString(&raw mut a, &raw mut b, fold)).signum();
        let equal = on!(RtlEqualString(&raw mut a, &raw mut b, fold));
        assert_eq!(equal == 1, order == 0);
        order
    };
    assert_eq!(compare(c"abc", c"ABC", 0), 1);
    assert_eq!(compare(c"abc", c"ABC", 1), 0);
    assert_eq!(compare(c"ab", c"ABC", 1), -1);
    assert_eq!(compare(c"", c"", 0), 0);
}

#[test]
fn numbers_are_written() {
    let machine = machine();
    in_kernel(&machine, || {
        let write = |value, base, room| {
            let mut place = Text::with_room("", room);
            (
                on!(RtlInt64ToUnicodeString(value, base, place.as_ptr())),
                place.text(),
            )
        };
        assert_eq!(write(1 << 40, 16, 20), (SUCCESS, "10000000000".to_owned()));
        assert_eq!(write(8, 8, 3), (SUCCESS, "10".to_owned()));
        assert_eq!(write(10, 0, 2), (SUCCESS, "10".to_owned()));
        assert_eq!(write(5, 2, 2), (OVERFLOW, String::new()));
        assert_eq!(write(5, 7, 20), (INVALID_PARAMETER, String::new()));
        let mut place = Text::with_room("", 12);
        on!(RtlIntegerToUnicodeString(u32::MAX, 10, place.as_ptr()));
        assert_eq!(place.buffer(), "4294967295\0#");
    });
}

#[test]
fn numbers_are_read() {
    let machine = machine();
    in_kernel(&machine, || {
        let read = |text: &str, base| {
            let mut value = 77;
            let status = on!(RtlUnicodeStringToInteger(
                Text::new(text).as_ptr(),
                base,
                &raw mut value
            ));
            (status == SUCCESS).then_some(value)
        };
        assert_eq!(read("12", 0), Some(12));
        assert_eq!(read("  -1", 10), Some(u32::MAX));
        assert_eq!(read("0x1fG", 0), Some(31));
        assert_eq!(read("0o17", 0), Some(15));
        assert_eq!(read("+0b102", 0), Some(2));
        assert_eq!(
            read("0x10", 16),
            Some(0),
            "the prefix counts for base 0 alone"
        );
        assert_eq!(read("none", 10), Some(0));
        assert_eq!(read("", 10), None);
        assert_eq!(read("1", 3), None);
    });
}

#[test]
fn guids_are_written_and_read() {
    let machine = machine();
    in_kernel(&machine, || {
        let text = "{6B29FC40-CA47-1067-B31D-00DD010662DA}";
        // SAFETY: all-zero bytes are a GUID.
        let mut guid: GUID = unsafe { std::mem::zeroed() };
        let mut read = |text: &str| on!(RtlGUIDFromString(Text::new(text).as_ptr(), &raw mut guid));
        assert_eq!(read(text), SUCCESS);
        for wrong in [
            "",
            "{}",
            &text[1..],
            "{6B29FC40-CA47-1067-B31D-00DD010662D+}",
        ] {
            assert_eq!(read(wrong), INVALID_PARAMETER, "{wrong}");
        }
        assert_eq!((guid.Data1, guid.Data4[7]), (0x6B29_FC40, 0xDA));
        let mut written = empty();
        assert_eq!(
            on!(RtlStringFromGUID(&raw const guid, &raw mut written)),
            SUCCESS
        );
        assert_eq!(text_of(&written), text);
        on!(RtlFreeUnicodeString(&raw mut written));
    });
}

#[test]
fn hashes_fold_case_if_asked() {
    let machine = machine();
    in_kernel(&machine, || {
        let hash = |text: &str, fold, algorithm| {
            let mut value = 0;
            let mut text = Text::new(text);
            let status = on!(RtlHashUnicodeString(
                text.as_ptr(),
                fold,
                algorithm,
                &raw mut value
            ));
            (status == SUCCESS).then_some(value)
        };
        assert_eq!(hash("ab", 0, 1), Some(97 * 65599 + 98));
        assert_eq!(hash("ab", 1, 0), hash("AB", 0, 1));
        assert_eq!(hash("ab", 0, 2), None);
    });
}

#[test]
fn the_version_is_the_profiles() {
    let machine = machine();
    in_kernel(&machine, || {
        let (mut major, mut build) = (0, 0);
        let (major_at, build_at) = (&raw mut major, &raw mut build);
        assert_eq!(
            on!(PsGetVersion(major_at, null_mut(), build_at, null_mut())),
            0
        );
        assert_eq!((major, build), (10, 19045));
        let available =
            [0x0601_0000, 0x0A00_0000, 0x0B00_0000].map(|it| on!(RtlIsNtDdiVersionAvailable(it)));
        assert_eq!(available, [1, 1, 0]);
    });
}

#[test]
fn a_string_is_duplicated_with_a_nul_or_without() {
    let machine = machine();
    in_kernel(&machine, || {
        let duplicate = |text: &str, flags: u32| {
            let mut source = Text::new(text);
            let mut copy = UNICODE_STRING {
                Length: 7,
                MaximumLength: 7,
                Buffer: null_mut(),
            };
            let status = on!(RtlDuplicateUnicodeString(
                flags,
                source.as_ptr(),
                &raw mut copy
            ));
            let described = (
                status,
                copy.Length,
                copy.MaximumLength,
                copy.Buffer.is_null(),
            );
            if status == SUCCESS {
                on!(RtlFreeUnicodeString(&raw mut copy));
            }
            described
        };
        assert_eq!(duplicate("ab", 0), (SUCCESS, 4, 4, false));
        assert_eq!(duplicate("ab", 1), (SUCCESS, 4, 6, false));
        assert_eq!(duplicate("", 1), (SUCCESS, 0, 0, true));
        assert_eq!(duplicate("", 3), (SUCCESS, 0, 2, false));
        assert_eq!(duplicate("ab", 2).0, INVALID_PARAMETER);
        let long = [[0x61; 0x7FFF].as_slice(), &[0]].concat();
        let mut string = UNICODE_STRING {
            Length: 0,
            MaximumLength: 0,
            Buffer: null_mut(),
        };
        let status = on!(RtlInitUnicodeStringEx(&raw mut string, long.as_ptr()));
        assert_eq!(status, 0xC000_0106_u32 as i32);
    });
    let counters = machine.report().counters;
    assert_eq!(counters.pool_allocations, counters.pool_frees);
}
