//! Security descriptors.

use proptest::prelude::*;
use wdm_safe::registry::{KeyAccess, KeyRequest, SecurityDescriptor, SecurityInformation};
use wdm_safe::{NtError, unicode};

use crate::support::with_key;

/// The SID S-1-5-18.
const SYSTEM: [u8; 12] = [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];
/// An access list with one entry: S-1-5-18 may do everything.
const LIST: [u8; 28] = [
    2, 0, 28, 0, 1, 0, 0, 0, 0, 0, 20, 0, 0x3F, 0, 0x0F, 0, 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0,
];
const DACL_PRESENT: u8 = 4;

/// A self-relative descriptor of an owner and an access list.
fn descriptor() -> Vec<u8> {
    let mut bytes = vec![1, 0, DACL_PRESENT, 0x80];
    for offset in [20_u32, 0, 0, 32] {
        bytes.extend_from_slice(&offset.to_le_bytes());
    }
    bytes.extend_from_slice(&SYSTEM);
    bytes.extend_from_slice(&LIST);
    bytes
}

const BOTH: SecurityInformation = SecurityInformation::OWNER.union(SecurityInformation::DACL);

#[test]
fn what_was_set_comes_back_in_the_parts_that_are_asked_for() {
    with_key(|_, key, at| {
        let set = SecurityDescriptor::try_from_bytes(&descriptor(), at.into()).expect("it is one");
        key.set_security(BOTH, &set, at).expect("it is set");
        let both = key.security(BOTH, at).expect("it has one");
        assert_eq!(both.as_bytes(), descriptor());
        let owner = key
            .security(SecurityInformation::OWNER, at)
            .expect("it has one");
        assert!(owner.has(SecurityInformation::OWNER, at.into()));
        assert!(!owner.has(SecurityInformation::DACL, at.into()));
    });
}

#[test]
fn a_key_can_be_made_with_one() {
    with_key(|_, key, at| {
        let given =
            SecurityDescriptor::try_from_bytes(&descriptor(), at.into()).expect("it is one");
        let request = KeyRequest::new(unicode!("Guarded"), KeyAccess::ALL).below(key);
        let (guarded, _) = request.security(&given).create(at).expect("it is created");
        assert_eq!(
            guarded.security(BOTH, at).expect("it has one").as_bytes(),
            descriptor()
        );
    });
}

#[test]
fn a_part_that_is_not_there_is_not_set() {
    with_key(|_, key, at| {
        let whole =
            SecurityDescriptor::try_from_bytes(&descriptor(), at.into()).expect("it is one");
        key.set_security(BOTH, &whole, at).expect("it is set");
        let owner = key
            .security(SecurityInformation::OWNER, at)
            .expect("it has one");
        let set = key.set_security(SecurityInformation::DACL, &owner, at);
        assert_eq!(set, Err(NtError::INVALID_SECURITY_DESCR));
        assert_eq!(
            key.security(BOTH, at).expect("it has one").as_bytes(),
            descriptor()
        );
    });
}

#[test]
fn a_descriptor_that_is_cut_off_is_none() {
    with_key(|_, _, at| {
        let whole = descriptor();
        for length in 0..whole.len() {
            let cut = SecurityDescriptor::try_from_bytes(&whole[..length], at.into());
            assert_eq!(
                cut.err(),
                Some(NtError::INVALID_SECURITY_DESCR),
                "{length} bytes"
            );
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// A damaged descriptor is refused, or is still one that fits into its bytes: it can be set, and
    /// what is read back is one, too.
    #[test]
    fn damage_is_noticed_or_harmless(changes in prop::collection::vec(
        prop::collection::vec((0..60_usize, any::<u8>()), 1..4),
        1..40,
    )) {
        with_key(|_, key, at| {
            for damage in changes {
                let mut bytes = descriptor();
                for (place, byte) in damage {
                    bytes[place] = byte;
                }
                let Ok(read) = SecurityDescriptor::try_from_bytes(&bytes, at.into()) else {
                    continue;
                };
                assert_eq!(read.as_bytes(), bytes);
                for part in [SecurityInformation::OWNER, SecurityInformation::DACL] {
                    match key.set_security(part, &read, at) {
                        Ok(()) => assert!(key.security(part, at).expect("it is one").has(part, at.into())),
                        Err(error) => assert_eq!(error, NtError::INVALID_SECURITY_DESCR),
                    }
                }
            }
        });
    }
}
