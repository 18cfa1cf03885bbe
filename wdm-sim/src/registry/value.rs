//! The values of one key: in the order in which they were first set, found without regard to case.

use std::sync::Arc;

use super::key::{Key, State};
use super::time::system_time;
use super::{MAX_VALUE_NAME, Utf16, byte_len, from_bytes, to_bytes, upcase, wide};
use crate::status::Status;

/// `REG_LINK`: the type of a symbolic link's target.
pub const REG_LINK: u32 = 6;

/// The name of the value that holds a symbolic link's target.
const SYMBOLIC_LINK_VALUE: &str = "SymbolicLinkValue";

/// One value of a key. Cloning it copies no data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value {
    /// The name as it was first written; empty for the default value.
    pub name: Utf16,
    /// The type: `REG_SZ`, `REG_DWORD` and so on, or any other number.
    pub kind: u32,
    /// The data, exactly as they were set.
    pub data: Arc<[u8]>,
}

impl Key {
    /// The number of values.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`.
    pub fn value_count(&self) -> Result<usize, Status> {
        Ok(self.read()?.values.len())
    }

    /// The value called `name`; an empty name is the default value.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND`, `STATUS_KEY_DELETED`.
    pub fn value(&self, name: &[u16]) -> Result<Value, Status> {
        self.read()?
            .values
            .find(name)
            .cloned()
            .ok_or(Status::OBJECT_NAME_NOT_FOUND)
    }

    /// The value number `index`, in the order in which they were first set.
    ///
    /// # Errors
    /// `STATUS_NO_MORE_ENTRIES`, `STATUS_KEY_DELETED`.
    pub fn value_at(&self, index: usize) -> Result<Value, Status> {
        self.read()?
            .values
            .get(index)
            .cloned()
            .ok_or(Status::NO_MORE_ENTRIES)
    }

    /// Sets a value, new or not.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for a name that is too long, `STATUS_ACCESS_DENIED` for anything
    /// but the target of a symbolic link (`SymbolicLinkValue`, `REG_LINK`; whether it leads anywhere
    /// is seen when the link is followed), `STATUS_KEY_DELETED`.
    pub fn set_value(&self, name: &[u16], kind: u32, data: &[u8]) -> Result<(), Status> {
        self.check_value(name, kind)?;
        let data = data.into();
        self.write()?.set_value(name, kind, data);
        Ok(())
    }

    /// Whether the key can have such a value.
    pub(super) fn check_value(&self, name: &[u16], kind: u32) -> Result<(), Status> {
        if name.len() > MAX_VALUE_NAME {
            return Err(Status::INVALID_PARAMETER);
        }
        if self.is_link() && !is_link_target(name, kind) {
            return Err(Status::ACCESS_DENIED);
        }
        Ok(())
    }

    /// Deletes a value and returns it.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND`, `STATUS_KEY_DELETED`.
    pub fn delete_value(&self, name: &[u16]) -> Result<Value, Status> {
        self.write()?.delete_value(name)
    }

    /// The target of a symbolic link: an absolute name.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` if the link has no target yet, `STATUS_KEY_DELETED`.
    pub fn link_target(&self) -> Result<Vec<u16>, Status> {
        self.read()?.values.link_target()
    }

    /// Points a symbolic link at an absolute name.
    ///
    /// # Errors
    /// Those of [`set_value`](Self::set_value).
    pub fn set_link_target(&self, target: &[u16]) -> Result<(), Status> {
        let data = to_bytes(target);
        self.set_value(&wide(SYMBOLIC_LINK_VALUE), REG_LINK, &data)
    }
}

impl State {
    /// Sets a value that the key can have.
    pub(super) fn set_value(&mut self, name: &[u16], kind: u32, data: Arc<[u8]>) {
        self.values.set(name, kind, data);
        self.last_write = system_time();
    }

    /// Deletes a value.
    pub(super) fn delete_value(&mut self, name: &[u16]) -> Result<Value, Status> {
        let removed = self.values.remove(name);
        let removed = removed.ok_or(Status::OBJECT_NAME_NOT_FOUND)?;
        self.last_write = system_time();
        Ok(removed)
    }
}

#[derive(Clone)]
struct Slot {
    hash: u32,
    value: Value,
}

#[derive(Clone, Default)]
pub(super) struct Values {
    slots: Vec<Slot>,
    max_name_len: u32,
    max_data_len: u32,
}

impl Values {
    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn get(&self, index: usize) -> Option<&Value> {
        self.slots.get(index).map(|slot| &slot.value)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Value> {
        self.slots.iter().map(|slot| &slot.value)
    }

    pub(super) fn find(&self, name: &[u16]) -> Option<&Value> {
        self.position(name).map(|at| &self.slots[at].value)
    }

    /// The target that a symbolic link's values name.
    pub(super) fn link_target(&self) -> Result<Vec<u16>, Status> {
        match self.find(&wide(SYMBOLIC_LINK_VALUE)) {
            Some(value) if value.kind == REG_LINK => Ok(from_bytes(&value.data)),
            _ => Err(Status::OBJECT_NAME_NOT_FOUND),
        }
    }

    /// Sets a value; one of that name keeps its place and the case of its name.
    pub(super) fn set(&mut self, name: &[u16], kind: u32, data: Arc<[u8]>) {
        match self.position(name) {
            None => self.append(Value {
                name: name.into(),
                kind,
                data,
            }),
            Some(at) => {
                self.max_data_len = self.max_data_len.max(data_len(&data));
                let value = &mut self.slots[at].value;
                value.kind = kind;
                value.data = data;
            }
        }
    }

    /// Adds a value whose name is not there yet.
    pub(super) fn append(&mut self, value: Value) {
        self.max_name_len = self.max_name_len.max(byte_len(&value.name));
        self.max_data_len = self.max_data_len.max(data_len(&value.data));
        self.slots.push(Slot {
            hash: upcase::hash(&value.name),
            value,
        });
    }

    pub(super) fn remove(&mut self, name: &[u16]) -> Option<Value> {
        let removed = self.slots.remove(self.position(name)?);
        if self.slots.is_empty() {
            *self = Self::default();
        }
        Some(removed.value)
    }

    /// The longest value name in bytes. Like NT's, it falls only when the last value goes.
    pub(super) fn max_name_len(&self) -> u32 {
        self.max_name_len
    }

    /// The longest value's data in bytes, kept as [`max_name_len`](Self::max_name_len) is.
    pub(super) fn max_data_len(&self) -> u32 {
        self.max_data_len
    }

    fn position(&self, name: &[u16]) -> Option<usize> {
        let hash = upcase::hash(name);
        self.slots
            .iter()
            .position(|slot| slot.hash == hash && upcase::equal(&slot.value.name, name))
    }
}

fn data_len(data: &[u8]) -> u32 {
    u32::try_from(data.len()).unwrap_or(u32::MAX)
}

fn is_link_target(name: &[u16], kind: u32) -> bool {
    kind == REG_LINK && upcase::equal(name, &wide(SYMBOLIC_LINK_VALUE))
}
