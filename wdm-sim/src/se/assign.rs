//! The security descriptor of a new key (S6 to S8).
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-seassignsecurity>;
//! MS-DTYP 2.5.3.4, "Algorithm for Creating a Security Descriptor".

use std::sync::Arc;

use super::acl::{
    self, CONTAINER_INHERIT, Entry, INHERIT_ONLY, INHERITANCE, INHERITED, NO_PROPAGATE,
    OBJECT_INHERIT,
};
use super::descriptor::{
    DACL, DACL_AUTO_INHERITED, DACL_DEFAULTED, DACL_PRESENT, DACL_PROTECTED, SACL,
    SACL_AUTO_INHERITED, SACL_DEFAULTED, SACL_PRESENT, SACL_PROTECTED,
};
use super::{Descriptor, GenericMapping, KEY_MAPPING, Privileges, Sid, Token};
use crate::status::Status;

/// What of a descriptor's control bits belongs to one of the two lists.
struct ListBits {
    part: usize,
    present: u16,
    defaulted: u16,
    auto_inherited: u16,
    protected: u16,
}

const DACL_BITS: ListBits = ListBits {
    part: DACL,
    present: DACL_PRESENT,
    defaulted: DACL_DEFAULTED,
    auto_inherited: DACL_AUTO_INHERITED,
    protected: DACL_PROTECTED,
};
const SACL_BITS: ListBits = ListBits {
    part: SACL,
    present: SACL_PRESENT,
    defaulted: SACL_DEFAULTED,
    auto_inherited: SACL_AUTO_INHERITED,
    protected: SACL_PROTECTED,
};

/// The descriptor of a new object that holds others, made by `token` below `parent`; `explicit` is
/// what the caller asks for. Only callers in kernel mode are `trusted` to name any owner and to give
/// a system list.
///
/// # Errors
/// `STATUS_INVALID_OWNER`, `STATUS_PRIVILEGE_NOT_HELD` for a system list.
pub(crate) fn assign(
    token: &Token,
    parent: &Arc<[u8]>,
    explicit: Option<&[u8]>,
    trusted: bool,
) -> Result<Arc<[u8]>, Status> {
    // A damaged hive can hold anything.
    let above = || Descriptor::parse(parent).unwrap_or_default();
    let Some(explicit) = explicit else {
        return Ok(token.assigned(parent, || {
            let new = merge(token, &above(), &Descriptor::default(), &KEY_MAPPING);
            new.write(0xF).into()
        }));
    };
    let explicit = Descriptor::parse(explicit)?;
    if !trusted {
        if explicit
            .owner()
            .is_some_and(|owner| !token.may_make_owner(owner))
        {
            return Err(Status::INVALID_OWNER);
        }
        if explicit.has(SACL_PRESENT) && !token.has(Privileges::SECURITY) {
            return Err(Status::PRIVILEGE_NOT_HELD);
        }
    }
    Ok(merge(token, &above(), &explicit, &KEY_MAPPING)
        .write(0xF)
        .into())
}

fn merge(
    token: &Token,
    parent: &Descriptor,
    explicit: &Descriptor,
    mapping: &GenericMapping,
) -> Descriptor {
    let sid_or = |given: Option<&[u8]>, own: &Sid| given.unwrap_or(own.as_bytes()).to_vec();
    let owner = sid_or(explicit.owner(), token.owner());
    let group = sid_or(explicit.group(), token.primary_group());
    let mut new = Descriptor::default();
    for bits in [DACL_BITS, SACL_BITS] {
        let default = (bits.part == DACL).then(|| token.default_dacl());
        let list = List {
            bits: &bits,
            parent,
            owner: &owner,
            group: &group,
            mapping,
        };
        list.make(explicit, default, &mut new);
    }
    new.set_owner_and_group(owner, group);
    new
}

/// One of the two lists of a new object.
struct List<'a> {
    bits: &'a ListBits,
    parent: &'a Descriptor,
    owner: &'a [u8],
    group: &'a [u8],
    mapping: &'a GenericMapping,
}

