//! What registry-guard's policy, and the registry itself, say of a change.

use wdm_sim::Status;
use wdm_sim::registry::MAX_DEPTH;

use super::survey::Node;

/// Where a key is, seen from what is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// Outside.
    Free,
    /// Above a protected subtree, so its name must stay.
    Ancestor,
    /// In a protected subtree.
    Protected,
}

/// The protected subtrees.
#[derive(Debug)]
pub(crate) struct Policy {
    /// Their roots' absolute names, without links in them.
    roots: Vec<String>,
}

impl Policy {
    /// A policy that protects the keys of these absolute names, and all below them.
    pub(crate) fn new(roots: Vec<String>) -> Self {
        Self { roots }
    }

    /// Where the key of an absolute name is. The name is spelled as the key's is.
    pub(crate) fn standing(&self, path: &str) -> Standing {
        if self.roots.iter().any(|root| is_at_or_below(path, root)) {
            Standing::Protected
        } else if self.roots.iter().any(|root| is_at_or_below(root, path)) {
            Standing::Ancestor
        } else {
            Standing::Free
        }
    }
}

fn is_at_or_below(path: &str, above: &str) -> bool {
    path.strip_prefix(above)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('\\'))
}

/// What is tried with a key, in the order in which it is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    SetValue,
    /// Of the value that was set, or of one that is there where none could be set.
    DeleteValue,
    /// A stable one.
    CreateSubkey,
    CreateVolatileSubkey,
    /// Opening the key itself by a create, which changes nothing.
    OpenByCreate,
    Rename,
    SetSecurity,
    /// Tried where it must fail only; keys that the demonstration made are deleted otherwise.
    DeleteKey,
    /// The last one, as it sets back the time that the others changed.
    SetLastWriteTime,
}

impl Change {
    pub(crate) const ALL: [Self; 9] = [
        Self::SetValue,
        Self::DeleteValue,
        Self::CreateSubkey,
        Self::CreateVolatileSubkey,
        Self::OpenByCreate,
        Self::Rename,
        Self::SetSecurity,
        Self::DeleteKey,
        Self::SetLastWriteTime,
    ];

    /// What it does, for people.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::SetValue => "setting a value of",
            Self::DeleteValue => "deleting a value of",
            Self::CreateSubkey => "creating a key below",
            Self::CreateVolatileSubkey => "creating a volatile key below",
            Self::OpenByCreate => "opening, by a create,",
            Self::Rename => "renaming",
            Self::SetSecurity => "setting the security of",
            Self::DeleteKey => "deleting",
            Self::SetLastWriteTime => "setting the last write time of",
        }
    }
}

/// How a change of a key has to end; `None` if it is not to be tried, because its success could not
/// be undone.
pub(crate) fn expected(
    node: &Node,
    standing: Standing,
    change: Change,
) -> Option<Result<(), Status>> {
    match standing {
        Standing::Protected => protected(node, change),
        Standing::Ancestor if change == Change::Rename => Some(Err(Status::ACCESS_DENIED)),
        Standing::Ancestor | Standing::Free => unprotected(node, change),
    }
}

/// Reading is free to all, whichever way a key is opened; changing is not.
fn protected(node: &Node, change: Change) -> Option<Result<(), Status>> {
    match change {
        // It would be a create of what the link leads to.
        Change::OpenByCreate if node.link => None,
        Change::OpenByCreate => Some(Ok(())),
        _ => Some(Err(Status::ACCESS_DENIED)),
    }
}

