//! The kernel's `printf`: formats of DbgPrint and of the CRT's wide and narrow functions.
//!
//! Understood are the flags `-+ #0`, a width and a precision (`*` too), the sizes `h hh l ll w I I32
//! I64 j t z`, and the types `d i u o x X c C s S p Z %`.
//!
//! As Microsoft's C runtime has it: a NULL string and a counted string whose buffer is NULL are
//! `(null)`; `0` pads text too; `Z` is an `ANSI_STRING` unless its size is `w` or `l`; a character that
//! is no type is printed itself, without its `%`. Floating-point types, which DbgPrint's page rules
//! out, take their argument and are printed as they were written; `n` takes its own and writes
//! nothing. Text that is not valid Unicode comes out with replacement characters, where NT would use
//! its code page's.

use wdm_sys::{PCUNICODE_STRING, UNICODE_STRING};

/// What `%s` and `%c` mean without a size.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(in crate::exports) enum Flavour {
    /// `char`: DbgPrint, `_snprintf`.
    Narrow,
    /// `wchar_t`: `_snwprintf`.
    Wide,
}

/// A `va_list` of Windows for 64-bit processors: one slot of eight bytes an argument.
pub(in crate::exports) struct Arguments {
    next: *const u64,
}

impl Arguments {
    /// # Safety
    /// `list` is null, or leads to as many slots as the format that is used with it asks for.
    pub(in crate::exports) unsafe fn new(list: *const u64) -> Self {
        Self { next: list }
    }

    fn next(&mut self) -> Option<u64> {
        if self.next.is_null() {
            return None;
        }
        // SAFETY: by the contract of `new`.
        let value = unsafe { self.next.read_unaligned() };
        self.next = self.next.wrapping_add(1);
        Some(value)
    }
}

/// One conversion, from the `%` on.
#[derive(Default, Clone, Copy)]
struct Spec {
    left: bool,
    plus: bool,
    space: bool,
    alternate: bool,
    zero: bool,
    width: usize,
    precision: Option<usize>,
    size: Size,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Size {
    #[default]
    Int,
    Char,
    Short,
    Long,
    Wide,
    Bits64,
}

/// Formats text.
///
/// # Safety
/// `arguments` are what the format asks for, in number and type; pointers among them are valid.
pub(in crate::exports) unsafe fn format(
    flavour: Flavour,
    format: &str,
    mut arguments: Arguments,
) -> String {
    let mut out = String::new();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let from_percent = &rest[at..];
        let mut chars = from_percent[1..].chars();
        let spec = Spec::parse(&mut chars, &mut arguments);
        let kind = chars.next();
        rest = chars.as_str();
        let whole = &from_percent[..from_percent.len() - rest.len()];
        // SAFETY: by this function's contract.
        match unsafe { convert(flavour, &spec, kind, &mut arguments) } {
            Converted::Text(text) => out.push_str(&text),
            Converted::NoArgument => out.push_str(whole),
            Converted::NoType => out.extend(kind),
        }
    }
    out.push_str(rest);
    out
}

impl Spec {
    fn parse(chars: &mut std::str::Chars<'_>, arguments: &mut Arguments) -> Self {
        let mut spec = Self::default();
        loop {
            match chars.clone().next() {
                Some('-') => spec.left = true,
                Some('+') => spec.plus = true,
                Some(' ') => spec.space = true,
                Some('#') => spec.alternate = true,
                Some('0') => spec.zero = true,
                _ => break,
            }
            chars.next();
        }
        if let Some(width) = number(chars, arguments) {
            spec.left |= width < 0;
            spec.width = width.unsigned_abs() as usize;
        }
        if eat(chars, ".") {
            let precision = number(chars, arguments).unwrap_or(0);
            spec.precision = usize::try_from(precision).ok();
        }
        spec.size = size(chars);
        spec
    }
}

