//! From a script's text to its operations.

mod arguments;
mod operation;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::{Privileges, Status};

use super::words::{Word, split};
use super::{Block, Line, Program, Script, Step, Variable};
use arguments::{nothing_more, number};
use operation::operation;

/// The process that a script begins in.
const FIRST_PROCESS: &str = "user.exe";

/// What is wrong with a line, and what to write instead.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct SyntaxError {
    /// The line, from 1.
    pub line: usize,
    /// One line of text.
    pub what: String,
}

/// Parses a script.
///
/// # Errors
/// All that is wrong, by line.
pub(super) fn parse(text: &str) -> Result<Script, Vec<SyntaxError>> {
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
        script.processes.insert(process.clone(), Program::default());
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
        let [name, properties @ ..] = words else {
            return Err("process without a name; write process NAME".to_owned());
        };
        if name.text.is_empty() {
            return Err("the process has an empty name; write process NAME".to_owned());
        }
        let before = self.script.processes.get(&name.text).copied();
        let mut program = before.unwrap_or_default();
        for word in properties {
            let (account, wow64) = (program.account, program.wow64);
            if let Ok(named) = word.text.parse() {
                program.account = named;
            } else {
                match word.text.as_str() {
                    "backup" => program.privileges |= Privileges::BACKUP,
                    "restore" => program.privileges |= Privileges::RESTORE,
                    "security" => program.privileges |= Privileges::SECURITY,
                    "take_ownership" => program.privileges |= Privileges::TAKE_OWNERSHIP,
                    "tcb" => program.privileges |= Privileges::TCB,
                    "wow64" => program.wow64 = true,
                    other => {
                        return Err(format!(
                            "{other} is nothing that a process can be; write backup, restore, security, \
                         take_ownership, tcb, system, administrator, user or wow64"
                        ));
                    }
                }
            }
            if before.is_some() && (account, wow64) != (program.account, program.wow64) {
                return Err(format!(
                    "{} runs already, and is not {}; name it where it comes first, or another process",
                    name.text, word.text
                ));
            }
        }
        self.flush_threads();
        self.process.clone_from(&name.text);
        self.script.processes.insert(name.text.clone(), program);
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
