//! `--ioctl`: control codes that the program sends to the driver's devices.

use std::str::FromStr;

use serde::Serialize;
use wdm_sim::Process;

use crate::Error;

/// What `--ioctl` takes.
const SYNTAX: &str =
    r"expected DEVICE:CODE:INPUT_HEX:OUTPUT_LEN, such as \Device\Name:0x222000:01ff:16";
/// The most that a program may ask for.
const MAX_OUTPUT: usize = 1 << 30;

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    device: String,
    /// The code as it was given.
    text: String,
    code: u32,
    input: Vec<u8>,
    output_len: usize,
}

impl FromStr for Request {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // From the end: native paths can have colons in them.
        let mut parts = text.rsplitn(4, ':');
        let mut next = || parts.next().ok_or_else(|| SYNTAX.to_owned());
        let (output_len, input, code, device) = (next()?, next()?, next()?, next()?);
        if !device.starts_with('\\') {
            return Err(format!("the device {device:?} is no native path; {SYNTAX}"));
        }
        let output_len = match output_len.parse() {
            Ok(length) if length <= MAX_OUTPUT => length,
            _ => {
                return Err(format!(
                    "{output_len:?} is no length up to {MAX_OUTPUT}; {SYNTAX}"
                ));
            }
        };
        Ok(Self {
            device: device.to_owned(),
            text: code.to_owned(),
            code: number(code).ok_or_else(|| format!("{code:?} is no 32-bit number; {SYNTAX}"))?,
            input: bytes(input)
                .ok_or_else(|| format!("{input:?} is no row of hexadecimal bytes; {SYNTAX}"))?,
            output_len,
        })
    }
}

/// A decimal number, or a hexadecimal one after `0x`.
fn number(text: &str) -> Option<u32> {
    let hexadecimal = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"));
    match hexadecimal {
        Some(digits) if digits.starts_with('+') => None,
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None if text.starts_with('+') => None,
        None => text.parse().ok(),
    }
}

fn bytes(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u32>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let (pairs, rest) = digits.as_deref()?.as_chunks::<2>();
    let byte = |&[high, low]: &[u32; 2]| (high << 4 | low) as u8;
    rest.is_empty().then(|| pairs.iter().map(byte).collect())
}

/// What came of a request.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Answered {
    device: String,
    code: String,
    status: String,
    out: String,
}

impl Answered {
    /// The line that is printed.
    pub(crate) fn line(&self) -> String {
        let Self {
            code, status, out, ..
        } = self;
        format!("ioctl {code} status={status} out={out}")
    }
}

/// Opens the device, sends the code, and closes the device.
pub(crate) fn run(process: &Process, request: &Request) -> Result<Answered, Error> {
    let thread = process.enter();
    let path = &request.device;
    let device = thread.open_device(path).map_err(|status| {
        format!("device {path} cannot be opened ({status}); check the name, and what the driver does on IRP_MJ_CREATE")
    })?;
    let answer = device.control(request.code, &request.input, request.output_len);
    Ok(Answered {
        device: path.clone(),
        code: request.text.clone(),
        status: format!("0x{:08x}", answer.status.0 as u32),
        out: answer
            .output
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect(),
    })
}