/// A decimal number, or `*` for the next argument.
fn number(chars: &mut std::str::Chars<'_>, arguments: &mut Arguments) -> Option<i32> {
    if eat(chars, "*") {
        return arguments.next().map(|value| value as i32);
    }
    let text = chars.as_str();
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    if end == 0 {
        return None;
    }
    *chars = text[end..].chars();
    // A number that is out of range formats nothing sensible; widths have a limit below.
    Some(text[..end].parse().unwrap_or(i32::MAX))
}

fn size(chars: &mut std::str::Chars<'_>) -> Size {
    const SIZES: &[(&str, Size)] = &[
        ("I64", Size::Bits64),
        ("I32", Size::Int),
        ("I", Size::Bits64),
        ("ll", Size::Bits64),
        ("hh", Size::Char),
        ("h", Size::Short),
        ("l", Size::Long),
        ("w", Size::Wide),
        ("j", Size::Bits64),
        ("t", Size::Bits64),
        ("z", Size::Bits64),
    ];
    let found = SIZES.iter().find(|(prefix, _)| eat(chars, prefix));
    found.map_or(Size::Int, |&(_, size)| size)
}

fn eat(chars: &mut std::str::Chars<'_>, prefix: &str) -> bool {
    match chars.as_str().strip_prefix(prefix) {
        Some(rest) => {
            *chars = rest.chars();
            true
        }
        None => false,
    }
}

/// The longest run of padding, so that a broken width cannot fill the memory.
const MAX_PADDING: usize = 512;

/// What came of one conversion.
enum Converted {
    Text(String),
    /// There are no arguments.
    NoArgument,
    /// The character is no type.
    NoType,
}

/// Formats one argument.
///
/// # Safety
/// As for [`format`].
unsafe fn convert(
    flavour: Flavour,
    spec: &Spec,
    kind: Option<char>,
    arguments: &mut Arguments,
) -> Converted {
    let kind = match kind {
        Some('%') => return Converted::Text("%".to_owned()),
        Some(kind) if "diuoxXpcCsSZeEfFgGaAn".contains(kind) => kind,
        _ => return Converted::NoType,
    };
    let Some(value) = arguments.next() else {
        return Converted::NoArgument;
    };
    let (wide, other) = match spec.size {
        Size::Long | Size::Wide => (true, true),
        Size::Short | Size::Char => (false, false),
        // `S` and `C` are the other kind, unless a size says which.
        _ => (flavour == Flavour::Wide, flavour == Flavour::Narrow),
    };
    Converted::Text(match kind {
        'd' | 'i' => spec.signed(value),
        'u' => spec.unsigned(value, 10, false),
        'o' => spec.unsigned(value, 8, false),
        'x' => spec.unsigned(value, 16, false),
        'X' => spec.unsigned(value, 16, true),
        'p' => spec.pointer().unsigned(value, 16, true),
        'c' => spec.pad(&character(value, wide)),
        'C' => spec.pad(&character(value, other)),
        // SAFETY: by this function's contract.
        's' => spec.text(&unsafe { string(value, wide, spec.precision) }),
        // SAFETY: as above.
        'S' => spec.text(&unsafe { string(value, other, spec.precision) }),
        'Z' => {
            let wide = matches!(spec.size, Size::Long | Size::Wide);
            // SAFETY: as above.
            spec.text(&unsafe { counted(value, wide) })
        }
        'n' => String::new(),
        _ => return Converted::NoArgument,
    })
}

impl Spec {
    /// As `%p` has it: all digits of an address.
    fn pointer(&self) -> Self {
        Self {
            size: Size::Bits64,
            precision: Some(16),
            ..*self
        }
    }

    fn signed(&self, value: u64) -> String {
        let value = match self.size {
            Size::Char => i64::from(value as i8),
            Size::Short => i64::from(value as i16),
            Size::Bits64 => value as i64,
            _ => i64::from(value as i32),
        };
        let sign = match value {
            ..0 => "-",
            _ if self.plus => "+",
            _ if self.space => " ",
            _ => "",
        };
        self.digits(sign, &value.unsigned_abs().to_string())
    }

