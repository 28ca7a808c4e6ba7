//! Who may have an account here, under which name, and what waits for an administrator.

mod support;

use sha2::{Digest as _, Sha256};
use support::{
    Running,
    account::{
        Http, PASSWORD, Refused, code, confirm, finish_request, first, prove_password, refused, register,
        register_invited, register_start,
    },
    requests, start, start_with,
};
use waxwing_relay::{config, settings::Overrides};
use waxwing_wire::{
    AccountId, ProblemCode, RoomId,
    account::{
        AccountStatus, LoggedIn, LoginNext, LoginTotp, RegisterConfirm, Registered, RegistrationPolicy,
        TotpEnrolment, TotpPolicy, path,
    },
    frame::{CreateRoom, Request, Response},
};

/// An invite as an administrator makes it.
fn invite(running: &Running, code: &str, uses: u32, expires_at_ms: Option<i64>) {
    let hash: [u8; 32] = Sha256::digest(code).into();
    let sql = "INSERT INTO invites (code_hash, uses_left, expires_at_ms, created_at_ms, note) VALUES (?1, ?2, ?3, 0, '')";
    running.database().execute(sql, rusqlite::params![hash, uses, expires_at_ms]).unwrap();
}

fn founding() -> Request {
    let room = CreateRoom { room: RoomId(requests::random()), parts: requests::parts(0) };
    Request::CreateRoom(Box::new(room))
}

#[tokio::test]
async fn an_account_waits_until_an_administrator_lets_it_in() {
    let running = start_with(|config| config.registration = config::Registration::Approval).await;
    let mira = first(&running, "mira").await;
    assert_eq!(mira.info.status, AccountStatus::Active, "the setup link waits for nobody");
    let jon = register(&mira.http, "jon", None).await.unwrap();
    assert_eq!(jon.info.status, AccountStatus::Pending);
    let (again, cookie) = jon.log_in(0).await.unwrap();
    assert_eq!(again.session.status, AccountStatus::Pending, "logging in is fine");

    let waiting = support::account::Person { cookie, ..jon };
    let mut stream = waiting.stream().await;
    assert_eq!(stream.ask(Request::Ping).await, Ok(Response::Done));
    assert_eq!(stream.ask(Request::PutKeyPackage(requests::sealed("package"))).await, Ok(Response::Done));
    assert_eq!(stream.ask(Request::AccountData).await, Ok(Response::AccountData(Vec::new())));
    let room = RoomId([1; 16]);
    for request in [
        founding(),
        Request::KeyPackage(mira.id),
        Request::Members(room),
        Request::Append(requests::append(room, 0, "x")),
        Request::JoinInfo { room, proof: requests::proof(), before: u64::MAX },
        Request::RoomLoginStart {
            handle: waxwing_wire::ids::RoomHandle([1; 32]),
            opaque_request: requests::sealed("x"),
        },
    ] {
        assert_eq!(stream.refused(request).await, ProblemCode::AwaitingApproval);
    }
    let approve = "UPDATE accounts SET status = 0 WHERE username = 'jon'";
    assert_eq!(running.database().execute(approve, []).unwrap(), 1);
    assert_eq!(waiting.stream().await.ask(founding()).await, Ok(Response::Done));
}

#[tokio::test]
async fn invites_admit_as_often_as_they_say() {
    let running = start_with(|config| config.registration = config::Registration::Invite).await;
    let http = Http::new(&running);
    first(&running, "mira").await;
    invite(&running, "twice", 2, None);
    invite(&running, "over", 5, Some(1_000));
    for (name, code) in [("jon", None), ("jon", Some("wrong")), ("jon", Some("over")), ("jon", Some(""))] {
        let begun = register_invited(&http, name, code).await;
        assert_eq!(begun.err(), Some(refused(403, "invite_invalid")), "{code:?}");
    }
    let jon = register_invited(&http, "jon", Some(" twice ")).await.unwrap();
    assert_eq!(jon.info.status, AccountStatus::Active);
    let (ada, eve) = tokio::join!(
        register_invited(&http, "ada", Some("twice")),
        register_invited(&http, "eve", Some("twice"))
    );
    assert_ne!(ada.is_ok(), eve.is_ok(), "two at once, one use");
    assert_eq!(ada.err().or(eve.err()), Some(refused(403, "invite_invalid")));
}

