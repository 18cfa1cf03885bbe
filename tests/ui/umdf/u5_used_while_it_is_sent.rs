//! U5: nothing is asked of a request that was sent, but that it be cancelled.

use umdf_callback::request::{IoTarget, Read, Request, SendOptions};

pub fn read(request: Request<Read>, target: &IoTarget) {
    let sent = target
        .format(request)
        .send(SendOptions::new(), |read| read.pass_on());
    if let Ok(sent) = sent {
        println!("{:?}", sent.kind()); //~ ERROR: no method named `kind` found
    }
}
