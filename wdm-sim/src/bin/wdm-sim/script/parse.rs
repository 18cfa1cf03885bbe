//! From a script's text to its operations.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::str::FromStr;

use wdm_sim::{KeyAccess, KeyOptions, Privileges, Status};
use wdm_sys::{REG_BINARY, REG_DWORD, REG_EXPAND_SZ, REG_MULTI_SZ, REG_QWORD, REG_SZ};

use super::words::{Word, is_name, split};
use super::{Block, Data, Entries, Line, Operation, Path, Script, Step, Variable};

/// The process that a script begins in.
const FIRST_PROCESS: &str = "user.exe";

/// The rights that `open` and `create` can be given.
const RIGHTS: [(&str, KeyAccess); 16] = [
    ("read", KeyAccess::READ),
    ("write", KeyAccess::WRITE),
    ("all", KeyAccess::ALL),
    ("maximum", KeyAccess::MAXIMUM_ALLOWED),
    ("query_value", KeyAccess::QUERY_VALUE),
    ("set_value", KeyAccess::SET_VALUE),
    ("create_sub_key", KeyAccess::CREATE_SUB_KEY),
    ("enumerate_sub_keys", KeyAccess::ENUMERATE_SUB_KEYS),
    ("notify", KeyAccess::NOTIFY),
    ("create_link", KeyAccess::CREATE_LINK),
    ("delete", KeyAccess::DELETE),
    ("read_control", KeyAccess::READ_CONTROL),
    ("write_dac", KeyAccess::WRITE_DAC),
    ("write_owner", KeyAccess::WRITE_OWNER),
    ("wow64_64key", KeyAccess::WOW64_64KEY),
    ("wow64_32key", KeyAccess::WOW64_32KEY),
];

const OPERATIONS: &str = "open, create, close, set, query, name, delete, rename, enumerate, flush, \
     load, load_app, unload, save, restore, begin, commit, rollback, process, thread or end";

/// What is wrong with a line, and what to write instead.
#[derive(Debug)]
pub(crate) struct SyntaxError {
    /// The line, from 1.
    pub(crate) line: usize,
    /// One line of text.
    pub(crate) what: String,
}

/// Parses a script.
///
/// # Errors
/// All that is wrong, by line.
pub(crate) fn parse(text: &str) -> Result<Script, Vec<SyntaxError>> {
    let mut parser = Parser::default();
    let mut errors = Vec::new();
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    for (index, line) in text.lines().enumerate() {
        let number = index + 1;
        let parsed = split(line).and_then(|words| parser.line(number, &words));
        errors.extend(parsed.err().map(|what| SyntaxError { line: number, what }));
    }
    if let Some((line, _)) = &parser.block {
        let what = "the thread has no end; write end after its last line".to_owned();
        errors.push(SyntaxError { line: *line, what });
    }
    parser.flush_threads();
    match errors.is_empty() {
        true => Ok(parser.script),
        false => Err(errors),
    }
}

/// What a variable holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Key,
    Transaction,
}

type Scope = BTreeMap<Variable, Kind>;

struct Parser {
    script: Script,
    process: String,
    /// The variables of the processes' first threads.
    scopes: BTreeMap<String, Scope>,
    /// The thread whose end has not come yet, and its first line.
    block: Option<(usize, Block)>,
    block_scope: Scope,
    /// Threads that came one after the other.
    threads: Vec<Block>,
}

impl Default for Parser {
    fn default() -> Self {
        let mut script = Script::default();
        let process = FIRST_PROCESS.to_owned();
        script
            .processes
            .insert(process.clone(), Privileges::empty());
        Self {
            script,
            process,
            scopes: BTreeMap::new(),
            block: None,
            block_scope: Scope::new(),
            threads: Vec::new(),
        }
    }
}

impl Parser {
    fn line(&mut self, number: usize, words: &[Word]) -> Result<(), String> {
        match words {
            [] => Ok(()),
            [first, rest @ ..] if first.is("process") => self.enter_process(rest),
            [first, rest @ ..] if first.is("thread") => self.begin_thread(number, rest),
            [first, rest @ ..] if first.is("end") => self.end_thread(rest),
            _ => self.operation_line(number, words),
        }
    }

