//! Variables of the kernel.
//!
//! An import of data is the address of the kernel's variable. For linked drivers the symbol is, as in
//! C, a variable that holds that address.

use wdm_sys::POBJECT_TYPE;

use super::Export;
use crate::object::ObjectType;

/// A variable that is never written.
#[repr(transparent)]
struct Variable<T>(T);

// SAFETY: nobody writes to it; drivers must not.
unsafe impl<T> Sync for Variable<T> {}

static KEY_TYPE: Variable<POBJECT_TYPE> = Variable(ObjectType::Key.as_raw());
static TRANSACTION_TYPE: Variable<POBJECT_TYPE> = Variable(ObjectType::Transaction.as_raw());
static EVENT_TYPE: Variable<POBJECT_TYPE> = Variable(ObjectType::Event.as_raw());
static THREAD_TYPE: Variable<POBJECT_TYPE> = Variable(ObjectType::Thread.as_raw());

/// `CmKeyObjectType`: the type of key objects, as `*CmKeyObjectType`.
#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
pub(super) static mut CmKeyObjectType: *mut POBJECT_TYPE = (&raw const KEY_TYPE).cast_mut().cast();

/// `TmTransactionObjectType`: the type of transactions, as `*TmTransactionObjectType`.
#[allow(non_upper_case_globals)]
#[unsafe(no_mangle)]
pub(super) static mut TmTransactionObjectType: *mut POBJECT_TYPE =
    (&raw const TRANSACTION_TYPE).cast_mut().cast();

/// The variables that can be imported.
pub(super) static EXPORTS: &[Export] = &[
    Export {
        name: "CmKeyObjectType",
        linked: Some((&raw const KEY_TYPE).cast()),
        #[cfg(target_arch = "x86_64")]
        win64: (&raw const KEY_TYPE).cast(),
    },
    Export {
        name: "ExEventObjectType",
        linked: Some((&raw const EVENT_TYPE).cast()),
        #[cfg(target_arch = "x86_64")]
        win64: (&raw const EVENT_TYPE).cast(),
    },
    Export {
        name: "PsThreadType",
        linked: Some((&raw const THREAD_TYPE).cast()),
        #[cfg(target_arch = "x86_64")]
        win64: (&raw const THREAD_TYPE).cast(),
    },
    Export {
        name: "TmTransactionObjectType",
        linked: Some((&raw const TRANSACTION_TYPE).cast()),
        #[cfg(target_arch = "x86_64")]
        win64: (&raw const TRANSACTION_TYPE).cast(),
    },
];