    fn unsigned(&self, value: u64, radix: u32, upper: bool) -> String {
        let value = match self.size {
            Size::Char => u64::from(value as u8),
            Size::Short => u64::from(value as u16),
            Size::Bits64 => value,
            _ => u64::from(value as u32),
        };
        let (digits, prefix) = match (radix, upper) {
            (8, _) => (format!("{value:o}"), "0"),
            (16, false) => (format!("{value:x}"), "0x"),
            (16, true) => (format!("{value:X}"), "0X"),
            _ => (value.to_string(), ""),
        };
        let prefix = if self.alternate && value != 0 {
            prefix
        } else {
            ""
        };
        self.digits(prefix, &digits)
    }

    /// A number with its sign or prefix, padded with zeroes behind that.
    fn digits(&self, prefix: &str, digits: &str) -> String {
        // Nothing at all for 0 with the precision 0.
        let digits = match self.precision {
            Some(0) if digits == "0" => "",
            _ => digits,
        };
        let zeroes = match self.precision {
            Some(precision) => precision.saturating_sub(digits.len()),
            None if self.zero && !self.left => {
                self.width.saturating_sub(prefix.len() + digits.len())
            }
            None => 0,
        };
        let zeroes = "0".repeat(zeroes.min(MAX_PADDING));
        self.pad_with(' ', &format!("{prefix}{zeroes}{digits}"))
    }

    /// Text, cut to the precision.
    fn text(&self, text: &str) -> String {
        match self.precision {
            Some(precision) => self.pad(&text.chars().take(precision).collect::<String>()),
            None => self.pad(text),
        }
    }

    fn pad(&self, text: &str) -> String {
        self.pad_with(if self.zero { '0' } else { ' ' }, text)
    }

    fn pad_with(&self, filler: char, text: &str) -> String {
        let missing = self.width.saturating_sub(text.chars().count());
        let missing = missing.min(MAX_PADDING);
        if self.left {
            format!("{text}{}", " ".repeat(missing))
        } else {
            format!("{}{text}", String::from(filler).repeat(missing))
        }
    }
}

fn character(value: u64, wide: bool) -> String {
    let unit = if wide {
        value as u16
    } else {
        u16::from(value as u8)
    };
    String::from_utf16_lossy(&[unit])
}

/// NUL-terminated text, or `(null)`. A precision says how much of it may be looked at.
///
/// # Safety
/// `address` is 0, or leads to such text.
unsafe fn string(address: u64, wide: bool, most: Option<usize>) -> String {
    let pointer = std::ptr::with_exposed_provenance::<u8>(address as usize);
    let most = most.unwrap_or(usize::MAX);
    if pointer.is_null() {
        return "(null)".to_owned();
    }
    if wide {
        let pointer = pointer.cast::<u16>();
        // SAFETY: by this function's contract, what was not the end has a next character.
        let unit = |at| unsafe { pointer.wrapping_add(at).read_unaligned() };
        let units: Vec<u16> = (0..most).map(unit).take_while(|&unit| unit != 0).collect();
        return String::from_utf16_lossy(&units);
    }
    // SAFETY: as above.
    let byte = |at| unsafe { pointer.wrapping_add(at).read() };
    let bytes: Vec<u8> = (0..most).map(byte).take_while(|&byte| byte != 0).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// The text of a `UNICODE_STRING` or, if not wide, of an `ANSI_STRING`, which has the same fields.
///
/// # Safety
/// `address` is 0, or leads to such a string.
unsafe fn counted(address: u64, wide: bool) -> String {
    let string: PCUNICODE_STRING =
        std::ptr::with_exposed_provenance::<UNICODE_STRING>(address as usize);
    // SAFETY: by this function's contract.
    let Some(counted) = (unsafe { string.as_ref() }).filter(|it| !it.Buffer.is_null()) else {
        return "(null)".to_owned();
    };
    if wide {
        // SAFETY: by this function's contract.
        let units = unsafe { crate::exports::text(string) };
        return String::from_utf16_lossy(units.unwrap_or_default());
    }
    let length = usize::from(counted.Length);
    // SAFETY: as above.
    let bytes = unsafe { std::slice::from_raw_parts(counted.Buffer.cast::<u8>(), length) };
    String::from_utf8_lossy(bytes).into_owned()
}
