//! Unwinding single frames. Whole exceptions are tested with drivers, in the workspace's tests.

use proptest::collection::vec;
use proptest::prelude::*;

use super::context::{Context, Register};
use super::error::UnwindError;
use super::info::Purpose;
use super::step::{Handler, Memory, Unwound, unwind, unwind_leaf};
use crate::loader::RuntimeFunction;

const RBX: u8 = 3;
const RBP: u8 = 5;
const RDI: u8 = 7;
const R12: u8 = 12;
const RSP: u64 = 0x10_0000;
/// Where the function lies, and its unwind information.
const CODE: u32 = 0x100;
const INFO: u32 = 0x800;
const FUNCTION: RuntimeFunction = RuntimeFunction {
    begin: CODE,
    end: CODE + 0x80,
    unwind_info: INFO,
};

/// A stack on which each word is its own address, so that a value tells where it came from.
struct Echo;

impl Memory for Echo {
    fn word(&self, address: u64) -> Result<u64, UnwindError> {
        Ok(address)
    }
}

/// A stack of which nothing can be read.
struct Nothing;

impl Memory for Nothing {
    fn word(&self, address: u64) -> Result<u64, UnwindError> {
        Err(UnwindError::NotOnStack(address))
    }
}

/// An image with code at [`CODE`] and unwind information at [`INFO`].
fn image(code: &[u8], info: &[u8]) -> Vec<u8> {
    let mut layout = vec![0; 0x1000];
    layout[CODE as usize..][..code.len()].copy_from_slice(code);
    layout[INFO as usize..][..info.len()].copy_from_slice(info);
    layout
}

/// `UNWIND_INFO` of a version, with flags, a prologue's length, a frame register with its offset in
/// units of 16, codes of two bytes, and what follows them.
fn info(version: u8, flags: u8, prologue: u8, frame: u8, codes: &[u8], tail: &[u8]) -> Vec<u8> {
    let slots = codes.len() / 2;
    let mut bytes = vec![version | flags << 3, prologue, slots as u8, frame];
    bytes.extend(codes);
    bytes.resize(4 + slots.next_multiple_of(2) * 2, 0);
    bytes.extend(tail);
    bytes
}

fn registers() -> Context {
    let mut context = Context::zeroed();
    context.set_rsp(RSP);
    context.set(Register::from_number(RBP), 0x20_0000);
    context
}

fn get(context: &Context, register: u8) -> u64 {
    context.get(Register::from_number(register))
}

/// Unwinds from an offset in the function.
fn from(layout: &[u8], offset: u32) -> (Result<Unwound, UnwindError>, Context) {
    let mut context = registers();
    let control = CODE + offset;
    let unwound = unwind(
        layout,
        FUNCTION,
        control,
        &mut context,
        &Echo,
        Purpose::Search,
    );
    (unwound, context)
}

#[test]
fn a_leaf_has_a_return_address_only() {
    let mut context = registers();
    let unwound = unwind_leaf(&mut context, &Echo).expect("the stack is there");
    assert_eq!((context.rip, context.rsp()), (RSP, RSP + 8));
    assert_eq!(unwound.establisher, RSP);
    assert_eq!(
        unwind_leaf(&mut context, &Nothing),
        Err(UnwindError::NotOnStack(RSP + 8))
    );
}

/// `push rbx` at 1, `push rdi` at 2, `sub rsp, 0x20` at 6.
const PUSHES: [u8; 6] = [6, 0x32, 2, RDI << 4, 1, RBX << 4];

#[test]
fn pushes_and_allocations_are_undone_last_first() {
    let layout = image(&[0x90; 0x80], &info(1, 0, 6, 0, &PUSHES, &[]));
    let (unwound, context) = from(&layout, 6);
    assert_eq!(unwound.expect("sound").establisher, RSP);
    assert_eq!(get(&context, RDI), RSP + 0x20);
    assert_eq!(get(&context, RBX), RSP + 0x28);
    assert_eq!((context.rip, context.rsp()), (RSP + 0x30, RSP + 0x38));
}

#[test]
fn in_the_prologue_only_what_it_has_done_is_undone() {
    let layout = image(&[0x90; 0x80], &info(1, 0, 6, 0, &PUSHES, &[]));
    for (offset, return_address) in [(0, RSP), (1, RSP + 8), (2, RSP + 16), (5, RSP + 16)] {
        let (unwound, context) = from(&layout, offset);
        unwound.expect("sound");
        assert_eq!(context.rip, return_address, "{offset}");
    }
}

#[test]
fn large_allocations_are_in_eights_or_in_bytes() {
    let scaled = info(1, 0, 4, 0, &[4, 0x01, 0x00, 0x10], &[]);
    let (unwound, context) = from(&image(&[0x90; 0x80], &scaled), 4);
    unwound.expect("sound");
    assert_eq!(context.rip, RSP + 0x1000 * 8);

    let bytes = info(1, 0, 4, 0, &[4, 0x11, 0x08, 0x00, 0x02, 0x00], &[]);
    let (unwound, context) = from(&image(&[0x90; 0x80], &bytes), 4);
    unwound.expect("sound");
    assert_eq!(context.rip, RSP + 0x2_0008);
}

