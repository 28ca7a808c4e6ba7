//! Taking an account back with its recovery key.

mod support;

use opaque_ke::{ClientRegistration, ClientRegistrationFinishParameters, Identifiers, RegistrationResponse};
use rand_core::OsRng;
use reqwest::header::COOKIE;
use sha2::{Digest as _, Sha256};
use support::{
    account::{
        ClientSuite, Http, KSF, PASSWORD, Person, RECOVERY_TOKEN, Refused, argon2, code, first, ke3,
        login_start, people, prove_password, refusal, refused, second_factor,
    },
    start, start_with,
};
use waxwing_relay::config;
use waxwing_wire::{
    Opaque,
    account::{
        KsfParams, LoggedIn, LoginAccepted, LoginNext, NoticeKind, RecoverFinish, RecoverStart,
        RecoverStarted, RecoveredTotp, path,
    },
    frame::{EndReason, Event},
    ids::TokenHash,
    limits as shared,
};

const NEW: &str = "another horse battery";
const NEW_TOKEN: [u8; 32] = [9; 32];

/// The first step, with what the second needs.
async fn begin(
    http: &Http,
    username: &str,
    token: &[u8],
) -> Result<(ClientRegistration<ClientSuite>, RecoverStarted), Refused> {
    let begun = ClientRegistration::<ClientSuite>::start(&mut OsRng, NEW.as_bytes()).unwrap();
    let opaque_request = Opaque(begun.message.serialize().to_vec());
    let request = RecoverStart { username: username.into(), token: Opaque(token.to_vec()), opaque_request };
    Ok((begun.state, http.call(path::RECOVER_START, &request).await?))
}

fn finish(state: ClientRegistration<ClientSuite>, started: &RecoverStarted) -> RecoverFinish {
    let response = RegistrationResponse::deserialize(started.opaque_response.as_bytes()).unwrap();
    let identifiers = Identifiers { client: Some(started.username.as_bytes()), server: Some(b"waxwing") };
    let ksf = argon2();
    let parameters = ClientRegistrationFinishParameters::new(identifiers, Some(&ksf));
    let done = state.finish(&mut OsRng, NEW.as_bytes(), response, parameters).unwrap();
    RecoverFinish {
        recovery: started.recovery.clone(),
        opaque_upload: Opaque(done.message.serialize().to_vec()),
        ksf: KSF,
        vault: Opaque(b"vault 2".to_vec()),
        vault_version: started.vault_version + 1,
        wrap_opaque: Opaque(b"wrap 2".to_vec()),
        wrap_recovery: Opaque(b"recovery 2".to_vec()),
        recovery_token_hash: TokenHash(Sha256::digest(NEW_TOKEN).into()),
        totp: RecoveredTotp::Keep,
        code: None,
        device: Some("a new phone".into()),
    }
}

#[tokio::test]
async fn the_recovery_key_alone_gives_the_account_a_new_password() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let mut elsewhere = mira.stream().await;
    let (state, started) = begin(&mira.http, " Mira ", &RECOVERY_TOKEN).await.unwrap();
    assert_eq!((started.account, started.username.as_str(), started.vault_version), (mira.id, "mira", 1));
    assert_eq!(started.vault, Opaque(b"sealed vault".to_vec()));
    assert_eq!(started.wrap_recovery, Opaque(b"wrapped under the recovery key".to_vec()));
    assert_eq!(mira.session().await.status(), 200, "nothing has changed yet");

    let request = finish(state, &started);
    let (body, cookie): (LoggedIn, _) =
        mira.http.call_with_cookie(path::RECOVER_FINISH, &request).await.unwrap();
    assert_eq!(
        (body.session.account, body.vault, body.vault_version),
        (mira.id, Opaque(b"vault 2".to_vec()), 2)
    );
    assert_eq!((body.wrap_opaque, body.proof.len()), (Opaque(b"wrap 2".to_vec()), 32));
    assert_eq!(elsewhere.event().await, Event::SessionEnded { reason: EndReason::Ended });
    assert_eq!(refusal(mira.session().await).await, refused(401, "not_logged_in"));
    assert_eq!(jon.session().await.status(), 200);
    let (_, again): (LoggedIn, _) = mira.http.call_with_cookie(path::RECOVER_FINISH, &request).await.unwrap();
    assert_eq!(again, cookie, "the answer was lost");
    let other = RecoverFinish { wrap_recovery: Opaque(b"recovery 3".to_vec()), ..request };
    let late = mira.http.call::<LoggedIn>(path::RECOVER_FINISH, &other).await.err();
    assert_eq!(late, Some(refused(410, "attempt_expired")), "it is done");
    let session = mira.http.get(path::SESSION).header(COOKIE, cookie.unwrap()).send().await.unwrap();
    assert_eq!(session.status(), 200);
}

