//! Object types, and the variables through which drivers name them.

use std::fmt;

use wdm_sys::POBJECT_TYPE;

/// The type of an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ObjectType {
    /// `*CmKeyObjectType`.
    Key,
    /// `*ExCallbackObjectType`.
    Callback,
    /// `*PsThreadType`.
    Thread,
    /// `*PsProcessType`.
    Process,
    /// `*TmTransactionObjectType`.
    Transaction,
    /// `*TmTransactionManagerObjectType`.
    TransactionManager,
    /// `*TmResourceManagerObjectType`.
    ResourceManager,
    /// `*TmEnlistmentObjectType`.
    Enlistment,
    /// `*ExEventObjectType`.
    Event,
    /// `*IoFileObjectType`.
    File,
    /// `*IoDeviceObjectType`.
    Device,
}

impl ObjectType {
    /// The value that stands for the type in a `POBJECT_TYPE` parameter. Like a key object's
    /// address it is a name, not memory.
    pub(crate) const fn as_raw(self) -> POBJECT_TYPE {
        std::ptr::without_provenance_mut(0xFFFF_A000_0000_0100 + self as usize * 0x100)
    }
}

impl fmt::Display for ObjectType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "key object",
            Self::Thread => "thread object",
            Self::Transaction => "transaction object",
            Self::TransactionManager => "transaction manager object",
            Self::ResourceManager => "resource manager object",
            Self::Enlistment => "enlistment object",
            Self::Event => "event object",
            Self::File => "file object",
            Self::Device => "device object",
            Self::Process => "process object",
            Self::Callback => "callback object",
        })
    }
}
