//! What a program asks of a device, and how its bytes get there and back.
//!
//! Pages: <https://learn.microsoft.com/windows-hardware/drivers/kernel/buffer-descriptions-for-i-o-control-codes>,
//! <https://learn.microsoft.com/windows-hardware/drivers/kernel/methods-for-accessing-data-buffers>,
//! `irp-mj-read`, `irp-mj-write` there.

use std::ptr::null_mut;

use wdm_sys::LARGE_INTEGER;

use super::buffer::Buffer;
use super::device::{DO_BUFFERED_IO, DO_DIRECT_IO};
use super::irp::location;
use super::packet::{Buffers, Packet};
use super::request::{flags, major};
use crate::status::Status;

/// What the system buffer has where no input is: on Windows it is not initialised.
pub(super) const UNINITIALISED: u8 = 0xBD;

/// What a program asks of an open device. Buffers hold what the caller's have before.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Operation<'a> {
    /// `NtDeviceIoControlFile`.
    Control {
        /// The control code.
        code: u32,
        /// The input.
        input: &'a [u8],
        /// The buffer for the output, which the driver may read in some methods.
        output: &'a [u8],
    },
    /// The same with `METHOD_NEITHER`, for memory that is passed as it is: address and length.
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    ControlNeither {
        /// The control code.
        code: u32,
        /// The input.
        input: (usize, usize),
        /// The buffer for the output.
        output: (usize, usize),
    },
    /// `NtReadFile`: from an offset, or from where the file object says.
    Read {
        /// The buffer.
        buffer: &'a [u8],
        /// Where to read.
        offset: Option<u64>,
    },
    /// `NtWriteFile`.
    Write {
        /// The data.
        data: &'a [u8],
        /// Where to write.
        offset: Option<u64>,
    },
    /// `NtFlushBuffersFile`.
    Flush,
}

/// How a buffer is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Method {
    Buffered,
    InDirect,
    OutDirect,
    Neither,
}

impl Method {
    /// That of a control code: its lowest two bits.
    pub(super) fn of(code: u32) -> Self {
        match code & 3 {
            0 => Self::Buffered,
            1 => Self::InDirect,
            2 => Self::OutDirect,
            _ => Self::Neither,
        }
    }

    /// That of reads and writes to a device with these flags.
    pub(super) fn of_device(device_flags: u32, direct: Self) -> Self {
        match device_flags {
            flags if flags & DO_BUFFERED_IO != 0 => Self::Buffered,
            flags if flags & DO_DIRECT_IO != 0 => direct,
            _ => Self::Neither,
        }
    }
}

/// The parameters of a request's first location.
#[derive(Clone, Copy, Debug)]
pub(super) enum Parameters {
    None,
    Control { code: u32, input: u32, output: u32 },
    Transfer { length: u32, offset: i64 },
}

/// What the maker of a request gets of it when it is completed.
#[derive(Clone, Debug, Default)]
pub(super) struct Transfer {
    /// What was asked, for findings; empty where no bytes are transferred.
    pub(super) what: String,
    /// The most that `Information` can say.
    pub(super) room: usize,
    /// Whether the output is in the system buffer.
    pub(super) from_system: bool,
}

/// A request that is ready to be made.
pub(super) struct Prepared {
    pub(super) major: u8,
    pub(super) flags: u32,
    pub(super) parameters: Parameters,
    pub(super) buffers: Buffers,
    pub(super) transfer: Transfer,
}

