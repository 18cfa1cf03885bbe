//! What drivers print.

use std::ffi::CStr;
use std::sync::{Arc, Mutex};

use wdm_sim::Machine;
use wdm_sim::registry::wide;

use crate::support::{Text, call, in_kernel, machine};

/// Prints with these arguments and gives the line.
fn line(format: &CStr, arguments: &[u64]) -> String {
    let machine = machine();
    in_kernel(&machine, || {
        let list = arguments.as_ptr().cast_mut().cast();
        let status = call!(vDbgPrintExWithPrefix(
            c"".as_ptr(),
            77,
            3,
            format.as_ptr(),
            list
        ));
        assert_eq!(status, 0);
    });
    machine.report().debug_print.join("|")
}

#[test]
fn the_prefix_alone_is_what_rust_drivers_print() {
    let machine = machine();
    in_kernel(&machine, || {
        let text = c"guard: 100% of \\REGISTRY\n";
        let (empty, none) = (c"".as_ptr(), std::ptr::null_mut());
        call!(vDbgPrintExWithPrefix(text.as_ptr(), 0, 0, empty, none));
    });
    assert_eq!(machine.report().debug_print, [r"guard: 100% of \REGISTRY"]);
}

#[test]
fn numbers() {
    let minus_one = u64::MAX;
    let cases: &[(&CStr, &[u64], &str)] = &[
        (c"%d %i", &[5, minus_one], "5 -1"),
        (c"%u", &[minus_one], "4294967295"),
        (c"%x %X", &[0xBEEF, 0xBEEF], "beef BEEF"),
        (c"%o", &[8], "10"),
        (
            c"%08x|%8x|%-8x|",
            &[0xBEEF, 0xBEEF, 0xBEEF],
            "0000beef|    beef|beef    |",
        ),
        (c"%#x %#X %#o %#x", &[255, 255, 8, 0], "0xff 0XFF 010 0"),
        (c"%+d % d", &[5, 5], "+5  5"),
        (c"%05d %.3d", &[minus_one - 41, 7], "-0042 007"),
        (c"%*d|%-*d|", &[4, 1, 4, 2], "   1|2   |"),
        (
            c"%ld %lu %lx",
            &[minus_one, minus_one, 0x1_0000_00FF],
            "-1 4294967295 ff",
        ),
        (
            c"%lld %llu",
            &[minus_one, minus_one],
            "-1 18446744073709551615",
        ),
        (
            c"%llx %I64x %Ix",
            &[1 << 40, 1 << 40, 1 << 40],
            "10000000000 10000000000 10000000000",
        ),
        (c"%I64d %I32d", &[minus_one, minus_one], "-1 -1"),
        (c"%hd %hhu", &[0x1_FFFF, 0x1FF], "-1 255"),
        (c"%p", &[0xFFFF_A000], "00000000FFFFA000"),
        (c"%c%c", &[b'o' as u64, b'k' as u64], "ok"),
        (c"100%%", &[], "100%"),
    ];
    for (format, arguments, expected) in cases {
        assert_eq!(line(format, arguments), *expected, "{format:?}");
    }
}

#[test]
fn text() {
    let narrow = c"narrow".as_ptr() as u64;
    let units = wide("wide ä\0");
    let wide = units.as_ptr() as u64;
    let mut counted = Text::new("counted");
    let counted = counted.as_ptr() as u64;
    let bytes = b"ansi!";
    let ansi = wdm_sys::UNICODE_STRING {
        Length: 4,
        MaximumLength: 5,
        Buffer: bytes.as_ptr().cast_mut().cast(),
    };
    let ansi = (&raw const ansi) as u64;
    let cases: &[(&CStr, &[u64], &str)] = &[
        (c"%s", &[narrow], "narrow"),
        (c"%S", &[wide], "wide ä"),
        (
            c"%ws %ls %hs",
            &[wide, wide, narrow],
            "wide ä wide ä narrow",
        ),
        (c"%wZ %Z", &[counted, ansi], "counted ansi"),
        (c"%10s|%-10s|", &[narrow, narrow], "    narrow|narrow    |"),
        (c"%.3s %.4ws", &[narrow, wide], "nar wide"),
        (
            c"%s %ws %wZ %Z",
            &[0, 0, 0, 0],
            "(null) (null) (null) (null)",
        ),
        (c"%s=%d (%wZ)", &[narrow, 3, counted], "narrow=3 (counted)"),
    ];
    for (format, arguments, expected) in cases {
        assert_eq!(line(format, arguments), *expected, "{format:?}");
    }
}

#[test]
fn what_is_not_understood_is_printed_as_it_is() {
    assert_eq!(line(c"%q %", &[]), "%q %");
    assert_eq!(line(c"%f done", &[]), "%f done");
    let machine = machine();
    in_kernel(&machine, || {
        let none = std::ptr::null_mut();
        call!(vDbgPrintExWithPrefix(
            std::ptr::null(),
            0,
            0,
            c"%d %s\n".as_ptr(),
            none
        ));
    });
    assert_eq!(
        machine.report().debug_print,
        ["%d %s"],
        "no arguments were given"
    );
}

#[test]
fn a_width_cannot_fill_the_memory() {
    assert!(line(c"%999999999d", &[1]).len() < 1000);
    assert!(line(c"%.999999999d", &[1]).len() < 1000);
}

#[test]
fn lines_are_put_together_and_told() {
    let told = Arc::new(Mutex::new(Vec::new()));
    let hook = Arc::clone(&told);
    let machine = Machine::builder()
        .on_debug_print(move |line| {
            hook.lock()
                .expect("no test panics here")
                .push(line.to_owned())
        })
        .build()
        .expect("it builds");
    in_kernel(&machine, || {
        for part in [c"one ", c"line\n", c"two\r\nthree\nopen"] {
            let none = std::ptr::null_mut();
            call!(vDbgPrintExWithPrefix(
                part.as_ptr(),
                0,
                0,
                c"".as_ptr(),
                none
            ));
        }
    });
    assert_eq!(
        *told.lock().expect("nobody panicked"),
        ["one line", "two", "three"]
    );
    assert_eq!(
        machine.report().debug_print,
        ["one line", "two", "three", "open"]
    );
}
