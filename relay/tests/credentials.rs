//! Changing password and keys, and the end of sessions, against a listening relay.

mod support;

use std::time::Duration;

use opaque_ke::{ClientRegistration, ClientRegistrationFinishParameters, Identifiers, RegistrationResponse};
use rand_core::OsRng;
use support::{
    Running,
    account::{
        ClientSuite, Http, KSF, PASSWORD, Person, Refused, argon2, code, first, ke3, login_start, people,
        prove_password, refusal, refused, second_factor,
    },
    config, start, steady_step,
    stream::open,
};
use tokio_tungstenite::tungstenite::Error;
use waxwing_relay::command::serve::Relay;
use waxwing_wire::{
    Opaque,
    account::{
        CredentialsChange, CredentialsStart, CredentialsStarted, Empty, KsfParams, LoginAccepted, path,
    },
    frame::{Request, Response, close},
    ids::TokenHash,
    limits as shared,
};

/// A relay over this folder.
async fn running(folder: tempfile::TempDir) -> Running {
    let relay = Relay::start(config(folder.path())).await.unwrap();
    Running { origin: format!("http://{}", relay.address), relay, folder }
}

const NEW: &str = "another horse battery";

/// A whole change to the new password, not sent yet.
async fn prepare(person: &Person, proof: &Opaque) -> Result<CredentialsChange, Refused> {
    let begun = ClientRegistration::<ClientSuite>::start(&mut OsRng, NEW.as_bytes()).unwrap();
    let opaque_request = Opaque(begun.message.serialize().to_vec());
    let request = CredentialsStart { proof: proof.clone(), opaque_request };
    let started: CredentialsStarted = person.call(path::CREDENTIALS_START, &request).await?;
    let response = RegistrationResponse::deserialize(started.opaque_response.as_bytes()).unwrap();
    let identifiers = Identifiers { client: Some(person.username.as_bytes()), server: Some(b"waxwing") };
    let ksf = argon2();
    let parameters = ClientRegistrationFinishParameters::new(identifiers, Some(&ksf));
    let done = begun.state.finish(&mut OsRng, NEW.as_bytes(), response, parameters).unwrap();
    Ok(CredentialsChange {
        proof: proof.clone(),
        opaque_upload: Opaque(done.message.serialize().to_vec()),
        ksf: KSF,
        vault: Opaque(b"vault 2".to_vec()),
        vault_version: 2,
        wrap_opaque: Opaque(b"wrap 2".to_vec()),
        wrap_recovery: Opaque(b"recovery 2".to_vec()),
        recovery_token_hash: TokenHash([2; 32]),
        identity_key: Opaque(vec![9; 32]),
        statement: Some(Opaque(b"old and new key".to_vec())),
        key_package: Some(Opaque(b"new package".to_vec())),
    })
}