    fn enter_process(&mut self, words: &[Word]) -> Result<(), String> {
        if self.block.is_some() {
            return Err("process in a thread; write end before it".to_owned());
        }
        let [name, privileges @ ..] = words else {
            return Err("process without a name; write process NAME".to_owned());
        };
        if name.text.is_empty() {
            return Err("the process has an empty name; write process NAME".to_owned());
        }
        let mut granted = Privileges::empty();
        for word in privileges {
            granted |= match word.text.as_str() {
                "backup" => Privileges::BACKUP,
                "restore" => Privileges::RESTORE,
                "tcb" => Privileges::TCB,
                other => {
                    return Err(format!(
                        "{other} is no privilege; write backup, restore or tcb"
                    ));
                }
            };
        }
        self.flush_threads();
        self.process.clone_from(&name.text);
        let processes = &mut self.script.processes;
        *processes.entry(name.text.clone()).or_insert(granted) |= granted;
        Ok(())
    }

    fn begin_thread(&mut self, line: usize, words: &[Word]) -> Result<(), String> {
        if self.block.is_some() {
            return Err("thread in a thread; write end before it".to_owned());
        }
        // What follows belongs to a thread even if its number is wrong.
        let number = match words {
            [word] => number::<u32>(word),
            _ => Err("thread takes one number; write thread N".to_owned()),
        };
        let taken = |number| self.threads.iter().any(|block| block.number == number);
        let wrong = match number {
            Ok(number) if taken(number) => Some(format!(
                "thread {number} runs already; give this one another number"
            )),
            Ok(_) => None,
            Err(ref what) => Some(what.clone()),
        };
        let block = Block {
            process: self.process.clone(),
            number: number.unwrap_or_default(),
            lines: Vec::new(),
        };
        self.block = Some((line, block));
        self.block_scope.clear();
        wrong.map_or(Ok(()), Err)
    }

    fn end_thread(&mut self, words: &[Word]) -> Result<(), String> {
        let Some((_, block)) = self.block.take() else {
            return Err("end without a thread; remove it".to_owned());
        };
        self.threads.push(block);
        nothing_more(words)
    }

    /// What comes next waits for the threads before it.
    fn flush_threads(&mut self) {
        if !self.threads.is_empty() {
            let threads = std::mem::take(&mut self.threads);
            self.script.steps.push(Step::Threads(threads));
        }
    }

    fn operation_line(&mut self, number: usize, words: &[Word]) -> Result<(), String> {
        if self.block.is_none() {
            self.flush_threads();
        }
        let scope = match self.block {
            Some(_) => &mut self.block_scope,
            None => self.scopes.entry(self.process.clone()).or_default(),
        };
        let (words, expected) = expectation(words)?;
        let operation = operation(scope, words)?;
        let line = Line {
            number,
            operation,
            expected,
        };
        match &mut self.block {
            Some((_, block)) => block.lines.push(line),
            None => {
                let step = Step::Line(self.process.clone(), line);
                self.script.steps.push(step);
            }
        }
        Ok(())
    }
}

/// Takes `expect STATUS` off the end.
fn expectation(words: &[Word]) -> Result<(&[Word], Option<Status>), String> {
    match words {
        [rest @ .., keyword, name] if keyword.is("expect") => Ok((rest, Some(status(&name.text)?))),
        [.., keyword] if keyword.is("expect") => {
            Err("expect without a status; write expect SUCCESS, or another".to_owned())
        }
        _ => Ok((words, None)),
    }
}

fn status(text: &str) -> Result<Status, String> {
    let number = || {
        let digits = text.strip_prefix("0x")?;
        let number = u32::from_str_radix(digits, 16).ok()?;
        Some(Status(number.cast_signed()))
    };
    Status::from_name(text).or_else(number).ok_or_else(|| {
        format!(
            "{text} is no status that is known; write its name, such as ACCESS_DENIED, or its \
             number, such as 0xC0000022"
        )
    })
}

