//! What may leave its thread and what may not, and what there is one of: checked when this file is
//! compiled.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::MutexGuard;

use cm_callback::operation::{CloseKey, CreateKey, LoadV2, OpenPath, SetValue};
use cm_callback::stage::{Closed, Closing, Live};
use cm_callback::{
    Altitude, CallbackObject, CallbackVersion, Cleanup, Cookie, CookieError, Created, Key, KeyName,
    KeyObject, LegacyPost, LegacyPre, NewError, NotifyClass, Opened, PassWithError, Post,
    PostOutcome, Pre, PreOutcome, RegisterError, Registered, RegistryCallback, SetContextError,
    Transaction, Unregistered, UnregisteredLegacy,
};
use static_assertions::{assert_impl_all, assert_not_impl_any};
use wdm_safe::callback_object::{Notification, Notifier, NotifyObject, NotifyRegistration};
use wdm_safe::registry::{
    self, KeyBuffer, KeyRequest, KeyWatch, RegKey, SecurityDescriptor, SubkeyCursor, Subkeys,
    Value, ValueCursor, ValueRef, Values,
};
use wdm_safe::user_memory::UserBuffer;
use wdm_safe::{
    ApcLevel, EventQueue, Init, Lifecycle, NtError, NtStatus, Passive, PoolBox, PoolTag, PoolVec,
    UnicodeStr, UnicodeString, Worker,
};

/// A callback whose contexts go everywhere.
struct Shared;

impl RegistryCallback for Shared {
    type KeyContext = u32;
    type CallContext = u32;
}

/// A callback whose call context stays on its thread, as it may (C5).
struct OnThread;

impl RegistryCallback for OnThread {
    type KeyContext = u32;
    type CallContext = Rc<u32>;
}

/// On its thread, neither moved nor shared.
macro_rules! stays {
    ($($type:ty),+ $(,)?) => { $(assert_not_impl_any!($type: Send, Sync);)+ };
}

/// On any thread, and on several at once.
macro_rules! travels {
    ($($type:ty),+ $(,)?) => { $(assert_impl_all!($type: Send, Sync);)+ };
}

/// Owned by one, and used up.
macro_rules! unique {
    ($($type:ty),+ $(,)?) => { $(assert_not_impl_any!($type: Clone, Copy);)+ };
}

// A level, and being the driver's start or end, are a thread's own (N1, R4).
stays!(
    ApcLevel<'static>,
    Passive<'static>,
    Lifecycle<'static>,
    Init<'static>
);
unique!(Lifecycle<'static>, Init<'static>);

// What carries a level along.
stays!(
    Subkeys<'static>,
    Values<'static>,
    SubkeyCursor<'static>,
    ValueCursor<'static>,
    Notification<'static>
);

// A notification belongs to the thread that does the operation (N1), with all that it lends.
stays!(
    Pre<'static, SetValue, Shared>,
    Post<'static, SetValue, Shared>,
    Pre<'static, CreateKey, Shared>,
    Post<'static, CreateKey, Shared>,
    Pre<'static, CloseKey, Shared>,
    Post<'static, CloseKey, Shared>,
    Cleanup<'static, Shared>,
    PassWithError<'static, SetValue, Shared>,
    Cookie<'static, Shared>,
    Key<'static, Shared, Live>,
    Key<'static, Shared, Closing>,
    Key<'static, Shared, Closed>,
    KeyName<'static>,
    Transaction<'static>,
    OpenPath<'static, Shared>,
    LegacyPre<'static>,
    LegacyPost<'static>,
    LoadV2<'static>,
    UserBuffer<'static>,
);

// A notification is answered once, and a name released once (K4).
unique!(
    Pre<'static, SetValue, Shared>,
    Post<'static, SetValue, Shared>,
    Cleanup<'static, Shared>,
    KeyName<'static>,
    LegacyPre<'static>,
    LegacyPost<'static>,
    UserBuffer<'static>,
);

// An outcome owns what it brings and travels if that does (C5).
travels!(
    PreOutcome<SetValue, Shared>,
    PreOutcome<CreateKey, Shared>,
    PostOutcome<SetValue, OnThread>,
    PostOutcome<CreateKey, OnThread>,
);
stays!(PreOutcome<SetValue, OnThread>);
unique!(PreOutcome<SetValue, Shared>, PostOutcome<SetValue, Shared>);

// A registration is the kernel's, and its callback is for all threads (R4).
travels!(
    CallbackObject<Shared, Unregistered>,
    CallbackObject<Shared, UnregisteredLegacy>,
    CallbackObject<Shared, Registered>,
    CallbackObject<OnThread, Registered>,
    NewError<Shared>,
    RegisterError<Shared>,
    Altitude<'static>,
    NotifyClass,
    CallbackVersion,
);
unique!(CallbackObject<Shared, Unregistered>, CallbackObject<Shared, Registered>);

// References and handles are the kernel's; each is given back once.
travels!(
    KeyObject,
    Opened,
    Created,
    RegKey,
    registry::Transaction,
    KeyWatch,
    NotifyObject,
    Notifier,
    NotifyRegistration
);
unique!(
    KeyObject,
    Opened,
    Created,
    RegKey,
    registry::Transaction,
    KeyWatch,
    NotifyObject,
    Notifier,
    NotifyRegistration
);

// A worker's records cross to its thread; what stays on one thread cannot be a record.
travels!(Worker<u32>, EventQueue<u32>, EventQueue<Cell<u32>>);
stays!(EventQueue<Rc<u32>>);
unique!(Worker<u32>, EventQueue<u32>);

// What the kernel has found to be whole, and buffers, are memory like other memory.
travels!(SecurityDescriptor, KeyBuffer, KeyRequest<'static>);
unique!(SecurityDescriptor, KeyBuffer);

// A context that was not set comes back with what it may do.
travels!(CookieError, SetContextError<u32>);
assert_not_impl_any!(SetContextError<Rc<u32>>: Send, Sync);

// Pool memory is no thread's; what is in it decides.
travels!(
    PoolBox<u32>,
    PoolVec<u32>,
    UnicodeString,
    UnicodeStr,
    Value,
    ValueRef<'static>,
    PoolTag
);
travels!(NtStatus, NtError);
stays!(PoolBox<Rc<u32>>, PoolVec<Rc<u32>>);
assert_impl_all!(PoolBox<Cell<u32>>: Send);
assert_not_impl_any!(PoolBox<Cell<u32>>: Sync);
assert_impl_all!(PoolVec<Cell<u32>>: Send);
assert_not_impl_any!(PoolVec<Cell<u32>>: Sync);
assert_impl_all!(PoolBox<MutexGuard<'static, u32>>: Sync);
assert_not_impl_any!(PoolBox<MutexGuard<'static, u32>>: Send);
assert_impl_all!(PoolVec<MutexGuard<'static, u32>>: Sync);
assert_not_impl_any!(PoolVec<MutexGuard<'static, u32>>: Send);
unique!(PoolBox<u32>, PoolVec<u32>);
