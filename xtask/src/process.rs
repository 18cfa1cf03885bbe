//! Running other programs: with a clean environment, and with errors that name the program.

use std::env;
use std::ffi::OsStr;
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

/// Prints one line about what this tool does or installs, to standard error.
pub(crate) fn say(line: impl AsRef<str>) {
    eprintln!("xtask: {}", line.as_ref());
}

/// The cargo that runs this tool, without the variables that it set for this tool only.
///
/// What the user chose for builds (`RUSTFLAGS`, `CARGO_TARGET_DIR`, `RUSTUP_TOOLCHAIN`) stays.
pub(crate) fn cargo() -> Command {
    without_variables(cargo_program(), is_set_for_this_tool)
}

/// The program behind [`cargo`].
pub(crate) fn cargo_program() -> std::ffi::OsString {
    env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

/// A command that does not inherit the variables that `unwanted` picks.
pub(crate) fn without_variables(
    program: impl AsRef<OsStr>,
    unwanted: impl Fn(&str) -> bool,
) -> Command {
    let mut command = Command::new(program);
    for (name, _) in env::vars_os() {
        if name.to_str().is_some_and(&unwanted) {
            command.env_remove(name);
        }
    }
    command
}

/// Whether `cargo run` sets this variable for the program that it starts.
pub(crate) fn is_set_for_this_tool(name: &str) -> bool {
    name.starts_with("CARGO_PKG_")
        || name.starts_with("CARGO_MANIFEST_")
        || name.starts_with("CARGO_BIN_")
        || matches!(
            name,
            "CARGO" | "CARGO_CRATE_NAME" | "CARGO_PRIMARY_PACKAGE" | "OUT_DIR"
        )
}

/// Runs a program in the foreground; an unsuccessful end is an error that shows the command.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .status()
        .with_context(|| format!("cannot start `{}`", display(command)))?;
    if !status.success() {
        bail!("`{}` failed ({status})", display(command));
    }
    Ok(())
}

/// What a program writes to standard output, trimmed; its error output comes back in the error.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let output = output(command)?;
    if !output.status.success() {
        bail!(
            "`{}` failed: {}",
            display(command),
            last_line(&output.stderr)
        );
    }
    let text = String::from_utf8(output.stdout)
        .with_context(|| format!("`{}` wrote something that is not UTF-8", display(command)))?;
    Ok(text.trim().to_owned())
}

/// Runs a program with no input and keeps all that it writes.
pub(crate) fn output(command: &mut Command) -> Result<Output> {
    command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot start `{}`", display(command)))
}

/// Whether a program exists and says yes.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    output(command).is_ok_and(|output| output.status.success())
}

/// The last line of a program's error output that says something: where its reason stands.
pub(crate) fn last_line(stderr: &[u8]) -> String {
    String::from_utf8_lossy(stderr)
        .lines()
        .rev()
        .map(str::trim)
        .find(|line| !line.is_empty())
        .unwrap_or("no reason given")
        .to_owned()
}

/// The innermost cause in a message that chains causes with colons.
pub(crate) fn innermost(message: &str) -> &str {
    message.rsplit(": ").next().unwrap_or(message)
}

/// The program's name and arguments as a person would type them.
pub(crate) fn display(command: &Command) -> String {
    let program = std::path::Path::new(command.get_program());
    let name = program.file_stem().unwrap_or(command.get_program());
    let mut line = name.to_string_lossy().into_owned();
    for argument in command.get_args() {
        line.push(' ');
        line.push_str(&argument.to_string_lossy());
    }
    line
}

/// Joins the lines of a message, so that an error is one line.
pub(crate) fn one_line(message: &str) -> String {
    let lines: Vec<&str> = message
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty())
        .collect();
    lines.join("; ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_run_variables_are_known_and_user_variables_are_not() {
        for name in ["CARGO", "CARGO_PKG_NAME", "CARGO_MANIFEST_DIR"] {
            assert!(is_set_for_this_tool(name), "{name}");
        }
        for name in ["CARGO_HOME", "CARGO_TARGET_DIR", "RUSTFLAGS", "PATH"] {
            assert!(!is_set_for_this_tool(name), "{name}");
        }
    }

    #[test]
    fn the_reason_is_the_last_line_with_text() {
        assert_eq!(
            last_line(b"info: a\nerror: no network\n\n"),
            "error: no network"
        );
        assert_eq!(last_line(b"\n"), "no reason given");
    }

    #[test]
    fn the_innermost_cause_is_after_the_last_colon() {
        let message = "error: cannot download 'https://a.b/c': connect: Connection refused";
        assert_eq!(innermost(message), "Connection refused");
        assert_eq!(innermost("error: no such target"), "no such target");
        assert_eq!(innermost("plain"), "plain");
    }

    #[test]
    fn a_command_is_shown_without_its_folder() {
        let mut command = Command::new("/opt/rust/bin/cargo");
        command.args(["fmt", "--check"]);
        assert_eq!(display(&command), "cargo fmt --check");
    }

    #[test]
    fn an_error_becomes_one_line() {
        assert_eq!(
            one_line("no such file:\n\n  x.sys\n"),
            "no such file:; x.sys"
        );
    }

    #[test]
    fn a_failing_program_is_an_error_that_names_it() {
        let error = run(Command::new("rustc")
            .arg("--no-such-flag")
            .stderr(Stdio::null()))
        .expect_err("rustc refuses unknown flags");
        assert!(
            error.to_string().contains("rustc --no-such-flag"),
            "{error}"
        );
    }
}
