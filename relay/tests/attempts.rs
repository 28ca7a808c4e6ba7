//! Guesses at passwords and codes wait, and keep no owner out.

mod support;

use std::time::Duration;

use reqwest::{
    Response,
    header::{COOKIE, SET_COOKIE},
};
use serde_json::Value;
use support::{
    account::{
        Http, PASSWORD, Person, code, first, ke3, login_start, people, prove_password, refusal, refused,
        second_factor,
    },
    start,
};
use waxwing_wire::{
    Opaque,
    account::{KsfParams, LoggedIn, LoginAccepted, LoginStart, path},
};

/// The mark that a login leaves in a browser, as the browser sends it.
fn mark(response: &Response) -> String {
    let cookies: Vec<_> =
        response.headers().get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect();
    let [session, known] = cookies[..] else { panic!("{cookies:?}") };
    assert!(session.starts_with("waxwing="), "{session}");
    assert!(known.starts_with("waxwing-known=") && known.contains("; HttpOnly; SameSite=Strict"), "{known}");
    known.split(';').next().unwrap().to_owned()
}

/// Logs in and answers the mark.
async fn marked(person: &Person, steps: i64) -> String {
    let login = prove_password(&person.http, &person.username).await.unwrap();
    let body = second_factor(&login, code(&person.secret, steps));
    let response = person.http.post(path::LOGIN_TOTP).json(&body).send().await.unwrap();
    assert_eq!(response.status(), 200);
    mark(&response)
}

/// Begins a login with cookies; the status and code of a refusal.
async fn begin(http: &Http, name: &str, cookie: &str) -> (u16, String) {
    let message = login_start_message();
    let body = LoginStart { username: name.to_owned(), opaque_request: message };
    let response = http.post(path::LOGIN_START).header(COOKIE, cookie).json(&body).send().await.unwrap();
    if response.status() == 200 {
        return (200, String::new());
    }
    let refused = refusal(response).await;
    (refused.status, refused.code)
}

fn login_start_message() -> Opaque {
    let started = opaque_ke::ClientLogin::<support::account::ClientSuite>::start(
        &mut rand_core::OsRng,
        PASSWORD.as_bytes(),
    );
    Opaque(started.unwrap().message.serialize().to_vec())
}

fn waits() -> (u16, String) {
    (429, "rate_limited".to_owned())
}

#[tokio::test]
async fn strangers_at_many_addresses_keep_no_browser_out_that_its_owner_has_used() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (of_mira, of_jon) = (marked(&mira, 1).await, marked(&jon, 1).await);
    for number in 0..6 {
        let stranger = Http::from(&running, &format!("2001:db8:{number}::1"));
        begin(&stranger, "mira", "").await;
    }
    let elsewhere = Http::from(&running, "203.0.113.7");
    assert_eq!(begin(&elsewhere, "mira", "").await, waits());
    assert_eq!(begin(&elsewhere, "mira", &of_jon).await, waits(), "it is of somebody else");
    // With another tag.
    let last = if of_mira.ends_with('A') { 'Q' } else { 'A' };
    let forged = format!("{}{last}", &of_mira[..of_mira.len() - 1]);
    for cookie in ["waxwing-known=", "waxwing-known=AAAA", &forged] {
        assert_eq!(begin(&elsewhere, "mira", cookie).await, waits(), "{cookie}");
    }
    assert_eq!(begin(&elsewhere, "mira", &of_mira).await.0, 200);
    // Whoever has stolen the mark is held back like anybody.
    for _ in 0..4 {
        assert_eq!(begin(&elsewhere, "mira", &of_mira).await.0, 200);
    }
    assert_eq!(begin(&elsewhere, "mira", &of_mira).await, waits());
    assert_eq!(begin(&elsewhere, "jon", &of_jon).await.0, 200);
}

#[tokio::test]
async fn a_thief_of_the_password_keeps_no_browser_out_by_wrong_codes() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    let of_mira = marked(&mira, 0).await;
    let thief = Http::from(&running, "203.0.113.7");
    let login = prove_password(&thief, "mira").await.unwrap();
    for _ in 0..4 {
        let _ = thief.call::<LoggedIn>(path::LOGIN_TOTP, &second_factor(&login, "000000")).await;
    }
    let login = prove_password(&thief, "mira").await.unwrap();
    for _ in 0..2 {
        let _ = thief.call::<LoggedIn>(path::LOGIN_TOTP, &second_factor(&login, "000000")).await;
    }
    let waits = thief.call::<LoggedIn>(path::LOGIN_TOTP, &second_factor(&login, code(&mira.secret, 1))).await;
    assert_eq!(waits.err().unwrap().code, "rate_limited");
    let (state, started) = login_start(&mira.http, "mira", PASSWORD).await.unwrap();
    let proof = ke3(state, PASSWORD, &started).unwrap();
    let login = mira.http.call(path::LOGIN_FINISH, &proof).await.unwrap();
    let body = second_factor(&login, code(&mira.secret, 1));
    let request = mira.http.post(path::LOGIN_TOTP).header(COOKIE, &of_mira).json(&body);
    let response = request.send().await.unwrap();
    assert_eq!(response.status(), 200);
    assert_ne!(mark(&response), "waxwing-known=");
}

