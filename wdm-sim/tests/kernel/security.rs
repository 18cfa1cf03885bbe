//! Security descriptors in memory.

use proptest::prelude::*;
use wdm_sys::{
    DACL_SECURITY_INFORMATION, GROUP_SECURITY_INFORMATION, OWNER_SECURITY_INFORMATION, PVOID,
    SACL_SECURITY_INFORMATION,
};

use crate::support::{call, in_kernel, machine};

const SYSTEM: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];
const ENTRY: [u8; 20] = [
    0, 0, 20, 0, 63, 0, 15, 0, 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0,
];

/// A list with so many entries.
fn list(entries: usize) -> Vec<u8> {
    let length = (8 + ENTRY.len() * entries) as u16;
    let mut list = vec![2, 0];
    list.extend_from_slice(&length.to_le_bytes());
    list.extend_from_slice(&(entries as u32).to_le_bytes());
    list.extend_from_slice(&ENTRY.repeat(entries));
    list
}

/// A self-relative descriptor of owner, group, system list and discretionary list.
fn descriptor(parts: [Option<Vec<u8>>; 4]) -> Vec<u8> {
    let mut control = 0x8000_u16;
    control |= if parts[2].is_some() { 0x10 } else { 0 };
    control |= if parts[3].is_some() { 0x4 } else { 0 };
    let mut bytes = vec![1, 0];
    bytes.extend_from_slice(&control.to_le_bytes());
    bytes.resize(20, 0);
    for (index, part) in parts.into_iter().enumerate() {
        if let Some(part) = part {
            let offset = bytes.len() as u32;
            bytes[4 + 4 * index..8 + 4 * index].copy_from_slice(&offset.to_le_bytes());
            bytes.extend_from_slice(&part);
        }
    }
    bytes
}

fn is_valid(bytes: &[u8], required: u32) -> bool {
    let address: PVOID = bytes.as_ptr().cast_mut().cast();
    let valid = call!(RtlValidRelativeSecurityDescriptor(
        address,
        bytes.len() as u32,
        required
    ));
    valid != 0
}

#[test]
fn a_descriptor_has_the_parts_that_it_has() {
    let parts = [
        OWNER_SECURITY_INFORMATION,
        GROUP_SECURITY_INFORMATION,
        SACL_SECURITY_INFORMATION,
        DACL_SECURITY_INFORMATION,
    ];
    in_kernel(&machine(), || {
        for chosen in 0..16_u32 {
            let has = |index: usize| chosen & (1 << index) != 0;
            let part = |index: usize| {
                has(index).then(|| {
                    if index < 2 {
                        SYSTEM.to_vec()
                    } else {
                        list(index)
                    }
                })
            };
            let bytes = descriptor(std::array::from_fn(part));
            assert!(is_valid(&bytes, 0));
            for (index, bit) in parts.into_iter().enumerate() {
                assert_eq!(is_valid(&bytes, bit), has(index), "{chosen:b} {index}");
            }
            let length = call!(RtlLengthSecurityDescriptor(
                bytes.as_ptr().cast_mut().cast()
            ));
            assert_eq!(length as usize, bytes.len());
            for end in 0..bytes.len() {
                assert!(!is_valid(&bytes[..end], 0), "{chosen:b}, {end} bytes");
            }
        }
        assert!(
            call!(RtlValidRelativeSecurityDescriptor(
                std::ptr::null_mut(),
                0,
                0
            )) == 0
        );
    });
}

#[test]
fn malformed_parts_are_noticed() {
    in_kernel(&machine(), || {
        let whole = descriptor([Some(SYSTEM.to_vec()), None, None, Some(list(2))]);
        let damage = [
            ("revision", 0, 2),
            ("control", 3, 0),
            ("offset of the owner", 4, 21),
            ("revision of the owner", 20, 2),
            ("length of the owner", 21, 16),
            ("revision of the list", 32, 9),
            ("length of the list", 34, 200),
            ("number of entries", 36, 3),
            ("length of an entry", 42, 19),
        ];
        assert!(is_valid(&whole, 0));
        for (what, place, byte) in damage {
            let mut bytes = whole.clone();
            bytes[place] = byte;
            assert!(!is_valid(&bytes, 0), "{what}");
        }
    });
}

#[test]
fn the_length_of_an_absolute_one_counts_its_parts() {
    in_kernel(&machine(), || {
        let owner = SYSTEM;
        let mut absolute = [0_u64; 5];
        absolute[0] = 1;
        absolute[1] = owner.as_ptr().addr() as u64;
        let _ = owner.as_ptr().expose_provenance();
        let length = call!(RtlLengthSecurityDescriptor(absolute.as_mut_ptr().cast()));
        assert_eq!(length, 40 + 12);
    });
}

proptest! {
    #[test]
    fn any_bytes_can_be_asked_about(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
        in_kernel(&machine(), || {
            let _ = is_valid(&bytes, 0xF);
        });
    }
}
