//! Key objects: what a handle to a key refers to (K1).

use std::ptr;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock};

use wdm_sys::{PCUNICODE_STRING, UNICODE_STRING};

use super::context::ContextTable;
use super::view::View;
use crate::object::{Object, ObjectRef};
use crate::registry::{Key, Utf16};
use crate::status::Status;
use crate::unicode_string;

/// How far the close of a key object has come. The object manager's own stages are coarser: all
/// but [`Open`](Self::Open) are its `Closing`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub(crate) enum ClosePhase {
    /// Referenced.
    Open,
    /// In the pre-notification of its close: contexts can still be set (C1).
    PreClose,
    /// Contexts are being cleaned up, or are gone.
    Cleaned,
}

/// A key as one opener sees it. Two opens of one key are two key objects, each with contexts of its
/// own.
pub(crate) struct KeyObject {
    key: Arc<Key>,
    contexts: ContextTable,
    phase: AtomicU8,
    /// What an application has marked its handle with (`KeyHandleTagsInformation`).
    handle_tags: AtomicU32,
    /// What `CmCallbackGetKeyObjectID` answered first. It is not brought up to date (K4).
    first_name: OnceLock<HeldName>,
    /// The transaction that it is bound to, with a reference that is the key object's own (K5).
    transaction: Option<Arc<Object>>,
}

impl KeyObject {
    /// Opens `key` once more, for good bound to the transaction whose reference it is given.
    pub(crate) fn new(key: Arc<Key>, transaction: Option<ObjectRef<'_>>) -> Self {
        Self {
            transaction: transaction.map(ObjectRef::into_counted),
            key,
            contexts: ContextTable::default(),
            phase: AtomicU8::new(ClosePhase::Open as u8),
            handle_tags: AtomicU32::new(0),
            first_name: OnceLock::new(),
        }
    }

    /// The key.
    pub(crate) fn key(&self) -> &Arc<Key> {
        &self.key
    }

    /// The key as this opener sees it.
    pub(crate) fn view(&self) -> View<'_> {
        let transaction = self.transaction.as_deref().and_then(Object::transaction);
        View::new(&self.key, transaction.map(|transaction| &**transaction))
    }

    /// The key's name as the opener sees it, else as others do; empty for a deleted key.
    pub(crate) fn full_name(&self) -> Vec<u16> {
        let name = self.view().full_name().or_else(|_| self.key.full_name());
        name.unwrap_or_default()
    }

    /// The transaction object that it is bound to.
    pub(crate) fn transaction(&self) -> Option<&Arc<Object>> {
        self.transaction.as_ref()
    }

    /// The contexts that callbacks have attached.
    pub(crate) fn contexts(&self) -> &ContextTable {
        &self.contexts
    }

    /// How far its close has come.
    pub(crate) fn phase(&self) -> ClosePhase {
        match self.phase.load(Ordering::Acquire) {
            0 => ClosePhase::Open,
            1 => ClosePhase::PreClose,
            _ => ClosePhase::Cleaned,
        }
    }

    /// Notes how far the close has come.
    pub(crate) fn set_phase(&self, phase: ClosePhase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// The tags of its handle.
    pub(crate) fn handle_tags(&self) -> u32 {
        self.handle_tags.load(Ordering::Acquire)
    }

    /// Sets the tags of its handle.
    pub(crate) fn set_handle_tags(&self, tags: u32) {
        self.handle_tags.store(tags, Ordering::Release);
    }

    /// The name that lives as long as the object, as it was when it was first asked for (K4).
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`.
    pub(crate) fn first_name(&self) -> Result<PCUNICODE_STRING, Status> {
        if let Some(name) = self.first_name.get() {
            return Ok(name.as_ptr());
        }
        let name = HeldName::new(self.key.full_name()?.as_slice().into());
        Ok(self.first_name.get_or_init(|| name).as_ptr())
    }
}

/// A `UNICODE_STRING` at a stable address, with its text.
pub(crate) struct HeldName(Box<(UNICODE_STRING, Utf16)>);

// SAFETY: the pointer inside leads to the text, which is never written to.
unsafe impl Send for HeldName {}
// SAFETY: as above.
unsafe impl Sync for HeldName {}

impl HeldName {
    /// Wraps a name. What does not fit a `UNICODE_STRING` is cut off.
    pub(crate) fn new(text: Utf16) -> Self {
        let string = unicode_string::over(&text);
        Self(Box::new((string, text)))
    }

    /// The string, as long as `self` lives.
    pub(crate) fn as_ptr(&self) -> PCUNICODE_STRING {
        ptr::from_ref(&self.0.0)
    }
}
