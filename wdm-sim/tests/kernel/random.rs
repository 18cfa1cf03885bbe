//! Random numbers and identifiers.

use wdm_sys::GUID;

use crate::support::{SUCCESS, in_kernel, machine, on};

unsafe extern "system" {
    fn RtlRandomEx(seed: *mut u32) -> u32;
    fn ExUuidCreate(uuid: *mut GUID) -> i32;
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
