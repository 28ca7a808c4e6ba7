//! Recovery codes, another authenticator, and what people are told about them.

mod support;

use support::{
    account::{Http, Person, Refused, code, first, people, prove_password, refused, second_factor},
    start, start_with,
};
use waxwing_relay::config;
use waxwing_wire::{
    Opaque,
    account::{
        Empty, LoggedIn, LoginNext, NoticeKind, Proof, RecoveryCodes, TotpChange, TotpEnrolment, path,
    },
    frame::{AccountEvent, Event},
};

/// The last step of a login with this code.
async fn log_in(http: &Http, name: &str, code: &str) -> Result<LoggedIn, Refused> {
    let login = prove_password(http, name).await?;
    http.call(path::LOGIN_TOTP, &second_factor(&login, code)).await
}

#[tokio::test]
async fn a_recovery_code_stands_in_for_the_authenticator_once() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let http = &mira.http;
    assert_eq!(mira.recovery_codes.len(), 10);
    let mut elsewhere = mira.stream().await;
    let typed = mira.recovery_codes[3].to_uppercase().replace('-', " ");
    let body = log_in(http, "mira", &typed).await.unwrap();
    assert_eq!(body.session.recovery_codes_left, 9);
    assert!(body.notices.is_empty(), "whoever used it is not the one to be told");
    assert_eq!(elsewhere.event().await, Event::Account(AccountEvent::RecoveryCodeUsed));

    let wrong = Some(refused(401, "wrong_code"));
    assert_eq!(log_in(http, "mira", &typed).await.err(), wrong, "it is used up");
    assert_eq!(log_in(http, "mira", &jon.recovery_codes[0]).await.err(), wrong, "it is somebody else's");
    assert_eq!(log_in(http, "mira", "aaaaa-aaaaa").await.err(), wrong);
    let told: Vec<_> = mira.log_in(0).await.unwrap().0.notices.iter().map(|notice| notice.what).collect();
    assert_eq!(told, [NoticeKind::RecoveryCodeUsed]);
    assert!(mira.log_in(1).await.unwrap().0.notices.is_empty(), "told once");
}

#[tokio::test]
async fn guesses_at_recovery_codes_wait_like_those_at_codes() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    for _ in 0..5 {
        let answer = log_in(&mira.http, "mira", "aaaaa-aaaaa").await.err().unwrap();
        assert_eq!((answer.status, answer.code.as_str()), (401, "wrong_code"));
    }
    let answer = log_in(&mira.http, "mira", &mira.recovery_codes[0]).await.err().unwrap();
    assert_eq!((answer.status, answer.code.as_str()), (429, "rate_limited"));
    assert!(answer.retry_after_s.is_some());
}

#[tokio::test]
async fn whoever_guesses_at_codes_is_recorded_once_and_the_owner_is_told() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let mut elsewhere = jon.stream().await;
    for _ in 0..5 {
        let answer = log_in(&jon.http, "jon", "000000").await.err().unwrap();
        assert_eq!(answer.code, "wrong_code");
    }
    assert_eq!(mira.audit("kind=codes_refused").await, [], "typing errors are nobody's business");
    for _ in 0..3 {
        let answer = log_in(&jon.http, "jon", "000000").await.err().unwrap();
        assert_eq!(answer.code, "rate_limited");
    }
    let entry = ("codes_refused".to_owned(), format!("account:{}", jon.id), String::new());
    assert_eq!(mira.audit("kind=codes_refused").await, [entry]);
    assert_eq!(elsewhere.event().await, Event::Account(AccountEvent::CodeGuessed));
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let told: Vec<_> = jon.log_in(0).await.unwrap().0.notices.iter().map(|notice| notice.what).collect();
    assert_eq!(told, [NoticeKind::CodeGuessed]);
}