/// `push rbp` at 1, `lea rbp, [rsp + 0x30]` at 5: the frame's base is 0x30 below rbp.
const FRAME: [u8; 4] = [5, 0x03, 1, RBP << 4];

#[test]
fn a_frame_register_gives_the_base_once_it_is_set() {
    let layout = image(&[0x90; 0x80], &info(1, 0, 8, RBP | 3 << 4, &FRAME, &[]));
    for (offset, base) in [(8, 0x20_0000 - 0x30), (5, 0x20_0000 - 0x30), (4, RSP)] {
        let (unwound, context) = from(&layout, offset);
        assert_eq!(unwound.expect("sound").establisher, base, "{offset}");
        assert_eq!(get(&context, RBP), base, "{offset}");
        assert_eq!(context.rip, base + 8, "{offset}");
    }
}

#[test]
fn stored_registers_are_read_from_the_base() {
    // r12 at 0x10, rbx at 0x12340, xmm6 at 0x20, xmm7 at 0x23450.
    let codes = [
        9, 0x79, 0x50, 0x34, 0x02, 0x00, 8, 0x68, 0x02, 0x00, 7, 0x35, 0x40, 0x23, 0x01, 0x00, 6,
        0xC4, 0x02, 0x00,
    ];
    let layout = image(&[0x90; 0x80], &info(1, 0, 9, 0, &codes, &[]));
    let (unwound, context) = from(&layout, 9);
    unwound.expect("sound");
    assert_eq!(get(&context, R12), RSP + 0x10);
    assert_eq!(get(&context, RBX), RSP + 0x12340);
    let both = |at: u64| u128::from(at + 8) << 64 | u128::from(at);
    assert_eq!(context.xmm(6), both(RSP + 0x20));
    assert_eq!(context.xmm(7), both(RSP + 0x23450));
    assert_eq!(context.rip, RSP);
}

