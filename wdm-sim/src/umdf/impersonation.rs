//! Acting as the client. Page: wdf/handling-client-impersonation-in-umdf-1-x-drivers.

use std::cell::Cell;

thread_local! {
    /// Whether the thread is in `OnImpersonate`.
    static UNDER_WAY: Cell<bool> = const { Cell::new(false) };
}

/// Does something as the client.
pub(crate) fn during(act: impl FnOnce()) {
    let before = UNDER_WAY.replace(true);
    act();
    UNDER_WAY.set(before);
}

/// Whether the thread acts as the client.
pub(crate) fn is_under_way() -> bool {
    UNDER_WAY.get()
}
