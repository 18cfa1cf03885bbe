//! U5: only a create request is sent as the client.

use umdf_callback::request::{Create, IoTarget, Request};

pub fn read(request: Request<Create>, target: &IoTarget) {
    let formatted = target.format(request).impersonate_client(false);
    drop(formatted);
}
