//! Images that are mapped and called.

use std::cell::Cell;
use std::ffi::c_void;
use std::ptr;

use object::pe;

use super::fixture::{DATA, Driver, IDATA, IMAGE_BASE, PDATA, RETURN_SUCCESS, TEXT};
use crate::loader::{Image, ImportName, LoadOptions, Module, Problem};

fn load(driver: &Driver) -> Module {
    load_with(driver, &|_, _| None)
}

fn load_with(
    driver: &Driver,
    resolve: &dyn Fn(&str, ImportName<'_>) -> Option<*const ()>,
) -> Module {
    let image = Image::parse("dir/test.sys", &driver.build()).expect("the image is sound");
    Module::load(&image, LoadOptions::default(), resolve).expect("the image loads")
}

fn call(module: &Module, first: *mut c_void) -> i32 {
    // SAFETY: each test's code follows the Microsoft x64 convention, and `first` is what it wants.
    unsafe { module.entry_point()(first, ptr::null_mut()) }
}

/// `op rip-relative`: the opcode, then the distance from the end of the instruction to `target`.
pub(super) fn rip(code: &mut Vec<u8>, opcode: &[u8], target: u32) {
    code.extend_from_slice(opcode);
    let end = TEXT + code.len() as u32 + 4;
    code.extend_from_slice(&target.wrapping_sub(end).to_le_bytes());
}

fn read_u64(module: &Module, rva: u32) -> u64 {
    let address = (module.base() + rva as usize) as *const u64;
    // SAFETY: the tests read aligned data in readable sections of a loaded module.
    unsafe { address.read() }
}

fn protection(module: &Module, rva: u32) -> region::Protection {
    region::query((module.base() + rva as usize) as *const u8)
        .expect("mapped")
        .protection()
}

#[test]
fn the_entry_point_returns_its_status() {
    // mov eax, 0xc0000022; ret
    let module = load(&Driver::new(&[0xb8, 0x22, 0x00, 0x00, 0xc0, 0xc3]));
    assert_eq!(call(&module, ptr::null_mut()), 0xc000_0022_u32 as i32);
}

#[test]
fn an_imported_function_gets_the_arguments() {
    unsafe extern "win64" fn imported(first: *mut c_void, second: *mut c_void) -> i32 {
        assert!(second.is_null());
        // SAFETY: the test passes the address of a Cell<i32> that outlives the call.
        let cell = unsafe { &*first.cast::<Cell<i32>>() };
        cell.set(cell.get() + 1);
        41
    }
    let mut code = vec![0x48, 0x83, 0xec, 0x28]; // sub rsp, 40
    rip(&mut code, &[0xff, 0x15], IDATA + 8); // call [second slot]
    code.extend([0x48, 0x83, 0xc4, 0x28, 0xff, 0xc0, 0xc3]); // add rsp, 40; inc eax; ret
    let driver = Driver::new(&code).imports(&[("ntoskrnl.exe", &["Other", "ZwClose"])]);
    let module = load_with(&driver, &|module, name| match (module, name) {
        ("ntoskrnl.exe", ImportName::Name("ZwClose")) => Some(imported as *const ()),
        ("ntoskrnl.exe", ImportName::Name("Other")) => Some(ptr::dangling()),
        _ => None,
    });
    let calls = Cell::new(7);
    assert_eq!(call(&module, (&raw const calls).cast_mut().cast()), 42);
    assert_eq!(calls.get(), 8);
}

#[test]
fn a_slot_of_imported_data_holds_its_address() {
    static VARIABLE: u32 = 0x1234_5678;
    let mut code = Vec::new();
    rip(&mut code, &[0x48, 0x8b, 0x05], IDATA); // mov rax, [slot]
    code.extend([0x8b, 0x00, 0xc3]); // mov eax, [rax]; ret
    let driver = Driver::new(&code).imports(&[("ntoskrnl.exe", &["TmTransactionObjectType"])]);
    let module = load_with(&driver, &|_, _| Some((&raw const VARIABLE).cast()));
    assert_eq!(call(&module, ptr::null_mut()), 0x1234_5678);
}

#[test]
fn an_ordinal_is_an_ordinal() {
    let mut driver = Driver::new(RETURN_SUCCESS).imports(&[("hal.dll", &["X"])]);
    let ordinal = (1_u64 << 63 | 12).to_le_bytes();
    driver.sections[2].bytes[..8].copy_from_slice(&ordinal);
    driver.sections[2].bytes[16..24].copy_from_slice(&ordinal);
    let asked = Cell::new(false);
    let module = load_with(&driver, &|module, name| {
        assert_eq!((module, name), ("hal.dll", ImportName::Ordinal(12)));
        asked.set(true);
        Some(0x55aa as *const ())
    });
    assert!(asked.get());
    assert_eq!(read_u64(&module, IDATA), 0x55aa);
}

#[test]
fn a_relocated_pointer_is_followed() {
    // The first word of .data points at its third; its second word must stay as it is.
    let target = IMAGE_BASE + u64::from(DATA) + 16;
    let words = [target, target, 99];
    let data: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let mut code = Vec::new();
    rip(&mut code, &[0x48, 0x8b, 0x05], DATA); // mov rax, [first word]
    code.extend([0x8b, 0x00, 0xc3]); // mov eax, [rax]; ret
    let relocations = [(DATA, pe::IMAGE_REL_BASED_DIR64.0), (DATA + 8, 0)];
    let module = load(&Driver::new(&code).data(&data).relocations(&relocations));
    assert_ne!(module.base() as u64, IMAGE_BASE);
    assert_eq!(
        read_u64(&module, DATA),
        module.base() as u64 + u64::from(DATA) + 16
    );
    assert_eq!(read_u64(&module, DATA + 8), target);
    assert_eq!(call(&module, ptr::null_mut()), 99);
}

#[test]
fn every_missing_import_is_named() {
    let driver = Driver::new(RETURN_SUCCESS).imports(&[
        ("ntoskrnl.exe", &["FooBar", "ZwClose", "Baz"]),
        ("hal.dll", &["Qux"]),
    ]);
    let image = Image::parse("a.sys", &driver.build()).expect("the image is sound");
    let resolve = |_: &str, name: ImportName<'_>| {
        (name == ImportName::Name("ZwClose")).then_some(ptr::dangling())
    };
    let error = Module::load(&image, LoadOptions::default(), &resolve).expect_err("three miss");
    assert_eq!(
        error.to_string(),
        "a.sys: imports ntoskrnl.exe!FooBar, ntoskrnl.exe!Baz and hal.dll!Qux, which the simulator \
         does not have; call something else, or bind stubs to them (--stub-missing)"
    );
}

