//! The document of the HTTP calls: it is the committed one, every call is in it, and what calls answer is in it.

mod support;

use std::path::Path;

use reqwest::{Method, StatusCode, header::COOKIE};
use serde_json::{Value, json};
use support::{
    account::{Http, first},
    start,
};
use waxwing_wire::{ProblemCode, admin::AuditKind};

async fn document(http: &Http) -> Value {
    http.get("/api/openapi.json").send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn the_committed_document_is_the_served_one() {
    let running = start().await;
    let served = Http::new(&running).get("/api/openapi.json").send().await.unwrap();
    assert_eq!(served.headers()["content-type"], "application/json");
    let mut served = served.text().await.unwrap();
    served.push('\n');
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/openapi.json");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &served).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap();
    assert!(
        committed == served,
        "docs/openapi.json is old: UPDATE=1 cargo test -p waxwing-relay --test openapi"
    );
}

/// Every operation of the document: method, path with ids that name nothing, path as it is written.
fn operations(document: &Value) -> Vec<(Method, String, String, Value)> {
    let mut all = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = "AAAAAAAAAAAAAAAAAAAAAA";
            let filled = path
                .replace("{account}", id)
                .replace("{room}", id)
                .replace("{seq}", "1")
                .replace("{id}", "1");
            let method = Method::from_bytes(method.to_uppercase().as_bytes()).unwrap();
            all.push((method, filled, path.clone(), operation.clone()));
        }
    }
    all
}

fn knows(operation: &Value, status: StatusCode) -> bool {
    operation["responses"].get(status.as_str()).is_some()
}

#[tokio::test]
async fn references_lead_somewhere_and_names_are_unique() {
    let running = start().await;
    let document = document(&Http::new(&running)).await;
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(document["components"]["schemas"].get(name).is_some(), "{name}");
    }
    let mut names: Vec<String> = operations(&document)
        .iter()
        .map(|(.., operation)| operation["operationId"].as_str().unwrap().to_owned())
        .collect();
    let all = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), all);
    assert!(all >= 50, "{all} calls");
    let texts = |name: &str| document["components"]["schemas"][name]["enum"].as_array().unwrap().clone();
    let codes: Vec<Value> = ProblemCode::ALL.iter().map(|code| code.as_str().into()).collect();
    assert_eq!(texts("ProblemCode"), codes, "as they travel");
    let kinds: Vec<Value> = AuditKind::ALL.iter().map(|kind| kind.as_str().into()).collect();
    assert_eq!(texts("AuditKind"), kinds);
}

#[tokio::test]
async fn every_call_exists_and_answers_as_documented() {
    let running = start().await;
    let http = Http::new(&running);
    let mira = first(&running, "mira").await;
    for (method, filled, path, operation) in operations(&document(&http).await) {
        let needs_session = operation.get("security").is_some();
        for cookie in [None, Some(&mira.cookie)] {
            // No call takes this body, so nothing is done.
            let url = format!("{}{filled}", http.origin);
            let mut request = http.client.request(method.clone(), &url).header("Waxwing-Client", "1");
            if let Some(cookie) = cookie {
                request = request.header(COOKIE, cookie);
            }
            if method == Method::POST {
                request = request.json(&json!({"no such field": 1}));
            }
            let answer = request.send().await.unwrap();
            let status = answer.status();
            assert!(knows(&operation, status), "{method} {path} answered {status}");
            if cookie.is_none() && needs_session {
                assert_eq!(status, StatusCode::UNAUTHORIZED, "{method} {path}");
            }
            if status.is_client_error() {
                let problem: Value = answer.json().await.unwrap();
                let known = operation["responses"][status.as_str()]["description"].as_str().unwrap();
                let code = problem["code"].as_str().unwrap();
                assert!(known.contains(&format!("`{code}`")), "{method} {path}: {code}");
                assert_ne!(problem["detail"], "there is no such call", "{method} {path}");
            } else if method == Method::GET {
                assert!(status.is_success(), "{method} {path}: {status}");
            }
        }
    }
}

#[tokio::test]
async fn every_changing_call_refuses_other_pages() {
    let running = start().await;
    let http = Http::new(&running);
    let mira = first(&running, "mira").await;
    let mut tried = 0;
    for (method, filled, path, operation) in operations(&document(&http).await) {
        if method != Method::POST {
            continue;
        }
        let url = format!("{}{filled}", http.origin);
        let request = || http.client.post(&url).header(COOKIE, &mira.cookie).json(&json!({}));
        for (what, request) in [
            ("no header", request()),
            (
                "another origin",
                request().header("Waxwing-Client", "1").header("Origin", "https://evil.example"),
            ),
            ("another site", request().header("Waxwing-Client", "1").header("Sec-Fetch-Site", "cross-site")),
        ] {
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::FORBIDDEN, "{path} {what}");
            assert!(knows(&operation, answer.status()), "{path}");
            let problem: Value = answer.json().await.unwrap();
            assert_eq!(problem["code"], "foreign_origin", "{path} {what}");
        }
        let plain = http.client.post(&url).header("Waxwing-Client", "1").header("Content-Type", "text/plain");
        let answer = plain.body("{}").send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::UNSUPPORTED_MEDIA_TYPE, "{path}");
        tried += 1;
    }
    assert!(tried >= 34, "{tried}");
    assert_eq!(mira.session().await.status(), StatusCode::OK, "nothing was done");
}

#[tokio::test]
async fn kinds_and_codes_are_named_as_they_travel() {
    let running = start().await;
    let document = document(&Http::new(&running)).await;
    let schemas = &document["components"]["schemas"];
    let kinds: Vec<_> = AuditKind::ALL.iter().map(|kind| kind.as_str()).collect();
    assert_eq!(schemas["AuditKind"]["enum"], json!(kinds));
    let codes: Vec<_> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
    assert_eq!(schemas["ProblemCode"]["enum"], json!(codes));
}
