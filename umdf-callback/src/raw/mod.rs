//! The interfaces of wudfddi.h, with names as in C.
//!
//! Method order and signatures are those of `Include/wdf/umdf/1.11/wudfddi.idl` in the Windows Driver Kit 8.1 (public copy:
//! the repository tpn/winddk-8.1); `tests/interfaces.rs` states them again from the compiled header beside it. 1.11 is the
//! last version of UMDF 1; interfaces never change once published, newer versions are interfaces of their own. A method's page is
//! `nf-wudfddi-<interface>-<method>` in the folder `wudfddi` of MicrosoftDocs/windows-driver-docs-ddi.
//!
//! Drivers do not need this module: [`Driver`](crate::Driver) and what it leads to are made of it. It is public for what
//! has no safe form yet, and for whoever plays the framework's part in a test.
//!
//! Interface pointers in signatures are [`Raw`]. Structures that are not described here (property keys, interrupts' extended
//! policies) are `c_void`.

// `#[interface]` makes a trait of each interface to implement it by, which cannot be documented; all that stands here is.
#![allow(missing_docs)]
// What a method's caller owes is on the method's page.
#![allow(clippy::missing_safety_doc)]
// Names and arguments are C's.
#![allow(
    non_snake_case,
    non_camel_case_types,
    non_upper_case_globals,
    clippy::too_many_arguments
)]

use core::ffi::c_void;
use core::fmt;
use core::marker::PhantomData;
use core::ptr::NonNull;

use windows_core::{GUID, HRESULT, IUnknown, IUnknown_Vtbl, Interface, InterfaceRef, interface};

pub use self::callback::*;
pub use self::device::*;
pub use self::memory::*;
pub use self::object::*;
pub use self::property::*;
pub use self::queue_callback::*;
pub use self::request::*;
pub use self::structures::*;
pub use self::target::*;
pub use self::types::*;

mod callback;
mod device;
mod memory;
mod object;
mod property;
mod queue_callback;
mod request;
mod structures;
mod target;
mod types;

/// An interface pointer as it stands in a signature: maybe null, and without a promise about who releases it.
#[repr(transparent)]
pub struct Raw<I>(*mut c_void, PhantomData<*const I>);

impl<I: Interface> Raw<I> {
    /// No object.
    pub const NULL: Self = Raw(core::ptr::null_mut(), PhantomData);

    /// A pointer that is valid as long as `object` is, and not to be released.
    #[must_use]
    pub fn of(object: &I) -> Self {
        Raw(object.as_raw(), PhantomData)
    }

    /// A pointer that comes with its reference: who gets it releases it.
    #[must_use]
    pub fn from_owned(object: I) -> Self {
        Raw(object.into_raw(), PhantomData)
    }

    /// The object, which the caller of a method keeps alive; `None` for null.
    ///
    /// # Safety
    /// If it is not null, it points to an interface `I` that stays valid for `'a`.
    #[must_use]
    pub unsafe fn borrow<'a>(self) -> Option<InterfaceRef<'a, I>> {
        let pointer = NonNull::new(self.0)?;
        // SAFETY: the caller vouches for the interface and for 'a.
        Some(unsafe { InterfaceRef::from_raw(pointer) })
    }

    /// The object with the reference that came along; `None` for null.
    ///
    /// # Safety
    /// If it is not null, it points to an interface `I`, and one reference to it is the caller's to give away.
    #[must_use]
    pub unsafe fn into_owned(self) -> Option<I> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: not null, and the caller vouches for the interface and its reference.
        Some(unsafe { I::from_raw(self.0) })
    }
}

impl<I> Clone for Raw<I> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<I> Copy for Raw<I> {}

impl<I> fmt::Debug for Raw<I> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The class factory that `DllGetClassObject` gives (U2). Header: unknwnbase.h, page: nn-unknwn-iclassfactory.
#[interface("00000001-0000-0000-c000-000000000046")]
pub unsafe trait IClassFactory: IUnknown {
    /// Makes an object of the class. Page: nf-unknwn-iclassfactory-createinstance.
    pub unsafe fn CreateInstance(
        &self,
        outer: Raw<IUnknown>,
        iid: *const GUID,
        object: *mut *mut c_void,
    ) -> HRESULT;
    /// Keeps the DLL loaded, or no longer. Page: nf-unknwn-iclassfactory-lockserver.
    pub unsafe fn LockServer(&self, lock: windows_core::BOOL) -> HRESULT;
}
