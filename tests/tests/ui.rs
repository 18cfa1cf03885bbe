//! Misuse that must not compile: each file in `ui/` breaks the rule that it is named after, and is
//! refused with the message that its `//~` comments expect. The file of the same name in
//! `ui/pass/`, its twin, differs in the offending lines only and compiles, so a case fails for its
//! own reason.
//!
//! Files are checked as `cargo check` does it and never linked: the kernel's routines are undefined
//! symbols here.
//!
//! This is `ui_test` rather than `trybuild`, which builds in a third of the time (12 s to 32 s,
//! once) but compares all that the compiler says, so that every other version of rustc would fail.
//! Here a case expects our own words where the message has some (`#[diagnostic::on_unimplemented]`,
//! the panic of `altitude!`), elsewhere the few words of rustc's that name what is wrong, and the
//! line. Notes, labels and suggestions may change freely; an error that no comment expects may not
//! come.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use ui_test::custom_flags::edition::Edition;
use ui_test::custom_flags::rustfix::RustfixMode;
use ui_test::dependencies::DependencyBuilder;
use ui_test::spanned::Spanned;
use ui_test::status_emitter::Text;
use ui_test::{CommandBuilder, Config, ignore_output_conflict, run_tests_generic};

/// A folder of cases, and the crate whose rules they break. Twins are in the folder `pass` below.
const CASES: [(&str, &str); 2] = [("ui", "cm-callback"), ("ui/umdf", "umdf-callback")];

/// The files say themselves what is wrong with them.
type Result = std::result::Result<(), String>;

/// How many lines of a case may be missing from its twin.
const OFFENDING_LINES: usize = 4;

#[test]
fn misuse_does_not_compile() -> Result {
    CASES
        .iter()
        .try_for_each(|(cases, subject)| check(config(cases, subject)))
}

#[test]
fn its_twin_compiles() -> Result {
    CASES.iter().try_for_each(|(cases, subject)| {
        let mut config = config(&twins(cases), subject);
        let expected = config.comment_defaults.base();
        expected.exit_status = Spanned::dummy(0).into();
        expected.require_annotations = Spanned::dummy(false).into();
        check(config)
    })
}

#[test]
fn every_case_has_a_twin() {
    CASES.iter().for_each(|(cases, _)| pair(cases));
}

/// The folder of the twins of a folder of cases.
fn twins(cases: &str) -> String {
    format!("{cases}/pass")
}

/// Compares a folder of cases with its twins.
fn pair(folder: &str) {
    let pass = twins(folder);
    let (cases, twins) = (names(folder), names(&pass));
    let alone: Vec<_> = cases.symmetric_difference(&twins).collect();
    assert!(
        alone.is_empty(),
        "either the case or the twin is missing: {alone:?}"
    );
    assert!(!cases.is_empty(), "there are no cases in {folder}");
    for name in cases {
        let (case, twin) = (lines(folder, &name), lines(&pass, &name));
        let offending = case.iter().filter(|line| !twin.contains(line)).count();
        assert!(
            (1..=OFFENDING_LINES).contains(&offending),
            "{name}: the twin lacks {offending} lines, not 1 to {OFFENDING_LINES}"
        );
    }
}

/// How the files of a folder are checked: as libraries that may use what the subject may use, and
/// itself.
fn config(folder: &str, subject: &str) -> Config {
    let mut config = Config::rustc(folder);
    config.out_dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(folder);
    config.output_conflict_handling = ignore_output_conflict;
    let flags = ["--crate-type=lib", "--emit=metadata"];
    config.program.args.extend(flags.map(Into::into));
    let defaults = config.comment_defaults.base();
    defaults.set_custom("edition", Edition("2024".into()));
    defaults.set_custom("rustfix", RustfixMode::Disabled);
    let check = CommandBuilder {
        args: vec!["check".into()],
        ..CommandBuilder::cargo()
    };
    let dependencies = DependencyBuilder {
        crate_manifest_path: format!("../{subject}/Cargo.toml").into(),
        program: check,
        ..DependencyBuilder::default()
    };
    defaults.set_custom("dependencies", dependencies);
    config
}

/// Checks the files of a folder, without the folders in it.
fn check(config: Config) -> Result {
    run_tests_generic(
        vec![config],
        |path, config| {
            let is_here = path.parent() == Some(&config.root_dir);
            (is_here && path.extension()? == "rs").then_some(true)
        },
        |_, _| {},
        Text::verbose(),
    )
    .map_err(|error| error.to_string())
}

/// The names of the Rust files in a folder.
fn names(folder: &str) -> BTreeSet<String> {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{folder}: {error}"));
    entries
        .map(|entry| entry.expect("the folder can be read").file_name())
        .map(|name| name.into_string().expect("names are ASCII"))
        .filter(|name| name.ends_with(".rs"))
        .collect()
}

/// The lines of a file, without what it expects of the compiler.
fn lines(folder: &str, name: &str) -> Vec<String> {
    let text = fs::read_to_string(Path::new(folder).join(name)).expect("the file was listed");
    text.lines()
        .map(|line| line.split("//~").next().unwrap_or(line).trim().to_owned())
        .collect()
}
