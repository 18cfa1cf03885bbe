//! What cargo knows about this workspace: its folders, the sample drivers, the published crates.

use std::path::PathBuf;

use anyhow::{Context, Error, Result, anyhow};
use cargo_metadata::semver::Version;
use cargo_metadata::{Metadata, MetadataCommand, Package, TargetKind};
use serde::Deserialize;

use crate::process;

/// The table in a package's `Cargo.toml` that makes it a sample driver:
/// `[package.metadata.wdm-driver]`.
const DRIVER_TABLE: &str = "wdm-driver";

/// The key in that table that makes the driver one for tests, and no sample.
const FOR_TESTS: &str = "for-tests";

/// The table of a sample that is a UMDF driver: `[package.metadata.umdf-driver]`.
const UMDF_TABLE: &str = "umdf-driver";

/// The workspace that this tool belongs to.
#[derive(Debug)]
pub(crate) struct Workspace {
    metadata: Metadata,
}

/// A package that is built as a driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// The package's name, which is also the name of its `.sys` file.
    pub(crate) name: String,
    /// The name of its library, by which the linker's output is called.
    pub(crate) library: String,
}

/// A package that is built as a UMDF driver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UmdfSample {
    /// The package and its library.
    pub(crate) sample: Sample,
    /// The package's folder, where its INF is.
    pub(crate) folder: PathBuf,
    /// A device I/O control that it answers.
    pub(crate) control: Option<Control>,
}

/// A device I/O control, as the table of a UMDF driver gives it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Control {
    /// The control code.
    pub(crate) code: u32,
    /// The input, as hexadecimal digits.
    pub(crate) input: Option<String>,
    /// The whole output that it has to have, as hexadecimal digits.
    pub(crate) output: Option<String>,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn load() -> Result<Self> {
        let metadata = MetadataCommand::new()
            .cargo_path(process::cargo_program())
            .manifest_path(concat!(env!("CARGO_MANIFEST_DIR"), "/../Cargo.toml"))
            .no_deps()
            .exec()
            .context("cannot read the workspace")?;
        Ok(Self { metadata })
    }

    /// The folder of the workspace's `Cargo.toml`.
    pub(crate) fn root(&self) -> PathBuf {
        self.metadata.workspace_root.clone().into()
    }

    /// The folder for everything that is built.
    pub(crate) fn target_dir(&self) -> PathBuf {
        self.metadata.target_directory.clone().into()
    }

    /// The sample drivers, by name.
    pub(crate) fn samples(&self) -> Result<Vec<Sample>> {
        self.drivers(|table| table.get(FOR_TESTS).is_none())
    }

    /// The sample drivers, and those for tests, by name.
    pub(crate) fn all_drivers(&self) -> Result<Vec<Sample>> {
        self.drivers(|_| true)
    }

    fn drivers(&self, wanted: impl Fn(&serde_json::Value) -> bool) -> Result<Vec<Sample>> {
        let table = |package: &&Package| package.metadata.get(DRIVER_TABLE).is_some_and(&wanted);
        let packages = self.metadata.packages.iter().filter(table);
        let mut drivers = packages.map(Sample::of).collect::<Result<Vec<_>>>()?;
        drivers.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(drivers)
    }

    /// The driver of that name.
    pub(crate) fn sample(&self, name: &str) -> Result<Sample> {
        let samples = self.all_drivers()?;
        let found = samples.iter().find(|sample| sample.name == name);
        found
            .cloned()
            .ok_or_else(|| unknown(name, samples.into_iter()))
    }

    /// The UMDF drivers that are samples, by name.
    pub(crate) fn umdf_samples(&self) -> Result<Vec<UmdfSample>> {
        self.umdf_drivers(|table| table.get(FOR_TESTS).is_none())
    }

    /// The UMDF drivers that are samples, and those for tests, by name.
    pub(crate) fn all_umdf_drivers(&self) -> Result<Vec<UmdfSample>> {
        self.umdf_drivers(|_| true)
    }

    fn umdf_drivers(&self, wanted: impl Fn(&serde_json::Value) -> bool) -> Result<Vec<UmdfSample>> {
        let table = |package: &&Package| package.metadata.get(UMDF_TABLE).is_some_and(&wanted);
        let packages = self.metadata.packages.iter().filter(table);
        let mut samples = packages.map(UmdfSample::of).collect::<Result<Vec<_>>>()?;
        samples.sort_by(|a, b| a.sample.name.cmp(&b.sample.name));
        Ok(samples)
    }

    /// The UMDF driver of that name.
    pub(crate) fn umdf_sample(&self, name: &str) -> Result<UmdfSample> {
        let samples = self.all_umdf_drivers()?;
        let found = samples.iter().find(|umdf| umdf.sample.name == name);
        found
            .cloned()
            .ok_or_else(|| unknown(name, samples.into_iter().map(|umdf| umdf.sample)))
    }

    /// The crates that are published: those whose `Cargo.toml` does not say `publish = false`.
    pub(crate) fn published(&self) -> Vec<&str> {
        self.names(|package| package.publish.as_ref().is_none_or(|to| !to.is_empty()))
    }

    /// The crates with a feature `kernel`, which a driver links.
    pub(crate) fn kernel_crates(&self) -> Vec<&str> {
        self.names(|package| package.features.contains_key("kernel"))
    }

    /// Whether a package of that name is a member.
    pub(crate) fn contains(&self, name: &str) -> bool {
        !self.names(|package| package.name == name).is_empty()
    }

    /// The oldest compiler that the workspace accepts.
    pub(crate) fn rust_version(&self) -> Result<Version> {
        self.metadata
            .packages
            .iter()
            .filter_map(|package| package.rust_version.clone())
            .max()
            .context("no package says its rust-version in Cargo.toml")
    }

    fn names(&self, wanted: impl Fn(&Package) -> bool) -> Vec<&str> {
        let mut names: Vec<&str> = self
            .metadata
            .packages
            .iter()
            .filter(|package| wanted(package))
            .map(|package| package.name.as_str())
            .collect();
        names.sort_unstable();
        names
    }
}

