//! The page, as a browser shows it.
//!
//! Without a browser on a developer's machine these tests say so and pass; where `CI` is set they
//! fail. `cargo xtask test` installs one.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use wdm_sim::trace::{PostVerdict, PreVerdict, What};
use wdm_sim::{KeyAccess, Machine};

use crate::run::{KEY, run};

/// Uses the controls, and leaves in the document what came of it.
const CONTROLS: &str = include_str!("controls.js");

/// How long a browser may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the browsers are called that run without a window.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "chrome"];

fn browser() -> Option<PathBuf> {
    let folders = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&folders)
        .flat_map(|folder| BROWSERS.map(|name| folder.join(name)))
        .find(|file| file.is_file());
    if found.is_none() {
        assert!(
            std::env::var_os("CI").is_none(),
            "no browser: install chromium, as cargo xtask test does"
        );
        eprintln!("skipped: no browser; cargo xtask test installs chromium");
    }
    found
}

/// The document that a browser makes of a page, its scripts run; `None` without a browser.
fn document(page: &[u8]) -> Option<String> {
    let browser = browser()?;
    let folder = tempfile::tempdir().expect("there is room for a folder");
    let file = folder.path().join("page.html");
    std::fs::write(&file, page).expect("the page is written");
    let dump = folder.path().join("document.html");
    let mut child = Command::new(browser)
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--dump-dom",
        ])
        .arg(format!(
            "--user-data-dir={}",
            folder.path().join("profile").display()
        ))
        .arg(format!("file://{}", file.display()))
        .env("HOME", folder.path())
        .stdout(std::fs::File::create(&dump).expect("there is room for a file"))
        .stderr(Stdio::null())
        .spawn()
        .expect("the browser starts");
    let start = Instant::now();
    while child.try_wait().expect("it can be waited for").is_none() {
        if start.elapsed() > PATIENCE {
            // It ends by itself, or is beyond help.
            let _ = child.kill();
            panic!("the browser does not end");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let document = std::fs::read(&dump).expect("it was written");
    Some(String::from_utf8(document).expect("documents are UTF-8"))
}

fn page(machine: &Machine) -> String {
    let mut bytes = Vec::new();
    let written = machine.trace().write_page(&machine.report(), &mut bytes);
    written.expect("memory can be written");
    String::from_utf8(bytes).expect("pages are UTF-8")
}

/// What stands between two texts.
fn between<'d>(document: &'d str, start: &str, end: &str) -> &'d str {
    let (_, rest) = document
        .split_once(start)
        .unwrap_or_else(|| panic!("no {start}"));
    rest.split_once(end)
        .unwrap_or_else(|| panic!("no {end} after {start}"))
        .0
}

/// The rows of a table's body.
fn rows(document: &str, table: &str) -> Vec<String> {
    let table = between(document, &format!("<table id=\"{table}\""), "</table>");
    let body = between(table, "<tbody>", "</tbody>");
    body.split("<tr>").skip(1).map(str::to_owned).collect()
}

fn drawn(document: &str, look: &str) -> usize {
    document
        .matches(&format!("<g class=\"event {look}"))
        .count()
}

fn assert_ready(document: &str) {
    let error = between(document, "id=\"error\"", "</p>");
    assert!(document.contains("data-state=\"ready\""), "{error}");
    assert!(error.contains("hidden"), "{error}");
}

