//! U5: a request that is marked cancelable is unmarked before it is completed.

use umdf_callback::request::{Cancelable, Read};

pub fn done(request: Cancelable<Read>) {
    if let Ok(request) = request.unmark() {
        request.complete_with_information(1);
    }
}
