//! What the structures point to, as borrowed views for the notification.
//!
//! From Windows 8 on, the inputs of a caller in user mode are captured in system memory before the
//! callback sees them (N8), so a view of them neither faults nor changes. Those of a caller in
//! kernel mode are used as they are: that it leaves them alone during its own call is what every
//! routine of the kernel trusts it with.

use core::cell::Cell;
use core::ffi::c_void;
use core::marker::PhantomData;
use core::ptr::{self, NonNull};

use wdm_safe::{ApcLevel, UnicodeStr};
use wdm_sys as sys;

use super::key::stage::Live;
use super::key::{Key, Stage};
use super::transaction::Transaction;
use crate::RegistryCallback;
use crate::operation::{OnKey, Operation};

/// The pre-information structure of a notification.
///
/// # Invariants
/// It is the structure that the kernel handed to the callback for the notification of `'n`, so for
/// all of `'n` it is valid and not written to, its input pointers are null or point to what its
/// fields say, and its objects are those of the notification.
pub(crate) struct Info<'n, T> {
    /// A pointer, not a reference, since a newer version of the structure is longer than `T`.
    raw: NonNull<T>,
    /// Whether an answer was written to where this structure says.
    answered: &'n Cell<bool>,
    /// Neither `Send` nor `Sync`.
    _notification: PhantomData<(&'n T, *mut ())>,
}

impl<T> Clone for Info<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Info<'_, T> {}

impl<'n, T> Info<'n, T> {
    /// # Safety
    /// `raw` is the kernel's structure for the notification of `'n`, and nobody writes to it
    /// during `'n`.
    pub(super) unsafe fn new(raw: NonNull<T>, answered: &'n Cell<bool>) -> Self {
        // INVARIANT: as the caller vouches.
        Self {
            raw,
            answered,
            _notification: PhantomData,
        }
    }

    /// Takes note that an answer was written.
    pub(super) fn set_answered(self) {
        self.answered.set(true);
    }

    /// The fields, as they are.
    pub(crate) fn fields(self) -> &'n T {
        // SAFETY: by the invariant valid and not written to during 'n.
        unsafe { self.raw.as_ref() }
    }

    /// The string that a field points to; empty where it points nowhere.
    pub(crate) fn text(self, field: impl FnOnce(&T) -> *mut sys::UNICODE_STRING) -> &'n UnicodeStr {
        // SAFETY: by the invariant null or a string for all of 'n.
        let text = unsafe { UnicodeStr::from_raw(field(self.fields())) };
        text.unwrap_or(UnicodeStr::new(&[]))
    }

    /// The bytes that two fields describe; empty where they point nowhere.
    pub(crate) fn bytes(self, fields: impl FnOnce(&T) -> (*mut c_void, u32)) -> &'n [u8] {
        let (start, length) = fields(self.fields());
        if start.is_null() {
            return &[];
        }
        // SAFETY: by the invariant that many captured bytes for all of 'n (N8).
        unsafe { core::slice::from_raw_parts(start.cast::<u8>(), length as usize) }
    }
}

impl<'n> Info<'n, sys::REG_CREATE_KEY_INFORMATION> {
    /// The transaction of the create or open.
    pub(crate) fn transaction(self) -> Option<Transaction<'n>> {
        // SAFETY: by the invariant null or the operation's transaction, which it holds during 'n.
        unsafe { Transaction::new(self.fields().Transaction, true) }
    }

    /// The longer structure that comes from Windows 7 on, if its version says that it is that or a
    /// later one: later ones only add members (N5).
    pub(crate) fn v1(self) -> Option<Info<'n, sys::REG_CREATE_KEY_INFORMATION_V1>> {
        // `Reserved` of the first version is `Version` of the later ones.
        if self.fields().Reserved.addr() == 0 {
            return None;
        }
        // INVARIANT: the same structure, of which the version says that it is that long.
        Some(Info {
            raw: self.raw.cast(),
            answered: self.answered,
            _notification: PhantomData,
        })
    }
}

impl<'n> Info<'n, sys::REG_LOAD_KEY_INFORMATION> {
    /// The longer structure of newer versions of Windows, if its version says that it is that or a
    /// later one. Its page gives no number; by its name it is the second, and a lower one is taken
    /// for the shorter structure.
    pub(crate) fn v2(self) -> Option<Info<'n, sys::REG_LOAD_KEY_INFORMATION_V2>> {
        // `Reserved` of the first version is `Version` of the later ones.
        if self.fields().Reserved.addr() < 2 {
            return None;
        }
        // INVARIANT: the same structure, of which the version says that it is that long.
        Some(Info {
            raw: self.raw.cast(),
            answered: self.answered,
            _notification: PhantomData,
        })
    }
}

/// A structure that says which parts of a security descriptor are meant.
pub trait NamesSecurity {
    #[doc(hidden)]
    fn parts(&self) -> sys::PSECURITY_INFORMATION;
}

impl NamesSecurity for sys::REG_QUERY_KEY_SECURITY_INFORMATION {
    fn parts(&self) -> sys::PSECURITY_INFORMATION {
        self.SecurityInformation
    }
}

impl NamesSecurity for sys::REG_SET_KEY_SECURITY_INFORMATION {
    fn parts(&self) -> sys::PSECURITY_INFORMATION {
        self.SecurityInformation
    }
}

