//! Callback objects: idle and registered.

use core::fmt;

use wdm_safe::{Lifecycle, NtError, PoolBox, UnicodeStr, UnicodeString};

use crate::border::registration::{Inputs, Registration, Shared};
use crate::{Altitude, LegacyCallback, RegistryCallback};

/// A callback and its place among the others, idle or registered.
///
/// An idle one is [`Unregistered`], and is registered at an altitude (`CmRegisterCallbackEx`), or
/// [`UnregisteredLegacy`], and is registered without (`CmRegisterCallback`). Both become
/// [`Registered`].
///
/// Dropping a registered one unregisters it, which waits for the callbacks in flight (R4). Inside
/// its own callback that would be for ever; there is no way for a callback to own its object
/// without going through a `static`, and whoever does that and drops it there stops the machine
/// with [`Bug::UnregisteredInsideCallback`](wdm_safe::bug_check::Bug), never hangs it.
pub struct CallbackObject<C: RegistryCallback, S: State = Registered> {
    holds: S::Holds<C>,
}

/// The state of a [`CallbackObject`]. Sealed; users write it in types and never make one.
pub trait State: sealed::Sealed {
    /// What an object in this state holds.
    #[doc(hidden)]
    type Holds<C: RegistryCallback>;
}

/// Not known to the kernel; it has an altitude to be registered at.
#[derive(Debug)]
pub enum Unregistered {}

/// Not known to the kernel; it will be registered without an altitude, by the older routine.
#[derive(Debug)]
pub enum UnregisteredLegacy {}

/// Known to the kernel, until the object is dropped.
#[derive(Debug)]
pub enum Registered {}

impl State for Unregistered {
    type Holds<C: RegistryCallback> = (PoolBox<Shared<C>>, UnicodeString);
}

impl State for UnregisteredLegacy {
    type Holds<C: RegistryCallback> = PoolBox<Shared<C>>;
}

impl State for Registered {
    type Holds<C: RegistryCallback> = (Registration<C>, Option<UnicodeString>);
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Unregistered {}
    impl Sealed for super::UnregisteredLegacy {}
    impl Sealed for super::Registered {}
}

/// Why a callback object could not be made, and the callback.
pub struct NewError<C> {
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub error: NtError,
    /// The callback, back.
    pub callback: C,
}

/// Why a callback object could not be registered, and the object, idle as before.
pub struct RegisterError<C: RegistryCallback, S: State = Unregistered> {
    /// `STATUS_FLT_INSTANCE_ALTITUDE_COLLISION` if any driver holds the altitude,
    /// `STATUS_INSUFFICIENT_RESOURCES` (R1).
    pub error: NtError,
    /// The object, back.
    pub object: CallbackObject<C, S>,
}

impl<C: RegistryCallback> CallbackObject<C, Unregistered> {
    /// An idle object. Allocates twice, the callback under its
    /// [tag](RegistryCallback::POOL_TAG). IRQL: `<= DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// The callback comes back, with `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn new(callback: C, altitude: Altitude<'_>) -> Result<Self, NewError<C>> {
        let altitude = match UnicodeString::try_from_str(altitude.text()) {
            Ok(altitude) => altitude,
            Err(error) => return Err(NewError { error, callback }),
        };
        let holds = (shared(callback)?, altitude);
        Ok(Self { holds })
    }

    /// Registers the callback (`CmRegisterCallbackEx`). Its first notification can come before this
    /// has returned (R3). IRQL: `PASSIVE_LEVEL`, by the token; the routine's own limit is
    /// `APC_LEVEL`.
    ///
    /// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-cmregistercallbackex>
    ///
    /// # Errors
    /// The idle object comes back, with `STATUS_FLT_INSTANCE_ALTITUDE_COLLISION` if any driver holds
    /// the altitude, `STATUS_INSUFFICIENT_RESOURCES` if memory ran out (R1),
    /// `STATUS_NAME_TOO_LONG` for an altitude of more than 32,767 characters, or
    /// `STATUS_NOT_SUPPORTED` before Windows 8, for which there is
    /// [`register_before_windows_8`](Self::register_before_windows_8).
    pub fn register(
        self,
        at: &Lifecycle<'_>,
    ) -> Result<CallbackObject<C, Registered>, RegisterError<C>> {
        self.register_for(Inputs::Captured, at)
    }

    pub(crate) fn register_for(
        self,
        inputs: Inputs,
        at: &Lifecycle<'_>,
    ) -> Result<CallbackObject<C, Registered>, RegisterError<C>> {
        let (shared, altitude) = self.holds;
        match Registration::at_altitude(shared, &altitude, inputs, at) {
            Ok(registration) => {
                let holds = (registration, Some(altitude));
                Ok(CallbackObject { holds })
            }
            Err((error, shared)) => {
                let holds = (shared, altitude);
                let object = Self { holds };
                Err(RegisterError { error, object })
            }
        }
    }

    /// Where the callback will stand among the others (R2).
    #[must_use]
    pub fn altitude(&self) -> &UnicodeStr {
        &self.holds.1
    }

    /// The callback, back.
    #[must_use]
    pub fn into_callback(self) -> C {
        PoolBox::into_inner(self.holds.0).callback
    }
}

