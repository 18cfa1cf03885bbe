//! Waiting for a key to change.
//!
//! [`RegKey::wait_for_change`] waits until something changes. [`KeyWatch`] watches from the moment it
//! is made, and is asked when it suits: to be sure that nothing is missed, make the watch, read the
//! key, and read it again whenever the watch says that it has changed.
//!
//! The pages: [`ZwNotifyChangeKey`], [`ZwCreateEvent`], [`ZwWaitForSingleObject`].
//!
//! [`ZwNotifyChangeKey`]: https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-zwnotifychangekey
//! [`ZwCreateEvent`]: https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-zwcreateevent
//! [`ZwWaitForSingleObject`]: https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-zwwaitforsingleobject
//!
//! ```
//! # let machine = wdm_sim::Machine::builder().build()?;
//! # let process = machine.system_process(); let _thread = process.enter();
//! # let at = unsafe { wdm_safe::Passive::new_unchecked() };
//! use wdm_safe::registry::{KeyAccess, KeyChanges, RegKey, ValueRef, WatchScope};
//! use wdm_safe::unicode;
//!
//! let path = unicode!(r"\Registry\Machine\SYSTEM\Settings");
//! let (key, _) = RegKey::create(path, KeyAccess::ALL, at)?;
//! let mut watch = key.watch(KeyChanges::VALUES, WatchScope::Key, at)?;
//! assert!(!watch.has_changed(at)?);
//! key.set_value(unicode!("Verbose"), ValueRef::Dword(1), at)?;
//! assert!(watch.has_changed(at)?);
//! assert!(!watch.has_changed(at)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::cell::UnsafeCell;
use core::time::Duration;
use core::{mem, ptr};

use wdm_sys as sys;
use wdm_sys::KeyChanges;

use super::{KeyAccess, KeyRequest, RegKey};
use crate::handle::Handle;
use crate::{ApcLevel, NtError, NtStatus, Passive, PoolBox, Result, unicode};

/// How long a watch that is dropped waits for the kernel, which has nothing to wait for then.
const LAST_WAIT: Duration = Duration::from_secs(1);

/// Which keys a watch is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WatchScope {
    /// The key itself. Making, renaming and deleting a subkey changes it, too.
    Key,
    /// The key and all keys below it.
    Tree,
}

impl WatchScope {
    fn watch_tree(self) -> sys::BOOLEAN {
        (self == Self::Tree).into()
    }
}

impl RegKey {
    /// Waits until something of what `changes` names has changed (`ZwNotifyChangeKey`), or the key
    /// has been deleted. The wait has no end if nothing does: it is for threads of the driver's own.
    /// IRQL: `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`, `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn wait_for_change(
        &self,
        changes: KeyChanges,
        scope: WatchScope,
        _at: Passive<'_>,
    ) -> Result<()> {
        let (filter, tree) = (changes.bits(), scope.watch_tree());
        let block = StatusBlock::new();
        // SAFETY: the handle is open; the block outlives the call, and the kernel does not use it
        // after a call that is not asynchronous; PASSIVE_LEVEL by the token.
        let status = unsafe { notify(self.raw(), ptr::null_mut(), &block, filter, tree, false) };
        status.to_result()
    }

    /// Watches the key from now on. The watch opens the key once more, and is independent of this
    /// value. IRQL: `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`, `STATUS_INSUFFICIENT_RESOURCES`, or what a registry callback answered
    /// to the open.
    pub fn watch(
        &self,
        changes: KeyChanges,
        scope: WatchScope,
        at: Passive<'_>,
    ) -> Result<KeyWatch> {
        let block = PoolBox::try_new(StatusBlock::new())?;
        let event = synchronization_event(at)?;
        let itself = KeyRequest::new(unicode!(""), KeyAccess::NOTIFY).below(self);
        let key = itself.open(at)?;
        let mut watch = KeyWatch {
            key: Some(key),
            event,
            block: Some(block),
            changes,
            scope,
            asked: false,
            changed: false,
        };
        watch.ask(at)?;
        Ok(watch)
    }
}

