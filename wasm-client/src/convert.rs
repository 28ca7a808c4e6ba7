//! JavaScript shapes of inputs and effects.

use serde::{Deserialize, Serialize};
use serde_bytes::ByteBuf;
use wasm_bindgen::JsValue;
use waxwing_client::{
    api::{Failure, Intent, Notice, Reply},
    io::{Effect, Input, StoreOp},
};

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum JsInput {
    Start { entries: Vec<(String, ByteBuf)> },
    Intent { id: u64, intent: Intent },
    Loaded { id: u64, entries: Vec<(String, ByteBuf)> },
    Http { id: u64, status: Option<u16>, body: String },
    StreamOpened,
    StreamFrame { bytes: ByteBuf },
    StreamClosed { code: u16 },
    Network { online: bool },
    Tick,
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum JsEffect {
    Persist { ops: Vec<JsOp> },
    Load { id: u64, from: String, to: String, limit: u32, reverse: bool },
    Http { id: u64, path: &'static str, body: Option<String> },
    StreamOpen,
    StreamSend { bytes: ByteBuf },
    StreamClose,
    Schedule { at_ms: u64 },
    Reply { id: u64, ok: Option<Reply>, failure: Option<Failure> },
    Notify { notice: Notice },
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "camelCase", rename_all_fields = "camelCase")]
enum JsOp {
    Put { key: String, value: ByteBuf, secret: bool },
    Delete { key: String },
    DeleteRange { from: String, to: String },
    Clear,
}

fn plain(entries: Vec<(String, ByteBuf)>) -> Vec<(String, Vec<u8>)> {
    entries.into_iter().map(|(key, value)| (key, value.into_vec())).collect()
}

pub(crate) fn input(value: JsValue) -> Result<Input, serde_wasm_bindgen::Error> {
    Ok(match serde_wasm_bindgen::from_value(value)? {
        JsInput::Start { entries } => Input::Start { entries: plain(entries) },
        JsInput::Intent { id, intent } => Input::Intent { id, intent },
        JsInput::Loaded { id, entries } => Input::Loaded { id, entries: plain(entries) },
        JsInput::Http { id, status, body } => Input::Http { id, status, body },
        JsInput::StreamOpened => Input::StreamOpened,
        JsInput::StreamFrame { bytes } => Input::StreamFrame(bytes.into_vec()),
        JsInput::StreamClosed { code } => Input::StreamClosed { code },
        JsInput::Network { online } => Input::Network { online },
        JsInput::Tick => Input::Tick,
    })
}

pub(crate) fn effects(effects: Vec<Effect>) -> Result<JsValue, serde_wasm_bindgen::Error> {
    let effects: Vec<JsEffect> = effects.into_iter().map(effect).collect();
    // Optional fields are null rather than undefined, so that they survive being posted between threads.
    effects.serialize(&serde_wasm_bindgen::Serializer::new().serialize_missing_as_null(true))
}

fn effect(effect: Effect) -> JsEffect {
    match effect {
        Effect::Persist(ops) => JsEffect::Persist { ops: ops.into_iter().map(op).collect() },
        Effect::Load { id, from, to, limit, reverse } => JsEffect::Load { id, from, to, limit, reverse },
        Effect::Http { id, path, body } => JsEffect::Http { id, path, body },
        Effect::StreamOpen => JsEffect::StreamOpen,
        Effect::StreamSend(bytes) => JsEffect::StreamSend { bytes: bytes.into() },
        Effect::StreamClose => JsEffect::StreamClose,
        Effect::Schedule { at_ms } => JsEffect::Schedule { at_ms },
        Effect::Reply { id, result: Ok(reply) } => JsEffect::Reply { id, ok: Some(reply), failure: None },
        Effect::Reply { id, result: Err(failure) } => {
            JsEffect::Reply { id, ok: None, failure: Some(failure) }
        }
        Effect::Notify(notice) => JsEffect::Notify { notice },
    }
}

fn op(op: StoreOp) -> JsOp {
    match op {
        StoreOp::Put { key, value, secret } => JsOp::Put { key, value: value.into(), secret },
        StoreOp::Delete { key } => JsOp::Delete { key },
        StoreOp::DeleteRange { from, to } => JsOp::DeleteRange { from, to },
        StoreOp::Clear => JsOp::Clear,
    }
}