impl List<'_> {
    fn make(&self, explicit: &Descriptor, default: Option<&[u8]>, new: &mut Descriptor) {
        let bits = self.bits;
        let automatic = self.parent.has(bits.auto_inherited);
        let given = explicit.has(bits.present) && !explicit.has(bits.defaulted);
        let protected = explicit.has(bits.protected);
        let inherited = match given && (protected || !automatic) {
            true => Vec::new(),
            false => self.inherited(automatic),
        };
        let mut control = bits.present;
        if automatic {
            control |= bits.auto_inherited;
        }
        if protected {
            control |= bits.protected;
        }
        let list = match given {
            // A list that is there and is none lets everybody do everything.
            true => explicit.list(bits.part).map(|list| {
                let own =
                    acl::entries(list).filter(|entry| !automatic || entry.flags & INHERITED == 0);
                acl::build(own.map(|entry| self.mapped(entry)).chain(inherited))
            }),
            false if !inherited.is_empty() => Some(acl::build(inherited)),
            false => {
                let default = explicit.list(bits.part).or(default);
                let Some(default) = default else { return };
                control |= bits.defaulted;
                Some(acl::build(
                    acl::entries(default).map(|entry| self.mapped(entry)),
                ))
            }
        };
        new.set_list(bits.part, list, control);
    }

    /// The entries that a new key takes over from its parent. One that says nothing here that
    /// another one has not said is left out, or is for what is below only.
    fn inherited(&self, automatic: bool) -> Vec<Entry<'_>> {
        let mut inherited: Vec<Entry<'_>> = Vec::new();
        let Some(list) = self.parent.list(self.bits.part) else {
            return inherited;
        };
        let mark = if automatic { INHERITED } else { 0 };
        for entry in acl::entries(list) {
            let handed_on = match entry.flags & NO_PROPAGATE {
                0 => entry.flags & (OBJECT_INHERIT | CONTAINER_INHERIT),
                _ => 0,
            };
            let flags = entry.flags & !INHERITANCE | mark;
            let here = self.here(&entry);
            let counts_here = entry.flags & CONTAINER_INHERIT != 0
                && !inherited.iter().any(|other| other.covers(&here));
            if counts_here && here.mask == entry.mask && here.rest == entry.rest {
                let flags = flags | handed_on;
                inherited.push(Entry { flags, ..here });
                continue;
            }
            if counts_here {
                inherited.push(Entry { flags, ..here });
            }
            // What it becomes here is not what is handed on.
            if handed_on != 0 {
                let flags = flags | handed_on | INHERIT_ONLY;
                inherited.push(Entry { flags, ..entry });
            }
        }
        inherited
    }

    /// An inherited entry as it counts for the new key.
    fn here<'e>(&self, entry: &Entry<'e>) -> Entry<'e> {
        let mut here = Entry {
            mask: self.mapping.map(entry.mask),
            ..entry.clone()
        };
        for (creator, who) in [
            (Sid::CREATOR_OWNER, self.owner),
            (Sid::CREATOR_GROUP, self.group),
        ] {
            if here.sid() == Sid::known(creator).as_bytes() {
                here.replace_sid(who);
            }
        }
        here
    }

    /// An entry with the object's own rights, unless it is for what is below only.
    fn mapped<'e>(&self, entry: Entry<'e>) -> Entry<'e> {
        match entry.flags & INHERIT_ONLY {
            0 => Entry {
                mask: self.mapping.map(entry.mask),
                ..entry
            },
            _ => entry,
        }
    }
}

/// The descriptor of the registry's own keys and of the root of a new hive: administrators and the
/// system do everything, everybody reads, and so it is below.
pub(crate) fn hive_root() -> Arc<[u8]> {
    static DESCRIPTOR: std::sync::LazyLock<Arc<[u8]>> = std::sync::LazyLock::new(|| {
        let rights = [
            (Sid::EVERYONE, KEY_MAPPING.read),
            (Sid::LOCAL_SYSTEM, KEY_MAPPING.all),
            (Sid::ADMINISTRATORS, KEY_MAPPING.all),
            (Sid::RESTRICTED, KEY_MAPPING.read),
        ]
        .map(|(who, mask)| (Sid::known(who), mask));
        let entries = rights
            .iter()
            .map(|(who, mask)| Entry::allow(who, *mask, CONTAINER_INHERIT));
        let administrators = Sid::known(Sid::ADMINISTRATORS).as_bytes().to_vec();
        let mut descriptor = Descriptor::default();
        descriptor.set_list(DACL, Some(acl::build(entries)), DACL_PRESENT);
        descriptor.set_owner_and_group(administrators.clone(), administrators);
        descriptor.write(0xF).into()
    });
    Arc::clone(&DESCRIPTOR)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::registry::{Key, Registry, wide};

    /// Whether what a key has inherited is what it would inherit from its parent today; `None` if it
    /// has not inherited all that it has.
    fn agrees(key: &Key, parent: &Key) -> Option<bool> {
        let of = |key: &Key| Descriptor::parse(&key.security().ok()?).ok();
        let (own, above) = (of(key)?, of(parent)?);
        let entries: Vec<Entry<'_>> = acl::entries(own.dacl()?).collect();
        let inherits = own.has(DACL_AUTO_INHERITED) && !own.has(DACL_PROTECTED);
        if !inherits || entries.iter().any(|entry| entry.flags & INHERITED == 0) {
            return None;
        }
        let list = List {
            bits: &DACL_BITS,
            parent: &above,
            owner: own.owner()?,
            group: own.group()?,
            mapping: &KEY_MAPPING,
        };
        Some(list.inherited(true) == entries)
    }

    /// S7: the descriptors that Windows has made are those that are made here, but for the few keys
    /// whose parents, or owners, have changed since.
    #[test]
    fn s7_real_keys_have_what_they_would_inherit_here() {
        let folder = std::env::var_os("WDM_HIVES").map_or_else(
            || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data/hives"),
            Into::into,
        );
        for name in ["SYSTEM", "UsrClass.dat"] {
            let Ok(hive) = std::fs::read(folder.join(format!("{name}.xz"))) else {
                println!("skipped: no {name}.xz in {}", folder.display());
                continue;
            };
            let registry = Registry::new();
            let path = wide(r"\REGISTRY\USER\Hive");
            registry.mount_at(&path, &hive).unwrap();
            let mut pending = vec![registry.open(&path, true).unwrap()];
            let (mut same, mut all) = (0, 0);
            while let Some(key) = pending.pop() {
                for below in key.subkeys().unwrap() {
                    if let Some(agrees) = agrees(&below, &key) {
                        all += 1;
                        same += usize::from(agrees);
                    }
                    pending.push(below);
                }
            }
            println!("{name}: {same} of {all}");
            assert!(same * 100 >= all * 97, "{name}: {same} of {all}");
        }
    }
}
