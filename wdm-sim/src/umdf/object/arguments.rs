//! Arguments of methods: places that are filled, objects that are passed, strings.

use umdf_callback::HRESULT;
use umdf_callback::raw::Raw;
use windows_core::Interface;

/// Fills a place of the driver's with an object and its reference, or null.
///
/// # Safety
/// `place` is null or the driver's place.
pub(crate) unsafe fn put<I: Interface>(place: *mut Raw<I>, object: Option<I>) {
    if !place.is_null() {
        // SAFETY: not null, so the driver's place.
        unsafe { place.write(object.map_or(Raw::NULL, Raw::from_owned)) };
    }
}

/// Fills a place of the driver's that may be null.
///
/// # Safety
/// `place` is null or the driver's place.
pub(crate) unsafe fn set<T>(place: *mut T, value: T) {
    if !place.is_null() {
        // SAFETY: not null, so the driver's place.
        unsafe { place.write(value) };
    }
}

/// A parameter that is an object, for as long as the call takes.
pub(crate) fn parameter<I: Interface>(pointer: Raw<I>) -> Option<I> {
    // SAFETY: the driver's interface, which is valid during the call, or null.
    unsafe { pointer.borrow() }.map(|object| object.to_owned())
}

/// Writes a string as the framework does (F8): length in characters with the NUL.
///
/// # Safety
/// `length` is null or the driver's place, `buffer` is null or has as many characters as it says.
pub(crate) unsafe fn write_string(
    text: &str,
    buffer: *mut u16,
    length: *mut u32,
) -> Result<(), HRESULT> {
    use crate::umdf::codes::{E_POINTER, INSUFFICIENT_BUFFER};
    if length.is_null() {
        return Err(E_POINTER);
    }
    let text: Vec<u16> = text.encode_utf16().chain([0]).collect();
    // SAFETY: not null, so the driver's place.
    let room = unsafe { length.read() } as usize;
    // SAFETY: as above.
    unsafe { length.write(u32::try_from(text.len()).unwrap_or(u32::MAX)) };
    if buffer.is_null() || room < text.len() {
        return Err(INSUFFICIENT_BUFFER);
    }
    // SAFETY: the buffer has room for it.
    unsafe { buffer.copy_from_nonoverlapping(text.as_ptr(), text.len()) };
    Ok(())
}

/// A string of the driver's, which ends with NUL.
///
/// # Safety
/// `text` is null or the driver's string.
pub(crate) unsafe fn read_string(text: *const u16) -> Option<String> {
    if text.is_null() {
        return None;
    }
    let mut units = Vec::new();
    loop {
        let place = text.wrapping_add(units.len());
        // SAFETY: no NUL has come, so the string goes on.
        let unit = unsafe { place.read() };
        if unit == 0 {
            return Some(String::from_utf16_lossy(&units));
        }
        units.push(unit);
    }
}
