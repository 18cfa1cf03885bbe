//! Notifications: what a callback's method gets.

use core::marker::PhantomData;

use crate::RegistryCallback;
use crate::border::context::Chain;
use crate::border::cookie::Cookie;
use crate::border::input::{self, Info, PostInfo};
use crate::border::key::Key;
use crate::border::key::stage::{Closed, Live};
use crate::border::registration::Shared;
use crate::operation::{Blockable, NoOutputs, OnKey, OnPreKey, OpensKey, Operation};
use crate::outcome::{PostAction, PostOutcome, PreAction, PreOutcome};
use wdm_safe::{ApcLevel, NtError, NtStatus, Passive, PoolBox};

/// A pre-notification: the operation has not happened yet. The structure behind it is the
/// operation's own.
///
/// <https://learn.microsoft.com/windows-hardware/drivers/kernel/handling-notifications>
///
/// It is used up by the outcome that is made of it. Everything that it lends is gone with the
/// notification.
pub struct Pre<'n, O: Operation, C: RegistryCallback> {
    shared: &'n Shared<C>,
    pub(crate) info: Info<'n, O::Info>,
}

/// A context that could not travel with an operation, and the notification to go on with.
pub struct PassWithError<'n, O: Operation, C: RegistryCallback> {
    /// `STATUS_INSUFFICIENT_RESOURCES`.
    pub error: NtError,
    /// The notification, which still wants an outcome.
    pub notification: Pre<'n, O, C>,
}

impl<'n, O: Operation, C: RegistryCallback> Pre<'n, O, C> {
    pub(crate) fn new(shared: &'n Shared<C>, info: Info<'n, O::Info>) -> Self {
        Self { shared, info }
    }

    /// Goes on: the callbacks below see the operation, then it happens.
    pub fn pass(self) -> PreOutcome<O, C> {
        PreOutcome(PreAction::Pass)
    }

    /// Goes on, with a value that the post-notification of this operation gets (C5). It is dropped
    /// there. One allocation, under [`RegistryCallback::POOL_TAG`]. IRQL: `<= DISPATCH_LEVEL`.
    ///
    /// # Errors
    /// The notification comes back, with `STATUS_INSUFFICIENT_RESOURCES`.
    pub fn pass_with(
        self,
        context: C::CallContext,
    ) -> Result<PreOutcome<O, C>, PassWithError<'n, O, C>> {
        match PoolBox::try_new_tagged(context, C::POOL_TAG) {
            Ok(context) => Ok(PreOutcome(PreAction::PassWith(context))),
            Err((error, _)) => Err(PassWithError {
                error,
                notification: self,
            }),
        }
    }

    /// Blocks the operation: the caller gets this status, no callback below sees the operation, and
    /// this callback gets no post-notification for it (N2). `STATUS_CALLBACK_BYPASS` would mean
    /// something else to the kernel, so the caller gets `STATUS_UNSUCCESSFUL` for that.
    pub fn block(self, status: NtError) -> PreOutcome<O, C>
    where
        O: Blockable,
    {
        PreOutcome(PreAction::Block(status))
    }

    /// Ends the operation as a success that the driver did itself (bypass): the registry does
    /// nothing, and this callback gets no post-notification for it (N2).
    pub fn complete(self) -> PreOutcome<O, C>
    where
        O: NoOutputs,
    {
        PreOutcome(PreAction::Complete(()))
    }

    /// The key that the operation is on.
    ///
    /// # Errors
    /// `STATUS_INVALID_HANDLE` if the kernel named none.
    pub fn key(&self) -> Result<Key<'n, C, O::PreStage>, NtError>
    where
        O: OnPreKey,
    {
        input::pre_key::<O, C>(self.info).ok_or(NtError::INVALID_HANDLE)
    }

    /// The cookie of this registration: what contexts, names and transactions are asked through.
    #[must_use]
    pub fn cookie(&self) -> Cookie<'n, C> {
        Cookie::new(self.shared)
    }

    /// Proof that this runs at `APC_LEVEL` or below (N1).
    #[must_use]
    pub fn irql(&self) -> ApcLevel<'n> {
        input::notification_level(self.info)
    }

    /// Proof that this runs at `PASSIVE_LEVEL`, if it does (`KeGetCurrentIrql`, N1).
    #[must_use]
    pub fn passive(&self) -> Option<Passive<'n>> {
        self.irql().passive()
    }
}

/// A post-notification: the operation has happened, or has failed (`REG_POST_OPERATION_INFORMATION`).
///
/// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_post_operation_information>
///
/// It is used up by the outcome that is made of it. Everything that it lends is gone with the
/// notification.
pub struct Post<'n, O: Operation, C: RegistryCallback> {
    shared: &'n Shared<C>,
    fields: PostInfo<'n>,
    /// The pre-information of the same operation.
    pub(crate) info: Option<Info<'n, O::Info>>,
    call_context: Option<PoolBox<C::CallContext>>,
}

