//! UMDF 1 callback objects in safe Rust.
//!
//! **UMDF 1 is deprecated.** Microsoft adds nothing to it, supports it in part on newer versions of Windows 10, and wants new drivers
//! written for UMDF 2 (page: wdf/getting-started-with-umdf-version-2). This crate is for two: those who have UMDF 1 drivers in
//! the field and must keep them alive, and those who bring such code to UMDF 2 step by step ([`moving_to_umdf_2`]).
//!
//! A UMDF 1 driver consists of *callback objects*: context data, and interface methods that the framework finds through
//! `QueryInterface` (page: wdf/creating-callback-objects). Here a context is a value in `self`, an interface is a trait, and what
//! `QueryInterface` finds follows from the traits that a type implements. Reference counts, class factories and `HRESULT`s of
//! callbacks are the crate's business. What the framework's rules (U1 to U15 in docs/semantics.md) forbid does not compile where a
//! type can know it; elsewhere it is an error, or the method says what its caller owes.
//!
//! | object | made by | its traits |
//! |---|---|---|
//! | driver | [`driver!`] | [`Driver`] |
//! | device | [`DeviceInit::create_device`] | [`device_callback!`] and those of [`callback`]: Plug and Play, power, files |
//! | queue | [`DeviceHandle::create_queue`], [`Device::create_queue`] | [`queue_callback!`] and those of [`callback`]: I/O, cancellation |
//! | manual queue | [`DeviceHandle::create_manual_queue`], [`Device::create_manual_queue`] | [`manual_queue_callback!`] |
//! | remote interface, remote target | [`Device::create_remote_interface`], [`Device::create_remote_target`] | [`remote`] |
//! | work item | [`Device::create_work_item`] | a function |
//! | interrupt | [`Device::create_interrupt`] | [`InterruptCallback`](interrupt::InterruptCallback) |
//!
//! A request belongs to the driver, as a value, until it is completed or given away ([`request`]), and comes back as one when it was
//! sent to another driver ([`target`]). Files, requests, queues and other objects of the framework can have a context of the driver's
//! ([`context`]). Registry keys are in [`property`], idle and wake settings in [`power`], resources and registers in [`hardware`].
//! Which contexts must be [`Sync`] is in [`lock`]. What has no safe form (unified property stores, targets made of handles, objects of
//! the driver's own, requests for a file's information, an interrupt's policy) is in [`raw`], where all interfaces of
//! the header are.
//!
//! # The documented examples
//!
//! Microsoft's documentation shows how a callback object comes to be in three steps. In this crate's terms, with the simulated
//! framework of `wdm-sim`:
//!
//! ## Defining a callback object
//!
//! The context is the type's fields, and `IPnpCallbackHardware` is a trait (page: wdf/defining-callback-objects-example).
//!
//! ```
//! use std::sync::atomic::{AtomicU32, Ordering};
//!
//! use umdf_callback::callback::PnpHardware;
//! use umdf_callback::{Device, Result};
//!
//! struct MyDevice {
//!     bulk_out_pipe: u8,
//!     bulk_out_max_packet: AtomicU32, // known when the hardware is there
//! }
//!
//! impl PnpHardware for MyDevice {
//!     fn on_prepare_hardware(&self, _device: &Device) -> Result<()> {
//!         self.bulk_out_max_packet.store(512, Ordering::Relaxed);
//!         Ok(())
//!     }
//!
//!     fn on_release_hardware(&self, _device: &Device) -> Result<()> {
//!         let packet = self.bulk_out_max_packet.swap(0, Ordering::Relaxed);
//!         println!("pipe {}: packets of {packet} bytes no more", self.bulk_out_pipe);
//! #       STOPPED.store(packet, Ordering::Relaxed);
//!         Ok(())
//!     }
//! }
//! # use umdf_callback::{AddedDevice, DeviceInit, Driver, GUID, device_callback, driver};
//! # static STOPPED: AtomicU32 = AtomicU32::new(0);
//! # device_callback!(MyDevice);
//! # #[derive(Default)]
//! # struct MyDriver;
//! # impl Driver for MyDriver {
//! #     fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
//! #         let device = MyDevice { bulk_out_pipe: 1, bulk_out_max_packet: AtomicU32::new(0) };
//! #         Ok(init.create_device(device)?.into())
//! #     }
//! # }
//! # const CLSID: GUID = GUID::from_u128(0x3d5f_6a5c_7c36_4b0f_a64d_0f3e_5a4e_91b1);
//! # driver!(MyDriver, CLSID);
//! # let framework = wdm_sim::umdf::Framework::load(DllGetClassObject, &CLSID)?;
//! # let device = framework.add_device("USB\\VID_0547&PID_1002")?;
//! # assert!(device.start().is_ok() && device.stop().is_ok());
//! # assert_eq!(STOPPED.load(Ordering::Relaxed), 512);
//! # Ok::<(), umdf_callback::Error>(())
//! ```
//!
//! ## Associating callback interfaces
//!
//! [`device_callback!`] asks the type which traits it implements; the framework finds those interfaces and no others (page:
//! wdf/associating-callback-interfaces-example).
//!
//! ```
//! use umdf_callback::callback::PnpHardware;
//! use umdf_callback::device_callback;
//!
//! struct MyDevice;
//!
//! impl PnpHardware for MyDevice {}
//!
//! device_callback!(MyDevice);
//! # use umdf_callback::{AddedDevice, DeviceInit, Driver, GUID, Result, driver};
//! # #[derive(Default)]
//! # struct MyDriver;
//! # impl Driver for MyDriver {
//! #     fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
//! #         Ok(init.create_device(MyDevice)?.into())
//! #     }
//! # }
//! # const CLSID: GUID = GUID::from_u128(0x3d5f_6a5c_7c36_4b0f_a64d_0f3e_5a4e_91b2);
//! # driver!(MyDriver, CLSID);
//!
//! use wdm_sim::umdf::Framework;
//! let framework = Framework::load(DllGetClassObject, &CLSID)?;
//! let device = framework.add_device("USB\\VID_0547&PID_1002")?;
//! use umdf_callback::raw::{IPnpCallback, IPnpCallbackHardware};
//! assert!(device.callback::<IPnpCallbackHardware>().is_some());
//! assert!(device.callback::<IPnpCallback>().is_none());
//! # Ok::<(), umdf_callback::Error>(())
//! ```
//!
//! ## Creating a callback object
//!
//! `OnDeviceAdd` makes the context and hands it to the framework with the device; there the queues are made too (page:
//! wdf/creating-callback-objects-example).
//!
//! ```
//! use umdf_callback::callback::QueueWrite;
//! use umdf_callback::request::{Request, Write};
//! use umdf_callback::{
//!     AddedDevice, DeviceInit, Dispatch, Driver, GUID, Queue, QueueConfig, Result, device_callback, driver,
//!     queue_callback,
//! };
//!
//! struct MyDevice { /* ... */ }
//!
//! device_callback!(MyDevice);
//!
//! struct Printer;
//!
//! impl QueueWrite for Printer {
//!     fn on_write(&self, _queue: &Queue<'_, Self>, request: Request<Write>, length: usize) {
//!         match request.input().and_then(|input| input.to_vec()) {
//!             Ok(bytes) => {
//!                 println!("{}", String::from_utf8_lossy(&bytes));
//!                 request.complete_with_information(length);
//!             }
//!             Err(error) => request.fail(error),
//!         }
//!     }
//! }
//!
//! queue_callback!(Printer);
//!
//! #[derive(Default)]
//! struct MyDriver;
//!
//! impl Driver for MyDriver {
//!     fn on_device_add<'add>(&self, mut init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
//!         init.set_power_policy_ownership(false);
//!         let device = init.create_device(MyDevice { /* ... */ })?; // `init` is used up
//!         device.create_queue(QueueConfig::default_queue(), Dispatch::Sequential, Printer)?;
//!         Ok(device.into())
//!     }
//! }
//!
//! const CLSID: GUID = GUID::from_u128(0x3d5f_6a5c_7c36_4b0f_a64d_0f3e_5a4e_91b3);
//!
//! driver!(MyDriver, CLSID);
//!
//! // What a test does, and Windows:
//! use wdm_sim::umdf::Framework;
//! let framework = Framework::load(DllGetClassObject, &CLSID)?;
//! let device = framework.plug_in("USB\\VID_0547&PID_1002")?;
//! let written = device.open("")?.write(b"Hello");
//! assert_eq!(written.completion().map(|completion| completion.information), Some(5));
//! # Ok::<(), umdf_callback::Error>(())
//! ```

