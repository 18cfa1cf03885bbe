//! Building machines and installing drivers.

use regf::{HiveBuilder, KeyTreeNode};
use wdm_sim::registry::wide;
use wdm_sim::{KeyAccess, Machine, Profile, Setting, Status};

use crate::support::machine;

#[test]
fn the_default_machine_has_a_registry_to_walk() {
    let machine = machine();
    let app = machine.process("app.exe");
    let thread = app.enter();
    let key = thread.open_key(r"\Registry\Machine\SYSTEM\Select", KeyAccess::READ);
    let current = key.and_then(|key| key.query_value("Current"));
    assert_eq!(current.expect("the value is there").as_dword(), Some(1));
    let services = r"\Registry\Machine\SYSTEM\CurrentControlSet\Services";
    let services = thread.open_key(services, KeyAccess::READ);
    let name = services
        .and_then(|key| key.name())
        .expect("the key is there");
    assert_eq!(name, r"\REGISTRY\MACHINE\SYSTEM\ControlSet001\Services");
    assert!(machine.report().findings.is_empty());
}

#[test]
fn a_machine_without_a_system_hive_gets_keys_for_services() {
    let mut hive = regf_hive();
    let machine = Machine::builder().hive("SOFTWARE", hive.clone()).build();
    let machine = machine.expect("the hive mounts");
    machine
        .install("tested", &[])
        .expect("services can be installed");
    let app = machine.process("app.exe");
    let thread = app.enter();
    let select = thread.open_key(r"\Registry\Machine\SYSTEM\Select", KeyAccess::READ);
    assert_eq!(select.map(drop), Err(Status::OBJECT_NAME_NOT_FOUND));
    assert!(
        thread
            .open_key(r"\Registry\Machine\SOFTWARE\Contoso", KeyAccess::READ)
            .is_ok()
    );
    let report = machine.report();
    assert_eq!(
        (report.hives.len(), report.hives[0].name.as_str()),
        (1, "SOFTWARE")
    );

    hive.truncate(16);
    let error = Machine::builder()
        .hive("SOFTWARE", hive)
        .build()
        .expect_err("it is damaged");
    let line = error.to_string();
    assert!(
        line.contains("SOFTWARE") && line.lines().count() == 1,
        "{line}"
    );
}

#[test]
fn a_hive_is_mounted_at_an_absolute_name_too() {
    let name = r"\REGISTRY\USER\S-1-5-18";
    let machine = Machine::builder().hive(name, regf_hive()).build();
    let machine = machine.expect("the hive mounts");
    let app = machine.process("app.exe");
    assert!(
        app.enter()
            .open_key(&format!(r"{name}\Contoso"), KeyAccess::READ)
            .is_ok()
    );
}

#[test]
fn bytes_that_are_no_hive_are_refused_in_one_line() {
    let error = Machine::builder().hive("SYSTEM", *b"MZ no hive").build();
    let line = error.expect_err("it is no hive").to_string();
    assert!(
        line.contains("SYSTEM") && line.lines().count() == 1,
        "{line}"
    );
}

#[test]
fn installing_writes_the_service_key() {
    let machine = machine();
    machine
        .install(
            "tested",
            &[
                ("Text", Setting::from("one")),
                ("Texts", Setting::from(["one", "two"])),
                ("Number", Setting::from(7)),
                ("LongNumber", Setting::LongNumber(1 << 40)),
                ("Binary", Setting::Binary(vec![1, 2, 3])),
            ],
        )
        .expect("the key is written");
    let app = machine.process("app.exe");
    let thread = app.enter();
    let path = r"\Registry\Machine\SYSTEM\CurrentControlSet\Services\tested";
    let key = thread
        .open_key(path, KeyAccess::READ)
        .expect("the key is there");
    let kind = key.query_value("Type").expect("it has a type");
    assert_eq!(kind.as_dword(), Some(1));
    let image = key
        .query_value("ImagePath")
        .expect("it has a path")
        .as_string();
    assert_eq!(
        image.as_deref(),
        Some(r"\SystemRoot\System32\drivers\tested.sys")
    );
    let parameters = key
        .open_key("Parameters", KeyAccess::READ)
        .expect("it has parameters");
    let data = |name| {
        parameters
            .query_value(name)
            .expect("the value is there")
            .data
    };
    let utf16 = |text: &str| {
        wide(text)
            .iter()
            .flat_map(|unit| unit.to_le_bytes())
            .collect::<Vec<_>>()
    };
    assert_eq!(data("Text"), utf16("one\0"));
    assert_eq!(data("Texts"), utf16("one\0two\0\0"));
    assert_eq!(data("Number"), 7_u32.to_le_bytes());
    assert_eq!(data("LongNumber"), (1_u64 << 40).to_le_bytes());
    assert_eq!(data("Binary"), [1, 2, 3]);
    assert_eq!(
        machine.install(r"no\name", &[]),
        Err(Status::INVALID_PARAMETER)
    );
}

#[test]
fn a_profile_has_its_version() {
    assert_eq!(Profile::default().version(), (10, 0, 19045));
    let machine = Machine::builder().profile(Profile::Win7).build();
    assert_eq!(machine.expect("it builds").report().profile, Profile::Win7);
}

#[test]
fn machines_do_not_see_each_other() {
    let (one, other) = (machine(), machine());
    let (first, second) = (one.process("a.exe"), other.process("b.exe"));
    const MINE: &str = r"\Registry\Machine\SYSTEM\Mine";
    let outer = first.enter();
    outer.create_key(MINE, KeyAccess::ALL).expect("it is made");
    {
        let inner = second.enter();
        let missing = inner.open_key(MINE, KeyAccess::READ);
        assert_eq!(missing.map(drop), Err(Status::OBJECT_NAME_NOT_FOUND));
    }
    assert!(outer.open_key(MINE, KeyAccess::READ).is_ok());
}

#[test]
fn a_report_is_json() {
    let json = serde_json::to_value(machine().report()).expect("it serialises");
    assert_eq!(json["profile"], "Win10");
    assert_eq!(json["counters"]["operations"], 0);
    assert_eq!(json["findings"], serde_json::json!([]));
}

/// A small hive file with the key `Contoso`.
fn regf_hive() -> Vec<u8> {
    let mut root = KeyTreeNode::new("SOFTWARE");
    root.get_or_create_path("Contoso");
    let hive = HiveBuilder::from_tree(root).and_then(|mut hive| Ok(hive.to_bytes()?));
    hive.expect("the hive is written")
}
