//! The queues: one for openings and reads, one for writes, one for device I/O controls, and a manual one.

use std::sync::Arc;

use umdf_callback::callback::{
    QueueCreate, QueueDefaultIoHandler, QueueRead, QueueWrite, RequestCancel,
};
use umdf_callback::request::{
    CANCELED, Canceled, Create, DeviceIoControl, Other, Read, Request, RequestKind, Retrieved,
    Typed, Write,
};
use umdf_callback::{File, ManualQueue, Queue, Result, manual_queue_callback, queue_callback};

use crate::expect;
use crate::state::Shared;

pub(crate) struct Reads(pub(crate) Arc<Shared>);

impl QueueCreate for Reads {
    fn on_create_file(&self, queue: &Queue<'_, Self>, request: Request<Create>, file: File) {
        let state = queue.state();
        let is_sound = state.accepts_requests()
            && state.dispatches_requests()
            && request.kind() == Some(RequestKind::Create)
            && request.process_id() == std::process::id()
            && request
                .file()
                .is_some_and(|of_request| of_request.is(&file))
            && file.name().is_ok_and(|name| name.is_empty());
        match expect(is_sound) {
            Ok(()) => {
                self.0.open(file);
                request.complete();
            }
            Err(error) => request.fail(error),
        }
    }
}

impl QueueRead for Reads {
    fn on_read(&self, queue: &Queue<'_, Self>, request: Request<Read>, length: usize) {
        let transfer = request.parameters();
        if let Err(error) = expect(transfer.length == length && transfer.offset == 0) {
            return request.fail(error);
        }
        let request = request.mark_cancelable(queue);
        self.0.reading().push(request);
        let shared = self.0.clone();
        self.0.later(move || shared.complete_reads());
    }
}

impl RequestCancel for Reads {
    fn on_cancel(&self, request: Request<Other, Canceled>) {
        match request.typed() {
            Typed::Read(read) => read.fail(CANCELED),
            other => drop(other),
        }
    }
}

queue_callback!(Reads);

pub(crate) struct Writes(pub(crate) Arc<Shared>);

impl QueueWrite for Writes {
    fn on_write(&self, queue: &Queue<'_, Self>, request: Request<Write>, length: usize) {
        // Both do nothing that could be seen here.
        if let Err(error) = queue.stop() {
            return request.fail(error);
        }
        queue.start();
        let written = request.input().and_then(|input| {
            let mut last = [0];
            input.read_at(length - 1, &mut last)?;
            let bytes = input.to_vec()?;
            expect(bytes.last() == last.first() && bytes.len() == request.parameters().length)?;
            Ok(bytes)
        });
        match written {
            Ok(bytes) => {
                *self.0.bytes() = bytes;
                self.0
                    .later(move || request.complete_with_information(length));
            }
            Err(error) => request.fail(error),
        }
    }
}

queue_callback!(Writes);

/// Nothing is delivered to a manual queue.
pub(crate) struct Waiting;

manual_queue_callback!(Waiting);

pub(crate) struct Controls(pub(crate) ManualQueue);

impl QueueDefaultIoHandler for Controls {
    fn on_default_io(&self, _queue: &Queue<'_, Self>, request: Request<Other>) {
        // A refused request is dropped, and so completed with an error.
        if request.forward(&self.0).is_ok() {
            match self.0.retrieve_next() {
                Ok(Some(request)) => answer(request.typed()),
                other => drop(other),
            }
        }
    }
}

queue_callback!(Controls);

/// Answers a device I/O control with its input backwards.
fn answer(request: Typed<Retrieved>) {
    let Typed::DeviceIoControl(mut request) = request else {
        return;
    };
    match backwards(&mut request) {
        Ok(length) => request.complete_with_information(length),
        Err(error) => request.fail(error),
    }
}

fn backwards(request: &mut Request<DeviceIoControl, Retrieved>) -> Result<usize> {
    expect(request.control_code() == 0x0022_2004)?;
    let mut bytes = request.input()?.to_vec()?;
    bytes.reverse();
    let mut output = request.output()?;
    expect(output.len() == bytes.len())?;
    output.write_at(0, &bytes)?;
    Ok(bytes.len())
}