#[tokio::test]
async fn an_invite_saves_the_wait_but_opens_no_closed_relay() {
    let running = start_with(|config| config.registration = config::Registration::Approval).await;
    let http = Http::new(&running);
    first(&running, "mira").await;
    invite(&running, "welcome", 10, None);
    let jon = register_invited(&http, "jon", Some("welcome")).await.unwrap();
    assert_eq!(jon.info.status, AccountStatus::Active);
    let wrong = register_invited(&http, "eve", Some("other")).await.err();
    assert_eq!(wrong, Some(refused(403, "invite_invalid")), "nobody waits by mistake");
    let closed = Overrides { registration: Some(RegistrationPolicy::Closed), ..Overrides::default() };
    running.relay.settings().replace(closed);
    let late = register_invited(&http, "eve", Some("welcome")).await.err();
    assert_eq!(late, Some(refused(403, "registration_closed")));
}

#[tokio::test]
async fn the_rule_counts_that_holds_when_the_account_is_made() {
    let running = start().await;
    let http = Http::new(&running);
    first(&running, "mira").await;
    let begun = register_start(&http, "jon", PASSWORD, None).await.unwrap();
    let request = finish_request(&begun);
    let enrolment: TotpEnrolment = http.call(path::REGISTER_FINISH, &request).await.unwrap();
    let closed = Overrides { registration: Some(RegistrationPolicy::Closed), ..Overrides::default() };
    running.relay.settings().replace(closed);
    let confirmed = confirm(request.registration, code(&enrolment.secret, 0));
    let answer: Result<Registered, Refused> = http.call(path::REGISTER_CONFIRM, &confirmed).await;
    assert_eq!(answer.err(), Some(refused(403, "registration_closed")));
}

#[tokio::test]
async fn nobody_has_a_name_that_looks_like_another() {
    let running = start().await;
    let http = Http::new(&running);
    first(&running, "mira.stone").await;
    for name in ["mira.stone", "mirastone", "m1ra-st0ne", "rnira.stone", "MLRA_STONE", "mara.stone"] {
        let taken = register_start(&http, name, PASSWORD, None).await.err();
        let expected = (name != "mara.stone").then(|| refused(409, "username_taken"));
        assert_eq!(taken, expected, "{name}");
    }
    for name in ["admin", "Administrator", "r00t", "sup-port", "waxw1ng", "everyone"] {
        let taken = register_start(&http, name, PASSWORD, None).await.err();
        assert_eq!(taken, Some(refused(409, "username_taken")), "{name}");
    }
    let token = running.relay.setup_token.as_deref();
    assert!(register_start(&http, "admin", PASSWORD, token).await.is_err(), "nor the first");
}

#[tokio::test]
async fn where_it_is_optional_an_account_goes_without_an_authenticator() {
    let running = start_with(|config| config.totp = config::Totp::Optional).await;
    let http = Http::new(&running);
    first(&running, "mira").await;
    let begun = register_start(&http, "jon", PASSWORD, None).await.unwrap();
    let request = finish_request(&begun);
    let enrolment: TotpEnrolment = http.call(path::REGISTER_FINISH, &request).await.unwrap();
    assert!(enrolment.optional);
    let skip = RegisterConfirm { registration: request.registration, code: None, device: None };
    let done: Registered = http.call(path::REGISTER_CONFIRM, &skip).await.unwrap();
    assert_eq!(
        (done.session.totp, done.session.recovery_codes_left, done.recovery_codes.len()),
        (false, 0, 0)
    );
    let again: Registered = http.call(path::REGISTER_CONFIRM, &skip).await.expect("the answer was lost");
    assert_eq!(again.session, done.session);

    let login = prove_password(&http, "jon").await.unwrap();
    assert_eq!((login.next, login.enrolment.is_none()), (LoginNext::Nothing, true));
    let empty = LoginTotp { login: login.login, code: None, device: None };
    let with_code = LoginTotp { code: Some("123456".into()), ..empty.clone() };
    let answer = http.call::<LoggedIn>(path::LOGIN_TOTP, &with_code).await.err();
    assert_eq!(answer, Some(refused(422, "invalid")));
    let body: LoggedIn = http.call(path::LOGIN_TOTP, &empty).await.unwrap();
    assert_eq!(body.session, done.session);
}

