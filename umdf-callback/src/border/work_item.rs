//! Work items: the function that the framework calls, and the context that it finds its work by.

use std::sync::Arc;

use super::framework::Framework;
use super::{context, parameter};
use crate::Result;
use crate::raw::*;
use crate::work_item::Working;

/// The context of a work item.
struct Context<W, F> {
    work: Arc<W>,
    function: F,
}

/// `OnWorkItem`.
///
/// # Safety
/// As the framework calls it: the pointer is null or valid (F1).
unsafe extern "system" fn on_work_item<W, F>(pointer: Raw<IWDFWorkItem>)
where
    W: Send + Sync + 'static,
    F: Fn(&W, Working<'_>) + Send + Sync + 'static,
{
    let Ok(item) = parameter(pointer) else {
        return;
    };
    let item = Framework::to(&*item);
    // Without its context the item is being deleted.
    if let Ok(context) = context::retrieve::<Context<W, F>>(&item) {
        (context.function)(&context.work, Working::new(&item));
    }
}

/// Makes a work item with its context. Nobody has it before, so its function is not called without.
pub(crate) fn create<W, F>(
    device: &Framework<IWDFDevice>,
    work: Arc<W>,
    function: F,
) -> Result<Framework<IWDFWorkItem>>
where
    W: Send + Sync + 'static,
    F: Fn(&W, Working<'_>) + Send + Sync + 'static,
{
    let config = WUDF_WORKITEM_CONFIG {
        Size: size_of::<WUDF_WORKITEM_CONFIG>() as u32,
        OnWorkItemFunc: Some(on_work_item::<W, F>),
        AutomaticSerialization: 0,
    };
    let item = device.create_work_item(config)?;
    let context = Context { work, function };
    if let Err(error) = context::assign(&item, context) {
        item.delete();
        return Err(error);
    }
    Ok(item)
}