impl<'n, O: Operation, C: RegistryCallback> Post<'n, O, C> {
    pub(crate) fn new(
        shared: &'n Shared<C>,
        fields: PostInfo<'n>,
        info: Option<Info<'n, O::Info>>,
        call_context: Option<PoolBox<C::CallContext>>,
    ) -> Self {
        Self {
            shared,
            fields,
            info,
            call_context,
        }
    }

    /// What the operation returns to its caller, as it stands: the callbacks below may have changed
    /// it (N3).
    #[must_use]
    pub fn status(&self) -> NtStatus {
        NtStatus::from_raw(self.fields.status())
    }

    /// What the pre-notification of this operation sent along (C5).
    #[must_use]
    pub fn call_context(&self) -> Option<&C::CallContext> {
        self.call_context.as_deref()
    }

    /// Leaves the result as it is.
    pub fn keep(self) -> PostOutcome<O, C> {
        PostOutcome(PostAction::Keep, PhantomData)
    }

    /// Makes a failure of the result (N3). What was opened or created is let go (N4); anything else
    /// that happened has still happened.
    pub fn fail_with(self, status: NtError) -> PostOutcome<O, C>
    where
        O: Blockable,
    {
        PostOutcome(PostAction::Fail(status), PhantomData)
    }

    /// Makes a success of a failure (N3).
    pub fn succeed(self) -> PostOutcome<O, C>
    where
        O: NoOutputs,
    {
        PostOutcome(PostAction::Succeed(()), PhantomData)
    }

    /// The key that the operation was on.
    ///
    /// # Errors
    /// `STATUS_INVALID_HANDLE` if the kernel named none.
    pub fn key(&self) -> Result<Key<'n, C, O::PostStage>, NtError>
    where
        O: OnKey,
    {
        let key = self.info.and_then(|info| self.fields.key::<O, C>(info));
        key.ok_or(NtError::INVALID_HANDLE)
    }

    /// The cookie of this registration: what contexts, names and transactions are asked through.
    #[must_use]
    pub fn cookie(&self) -> Cookie<'n, C> {
        Cookie::new(self.shared)
    }

    /// Proof that this runs at `APC_LEVEL` or below (N1).
    #[must_use]
    pub fn irql(&self) -> ApcLevel<'n> {
        self.fields.level()
    }

    /// Proof that this runs at `PASSIVE_LEVEL`, if it does (`KeGetCurrentIrql`, N1).
    #[must_use]
    pub fn passive(&self) -> Option<Passive<'n>> {
        self.irql().passive()
    }
}

impl<O: Operation, C: RegistryCallback> Post<'_, O, C> {
    /// The key object that was created or opened.
    ///
    /// It is lent until an outcome is made of the notification: a key that was failed cannot be
    /// used any more.
    ///
    /// # Errors
    /// The status, if it is anything but `STATUS_SUCCESS`: other successes give no key either (K2).
    pub fn opened_key(&self) -> Result<Key<'_, C, Live>, NtStatus>
    where
        O: OpensKey,
    {
        self.fields.opened_key().ok_or(self.status())
    }

    /// Makes a success of a failure, with a key object in place of the one that was not opened
    /// (N4). If there is one, it is let go.
    pub fn succeed_with(self, reply: O::Reply) -> PostOutcome<O, C>
    where
        O: OpensKey,
    {
        PostOutcome(PostAction::Succeed(reply), PhantomData)
    }
}

impl<O: Operation, C: RegistryCallback> Pre<'_, O, C> {
    /// Ends the operation as a success that the driver did itself (bypass), with the key object
    /// that the caller gets (N4).
    pub fn complete_with(self, reply: O::Reply) -> PreOutcome<O, C>
    where
        O: OpensKey,
    {
        PreOutcome(PreAction::Complete(reply))
    }
}

/// The end of a key object's contexts, of one callback: they are dropped when the callback's method
/// has returned, the newest first.
///
/// It comes after the pre-notification and before the post-notification of the object's close, or
/// while the callback is unregistered (C3, R4).
///
/// <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-_reg_callback_context_cleanup_information>
///
#[doc = include_str!("../doc/cleanup.md")]
pub struct Cleanup<'n, C: RegistryCallback> {
    key: Option<Key<'n, C, Closed>>,
    contexts: &'n Chain<C::KeyContext>,
}

impl<'n, C: RegistryCallback> Cleanup<'n, C> {
    pub(crate) fn new(key: Option<Key<'n, C, Closed>>, contexts: &'n Chain<C::KeyContext>) -> Self {
        Self { key, contexts }
    }

    /// The key object, if the kernel named it. Nothing but its address is left of it.
    #[must_use]
    pub fn key(&self) -> Option<Key<'n, C, Closed>> {
        self.key
    }

    /// All the contexts that this key object has had, the newest first: the others were replaced by
    /// it and have been kept until now (C4).
    pub fn contexts(&self) -> impl Iterator<Item = &'n C::KeyContext> + use<'n, C> {
        self.contexts.iter()
    }
}
