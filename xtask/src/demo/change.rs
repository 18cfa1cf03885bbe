//! The second part of the workload: every kind of change is tried with every key.

use wdm_sim::registry::Disposition;
use wdm_sim::{KeyAccess, KeyOptions, Status, ThreadGuard, UserKey};

use super::policy::{self, Change, Policy, Standing};
use super::progress::Phase;
use super::survey::{Node, Survey};
use super::tally::Tally;

/// `DACL_SECURITY_INFORMATION`.
const DACL: u32 = 4;

/// A self-relative security descriptor with a NULL access list, which allows everything to all:
/// revision 1, `SE_DACL_PRESENT | SE_SELF_RELATIVE`, and no parts.
const OPEN_TO_ALL: [u8; 20] = {
    let mut bytes = [0; 20];
    bytes[0] = 1;
    bytes[2] = 0x04;
    bytes[3] = 0x80;
    bytes
};

/// The names that the demonstration gives to what it makes.
#[derive(Debug)]
pub(crate) struct Names {
    /// Of a value, and of a key.
    pub(crate) first: String,
    /// Of the key when it has been renamed.
    pub(crate) second: String,
}

/// How a key is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Absolute,
    /// Relative to the key above.
    Relative,
    /// Through a symbolic link above.
    Linked,
}

impl Way {
    const ALL: [Self; 3] = [Self::Absolute, Self::Relative, Self::Linked];
}

/// What the threads that change keys share.
#[derive(Clone, Copy)]
pub(crate) struct Plan<'a> {
    pub(crate) survey: &'a Survey,
    pub(crate) policy: &'a Policy,
    pub(crate) names: &'a Names,
}

/// A thread that changes keys.
pub(crate) struct Changes<'a> {
    thread: &'a ThreadGuard,
    plan: Plan<'a>,
    tally: Tally,
}

impl<'a> Changes<'a> {
    pub(crate) fn new(thread: &'a ThreadGuard, plan: Plan<'a>) -> Self {
        Self {
            thread,
            plan,
            tally: Tally::default(),
        }
    }

    /// Tries every change with each of these keys. A protected key is opened in every way that
    /// leads to it, the others in one way each.
    pub(crate) fn try_keys(mut self, phase: &Phase, indices: impl Iterator<Item = usize>) -> Tally {
        for (turn, index) in indices.enumerate() {
            let node = &self.plan.survey.nodes[index];
            match self.plan.policy.standing(&node.path) {
                Standing::Protected => {
                    for way in Way::ALL {
                        self.in_a_way(node, way);
                    }
                }
                Standing::Ancestor | Standing::Free => {
                    let way = Way::ALL[turn % Way::ALL.len()];
                    if !self.in_a_way(node, way) {
                        self.in_a_way(node, Way::Absolute);
                    }
                }
            }
            phase.advance(1);
        }
        self.tally
    }

