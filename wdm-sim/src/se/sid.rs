//! Security identifiers.

use std::fmt;
use std::str::FromStr;

/// The bytes before the first subauthority.
pub(crate) const HEAD: usize = 8;
/// `SID_REVISION`.
pub(crate) const REVISION: u8 = 1;
/// `SID_MAX_SUB_AUTHORITIES`.
pub(crate) const MAX_SUBAUTHORITIES: u8 = 15;

/// A security identifier: who somebody is, or which group.
///
/// ```
/// use wdm_sim::Sid;
///
/// let administrators: Sid = "S-1-5-32-544".parse()?;
/// assert_eq!(administrators, Sid::ADMINISTRATORS.parse()?);
/// assert_eq!(administrators.to_string(), "S-1-5-32-544");
/// assert!("S-1".parse::<Sid>().is_err());
/// # Ok::<(), wdm_sim::MalformedSid>(())
/// ```
///
/// Layout and well-known values: MS-DTYP 2.4.2.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Sid(Box<[u8]>);

impl Sid {
    /// Everyone.
    pub const EVERYONE: &'static str = "S-1-1-0";
    /// `CREATOR_OWNER`: in an entry that is inherited, the owner of the new object.
    pub const CREATOR_OWNER: &'static str = "S-1-3-0";
    /// `CREATOR_GROUP`: the same for its group.
    pub const CREATOR_GROUP: &'static str = "S-1-3-1";
    /// `OWNER_RIGHTS`: in a list, the owner, in place of the rights that owners have.
    pub const OWNER_RIGHTS: &'static str = "S-1-3-4";
    /// Who has logged on at the machine.
    pub const INTERACTIVE: &'static str = "S-1-5-4";
    /// Who has a name and a password.
    pub const AUTHENTICATED_USERS: &'static str = "S-1-5-11";
    /// Code that runs with a restricted token.
    pub const RESTRICTED: &'static str = "S-1-5-12";
    /// The account of the operating system.
    pub const LOCAL_SYSTEM: &'static str = "S-1-5-18";
    /// The group of administrators.
    pub const ADMINISTRATORS: &'static str = "S-1-5-32-544";
    /// The group of users.
    pub const USERS: &'static str = "S-1-5-32-545";

    /// The SID at the beginning of `bytes`.
    pub(super) fn bytes_at(bytes: &[u8]) -> Option<&[u8]> {
        let count = usize::from(*bytes.get(1)?);
        bytes.get(..HEAD + 4 * count)
    }

    /// A well-known SID, or another that is known to be well formed.
    pub(super) fn known(text: &str) -> Self {
        match text.parse() {
            Ok(sid) => sid,
            Err(MalformedSid(_)) => unreachable!("{text} is in the source"),
        }
    }

    /// Its bytes, as descriptors and access lists have them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A text that is no security identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no security identifier; give one such as S-1-5-32-544")]
pub struct MalformedSid(String);

impl FromStr for Sid {
    type Err = MalformedSid;

    fn from_str(text: &str) -> Result<Self, MalformedSid> {
        parse(text).ok_or_else(|| MalformedSid(text.to_owned()))
    }
}

fn parse(text: &str) -> Option<Sid> {
    let mut numbers = text.strip_prefix("S-1-")?.split('-');
    let authority = numbers.next()?;
    let authority = match authority.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok()?,
        None => authority.parse().ok()?,
    };
    let subauthorities: Vec<u32> = numbers.map(|n| n.parse().ok()).collect::<Option<_>>()?;
    if authority >> 48 != 0
        || !(1..=usize::from(MAX_SUBAUTHORITIES)).contains(&subauthorities.len())
    {
        return None;
    }
    let mut bytes = vec![REVISION, subauthorities.len() as u8];
    bytes.extend_from_slice(&authority.to_be_bytes()[2..]);
    bytes.extend(subauthorities.iter().flat_map(|n| n.to_le_bytes()));
    Some(Sid(bytes.into()))
}

impl fmt::Display for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(&self.0))
    }
}

/// The text of a whole SID. An authority that does not fit 32 bits is written in hexadecimal.
pub(crate) fn text(bytes: &[u8]) -> String {
    let authority = bytes[2..HEAD].iter();
    let authority = authority.fold(0_u64, |number, &byte| number << 8 | u64::from(byte));
    let authority = match u32::try_from(authority) {
        Ok(small) => small.to_string(),
        Err(_) => format!("0x{authority:012X}"),
    };
    let parts = bytes[HEAD..].as_chunks::<4>().0.iter();
    let parts: String = parts
        .map(|part| format!("-{}", u32::from_le_bytes(*part)))
        .collect();
    format!("S-{}-{authority}{parts}", bytes[0])
}

impl fmt::Debug for Sid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sid({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::{Sid, text};

    #[test]
    fn identifiers_in_words() {
        let local_system = [1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];
        assert_eq!(text(&local_system), "S-1-5-18");
        assert_eq!(text(&[1, 0, 0, 0, 0, 0, 0, 5]), "S-1-5");
        let large = [1, 1, 1, 0, 0, 0, 0, 2, 0xFF, 0xFF, 0xFF, 0xFF];
        let words = "S-1-0x010000000002-4294967295";
        assert_eq!(text(&large), words);
        let read: Sid = words.parse().expect("it is one");
        assert_eq!(read.as_bytes(), large);
    }
}
