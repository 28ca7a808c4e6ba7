//! Accounts, logins, sessions, settings.

use waxwing_wire::{
    admin::{Announce, Level, MakeInvite},
    frame::{AccountDatum, EntryKind, KeyringEntry, Snapshot},
    ids::{DataName, TokenHash},
};

use super::{requests::*, *};
use crate::store::{NewGuest, UserAct};

pub async fn the_first_account_needs_the_setup_token(bench: &mut Bench) {
    let store = &bench.store;
    let (old, token) = (random(), random());
    assert!(store.replace_setup_token(old).await.unwrap());
    assert!(store.replace_setup_token(token).await.unwrap());
    assert!(!store.setup_token_is(old).await.unwrap(), "a new start, a new token");
    assert!(store.setup_token_is(token).await.unwrap());

    let mira = new_account("mira");
    for wrong in [OPEN, Admission::Setup(old)] {
        let refused = store.create_account(mira.clone(), wrong, new_session()).await.unwrap_err();
        assert_eq!(refused, StoreError::SetupLinkInvalid);
    }
    assert!(!store.has_accounts().await.unwrap());
    let session = store.create_account(mira.clone(), Admission::Setup(token), new_session()).await.unwrap();
    let info = SessionInfo {
        account: mira.account,
        username: "mira".into(),
        administrator: true,
        status: AccountStatus::Active,
        totp: true,
        recovery_codes_left: 2,
        guest: false,
    };
    assert_eq!(session.info, info);
    assert!(store.has_accounts().await.unwrap());

    let again = store.create_account(new_account("jon"), Admission::Setup(token), new_session()).await;
    assert_eq!(again.unwrap_err(), StoreError::SetupLinkInvalid, "it works once");
    assert!(!store.setup_token_is(token).await.unwrap());
    assert!(!store.replace_setup_token(random()).await.unwrap(), "no further token once there is an account");
}

pub async fn later_accounts_follow_the_policy(bench: &mut Bench) {
    bench.account("mira").await;
    let closed = Admission::Policy(RegistrationPolicy::Closed, None);
    let refused = bench.store.create_account(new_account("jon"), closed, new_session()).await.unwrap_err();
    assert_eq!(refused, StoreError::RegistrationClosed);
    assert!(!bench.store.username_taken("jon".into()).await.unwrap());
    let session = bench.store.create_account(new_account("jon"), OPEN, new_session()).await.unwrap();
    assert!(!session.info.administrator);
}

pub async fn usernames_and_ids_are_taken_once(bench: &mut Bench) {
    let mira = bench.account("mira").await;
    let refused = bench.store.create_account(new_account("mira"), OPEN, new_session()).await.unwrap_err();
    assert_eq!(refused, StoreError::UsernameTaken);
    let mut jon = new_account("jon");
    jon.account = mira;
    let refused = bench.store.create_account(jon, OPEN, new_session()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)));
    assert!(bench.store.username_taken("mira".into()).await.unwrap());
    assert!(!bench.store.username_taken("jon".into()).await.unwrap());
    let known = bench.store.credentials("mira".into()).await.unwrap().unwrap();
    assert_eq!((known.account, known.totp_last_step), (mira, 100));
    assert_eq!((known.opaque_record.as_slice(), known.totp_secret), (&b"record"[..], Some(secret())));
    assert!(bench.store.credentials("jon".into()).await.unwrap().is_none());
}

pub async fn a_code_is_used_once_and_never_an_older_one(bench: &mut Bench) {
    let mira = bench.account("mira").await;
    let log_in = async |step| bench.store.complete_login(login(mira, step), new_session()).await;
    assert_eq!(log_in(100).await.unwrap_err(), StoreError::ReusedCode, "it confirmed the registration");
    let unlocked = log_in(102).await.unwrap();
    assert_eq!((unlocked.vault, unlocked.vault_version), (Opaque(b"vault".to_vec()), 1));
    assert_eq!(unlocked.wrap_opaque, Opaque(b"wrap".to_vec()));
    assert_eq!(log_in(102).await.unwrap_err(), StoreError::ReusedCode);
    assert_eq!(log_in(101).await.unwrap_err(), StoreError::ReusedCode);
    log_in(103).await.unwrap();

    let (one, other) = tokio::join!(log_in(104), log_in(104));
    assert_eq!([one.is_ok(), other.is_ok()].iter().filter(|ok| **ok).count(), 1, "two at once");
}

