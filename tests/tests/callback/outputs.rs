//! N2 to N4 and N8: what is answered in the registry's place cannot be told from what the registry
//! answers.

use std::convert::Infallible;
use std::ffi::c_void;
use std::sync::Mutex;

use cm_callback::operation::{
    Answers, KeyAnswer, KeyContents, QueryKey, QueryKeyName, QueryMultipleValue, QuerySecurity,
    ValueData,
};
use cm_callback::{Post, PostOutcome, Pre, PreOutcome, RegistryCallback, altitude};
use wdm_safe::registry::{KeyAccess, RegKey, ValueType};
use wdm_safe::{NtError, Passive, UnicodeStr, unicode};
use wdm_sim::{Machine, UserKey};
use wdm_sys as sys;

use crate::support::{HOME, Log, finish, load, machine};

/// Status, length and buffer, which was full of 0xCC before.
type Answer = (sys::NTSTATUS, u32, Vec<u8>);

/// Calls a routine that fills a buffer of `room` bytes.
fn ask(room: usize, call: impl FnOnce(*mut c_void, u32, *mut u32) -> sys::NTSTATUS) -> Answer {
    let (mut buffer, mut length) = (vec![0xCC; room], 0);
    let size = u32::try_from(room).expect("a small buffer");
    let status = call(buffer.as_mut_ptr().cast(), size, &mut length);
    (status, length, buffer)
}

fn query_key(key: &UserKey<'_>, class: sys::KEY_INFORMATION_CLASS, room: usize) -> Answer {
    ask(room, |buffer, size, length| {
        // SAFETY: the simulated kernel knows its handles; the pointers lead to live locals.
        unsafe { sys::ZwQueryKey(key.handle(), class, buffer, size, length) }
    })
}

fn query_security(key: &UserKey<'_>, room: usize) -> Answer {
    ask(room, |buffer, size, length| {
        // SAFETY: as above.
        unsafe { sys::ZwQuerySecurityObject(key.handle(), 4, buffer, size, length) }
    })
}

/// Status, lengths, entries and data.
type Several = (sys::NTSTATUS, u32, u32, Vec<[u32; 3]>, Vec<u8>);

/// Reads values at once into a buffer of `room` bytes.
fn query_several(key: &UserKey<'_>, names: [&UnicodeStr; 2], room: usize) -> Several {
    let mut strings = names.map(|name| sys::UNICODE_STRING {
        Length: name.as_bytes().len() as u16,
        MaximumLength: name.as_bytes().len() as u16,
        Buffer: name.units().as_ptr().cast_mut(),
    });
    let mut entries = strings.each_mut().map(|name| sys::KEY_VALUE_ENTRY {
        ValueName: name,
        DataLength: 0,
        DataOffset: 0,
        Type: 0,
    });
    let (mut used, mut needed) = (room as u32, 0);
    let (status, _, data) = ask(room, |buffer, _, _| {
        let (count, entries) = (entries.len() as u32, entries.as_mut_ptr());
        // SAFETY: as above.
        unsafe {
            let length = &mut used;
            sys::ZwQueryMultipleValueKey(key.handle(), entries, count, buffer, length, &mut needed)
        }
    });
    let entries = entries.map(|entry| [entry.DataLength, entry.DataOffset, entry.Type]);
    (status, used, needed, entries.to_vec(), data)
}

/// Answers queries of keys that are called "fake" with what is true of the key "real".
#[derive(Default)]
struct Faking {
    last_write_time: Mutex<i64>,
    log: Log,
}

const CONTENTS: KeyContents = KeyContents {
    subkeys: 1,
    longest_name: 12,
    longest_class: 0,
    values: 2,
    longest_value_name: 6,
    longest_value_data: 5,
};
const VALUES: [ValueData<'static>; 2] = [
    ValueData {
        kind: ValueType::BINARY,
        data: b"fifth",
    },
    ValueData {
        kind: ValueType::DWORD,
        data: &[4, 3, 2, 1],
    },
];
const DESCRIPTOR: [u8; 20] = [
    1, 0, 4, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0,
];

