//! Names and expressions with wildcards.
//!
//! Page: <https://learn.microsoft.com/windows-hardware/drivers/ddi/ntifs/nf-ntifs-_fsrtl_advanced_fcb_header-fsrtlisnameinexpression>.

use wdm_sys::{BOOLEAN, PCUNICODE_STRING, PCWSTR};

use crate::exports::{exports, text};
use crate::registry::upcase::upcase;

const STAR: u16 = b'*' as u16;
const QUESTION: u16 = b'?' as u16;
const DOT: u16 = b'.' as u16;
/// `DOS_STAR`: anything up to the last period.
const DOS_STAR: u16 = b'<' as u16;
/// `DOS_QM`: any character, or the end of the name or of a part of it.
const DOS_QUESTION: u16 = b'>' as u16;
/// `DOS_DOT`: a period, or the end of the name.
const DOS_DOT: u16 = b'"' as u16;

exports! {
    /// Whether a name is one that an expression stands for. If case is to be ignored, the expression
    /// is upper-case already.
    [undeclared]
    fn FsRtlIsNameInExpression(
        expression: PCUNICODE_STRING,
        name: PCUNICODE_STRING,
        ignore_case: BOOLEAN,
        _table: PCWSTR,
    ) -> BOOLEAN {
        // SAFETY: the caller gave strings.
        let expression = unsafe { text(expression) }.unwrap_or_default();
        // SAFETY: as above.
        let name = unsafe { text(name) }.unwrap_or_default();
        let fold = |&unit: &u16| if ignore_case != 0 { upcase(unit) } else { unit };
        let name: Vec<u16> = name.iter().map(fold).collect();
        BOOLEAN::from(matches(expression, &name))
    }

    /// Whether a text has wildcards.
    [undeclared]
    fn FsRtlDoesNameContainWildCards(name: PCUNICODE_STRING) -> BOOLEAN {
        let wildcards = [STAR, QUESTION, DOS_STAR, DOS_QUESTION, DOS_DOT];
        // SAFETY: the caller gave a string.
        let name = unsafe { text(name) }.unwrap_or_default();
        BOOLEAN::from(name.iter().any(|unit| wildcards.contains(unit)))
    }
}

fn matches(expression: &[u16], name: &[u16]) -> bool {
    if expression.is_empty() || name.is_empty() {
        return expression.is_empty() && name.is_empty();
    }
    // Which ends of the name the expression up to here stands for the beginnings of.
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    let last_dot = name.iter().rposition(|&unit| unit == DOT);
    for &unit in expression {
        let mut next = vec![false; name.len() + 1];
        for at in 0..=name.len() {
            let own = name.get(at).copied();
            let from_before = at > 0 && next[at - 1];
            let consumed = at.checked_sub(1);
            let before = consumed.is_some_and(|at| reached[at]);
            let passed = consumed.and_then(|at| name.get(at).copied());
            next[at] = match unit {
                STAR => reached[at] || from_before,
                // It does not go beyond the last period.
                DOS_STAR => {
                    reached[at] || from_before && consumed.is_none_or(|at| Some(at) != last_dot)
                }
                QUESTION => before,
                DOS_QUESTION => {
                    before && passed != Some(DOT) || reached[at] && matches!(own, None | Some(DOT))
                }
                DOS_DOT => before && passed == Some(DOT) || reached[at] && own.is_none(),
                unit => before && passed == Some(unit),
            };
        }
        reached = next;
    }
    reached[name.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::matches;

    fn is(expression: &str, name: &str) -> bool {
        let units = |text: &str| text.encode_utf16().collect::<Vec<_>>();
        matches(&units(expression), &units(name))
    }

    #[test]
    fn wildcards_stand_for_what_they_say() {
        let yes = [
            ("*", "A"),
            ("A*", "A"),
            (r"*\RUN\*", r"X\RUN\Y"),
            ("A?C", "ABC"),
            ("<.TXT", "A.B.TXT"),
            ("A>>.C", "A.C"),
            ("A>>.C", "ABB.C"),
            ("A\"B", "A.B"),
            ("A\"", "A"),
        ];
        for (expression, name) in yes {
            assert!(is(expression, name), "{expression} {name}");
        }
        let no = [
            ("A?C", "AC"),
            (r"*\RUN\*", r"X\RUNS\Y"),
            ("A", "AB"),
            ("A\"B", "AB"),
            ("", "A"),
            ("*", ""),
        ];
        for (expression, name) in no {
            assert!(!is(expression, name), "{expression} {name}");
        }
    }

    /// The plain wildcards as one would define them.
    fn model(expression: &[char], name: &[char]) -> bool {
        match (expression, name) {
            ([], []) => true,
            (['*', rest @ ..], _) => {
                model(rest, name) || !name.is_empty() && model(expression, &name[1..])
            }
            (['?', rest @ ..], [_, others @ ..]) => model(rest, others),
            ([unit, rest @ ..], [other, others @ ..]) => unit == other && model(rest, others),
            _ => false,
        }
    }

    proptest! {
        #[test]
        fn stars_and_question_marks(expression in "[ab?*]{1,8}", name in "[ab]{1,8}") {
            let chars = |text: &str| text.chars().collect::<Vec<_>>();
            let expected = model(&chars(&expression), &chars(&name));
            prop_assert_eq!(is(&expression, &name), expected);
        }
    }
}
