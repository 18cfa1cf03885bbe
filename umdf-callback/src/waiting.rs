//! Where the driver may not wait for its own requests: in a callback that keeps the framework from ending them.
//!
//! Pages: nf-wdfio-wdfioqueuestopsynchronously, which names the callbacks for the same method of the later framework, and
//! ne-wudfddi_types-_wdf_io_target_sent_io_action.

use core::cell::Cell;

use crate::{HRESULT, Result};

/// What waiting there gives: `HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK)`.
const ERROR_POSSIBLE_DEADLOCK: HRESULT = HRESULT::from_win32(1131);

thread_local! {
    /// How many such callbacks the thread is in.
    static DELIVERIES: Cell<usize> = const { Cell::new(0) };
}

/// A callback of a queue or a request, or one that the framework serialises with those, while it runs.
pub(crate) struct Delivery(());

impl Delivery {
    pub(crate) fn begin() -> Self {
        DELIVERIES.set(DELIVERIES.get() + 1);
        Delivery(())
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        DELIVERIES.set(DELIVERIES.get() - 1);
    }
}

/// That the thread may wait for requests.
pub(crate) fn allowed() -> Result<()> {
    if DELIVERIES.get() == 0 {
        Ok(())
    } else {
        Err(ERROR_POSSIBLE_DEADLOCK.into())
    }
}
