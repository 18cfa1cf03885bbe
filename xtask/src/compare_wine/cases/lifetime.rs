//! Deleting, renaming, and what handles are good for afterwards.

use registry_probe::Call;

use super::{ALL, CASE_INSENSITIVE, CREATE_LINK, Case, READ, REG_DWORD, Script, VOLATILE, long};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Script::case("lifetime/children", children),
        Script::case("lifetime/deleted", deleted),
        Script::case("lifetime/recreated", recreated),
        Script::case("lifetime/fixed", fixed),
        Script::case("lifetime/rename", rename),
        Script::case("lifetime/renamed", renamed),
        Script::case("lifetime/rename order", rename_order),
        Script::case("lifetime/handles", handles),
        Script::case("lifetime/flush", flush),
    ]
}

/// All that can be asked of a key's handle.
pub(super) fn everything(s: &mut Script, slot: u32) {
    s.flush(slot);
    s.query_key(slot, 0);
    s.query_key(slot, 3);
    s.enumerate(slot, 0);
    s.enumerate_value(slot, 0);
    s.query(slot, "a value!");
    s.set(slot, "a value!", REG_DWORD, &[1, 2, 3, 4]);
    s.delete_value(slot, "a value!");
    s.push(Call::SetInformationKey {
        slot,
        class: 0,
        data: vec![0; 8],
    });
    s.push(Call::QueryMultipleValueKey {
        slot,
        size: 0,
        names: vec!["a value!".into()],
    });
    s.open(20, slot, "");
    s.open(20, slot, "below");
    s.create(21, slot, "below");
    s.rename(slot, "a new name");
    s.delete(slot);
    s.delete(slot);
}

fn children(s: &mut Script) {
    s.create(1, 0, "parent");
    s.create(2, 1, "child");
    s.delete(1);
    s.delete(2);
    s.delete(1);
    s.create_option(3, 0, "volatile", VOLATILE);
    s.create_option(4, 3, "child", VOLATILE);
    s.delete(3);
    s.delete(4);
    s.delete(3);
    // Values do not keep it.
    s.create(5, 0, "valued");
    s.set(5, "a value!", REG_DWORD, &[0; 4]);
    s.delete(5);
    s.open(6, 0, "valued");
}

fn deleted(s: &mut Script) {
    s.create(1, 0, "deleted");
    s.set(1, "a value!", REG_DWORD, &[0; 4]);
    s.open(2, 0, "deleted");
    s.delete(1);
    everything(s, 2);
    everything(s, 1);
    s.push(Call::QuerySecurityObject {
        slot: 1,
        wanted: 4,
        size: 0,
    });
    s.enumerate(0, 0);
    s.close(2);
    s.close(1);
}

fn recreated(s: &mut Script) {
    s.create(1, 0, "again");
    s.set(1, "a value!", REG_DWORD, &[0; 4]);
    s.delete(1);
    s.create(2, 0, "AGAIN");
    s.query(2, "a value!");
    s.query(1, "a value!");
    s.query_key(2, 0);
    s.delete(1);
    s.open(3, 0, "again");
}

fn fixed(s: &mut Script) {
    for name in [r"\Registry", r"\Registry\Machine", r"\Registry\User"] {
        s.open_with(1, None, name, ALL, CASE_INSENSITIVE);
        s.delete(1);
        s.create(2, 1, "compared below");
        s.delete(2);
    }
    // Wine renames the others, and nothing is found below them any more.
    s.open_with(1, None, r"\Registry", ALL, CASE_INSENSITIVE);
    s.rename(1, "renamed");
}

fn rename(s: &mut Script) {
    s.create(1, 0, "before");
    s.create(2, 0, "taken");
    s.create(3, 1, "child");
    for name in [
        "", r"\", r"a\b", r"\a", r"a\", "taken", "TAKEN", "before", "after", "AFTER",
    ] {
        s.rename(1, name);
        s.query_key(1, 0);
    }
    // Each new name stands before the last one, see `random`.
    for units in [256, 255, 300] {
        s.rename(1, long(units));
        s.query_key(1, 3);
    }
    s.rename(1, "a");
    s.query_key(3, 3);
}

fn renamed(s: &mut Script) {
    s.create(1, 0, "before");
    s.set(1, "a value!", REG_DWORD, &[1, 0, 0, 0]);
    s.open(2, 0, "before");
    s.rename(1, "after");
    s.open(3, 0, "before");
    s.open(4, 0, "after");
    s.query(2, "a value!");
    s.query_key(2, 0);
    s.create(5, 0, "before");
    s.query(5, "a value!");
    s.delete(1);
    s.rename(2, "gone");
}

fn rename_order(s: &mut Script) {
    for (slot, name) in [(1, "b"), (2, "d"), (3, "f")] {
        s.create(slot, 0, name);
    }
    for (slot, name) in [(1, "e"), (3, "a"), (2, "c"), (2, "g"), (1, "b")] {
        s.rename(slot, name);
        for index in 0..4 {
            s.enumerate(0, index);
        }
    }
}

fn handles(s: &mut Script) {
    s.close(30);
    everything(s, 30);
    s.push(Call::QuerySecurityObject {
        slot: 30,
        wanted: 4,
        size: 0,
    });
    s.create(1, 0, "handles");
    s.open_with(2, Some(1), "", READ, CASE_INSENSITIVE);
    s.close(1);
    s.query_key(1, 0);
    s.query_key(2, 0);
    s.close(2);
    s.close(2);
    s.create_with(
        4,
        Some(0),
        "handles",
        ALL,
        CASE_INSENSITIVE,
        CREATE_LINK,
        None,
    );
}

fn flush(s: &mut Script) {
    s.create_option(1, 0, "volatile", VOLATILE);
    s.flush(1);
    s.flush(0);
    s.open_with(2, None, r"\Registry\Machine", READ, CASE_INSENSITIVE);
    s.flush(2);
}
