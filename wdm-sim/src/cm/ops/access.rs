//! The access that a create or open gives (S1, S3, S9), and what protects a new key.

use std::sync::Arc;

use wdm_sys::{
    ACCESS_SYSTEM_SECURITY, DELETE, KEY_ALL_ACCESS, KEY_CREATE_LINK, KEY_CREATE_SUB_KEY, KEY_READ,
    KEY_WRITE, MAXIMUM_ALLOWED, REG_OPTION_BACKUP_RESTORE, REG_OPTION_CREATE_LINK,
};

use crate::se::{Descriptor, KEY_MAPPING, Privileges, Token, access_check, assign};
use crate::status::Status;

/// Who wants which access.
#[derive(Clone, Copy)]
pub(super) struct Wanted<'a> {
    /// Whose rights count.
    pub(super) token: &'a Token,
    /// Whether they are looked at: not those of kernel mode, unless it asks for that
    /// (`OBJ_FORCE_ACCESS_CHECK`).
    pub(super) checked: bool,
    /// The rights, without generic ones.
    pub(super) desired: u32,
    /// The options of the create or open.
    pub(super) options: u32,
}

impl Wanted<'_> {
    /// The rights to a key that is there, by its descriptor.
    ///
    /// # Errors
    /// `STATUS_ACCESS_DENIED`, `STATUS_PRIVILEGE_NOT_HELD`.
    pub(super) fn to_existing(self, descriptor: &[u8]) -> Result<u32, Status> {
        match self.checked {
            false => Ok(self.everything()),
            true if self.for_backup() => self.by_privileges(),
            true => self.by_descriptor(self.desired, descriptor),
        }
    }

    /// The rights to a key that is new: those that were asked for.
    ///
    /// # Errors
    /// `STATUS_ACCESS_DENIED`.
    pub(super) fn to_new(self) -> Result<u32, Status> {
        match (self.checked, self.everything()) {
            (true, _) if self.for_backup() => self.by_privileges(),
            (true, 0) => Err(Status::ACCESS_DENIED),
            (_, granted) => Ok(granted),
        }
    }

    /// The descriptor of a new key below one with the descriptor `parents`; `explicit` is what the
    /// caller asks for.
    ///
    /// # Errors
    /// `STATUS_ACCESS_DENIED` if there may be no such key, `STATUS_PRIVILEGE_NOT_HELD`, and those of
    /// the assignment.
    pub(super) fn assign_below(
        self,
        parents: &Arc<[u8]>,
        explicit: Option<&[u8]>,
    ) -> Result<Arc<[u8]>, Status> {
        if self.checked {
            self.may_create_below(parents)?;
            // Nothing is made that its maker gets no handle to.
            self.to_new()?;
        }
        assign(self.token, parents, explicit, !self.checked)
    }

    fn may_create_below(self, parents: &[u8]) -> Result<(), Status> {
        if self.desired & ACCESS_SYSTEM_SECURITY != 0 && !self.token.has(Privileges::SECURITY) {
            return Err(Status::PRIVILEGE_NOT_HELD);
        }
        if self.for_backup() && self.token.has(Privileges::RESTORE) {
            return Ok(());
        }
        let right = match self.options & REG_OPTION_CREATE_LINK {
            0 => KEY_CREATE_SUB_KEY,
            _ => KEY_CREATE_SUB_KEY | KEY_CREATE_LINK,
        };
        self.by_descriptor(right, parents).map(drop)
    }

    fn for_backup(self) -> bool {
        self.options & REG_OPTION_BACKUP_RESTORE != 0
    }

    fn everything(self) -> u32 {
        match self.desired & MAXIMUM_ALLOWED {
            0 => self.desired,
            _ => KEY_ALL_ACCESS | (self.desired & !MAXIMUM_ALLOWED),
        }
    }

    /// What is asked does not count, but what the privileges are for.
    fn by_privileges(self) -> Result<u32, Status> {
        let rights = [
            (Privileges::BACKUP, KEY_READ | ACCESS_SYSTEM_SECURITY),
            (
                Privileges::RESTORE,
                KEY_WRITE | DELETE | ACCESS_SYSTEM_SECURITY,
            ),
        ];
        let held = rights.iter().filter(|(held, _)| self.token.has(*held));
        match held.fold(0, |granted, (_, rights)| granted | rights) {
            0 => Err(Status::ACCESS_DENIED),
            granted => Ok(granted),
        }
    }

    fn by_descriptor(self, desired: u32, descriptor: &[u8]) -> Result<u32, Status> {
        let descriptor = match descriptor.is_empty() {
            // A key that never got one.
            true => Descriptor::default(),
            // A damaged hive can hold anything.
            false => Descriptor::read(descriptor).map_err(|_| Status::ACCESS_DENIED)?,
        };
        access_check(self.token, &descriptor, desired, 0, &KEY_MAPPING)
    }
}
