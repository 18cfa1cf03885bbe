//! Symbolic links.

use wdm_safe::registry::{KeyAccess, KeyRequest, RegKey, ValueRef, ValueType};
use wdm_safe::{NtError, unicode};

use crate::support::{HOME, with_key};

#[test]
fn a_link_leads_where_it_points() {
    with_key(|_, key, at| {
        let request = KeyRequest::new(unicode!("Link"), KeyAccess::ALL).below(key);
        let link = request.create_link(unicode!(r"\REGISTRY\MACHINE\SYSTEM\Select"), at);
        let link = link.expect("it is created");
        let path = |key: &RegKey| key.path(at).expect("it has a path").to_string();
        let through = request.open(at).expect("its target is there");
        assert_eq!(path(&through), r"\REGISTRY\MACHINE\SYSTEM\Select");
        let itself = request.open_link().open(at).expect("it is there");
        assert_eq!(path(&itself), r"\REGISTRY\MACHINE\SYSTEM\Home\Link");

        link.set_link_target(unicode!(r"\REGISTRY\MACHINE\SYSTEM\Setup"), at)
            .expect("it is a link");
        assert_eq!(
            &*itself.link_target(at).expect("it has a target"),
            unicode!(r"\REGISTRY\MACHINE\SYSTEM\Setup")
        );
        let through = request.open(at).expect("its target is there");
        assert_eq!(path(&through), r"\REGISTRY\MACHINE\SYSTEM\Setup");

        itself.delete(at).expect("it is deleted");
        assert_eq!(
            request.open_link().open(at).err(),
            Some(NtError::OBJECT_NAME_NOT_FOUND)
        );
        assert!(through.info(at).is_ok(), "the target is as it was");
    });
}

#[test]
fn a_link_that_cannot_lead_anywhere_is_not_left_behind() {
    with_key(|_, key, at| {
        let request = KeyRequest::new(unicode!("Link"), KeyAccess::ALL).below(key);
        let relative = request.create_link(unicode!("Relative"), at);
        assert_eq!(relative.err(), Some(NtError::OBJECT_PATH_SYNTAX_BAD));
        assert_eq!(key.info(at).expect("it is there").subkeys, 0);
    });
}

#[test]
fn a_link_takes_no_existing_keys_place() {
    with_key(|_, key, at| {
        let request = KeyRequest::new(unicode!("Taken"), KeyAccess::ALL).below(key);
        request.create(at).expect("it is created");
        assert_eq!(
            request.create_link(HOME, at).err(),
            Some(NtError::OBJECT_NAME_COLLISION)
        );
        let link = KeyRequest::new(unicode!("Link"), KeyAccess::ALL).below(key);
        link.create_link(HOME, at).expect("it is created");
        let other = unicode!(r"\REGISTRY\MACHINE\SYSTEM\Setup");
        assert_eq!(
            link.create_link(other, at).err(),
            Some(NtError::OBJECT_NAME_COLLISION)
        );
        let kept = link
            .open_link()
            .open(at)
            .and_then(|link| link.link_target(at));
        assert_eq!(&*kept.expect("it has a target"), HOME);
    });
}

#[test]
fn what_is_no_link_has_no_target() {
    with_key(|_, key, at| {
        assert_eq!(
            key.link_target(at).err(),
            Some(NtError::OBJECT_NAME_NOT_FOUND)
        );
        let name = unicode!("SymbolicLinkValue");
        key.set_value(name, ValueRef::Dword(1), at)
            .expect("it is set");
        assert_eq!(
            key.link_target(at).err(),
            Some(NtError::OBJECT_TYPE_MISMATCH)
        );
        let odd = ValueRef::Other(ValueType::LINK, &[0x5C, 0, 0x41]);
        key.set_value(name, odd, at).expect("it is set");
        assert_eq!(&*key.link_target(at).expect("it is one"), unicode!("\\"));
    });
}
