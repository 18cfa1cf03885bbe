//! A session with the driver in the simulated framework, and its trace: `cargo xtask run umdf-echo`.
//!
//! With `--json` the report is printed as JSON, with `--trace FILE` it is also written for <https://ui.perfetto.dev>. Exit code: 0
//! if all is well, 1 if the framework has found a rule broken or something fails, 2 for a wrong command line.

use std::fs::File;
use std::io::{self, BufWriter, Write};
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

/// What the command line asks for.
#[derive(Default)]
struct Options {
    json: bool,
    chrome: Option<String>,
}

impl Options {
    fn parse() -> Result<Self, String> {
        let mut options = Options::default();
        let mut arguments = std::env::args().skip(1);
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--json" => options.json = true,
                "--trace" => {
                    let file = arguments
                        .next()
                        .ok_or("`--trace` needs the name of a file")?;
                    options.chrome = Some(file);
                }
                other => {
                    return Err(format!(
                        "there is no option `{other}`; there are `--json` and `--trace FILE`"
                    ));
                }
            }
        }
        Ok(options)
    }
}

/// Prints a report, and writes its trace where it is wanted.
fn print(report: &Report, options: &Options) -> io::Result<()> {
    if let Some(file) = &options.chrome {
        let file = File::create(file)?;
        report.trace.write_chrome(BufWriter::new(file))?;
    }
    let mut out = io::stdout().lock();
    if options.json {
        serde_json::to_writer_pretty(&mut out, report)?;
        return writeln!(out);
    }
    write!(out, "{}", report.trace)?;
    let (events, findings) = (report.trace.events.len(), report.findings.len());
    writeln!(out, "{events} events, {findings} findings")
}

fn main() -> ExitCode {
    let options = match Options::parse() {
        Ok(options) => options,
        Err(error) => {
            eprintln!("error: {error}");
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
    if let Err(error) = print(&report, &options) {
        eprintln!("error: the report cannot be written: {error}");
        return ExitCode::FAILURE;
    }
    if report.findings.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