impl Faking {
    fn is_fake<O: cm_callback::operation::OnPreKey>(op: &Pre<'_, O, Self>) -> bool {
        let key = op.key().expect("there is a key");
        let name = op.cookie().key_name(key).expect("it has a name");
        name.components().last() == Some(unicode!("fake"))
    }

    fn fake<O: Answers + cm_callback::operation::OnPreKey>(
        op: Pre<'_, O, Self>,
        answer: &O::Answer<'_>,
    ) -> PreOutcome<O, Self> {
        match Self::is_fake(&op) {
            true => op.answer(answer).unwrap_or_else(Pre::pass),
            false => op.pass(),
        }
    }
}

impl RegistryCallback for Faking {
    type KeyContext = Infallible;
    type CallContext = Infallible;

    fn pre_query_key(&self, op: Pre<'_, QueryKey, Self>) -> PreOutcome<QueryKey, Self> {
        let answer = KeyAnswer {
            full_name: unicode!(r"\REGISTRY\MACHINE\SYSTEM\Test\real"),
            class: unicode!("odd"),
            last_write_time: *self.last_write_time.lock().expect("nobody panics"),
            contents: CONTENTS,
            ..KeyAnswer::new(unicode!("real"))
        };
        Self::fake(op, &answer)
    }

    fn pre_query_multiple_value(
        &self,
        op: Pre<'_, QueryMultipleValue, Self>,
    ) -> PreOutcome<QueryMultipleValue, Self> {
        let mut buffer = [0; 6];
        for index in 0..3 {
            let name = op.value_name_in(index, &mut buffer);
            self.log.add(format!("{name:?}"));
        }
        Self::fake(op, &VALUES)
    }

    fn pre_query_security(
        &self,
        op: Pre<'_, QuerySecurity, Self>,
    ) -> PreOutcome<QuerySecurity, Self> {
        Self::fake(op, &DESCRIPTOR)
    }

    fn pre_query_key_name(
        &self,
        op: Pre<'_, QueryKeyName, Self>,
    ) -> PreOutcome<QueryKeyName, Self> {
        Self::fake(op, unicode!(r"\REGISTRY\MACHINE\SYSTEM\Test\real"))
    }
}

/// A machine with the two keys in it.
fn with_keys(test: impl FnOnce(&Machine, &UserKey<'_>, &UserKey<'_>, &Log)) {
    let machine = machine();
    {
        let system = machine.system_process();
        let _thread = system.enter();
        // SAFETY: a system thread runs at PASSIVE_LEVEL.
        let at = unsafe { Passive::new_unchecked() };
        let home = RegKey::create(
            unicode!(r"\Registry\Machine\SYSTEM\Test"),
            KeyAccess::ALL,
            at,
        );
        home.expect("it is created");
        with_class(at);
    }
    let faking = Faking::default();
    let log = faking.log.clone();
    let app = machine.process("app");
    let thread = app.enter();
    let open = |name: &str| {
        let key = thread.create_key(&format!(r"{HOME}\{name}"), KeyAccess::ALL);
        key.expect("it opens")
    };
    let (real, fake) = (open("real"), open("fake"));
    drop(real.create_key("subkey", KeyAccess::ALL).expect("it opens"));
    real.set_binary("one", VALUES[0].data).expect("it is set");
    real.set_dword("two", 0x0102_0304).expect("it is set");
    real.set_security(4, &DESCRIPTOR).expect("it is set");
    real.set_last_write_time(77).expect("it is set");
    *faking.last_write_time.lock().expect("nobody panics") = 77;
    let driver = load(&machine, "faking", altitude!("1"), faking).expect("it loads");
    test(&machine, &real, &fake, &log);
    drop((real, fake));
    finish(&machine, [driver]);
}

