//! Installing Debian packages, never without saying what and why.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::process::{self, say};

/// Whether the user allowed, with `--yes`, that packages are installed through sudo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consent {
    /// `--yes` was given.
    Given,
    /// Nothing was said: only root, who needs no sudo, installs.
    NotGiven,
}

impl Consent {
    /// From the presence of `--yes`.
    pub(crate) fn from_flag(yes: bool) -> Self {
        if yes { Self::Given } else { Self::NotGiven }
    }
}

/// Installs packages with apt-get as root, or through sudo with consent.
///
/// # Errors
///
/// One line that says why not: another system, no permission, or apt-get's own reason.
pub(crate) fn install(packages: &[&str], why: &str, consent: Consent) -> Result<()> {
    if !Path::new("/etc/debian_version").exists() || !Path::new("/usr/bin/apt-get").exists() {
        bail!("this system has no apt-get");
    }
    let list = packages.join(" ");
    let Some(prefix) = privilege(is_root(), consent) else {
        bail!("only root can install {list}; with `--yes`, sudo is used");
    };
    say(format!("`apt-get install {list}`: {why}"));
    process::read(&mut apt_get(prefix, &["update"]))?;
    let arguments = [&INSTALL, packages].concat();
    process::read(&mut apt_get(prefix, &arguments))?;
    Ok(())
}

/// `--no-remove`: a package of the user's that stands in the way stays, and the install fails.
const INSTALL: [&str; 4] = ["install", "--yes", "--no-install-recommends", "--no-remove"];

/// The words before `apt-get` that give it the right to install, if anything does.
fn privilege(root: bool, consent: Consent) -> Option<&'static [&'static str]> {
    match (root, consent) {
        (true, _) => Some(&[]),
        (false, Consent::Given) => Some(&["sudo"]),
        (false, Consent::NotGiven) => None,
    }
}

fn is_root() -> bool {
    process::read(Command::new("id").arg("--user")).is_ok_and(|id| id == "0")
}

fn apt_get(prefix: &[&str], arguments: &[&str]) -> Command {
    // Through env, because sudo drops the variables of its caller.
    let words = [
        prefix,
        &["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-qq"],
        arguments,
    ];
    let words = words.concat();
    let mut command = Command::new(words[0]);
    command.args(&words[1..]);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sudo_is_used_with_consent_only() {
        assert_eq!(privilege(true, Consent::NotGiven), Some(&[][..]));
        assert_eq!(privilege(false, Consent::Given), Some(&["sudo"][..]));
        assert_eq!(privilege(false, Consent::NotGiven), None);
    }

    #[test]
    fn apt_get_asks_no_questions_and_removes_nothing() {
        let command = apt_get(&["sudo"], &[&INSTALL[..], &["lld-19"]].concat());
        assert_eq!(
            process::display(&command),
            "sudo env DEBIAN_FRONTEND=noninteractive apt-get -qq install --yes \
             --no-install-recommends --no-remove lld-19"
        );
    }
}
