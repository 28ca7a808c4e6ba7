//! Generated calls, valid and invalid, against a real relay and what its API document says: no failures of the relay, no
//! answers that are not documented. `cargo xtask test --only api` brings along the program that makes the calls.

mod support;

use std::{path::Path, process::Command};

use support::{
    account::{Http, first, register},
    start_with,
};
use tokio::task::spawn_blocking;

/// What every answer must stand up to.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
    response_schema_conformance,response_headers_conformance,unsupported_method,missing_required_header";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs schemathesis; cargo xtask test --only api"]
async fn generated_calls_are_answered_as_documented() {
    let running = start_with(|config| config.trusted_proxy = vec!["127.0.0.1".parse().unwrap()]).await;
    let http = Http::new(&running);
    let mira = first(&running, "mira").await;
    for name in ["jonas", "amira"] {
        register(&http, name, None).await.unwrap();
    }
    for session in [None, Some(mira.cookie.clone())] {
        let origin = running.origin.clone();
        let passed = spawn_blocking(move || schemathesis(&origin, session.as_deref())).await.unwrap();
        assert!(passed, "schemathesis has found something");
    }
    assert_eq!(mira.session().await.status(), 200, "the session has outlived the calls");
    assert_eq!(http.get("/healthz").send().await.unwrap().status(), 200);
}

fn schemathesis(origin: &str, session: Option<&str>) -> bool {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/api");
    let program = std::env::var_os("WAXWING_SCHEMATHESIS").unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let mut command = Command::new(program);
    command.current_dir(scratch.path()).env("SCHEMATHESIS_HOOKS", "hooks").env("PYTHONPATH", &folder);
    command.args(["run", &format!("{origin}/api/openapi.json"), "--url", origin, "--checks", CHECKS]);
    command.args(["--phases", "examples,coverage,fuzzing", "--max-examples", "25", "--max-time", "40"]);
    command.args(["--generation-database", "none", "--workers", "2", "--no-color", "--warnings", "off"]);
    if let Some(cookie) = session {
        command.env("WAXWING_SESSION", "expected");
        let (_, token) = cookie.split_once('=').unwrap();
        command.args(["--header", &format!("Authorization: Bearer {token}")]);
        // Otherwise calls come with sessions of its own in this one's place.
        command.args(["--generation-with-security-parameters", "false"]);
        // It ends the session. Others that could want a proof of the password as well.
        command.args(["--exclude-path", "/api/v1/auth/logout"]);
    }
    command.status().unwrap().success()
}
