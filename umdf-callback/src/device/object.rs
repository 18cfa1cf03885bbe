//! The framework device object. Header: wudfddi.h, pages: nn-wudfddi-iwdfdevice, -iwdfdevice2.

use crate::border::framework::Framework;
use crate::driver::DriverObject;
use crate::file::{CreatedFile, File};
use crate::lock::{Fits, Unsynchronized};
use crate::queue::{
    Dispatch, IoQueue, ManualQueue, ManualQueueCallback, QueueCallback, QueueConfig,
};
use crate::raw::IWDFDevice;
use crate::request::{CreatedRequest, IoTarget, RequestKind};
use crate::state::{BufferAccess, PnpState, TriState};
use crate::{GUID, Result};

/// The framework device object.
#[derive(Clone, Debug)]
pub struct Device(pub(crate) Framework<IWDFDevice>);

impl Device {
    /// The instance id. Page: nf-wudfddi-iwdfdevice-retrievedeviceinstanceid.
    ///
    /// # Errors
    /// The framework's.
    pub fn instance_id(&self) -> Result<String> {
        self.0.instance_id()
    }

    /// The name of the kernel's device object below. Page: nf-wudfddi-iwdfdevice-retrievedevicename.
    ///
    /// # Errors
    /// The framework's.
    pub fn name(&self) -> Result<String> {
        self.0.name()
    }

    /// Registers a device interface, by which programs find the device. Page: nf-wudfddi-iwdfdevice-createdeviceinterface.
    ///
    /// # Errors
    /// The framework's.
    pub fn create_interface(&self, class: &GUID, reference: Option<&str>) -> Result<()> {
        self.0.create_interface(class, reference)
    }

    /// Enables or disables it. Page: nf-wudfddi-iwdfdevice-assigndeviceinterfacestate.
    ///
    /// # Errors
    /// The framework's.
    pub fn enable_interface(
        &self,
        class: &GUID,
        reference: Option<&str>,
        enable: bool,
    ) -> Result<()> {
        self.0.enable_interface(class, reference, enable)
    }

    /// Makes a symbolic link to the device, in the global namespace `\DosDevices`. Page:
    /// nf-wudfddi-iwdfdevice-createsymboliclink.
    ///
    /// # Errors
    /// The framework's.
    pub fn create_symbolic_link(&self, name: &str) -> Result<()> {
        self.0.create_symbolic_link(name)
    }

    /// The next driver of the device stack. Page: nf-wudfddi-iwdfdevice-getdefaultiotarget.
    ///
    /// # Errors
    /// `E_POINTER` if there is none.
    pub fn default_io_target(&self) -> Result<IoTarget> {
        self.0.default_io_target().map(IoTarget::new)
    }

    /// The same, to a name in the device's namespace: that is the name of the [`File`](crate::File) that is opened through the link.
    /// From UMDF 1.9. Page: nf-wudfddi-iwdfdevice2-createsymboliclinkwithreferencestring.
    ///
    /// # Errors
    /// The framework's.
    pub fn create_symbolic_link_to(&self, name: &str, reference: &str) -> Result<()> {
        self.0.create_symbolic_link_to(name, reference)
    }

    /// The driver that the device is for. Page: nf-wudfddi-iwdfdevice-getdriver.
    ///
    /// # Errors
    /// `E_POINTER` if there is none, which does not happen.
    pub fn driver(&self) -> Result<DriverObject> {
        self.0.driver().map(DriverObject)
    }

    /// Makes a request of the driver's own. Page: nf-wudfddi-iwdfdevice-createrequest.
    ///
    /// # Errors
    /// The framework's.
    pub fn create_request(&self) -> Result<CreatedRequest> {
        self.0.create_request().map(CreatedRequest::new)
    }

    /// Makes a file of the driver's own, to send requests with; its name, if it has one, is without a path. Page:
    /// nf-wudfddi-iwdfdevice-createwdffile.
    ///
    /// # Errors
    /// The framework's.
    pub fn create_file(&self, name: Option<&str>) -> Result<CreatedFile> {
        let file = self.0.create_file(name)?;
        Ok(CreatedFile::new(File(file.query()?), file))
    }

