//! Random work in two transactions and outside of them, compared with a model: what is committed,
//! and what each transaction has laid over it.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use wdm_sim::{Status, ThreadGuard, UserKey, UserTransaction};

use super::{ALL, TEST};
use crate::support::*;

/// The keys that exist or not, with their parents' places before them.
const PATHS: [&str; 6] = ["A", "B", r"A\A", r"A\B", r"B\A", r"A\A\A"];

type Values = BTreeMap<&'static str, u32>;
type Tree = BTreeMap<&'static str, Values>;

#[derive(Clone, Copy, Debug)]
enum Work {
    Create,
    Delete,
    Set(&'static str, u32),
    DeleteValue(&'static str),
}

#[derive(Clone, Copy, Debug)]
enum Step {
    /// By a transaction's number, or by nobody's.
    Do(Option<usize>, &'static str, Work),
    Commit(usize),
    RollBack(usize),
}

/// One transaction's changes.
#[derive(Clone, Debug, Default)]
struct Overlay {
    made: Tree,
    changed: Tree,
    gone: BTreeSet<&'static str>,
}

#[derive(Debug, Default)]
struct Model {
    committed: Tree,
    /// None for one that has been rolled back by who worked outside of it.
    overlays: [Option<Overlay>; 2],
}

fn parent(path: &str) -> Option<&str> {
    path.rsplit_once('\\').map(|(above, _)| above)
}

fn children(path: &str) -> impl Iterator<Item = &'static str> {
    let below = move |other: &&str| parent(other) == Some(path);
    PATHS
        .into_iter()
        .filter(below)
        .collect::<Vec<_>>()
        .into_iter()
}

impl Overlay {
    /// Whether it has a claim on a committed key's contents or its being there.
    fn claims(&self, path: &str) -> bool {
        self.changed.contains_key(path) || self.gone.contains(path)
    }

    /// Whether it is in the way of a new committed key.
    fn blocks(&self, path: &str) -> bool {
        self.made.contains_key(path) || parent(path).is_some_and(|above| self.gone.contains(above))
    }

    fn has_below(&self, path: &str) -> bool {
        children(path).any(|child| self.made.contains_key(child))
    }
}

impl Model {
    /// What an actor sees.
    fn seen(&self, actor: Option<usize>) -> Tree {
        let mut tree = self.committed.clone();
        if let Some(overlay) = actor.and_then(|number| self.overlays[number].clone()) {
            tree.retain(|path, _| !overlay.gone.contains(path));
            tree.extend(overlay.changed);
            tree.extend(overlay.made);
        }
        tree
    }

    fn step(&mut self, actor: Option<usize>, path: &'static str, work: Work) -> Result<(), Status> {
        let Some(number) = actor else {
            return self.outside(path, work);
        };
        if self.overlays[number].is_none() {
            return Err(Status::TRANSACTION_NOT_ACTIVE);
        }
        let seen = self.seen(actor);
        check(&seen, path, work)?;
        let committed = self.committed.contains_key(path);
        let [own, other] = match &mut self.overlays {
            [first, second] if number == 0 => [first, second],
            [first, second] => [second, first],
        };
        let Some(own) = own else {
            return Err(Status::TRANSACTION_NOT_ACTIVE);
        };
        let is_own = own.made.contains_key(path);
        let conflicts = other.as_ref().is_some_and(|other| match work {
            _ if is_own => false,
            Work::Create if parent(path).is_some_and(|above| own.made.contains_key(above)) => false,
            Work::Create => !seen.contains_key(path) && other.blocks(path),
            Work::Delete => other.claims(path) || other.has_below(path),
            Work::Set(..) | Work::DeleteValue(_) => other.claims(path),
        });
        if conflicts {
            return Err(Status::TRANSACTIONAL_CONFLICT);
        }
        let values = seen.get(path).cloned().unwrap_or_default();
        match work {
            Work::Create if seen.contains_key(path) => {}
            Work::Create => drop(own.made.insert(path, values)),
            Work::Delete if is_own => drop(own.made.remove(path)),
            Work::Delete => {
                assert!(committed, "it is seen, and not made here");
                own.changed.remove(path);
                own.gone.insert(path);
            }
            Work::Set(..) | Work::DeleteValue(_) => {
                let place = if is_own {
                    &mut own.made
                } else {
                    &mut own.changed
                };
                place.insert(path, change(values, work)?);
            }
        }
        Ok(())
    }

    fn outside(&mut self, path: &'static str, work: Work) -> Result<(), Status> {
        check(&self.committed, path, work)?;
        let is_new = !self.committed.contains_key(path);
        for overlay in &mut self.overlays {
            overlay.take_if(|overlay| match work {
                Work::Create => is_new && overlay.blocks(path),
                Work::Delete => overlay.claims(path) || overlay.has_below(path),
                Work::Set(..) | Work::DeleteValue(_) => overlay.claims(path),
            });
        }
        let values = self.committed.get(path).cloned().unwrap_or_default();
        match work {
            Work::Create => drop(self.committed.entry(path).or_default()),
            Work::Delete => drop(self.committed.remove(path)),
            Work::Set(..) | Work::DeleteValue(_) => {
                self.committed.insert(path, change(values, work)?);
            }
        }
        Ok(())
    }

    fn end(&mut self, number: usize, commit: bool) -> Result<(), Status> {
        let Some(overlay) = self.overlays[number].replace(Overlay::default()) else {
            return Err(match commit {
                true => Status::TRANSACTION_ALREADY_ABORTED,
                false => Status::TRANSACTION_REQUEST_NOT_VALID,
            });
        };
        if commit {
            self.committed
                .retain(|path, _| !overlay.gone.contains(path));
            self.committed.extend(overlay.changed);
            self.committed.extend(overlay.made);
        }
        Ok(())
    }
}

/// Whether work can be done in what is seen, whoever else is there.
fn check(seen: &Tree, path: &str, work: Work) -> Result<(), Status> {
    let missing = match work {
        Work::Create => parent(path).is_some_and(|above| !seen.contains_key(above)),
        _ => !seen.contains_key(path),
    };
    match work {
        _ if missing => Err(Status::OBJECT_NAME_NOT_FOUND),
        Work::Delete if children(path).any(|child| seen.contains_key(child)) => {
            Err(Status::CANNOT_DELETE)
        }
        _ => Ok(()),
    }
}

fn change(mut values: Values, work: Work) -> Result<Values, Status> {
    match work {
        Work::Set(name, number) => drop(values.insert(name, number)),
        Work::DeleteValue(name) => {
            values.remove(name).ok_or(Status::OBJECT_NAME_NOT_FOUND)?;
        }
        Work::Create | Work::Delete => {}
    }
    Ok(values)
}

fn open<'t>(
    thread: &'t ThreadGuard,
    transaction: Option<&UserTransaction<'_>>,
    path: &str,
) -> Result<UserKey<'t>, Status> {
    match transaction {
        None => thread.open_key(path, ALL),
        Some(transaction) => thread.open_key_transacted(path, ALL, transaction),
    }
}

