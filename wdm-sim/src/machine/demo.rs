//! The registry that a machine has if nobody gives it a hive.

use std::sync::Arc;

use super::Setting;
use crate::registry::{Key, KeyFlags, NewKey, Registry, wide};
use crate::status::Status;

/// The keys of the demonstration hive, below `\REGISTRY\MACHINE`, with their values.
type Values = &'static [(&'static str, Data)];

/// A value's data.
enum Data {
    Text(&'static str),
    Number(u32),
}

use Data::{Number, Text};

const DEMO: &[(&str, Values)] = &[
    ("SYSTEM", &[]),
    (
        r"SYSTEM\Select",
        &[("Current", Number(1)), ("Default", Number(1)), ("Failed", Number(0)), ("LastKnownGood", Number(1))],
    ),
    (r"SYSTEM\Setup", &[("SystemSetupInProgress", Number(0)), ("CmdLine", Text(""))]),
    (r"SYSTEM\ControlSet001", &[]),
    (r"SYSTEM\ControlSet001\Control", &[("CurrentUser", Text("USERNAME")), ("WaitToKillServiceTimeout", Text("5000"))]),
    (r"SYSTEM\ControlSet001\Control\ComputerName", &[]),
    (r"SYSTEM\ControlSet001\Control\ComputerName\ComputerName", &[("ComputerName", Text("SIMULATED"))]),
    (r"SYSTEM\ControlSet001\Control\Session Manager", &[("ProtectionMode", Number(1))]),
    (r"SYSTEM\ControlSet001\Control\Session Manager\Environment", &[("OS", Text("Windows_NT")), ("NUMBER_OF_PROCESSORS", Text("2"))]),
    (r"SYSTEM\ControlSet001\Control\TimeZoneInformation", &[("Bias", Number(0)), ("StandardName", Text("UTC"))]),
    (r"SYSTEM\ControlSet001\Services", &[]),
    (r"SYSTEM\ControlSet001\Services\Beep", &[("Type", Number(1)), ("Start", Number(1)), ("ErrorControl", Number(1))]),
    (r"SYSTEM\ControlSet001\Services\Null", &[("Type", Number(1)), ("Start", Number(1)), ("ErrorControl", Number(1))]),
    (r"SYSTEM\ControlSet001\Services\Tcpip", &[("Type", Number(1)), ("Start", Number(0))]),
    (r"SYSTEM\ControlSet001\Services\Tcpip\Parameters", &[("Hostname", Text("simulated")), ("ForwardBroadcasts", Number(0))]),
    ("SOFTWARE", &[]),
    (r"SOFTWARE\Contoso", &[("InstallPath", Text(r"C:\Program Files\Contoso")), ("Version", Number(3))]),
    (r"SOFTWARE\Contoso\Licence", &[("Owner", Text("Simulated User"))]),
];

/// Makes the demonstration keys.
pub(super) fn fill(registry: &Registry) -> Result<(), Status> {
    for (path, values) in DEMO {
        let path = format!(r"\REGISTRY\MACHINE\{path}");
        let (key, _) = registry.create(&wide(&path), false, &NewKey::default())?;
        for (name, data) in *values {
            let setting = match data {
                Text(text) => Setting::from(*text),
                Number(number) => Setting::Number(*number),
            };
            setting.store(&key, name)?;
        }
    }
    Ok(())
}

/// Makes the keys that drivers are installed in, where the mounted hives have none. What is made is
/// volatile, except below a key of a hive.
pub(super) fn ensure_services(registry: &Registry) -> Result<(), Status> {
    let machine = registry.open(&wide(r"\REGISTRY\MACHINE"), false)?;
    let system = ensure(&machine, "SYSTEM")?;
    if system.child(&wide("CurrentControlSet")).is_err() {
        let first = ensure(&system, "ControlSet001")?;
        let link = NewKey {
            volatile: true,
            link: true,
            ..NewKey::default()
        };
        let (link, _) = system.create_child(&wide("CurrentControlSet"), &link)?;
        link.set_link_target(&first.full_name()?)?;
    }
    let current = r"\REGISTRY\MACHINE\SYSTEM\CurrentControlSet";
    let control_set = registry.open(&wide(current), false)?;
    ensure(&control_set, "Services").map(drop)
}

fn ensure(parent: &Arc<Key>, name: &str) -> Result<Arc<Key>, Status> {
    let in_hive = !parent.is_volatile() && !is_fixed(parent);
    let new = NewKey {
        volatile: !in_hive,
        ..NewKey::default()
    };
    Ok(parent.create_child(&wide(name), &new)?.0)
}

/// Whether a key belongs to the tree itself, not to a hive.
fn is_fixed(key: &Key) -> bool {
    key.flags().contains(KeyFlags::ROOT) && !key.flags().contains(KeyFlags::HIVE)
}