#[test]
fn the_browser_draws_what_happened() {
    let machine = run(true);
    let Some(document) = document(page(&machine).as_bytes()) else {
        return;
    };
    assert_ready(&document);
    let (trace, report) = (machine.trace(), machine.report());
    assert_eq!(drawn(&document, ""), trace.events().len());
    let count = |wanted: fn(&What) -> bool| {
        let events = trace.events().iter();
        events.filter(|event| wanted(&event.what)).count()
    };
    let verdicts = [
        (
            "block",
            count(|what| {
                matches!(
                    what,
                    What::Pre {
                        verdict: Some(PreVerdict::Block(_)),
                        ..
                    }
                )
            }),
        ),
        (
            "bypass",
            count(|what| {
                matches!(
                    what,
                    What::Pre {
                        verdict: Some(PreVerdict::Bypass(_)),
                        ..
                    }
                )
            }),
        ),
        (
            "override",
            count(|what| {
                matches!(
                    what,
                    What::Post {
                        verdict: Some(PostVerdict::Override { .. }),
                        ..
                    }
                )
            }),
        ),
        (
            "finding",
            count(|what| matches!(what, What::Finding { .. })),
        ),
        ("print", count(|what| matches!(what, What::Print { .. }))),
    ];
    for (look, number) in verdicts {
        assert!(number > 0, "the run has a {look}");
        assert_eq!(drawn(&document, look), number, "{look}");
    }
    let findings = rows(&document, "findings");
    assert_eq!(findings.len(), report.findings.len());
    assert!(findings[0].contains("N6"), "{findings:?}");
    // One block, one bypass, one override, each given once.
    let verdicts = rows(&document, "verdicts");
    assert_eq!(verdicts.len(), 3, "{verdicts:?}");
    assert!(
        verdicts[0].contains("block 0xC0000022 STATUS_ACCESS_DENIED"),
        "{verdicts:?}"
    );
    assert!(verdicts[0].contains("SetValueKey"), "{verdicts:?}");
    let printed = between(&document, "<pre id=\"printed\">", "</pre>");
    assert_eq!(printed.lines().count(), report.debug_print.len());
    assert!(between(&document, "<h1 id=\"title\">", "</h1>").contains("tested"));
}

#[test]
fn names_are_text_whatever_they_hold() {
    let machine = run(true);
    let source = page(&machine);
    assert_eq!(source.matches("</script>").count(), 3, "its own");
    assert!(!source.contains("<img") && !source.contains("<!--"));
    let Some(document) = document(source.as_bytes()) else {
        return;
    };
    assert_ready(&document);
    assert!(!document.contains("<img") && !document.contains("<title>taken"));
    let verdicts = rows(&document, "verdicts").concat();
    assert!(
        verdicts.contains("&lt;/script&gt;&lt;img src=x onerror="),
        "{verdicts}"
    );
    let printed = between(&document, "<pre id=\"printed\">", "</pre>");
    assert!(
        printed.contains("&lt;/script&gt;&lt;img src=x onerror="),
        "{printed}"
    );
}

#[test]
fn the_controls_do_what_they_say() {
    const AT_A_TIME: usize = 1000;
    let machine = Machine::builder().trace(true).build().expect("it builds");
    let thread = machine.process("app.exe").enter();
    for _ in 0..600 {
        drop(thread.open_key(KEY, KeyAccess::READ));
    }
    let all = machine.trace().events().len();
    assert!(all > AT_A_TIME && all < 2 * AT_A_TIME);
    let test = format!("<script>{CONTROLS}</script></body>");
    let source = page(&machine).replace("</body>", &test);
    let Some(document) = document(source.as_bytes()) else {
        return;
    };
    assert_ready(&document);
    let told = between(&document, "data-told=\"", "\"");
    let rest = all - AT_A_TIME;
    assert_eq!(
        told,
        format!("{AT_A_TIME},true,{AT_A_TIME},{rest},true,1,5,{rest}")
    );
}

#[test]
fn a_long_trace_is_shown_from_its_beginning() {
    const SHOWN: usize = 20_000;
    let machine = Machine::builder().trace(true).build().expect("it builds");
    let thread = machine.process("app.exe").enter();
    while machine_operations(&machine) <= SHOWN as u64 + 100 {
        for _ in 0..100 {
            drop(thread.open_key(KEY, KeyAccess::READ));
        }
    }
    let more = machine.trace().events().len() - SHOWN;
    let Some(document) = document(page(&machine).as_bytes()) else {
        return;
    };
    assert_ready(&document);
    let note = between(&document, "id=\"events-left-out\"", "</p>");
    let expected = format!("has the first {SHOWN} events; the trace has {more} more");
    assert!(note.contains(&expected), "{note}");
    assert_eq!(drawn(&document, ""), 1000);
}

fn machine_operations(machine: &Machine) -> u64 {
    machine.report().counters.operations
}

#[test]
fn no_trace_is_a_page_too() {
    let machine = Machine::builder().build().expect("it builds");
    let Some(document) = document(page(&machine).as_bytes()) else {
        return;
    };
    assert_ready(&document);
    assert_eq!(drawn(&document, ""), 0);
    assert!(document.contains("no driver"));
}
