//! Wine: installing it, and running a program in a prefix of its own.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::debian::{self, Consent};
use crate::process::{self, say};

/// Debian's packages: programs for x86-64 only.
const PACKAGES: [&str; 2] = ["wine64", "wine"];

/// After this long a program that has not ended never will.
const PATIENCE: Duration = Duration::from_secs(120);

/// A Wine prefix: a Windows installation with a registry of its own, which goes when this is dropped.
pub(crate) struct Wine {
    folder: TempDir,
}

/// A prefix that is made when it is first needed, as that takes seconds.
#[derive(Default)]
pub(crate) struct Shared(Option<Wine>);

impl Shared {
    /// The prefix.
    pub(crate) fn get(&mut self) -> Result<&Wine> {
        if self.0.is_none() {
            self.0 = Some(Wine::start()?);
        }
        self.0.as_ref().context("a prefix was made")
    }
}

/// What a program has written, and how it ended.
pub(crate) struct Ended {
    pub(crate) output: String,
    pub(crate) ended: Result<()>,
}

impl Wine {
    /// Whether this machine has Wine, or may be given it; if not, why.
    ///
    /// # Errors
    /// One line that says why not.
    pub(crate) fn install(why: &str, consent: Consent) -> Result<()> {
        if version().is_ok() {
            return Ok(());
        }
        if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
            bail!("there is no `wine`, and no package of it for this system");
        }
        debian::install(&PACKAGES, why, consent)?;
        version().map(drop)
    }

    /// Makes a prefix.
    fn start() -> Result<Self> {
        let folder = tempfile::Builder::new().prefix("wdm-wine-").tempdir();
        let wine = Self {
            folder: folder.context("no folder for Wine can be made")?,
        };
        say("making a Wine prefix");
        // What it writes is about what the prefix lacks: 32-bit programs, a display.
        let mut boot = wine.command("wineboot");
        boot.arg("--init")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        wait(&mut boot)?;
        wait(wine.command("wineserver").arg("--wait"))?;
        Ok(wine)
    }

    /// Runs a program to its end, with a text as its standard input.
    ///
    /// # Errors
    /// It cannot be started, or writes what is not UTF-8. How it ended is in the result.
    pub(crate) fn run(&self, program: &Path, arguments: &[String], input: &str) -> Result<Ended> {
        let [from, to] = ["input", "output"].map(|name| self.folder.path().join(name));
        fs::write(&from, input)?;
        let mut wine = self.command("wine");
        wine.arg(program)
            .args(arguments)
            .stdin(File::open(&from)?)
            .stdout(File::create(&to)?)
            .stderr(Stdio::null());
        let ended = wait(&mut wine);
        let output = fs::read_to_string(&to)?;
        Ok(Ended { output, ended })
    }

    fn prefix(&self) -> PathBuf {
        self.folder.path().join("prefix")
    }

    /// A program of Wine's, which sees nothing else of this process's surroundings.
    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("WINEPREFIX", self.prefix())
            .env("WINEARCH", "win64")
            .env("WINEDEBUG", "-all")
            // No questions about .NET and a browser, no menus.
            .env("WINEDLLOVERRIDES", "mscoree,mshtml,winemenubuilder.exe=")
            .stdin(Stdio::null());
        command
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        // Its server would outlive the folder, if it has not ended already, and so would programs whose
        // server has died.
        let _ = wait(self.command("wineserver").arg("--kill"));
        let prefix = self.prefix();
        for process in processes_with(&format!("WINEPREFIX={}", prefix.display())) {
            let _ = process::read(Command::new("kill").args(["-KILL", &process]));
        }
    }
}

/// The ids of the processes that have this line in their environment.
fn processes_with(variable: &str) -> Vec<String> {
    let all = fs::read_dir("/proc").into_iter().flatten().flatten();
    let has = |folder: &fs::DirEntry| {
        let environment = fs::read(folder.path().join("environ")).unwrap_or_default();
        let mut lines = environment.split(|&byte| byte == 0);
        lines.any(|line| line == variable.as_bytes())
    };
    let ids = all.filter(has).map(|folder| folder.file_name());
    ids.filter_map(|id| id.into_string().ok()).collect()
}

/// A file of this machine as programs under Wine call it.
pub(crate) fn windows_path(file: &Path) -> String {
    format!("Z:{}", file.display()).replace('/', "\\")
}

/// Wine's version, such as `wine-8.0 (Debian 8.0~repack-4)`.
pub(crate) fn version() -> Result<String> {
    process::read(Command::new("wine").arg("--version").stderr(Stdio::null()))
        .context("there is no `wine`")
}

/// Runs a program to its end, which must be a good one; one that does not end is stopped.
fn wait(command: &mut Command) -> Result<()> {
    let name = process::display(command);
    let mut child = command
        .spawn()
        .with_context(|| format!("cannot start `{name}`"))?;
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait()? {
            match status.success() {
                true => return Ok(()),
                false => bail!("`{name}` failed ({status})"),
            }
        }
        if start.elapsed() > PATIENCE {
            child.kill()?;
            child.wait()?;
            bail!("`{name}` had not ended after {} s", PATIENCE.as_secs());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_a_drive() {
        assert_eq!(windows_path(Path::new("/a/b.dll")), r"Z:\a\b.dll");
    }
}
