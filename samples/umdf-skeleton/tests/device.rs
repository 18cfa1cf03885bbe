//! The driver in the simulated framework: what a program gets from its device.

use umdf_callback::{HRESULT, Result};
use umdf_skeleton::{CLSID, DllGetClassObject, INTERFACE, IOCTL_GET_MAX_PACKET};
use wdm_sim::umdf::{Completion, Device, Framework};

/// How a request has ended.
fn ended(status: HRESULT, information: usize) -> Option<Completion> {
    Some(Completion {
        status,
        information,
    })
}

fn ok(information: usize) -> Option<Completion> {
    ended(HRESULT(0), information)
}

/// Runs a driver with one device, and finds nothing wrong in the end.
fn with_device(run: impl FnOnce(&Device) -> Result<()>) -> Result<()> {
    let framework = Framework::load(DllGetClassObject, &CLSID)?;
    run(&framework.plug_in(r"ROOT\UMDFSKELETON\0000")?)?;
    assert_eq!(framework.unload().findings, []);
    Ok(())
}

#[test]
fn what_is_written_is_read_as_long_as_the_device_has_power() -> Result<()> {
    with_device(|device| {
        assert_eq!(device.interfaces(), [INTERFACE]);
        assert!(!device.owns_power_policy());
        assert_eq!(
            device.read(16).completion(),
            ok(0),
            "nothing is written yet"
        );
        assert_eq!(device.write(b"Hello").completion(), ok(5));
        let read = device.read(16);
        assert_eq!(
            (read.completion(), &read.output()[..]),
            (ok(5), &b"Hello"[..])
        );
        let short = device.read(2);
        assert_eq!(
            (short.completion(), &short.output()[..]),
            (ok(2), &b"He"[..])
        );

        device.query_stop()?;
        device.stop()?;
        device.start()?;
        assert_eq!(device.read(16).completion(), ok(0));
        Ok(())
    })
}

#[test]
fn what_one_program_writes_no_other_reads() -> Result<()> {
    with_device(|device| {
        let file = device.open("")?;
        assert_eq!(file.write(b"Hello").completion(), ok(5));
        file.close();
        assert_eq!(device.read(16).completion(), ok(0));
        Ok(())
    })
}

#[test]
fn a_packet_is_as_long_as_the_hardware_takes() -> Result<()> {
    with_device(|device| {
        let asked = device.control(IOCTL_GET_MAX_PACKET, &[], 4);
        assert_eq!(asked.completion(), ok(4));
        assert_eq!(asked.output(), 512_u32.to_le_bytes());
        assert_eq!(device.write(&[7; 512]).completion(), ok(512));
        let refused = ended(HRESULT::from_win32(87), 0);
        assert_eq!(device.write(&[7; 513]).completion(), refused);
        assert_eq!(device.read(600).completion(), ok(512));
        Ok(())
    })
}

#[test]
fn what_the_device_does_not_understand_fails() -> Result<()> {
    with_device(|device| {
        let unknown = device.control(IOCTL_GET_MAX_PACKET + 4, &[], 4);
        assert_eq!(unknown.completion(), ended(HRESULT::from_win32(1), 0));
        let no_room = device.control(IOCTL_GET_MAX_PACKET, &[], 3);
        assert_eq!(no_room.completion(), ended(HRESULT::from_win32(122), 0));
        Ok(())
    })
}
