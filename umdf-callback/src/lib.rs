//! UMDF 1 callback objects in safe Rust.
//!
//! **UMDF 1 is deprecated.** Microsoft adds nothing to it, supports it in part on newer versions of Windows 10, and wants new drivers
//! written for UMDF 2 (page: wdf/getting-started-with-umdf-version-2). This crate is for two: those who have UMDF 1 drivers in
//! the field and must keep them alive, and those who bring such code to UMDF 2 step by step ([`moving_to_umdf_2`]).
//!
//! A UMDF 1 driver consists of *callback objects*: context data, and interface methods that the framework finds through
//! `QueryInterface` (page: wdf/creating-callback-objects). Here a context is a value in `self`, an interface is a trait, and what
//! `QueryInterface` finds follows from the traits that a type implements. Reference counts, class factories and `HRESULT`s of
//! callbacks are the crate's business; what the framework's rules (U1 to U5 in docs/semantics.md) forbid does not compile.
//!
//! | object | made by | its traits |
//! |---|---|---|
//! | driver | [`driver!`] | [`Driver`] |
//! | device | [`DeviceInit::create_device`] | [`device_callback!`] and those of [`callback`]: Plug and Play, power, files |
//! | queue | [`NewDevice::create_queue`] | [`queue_callback!`] and those of [`callback`]: I/O, cancellation |
//! | manual queue | [`NewDevice::create_manual_queue`] | [`manual_queue_callback!`] |
//!
//! A request belongs to the driver, as a value, until it is completed or given away ([`request`]). Which contexts must be
//! [`Sync`] is in [`lock`]. What has no safe form yet (property stores, remote targets, completion of sent requests,
//! impersonation, interrupts and work items) is in [`raw`], where all interfaces of the header are.

#![deny(unsafe_code)]

pub use windows_core::{Error, GUID, HRESULT, Result};

pub use self::device::{Device, DeviceCallback, DeviceInit, NewDevice};
pub use self::driver::{AddedDevice, Driver, DriverObject};
pub use self::file::File;
pub use self::queue::{
    Dispatch, IoQueue, ManualQueue, ManualQueueCallback, Queue, QueueCallback, QueueConfig,
    QueueState,
};
pub use self::state::{PnpCapability, PowerState, TriState};

#[allow(unsafe_code)]
mod border;
pub mod callback;
mod device;
mod driver;
mod file;
pub mod lock;
pub mod memory;
mod queue;
#[allow(unsafe_code)]
pub mod raw;
pub mod remote;
pub mod request;
mod state;

#[doc = include_str!("../doc/moving-to-umdf-2.md")]
pub mod moving_to_umdf_2 {}

#[doc(hidden)]
pub mod __private {
    pub use crate::border::device::{DeviceKind, DeviceOffers, NoDevice};
    pub use crate::border::driver::{can_unload_now, class_object};
    pub use crate::border::object::Probe;
    pub use crate::border::queue::{DELIVERY, NoQueue, QueueKind, QueueOffers, STATE_CHANGE};
}
