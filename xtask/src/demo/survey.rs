//! The registry as a program finds it: every key, with what can be compared later.

use std::collections::HashSet;
use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};

use anyhow::{Context, Result};
use wdm_sim::registry::{KeyFlags, KeyInfo};
use wdm_sim::{KeyAccess, KeyOptions, Status, ThreadGuard, UserKey};

/// The top of the registry.
const ROOT: &str = r"\REGISTRY";

/// The longest absolute name that is looked at, in UTF-16 units: a key that is made below has a
/// name that still fits in a `UNICODE_STRING`.
const MAX_PATH: usize = 32_000;

/// What stands for a unit that is not valid UTF-16 text.
const REPLACEMENT: char = '\u{FFFD}';

/// Owner, group and discretionary access list (`SECURITY_INFORMATION`).
const OWNER_GROUP_DACL: u32 = 7;

/// One key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// The absolute name.
    pub(crate) path: String,
    /// The index of the key above; `None` for `\REGISTRY`.
    pub(crate) parent: Option<usize>,
    /// How many keys are above it.
    pub(crate) depth: usize,
    /// Whether it is a symbolic link.
    pub(crate) link: bool,
    /// Whether it lives in memory only.
    pub(crate) volatile: bool,
    /// The names of its subkeys, in order, those included that programs cannot spell.
    pub(crate) subkeys: Vec<String>,
    /// The names of its values, in order.
    pub(crate) values: Vec<String>,
    /// The time of its last change: 100 ns units since 1601, UTC.
    pub(crate) last_write_time: u64,
    /// A digest of its values' types and data.
    pub(crate) data: u64,
    /// A digest of its security descriptor, or why that cannot be read.
    pub(crate) security: Result<u64, Status>,
    /// How many surveyed keys its subtree has, itself included.
    pub(crate) size: usize,
}

impl Node {
    /// The last component of the path.
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('\\').next().unwrap_or(&self.path)
    }

    /// How the key itself, and not what it may link to, is opened.
    pub(crate) fn options(&self) -> KeyOptions {
        match self.link {
            true => KeyOptions::OPEN_LINK,
            false => KeyOptions::empty(),
        }
    }
}

/// A symbolic link and the key that it leads to, as absolute names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) at: String,
    pub(crate) target: String,
}

/// All keys, each before those below it.
#[derive(Debug)]
pub(crate) struct Survey {
    pub(crate) nodes: Vec<Node>,
    /// The links that lead somewhere.
    pub(crate) links: Vec<Link>,
    /// Keys and values that a program cannot name in Unicode text.
    pub(crate) skipped: usize,
}

impl Survey {
    /// Reads the whole registry.
    ///
    /// # Errors
    /// A key that can be opened but not read.
    pub(crate) fn take(thread: &ThreadGuard) -> Result<Self> {
        let mut survey = Self {
            nodes: Vec::new(),
            links: Vec::new(),
            skipped: 0,
        };
        let mut pending = vec![(ROOT.to_owned(), None)];
        while let Some((path, parent)) = pending.pop() {
            let index = survey.nodes.len();
            survey.add(thread, path, parent)?;
            let Some(node) = survey.nodes.get(index) else {
                continue;
            };
            let below = node.subkeys.iter().rev();
            pending.extend(below.map(|name| (format!(r"{}\{name}", node.path), Some(index))));
        }
        survey.measure();
        Ok(survey)
    }

    fn add(&mut self, thread: &ThreadGuard, path: String, parent: Option<usize>) -> Result<()> {
        if !can_be_spelled(&path) {
            self.skipped += 1;
            return Ok(());
        }
        // A name that cannot be spelled can look like that of another key.
        let Ok(key) = thread.open_key_with(&path, KeyAccess::READ, KeyOptions::OPEN_LINK) else {
            self.skipped += 1;
            return Ok(());
        };
        let depth = parent.map_or(0, |parent| self.nodes[parent].depth + 1);
        let node = read(&key, path, parent, depth)?;
        let values = node.values.iter();
        self.skipped += values.filter(|name| !is_value_name(name)).count();
        if node.link
            && let Ok(target) = thread.open_key(&node.path, KeyAccess::READ)
            && let Ok(target) = target.name()
        {
            let at = node.path.clone();
            self.links.push(Link { at, target });
        }
        self.nodes.push(node);
        Ok(())
    }

