//! How each operation is done, from user mode.

use wdm_sim::registry::KeyInfo;
use wdm_sim::{
    KeyAccess, Machine, Privileges, Process, RestoreFlags, SaveFormat, Status, ThreadGuard, UserKey,
};
use wdm_sys as sys;

use crate::callback::DESCRIPTOR;
use crate::support::HOME;

/// The operations of the registry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operation {
    CreateKey,
    OpenKey,
    DeleteKey,
    SetValue,
    DeleteValue,
    SetInformation,
    RenameKey,
    EnumerateKey,
    EnumerateValue,
    QueryKey,
    QueryValue,
    QueryMultipleValue,
    CloseKey,
    FlushKey,
    LoadKey,
    UnloadKey,
    QuerySecurity,
    SetSecurity,
    RestoreKey,
    SaveKey,
    ReplaceKey,
    QueryKeyName,
    SaveMergedKey,
}

const HIVE: &str = r"\??\C:\hive";
const OTHER_HIVE: &str = r"\??\C:\other";
const LOADED: &str = r"\REGISTRY\USER\Loaded";

/// A program with all the privileges that hives need.
pub(crate) fn program(machine: &Machine) -> Process {
    let program = machine.process("program.exe");
    program.grant(Privileges::BACKUP | Privileges::RESTORE);
    program
}

/// What there is before an operation: a key with a value and two subkeys, a saved hive in two files,
/// and, for an unload, the same in the registry.
pub(crate) struct Stage<'t> {
    thread: &'t ThreadGuard,
    key: UserKey<'t>,
    child: UserKey<'t>,
    leaf: UserKey<'t>,
}

impl<'t> Stage<'t> {
    pub(crate) fn set(
        thread: &'t ThreadGuard,
        machine: &Machine,
        operation: Operation,
    ) -> Result<Self, Status> {
        let key = thread.create_key(HOME, KeyAccess::ALL)?;
        let child = key.create_key("child", KeyAccess::ALL)?;
        let leaf = key.create_key("leaf", KeyAccess::ALL)?;
        key.set_binary("value", &[1])?;
        let file = thread.create_file(HIVE)?;
        child.save(&file, SaveFormat::Latest)?;
        drop(file);
        let hive = machine.file(HIVE).ok_or(Status::OBJECT_NAME_NOT_FOUND)?;
        machine.put_file(OTHER_HIVE, hive)?;
        if operation == Operation::UnloadKey {
            thread.load_key(LOADED, HIVE)?;
        }
        Ok(Self {
            thread,
            key,
            child,
            leaf,
        })
    }

    /// Does the operation.
    pub(crate) fn act(self, operation: Operation) -> Result<(), Status> {
        let Self {
            thread,
            key,
            child,
            leaf,
        } = self;
        match operation {
            Operation::CreateKey => key.create_key("new", KeyAccess::READ).map(drop),
            Operation::OpenKey => key.open_key("child", KeyAccess::READ).map(drop),
            Operation::DeleteKey => child.delete(),
            Operation::SetValue => key.set_binary("new", &[2]),
            Operation::DeleteValue => key.delete_value("value"),
            Operation::SetInformation => key.set_last_write_time(7),
            Operation::RenameKey => child.rename("renamed"),
            Operation::EnumerateKey => key.enumerate_key(0).map(drop),
            Operation::EnumerateValue => key.enumerate_value(0).map(drop),
            Operation::QueryKey => key.query_class(KeyInfo::Basic).map(drop),
            Operation::QueryValue => key.query_value("value").map(drop),
            Operation::QueryMultipleValue => query_several(&key),
            Operation::CloseKey => child.close(),
            Operation::FlushKey => key.flush(),
            Operation::LoadKey => thread.load_key(LOADED, HIVE),
            Operation::UnloadKey => thread.unload_key(LOADED),
            Operation::QuerySecurity => key.security(4).map(drop),
            Operation::SetSecurity => key.set_security(4, &DESCRIPTOR),
            Operation::RestoreKey => {
                let file = thread.open_file(HIVE)?;
                leaf.restore(&file, RestoreFlags::empty())
            }
            Operation::SaveKey => {
                let file = thread.create_file(r"\??\C:\saved")?;
                key.save(&file, SaveFormat::Latest)
            }
            Operation::ReplaceKey => key.replace(OTHER_HIVE, r"\??\C:\backup"),
            Operation::QueryKeyName => query_name(&key),
            Operation::SaveMergedKey => {
                let file = thread.create_file(r"\??\C:\merged")?;
                thread.save_merged_keys(&child, &leaf, &file)
            }
        }
    }
}

fn query_several(key: &UserKey<'_>) -> Result<(), Status> {
    let name: Vec<u16> = "value".encode_utf16().collect();
    let mut name = sys::UNICODE_STRING {
        Length: 10,
        MaximumLength: 10,
        Buffer: name.as_ptr().cast_mut(),
    };
    let mut entry = sys::KEY_VALUE_ENTRY {
        ValueName: &mut name,
        DataLength: 0,
        DataOffset: 0,
        Type: 0,
    };
    let (mut data, mut length, mut needed) = ([0_u8; 8], 8, 0);
    let place = data.as_mut_ptr().cast();
    // SAFETY: the simulated kernel knows its handles; the pointers lead to live locals.
    let status = unsafe {
        let entries = &mut entry;
        sys::ZwQueryMultipleValueKey(key.handle(), entries, 1, place, &mut length, &mut needed)
    };
    Status(status).to_result()
}

fn query_name(key: &UserKey<'_>) -> Result<(), Status> {
    let (mut object, mode) = (std::ptr::null_mut(), sys::UserMode as sys::KPROCESSOR_MODE);
    let (handle, any) = (key.handle(), std::ptr::null_mut());
    // SAFETY: the simulated kernel knows its handles; the pointer leads to a live local.
    let status = unsafe {
        sys::ObReferenceObjectByHandle(handle, 0, any, mode, &mut object, std::ptr::null_mut())
    };
    Status(status).to_result()?;
    let (mut name, mut length) = ([0_u64; 64], 0);
    // SAFETY: the object is referenced; the buffer is of that length.
    let status =
        unsafe { sys::ObQueryNameString(object, name.as_mut_ptr().cast(), 512, &mut length) };
    // SAFETY: referenced above.
    unsafe { sys::ObfDereferenceObject(object) };
    Status(status).to_result()
}
