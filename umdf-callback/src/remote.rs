//! What newer device callbacks are told about: other devices' interfaces, and hardware resources.

use crate::border::framework::Framework;
use crate::raw::{IWDFCmResourceList, IWDFRemoteInterfaceInitialize};
use crate::{GUID, Result};

/// A device interface that has arrived. Page: nn-wudfddi-iwdfremoteinterfaceinitialize.
#[derive(Debug)]
pub struct RemoteInterfaceInit(pub(crate) Framework<IWDFRemoteInterfaceInitialize>);

impl RemoteInterfaceInit {
    /// Its class. Page: nf-wudfddi-iwdfremoteinterfaceinitialize-getinterfaceguid.
    #[must_use]
    pub fn class(&self) -> GUID {
        self.0.class()
    }

    /// Its symbolic link. Page: nf-wudfddi-iwdfremoteinterfaceinitialize-retrievesymboliclink.
    ///
    /// # Errors
    /// The framework's.
    pub fn symbolic_link(&self) -> Result<String> {
        self.0.symbolic_link()
    }
}

/// Hardware resources. Page: nn-wudfddi-iwdfcmresourcelist.
#[derive(Debug)]
pub struct ResourceList(pub(crate) Framework<IWDFCmResourceList>);

impl ResourceList {
    /// How many there are. Page: nf-wudfddi-iwdfcmresourcelist-getcount.
    #[must_use]
    pub fn len(&self) -> u32 {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The interface, for the descriptors themselves.
    #[must_use]
    pub fn as_raw(&self) -> &IWDFCmResourceList {
        &self.0
    }
}
