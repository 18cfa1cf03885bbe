//! A simulated UMDF 1 framework: hosts a linked user-mode driver, brings its devices up and down, and sends them requests.
//!
//! A [`Framework`] loads a driver by its `DllGetClassObject`, as the host process of UMDF does. A [`Device`] is started, stopped,
//! sent to sleep and removed; a [`File`] is an opening of it, and a [`Sent`] a request. Everything that the driver is called for
//! and that it calls is in the [`Trace`]; what it does that the framework does not forgive, or what it leaks, is a [`Finding`].
//! With [`Builder::fail_each`] each call of the framework that can fail does so once.
//!
//! Threads are real: callbacks run on the thread that causes them, and the driver may complete requests on threads of its own.
//! The locking constraint of a device holds as on Windows.
//!
//! ```
//! use umdf_callback::callback::QueueRead;
//! use umdf_callback::request::{Read, Request};
//! use umdf_callback::{
//!     AddedDevice, DeviceInit, Dispatch, Driver, GUID, Queue, QueueConfig, Result, device_callback, driver,
//!     queue_callback,
//! };
//! use wdm_sim::umdf::Framework;
//!
//! struct Nothing;
//! device_callback!(Nothing);
//!
//! struct Sevens;
//! impl QueueRead for Sevens {
//!     fn on_read(&self, _queue: &Queue<'_, Self>, mut request: Request<Read>, length: usize) {
//!         match request.output().and_then(|mut output| output.write_at(0, &vec![7; length])) {
//!             Ok(()) => request.complete_with_information(length),
//!             Err(error) => request.fail(error),
//!         }
//!     }
//! }
//! queue_callback!(Sevens);
//!
//! #[derive(Default)]
//! struct Sample;
//! impl Driver for Sample {
//!     fn on_device_add<'add>(&self, init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
//!         let device = init.create_device(Nothing)?;
//!         device.create_queue(QueueConfig::default_queue(), Dispatch::Sequential, Sevens)?;
//!         Ok(device.into())
//!     }
//! }
//! const CLSID: GUID = GUID::from_u128(0x1f0c_93f6_95a0_44b2_8a6e_6a0d_71c0_55d3);
//! driver!(Sample, CLSID);
//!
//! let framework = Framework::load(DllGetClassObject, &CLSID)?;
//! let device = framework.plug_in(r"ROOT\SAMPLE\0000")?;
//! let file = device.open("")?;
//! assert_eq!(file.read(3).output(), [7, 7, 7]);
//! drop(file);
//! device.query_remove()?;
//! device.remove();
//! let report = framework.unload();
//! assert_eq!(report.findings, []);
//! assert!(report.trace.callbacks().contains(&"IQueueCallbackRead::OnRead"));
//! # Ok::<(), umdf_callback::Error>(())
//! ```
//!
//! # The driver below
//! What a driver sends to its default I/O target reaches a [`Lower`] driver, which a test plays: it completes requests or keeps them.
//!
//! ```
//! use umdf_callback::callback::QueueDefaultIoHandler;
//! use umdf_callback::request::{IoTarget, Other, Request, SendOptions};
//! use umdf_callback::{
//!     AddedDevice, DeviceInit, Dispatch, Driver, GUID, Queue, QueueConfig, Result, device_callback, driver,
//!     queue_callback,
//! };
//! use wdm_sim::umdf::Framework;
//!
//! struct Nothing;
//! device_callback!(Nothing);
//!
//! struct Filter(IoTarget);
//! impl QueueDefaultIoHandler for Filter {
//!     fn on_default_io(&self, _queue: &Queue<'_, Self>, request: Request<Other>) {
//!         let formatted = self.0.format(request);
//!         if let Err(refused) = formatted.send(SendOptions::new(), |ended| ended.pass_on()) {
//!             refused.fail();
//!         }
//!     }
//! }
//! queue_callback!(Filter);
//!
//! #[derive(Default)]
//! struct Sample;
//! impl Driver for Sample {
//!     fn on_device_add<'add>(&self, mut init: DeviceInit<'add>) -> Result<AddedDevice<'add>> {
//!         init.set_filter();
//!         let device = init.create_device(Nothing)?;
//!         let filter = Filter(device.device().default_io_target()?);
//!         device.create_queue(QueueConfig::default_queue(), Dispatch::Parallel, filter)?;
//!         Ok(device.into())
//!     }
//! }
//! const CLSID: GUID = GUID::from_u128(0x1f0c_93f6_95a0_44b2_8a6e_6a0d_71c0_55d4);
//! driver!(Sample, CLSID);
//!
//! let framework = Framework::load(DllGetClassObject, &CLSID)?;
//! let device = framework.plug_in(r"ROOT\SAMPLE\0000")?;
//! device.lower().answer(|request| request.succeed_with(b"below"));
//! assert_eq!(device.read(9).output(), b"below");
//! assert_eq!(framework.unload().findings, []);
//! # Ok::<(), umdf_callback::Error>(())
//! ```
//!
//! # Around a device
//!
//! | a test says or sees | by |
//! |---|---|
//! | registry keys | [`Device::set_property`], [`Device::properties`] |
//! | idle and wake settings, states, events, links | [`Device::idle_settings`], [`Device::is_kept_awake`], [`Device::pnp_states`], [`Device::events`], [`Device::links`] |
//! | the driver below | [`Device::lower`] |
//! | other devices, and their drivers | [`Device::arrive`], [`Remote`], [`Device::remote_lower`] |
//! | hardware resources, interrupts, registers and ports | [`Device::assign`], [`Device::interrupt`], [`Device::register`], [`Device::set_register`], [`Device::port`] |
//!
//! # What is not simulated
//! The kernel below the driver's device stack, other processes, and security. What the driver calls that is not there yields a
//! finding [`Rule::NotSimulated`].

// Constants have the header's names.
#![allow(non_upper_case_globals)]

mod around;
mod belongings;
mod chrome;
mod client;
mod codes;
mod completion_object;
mod core;
mod created_request;
mod device2_object;
mod device_object;
mod driver_object;
mod file_object;
mod hardware;
mod host;
mod idle;
mod impersonation;
mod init;
mod interrupt;
mod io;
mod lower;
mod memory_object;
mod object;
mod order;
mod pnp;
mod property;
mod queue_object;
mod remote;
mod request2_object;
mod request_object;
mod resources;
mod send;
mod sending;
mod target_object;
mod trace;
mod turns;
mod verifier;
mod work_item;
mod world;

pub use around::Remote;
pub use client::{Completion, Device, File, QueueInfo, Sent};
pub use codes::Code;
pub use host::{Builder, Framework, GetClassObject, NotLoaded, Report, class_factory};
pub use lower::{Lower, LowerRequest};
pub use pnp::Wake;
pub use trace::{Event, Name, Trace, What};
pub use verifier::{Finding, Rule};
