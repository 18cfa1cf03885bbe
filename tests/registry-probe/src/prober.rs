//! Making the calls.

use alloc::vec;
use alloc::vec::Vec;
use core::ptr;

use wdm_sys::{HANDLE, KEY_VALUE_ENTRY, NTSTATUS, OBJECT_ATTRIBUTES, PVOID, UNICODE_STRING};

use crate::answer::Answer;
use crate::call::Call;
use crate::nt;
use crate::word::Text;

/// How many slots for handles there are. Calls that name others use none.
pub const SLOTS: usize = 32;

/// No handle that the system gives: it is not reused, so a closed slot stays closed.
const NO_HANDLE: usize = 0x3FFF_FFF0;

/// What lengths are before a call.
const UNTOUCHED: u32 = u32::from_le_bytes([Answer::UNTOUCHED; 4]);

/// Makes calls, and keeps their handles.
#[derive(Debug)]
pub struct Prober {
    handles: [HANDLE; SLOTS],
}

impl Default for Prober {
    fn default() -> Self {
        Self {
            handles: [no_handle(); SLOTS],
        }
    }
}

fn no_handle() -> HANDLE {
    ptr::without_provenance_mut(NO_HANDLE)
}

impl Prober {
    /// Makes a call.
    pub fn perform(&mut self, call: &Call) -> Answer {
        match call {
            Call::CreateKey {
                slot,
                root,
                name,
                access,
                attributes,
                options,
                class,
            } => {
                let mut disposition = UNTOUCHED;
                let mut class = class.as_ref().map(string);
                let class = class.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
                let mut answer = self.handle(*slot, *root, name, *attributes, |place, named| {
                    let made = &raw mut disposition;
                    // SAFETY: all pointers lead to live locals.
                    unsafe { nt::ZwCreateKey(place, *access, named, 0, class, *options, made) }
                });
                answer.length = length(disposition);
                answer
            }
            Call::OpenKey {
                slot,
                root,
                name,
                access,
                attributes,
            } => self.handle(*slot, *root, name, *attributes, |place, named| {
                // SAFETY: all pointers lead to live locals.
                unsafe { nt::ZwOpenKey(place, *access, named) }
            }),
            Call::OpenKeyEx {
                slot,
                root,
                name,
                access,
                attributes,
                options,
            } => self.handle(*slot, *root, name, *attributes, |place, named| {
                // SAFETY: all pointers lead to live locals.
                unsafe { nt::ZwOpenKeyEx(place, *access, named, *options) }
            }),
            Call::Close { slot } => {
                let handle = self.take(*slot);
                // SAFETY: the call takes any handle.
                Answer::of(unsafe { nt::ZwClose(handle) })
            }
            Call::Reset {} => {
                self.close_all();
                Answer::of(0)
            }
            Call::DeleteKey { slot } => {
                // SAFETY: as above.
                Answer::of(unsafe { nt::ZwDeleteKey(self.get(*slot)) })
            }
            Call::RenameKey { slot, name } => {
                let mut name = string(name);
                // SAFETY: the name is a live local.
                Answer::of(unsafe { nt::ZwRenameKey(self.get(*slot), &raw mut name) })
            }
            Call::FlushKey { slot } => {
                // SAFETY: the call takes any handle.
                Answer::of(unsafe { nt::ZwFlushKey(self.get(*slot)) })
            }
            Call::QueryKey { slot, class, size } => read(*size, |buffer, size, needed| {
                // SAFETY: `read` gives a buffer of that size, and a variable.
                unsafe { nt::ZwQueryKey(self.get(*slot), *class, buffer, size, needed) }
            }),
            Call::EnumerateKey {
                slot,
                index,
                class,
                size,
            } => read(*size, |buffer, size, needed| {
                let handle = self.get(*slot);
                // SAFETY: as above.
                unsafe { nt::ZwEnumerateKey(handle, *index, *class, buffer, size, needed) }
            }),
            Call::SetInformationKey { slot, class, data } => {
                let (data, size) = input(data);
                // SAFETY: the data are live.
                Answer::of(unsafe { nt::ZwSetInformationKey(self.get(*slot), *class, data, size) })
            }
            Call::SetValueKey {
                slot,
                name,
                kind,
                data,
            } => {
                let mut name = string(name);
                let (data, size) = input(data);
                let (handle, name) = (self.get(*slot), &raw mut name);
                // SAFETY: the name and the data are live.
                Answer::of(unsafe { nt::ZwSetValueKey(handle, name, 0, *kind, data, size) })
            }
            Call::DeleteValueKey { slot, name } => {
                let mut name = string(name);
                // SAFETY: the name is a live local.
                Answer::of(unsafe { nt::ZwDeleteValueKey(self.get(*slot), &raw mut name) })
            }
            Call::QueryValueKey {
                slot,
                name,
                class,
                size,
            } => {
                let mut name = string(name);
                read(*size, |buffer, size, needed| {
                    let (handle, name) = (self.get(*slot), &raw mut name);
                    // SAFETY: `read` gives a buffer of that size, and a variable; the name is live.
                    unsafe { nt::ZwQueryValueKey(handle, name, *class, buffer, size, needed) }
                })
            }
            Call::EnumerateValueKey {
                slot,
                index,
                class,
                size,
            } => read(*size, |buffer, size, needed| {
                let handle = self.get(*slot);
                // SAFETY: `read` gives a buffer of that size, and a variable.
                unsafe { nt::ZwEnumerateValueKey(handle, *index, *class, buffer, size, needed) }
            }),
            Call::QueryMultipleValueKey { slot, size, names } => self.several(*slot, *size, names),
            Call::QuerySecurityObject { slot, wanted, size } => {
                read(*size, |buffer, size, needed| {
                    let handle = self.get(*slot);
                    // SAFETY: `read` gives a buffer of that size, and a variable.
                    unsafe { nt::ZwQuerySecurityObject(handle, *wanted, buffer, size, needed) }
                })
            }
        }
    }

