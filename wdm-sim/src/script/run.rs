//! Running a script.

use std::collections::BTreeMap;
use std::thread;

use crate::{
    KeyAccess, Machine, Process, RestoreFlags, SaveFormat, Status, ThreadGuard, UserKey,
    UserTransaction, UserValue,
};
use wdm_sys::{REG_DWORD, REG_EXPAND_SZ, REG_MULTI_SZ, REG_QWORD, REG_SZ};

use super::words::quote;
use super::{Block, Entries, Line, Operation, Path, Record, Script, Step, Variable};

/// What an operation read, as a script would write it; empty if it reads nothing.
type Answer = String;

/// Runs a script, and tells each record: at once, or in the order of their lines after the last of
/// the threads that run side by side.
pub(super) fn run(script: &Script, machine: &Machine, mut tell: impl FnMut(Record)) {
    let mut processes = BTreeMap::new();
    for (name, program) in &script.processes {
        let process = machine
            .process_builder(name)
            .account(program.account)
            .privileges(program.privileges)
            .wow64(program.wow64)
            .start();
        processes.insert(name.as_str(), process);
    }
    let entered = processes.iter();
    let guards: BTreeMap<&str, ThreadGuard> = entered
        .map(|(name, process)| (*name, process.enter()))
        .collect();
    let entered = guards.iter();
    let mut sessions: BTreeMap<&str, Session<'_>> = entered
        .map(|(name, guard)| (*name, Session::new(guard)))
        .collect();
    for step in &script.steps {
        match step {
            Step::Line(process, line) => {
                // The parser has entered all processes that lines name.
                if let Some(session) = sessions.get_mut(process.as_str()) {
                    tell(session.line(line, None));
                }
            }
            Step::Threads(blocks) => {
                let mut records = side_by_side(&processes, blocks);
                records.sort_by_key(|record| record.line);
                records.into_iter().for_each(&mut tell);
            }
        }
    }
}

