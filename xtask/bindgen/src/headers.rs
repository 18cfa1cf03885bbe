//! Where the headers come from, and what the preprocessor must be told for them.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

/// A set of driver-kit headers on this machine.
pub(crate) struct Headers {
    /// Include folders, first searched first.
    pub(crate) include: Vec<PathBuf>,
    /// Whether they are Microsoft's own.
    pub(crate) is_wdk: bool,
}

impl Headers {
    /// The headers of the mingw-w64 project, where Debian and its kin put them.
    pub(crate) fn mingw() -> Result<Self> {
        let candidates = [
            "/usr/share/mingw-w64/include",
            "/usr/x86_64-w64-mingw32/include",
            "/opt/homebrew/opt/mingw-w64/toolchain-x86_64/x86_64-w64-mingw32/include",
        ];
        for root in candidates.map(Path::new) {
            let ddk = root.join("ddk");
            if ddk.join("wdm.h").is_file() {
                return Ok(Self {
                    include: vec![ddk, root.to_owned()],
                    is_wdk: false,
                });
            }
        }
        bail!(
            "no mingw-w64 DDK headers (ddk/wdm.h) in {}; on Debian: apt-get install \
             mingw-w64-common libclang1-19 libclang-common-19-dev; or give a Windows Driver Kit with --wdk DIR",
            candidates.join(", ")
        )
    }

    /// The headers of a Windows Driver Kit: `DIR/km`, `DIR/shared` (and `DIR/km/crt`).
    pub(crate) fn wdk(dir: &Path) -> Result<Self> {
        if !dir.join("km/wdm.h").is_file() {
            bail!(
                "{}: no km/wdm.h there; give the version folder of the kit's Include folder, \
                 such as 'C:\\Program Files (x86)\\Windows Kits\\10\\Include\\10.0.26100.0'",
                dir.display()
            );
        }
        let include = ["km", "km/crt", "shared"].map(|sub| dir.join(sub)).to_vec();
        Ok(Self {
            include,
            is_wdk: true,
        })
    }
}

/// The compiler's own headers (`intrin.h` and its kin), where Debian puts them: libclang looks for
/// them beside the link by which it was loaded and does not find them there.
pub(crate) fn clang_resources() -> Option<PathBuf> {
    let (major, _) = bindgen::clang_version().parsed?;
    let folder = PathBuf::from(format!("/usr/lib/llvm-{major}/lib/clang/{major}"));
    folder.is_dir().then_some(folder)
}

impl fmt::Display for Headers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_wdk {
            "the Windows Driver Kit"
        } else {
            "mingw-w64's DDK headers"
        })
    }
}
