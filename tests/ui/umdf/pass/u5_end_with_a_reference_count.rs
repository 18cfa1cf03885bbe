//! U5: what is called when a request is back runs on any thread.

use std::sync::Arc;

use umdf_callback::request::{Completed, IoTarget, Read, Request, SendOptions};

pub fn read(request: Request<Read>, target: &IoTarget) {
    let count = Arc::new(1);
    let ended = move |read: Completed<_, _>| {
        println!("{count}");
        Completed::pass_on(read);
    };
    drop(target.format(request).send(SendOptions::new(), ended));
}