impl Operation<'_> {
    /// What to send to a device with these flags; `position` is the file object's.
    ///
    /// # Errors
    /// `STATUS_INVALID_PARAMETER` for more bytes than a request can name.
    pub(super) fn prepare(
        self,
        device_flags: u32,
        position: Option<i64>,
    ) -> Result<Prepared, Status> {
        let length = |bytes: &[u8]| u32::try_from(bytes.len());
        let too_long = |_| Status::INVALID_PARAMETER;
        let place = |offset: Option<u64>| {
            let given = offset.map(|offset| i64::try_from(offset).ok());
            given.unwrap_or(position).ok_or(Status::INVALID_PARAMETER)
        };
        Ok(match self {
            Self::Control {
                code,
                input,
                output,
            } => {
                let method = Method::of(code);
                let parameters = Parameters::Control {
                    code,
                    input: length(input).map_err(too_long)?,
                    output: length(output).map_err(too_long)?,
                };
                let buffers = control_buffers(method, input, output);
                let fills = method == Method::Buffered && !output.is_empty();
                Prepared {
                    major: major::DEVICE_CONTROL,
                    flags: buffers.flags(fills),
                    parameters,
                    buffers,
                    transfer: Transfer {
                        what: format!("code {code:#x}"),
                        room: output.len(),
                        from_system: method == Method::Buffered,
                    },
                }
            }
            #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
            Self::ControlNeither {
                code,
                input,
                output,
            } => Prepared {
                major: major::DEVICE_CONTROL,
                flags: 0,
                parameters: Parameters::Control {
                    code,
                    input: u32::try_from(input.1).map_err(too_long)?,
                    output: u32::try_from(output.1).map_err(too_long)?,
                },
                buffers: Buffers {
                    input: Buffer::of_caller(input),
                    output: Buffer::of_caller(output),
                    ..Buffers::default()
                },
                transfer: Transfer {
                    what: format!("code {code:#x}"),
                    room: output.1,
                    from_system: false,
                },
            },
            Self::Read { buffer, offset } => {
                let method = Method::of_device(device_flags, Method::OutDirect);
                let parameters = Parameters::Transfer {
                    length: length(buffer).map_err(too_long)?,
                    offset: place(offset)?,
                };
                let buffers = match method {
                    Method::Buffered => Buffers {
                        system: Buffer::new(&[], buffer.len(), UNINITIALISED),
                        output: Buffer::of(buffer),
                        ..Buffers::default()
                    },
                    method => control_buffers(method, &[], buffer),
                };
                Prepared {
                    major: major::READ,
                    flags: flags::READ | buffers.flags(true),
                    parameters,
                    buffers,
                    transfer: Transfer {
                        what: "a read".to_owned(),
                        room: buffer.len(),
                        from_system: method == Method::Buffered,
                    },
                }
            }
            Self::Write { data, offset } => {
                let method = Method::of_device(device_flags, Method::InDirect);
                let parameters = Parameters::Transfer {
                    length: length(data).map_err(too_long)?,
                    offset: place(offset)?,
                };
                let buffers = match method {
                    Method::Buffered => Buffers {
                        system: Buffer::of(data),
                        ..Buffers::default()
                    },
                    method => control_buffers(method, &[], data),
                };
                Prepared {
                    major: major::WRITE,
                    flags: flags::WRITE | buffers.flags(false),
                    parameters,
                    buffers,
                    transfer: Transfer {
                        what: "a write".to_owned(),
                        room: data.len(),
                        from_system: false,
                    },
                }
            }
            Self::Flush => Prepared {
                major: major::FLUSH_BUFFERS,
                flags: 0,
                parameters: Parameters::None,
                buffers: Buffers::default(),
                transfer: Transfer::default(),
            },
        })
    }
}

/// The memory of a device-control request.
fn control_buffers(method: Method, input: &[u8], output: &[u8]) -> Buffers {
    let caller = Buffer::of(output);
    match method {
        Method::Buffered => Buffers {
            system: Buffer::new(input, input.len().max(output.len()), UNINITIALISED),
            output: caller,
            ..Buffers::default()
        },
        Method::InDirect | Method::OutDirect => {
            let write = method == Method::OutDirect;
            Buffers {
                system: Buffer::of(input),
                list: caller.as_ref().and_then(|caller| caller.describe(write)),
                output: caller,
                ..Buffers::default()
            }
        }
        Method::Neither => Buffers {
            input: Buffer::of(input),
            output: caller,
            ..Buffers::default()
        },
    }
}

impl Buffers {
    /// The flags of a request with this memory; `fills` if the system buffer is copied to the
    /// caller's.
    fn flags(&self, fills: bool) -> u32 {
        match &self.system {
            None => 0,
            Some(_) if fills => {
                flags::BUFFERED_IO | flags::DEALLOCATE_BUFFER | flags::INPUT_OPERATION
            }
            Some(_) => flags::BUFFERED_IO | flags::DEALLOCATE_BUFFER,
        }
    }
}

impl Packet {
    /// Fills in the parameters of a location.
    pub(super) fn set_parameters(&self, at: usize, parameters: Parameters) {
        match parameters {
            Parameters::None => {}
            Parameters::Control {
                code,
                input,
                output,
            } => {
                let type3 = self
                    .buffers
                    .input
                    .as_ref()
                    .map_or(null_mut(), Buffer::start);
                location!(self, at, Parameters.DeviceIoControl.OutputBufferLength).set(output);
                location!(self, at, Parameters.DeviceIoControl.InputBufferLength).set(input);
                location!(self, at, Parameters.DeviceIoControl.IoControlCode).set(code);
                location!(self, at, Parameters.DeviceIoControl.Type3InputBuffer).set(type3.cast());
            }
            // Those of a write lie in the same places.
            Parameters::Transfer { length, offset } => {
                let offset = LARGE_INTEGER { QuadPart: offset };
                location!(self, at, Parameters.Read.Length).set(length);
                location!(self, at, Parameters.Read.ByteOffset).set(offset);
            }
        }
    }
}