/// Does work in the simulated kernel.
fn perform(
    thread: &ThreadGuard,
    transaction: Option<&UserTransaction<'_>>,
    path: &str,
    work: Work,
) -> Result<(), Status> {
    let path = format!(r"{TEST}\{path}");
    match (work, transaction) {
        (Work::Create, None) => thread.create_key(&path, ALL).map(drop),
        (Work::Create, Some(transaction)) => thread
            .create_key_transacted(&path, ALL, transaction)
            .map(drop),
        (Work::Delete, _) => open(thread, transaction, &path)?.delete(),
        (Work::Set(name, number), _) => open(thread, transaction, &path)?.set_dword(name, number),
        (Work::DeleteValue(name), _) => open(thread, transaction, &path)?.delete_value(name),
    }
}

/// Everything below a key.
fn dump(key: &UserKey<'_>, above: &str, tree: &mut BTreeMap<String, BTreeMap<String, u32>>) {
    let names: Vec<_> = (0..)
        .map_while(|index| key.enumerate_key(index).ok())
        .collect();
    assert!(names.is_sorted());
    assert_eq!(key.query().unwrap().subkeys as usize, names.len());
    for name in names {
        let path = match above {
            "" => name.clone(),
            _ => format!(r"{above}\{name}"),
        };
        let child = key.open_key(&name, ALL).unwrap();
        let values = (0..).map_while(|index| child.enumerate_value(index).ok());
        let values: BTreeMap<_, _> = values
            .map(|value| (value.name.clone(), value.as_dword().unwrap()))
            .collect();
        assert_eq!(child.query().unwrap().values as usize, values.len());
        dump(&child, &path, tree);
        tree.insert(path, values);
    }
}

