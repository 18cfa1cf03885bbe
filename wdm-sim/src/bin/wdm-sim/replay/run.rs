//! Doing what was recorded, and comparing how it goes.

use std::collections::BTreeMap;

use indicatif::ProgressBar;
use serde::Serialize;
use wdm_sim::registry::KeyInfo;
use wdm_sim::{KeyAccess, Machine, Privileges, Status, ThreadGuard, UserKey};

use super::names::{absolute, access, data, field, result};
use super::trace::{Event, Trace};

/// `DACL_SECURITY_INFORMATION`.
const DACL: u32 = 4;

/// How the replay went.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Replayed {
    /// Rows whose result is the recorded one.
    pub(crate) same: u64,
    /// Rows whose result is another.
    pub(crate) different: u64,
    /// The different ones, the most frequent first.
    pub(crate) differences: Vec<Difference>,
    /// Rows that cannot be replayed, by operation.
    pub(crate) not_replayed: BTreeMap<String, u64>,
    /// Rows of a step inside an operation (`REPARSE`), and closes of keys that are not open.
    pub(crate) passed_over: u64,
    /// Rows that are not of the registry.
    pub(crate) other_rows: u64,
}

/// Results that differ.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Difference {
    pub(crate) operation: String,
    pub(crate) recorded: String,
    pub(crate) replayed: String,
    pub(crate) count: u64,
}

/// What became of a row.
enum Row {
    Done(Status),
    PassedOver,
    Unknown,
}

/// Replays a recording, each process with a thread of its own, in the recorded order. With `tell` a
/// bar shows how far it is, if the standard error is a terminal.
pub(crate) fn run(trace: &Trace, machine: &Machine, tell: bool) -> Replayed {
    let mut guards = BTreeMap::new();
    for event in &trace.events {
        guards.entry(event.pid).or_insert_with(|| {
            let process = machine.process(&event.process);
            // A recording does not say who held them.
            process.grant(Privileges::all());
            process.enter()
        });
    }
    let entered = guards.iter();
    let mut programs: BTreeMap<u32, Program<'_>> = entered
        .map(|(pid, guard)| (*pid, Program::new(guard)))
        .collect();
    let bar = match tell {
        true => ProgressBar::new(trace.events.len() as u64),
        false => ProgressBar::hidden(),
    };
    let mut replayed = Replayed {
        other_rows: trace.others,
        ..Replayed::default()
    };
    let mut pairs = BTreeMap::new();
    for event in &trace.events {
        bar.inc(1);
        let Some(program) = programs.get_mut(&event.pid) else {
            continue;
        };
        match program.replay(event) {
            Row::PassedOver => replayed.passed_over += 1,
            Row::Unknown => {
                *replayed
                    .not_replayed
                    .entry(event.operation.clone())
                    .or_default() += 1;
            }
            Row::Done(status) if is_same(&event.result, status) => replayed.same += 1,
            Row::Done(status) => {
                replayed.different += 1;
                let pair = (
                    event.operation.clone(),
                    event.result.clone(),
                    result(status),
                );
                *pairs.entry(pair).or_default() += 1;
            }
        }
    }
    bar.finish_and_clear();
    replayed.differences = sorted(pairs);
    replayed
}

fn sorted(pairs: BTreeMap<(String, String, String), u64>) -> Vec<Difference> {
    let named = |((operation, recorded, replayed), count)| Difference {
        operation,
        recorded,
        replayed,
        count,
    };
    let mut differences: Vec<_> = pairs.into_iter().map(named).collect();
    differences.sort_by_key(|difference| std::cmp::Reverse(difference.count));
    differences
}

/// Whether the result is the recorded one. The replay's buffers are large enough, so it succeeds
/// where the program had to ask again.
fn is_same(recorded: &str, status: Status) -> bool {
    let too_small = matches!(recorded, "BUFFER OVERFLOW" | "BUFFER TOO SMALL");
    recorded == result(status) || (too_small && status == Status::SUCCESS)
}

/// A process at work: its open keys, by their names in lower case.
struct Program<'t> {
    guard: &'t ThreadGuard,
    keys: BTreeMap<String, Vec<UserKey<'t>>>,
}

impl<'t> Program<'t> {
    fn new(guard: &'t ThreadGuard) -> Self {
        Self {
            guard,
            keys: BTreeMap::new(),
        }
    }

