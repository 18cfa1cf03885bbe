//! Opening and creating with options.

use wdm_safe::registry::{Disposition, KeyAccess, KeyOptions, KeyRequest, RegKey};
use wdm_safe::{NtError, UnicodeStr, unicode};

use crate::support::{HOME, units, with_key};

#[test]
fn a_volatile_key_has_volatile_keys_only() {
    with_key(|_, key, at| {
        let (below, found) = KeyRequest::new(unicode!("Volatile"), KeyAccess::ALL)
            .below(key)
            .volatile()
            .create(at)
            .expect("it is created");
        assert_eq!(found, Disposition::Created);
        let stable = KeyRequest::new(unicode!("Stable"), KeyAccess::ALL).below(&below);
        assert_eq!(
            stable.create(at).err(),
            Some(NtError::CHILD_MUST_BE_VOLATILE)
        );
        let (_, found) = stable.volatile().create(at).expect("it is created");
        assert_eq!(found, Disposition::Created);
        let (_, found) = stable.create(at).expect("what is there is opened");
        assert_eq!(found, Disposition::Opened);
        let old = below.create_below(unicode!("x"), KeyAccess::ALL, KeyOptions::VOLATILE, at);
        assert!(old.is_ok());
    });
}

#[test]
fn the_class_is_that_of_the_creation() {
    with_key(|_, key, at| {
        let request = KeyRequest::new(unicode!("Classy"), KeyAccess::ALL).below(key);
        let (first, _) = request
            .class(unicode!("One"))
            .create(at)
            .expect("it is created");
        assert_eq!(&*first.class(at).expect("it has one"), unicode!("One"));
        let (again, _) = request
            .class(unicode!("Two"))
            .create(at)
            .expect("it is opened");
        assert_eq!(&*again.class(at).expect("it has one"), unicode!("One"));
        assert!(key.class(at).expect("it can be read").is_empty());
    });
}

#[test]
fn the_empty_path_is_the_key_itself() {
    with_key(|_, key, at| {
        let again = KeyRequest::new(unicode!(""), KeyAccess::READ).below(key);
        let again = again.open(at).expect("it is opened");
        let path = |key: &RegKey| key.path(at).expect("it has a path").to_string();
        assert_eq!(path(&again), path(key));
    });
}

#[test]
fn opening_ignores_what_only_a_creation_can_want() {
    with_key(|_, _, at| {
        let request = KeyRequest::new(HOME, KeyAccess::READ)
            .volatile()
            .check_access();
        assert!(request.class(unicode!("None")).open(at).is_ok());
        assert!(request.backup_restore().open(at).is_ok());
        let missing = KeyRequest::new(unicode!(r"\Registry\Machine\Missing"), KeyAccess::READ);
        assert_eq!(missing.open(at).err(), Some(NtError::OBJECT_NAME_NOT_FOUND));
    });
}

#[test]
fn names_that_no_counted_string_holds_are_refused() {
    with_key(|_, key, at| {
        let long = units(&"x".repeat(40_000));
        let long = UnicodeStr::new(&long);
        let request = KeyRequest::new(long, KeyAccess::ALL).below(key);
        assert_eq!(request.open(at).err(), Some(NtError::NAME_TOO_LONG));
        assert_eq!(request.create(at).err(), Some(NtError::NAME_TOO_LONG));
        let classy = KeyRequest::new(unicode!("x"), KeyAccess::ALL)
            .below(key)
            .class(long);
        assert_eq!(classy.create(at).err(), Some(NtError::NAME_TOO_LONG));
    });
}