#[test]
fn sections_get_the_protections_of_their_headers() {
    use region::Protection;
    let module = load_with(&Driver::with_everything(), &|_, _| Some(ptr::dangling()));
    assert_eq!(protection(&module, 0), Protection::READ);
    assert_eq!(protection(&module, TEXT), Protection::READ_EXECUTE);
    assert_eq!(protection(&module, DATA), Protection::READ_WRITE);
    assert_eq!(protection(&module, IDATA), Protection::READ);
}

#[test]
fn nothing_lies_between_sections() {
    let mut driver = Driver::new(RETURN_SUCCESS);
    driver.section_alignment = 0x2000;
    driver.entry = 0x2000;
    let module = load(&driver);
    assert_eq!(protection(&module, 0x1000), region::Protection::READ);
    assert_eq!(
        protection(&module, 0x2000),
        region::Protection::READ_EXECUTE
    );
    assert_eq!(protection(&module, 0x3000), region::Protection::NONE);
    assert_eq!(call(&module, ptr::null_mut()), 0);
}

#[test]
fn init_is_out_of_reach_once_discarded() {
    let mut driver = Driver::new(RETURN_SUCCESS);
    driver.sections[1].flags |= pe::IMAGE_SCN_MEM_DISCARDABLE;
    let module = load(&driver);
    assert_eq!(protection(&module, DATA), region::Protection::READ_WRITE);
    // SAFETY: nothing runs or refers to that section.
    unsafe { module.discard_init() }.expect("protections can be changed");
    assert_eq!(protection(&module, DATA), region::Protection::NONE);
    assert_eq!(call(&module, ptr::null_mut()), 0);
}

