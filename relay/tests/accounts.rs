//! Registration, login and sessions against a listening relay, with the real client half of OPAQUE.

mod support;

use std::time::Duration;

use reqwest::{StatusCode, header::COOKIE};
use serde_json::{Value, json};
use support::{
    account::{
        Http, PASSWORD, code, confirm, finish_request, first, ke3, login_start, people, refusal, refused,
        register, register_start,
    },
    config, start, start_with,
};
use waxwing_relay::{command::serve::Relay, config::Registration};
use waxwing_wire::{
    Opaque,
    account::{
        AccountStatus, KsfParams, LoginTotp, Registered, RegistrationPolicy, ServerInfo, SessionInfo,
        TotpEnrolment, path,
    },
    limits as shared,
};

async fn server_info(http: &Http) -> ServerInfo {
    http.get(path::SERVER).send().await.unwrap().json().await.unwrap()
}

#[tokio::test]
async fn the_first_account_administrates_and_the_link_works_once() {
    let running = start().await;
    let http = Http::new(&running);
    assert!(server_info(&http).await.setup_required);
    for token in [None, Some("mistyped")] {
        let begun = register_start(&http, "mira", PASSWORD, token).await;
        assert_eq!(begun.err(), Some(refused(403, "setup_link_invalid")));
    }
    let mira = first(&running, " Mira ").await;
    let info = SessionInfo {
        account: mira.id,
        username: "mira".into(),
        administrator: true,
        status: AccountStatus::Active,
        totp: true,
        recovery_codes_left: 10,
        guest: false,
    };
    assert_eq!(mira.info, info);
    let info = server_info(&http).await;
    assert_eq!((info.setup_required, info.registration), (false, RegistrationPolicy::Open));

    let token = running.relay.setup_token.as_deref();
    assert_eq!(register(&http, "jon", token).await.err(), Some(refused(403, "setup_link_invalid")));
    let jon = register(&http, "jon", None).await.unwrap();
    assert!(!jon.info.administrator);
}

#[tokio::test]
async fn two_first_registrations_race_for_one_setup_link() {
    let running = start().await;
    let http = Http::new(&running);
    let token = running.relay.setup_token.clone();
    let (one, other) =
        tokio::join!(register(&http, "mira", token.as_deref()), register(&http, "jon", token.as_deref()));
    let (won, lost) = if one.is_ok() { (one, other) } else { (other, one) };
    assert!(won.unwrap().info.administrator);
    assert_eq!(lost.err(), Some(refused(403, "setup_link_invalid")));
}

#[tokio::test]
async fn a_restart_makes_a_new_setup_link_until_there_is_an_account() {
    support::steady_step().await;
    let folder = tempfile::tempdir().unwrap();
    let relay = Relay::start(config(folder.path())).await.unwrap();
    let old = relay.setup_token.clone().unwrap();
    assert_eq!(old.len(), 43, "32 bytes, base64url");
    relay.stop().await;
    let relay = Relay::start(config(folder.path())).await.unwrap();
    let new = relay.setup_token.clone().unwrap();
    let http = Http::at(&format!("http://{}", relay.address));
    assert_eq!(register(&http, "mira", Some(&old)).await.err(), Some(refused(403, "setup_link_invalid")));
    let mira = register(&http, "mira", Some(&new)).await.unwrap();
    relay.stop().await;
    let relay = Relay::start(config(folder.path())).await.unwrap();
    assert_eq!(relay.setup_token, None);
    let http = Http::at(&format!("http://{}", relay.address));
    let session = http.get(path::SESSION).header(COOKIE, &mira.cookie).send().await.unwrap();
    assert_eq!(session.status(), 200, "sessions outlive a restart");
    let again = support::account::Person { http, ..mira };
    again.log_in(0).await.expect("the login setup does too");
}

#[tokio::test]
async fn a_closed_relay_takes_the_first_account_and_no_other() {
    let running = start_with(|config| config.registration = Registration::Closed).await;
    let http = Http::new(&running);
    first(&running, "mira").await;
    assert_eq!(server_info(&http).await.registration, RegistrationPolicy::Closed);
    assert_eq!(register(&http, "jon", None).await.err(), Some(refused(403, "registration_closed")));
}

