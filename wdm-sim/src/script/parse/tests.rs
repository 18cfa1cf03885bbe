use proptest::prelude::*;

use super::super::Step;
use super::parse;

fn errors(text: &str) -> Vec<String> {
    let errors = parse(text).err().unwrap_or_default();
    let lines = errors.iter().map(|e| format!("{}: {}", e.line, e.what));
    lines.collect()
}

#[test]
fn lines_become_steps() {
    let script = parse(
        "# nothing\n\n$k = create \\Registry\\Machine\\X all volatile\n\
         set $k \"\" multi_sz a \"expect\" SUCCESS expect ACCESS_DENIED\n\
         thread 1\n$k = open \\Registry\\Machine\\X\nend\nthread 2\nend\n\
         delete $k expect 0xC0000022\n",
    )
    .expect("the script is well formed");
    let shape = script.steps.iter().map(|step| match step {
        Step::Line(_, line) => (line.number, 0),
        Step::Threads(threads) => (0, threads.len()),
    });
    assert_eq!(shape.collect::<Vec<_>>(), [(3, 0), (4, 0), (0, 2), (10, 0)]);
}

#[test]
fn each_error_is_a_line_that_says_what_to_write() {
    let cases = [
        (
            "opne \\Registry",
            "opne is no operation; write open, create",
        ),
        (
            "open Registry\\Machine",
            "write \\Registry\\... or $key\\...",
        ),
        ("open \\Registry raed", "raed is no right; write"),
        ("open", "open lacks a key's name; write open PATH"),
        ("query $k", "$k is not set in this thread; write $k = open"),
        ("$k query", "$k is no operation"),
        ("$k = query $k", "query gives no handle"),
        ("$k =", "no operation after the ="),
        ("k = open \\Registry", "k is no variable"),
        ("begin", "write $t = begin"),
        ("end", "end without a thread"),
        ("thread\nend", "write thread N"),
        ("thread x\nend", "x is no number of 32 bits"),
        ("process", "write process NAME"),
        (
            "process a.exe debug",
            "debug is nothing that a process can be",
        ),
        (
            "process a.exe user\nprocess a.exe system",
            "a.exe runs already, and is not system",
        ),
        ("open \\Registry expect OK", "OK is no status"),
        ("open \\Registry expect", "expect without a status"),
        ("open \\Registry read read", "read is too much"),
        ("load \\Registry\\User\\X C:\\x", "is no NT path"),
    ];
    for (text, part) in cases {
        let errors = errors(text);
        assert_eq!(errors.len(), 1, "{text}: {errors:?}");
        assert!(errors[0].contains(part), "{text}: {errors:?}");
        assert!(!errors[0].contains('\n'), "{text}: {errors:?}");
    }
    let open = "$k = open \\Registry\n";
    for (line, part) in [
        ("set $k X dword 4294967296", "is no number of 32 bits"),
        ("set $k X word 1", "word is no type"),
        ("set $k X binary abc", "abc is not hexadecimal"),
        ("set $k X binary +a", "+a is not hexadecimal"),
        ("commit $k", "$k is a key; write a variable that begin"),
        ("enumerate $k all", "all cannot be enumerated"),
        ("unload $k\\X", "unload takes an absolute name"),
        ("thread 1\nquery $k\nend", "$k is not set in this thread"),
        ("process b.exe\nquery $k", "$k is not set in this thread"),
    ] {
        let errors = errors(&format!("{open}{line}"));
        assert_eq!(errors.len(), 1, "{line}: {errors:?}");
        assert!(errors[0].contains(part), "{line}: {errors:?}");
    }
}

#[test]
fn all_errors_are_told_at_once() {
    let all = errors("opne\nthread 1\nthread 2\n\nquery $x\n");
    let lines: Vec<_> = all.iter().map(|e| e.split(':').next()).collect();
    assert_eq!(lines, [Some("1"), Some("3"), Some("5"), Some("2")]);
}

/// A line of words that the language has.
fn soup() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        "(open|create|close|set|query|name|delete|rename|enumerate|flush|load|load_app|unload)",
        "(save|restore|begin|commit|rollback|process|thread|end|expect|in|volatile|force|=)",
        "(\\$k|\\$t|\\$k\\\\X|\\\\Registry\\\\Machine|dword|multi_sz|binary|sz|keys|values|all)",
        "([0-9]{1,3}|0xff|SUCCESS|\"|\"\"|#|[^\\x00]{0,3})",
    ];
    prop::collection::vec(word, 0..8).prop_map(|words| words.join(" "))
}

proptest! {
    #[test]
    fn any_text_is_a_script_or_has_errors_of_one_line(text in any::<String>()) {
        for error in errors(&text) {
            prop_assert!(!error.contains('\n'));
        }
    }

    #[test]
    fn so_is_any_mixture_of_its_words(lines in prop::collection::vec(soup(), 0..8)) {
        let text = lines.join("\n");
        if let Err(errors) = parse(&text) {
            prop_assert!(!errors.is_empty());
            for error in errors {
                prop_assert!((1..=text.lines().count()).contains(&error.line));
            }
        }
    }
}
