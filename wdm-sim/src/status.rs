//! NTSTATUS values, as the kernel's routines return them.
//!
//! The numbers are those of `ntstatus.h`; only the ones that this crate returns or tests for have
//! a name here. Any other value can be carried too and is printed as a number.

use std::fmt;

use serde::{Serialize, Serializer};

/// An NTSTATUS: the 32-bit result of a kernel routine.
///
/// The top two bits are the severity: 0 success, 1 information, 2 warning, 3 error.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(transparent)]
pub struct Status(pub i32);

macro_rules! statuses {
    ($($name:ident = $value:literal, $meaning:literal;)*) => {
        impl Status {
            $(
                #[doc = concat!("`STATUS_", stringify!($name), "`: ", $meaning, ".")]
                pub const $name: Self = Self($value as u32 as i32);
            )*

            /// The name in `ntstatus.h` without its `STATUS_` prefix, if this crate knows it.
            pub const fn name(self) -> Option<&'static str> {
                match self.0 as u32 {
                    $($value => Some(stringify!($name)),)*
                    _ => None,
                }
            }

            /// The value that `ntstatus.h` calls by this name, with its `STATUS_` prefix or without,
            /// if this crate knows it.
            pub fn from_name(name: &str) -> Option<Self> {
                match name.strip_prefix("STATUS_").unwrap_or(name) {
                    $(stringify!($name) => Some(Self::$name),)*
                    _ => None,
                }
            }
        }
    };
}

statuses! {
    SUCCESS = 0x0000_0000, "the operation succeeded";
    TIMEOUT = 0x0000_0102, "the waiting time has passed";
    PENDING = 0x0000_0103, "the operation goes on after the call";
    REPARSE = 0x0000_0104, "the name leads elsewhere and must be looked up again";
    NOTIFY_CLEANUP = 0x0000_010B, "the key was closed or deleted";
    NOTIFY_ENUM_DIR = 0x0000_010C, "something has changed";
    DATATYPE_MISALIGNMENT = 0x8000_0002, "an address is not aligned as it must be";
    BUFFER_OVERFLOW = 0x8000_0005, "the fixed part was written, the rest was cut off";
    NO_MORE_ENTRIES = 0x8000_001A, "the index is past the last entry";
    UNSUCCESSFUL = 0xC000_0001, "the operation failed";
    NOT_IMPLEMENTED = 0xC000_0002, "the routine does not exist here";
    INVALID_INFO_CLASS = 0xC000_0003, "the information class is unknown";
    INFO_LENGTH_MISMATCH = 0xC000_0004, "the length does not fit the information class";
    ACCESS_VIOLATION = 0xC000_0005, "an address could not be read or written";
    INVALID_HANDLE = 0xC000_0008, "the handle is not open";
    INVALID_CID = 0xC000_000B, "no process or thread has that id";
    INVALID_PARAMETER = 0xC000_000D, "a parameter is not valid";
    NO_SUCH_DEVICE = 0xC000_000E, "the device is not ready, or going away";
    NO_SUCH_FILE = 0xC000_000F, "the file does not exist";
    INVALID_DEVICE_REQUEST = 0xC000_0010, "the device does not do that";
    END_OF_FILE = 0xC000_0011, "nothing is left to read";
    ACCESS_DENIED = 0xC000_0022, "the caller may not do that";
    BUFFER_TOO_SMALL = 0xC000_0023, "not even the fixed part fits; nothing was written";
    OBJECT_TYPE_MISMATCH = 0xC000_0024, "the object is of another type";
    OBJECT_NAME_INVALID = 0xC000_0033, "the name is malformed";
    OBJECT_NAME_NOT_FOUND = 0xC000_0034, "no object has that name";
    OBJECT_NAME_COLLISION = 0xC000_0035, "an object has that name already";
    OBJECT_PATH_INVALID = 0xC000_0039, "part of the path is not a directory";
    OBJECT_PATH_NOT_FOUND = 0xC000_003A, "part of the path does not exist";
    OBJECT_PATH_SYNTAX_BAD = 0xC000_003B, "the path is malformed";
    SHARING_VIOLATION = 0xC000_0043, "the file is in use";
    INVALID_OWNER = 0xC000_005A, "the caller may not make that the owner";
    INVALID_PARAMETER_2 = 0xC000_00F0, "the second parameter is not valid";
    INVALID_PARAMETER_4 = 0xC000_00F2, "the fourth parameter is not valid";
    INVALID_PARAMETER_7 = 0xC000_00F5, "the seventh parameter is not valid";
    INVALID_PARAMETER_5 = 0xC000_00F3, "the fifth parameter is not valid";
    REVISION_MISMATCH = 0xC000_0059, "the version is another one";
    PRIVILEGE_NOT_HELD = 0xC000_0061, "the caller lacks a privilege";
    INVALID_SID = 0xC000_0078, "the security identifier is malformed";
    PROCEDURE_NOT_FOUND = 0xC000_007A, "the routine is not there";
    INSUFFICIENT_RESOURCES = 0xC000_009A, "memory or another resource ran out";
    NOT_SUPPORTED = 0xC000_00BB, "the request is not supported";
    NAME_TOO_LONG = 0xC000_0106, "the name is too long";
    CANNOT_DELETE = 0xC000_0121, "the key has subkeys, or must stay";
    REGISTRY_CORRUPT = 0xC000_014C, "the hive is damaged";
    REGISTRY_IO_FAILED = 0xC000_014D, "the hive could not be read or written";
    NOT_REGISTRY_FILE = 0xC000_015C, "the file is no hive";
    KEY_DELETED = 0xC000_017C, "the key has been deleted";
    KEY_HAS_CHILDREN = 0xC000_0180, "a link cannot replace a key that has subkeys or values";
    CHILD_MUST_BE_VOLATILE = 0xC000_0181, "a stable key cannot be made below a volatile one";
    POSSIBLE_DEADLOCK = 0xC000_0194, "the thread would wait for itself";
    RETRY = 0xC000_022D, "it did not work now, but may later";
    CALLBACK_BYPASS = 0xC000_0503, "a registry callback did the operation itself";
    TRANSACTIONAL_CONFLICT = 0xC019_0001, "another transaction has changed it";
    TRANSACTION_NOT_ACTIVE = 0xC019_0003, "the transaction has ended";
    TRANSACTION_SUPERIOR_EXISTS = 0xC019_0012, "another resource manager coordinates the commit";
    TRANSACTION_REQUEST_NOT_VALID = 0xC019_0013, "the transaction's state does not permit it";
    TRANSACTION_NOT_REQUESTED = 0xC019_0014, "the enlistment was not asked for that";
    TRANSACTION_ALREADY_ABORTED = 0xC019_0015, "the transaction has been rolled back";
    TRANSACTION_ALREADY_COMMITTED = 0xC019_0016, "the transaction has been committed";
    ENLISTMENT_NOT_SUPERIOR = 0xC019_0033, "the enlistment does not coordinate the commit";
    TM_VOLATILE = 0xC019_003B, "the transaction manager has no log";
    TRANSACTION_NOT_FOUND = 0xC019_004E, "no transaction has that identifier";
    RESOURCEMANAGER_NOT_FOUND = 0xC019_004F, "no resource manager has that identifier";
    ENLISTMENT_NOT_FOUND = 0xC019_0050, "no enlistment has that identifier";
    TRANSACTIONMANAGER_NOT_FOUND = 0xC019_0051, "no transaction manager has that identifier";
    TRANSACTIONMANAGER_NOT_ONLINE = 0xC019_0052, "the resource manager or its transaction manager is closed";
    TRANSACTION_RESPONSE_NOT_ENLISTED = 0xC019_0057, "the enlistment does not ask to be told of the end";
    FLT_INSTANCE_ALTITUDE_COLLISION = 0xC01C_0011, "the altitude is taken";
}

