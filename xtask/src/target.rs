//! What drivers are built for: processors, and on which side of the system call they run.

use clap::ValueEnum;

/// What a driver is built for. Those that the command line knows are the kernel's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// 64-bit Intel and AMD; the simulator's loader runs these.
    #[value(name = "x86_64")]
    X86_64,
    /// 64-bit Arm.
    #[value(name = "aarch64")]
    Aarch64,
    /// User mode on 64-bit Intel and AMD, with the standard library: UMDF's drivers.
    ///
    /// Of Rust's targets for it this is the one whose C library any host can have.
    #[value(skip)]
    UserMode,
}

impl Target {
    /// Rust's name of the target.
    pub(crate) fn triple(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-pc-windows-msvc",
            Self::Aarch64 => "aarch64-pc-windows-msvc",
            Self::UserMode => "x86_64-pc-windows-gnu",
        }
    }

    /// The folder under `target/drivers`; for the kernel's, also the name of the command line's choice.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
            Self::UserMode => "umdf",
        }
    }

    /// Which crates of Rust's library a driver needs.
    pub(crate) fn library(self) -> &'static str {
        match self {
            Self::X86_64 | Self::Aarch64 => "core,alloc,compiler_builtins",
            Self::UserMode => "std,panic_abort",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_is_the_name_on_the_command_line() {
        for target in Target::value_variants() {
            let value = target.to_possible_value().expect("no variant is hidden");
            assert_eq!(value.get_name(), target.folder());
            assert!(target.triple().starts_with(target.folder()));
        }
        assert!(!Target::value_variants().contains(&Target::UserMode));
    }
}
