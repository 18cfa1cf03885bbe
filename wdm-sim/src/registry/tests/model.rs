//! The tree against a model so simple that it is plainly right: a sorted map from upper-cased
//! paths.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::registry::upcase::upcase_name;

/// Names that collide often, some with a case that only Unicode knows.
const NAMES: [&str; 9] = ["a", "A", "b", "B", "_", "é", "É", "aa", "Aa"];

/// A path below the test's root, as indices into [`NAMES`].
type Path = Vec<usize>;

#[derive(Clone, Debug)]
enum Operation {
    Create { path: Path, volatile: bool },
    Open(Path),
    Delete(Path),
    Rename { path: Path, name: usize },
    SetValue { path: Path, name: usize, data: u8 },
    DeleteValue { path: Path, name: usize },
    Enumerate(Path),
}

fn path() -> impl Strategy<Value = Path> {
    prop::collection::vec(0..NAMES.len(), 1..4)
}

fn operation() -> impl Strategy<Value = Operation> {
    let name = 0..NAMES.len();
    prop_oneof![
        4 => (path(), prop::bool::weighted(0.2))
            .prop_map(|(path, volatile)| Operation::Create { path, volatile }),
        1 => path().prop_map(Operation::Open),
        2 => path().prop_map(Operation::Delete),
        2 => (path(), name.clone()).prop_map(|(path, name)| Operation::Rename { path, name }),
        2 => (path(), name.clone(), any::<u8>())
            .prop_map(|(path, name, data)| Operation::SetValue { path, name, data }),
        1 => (path(), name).prop_map(|(path, name)| Operation::DeleteValue { path, name }),
        1 => path().prop_map(Operation::Enumerate),
    ]
}

/// Upper-cased components: sorted like this, a map's entries below one parent are in NT's order.
type ModelPath = Vec<Vec<u16>>;

#[derive(Clone, Debug)]
struct ModelKey {
    name: &'static str,
    volatile: bool,
    values: Vec<(&'static str, u8)>,
}

#[derive(Default)]
struct Model(BTreeMap<ModelPath, ModelKey>);

fn model_path(path: &[usize]) -> ModelPath {
    path.iter()
        .map(|&name| upcase_name(&wide(NAMES[name])))
        .collect()
}

impl Model {
    fn children(&self, above: &ModelPath) -> Vec<&'static str> {
        let children = || {
            self.0
                .iter()
                .filter(|(path, _)| path.len() == above.len() + 1 && path.starts_with(above))
        };
        let stable = children().filter(|(_, key)| !key.volatile);
        let volatile = children().filter(|(_, key)| key.volatile);
        stable.chain(volatile).map(|(_, key)| key.name).collect()
    }

    fn get(&mut self, path: &[usize]) -> Result<&mut ModelKey, Status> {
        self.0
            .get_mut(&model_path(path))
            .ok_or(Status::OBJECT_NAME_NOT_FOUND)
    }

    fn create(&mut self, path: &[usize], volatile: bool) -> Result<Disposition, Status> {
        let (last, above) = path.split_last().unwrap();
        let below_volatile = !above.is_empty() && self.get(above)?.volatile;
        if self.get(path).is_ok() {
            return Ok(Disposition::OpenedExisting);
        }
        if below_volatile && !volatile {
            return Err(Status::CHILD_MUST_BE_VOLATILE);
        }
        let key = ModelKey {
            name: NAMES[*last],
            volatile,
            values: Vec::new(),
        };
        self.0.insert(model_path(path), key);
        Ok(Disposition::CreatedNew)
    }

    fn delete(&mut self, path: &[usize]) -> Result<(), Status> {
        self.get(path)?;
        if !self.children(&model_path(path)).is_empty() {
            return Err(Status::CANNOT_DELETE);
        }
        self.0.remove(&model_path(path));
        Ok(())
    }

    fn rename(&mut self, path: &[usize], name: usize) -> Result<(), Status> {
        self.get(path)?;
        let old = model_path(path);
        let mut new = old.clone();
        *new.last_mut().unwrap() = upcase_name(&wide(NAMES[name]));
        if self.0.contains_key(&new) {
            return Err(Status::CANNOT_DELETE);
        }
        self.get(path)?.name = NAMES[name];
        let moved: Vec<ModelPath> = self
            .0
            .keys()
            .filter(|path| path.starts_with(&old))
            .cloned()
            .collect();
        for from in moved {
            let key = self.0.remove(&from).unwrap();
            let to = new.iter().chain(&from[old.len()..]).cloned().collect();
            self.0.insert(to, key);
        }
        Ok(())
    }