#[tokio::test]
async fn afterwards_only_the_new_password_and_the_new_key_count() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    let half_way = prove_password(&mira.http, "mira").await.unwrap();
    let (late_state, late) = begin(&mira.http, "mira", &RECOVERY_TOKEN).await.unwrap();
    let (state, started) = begin(&mira.http, "mira", &RECOVERY_TOKEN).await.unwrap();
    let _: LoggedIn = mira.http.call(path::RECOVER_FINISH, &finish(state, &started)).await.unwrap();

    let second = mira.http.call::<LoggedIn>(path::RECOVER_FINISH, &finish(late_state, &late)).await.err();
    assert_eq!(second, Some(refused(410, "attempt_expired")), "a recovery begun with the old key");
    let shown = second_factor(&half_way, &mira.recovery_codes[0]);
    let shown = mira.http.call::<LoggedIn>(path::LOGIN_TOTP, &shown).await.err();
    assert_eq!(shown, Some(refused(410, "attempt_expired")), "a login begun with the old password");
    assert_eq!(
        begin(&mira.http, "mira", &RECOVERY_TOKEN).await.err(),
        Some(refused(401, "wrong_recovery_key"))
    );
    begin(&mira.http, "mira", &NEW_TOKEN).await.unwrap();
    let (state, started) = login_start(&mira.http, "mira", PASSWORD).await.unwrap();
    assert!(ke3(state, PASSWORD, &started).is_none(), "the old password is dead");

    let (state, started) = login_start(&mira.http, "mira", NEW).await.unwrap();
    let proof = ke3(state, NEW, &started).unwrap();
    let login: LoginAccepted = mira.http.call(path::LOGIN_FINISH, &proof).await.unwrap();
    assert_eq!(login.next, LoginNext::Code, "the authenticator stays");
    assert!(login.enrolment.is_none());
    let factor = second_factor(&login, code(&mira.secret, 0));
    let body: LoggedIn = mira.http.call(path::LOGIN_TOTP, &factor).await.unwrap();
    let told: Vec<_> = body.notices.iter().map(|notice| notice.what).collect();
    assert_eq!(told, [NoticeKind::Recovered]);
}

/// How a login with the new password goes on.
async fn next_login(http: &Http, name: &str) -> LoginAccepted {
    let (state, started) = login_start(http, name, NEW).await.unwrap();
    http.call(path::LOGIN_FINISH, &ke3(state, NEW, &started).unwrap()).await.unwrap()
}

#[tokio::test]
async fn another_authenticator_is_set_up_together_with_the_new_password() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    let http = &mira.http;
    let (state, started) = begin(http, "mira", &RECOVERY_TOKEN).await.unwrap();
    assert!(started.totp && !started.enrolment.optional);
    let secret = started.enrolment.secret.clone();
    assert_ne!(secret, mira.secret);
    let request = |totp, code: Option<String>| {
        let request = finish(state.clone(), &started);
        RecoverFinish { totp, code, ..request }
    };
    let answer = async |request: &RecoverFinish| http.call::<LoggedIn>(path::RECOVER_FINISH, request).await;
    let old = request(RecoveredTotp::New, Some(code(&mira.secret, 0)));
    assert_eq!(answer(&old).await.err(), Some(refused(401, "wrong_code")), "it is another one's");
    let without = request(RecoveredTotp::Without, None);
    assert_eq!(answer(&without).await.err(), Some(refused(403, "totp_required")));
    assert_eq!(answer(&request(RecoveredTotp::New, None)).await.err(), Some(refused(422, "invalid")));
    assert_eq!(mira.session().await.status(), 200, "nothing has changed yet");
    let right = request(RecoveredTotp::New, Some(code(&secret, 0)));
    let body = answer(&right).await.unwrap();
    assert_eq!((body.recovery_codes.len(), body.session.recovery_codes_left), (10, 10));
    let again = answer(&right).await.unwrap();
    assert_eq!(again.recovery_codes, body.recovery_codes, "the answer was lost");

    let login = next_login(http, "mira").await;
    assert_eq!(login.next, LoginNext::Code);
    for wrong in [code(&mira.secret, 1), mira.recovery_codes[0].clone()] {
        let shown = second_factor(&login, &wrong);
        let refusal = http.call::<LoggedIn>(path::LOGIN_TOTP, &shown).await.err();
        assert_eq!(refusal, Some(refused(401, "wrong_code")), "the old ones are dead");
    }
    let _: LoggedIn = http.call(path::LOGIN_TOTP, &second_factor(&login, code(&secret, 1))).await.unwrap();
}

