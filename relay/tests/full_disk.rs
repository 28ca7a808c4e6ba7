//! The real binary on a disk that takes no more: it says so, keeps what it has, and goes on answering.
#![cfg(unix)]

mod support;

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
    time::Duration,
};

use support::{
    account::{Http, refusal, register},
    stream::Stream,
};
use waxwing_wire::{
    Opaque, ProblemCode,
    frame::{AccountDatum, Request, Response},
    ids::DataName,
};

struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Puts objects of so many bytes until one is refused; answers how many went in.
async fn fill(stream: &mut Stream, next: &mut u8, bytes: usize) -> usize {
    for count in 0..200 {
        let name = DataName([*next; 16]);
        let datum = AccountDatum { name, version: 1, bytes: Opaque(vec![*next; bytes]) };
        match stream.ask(Request::PutAccountData(datum)).await {
            Ok(answer) => assert_eq!(answer, Response::Done),
            Err(problem) => {
                assert_eq!(problem.code, ProblemCode::Unavailable);
                return count;
            }
        }
        *next += 1;
    }
    panic!("the disk is not full");
}

#[tokio::test]
async fn a_full_disk_shows_in_the_health_check_and_loses_nothing() {
    support::steady_step().await;
    let folder = tempfile::tempdir().unwrap();
    // No file may grow beyond 2 MiB, which is less than the write-ahead log would like before it is emptied.
    let script = "trap '' XFSZ; ulimit -f 4096; exec \"$0\" serve --listen 127.0.0.1:0 --data \"$1\"";
    let mut child = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_waxwing-relay")])
        .arg(folder.path())
        .env("WAXWING_LOG", "off")
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let _child = Killed(child);
    let origin = lines.next().unwrap().unwrap().strip_prefix("listening on ").unwrap().to_owned();
    let setup = lines.next().unwrap().unwrap();
    let http = Http::at(&origin);
    let mira = register(&http, "mira", setup.rsplit('/').next()).await.unwrap();
    assert_eq!(http.get("/healthz").send().await.unwrap().status(), 200);

    let mut stream = mira.stream().await;
    let (mut next, mut kept) = (1, 0);
    for bytes in [60_000, 4_000, 10] {
        kept += fill(&mut stream, &mut next, bytes).await;
    }
    assert!(kept > 10, "there was room at first: {kept}");
    // The check writes less than the smallest object: it may find room once or twice.
    let mut health = http.get("/healthz").send().await.unwrap();
    for _ in 0..5 {
        if health.status() != 200 {
            break;
        }
        tokio::time::sleep(waxwing_relay::limits::HEALTH_TIME + Duration::from_millis(50)).await;
        health = http.get("/healthz").send().await.unwrap();
    }
    let sick = refusal(health).await;
    assert_eq!((sick.status, sick.code.as_str()), (503, "unavailable"));
    match stream.ask(Request::AccountData).await {
        Ok(Response::AccountData(all)) => assert_eq!(all.len(), kept, "what was acknowledged is there"),
        other => panic!("{other:?}"),
    }
    assert_eq!(mira.session().await.status(), 200, "reading goes on");
}
