//! U5: only a create request is sent as the client.

use umdf_callback::request::{IoTarget, Read, Request};

pub fn read(request: Request<Read>, target: &IoTarget) {
    let formatted = target.format(request).impersonate_client(false); //~ ERROR: no method named `impersonate_client` found
    drop(formatted);
}