    /// Counts the keys of each subtree.
    fn measure(&mut self) {
        for index in (0..self.nodes.len()).rev() {
            let Node { parent, size, .. } = self.nodes[index];
            if let Some(parent) = parent {
                self.nodes[parent].size += size;
            }
        }
    }

    /// The name of a key through a symbolic link above it, if there is one.
    pub(crate) fn through_link(&self, path: &str) -> Option<String> {
        self.links.iter().find_map(|link| {
            let below = path.strip_prefix(&link.target)?.strip_prefix('\\')?;
            Some(format!(r"{}\{below}", link.at))
        })
    }

    /// A name, beginning so, that no key and no value has.
    pub(crate) fn unused_name(&self, beginning: &str) -> String {
        let names = self
            .nodes
            .iter()
            .flat_map(|node| node.subkeys.iter().chain(&node.values));
        let taken: HashSet<String> = names
            .filter_map(|name| name.get(..beginning.len()).map(|start| (name, start)))
            .filter(|(_, start)| start.eq_ignore_ascii_case(beginning))
            .map(|(name, _)| name.to_ascii_lowercase())
            .collect();
        let mut name = beginning.to_owned();
        while taken.contains(&name.to_ascii_lowercase()) {
            name.push('_');
        }
        name
    }

    /// What is not the same in another survey of the same registry, a line each.
    pub(crate) fn differences(&self, other: &Self) -> Vec<String> {
        let changed = self.nodes.iter().zip(&other.nodes);
        let mut lines: Vec<String> = changed
            .filter(|(before, after)| before != after)
            .map(|(before, after)| difference(before, after))
            .collect();
        if self.nodes.len() != other.nodes.len() {
            let (before, after) = (self.nodes.len(), other.nodes.len());
            lines.push(format!(
                "there were {before} keys, and now there are {after}"
            ));
        }
        lines
    }
}

/// What of a key changed.
fn difference(before: &Node, after: &Node) -> String {
    let path = &before.path;
    if *path != after.path {
        return format!("where {path} was, there is now {}", after.path);
    }
    let what = if before.subkeys != after.subkeys {
        "subkeys"
    } else if before.values != after.values {
        "values' names"
    } else if before.data != after.data {
        "values"
    } else if before.security != after.security {
        "security descriptor"
    } else if before.last_write_time != after.last_write_time {
        "last write time"
    } else {
        "properties"
    };
    format!("{path}: its {what} changed")
}

/// Whether a value of that name can be asked for by a program that has Unicode text. NT cuts NULs
/// off at the end of a value's name, which a damaged or crafted hive may have.
pub(crate) fn is_value_name(name: &str) -> bool {
    !name.contains(REPLACEMENT) && !name.ends_with('\0')
}

fn can_be_spelled(path: &str) -> bool {
    !path.contains(REPLACEMENT) && path.encode_utf16().count() <= MAX_PATH
}

fn read(key: &UserKey<'_>, path: String, parent: Option<usize>, depth: usize) -> Result<Node> {
    let broken = |what: &str| format!("the {what} of {path} cannot be read");
    let info = key.query().with_context(|| broken("properties"))?;
    let flags = flags(key).with_context(|| broken("flags"))?;
    let mut subkeys = Vec::with_capacity(info.subkeys as usize);
    for index in 0..info.subkeys {
        let name = key.enumerate_key(index);
        subkeys.push(name.with_context(|| broken("subkeys"))?);
    }
    let mut values = Vec::with_capacity(info.values as usize);
    let mut data = DefaultHasher::new();
    for index in 0..info.values {
        let value = key.enumerate_value(index);
        let value = value.with_context(|| broken("values"))?;
        (value.kind, &value.data).hash(&mut data);
        values.push(value.name);
    }
    let security = key.security(OWNER_GROUP_DACL).map(|descriptor| {
        let mut digest = DefaultHasher::new();
        descriptor.hash(&mut digest);
        digest.finish()
    });
    Ok(Node {
        path,
        parent,
        depth,
        link: flags.contains(KeyFlags::LINK),
        volatile: flags.contains(KeyFlags::VOLATILE),
        subkeys,
        values,
        last_write_time: info.last_write_time,
        data: data.finish(),
        security,
        size: 1,
    })
}

