//! The Windows program: a line of standard input is a call, a line of standard output its answer.

#![no_std]
#![no_main]

extern crate alloc;

mod windows;

use alloc::string::String;

use registry_probe::{Call, Prober};

/// Where Windows enters the program.
#[unsafe(no_mangle)]
extern "system" fn start() -> u32 {
    let input = windows::read_all();
    let code = match core::str::from_utf8(&input) {
        Ok(text) => run(text),
        Err(_) => 2,
    };
    windows::exit(code)
}

fn run(text: &str) -> u32 {
    let mut prober = Prober::default();
    for line in text.lines() {
        let Some(call) = Call::from_line(line) else {
            return 2;
        };
        let mut answer: String = prober.perform(&call).to_line();
        answer.push('\n');
        // One by one: what has been answered is known when a call ends the program.
        if !windows::write(answer.as_bytes()) {
            return 3;
        }
    }
    0
}
