//! Names and expressions with wildcards.

use wdm_sys::PUNICODE_STRING;

use crate::support::{Text, in_kernel, machine, on};

unsafe extern "system" {
    fn FsRtlIsNameInExpression(
        expression: PUNICODE_STRING,
        name: PUNICODE_STRING,
        ignore_case: u8,
        table: *const u16,
    ) -> u8;
}

#[test]
fn an_expression_ignores_case_where_that_is_asked_for() {
    let machine = machine();
    in_kernel(&machine, || {
        let is = |expression: &str, name: &str, ignore_case: u8| {
            let (mut expression, mut name) = (Text::new(expression), Text::new(name));
            let (expression, name) = (expression.as_ptr(), name.as_ptr());
            on!(FsRtlIsNameInExpression(
                expression,
                name,
                ignore_case,
                std::ptr::null()
            ))
        };
        assert_eq!(is(r"*\RUN", r"\Software\Run", 1), 1);
        assert_eq!(is(r"*\RUN", r"\Software\Run", 0), 0);
    });
}