/// `REG_NOTIFY_THREAD_AGNOSTIC` (Windows 8): the request does not end with the thread that made it.
const THREAD_AGNOSTIC: u32 = 0x1000_0000;

/// A watch on a key; see [`RegKey::watch`]. Dropping it ends the watch (`PASSIVE_LEVEL`).
///
/// A watch may say that something has changed although nothing did; it does not miss a change. (Before
/// Windows 8 it ends with the thread that made it or waited last.) Dropping it can wait for up to a
/// second if the kernel does not end the request when the key is closed (W2).
///
/// # Invariants
/// While `asked`, the kernel has one request that writes to `block` and signals `event` when it
/// ends, and has done neither yet, or has signalled `event` last. The request is for the key object
/// behind `key`, of which that is the only handle. Both are there until the watch is dropped.
#[derive(Debug)]
pub struct KeyWatch {
    key: Option<RegKey>,
    event: Handle,
    block: Option<PoolBox<StatusBlock>>,
    changes: KeyChanges,
    scope: WatchScope,
    asked: bool,
    /// Something has changed, or may have, and has not been told of.
    changed: bool,
}

impl KeyWatch {
    /// Waits until something has changed since the watch was made, or since it said so last; for as
    /// long as `timeout` at most, or for ever. Says whether something has. IRQL: `PASSIVE_LEVEL`.
    ///
    /// When the key is deleted this is a change; after that it is an error.
    ///
    /// # Errors
    /// `STATUS_KEY_DELETED`, `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn wait(&mut self, timeout: Option<Duration>, at: Passive<'_>) -> Result<bool> {
        self.ask(at)?;
        if !mem::take(&mut self.changed) {
            if !wait_for(&self.event, timeout, at)? {
                return Ok(false);
            }
            // INVARIANT: the signal came last, and the wait has reset the event.
            self.asked = false;
        }
        // Before the caller looks at the key: what changes after that must not be missed. If the
        // kernel cannot be asked now, nobody knows what happens until it can.
        self.changed |= self.ask(at).is_err();
        Ok(true)
    }

    /// Whether something has changed since the watch was made, or since it said so last. IRQL:
    /// `PASSIVE_LEVEL`.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    pub fn has_changed(&mut self, at: Passive<'_>) -> Result<bool> {
        self.wait(Some(Duration::ZERO), at)
    }

    /// Asks the kernel to tell of the next change, unless it has been asked.
    fn ask(&mut self, at: Passive<'_>) -> Result<()> {
        let (Some(key), Some(block), false) = (&self.key, &self.block, self.asked) else {
            return Ok(());
        };
        let (filter, tree) = (self.changes.bits(), self.scope.watch_tree());
        let ask = |filter| {
            // SAFETY: both handles are open; the block is in the pool, and stays there until the
            // kernel is done with it, by the type's invariant and its Drop; PASSIVE_LEVEL by the
            // token.
            unsafe { notify(key.raw(), self.event.raw(), block, filter, tree, true) }
        };
        // Before Windows 8 a request always ends with the thread that made it.
        let mut status = ask(filter | THREAD_AGNOSTIC);
        if status.raw() == sys::STATUS_INVALID_PARAMETER {
            status = ask(filter);
        }
        if status.raw() == sys::STATUS_PENDING {
            // INVARIANT: the kernel has the request.
            self.asked = true;
            return Ok(());
        }
        // The request has ended. If its signal stayed, it would seem to be that of the next one.
        let _ = wait_for(&self.event, Some(Duration::ZERO), at);
        status.to_result()?;
        self.changed = true;
        Ok(())
    }

    /// Whether the kernel has ended its request, or does so within a moment.
    fn has_ended(&self) -> bool {
        // SAFETY: code of these crates runs at APC_LEVEL or below, and here it is only asked.
        let at = unsafe { ApcLevel::new_unchecked() };
        let ended = at
            .passive()
            .map(|at| wait_for(&self.event, Some(LAST_WAIT), at));
        ended == Some(Ok(true))
    }
}

