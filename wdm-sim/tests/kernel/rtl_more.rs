//! Smaller routines of the runtime library and the executive: bitmaps, lists, strings, identifiers.

use std::cell::Cell;
use std::ptr::null_mut;

use proptest::prelude::*;
use wdm_sim::Rule;
use wdm_sys::{GUID, HANDLE, NonPagedPool, POOL_TYPE, PUNICODE_STRING, PVOID, UNICODE_STRING};

use crate::support::{INVALID_PARAMETER, SUCCESS, Text, in_kernel, machine, only, open_key};

#[repr(C)]
struct Bitmap {
    size: u32,
    words: *mut u32,
}

unsafe extern "system" {
    fn RtlInitializeBitMap(bitmap: *mut Bitmap, words: *mut u32, size: u32);
    fn RtlSetBits(bitmap: *mut Bitmap, first: u32, count: u32);
    fn RtlClearBits(bitmap: *mut Bitmap, first: u32, count: u32);
    fn RtlTestBit(bitmap: *mut Bitmap, bit: u32) -> u8;
    fn RtlNumberOfSetBits(bitmap: *mut Bitmap) -> u32;
    fn RtlFindClearBitsAndSet(bitmap: *mut Bitmap, count: u32, hint: u32) -> u32;
    fn RtlAreBitsClear(bitmap: *mut Bitmap, first: u32, count: u32) -> u8;
    fn ExInterlockedInsertHeadList(head: *mut Links, entry: *mut Links, lock: PVOID) -> *mut Links;
    fn ExInterlockedInsertTailList(head: *mut Links, entry: *mut Links, lock: PVOID) -> *mut Links;
    fn ExInterlockedRemoveHeadList(head: *mut Links, lock: PVOID) -> *mut Links;
    fn RtlDuplicateUnicodeString(flags: u32, source: PUNICODE_STRING, to: PUNICODE_STRING) -> i32;
    fn RtlFreeUnicodeString(string: PUNICODE_STRING);
    fn RtlInitUnicodeStringEx(string: PUNICODE_STRING, text: *const u16) -> i32;
    fn RtlRandomEx(seed: *mut u32) -> u32;
    fn ExUuidCreate(uuid: *mut GUID) -> i32;
    fn RtlConvertSidToUnicodeString(string: PUNICODE_STRING, sid: *const u8, allocate: u8) -> i32;
    fn RtlInitializeSid(sid: *mut u8, authority: *const [u8; 6], parts: u8) -> i32;
    fn RtlSubAuthoritySid(sid: *mut u8, index: u32) -> *mut u32;
    fn RtlLengthSid(sid: *mut u8) -> u32;
    fn RtlValidSid(sid: *mut u8) -> u8;
    fn RtlCopySid(room: u32, to: *mut u8, from: *mut u8) -> i32;
    fn RtlEqualSid(a: *mut u8, b: *mut u8) -> u8;
    fn ObCloseHandle(handle: HANDLE, mode: i8) -> i32;
    fn ExAllocatePoolWithQuotaTag(pool: POOL_TYPE, size: u64, tag: u32) -> PVOID;
    fn FsRtlIsNameInExpression(
        expression: PUNICODE_STRING,
        name: PUNICODE_STRING,
        ignore_case: u8,
        table: *const u16,
    ) -> u8;
}

/// Calls a routine on what lives.
macro_rules! on {
    ($routine:ident($($argument:expr),* $(,)?)) => {{
        // SAFETY: the arguments live until the call returns.
        unsafe { $routine($($argument),*) }
    }};
}

proptest! {
    #[test]
    fn a_bitmap_is_a_row_of_bits(
        size in 1..80_u32,
        changes in prop::collection::vec((any::<bool>(), 0..90_u32, 0..40_u32), 0..8),
        count in 1..20_u32,
        hint in 0..90_u32,
    ) {
        let mut words = [0_u32; 3];
        let mut bitmap = Bitmap { size: 0, words: null_mut() };
        let bitmap = &raw mut bitmap;
        on!(RtlInitializeBitMap(bitmap, words.as_mut_ptr(), size));
        let mut model = vec![false; size as usize];
        for (set, first, count) in changes {
            match set {
                true => on!(RtlSetBits(bitmap, first, count)),
                false => on!(RtlClearBits(bitmap, first, count)),
            }
            let bits = model.iter_mut().skip(first as usize).take(count as usize);
            bits.for_each(|bit| *bit = set);
        }
        let bits: Vec<bool> = (0..size).map(|bit| on!(RtlTestBit(bitmap, bit)) == 1).collect();
        prop_assert_eq!(&bits, &model);
        let set = model.iter().filter(|&&bit| bit).count();
        prop_assert_eq!(on!(RtlNumberOfSetBits(bitmap)) as usize, set);
        let fits = |first: usize| {
            let row = model.get(first..first + count as usize);
            row.is_some_and(|row| !row.contains(&true))
        };
        let hint_counts = if hint < size { hint as usize } else { 0 };
        let places = (hint_counts..size as usize).chain(0..hint_counts);
        let expected = places.into_iter().find(|&first| fits(first));
        let found = on!(RtlFindClearBitsAndSet(bitmap, count, hint));
        prop_assert_eq!(found, expected.map_or(u32::MAX, |first| first as u32));
        if found != u32::MAX {
            prop_assert_eq!(on!(RtlAreBitsClear(bitmap, found, 1)), 0);
            prop_assert_eq!(on!(RtlNumberOfSetBits(bitmap)) as usize, set + count as usize);
        }
    }
}