#[tokio::test]
async fn another_authenticator_takes_over_with_its_own_recovery_codes() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (here, proof) = mira.again(0).await;
    let (_, of_jon) = jon.again(0).await;
    let expired = Some(refused(410, "attempt_expired"));
    let start = async |proof: &Opaque| {
        here.call::<TotpEnrolment>(path::TOTP_START, &Proof { proof: proof.clone() }).await
    };
    let change = async |proof: &Opaque, code: String| {
        here.call::<RecoveryCodes>(path::TOTP, &TotpChange { proof: proof.clone(), code }).await
    };
    assert_eq!(
        change(&proof, "123456".into()).await.err(),
        Some(refused(422, "invalid")),
        "start comes first"
    );
    assert_eq!(start(&of_jon).await.err(), expired);
    let enrolment = start(&proof).await.unwrap();
    assert_ne!(enrolment.secret, mira.secret);
    assert_eq!(change(&proof, code(&mira.secret, 1)).await.err(), Some(refused(401, "wrong_code")));
    assert_eq!(change(&of_jon, code(&enrolment.secret, 0)).await.err(), expired);
    let made = change(&proof, code(&enrolment.secret, 0)).await.unwrap();
    assert_eq!(made.recovery_codes.len(), 10);
    assert_eq!(start(&proof).await.err(), expired, "the proof is used up");

    let wrong = Some(refused(401, "wrong_code"));
    assert_eq!(mira.log_in(1).await.err(), wrong, "the old one is dead");
    assert_eq!(log_in(&mira.http, "mira", &mira.recovery_codes[0]).await.err(), wrong, "and its codes");
    let anew = Person { secret: enrolment.secret, ..mira.clone() };
    assert_eq!(anew.log_in(0).await.err(), Some(refused(401, "reused_code")), "it confirmed the change");
    anew.log_in(1).await.unwrap();
    log_in(&mira.http, "mira", &made.recovery_codes[9]).await.unwrap();
}

#[tokio::test]
async fn recovery_codes_are_renewed_all_at_once() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    let (here, proof) = mira.again(0).await;
    let body = Proof { proof };
    let made: RecoveryCodes = here.call(path::RECOVERY_CODES, &body).await.unwrap();
    assert_eq!(made.recovery_codes.len(), 10);
    let again = here.call::<RecoveryCodes>(path::RECOVERY_CODES, &body).await.err();
    assert_eq!(again, Some(refused(410, "attempt_expired")));
    let old = log_in(&mira.http, "mira", &mira.recovery_codes[0]).await.err();
    assert_eq!(old, Some(refused(401, "wrong_code")));
    log_in(&mira.http, "mira", &made.recovery_codes[0]).await.unwrap();
}

#[tokio::test]
async fn an_authenticator_is_removed_only_where_it_is_optional() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    let (here, proof) = mira.again(0).await;
    let answer = here.call::<Empty>(path::TOTP_REMOVE, &Proof { proof }).await.err();
    assert_eq!(answer, Some(refused(403, "totp_required")));

    let running = start_with(|config| config.totp = config::Totp::Optional).await;
    let mira = first(&running, "mira").await;
    let (here, proof) = mira.again(0).await;
    let nobody = Person { cookie: "waxwing=AAAA".into(), ..here.clone() };
    let answer = nobody.call::<Empty>(path::TOTP_REMOVE, &Proof { proof: proof.clone() }).await.err();
    assert_eq!(answer, Some(refused(401, "not_logged_in")));
    let _: Empty = here.call(path::TOTP_REMOVE, &Proof { proof }).await.unwrap();
    assert_eq!(prove_password(&mira.http, "mira").await.unwrap().next, LoginNext::Nothing);
}

#[tokio::test]
async fn what_was_reset_is_set_up_at_the_next_login() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    let begun = prove_password(&mira.http, "mira").await.unwrap();
    // As an administrator's reset does.
    let reset = "UPDATE credentials SET totp_secret = NULL; DELETE FROM recovery_codes;";
    running.database().execute_batch(reset).unwrap();
    let late =
        mira.http.call::<LoggedIn>(path::LOGIN_TOTP, &second_factor(&begun, code(&mira.secret, 0))).await;
    assert_eq!(late.err(), Some(refused(410, "attempt_expired")), "a login that had begun before");
    let login = prove_password(&mira.http, "mira").await.unwrap();
    assert_eq!(login.next, LoginNext::Enrol);
    let secret = login.enrolment.clone().unwrap().secret;
    let old = second_factor(&login, code(&mira.secret, 0));
    let old = mira.http.call::<LoggedIn>(path::LOGIN_TOTP, &old).await.err();
    assert_eq!(old, Some(refused(401, "wrong_code")));
    let new = second_factor(&login, code(&secret, 0));
    let body: LoggedIn = mira.http.call(path::LOGIN_TOTP, &new).await.unwrap();
    assert_eq!(body.recovery_codes.len(), 10);
}