    /// The queue that was made with [`QueueConfig::default_queue`], if there is one. Page: nf-wudfddi-iwdfdevice-getdefaultioqueue.
    #[must_use]
    pub fn default_queue(&self) -> Option<IoQueue> {
        self.0.default_queue().map(IoQueue)
    }

    /// Makes a queue that hands its requests to `callback`, which is [`Sync`]: what else the device's locking constraint allows, a
    /// [`DeviceHandle`](crate::DeviceHandle) knows. Page: nf-wudfddi-iwdfdevice-createioqueue.
    ///
    /// # Errors
    /// The framework's.
    pub fn create_queue<Q>(
        &self,
        config: QueueConfig,
        dispatch: Dispatch,
        callback: Q,
    ) -> Result<IoQueue>
    where
        Q: QueueCallback + Fits<Unsynchronized>,
    {
        config.create(&self.0, dispatch, callback)
    }

    /// Makes a queue from which the driver takes requests when it likes, likewise. Page: nf-wudfddi-iwdfdevice-createioqueue.
    ///
    /// # Errors
    /// The framework's.
    pub fn create_manual_queue<Q>(&self, config: QueueConfig, callback: Q) -> Result<ManualQueue>
    where
        Q: ManualQueueCallback + Fits<Unsynchronized>,
    {
        config.create_manual(&self.0, callback).map(ManualQueue)
    }

    /// Gives all requests of a kind (open, read, write, device I/O control) to a queue, instead of the default one. Page:
    /// nf-wudfddi-iwdfdevice-configurerequestdispatching.
    ///
    /// # Errors
    /// The framework's.
    pub fn dispatch(&self, kind: RequestKind, queue: &IoQueue) -> Result<()> {
        self.0.forward_kind(&queue.0, kind as i32, true)
    }

    /// Gives them to the default queue again. Page: nf-wudfddi-iwdfdevice-configurerequestdispatching.
    ///
    /// # Errors
    /// The framework's.
    pub fn stop_dispatch(&self, kind: RequestKind, queue: &IoQueue) -> Result<()> {
        self.0.forward_kind(&queue.0, kind as i32, false)
    }

    /// Tells programs and drivers that have registered for the device's events. That it arrives is not promised. Page:
    /// nf-wudfddi-iwdfdevice-postevent.
    ///
    /// # Errors
    /// `ERROR_NOT_ENOUGH_MEMORY` for data of about 64 KiB or more; the framework's others.
    pub fn post_event(&self, event: &GUID, data: &[u8]) -> Result<()> {
        self.0.post_event(event, data)
    }

    /// Sets a state that takes effect with [`commit_pnp_state`](Device::commit_pnp_state). Page:
    /// nf-wudfddi-iwdfdevice-setpnpstate.
    pub fn set_pnp_state(&self, state: PnpState, value: TriState) {
        self.0.set_pnp_state(state as i32, value.raw());
    }

    /// What it was set to. Page: nf-wudfddi-iwdfdevice-getpnpstate.
    #[must_use]
    pub fn pnp_state(&self, state: PnpState) -> TriState {
        TriState::from_raw(self.0.pnp_state(state as i32))
    }

    /// Lets the states that were set take effect. Page: nf-wudfddi-iwdfdevice-commitpnpstate.
    pub fn commit_pnp_state(&self) {
        self.0.commit_pnp_state();
    }

    /// How the framework hands out the buffers of reads and writes, and those of device I/O controls, as far as it has decided:
    /// finally when all drivers of the device are there. From UMDF 1.9. Page:
    /// nf-wudfddi-iwdfdevice2-getdevicestackiotypepreference.
    ///
    /// # Errors
    /// The framework is older.
    pub fn io_type_preference(&self) -> Result<(Option<BufferAccess>, Option<BufferAccess>)> {
        let (read_write, control) = self.0.io_type_preference()?;
        Ok((
            BufferAccess::from_raw(read_write),
            BufferAccess::from_raw(control),
        ))
    }
}
