//! Keys that their security descriptors protect.

use wdm_sim::{Account, KeyAccess, Machine, Process, Sid, Status};
use wdm_sys::*;

/// An entry of a discretionary list: its type, the rights, and whose.
pub(crate) type Entry = (u8, u32, Sid);

pub(crate) fn sid(text: &str) -> Sid {
    text.parse().unwrap()
}

pub(crate) fn allow(who: &Sid, rights: u32) -> Entry {
    (ACCESS_ALLOWED, rights, who.clone())
}

pub(crate) fn deny(who: &Sid, rights: u32) -> Entry {
    (ACCESS_DENIED, rights, who.clone())
}

/// `ACCESS_ALLOWED_ACE_TYPE`.
const ACCESS_ALLOWED: u8 = 0;
/// `ACCESS_DENIED_ACE_TYPE`.
const ACCESS_DENIED: u8 = 1;
/// `SE_DACL_PRESENT` and `SE_SELF_RELATIVE`.
const CONTROL: u16 = 0x8004;

/// A self-relative descriptor with an owner and a discretionary list.
pub(crate) fn descriptor(owner: &Sid, entries: &[Entry]) -> Vec<u8> {
    let owner = owner.as_bytes();
    let mut list = vec![2, 0, 0, 0, entries.len() as u8, 0, 0, 0];
    for (kind, rights, who) in entries {
        let length = (8 + who.as_bytes().len()) as u16;
        list.extend_from_slice(&[*kind, 0]);
        list.extend_from_slice(&length.to_le_bytes());
        list.extend_from_slice(&rights.to_le_bytes());
        list.extend_from_slice(who.as_bytes());
    }
    let length = list.len() as u16;
    list[2..4].copy_from_slice(&length.to_le_bytes());
    let mut bytes = vec![1, 0];
    bytes.extend_from_slice(&CONTROL.to_le_bytes());
    for offset in [20, 0, 0, 20 + owner.len() as u32] {
        bytes.extend_from_slice(&offset.to_le_bytes());
    }
    bytes.extend_from_slice(owner);
    bytes.extend_from_slice(&list);
    bytes
}

/// Gives a key that descriptor's owner and list; makes the key, if it is not there.
pub(crate) fn protect(machine: &Machine, path: &str, descriptor: &[u8]) {
    let thread = machine.system_process().enter();
    let key = thread.create_key(path, KeyAccess::ALL).unwrap();
    let parts = OWNER_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION;
    key.set_security(parts, descriptor).unwrap();
}

/// Starts a program of an account.
pub(crate) fn start(machine: &Machine, account: Account) -> Process {
    machine.process_builder("app.exe").account(account).start()
}

/// Opens a key on a program's thread.
pub(crate) fn open(process: &Process, path: &str, access: u32) -> Result<(), Status> {
    let access = KeyAccess::from_bits_retain(access);
    process.enter().open_key(path, access).map(drop)
}