pub async fn sessions_end(bench: &mut Bench) {
    let mira = bench.account("mira").await;
    let store = &bench.store;
    let session = new_session();
    store.complete_login(login(mira, 101), session.clone()).await.unwrap();
    let day = 86_400_000;
    let alive = async |at| store.session(session.token, LIFE, NOW_MS + at).await.unwrap();
    let found: Session = alive(0).await.unwrap();
    assert_eq!((found.info.account, found.created_at_ms, found.last_used_at_ms), (mira, NOW_MS, NOW_MS));
    assert!(alive(30 * day - 1).await.is_some());
    assert!(alive(30 * day).await.is_none(), "idle");
    store.touch_session(session.token.id(), NOW_MS + 29 * day).await.unwrap();
    assert!(alive(58 * day).await.is_some(), "used");
    store.touch_session(session.token.id(), NOW_MS + 179 * day).await.unwrap();
    store.touch_session(session.token.id(), NOW_MS).await.unwrap();
    assert!(alive(180 * day - 1).await.is_some(), "the last use never goes back");
    assert!(alive(180 * day).await.is_none(), "in any case");
    assert!(store.session(SessionHash(random()), LIFE, NOW_MS).await.unwrap().is_none());

    let swept = store.sweep_sessions(LIFE, NOW_MS + 60 * day).await.unwrap();
    assert_eq!(swept, 1, "the session of the registration was idle, this one was not");
    assert!(alive(0).await.is_some());
    let by = Caller { session: session.token.id(), ..caller(mira) };
    let end = async |one| store.end_sessions(by, Ended::One(one), NOW_MS).await;
    assert_eq!(end(waxwing_wire::ids::SessionId([9; 16])).await.unwrap_err(), StoreError::NotFound);
    end(by.session).await.unwrap();
    assert!(alive(0).await.is_none());
    assert_eq!(end(by.session).await.unwrap_err(), StoreError::SessionEnded);
}

pub async fn guests_last_as_long_as_they_are_there_or_have_a_place(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, opening(room, 0, 1, None)).await.unwrap();
    let guest = |number: u8| NewGuest {
        account: AccountId([number; 16]),
        identity_key: Opaque(vec![number; 32]),
        vault: sealed("vault"),
        wrap_place: sealed("wrap"),
        token_hash: TokenHash([number; 32]),
    };
    for number in [1, 2] {
        let token = session_of(AccountId([number; 16]));
        let session = NewSession { token, ..new_session() };
        bench.store.create_guest(guest(number), session).await.unwrap();
    }
    let placed = AccountId([1; 16]);
    assert_eq!(bench.commit(placed, joining(room, 1, 2, placed)).await, Ok(2));
    let repeat = async |after_ms| {
        let session = NewSession { now_ms: NOW_MS + after_ms, ..new_session() };
        bench.store.create_guest(guest(2), session).await.map(drop)
    };
    repeat(60_000).await.unwrap();
    assert!(matches!(repeat(600_000).await, Err(StoreError::Conflict(_))), "somebody else knows it by now");
    let day = 86_400_000;
    let sweep = async |now_ms| bench.store.sweep_guests(now_ms - 14 * day, now_ms).await.unwrap();
    assert_eq!(sweep(NOW_MS + day).await, 0);
    assert_eq!(sweep(NOW_MS + day + 60_001).await, 1, "in no room");
    assert_eq!(sweep(NOW_MS + 14 * day).await, 0);
    assert_eq!(sweep(NOW_MS + 14 * day + 1).await, 1);
    assert_eq!(bench.members(mira, room).await, [mira]);
}

pub async fn settings_are_written_once(bench: &mut Bench) {
    assert_eq!(bench.store.setting("x").await.unwrap(), None);
    assert_eq!(bench.store.setting_or_insert("x", vec![1]).await.unwrap(), [1]);
    assert_eq!(bench.store.setting_or_insert("x", vec![2]).await.unwrap(), [1]);
    assert_eq!(bench.store.setting("x").await.unwrap(), Some(vec![1]));
}

pub(super) fn new_password(version: u64) -> NewPassword {
    NewPassword {
        opaque_record: b"new record".to_vec(),
        ksf: KsfParams { memory_kib: 19_456, iterations: 2, parallelism: 1 },
        vault: Opaque(b"new vault".to_vec()),
        vault_version: version,
        wrap_opaque: Opaque(b"new wrap".to_vec()),
        wrap_recovery: Opaque(b"new recovery".to_vec()),
        recovery_token_hash: TokenHash([6; 32]),
    }
}

