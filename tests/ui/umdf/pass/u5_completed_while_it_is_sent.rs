//! U5: a request that was sent is completed when it is back.

use umdf_callback::request::{IoTarget, Read, Request, SendOptions};

pub fn read(request: Request<Read>, target: &IoTarget) {
    let sent = target
        .format(request)
        .send(SendOptions::new(), |read| read.into_parts().0.complete());
    println!("{sent:?}");
}
