//! Access tokens: who a process runs as.

use std::fmt;
use std::str::FromStr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use bitflags::bitflags;
use thiserror::Error;
use wdm_sys::{GENERIC_ALL, GENERIC_EXECUTE, GENERIC_READ, READ_CONTROL};

use super::Sid;
use super::acl::{self, Entry};

bitflags! {
    /// Privileges that a process can have. Code in kernel mode needs none.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub struct Privileges: u64 {
        /// `SeTcbPrivilege`: to act as part of the operating system.
        const TCB = 1 << 7;
        /// `SeSecurityPrivilege`: to read and set system access lists.
        const SECURITY = 1 << 8;
        /// `SeTakeOwnershipPrivilege`: to make oneself the owner of anything.
        const TAKE_OWNERSHIP = 1 << 9;
        /// `SeBackupPrivilege`: to save keys, and to open any for reading.
        const BACKUP = 1 << 17;
        /// `SeRestorePrivilege`: to load, unload, restore and replace hives, to open any key for
        /// writing, and to make anybody the owner.
        const RESTORE = 1 << 18;
    }
}

/// Accounts that a process can run as, with their usual groups.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Account {
    /// `LocalSystem`, which nearly all keys let do everything.
    #[default]
    System,
    /// A member of the Administrators, who has consented to use their rights.
    Administrator,
    /// An ordinary user.
    User,
}

/// The user of [`Account::Administrator`], and of [`Account::User`].
const NAMED_USERS: [&str; 2] = [
    "S-1-5-21-1454471165-1004336348-1606980848-1000",
    "S-1-5-21-1454471165-1004336348-1606980848-1001",
];
/// The primary group of both: "None", which those of a machine without a domain have.
const NO_GROUP: &str = "S-1-5-21-1454471165-1004336348-1606980848-513";

/// What an account is called where it is chosen by name.
const NAMES: [(&str, Account); 3] = [
    ("system", Account::System),
    ("administrator", Account::Administrator),
    ("user", Account::User),
];

/// A name that is no [`Account`]'s.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0:?} is no account; write system, administrator or user")]
pub struct UnknownAccount(String);

/// From `system`, `administrator` or `user`.
impl FromStr for Account {
    type Err = UnknownAccount;

    fn from_str(text: &str) -> Result<Self, UnknownAccount> {
        let found = NAMES.iter().find(|(name, _)| *name == text);
        let found = found.map(|(_, account)| *account);
        found.ok_or_else(|| UnknownAccount(text.to_owned()))
    }
}

impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = NAMES.iter().find(|(_, account)| account == self);
        f.pad(name.map_or("", |(name, _)| name))
    }
}

impl Account {
    /// The user.
    pub fn user(self) -> Sid {
        Sid::known(match self {
            Self::System => Sid::LOCAL_SYSTEM,
            Self::Administrator => NAMED_USERS[0],
            Self::User => NAMED_USERS[1],
        })
    }

    /// The groups.
    pub fn groups(self) -> Vec<Sid> {
        let groups: &[&str] = match self {
            Self::System => &[Sid::ADMINISTRATORS, Sid::EVERYONE, Sid::AUTHENTICATED_USERS],
            Self::Administrator => &[
                NO_GROUP,
                Sid::EVERYONE,
                Sid::ADMINISTRATORS,
                Sid::USERS,
                Sid::INTERACTIVE,
                Sid::AUTHENTICATED_USERS,
            ],
            Self::User => &[
                NO_GROUP,
                Sid::EVERYONE,
                Sid::USERS,
                Sid::INTERACTIVE,
                Sid::AUTHENTICATED_USERS,
            ],
        };
        groups.iter().map(|group| Sid::known(group)).collect()
    }
}

/// A parent's descriptor and what a new key below it gets.
type Assigned = (Arc<[u8]>, Arc<[u8]>);

