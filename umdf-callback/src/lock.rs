//! Which callbacks of a device the framework serialises. Page: wdf/specifying-a-callback-synchronization-mode.
//!
//! [`DeviceLevel`], the framework's default, runs one of these at a time: what a queue delivers, changes of a queue's state,
//! cancellation, and cleanup and close of files. A context that only such callbacks use need not be [`Sync`]. Plug and Play and
//! power callbacks, cleanup of objects and the rest are not among them: their traits ask for [`Sync`] themselves.

pub use crate::border::device::Fits;

/// One I/O callback of the device at a time (`WdfDeviceLevel`).
#[derive(Debug)]
pub enum DeviceLevel {}

/// Any callbacks at the same time (`None` in the header).
#[derive(Debug)]
pub enum Unsynchronized {}
