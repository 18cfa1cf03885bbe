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
        (
            c"%20p|%-20p|",
            &[1, 2],
            "    0000000000000001|0000000000000002    |",
        ),
        (c"%.0d|%5.0x|%.0d", &[0, 0, 1], "|     |1"),
        (c"%8.3d|%08.3d", &[5, 5], "     005|     005"),
        (c"%.*d|%.*d", &[3, 7, minus_one, 7], "007|7"),
        (
            c"%jd %td %zx",
            &[minus_one, minus_one, 1 << 40],
            "-1 -1 10000000000",
        ),
        (c"%lc%wc%hc%C", &[0xE4, 0xE4, b'h' as u64, 0x416], "äähЖ"),
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
    let empty = wdm_sys::UNICODE_STRING {
        Length: 8,
        MaximumLength: 8,
        Buffer: std::ptr::null_mut(),
    };
    let empty = (&raw const empty) as u64;
    let with_hole = [0x61_u16, 0, 0xD800, 0x62];
    let holed = wdm_sys::UNICODE_STRING {
        Length: 8,
        MaximumLength: 8,
        Buffer: with_hole.as_ptr().cast_mut(),
    };
    let holed = (&raw const holed) as u64;
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
        (
            c"%wZ|%Z|%lZ|%hZ",
            &[empty, empty, counted, ansi],
            "(null)|(null)|counted|ansi",
        ),
        (c"%wZ", &[holed], "a\0\u{fffd}b"),
        (
            c"%.2wZ|%10wZ|%-9Z|",
            &[counted, counted, ansi],
            "co|   counted|ansi     |",
        ),
        (
            c"%010s|%-010s|",
            &[narrow, narrow],
            "0000narrow|narrow    |",
        ),
        (c"%.0s|%.*s", &[narrow, 2, narrow], "|na"),
        (c"%s=%d (%wZ)", &[narrow, 3, counted], "narrow=3 (counted)"),
    ];
    for (format, arguments, expected) in cases {
        assert_eq!(line(format, arguments), *expected, "{format:?}");
    }
}

#[test]
fn what_is_no_type_loses_its_percent_sign() {
    assert_eq!(line(c"%q|%-5P|%", &[]), "q|P|");
    assert_eq!(line(c"%f|%d", &[0, 5]), "%f|5", "no floating-point numbers");
    let mut written = 7_u32;
    let place = (&raw mut written) as u64;
    assert_eq!(line(c"a%n%d", &[place, 5]), "a5");
    assert_eq!(written, 7, "nothing is written");
}

#[test]
fn without_arguments_the_format_is_printed() {
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

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

    /// The buffers end where their strings' lengths say, so that the address sanitizer would see a
    /// read behind them.
    #[test]
    fn any_format_with_counted_strings_is_printed(
        flags in "[-+ #0]{0,3}",
        width in proptest::option::of(0..40_usize),
        precision in proptest::option::of(0..40_usize),
        units in proptest::collection::vec(proptest::prelude::any::<u16>(), 0..20),
    ) {
        let mut units = units.into_boxed_slice();
        let counted = wdm_sys::UNICODE_STRING {
            Length: units.len() as u16 * 2,
            MaximumLength: units.len() as u16 * 2,
            Buffer: units.as_mut_ptr(),
        };
        let text = String::from_utf16_lossy(&units);
        let width = width.map_or(String::new(), |width| width.to_string());
        let precision = precision.map_or(String::new(), |it| format!(".{it}"));
        let format = std::ffi::CString::new(format!("{flags}{width}{precision}wZ"))
            .expect("no NUL was put in");
        let format = std::ffi::CString::new([b"<%", format.as_bytes(), b">"].concat())
            .expect("no NUL was put in");
        let printed = line(&format, &[(&raw const counted) as u64]);
        let printed = printed.replace('|', "\n");
        let most = precision.strip_prefix('.').and_then(|it| it.parse().ok());
        let expected: String = text.chars().take(most.unwrap_or(usize::MAX)).collect();
        // Lines are told apart at line feeds, and what ends them is cut off.
        let plain = |text: &str| text.replace(['\n', '\r', '|'], "");
        proptest::prop_assert!(plain(&printed).contains(&plain(&expected)), "{format:?}: {printed:?}");
        proptest::prop_assert!(printed.starts_with('<') && printed.ends_with('>'));
    }

    #[test]
    fn any_format_is_printed(format in "(%[-+ #0]{0,2}[*]?(\\.[*0-9])?(h|l|ll|I|I32|I64|w|z)?[a-zA-Z%]| |x){0,8}") {
        // All arguments are zero: numbers, or NULL strings.
        let bytes = std::ffi::CString::new(format).expect("no NUL was put in");
        line(&bytes, &[0; 32]);
    }
}