#![deny(unsafe_code)]

pub use windows_core::{Error, GUID, HRESULT, Result};

pub use self::device::{Device, DeviceCallback, DeviceHandle, DeviceInit, NewDevice};
pub use self::driver::{AddedDevice, Driver, DriverObject};
pub use self::file::{CreatedFile, File};
pub use self::queue::{
    Dispatch, IoQueue, ManualQueue, ManualQueueCallback, Queue, QueueCallback, QueueConfig,
    QueueState,
};
pub use self::state::{BufferAccess, IoPreference, PnpCapability, PnpState, PowerState, TriState};

#[allow(unsafe_code)]
mod border;
pub mod callback;
pub mod context;
mod device;
mod driver;
mod file;
pub mod hardware;
pub mod interrupt;
pub mod lock;
pub mod memory;
mod once;
pub mod power;
pub mod property;
mod queue;
#[allow(unsafe_code)]
pub mod raw;
pub mod remote;
pub mod request;
mod state;
pub mod target;
mod waiting;
pub mod work_item;

#[doc = include_str!("../doc/moving-to-umdf-2.md")]
pub mod moving_to_umdf_2 {}

#[doc(hidden)]
pub mod __private {
    pub use crate::border::device::{DeviceKind, DeviceOffers, NoDevice};
    pub use crate::border::driver::{can_unload_now, class_object};
    pub use crate::border::object::Probe;
    pub use crate::border::queue::{DELIVERY, NoQueue, QueueKind, QueueOffers, STATE_CHANGE};
}
