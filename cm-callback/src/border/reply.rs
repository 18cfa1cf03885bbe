//! What an outcome writes into the kernel's structures: the outputs that a driver supplies for an
//! operation which it did itself, and the undoing of a result that it turns into a failure (N4).

use core::convert::Infallible;
use core::ptr::{self, NonNull};

use wdm_safe::registry::{Disposition, KeyAccess};
use wdm_safe::user_memory::UserBuffer;
use wdm_sys as sys;

use super::key::KeyObject;

/// What stands for the result of an open that the driver did itself (`ResultObject`, `GrantedAccess`;
/// N4). Nobody checks whether the caller may have that access.
#[derive(Debug)]
pub struct Opened {
    /// The key object that the caller gets.
    pub key: KeyObject,
    /// The access that the caller's handle gets.
    pub granted: KeyAccess,
}

/// What stands for the result of a create that the driver did itself (`ResultObject`,
/// `GrantedAccess`, `Disposition`; N4).
#[derive(Debug)]
pub struct Created {
    /// The key object that the caller gets, and the access of its handle.
    pub opened: Opened,
    /// Whether the caller is told that the key is new.
    pub disposition: Disposition,
}

/// The outputs of an operation whose pre-information is a `T`.
pub trait Reply<T>: Sized {
    /// Whether the outputs are written before the outcome is made. Then the outcome counts only in
    /// the notification in which they were: one that was kept for another would end that with
    /// outputs which nobody has written.
    const WRITTEN_BEFORE: bool = false;
    /// Whether a success has outputs that must be taken back before it is made a failure.
    const RETRACTED: bool = false;

    /// Writes the outputs to where the pre-information says. Returns the key object among them.
    ///
    /// # Safety
    /// `pre` is the kernel's structure for the operation under way, and nothing else borrows it.
    unsafe fn supply(self, pre: NonNull<T>) -> *mut core::ffi::c_void;

    /// Takes the outputs of a successful operation back.
    ///
    /// # Safety
    /// As [`supply`](Self::supply); `post` is the post-information of the same operation.
    unsafe fn retract(post: &mut sys::REG_POST_OPERATION_INFORMATION, pre: Option<NonNull<T>>) {
        let _ = (post, pre);
    }
}

/// Nothing is owed.
impl<T> Reply<T> for () {
    unsafe fn supply(self, _pre: NonNull<T>) -> *mut core::ffi::c_void {
        ptr::null_mut()
    }
}

/// The outputs are in the caller's buffer already, or none are owed to this caller.
#[derive(Debug)]
pub struct Answered(pub(super) ());

impl<T> Reply<T> for Answered {
    const WRITTEN_BEFORE: bool = true;

    unsafe fn supply(self, _pre: NonNull<T>) -> *mut core::ffi::c_void {
        ptr::null_mut()
    }
}

/// The operation cannot be done by a driver.
impl<T> Reply<T> for Infallible {
    unsafe fn supply(self, _pre: NonNull<T>) -> *mut core::ffi::c_void {
        match self {}
    }
}

impl Reply<sys::REG_OPEN_KEY_INFORMATION> for Opened {
    const RETRACTED: bool = true;

    unsafe fn supply(
        self,
        mut pre: NonNull<sys::REG_OPEN_KEY_INFORMATION>,
    ) -> *mut core::ffi::c_void {
        // SAFETY: the kernel's structure, borrowed by nothing else, says the caller.
        let pre = unsafe { pre.as_mut() };
        let object = self.key.into_raw();
        pre.GrantedAccess = self.granted.bits();
        // SAFETY: null, or where the kernel wants the object; the reference goes with it.
        if let Some(place) = unsafe { pre.ResultObject.as_mut() } {
            *place = object;
        }
        object
    }

    unsafe fn retract(
        post: &mut sys::REG_POST_OPERATION_INFORMATION,
        pre: Option<NonNull<sys::REG_OPEN_KEY_INFORMATION>>,
    ) {
        // Only STATUS_SUCCESS gives an object (K2).
        if post.Status != sys::STATUS_SUCCESS {
            return;
        }
        // SAFETY: the object of a successful open comes with a reference that belongs to whoever
        // turns the success into a failure (N4).
        drop(unsafe { KeyObject::from_raw(post.Object) });
        post.Object = ptr::null_mut();
        if let Some(pre) = pre {
            // SAFETY: the kernel's structure, borrowed by nothing else, says the caller.
            let pre = unsafe { pre.as_ref() };
            // SAFETY: null, or where the kernel looks for the object.
            if let Some(place) = unsafe { pre.ResultObject.as_mut() } {
                *place = ptr::null_mut();
            }
        }
    }
}

impl Reply<sys::REG_CREATE_KEY_INFORMATION> for Created {
    const RETRACTED: bool = true;

    unsafe fn supply(
        self,
        pre: NonNull<sys::REG_CREATE_KEY_INFORMATION>,
    ) -> *mut core::ffi::c_void {
        // SAFETY: as the caller vouches; the structure is the same for create and open.
        let object = unsafe { self.opened.supply(pre) };
        let disposition = match self.disposition {
            Disposition::Created => sys::REG_CREATED_NEW_KEY,
            Disposition::Opened => sys::REG_OPENED_EXISTING_KEY,
        };
        // SAFETY: the kernel's structure, borrowed by nothing else, says the caller.
        let pre = unsafe { pre.as_ref() };
        // SAFETY: null, or a variable of the caller that takes the disposition, probed (N8).
        let mut place = unsafe { UserBuffer::new(pre.Disposition.cast(), size_of::<u32>()) };
        // A caller whose memory is not there any more has lost its own output.
        let _ = place.write_at(0, &disposition.to_ne_bytes());
        object
    }

    unsafe fn retract(
        post: &mut sys::REG_POST_OPERATION_INFORMATION,
        pre: Option<NonNull<sys::REG_CREATE_KEY_INFORMATION>>,
    ) {
        // SAFETY: as the caller vouches; a create undoes what an open undoes.
        unsafe { Opened::retract(post, pre) }
    }
}