fn operation(scope: &mut Scope, words: &[Word]) -> Result<Operation, String> {
    let (to, words) = match words {
        [target, equals, rest @ ..] if equals.is("=") => match target.variable() {
            Some(name) => (Some(name.to_owned()), rest),
            None => {
                return Err(format!(
                    "{} is no variable; write $ and letters, digits or _ before the =",
                    target.text
                ));
            }
        },
        _ => (None, words),
    };
    let [verb, arguments @ ..] = words else {
        return Err(format!("no operation after the =; write {OPERATIONS}"));
    };
    let mut arguments = Arguments {
        scope,
        verb: &verb.text,
        words: arguments,
    };
    let operation = match verb.text.as_str() {
        _ if verb.quoted => Err(unknown(verb)),
        "open" => open(&mut arguments, to.clone()),
        "create" => create(&mut arguments, to.clone()),
        "load_app" => load_app(&mut arguments, to.clone()),
        "begin" => match to.clone() {
            Some(to) => Ok(Operation::Begin { to }),
            None => Err("begin without a variable; write $t = begin".to_owned()),
        },
        verb if to.is_some() && OPERATIONS.split([',', ' ']).any(|word| word == verb) => {
            Err(format!("{verb} gives no handle; write it without $... ="))
        }
        _ => without_result(verb, &mut arguments),
    }?;
    nothing_more(arguments.words)?;
    if let Some(to) = to {
        let kind = match operation {
            Operation::Begin { .. } => Kind::Transaction,
            _ => Kind::Key,
        };
        scope.insert(to, kind);
    }
    Ok(operation)
}

fn without_result(verb: &Word, arguments: &mut Arguments<'_>) -> Result<Operation, String> {
    Ok(match verb.text.as_str() {
        "commit" => Operation::Commit(arguments.transaction()?),
        "rollback" => Operation::Rollback(arguments.transaction()?),
        "close" => match arguments.variable("a variable")? {
            (name, Kind::Key) => Operation::CloseKey(name),
            (name, Kind::Transaction) => Operation::CloseTransaction(name),
        },
        "set" => Operation::Set(
            arguments.key()?,
            arguments.text("a value's name")?,
            data(arguments)?,
        ),
        "query" => match (arguments.key()?, arguments.optional_text()) {
            (key, Some(value)) => Operation::QueryValue(key, value),
            (key, None) => Operation::QueryKey(key),
        },
        "name" => Operation::Name(arguments.key()?),
        "delete" => match (arguments.key()?, arguments.optional_text()) {
            (key, Some(value)) => Operation::DeleteValue(key, value),
            (key, None) => Operation::DeleteKey(key),
        },
        "rename" => Operation::Rename(arguments.key()?, arguments.text("the new name")?),
        "enumerate" => enumerate(arguments)?,
        "flush" => Operation::Flush(arguments.key()?),
        "load" => Operation::Load(arguments.path()?, arguments.file()?),
        "unload" => {
            let path = arguments.path()?;
            if path.below.is_some() {
                return Err("unload takes an absolute name; write \\Registry\\...".to_owned());
            }
            Operation::Unload {
                path: path.name,
                force: arguments.flag("force"),
            }
        }
        "save" => Operation::Save(arguments.key()?, arguments.file()?),
        "restore" => Operation::Restore {
            key: arguments.key()?,
            file: arguments.file()?,
            force: arguments.flag("force"),
        },
        _ => return Err(unknown(verb)),
    })
}

fn unknown(verb: &Word) -> String {
    format!("{} is no operation; write {OPERATIONS}", verb.text)
}

fn open(arguments: &mut Arguments<'_>, to: Option<Variable>) -> Result<Operation, String> {
    Ok(Operation::Open {
        to,
        path: arguments.path()?,
        access: arguments.access(KeyAccess::READ)?,
        transaction: arguments.in_transaction()?,
    })
}

fn create(arguments: &mut Arguments<'_>, to: Option<Variable>) -> Result<Operation, String> {
    let path = arguments.path()?;
    let access = arguments.access(KeyAccess::ALL)?;
    let volatile = arguments.flag("volatile");
    let transaction = arguments.in_transaction()?;
    if volatile && transaction.is_some() {
        return Err("a volatile key in a transaction; leave out volatile or in".to_owned());
    }
    let options = match volatile {
        true => KeyOptions::VOLATILE,
        false => KeyOptions::empty(),
    };
    Ok(Operation::Create {
        to,
        path,
        access,
        options,
        transaction,
    })
}

fn load_app(arguments: &mut Arguments<'_>, to: Option<Variable>) -> Result<Operation, String> {
    Ok(Operation::LoadApp {
        to,
        file: arguments.file()?,
        access: arguments.access(KeyAccess::ALL)?,
    })
}

