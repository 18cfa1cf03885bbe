//! Access masks and options as types of their own. Unknown bits are kept: a mask that comes from
//! the kernel is shown as it is.

use bitflags::bitflags;

use crate::bindings as raw;

bitflags! {
    /// Rights to a registry key (`ACCESS_MASK`; the page of `ZwCreateKey`, `DesiredAccess`).
    #[repr(transparent)]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct KeyAccess: u32 {
        /// Read values.
        const QUERY_VALUE = raw::KEY_QUERY_VALUE;
        /// Create, change and delete values.
        const SET_VALUE = raw::KEY_SET_VALUE;
        /// Create subkeys.
        const CREATE_SUB_KEY = raw::KEY_CREATE_SUB_KEY;
        /// List subkeys.
        const ENUMERATE_SUB_KEYS = raw::KEY_ENUMERATE_SUB_KEYS;
        /// Ask for change notification.
        const NOTIFY = raw::KEY_NOTIFY;
        /// Create a symbolic link.
        const CREATE_LINK = raw::KEY_CREATE_LINK;
        /// Work in the 64-bit view.
        const WOW64_64KEY = raw::KEY_WOW64_64KEY;
        /// Work in the 32-bit view.
        const WOW64_32KEY = raw::KEY_WOW64_32KEY;
        /// Delete the key.
        const DELETE = raw::DELETE;
        /// Read the security descriptor.
        const READ_CONTROL = raw::READ_CONTROL;
        /// Change the discretionary access list.
        const WRITE_DAC = raw::WRITE_DAC;
        /// Change the owner.
        const WRITE_OWNER = raw::WRITE_OWNER;
        /// Read or change the system access list.
        const ACCESS_SYSTEM_SECURITY = raw::ACCESS_SYSTEM_SECURITY;
        /// Whatever the caller may have.
        const MAXIMUM_ALLOWED = raw::MAXIMUM_ALLOWED;
        /// `KEY_READ`.
        const READ = raw::KEY_READ;
        /// `KEY_WRITE`.
        const WRITE = raw::KEY_WRITE;
        /// `KEY_ALL_ACCESS`.
        const ALL = raw::KEY_ALL_ACCESS;
        const _ = !0;
    }

    /// `CreateOptions` of `ZwCreateKey` and `OpenOptions` of `ZwOpenKeyEx`.
    #[repr(transparent)]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct KeyOptions: u32 {
        /// The key lives in memory only.
        const VOLATILE = raw::REG_OPTION_VOLATILE;
        /// Create a symbolic link.
        const CREATE_LINK = raw::REG_OPTION_CREATE_LINK;
        /// Use the backup or restore privilege; `DesiredAccess` is ignored.
        const BACKUP_RESTORE = raw::REG_OPTION_BACKUP_RESTORE;
        /// Open a symbolic link itself.
        const OPEN_LINK = raw::REG_OPTION_OPEN_LINK;
        const _ = !0;
    }

    /// `Attributes` of `OBJECT_ATTRIBUTES`.
    #[repr(transparent)]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct ObjectFlags: u32 {
        /// Child processes inherit the handle.
        const INHERIT = raw::OBJ_INHERIT;
        /// Names are compared without regard to case.
        const CASE_INSENSITIVE = raw::OBJ_CASE_INSENSITIVE;
        /// Open an object of that name if there is one.
        const OPENIF = raw::OBJ_OPENIF;
        /// Open a symbolic link itself.
        const OPENLINK = raw::OBJ_OPENLINK;
        /// The handle belongs to the kernel, not to the current process.
        const KERNEL_HANDLE = raw::OBJ_KERNEL_HANDLE;
        /// Check access as if the caller were in user mode.
        const FORCE_ACCESS_CHECK = raw::OBJ_FORCE_ACCESS_CHECK;
        const _ = !0;
    }

    /// Parts of a security descriptor (`SECURITY_INFORMATION`).
    #[repr(transparent)]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct SecurityInformation: u32 {
        /// The owner.
        const OWNER = raw::OWNER_SECURITY_INFORMATION;
        /// The primary group.
        const GROUP = raw::GROUP_SECURITY_INFORMATION;
        /// The discretionary access list: who may do what.
        const DACL = raw::DACL_SECURITY_INFORMATION;
        /// The system access list: what is audited.
        const SACL = raw::SACL_SECURITY_INFORMATION;
        const _ = !0;
    }

    /// Kinds of change (`CompletionFilter` of `ZwNotifyChangeKey`).
    #[repr(transparent)]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct KeyChanges: u32 {
        /// A subkey was made, renamed or deleted.
        const NAMES = raw::REG_NOTIFY_CHANGE_NAME;
        /// An attribute, such as the security descriptor, was changed.
        const ATTRIBUTES = raw::REG_NOTIFY_CHANGE_ATTRIBUTES;
        /// A value was made, deleted or set to something else.
        const VALUES = raw::REG_NOTIFY_CHANGE_LAST_SET;
        /// The security descriptor was changed.
        const SECURITY = raw::REG_NOTIFY_CHANGE_SECURITY;
        const _ = !0;
    }

    /// `Flags` of `ZwRestoreKey` (the page of `REG_RESTORE_KEY_INFORMATION`, which gives the
    /// numbers).
    #[repr(transparent)]
    #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
    pub struct RestoreFlags: u32 {
        /// `REG_WHOLE_HIVE_VOLATILE`: a new hive, in memory only.
        const WHOLE_HIVE_VOLATILE = 0x1;
        /// `REG_REFRESH_HIVE`: back to the state after the last flush.
        const REFRESH_HIVE = 0x2;
        /// `REG_FORCE_RESTORE`: even if handles are open at the key or below it.
        const FORCE_RESTORE = 0x8;
        const _ = !0;
    }
}
