//! The calls over HTTP. Each is named once, with what answers it and what the OpenAPI document says of it, so that there
//! is no call that is not in the document.

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Router,
    handler::Handler,
    middleware,
    routing::{get, post},
};
use serde_json::{Map, Value, json};
use utoipa::{
    PartialSchema, ToSchema,
    openapi::{RefOr, Schema},
};
use waxwing_wire::{ProblemCode, account::CLIENT_HEADER};

use super::{App, guard};

/// What the document says of a call.
pub(super) struct Call {
    summary: &'static str,
    tag: &'static str,
    session: bool,
    query: Vec<Value>,
    body: Option<Value>,
    answer: (&'static str, Value),
    status: u16,
    codes: Vec<ProblemCode>,
    schemas: Vec<(String, RefOr<Schema>)>,
}

impl Call {
    /// A call that anybody may make, in one sentence.
    pub(super) fn new(tag: &'static str, summary: &'static str) -> Self {
        Self {
            summary,
            tag,
            session: false,
            query: Vec::new(),
            body: None,
            answer: ("", Value::Null),
            status: 200,
            codes: vec![ProblemCode::Unavailable, ProblemCode::Internal],
            schemas: Vec::new(),
        }
    }

    /// Needs a session.
    pub(super) fn session(mut self) -> Self {
        self.session = true;
        self.fails(&[ProblemCode::NotLoggedIn])
    }

    /// Needs the session of an administrator.
    pub(super) fn administrator(self) -> Self {
        self.session().fails(&[ProblemCode::NotAdministrator])
    }

    /// Takes a JSON body.
    pub(super) fn takes<T: ToSchema>(mut self) -> Self {
        self.body = Some(self.schema::<T>());
        self.fails(&[
            ProblemCode::Malformed,
            ProblemCode::Invalid,
            ProblemCode::TooLarge,
            ProblemCode::Unsupported,
        ])
    }

    /// Takes the fields of an object in the query.
    pub(super) fn query<T: ToSchema>(mut self) -> Self {
        T::schemas(&mut self.schemas);
        let schema = serde_json::to_value(T::schema()).unwrap_or_default();
        let fields = schema.get("properties").and_then(Value::as_object).cloned().unwrap_or_default();
        for (name, schema) in fields {
            let mut field = json!({"name": name, "in": "query", "required": false, "schema": schema});
            if let Some(said) = schema.get("description") {
                add(&mut field, "description", said.clone());
            }
            self.query.push(field);
        }
        self.fails(&[ProblemCode::Invalid])
    }

    /// Answers JSON.
    pub(super) fn answers<T: ToSchema>(mut self) -> Self {
        self.answer = ("application/json", self.schema::<T>());
        self
    }

    /// Answers something else.
    pub(super) fn answers_with(mut self, kind: &'static str) -> Self {
        self.answer = (kind, json!({"type": "string"}));
        self
    }

    /// Answers with another status than 200, and nothing.
    pub(super) fn switches(mut self) -> Self {
        self.status = 101;
        self
    }

    /// May be refused with these codes.
    pub(super) fn fails(mut self, codes: &[ProblemCode]) -> Self {
        self.codes.extend_from_slice(codes);
        self
    }

    /// A reference to the schema of a type, which comes into the document with those that it refers to.
    fn schema<T: ToSchema>(&mut self) -> Value {
        let name = T::name().into_owned();
        self.schemas.push((name.clone(), T::schema()));
        T::schemas(&mut self.schemas);
        reference(&name)
    }

