//! The choice of what registry-guard protects in the demonstration.

use anyhow::{Result, bail};

use super::survey::{Node, Survey};

/// What is protected in the demonstration hive; the first is found through a symbolic link.
const DEMO_SUBTREES: [&str; 3] = [
    r"\REGISTRY\MACHINE\SYSTEM\ControlSet001\Services\CedarScan",
    r"\REGISTRY\MACHINE\SYSTEM\ControlSet001\Services\GorseKeyGuard",
    r"\REGISTRY\MACHINE\SYSTEM\ControlSet002\Services\LanternUpdate",
];

/// How many subtrees of a hive file are protected.
const SUBTREES: usize = 3;
/// How many keys a subtree has that is worth protecting.
const WORTHWHILE: usize = 20;
/// How many keys it has at most.
const LARGEST: usize = 2_000;
/// Which part of the registry's keys it has at most, so that enough stays outside.
const LARGEST_PART: usize = 8;
/// How many keys are above the first key of a hive.
const HIVE_DEPTH: usize = 2;

/// A protected subtree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Subtree {
    /// The absolute name of its root.
    pub(crate) path: String,
    /// The name that the driver's settings have for it, which may lead through a link.
    pub(crate) setting: String,
    /// How many keys it has.
    pub(crate) keys: usize,
}

/// The subtrees of the demonstration hive.
///
/// # Errors
/// The hive has no such keys.
pub(crate) fn in_demo_hive(survey: &Survey) -> Result<Vec<Subtree>> {
    let mut roots = Vec::new();
    for path in DEMO_SUBTREES {
        match survey.nodes.iter().find(|node| node.path == path) {
            Some(root) => roots.push(root),
            None => bail!("the demonstration hive has no key {path}"),
        }
    }
    Ok(subtrees(survey, &roots))
}

/// Up to three subtrees of the mounted hives, none inside another, from all over the tree.
///
/// # Errors
/// There is no key that could be protected.
pub(crate) fn in_hive_files(survey: &Survey) -> Result<Vec<Subtree>> {
    let worthwhile = topmost(survey, HIVE_DEPTH + 1, WORTHWHILE);
    let small = || topmost(survey, HIVE_DEPTH + 1, 1);
    let whole = || topmost(survey, HIVE_DEPTH, 1);
    let found = [worthwhile, small(), whole()];
    match found.into_iter().find(|roots| !roots.is_empty()) {
        Some(roots) => Ok(subtrees(survey, &spread(&roots))),
        None => bail!("the hive has no key whose name a driver's settings can hold"),
    }
}

/// The largest subtrees that can be protected: at least so many keys deep, with at least so many
/// keys.
fn topmost(survey: &Survey, depth: usize, smallest: usize) -> Vec<&Node> {
    let largest = LARGEST
        .min(survey.nodes.len() / LARGEST_PART)
        .max(WORTHWHILE);
    let fits = |node: &Node| node.depth >= depth && node.size <= largest;
    let nodes = survey.nodes.iter();
    nodes
        .filter(|node| fits(node) && node.size >= smallest)
        .filter(|node| {
            node.parent
                .is_none_or(|parent| !fits(&survey.nodes[parent]))
        })
        .filter(|node| !node.link && !node.volatile && !node.path.contains('\0'))
        .collect()
}

/// The first, the middle and the last.
fn spread<'a>(all: &[&'a Node]) -> Vec<&'a Node> {
    if all.len() <= SUBTREES {
        return all.to_vec();
    }
    let last = all.len() - 1;
    (0..SUBTREES)
        .map(|part| all[part * last / (SUBTREES - 1)])
        .collect()
}

/// The subtrees below these roots; the first that a link leads to is named through the link.
fn subtrees(survey: &Survey, roots: &[&Node]) -> Vec<Subtree> {
    let mut linked = false;
    let subtree = |root: &&Node| {
        let through = match linked {
            true => None,
            false => survey.through_link(&root.path),
        };
        linked |= through.is_some();
        Subtree {
            path: root.path.clone(),
            setting: through.unwrap_or_else(|| root.path.clone()),
            keys: root.size,
        }
    };
    roots.iter().map(subtree).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::survey::tests::survey;

    const SYSTEM: &str = r"\REGISTRY\MACHINE\SYSTEM";

    fn below(path: &str, count: usize) -> Vec<String> {
        let key = |number| format!(r"{SYSTEM}\{path}\{number}");
        [format!(r"{SYSTEM}\{path}")]
            .into_iter()
            .chain((0..count).map(key))
            .collect()
    }

    fn chosen(paths: &[String]) -> Vec<String> {
        let subtrees = in_hive_files(&survey(paths)).expect("there are keys");
        subtrees.into_iter().map(|subtree| subtree.path).collect()
    }

    #[test]
    fn the_first_the_middle_and_the_last_of_the_large_ones_are_chosen() {
        let all = ["A", "B", "C", "D", "E"]
            .map(|name| below(name, 19))
            .concat();
        let small = below("Small", 3);
        assert_eq!(
            chosen(&[all, small].concat()),
            [
                r"\REGISTRY\MACHINE\SYSTEM\A",
                r"\REGISTRY\MACHINE\SYSTEM\C",
                r"\REGISTRY\MACHINE\SYSTEM\E"
            ]
        );
    }

    #[test]
    fn too_large_a_subtree_is_taken_in_parts() {
        let paths = [
            below("Big", LARGEST),
            below(r"Big\0", 25),
            below(r"Big\1", 25),
        ]
        .concat();
        assert_eq!(
            chosen(&paths),
            [
                r"\REGISTRY\MACHINE\SYSTEM\Big\0",
                r"\REGISTRY\MACHINE\SYSTEM\Big\1"
            ]
        );
    }

    #[test]
    fn a_small_hive_gives_what_it_has() {
        assert_eq!(
            chosen(&below("Only", 2)),
            [r"\REGISTRY\MACHINE\SYSTEM\Only"]
        );
        assert_eq!(chosen(&[SYSTEM.to_owned()]), [SYSTEM]);
    }

    #[test]
    fn one_subtree_is_named_through_a_link() {
        let mut survey = survey(&[below("Set1", 19), below("Set2", 19)].concat());
        survey.links.push(crate::demo::survey::Link {
            at: r"\REGISTRY\MACHINE\Current".to_owned(),
            target: SYSTEM.to_owned(),
        });
        let subtrees = in_hive_files(&survey).expect("there are keys");
        let settings: Vec<_> = subtrees.iter().map(|subtree| &subtree.setting).collect();
        assert_eq!(
            settings,
            [
                r"\REGISTRY\MACHINE\Current\Set1",
                r"\REGISTRY\MACHINE\SYSTEM\Set2"
            ]
        );
    }
}
