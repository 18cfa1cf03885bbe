//! The driver that the README shows: it is the one in `driver.rs`, and it works.

#[rustfmt::skip]
mod driver;

use wdm_sim::{KeyAccess, Machine, Status};

#[test]
fn the_readme_shows_this_driver() {
    let readme = include_str!("../../../README.md");
    assert!(
        readme.contains(include_str!("driver.rs")),
        "README.md shows another driver"
    );
}

#[test]
fn it_blocks_what_it_says() {
    let machine = Machine::builder()
        .build()
        .expect("the demonstration hive mounts");
    // SAFETY: a driver in safe Rust.
    let driver = unsafe { machine.load_linked("sample", driver::driver_entry) };
    let driver = driver.expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let make = |name| {
        let path = format!(r"\Registry\Machine\SYSTEM\{name}");
        thread
            .create_key(&path, KeyAccess::ALL)
            .expect("keys may be made")
    };
    let (free, blocked) = (make("Free"), make("ReadOnly"));
    assert_eq!(free.set_dword("a", 1), Ok(()));
    assert_eq!(blocked.set_dword("a", 1), Err(Status::ACCESS_DENIED));
    drop((free, blocked));
    machine.unload(driver).expect("it has an unload routine");
    assert!(machine.report().findings.is_empty());
}