#[tokio::test]
async fn wrong_codes_of_the_new_authenticator_end_a_recovery() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    let (state, started) = begin(&mira.http, "mira", &RECOVERY_TOKEN).await.unwrap();
    let good = finish(state, &started);
    let wrong = RecoverFinish { totp: RecoveredTotp::New, code: Some("00000".into()), ..good.clone() };
    for _ in 0..5 {
        let answer = mira.http.call::<LoggedIn>(path::RECOVER_FINISH, &wrong).await.err();
        assert_eq!(answer, Some(refused(401, "wrong_code")));
    }
    let answer = mira.http.call::<LoggedIn>(path::RECOVER_FINISH, &good).await.err();
    assert_eq!(answer, Some(refused(410, "attempt_expired")));
    assert_eq!(mira.session().await.status(), 200, "nothing was changed");
}

#[tokio::test]
async fn a_recovered_account_is_never_left_to_its_password_where_more_is_required() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    // As an administrator's reset does.
    let reset = "UPDATE credentials SET totp_secret = NULL; DELETE FROM recovery_codes;";
    running.database().execute_batch(reset).unwrap();
    let (state, started) = begin(&mira.http, "mira", &RECOVERY_TOKEN).await.unwrap();
    assert!(!started.totp);
    let keep = finish(state, &started);
    let answer = mira.http.call::<LoggedIn>(path::RECOVER_FINISH, &keep).await.err();
    assert_eq!(answer, Some(refused(403, "totp_required")), "there is nothing to keep");
    let (state, old) = login_start(&mira.http, "mira", PASSWORD).await.unwrap();
    assert!(ke3(state, PASSWORD, &old).is_some(), "the password is still the old one");
    let code = Some(code(&started.enrolment.secret, 0));
    let new = RecoverFinish { totp: RecoveredTotp::New, code, ..keep };
    let _: LoggedIn = mira.http.call(path::RECOVER_FINISH, &new).await.unwrap();
    assert_eq!(next_login(&mira.http, "mira").await.next, LoginNext::Code);
}

#[tokio::test]
async fn a_recovered_account_may_go_without_an_authenticator_where_that_is_allowed() {
    let running = start_with(|config| config.totp = config::Totp::Optional).await;
    let mira = first(&running, "mira").await;
    let (state, started) = begin(&mira.http, "mira", &RECOVERY_TOKEN).await.unwrap();
    assert!(started.totp && started.enrolment.optional);
    let without = RecoverFinish { totp: RecoveredTotp::Without, ..finish(state, &started) };
    let body: LoggedIn = mira.http.call(path::RECOVER_FINISH, &without).await.unwrap();
    assert!(!body.session.totp);
    assert_eq!(next_login(&mira.http, "mira").await.next, LoginNext::Nothing);
}

#[tokio::test]
async fn a_wrong_key_and_an_unknown_name_look_alike_and_wait() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    let wrong = Some(refused(401, "wrong_recovery_key"));
    assert_eq!(begin(&mira.http, "mira", &[1; 32]).await.err(), wrong);
    assert_eq!(begin(&mira.http, "nobody", &[1; 32]).await.err(), wrong);
    for short in [&[][..], &[1; 31], &[1; 33]] {
        assert_eq!(begin(&mira.http, "mira", short).await.err(), Some(refused(422, "invalid")));
    }
    for name in ["mira", "nobody"] {
        for _ in 0..4 {
            assert_eq!(begin(&mira.http, name, &[1; 32]).await.err(), wrong, "{name}");
        }
        let waits = begin(&mira.http, name, &[1; 32]).await.err().unwrap();
        assert_eq!((waits.status, waits.code.as_str()), (429, "rate_limited"), "{name}");
        assert!(waits.retry_after_s.is_some());
    }
}