/// Creates "real" with a class, which the user's side of the simulator does not take.
fn with_class(_at: Passive<'_>) {
    let path = wdm_safe::string::Counted::new(unicode!(r"\Registry\Machine\SYSTEM\Test\real"));
    let class = wdm_safe::string::Counted::new(unicode!("odd"));
    let path = path.expect("a short string");
    // SAFETY: all zero is a valid value.
    let mut attributes: sys::OBJECT_ATTRIBUTES = unsafe { std::mem::zeroed() };
    attributes.Length = size_of::<sys::OBJECT_ATTRIBUTES>() as u32;
    attributes.ObjectName = path.as_ptr();
    attributes.Attributes = sys::OBJ_CASE_INSENSITIVE | sys::OBJ_KERNEL_HANDLE;
    let (mut handle, class) = (std::ptr::null_mut(), class.expect("a short string"));
    // SAFETY: all pointers lead to live locals.
    let status = unsafe {
        sys::ZwCreateKey(
            &mut handle,
            sys::KEY_ALL_ACCESS,
            &mut attributes,
            0,
            class.as_ptr(),
            0,
            std::ptr::null_mut(),
        )
    };
    assert_eq!(status, sys::STATUS_SUCCESS);
    // SAFETY: the handle was given a moment ago.
    assert_eq!(unsafe { sys::ZwClose(handle) }, sys::STATUS_SUCCESS);
}

#[test]
fn n4_a_key_is_answered_as_the_registry_does_it_in_each_form_and_each_room() {
    with_keys(|_, real, fake, _| {
        for class in [
            sys::KeyBasicInformation,
            sys::KeyNodeInformation,
            sys::KeyFullInformation,
            sys::KeyNameInformation,
            sys::KeyCachedInformation,
        ] {
            let (status, needed, _) = query_key(real, class, 0);
            assert_eq!(status, sys::STATUS_BUFFER_TOO_SMALL, "class {class}");
            for room in 0..=needed as usize + 1 {
                let (expected, answered) =
                    (query_key(real, class, room), query_key(fake, class, room));
                assert_eq!(expected, answered, "class {class}, {room} bytes of room");
            }
        }
        // A form that the crate does not write is left to the registry.
        let flags = sys::KeyFlagsInformation;
        assert_eq!(query_key(real, flags, 64), query_key(fake, flags, 64));
    });
}

#[test]
fn n4_several_values_are_answered_as_the_registry_does_it_in_each_room() {
    with_keys(|_, real, fake, log| {
        let names = [unicode!("one"), unicode!("two")];
        for room in 0..14 {
            let (expected, answered) = (
                query_several(real, names, room),
                query_several(fake, names, room),
            );
            // What is not in the buffer has no offset that means anything.
            let (mut expected, mut answered) = (expected, answered);
            for entries in [&mut expected.3, &mut answered.3] {
                for entry in entries.iter_mut() {
                    if entry[1] + entry[0] > room as u32 {
                        entry[1] = 0;
                    }
                }
            }
            assert_eq!(expected, answered, "{room} bytes of room");
        }
        let seen = log.take();
        let too_high = Err::<(), _>(NtError::BUFFER_TOO_SMALL);
        let expected = ["Ok(\"one\")", "Ok(\"two\")", &format!("{too_high:?}")];
        assert_eq!(seen[..3], expected);
    });
}

#[test]
fn n4_a_descriptor_is_answered_as_the_registry_does_it_in_each_room() {
    with_keys(|_, real, fake, _| {
        for room in 0..=DESCRIPTOR.len() + 1 {
            let (expected, answered) = (query_security(real, room), query_security(fake, room));
            assert_eq!(expected, answered, "{room} bytes of room");
        }
        let (status, length, _) = query_security(fake, DESCRIPTOR.len());
        assert_eq!((status, length), (sys::STATUS_SUCCESS, 20));
    });
}