#[test]
fn writable_code_is_refused_unless_allowed() {
    let mut driver = Driver::new(RETURN_SUCCESS);
    driver.sections[0].flags |= pe::IMAGE_SCN_MEM_WRITE;
    let image = Image::parse("a.sys", &driver.build()).expect("the image is sound");
    let error = Module::load(&image, LoadOptions::default(), &|_, _| None).expect_err("refused");
    assert!(
        matches!(error.problem(), Problem::WritableCode(names) if names == ".text"),
        "{error}"
    );

    let options = LoadOptions {
        allow_writable_code: true,
    };
    let module = Module::load(&image, options, &|_, _| None).expect("allowed");
    assert_eq!(module.writable_code().collect::<Vec<_>>(), [".text"]);
    assert_eq!(call(&module, ptr::null_mut()), 0);
}

#[test]
fn the_security_cookie_is_fresh() {
    const LINKED: u64 = 0x2b99_2ddf_a232;
    let cookie_va = IMAGE_BASE + u64::from(DATA);
    let mut data = LINKED.to_le_bytes().to_vec();
    data.extend(0x60_u32.to_le_bytes()); // the load configuration, at DATA + 8
    data.resize(8 + 0x58, 0);
    data.extend(cookie_va.to_le_bytes());
    let driver = Driver::new(RETURN_SUCCESS).data(&data).directory(
        pe::IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG,
        DATA + 8,
        0x60,
    );
    let cookies = [(); 2].map(|()| read_u64(&load(&driver), DATA));
    for cookie in cookies {
        assert_ne!(cookie, LINKED);
        assert_ne!(cookie, 0);
        assert_eq!(cookie >> 48, 0);
    }
    assert_ne!(cookies[0], cookies[1]);
}

/// Code that calls through the guard: it checks the function whose address is in `.data`, calls that,
/// and adds one. The configuration is behind the two pointers.
fn guarded(flags: u32, pointer_value: u64) -> Driver {
    let mut code = vec![0x48, 0x83, 0xec, 0x28]; // sub rsp, 40
    rip(&mut code, &[0x48, 0x8b, 0x0d], DATA + 16); // mov rcx, [function]
    rip(&mut code, &[0xff, 0x15], DATA); // call [check]
    code.extend([0x48, 0x89, 0xc8]); // mov rax, rcx
    rip(&mut code, &[0xff, 0x15], DATA + 8); // call [dispatch]
    code.extend([0x48, 0x83, 0xc4, 0x28, 0xff, 0xc0, 0xc3]); // add rsp, 40; inc eax; ret
    let function = code.len() as u64;
    code.extend([0xb8, 41, 0, 0, 0, 0xc3]); // mov eax, 41; ret
    let data = IMAGE_BASE + u64::from(DATA);
    let function = IMAGE_BASE + u64::from(TEXT) + function;
    let mut bytes = [pointer_value, pointer_value, function]
        .map(u64::to_le_bytes)
        .concat();
    let mut configuration = vec![0; 0x94];
    configuration[..4].copy_from_slice(&0x94_u32.to_le_bytes());
    configuration[0x70..0x78].copy_from_slice(&data.to_le_bytes());
    configuration[0x78..0x80].copy_from_slice(&(data + 8).to_le_bytes());
    configuration[0x90..].copy_from_slice(&flags.to_le_bytes());
    bytes.extend(configuration);
    Driver::new(&code)
        .data(&bytes)
        .relocations(&[(DATA + 16, pe::IMAGE_REL_BASED_DIR64.0)])
        .directory(pe::IMAGE_DIRECTORY_ENTRY_LOAD_CONFIG, DATA + 24, 0x94)
}

#[test]
fn guarded_calls_go_through() {
    for left_by_the_linker in [0, 0x1234] {
        assert_eq!(
            call(&load(&guarded(0x100, left_by_the_linker)), ptr::null_mut()),
            42
        );
    }
}

#[test]
fn the_pointers_of_an_image_without_guard_stay_as_they_are() {
    let module = load(&guarded(0, 0x1234));
    assert_eq!([0, 8].map(|at| read_u64(&module, DATA + at)), [0x1234; 2]);
}

