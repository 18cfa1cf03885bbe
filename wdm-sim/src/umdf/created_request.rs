//! Requests that the driver makes. Page: nf-wudfddi-iwdfdevice-createrequest.

use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use umdf_callback::raw::WdfRequestTypeNoFormat;
use windows_core::{ComObject, IUnknown};

use super::codes::S_OK;
use super::core::Core;
use super::memory_object::Buffer;
use super::object::Base;
use super::request_object::{Marks, Parts, RequestObject};
use super::sending::Way;
use super::verifier::Rule;
use super::world::lock;

impl RequestObject {
    /// A request that the driver makes. Page: nf-wudfddi-iwdfdevice-createrequest.
    pub(crate) fn created(core: &Arc<Core>, callback: Option<&IUnknown>) -> ComObject<Self> {
        let id = core.world.number();
        let way = Arc::<Way>::default();
        let end = {
            let (core, way) = (core.clone(), way.clone());
            move || {
                let request = lock(&core.objects.created).remove(&id);
                if let Some(request) = request.filter(|_| way.state().is_sent()) {
                    let detail = "it was sent, and has not ended";
                    request
                        .base
                        .finding(Rule::Created, "IWDFObject::DeleteWdfObject", detail);
                }
                let target = way.state().target.take();
                if let Some(reached) = target {
                    reached.target.drop_request(id);
                }
                let before = way.state().reuse(S_OK);
                drop(before);
            }
        };
        let base = Base::named(&core.world, id, format!("request {id}"))
            .with_callback(callback)
            .of_driver()
            .at_end(end);
        let request = ComObject::new(RequestObject {
            base,
            core: core.clone(),
            id,
            parts: Parts {
                kind: WdfRequestTypeNoFormat,
                code: 0,
                offset: 0,
                input: Buffer::new(&[]),
                output: Buffer::new(&[]),
                file: None,
                process: std::process::id(),
            },
            information: AtomicUsize::new(0),
            slot: Arc::default(),
            is_created: true,
            way,
            marks: Mutex::new(Marks {
                activity: None,
                // Page: nf-wudfddi-iwdfiorequest3-setusermodedriverinitiatedio.
                is_driver_initiated: true,
            }),
        });
        lock(&core.objects.created).insert(id, request.clone());
        request
    }
}
