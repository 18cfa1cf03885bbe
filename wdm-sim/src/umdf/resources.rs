//! Hardware resources: a list of none, as a software device has. Header: wudfddi.h, page: nn-wudfddi-iwdfcmresourcelist.

use std::sync::Arc;

use umdf_callback::raw::*;
use windows_core::{ComObject, implement};

use super::object::{Base, object};
use super::world::World;

/// A list without resources.
#[implement(IWDFCmResourceList)]
pub(crate) struct ResourceList {
    pub(crate) base: Base,
}

impl ResourceList {
    pub(crate) fn interface(world: &Arc<World>) -> IWDFCmResourceList {
        let list = ComObject::new(ResourceList {
            base: Base::new(world, "resource list"),
        });
        list.own()
    }
}

object!(ResourceList_Impl: IWDFCmResourceList);

impl IWDFCmResourceList_Impl for ResourceList_Impl {
    unsafe fn GetCount(&self) -> u32 {
        self.base.tell("IWDFCmResourceList::GetCount", || 0_u32)
    }

    unsafe fn GetDescriptor(&self, _index: u32) -> *mut CM_PARTIAL_RESOURCE_DESCRIPTOR {
        self.base.tell("IWDFCmResourceList::GetDescriptor", || ());
        std::ptr::null_mut()
    }
}
