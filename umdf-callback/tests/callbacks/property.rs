//! U6: property stores.

use umdf_callback::property::access::Read;
use umdf_callback::property::{ANOTHER_TYPE, Missing, PropertyStore, Root, Value};
use umdf_callback::{Device, Error, device_callback};
use wdm_sim::umdf::Rule;

use crate::{AddedDevice, DeviceInit, Driver, GUID, HRESULT, Result, adds, keep, kept, started};

const CLASS: GUID = GUID::from_u128(0x1de9_b35c_5e2f_4d1b_b3a7_9b3f_0a61_11c7);
const FILE_NOT_FOUND: HRESULT = HRESULT::from_win32(2);
const INVALID_ARGUMENT: HRESULT = HRESULT(0x8007_0057_u32 as i32);

struct Nothing;

device_callback!(Nothing);

adds!(Keeps: |init| {
    let before = init.property_store(None, Missing::Create)?;
    assert!(before.was_created());
    before.set("Added", 1)?;
    let device = init.create_device(Nothing)?;
    device.create_interface(&CLASS, Some("left"))?;
    keep(&device);
    Ok(device.into())
});

fn code<T>(result: Result<T>) -> Option<HRESULT> {
    result.err().map(|error| Error::code(&error))
}

fn values() -> Vec<(&'static str, Value)> {
    vec![
        ("number", 0xffff_fffe_u32.into()),
        ("zero", 0.into()),
        ("text", "Straße \u{1f600}".into()),
        ("no text", "".into()),
        ("bytes", vec![0_u8, 255, 7].into()),
        ("no bytes", Vec::<u8>::new().into()),
        (
            "texts",
            vec!["a".to_owned(), String::new(), "ü".to_owned()].into(),
        ),
        ("no texts", Vec::<String>::new().into()),
    ]
}

#[test]
fn u6_values_are_read_as_they_were_set() -> Result<()> {
    let device = started::<Keeps>();
    let kept = kept();
    let store = kept.property_store(None, Missing::Fail)?;
    assert!(!store.was_created(), "OnDeviceAdd has made it");
    assert_eq!(store.get::<u32>("Added")?, 1);
    for (name, value) in values() {
        store.set(name, value)?;
    }
    for (name, value) in values() {
        assert_eq!(store.get::<Value>(name)?, value);
    }
    let there = device.properties(r"Device Parameters\driver");
    let there = there.expect("the key is there");
    assert_eq!(there.len(), values().len() + 1);
    assert_eq!(there["text"], Value::from("Straße \u{1f600}"));
    let mut names: Vec<String> = values()
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    names.push("Added".to_owned());
    names.sort();
    assert_eq!(store.names()?, names);
    Ok(())
}

#[test]
fn u6_what_is_not_there_or_of_another_type_is_an_error() -> Result<()> {
    let _device = started::<Keeps>();
    let store = kept().property_store(Some("other"), Missing::CreateVolatile)?;
    store.set("text", "7")?;
    assert_eq!(code(store.get::<u32>("text")), Some(ANOTHER_TYPE));
    assert_eq!(code(store.get::<Vec<u8>>("text")), Some(ANOTHER_TYPE));
    assert_eq!(store.get::<String>("text")?, "7");
    assert_eq!(code(store.get::<u32>("absent")), Some(FILE_NOT_FOUND));
    assert_eq!(code(store.set("a\0b", 1)), Some(INVALID_ARGUMENT));
    assert_eq!(code(store.set("nul", "a\0b")), Some(INVALID_ARGUMENT));
    assert_eq!(store.names()?, ["text"]);
    Ok(())
}

/// Each root is another key, a subkey is below it, and a key that is missing is made when that is asked for.
#[test]
fn u6_stores_are_keys() -> Result<()> {
    let device = started::<Keeps>();
    let kept = kept();
    let roots = [
        (Root::Hardware(Some("other")), r"Device Parameters\other"),
        (Root::Software, "Software"),
        (Root::DeviceMap("SERIALCOMM"), r"DEVICEMAP\SERIALCOMM"),
        (
            Root::DriverParameters("other"),
            r"Services\other\Parameters",
        ),
    ];
    for (root, path) in roots {
        let below = format!(r"{path}\below");
        assert_eq!(
            code(kept.open_property_store(root, Some("below"), Missing::Fail)),
            Some(FILE_NOT_FOUND)
        );
        let store = kept.open_property_store(root, Some("below"), Missing::Create)?;
        assert!(store.was_created());
        store.set("value", 1)?;
        assert_eq!(device.properties(&below).expect("it was made").len(), 1);
        store.delete("value")?;
        assert_eq!(device.properties(&below).expect("it stays").len(), 0);
        assert_eq!(code(store.delete("value")), Some(FILE_NOT_FOUND));
        let own = kept.open_property_store(root, None, Missing::Create)?;
        own.set("value", path)?;
        let reading = kept.read_property_store(root, None)?;
        assert_eq!(reading.get::<String>("value")?, path);
    }
    let left = Root::Interface(&CLASS, Some("left"));
    let store = kept.open_property_store(left, None, Missing::Fail)?;
    store.set("position", "left")?;
    device.set_property("Device Parameters", "PortName", "COM3");
    let root: PropertyStore<Read> = kept.device_parameters()?;
    assert_eq!(root.get::<String>("PortName")?, "COM3");
    Ok(())
}

#[test]
fn u6_an_interface_that_the_device_does_not_have() {
    let device = started::<Keeps>();
    let root = Root::Interface(&CLASS, Some("right"));
    let store = kept().open_property_store(root, None, Missing::Create);
    assert_eq!(code(store), Some(FILE_NOT_FOUND));
    let findings = device.unload().findings;
    assert_eq!(findings.len(), 1);
    assert_eq!(findings[0].rule, Rule::PropertyStore);
}

/// All that can fail, for `each_failure`.
pub(crate) fn use_stores(device: &Device) -> Result<()> {
    let store = device.property_store(None, Missing::Create)?;
    store.set("number", 1)?;
    store.set("texts", vec!["a".to_owned()])?;
    assert_eq!(store.names()?, ["number", "texts"]);
    assert_eq!(store.get::<Vec<String>>("texts")?, ["a"]);
    let newer = device.open_property_store(Root::Hardware(None), None, Missing::Fail)?;
    newer.delete("number")?;
    let reading = device.read_property_store(Root::Hardware(None), None)?;
    assert_eq!(reading.names()?, ["texts"]);
    drop(device.device_parameters()?);
    Ok(())
}
