//! The browser in which a test looks at the simulator's page.

use std::process::Command;

use anyhow::Result;

use crate::debian::{self, Consent};
use crate::process;

/// What browsers are called that the test can use.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

/// Makes sure that there is one.
///
/// # Errors
///
/// Why it could not be installed.
pub(crate) fn obtain(consent: Consent) -> Result<()> {
    let is_there = |name: &str| process::succeeds(Command::new(name).arg("--version"));
    if NAMES.into_iter().any(is_there) {
        return Ok(());
    }
    let why = "a test looks at the page that `wdm-sim run --report` writes";
    debian::install(&["chromium"], why, consent)
}