fn side_by_side(processes: &BTreeMap<&str, Process>, blocks: &[Block]) -> Vec<Record> {
    thread::scope(|scope| {
        let threads: Vec<_> = blocks
            .iter()
            .filter_map(|block| Some((processes.get(block.process.as_str())?.clone(), block)))
            .map(|(process, block)| scope.spawn(move || run_block(&process, block)))
            .collect();
        let joined = threads.into_iter().map(|thread| match thread.join() {
            Ok(records) => records,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        joined.flatten().collect()
    })
}

fn run_block(process: &Process, block: &Block) -> Vec<Record> {
    let guard = process.enter();
    let mut session = Session::new(&guard);
    let lines = block.lines.iter();
    lines
        .map(|line| session.line(line, Some(block.number)))
        .collect()
}

/// A thread at work: what its variables hold.
struct Session<'t> {
    guard: &'t ThreadGuard,
    keys: BTreeMap<Variable, UserKey<'t>>,
    transactions: BTreeMap<Variable, UserTransaction<'t>>,
}

impl<'t> Session<'t> {
    fn new(guard: &'t ThreadGuard) -> Self {
        Self {
            guard,
            keys: BTreeMap::new(),
            transactions: BTreeMap::new(),
        }
    }

    fn line(&mut self, line: &Line, thread: Option<u32>) -> Record {
        let (status, answer) = match self.operation(&line.operation) {
            Ok(answer) => (Status::SUCCESS, answer),
            Err((status, answer)) => (status, answer),
        };
        Record {
            line: line.number,
            operation: line.operation.name(),
            thread,
            status,
            answer,
            expected: line.expected,
        }
    }

    fn operation(&mut self, operation: &Operation) -> Result<Answer, (Status, Answer)> {
        if let Operation::Enumerate(key, entries, None) = operation {
            return Err(self.enumerate_all(key, *entries));
        }
        self.simple(operation)
            .map_err(|status| (status, Answer::new()))
    }

    fn simple(&mut self, operation: &Operation) -> Result<Answer, Status> {
        match operation {
            Operation::Open {
                to,
                path,
                access,
                transaction,
            } => {
                let key = self.open(path, *access, transaction.as_ref())?;
                self.keep(to.as_ref(), key);
            }
            Operation::Create { to, .. } => {
                let key = self.create(operation)?;
                self.keep(to.as_ref(), key);
            }
            Operation::LoadApp { to, file, access } => {
                let key = self.guard.load_app_key(file, *access, false)?;
                self.keep(to.as_ref(), key);
            }
            Operation::Begin { to } => {
                let transaction = self.guard.create_transaction()?;
                self.keys.remove(to);
                self.transactions.insert(to.clone(), transaction);
            }
            Operation::Commit(transaction) => self.transaction(transaction)?.commit()?,
            Operation::Rollback(transaction) => self.transaction(transaction)?.rollback()?,
            Operation::CloseKey(key) => {
                let key = self.keys.remove(key).ok_or(Status::INVALID_HANDLE)?;
                key.close()?;
            }
            Operation::CloseTransaction(transaction) => {
                let held = self.transactions.remove(transaction);
                drop(held.ok_or(Status::INVALID_HANDLE)?);
            }
            Operation::Load(path, file) => match &path.below {
                None => self.guard.load_key(&path.name, file)?,
                Some(below) => {
                    let below = self.key(below)?;
                    self.guard.load_key_below(below, &path.name, file)?;
                }
            },
            Operation::Unload { path, force: false } => self.guard.unload_key(path)?,
            Operation::Unload { path, force: true } => self.guard.force_unload_key(path)?,
            Operation::Ioctl {
                device,
                code,
                output_len,
                input,
            } => {
                let device = self.guard.open_device(device)?;
                let answer = device.control(*code, input, *output_len);
                return match answer.status.is_error() {
                    true => Err(answer.status),
                    false => Ok(hex(&answer.output)),
                };
            }
            _ => return self.with_key(operation),
        }
        Ok(Answer::new())
    }

    /// The operations on a key that is open.
    fn with_key(&self, operation: &Operation) -> Result<Answer, Status> {
        match operation {
            Operation::Set(key, name, data) => {
                self.key(key)?.set_value(name, data.kind, &data.bytes)?;
            }
            Operation::QueryKey(key) => {
                let info = self.key(key)?.query()?;
                return Ok(format!("keys {} values {}", info.subkeys, info.values));
            }
            Operation::QueryValue(key, name) => {
                return Ok(data(&self.key(key)?.query_value(name)?));
            }
            Operation::Name(key) => return Ok(quote(&self.key(key)?.name()?)),
            Operation::DeleteKey(key) => self.key(key)?.delete()?,
            Operation::DeleteValue(key, name) => self.key(key)?.delete_value(name)?,
            Operation::Rename(key, name) => self.key(key)?.rename(name)?,
            Operation::Enumerate(key, entries, index) => {
                return self.entry(key, *entries, index.unwrap_or_default());
            }
            Operation::Flush(key) => self.key(key)?.flush()?,
            Operation::Save(key, file) => {
                let key = self.key(key)?;
                let file = self.guard.create_file(file)?;
                key.save(&file, SaveFormat::Latest)?;
            }
            Operation::Restore { key, file, force } => {
                let key = self.key(key)?;
                let file = self.guard.open_file(file)?;
                let flags = match force {
                    true => RestoreFlags::FORCE_RESTORE,
                    false => RestoreFlags::empty(),
                };
                key.restore(&file, flags)?;
            }
            // The caller has done all others.
            _ => return Err(Status::NOT_IMPLEMENTED),
        }
        Ok(Answer::new())
    }

    /// Keeps a key in a variable; what was there is closed. Without a variable the key is closed.
    fn keep(&mut self, to: Option<&Variable>, key: UserKey<'t>) {
        if let Some(to) = to {
            self.transactions.remove(to);
            self.keys.insert(to.clone(), key);
        }
    }

    /// What a variable holds; nothing if the operation that should have set it has failed.
    fn key(&self, name: &str) -> Result<&UserKey<'t>, Status> {
        self.keys.get(name).ok_or(Status::INVALID_HANDLE)
    }

    fn transaction(&self, name: &str) -> Result<&UserTransaction<'t>, Status> {
        self.transactions.get(name).ok_or(Status::INVALID_HANDLE)
    }

    fn open(
        &self,
        path: &Path,
        access: KeyAccess,
        transaction: Option<&Variable>,
    ) -> Result<UserKey<'t>, Status> {
        let below = path.below.as_ref().map(|name| self.key(name)).transpose()?;
        let transaction = transaction.map(|name| self.transaction(name)).transpose()?;
        let name = &path.name;
        match (below, transaction) {
            (None, None) => self.guard.open_key(name, access),
            (None, Some(in_it)) => self.guard.open_key_transacted(name, access, in_it),
            (Some(key), None) => key.open_key(name, access),
            (Some(key), Some(in_it)) => key.open_key_transacted(name, access, in_it),
        }
    }

    fn create(&self, operation: &Operation) -> Result<UserKey<'t>, Status> {
        let Operation::Create {
            path,
            access,
            options,
            transaction,
            ..
        } = operation
        else {
            return Err(Status::NOT_IMPLEMENTED);
        };
        let (access, options, name) = (*access, *options, &path.name);
        let below = path.below.as_ref().map(|name| self.key(name)).transpose()?;
        let transaction = transaction.as_ref().map(|name| self.transaction(name));
        let (key, _) = match (below, transaction.transpose()?) {
            (None, None) => self.guard.create_key_with(name, access, options),
            (None, Some(in_it)) => self.guard.create_key_transacted(name, access, in_it),
            (Some(key), None) => key.create_key_with(name, access, options),
            (Some(key), Some(in_it)) => key.create_key_transacted(name, access, in_it),
        }?;
        Ok(key)
    }

    fn entry(&self, key: &str, entries: Entries, index: u32) -> Result<Answer, Status> {
        let key = self.key(key)?;
        Ok(match entries {
            Entries::Keys => quote(&key.enumerate_key(index)?),
            Entries::Values => {
                let value = key.enumerate_value(index)?;
                format!("{} {}", quote(&value.name), data(&value))
            }
        })
    }

    /// All names, up to the status that ends them.
    fn enumerate_all(&self, key: &str, entries: Entries) -> (Status, Answer) {
        let key = match self.key(key) {
            Ok(key) => key,
            Err(status) => return (status, Answer::new()),
        };
        let mut names = Vec::new();
        for index in 0..=u32::MAX {
            let name = match entries {
                Entries::Keys => key.enumerate_key(index),
                Entries::Values => key.enumerate_value(index).map(|value| value.name),
            };
            match name {
                Ok(name) => names.push(quote(&name)),
                Err(status) => return (status, names.join(" ")),
            }
        }
        (Status::SUCCESS, names.join(" "))
    }
}

