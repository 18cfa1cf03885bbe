//! What to open or create, and how.

use core::ptr;

use wdm_sys as sys;
use wdm_sys::ObjectFlags;

use super::{KeyAccess, KeyOptions, RegKey, SecurityDescriptor, Transaction};
use crate::handle::Handle;
use crate::string::Counted;
use crate::{NtError, NtStatus, Passive, Result, UnicodeStr};

/// What [`KeyRequest::create`] found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Disposition {
    /// The key did not exist.
    Created,
    /// The key existed and was opened.
    Opened,
}

/// A key to open or to create, with what can be said about it. For a path and an access alone there
/// are [`RegKey::open`] and [`RegKey::create`].
///
/// The pages: [`ZwOpenKeyEx`], [`ZwCreateKey`] and their transacted neighbours.
///
/// [`ZwOpenKeyEx`]: https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwopenkeyex
/// [`ZwCreateKey`]: https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-zwcreatekey
///
/// ```
/// # let machine = wdm_sim::Machine::builder().build()?;
/// # let process = machine.system_process(); let _thread = process.enter();
/// # let at = unsafe { wdm_safe::Passive::new_unchecked() };
/// use wdm_safe::registry::{Disposition, KeyAccess, KeyRequest};
/// use wdm_safe::unicode;
///
/// let path = unicode!(r"\Registry\Machine\SYSTEM\Session");
/// let (key, found) = KeyRequest::new(path, KeyAccess::ALL)
///     .volatile()
///     .class(unicode!("Scratch"))
///     .create(at)?;
/// assert_eq!(found, Disposition::Created);
/// assert_eq!(&*key.class(at)?, unicode!("Scratch"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "a request does nothing before `open` or `create`"]
pub struct KeyRequest<'a> {
    path: &'a UnicodeStr,
    pub(super) access: KeyAccess,
    below: Option<&'a RegKey>,
    pub(super) options: KeyOptions,
    flags: ObjectFlags,
    class: Option<&'a UnicodeStr>,
    security: Option<&'a SecurityDescriptor>,
    transaction: Option<&'a Transaction>,
}

impl<'a> KeyRequest<'a> {
    /// Asks for a key by its path, with these rights. [`KeyAccess::WOW64_32KEY`] among them asks for
    /// the view that 32-bit programs have of the registry.
    pub const fn new(path: &'a UnicodeStr, access: KeyAccess) -> Self {
        Self {
            path,
            access,
            below: None,
            options: KeyOptions::empty(),
            flags: ObjectFlags::CASE_INSENSITIVE.union(ObjectFlags::KERNEL_HANDLE),
            class: None,
            security: None,
            transaction: None,
        }
    }

    /// The path leads on from this key (`RootDirectory`); an empty one is the key itself.
    pub const fn below(mut self, key: &'a RegKey) -> Self {
        self.below = Some(key);
        self
    }

    /// A key that is made lives in memory only: it is gone after a restart
    /// (`REG_OPTION_VOLATILE`). Below it only volatile keys can be made.
    pub const fn volatile(self) -> Self {
        self.with(KeyOptions::VOLATILE)
    }

    /// Uses the caller's privileges for backup and restore in place of the access
    /// (`REG_OPTION_BACKUP_RESTORE`).
    pub const fn backup_restore(self) -> Self {
        self.with(KeyOptions::BACKUP_RESTORE)
    }

    /// Opens a symbolic link itself, not the key that it leads to (`REG_OPTION_OPEN_LINK`,
    /// `OBJ_OPENLINK`).
    pub const fn open_link(mut self) -> Self {
        self.flags = self.flags.union(ObjectFlags::OPENLINK);
        self.with(KeyOptions::OPEN_LINK)
    }

    /// Checks the rights as if the call came from user mode (`OBJ_FORCE_ACCESS_CHECK`): the key's
    /// security is held against the thread's own token, not the kernel's.
    pub const fn check_access(mut self) -> Self {
        self.flags = self.flags.union(ObjectFlags::FORCE_ACCESS_CHECK);
        self
    }

    /// The class name of a key that is made; opening ignores it.
    pub const fn class(mut self, class: &'a UnicodeStr) -> Self {
        self.class = Some(class);
        self
    }

    /// The security descriptor of a key that is made, in place of what it would inherit; opening
    /// ignores it.
    pub const fn security(mut self, security: &'a SecurityDescriptor) -> Self {
        self.security = Some(security);
        self
    }

    /// Opens or makes the key in a transaction (`ZwOpenKeyTransactedEx`, `ZwCreateKeyTransacted`).
    /// Below a key that is itself open in one, every request stays in it.
    pub const fn inside(mut self, transaction: &'a Transaction) -> Self {
        self.transaction = Some(transaction);
        self
    }

