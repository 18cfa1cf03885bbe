//! Walking along a path from a key, and what stops the walk.

use std::sync::Arc;

use super::children::NewKey;
use super::key::Key;
use super::{MAX_KEY_NAME, SEPARATOR};
use crate::status::Status;

/// Where a walk along a path ended.
#[derive(Debug)]
pub enum Parsed<T> {
    /// At its goal.
    Found(T),
    /// At a symbolic link: the whole operation starts again with this absolute name, which is the
    /// link's target and what remained of the path (`STATUS_REPARSE`).
    Reparse(Vec<u16>),
}

/// Whether [`Key::create`] made the key or found it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub enum Disposition {
    /// `REG_CREATED_NEW_KEY`.
    CreatedNew = 1,
    /// `REG_OPENED_EXISTING_KEY`.
    OpenedExisting = 2,
}

/// Who walks: it sees keys from inside or outside of a transaction.
pub(super) trait Walker {
    /// The subkey `name` (one component).
    fn child(&self, key: &Arc<Key>, name: &[u16]) -> Result<Arc<Key>, Status>;

    /// The subkey `name`, made if it does not exist; the flag says whether it was made.
    fn create_child(
        &mut self,
        key: &Arc<Key>,
        name: &[u16],
        new: &NewKey<'_>,
    ) -> Result<(Arc<Key>, bool), Status>;

    /// The target of a symbolic link.
    fn link_target(&self, link: &Arc<Key>) -> Result<Vec<u16>, Status>;

    /// Fails with `STATUS_KEY_DELETED` for a deleted key.
    fn check_live(&self, key: &Arc<Key>) -> Result<(), Status>;
}

/// Outside of all transactions.
struct Outside;

impl Walker for Outside {
    fn child(&self, key: &Arc<Key>, name: &[u16]) -> Result<Arc<Key>, Status> {
        key.child(name)
    }

    fn create_child(
        &mut self,
        key: &Arc<Key>,
        name: &[u16],
        new: &NewKey<'_>,
    ) -> Result<(Arc<Key>, bool), Status> {
        key.create_child(name, new)
    }

    fn link_target(&self, link: &Arc<Key>) -> Result<Vec<u16>, Status> {
        link.link_target()
    }

    fn check_live(&self, key: &Arc<Key>) -> Result<(), Status> {
        key.check_live()
    }
}

impl Key {
    /// Opens the key at `path`, relative to this key. An empty path is the key itself.
    ///
    /// Symbolic links on the way give [`Parsed::Reparse`]; so does one at the end, unless
    /// `open_link` (`OBJ_OPENLINK`) asks for the link itself.
    ///
    /// # Errors
    /// `STATUS_OBJECT_NAME_NOT_FOUND`, `STATUS_OBJECT_PATH_SYNTAX_BAD` for a path that begins with
    /// a backslash, `STATUS_INVALID_PARAMETER` for a component that is too long,
    /// `STATUS_KEY_DELETED`.
    pub fn open(
        self: &Arc<Self>,
        path: &[u16],
        open_link: bool,
    ) -> Result<Parsed<Arc<Self>>, Status> {
        open(&Outside, self, path, open_link)
    }

    /// Opens the key at `path`, relative to this key, or makes its last component.
    ///
    /// Links are treated as in [`open`](Self::open).
    ///
    /// # Errors
    /// Those of [`open`](Self::open) and [`create_child`](Self::create_child);
    /// `STATUS_OBJECT_NAME_COLLISION` if a link (`new.link`) is to be made where a key exists, a
    /// link or not.
    pub fn create(
        self: &Arc<Self>,
        path: &[u16],
        open_link: bool,
        new: &NewKey<'_>,
    ) -> Result<Parsed<(Arc<Self>, Disposition)>, Status> {
        create(&mut Outside, self, path, open_link, new)
    }
}

/// What [`walk`] leaves to do: the last component, empty for an empty path.
struct LastStep<'p> {
    parent: Arc<Key>,
    last: &'p [u16],
}

