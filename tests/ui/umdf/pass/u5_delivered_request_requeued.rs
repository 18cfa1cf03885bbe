//! U5: only a manual queue takes a request back.

use umdf_callback::request::{Read, Request, Retrieved};

pub fn read(request: Request<Read, Retrieved>) {
    drop(request.requeue());
}
