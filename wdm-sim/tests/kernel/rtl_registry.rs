//! The registry through the runtime library.

use std::ptr::{null, null_mut, with_exposed_provenance_mut};
use std::sync::Mutex;

use wdm_sim::{KeyAccess, Machine};
use wdm_sys::{PVOID, UNICODE_STRING};

use crate::support::{NAME_NOT_FOUND, SUCCESS, TYPE_MISMATCH, in_kernel, machine, on};

#[repr(C)]
struct Entry {
    routine: PVOID,
    flags: u32,
    name: *const u16,
    context: PVOID,
    default_type: u32,
    default_data: *const u8,
    default_length: u32,
}

unsafe extern "system" {
    fn RtlQueryRegistryValues(
        place: u32,
        path: *const u16,
        table: *const Entry,
        context: PVOID,
        environment: PVOID,
    ) -> i32;
    fn RtlWriteRegistryValue(
        place: u32,
        path: *const u16,
        name: *const u16,
        kind: u32,
        data: *const u8,
        length: u32,
    ) -> i32;
    fn RtlDeleteRegistryValue(place: u32, path: *const u16, name: *const u16) -> i32;
    fn RtlCheckRegistryKey(place: u32, path: *const u16) -> i32;
    fn RtlCreateRegistryKey(place: u32, path: *const u16) -> i32;
}

const SERVICES: u32 = 1;
const REG_SZ: u32 = 1;
const REG_DWORD: u32 = 4;
const REG_MULTI_SZ: u32 = 7;
const REG_QWORD: u32 = 11;
const SUBKEY: u32 = 1;
const REQUIRED: u32 = 4;
const NOEXPAND: u32 = 0x10;
const DIRECT: u32 = 0x20;
const DELETE: u32 = 0x40;
const TYPECHECK: u32 = 0x100;
const BUFFER_TOO_SMALL: i32 = 0xC000_0023_u32 as i32;

fn wide(text: &str) -> Vec<u16> {
    text.encode_utf16().chain([0]).collect()
}

fn bytes(text: &str) -> Vec<u8> {
    wide(text).into_iter().flat_map(u16::to_le_bytes).collect()
}

fn write(path: &str, name: &str, kind: u32, data: &[u8]) -> i32 {
    let (path, name) = (wide(path), wide(name));
    let (data, length) = (data.as_ptr(), data.len() as u32);
    on!(RtlWriteRegistryValue(
        SERVICES,
        path.as_ptr(),
        name.as_ptr(),
        kind,
        data,
        length
    ))
}

/// An entry that stores a value at a place.
fn direct<T>(name: &[u16], place: *mut T, expected: u32, flags: u32) -> Entry {
    Entry {
        routine: null_mut(),
        flags: DIRECT | TYPECHECK | NOEXPAND | flags,
        name: name.as_ptr(),
        context: place.cast(),
        default_type: expected << 24,
        default_data: null(),
        default_length: 0,
    }
}

fn end() -> Entry {
    Entry {
        flags: 0,
        name: null(),
        ..direct(&[0], null_mut::<u8>(), 0, 0)
    }
}

fn query(path: &str, entries: Vec<Entry>, context: PVOID) -> i32 {
    let path = wide(path);
    let mut table = entries;
    table.push(end());
    on!(RtlQueryRegistryValues(
        SERVICES,
        path.as_ptr(),
        table.as_ptr(),
        context,
        null_mut()
    ))
}

fn with_values(body: impl FnOnce(&Machine)) {
    let machine = machine();
    in_kernel(&machine, || {
        assert_eq!(
            write("Rtl", "Number", REG_DWORD, &7_u32.to_le_bytes()),
            SUCCESS
        );
        assert_eq!(write("Rtl", "Text", REG_SZ, &bytes("abc")), SUCCESS);
        assert_eq!(
            write("Rtl", "Long", REG_QWORD, &9_u64.to_le_bytes()),
            SUCCESS
        );
        assert_eq!(
            write(r"Rtl\Sub", "Texts", REG_MULTI_SZ, &bytes("one\0two\0")),
            SUCCESS
        );
        body(&machine);
    });
    assert_eq!(machine.report().findings, []);
}

