//! `cargo xtask build-c`: a driver in C as a `.sys` file, without a WDK.
//!
//! clang compiles it against mingw-w64's kernel headers. What it calls and does not define is
//! imported from `ntoskrnl.exe`, whether those who wrote the headers knew the routine or not: the
//! import library is made of the object file's own undefined symbols.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use clap::Args;
use object::{Object, ObjectSymbol};

use crate::debian::{self, Consent};
use crate::image;
use crate::process::{self, say};
use crate::target::Target;
use crate::toolchain;
use crate::workspace::Workspace;

/// The command line of `cargo xtask build-c`.
#[derive(Debug, Args)]
pub(crate) struct Options {
    /// A driver's source, one file each [default: the workspace's own]
    #[arg(value_name = "FILE.c")]
    files: Vec<PathBuf>,
}

/// The workspace's own drivers in C.
const OWN: [&str; 2] = [
    "samples/key-context/c/key_context.c",
    "tests/c/value_audit.c",
];

/// A compiler that takes `__try`, and headers for drivers, as Debian packages them.
const PACKAGES: [&str; 2] = ["clang-19", "mingw-w64-common"];

/// Where those headers are.
const HEADERS: &str = "/usr/share/mingw-w64/include";

/// What the compiler is told. Warnings are for the driver, not for the headers.
const FLAGS: [&str; 15] = [
    "--target=x86_64-w64-mingw32",
    "-O2",
    // `__try` and `__except`.
    "-fms-extensions",
    "-fasynchronous-unwind-tables",
    "-ffreestanding",
    "-mno-stack-arg-probe",
    // The headers want them, and do not say so.
    "-include",
    "stdarg.h",
    "-D_AMD64_",
    "-D_WIN32_WINNT=0x0A00",
    "-DNTDDI_VERSION=0x0A000000",
    "-Wall",
    "-Wextra",
    // Pool tags.
    "-Wno-multichar",
    "-Wno-#warnings",
];

/// Builds the drivers, and prints each file's path and what was found in it.
pub(crate) fn run(options: &Options, consent: Consent) -> Result<()> {
    let workspace = Workspace::load()?;
    let tools = Tools::obtain(consent)?;
    let own = OWN.map(|file| workspace.root().join(file));
    let files = match options.files.as_slice() {
        [] => &own,
        files => files,
    };
    for file in files {
        let driver = tools.build(file, &folder(&workspace))?;
        println!("{}: {}", driver.display(), image::check(&driver)?);
    }
    Ok(())
}

/// Builds the workspace's own drivers for its tests, and gives the folder of their files.
pub(crate) fn build_own(workspace: &Workspace, consent: Consent) -> Result<PathBuf> {
    let tools = Tools::obtain(consent)?;
    let folder = folder(workspace);
    for file in OWN {
        let driver = tools.build(&workspace.root().join(file), &folder)?;
        say(format!("{}: {}", driver.display(), image::check(&driver)?));
    }
    Ok(folder)
}

/// Where drivers in C are put: apart from those in Rust, as they may have the same name.
fn folder(workspace: &Workspace) -> PathBuf {
    workspace.target_dir().join("drivers").join("c")
}

/// The compiler and the linker.
struct Tools {
    compiler: &'static str,
    linker: PathBuf,
}

impl Tools {
    /// Finds the tools, or installs them.
    fn obtain(consent: Consent) -> Result<Self> {
        let why = "a driver in C wants a compiler with exceptions, and kernel headers";
        let compiler = "clang-19";
        let has_compiler = process::succeeds(Command::new(compiler).arg("--version"));
        if !has_compiler || !Path::new(HEADERS).join("ddk/wdm.h").exists() {
            debian::install(&PACKAGES, why, consent)?;
        }
        let target = Target::X86_64;
        let linker = match toolchain::linker(target) {
            Some(linker) => linker,
            None => {
                debian::install(&[toolchain::linker_package(target)], why, consent)?;
                toolchain::linker(target).with_context(|| {
                    format!("there is no linker: {}", toolchain::linker_names(target))
                })?
            }
        };
        Ok(Self { compiler, linker })
    }

