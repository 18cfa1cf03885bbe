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
        std::ptr::without_provenance_mut(match self {
            Self::Key => 0xFFFF_A000_0000_0100,
            Self::Thread => 0xFFFF_A000_0000_0200,
            Self::Transaction => 0xFFFF_A000_0000_0300,
            Self::Event => 0xFFFF_A000_0000_0400,
            Self::File => 0xFFFF_A000_0000_0500,
            Self::Callback => 0xFFFF_A000_0000_0600,
            Self::Device => 0xFFFF_A000_0000_0700,
            Self::Process => 0xFFFF_A000_0000_0800,
        })
    }
}

impl fmt::Display for ObjectType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key => "key object",
            Self::Thread => "thread object",
            Self::Transaction => "transaction object",
            Self::Event => "event object",
            Self::File => "file object",
            Self::Device => "device object",
            Self::Process => "process object",
            Self::Callback => "callback object",
        })
    }
}