impl<C: LegacyCallback> CallbackObject<C, UnregisteredLegacy> {
    /// An idle object that will be registered without an altitude. Allocates once, under the
    /// callback's [tag](RegistryCallback::POOL_TAG). IRQL: `<= DISPATCH_LEVEL`.
    ///
    /// Microsoft calls `CmRegisterCallback` obsolete from Windows Vista on. Such a callback stands
    /// above those that have an altitude, in the order of registration (R2), and is told of the
    /// same operations; on systems older than Vista, of a create or an open in another form, for
    /// which [`LegacyCallback`] has methods.
    ///
    /// # Errors
    /// The callback comes back, with `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn legacy(callback: C) -> Result<Self, NewError<C>> {
        let holds = shared(callback)?;
        Ok(Self { holds })
    }

    /// Registers the callback (`CmRegisterCallback`). Its first notification can come before this
    /// has returned (R3). IRQL: `PASSIVE_LEVEL`, by the token; the routine's own limit is
    /// `APC_LEVEL`.
    ///
    /// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-cmregistercallback>
    ///
    /// # Errors
    /// The idle object comes back, with `STATUS_INSUFFICIENT_RESOURCES`, or `STATUS_NOT_SUPPORTED`
    /// before Windows 8, for which there is
    /// [`register_before_windows_8`](Self::register_before_windows_8).
    pub fn register(
        self,
        at: &Lifecycle<'_>,
    ) -> Result<CallbackObject<C, Registered>, RegisterError<C, UnregisteredLegacy>> {
        self.register_for(Inputs::Captured, at)
    }

    pub(crate) fn register_for(
        self,
        inputs: Inputs,
        at: &Lifecycle<'_>,
    ) -> Result<CallbackObject<C, Registered>, RegisterError<C, UnregisteredLegacy>> {
        match Registration::legacy(self.holds, inputs, at) {
            Ok(registration) => {
                let holds = (registration, None);
                Ok(CallbackObject { holds })
            }
            Err((error, holds)) => {
                let object = Self { holds };
                Err(RegisterError { error, object })
            }
        }
    }

    /// The callback, back.
    #[must_use]
    pub fn into_callback(self) -> C {
        PoolBox::into_inner(self.holds).callback
    }
}

/// The callback, in the pool, for the kernel to point to.
fn shared<C: RegistryCallback>(callback: C) -> Result<PoolBox<Shared<C>>, NewError<C>> {
    PoolBox::try_new_tagged(Shared::new(callback), C::POOL_TAG).map_err(|(error, shared)| {
        let callback = shared.callback;
        NewError { error, callback }
    })
}

impl<C: RegistryCallback> CallbackObject<C, Registered> {
    /// The callback, which notifications use at the same time.
    #[must_use]
    pub fn callback(&self) -> &C {
        self.holds.0.callback()
    }

    /// Where the callback stands among the others (R2); none if it was registered without.
    #[must_use]
    pub fn altitude(&self) -> Option<&UnicodeStr> {
        self.holds.1.as_deref()
    }

    /// Unregisters the callback (`CmUnRegisterCallback`) and gives it back. Waits for the callbacks
    /// in flight; all its key contexts have been dropped when this returns (R4).
    ///
    /// The token proves that this is not inside a callback, where the wait would be for ever. IRQL:
    /// `PASSIVE_LEVEL`, by the token; the routine's own limit is `APC_LEVEL`. There is no error: the
    /// kernel refuses a cookie only that it does not know, and then the machine stops with
    /// [`Bug::NotUnregistered`](wdm_safe::bug_check::Bug).
    ///
    /// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-cmunregistercallback>
    pub fn unregister(self, _at: &Lifecycle<'_>) -> C {
        PoolBox::into_inner(self.holds.0.end()).callback
    }
}

impl<C: RegistryCallback, S: State> fmt::Debug for CallbackObject<C, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackObject").finish_non_exhaustive()
    }
}

impl<C> fmt::Debug for NewError<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewError")
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl<C: RegistryCallback, S: State> fmt::Debug for RegisterError<C, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegisterError")
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl<C> From<NewError<C>> for NtError {
    /// Drops the callback.
    fn from(error: NewError<C>) -> Self {
        error.error
    }
}

impl<C: RegistryCallback, S: State> From<RegisterError<C, S>> for NtError {
    /// Drops the object.
    fn from(error: RegisterError<C, S>) -> Self {
        error.error
    }
}