    fn replay(&mut self, event: &Event) -> Row {
        if event.result == "REPARSE" {
            return Row::PassedOver;
        }
        let path = absolute(&event.path);
        if event.operation == "RegCloseKey" {
            let keys = self.keys.get_mut(&path.to_lowercase());
            return match keys.and_then(Vec::pop) {
                Some(key) => Row::Done(key.close().err().unwrap_or(Status::SUCCESS)),
                None => Row::PassedOver,
            };
        }
        match self.operation(event, &path) {
            Some(done) => Row::Done(done.err().unwrap_or(Status::SUCCESS)),
            None => Row::Unknown,
        }
    }

    /// Does what a row says; None if that cannot be done.
    fn operation(&mut self, event: &Event, path: &str) -> Option<Result<(), Status>> {
        let detail = event.detail.as_str();
        let index = || field(detail, "Index").and_then(|index| index.parse().ok());
        Some(match event.operation.as_str() {
            "RegOpenKey" => self
                .guard
                .open_key(path, access(detail))
                .map(|key| self.keep(path, key)),
            "RegCreateKey" => {
                let key = self.guard.create_key(path, access(detail));
                key.map(|key| self.keep(path, key))
            }
            "RegQueryValue" => self.with_value(path, |key, name| key.query_value(name).map(drop)),
            "RegDeleteValue" => self.with_value(path, UserKey::delete_value),
            "RegSetValue" => {
                let (kind, bytes) = data(detail);
                self.with_value(path, |key, name| key.set_value(name, kind, &bytes))
            }
            "RegQueryKey" => {
                let class = match field(detail, "Query")? {
                    "Basic" => KeyInfo::Basic,
                    "Node" => KeyInfo::Node,
                    "Full" => KeyInfo::Full,
                    "Name" => KeyInfo::Name,
                    "Cached" => KeyInfo::Cached,
                    "HandleTags" => KeyInfo::HandleTags,
                    _ => return None,
                };
                self.with_key(path, |key| key.query_class(class).map(drop))
            }
            "RegEnumKey" => {
                let index = index()?;
                self.with_key(path, |key| key.enumerate_key(index).map(drop))
            }
            "RegEnumValue" => {
                let index = index()?;
                self.with_key(path, |key| key.enumerate_value(index).map(drop))
            }
            "RegDeleteKey" => self.with_key(path, UserKey::delete),
            "RegRenameKey" => {
                let name = field(detail, "New Name").or_else(|| field(detail, "New name"))?;
                let name = name.rsplit('\\').next().unwrap_or(name);
                self.with_key(path, |key| key.rename(name))
            }
            "RegFlushKey" => self.with_key(path, UserKey::flush),
            "RegQueryKeySecurity" => self.with_key(path, |key| key.security(DACL).map(drop)),
            // A recording does not have the descriptor: it is set to what it is.
            "RegSetKeySecurity" => self.with_key(path, |key| {
                let descriptor = key.security(DACL)?;
                key.set_security(DACL, &descriptor)
            }),
            "RegLoadKey" => {
                let file = field(detail, "Hive Path")?;
                let prefix = if file.starts_with('\\') { "" } else { r"\??\" };
                self.guard.load_key(path, &format!("{prefix}{file}"))
            }
            "RegUnloadKey" => self.guard.unload_key(path),
            _ => return None,
        })
    }

    fn keep(&mut self, path: &str, key: UserKey<'t>) {
        self.keys.entry(path.to_lowercase()).or_default().push(key);
    }

    fn held(&self, path: &str) -> Option<&UserKey<'t>> {
        self.keys.get(&path.to_lowercase())?.last()
    }

    /// Uses the key that the process has open; one that it opened before the recording began is
    /// opened for that.
    fn with_key(
        &self,
        path: &str,
        body: impl FnOnce(&UserKey<'t>) -> Result<(), Status>,
    ) -> Result<(), Status> {
        match self.held(path) {
            Some(key) => body(key),
            None => body(&self.guard.open_key(path, KeyAccess::MAXIMUM_ALLOWED)?),
        }
    }

    /// As `with_key` for the path of a value. Names of values can have backslashes, so the longest
    /// path of an open key decides.
    fn with_value(
        &self,
        path: &str,
        body: impl FnOnce(&UserKey<'t>, &str) -> Result<(), Status>,
    ) -> Result<(), Status> {
        let mut splits = path.rmatch_indices('\\').map(|(at, _)| path.split_at(at));
        let open = splits.find(|(key, _)| self.held(key).is_some());
        let last = || path.rfind('\\').map(|at| path.split_at(at));
        let (key, name) = open.or_else(last).ok_or(Status::OBJECT_NAME_INVALID)?;
        let name = name.strip_prefix('\\').unwrap_or(name);
        let name = if name == "(Default)" { "" } else { name };
        self.with_key(key, |key| body(key, name))
    }
}
