//! The words behind an operation: texts, numbers, rights, paths and variables.

use std::fmt::Display;
use std::str::FromStr;

use crate::KeyAccess;

use super::super::words::{Word, is_name};
use super::super::{Path, Variable};
use super::operation::usage;
use super::{Kind, Scope};

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
/// A number, decimal or as `0x` and hexadecimal digits.
pub(super) fn number<T: TryFrom<u64> + FromStr + Display>(word: &Word) -> Result<T, String> {
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

pub(super) fn nothing_more(words: &[Word]) -> Result<(), String> {
    match words.first() {
        None => Ok(()),
        Some(word) => Err(format!(
            "{} is too much; remove it, or put a text with blanks in quotes",
            word.text
        )),
    }
}

/// The words behind the operation, taken one by one.
pub(super) struct Arguments<'a> {
    pub(super) scope: &'a Scope,
    pub(super) verb: &'a str,
    pub(super) words: &'a [Word],
}

impl<'a> Arguments<'a> {
    pub(super) fn take(&mut self) -> Option<&'a Word> {
        let (first, rest) = self.words.split_first()?;
        self.words = rest;
        Some(first)
    }

    pub(super) fn next(&mut self, what: &str) -> Result<&'a Word, String> {
        let verb = self.verb;
        self.take()
            .ok_or_else(|| format!("{verb} lacks {what}; write {}", usage(verb)))
    }

    pub(super) fn rest(&mut self) -> &'a [Word] {
        std::mem::take(&mut self.words)
    }

    pub(super) fn text(&mut self, what: &str) -> Result<String, String> {
        Ok(self.next(what)?.text.clone())
    }

    pub(super) fn optional_text(&mut self) -> Option<String> {
        self.take().map(|word| word.text.clone())
    }

    /// Takes the next word if it is this one.
    pub(super) fn flag(&mut self, keyword: &str) -> bool {
        let found = self.words.first().is_some_and(|word| word.is(keyword));
        if found {
            self.take();
        }
        found
    }

    pub(super) fn variable(&mut self, what: &str) -> Result<(Variable, Kind), String> {
        let word = self.next(what)?;
        let Some(name) = word.variable() else {
            let usage = usage(self.verb);
            return Err(format!("{} is no variable; write {usage}", word.text));
        };
        Ok((name.to_owned(), self.kind(name)?))
    }

    pub(super) fn kind(&self, name: &str) -> Result<Kind, String> {
        self.scope.get(name).copied().ok_or_else(|| {
            format!("${name} is not set in this thread; write ${name} = open ... before")
        })
    }

    pub(super) fn key(&mut self) -> Result<Variable, String> {
        let (name, kind) = self.variable("a key")?;
        self.want(name, kind, Kind::Key)
    }

    pub(super) fn transaction(&mut self) -> Result<Variable, String> {
        let (name, kind) = self.variable("a transaction")?;
        self.want(name, kind, Kind::Transaction)
    }

    pub(super) fn want(
        &self,
        name: Variable,
        kind: Kind,
        wanted: Kind,
    ) -> Result<Variable, String> {
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

    pub(super) fn in_transaction(&mut self) -> Result<Option<Variable>, String> {
        match self.flag("in") {
            true => self.transaction().map(Some),
            false => Ok(None),
        }
    }

    pub(super) fn path(&mut self) -> Result<Path, String> {
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

    pub(super) fn file(&mut self) -> Result<String, String> {
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
    pub(super) fn access(&mut self, default: KeyAccess) -> Result<KeyAccess, String> {
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