    fn operation(&self, method: &str, path: &str) -> Value {
        let mut parameters: Vec<Value> = path_names(path).map(path_parameter).collect();
        parameters.extend(self.query.iter().cloned());
        let mut operation = json!({
            "tags": [self.tag],
            "summary": self.summary,
            "operationId": operation_id(method, path),
            "responses": self.responses(),
        });
        if method == "post" {
            let (name, value) = CLIENT_HEADER;
            parameters.push(json!({
                "name": name, "in": "header", "required": true, "schema": {"type": "string", "enum": [value]},
                "description": "Says that the request was not made by another page.",
            }));
        }
        if !parameters.is_empty() {
            add(&mut operation, "parameters", parameters.into());
        }
        if let Some(body) = &self.body {
            add(
                &mut operation,
                "requestBody",
                json!({"required": true, "content": {"application/json": {"schema": body}}}),
            );
        }
        if self.session {
            add(&mut operation, "security", json!([{"cookie": []}, {"secureCookie": []}, {"bearer": []}]));
        }
        operation
    }

    fn responses(&self) -> Value {
        let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
        for code in &self.codes {
            let codes = by_status.entry(code.status()).or_default();
            if !codes.contains(&code.as_str()) {
                codes.push(code.as_str());
            }
        }
        let mut responses = Map::new();
        let (kind, schema) = &self.answer;
        let done = if kind.is_empty() {
            json!({"description": "The connection becomes a WebSocket."})
        } else {
            json!({"description": "Done.", "content": {*kind: {"schema": schema}}})
        };
        responses.insert(self.status.to_string(), done);
        for (status, codes) in by_status {
            let mut response = json!({
                "description": format!("Refused: `{}`.", codes.join("`, `")),
                "content": {"application/problem+json": {"schema": reference("Problem")}},
            });
            if status == ProblemCode::RateLimited.status() {
                add(
                    &mut response,
                    "headers",
                    json!({"Retry-After": {
                        "description": "Seconds to wait.", "schema": {"type": "integer", "minimum": 1},
                    }}),
                );
            }
            responses.insert(status.to_string(), response);
        }
        responses.into()
    }
}

/// Adds a field to an object.
fn add(object: &mut Value, name: &str, value: Value) {
    if let Some(fields) = object.as_object_mut() {
        fields.insert(name.to_owned(), value);
    }
}

fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// RFC 9457, as [`super::problem`] writes it.
fn problem() -> Value {
    json!({
        "type": "object",
        "description": "An RFC 9457 problem document.",
        "required": ["type", "title", "status", "code", "detail"],
        "properties": {
            "type": {"type": "string", "description": "`urn:waxwing:problem:CODE`."},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "code": reference("ProblemCode"),
            "detail": {"type": "string", "description": "One sentence: what happened and what to do."},
            "retry_after_s": {"type": "integer", "minimum": 0, "description": "Seconds to wait."},
            "last_commit": {"type": "integer", "minimum": 0, "description": "On the stream only."},
        },
    })
}

/// What stands between braces in a path.
fn path_names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'))
}

fn path_parameter(name: &str) -> Value {
    let schema = match name {
        "account" => reference("AccountId"),
        "room" => reference("RoomId"),
        _ => json!({"type": "integer", "format": "int64", "minimum": 0}),
    };
    json!({"name": name, "in": "path", "required": true, "schema": schema})
}

/// A name for a call: what its path says, without what stands between braces.
fn operation_id(method: &str, path: &str) -> String {
    let path = path.trim_start_matches("/api/v1/").trim_start_matches('/');
    let mut id = method.to_owned();
    for part in path.split(['/', '-', '.']) {
        let part = part.trim_matches(['{', '}']);
        let (first, rest) = part.split_at_checked(1).unwrap_or((part, ""));
        id.push_str(&first.to_uppercase());
        id.push_str(rest);
    }
    id
}

/// Routes and document, as they grow.
pub(super) struct Calls {
    reading: Router<Arc<App>>,
    changing: Router<Arc<App>>,
    paths: BTreeMap<&'static str, Map<String, Value>>,
    schemas: BTreeMap<String, Value>,
}