#[tokio::test]
async fn usernames_are_checked_and_taken_once() {
    let running = start().await;
    let http = Http::new(&running);
    first(&running, "mira").await;
    assert_eq!(register(&http, "MIRA", None).await.err(), Some(refused(409, "username_taken")));
    for bad in ["", "ab", "m\u{456}ra", "a b", &"a".repeat(33)] {
        let begun = register_start(&http, bad, PASSWORD, None).await;
        assert_eq!(begun.err(), Some(refused(422, "invalid")), "{bad:?}");
    }
    let early = register_start(&http, "jon", PASSWORD, None).await.unwrap();
    let request = finish_request(&early);
    let enrolment: TotpEnrolment = http.call(path::REGISTER_FINISH, &request).await.unwrap();
    register(&http, "jon", None).await.unwrap();
    let confirmed = confirm(request.registration, code(&enrolment.secret, 0));
    let late: Result<Registered, _> = http.call(path::REGISTER_CONFIRM, &confirmed).await;
    assert_eq!(late.err(), Some(refused(409, "username_taken")));
}

#[tokio::test]
async fn a_registration_is_checked_before_it_is_kept() {
    let running = start().await;
    let http = Http::new(&running);
    first(&running, "mira").await;
    let begun = register_start(&http, "jon", PASSWORD, None).await.unwrap();
    let good = finish_request(&begun);
    let confirmed = confirm(good.registration.clone(), "000000".into());
    let early: Result<Registered, _> = http.call(path::REGISTER_CONFIRM, &confirmed).await;
    assert_eq!(early.err(), Some(refused(422, "invalid")), "the second step comes first");

    let mut bad = Vec::new();
    let mut change = |change: &dyn Fn(&mut waxwing_wire::account::RegisterFinish), status, code| {
        let mut request = good.clone();
        change(&mut request);
        bad.push((request, refused(status, code)));
    };
    change(&|r| r.identity_key = Opaque(vec![1; 31]), 422, "invalid");
    change(&|r| r.vault = Opaque(Vec::new()), 422, "invalid");
    change(&|r| r.vault = Opaque(vec![1; shared::ACCOUNT_DATA_BYTES + 1]), 413, "too_large");
    change(&|r| r.wrap_opaque = Opaque(vec![1; 5000]), 413, "too_large");
    change(&|r| r.opaque_upload = Opaque(vec![1; 7]), 422, "invalid");
    change(&|r| r.ksf = KsfParams { memory_kib: 1024, ..r.ksf }, 422, "invalid");
    change(&|r| r.ksf = KsfParams { iterations: 1_000_000, ..r.ksf }, 422, "invalid");
    change(&|r| r.registration = "another".into(), 410, "attempt_expired");
    for (request, expected) in bad {
        let answer: Result<TotpEnrolment, _> = http.call(path::REGISTER_FINISH, &request).await;
        assert_eq!(answer.err(), Some(expected));
    }

    let enrolment: TotpEnrolment = http.call(path::REGISTER_FINISH, &good).await.unwrap();
    assert_eq!(enrolment.secret.len(), 32, "160 bits in base32");
    let uri = format!("otpauth://totp/Waxwing:jon?secret={}&issuer=Waxwing", enrolment.secret);
    assert_eq!(enrolment.uri, uri);
    for _ in 0..4 {
        let wrong: Result<Registered, _> = http.call(path::REGISTER_CONFIRM, &confirmed).await;
        assert_eq!(wrong.err(), Some(refused(401, "wrong_code")));
    }
    let confirmed = confirm(confirmed.registration, code(&enrolment.secret, 0));
    let done: Registered = http.call(path::REGISTER_CONFIRM, &confirmed).await.unwrap();
    assert_eq!((done.session.username.as_str(), done.recovery_codes.len()), ("jon", 10));
    let again: (Registered, _) = http.call_with_cookie(path::REGISTER_CONFIRM, &confirmed).await.unwrap();
    assert_eq!(again.0.session, done.session, "the answer was lost");
    assert_eq!(again.0.recovery_codes, done.recovery_codes);
    let session = http.get(path::SESSION).header(COOKIE, again.1.unwrap()).send().await.unwrap();
    assert_eq!(session.json::<SessionInfo>().await.unwrap(), done.session);
    for (registration, code) in
        [(confirmed.registration, "000000".into()), ("another".into(), code(&enrolment.secret, 0))]
    {
        let other = confirm(registration, code);
        let again: Result<Registered, _> = http.call(path::REGISTER_CONFIRM, &other).await;
        assert_eq!(again.err(), Some(refused(410, "attempt_expired")));
    }
}

