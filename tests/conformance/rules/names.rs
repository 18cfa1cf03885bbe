//! L1 to D2, as far as the simulator's own tests of names do not have it.

use wdm_sim::{KeyOptions, Status};
use wdm_sys::*;

use crate::support::*;

#[test]
fn l1_a_link_takes_its_one_value_and_no_keys_place() {
    in_program(|_, thread| {
        let options = KeyOptions::CREATE_LINK | KeyOptions::VOLATILE;
        let make = |path: &str| thread.create_key_with(path, ALL, options);
        let (link, _) = make(&child("Link")).unwrap();
        for (name, kind) in [("Other", REG_LINK), ("SymbolicLinkValue", REG_SZ)] {
            let refused = link.set_value(name, kind, &[0; 4]);
            assert_eq!(refused, Err(Status::ACCESS_DENIED), "{name}");
        }
        assert_eq!(
            link.set_value("SymbolicLinkValue", REG_LINK, b"any"),
            Ok(())
        );
        let collision = Err(Status::OBJECT_NAME_COLLISION);
        assert_eq!(make(&child("Link")).map(drop), collision, "a link");
        assert_eq!(make(TEST).map(drop), collision, "a key");
    });
}

#[test]
fn d2_a_siblings_name_is_taken() {
    in_program(|_, thread| {
        let [one, _two] = ["One", "Two"].map(|name| thread.create_key(&child(name), ALL).unwrap());
        for name in ["Two", "TWO", "One"] {
            assert_eq!(one.rename(name), Err(Status::CANNOT_DELETE), "{name}");
        }
        assert_eq!(one.rename("Three"), Ok(()));
    });
}