#[test]
fn an_ordinal_of_the_kernel_is_named_as_missing() {
    let mut driver = Driver::new(RETURN_SUCCESS).imports(&[("ntoskrnl.exe", &["X"])]);
    let ordinal = (1_u64 << 63 | 12).to_le_bytes();
    driver.sections[2].bytes[..8].copy_from_slice(&ordinal);
    driver.sections[2].bytes[16..24].copy_from_slice(&ordinal);
    let image = Image::parse("a.sys", &driver.build()).expect("the image is sound");
    let machine = crate::Machine::builder().build().expect("it builds");
    let resolve = |module: &str, import: ImportName<'_>| {
        crate::exports::resolve(&machine.kernel, module, import)
    };
    let error = Module::load(&image, LoadOptions::default(), &resolve).expect_err("it misses");
    assert!(
        error
            .to_string()
            .contains("imports ntoskrnl.exe!#12, which"),
        "{error}"
    );
}

#[test]
fn an_address_is_described_by_module_offset_and_section() {
    let module = load_with(&Driver::with_everything(), &|_, _| Some(ptr::dangling()));
    let describe = |rva: usize| module.describe(module.base() + rva);
    assert_eq!(describe(0x1002).as_deref(), Some("test.sys+0x1002 (.text)"));
    assert_eq!(describe(0).as_deref(), Some("test.sys+0x0 (no section)"));
    assert_eq!(describe(module.size()), None);
    assert!(module.contains(module.base()));
    assert!(!module.contains(module.base() - 1));
    assert_eq!(
        module.export("DriverEntry").map(<*const ()>::addr),
        Some(module.base() + 0x1000)
    );
    assert_eq!(module.export("Nothing"), None);
}

#[test]
fn the_function_around_an_address_is_found() {
    let entries = [
        (TEXT + 2, TEXT + 3, PDATA),
        (TEXT, TEXT + 1, PDATA),
        (0, 0, 0),
    ];
    let module = load(&Driver::new(RETURN_SUCCESS).unwind(&entries));
    let begin = |rva: u32| {
        module
            .function_at(module.base() + rva as usize)
            .map(|f| f.begin)
    };
    assert_eq!(begin(TEXT), Some(TEXT));
    assert_eq!(begin(TEXT + 1), None);
    assert_eq!(begin(TEXT + 2), Some(TEXT + 2));
    assert_eq!(begin(TEXT + 3), None);
    assert_eq!(begin(0), None);
}

#[test]
fn a_dropped_module_is_unmapped() {
    let driver = Driver::new(RETURN_SUCCESS);
    // Other tests' threads may map something at the same address at once, but hardly at every try.
    let unmapped = (0..100).any(|_| {
        let module = load(&driver);
        let base = module.base();
        drop(module);
        matches!(
            region::query(base as *const u8),
            Err(region::Error::UnmappedRegion)
        )
    });
    assert!(unmapped);
}

#[cfg(target_os = "linux")]
#[test]
fn gs_holds_the_current_thread() {
    use crate::loader::GsBlock;
    // mov rax, gs:[0x188]; mov [rcx], rax; mov rax, gs:[0x18]; mov [rcx+8], rax;
    // mov rax, gs:[0x20]; mov [rcx+16], rax; xor eax, eax; ret
    let module = load(&Driver::new(&[
        0x65, 0x48, 0x8b, 0x04, 0x25, 0x88, 0x01, 0x00, 0x00, 0x48, 0x89, 0x01, 0x65, 0x48, 0x8b,
        0x04, 0x25, 0x18, 0x00, 0x00, 0x00, 0x48, 0x89, 0x41, 0x08, 0x65, 0x48, 0x8b, 0x04, 0x25,
        0x20, 0x00, 0x00, 0x00, 0x48, 0x89, 0x41, 0x10, 0x31, 0xc0, 0xc3,
    ]));
    let read = || {
        let mut words = [0_usize; 3];
        call(&module, words.as_mut_ptr().cast());
        words
    };
    let thread = |number: usize| ptr::without_provenance_mut(number);
    let outer = GsBlock::install(thread(0x1111)).expect("arch_prctl works");
    assert_eq!(read(), [0x1111, outer.base(), outer.base() + 0x180]);
    let inner = GsBlock::install(thread(0x2222)).expect("arch_prctl works");
    assert_eq!(read(), [0x2222, inner.base(), inner.base() + 0x180]);
    drop(inner);
    assert_eq!(read()[0], 0x1111);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let _block = GsBlock::install(thread(0x3333)).expect("arch_prctl works");
            assert_eq!(read()[0], 0x3333);
        });
    });
    assert_eq!(read()[0], 0x1111);
}
