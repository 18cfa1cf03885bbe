//! One operation: its first word says which, the others what to do it with.

use crate::{KeyAccess, KeyOptions};
use wdm_sys::{REG_BINARY, REG_DWORD, REG_EXPAND_SZ, REG_MULTI_SZ, REG_QWORD, REG_SZ};

use super::super::words::Word;
use super::super::{Data, Entries, Operation, Variable};
use super::arguments::{Arguments, nothing_more, number};
use super::{Kind, Scope};

const OPERATIONS: &str = "open, create, close, set, query, name, delete, rename, enumerate, flush, \
     load, load_app, unload, save, restore, ioctl, begin, commit, rollback, process, thread or end";
pub(super) fn operation(scope: &mut Scope, words: &[Word]) -> Result<Operation, String> {
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
        "ioctl" => ioctl(arguments)?,
        _ => return Err(unknown(verb)),
    })
}

/// The most that a script may ask a device for.
const MAX_OUTPUT: u32 = 1 << 30;

fn ioctl(arguments: &mut Arguments<'_>) -> Result<Operation, String> {
    let device = arguments.text("a device")?;
    if !device.starts_with('\\') {
        return Err(format!("{device} is no native path; write \\Device\\Name"));
    }
    let code = number(arguments.next("a control code")?)?;
    let output_len: u32 = number(arguments.next("the output's length")?)?;
    if output_len > MAX_OUTPUT {
        return Err(format!(
            "{output_len} bytes of output are too many; ask for up to {MAX_OUTPUT}"
        ));
    }
    Ok(Operation::Ioctl {
        device,
        code,
        output_len: output_len as usize,
        input: hex(arguments.rest())?,
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
/// How an operation is written.
pub(super) fn usage(verb: &str) -> &'static str {
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
        "ioctl" => "ioctl DEVICE CODE OUTPUT_LEN [INPUT_HEX...]",
        _ => OPERATIONS,
    }
}
