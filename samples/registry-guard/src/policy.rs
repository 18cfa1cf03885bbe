//! What is protected.

use wdm_safe::registry::{KeyAccess, RegKey};
use wdm_safe::{Passive, PoolVec, Result, UnicodeStr, UnicodeString, unicode};

/// What the policy says of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Nothing.
    Free,
    /// A protected key is below it, so its name must not change.
    Ancestor,
    /// It must not change.
    Protected,
}

/// The protected subtrees.
pub(crate) struct Policy {
    /// Full paths of their roots, links resolved where the key existed when the driver started.
    roots: PoolVec<UnicodeString>,
}

impl Policy {
    /// Reads the policy of a service, or takes the default: the service's own key.
    pub(crate) fn read(service: &UnicodeStr, at: Passive<'_>) -> Result<Self> {
        let mut policy = Self {
            roots: PoolVec::new(),
        };
        let mut path = UnicodeString::try_from_str(service)?;
        path.try_push_component(unicode!("Parameters"))?;
        let parameters = RegKey::open(&path, KeyAccess::READ, at);
        let value = parameters
            .and_then(|key| key.value(unicode!("ProtectedKeys"), at))
            .ok();
        match value.as_ref().and_then(|value| value.as_multi_string()) {
            Some(paths) => {
                for path in paths {
                    policy.protect(path, at)?;
                }
            }
            None => policy.protect(service, at)?,
        }
        Ok(policy)
    }

    fn protect(&mut self, path: &UnicodeStr, at: Passive<'_>) -> Result<()> {
        let resolved = RegKey::open(path, KeyAccess::READ, at).and_then(|key| key.path(at));
        let root = match resolved {
            Ok(root) => root,
            Err(_) => UnicodeString::try_from_str(path)?,
        };
        self.roots.try_push(root)
    }

    pub(crate) fn protected(&self) -> &[UnicodeString] {
        &self.roots
    }

    /// What the policy says of the key with this full path.
    pub(crate) fn rule(&self, path: &UnicodeStr) -> Rule {
        let mut rule = Rule::Free;
        for root in self.roots.iter() {
            if path.below(root).is_some() {
                return Rule::Protected;
            }
            if root.below(path).is_some() {
                rule = Rule::Ancestor;
            }
        }
        rule
    }
}
