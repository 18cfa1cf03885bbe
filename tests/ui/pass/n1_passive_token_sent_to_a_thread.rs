//! N1: a level is a thread's own.

use wdm_safe::Passive;

pub fn start(at: Passive<'_>) {
    std::thread::scope(|scope| {
        scope.spawn(move || ());
        let _ = at;
    });
}
