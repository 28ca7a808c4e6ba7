//! What every answer has in common.

mod support;

use support::{
    account::{Http, Refused, first, refusal},
    start, start_with,
};
use waxwing_wire::{account::path, limits as shared};

const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; \
    img-src 'self' blob: data:; media-src 'self' blob:; connect-src 'self'; worker-src 'self'; manifest-src 'self'; \
    font-src 'self'; object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types svelte-trusted-html waxwing-worker";

#[tokio::test]
async fn every_answer_carries_the_security_headers_once() {
    let running = start().await;
    let http = Http::new(&running);
    let mut answers = Vec::new();
    for path in ["/", "/healthz", path::SERVER, path::SESSION, path::STREAM, "/api/none", "/none", "/../x"] {
        answers.push(http.get(path).send().await.unwrap());
    }
    answers.push(http.post(path::LOGIN_START).send().await.unwrap());
    answers.push(http.client.delete(format!("{}/healthz", http.origin)).send().await.unwrap());
    for answer in answers {
        let headers = answer.headers();
        let all =
            |name| headers.get_all(name).iter().map(|value| value.to_str().unwrap()).collect::<Vec<_>>();
        let of = answer.url();
        assert_eq!(all("content-security-policy"), [POLICY], "{of}");
        assert_eq!(all("cross-origin-opener-policy"), ["same-origin"], "{of}");
        assert_eq!(all("cross-origin-embedder-policy"), ["require-corp"], "{of}");
        assert_eq!(all("cross-origin-resource-policy"), ["same-origin"], "{of}");
        assert_eq!(all("referrer-policy"), ["no-referrer"], "{of}");
        assert_eq!(all("x-content-type-options"), ["nosniff"], "{of}");
        assert_eq!(all("permissions-policy").len(), 1, "{of}");
        assert_eq!(all("cache-control").len(), 1, "{of}");
        assert!(all("strict-transport-security").is_empty(), "no TLS here: {of}");
    }
}

#[tokio::test]
async fn hsts_is_sent_behind_tls() {
    let running =
        start_with(|config| config.public_origin = Some("https://chat.example.org".parse().unwrap())).await;
    let answer = Http::new(&running).get("/").send().await.unwrap();
    assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
}

