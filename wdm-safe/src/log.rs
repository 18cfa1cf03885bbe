//! Messages to the kernel debugger (`vDbgPrintExWithPrefix`), with the macros
//! [`error!`](crate::error), [`warn!`](crate::warn), [`info!`](crate::info) and
//! [`debug!`](crate::debug).
//!
//! A message starts with the name of the crate that says it and ends in a newline. It is formatted
//! on the stack and sent in pieces of up to 255 bytes; nothing is allocated. IRQL: any that the
//! formatted values allow. Which levels are shown is the kernel debugger's filter for
//! `IHVDRIVER`.
//!
//! <https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/nf-wdm-vdbgprintexwithprefix>
//!
//! ```
//! # let machine = wdm_sim::Machine::builder().build()?;
//! # let process = machine.system_process(); let _thread = process.enter();
//! let opened = 3;
//! wdm_safe::info!("{opened} keys opened");
//! # assert_eq!(machine.report().debug_print, ["wdm-safe: 3 keys opened"]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use core::ffi::c_char;
use core::fmt::{self, Write};

use wdm_sys as sys;

/// How much a message matters (`DPFLTR_ERROR_LEVEL` and its kin).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Something failed.
    Error,
    /// Something is not as it should be.
    Warn,
    /// What the driver does.
    Info,
    /// What its author wants to see.
    Debug,
}

impl Level {
    /// The level in the debugger's terms (`DPFLTR_*_LEVEL`).
    fn filter(self) -> u32 {
        match self {
            Level::Error => sys::DPFLTR_ERROR_LEVEL,
            Level::Warn => sys::DPFLTR_WARNING_LEVEL,
            Level::Info => sys::DPFLTR_INFO_LEVEL,
            Level::Debug => sys::DPFLTR_TRACE_LEVEL,
        }
    }
}

/// `DPFLTR_IHVDRIVER_ID`: a driver that is not part of Windows.
const COMPONENT: u32 = 77;

/// The longest piece that is sent at once, without its NUL. The debugger takes up to 511.
const PIECE: usize = 255;

/// Sends a message: `source`, a colon, the message, a newline. The macros call this. IRQL: any that
/// the formatted values allow.
pub fn print(level: Level, source: &str, message: fmt::Arguments<'_>) {
    let mut sink = Sink {
        level,
        used: 0,
        piece: [0; PIECE + 1],
    };
    // Only a value's own Display can fail here; what was formatted before is shown all the same.
    let _ = sink.write_str(source).and_then(|()| sink.write_str(": "));
    let _ = sink.write_fmt(message).and_then(|()| sink.write_str("\n"));
    sink.send();
}

/// # Invariants
/// `used <= PIECE`, and `piece[used..]` starts with a zero when it is sent.
struct Sink {
    level: Level,
    used: usize,
    piece: [u8; PIECE + 1],
}

impl Sink {
    fn send(&mut self) {
        if self.used == 0 {
            return;
        }
        if let Some(end) = self.piece.get_mut(self.used) {
            *end = 0;
        }
        let (text, format) = (self.piece.as_ptr().cast::<c_char>(), c"".as_ptr());
        // SAFETY: both strings end in a NUL; a format without directives reads no arguments, so
        // the list of them may be null.
        unsafe {
            sys::vDbgPrintExWithPrefix(
                text.cast(),
                COMPONENT,
                self.level.filter(),
                format.cast(),
                core::ptr::null_mut(),
            )
        };
        self.used = 0;
    }
}

impl Write for Sink {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if self.used == PIECE {
                self.send();
            }
            // A NUL would end the message.
            if let Some(place) = self.piece.get_mut(self.used).filter(|_| byte != 0) {
                *place = byte;
                self.used += 1;
            }
        }
        Ok(())
    }
}

/// Says that something failed; see [`log`](crate::log).
#[macro_export]
macro_rules! error {
    ($($message:tt)+) => { $crate::__log!(Error, $($message)+) };
}

/// Says that something is not as it should be; see [`log`](crate::log).
#[macro_export]
macro_rules! warn {
    ($($message:tt)+) => { $crate::__log!(Warn, $($message)+) };
}

/// Says what the driver does; see [`log`](crate::log).
#[macro_export]
macro_rules! info {
    ($($message:tt)+) => { $crate::__log!(Info, $($message)+) };
}

/// Says what its author wants to see; see [`log`](crate::log).
#[macro_export]
macro_rules! debug {
    ($($message:tt)+) => { $crate::__log!(Debug, $($message)+) };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __log {
    ($level:ident, $($message:tt)+) => {
        $crate::log::print(
            $crate::log::Level::$level,
            ::core::env!("CARGO_PKG_NAME"),
            ::core::format_args!($($message)+),
        )
    };
}