impl Status {
    /// Whether this is a success or information (`NT_SUCCESS`).
    pub const fn is_success(self) -> bool {
        self.0 >= 0
    }

    /// Whether this is an error (`NT_ERROR`), not merely a warning.
    pub const fn is_error(self) -> bool {
        self.0 as u32 >> 30 == 3
    }

    /// `Ok(())` for a success or information, `Err(self)` otherwise.
    pub const fn to_result(self) -> Result<(), Self> {
        if self.is_success() { Ok(()) } else { Err(self) }
    }
}

/// As text, as it displays.
impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08X}", self.0 as u32)?;
        match self.name() {
            Some(name) => write!(f, " STATUS_{name}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Status {}

#[cfg(test)]
mod tests {
    use super::Status;

    #[test]
    fn severity_decides_success() {
        assert!(Status::SUCCESS.is_success());
        assert!(Status::REPARSE.is_success());
        assert!(!Status::BUFFER_OVERFLOW.is_success());
        assert!(!Status::KEY_DELETED.is_success());
    }

    #[test]
    fn names_lead_both_ways() {
        for status in [Status::SUCCESS, Status::KEY_DELETED] {
            assert_eq!(status.name().and_then(Status::from_name), Some(status));
        }
        let prefixed = Status::from_name("STATUS_ACCESS_DENIED");
        assert_eq!(prefixed, Some(Status::ACCESS_DENIED));
        assert_eq!(Status::from_name("NO_SUCH_NAME"), None);
    }

    #[test]
    fn display_gives_number_and_name() {
        assert_eq!(
            Status::KEY_DELETED.to_string(),
            "0xC000017C STATUS_KEY_DELETED"
        );
        assert_eq!(Status(0x1234).to_string(), "0x00001234");
    }
}
