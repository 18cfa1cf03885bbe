//! Model: unregistering against callbacks in flight, and against the close (R4).

use std::sync::Arc;

use loom::thread;

use crate::driver::Loaded;
use crate::kernel::Operation::{QueryValue, SetValue};
use crate::model::check;

#[test]
fn unregistering_waits_for_callbacks_in_flight() {
    let checked = check("unregister", None, |kernel| {
        let driver = Loaded::load();
        kernel.operate(SetValue);
        let operations = [SetValue, QueryValue].map(|operation| {
            let kernel = Arc::clone(kernel);
            thread::spawn(move || kernel.operate(operation))
        });
        driver.unload();
        for operation in operations {
            operation.join().expect("it ends");
        }
        kernel.close();
    });
    checked.assert_seen(&["context replaced", "context read", "cleanup"]);
}

#[test]
fn the_close_and_unregistering_clean_up_once() {
    let checked = check("unregister and close", None, |kernel| {
        let driver = Loaded::load();
        kernel.operate(SetValue);
        let other = Arc::clone(kernel);
        let operation = thread::spawn(move || other.operate(SetValue));
        let other = Arc::clone(kernel);
        let close = thread::spawn(move || other.close());
        driver.unload();
        operation.join().expect("it ends");
        close.join().expect("it ends");
    });
    checked.assert_seen(&["context replaced", "cleanup"]);
}
