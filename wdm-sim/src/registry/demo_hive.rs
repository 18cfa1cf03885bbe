//! Small hives that look like a machine's, for tests, examples and first steps.
//!
//! Everything in it is invented: the machine, its devices and its services. It has two control sets
//! of the same content, `Select` to choose between them, and services of every type with the values
//! that the service control manager and filter drivers look for.

mod content;
mod services;
mod software;

use content::{CONTROL, MACHINE};
use regf::{DataType, HiveBuilder, KeyTreeNode, KeyTreeValue};
use services::SERVICES;
use software::{DEFAULT_USER, SOFTWARE};

/// Builds a SYSTEM hive: the bytes of a primary hive file, format version 1.6. The keys' last write
/// times are the time of the call.
///
/// # Errors
/// None that depends on the caller; the hive crate's own, should it refuse the content.
pub fn demo_hive() -> regf::Result<Vec<u8>> {
    let mut root = KeyTreeNode::new("SYSTEM");
    let select = root.get_or_create_path("Select");
    for (name, control_set) in [
        ("Current", 1),
        ("Default", 1),
        ("Failed", 0),
        ("LastKnownGood", 2),
    ] {
        set(select, name, Dword(control_set));
    }
    for control_set in ["ControlSet001", "ControlSet002"] {
        let control_set = root.get_or_create_path(control_set);
        add_all(control_set, CONTROL);
        for service in SERVICES {
            service.add(control_set.get_or_create_path("Services"));
        }
    }
    add_all(&mut root, MACHINE);
    Ok(HiveBuilder::from_tree(root)?.to_bytes()?)
}

/// The hives of a machine that was given none: where each is mounted, and its file.
pub(crate) fn demo_hives() -> regf::Result<Vec<(String, Vec<u8>)>> {
    let build = |name, keys| {
        let mut root = KeyTreeNode::new(name);
        add_all(&mut root, keys);
        regf::Result::Ok(HiveBuilder::from_tree(root)?.to_bytes()?)
    };
    let software = build("SOFTWARE", SOFTWARE)?;
    let user = build(".DEFAULT", DEFAULT_USER)?;
    Ok(vec![
        ("SYSTEM".to_owned(), demo_hive()?),
        ("SOFTWARE".to_owned(), software),
        (r"\REGISTRY\USER\.DEFAULT".to_owned(), user),
    ])
}

/// A value's type and data.
#[derive(Clone, Copy)]
enum Data {
    Text(&'static str),
    Expand(&'static str),
    Multi(&'static [&'static str]),
    Dword(u32),
    Binary(&'static [u8]),
}

use Data::{Binary, Dword, Expand, Multi, Text};

type Values = &'static [(&'static str, Data)];

/// A service or driver, as `Services` describes one.
struct Service {
    name: &'static str,
    kind: Kind,
    start: Start,
    display: &'static str,
    group: &'static str,
    depends_on: &'static [&'static str],
    altitude: &'static str,
    parameters: Values,
}

/// The value `Type`.
#[derive(Clone, Copy)]
#[repr(u32)]
enum Kind {
    KernelDriver = 0x01,
    FileSystemDriver = 0x02,
    OwnProcess = 0x10,
    ShareProcess = 0x20,
}

/// The value `Start`.
#[derive(Clone, Copy)]
#[repr(u32)]
enum Start {
    Boot,
    System,
    Auto,
    Demand,
    Disabled,
}

/// What a service without further properties is.
const PLAIN: Service = Service {
    name: "",
    kind: Kind::KernelDriver,
    start: Start::Demand,
    display: "",
    group: "",
    depends_on: &[],
    altitude: "",
    parameters: &[],
};

impl Service {
    fn add(&self, services: &mut KeyTreeNode) {
        let key = services.get_or_create_path(self.name);
        let name = self.name;
        let is_driver = matches!(self.kind, Kind::KernelDriver | Kind::FileSystemDriver);
        let image = match self.kind {
            Kind::KernelDriver | Kind::FileSystemDriver => {
                format!(r"\SystemRoot\System32\drivers\{name}.sys")
            }
            Kind::OwnProcess => format!(r"%SystemRoot%\System32\{name}.exe"),
            Kind::ShareProcess => r"%SystemRoot%\System32\hearth.exe -k shared".to_owned(),
        };
        set(key, "Type", Dword(self.kind as u32));
        set(key, "Start", Dword(self.start as u32));
        set(key, "ErrorControl", Dword(1));
        push(key, "ImagePath", DataType::ExpandString, text(&image));
        set(key, "DisplayName", Text(self.display));
        if !self.group.is_empty() {
            set(key, "Group", Text(self.group));
        }
        if !self.depends_on.is_empty() {
            set(key, "DependOnService", Multi(self.depends_on));
        }
        if !is_driver {
            set(key, "ObjectName", Text("LocalSystem"));
        }
        if !self.parameters.is_empty() {
            add_values(key.get_or_create_path("Parameters"), self.parameters);
        }
        if !self.altitude.is_empty() {
            let instance = format!("{name} Instance");
            let instances = key.get_or_create_path("Instances");
            push(
                instances,
                "DefaultInstance",
                DataType::String,
                text(&instance),
            );
            let instance = instances.get_or_create_path(&instance);
            set(instance, "Altitude", Text(self.altitude));
            set(instance, "Flags", Dword(0));
        }
    }
}

fn add_all(above: &mut KeyTreeNode, keys: &[(&str, Values)]) {
    for (path, values) in keys {
        add_values(above.get_or_create_path(path), values);
    }
}

fn add_values(key: &mut KeyTreeNode, values: Values) {
    for &(name, data) in values {
        set(key, name, data);
    }
}

fn set(key: &mut KeyTreeNode, name: &str, data: Data) {
    match data {
        Text(value) => push(key, name, DataType::String, text(value)),
        Expand(value) => push(key, name, DataType::ExpandString, text(value)),
        Multi(values) => {
            let all: Vec<u8> = values
                .iter()
                .flat_map(|value| text(value))
                .chain([0, 0])
                .collect();
            push(key, name, DataType::MultiString, all);
        }
        Dword(value) => push(key, name, DataType::Dword, value.to_le_bytes().to_vec()),
        Binary(value) => push(key, name, DataType::Binary, value.to_vec()),
    }
}

fn push(key: &mut KeyTreeNode, name: &str, data_type: DataType, data: Vec<u8>) {
    key.values.push(KeyTreeValue {
        name: name.to_owned(),
        data_type,
        data,
    });
}

/// UTF-16 with the terminating NUL that strings in the registry have.
fn text(value: &str) -> Vec<u8> {
    value
        .encode_utf16()
        .chain([0])
        .flat_map(u16::to_le_bytes)
        .collect()
}
