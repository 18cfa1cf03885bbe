//! Model: the cookie's publication against the first callback (R3).

use std::sync::Arc;

use loom::thread;

use crate::driver::Loaded;
use crate::kernel::Operation::SetValue;
use crate::model::check;

#[test]
fn the_first_callback_finds_the_cookie_or_is_told_that_it_is_not_there_yet() {
    let checked = check("cookie", Some(4), |kernel| {
        let operations = [(); 2].map(|()| {
            let kernel = Arc::clone(kernel);
            thread::spawn(move || kernel.operate(SetValue))
        });
        let driver = Loaded::load();
        kernel.operate(SetValue);
        for operation in operations {
            operation.join().expect("it ends");
        }
        kernel.close();
        driver.unload();
    });
    checked.assert_seen(&[
        "cookie not published",
        "first context",
        "context replaced",
        "cleanup of an older context",
    ]);
}
