//! Callback objects: idle and registered.

use core::fmt;

use wdm_safe::{Lifecycle, NtError, PoolBox, UnicodeStr, UnicodeString};

use crate::border::registration::{Registration, Shared};
use crate::{Altitude, RegistryCallback};

/// A callback and its place among the others, in one of two states: [`Unregistered`] or
/// [`Registered`].
///
/// Dropping a registered one unregisters it, which waits for the callbacks in flight (R4). Inside
/// its own callback that would be for ever; there is no way for a callback to own its object
/// without going through a `static`, and whoever does that and drops it there stops the machine
/// with [`Bug::UnregisteredInsideCallback`](wdm_safe::bug_check::Bug), never hangs it.
pub struct CallbackObject<C: RegistryCallback, S: State = Registered> {
    holds: S::Holds<C>,
    altitude: UnicodeString,
}

/// The state of a [`CallbackObject`]. Sealed; users write it in types and never make one.
pub trait State: sealed::Sealed {
    /// What an object in this state holds.
    #[doc(hidden)]
    type Holds<C: RegistryCallback>;
}

/// Not known to the kernel.
#[derive(Debug)]
pub enum Unregistered {}

/// Known to the kernel, until the object is dropped.
#[derive(Debug)]
pub enum Registered {}

impl State for Unregistered {
    type Holds<C: RegistryCallback> = PoolBox<Shared<C>>;
}

impl State for Registered {
    type Holds<C: RegistryCallback> = Registration<C>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Unregistered {}
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
pub struct RegisterError<C: RegistryCallback> {
    /// `STATUS_FLT_INSTANCE_ALTITUDE_COLLISION` if any driver holds the altitude,
    /// `STATUS_INSUFFICIENT_RESOURCES` (R1).
    pub error: NtError,
    /// The object, back.
    pub object: CallbackObject<C, Unregistered>,
}

impl<C: RegistryCallback> CallbackObject<C, Unregistered> {
    /// An idle object. Allocates twice.
    ///
    /// # Errors
    /// The callback comes back, with `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn new(callback: C, altitude: Altitude<'_>) -> Result<Self, NewError<C>> {
        let altitude = match UnicodeString::try_from_str(altitude.text()) {
            Ok(altitude) => altitude,
            Err(error) => return Err(NewError { error, callback }),
        };
        match PoolBox::try_new_tagged(Shared::new(callback), C::POOL_TAG) {
            Ok(holds) => Ok(Self { holds, altitude }),
            Err((error, shared)) => Err(NewError {
                error,
                callback: shared.callback,
            }),
        }
    }

    /// Registers the callback (`CmRegisterCallbackEx`). Its first notification can come before this
    /// has returned (R3).
    ///
    /// # Errors
    /// The idle object comes back, with the reason.
    pub fn register(
        self,
        at: &Lifecycle<'_>,
    ) -> Result<CallbackObject<C, Registered>, RegisterError<C>> {
        let Self { holds, altitude } = self;
        match Registration::new(holds, &altitude, at) {
            Ok(holds) => Ok(CallbackObject { holds, altitude }),
            Err((error, holds)) => Err(RegisterError {
                error,
                object: Self { holds, altitude },
            }),
        }
    }

    /// The callback, back.
    #[must_use]
    pub fn into_callback(self) -> C {
        PoolBox::into_inner(self.holds).callback
    }
}

impl<C: RegistryCallback> CallbackObject<C, Registered> {
    /// The callback, which notifications use at the same time.
    #[must_use]
    pub fn callback(&self) -> &C {
        self.holds.callback()
    }

    /// Unregisters the callback (`CmUnRegisterCallback`) and gives it back. Waits for the callbacks
    /// in flight; all its key contexts have been dropped when this returns (R4).
    ///
    /// The token proves that this is not inside a callback, where the wait would be for ever.
    pub fn unregister(self, _at: &Lifecycle<'_>) -> C {
        PoolBox::into_inner(self.holds.end()).callback
    }
}

impl<C: RegistryCallback, S: State> CallbackObject<C, S> {
    /// Where the callback stands among the others (R2).
    #[must_use]
    pub fn altitude(&self) -> &UnicodeStr {
        &self.altitude
    }
}

impl<C: RegistryCallback, S: State> fmt::Debug for CallbackObject<C, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallbackObject")
            .field("altitude", &self.altitude)
            .finish_non_exhaustive()
    }
}

impl<C> fmt::Debug for NewError<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewError")
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl<C: RegistryCallback> fmt::Debug for RegisterError<C> {
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

impl<C: RegistryCallback> From<RegisterError<C>> for NtError {
    /// Drops the object.
    fn from(error: RegisterError<C>) -> Self {
        error.error
    }
}
