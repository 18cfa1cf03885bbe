//! The simulated kernel apart from the configuration manager, through the routines that linked
//! drivers call.

mod support;

mod access;
mod bitmap;
mod callback_objects;
mod dispatcher;
mod drivers;
mod faults;
mod generic_table;
#[cfg(target_arch = "x86_64")]
mod imports;
mod interlocked_list;
mod irps;
mod leftovers;
mod locks;
mod lookaside;
mod name_expression;
mod notify;
mod ob_callbacks;
mod objects;
mod pool;
mod print;
mod processes;
mod profiles;
mod random;
mod rtl;
mod rtl_registry;
mod rtl_string;
mod security;
mod setup;
mod sid;
mod slist;
mod threads;
mod timers;
mod wait;
mod watch;
mod work_items;