#[test]
fn an_interrupts_frame_has_no_return_address() {
    for (code, frame) in [(0x0A, RSP), (0x1A, RSP + 8)] {
        let layout = image(&[0x90; 0x80], &info(1, 0, 0, 0, &[0, code], &[]));
        let (unwound, context) = from(&layout, 1);
        unwound.expect("sound");
        assert_eq!((context.rip, context.rsp()), (frame, frame + 24));
    }
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

#[test]
fn a_chain_is_undone_to_its_end_and_its_handler_is_the_primarys() {
    let primary = INFO + 0x100;
    let tail = words(&[CODE - 0x40, CODE, primary]);
    let mut layout = image(&[0x90; 0x80], &info(1, 4, 2, 0, &[2, RDI << 4], &tail));
    let handler = info(1, 1, 6, 0, &PUSHES, &words(&[0x123]));
    layout[primary as usize..][..handler.len()].copy_from_slice(&handler);
    let (unwound, context) = from(&layout, 4);
    let expected = Handler {
        routine: 0x123,
        data: primary + 4 + 8 + 4,
    };
    assert_eq!(unwound.expect("sound").handler, Some(expected));
    assert_eq!(context.rip, RSP + 8 + 0x30);
}

#[test]
fn a_handler_is_for_its_purpose_and_not_in_the_prologue() {
    let asked = |flags, offset, purpose| {
        let layout = image(
            &[0x90; 0x80],
            &info(1, flags, 6, 0, &PUSHES, &words(&[0x123])),
        );
        let mut context = registers();
        let control = CODE + offset;
        let unwound = unwind(&layout, FUNCTION, control, &mut context, &Echo, purpose);
        unwound.expect("sound").handler.is_some()
    };
    assert!(asked(1, 6, Purpose::Search) && !asked(2, 6, Purpose::Search));
    assert!(asked(2, 6, Purpose::Unwind) && !asked(1, 6, Purpose::Unwind));
    assert!(!asked(3, 5, Purpose::Search) && !asked(3, 5, Purpose::Unwind));
}

/// `add rsp, 0x20; pop rdi; pop rbx; ret` at the end of the function.
fn with_epilogue(version: u8, codes: &[u8], end: &[u8]) -> Vec<u8> {
    let epilogue = [&[0x48, 0x83, 0xC4, 0x20, 0x5F, 0x5B], end].concat();
    let mut code = [0x90; 0x80];
    let begin = code.len() - epilogue.len();
    code[begin..].copy_from_slice(&epilogue);
    image(&code, &info(version, 1, 6, 0, codes, &words(&[0x123])))
}

/// The return address as the code at each step of the epilogue finds it.
const STEPS: [(u32, u64); 4] = [(0, 0x30), (4, 0x10), (5, 8), (6, 0)];

#[test]
fn an_epilogue_is_recognised_by_its_code() {
    let ends: [&[u8]; 4] = [
        &[0xC3],
        &[0xF3, 0xC3],
        &[0xE9, 0x00, 0x01, 0x00, 0x00],
        &[0x48, 0xFF, 0xE0],
    ];
    for end in ends {
        let layout = with_epilogue(1, &PUSHES, end);
        let begin = 0x80 - 6 - end.len() as u32;
        for (step, return_address) in STEPS {
            let (unwound, context) = from(&layout, begin + step);
            assert_eq!(unwound.expect("sound").handler, None, "{end:x?}, {step}");
            assert_eq!(context.rip, RSP + return_address, "{end:x?}, {step}");
        }
    }
}

#[test]
fn what_only_looks_like_an_epilogue_is_none() {
    // A jump that stays in the function.
    let layout = with_epilogue(1, &PUSHES, &[0xEB, 0xC0]);
    let (unwound, context) = from(&layout, 0x80 - 8);
    assert!(unwound.expect("sound").handler.is_some());
    assert_eq!(context.rip, RSP + 0x30);
}

#[test]
fn version_2_declares_its_epilogues() {
    // One of 3 bytes at the end, another at 0x40 from the end, and a slot that fills up.
    let epilogues = [3, 0x16, 0x40, 0x06, 0, 0x06];
    let codes = [&epilogues[..], &PUSHES].concat();
    let mut layout = with_epilogue(2, &codes, &[0xC3]);
    for (step, return_address) in STEPS.into_iter().skip(1) {
        let (unwound, context) = from(&layout, 0x80 - 7 + step);
        assert_eq!(unwound.expect("sound").handler, None, "{step}");
        assert_eq!(context.rip, RSP + return_address, "{step}");
    }
    // In the body, code that looks like an epilogue is none: none is declared there.
    layout[CODE as usize + 0x20] = 0xC3;
    let (unwound, context) = from(&layout, 0x20);
    assert!(unwound.expect("sound").handler.is_some());
    assert_eq!(context.rip, RSP + 0x30);
    // And a declared one that is none is an error.
    let (unwound, _) = from(&layout, 0x41);
    assert_eq!(unwound, Err(UnwindError::Epilogue(CODE + 0x41)));
}

#[test]
fn damaged_information_is_an_error() {
    let code = [0x90; 0x80];
    let error = |info: &[u8]| from(&image(&code, info), 8).0.expect_err("damaged");
    assert_eq!(
        error(&info(3, 0, 0, 0, &[], &[])),
        UnwindError::Version {
            rva: INFO,
            version: 3
        }
    );
    let unknown = UnwindError::Operation {
        operation: 11,
        info: 0,
    };
    assert_eq!(error(&info(1, 0, 4, 0, &[4, 0x0B], &[])), unknown);
    assert_eq!(
        error(&info(1, 0, 4, 0, &[4, 0x01], &[])),
        UnwindError::CodesEnd
    );
    assert_eq!(
        error(&info(1, 0, 4, 0, &[4, 0x03], &[])),
        UnwindError::NoFrameRegister
    );
    let itself = words(&[CODE, CODE + 0x80, INFO]);
    assert_eq!(
        error(&info(1, 4, 0, 0, &[], &itself)),
        UnwindError::Chain(32)
    );
    let outside = words(&[0x1000]);
    assert_eq!(
        error(&info(1, 1, 0, 0, &[], &outside)),
        UnwindError::HandlerOutside(0x1000)
    );
    let function = RuntimeFunction {
        unwind_info: 0xFFE,
        ..FUNCTION
    };
    let layout = image(&code, &[]);
    let unwound = unwind(
        &layout,
        function,
        CODE,
        &mut registers(),
        &Echo,
        Purpose::Search,
    );
    assert_eq!(unwound, Err(UnwindError::InfoOutside(0xFFE)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4096, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_are_unwound_or_refused(
        layout in vec(any::<u8>(), 0..1024),
        function in any::<[u16; 3]>(),
        control in any::<u32>(),
        near in any::<bool>(),
        values in any::<[u64; 16]>(),
        is_there in any::<bool>(),
        search in any::<bool>(),
    ) {
        let [begin, end, unwind_info] = function.map(|rva| u32::from(rva % 1100));
        let function = RuntimeFunction { begin, end, unwind_info };
        let control = if near { begin.wrapping_add(control % 64) } else { control };
        let purpose = if search { Purpose::Search } else { Purpose::Unwind };
        let mut context = Context::zeroed();
        for (number, value) in (0..).zip(values) {
            context.set(Register::from_number(number), value);
        }
        let unwound = match is_there {
            true => unwind(&layout, function, control, &mut context, &Echo, purpose),
            false => unwind(&layout, function, control, &mut context, &Nothing, purpose),
        };
        if let Ok(Unwound { handler: Some(handler), .. }) = unwound {
            prop_assert!((handler.routine as usize) < layout.len());
        }
    }

    #[test]
    fn any_codes_after_a_sound_header_are_unwound_or_refused(
        version in 1..=2_u8,
        flags in 0..8_u8,
        prologue in any::<u8>(),
        frame in any::<u8>(),
        codes in vec(any::<u8>(), 0..64),
        tail in vec(any::<u8>(), 0..16),
        code in vec(any::<u8>(), 0x80),
        offset in 0..0x80_u32,
    ) {
        let codes = &codes[..codes.len() & !1];
        let layout = image(&code, &info(version, flags, prologue, frame, codes, &tail));
        let _ = from(&layout, offset);
    }
}
