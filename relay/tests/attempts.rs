//! Guesses at passwords and codes wait, and keep no owner out.

mod support;

use reqwest::{
    Response,
    header::{COOKIE, SET_COOKIE},
};
use support::{
    account::{
        Http, PASSWORD, Person, code, first, ke3, login_start, people, prove_password, refusal, second_factor,
    },
    start,
};
use waxwing_wire::{
    Opaque,
    account::{LoggedIn, LoginStart, path},
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