/// The second field of `KEY_FLAGS_INFORMATION`.
fn flags(key: &UserKey<'_>) -> Result<KeyFlags> {
    let answer = key.query_class(KeyInfo::Flags)?;
    let flags = answer.get(4).context("the answer is too short")?;
    Ok(KeyFlags::from_bits_truncate(*flags))
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// A key without contents.
    pub(crate) fn node(path: &str) -> Node {
        Node {
            path: path.to_owned(),
            parent: None,
            depth: path.matches('\\').count() - 1,
            link: false,
            volatile: false,
            subkeys: Vec::new(),
            values: Vec::new(),
            last_write_time: 1,
            data: 2,
            security: Ok(3),
            size: 1,
        }
    }

    /// A survey of a hive with these keys, which may come in any order, and what is above them.
    pub(crate) fn survey(paths: &[String]) -> Survey {
        let fixed = [
            r"\REGISTRY",
            r"\REGISTRY\MACHINE",
            r"\REGISTRY\MACHINE\SYSTEM",
        ];
        let mut all: Vec<Vec<&str>> = paths
            .iter()
            .map(|path| path.split('\\').collect())
            .collect();
        all.extend(fixed.map(|path| path.split('\\').collect()));
        all.sort();
        all.dedup();
        let mut nodes: Vec<Node> = Vec::new();
        for components in all {
            let mut node = node(&components.join("\\"));
            let above = components[..components.len() - 1].join("\\");
            node.parent = nodes.iter().position(|other| other.path == above);
            if let Some(parent) = node.parent {
                nodes[parent].subkeys.push(node.name().to_owned());
            }
            nodes.push(node);
        }
        let mut survey = Survey {
            nodes,
            links: Vec::new(),
            skipped: 0,
        };
        survey.measure();
        survey
    }

    #[test]
    fn a_link_gives_the_keys_below_its_target_another_name() {
        let mut survey = survey(&[]);
        survey.links.push(Link {
            at: r"\REGISTRY\MACHINE\SYSTEM\CurrentControlSet".to_owned(),
            target: r"\REGISTRY\MACHINE\SYSTEM\ControlSet001".to_owned(),
        });
        let through = |path| survey.through_link(path);
        assert_eq!(
            through(r"\REGISTRY\MACHINE\SYSTEM\ControlSet001\Services\A").as_deref(),
            Some(r"\REGISTRY\MACHINE\SYSTEM\CurrentControlSet\Services\A")
        );
        assert_eq!(through(r"\REGISTRY\MACHINE\SYSTEM\ControlSet001"), None);
        assert_eq!(
            through(r"\REGISTRY\MACHINE\SYSTEM\ControlSet0011\Services"),
            None
        );
    }

    #[test]
    fn each_kind_of_difference_is_named() {
        let paths = [r"\REGISTRY\MACHINE\SYSTEM\A".to_owned()];
        let before = survey(&paths);
        let changed = |change: fn(&mut Node)| {
            let mut after = survey(&paths);
            change(&mut after.nodes[3]);
            before.differences(&after).join("; ")
        };
        assert_eq!(changed(|_| {}), "");
        assert!(
            changed(|node| node.last_write_time = 9).ends_with("A: its last write time changed")
        );
        assert!(changed(|node| node.data = 9).ends_with("A: its values changed"));
        assert!(changed(|node| node.values.push("v".into())).ends_with("values' names changed"));
        assert!(changed(|node| node.subkeys.push("k".into())).ends_with("its subkeys changed"));
        assert!(changed(|node| node.security = Ok(9)).ends_with("security descriptor changed"));
        assert!(changed(|node| node.path.push('2')).contains("there is now"));
        let fewer = before.differences(&survey(&[]));
        assert!(
            fewer
                .iter()
                .any(|line| line == "there were 4 keys, and now there are 3")
        );
    }

    #[test]
    fn an_unused_name_is_nobodys() {
        let mut survey = survey(&[]);
        assert_eq!(survey.unused_name("demo"), "demo");
        survey.nodes[0].values.push("Demo".to_owned());
        assert_eq!(survey.unused_name("demo"), "demo_");
        survey.nodes[1].subkeys.push("demo_".to_owned());
        assert_eq!(survey.unused_name("demo"), "demo__");
        assert_eq!(survey.unused_name("demo "), "demo ");
    }

    #[test]
    fn names_that_text_cannot_spell_are_known() {
        assert!(is_value_name("") && is_value_name("a\0b") && is_value_name("Größe"));
        assert!(!is_value_name("a\0") && !is_value_name("\u{FFFD}"));
        assert!(!can_be_spelled(&"x".repeat(MAX_PATH + 1)));
    }
}
