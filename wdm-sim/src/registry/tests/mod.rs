//! Tests of the registry tree, from its outside.

mod changes;
mod damage;
mod hives;
mod information;
mod links;
mod model;
mod saving;
mod tree;

use std::sync::Arc;

use super::{Disposition, Key, NewKey, NewSecurity, Parsed, Registry, wide};
use crate::status::Status;

/// The options of an ordinary key.
fn stable() -> NewKey<'static> {
    NewKey::default()
}

fn volatile() -> NewKey<'static> {
    NewKey {
        volatile: true,
        ..NewKey::default()
    }
}

fn link() -> NewKey<'static> {
    NewKey {
        link: true,
        ..NewKey::default()
    }
}

fn machine(registry: &Registry) -> Arc<Key> {
    registry.open(&wide(r"\Registry\Machine"), false).unwrap()
}

/// Makes all missing components of `path` below `key` as stable keys.
fn make_path(key: &Arc<Key>, path: &str) -> Arc<Key> {
    path.split('\\').fold(Arc::clone(key), |key, name| {
        key.create_child(&wide(name), &stable()).unwrap().0
    })
}

fn open(key: &Arc<Key>, path: &str) -> Result<Arc<Key>, Status> {
    match key.open(&wide(path), false)? {
        Parsed::Found(key) => Ok(key),
        Parsed::Reparse(_) => Err(Status::REPARSE),
    }
}

fn create(key: &Arc<Key>, path: &str, new: &NewKey<'_>) -> Result<(Arc<Key>, Disposition), Status> {
    match key.create(&wide(path), false, new)? {
        Parsed::Found(found) => Ok(found),
        Parsed::Reparse(_) => Err(Status::REPARSE),
    }
}

fn full_name(key: &Key) -> String {
    String::from_utf16(&key.full_name().unwrap()).unwrap()
}

fn name(key: &Key) -> String {
    String::from_utf16(&key.name().unwrap()).unwrap()
}

fn subkey_names(key: &Key) -> Vec<String> {
    (0..key.subkey_count().unwrap())
        .map(|index| name(&key.subkey(index).unwrap()))
        .collect()
}

fn value_names(key: &Key) -> Vec<String> {
    (0..key.value_count().unwrap())
        .map(|index| String::from_utf16(&key.value_at(index).unwrap().name).unwrap())
        .collect()
}
