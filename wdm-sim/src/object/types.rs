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
    /// The value that stands for the type in a `POBJECT_TYPE` parameter.
    pub(crate) const fn as_raw(self) -> POBJECT_TYPE {
        head(self as usize)
    }
}

/// A type that no object here has.
#[derive(Clone, Copy)]
pub(crate) enum ForeignType {
    /// `*ExDesktopObjectType`.
    Desktop,
    /// `*ExSemaphoreObjectType`.
    Semaphore,
    /// `*ExWindowStationObjectType`.
    WindowStation,
    /// `*IoDriverObjectType`.
    Driver,
    /// `*LpcPortObjectType`.
    Port,
    /// `*MmSectionObjectType`.
    Section,
    /// `*PsJobType`.
    Job,
    /// `*SeTokenObjectType`.
    Token,
}

impl ForeignType {
    /// As [`ObjectType::as_raw`].
    pub(crate) const fn as_raw(self) -> POBJECT_TYPE {
        head(OBJECT_TYPES + self as usize)
    }
}

/// What stands at a type's address: the head of a list of its objects, which is empty, as on an NT
/// that was not told to keep such lists. Drivers must not look into it. Those that are built with
/// mingw-w64's headers do: to them `CmKeyObjectType` is a variable in a library, so that
/// `*CmKeyObjectType` reads once more than it should, and gets the same address back.
#[repr(C, align(16))]
struct Head {
    next: *const Head,
    previous: *const Head,
}

// SAFETY: nobody writes to it; drivers must not.
unsafe impl Sync for Head {}

/// How many types objects have.
const OBJECT_TYPES: usize = ObjectType::Device as usize + 1;
/// How many types there are.
const TYPES: usize = OBJECT_TYPES + ForeignType::Token as usize + 1;

static HEADS: [Head; TYPES] = {
    let first = (&raw const HEADS).cast::<Head>();
    let mut heads = [const { Head::empty(std::ptr::null()) }; TYPES];
    let mut index = 0;
    while index < TYPES {
        heads[index] = Head::empty(first.wrapping_add(index));
        index += 1;
    }
    heads
};

impl Head {
    /// The head of an empty list at an address.
    const fn empty(address: *const Self) -> Self {
        Self {
            next: address,
            previous: address,
        }
    }
}

/// The address of a type's head.
const fn head(index: usize) -> POBJECT_TYPE {
    let first = (&raw const HEADS).cast::<Head>();
    first.wrapping_add(index).cast_mut().cast()
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