#[tokio::test]
async fn somebody_with_many_addresses_of_one_network_waits() {
    let running = start().await;
    let mut tried = 0;
    for number in 0..110 {
        let http = Http::from(&running, &format!("2001:db8:7:{number:x}::1"));
        tried += u32::from(begin(&http, &format!("name{number}"), "").await.0 == 200);
    }
    assert!((100..=101).contains(&tried), "{tried}");
    let other = Http::from(&running, "2001:db8:8::1");
    assert_eq!(begin(&other, "nobody", "").await.0, 200);
}

#[tokio::test]
async fn a_wrong_password_and_an_unknown_name_look_alike() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    let http = &mira.http;
    let (state, known) = login_start(http, "mira", "wrong password").await.unwrap();
    assert!(ke3(state, "wrong password", &known).is_none(), "the client notices first");
    let (_, unknown) = login_start(http, "nobody", "wrong password").await.unwrap();
    assert_eq!(known.opaque_response.len(), unknown.opaque_response.len());
    assert_eq!(known.login.len(), unknown.login.len());
    assert_eq!(unknown.ksf, KsfParams { memory_kib: 65_536, iterations: 3, parallelism: 1 });
    // Somebody who goes on regardless, with a KE3 of the right shape.
    let (state, right) = login_start(http, "mira", PASSWORD).await.unwrap();
    let good = ke3(state, PASSWORD, &right).unwrap();
    for login in [known.login, unknown.login] {
        let forged = waxwing_wire::account::LoginFinish { login, ..good.clone() };
        let answer: Result<LoginAccepted, _> = http.call(path::LOGIN_FINISH, &forged).await;
        assert_eq!(answer.err(), Some(refused(401, "wrong_credentials")));
        let again: Result<LoginAccepted, _> = http.call(path::LOGIN_FINISH, &forged).await;
        assert_eq!(again.err(), Some(refused(410, "attempt_expired")), "one guess per exchange");
    }
    let accepted: LoginAccepted = http.call(path::LOGIN_FINISH, &good).await.unwrap();
    assert_eq!(accepted.login, right.login);
}

#[tokio::test]
async fn codes_are_checked_and_used_once() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    let http = &mira.http;
    let totp = async |login: &LoginAccepted, code: String| {
        let request = second_factor(login, code);
        http.call::<Value>(path::LOGIN_TOTP, &request).await.err()
    };
    let login = prove_password(http, "mira").await.unwrap();
    assert_eq!(
        totp(&login, code(&mira.secret, -1)).await,
        Some(refused(401, "reused_code")),
        "it registered"
    );
    assert_eq!(totp(&login, "000000".into()).await, Some(refused(401, "wrong_code")));
    assert_eq!(totp(&login, "not a code".into()).await, Some(refused(401, "wrong_code")));
    assert_eq!(totp(&login, code(&mira.secret, 1)).await, None, "a step ahead is fine");
    assert_eq!(totp(&login, code(&mira.secret, 1)).await, Some(refused(410, "attempt_expired")));
    let login = prove_password(http, "mira").await.unwrap();
    for steps in [1, 0] {
        assert_eq!(totp(&login, code(&mira.secret, steps)).await, Some(refused(401, "reused_code")));
    }
    assert_eq!(totp(&login, code(&mira.secret, 5)).await, Some(refused(401, "wrong_code")));
}

#[tokio::test]
async fn a_login_allows_five_codes_and_waits_grow() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    let http = &mira.http;
    let login = prove_password(http, "mira").await.unwrap();
    let waiting = prove_password(http, "mira").await.unwrap();
    let guess = second_factor(&login, "000000");
    for _ in 0..5 {
        let answer = http.call::<Value>(path::LOGIN_TOTP, &guess).await;
        assert_eq!(answer.err(), Some(refused(401, "wrong_code")));
    }
    let answer = http.call::<Value>(path::LOGIN_TOTP, &guess).await;
    assert_eq!(answer.err(), Some(refused(410, "attempt_expired")));
    let others = second_factor(&waiting, code(&mira.secret, 0));
    let limited = http.call::<Value>(path::LOGIN_TOTP, &others).await.err().unwrap();
    assert_eq!((limited.status, limited.code.as_str()), (429, "rate_limited"), "those begun before wait too");
    assert!((1..=2).contains(&limited.retry_after_s.unwrap()));
    tokio::time::sleep(Duration::from_millis(1100)).await;
    assert!(http.call::<Value>(path::LOGIN_TOTP, &others).await.is_ok(), "and go on afterwards");
}

#[tokio::test]
async fn strangers_hold_up_neither_a_code_nor_an_owner_who_was_here_before() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let http = &mira.http;
    mira.log_in(0).await.unwrap();
    let waiting = prove_password(http, "jon").await.unwrap();
    for name in ["mira", "jon"] {
        for _ in 0..5 {
            login_start(&Http::from(&running, "198.51.100.9"), name, "a guess").await.unwrap();
        }
    }
    let stranger = Http::from(&running, "203.0.113.7");
    for name in ["mira", "jon"] {
        assert_eq!(
            login_start(&stranger, name, "a guess").await.err().unwrap().code,
            "rate_limited",
            "{name}"
        );
    }
    let totp = second_factor(&waiting, code(&jon.secret, 0));
    http.call::<Value>(path::LOGIN_TOTP, &totp).await.expect("a login under way goes on");
    mira.log_in(1).await.expect("an owner who was here before does not wait");
}
