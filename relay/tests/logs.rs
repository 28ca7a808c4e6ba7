//! What the real binary writes to its log while people use it: nothing that anybody must not read.

mod support;

use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Command, Stdio},
};

use support::{
    account::{Http, PASSWORD, login_start, register},
    rooms::{TOKEN, accepted, append, appended, create, opening, proof},
};
use waxwing_wire::{Opaque, account::path, frame::Request};

#[tokio::test]
async fn logs_hold_no_secrets_names_or_bytes() {
    support::steady_step().await;
    let folder = tempfile::tempdir().unwrap();
    let mut child = Command::new(env!("CARGO_BIN_EXE_waxwing-relay"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.path())
        .env("WAXWING_LOG", "trace")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut errors = child.stderr.take().unwrap();
    let log = std::thread::spawn(move || {
        let mut text = String::new();
        errors.read_to_string(&mut text).unwrap();
        text
    });
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let origin = lines.next().unwrap().unwrap().strip_prefix("listening on ").unwrap().to_owned();
    let setup = lines.next().unwrap().unwrap();
    let setup_token = setup.rsplit('/').next().unwrap().to_owned();

    let http = Http::at(&origin);
    let mira = register(&http, "miraculous", Some(&setup_token)).await.unwrap();
    let (unlocked, other_cookie) = mira.log_in(0).await.unwrap();
    let login_proof = serde_json::to_value(&unlocked.proof).unwrap().as_str().unwrap().to_owned();
    let _ = login_start(&http, "miraculous", "a wrong password").await;
    let _ = http.get(&format!("{}?secret=in-the-query", path::SERVER)).send().await;
    let _ = http.post(path::LOGIN_START).json(&serde_json::json!({ "in-the-body": 1 })).send().await;
    let mut stream = mira.stream().await;
    let room = create(&mut stream).await;
    accepted(&mut stream, opening(room, 0, 1, None)).await;
    appended(&mut stream, append(room, 1, "sealed-message-bytes")).await;
    stream.ask(Request::JoinInfo { room, proof: proof(), before: u64::MAX }).await.unwrap();
    stream.ask(Request::PutKeyPackage(Opaque(Vec::new()))).await.unwrap_err();
    mira.log_out().await;

    assert!(terminate(child.id()));
    assert!(child.wait().unwrap().success(), "SIGTERM ends it in order");
    let log = log.join().unwrap();
    assert!(log.contains("path=\"/api/v1/auth/login/start\""), "there is a log:\n{log}");
    let token_of = |cookie: &str| cookie.split_once('=').unwrap().1.to_owned();
    let link_token = format!("{TOKEN:?}");
    for secret in [
        setup_token.as_str(),
        &token_of(&mira.cookie),
        &token_of(&other_cookie),
        &mira.secret,
        &login_proof,
        PASSWORD,
        "miraculous",
        "in-the-query",
        "in-the-body",
        "sealed-message-bytes",
        &link_token,
    ] {
        assert!(!log.contains(secret), "{secret} is in the log:\n{log}");
    }
}

/// SIGTERM, by the ordinary tool: these crates forbid unsafe code.
fn terminate(process: u32) -> bool {
    Command::new("kill").arg(process.to_string()).status().unwrap().success()
}
