//! What a user-mode program does while the driver is loaded.

use serde::Serialize;
use wdm_sim::{KeyAccess, Process, Status, ThreadGuard, UserKey};

/// Where the walk begins: all that programs see of the registry.
const ROOTS: [&str; 2] = [r"\REGISTRY\MACHINE", r"\REGISTRY\USER"];
/// A key that the program makes and deletes again.
const SCRATCH: &str = r"\REGISTRY\MACHINE\SYSTEM\wdm-sim";

/// What the program did, and how it went.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Done {
    /// Keys that were opened.
    pub(crate) keys: u64,
    /// Values that were read.
    pub(crate) values: u64,
    /// Keys and values that were written and deleted.
    pub(crate) writes: u64,
    /// Requests that were refused with `STATUS_ACCESS_DENIED`.
    pub(crate) denied: u64,
    /// Requests that failed with another status.
    pub(crate) failed: u64,
}

impl Done {
    /// Counts a request that failed; `None` for it.
    fn check<T>(&mut self, result: Result<T, Status>) -> Option<T> {
        match result {
            Ok(value) => return Some(value),
            Err(Status::ACCESS_DENIED) => self.denied += 1,
            Err(_) => self.failed += 1,
        }
        None
    }
}

/// Opens all keys, queries all values, and makes, changes and deletes a key.
pub(crate) fn run(process: &Process) -> Done {
    let thread = process.enter();
    let mut done = Done::default();
    for root in ROOTS {
        if let Some(key) = done.check(thread.open_key(root, KeyAccess::READ)) {
            walk(&mut done, key);
        }
    }
    write(&mut done, &thread);
    done
}

fn walk(done: &mut Done, root: UserKey<'_>) {
    let mut pending = vec![root];
    while let Some(key) = pending.pop() {
        done.keys += 1;
        read_values(done, &key);
        for index in 0.. {
            match key.enumerate_key(index) {
                Ok(name) => pending.extend(done.check(key.open_key(&name, KeyAccess::READ))),
                Err(Status::NO_MORE_ENTRIES) => break,
                Err(error) => {
                    done.check::<()>(Err(error));
                    break;
                }
            }
        }
    }
}

fn read_values(done: &mut Done, key: &UserKey<'_>) {
    for index in 0.. {
        match key.enumerate_value(index) {
            Ok(value) => {
                if done.check(key.query_value(&value.name)).is_some() {
                    done.values += 1;
                }
            }
            Err(Status::NO_MORE_ENTRIES) => return,
            Err(error) => {
                done.check::<()>(Err(error));
                return;
            }
        }
    }
}

fn write(done: &mut Done, thread: &ThreadGuard) {
    let Some(key) = done.check(thread.create_key(SCRATCH, KeyAccess::ALL)) else {
        return;
    };
    let steps: [&dyn Fn() -> Result<(), Status>; 6] = [
        &|| key.set_dword("Number", 1),
        &|| key.set_string("Text", "simulated"),
        &|| key.rename("wdm-sim renamed"),
        &|| key.delete_value("Number"),
        &|| key.delete_value("Text"),
        &|| key.delete(),
    ];
    done.writes += 1;
    for step in steps {
        if done.check(step()).is_some() {
            done.writes += 1;
        }
    }
}
