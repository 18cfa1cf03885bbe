//! Which method is told of which class: the table of operations, to be read by tools.

use wdm_sys as sys;

use super::for_each_operation;
use crate::NotifyClass;

/// What there is for one class of notifications.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The class.
    pub class: NotifyClass,
    /// Its name in `wdm.h`.
    pub name: &'static str,
    /// The structure that comes with it.
    pub structure: &'static str,
    /// The trait and its method that is called.
    pub method: &'static str,
    /// The type that shows the structure.
    pub view: &'static str,
    /// The methods of the view that make an outcome; none where a notification has no outcome.
    pub outcomes: &'static [&'static str],
}

/// What a callback can make of a pre-notification.
macro_rules! before {
    (closing $reply:tt) => {
        &["pass", "pass_with"]
    };
    ($shape:ident ()) => {
        &["pass", "pass_with", "block", "complete"]
    };
    (live_before Answered) => {
        &["pass", "pass_with", "block", "complete_without_handle"]
    };
    ($shape:ident Answered) => {
        &["pass", "pass_with", "block", "answer"]
    };
    ($shape:ident $reply:ident) => {
        &["pass", "pass_with", "block", "complete_with"]
    };
}

/// What a callback can make of a post-notification.
macro_rules! after {
    (closing $reply:tt) => {
        &["keep"]
    };
    ($shape:ident ()) => {
        &["keep", "fail_with", "succeed"]
    };
    (live_before Answered) => {
        &["keep", "fail_with", "succeed_without_handle"]
    };
    ($shape:ident Answered) => {
        &["keep", "fail_with", "answer"]
    };
    ($shape:ident $reply:ident) => {
        &["keep", "fail_with", "succeed_with"]
    };
}

/// A notification that only a [`LegacyCallback`](crate::LegacyCallback) is told of.
macro_rules! legacy {
    ($class:ident $structure:ident $method:literal $view:literal $outcomes:expr) => {
        Row {
            class: NotifyClass(sys::$class),
            name: stringify!($class),
            structure: stringify!($structure),
            method: concat!("LegacyCallback::", $method),
            view: $view,
            outcomes: $outcomes,
        }
    };
}

macro_rules! table {
    ($(
        $(#[$doc:meta])* $name:ident $pre:ident $post:ident {
            $info:ident $pre_class:ident $post_class:ident
            $shape:ident $fields:ident $pre_stage:ident $post_stage:ident $reply:tt
        }
    )+) => {
        /// All classes that Windows defines, in no order.
        ///
        /// ```
        /// use cm_callback::operation::TABLE;
        ///
        /// let class = TABLE.iter().find(|row| row.name == "RegNtPreSetValueKey").unwrap();
        /// assert_eq!(class.method, "RegistryCallback::pre_set_value");
        /// assert_eq!(class.view, "Pre<SetValue>");
        /// assert_eq!(class.outcomes, ["pass", "pass_with", "block", "complete"]);
        /// ```
        pub const TABLE: &[Row] = &[
            $(
                Row {
                    class: NotifyClass(sys::$pre_class),
                    name: stringify!($pre_class),
                    structure: stringify!($info),
                    method: concat!("RegistryCallback::", stringify!($pre)),
                    view: concat!("Pre<", stringify!($name), ">"),
                    outcomes: before!($shape $reply),
                },
                Row {
                    class: NotifyClass(sys::$post_class),
                    name: stringify!($post_class),
                    structure: "REG_POST_OPERATION_INFORMATION",
                    method: concat!("RegistryCallback::", stringify!($post)),
                    view: concat!("Post<", stringify!($name), ">"),
                    outcomes: after!($shape $reply),
                },
            )+
            Row {
                class: NotifyClass(sys::RegNtCallbackObjectContextCleanup),
                name: "RegNtCallbackObjectContextCleanup",
                structure: "REG_CALLBACK_CONTEXT_CLEANUP_INFORMATION",
                method: "RegistryCallback::context_cleanup",
                view: "Cleanup",
                outcomes: &[],
            },
            legacy!(RegNtPreCreateKey REG_PRE_CREATE_KEY_INFORMATION
                "pre_create" "LegacyPre" &["pass", "block"]),
            legacy!(RegNtPostCreateKey REG_POST_CREATE_KEY_INFORMATION
                "post_create" "LegacyPost" &[]),
            legacy!(RegNtPreOpenKey REG_PRE_OPEN_KEY_INFORMATION
                "pre_open" "LegacyPre" &["pass", "block"]),
            legacy!(RegNtPostOpenKey REG_POST_OPEN_KEY_INFORMATION
                "post_open" "LegacyPost" &[]),
        ];
    };
}

for_each_operation!(table);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn n1_every_class_has_one_row() {
        for class in 0..sys::MaxRegNtNotifyClass {
            let rows = TABLE.iter().filter(|row| row.class.0 == class).count();
            assert_eq!(rows, 1, "class {class}");
        }
        assert_eq!(TABLE.len(), sys::MaxRegNtNotifyClass as usize);
    }
}
