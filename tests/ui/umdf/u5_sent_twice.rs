//! U5: a request that was sent is the framework's until it is back.

use umdf_callback::request::{IoTarget, Read, Request, SendOptions};

pub fn read(request: Request<Read>, target: &IoTarget) {
    let formatted = target.format(request);
    let sent = formatted.send(SendOptions::new(), |read| read.pass_on());
    println!("{sent:?}");
    let again = formatted.send(SendOptions::new(), |read| read.pass_on()); //~ ERROR: use of moved value: `formatted`
    println!("{again:?}");
}
