//! U5: the framework makes requests.

use umdf_callback::request::{Read, Request};

pub fn read(request: Request<Read>) {
    let forged = Request::<Read>::new(todo!()); //~ ERROR: associated function `new` is private
    request.complete();
}