/// A token.
#[derive(Debug)]
pub(crate) struct Token {
    user: Sid,
    groups: Vec<Sid>,
    owner: Sid,
    primary_group: Sid,
    default_dacl: Vec<u8>,
    /// The bits of its [`Privileges`].
    privileges: AtomicU64,
    /// The last descriptor that it was assigned without asking for one: the keys that one program
    /// makes have few, so that they share them.
    assigned: Mutex<Option<Assigned>>,
}

impl Token {
    /// The token of a user with groups. The owner of what it makes is the group of administrators if
    /// it is a member, else itself.
    pub(crate) fn new(user: Sid, groups: Vec<Sid>, privileges: Privileges) -> Self {
        let [system, administrators] = [Sid::LOCAL_SYSTEM, Sid::ADMINISTRATORS].map(Sid::known);
        let is_administrator = groups.contains(&administrators);
        let owner = match is_administrator {
            true => administrators.clone(),
            false => user.clone(),
        };
        let others = GENERIC_READ | GENERIC_EXECUTE | READ_CONTROL;
        let default = match user == system {
            true => [(&system, GENERIC_ALL), (&administrators, others)],
            false => [(&owner, GENERIC_ALL), (&system, GENERIC_ALL)],
        };
        let default_dacl = acl::build(default.map(|(sid, mask)| Entry::allow(sid, mask, 0)));
        let primary_group = match user == system {
            true => system,
            false => groups.first().unwrap_or(&user).clone(),
        };
        Self {
            default_dacl,
            user,
            groups,
            owner,
            primary_group,
            privileges: AtomicU64::new(privileges.bits()),
            assigned: Mutex::default(),
        }
    }

    /// Whether it is this user, or a member of this group.
    pub(crate) fn is(&self, sid: &[u8]) -> bool {
        let mut all = std::iter::once(&self.user).chain(&self.groups);
        all.any(|own| own.as_bytes() == sid)
    }

    /// Whether it may make `sid` an object's owner: itself, the administrators if it is one of them,
    /// and with `SeRestorePrivilege` anybody.
    pub(crate) fn may_make_owner(&self, sid: &[u8]) -> bool {
        sid == self.user.as_bytes() || sid == self.owner.as_bytes() || self.has(Privileges::RESTORE)
    }

    /// The owner of what it makes.
    pub(super) fn owner(&self) -> &Sid {
        &self.owner
    }

    /// The group of what it makes.
    pub(super) fn primary_group(&self) -> &Sid {
        &self.primary_group
    }

    /// The discretionary list of what it makes where nothing else gives one.
    pub(super) fn default_dacl(&self) -> &[u8] {
        &self.default_dacl
    }

    /// Whether it has privileges.
    pub(crate) fn has(&self, privileges: Privileges) -> bool {
        let held = self.privileges.load(Ordering::Acquire);
        Privileges::from_bits_retain(held).contains(privileges)
    }

    /// Gives it privileges.
    pub(crate) fn grant(&self, privileges: Privileges) {
        self.privileges
            .fetch_or(privileges.bits(), Ordering::AcqRel);
    }

    /// Takes privileges away.
    pub(crate) fn revoke(&self, privileges: Privileges) {
        self.privileges
            .fetch_and(!privileges.bits(), Ordering::AcqRel);
    }

    /// What `make` makes of a parent's descriptor, or made of the same one last time. Where that is
    /// the parent's own, they share it.
    pub(super) fn assigned(
        &self,
        parent: &Arc<[u8]>,
        make: impl FnOnce() -> Arc<[u8]>,
    ) -> Arc<[u8]> {
        let mut last = self.assigned.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((above, below)) = &*last
            && (Arc::ptr_eq(above, parent) || above == parent)
        {
            return Arc::clone(below);
        }
        let mut new = make();
        if new == *parent {
            new = Arc::clone(parent);
        }
        *last = Some((Arc::clone(parent), Arc::clone(&new)));
        new
    }
}