/// A value as `set` takes it. Data that does not have the form of its type are bytes, and a type
/// that scripts do not have is a number.
fn data(value: &UserValue) -> Answer {
    let bytes = value.data.as_slice();
    let known = match value.kind {
        REG_DWORD => value.as_dword().map(|number| format!("dword {number}")),
        REG_QWORD => {
            let number = bytes.try_into().map(u64::from_le_bytes);
            number.ok().map(|number| format!("qword {number}"))
        }
        REG_SZ => text(bytes).map(|text| format!("sz {}", quote(&text))),
        REG_EXPAND_SZ => text(bytes).map(|text| format!("expand_sz {}", quote(&text))),
        REG_MULTI_SZ => texts(bytes).map(|texts| format!("multi_sz {texts}").trim_end().to_owned()),
        _ => None,
    };
    known.unwrap_or_else(|| {
        let hex = hex(bytes);
        let kind = match value.kind {
            wdm_sys::REG_BINARY => "binary".to_owned(),
            kind => format!("type {kind}"),
        };
        format!("{kind} {hex}").trim_end().to_owned()
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The text of a `REG_SZ`, if that is what the bytes are: UTF-16 with one NUL, at its end.
fn text(bytes: &[u8]) -> Option<String> {
    let text = utf16(bytes)?;
    let text = text.strip_suffix('\0')?;
    (!text.contains('\0')).then(|| text.to_owned())
}

fn texts(bytes: &[u8]) -> Option<String> {
    let text = utf16(bytes)?;
    let list = text.strip_suffix('\0')?;
    let texts = list.split_terminator('\0').map(quote);
    let ended = list.is_empty() || list.ends_with('\0');
    ended.then(|| texts.collect::<Vec<_>>().join(" "))
}

fn utf16(bytes: &[u8]) -> Option<String> {
    let (units, rest) = bytes.as_chunks::<2>();
    let units: Vec<_> = units.iter().map(|unit| u16::from_le_bytes(*unit)).collect();
    rest.is_empty().then(|| String::from_utf16(&units).ok())?
}
