//! The linkers: LLVM's for what has no C library, the kernel's drivers among it, and mingw-w64's for drivers in user mode.
//!
//! LLVM's comes with rustup, as `rust-lld`. User mode's drivers link a C library, which comes with mingw-w64's linker.

use std::env;
use std::path::{Path, PathBuf};

use crate::process;
use crate::target::Target;

/// What the linker is told, whatever the kernel's driver.
///
/// `/RELEASE` writes the checksum that the kernel demands of boot drivers; `/NODEFAULTLIB` leaves
/// ntoskrnl.exe, by raw-dylib, as the only import; `/BREPRO` makes equal sources equal files.
pub(crate) const LINK_ARGUMENTS: [&str; 8] = [
    "/ENTRY:DriverEntry",
    "/SUBSYSTEM:NATIVE",
    "/DRIVER",
    "/NODEFAULTLIB",
    "/RELEASE",
    "/DYNAMICBASE",
    "/NXCOMPAT",
    "/BREPRO",
];

/// What the linker is told for a program: its imports, too, are by raw-dylib.
pub(super) const PROGRAM_LINK_ARGUMENTS: [&str; 4] = [
    "/ENTRY:start",
    "/SUBSYSTEM:CONSOLE",
    "/NODEFAULTLIB",
    "/BREPRO",
];

/// What the linker is told, whatever the driver in user mode: no DLL of the compiler's is imported, and the time of day stays
/// out of the file.
const USER_MODE_LINK_ARGUMENTS: [&str; 2] = ["-static-libgcc", "-Wl,--no-insert-timestamp"];

/// mingw-w64's compiler for C, which is its linker too.
const MINGW: &str = "x86_64-w64-mingw32-gcc";

/// The versions of LLVM whose `lld-link` Debian packages under a name with the version.
const LLD_VERSIONS: std::ops::RangeInclusive<u32> = 14..=22;

/// The linker for a target, if there is one.
pub(crate) fn linker(target: Target) -> Option<PathBuf> {
    match target {
        Target::X86_64 | Target::Aarch64 => lld(),
        Target::UserMode => on_path(MINGW),
    }
}

/// What linkers for a target are called, for people.
pub(crate) fn names(target: Target) -> &'static str {
    match target {
        Target::X86_64 | Target::Aarch64 => "neither rust-lld nor lld-link",
        Target::UserMode => "no x86_64-w64-mingw32-gcc",
    }
}

/// Debian's package of a linker, for machines without one.
pub(crate) fn package(target: Target) -> &'static str {
    match target {
        Target::X86_64 | Target::Aarch64 => "lld-19",
        Target::UserMode => "gcc-mingw-w64-x86-64-win32",
    }
}

/// What the linker is told, whatever the driver.
pub(super) fn arguments(target: Target) -> &'static [&'static str] {
    match target {
        Target::X86_64 | Target::Aarch64 => &LINK_ARGUMENTS,
        Target::UserMode => &USER_MODE_LINK_ARGUMENTS,
    }
}

/// The compiler's flags in cargo's encoding, in which paths may contain spaces.
pub(super) fn encoded_flags(target: Target, linker: &Path, link_arguments: &[&str]) -> String {
    let mut flags = vec![format!("-Clinker={}", linker.display())];
    match target {
        Target::X86_64 | Target::Aarch64 => flags.push("-Clinker-flavor=lld-link".to_owned()),
        Target::UserMode => {}
    }
    let arguments = link_arguments.iter();
    flags.extend(arguments.map(|argument| format!("-Clink-arg={argument}")));
    flags.join("\x1f")
}

/// LLVM's linker for Windows files: the active toolchain's own, or an installed `lld-link`.
fn lld() -> Option<PathBuf> {
    own_lld().or_else(|| {
        let versioned = LLD_VERSIONS
            .rev()
            .map(|version| format!("lld-link-{version}"));
        std::iter::once("lld-link".to_owned())
            .chain(versioned)
            .find_map(|name| on_path(&name))
    })
}

/// The `rust-lld` that rustup installs with the compiler.
fn own_lld() -> Option<PathBuf> {
    let sysroot = process::read(super::active_rustc().args(["--print", "sysroot"])).ok()?;
    let version = process::read(super::active_rustc().arg("-vV")).ok()?;
    let host = super::field(&version, "host")?;
    let file = Path::new(&sysroot)
        .join("lib/rustlib")
        .join(host)
        .join("bin")
        .join(format!("rust-lld{}", env::consts::EXE_SUFFIX));
    file.exists().then_some(file)
}

fn on_path(program: &str) -> Option<PathBuf> {
    let file = format!("{program}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&env::var_os("PATH")?)
        .map(|folder| folder.join(&file))
        .find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_linker_path_with_a_space_stays_one_flag() {
        let linker = Path::new("C:/Program Files/rust-lld.exe");
        let flags = encoded_flags(Target::X86_64, linker, &LINK_ARGUMENTS);
        let flags: Vec<_> = flags.split('\x1f').collect();
        assert_eq!(flags[0], "-Clinker=C:/Program Files/rust-lld.exe");
        assert_eq!(flags[1], "-Clinker-flavor=lld-link");
        assert_eq!(flags[2], "-Clink-arg=/ENTRY:DriverEntry");
        assert_eq!(flags.len(), 2 + LINK_ARGUMENTS.len());
    }

    #[test]
    fn user_modes_linker_gets_arguments_of_its_own() {
        let flags = encoded_flags(
            Target::UserMode,
            Path::new(MINGW),
            arguments(Target::UserMode),
        );
        assert_eq!(
            flags.replace('\x1f', " "),
            "-Clinker=x86_64-w64-mingw32-gcc -Clink-arg=-static-libgcc \
             -Clink-arg=-Wl,--no-insert-timestamp"
        );
    }
}