#[test]
fn keys_are_made_checked_and_written_below_a_place() {
    let machine = machine();
    in_kernel(&machine, || {
        let path = wide("Rtl");
        assert_eq!(
            on!(RtlCheckRegistryKey(SERVICES, path.as_ptr())),
            NAME_NOT_FOUND
        );
        assert_eq!(on!(RtlCreateRegistryKey(SERVICES, path.as_ptr())), SUCCESS);
        assert_eq!(on!(RtlCheckRegistryKey(SERVICES, path.as_ptr())), SUCCESS);
        assert_eq!(
            on!(RtlCheckRegistryKey(9, path.as_ptr())),
            0xC000_000D_u32 as i32
        );
        assert_eq!(
            write("Rtl", "Number", REG_DWORD, &7_u32.to_le_bytes()),
            SUCCESS
        );
    });
    let app = machine.process("app");
    let thread = app.enter();
    let path = r"\Registry\Machine\SYSTEM\CurrentControlSet\Services\Rtl";
    let key = thread.open_key(path, KeyAccess::READ).expect("it is there");
    assert_eq!(
        key.query_value("Number").expect("it is there").data,
        7_u32.to_le_bytes()
    );
    in_kernel(&machine, || {
        let (path, name) = (wide("Rtl"), wide("Number"));
        let delete = || {
            on!(RtlDeleteRegistryValue(
                SERVICES,
                path.as_ptr(),
                name.as_ptr()
            ))
        };
        assert_eq!([delete(), delete()], [SUCCESS, NAME_NOT_FOUND]);
    });
    assert_eq!(machine.report().findings, []);
}

#[test]
fn values_are_stored_where_the_table_says() {
    with_values(|_| {
        let (mut number, mut room) = (0_u32, [0_u16; 8]);
        let mut text = UNICODE_STRING {
            Length: 0,
            MaximumLength: 16,
            Buffer: room.as_mut_ptr(),
        };
        let mut allocated = UNICODE_STRING {
            Length: 0,
            MaximumLength: 0,
            Buffer: null_mut(),
        };
        let mut only_data = [(-8_i32).cast_unsigned(), 0];
        let mut with_header = [16_u32, 0, 0, 0];
        let (number_name, text_name) = (wide("Number"), wide("Text"));
        let (long_name, sub_name, texts_name) = (wide("Long"), wide("Sub"), wide("Texts"));
        let subkey = Entry {
            flags: SUBKEY,
            ..direct(&sub_name, null_mut::<u8>(), 0, 0)
        };
        let status = query(
            "Rtl",
            vec![
                direct(&number_name, &raw mut number, REG_DWORD, REQUIRED),
                direct(&text_name, &raw mut text, REG_SZ, 0),
                direct(&long_name, only_data.as_mut_ptr(), REG_QWORD, 0),
                direct(&long_name, with_header.as_mut_ptr(), REG_QWORD, 0),
                subkey,
                direct(&texts_name, &raw mut allocated, REG_MULTI_SZ, 0),
            ],
            null_mut(),
        );
        assert_eq!(status, SUCCESS);
        assert_eq!((number, text.Length), (7, 6));
        assert_eq!(String::from_utf16_lossy(&room[..3]), "abc");
        assert_eq!(only_data, [9, 0]);
        assert_eq!(with_header, [8, REG_QWORD, 9, 0]);
        assert_eq!(allocated.Length, 18);
        // SAFETY: the routine allocated it.
        unsafe { wdm_sys::ExFreePoolWithTag(allocated.Buffer.cast(), 0) };
    });
}