fn compare(
    model: &Model,
    actor: Option<usize>,
    thread: &ThreadGuard,
    transaction: Option<&UserTransaction<'_>>,
) {
    let root = match open(thread, transaction, TEST) {
        Ok(root) => root,
        Err(Status::TRANSACTION_NOT_ACTIVE) => {
            assert!(actor.is_some_and(|number| model.overlays[number].is_none()));
            return;
        }
        Err(status) => panic!("{status}"),
    };
    let mut found = BTreeMap::new();
    dump(&root, "", &mut found);
    let expected = model.seen(actor).into_iter().map(|(path, values)| {
        let values = values
            .into_iter()
            .map(|(name, number)| (name.to_owned(), number));
        (path.to_owned(), values.collect())
    });
    assert_eq!(found, expected.collect(), "as {actor:?} sees it");
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let name = prop::sample::select(vec!["a", "b"]);
    let work = prop_oneof![
        4 => Just(Work::Create),
        2 => Just(Work::Delete),
        3 => (name.clone(), 0..3_u32).prop_map(|(name, number)| Work::Set(name, number)),
        1 => name.prop_map(Work::DeleteValue),
    ];
    let actor = prop_oneof![1 => Just(None), 4 => (0..2_usize).prop_map(Some)];
    let path = prop::sample::select(PATHS.to_vec());
    let step = prop_oneof![
        16 => (actor, path, work).prop_map(|(actor, path, work)| Step::Do(actor, path, work)),
        1 => (0..2_usize).prop_map(Step::Commit),
        1 => (0..2_usize).prop_map(Step::RollBack),
    ];
    prop::collection::vec(step, 1..60)
}

proptest! {
    #[test]
    fn transactions_are_overlays(steps in steps()) {
        let machine = machine();
        let app = machine.process("app.exe");
        let thread = app.enter();
        drop(thread.create_key(TEST, ALL).unwrap());
        let mut transactions = [0, 1].map(|_| thread.create_transaction().unwrap());
        let mut model = Model {
            overlays: [0, 1].map(|_| Some(Overlay::default())),
            ..Model::default()
        };
        for step in steps {
            match step {
                Step::Do(actor, path, work) => {
                    let transaction = actor.map(|number| &transactions[number]);
                    let done = perform(&thread, transaction, path, work);
                    prop_assert_eq!(done, model.step(actor, path, work), "{:?}", step);
                }
                Step::Commit(number) => {
                    let ended = transactions[number].commit();
                    prop_assert_eq!(ended, model.end(number, true), "{:?}", step);
                    transactions[number] = thread.create_transaction().unwrap();
                }
                Step::RollBack(number) => {
                    let ended = transactions[number].rollback();
                    prop_assert_eq!(ended, model.end(number, false), "{:?}", step);
                    transactions[number] = thread.create_transaction().unwrap();
                }
            }
            compare(&model, None, &thread, None);
            for (number, transaction) in transactions.iter().enumerate() {
                compare(&model, Some(number), &thread, Some(transaction));
            }
        }
        drop(transactions);
        assert_clean(&machine);
    }
}