#[tokio::test]
async fn logging_in_hands_out_the_sealed_account() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    let (body, cookie) = mira.log_in(0).await.unwrap();
    assert_eq!(body.session, mira.info);
    assert_eq!((body.vault, body.vault_version), (Opaque(b"sealed vault".to_vec()), 1));
    assert_eq!(body.wrap_opaque, Opaque(b"wrapped under the export key".to_vec()));
    assert_ne!(cookie, mira.cookie);
    for cookie in [cookie, mira.cookie] {
        let session = mira.http.get(path::SESSION).header(COOKIE, cookie).send().await.unwrap();
        assert_eq!(session.json::<SessionInfo>().await.unwrap(), mira.info, "both sessions live");
    }
}

#[tokio::test]
async fn a_login_takes_its_steps_in_order_and_in_time() {
    let running = start_with(|config| config.timing.login = Duration::from_millis(300)).await;
    let mira = first(&running, "mira").await;
    let http = &mira.http;
    let (state, started) = login_start(http, "mira", PASSWORD).await.unwrap();
    let early = LoginTotp { login: started.login.clone(), code: Some(code(&mira.secret, 0)), device: None };
    let answer = http.call::<Value>(path::LOGIN_TOTP, &early).await;
    assert_eq!(answer.err(), Some(refused(422, "invalid")), "the password comes first");
    let finish = ke3(state, PASSWORD, &started).unwrap();
    tokio::time::sleep(Duration::from_millis(350)).await;
    let answer = http.call::<Value>(path::LOGIN_FINISH, &finish).await;
    assert_eq!(answer.err(), Some(refused(410, "attempt_expired")));
    let answer = http.call::<Value>(path::LOGIN_TOTP, &early).await;
    assert_eq!(answer.err(), Some(refused(410, "attempt_expired")));
}

#[tokio::test]
async fn logging_out_ends_one_session() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    let (_, other) = mira.log_in(0).await.unwrap();
    let answer = mira.log_out().await;
    assert_eq!(answer.status(), 200);
    let cleared = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    assert_eq!(cleared, "waxwing=; Path=/; Max-Age=0; HttpOnly; SameSite=Strict");
    assert_eq!(refusal(mira.session().await).await, refused(401, "not_logged_in"));
    assert_eq!(refusal(mira.log_out().await).await, refused(401, "not_logged_in"));
    let session = mira.http.get(path::SESSION).header(COOKIE, other).send().await.unwrap();
    assert_eq!(session.status(), 200);
    for cookie in ["", "waxwing", "waxwing=", "waxwing=AAAA", "__Host-waxwing=x; waxwing=\""] {
        let session = mira.http.get(path::SESSION).header(COOKIE, cookie.as_bytes()).send().await.unwrap();
        assert_eq!(refusal(session).await, refused(401, "not_logged_in"), "{cookie:?}");
    }
}

#[tokio::test]
async fn cookies_are_marked_for_where_they_live() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    assert!(mira.cookie.starts_with("waxwing="));
    let running =
        start_with(|config| config.public_origin = Some("https://chat.example.org".parse().unwrap())).await;
    let http = Http::new(&running);
    let begun = register_start(&http, "mira", PASSWORD, running.relay.setup_token.as_deref()).await.unwrap();
    let request = finish_request(&begun);
    let enrolment: TotpEnrolment = http.call(path::REGISTER_FINISH, &request).await.unwrap();
    let confirmed = confirm(request.registration, code(&enrolment.secret, 0));
    let answer = http.post(path::REGISTER_CONFIRM).json(&confirmed).send().await.unwrap();
    let cookie = answer.headers()["set-cookie"].to_str().unwrap().to_owned();
    let (value, marks) = cookie.split_once("; ").unwrap();
    assert_eq!(value.strip_prefix("__Host-waxwing=").unwrap().len(), 43);
    assert_eq!(marks, "Path=/; Max-Age=15552000; HttpOnly; SameSite=Strict; Secure");
    let session = http.get(path::SESSION).header(COOKIE, value).send().await.unwrap();
    assert_eq!(session.status(), 200);
    assert!(answer.headers().contains_key("strict-transport-security"));
}

