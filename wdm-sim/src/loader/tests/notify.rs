//! Images that are told of others, and of processes and threads.

use super::fixture::{DATA, Driver, IDATA, RETURN_SUCCESS, TEXT};
use super::run::rip;
use crate::machine::{Driver as Loaded, Machine};

/// Where the routine is that the entry point registers.
const ROUTINE: u32 = TEXT + 0x40;

/// A driver that passes a routine to one of the kernel's, and 0 as the second parameter.
fn registers(register: &str, routine: &[u8]) -> Driver {
    let mut code = vec![0x48, 0x83, 0xEC, 0x28]; // sub rsp, 28h
    rip(&mut code, &[0x48, 0x8D, 0x0D], ROUTINE); // lea rcx, [ROUTINE]
    code.extend([0x31, 0xD2]); // xor edx, edx
    rip(&mut code, &[0xFF, 0x15], IDATA); // call [IDATA]
    code.extend([0x48, 0x83, 0xC4, 0x28, 0xC3]); // add rsp, 28h; ret
    code.resize((ROUTINE - TEXT) as usize, 0xCC);
    code.extend(routine);
    Driver::new(&code)
        .data(&[0; 64])
        .imports(&[("ntoskrnl.exe", &[register])])
}

/// The beginning of a routine that is at [`ROUTINE`].
fn routine(body: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let mut code = vec![0xCC; (ROUTINE - TEXT) as usize];
    body(&mut code);
    code.push(0xC3); // ret
    code.split_off((ROUTINE - TEXT) as usize)
}

fn load(machine: &Machine, file: &str, driver: &Driver) -> Loaded {
    // SAFETY: the code touches its own image only.
    unsafe { machine.load_sys_bytes(file, &driver.build()) }.expect("it loads")
}

/// Base and size of a driver's image, as its driver object has them.
fn image(driver: &Loaded) -> (usize, usize) {
    // SAFETY: the driver is loaded.
    let object = unsafe { driver.object().as_ref() }.expect("it has an object");
    (object.DriverStart.addr(), object.DriverSize as usize)
}

/// The words that a driver has stored in its data.
fn words<const N: usize>(driver: &Loaded) -> [u64; N] {
    let place = std::ptr::with_exposed_provenance::<[u64; N]>(image(driver).0 + DATA as usize);
    // SAFETY: the data is part of the image, which is loaded.
    unsafe { place.read() }
}

#[test]
fn an_image_is_told_of_another_ones_place() {
    let code = routine(|code| {
        code.extend([0x49, 0x8B, 0x40, 0x08]); // mov rax, [r8 + 8]: ImageBase
        rip(code, &[0x48, 0x89, 0x05], DATA); // mov [DATA], rax
        code.extend([0x49, 0x8B, 0x40, 0x18]); // mov rax, [r8 + 18h]: ImageSize
        rip(code, &[0x48, 0x89, 0x05], DATA + 8); // mov [DATA + 8], rax
        code.extend([0x41, 0x8B, 0x00]); // mov eax, [r8]: Properties
        rip(code, &[0x48, 0x89, 0x05], DATA + 16); // mov [DATA + 16], rax
        code.extend([0x0F, 0xB7, 0x01]); // movzx eax, word ptr [rcx]: the name's length
        rip(code, &[0x48, 0x89, 0x05], DATA + 24); // mov [DATA + 24], rax
    });
    let machine = Machine::builder().build().expect("it builds");
    let watcher = registers("PsSetLoadImageNotifyRoutine", &code);
    let watcher = load(&machine, "watcher.sys", &watcher);
    assert_eq!(words(&watcher), [0; 4], "it is not told of itself");
    let other = load(&machine, "other.sys", &Driver::new(RETURN_SUCCESS));
    let (base, size) = image(&other);
    assert!(base != 0 && size != 0);
    let name = r"\SystemRoot\System32\drivers\other.sys";
    let wanted = [base as u64, size as u64, 0x503, 2 * name.len() as u64];
    assert_eq!(words(&watcher), wanted);
}

/// `mov [DATA], rcx; mov [DATA + 8], rdx; mov [DATA + 16], r8`
fn stores_parameters() -> Vec<u8> {
    routine(|code| {
        rip(code, &[0x48, 0x89, 0x0D], DATA);
        rip(code, &[0x48, 0x89, 0x15], DATA + 8);
        rip(code, &[0x4C, 0x89, 0x05], DATA + 16);
    })
}

#[test]
fn an_image_is_told_of_threads() {
    let machine = Machine::builder().build().expect("it builds");
    let watcher = registers("PsSetCreateThreadNotifyRoutine", &stores_parameters());
    let watcher = load(&machine, "watcher.sys", &watcher);
    let app = machine.process("app.exe");
    let thread = app.enter();
    let ids = [app.id() as u64, thread.id() as u64];
    let [process, id, created] = words(&watcher);
    assert_eq!(([process, id], created & 0xFF), (ids, 1));
    drop(thread);
    let [process, id, created] = words(&watcher);
    assert_eq!(([process, id], created & 0xFF), (ids, 0));
}

#[test]
fn an_image_is_told_of_processes() {
    let machine = Machine::builder().build().expect("it builds");
    let watcher = registers("PsSetCreateProcessNotifyRoutine", &stores_parameters());
    let watcher = load(&machine, "watcher.sys", &watcher);
    let app = machine.process("app.exe");
    let [parent, id, created] = words(&watcher);
    assert_eq!((parent, id, created & 0xFF), (4, app.id() as u64, 1));
}