    /// More options, by their bits.
    pub(super) const fn with(mut self, options: KeyOptions) -> Self {
        self.options = self.options.union(options);
        self
    }

    /// Opens the key (`ZwOpenKeyEx`). IRQL: `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` if there is no such key, `STATUS_ACCESS_DENIED`,
    /// `STATUS_NAME_TOO_LONG`, `STATUS_KEY_DELETED` for the key [`below`](Self::below) which it is
    /// looked for, or what a registry callback answered. In a transaction
    /// `STATUS_TRANSACTION_NOT_ACTIVE` after its end, and `STATUS_TRANSACTIONAL_CONFLICT` below a
    /// key that is open in another.
    pub fn open(self, _at: Passive<'_>) -> Result<RegKey> {
        let path = Counted::new(self.path)?;
        let mut attributes = self.attributes(&path);
        let options = KeyOptions::OPEN_LINK.union(KeyOptions::BACKUP_RESTORE);
        let options = self.options.intersection(options).bits();
        let mut handle = ptr::null_mut();
        let access = self.access.bits();
        let status = match self.transaction.map(Transaction::as_raw_handle) {
            // SAFETY: the attributes and what they name outlive the call; PASSIVE_LEVEL by the
            // token.
            None => unsafe { sys::ZwOpenKeyEx(&mut handle, access, &mut attributes, options) },
            // SAFETY: as above, and the transaction's handle is open.
            Some(inside) => unsafe {
                sys::ZwOpenKeyTransactedEx(&mut handle, access, &mut attributes, options, inside)
            },
        };
        NtStatus::from_raw(status).to_result()?;
        key_of(handle)
    }

    /// Opens the key, or makes the last component of its path (`ZwCreateKey`). IRQL:
    /// `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND` if its parent does not exist, `STATUS_ACCESS_DENIED`,
    /// `STATUS_NAME_TOO_LONG`, `STATUS_CHILD_MUST_BE_VOLATILE`, `STATUS_KEY_DELETED`, or what a
    /// registry callback answered. In a transaction those of [`open`](Self::open), and
    /// `STATUS_TRANSACTIONAL_CONFLICT` if another has made the key or deleted its parent.
    pub fn create(self, _at: Passive<'_>) -> Result<(RegKey, Disposition)> {
        let path = Counted::new(self.path)?;
        let class = self.class.map(Counted::new).transpose()?;
        let class = class.as_ref().map_or(ptr::null_mut(), Counted::as_ptr);
        let mut attributes = self.attributes(&path);
        let (access, options) = (self.access.bits(), self.options.bits());
        let (mut handle, mut disposition) = (ptr::null_mut(), 0);
        let status = match self.transaction.map(Transaction::as_raw_handle) {
            // SAFETY: the attributes and what they name outlive the call, and so does the class,
            // which may be null; PASSIVE_LEVEL by the token.
            None => unsafe {
                sys::ZwCreateKey(
                    &mut handle,
                    access,
                    &mut attributes,
                    0,
                    class,
                    options,
                    &mut disposition,
                )
            },
            // SAFETY: as above, and the transaction's handle is open.
            Some(inside) => unsafe {
                sys::ZwCreateKeyTransacted(
                    &mut handle,
                    access,
                    &mut attributes,
                    0,
                    class,
                    options,
                    inside,
                    &mut disposition,
                )
            },
        };
        NtStatus::from_raw(status).to_result()?;
        let disposition = match disposition {
            sys::REG_CREATED_NEW_KEY => Disposition::Created,
            _ => Disposition::Opened,
        };
        Ok((key_of(handle)?, disposition))
    }

    /// Names the key for the kernel.
    ///
    /// The result borrows `self` and `path` by address; it must not outlive them.
    fn attributes(&self, path: &Counted<'_>) -> sys::OBJECT_ATTRIBUTES {
        sys::OBJECT_ATTRIBUTES {
            Length: const { size_of::<sys::OBJECT_ATTRIBUTES>() as u32 },
            RootDirectory: self.below.map_or(ptr::null_mut(), RegKey::raw),
            ObjectName: path.as_ptr(),
            Attributes: self.flags.bits(),
            SecurityDescriptor: self
                .security
                .map_or(ptr::null_mut(), SecurityDescriptor::as_ptr),
            SecurityQualityOfService: ptr::null_mut(),
        }
    }
}

/// The key of a handle that the kernel has just given for a request.
fn key_of(handle: sys::HANDLE) -> Result<RegKey> {
    // SAFETY: a kernel handle that the kernel has opened for this call, or null.
    unsafe { Handle::from_raw(handle) }
        .map(RegKey::from_handle)
        .ok_or(NtError::INVALID_HANDLE)
}
