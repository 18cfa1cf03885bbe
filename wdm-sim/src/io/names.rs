//! Where the names of devices lead.

use std::sync::Arc;

use super::{DeviceMemory, State};
use crate::registry::upcase::upcase_name;
use crate::registry::wide;
use crate::status::Status;

/// As many links may stand between a name and its device.
const MAX_LINKS: usize = 32;
const SEPARATOR: u16 = b'\\' as u16;
/// The directory of links under the names that it has, those that begin with others first.
const LINKS: [&str; 5] = [
    r"\??\Global\",
    r"\DosDevices\Global\",
    r"\GLOBAL??\",
    r"\DosDevices\",
    r"\??\",
];

/// A name with the directory of links called `\??`.
fn normal(name: &[u16]) -> Vec<u16> {
    let upper = upcase_name(name);
    for directory in LINKS {
        let directory = upcase_name(&wide(directory));
        if upper.starts_with(&directory) {
            return [wide(r"\??\").as_slice(), &name[directory.len()..]].concat();
        }
    }
    name.to_vec()
}

/// What a name is looked up by.
pub(super) fn key(name: &[u16]) -> Vec<u16> {
    upcase_name(&normal(name))
}

impl State {
    /// The device that a name leads to, and what follows the device's own name.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND`, `STATUS_OBJECT_PATH_NOT_FOUND`,
    /// `STATUS_OBJECT_PATH_SYNTAX_BAD`.
    pub(super) fn resolve(&self, name: &[u16]) -> Result<(Arc<DeviceMemory>, Vec<u16>), Status> {
        let mut name = normal(name);
        'links: for _ in 0..MAX_LINKS {
            if name.first() != Some(&SEPARATOR) {
                return Err(Status::OBJECT_PATH_SYNTAX_BAD);
            }
            let upper = upcase_name(&name);
            let inner = (1..name.len()).filter(|&at| name[at] == SEPARATOR);
            for end in inner.chain([name.len()]) {
                let (begin, rest) = (&upper[..end], &name[end..]);
                let mut devices = self.devices.values();
                let named = devices.find(|device| {
                    let name = device.name.as_ref();
                    name.is_some_and(|name| key(name) == begin)
                });
                if let Some(device) = named {
                    return Ok((Arc::clone(&device.memory), rest.to_vec()));
                }
                if let Some(link) = self.links.get(begin) {
                    name = normal(&[link.target.as_slice(), rest].concat());
                    continue 'links;
                }
            }
            return Err(missing(&upper));
        }
        Err(Status::OBJECT_NAME_NOT_FOUND)
    }
}

/// What is missing of an upper-cased name: an object, or a directory above it.
fn missing(name: &[u16]) -> Status {
    let directories = [r"\DEVICE\", r"\??\", r"\"].map(wide);
    let below = directories
        .iter()
        .find_map(|it| name.strip_prefix(it.as_slice()));
    match below {
        Some(below) if below.contains(&SEPARATOR) => Status::OBJECT_PATH_NOT_FOUND,
        _ => Status::OBJECT_NAME_NOT_FOUND,
    }
}
