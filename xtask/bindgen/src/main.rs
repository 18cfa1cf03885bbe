//! `cargo xtask bindgen`: generates the raw bindings of `wdm-sys`, one file an architecture.
//!
//! The result is checked in, so that nobody who builds or reads `wdm-sys` needs libclang or a
//! driver kit. The same headers and the same bindgen give the same bytes; `--check` says whether
//! what is checked in is still what they give.

mod allowlist;
mod generate;
mod headers;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Parser;

use generate::Arch;
use headers::Headers;

/// Generates wdm-sys/src/bindings/*.rs.
#[derive(Parser)]
#[command(name = "cargo xtask bindgen")]
struct Args {
    /// Compare with the checked-in bindings instead of writing them; exit status 1 if they differ.
    #[arg(long)]
    check: bool,
    /// Read the headers of a Windows Driver Kit (the folder that holds `km` and `shared`)
    /// instead of mingw-w64's.
    #[arg(long, value_name = "DIR")]
    wdk: Option<PathBuf>,
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<()> {
    let headers = match &args.wdk {
        Some(dir) => Headers::wdk(dir)?,
        None => Headers::mingw()?,
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../wdm-sys/src/bindings");
    let mut drifted = Vec::new();
    for arch in [Arch::X86_64, Arch::Aarch64] {
        let name = format!("{}.rs", arch.name());
        let path = folder.join(&name);
        let new = generate::generate(arch, &headers)?;
        if args.check {
            let old = std::fs::read_to_string(&path)
                .with_context(|| format!("{name}: not readable; run `cargo xtask bindgen`"))?;
            match first_difference(&old, &new) {
                None => eprintln!("{name}: up to date"),
                Some(line) => drifted.push(format!("{name} (line {line})")),
            }
        } else {
            std::fs::create_dir_all(&folder)?;
            std::fs::write(&path, &new).with_context(|| format!("{name}: not writable"))?;
            eprintln!("{name}: {} lines from {headers}", new.lines().count());
        }
    }
    if !drifted.is_empty() {
        bail!(
            "the checked-in bindings differ from what the headers give: {}; run `cargo xtask \
             bindgen` and commit the result",
            drifted.join(", ")
        );
    }
    Ok(())
}

/// The number of the first line in which two texts differ, counted from 1.
fn first_difference(old: &str, new: &str) -> Option<usize> {
    if old == new {
        return None;
    }
    let same = old
        .lines()
        .zip(new.lines())
        .take_while(|(a, b)| a == b)
        .count();
    Some(same + 1)
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn drift_names_the_first_line_that_differs() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        assert_eq!(first_difference("a\nb\n", "a\nc\n"), Some(2));
        assert_eq!(first_difference("a\n", "a\nb\n"), Some(2));
    }
}
