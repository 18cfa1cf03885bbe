//! Symbolic links.

use registry_probe::Call;

use super::{
    ALL, CASE_INSENSITIVE, CREATE_LINK, Case, OPEN_LINK, REG_BINARY, REG_DWORD, REG_LINK, REG_SZ,
    Script, VOLATILE, bytes,
};

const VALUE: &str = "SymbolicLinkValue";

pub(super) fn cases() -> Vec<Case> {
    vec![
        Script::case("links/follow", follow),
        Script::case("links/values", values),
        Script::case("links/targets", targets),
        Script::case("links/create", create),
        Script::case("links/below", below),
        Script::case("links/delete", delete),
        Script::case("links/loops", loops),
        Script::case("links/itself", itself),
    ]
}

/// Makes the link `link`, in slot 1, to the key `target` of the case.
fn link(s: &mut Script, target: &str) {
    s.create_option(1, 0, "link", CREATE_LINK);
    let target = format!(r"{}\{target}", s.path());
    s.set(1, VALUE, REG_LINK, &bytes(&target));
}

fn follow(s: &mut Script) {
    link(s, "target");
    s.open(2, 0, "link");
    s.create(3, 0, "target");
    s.set(3, "value", REG_DWORD, &[1, 0, 0, 0]);
    s.create(4, 3, "child");
    s.open(5, 0, "link");
    s.query(5, "value");
    s.query_key(5, 3);
    s.open(6, 0, r"link\child");
    s.query_key(6, 3);
    s.create(7, 0, r"link\new child");
    s.query_key(7, 3);
    s.create(8, 0, "link");
    s.query_key(8, 3);
    s.enumerate(0, 0);
    s.enumerate(0, 1);
}

fn values(s: &mut Script) {
    s.create_option(1, 0, "link", CREATE_LINK);
    s.open(2, 0, "link");
    s.query(1, VALUE);
    let target = bytes(&s.path());
    s.set(1, VALUE, REG_SZ, &target);
    s.set(1, VALUE, REG_BINARY, &target);
    s.set(1, "other", REG_LINK, &target);
    s.set(1, "", REG_LINK, &target);
    s.set(1, "symboliclinkvalue", REG_LINK, &target);
    s.query(1, VALUE);
    s.delete_value(1, "other");
    s.delete_value(1, VALUE);
    s.query(1, VALUE);
    s.open(2, 0, "link");
    // Such a value is like others in a key that is no link.
    s.create(3, 0, "no link");
    s.set(3, VALUE, REG_LINK, &target);
    s.open(4, 0, "no link");
    s.query_key(4, 0);
}

fn targets(s: &mut Script) {
    s.create_option(1, 0, "link", CREATE_LINK);
    s.create(3, 0, "target");
    let path = s.path();
    for target in [
        format!(r"{path}\target"),
        format!(r"{path}\TARGET"),
        format!(r"{path}\target\"),
        format!("{path}\\target\0"),
        format!(r"{path}\none"),
        format!(r"{path}\none\below"),
        "target".to_owned(),
        r"\Registry".to_owned(),
        r"\Nothing".to_owned(),
        r"\Nothing\Below".to_owned(),
        r"\".to_owned(),
        String::new(),
    ] {
        s.set(1, VALUE, REG_LINK, &bytes(&target));
        s.open(2, 0, "link");
    }
    let mut odd = bytes(&format!(r"{path}\target"));
    odd.push(0);
    s.set(1, VALUE, REG_LINK, &odd);
    s.open(2, 0, "link");
}

fn create(s: &mut Script) {
    link(s, "target");
    // By the link to where nothing is.
    s.create(2, 0, "link");
    s.query_key(2, 3);
    s.open(3, 0, "target");
    // A link where a link is, and where another key is.
    s.create_option(4, 0, "link", CREATE_LINK);
    s.create_option(5, 0, "target", CREATE_LINK);
    s.create_option(6, 0, "volatile", CREATE_LINK | VOLATILE);
    s.query_key(6, 5);
}

fn below(s: &mut Script) {
    link(s, "target");
    s.create(2, 1, "below");
    s.create_option(2, 1, "below", VOLATILE);
    s.open(3, 1, "below");
    s.create(4, 0, "target");
    s.create(5, 1, "below");
    s.query_key(5, 3);
    s.open(6, 1, "below");
    s.enumerate(1, 0);
}

fn delete(s: &mut Script) {
    link(s, "target");
    s.create(2, 0, "target");
    s.delete(1);
    s.open(3, 0, "link");
    s.open(4, 0, "target");
    link(s, "target");
    s.open(5, 0, "link");
    s.delete(5);
    s.open(6, 0, "target");
    s.open_with(7, Some(0), "link", ALL, CASE_INSENSITIVE | OPEN_LINK);
    s.rename(7, "another link");
    s.query_key(7, 0);
}

fn loops(s: &mut Script) {
    link(s, "link");
    s.open(2, 0, "link");
    s.create(2, 0, "link");
    s.open(2, 0, r"link\below");
    let target = format!(r"{}\link\link", s.path());
    s.set(1, VALUE, REG_LINK, &bytes(&target));
    s.open(2, 0, "link");
}

fn itself(s: &mut Script) {
    link(s, "target");
    s.create(9, 0, "target");
    let attributes = CASE_INSENSITIVE | OPEN_LINK;
    s.open_with(2, Some(0), "link", ALL, attributes);
    s.query(2, VALUE);
    s.query_key(2, 0);
    s.query_key(2, 5);
    s.create_with(3, Some(0), "link", ALL, attributes, 0, None);
    s.query(3, VALUE);
    // The option is no way to the link itself.
    for (attributes, options) in [(CASE_INSENSITIVE, 8), (attributes, 8), (attributes, 0)] {
        s.push(Call::OpenKeyEx {
            slot: 4,
            root: Some(0),
            name: "link".into(),
            access: ALL,
            attributes,
            options,
        });
        s.query_key(4, 0);
    }
    // Only what is last in the name is opened itself.
    s.open_with(5, Some(0), r"link\below", ALL, attributes);
    s.create_with(5, Some(0), r"link\below", ALL, attributes, 0, None);
    s.query_key(5, 3);
    s.open_with(6, Some(0), "target", ALL, attributes);
}
