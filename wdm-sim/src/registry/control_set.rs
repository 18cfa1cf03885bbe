//! `CurrentControlSet`: the link that NT makes in the SYSTEM hive when it starts.

use std::sync::Arc;

use super::children::NewKey;
use super::key::Key;
use super::{SEPARATOR, wide};
use crate::status::Status;

/// Makes `CurrentControlSet` below the root of a SYSTEM hive and returns the number of the control
/// set that it leads to; `None` if `Select\Current` names none that exists, or the hive brings a
/// key of that name.
pub(super) fn link_current(system: &Arc<Key>) -> Option<u32> {
    let number = selected(system)?;
    let name = wide(&format!("ControlSet{number:03}"));
    system.child(&name).ok()?;
    link(system, &name).ok()?;
    Some(number)
}

/// The `REG_DWORD` in `Select\Current`.
fn selected(system: &Arc<Key>) -> Option<u32> {
    let select = system.child(&wide("Select")).ok()?;
    let current = select.value(&wide("Current")).ok()?;
    Some(u32::from_le_bytes(current.data.as_ref().try_into().ok()?))
}

fn link(system: &Arc<Key>, control_set: &[u16]) -> Result<(), Status> {
    let mut target = system.full_name()?;
    target.push(SEPARATOR);
    target.extend_from_slice(control_set);
    let time = system.last_write_time()?;
    let new = NewKey {
        volatile: true,
        link: true,
        ..NewKey::default()
    };
    let (link, made) = system.create_child(&wide("CurrentControlSet"), &new)?;
    if !made {
        return Err(Status::OBJECT_NAME_COLLISION);
    }
    link.set_link_target(&target)?;
    // A mounted hive shows the times of its file.
    system.set_last_write_time(time)
}