impl Drop for KeyWatch {
    /// Closing the only handle of a key object ends its requests, so the wait is over at once. If
    /// it is not, or cannot be made at this level, the kernel may still write to the block, which
    /// then stays allocated.
    fn drop(&mut self) {
        self.key = None;
        if self.asked && !self.has_ended() {
            crate::warn!("a watch on a key could not be ended; its memory stays allocated");
            if let Some(block) = self.block.take() {
                let _ = PoolBox::into_raw(block);
            }
        }
    }
}

/// Where the kernel writes how a request ended. Nobody reads it: for callers in kernel mode it is
/// not documented to be written.
#[derive(Debug)]
struct StatusBlock(UnsafeCell<sys::IO_STATUS_BLOCK>);

// SAFETY: only the kernel uses what is in it, from any thread.
unsafe impl Send for StatusBlock {}
// SAFETY: as above.
unsafe impl Sync for StatusBlock {}

impl StatusBlock {
    fn new() -> Self {
        Self(UnsafeCell::new(sys::IO_STATUS_BLOCK {
            __bindgen_anon_1: sys::_IO_STATUS_BLOCK__bindgen_ty_1 {
                Status: sys::STATUS_PENDING,
            },
            Information: 0,
        }))
    }
}

/// `ZwNotifyChangeKey`.
///
/// # Safety
/// The key's handle is open, `event` is null or an open event's; the level is `PASSIVE_LEVEL`. If
/// the result is `STATUS_PENDING`, the block stays valid until the kernel has signalled the event.
unsafe fn notify(
    key: sys::HANDLE,
    event: sys::HANDLE,
    block: &StatusBlock,
    filter: u32,
    watch_tree: sys::BOOLEAN,
    asynchronous: bool,
) -> NtStatus {
    // SAFETY: as the caller vouches; without a routine there is no context, the buffer is reserved.
    NtStatus::from_raw(unsafe {
        sys::ZwNotifyChangeKey(
            key,
            event,
            None,
            ptr::null_mut(),
            block.0.get(),
            filter,
            watch_tree,
            ptr::null_mut(),
            0,
            asynchronous.into(),
        )
    })
}

/// An event that the wait which it ends resets.
fn synchronization_event(_at: Passive<'_>) -> Result<Handle> {
    let mut attributes = sys::OBJECT_ATTRIBUTES {
        Length: const { size_of::<sys::OBJECT_ATTRIBUTES>() as u32 },
        RootDirectory: ptr::null_mut(),
        ObjectName: ptr::null_mut(),
        Attributes: sys::OBJ_KERNEL_HANDLE,
        SecurityDescriptor: ptr::null_mut(),
        SecurityQualityOfService: ptr::null_mut(),
    };
    let (mut event, access) = (ptr::null_mut(), sys::EVENT_ALL_ACCESS);
    // SAFETY: the places are ours; PASSIVE_LEVEL by the token.
    let status = unsafe {
        sys::ZwCreateEvent(
            &mut event,
            access,
            &mut attributes,
            sys::SynchronizationEvent,
            0,
        )
    };
    NtStatus::from_raw(status).to_result()?;
    // SAFETY: a kernel handle that the kernel has just made for this call.
    unsafe { Handle::from_raw(event) }.ok_or(NtError::INVALID_HANDLE)
}

/// Waits for an event; says whether it was signalled in time.
fn wait_for(event: &Handle, timeout: Option<Duration>, _at: Passive<'_>) -> Result<bool> {
    // Negative is relative, in units of 100 ns.
    let relative = |timeout: Duration| {
        let units = i64::try_from(timeout.as_nanos().div_ceil(100)).unwrap_or(i64::MAX);
        sys::LARGE_INTEGER { QuadPart: -units }
    };
    let mut timeout = timeout.map(relative);
    let timeout = timeout.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
    // SAFETY: the handle is open, the time is null or outlives the call; PASSIVE_LEVEL by the token.
    let status = unsafe { sys::ZwWaitForSingleObject(event.raw(), 0, timeout) };
    NtStatus::from_raw(status).to_result()?;
    Ok(status == sys::STATUS_SUCCESS)
}