#[test]
fn what_does_not_fit_or_is_of_another_type_is_refused() {
    with_values(|_| {
        let mut number = 1_u32;
        let mut buffer = [15_u32, 0, 0, 0];
        let mut text = UNICODE_STRING {
            Length: 0,
            MaximumLength: 6,
            Buffer: (&raw mut buffer).cast(),
        };
        let (text_name, long_name) = (wide("Text"), wide("Long"));
        let stored = query(
            "Rtl",
            vec![direct(&text_name, &raw mut number, REG_DWORD, 0)],
            null_mut(),
        );
        assert_eq!((stored, number), (TYPE_MISMATCH, 1));
        let stored = query(
            "Rtl",
            vec![direct(&long_name, buffer.as_mut_ptr(), REG_QWORD, 0)],
            null_mut(),
        );
        assert_eq!(stored, BUFFER_TOO_SMALL);
        let stored = query(
            "Rtl",
            vec![direct(&text_name, &raw mut text, REG_SZ, 0)],
            null_mut(),
        );
        assert_eq!(stored, BUFFER_TOO_SMALL);
        assert_eq!(query("None", vec![], null_mut()), NAME_NOT_FOUND);
    });
}

#[test]
fn a_default_stands_in_unless_the_value_is_required() {
    with_values(|_| {
        let (mut number, default) = (0_u32, 5_u32);
        let missing = wide("Missing");
        let entry = |kind: u32, flags: u32, place: *mut u32| Entry {
            default_type: REG_DWORD << 24 | kind,
            default_data: (&raw const default).cast(),
            default_length: 4,
            ..direct(&missing, place, 0, flags)
        };
        let place = &raw mut number;
        assert_eq!(query("Rtl", vec![entry(0, 0, place)], null_mut()), SUCCESS);
        assert_eq!(number, 0);
        let place = &raw mut number;
        let required = query("Rtl", vec![entry(0, REQUIRED, place)], null_mut());
        assert_eq!(required, NAME_NOT_FOUND);
        let place = &raw mut number;
        assert_eq!(
            query("Rtl", vec![entry(REG_DWORD, REQUIRED, place)], null_mut()),
            SUCCESS
        );
        assert_eq!(number, 5);
    });
}

type Told = Mutex<Vec<(String, u32, Vec<u8>)>>;

unsafe extern "system" fn tell(
    name: *const u16,
    kind: u32,
    data: *const u8,
    length: u32,
    told: *const Told,
    entry: PVOID,
) -> i32 {
    // SAFETY: the name is NUL-terminated.
    let ends = |at: &usize| unsafe { name.wrapping_add(*at).read() } == 0;
    let end = (0..).find(ends).expect("it ends");
    // SAFETY: as above.
    let name = String::from_utf16_lossy(unsafe { std::slice::from_raw_parts(name, end) });
    // SAFETY: the routine gave that many bytes.
    let data = unsafe { std::slice::from_raw_parts(data, length as usize) }.to_vec();
    assert_eq!(entry.addr(), 0x77);
    // SAFETY: the test passed it.
    let told = unsafe { &*told };
    told.lock().expect("no panic").push((name, kind, data));
    // Ignored, says the page.
    BUFFER_TOO_SMALL
}

#[test]
fn a_routine_is_told_of_all_values_and_each_text_of_several() {
    with_values(|_| {
        let told = Told::default();
        let all = |path: &str, flags: u32| {
            let routine = tell as *const ();
            let entry = Entry {
                routine: with_exposed_provenance_mut(routine.expose_provenance()),
                flags,
                name: null(),
                context: std::ptr::without_provenance_mut(0x77),
                ..end()
            };
            let context = (&raw const told).cast_mut().cast();
            assert_eq!(query(path, vec![entry], context), SUCCESS);
            std::mem::take(&mut *told.lock().expect("no panic"))
        };
        let mut values = all("Rtl", 0);
        values.sort();
        let names: Vec<&str> = values.iter().map(|(name, ..)| name.as_str()).collect();
        assert_eq!(names, ["Long", "Number", "Text"]);
        assert_eq!(values[1].2, 7_u32.to_le_bytes());
        let texts = |kind, data| ("Texts".to_owned(), kind, data);
        let each = [texts(REG_SZ, bytes("one")), texts(REG_SZ, bytes("two"))];
        assert_eq!(all(r"Rtl\Sub", 0), each);
        let whole = texts(REG_MULTI_SZ, bytes("one\0two\0"));
        assert_eq!(all(r"Rtl\Sub", NOEXPAND), [whole]);
        // What was told of is deleted.
        assert_eq!(all("Rtl", DELETE).len(), 3);
        assert_eq!(all("Rtl", 0), []);
    });
}
