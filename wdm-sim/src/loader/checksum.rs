//! The checksum of the optional header, as `CheckSumMappedFile` of imagehlp computes it.

/// Sums the file's little-endian 16-bit words with end-around carry, leaving out the four bytes of
/// the checksum field itself, and adds the file's length. `field` is that field's file offset.
pub(super) fn compute(file: &[u8], field: usize) -> u32 {
    let field = field..field.saturating_add(4);
    let byte = |at: usize| match file.get(at) {
        Some(&byte) if !field.contains(&at) => u32::from(byte),
        _ => 0,
    };
    let sum = (0..file.len()).step_by(2).fold(0u32, |sum, at| {
        let sum = sum + (byte(at) | byte(at + 1) << 8);
        (sum & 0xffff) + (sum >> 16)
    });
    // A file's length fits: the loader refuses files above its limit first.
    sum.wrapping_add(file.len() as u32)
}