impl Calls {
    pub(super) fn new() -> Self {
        let mut calls = Self {
            reading: Router::new(),
            changing: Router::new(),
            paths: BTreeMap::new(),
            schemas: BTreeMap::new(),
        };
        let mut schemas = Vec::new();
        schemas.push(("AccountId".to_owned(), <waxwing_wire::AccountId as PartialSchema>::schema()));
        schemas.push(("RoomId".to_owned(), <waxwing_wire::RoomId as PartialSchema>::schema()));
        <ProblemCode as ToSchema>::schemas(&mut schemas);
        schemas.push(("ProblemCode".to_owned(), <ProblemCode as PartialSchema>::schema()));
        calls.learn(schemas);
        calls.schemas.insert("Problem".to_owned(), problem());
        calls
    }

    fn learn(&mut self, schemas: Vec<(String, RefOr<Schema>)>) {
        for (name, schema) in schemas {
            self.schemas.insert(name, serde_json::to_value(schema).unwrap_or_default());
        }
    }

    fn document(&mut self, method: &str, path: &'static str, call: Call) {
        let operation = call.operation(method, path);
        self.paths.entry(path).or_default().insert(method.to_owned(), operation);
        self.learn(call.schemas);
    }

    /// A call that changes nothing.
    pub(super) fn get<H: Handler<T, Arc<App>>, T: 'static>(
        mut self,
        path: &'static str,
        handler: H,
        call: Call,
    ) -> Self {
        self.reading = self.reading.route(path, get(handler));
        self.document("get", path, call);
        self
    }

    /// A call that changes something: only the app's own page and programs may make it.
    pub(super) fn post<H: Handler<T, Arc<App>>, T: 'static>(
        mut self,
        path: &'static str,
        handler: H,
        call: Call,
    ) -> Self {
        self.changing = self.changing.route(path, post(handler));
        self.document("post", path, call.fails(&[ProblemCode::ForeignOrigin, ProblemCode::Unsupported]));
        self
    }

    /// A `GET` that is routed elsewhere.
    pub(super) fn described(mut self, path: &'static str, call: Call) -> Self {
        self.document("get", path, call);
        self
    }

    /// The routes, and the document as it is served.
    pub(super) fn finish(self, app: &Arc<App>) -> (Router<Arc<App>>, String) {
        let guard = middleware::from_fn_with_state(Arc::clone(app), guard::state_changing);
        let routes = self.changing.route_layer(guard).merge(self.reading);
        let document = json!({
            "openapi": "3.1.0",
            "info": {
                "title": "Waxwing relay",
                "version": env!("CARGO_PKG_VERSION"),
                "description": "Accounts, sessions and administration of a Waxwing relay. Everything about rooms travels on the \
                    stream, see docs/protocol.md. Byte strings are base64url without padding. Errors are RFC 9457 problem \
                    documents with a stable `code`. Every call also answers 405 to other methods.",
                "license": {"name": "MIT OR Apache-2.0"},
            },
            "paths": self.paths,
            "components": {
                "schemas": self.schemas,
                "securitySchemes": {
                    "cookie": {"type": "apiKey", "in": "cookie", "name": "waxwing", "description": "Without TLS."},
                    "secureCookie": {"type": "apiKey", "in": "cookie", "name": "__Host-waxwing"},
                    "bearer": {"type": "http", "scheme": "bearer"},
                },
            },
        });
        // Numbers, strings, lists and maps: there is nothing in it that could not be written.
        (routes, serde_json::to_string_pretty(&document).unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_calls_follow_their_paths() {
        let of = |method, path| operation_id(method, path);
        assert_eq!(of("get", "/api/v1/admin/users"), "getAdminUsers");
        assert_eq!(of("post", "/api/v1/admin/users/{account}/reset-totp"), "postAdminUsersAccountResetTotp");
        assert_eq!(of("get", "/healthz"), "getHealthz");
        assert_eq!(of("get", "/api/openapi.json"), "getApiOpenapiJson");
    }
}
