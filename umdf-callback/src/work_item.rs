//! Work items: what one of the system's threads does later. From UMDF 1.11. Header: wudfworkitem.h, pages: wdf/using-workitems,
//! nc-wudfworkitem-wudf_workitem_function.
//!
//! ```
//! use std::sync::Mutex;
//!
//! use umdf_callback::{Device, Result};
//!
//! struct Log {
//!     lines: Mutex<Vec<String>>,
//! }
//!
//! fn write_later(device: &Device) -> Result<()> {
//!     let log = Log { lines: Mutex::default() };
//!     let item = device.create_work_item(log, |log: &Log, _again| {
//!         for line in log.lines.lock().unwrap().drain(..) {
//!             println!("{line}");
//!         }
//!     })?;
//!     item.work().lines.lock().unwrap().push("device added".into());
//!     item.enqueue();
//!     Ok(())
//! }
//! ```

use core::fmt;
use std::sync::Arc;

use crate::border::framework::Framework;
use crate::border::work_item;
use crate::raw::IWDFWorkItem;
use crate::{Device, Result};

/// A work item, which belongs to its device: when that is deleted, so is the item, and with it what it was made of.
pub struct WorkItem<W> {
    item: Framework<IWDFWorkItem>,
    work: Arc<W>,
}

impl<W> WorkItem<W> {
    /// Lets one of the system's threads call the function, unless the item waits for one already: what there is to do at that time,
    /// the function does. Page: nf-wudfddi-iwdfworkitem-enqueue.
    pub fn enqueue(&self) {
        self.item.enqueue();
    }

    /// Waits until the function has been called and has returned: not for the function itself, whose [`Working`] cannot. Page:
    /// nf-wudfddi-iwdfworkitem-flush.
    pub fn flush(&self) {
        self.item.flush();
    }

    /// What the function works on.
    #[must_use]
    pub fn work(&self) -> &W {
        &self.work
    }
}

impl<W> Clone for WorkItem<W> {
    fn clone(&self) -> Self {
        WorkItem {
            item: self.item.clone(),
            work: self.work.clone(),
        }
    }
}

impl<W> fmt::Debug for WorkItem<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("WorkItem").field(&self.item).finish()
    }
}

/// A work item, while its function runs: it can be enqueued again, and is not flushed or deleted.
#[derive(Debug)]
pub struct Working<'call>(&'call Framework<IWDFWorkItem>);

impl<'call> Working<'call> {
    pub(crate) fn new(item: &'call Framework<IWDFWorkItem>) -> Self {
        Working(item)
    }

    /// Calls the function once more. Page: nf-wudfddi-iwdfworkitem-enqueue.
    pub fn enqueue(&self) {
        self.0.enqueue();
    }
}

impl Device {
    /// Makes a work item of what there is to work on, and a function that does it. The framework does not serialise the function
    /// with other callbacks. Page: nf-wudfddi-iwdfdevice3-createworkitem.
    ///
    /// # Errors
    /// The framework is older; its others.
    pub fn create_work_item<W, F>(&self, work: W, function: F) -> Result<WorkItem<W>>
    where
        W: Send + Sync + 'static,
        F: Fn(&W, Working<'_>) + Send + Sync + 'static,
    {
        let work = Arc::new(work);
        let item = work_item::create(&self.0, work.clone(), function)?;
        Ok(WorkItem { item, work })
    }
}
