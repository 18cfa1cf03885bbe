//! A session with the driver in the simulated framework, and its trace: `cargo xtask run umdf-echo`.
//!
//! `--help` tells the options.

use std::process::ExitCode;

use umdf_callback::{Error, PowerState};
use umdf_echo::{CLSID, DllGetClassObject, IOCTL_ECHO_LENGTH, IOCTL_ECHO_WAIT};
use wdm_sim::umdf::{Framework, Report, Wake};

/// What a device goes through in its life, with a program that uses it.
fn session() -> Result<Report, Error> {
    let framework = Framework::load(DllGetClassObject, &CLSID)?;
    let device = framework.plug_in(r"ROOT\ECHO\0000")?;

    let file = device.open("")?;
    let wait = file.control(IOCTL_ECHO_WAIT, &[], 0);
    file.write(b"Hello, echo").wait();
    wait.wait();
    file.read(5).wait();
    file.control(IOCTL_ECHO_LENGTH, &[], 4).wait();

    // One that waits for the timer, and one behind it.
    let (first, second) = (file.read(11), file.read(11));
    second.cancel();
    first.cancel();
    second.wait();
    first.wait();

    // Over a sleep, a transfer is kept.
    let asleep = file.read(11);
    device.sleep(PowerState::D3, Wake::FromSx)?;
    device.wake()?;
    asleep.wait();

    // The device gets other resources, and at last it is pulled out under a waiting program.
    device.query_stop()?;
    device.stop()?;
    device.start()?;
    let left = file.control(IOCTL_ECHO_WAIT, &[], 0);
    device.surprise_remove();
    left.wait();
    drop(file);
    Ok(framework.unload())
}

fn main() -> ExitCode {
    wdm_tests::session::main(session)
}