    /// Compiles and links one driver, called like its source.
    fn build(&self, source: &Path, folder: &Path) -> Result<PathBuf> {
        let stem = source.file_stem().context("give a file")?;
        let name = stem.to_string_lossy().replace('_', "-");
        fs::create_dir_all(folder)
            .with_context(|| format!("cannot create the folder {}", folder.display()))?;
        let file = |ending: &str| folder.join(format!("{name}.{ending}"));
        let (object, library, driver) = (file("obj"), file("lib"), file("sys"));
        self.compile(source, &object)?;
        self.make_import_library(&object, &file("def"), &library)?;
        let mut link = self.link();
        link.args([&object, &library])
            .args(toolchain::LINK_ARGUMENTS);
        link.arg(format!("/OUT:{}", driver.display()));
        process::read(&mut link)?;
        Ok(driver)
    }

    fn compile(&self, source: &Path, object: &Path) -> Result<()> {
        let headers = Path::new(HEADERS);
        let mut compile = Command::new(self.compiler);
        compile.args(FLAGS);
        for headers in [headers.join("ddk"), headers.to_owned()] {
            compile.arg("-isystem").arg(headers);
        }
        compile.arg("-c").arg(source).arg("-o").arg(object);
        process::run(&mut compile)
    }

    fn make_import_library(&self, object: &Path, definition: &Path, library: &Path) -> Result<()> {
        let bytes = fs::read(object)?;
        let names = undefined(&bytes)?;
        let list: String = names.iter().map(|name| format!("{name}\n")).collect();
        fs::write(definition, format!("LIBRARY ntoskrnl.exe\nEXPORTS\n{list}"))?;
        let mut make = self.link();
        make.args(["/lib", "/machine:x64"]);
        make.arg(format!("/def:{}", definition.display()));
        make.arg(format!("/out:{}", library.display()));
        process::read(&mut make).map(drop)
    }

    /// The linker as `lld-link`, whatever it is called.
    fn link(&self) -> Command {
        let mut link = Command::new(&self.linker);
        let stem = self.linker.file_stem().unwrap_or_default();
        if stem == "rust-lld" {
            link.args(["-flavor", "link"]);
        }
        link
    }
}

/// What an object file uses and does not define, as its import library must call it.
fn undefined(object: &[u8]) -> Result<BTreeSet<String>> {
    let file = object::File::parse(object).context("the compiler's object file is damaged")?;
    let mut names = BTreeSet::new();
    for symbol in file.symbols().filter(|symbol| symbol.is_undefined()) {
        let name = symbol
            .name()
            .context("the compiler's object file is damaged")?;
        // The reference to a pointer that the linker makes is one to what it points to.
        names.insert(name.strip_prefix("__imp_").unwrap_or(name).to_owned());
    }
    Ok(names)
}

#[cfg(test)]
mod tests {
    use object::write::{Object, Symbol, SymbolSection};
    use object::{Architecture, BinaryFormat, Endianness, SymbolFlags, SymbolKind, SymbolScope};

    use super::*;

    #[test]
    fn imports_are_what_is_used_and_not_defined() {
        let mut object = Object::new(BinaryFormat::Coff, Architecture::X86_64, Endianness::Little);
        let text = object.add_subsection(object::write::StandardSection::Text, b"own");
        let symbols = [
            ("ZwClose", SymbolSection::Undefined),
            ("__imp_CmUnRegisterCallback", SymbolSection::Undefined),
            ("DriverEntry", SymbolSection::Section(text)),
        ];
        for (name, section) in symbols {
            object.add_symbol(Symbol {
                name: name.into(),
                value: 0,
                size: 0,
                kind: SymbolKind::Text,
                scope: SymbolScope::Linkage,
                weak: false,
                section,
                flags: SymbolFlags::None,
            });
        }
        let bytes = object.write().expect("it is a sound file");
        let names = undefined(&bytes).expect("it can be read");
        assert_eq!(Vec::from_iter(names), ["CmUnRegisterCallback", "ZwClose"]);
    }
}
