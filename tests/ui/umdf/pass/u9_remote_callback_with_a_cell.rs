//! U9: what happens to a remote target comes on any thread.

use umdf_callback::remote::RemoteTargetCallback;

pub struct Toaster {
    pub is_hot: std::sync::atomic::AtomicBool,
}

impl RemoteTargetCallback for Toaster {}
