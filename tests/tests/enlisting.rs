//! T9 to T12: a registry filter that enlists in transactions in its callback, linked and as `.sys`.
//!
//! The driver is `drivers/enlisting`. As `.sys` it is looked for in the folder that `WDM_DRIVERS`
//! names; `cargo xtask test` builds it there. Without it, and on hosts other than x86_64 Linux, the
//! linked one alone is tested.

use wdm_sim::{Driver, KeyAccess, Machine, Status, UserTransaction};

const KEY: &str = r"\Registry\Machine\SYSTEM\Enlisted";

type End = fn(&UserTransaction<'_>) -> Result<(), Status>;

/// Creates a key in a transaction and ends that; gives what came of it, what the driver said, and
/// whether the key is there.
fn run(
    load: &dyn Fn(&Machine) -> Driver,
    access: KeyAccess,
    end: End,
) -> (Result<(), Status>, Vec<String>, bool) {
    let machine = Machine::builder().build().expect("it builds");
    let driver = load(&machine);
    let app = machine.process("app");
    let thread = app.enter();
    let transaction = thread.create_transaction().expect("one can be made");
    let key = thread.create_key_transacted(KEY, access, &transaction);
    drop(key.expect("the driver enlists"));
    assert_eq!(machine.report().debug_print, [""; 0]);
    let ended = end(&transaction);
    drop(transaction);
    let there = thread.open_key(KEY, KeyAccess::READ).is_ok();
    drop(thread);
    machine.unload(driver).expect("it has an unload routine");
    let report = machine.report();
    assert_eq!(report.findings, []);
    let lines = report.debug_print.iter();
    let lines = lines.map(|line| line.strip_prefix("enlisting: ").unwrap_or(line).to_owned());
    (ended, lines.collect(), there)
}

fn cases(load: &dyn Fn(&Machine) -> Driver) {
    let lines = |lines: &[&str]| {
        lines
            .iter()
            .map(|&line| line.to_owned())
            .collect::<Vec<_>>()
    };
    let committed = run(load, KeyAccess::ALL, |transaction| transaction.commit());
    assert_eq!(committed, (Ok(()), lines(&["prepare", "commit"]), true));
    let rolled_back = run(load, KeyAccess::ALL, |transaction| transaction.rollback());
    assert_eq!(rolled_back, (Ok(()), lines(&["rollback"]), false));
    let closed = run(load, KeyAccess::ALL, |_| Ok(()));
    assert_eq!(closed, (Ok(()), lines(&["rollback"]), false));
    let refused = run(load, KeyAccess::READ, |transaction| transaction.commit());
    let aborted = Err(Status::TRANSACTION_ALREADY_ABORTED);
    assert_eq!(
        refused,
        (aborted, lines(&["prepare, refused", "rollback"]), false)
    );
}

#[test]
fn a_linked_filter_hears_how_transactions_end() {
    cases(&|machine| {
        // SAFETY: the driver follows the rules.
        let driver = unsafe { machine.load_linked("enlisting", enlisting::driver_entry) };
        driver.expect("it loads")
    });
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn a_filter_from_a_file_hears_how_transactions_end() {
    let folder = std::env::var_os("WDM_DRIVERS");
    let file = folder.map(|folder| std::path::PathBuf::from(folder).join("enlisting.sys"));
    let Some(file) = file.filter(|file| file.is_file()) else {
        eprintln!("no enlisting.sys (WDM_DRIVERS): nothing is tested");
        return;
    };
    // SAFETY: the driver follows the rules.
    cases(&|machine| unsafe { machine.load_sys(&file) }.expect("it loads"));
}
