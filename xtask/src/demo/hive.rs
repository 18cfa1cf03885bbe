//! The hive files of the command line: `--hive NAME=FILE`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use wdm_sim::registry::MAX_KEY_NAME;

/// A hive file and the key below `\REGISTRY\MACHINE` that it is mounted at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HiveFile {
    /// The key's name.
    pub(crate) name: String,
    /// A primary hive file (regf), or xz of one.
    pub(crate) file: PathBuf,
}

impl HiveFile {
    /// Reads `NAME=FILE`; the error says what is expected.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let (name, file) = text
            .split_once('=')
            .ok_or("expected NAME=FILE, such as SYSTEM=path/to/SYSTEM")?;
        if name.is_empty() {
            return Err("the NAME before `=` is empty; give the key's name, such as SYSTEM".into());
        }
        if name.contains('\\') {
            return Err(format!(
                r"`{name}` is a path; give one key's name: the hive appears at \REGISTRY\MACHINE\NAME"
            ));
        }
        if name.encode_utf16().count() > MAX_KEY_NAME {
            return Err(format!("NAME is longer than {MAX_KEY_NAME} characters"));
        }
        if file.is_empty() {
            return Err("the FILE after `=` is empty; give the path of a hive file".into());
        }
        Ok(Self {
            name: name.to_owned(),
            file: file.into(),
        })
    }

    /// The file's bytes.
    pub(crate) fn read(&self) -> Result<Vec<u8>> {
        fs::read(&self.file).with_context(|| {
            format!(
                "hive {}: {} cannot be read; check the path",
                self.name,
                self.file.display()
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_and_a_file_are_split_at_the_first_equals_sign() {
        let hive = HiveFile::parse("SYSTEM=dir/a=b").expect("it is well formed");
        assert_eq!(hive.name, "SYSTEM");
        assert_eq!(hive.file, PathBuf::from("dir/a=b"));
    }

    #[test]
    fn what_is_no_name_and_file_is_refused_with_advice() {
        for (text, advice) in [
            ("SYSTEM", "expected NAME=FILE"),
            ("", "expected NAME=FILE"),
            ("=file", "NAME before `=` is empty"),
            ("SYSTEM=", "FILE after `=` is empty"),
            (r"\REGISTRY\MACHINE\SYSTEM=file", "is a path"),
        ] {
            let error = HiveFile::parse(text).expect_err(text);
            assert!(error.contains(advice), "{text}: {error}");
        }
        let long = format!("{}=file", "x".repeat(MAX_KEY_NAME + 1));
        assert!(HiveFile::parse(&long).is_err());
    }

    #[test]
    fn a_missing_file_is_an_error_that_names_hive_and_file() {
        let hive = HiveFile::parse("SYSTEM=no/such/file").expect("it is well formed");
        let error = format!("{:#}", hive.read().expect_err("there is no such file"));
        assert!(
            error.starts_with("hive SYSTEM: no/such/file cannot be read"),
            "{error}"
        );
    }
}