#[repr(C)]
struct Links([Cell<*mut Links>; 2]);

#[test]
fn entries_go_in_front_or_to_the_end() {
    let machine = machine();
    in_kernel(&machine, || {
        let mut entries = [(); 4].map(|()| Links([const { Cell::new(null_mut()) }; 2]));
        let [head, a, b, c] = entries.each_mut().map(std::ptr::from_mut);
        // SAFETY: the entry lives.
        let [next, previous] = unsafe { &(*head).0 };
        next.set(head);
        previous.set(head);
        let mut lock = 0_usize;
        let lock: PVOID = (&raw mut lock).cast();
        assert!(on!(ExInterlockedInsertHeadList(head, b, lock)).is_null());
        assert_eq!(on!(ExInterlockedInsertHeadList(head, a, lock)), b);
        assert_eq!(on!(ExInterlockedInsertTailList(head, c, lock)), b);
        let taken = [(); 4].map(|()| on!(ExInterlockedRemoveHeadList(head, lock)));
        assert_eq!(taken, [a, b, c, null_mut()]);
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

#[test]
fn an_identifier_is_built_copied_and_written() {
    let machine = machine();
    in_kernel(&machine, || {
        let (mut sid, mut copy) = ([0_u64; 3], [0_u64; 3]);
        let [sid, copy] = [&mut sid, &mut copy].map(|it| it.as_mut_ptr().cast::<u8>());
        assert_eq!(on!(RtlInitializeSid(sid, &[0, 0, 0, 0, 0, 5], 2)), SUCCESS);
        for (index, part) in [(0, 32), (1, 544)] {
            let place = on!(RtlSubAuthoritySid(sid, index));
            // SAFETY: the part is in the identifier.
            unsafe { place.write(part) };
        }
        assert_eq!((on!(RtlLengthSid(sid)), on!(RtlValidSid(sid))), (16, 1));
        assert_eq!(on!(RtlCopySid(15, copy, sid)), 0xC000_0023_u32 as i32);
        assert_eq!(on!(RtlCopySid(16, copy, sid)), SUCCESS);
        assert_eq!(on!(RtlEqualSid(sid, copy)), 1);
        let mut text = Text::with_room("", 16);
        assert_eq!(
            on!(RtlConvertSidToUnicodeString(text.as_ptr(), sid, 0)),
            SUCCESS
        );
        assert_eq!(text.text(), "S-1-5-32-544");
        assert_eq!(on!(RtlInitializeSid(sid, &[0; 6], 16)), INVALID_PARAMETER);
    });
    assert_eq!(machine.report().findings, []);
}

#[test]
fn random_numbers_and_identifiers_differ() {
    let mut seed = 7;
    let numbers = [(); 3].map(|()| on!(RtlRandomEx(&raw mut seed)));
    assert!(numbers[0] != numbers[1] && numbers[1] != numbers[2]);
    assert!(numbers.iter().all(|&number| number < 0x7FFF_FFFF));
    let create = || {
        let mut uuid = GUID {
            Data1: 0,
            Data2: 0,
            Data3: 0,
            Data4: [0; 8],
        };
        assert_eq!(on!(ExUuidCreate(&raw mut uuid)), SUCCESS);
        assert_eq!((uuid.Data3 >> 12, uuid.Data4[0] >> 6), (4, 2));
        (uuid.Data1, uuid.Data2, uuid.Data4)
    };
    in_kernel(&machine(), || assert_ne!(create(), create()));
}

#[test]
fn a_handle_is_closed_for_the_mode_that_it_belongs_to() {
    let machine = machine();
    in_kernel(&machine, || {
        let handle = open_key(r"\Registry\Machine", wdm_sys::OBJ_KERNEL_HANDLE);
        let (user, kernel) = (1, 0);
        assert_eq!(on!(ObCloseHandle(handle, user)), 0xC000_0008_u32 as i32);
        assert_eq!(on!(ObCloseHandle(handle, kernel)), SUCCESS);
        assert_eq!(machine.report().findings, []);
        on!(ObCloseHandle(handle, kernel));
    });
    only(&machine.report().findings, Rule::Handle, "ObCloseHandle");
}

#[test]
fn an_allocation_by_quota_fails_softly_where_that_is_asked_for() {
    let machine = machine();
    in_kernel(&machine, || {
        machine.fail_allocation(1);
        let soft = NonPagedPool | 8;
        assert!(on!(ExAllocatePoolWithQuotaTag(soft, 8, 1)).is_null());
        let block = on!(ExAllocatePoolWithQuotaTag(soft, 8, 1));
        // SAFETY: the routine gave the block.
        unsafe { wdm_sys::ExFreePoolWithTag(block, 1) };
    });
    assert_eq!(machine.report().findings, []);
}

#[test]
fn an_expression_ignores_case_where_that_is_asked_for() {
    let machine = machine();
    in_kernel(&machine, || {
        let is = |expression: &str, name: &str, ignore_case: u8| {
            let (mut expression, mut name) = (Text::new(expression), Text::new(name));
            let (expression, name) = (expression.as_ptr(), name.as_ptr());
            on!(FsRtlIsNameInExpression(
                expression,
                name,
                ignore_case,
                std::ptr::null()
            ))
        };
        assert_eq!(is(r"*\RUN", r"\Software\Run", 1), 1);
        assert_eq!(is(r"*\RUN", r"\Software\Run", 0), 0);
    });
}