    /// A call that gives a handle.
    fn handle(
        &mut self,
        slot: u32,
        root: Option<u32>,
        name: &Text,
        attributes: u32,
        call: impl FnOnce(*mut HANDLE, *mut OBJECT_ATTRIBUTES) -> NTSTATUS,
    ) -> Answer {
        let mut name = string(name);
        let mut named = OBJECT_ATTRIBUTES {
            Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
            RootDirectory: root.map_or(ptr::null_mut(), |root| self.get(root)),
            ObjectName: &raw mut name,
            Attributes: attributes,
            SecurityDescriptor: ptr::null_mut(),
            SecurityQualityOfService: ptr::null_mut(),
        };
        let mut handle = no_handle();
        let status = call(&raw mut handle, &raw mut named);
        if status >= 0
            && let Some(place) = self.handles.get_mut(slot as usize)
        {
            let before = core::mem::replace(place, handle);
            close(before);
        }
        Answer {
            data: vec![match handle {
                handle if handle.is_null() => 0,
                handle if handle == no_handle() => Answer::UNTOUCHED,
                _ => 1,
            }],
            ..Answer::of(status)
        }
    }

    /// `NtQueryMultipleValueKey`, whose size is a variable, too.
    fn several(&self, slot: u32, size: u32, names: &[Text]) -> Answer {
        let mut strings: Vec<UNICODE_STRING> = names.iter().map(string).collect();
        let untouched = |name| KEY_VALUE_ENTRY {
            ValueName: name,
            DataLength: UNTOUCHED,
            DataOffset: UNTOUCHED,
            Type: UNTOUCHED,
        };
        let entries = strings
            .iter_mut()
            .map(|name| untouched(ptr::from_mut(name)));
        let mut entries: Vec<KEY_VALUE_ENTRY> = entries.collect();
        let mut length = size;
        let mut answer = read(size, |buffer, _, needed| {
            let (place, count) = (entries.as_mut_ptr(), entries.len() as u32);
            let (handle, length) = (self.get(slot), &raw mut length);
            // SAFETY: `read` gives a buffer of that size, and a variable; the rest are live locals.
            unsafe { nt::ZwQueryMultipleValueKey(handle, place, count, buffer, length, needed) }
        });
        for entry in &entries {
            for field in [entry.Type, entry.DataLength, entry.DataOffset] {
                answer.data.extend(field.to_le_bytes());
            }
        }
        answer.data.extend(length.to_le_bytes());
        answer
    }

    fn get(&self, slot: u32) -> HANDLE {
        let handle = self.handles.get(slot as usize);
        handle.copied().unwrap_or(no_handle())
    }

    fn take(&mut self, slot: u32) -> HANDLE {
        let place = self.handles.get_mut(slot as usize);
        place.map_or(no_handle(), |place| core::mem::replace(place, no_handle()))
    }

    fn close_all(&mut self) {
        for place in &mut self.handles {
            close(core::mem::replace(place, no_handle()));
        }
    }
}

fn close(handle: HANDLE) {
    if handle != no_handle() {
        // SAFETY: the call takes any handle; its status says nothing more.
        unsafe { nt::ZwClose(handle) };
    }
}

/// A call that fills a buffer.
fn read(size: u32, call: impl FnOnce(PVOID, u32, *mut u32) -> NTSTATUS) -> Answer {
    // In words, as callers' buffers are aligned.
    let word = u64::from_le_bytes([Answer::UNTOUCHED; 8]);
    let mut buffer = Vec::new();
    buffer.resize(size as usize / 8 + 1, word);
    let mut needed = UNTOUCHED;
    let status = call(buffer.as_mut_ptr().cast(), size, &raw mut needed);
    let bytes = buffer.iter().flat_map(|word| word.to_le_bytes());
    Answer {
        length: length(needed),
        data: bytes.take(size as usize).collect(),
        ..Answer::of(status)
    }
}

/// What was put into a variable, unless it was nothing.
fn length(variable: u32) -> Option<u32> {
    (variable != UNTOUCHED).then_some(variable)
}

/// A string over text that outlives it. Text that is too long is cut, which no case relies on.
fn string(text: &Text) -> UNICODE_STRING {
    let bytes = u16::try_from(text.0.len() * 2).unwrap_or(u16::MAX - 1);
    UNICODE_STRING {
        Length: bytes,
        MaximumLength: bytes,
        Buffer: text.0.as_ptr().cast_mut(),
    }
}

fn input(data: &[u8]) -> (PVOID, u32) {
    (data.as_ptr().cast_mut().cast(), data.len() as u32)
}