fn enumerate(arguments: &mut Arguments<'_>) -> Result<Operation, String> {
    let key = arguments.key()?;
    let which = arguments.next("keys or values")?;
    let entries = match which.text.as_str() {
        "keys" => Entries::Keys,
        "values" => Entries::Values,
        other => {
            return Err(format!(
                "{other} cannot be enumerated; write keys or values"
            ));
        }
    };
    let index = arguments.take().map(number).transpose()?;
    Ok(Operation::Enumerate(key, entries, index))
}

fn data(arguments: &mut Arguments<'_>) -> Result<Data, String> {
    let kind = arguments.next("a type and data")?;
    let (kind, bytes) = match kind.text.as_str() {
        "dword" => {
            let number: u32 = number(arguments.next("a number")?)?;
            (REG_DWORD, number.to_le_bytes().to_vec())
        }
        "qword" => {
            let number: u64 = number(arguments.next("a number")?)?;
            (REG_QWORD, number.to_le_bytes().to_vec())
        }
        "sz" => (REG_SZ, wide(&[arguments.next("a text")?])),
        "expand_sz" => (REG_EXPAND_SZ, wide(&[arguments.next("a text")?])),
        "multi_sz" => {
            let texts: Vec<_> = arguments.rest().iter().collect();
            (REG_MULTI_SZ, [wide(&texts), vec![0, 0]].concat())
        }
        "binary" => (REG_BINARY, hex(arguments.rest())?),
        other => {
            return Err(format!(
                "{other} is no type; write dword, qword, sz, expand_sz, multi_sz or binary"
            ));
        }
    };
    Ok(Data { kind, bytes })
}

/// Texts in UTF-16, each with a NUL at its end.
fn wide(texts: &[&Word]) -> Vec<u8> {
    let units = texts
        .iter()
        .flat_map(|word| word.text.encode_utf16().chain([0]));
    units.flat_map(u16::to_le_bytes).collect()
}

fn hex(words: &[Word]) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    for word in words {
        let digits = word.text.as_bytes();
        let pairs = digits.chunks(2).map(|pair| {
            let pair = str::from_utf8(pair).ok()?;
            let is_pair = pair.len() == 2 && pair.bytes().all(|c| c.is_ascii_hexdigit());
            is_pair.then(|| u8::from_str_radix(pair, 16).ok())?
        });
        let pairs: Option<Vec<_>> = pairs.collect();
        bytes.extend(pairs.ok_or_else(|| {
            format!(
                "{} is not hexadecimal; write two digits a byte, such as 0a ff",
                word.text
            )
        })?);
    }
    Ok(bytes)
}

/// A number, decimal or as `0x` and hexadecimal digits.
fn number<T: TryFrom<u64> + FromStr + Display>(word: &Word) -> Result<T, String> {
    let text = &word.text;
    let number = match text.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16),
        None => text.parse(),
    };
    let number = number.ok().and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| {
        let bits = size_of::<T>() * 8;
        format!("{text} is no number of {bits} bits; write one such as 12 or 0x0c")
    })
}

fn nothing_more(words: &[Word]) -> Result<(), String> {
    match words.first() {
        None => Ok(()),
        Some(word) => Err(format!(
            "{} is too much; remove it, or put a text with blanks in quotes",
            word.text
        )),
    }
}

/// The words behind the operation, taken one by one.
struct Arguments<'a> {
    scope: &'a Scope,
    verb: &'a str,
    words: &'a [Word],
}

impl<'a> Arguments<'a> {
    fn take(&mut self) -> Option<&'a Word> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    fn next(&mut self, what: &str) -> Result<&'a Word, String> {
        let verb = self.verb;
        self.take()
            .ok_or_else(|| format!("{verb} lacks {what}; write {}", usage(verb)))
    }