#[tokio::test]
async fn a_new_password_replaces_the_old_one_and_ends_other_sessions() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (here, proof) = mira.again(0).await;
    let (mut of_here, mut elsewhere) = (here.stream().await, mira.stream().await);
    let half_way = prove_password(&mira.http, "mira").await.unwrap();

    let change = prepare(&here, &proof).await.unwrap();
    let _: Empty = here.call(path::CREDENTIALS, &change).await.unwrap();
    let _: Empty = here.call(path::CREDENTIALS, &change).await.expect("the answer was lost");
    assert_eq!(elsewhere.close_code().await, close::NOT_LOGGED_IN);
    assert_eq!(refusal(mira.session().await).await, refused(401, "not_logged_in"));
    assert_eq!(here.session().await.status(), 200);
    assert_eq!(of_here.ask(Request::Ping).await, Ok(Response::Done), "who changed it goes on");

    let late = second_factor(&half_way, code(&mira.secret, 1));
    let late = mira.http.call::<serde_json::Value>(path::LOGIN_TOTP, &late).await.err();
    assert_eq!(late, Some(refused(410, "attempt_expired")), "a login begun with the old password");
    let (state, started) = login_start(&mira.http, "mira", PASSWORD).await.unwrap();
    assert!(ke3(state, PASSWORD, &started).is_none(), "the old password is dead");
    let (state, started) = login_start(&mira.http, "mira", NEW).await.unwrap();
    let finish = ke3(state, NEW, &started).unwrap();
    let accepted: LoginAccepted = mira.http.call(path::LOGIN_FINISH, &finish).await.unwrap();
    let totp = second_factor(&accepted, code(&mira.secret, 1));
    let body: waxwing_wire::account::LoggedIn = mira.http.call(path::LOGIN_TOTP, &totp).await.unwrap();
    assert_eq!((body.vault, body.vault_version), (Opaque(b"vault 2".to_vec()), 2));
    assert_eq!(body.wrap_opaque, Opaque(b"wrap 2".to_vec()));

    match jon.stream().await.ask(Request::KeyPackage(mira.id)).await {
        Ok(Response::KeyPackage(Some(record))) => {
            assert_eq!(record.bytes, Opaque(b"new package".to_vec()));
            assert_eq!(record.identity_key, Opaque(vec![9; 32]));
            assert_eq!(record.statements, [Opaque(b"old and new key".to_vec())]);
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_change_is_found_again_after_a_restart() {
    steady_step().await;
    let folder = tempfile::tempdir().unwrap();
    let mut running = running(folder).await;
    let mira = first(&running, "mira").await;
    let (here, proof) = mira.again(0).await;
    let change = prepare(&here, &proof).await.unwrap();
    let _: Empty = here.call(path::CREDENTIALS, &change).await.unwrap();
    running.relay.stop().await;
    running = self::running(running.folder).await;
    let here = Person { http: Http::new(&running), ..here };
    let _: Empty = here.call(path::CREDENTIALS, &change).await.expect("proofs are gone, the change is not");
    let other = CredentialsChange { wrap_recovery: Opaque(b"recovery 3".to_vec()), ..change };
    let answer = here.call::<Empty>(path::CREDENTIALS, &other).await.err();
    assert_eq!(answer, Some(refused(410, "attempt_expired")), "another change needs a proof");
}

#[tokio::test]
async fn a_change_needs_the_session_and_its_proof_once() {
    let running = start().await;
    let [mira, jon] = people(&running, ["mira", "jon"]).await;
    let (here, proof) = mira.again(0).await;
    let (_, of_jon) = jon.again(0).await;
    for wrong in [&of_jon, &Opaque(vec![0; 32]), &Opaque(Vec::new())] {
        assert_eq!(prepare(&here, wrong).await.err(), Some(refused(410, "attempt_expired")));
    }
    let nobody = Person { cookie: "waxwing=AAAA".into(), ..here.clone() };
    assert_eq!(prepare(&nobody, &proof).await.err(), Some(refused(401, "not_logged_in")));
    let change = prepare(&here, &proof).await.unwrap();
    let send = async |change: &CredentialsChange| here.call::<Empty>(path::CREDENTIALS, change).await.err();
    let expired = Some(refused(410, "attempt_expired"));
    assert_eq!(send(&CredentialsChange { proof: of_jon, ..change.clone() }).await, expired);
    assert_eq!(
        nobody.call::<Empty>(path::CREDENTIALS, &change).await.err(),
        Some(refused(401, "not_logged_in"))
    );
    assert_eq!(send(&change).await, None);
    let other = CredentialsChange { vault_version: 3, ..change };
    assert_eq!(send(&other).await, expired, "it is used up");
    assert_eq!(prepare(&here, &proof).await.err(), expired);
}

#[tokio::test]
async fn a_change_is_checked_and_leaves_nothing_when_refused() {
    let running = start().await;
    let [mira] = people(&running, ["mira"]).await;
    let (here, proof) = mira.again(0).await;
    let good = prepare(&here, &proof).await.unwrap();
    let large = |bytes: usize| Opaque(vec![1; bytes]);
    let mut bad = Vec::new();
    let mut with = |change: &dyn Fn(&mut CredentialsChange), status, code| {
        let mut request = good.clone();
        change(&mut request);
        bad.push((request, refused(status, code)));
    };
    with(&|c| c.vault_version = 1, 409, "conflict");
    with(&|c| c.vault_version = 3, 409, "conflict");
    with(&|c| c.identity_key = large(31), 422, "invalid");
    with(&|c| c.vault = large(0), 422, "invalid");
    with(&|c| c.vault = large(shared::ACCOUNT_DATA_BYTES + 1), 413, "too_large");
    with(&|c| c.wrap_recovery = large(5000), 413, "too_large");
    with(&|c| c.statement = Some(large(shared::STATEMENT_BYTES + 1)), 413, "too_large");
    with(&|c| c.key_package = Some(large(shared::KEY_PACKAGE_BYTES + 1)), 413, "too_large");
    with(&|c| c.opaque_upload = large(7), 422, "invalid");
    with(&|c| c.ksf = KsfParams { memory_kib: 8, ..c.ksf }, 422, "invalid");
    for (request, expected) in bad {
        let answer = here.call::<Empty>(path::CREDENTIALS, &request).await.err();
        assert_eq!(answer, Some(expected));
    }
    assert_eq!(mira.session().await.status(), 200, "no session was ended");
    prove_password(&mira.http, "mira").await.expect("the old password works");
    let _: Empty = here.call(path::CREDENTIALS, &good).await.expect("and the proof is not used up");
}

#[tokio::test]
async fn a_stream_opened_while_its_session_ends_does_not_outlive_it() {
    let running = start().await;
    let all = people(&running, ["mira", "jon", "ada", "eve", "kim", "lea", "max", "ben"]).await;
    for (number, person) in (0..).zip(&all) {
        let end = async {
            tokio::time::sleep(Duration::from_micros(150 * number)).await;
            person.log_out().await.status()
        };
        let (opened, ended) = tokio::join!(open(&running.origin, Some(&person.cookie), None), end);
        assert_eq!(ended, 200);
        match opened {
            Ok(mut stream) => assert_eq!(stream.close_code().await, close::NOT_LOGGED_IN),
            Err(Error::Http(answer)) => assert_eq!(answer.status(), 401),
            Err(other) => panic!("{other}"),
        }
    }
}