#[tokio::test]
async fn calls_of_other_pages_are_refused() {
    let running = start().await;
    let [mira] = people(&running, ["mira"]).await;
    let http = &mira.http;
    let foreign = refused(403, "foreign_origin");
    let own = running.origin.clone();
    let port = running.relay.address.port();
    let log_out = || http.post(path::LOGOUT).header(COOKIE, &mira.cookie).json(&json!({}));
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("origin", &format!("https://127.0.0.1:{port}")),
        ("origin", &format!("http://evil.example:{port}")),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        assert_eq!(
            refusal(log_out().header(name, value).send().await.unwrap()).await,
            foreign,
            "{name}: {value}"
        );
    }
    let without =
        http.client.post(format!("{own}{}", path::LOGOUT)).header(COOKIE, &mira.cookie).json(&json!({}));
    assert_eq!(refusal(without.send().await.unwrap()).await, foreign, "the header is missing");
    assert_eq!(mira.session().await.status(), 200, "nothing was changed");
    let fine = log_out().header("origin", &own).header("sec-fetch-site", "same-origin").send().await.unwrap();
    assert_eq!(fine.status(), StatusCode::OK);
}

#[tokio::test]
async fn bad_bodies_are_refused() {
    let running = start().await;
    let http = Http::new(&running);
    let send = async |body: String, kind: &str| {
        let request = http.post(path::LOGIN_START).header("content-type", kind).body(body);
        refusal(request.send().await.unwrap()).await
    };
    let json = "application/json";
    let good = json!({ "username": "mira", "opaque_request": "AAAA" });
    let trailing = format!("{good}x");
    for bad in ["", "{", "not json", &trailing, "\u{feff}{}"] {
        assert_eq!(send(bad.into(), json).await, refused(400, "malformed"), "{bad}");
    }
    let mut extra = good.clone();
    extra["admin"] = json!(true);
    let wrong = [
        json!({}),
        json!([]),
        json!(["mira", "AAAA"]),
        json!(null),
        extra,
        json!({ "username": 7, "opaque_request": "AAAA" }),
        json!({ "username": "mira", "opaque_request": "AA==" }),
        json!({ "username": "mira", "opaque_request": "not base64" }),
        good.clone(),
    ];
    for bad in wrong {
        assert_eq!(send(bad.to_string(), json).await, refused(422, "invalid"), "{bad}");
    }
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonx", ""] {
        assert_eq!(send(good.to_string(), kind).await, refused(415, "unsupported"), "{kind}");
    }
    let charset = send(good.to_string(), "application/json; charset=utf-8").await;
    assert_eq!(charset, refused(422, "invalid"), "parameters are fine; the message is none");

    let large = format!("{{\"username\":\"{}\"}}", "a".repeat(waxwing_relay::limits::CALL_BYTES));
    assert_eq!(send(large.clone(), json).await, refused(413, "too_large"));
    let chunks =
        futures_util::stream::iter(large.into_bytes().chunks(10_000).map(<[u8]>::to_vec).collect::<Vec<_>>());
    let chunks = futures_util::StreamExt::map(chunks, Ok::<_, std::io::Error>);
    let body = reqwest::Body::wrap_stream(chunks);
    let request = http.post(path::LOGIN_START).header("content-type", json).body(body);
    assert_eq!(refusal(request.send().await.unwrap()).await, refused(413, "too_large"), "without a length");
}

#[tokio::test]
async fn an_error_never_repeats_what_was_sent() {
    let running = start().await;
    let http = Http::new(&running);
    for body in [json!({ "username": ["secret-word"] }), json!({ "secret-word": 1 }), json!("secret-word")] {
        let answer = http.post(path::LOGIN_START).json(&body).send().await.unwrap();
        assert!(!answer.text().await.unwrap().contains("secret-word"));
    }
}

#[tokio::test]
async fn a_confirmation_sent_twice_at_once_makes_one_account_and_answers_both() {
    let running = start().await;
    let http = Http::new(&running);
    let begun = register_start(&http, "mira", PASSWORD, running.relay.setup_token.as_deref()).await.unwrap();
    let request = finish_request(&begun);
    let enrolment: TotpEnrolment = http.call(path::REGISTER_FINISH, &request).await.unwrap();
    let confirm = confirm(request.registration, code(&enrolment.secret, 0));
    let send = async || {
        let answer = http.call_with_cookie::<Registered>(path::REGISTER_CONFIRM, &confirm).await;
        answer.map(|(body, cookie)| (body.session, body.recovery_codes, cookie))
    };
    let (one, other, third) = tokio::join!(send(), send(), send());
    let one = one.unwrap();
    assert_eq!((other.unwrap(), third.unwrap()), (one.clone(), one), "the same session");
}
