//! What the INF tells Windows is what the driver is.

use umdf_callback::GUID;
use umdf_echo::{CLSID, Microsoft_WDF_UMDF_Version};
use wdm_tests::inf::Inf;

#[test]
fn the_inf_is_for_this_driver() -> Result<(), String> {
    let inf = Inf::parse(include_str!("../umdf-echo.inf"));
    let driver = inf.umdf_driver()?;
    assert_eq!(GUID::try_from(driver.clsid.as_str()), Ok(CLSID));
    // What cargo calls a library's file.
    let file = format!("{}.dll", env!("CARGO_PKG_NAME").replace('-', "_"));
    assert_eq!(driver.file, file);
    let exported = &Microsoft_WDF_UMDF_Version;
    let exported = [
        exported.MajorNumber,
        exported.MinorNumber,
        exported.ServiceNumber,
    ];
    assert_eq!(driver.version, exported);
    let [_date, version] = inf.values("Version", "DriverVer")? else {
        return Err("DriverVer has a date and a version".to_owned());
    };
    assert_eq!(*version, concat!(env!("CARGO_PKG_VERSION"), ".0"));
    Ok(())
}
