//! Security identifiers in memory.

use wdm_sys::PUNICODE_STRING;

use crate::support::{INVALID_PARAMETER, SUCCESS, Text, in_kernel, machine, on};

unsafe extern "system" {
    fn RtlConvertSidToUnicodeString(string: PUNICODE_STRING, sid: *const u8, allocate: u8) -> i32;
    fn RtlInitializeSid(sid: *mut u8, authority: *const [u8; 6], parts: u8) -> i32;
    fn RtlSubAuthoritySid(sid: *mut u8, index: u32) -> *mut u32;
    fn RtlLengthSid(sid: *mut u8) -> u32;
    fn RtlValidSid(sid: *mut u8) -> u8;
    fn RtlCopySid(room: u32, to: *mut u8, from: *mut u8) -> i32;
    fn RtlEqualSid(a: *mut u8, b: *mut u8) -> u8;
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
