//! The access check (S2 to S5).
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-seaccesscheck>;
//! MS-DTYP 2.5.3.2, "Access Check Algorithm Pseudocode".

use wdm_sys::{
    ACCESS_SYSTEM_SECURITY, GENERIC_ALL, GENERIC_EXECUTE, GENERIC_READ, GENERIC_WRITE,
    KEY_ALL_ACCESS, KEY_EXECUTE, KEY_READ, KEY_WRITE, MAXIMUM_ALLOWED, READ_CONTROL, WRITE_DAC,
    WRITE_OWNER,
};

use super::acl::{self, Effect};
use super::{Descriptor, Privileges, Token};
use crate::status::Status;

/// [`Sid::OWNER_RIGHTS`](super::Sid::OWNER_RIGHTS).
const OWNER_RIGHTS: &[u8] = &[1, 1, 0, 0, 0, 0, 0, 3, 4, 0, 0, 0];

/// The rights that generic rights stand for (`GENERIC_MAPPING`).
#[derive(Clone, Copy, Debug)]
#[repr(C)]
pub(crate) struct GenericMapping {
    pub(crate) read: u32,
    pub(crate) write: u32,
    pub(crate) execute: u32,
    pub(crate) all: u32,
}

/// Those of keys.
pub(crate) const KEY_MAPPING: GenericMapping = GenericMapping {
    read: KEY_READ,
    write: KEY_WRITE,
    execute: KEY_EXECUTE,
    all: KEY_ALL_ACCESS,
};

impl GenericMapping {
    /// Puts the object's own rights in place of generic ones.
    pub(crate) fn map(&self, access: u32) -> u32 {
        let generic = [
            (GENERIC_READ, self.read),
            (GENERIC_WRITE, self.write),
            (GENERIC_EXECUTE, self.execute),
            (GENERIC_ALL, self.all),
        ];
        let asked = generic.iter().filter(|(bit, _)| access & bit != 0);
        let none = access & !(GENERIC_READ | GENERIC_WRITE | GENERIC_EXECUTE | GENERIC_ALL);
        asked.fold(none, |mapped, (_, rights)| mapped | rights)
    }
}

/// The rights that a token gets of `desired`, besides those `granted` before; with
/// `MAXIMUM_ALLOWED` all that it can get.
///
/// # Errors
/// `STATUS_PRIVILEGE_NOT_HELD` for `ACCESS_SYSTEM_SECURITY` without the privilege,
/// `STATUS_ACCESS_DENIED`.
pub(crate) fn check(
    token: &Token,
    descriptor: &Descriptor<impl AsRef<[u8]>>,
    desired: u32,
    mut granted: u32,
    mapping: &GenericMapping,
) -> Result<u32, Status> {
    let wants_maximum = desired & MAXIMUM_ALLOWED != 0;
    let mut wanted = mapping.map(desired & !MAXIMUM_ALLOWED) & !granted;
    if wanted & ACCESS_SYSTEM_SECURITY != 0 {
        if !token.has(Privileges::SECURITY) {
            return Err(Status::PRIVILEGE_NOT_HELD);
        }
        granted |= ACCESS_SYSTEM_SECURITY;
    }
    if wanted & WRITE_OWNER != 0 && token.has(Privileges::TAKE_OWNERSHIP) {
        granted |= WRITE_OWNER;
    }
    let Some(list) = descriptor.dacl() else {
        granted |= wanted | if wants_maximum { mapping.all } else { 0 };
        return nonzero(granted);
    };
    let is_owner = descriptor.owner().is_some_and(|owner| token.is(owner));
    let says_what_owners_may = || {
        acl::entries(list)
            .any(|entry| entry.effect() != Effect::Nothing && entry.sid() == OWNER_RIGHTS)
    };
    let mut allowed = match is_owner && !says_what_owners_may() {
        true => READ_CONTROL | WRITE_DAC,
        false => 0,
    };
    let mut denied = 0;
    for entry in acl::entries(list) {
        let concerned = token.is(entry.sid()) || is_owner && entry.sid() == OWNER_RIGHTS;
        if !concerned {
            continue;
        }
        let mask = mapping.map(entry.mask);
        match entry.effect() {
            // The first entry that says something of a right counts.
            Effect::Allow => allowed |= mask & !denied,
            Effect::Deny => denied |= mask & !allowed,
            Effect::Nothing => {}
        }
    }
    wanted &= !granted;
    if wanted & !allowed != 0 {
        return Err(Status::ACCESS_DENIED);
    }
    nonzero(granted | wanted | if wants_maximum { allowed } else { 0 })
}

/// A handle without any right is not given.
fn nonzero(granted: u32) -> Result<u32, Status> {
    match granted {
        0 => Err(Status::ACCESS_DENIED),
        granted => Ok(granted),
    }
}

#[cfg(test)]
mod tests {
    use super::OWNER_RIGHTS;
    use crate::se::Sid;

    #[test]
    fn owner_rights_are_spelled_right() {
        assert_eq!(Sid::known(Sid::OWNER_RIGHTS).as_bytes(), OWNER_RIGHTS);
    }
}
