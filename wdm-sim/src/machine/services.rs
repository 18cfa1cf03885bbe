//! The keys that drivers are installed in, for machines whose hives do not have them.

use std::sync::Arc;

use crate::registry::{Key, KeyFlags, NewKey, Registry, wide};
use crate::status::Status;

/// Makes the keys that drivers are installed in, where the mounted hives have none. What is made is
/// volatile, except below a key of a hive.
pub(super) fn ensure(registry: &Registry) -> Result<(), Status> {
    let machine = registry.open(&wide(r"\REGISTRY\MACHINE"), false)?;
    let system = child(&machine, "SYSTEM")?;
    if system.child(&wide("CurrentControlSet")).is_err() {
        let first = child(&system, "ControlSet001")?;
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
    child(&control_set, "Services").map(drop)
}

fn child(parent: &Arc<Key>, name: &str) -> Result<Arc<Key>, Status> {
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