fn changed(version: u64) -> NewCredentials {
    NewCredentials {
        password: new_password(version),
        identity_key: Opaque(vec![1; 32]),
        statement: None,
        key_package: None,
    }
}

pub async fn credentials_change_at_once_and_end_other_sessions(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let store = &bench.store;
    let old = b"record".to_vec();
    let (kept, other, of_jon) = (new_session(), new_session(), new_session());
    store.complete_login(login(mira, 101), kept.clone()).await.unwrap();
    store.complete_login(login(mira, 102), other.clone()).await.unwrap();
    store.complete_login(login(jon, 101), of_jon.clone()).await.unwrap();
    let by = Caller { session: kept.token.id(), ..caller(mira) };
    for wrong in [0, 1, 3, u64::MAX] {
        let refused = store.change_credentials(by, changed(wrong), NOW_MS).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{wrong}");
    }
    assert_eq!(store.credentials("person0".into()).await.unwrap().unwrap().opaque_record, old);
    let alive = async |token| store.session(token, LIFE, NOW_MS).await.unwrap().is_some();
    assert!(alive(other.token).await, "nothing was changed");

    store.change_credentials(by, changed(2), NOW_MS).await.unwrap();
    let known = store.credentials("person0".into()).await.unwrap().unwrap();
    assert_eq!((known.opaque_record.as_slice(), known.ksf.memory_kib), (&b"new record"[..], 19_456));
    assert_eq!(known.totp_last_step, 102, "codes stay used");
    assert!(alive(kept.token).await && alive(of_jon.token).await);
    assert!(!alive(other.token).await);
    let late = store.complete_login(login(mira, 103), new_session()).await.unwrap_err();
    assert_eq!(late, StoreError::CredentialsChanged, "a login that had begun with the old password");
    let anew = Login { record: b"new record".to_vec(), ..login(mira, 103) };
    let unlocked = store.complete_login(anew, new_session()).await.unwrap();
    assert_eq!((unlocked.vault, unlocked.vault_version), (Opaque(b"new vault".to_vec()), 2));
    assert_eq!(unlocked.wrap_opaque, Opaque(b"new wrap".to_vec()));
}

pub async fn a_new_identity_key_comes_with_its_statement(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    let store = &bench.store;
    done(store.put_key_package(caller(mira), Opaque(vec![1])).await).await.unwrap();
    let session = new_session();
    store.complete_login(login(mira, 101), session.clone()).await.unwrap();
    let by = Caller { session: session.token.id(), ..caller(mira) };
    let idle = NewCredentials { statement: Some(Opaque(vec![99])), ..changed(2) };
    store.change_credentials(by, idle, NOW_MS).await.unwrap();
    let record = store.key_package(mira).await.unwrap().unwrap();
    assert_eq!(record.bytes, Opaque(vec![1]), "the key is the same, so the package stays");
    assert_eq!(record.statements, [], "and there is nothing to state");
    let without = NewCredentials { identity_key: Opaque(vec![2; 32]), ..changed(3) };
    store.change_credentials(by, without, NOW_MS).await.unwrap();
    assert_eq!(store.key_package(mira).await.unwrap(), None, "nobody could use the old one");
    for number in 1..=20_u8 {
        let change = NewCredentials {
            identity_key: Opaque(vec![10 + number; 32]),
            statement: Some(Opaque(vec![number])),
            key_package: Some(Opaque(vec![100 + number])),
            ..changed(3 + u64::from(number))
        };
        store.change_credentials(by, change, NOW_MS).await.unwrap();
    }
    let record = store.key_package(mira).await.unwrap().unwrap();
    assert_eq!((record.bytes, record.identity_key), (Opaque(vec![120]), Opaque(vec![30; 32])));
    let newest: Vec<_> = (5..=20).map(|number| Opaque(vec![number])).collect();
    assert_eq!(record.statements, newest, "the newest sixteen, oldest first");
}