/// [`Key::open`] as `walker` sees the keys.
pub(super) fn open(
    walker: &impl Walker,
    root: &Arc<Key>,
    path: &[u16],
    open_link: bool,
) -> Result<Parsed<Arc<Key>>, Status> {
    let LastStep { parent, last } = match walk(walker, root, path)? {
        Parsed::Found(found) => found,
        Parsed::Reparse(name) => return Ok(Parsed::Reparse(name)),
    };
    if last.is_empty() {
        walker.check_live(&parent)?;
        return Ok(Parsed::Found(parent));
    }
    let key = walker.child(&parent, last)?;
    arrive(walker, key, open_link)
}

/// [`Key::create`] as `walker` sees the keys.
pub(super) fn create(
    walker: &mut impl Walker,
    root: &Arc<Key>,
    path: &[u16],
    open_link: bool,
    new: &NewKey<'_>,
) -> Result<Parsed<(Arc<Key>, Disposition)>, Status> {
    let LastStep { parent, last } = match walk(walker, root, path)? {
        Parsed::Found(found) => found,
        Parsed::Reparse(name) => return Ok(Parsed::Reparse(name)),
    };
    if last.is_empty() {
        walker.check_live(&parent)?;
        return Ok(Parsed::Found((parent, Disposition::OpenedExisting)));
    }
    let (key, made) = walker.create_child(&parent, last, new)?;
    if made {
        return Ok(Parsed::Found((key, Disposition::CreatedNew)));
    }
    if new.link {
        return Err(Status::OBJECT_NAME_COLLISION);
    }
    Ok(match arrive(walker, key, open_link)? {
        Parsed::Found(key) => Parsed::Found((key, Disposition::OpenedExisting)),
        Parsed::Reparse(name) => Parsed::Reparse(name),
    })
}

/// Goes along `path` up to the key above its last component.
fn walk<'p>(
    walker: &impl Walker,
    root: &Arc<Key>,
    path: &'p [u16],
) -> Result<Parsed<LastStep<'p>>, Status> {
    if path.first() == Some(&SEPARATOR) {
        return Err(Status::OBJECT_PATH_SYNTAX_BAD);
    }
    let mut key = Arc::clone(root);
    let (mut name, mut rest) = split_first(path);
    loop {
        if key.is_link() && !name.is_empty() {
            return Ok(Parsed::Reparse(substitute(walker, &key, &[name, rest])?));
        }
        if name.len() > MAX_KEY_NAME {
            return Err(Status::INVALID_PARAMETER);
        }
        if rest.is_empty() {
            return Ok(Parsed::Found(LastStep {
                parent: key,
                last: name,
            }));
        }
        key = walker.child(&key, name)?;
        (name, rest) = split_first(rest);
    }
}

/// Follows `key` if it is a link, unless the link itself is wanted.
fn arrive(
    walker: &impl Walker,
    key: Arc<Key>,
    open_link: bool,
) -> Result<Parsed<Arc<Key>>, Status> {
    if key.is_link() && !open_link {
        return Ok(Parsed::Reparse(substitute(walker, &key, &[])?));
    }
    Ok(Parsed::Found(key))
}

/// The target of `link` with `rest` appended to it.
fn substitute(walker: &impl Walker, link: &Arc<Key>, rest: &[&[u16]]) -> Result<Vec<u16>, Status> {
    let mut name = walker.link_target(link)?;
    while name.last() == Some(&SEPARATOR) {
        name.pop();
    }
    for part in rest.iter().filter(|part| !part.is_empty()) {
        name.push(SEPARATOR);
        name.extend_from_slice(part);
    }
    Ok(name)
}

/// Splits a path after its first component. Repeated and trailing separators count for nothing.
pub(super) fn split_first(path: &[u16]) -> (&[u16], &[u16]) {
    let end = path
        .iter()
        .position(|&unit| unit == SEPARATOR)
        .unwrap_or(path.len());
    let (name, rest) = path.split_at(end);
    let skip = rest
        .iter()
        .position(|&unit| unit != SEPARATOR)
        .unwrap_or(rest.len());
    (name, &rest[skip..])
}

/// Splits a path before its last component. Trailing separators count for nothing.
pub(super) fn split_last(path: &[u16]) -> (&[u16], &[u16]) {
    let end = path
        .iter()
        .rposition(|&unit| unit != SEPARATOR)
        .map_or(0, |last| last + 1);
    let path = &path[..end];
    let begin = path
        .iter()
        .rposition(|&unit| unit == SEPARATOR)
        .map_or(0, |at| at + 1);
    (&path[..begin], &path[begin..])
}