    /// Tries every change with keys that are open already.
    pub(crate) fn try_open_keys(mut self, keys: &[(usize, UserKey<'_>)]) -> Tally {
        for (index, key) in keys {
            self.try_key(&self.plan.survey.nodes[*index], key);
        }
        self.tally
    }

    /// Opens a key, which anybody may, and tries every change with it. Says whether the key can be
    /// opened in that way.
    fn in_a_way(&mut self, node: &'a Node, way: Way) -> bool {
        let Some(opened) = self.open(node, way) else {
            return false;
        };
        let what = match way {
            Way::Absolute => "opening",
            Way::Relative => "opening, from the key above,",
            Way::Linked => "opening, through a link,",
        };
        if let Some(key) = self.tally.succeeds(what, &node.path, opened) {
            self.try_key(node, &key);
            self.tally.succeeds("closing", &node.path, key.close());
        }
        true
    }

    fn open(&mut self, node: &'a Node, way: Way) -> Option<Result<UserKey<'a>, Status>> {
        let (thread, all) = (self.thread, KeyAccess::ALL);
        match way {
            Way::Absolute => Some(thread.open_key_with(&node.path, all, node.options())),
            // There is no relative open of a link itself.
            Way::Relative if node.link => None,
            Way::Relative => {
                let above = &self.plan.survey.nodes[node.parent?];
                let above = thread.open_key_with(&above.path, KeyAccess::READ, above.options());
                Some(above.and_then(|above| above.open_key(node.name(), all)))
            }
            Way::Linked => {
                let path = self.plan.survey.through_link(&node.path)?;
                Some(thread.open_key_with(&path, all, node.options()))
            }
        }
    }

    /// Tries every change that can be told how it has to end.
    fn try_key(&mut self, node: &'a Node, key: &UserKey<'_>) {
        let standing = self.plan.policy.standing(&node.path);
        for change in Change::ALL {
            let Some(expected) = policy::expected(node, standing, change) else {
                continue;
            };
            let got = self.attempt(node, standing, key, change);
            if self
                .tally
                .ends(change.describe(), &node.path, got, expected)
            {
                self.count(change, standing, expected);
            }
        }
    }

    fn count(&mut self, change: Change, standing: Standing, ended: Result<(), Status>) {
        match ended {
            Ok(()) if change != Change::OpenByCreate => self.tally.allowed_changes += 1,
            Err(Status::ACCESS_DENIED) if standing != Standing::Free => {
                self.tally.denied_changes += 1;
            }
            _ => {}
        }
    }

    fn attempt(
        &mut self,
        node: &Node,
        standing: Standing,
        key: &UserKey<'_>,
        change: Change,
    ) -> Result<(), Status> {
        let names = self.plan.names;
        match change {
            Change::SetValue => key.set_dword(&names.first, 1),
            Change::DeleteValue => {
                // A value that is there must survive in a protected key.
                let own = node
                    .values
                    .first()
                    .filter(|_| standing == Standing::Protected);
                key.delete_value(own.unwrap_or(&names.first))
            }
            Change::CreateSubkey => self.create(node, key, KeyOptions::empty()),
            Change::CreateVolatileSubkey => self.create(node, key, KeyOptions::VOLATILE),
            Change::OpenByCreate => {
                let none = KeyOptions::empty();
                let opened = self
                    .thread
                    .create_key_with(&node.path, KeyAccess::ALL, none)?;
                existing(opened.1)
            }
            Change::Rename => key.rename(&names.second),
            Change::SetSecurity => match standing {
                Standing::Protected => key.set_security(DACL, &OPEN_TO_ALL),
                // What it was, so that nothing has to be undone.
                _ => key
                    .security(DACL)
                    .and_then(|own| key.set_security(DACL, &own)),
            },
            Change::DeleteKey => key.delete(),
            Change::SetLastWriteTime => match standing {
                Standing::Protected => key.set_last_write_time(1),
                _ => key.set_last_write_time(node.last_write_time),
            },
        }
    }

    /// Creates a subkey: relative to the open key if stable, by its absolute name if volatile. One
    /// that is made goes through all changes there are, the last of which deletes it.
    fn create(
        &mut self,
        node: &Node,
        key: &UserKey<'_>,
        options: KeyOptions,
    ) -> Result<(), Status> {
        let name = &self.plan.names.first;
        let path = format!(r"{}\{name}", node.path);
        // An absolute name with a link in it would lead elsewhere.
        let (made, _) = if options.is_empty() || node.link {
            key.create_key_with(name, KeyAccess::ALL, options)?
        } else {
            self.thread
                .create_key_with(&path, KeyAccess::ALL, options)?
        };
        self.change_freely(node, &path, &made);
        Ok(())
    }

    /// Makes every change to a key that nothing protects.
    fn change_freely(&mut self, parent: &Node, path: &str, key: &UserKey<'_>) {
        let names = self.plan.names;
        // It has the descriptor of its parent, which a damaged hive may have spoilt.
        let security = parent.security.map(drop);
        let changes = [
            (
                "setting a value of",
                key.set_string(&names.first, "demo"),
                Ok(()),
            ),
            (
                "setting the security of",
                key.set_security(DACL, &OPEN_TO_ALL),
                security,
            ),
            (
                "setting the last write time of",
                key.set_last_write_time(1),
                Ok(()),
            ),
            ("renaming", key.rename(&names.second), Ok(())),
            (
                "deleting a value of",
                key.delete_value(&names.first),
                Ok(()),
            ),
            ("deleting", key.delete(), Ok(())),
        ];
        for (what, got, expected) in changes {
            if self.tally.ends(what, path, got, expected) && expected.is_ok() {
                self.tally.allowed_changes += 1;
            }
        }
        let gone = Err(Status::KEY_DELETED);
        self.tally
            .ends("querying, when deleted,", path, key.query().map(drop), gone);
    }
}

/// Success if a create opened the key that was there.
fn existing(disposition: Disposition) -> Result<(), Status> {
    match disposition {
        Disposition::OpenedExisting => Ok(()),
        Disposition::CreatedNew => Err(Status::OBJECT_NAME_NOT_FOUND),
    }
}
