//! A session with the driver in the simulated framework, and its trace: `cargo xtask run umdf-echo`.
//!
//! With `--json` the report is printed as JSON. The exit code is 1 if the framework has found a rule broken.

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
    let json = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--json") => true,
        Some(other) => {
            eprintln!("error: there is no option `{other}`; there is --json");
            return ExitCode::from(2);
        }
    };
    let report = match session() {
        Ok(report) => report,
        Err(error) => {
            eprintln!("error: the session ended early: {error}");
            return ExitCode::FAILURE;
        }
    };
    if json {
        match serde_json::to_string_pretty(&report) {
            Ok(text) => println!("{text}"),
            Err(error) => {
                eprintln!("error: the report cannot be written: {error}");
                return ExitCode::FAILURE;
            }
        }
    } else {
        print!("{}", report.trace);
        println!(
            "{} events, {} findings",
            report.trace.events.len(),
            report.findings.len()
        );
    }
    if report.findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
