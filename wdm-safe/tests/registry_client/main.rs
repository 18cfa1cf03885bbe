//! The registry client beyond opening, reading and writing: options, links, information, security,
//! buffers that are used again, change notification, the keys of drivers and devices.

mod buffers;
mod info;
mod links;
mod memory;
mod own_keys;
mod requests;
mod security;
mod support;
mod values;
mod watch;