pub async fn sessions_that_ended_write_nothing_more(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let room = bench.room(mira).await;
    bench.commit(mira, commit(room, 0, 1)).await.unwrap();
    let (store, by) = (&bench.store, caller(mira));
    let before = bench.all_of(mira, room).await;
    let other_account = Caller { account: AccountId([9; 16]), ..by };
    let queued = store.put_key_package(other_account, sealed("x")).await;
    assert_eq!(done(queued).await, Err(StoreError::SessionEnded), "a session is of one account");
    store.end_sessions(by, Ended::One(by.session), NOW_MS).await.unwrap();

    let founded = CreateRoom { room: RoomId(random()), parts: parts(0) };
    let datum = AccountDatum { name: DataName([1; 16]), version: 1, bytes: sealed("x") };
    let (epoch, bytes) = (EpochId([1; 32]), sealed("x"));
    let snapshot = Snapshot { epoch, commit: 1, bytes: bytes.clone() };
    let entry = KeyringEntry { epoch: EpochId([7; 32]), commit: 1, bytes };
    let leave = post(room, EntryKind::Leave, "goodbye");
    let announcement = Announce { text: "x".into(), level: Level::Info, expires_at_ms: None };
    let invite = MakeInvite { uses: 1, expires_at_ms: None, note: None };
    let audit = bench.audit();
    let answers = [
        done(store.create_room(by, founded, NOW_MS).await).await,
        done(store.put_snapshot(by, room, snapshot).await).await,
        done(store.put_keyring(by, room, vec![entry]).await).await,
        done(store.put_published(by, candidate(room, 1, 1)).await).await,
        done(store.put_account_data(by, datum).await).await,
        done(store.drop_account_data(by, vec![DataName([1; 16])]).await).await,
        done(store.put_key_package(by, sealed("x")).await).await,
        store.change_credentials(by, changed(2), NOW_MS).await,
        store.put_totp(by, secret(), 500, vec![[9; 32]], NOW_MS).await,
        store.remove_totp(by, NOW_MS).await,
        store.put_recovery_codes(by, vec![[9; 32]], NOW_MS).await,
        store.end_sessions(by, Ended::All, NOW_MS).await,
        store.delete_account(by, NOW_MS).await,
        store.put_report_key(by, sealed("x")).await,
        store.act_on_user(UserAct::Kick, by, jon, String::new(), NOW_MS).await,
        store.remove_room(by, room, String::new(), NOW_MS).await,
        store.remove_entry(by, (room, 1), String::new(), NOW_MS).await,
        done(store.erase(by, room, vec![1]).await).await,
        store.resolve_report(by, 1, true, NOW_MS).await,
        store.announce(by, announcement, NOW_MS).await.map(drop),
        store.withdraw_announcement(by, 1, NOW_MS).await,
        store.put_invite(by, ([1; 32], invite), NOW_MS).await.map(drop),
        store.revoke_invite(by, 1, NOW_MS).await,
        store.put_settings(by, b"{}".to_vec(), Vec::new(), NOW_MS).await,
        store.note_audit_export(by, NOW_MS).await,
        done(store.append_message(by, append(room, 1, "x"), NOW_MS).await).await.map(drop),
        done(store.post(by, leave, NOW_MS).await).await.map(drop),
        done(store.accept_commit(by, commit(room, 1, 2), NOW_MS).await).await.map(drop),
    ];
    assert_eq!(answers, std::array::from_fn(|_| Err(StoreError::SessionEnded)));
    assert_eq!(bench.all_of(mira, room).await, before);
    assert_eq!(bench.audit(), audit, "nothing was done that would be recorded");
    assert_eq!(store.account_data(mira).await.unwrap(), []);
    assert_eq!(store.key_package(mira).await.unwrap(), None);
}

/// Otherwise a device of the thief could put back the key package that the rotation has just replaced.
pub async fn a_rotation_refuses_what_other_sessions_had_queued(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    let (store, kept) = (&bench.store, new_session());
    store.complete_login(login(mira, 101), kept.clone()).await.unwrap();
    let rotated =
        NewCredentials { identity_key: Opaque(vec![2; 32]), key_package: Some(sealed("new")), ..changed(2) };
    let own = Caller { session: kept.token.id(), ..caller(mira) };
    let rotation = store.change_credentials(own, rotated, NOW_MS);
    let late = async {
        // Polled after the rotation, so it waits behind it in the queue.
        done(store.put_key_package(caller(mira), sealed("old")).await).await
    };
    let (rotated, late) = tokio::join!(biased; rotation, late);
    rotated.unwrap();
    assert_eq!(late, Err(StoreError::SessionEnded));
    assert_eq!(store.key_package(mira).await.unwrap().unwrap().bytes, sealed("new"));
    done(store.put_key_package(own, sealed("newer")).await).await.unwrap();
}
