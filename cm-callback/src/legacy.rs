//! Callbacks without an altitude, for the older `CmRegisterCallback`.
//!
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-cmregistercallback>
//!
//! From Windows Vista on such a callback gets the same notifications as one with an altitude, and has
//! the same contexts. Before, a create or an open came in two classes of its own, which say less and
//! whose result cannot be changed. Windows still defines them; whether a version sends them is its
//! own business, so both forms are looked at here. A driver that uses this crate imports what Vista
//! brought and does not load on older systems.

use wdm_safe::{ApcLevel, NtError, NtStatus, UnicodeStr};

use crate::RegistryCallback;
use crate::border::legacy::{PostFields, PreFields};
use crate::operation::Requestor;

/// A callback that can be registered without an altitude
/// ([`CallbackObject::legacy`](crate::CallbackObject::legacy)): what it does in the older
/// notifications of create and open.
///
/// A method that is not written lets the operation pass. IRQL of each: `<= APC_LEVEL`.
///
/// ```
/// use core::convert::Infallible;
///
/// use cm_callback::operation::OpenKey;
/// use cm_callback::{
///     CallbackObject, LegacyCallback, LegacyOutcome, LegacyPre, Post, PostOutcome, Registered,
///     RegistryCallback,
/// };
/// use wdm_safe::{Driver, Init, Result, driver, info};
///
/// /// Says which keys are opened, on any Windows.
/// struct Watch;
///
/// impl RegistryCallback for Watch {
///     type KeyContext = Infallible;
///     type CallContext = Infallible;
///
///     fn post_open_key(&self, op: Post<'_, OpenKey, Self>) -> PostOutcome<OpenKey, Self> {
///         info!("opened: {}", op.status());
///         op.keep()
///     }
/// }
///
/// impl LegacyCallback for Watch {
///     fn pre_open(&self, op: LegacyPre<'_>) -> LegacyOutcome {
///         info!("about to be opened: {}", op.complete_name());
///         op.pass()
///     }
/// }
///
/// struct Sample {
///     watch: CallbackObject<Watch, Registered>,
/// }
///
/// impl Driver for Sample {
///     fn init(init: &Init<'_>) -> Result<Self> {
///         let idle = CallbackObject::legacy(Watch)?;
///         Ok(Sample { watch: idle.register(init)? })
///     }
/// }
///
/// driver!(Sample);
/// # fn main() -> std::result::Result<(), Box<dyn std::error::Error>> {
/// # let machine = wdm_sim::Machine::builder().build()?;
/// # let driver = unsafe { machine.load_linked("sample", driver_entry)? };
/// # machine.unload(driver)?;
/// # assert!(machine.report().findings.is_empty());
/// # Ok(())
/// # }
/// ```
pub trait LegacyCallback: RegistryCallback {
    /// Before a create (`RegNtPreCreateKey`, `REG_PRE_CREATE_KEY_INFORMATION`).
    #[inline]
    fn pre_create(&self, op: LegacyPre<'_>) -> LegacyOutcome {
        op.pass()
    }

    /// After a create (`RegNtPostCreateKey`, `REG_POST_CREATE_KEY_INFORMATION`).
    #[inline]
    fn post_create(&self, op: LegacyPost<'_>) {
        let _ = op;
    }

    /// Before an open (`RegNtPreOpenKey`, `REG_PRE_OPEN_KEY_INFORMATION`).
    #[inline]
    fn pre_open(&self, op: LegacyPre<'_>) -> LegacyOutcome {
        op.pass()
    }

    /// After an open (`RegNtPostOpenKey`, `REG_POST_OPEN_KEY_INFORMATION`).
    #[inline]
    fn post_open(&self, op: LegacyPost<'_>) {
        let _ = op;
    }
}

/// An older pre-notification of a create or an open
/// (<https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_pre_create_key_information>).
pub struct LegacyPre<'n>(pub(crate) PreFields<'n>);

/// What becomes of an operation after its older pre-notification.
#[must_use = "an outcome takes effect when the callback returns it"]
pub struct LegacyOutcome(pub(crate) Option<NtError>);

impl<'n> LegacyPre<'n> {
    /// The complete path of the key.
    #[must_use]
    pub fn complete_name(&self) -> &'n UnicodeStr {
        self.0.complete_name()
    }

    /// Who does the operation; see [`Requestor`].
    #[must_use]
    pub fn requestor(&self) -> Requestor {
        Requestor::current()
    }

    /// Proof that this runs at `APC_LEVEL` or below (N1).
    #[must_use]
    pub fn irql(&self) -> ApcLevel<'n> {
        self.0.level()
    }

    /// Goes on.
    pub fn pass(self) -> LegacyOutcome {
        LegacyOutcome(None)
    }

    /// Blocks the operation: the caller gets this status (N2).
    pub fn block(self, status: NtError) -> LegacyOutcome {
        LegacyOutcome(Some(status))
    }
}

/// An older post-notification of a create or an open, which can only be watched
/// (<https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_post_create_key_information>).
pub struct LegacyPost<'n>(pub(crate) PostFields<'n>);

impl<'n> LegacyPost<'n> {
    /// The complete path of the key.
    #[must_use]
    pub fn complete_name(&self) -> &'n UnicodeStr {
        self.0.complete_name()
    }

    /// What the caller gets.
    #[must_use]
    pub fn status(&self) -> NtStatus {
        NtStatus::from_raw(self.0.status())
    }

    /// The address of the key object, if one was opened (K2): tells two key objects apart, and
    /// nothing else.
    #[must_use]
    pub fn key_address(&self) -> Option<usize> {
        (self.status() == NtStatus::SUCCESS).then(|| self.0.object())
    }

    /// Who does the operation; see [`Requestor`].
    #[must_use]
    pub fn requestor(&self) -> Requestor {
        Requestor::current()
    }
}