impl Sample {
    fn of(package: &Package) -> Result<Self> {
        let library = package
            .targets
            .iter()
            .find(|target| target.is_kind(TargetKind::Lib) || target.is_kind(TargetKind::RLib))
            .with_context(|| format!("the sample driver `{}` has no library", package.name))?;
        Ok(Self {
            name: package.name.to_string(),
            library: library.name.replace('-', "_"),
        })
    }
}

impl UmdfSample {
    fn of(package: &Package) -> Result<Self> {
        let folder = package.manifest_path.parent();
        let control = package
            .metadata
            .get(UMDF_TABLE)
            .and_then(|table| table.get("control"));
        let control = control.map(Control::deserialize).transpose();
        let control = control.with_context(|| {
            format!(
                "the device I/O control in the Cargo.toml of `{}` is none",
                package.name
            )
        })?;
        Ok(Self {
            control,
            sample: Sample::of(package)?,
            folder: folder.context("a Cargo.toml is in a folder")?.into(),
        })
    }
}

/// That there is no driver of a name, and which there are.
pub(crate) fn unknown(name: &str, samples: impl Iterator<Item = Sample>) -> Error {
    let known: Vec<_> = samples.map(|sample| sample.name).collect();
    anyhow!(
        "no sample driver is called `{name}`; there are: {}",
        known.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cargo's description of a package, as far as this module looks at it.
    fn package(name: &str, kind: &str, more: &str) -> String {
        format!(
            r#"{{"name": "{name}", "version": "0.1.0", "id": "{name}",
                "dependencies": [], "license": null, "license_file": null, "description": null,
                "source": null, "manifest_path": "/w/{name}/Cargo.toml",
                "categories": [], "keywords": [], "readme": null, "repository": null,
                "homepage": null, "documentation": null, "edition": "2024", "links": null,
                "default_run": null, "authors": [], {more},
                "targets": [{{"name": "{name}", "kind": ["{kind}"], "crate_types": ["{kind}"],
                    "required-features": [], "src_path": "/w/{name}/src/lib.rs",
                    "edition": "2024", "doctest": true, "test": true, "doc": true}}]}}"#
        )
    }

    fn workspace() -> Workspace {
        let packages = [
            package(
                "tooth-fairy",
                "lib",
                r#""metadata": {"wdm-driver": {}}, "publish": [],
                   "features": {"kernel": []}, "rust_version": "1.90""#,
            ),
            package(
                "angel",
                "lib",
                r#""metadata": {"wdm-driver": {}}, "publish": [],
                   "features": {"kernel": []}, "rust_version": "1.95""#,
            ),
            package(
                "plain",
                "lib",
                r#""metadata": null, "publish": null, "features": {}, "rust_version": null"#,
            ),
        ]
        .join(", ");
        let json = format!(
            r#"{{"packages": [{packages}], "workspace_members": [], "resolve": null,
                "workspace_root": "/w", "target_directory": "/w/target", "version": 1,
                "metadata": null}}"#
        );
        Workspace {
            metadata: MetadataCommand::parse(json).expect("cargo's format"),
        }
    }

    #[test]
    fn samples_are_the_packages_with_the_table() {
        let names: Vec<_> = workspace()
            .samples()
            .expect("both have a library")
            .into_iter()
            .map(|sample| (sample.name, sample.library))
            .collect();
        assert_eq!(
            names,
            [
                ("angel".to_owned(), "angel".to_owned()),
                ("tooth-fairy".to_owned(), "tooth_fairy".to_owned()),
            ]
        );
    }

    #[test]
    fn a_driver_for_tests_is_no_sample() {
        let table = r#""metadata": {"wdm-driver": {"for-tests": true}}, "publish": [],
            "features": {}, "rust_version": null"#;
        let json = package("victim", "lib", table);
        let json = format!(
            r#"{{"packages": [{json}], "workspace_members": [], "resolve": null,
                "workspace_root": "/w", "target_directory": "/w/target", "version": 1,
                "metadata": null}}"#
        );
        let workspace = Workspace {
            metadata: MetadataCommand::parse(json).expect("cargo's format"),
        };
        assert_eq!(workspace.samples().expect("it has a library"), []);
        let names: Vec<_> = workspace.all_drivers().expect("it has a library");
        assert_eq!(names.len(), 1);
        assert!(
            workspace.sample("victim").is_ok(),
            "it can be built by its name"
        );
    }

    #[test]
    fn an_unknown_sample_is_an_error_that_names_the_known_ones() {
        let error = workspace().sample("nobody").expect_err("there is none");
        assert_eq!(
            error.to_string(),
            "no sample driver is called `nobody`; there are: angel, tooth-fairy"
        );
    }

    #[test]
    fn a_driver_without_a_library_is_an_error() {
        let json = package(
            "tool",
            "bin",
            r#""metadata": {"wdm-driver": {}}, "publish": [], "features": {},
               "rust_version": null"#,
        );
        let json = format!(
            r#"{{"packages": [{json}], "workspace_members": [], "resolve": null,
                "workspace_root": "/w", "target_directory": "/w/target", "version": 1,
                "metadata": null}}"#
        );
        let workspace = Workspace {
            metadata: MetadataCommand::parse(json).expect("cargo's format"),
        };
        let error = workspace.samples().expect_err("it is a program");
        assert_eq!(error.to_string(), "the sample driver `tool` has no library");
    }

    #[test]
    fn umdf_drivers_have_a_table_of_their_own() {
        let table = r#""metadata": {"umdf-driver": {"control": {"code": 2236416, "output": "00"}}}, "publish": [], "features": {},
            "rust_version": null"#;
        let json = package("echo-chamber", "rlib", table);
        let json = format!(
            r#"{{"packages": [{json}], "workspace_members": [], "resolve": null,
                "workspace_root": "/w", "target_directory": "/w/target", "version": 1,
                "metadata": null}}"#
        );
        let workspace = Workspace {
            metadata: MetadataCommand::parse(json).expect("cargo's format"),
        };
        let umdf = workspace.umdf_sample("echo-chamber").expect("it is there");
        assert_eq!(umdf.sample.library, "echo_chamber");
        assert_eq!(umdf.folder, PathBuf::from("/w/echo-chamber"));
        let control = umdf.control.expect("it has one");
        assert_eq!((control.code, control.input), (0x222000, None));
        assert_eq!(control.output.as_deref(), Some("00"));
        assert_eq!(workspace.all_drivers().expect("there are none"), []);
        let error = workspace.umdf_sample("nobody").expect_err("there is none");
        assert!(error.to_string().ends_with("there are: echo-chamber"));
    }

    #[test]
    fn publishing_and_features_are_read_from_the_manifests() {
        let workspace = workspace();
        assert_eq!(workspace.published(), ["plain"]);
        assert_eq!(workspace.kernel_crates(), ["angel", "tooth-fairy"]);
        assert!(workspace.contains("plain"));
        assert!(!workspace.contains("plai"));
        assert_eq!(
            workspace.rust_version().expect("two say it"),
            Version::new(1, 95, 0)
        );
    }
}