impl<T: NamesSecurity> Info<'_, T> {
    /// Which parts of a security descriptor are meant; none where that is not said.
    pub(crate) fn security_parts(self) -> sys::SecurityInformation {
        // SAFETY: by the invariant null or an input, which holds a mask during 'n. The system call
        // has it as a number, so the kernel points to a variable of its own.
        let parts = unsafe { self.fields().parts().as_ref() };
        parts.map_or(sys::SecurityInformation::empty(), |parts| {
            sys::SecurityInformation::from_bits_retain(*parts)
        })
    }
}

/// The roots of the two trees that are merged and saved: the one that prevails, and the other.
pub(crate) fn merged_keys<'n, C: RegistryCallback>(
    info: Info<'n, sys::REG_SAVE_MERGED_KEY_INFORMATION>,
) -> [Option<Key<'n, C, Live>>; 2] {
    let fields = info.fields();
    [fields.HighKeyObject, fields.LowKeyObject].map(|object| {
        // SAFETY: by the invariant null or a key object, which the operation holds during 'n. Its
        // context is not in the structure, and no context is what a key may always have.
        unsafe { Key::new(object, ptr::null_mut()) }
    })
}

/// The key object that the pre-notification is on; for a create or an open, the root.
pub(crate) fn pre_key<'n, O: Operation, C: RegistryCallback>(
    info: Info<'n, O::Info>,
) -> Option<Key<'n, C, O::PreStage>> {
    let (object, context) = O::object(info.fields());
    // SAFETY: by the invariant these are the object of the notification and its context for the
    // cookie of the registration that the notification is for; `O` says in which stage it is.
    unsafe { Key::new(object, context) }
}

/// The same object as seen in the post-notification: without its context, since the structure is
/// shared by all callbacks and only the post-information's context is promised to be this one's.
pub(crate) fn pre_object<'n, O: Operation, C: RegistryCallback, S: Stage>(
    info: Info<'n, O::Info>,
) -> Option<Key<'n, C, S>> {
    let (object, _) = O::object(info.fields());
    // SAFETY: by the invariant the object of the notification, which the operation under way keeps;
    // `S` is the stage that `O` says for the post-notification. It comes with no context.
    unsafe { Key::new(object, ptr::null_mut()) }
}

/// The post-information of a notification: a copy, since the kernel's own is written to by the
/// outcome.
///
/// # Invariants
/// It is the structure that the kernel handed to the callback for the notification of `'n`.
pub(crate) struct PostInfo<'n> {
    fields: sys::REG_POST_OPERATION_INFORMATION,
    _notification: PhantomData<(&'n (), *mut ())>,
}

impl<'n> PostInfo<'n> {
    /// # Safety
    /// `fields` is a copy of the kernel's structure for the notification of `'n`.
    pub(super) unsafe fn new(fields: sys::REG_POST_OPERATION_INFORMATION) -> Self {
        // INVARIANT: as the caller vouches.
        Self {
            fields,
            _notification: PhantomData,
        }
    }

    /// Proof of the level at which every notification comes (N1).
    pub(crate) fn level(&self) -> ApcLevel<'n> {
        // SAFETY: the kernel calls registry callbacks at APC_LEVEL or below, and by the invariant
        // the call lasts for all of 'n.
        unsafe { ApcLevel::new_unchecked() }
    }

    /// The status, as it stands.
    pub(crate) fn status(&self) -> sys::NTSTATUS {
        self.fields.Status
    }

    /// The key object of an operation on a key, in the stage that the operation says.
    ///
    /// The post-information's own `Object` is documented for `STATUS_SUCCESS` only, so it is the
    /// pre-information's: the same one, which the operation keeps until it has ended. In the stage
    /// `Closed` the context has been freed, or is another's business.
    pub(crate) fn key<O: OnKey, C: RegistryCallback>(
        &self,
        info: Info<'n, O::Info>,
    ) -> Option<Key<'n, C, O::PostStage>> {
        let (object, _) = O::object(info.fields());
        let context = if O::PostStage::HAS_CONTEXT {
            self.fields.ObjectContext
        } else {
            ptr::null_mut()
        };
        // SAFETY: by the invariants the object of the operation, and its context for this callback.
        unsafe { Key::new(object, context) }
    }

    /// The key object that a create or an open has made: only `STATUS_SUCCESS` gives one (K2). It
    /// is lent for as long as this is borrowed, so no longer than until an outcome is made.
    pub(crate) fn opened_key<C: RegistryCallback>(&self) -> Option<Key<'_, C, Live>> {
        if self.fields.Status != sys::STATUS_SUCCESS {
            return None;
        }
        // SAFETY: by the invariant the object that the operation made, and its context.
        unsafe { Key::new(self.fields.Object, self.fields.ObjectContext) }
    }
}

/// Proof of the level at which every notification comes (N1).
pub(crate) fn notification_level<'n, T>(_during: Info<'n, T>) -> ApcLevel<'n> {
    // SAFETY: the kernel calls registry callbacks at APC_LEVEL or below, and by the invariant of
    // Info the call lasts for all of 'n.
    unsafe { ApcLevel::new_unchecked() }
}
