//! Requests that the driver has made. Page: nf-wudfddi-iwdfdevice-createrequest.

use super::{Outgoing, ToSend, marker};
use crate::border::framework::Framework;
use crate::raw::IWDFIoRequest;
use crate::{GUID, Result};

/// A request that the driver has made: [`Device::create_request`](crate::Device::create_request). It is sent like a queue's, but not
/// completed: it is deleted when it is dropped.
#[derive(Debug)]
#[must_use = "a request that is dropped is deleted"]
pub struct CreatedRequest {
    /// Until it is sent.
    owned: Option<Framework<IWDFIoRequest>>,
    /// Whether it was sent and has ended since it was formatted.
    is_back: bool,
}

impl CreatedRequest {
    pub(crate) fn new(request: Framework<IWDFIoRequest>) -> Self {
        CreatedRequest {
            owned: Some(request),
            is_back: false,
        }
    }

    /// What events of its processing are traced with: [`Request::activity_id`](super::Request::activity_id) of the request that it is
    /// made for. From UMDF 1.11. Page: nf-wudfddi-iwdfiorequest3-setactivityid.
    ///
    /// # Errors
    /// The framework is older.
    pub fn set_activity_id(&mut self, id: &GUID) -> Result<()> {
        marker::Outgoing::framework(self).set_activity_id(id)
    }
}

impl ToSend for CreatedRequest {
    type Sent = Self;

    fn outgoing(self) -> Self {
        self
    }
}

impl Outgoing for CreatedRequest {}

impl marker::Outgoing for CreatedRequest {
    fn framework(&self) -> &Framework<IWDFIoRequest> {
        self.owned
            .as_ref()
            .expect("a request is there until it is sent")
    }

    fn make_ready(&mut self) -> Result<()> {
        if self.is_back {
            self.framework().reuse()?;
            self.is_back = false;
        }
        Ok(())
    }

    fn leave(mut self) {
        self.owned = None;
    }

    fn back(request: Framework<IWDFIoRequest>) -> Self {
        CreatedRequest {
            owned: Some(request),
            is_back: true,
        }
    }
}

impl Drop for CreatedRequest {
    fn drop(&mut self) {
        if let Some(request) = self.owned.take() {
            request.delete();
        }
    }
}
