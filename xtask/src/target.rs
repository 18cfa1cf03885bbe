//! The processors that drivers are built for.

use clap::ValueEnum;

/// A processor architecture of Windows drivers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Target {
    /// 64-bit Intel and AMD; the simulator's loader runs these.
    #[value(name = "x86_64")]
    X86_64,
    /// 64-bit Arm.
    #[value(name = "aarch64")]
    Aarch64,
}

impl Target {
    /// Rust's name of the target.
    pub(crate) fn triple(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64-pc-windows-msvc",
            Self::Aarch64 => "aarch64-pc-windows-msvc",
        }
    }

    /// The folder under `target/drivers`, which is also the name of the command line's choice.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
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
    }
}
