//! A session with the driver in the simulated framework, and its trace: `cargo xtask run umdf-skeleton`.
//!
//! `--help` tells the options.

use std::process::ExitCode;

use umdf_callback::Error;
use umdf_skeleton::{CLSID, DllGetClassObject, IOCTL_GET_MAX_PACKET};
use wdm_sim::umdf::{Framework, Report};

/// A program uses the device, which is then taken away with a warning.
fn session() -> Result<Report, Error> {
    let framework = Framework::load(DllGetClassObject, &CLSID)?;
    let device = framework.plug_in(r"ROOT\UMDFSKELETON\0000")?;
    let file = device.open("")?;
    file.control(IOCTL_GET_MAX_PACKET, &[], 4);
    file.write(b"Hello");
    file.read(16);
    file.close();
    device.query_remove()?;
    device.remove();
    Ok(framework.unload())
}

fn main() -> ExitCode {
    wdm_tests::session::main(session)
}
