//! The return addresses on a driver's stack.

use std::ffi::c_void;

use super::context::Context;
use super::dispatch::Handling;
use super::info::Purpose;
use super::walk::Walk;

/// Stores the return addresses of the frames of driver code, the caller's first, after `skip` of
/// them, and that in the simulator where they end; gives their number. The hash is their sum.
/// What lies beyond the simulator's frames is not seen.
///
/// # Safety
/// There is room for `count` addresses, and for the hash unless it is null.
pub(super) unsafe fn capture(
    context: &Context,
    skip: u32,
    count: u32,
    frames: *mut *mut c_void,
    hash: *mut u32,
) -> u16 {
    let count = count.min(u32::from(u16::MAX)) as usize;
    let mut sum = 0_u32;
    let mut captured = 0;
    for address in addresses(context).skip(skip as usize).take(count) {
        let frame = std::ptr::without_provenance_mut(address as usize);
        // SAFETY: `captured` is below `count`.
        unsafe { frames.wrapping_add(captured).write(frame) };
        sum = sum.wrapping_add(address as u32);
        captured += 1;
    }
    if !hash.is_null() {
        // SAFETY: by this function's contract.
        unsafe { hash.write(sum) };
    }
    captured as u16
}

/// The innermost frames of driver code as `registry-guard.sys+0x1234`, the innermost first.
pub(super) fn driver_frames(context: &Context, most: usize) -> Vec<String> {
    let mut walk = Walk::new(*context, Purpose::Search, Handling::innermost());
    let frames = std::iter::from_fn(|| walk.next().ok().flatten());
    let frames = frames.map(|frame| frame.image.offset(frame.context.rip));
    frames.take(most).collect()
}

/// Where control is in each frame of driver code, from the inside out, and then in their caller.
fn addresses(context: &Context) -> impl Iterator<Item = u64> {
    let mut walk = Walk::new(*context, Purpose::Search, Handling::innermost());
    let mut over = false;
    std::iter::from_fn(move || {
        if over {
            return None;
        }
        match walk.next() {
            Ok(Some(frame)) => Some(frame.context.rip),
            Ok(None) => {
                over = true;
                Some(walk.context().rip)
            }
            Err(_) => None,
        }
    })
}
