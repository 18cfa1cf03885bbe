//! Saving keys to files (H3, H4).
//!
//! What is saved are the stable keys from the given one down, the hives that are mounted below left
//! out. The file's contents are replaced. The tree's own keys, such as `\REGISTRY\MACHINE`, are in
//! no hive and cannot be saved.

use std::ptr;
use std::sync::Arc;

use wdm_sys::{HANDLE, PVOID, REG_SAVE_KEY_INFORMATION, REG_SAVE_MERGED_KEY_INFORMATION};

use super::value::{done, key_of};
use super::{Outcome, file_by_handle, key_by_handle};
use crate::cm::callbacks::Cookie;
use crate::cm::classes::Operation;
use crate::cm::notify::{self, Subject, run_on_key};
use crate::files::{File, WRITE};
use crate::machine::Thread;
use crate::registry::{Key, KeyFlags, Snapshot, Version, write};
use crate::se::Privileges;
use crate::status::Status;

/// The format in which a key is saved (`Format` of `ZwSaveKeyEx`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum SaveFormat {
    /// `REG_STANDARD_FORMAT`: version 1.3, which Windows 2000 reads. It is what `ZwSaveKey` uses.
    Standard = 1,
    /// `REG_LATEST_FORMAT`: version 1.5, which Windows XP and later read.
    Latest = 2,
    /// `REG_NO_COMPRESSION`: a whole hive as it is. The key must be the root of one.
    NoCompression = 4,
}

impl TryFrom<u32> for SaveFormat {
    type Error = Status;

    fn try_from(number: u32) -> Result<Self, Status> {
        match number {
            1 => Ok(Self::Standard),
            2 => Ok(Self::Latest),
            4 => Ok(Self::NoCompression),
            _ => Err(Status::INVALID_PARAMETER),
        }
    }
}

impl SaveFormat {
    fn version(self) -> Version {
        match self {
            Self::Standard => Version::Standard,
            Self::Latest | Self::NoCompression => Version::Latest,
        }
    }
}

/// `ZwSaveKey`, `ZwSaveKeyEx`.
pub(crate) fn save_key(thread: &Thread, handle: HANDLE, file: HANDLE, format: u32) -> Outcome {
    const CALL: &str = "ZwSaveKeyEx";
    let kind = SaveFormat::try_from(format)?;
    thread.require_privilege(Privileges::BACKUP)?;
    let object = key_by_handle(thread, CALL, handle, 0)?;
    let key = key_of!(object).key();
    let target = file_by_handle(thread, CALL, file, WRITE)?;
    let target = target.file().ok_or(Status::OBJECT_TYPE_MISMATCH)?.file();
    let info = REG_SAVE_KEY_INFORMATION {
        Object: ptr::without_provenance_mut(object.address()),
        FileHandle: file,
        Format: format,
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let work = || {
        if kind == SaveFormat::NoCompression && !key.flags().contains(KeyFlags::HIVE) {
            return Status::INVALID_PARAMETER;
        }
        done(save(&[key], Snapshot::of(key), target, kind.version()))
    };
    Ok(run_on_key(thread, Operation::SaveKey, &object, info, work))
}

/// `ZwSaveMergedKeys`: where both trees have a key, that of the higher one is saved.
pub(crate) fn save_merged_keys(
    thread: &Thread,
    high: HANDLE,
    low: HANDLE,
    file: HANDLE,
) -> Outcome {
    const CALL: &str = "ZwSaveMergedKeys";
    thread.require_privilege(Privileges::BACKUP)?;
    let high = key_by_handle(thread, CALL, high, 0)?;
    let low = key_by_handle(thread, CALL, low, 0)?;
    let target = file_by_handle(thread, CALL, file, WRITE)?;
    let mut info = REG_SAVE_MERGED_KEY_INFORMATION {
        Object: ptr::null_mut(),
        FileHandle: file,
        HighKeyObject: ptr::without_provenance_mut(high.address()),
        LowKeyObject: ptr::without_provenance_mut(low.address()),
        CallContext: ptr::null_mut(),
        ObjectContext: ptr::null_mut(),
        Reserved: ptr::null_mut(),
    };
    let mut merge = Merge {
        high: key_of!(high).key(),
        low: key_of!(low).key(),
        target: target.file().ok_or(Status::OBJECT_TYPE_MISMATCH)?.file(),
    };
    Ok(notify::run(
        thread,
        Operation::SaveMergedKey,
        &mut info,
        &mut merge,
    ))
}

struct Merge<'a> {
    high: &'a Arc<Key>,
    low: &'a Arc<Key>,
    target: &'a File,
}

impl Subject for Merge<'_> {
    type Info = REG_SAVE_MERGED_KEY_INFORMATION;

    fn perform(&mut self, _: &mut Self::Info) -> Status {
        let merged = Snapshot::merged(self.high, self.low);
        let keys = [self.high, self.low];
        done(save(&keys, merged, self.target, Version::Latest))
    }

    fn complete_name(&self) -> Vec<u16> {
        self.high.full_name().unwrap_or_default()
    }

    /// Always NULL (K2b).
    fn post_object(&self, _: Status) -> PVOID {
        ptr::null_mut()
    }

    fn pre_context(&self, _: Cookie) -> PVOID {
        ptr::null_mut()
    }
}

fn save(
    keys: &[&Arc<Key>],
    snapshot: Result<Snapshot, Status>,
    file: &File,
    version: Version,
) -> Result<(), Status> {
    if keys.iter().any(|key| key.is_fixed()) {
        return Err(Status::ACCESS_DENIED);
    }
    file.set_bytes(write(&snapshot?, version)?);
    Ok(())
}
