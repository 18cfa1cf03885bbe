//! What a key holds, in a transaction: values, the security descriptor and other properties.

use std::sync::Arc;

use super::Changes;
use crate::registry::SEPARATOR;
use crate::registry::info::{KeyInfo, KeySetInfo, ValueInfo};
use crate::registry::key::Key;
use crate::registry::layout::Answer;
use crate::registry::time::system_time;
use crate::registry::value::Value;
use crate::status::Status;

/// Each does what the method of [`Key`] with the same name does; those that write can fail with
/// `STATUS_TRANSACTIONAL_CONFLICT` besides.
impl Changes {
    pub(crate) fn query(
        &self,
        key: &Key,
        class: KeyInfo,
        buffer: &mut [u8],
    ) -> Result<Answer, Status> {
        let full_name = match class {
            KeyInfo::Name => self.full_name(key)?,
            _ => Vec::new(),
        };
        self.read(
            key,
            |seen| Ok(key.describe(class, seen, &full_name, buffer)),
        )
    }

    pub(crate) fn full_name(&self, key: &Key) -> Result<Vec<u16>, Status> {
        let name_of = |key: &Key| self.read(key, |seen| Ok(Arc::clone(&seen.contents().name)));
        let mut names = vec![name_of(key)?];
        let mut above = key.parent();
        for _ in 0..key.depth() {
            let key = above.ok_or(Status::KEY_DELETED)?;
            names.push(name_of(&key)?);
            above = key.parent();
        }
        let names = names.iter().rev();
        Ok(names
            .flat_map(|name| [SEPARATOR].into_iter().chain(name.iter().copied()))
            .collect())
    }

    pub(crate) fn set_information(
        &mut self,
        key: &Arc<Key>,
        class: KeySetInfo,
        information: &[u8],
    ) -> Result<(), Status> {
        self.write(key, |state| state.set_information(class, information))
    }

    pub(crate) fn security(&self, key: &Key) -> Result<Arc<[u8]>, Status> {
        self.read(key, |seen| Ok(Arc::clone(&seen.contents().security)))
    }

    pub(crate) fn set_security(
        &mut self,
        key: &Arc<Key>,
        security: Arc<[u8]>,
    ) -> Result<(), Status> {
        self.write(key, |state| {
            state.security = security;
            state.last_write = system_time();
            Ok(())
        })
    }

    pub(crate) fn value(&self, key: &Key, name: &[u16]) -> Result<Value, Status> {
        self.read(key, |seen| {
            let value = seen.contents().values.find(name).cloned();
            value.ok_or(Status::OBJECT_NAME_NOT_FOUND)
        })
    }

    pub(crate) fn query_value(
        &self,
        key: &Key,
        name: &[u16],
        class: ValueInfo,
        buffer: &mut [u8],
    ) -> Result<Answer, Status> {
        Ok(self.value(key, name)?.query(class, buffer))
    }

    pub(crate) fn query_value_at(
        &self,
        key: &Key,
        index: usize,
        class: ValueInfo,
        buffer: &mut [u8],
    ) -> Result<Answer, Status> {
        self.read(key, |seen| {
            let value = seen.contents().values.get(index);
            Ok(value.ok_or(Status::NO_MORE_ENTRIES)?.query(class, buffer))
        })
    }

    pub(crate) fn set_value(
        &mut self,
        key: &Arc<Key>,
        name: &[u16],
        kind: u32,
        data: &[u8],
    ) -> Result<(), Status> {
        key.check_value(name, kind)?;
        self.write(key, |state| {
            state.set_value(name, kind, data.into());
            Ok(())
        })
    }

    pub(crate) fn delete_value(&mut self, key: &Arc<Key>, name: &[u16]) -> Result<Value, Status> {
        self.write(key, |state| state.delete_value(name))
    }
}
