//! Memory of callers.

use std::ptr;

use wdm_safe::NtError;
use wdm_safe::user_memory::UserBuffer;
use wdm_sim::Machine;

/// An address of the kernel, at which nothing is touched here.
const OF_THE_KERNEL: usize = 0xFFFF_8000_0000_0000;

/// Whether an address leads anywhere that is written down at another.
fn follow(from: usize, to: usize) -> Result<usize, NtError> {
    // SAFETY: never read or written.
    let written_down = unsafe { UserBuffer::new(ptr::without_provenance_mut(from), 8) };
    // SAFETY: as above.
    let followed = unsafe { written_down.follow(to, 8) };
    followed.map(|followed| followed.address())
}

#[test]
fn n8_what_user_mode_wrote_down_leads_to_user_mode_only() {
    let machine = Machine::builder().build().expect("it builds");
    let (app, system) = (machine.process("app.exe"), machine.system_process());
    let refused = Err(NtError::ACCESS_VIOLATION);
    {
        let _thread = app.enter();
        // Also where the kernel has captured what leads there.
        for from in [0x1000, OF_THE_KERNEL] {
            assert_eq!(follow(from, OF_THE_KERNEL), refused);
            assert_eq!(follow(from, 0x7FFF_FFFF_0000 - 7), refused);
            assert_eq!(follow(from, usize::MAX), refused);
            assert_eq!(follow(from, 0x2000), Ok(0x2000));
        }
    }
    let _thread = system.enter();
    assert_eq!(follow(OF_THE_KERNEL, OF_THE_KERNEL), Ok(OF_THE_KERNEL));
    assert_eq!(follow(0x1000, OF_THE_KERNEL), refused);
}