    fn rest(&mut self) -> &'a [Word] {
        std::mem::take(&mut self.words)
    }

    fn text(&mut self, what: &str) -> Result<String, String> {
        Ok(self.next(what)?.text.clone())
    }

    fn optional_text(&mut self) -> Option<String> {
        self.take().map(|word| word.text.clone())
    }

    /// Takes the next word if it is this one.
    fn flag(&mut self, keyword: &str) -> bool {
        let found = self.words.first().is_some_and(|word| word.is(keyword));
        if found {
            self.take();
        }
        found
    }

    fn variable(&mut self, what: &str) -> Result<(Variable, Kind), String> {
        let word = self.next(what)?;
        let Some(name) = word.variable() else {
            let usage = usage(self.verb);
            return Err(format!("{} is no variable; write {usage}", word.text));
        };
        Ok((name.to_owned(), self.kind(name)?))
    }

    fn kind(&self, name: &str) -> Result<Kind, String> {
        self.scope.get(name).copied().ok_or_else(|| {
            format!("${name} is not set in this thread; write ${name} = open ... before")
        })
    }

    fn key(&mut self) -> Result<Variable, String> {
        let (name, kind) = self.variable("a key")?;
        self.want(name, kind, Kind::Key)
    }

    fn transaction(&mut self) -> Result<Variable, String> {
        let (name, kind) = self.variable("a transaction")?;
        self.want(name, kind, Kind::Transaction)
    }

    fn want(&self, name: Variable, kind: Kind, wanted: Kind) -> Result<Variable, String> {
        match (kind == wanted, wanted) {
            (true, _) => Ok(name),
            (false, Kind::Key) => Err(format!(
                "${name} is a transaction; write a variable that open or create has set"
            )),
            (false, Kind::Transaction) => Err(format!(
                "${name} is a key; write a variable that begin has set"
            )),
        }
    }

    fn in_transaction(&mut self) -> Result<Option<Variable>, String> {
        match self.flag("in") {
            true => self.transaction().map(Some),
            false => Ok(None),
        }
    }

    fn path(&mut self) -> Result<Path, String> {
        let word = self.next("a key's name")?;
        let text = word.text.as_str();
        if text.starts_with('\\') {
            return Ok(Path {
                below: None,
                name: text.to_owned(),
            });
        }
        let parts = text
            .strip_prefix('$')
            .and_then(|rest| rest.split_once('\\'));
        match parts {
            Some((below, name)) if is_name(below) => {
                let kind = self.kind(below)?;
                Ok(Path {
                    below: Some(self.want(below.to_owned(), kind, Kind::Key)?),
                    name: name.to_owned(),
                })
            }
            _ => Err(format!(
                "{text} is no key's name; write \\Registry\\... or $key\\..., in quotes if there \
                 are blanks in it"
            )),
        }
    }

    fn file(&mut self) -> Result<String, String> {
        let word = self.next("a file")?;
        match word.text.starts_with('\\') {
            true => Ok(word.text.clone()),
            false => Err(format!(
                "{} is no NT path; write one such as \\??\\C:\\saved.hiv",
                word.text
            )),
        }
    }

    /// Rights, if the next words are not something else.
    fn access(&mut self, default: KeyAccess) -> Result<KeyAccess, String> {
        match self.words.first() {
            Some(word) if !word.is("in") && !word.is("volatile") => {
                self.take();
                access(&word.text)
            }
            _ => Ok(default),
        }
    }
}

fn access(text: &str) -> Result<KeyAccess, String> {
    let mut access = KeyAccess::empty();
    for part in text.split('|') {
        let named = RIGHTS.iter().find(|(name, _)| *name == part);
        let number = || {
            let number = u32::from_str_radix(part.strip_prefix("0x")?, 16).ok()?;
            Some(KeyAccess::from_bits_retain(number))
        };
        let right = named.map(|(_, right)| *right).or_else(number);
        access |= right.ok_or_else(|| {
            let names: Vec<_> = RIGHTS.iter().map(|(name, _)| *name).collect();
            format!(
                "{part} is no right; write 0x and a mask, or of these, joined by |: {}",
                names.join(", ")
            )
        })?;
    }
    Ok(access)
}

/// How an operation is written.
fn usage(verb: &str) -> &'static str {
    match verb {
        "open" => "open PATH [ACCESS] [in $transaction]",
        "create" => "create PATH [ACCESS] [volatile] [in $transaction]",
        "load_app" => "load_app FILE [ACCESS]",
        "commit" => "commit $transaction",
        "rollback" => "rollback $transaction",
        "close" => "close $variable",
        "set" => "set $key NAME TYPE DATA",
        "query" => "query $key [NAME]",
        "name" => "name $key",
        "delete" => "delete $key [NAME]",
        "rename" => "rename $key NAME",
        "enumerate" => "enumerate $key keys|values [INDEX]",
        "flush" => "flush $key",
        "load" => "load PATH FILE",
        "unload" => "unload PATH [force]",
        "save" => "save $key FILE",
        "restore" => "restore $key FILE [force]",
        _ => OPERATIONS,
    }
}

#[cfg(test)]
mod tests;
