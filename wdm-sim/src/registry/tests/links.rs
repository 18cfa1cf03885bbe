use super::*;
use crate::registry::{KeyFlags, REG_LINK, to_bytes};

/// `\Registry\Machine\Target\Sub` and a link to `Target` called `Link`.
fn with_link() -> (Registry, Arc<Key>) {
    let registry = Registry::new();
    let machine = machine(&registry);
    make_path(&machine, r"Target\Sub");
    let (key, _) = create(&machine, "Link", &link()).unwrap();
    key.set_link_target(&wide(r"\Registry\Machine\Target"))
        .unwrap();
    (registry, key)
}

fn reparse(parsed: Result<Parsed<Arc<Key>>, Status>) -> String {
    match parsed.unwrap() {
        Parsed::Reparse(name) => String::from_utf16(&name).unwrap(),
        Parsed::Found(key) => panic!("{key:?} is no link"),
    }
}

#[test]
fn a_link_is_followed_at_the_end_and_on_the_way() {
    let (registry, _) = with_link();
    for (path, end) in [
        (r"\Registry\Machine\Link", r"\REGISTRY\MACHINE\Target"),
        (
            r"\Registry\Machine\Link\Sub",
            r"\REGISTRY\MACHINE\Target\Sub",
        ),
    ] {
        assert_eq!(full_name(&registry.open(&wide(path), false).unwrap()), end);
    }
}

#[test]
fn a_parse_stops_at_a_link_with_the_substituted_name() {
    let (registry, _) = with_link();
    let machine = machine(&registry);
    let stop = |path| reparse(machine.open(&wide(path), false));
    assert_eq!(stop("Link"), r"\Registry\Machine\Target");
    assert_eq!(
        stop(r"Link\Sub\\Deeper"),
        r"\Registry\Machine\Target\Sub\Deeper"
    );
    let on_the_way = machine.open(&wide(r"Link\Sub"), true);
    assert_eq!(reparse(on_the_way), r"\Registry\Machine\Target\Sub");
}

#[test]
fn open_link_opens_the_link_itself() {
    let (registry, key) = with_link();
    let found = registry
        .open(&wide(r"\Registry\Machine\LINK"), true)
        .unwrap();
    assert!(Arc::ptr_eq(&found, &key));
    assert!(found.is_link() && found.flags().contains(KeyFlags::LINK));
    assert!(Arc::ptr_eq(&open(&found, "").unwrap(), &key));
    assert_eq!(
        reparse(found.open(&wide("Sub"), true)),
        r"\Registry\Machine\Target\Sub"
    );
}

#[test]
fn create_goes_through_a_link_too() {
    let (registry, _) = with_link();
    let path = wide(r"\Registry\Machine\Link\New");
    let (key, disposition) = registry.create(&path, false, &stable()).unwrap();
    assert_eq!(disposition, Disposition::CreatedNew);
    assert_eq!(full_name(&key), r"\REGISTRY\MACHINE\Target\New");
}

#[test]
fn l1_a_link_is_not_made_where_there_is_a_key() {
    let (registry, _key) = with_link();
    let machine = machine(&registry);
    for taken in ["Link", "Target"] {
        assert_eq!(
            create(&machine, taken, &link()).unwrap_err(),
            Status::OBJECT_NAME_COLLISION
        );
    }
}

#[test]
fn l1_a_link_holds_a_target_and_nothing_else() {
    let (_registry, key) = with_link();
    let target = to_bytes(&wide(r"\Registry\User"));
    for (name, kind, data) in [
        ("Other", REG_LINK, &target[..]),
        ("SymbolicLinkValue", 1, &target),
    ] {
        let status = key.set_value(&wide(name), kind, data).unwrap_err();
        assert_eq!(status, Status::ACCESS_DENIED, "{name} {kind} {data:?}");
    }
    key.set_value(&wide("SYMBOLICLINKVALUE"), REG_LINK, &target)
        .unwrap();
    assert_eq!(key.link_target().unwrap(), wide(r"\Registry\User"));
    let status = key.create_child(&wide("Sub"), &stable()).unwrap_err();
    assert_eq!(status, Status::ACCESS_DENIED);
}

#[test]
fn a_link_without_a_target_leads_nowhere() {
    let registry = Registry::new();
    create(&machine(&registry), "Link", &link()).unwrap();
    for path in [r"\Registry\Machine\Link", r"\Registry\Machine\Link\Sub"] {
        let status = registry.open(&wide(path), false).unwrap_err();
        assert_eq!(status, Status::OBJECT_NAME_NOT_FOUND);
    }
}

#[test]
fn links_that_lead_in_a_circle_end() {
    let (registry, key) = with_link();
    key.set_link_target(&wide(r"\Registry\Machine\Link\Deeper"))
        .unwrap();
    let status = registry
        .open(&wide(r"\Registry\Machine\Link"), false)
        .unwrap_err();
    assert_eq!(status, Status::OBJECT_NAME_NOT_FOUND);
}

#[test]
fn as_many_links_in_a_row_as_allowed_are_followed() {
    const LINKS: usize = crate::registry::MAX_REPARSE;
    let registry = Registry::new();
    let machine = machine(&registry);
    make_path(&machine, "L0");
    for n in 1..=LINKS + 1 {
        let (key, _) = create(&machine, &format!("L{n}"), &link()).unwrap();
        key.set_link_target(&wide(&format!(r"\Registry\Machine\L{}", n - 1)))
            .unwrap();
    }
    let open = |n| registry.open(&wide(&format!(r"\Registry\Machine\L{n}")), false);
    assert_eq!(full_name(&open(LINKS).unwrap()), r"\REGISTRY\MACHINE\L0");
    assert_eq!(open(LINKS + 1).unwrap_err(), Status::OBJECT_NAME_NOT_FOUND);
}

#[test]
fn a_link_can_be_deleted_without_its_target() {
    let (registry, key) = with_link();
    key.delete().unwrap();
    assert_eq!(subkey_names(&machine(&registry)), ["Target"]);
}
