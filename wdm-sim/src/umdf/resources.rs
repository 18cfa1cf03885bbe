//! Hardware resources. Header: wudfddi.h, page: nn-wudfddi-iwdfcmresourcelist.

use umdf_callback::raw::*;
use windows_core::{ComObject, implement};

use super::core::Core;
use super::object::{Base, object};
use super::world::lock;

/// A list of what the system has assigned to a device.
#[implement(IWDFCmResourceList)]
pub(crate) struct ResourceList {
    pub(crate) base: Base,
    resources: Vec<CM_PARTIAL_RESOURCE_DESCRIPTOR>,
}

impl ResourceList {
    pub(crate) fn interface(core: &Core) -> IWDFCmResourceList {
        let list = ComObject::new(ResourceList {
            base: Base::new(&core.world, "resource list"),
            resources: lock(&core.belongings.hardware).resources.clone(),
        });
        list.own()
    }
}

object!(ResourceList_Impl: IWDFCmResourceList);

impl IWDFCmResourceList_Impl for ResourceList_Impl {
    unsafe fn GetCount(&self) -> u32 {
        let count = u32::try_from(self.resources.len()).unwrap_or(u32::MAX);
        self.base.tell("IWDFCmResourceList::GetCount", || count)
    }

    unsafe fn GetDescriptor(&self, index: u32) -> *mut CM_PARTIAL_RESOURCE_DESCRIPTOR {
        self.base.tell("IWDFCmResourceList::GetDescriptor", || ());
        let descriptor = self.resources.get(index as usize);
        descriptor.map_or(std::ptr::null_mut(), |descriptor| {
            core::ptr::from_ref(descriptor).cast_mut()
        })
    }
}