#[tokio::test]
async fn where_it_is_required_a_login_sets_up_what_is_missing() {
    let running = start_with(|config| config.totp = config::Totp::Optional).await;
    let http = Http::new(&running);
    first(&running, "mira").await;
    let begun = register_start(&http, "jon", PASSWORD, None).await.unwrap();
    let request = finish_request(&begun);
    let _: TotpEnrolment = http.call(path::REGISTER_FINISH, &request).await.unwrap();
    let skip = RegisterConfirm { registration: request.registration, code: None, device: None };
    let _: Registered = http.call(path::REGISTER_CONFIRM, &skip).await.unwrap();
    let early = prove_password(&http, "jon").await.unwrap();
    let required = Overrides { totp: Some(TotpPolicy::Required), ..Overrides::default() };
    running.relay.settings().replace(required);

    let empty = LoginTotp { login: early.login, code: None, device: None };
    let answer = http.call::<LoggedIn>(path::LOGIN_TOTP, &empty).await.err();
    assert_eq!(answer, Some(refused(410, "attempt_expired")), "the rule has changed on the way");
    let login = prove_password(&http, "jon").await.unwrap();
    assert_eq!(login.next, LoginNext::Enrol);
    let secret = login.enrolment.clone().unwrap().secret;
    let send = async |code: Option<String>| {
        let request = LoginTotp { login: login.login.clone(), code, device: None };
        http.call::<LoggedIn>(path::LOGIN_TOTP, &request).await
    };
    assert_eq!(send(None).await.err(), Some(refused(422, "invalid")));
    assert_eq!(send(Some("000000".into())).await.err(), Some(refused(401, "wrong_code")));
    let body = send(Some(code(&secret, 0))).await.unwrap();
    assert_eq!(
        (body.recovery_codes.len(), body.session.recovery_codes_left, body.session.totp),
        (10, 10, true)
    );
    assert_eq!(prove_password(&http, "jon").await.unwrap().next, LoginNext::Code);
}

#[tokio::test]
async fn where_it_is_required_nobody_registers_without() {
    let running = start().await;
    let http = Http::new(&running);
    first(&running, "mira").await;
    let begun = register_start(&http, "jon", PASSWORD, None).await.unwrap();
    let request = finish_request(&begun);
    let enrolment: TotpEnrolment = http.call(path::REGISTER_FINISH, &request).await.unwrap();
    assert!(!enrolment.optional);
    let skip = RegisterConfirm { registration: request.registration.clone(), code: None, device: None };
    let answer = http.call::<Registered>(path::REGISTER_CONFIRM, &skip).await.err();
    assert_eq!(answer, Some(refused(403, "totp_required")));
    for device in ["x".repeat(65), "two\nlines".into()] {
        let mut bad = confirm(request.registration.clone(), code(&enrolment.secret, 0));
        bad.device = Some(device);
        let answer = http.call::<Registered>(path::REGISTER_CONFIRM, &bad).await.err();
        assert_eq!(answer, Some(refused(422, "invalid")));
    }
    let good = confirm(request.registration, code(&enrolment.secret, 0));
    let done: Registered = http.call(path::REGISTER_CONFIRM, &good).await.unwrap();
    assert_ne!(done.session.account, AccountId([0; 16]));
}
