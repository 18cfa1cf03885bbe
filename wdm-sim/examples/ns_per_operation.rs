//! Measures what registry operations cost in the simulator: nanoseconds an operation, with no
//! callback and with one that passes everything, on one thread and on several.
//!
//! ```text
//! cargo run --release -p wdm-sim --example ns_per_operation
//! ```

use std::ptr;
use std::thread;
use std::time::Instant;

use wdm_sim::{KeyAccess, Machine, Process};
use wdm_sys::{
    CmRegisterCallbackEx, CmUnRegisterCallback, HANDLE, KEY_READ, KeyValuePartialInformation,
    LARGE_INTEGER, NTSTATUS, OBJ_CASE_INSENSITIVE, OBJ_KERNEL_HANDLE, OBJECT_ATTRIBUTES, PVOID,
    UNICODE_STRING, ZwClose, ZwOpenKey, ZwQueryValueKey,
};

const ROUNDS: u32 = 200_000;

unsafe extern "system" fn pass(_: PVOID, _: PVOID, _: PVOID) -> NTSTATUS {
    0
}

fn string(text: &mut [u16]) -> UNICODE_STRING {
    UNICODE_STRING {
        Length: size_of_val(text) as u16,
        MaximumLength: size_of_val(text) as u16,
        Buffer: text.as_mut_ptr(),
    }
}

/// Opens, queries and closes a key `ROUNDS` times; gives the nanoseconds of each step.
fn measure(process: &Process, path: &str) -> [u128; 3] {
    let _thread = process.enter();
    let mut path: Vec<u16> = path.encode_utf16().collect();
    let mut path = string(&mut path);
    let mut name: Vec<u16> = "Number".encode_utf16().collect();
    let mut name = string(&mut name);
    let mut attributes = OBJECT_ATTRIBUTES {
        Length: size_of::<OBJECT_ATTRIBUTES>() as u32,
        RootDirectory: ptr::null_mut(),
        ObjectName: &raw mut path,
        Attributes: OBJ_CASE_INSENSITIVE | OBJ_KERNEL_HANDLE,
        SecurityDescriptor: ptr::null_mut(),
        SecurityQualityOfService: ptr::null_mut(),
    };
    const HANDLES: usize = 100;
    let mut handles: [HANDLE; HANDLES] = [ptr::null_mut(); HANDLES];
    let mut spent = [0; 3];
    for _ in 0..ROUNDS as usize / HANDLES {
        let begin = Instant::now();
        for handle in &mut handles {
            // SAFETY: all places are live.
            let status = unsafe { ZwOpenKey(handle, KEY_READ, &raw mut attributes) };
            assert_eq!(status, 0);
        }
        let opened = Instant::now();
        for &handle in &handles {
            let (mut buffer, mut length) = ([0_u32; 8], 0);
            // SAFETY: all places are live.
            let status = unsafe {
                ZwQueryValueKey(
                    handle,
                    &raw mut name,
                    KeyValuePartialInformation,
                    buffer.as_mut_ptr().cast(),
                    size_of_val(&buffer) as u32,
                    &raw mut length,
                )
            };
            assert_eq!((status, buffer[3]), (0, 7));
        }
        let queried = Instant::now();
        for handle in handles {
            // SAFETY: open since the first loop.
            let status = unsafe { ZwClose(handle) };
            assert_eq!(status, 0);
        }
        spent[0] += (opened - begin).as_nanos();
        spent[1] += (queried - opened).as_nanos();
        spent[2] += queried.elapsed().as_nanos();
    }
    spent.map(|spent| spent / u128::from(ROUNDS))
}

fn report(process: &Process, what: &str, threads: usize) {
    let results: Vec<_> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|number| {
                let path = format!(r"\REGISTRY\MACHINE\SYSTEM\Bench\Key{number}");
                scope.spawn(move || measure(process, &path))
            })
            .collect();
        let joined = workers.into_iter().map(|worker| worker.join());
        joined.map(|result| result.unwrap_or_default()).collect()
    });
    let mean = |step: usize| results.iter().map(|it| it[step]).sum::<u128>() / threads as u128;
    println!(
        "{what:<22} {threads} threads: open {:>5} ns  query {:>5} ns  close {:>5} ns",
        mean(0),
        mean(1),
        mean(2)
    );
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let machine = Machine::builder().build()?;
    let system = machine.system_process();
    let app = machine.process("app.exe");
    {
        let thread = app.enter();
        for number in 0..4 {
            let path = format!(r"\REGISTRY\MACHINE\SYSTEM\Bench\Key{number}");
            drop(thread.create_key(r"\REGISTRY\MACHINE\SYSTEM\Bench", KeyAccess::ALL)?);
            thread
                .create_key(&path, KeyAccess::ALL)?
                .set_dword("Number", 7)?;
        }
    }
    for threads in [1, 2] {
        report(&system, "no callback", threads);
    }
    let mut cookie = LARGE_INTEGER { QuadPart: 0 };
    let thread = system.enter();
    let mut altitude: Vec<u16> = "380010".encode_utf16().collect();
    let altitude = string(&mut altitude);
    // SAFETY: the callback touches nothing, and `cookie` outlives this call.
    let status = unsafe {
        CmRegisterCallbackEx(
            Some(pass),
            &raw const altitude,
            ptr::without_provenance_mut(0x1000),
            ptr::null_mut(),
            &raw mut cookie,
            ptr::null_mut(),
        )
    };
    assert_eq!(status, 0);
    for threads in [1, 2] {
        report(&system, "one passing callback", threads);
    }
    // SAFETY: a number is all that it takes.
    let status = unsafe { CmUnRegisterCallback(cookie) };
    assert_eq!(status, 0);
    drop(thread);
    for finding in machine.report().findings {
        println!("{finding}");
    }
    Ok(())
}