#[tokio::test]
async fn wrong_addresses_and_methods_are_problems() {
    let running = start().await;
    let http = Http::new(&running);
    let expect = |status, code: &str| Refused { status, code: code.to_owned(), retry_after_s: None };
    for path in ["/api/v1/none", "/api/v2/server", "/api/"] {
        assert_eq!(refusal(http.get(path).send().await.unwrap()).await, expect(404, "not_found"));
        assert_eq!(refusal(http.post(path).send().await.unwrap()).await, expect(404, "not_found"));
    }
    for path in [path::LOGIN_START, path::LOGOUT, path::REGISTER_CONFIRM] {
        let answer = http.get(path).send().await.unwrap();
        assert_eq!(answer.headers()["allow"], "POST");
        assert_eq!(refusal(answer).await, expect(405, "unsupported"));
    }
    assert_eq!(refusal(http.post(path::SERVER).send().await.unwrap()).await, expect(405, "unsupported"));
    let mira = first(&running, "mira").await;
    let plain = http.get(path::STREAM).header("cookie", &mira.cookie).send().await.unwrap();
    assert_eq!(refusal(plain).await, expect(415, "unsupported"), "not a WebSocket");
    assert_eq!(http.get("/none").send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn health_tells_whether_the_database_answers() {
    let running = start().await;
    let http = Http::new(&running);
    let fine = http.get("/healthz").send().await.unwrap();
    assert_eq!((fine.status().as_u16(), fine.text().await.unwrap().as_str()), (200, "ok\n"));
    let other = rusqlite::Connection::open(running.folder.path().join("waxwing.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let cached = http.get("/healthz").send().await.unwrap();
    assert_eq!(cached.status(), 200, "who asks often does not make the relay write often");
    tokio::time::sleep(waxwing_relay::limits::HEALTH_TIME).await;
    let locked = refusal(http.get("/healthz").send().await.unwrap()).await;
    assert_eq!((locked.status, locked.code.as_str()), (503, "unavailable"));
    other.execute_batch("ROLLBACK").unwrap();
    let mut answer = http.get("/healthz").send().await.unwrap();
    for _ in 0..50 {
        if answer.status() == 200 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
        answer = http.get("/healthz").send().await.unwrap();
    }
    assert_eq!(answer.status(), 200);
}

/// Whoever never finishes its request headers is not waited for; raw bytes that are no HTTP end nothing but themselves.
#[tokio::test]
async fn noise_on_the_port_hurts_nobody() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let running = start().await;
    for noise in [&b"\0\0\0\0\0\0\r\n\r\n"[..], b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\x00"] {
        let mut socket = tokio::net::TcpStream::connect(running.relay.address).await.unwrap();
        socket.write_all(noise).await.unwrap();
        socket.shutdown().await.unwrap();
        let mut answer = Vec::new();
        let _ = socket.read_to_end(&mut answer).await;
        let text = String::from_utf8_lossy(&answer);
        assert!(
            text.is_empty() || text.starts_with("HTTP/1.1 4") || text.starts_with("HTTP/1.0 4"),
            "{text}"
        );
    }
    let long = format!("GET /{} HTTP/1.1\r\nhost: x\r\n\r\n", "a".repeat(100_000));
    let mut socket = tokio::net::TcpStream::connect(running.relay.address).await.unwrap();
    let _ = socket.write_all(long.as_bytes()).await;
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    assert!(answer.is_empty() || answer.starts_with(b"HTTP/1.1 4"));
    assert_eq!(Http::new(&running).get("/healthz").send().await.unwrap().status(), 200);
}

/// With the app inside: `cargo test -p waxwing-relay --features embed-web`.
#[cfg(feature = "embed-web")]
#[tokio::test]
async fn the_app_is_served_compressed_and_cached_by_its_hashes() {
    let running = start().await;
    let http = Http::new(&running);
    let page = http.get("/").send().await.unwrap();
    assert_eq!(page.headers()["content-type"], "text/html");
    assert_eq!(page.headers()["cache-control"], "no-cache");
    assert_eq!(page.headers()["content-security-policy"], POLICY);
    let etag = page.headers()["etag"].clone();
    let text = page.text().await.unwrap();
    let again = http.get("/").header("if-none-match", etag).send().await.unwrap();
    assert_eq!(again.status(), 304);

    let start = text.find("/assets/").expect("the page names its script");
    let script = text[start..].split('"').next().unwrap();
    let answer = http.get(script).header("accept-encoding", "br, gzip").send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/javascript");
    // Compressing takes long and gains nothing on one machine: only builds for others do it.
    if !cfg!(debug_assertions) {
        assert_eq!(answer.headers()["content-encoding"], "br");
    }
    assert_eq!(answer.headers()["cache-control"], "public, max-age=31536000, immutable");
    assert_eq!(http.get("/assets/none.js").send().await.unwrap().status(), 404);
    let missing = http.get("/assets/none.js").send().await.unwrap();
    assert_eq!(missing.headers()["cache-control"], "no-store", "what is missing now may come");
}

#[tokio::test]
async fn only_calls_that_bring_sealed_things_take_large_bodies() {
    let running = start().await;
    let http = Http::new(&running);
    let fill = |bytes| serde_json::json!({ "x": "a".repeat(bytes) });
    let small = waxwing_relay::limits::CALL_BYTES;
    for path in [
        path::REGISTER_START,
        path::REGISTER_CONFIRM,
        path::LOGIN_START,
        path::LOGIN_FINISH,
        path::LOGIN_TOTP,
    ] {
        let answer = http.post(path).json(&fill(small)).send().await.unwrap();
        assert_eq!(refusal(answer).await.code, "too_large", "{path}");
    }
    let answer = http.post(path::REGISTER_FINISH).json(&fill(small)).send().await.unwrap();
    assert_eq!(refusal(answer).await.code, "invalid", "it is read");
    let answer = http.post(path::REGISTER_FINISH).json(&fill(shared::JSON_BYTES)).send().await.unwrap();
    assert_eq!(refusal(answer).await.code, "too_large");
}

/// A body of a stranger whose end is still to come.
async fn begin_large_body(running: &support::Running, address: &str) -> tokio::net::TcpStream {
    use tokio::io::AsyncWriteExt as _;
    let mut socket = tokio::net::TcpStream::connect(running.relay.address).await.unwrap();
    let (name, value) = waxwing_wire::account::CLIENT_HEADER;
    let head = format!(
        "POST {} HTTP/1.1\r\nhost: {}\r\n{name}: {value}\r\ncontent-type: application/json\r\n\
         content-length: 200000\r\nx-forwarded-for: {address}\r\n\r\n{{",
        path::REGISTER_FINISH,
        running.relay.address,
    );
    socket.write_all(head.as_bytes()).await.unwrap();
    socket
}

#[tokio::test]
async fn strangers_share_the_memory_for_large_bodies() {
    let running = start().await;
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(begin_large_body(&running, "192.0.2.1").await);
    }
    let ask = async |address: &str| {
        let http = Http::from(&running, address);
        refusal(http.post(path::REGISTER_FINISH).json(&serde_json::json!({})).send().await.unwrap()).await
    };
    let until = async |address: &str, status: u16| {
        for _ in 0..100 {
            let answer = ask(address).await;
            if answer.status == status {
                return answer;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{address} never got {status}");
    };
    let waits = until("192.0.2.1", 429).await;
    assert_eq!((waits.code.as_str(), waits.retry_after_s), ("rate_limited", Some(5)));
    assert_eq!(ask("192.0.2.2").await.code, "invalid", "others go on");
    drop(open);
    until("192.0.2.1", 422).await;

    // 160 times 200,000 bytes is nearly all; 20 addresses with 8 each.
    let mut open = Vec::new();
    for last in 1..=21 {
        for _ in 0..8 {
            open.push(begin_large_body(&running, &format!("198.51.100.{last}")).await);
        }
    }
    let large = async || {
        let http = Http::from(&running, "192.0.2.3");
        let body = format!("{{{}}}", " ".repeat(200_000));
        let request = http.post(path::REGISTER_FINISH).header("content-type", "application/json").body(body);
        refusal(request.send().await.unwrap()).await
    };
    let mut answer = large().await;
    for _ in 0..100 {
        if answer.status == 503 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        answer = large().await;
    }
    assert_eq!((answer.status, answer.code.as_str(), answer.retry_after_s), (503, "unavailable", Some(5)));
    drop(open);
}
