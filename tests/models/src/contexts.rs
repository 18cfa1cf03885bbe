//! Model: `set_context` on one key object, against itself, readers and the close (C3, C4).

use std::sync::Arc;

use loom::thread;

use crate::driver::Loaded;
use crate::kernel::Kernel;
use crate::kernel::Operation::{self, QueryValue, SetValue};
use crate::model::check;

/// Runs operations side by side, each on a thread of its own.
fn side_by_side(kernel: &Arc<Kernel>, operations: &[Operation]) -> Vec<thread::JoinHandle<()>> {
    let start = |operation: &Operation| {
        let (kernel, operation) = (Arc::clone(kernel), *operation);
        thread::spawn(move || kernel.operate(operation))
    };
    operations.iter().map(start).collect()
}

#[test]
fn contexts_are_replaced_while_others_read_them() {
    let checked = check("contexts replaced", Some(4), |kernel| {
        let driver = Loaded::load();
        kernel.operate(SetValue);
        let threads = side_by_side(kernel, &[SetValue, QueryValue]);
        kernel.operate(SetValue);
        for thread in threads {
            thread.join().expect("it ends");
        }
        kernel.close();
        driver.unload();
    });
    checked.assert_seen(&[
        "context set by another thread meanwhile",
        "context read",
        "cleanup of an older context",
    ]);
}

#[test]
fn a_context_lives_until_the_last_operation_on_its_key_has_ended() {
    let checked = check("contexts and close", None, |kernel| {
        let driver = Loaded::load();
        kernel.operate(SetValue);
        let threads = side_by_side(kernel, &[SetValue, QueryValue]);
        kernel.close();
        for thread in threads {
            thread.join().expect("it ends");
        }
        driver.unload();
    });
    checked.assert_seen(&["context replaced", "context read", "cleanup"]);
}