    fn set_value(&mut self, path: &[usize], name: usize, data: u8) -> Result<(), Status> {
        let upper = upcase_name(&wide(NAMES[name]));
        let values = &mut self.get(path)?.values;
        match values
            .iter_mut()
            .find(|(name, _)| upcase_name(&wide(name)) == upper)
        {
            Some(value) => value.1 = data,
            None => values.push((NAMES[name], data)),
        }
        Ok(())
    }

    fn delete_value(&mut self, path: &[usize], name: usize) -> Result<u8, Status> {
        let upper = upcase_name(&wide(NAMES[name]));
        let values = &mut self.get(path)?.values;
        let at = values
            .iter()
            .position(|(name, _)| upcase_name(&wide(name)) == upper);
        at.map(|at| values.remove(at).1)
            .ok_or(Status::OBJECT_NAME_NOT_FOUND)
    }
}

fn text(path: &[usize]) -> String {
    path.iter()
        .map(|&name| NAMES[name])
        .collect::<Vec<_>>()
        .join(r"\")
}

fn apply(root: &Arc<Key>, model: &mut Model, operation: &Operation) {
    match operation {
        Operation::Create { path, volatile } => {
            let new = NewKey {
                volatile: *volatile,
                ..NewKey::default()
            };
            let made = create(root, &text(path), &new).map(|(_, disposition)| disposition);
            assert_eq!(made, model.create(path, *volatile));
        }
        Operation::Open(path) => {
            let found = open(root, &text(path)).map(|key| name(&key));
            assert_eq!(found, model.get(path).map(|key| key.name.to_owned()));
        }
        Operation::Delete(path) => {
            let deleted = open(root, &text(path)).and_then(|key| key.delete());
            assert_eq!(deleted, model.delete(path));
        }
        Operation::Rename { path, name } => {
            let renamed = open(root, &text(path)).and_then(|key| key.rename(&wide(NAMES[*name])));
            assert_eq!(renamed, model.rename(path, *name));
        }
        Operation::SetValue { path, name, data } => {
            let set = open(root, &text(path))
                .and_then(|key| key.set_value(&wide(NAMES[*name]), 3, &[*data]));
            assert_eq!(set, model.set_value(path, *name, *data));
        }
        Operation::DeleteValue { path, name } => {
            let deleted = open(root, &text(path))
                .and_then(|key| key.delete_value(&wide(NAMES[*name])))
                .map(|value| value.data[0]);
            assert_eq!(deleted, model.delete_value(path, *name));
        }
        Operation::Enumerate(path) => {
            let listed = open(root, &text(path)).map(|key| subkey_names(&key));
            let expected = model
                .get(path)
                .map(|_| ())
                .map(|()| model.children(&model_path(path)));
            assert_eq!(
                listed,
                expected.map(|names| names.into_iter().map(String::from).collect())
            );
        }
    }
}

/// Compares everything below `key` with the model.
fn compare(key: &Arc<Key>, path: &ModelPath, model: &Model) {
    assert_eq!(subkey_names(key), model.children(path));
    if let Some(expected) = model.0.get(path) {
        let values: Vec<_> = (0..key.value_count().unwrap())
            .map(|index| key.value_at(index).unwrap())
            .collect();
        assert_eq!(values.len(), expected.values.len());
        for (value, (name, data)) in values.iter().zip(&expected.values) {
            assert_eq!((&*value.name, &*value.data), (&*wide(name), &[*data][..]));
        }
        assert_eq!(key.is_volatile(), expected.volatile);
    }
    for child in key.subkeys().unwrap() {
        let mut below = path.clone();
        below.push(upcase_name(&child.name().unwrap()));
        compare(&child, &below, model);
    }
}

proptest! {
    #[test]
    fn the_tree_behaves_like_the_model(
        operations in prop::collection::vec(operation(), 1..120)
    ) {
        let registry = Registry::new();
        let root = make_path(&machine(&registry), "Root");
        let mut model = Model::default();
        for operation in &operations {
            apply(&root, &mut model, operation);
        }
        compare(&root, &ModelPath::new(), &model);
    }
}