#[tokio::test]
async fn a_recovery_is_checked_and_leaves_nothing_when_refused() {
    let running = start().await;
    let mira = first(&running, "mira").await;
    let (state, started) = begin(&mira.http, "mira", &RECOVERY_TOKEN).await.unwrap();
    let good = finish(state, &started);
    let mut bad = Vec::new();
    let mut with = |change: &dyn Fn(&mut RecoverFinish), status, code| {
        let mut request = good.clone();
        change(&mut request);
        bad.push((request, refused(status, code)));
    };
    with(&|r| r.recovery = "another".into(), 410, "attempt_expired");
    with(&|r| r.vault = Opaque(Vec::new()), 422, "invalid");
    with(&|r| r.vault = Opaque(vec![1; shared::ACCOUNT_DATA_BYTES + 1]), 413, "too_large");
    with(&|r| r.wrap_recovery = Opaque(vec![1; 5000]), 413, "too_large");
    with(&|r| r.opaque_upload = Opaque(vec![1; 7]), 422, "invalid");
    with(&|r| r.ksf = KsfParams { memory_kib: 8, ..r.ksf }, 422, "invalid");
    with(&|r| r.device = Some("x".repeat(65)), 422, "invalid");
    for (request, expected) in bad {
        let answer = mira.http.call::<LoggedIn>(path::RECOVER_FINISH, &request).await.err();
        assert_eq!(answer, Some(expected));
    }
    assert_eq!(mira.session().await.status(), 200);
    prove_password(&mira.http, "mira").await.expect("the old password works");
    let old = RecoverFinish { vault_version: 3, ..good.clone() };
    let answer = mira.http.call::<LoggedIn>(path::RECOVER_FINISH, &old).await.err();
    assert_eq!(answer, Some(refused(409, "conflict")), "somebody else was faster");
    assert_eq!(mira.session().await.status(), 200);
}

#[tokio::test]
async fn the_key_of_a_banned_account_brings_nothing_back() {
    let running = start().await;
    let [_mira, jon] = people(&running, ["mira", "jon"]).await;
    let (state, started) = begin(&jon.http, "jon", &RECOVERY_TOKEN).await.unwrap();
    running.database().execute("UPDATE accounts SET status = 2 WHERE username = 'jon'", []).unwrap();
    let banned = Some(refused(403, "banned"));
    assert_eq!(jon.http.call::<LoggedIn>(path::RECOVER_FINISH, &finish(state, &started)).await.err(), banned);
    assert_eq!(begin(&jon.http, "jon", &RECOVERY_TOKEN).await.err(), banned);
    let wrong = begin(&jon.http, "jon", &[1; 32]).await.err();
    assert_eq!(wrong, Some(refused(401, "wrong_recovery_key")), "told to the owner only");
    let login = prove_password(&jon.http, "jon").await.expect("nor before the code");
    let wrong = second_factor(&login, "000000");
    assert_eq!(
        jon.http.call::<LoggedIn>(path::LOGIN_TOTP, &wrong).await.err(),
        Some(refused(401, "wrong_code"))
    );
    let right = second_factor(&login, code(&jon.secret, 0));
    assert_eq!(jon.http.call::<LoggedIn>(path::LOGIN_TOTP, &right).await.err(), banned);
    let Person { http, cookie, .. } = jon;
    let session = http.get(path::SESSION).header(COOKIE, cookie).send().await.unwrap();
    assert_eq!(refusal(session).await, refused(401, "not_logged_in"), "nor does a session that was left");
}

#[tokio::test]
async fn only_tries_at_an_account_that_begins_to_wait_are_recorded() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let busy = Http::from(&running, "198.51.100.1");
    for n in 0..24 {
        let _ = begin(&busy, &format!("nobody{n}"), &[0; 32]).await;
    }
    let held_back = begin(&busy, "mira", &[0; 32]).await.err().unwrap();
    assert_eq!(held_back.code, "rate_limited");
    for _ in 0..8 {
        let _ = begin(&Http::from(&running, "198.51.100.2"), "nobody", &[0; 32]).await;
    }
    let log = mira.audit("kind=login_refused").await;
    assert_eq!(log, [], "the address waits, or nobody has the name");
    for _ in 0..8 {
        let _ = begin(&Http::from(&running, "198.51.100.3"), "jon", &[0; 32]).await;
    }
    for _ in 0..8 {
        let _ = login_start(&Http::from(&running, "198.51.100.4"), "mira", "wrong").await;
    }
    let entry =
        |person: &Person| ("login_refused".to_owned(), format!("account:{}", person.id), String::new());
    assert_eq!(mira.audit("kind=login_refused").await, [entry(&mira), entry(&jon)]);
}
