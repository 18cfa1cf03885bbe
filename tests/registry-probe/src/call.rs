//! The system calls that can be asked for.

use alloc::string::String;
use alloc::vec::Vec;

use crate::word::{Text, Word};

macro_rules! calls {
    ($(
        $(#[$doc:meta])*
        $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }
    )*) => {
        /// A system call. Keys are named by the number of a slot for handles.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum Call {
            $($(#[$doc])* $name { $($(#[$field_doc])* $field: $type,)* },)*
        }

        impl Call {
            /// The name of the system call, without its `Nt`.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$name { .. } => stringify!($name),)* }
            }

            /// The call as a line, without its end.
            pub fn to_line(&self) -> String {
                let mut line = String::from(self.name());
                match self {
                    $(Self::$name { $($field),* } => { $($field.write(&mut line);)* })*
                }
                line
            }

            /// The call in a line.
            pub fn from_line(line: &str) -> Option<Self> {
                let words = &mut line.split_ascii_whitespace();
                match words.next()? {
                    $(stringify!($name) => Some(Self::$name {
                        $($field: <$type>::read(words)?,)*
                    }),)*
                    _ => None,
                }
            }
        }
    };
}

calls! {
    /// `NtCreateKey`; the answer's length is the disposition, its data one byte: 1 for a handle, 0 for
    /// NULL.
    CreateKey {
        /// Where the handle goes.
        slot: u32,
        /// `RootDirectory`.
        root: Option<u32>,
        /// `ObjectName`.
        name: Text,
        /// `DesiredAccess`.
        access: u32,
        /// `Attributes`.
        attributes: u32,
        /// `CreateOptions`.
        options: u32,
        /// `Class`.
        class: Option<Text>,
    }
    /// `NtOpenKey`; the answer's data are as above.
    OpenKey {
        /// Where the handle goes.
        slot: u32,
        /// `RootDirectory`.
        root: Option<u32>,
        /// `ObjectName`.
        name: Text,
        /// `DesiredAccess`.
        access: u32,
        /// `Attributes`.
        attributes: u32,
    }
    /// `NtOpenKeyEx`; the answer's data are as above.
    OpenKeyEx {
        /// Where the handle goes.
        slot: u32,
        /// `RootDirectory`.
        root: Option<u32>,
        /// `ObjectName`.
        name: Text,
        /// `DesiredAccess`.
        access: u32,
        /// `Attributes`.
        attributes: u32,
        /// `OpenOptions`.
        options: u32,
    }
    /// `NtClose`. The slot has no handle afterwards.
    Close {
        /// The handle.
        slot: u32,
    }
    /// `NtClose` of the handles of all slots, as far as there are.
    Reset {}
    /// `NtDeleteKey`.
    DeleteKey {
        /// The key.
        slot: u32,
    }
    /// `NtRenameKey`.
    RenameKey {
        /// The key.
        slot: u32,
        /// The new name.
        name: Text,
    }
    /// `NtFlushKey`.
    FlushKey {
        /// The key.
        slot: u32,
    }
    /// `NtQueryKey`.
    QueryKey {
        /// The key.
        slot: u32,
        /// `KEY_INFORMATION_CLASS`.
        class: u32,
        /// The size of the buffer.
        size: u32,
    }
    /// `NtEnumerateKey`.
    EnumerateKey {
        /// The key.
        slot: u32,
        /// The number of the subkey.
        index: u32,
        /// `KEY_INFORMATION_CLASS`.
        class: u32,
        /// The size of the buffer.
        size: u32,
    }
    /// `NtSetInformationKey`.
    SetInformationKey {
        /// The key.
        slot: u32,
        /// `KEY_SET_INFORMATION_CLASS`.
        class: u32,
        /// The information.
        data: Vec<u8>,
    }
    /// `NtSetValueKey`.
    SetValueKey {
        /// The key.
        slot: u32,
        /// The value's name.
        name: Text,
        /// The value's type.
        kind: u32,
        /// The value's data.
        data: Vec<u8>,
    }
    /// `NtDeleteValueKey`.
    DeleteValueKey {
        /// The key.
        slot: u32,
        /// The value's name.
        name: Text,
    }
    /// `NtQueryValueKey`.
    QueryValueKey {
        /// The key.
        slot: u32,
        /// The value's name.
        name: Text,
        /// `KEY_VALUE_INFORMATION_CLASS`.
        class: u32,
        /// The size of the buffer.
        size: u32,
    }
    /// `NtEnumerateValueKey`.
    EnumerateValueKey {
        /// The key.
        slot: u32,
        /// The number of the value.
        index: u32,
        /// `KEY_VALUE_INFORMATION_CLASS`.
        class: u32,
        /// The size of the buffer.
        size: u32,
    }
    /// `NtQueryMultipleValueKey`; what the entries say then, type, length and offset, follows the
    /// buffer in the answer's data.
    QueryMultipleValueKey {
        /// The key.
        slot: u32,
        /// The size of the buffer.
        size: u32,
        /// The values' names.
        names: Vec<Text>,
    }
    /// `NtQuerySecurityObject`.
    QuerySecurityObject {
        /// The key.
        slot: u32,
        /// `SECURITY_INFORMATION`.
        wanted: u32,
        /// The size of the buffer.
        size: u32,
    }
}