/// What the registry itself allows.
fn unprotected(node: &Node, change: Change) -> Option<Result<(), Status>> {
    // `\REGISTRY` and its subkeys belong to no hive.
    if node.depth < 2 {
        return None;
    }
    let too_deep = node.depth >= usize::from(MAX_DEPTH);
    match change {
        // A link has no value but its target's name.
        Change::SetValue if node.link => Some(Err(Status::ACCESS_DENIED)),
        Change::DeleteValue if node.link => Some(Err(Status::OBJECT_NAME_NOT_FOUND)),
        // It would be a create below what the link leads to.
        Change::CreateSubkey | Change::CreateVolatileSubkey if node.link => None,
        Change::OpenByCreate if node.link => None,
        Change::CreateSubkey if node.volatile => Some(Err(Status::CHILD_MUST_BE_VOLATILE)),
        Change::CreateSubkey | Change::CreateVolatileSubkey if too_deep => {
            Some(Err(Status::INVALID_PARAMETER))
        }
        Change::SetSecurity => Some(node.security.map(drop)),
        Change::DeleteKey if !node.subkeys.is_empty() => Some(Err(Status::CANNOT_DELETE)),
        Change::Rename | Change::DeleteKey => None,
        Change::SetValue
        | Change::DeleteValue
        | Change::CreateSubkey
        | Change::CreateVolatileSubkey
        | Change::OpenByCreate
        | Change::SetLastWriteTime => Some(Ok(())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::survey::tests::node;

    const DENIED: Option<Result<(), Status>> = Some(Err(Status::ACCESS_DENIED));

    #[test]
    fn a_standing_goes_by_whole_components() {
        let policy = Policy::new(vec![r"\REGISTRY\MACHINE\SYSTEM\Setup".to_owned()]);
        for (path, standing) in [
            (r"\REGISTRY", Standing::Ancestor),
            (r"\REGISTRY\MACHINE\SYSTEM", Standing::Ancestor),
            (r"\REGISTRY\MACHINE\SYSTEM\Setup", Standing::Protected),
            (r"\REGISTRY\MACHINE\SYSTEM\Setup\A\B", Standing::Protected),
            (r"\REGISTRY\MACHINE\SYSTEM\Setup2", Standing::Free),
            (r"\REGISTRY\MACHINE\SYS", Standing::Free),
            (r"\REGISTRY\USER", Standing::Free),
        ] {
            assert_eq!(policy.standing(path), standing, "{path}");
        }
    }

    #[test]
    fn inside_all_is_denied_but_opening() {
        let inside = node(r"\REGISTRY\MACHINE\SYSTEM\Setup");
        for change in Change::ALL {
            let expected = expected(&inside, Standing::Protected, change);
            match change {
                Change::OpenByCreate => assert_eq!(expected, Some(Ok(()))),
                _ => assert_eq!(expected, DENIED, "{change:?}"),
            }
        }
    }

    #[test]
    fn an_ancestor_keeps_its_name_and_may_change_otherwise() {
        let above = node(r"\REGISTRY\MACHINE\SYSTEM");
        let ends = |change| expected(&above, Standing::Ancestor, change);
        assert_eq!(ends(Change::Rename), DENIED);
        assert_eq!(ends(Change::SetValue), Some(Ok(())));
        assert_eq!(ends(Change::CreateSubkey), Some(Ok(())));
    }

    #[test]
    fn nothing_that_cannot_be_undone_is_tried_outside() {
        let mut outside = node(r"\REGISTRY\MACHINE\SYSTEM\Select");
        let ends = |node: &Node, change| expected(node, Standing::Free, change);
        assert_eq!(ends(&outside, Change::Rename), None);
        assert_eq!(ends(&outside, Change::DeleteKey), None);
        outside.subkeys.push("Below".to_owned());
        assert_eq!(
            ends(&outside, Change::DeleteKey),
            Some(Err(Status::CANNOT_DELETE))
        );
        let top = node(r"\REGISTRY\MACHINE");
        assert!(
            Change::ALL
                .iter()
                .all(|&change| ends(&top, change).is_none())
        );
    }

    #[test]
    fn what_the_registry_itself_forbids_is_expected() {
        let plain = node(r"\REGISTRY\MACHINE\SYSTEM\Key");
        let ends = |node: &Node, change| expected(node, Standing::Free, change);

        let volatile = Node {
            volatile: true,
            ..plain.clone()
        };
        assert_eq!(
            ends(&volatile, Change::CreateSubkey),
            Some(Err(Status::CHILD_MUST_BE_VOLATILE))
        );
        assert_eq!(ends(&volatile, Change::CreateVolatileSubkey), Some(Ok(())));

        let link = Node {
            link: true,
            ..plain.clone()
        };
        assert_eq!(ends(&link, Change::SetValue), DENIED);
        assert_eq!(ends(&link, Change::CreateSubkey), None);

        let deep = Node {
            depth: usize::from(MAX_DEPTH),
            ..plain.clone()
        };
        assert_eq!(
            ends(&deep, Change::CreateSubkey),
            Some(Err(Status::INVALID_PARAMETER))
        );

        let damaged = Node {
            security: Err(Status::REGISTRY_CORRUPT),
            ..plain
        };
        assert_eq!(
            ends(&damaged, Change::SetSecurity),
            Some(Err(Status::REGISTRY_CORRUPT))
        );
    }
}
