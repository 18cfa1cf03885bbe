//! The documentation of operations and methods that follows from the table: class, structure and
//! page of each notification.

/// The end of a page's address, by the structure's name in `wdm.h`.
macro_rules! page {
    (REG_CREATE_KEY_INFORMATION) => {
        "_reg_create_key_information"
    };
    (REG_OPEN_KEY_INFORMATION) => {
        "_reg_create_key_information"
    };
    (REG_DELETE_KEY_INFORMATION) => {
        "_reg_delete_key_information"
    };
    (REG_SET_VALUE_KEY_INFORMATION) => {
        "_reg_set_value_key_information"
    };
    (REG_DELETE_VALUE_KEY_INFORMATION) => {
        "_reg_delete_value_key_information"
    };
    (REG_SET_INFORMATION_KEY_INFORMATION) => {
        "_reg_set_information_key_information"
    };
    (REG_RENAME_KEY_INFORMATION) => {
        "_reg_rename_key_information"
    };
    (REG_ENUMERATE_KEY_INFORMATION) => {
        "_reg_enumerate_key_information"
    };
    (REG_ENUMERATE_VALUE_KEY_INFORMATION) => {
        "_reg_enumerate_value_key_information"
    };
    (REG_QUERY_KEY_INFORMATION) => {
        "_reg_query_key_information"
    };
    (REG_QUERY_VALUE_KEY_INFORMATION) => {
        "_reg_query_value_key_information"
    };
    (REG_QUERY_MULTIPLE_VALUE_KEY_INFORMATION) => {
        "_reg_query_multiple_value_key_information"
    };
    (REG_KEY_HANDLE_CLOSE_INFORMATION) => {
        "_reg_key_handle_close_information"
    };
    (REG_FLUSH_KEY_INFORMATION) => {
        "_reg_delete_key_information"
    };
    (REG_LOAD_KEY_INFORMATION) => {
        "_reg_load_key_information"
    };
    (REG_UNLOAD_KEY_INFORMATION) => {
        "_reg_unload_key_information"
    };
    (REG_QUERY_KEY_SECURITY_INFORMATION) => {
        "_reg_query_key_security_information"
    };
    (REG_SET_KEY_SECURITY_INFORMATION) => {
        "_reg_set_key_security_information"
    };
    (REG_RESTORE_KEY_INFORMATION) => {
        "_reg_restore_key_information"
    };
    (REG_SAVE_KEY_INFORMATION) => {
        "_reg_save_key_information"
    };
    (REG_REPLACE_KEY_INFORMATION) => {
        "_reg_replace_key_information"
    };
    (REG_QUERY_KEY_NAME) => {
        "_reg_query_key_name"
    };
    (REG_SAVE_MERGED_KEY_INFORMATION) => {
        "reg_save_merged_key_information"
    };
}

/// Class and structure of an operation's pre-notification.
macro_rules! before_doc {
    ($info:ident $class:ident) => {
        concat!(
            "Class `",
            stringify!($class),
            "`, structure [`",
            stringify!($info),
            "`](https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/ns-wdm-",
            crate::operation::page!($info),
            ").",
        )
    };
}

/// Class and structure of an operation's post-notification.
macro_rules! after_doc {
    ($class:ident) => {
        concat!(
            "Class `",
            stringify!($class),
            "`, structure [`REG_POST_OPERATION_INFORMATION`]",
            "(https://learn.microsoft.com/windows-hardware/drivers/ddi/wdm/",
            "ns-wdm-_reg_post_operation_information).",
        )
    };
}

/// A link to a method of `RegistryCallback`.
macro_rules! method_doc {
    ($method:ident) => {
        concat!(
            "[`",
            stringify!($method),
            "`](crate::RegistryCallback::",
            stringify!($method),
            ")",
        )
    };
}

pub(crate) use {after_doc, before_doc, method_doc, page};