/// The name of a key object, as the object manager gives it; the address that it leads to counted
/// from the buffer's start.
fn query_name(key: &UserKey<'_>, room: usize) -> Answer {
    let mut object = std::ptr::null_mut();
    // SAFETY: the simulated kernel knows its handles; the pointer leads to a live local.
    let status = unsafe {
        sys::ObReferenceObjectByHandle(
            key.handle(),
            0,
            std::ptr::null_mut(),
            sys::UserMode as sys::KPROCESSOR_MODE,
            &mut object,
            std::ptr::null_mut(),
        )
    };
    assert_eq!(status, sys::STATUS_SUCCESS);
    let mut buffer = vec![0xCCCC_CCCC_CCCC_CCCC_u64; room.div_ceil(8)];
    let mut length = 0;
    let start = buffer.as_mut_ptr();
    // SAFETY: the object is referenced; the buffer is of that length.
    let status = unsafe { sys::ObQueryNameString(object, start.cast(), room as u32, &mut length) };
    // SAFETY: referenced above.
    unsafe { sys::ObfDereferenceObject(object) };
    if status == sys::STATUS_SUCCESS {
        buffer[1] -= start.addr() as u64;
    }
    let bytes = buffer.iter().flat_map(|word| word.to_ne_bytes());
    (status, length, bytes.take(room).collect())
}

#[test]
fn n4_a_name_is_answered_as_the_registry_does_it_in_each_room() {
    with_keys(|_, real, fake, _| {
        let (_, needed, _) = query_name(real, 0);
        assert!(needed > 16);
        for room in 0..=needed as usize + 1 {
            let (mut expected, mut answered) = (query_name(real, room), query_name(fake, room));
            // The padding between the lengths and the pointer means nothing.
            for (_, _, bytes) in [&mut expected, &mut answered] {
                bytes.iter_mut().skip(4).take(4).for_each(|byte| *byte = 0);
            }
            assert_eq!(expected, answered, "{room} bytes of room");
        }
    });
}

/// Looks at what was answered, and changes a byte of it.
struct Editing(Log);

impl RegistryCallback for Editing {
    type KeyContext = Infallible;
    type CallContext = Infallible;

    fn post_query_security(
        &self,
        op: Post<'_, QuerySecurity, Self>,
    ) -> PostOutcome<QuerySecurity, Self> {
        let size = op.output().map(|output| output.len());
        self.0.add(format!("{} {size:?}", op.status()));
        op.answer(&[7; 20]).unwrap_or_else(Post::keep)
    }

    fn post_query_key(&self, op: Post<'_, QueryKey, Self>) -> PostOutcome<QueryKey, Self> {
        if let Some(mut output) = op.output() {
            let time = output.read_u32_at(0);
            self.0.add(format!("{time:?}"));
            output.write_at(0, &[9]).expect("it is there");
        }
        op.keep()
    }
}

#[test]
fn n3_an_output_can_be_read_and_changed_where_its_size_is_known() {
    let machine = machine();
    let log = Log::default();
    let editing = Editing(log.clone());
    let driver = load(&machine, "editing", altitude!("1"), editing).expect("it loads");
    let app = machine.process("app");
    let thread = app.enter();
    let key = thread.create_key(HOME, KeyAccess::ALL).expect("it opens");
    key.set_security(4, &DESCRIPTOR).expect("it is set");
    key.set_last_write_time(5).expect("it is set");

    let (status, _, buffer) = query_key(&key, sys::KeyBasicInformation, 64);
    assert_eq!(
        (status, &buffer[..4]),
        (sys::STATUS_SUCCESS, &[9, 0, 0, 0][..])
    );
    assert_eq!(log.take(), ["Ok(5)"]);

    // The variable that said 19 says 20 now, and the buffer has 19 bytes all the same.
    let (status, length, buffer) = query_security(&key, 19);
    assert_eq!((status, length), (sys::STATUS_BUFFER_TOO_SMALL, 20));
    assert_eq!(buffer, [0xCC; 19]);
    let (status, _, buffer) = query_security(&key, 21);
    assert_eq!((status, &buffer[..20]), (sys::STATUS_SUCCESS, &[7; 20][..]));
    assert_eq!(buffer[20], 0xCC);
    let too_small = wdm_safe::NtStatus::from_raw(sys::STATUS_BUFFER_TOO_SMALL);
    let success = wdm_safe::NtStatus::SUCCESS;
    assert_eq!(
        log.take(),
        [format!("{too_small} None"), format!("{success} Some(20)")]
    );
    drop(key);
    finish(&machine, [driver]);
}
