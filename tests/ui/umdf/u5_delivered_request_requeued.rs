//! U5: only a manual queue takes a request back.

use umdf_callback::request::{Delivered, Read, Request};

pub fn read(request: Request<Read, Delivered>) {
    drop(request.requeue()); //~ ERROR: no method named `requeue` found
}
