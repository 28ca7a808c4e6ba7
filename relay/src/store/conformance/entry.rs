//! How accounts come to be, are got into, and end.

use waxwing_wire::{
    account::NoticeKind,
    frame::{AccountDatum, AccountEvent},
    ids::DataName,
};

use super::{accounts::new_password, requests::*, *};
use crate::store::{RecoveredFactor, Recovery};

impl Bench {
    fn invite(&self, hash: [u8; 32], uses: u32, expires_at_ms: Option<u64>) {
        let sql = "INSERT INTO invites (code_hash, uses_left, expires_at_ms, created_at_ms, note)
            VALUES (?1, ?2, ?3, 0, '')";
        let end = expires_at_ms.map(|end| i64::try_from(end).unwrap());
        self.database().execute(sql, rusqlite::params![hash, uses, end]).unwrap();
    }

    /// Account events and ends that were told since the last look.
    async fn told(&mut self) -> Vec<Notice> {
        self.store.check_writing(NOW_MS).await.unwrap();
        std::iter::from_fn(|| self.notices.try_recv().ok())
            .filter(|notice| !matches!(notice, Notice::Entry { .. } | Notice::Joined { .. }))
            .collect()
    }

    pub(super) fn audit(&self) -> Vec<String> {
        let db = self.database();
        let mut statement = db.prepare("SELECT kind FROM audit ORDER BY seq").unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(|kind| kind.unwrap()).collect()
    }
}

pub async fn accounts_follow_the_policy_and_invites(bench: &mut Bench) {
    use RegistrationPolicy::{Approval, Closed, Invite, Open};
    bench.account("mira").await;
    let (good, over) = ([1; 32], [2; 32]);
    bench.invite(good, 3, Some(NOW_MS + 1));
    bench.invite(over, 3, Some(NOW_MS));
    let valid = async |hash| bench.store.invite_is_valid(hash, NOW_MS).await.unwrap();
    assert!(valid(good).await && !valid(over).await && !valid([3; 32]).await);
    let create = async |name: &str, policy, invite| {
        let account = new_account(name);
        let made =
            bench.store.create_account(account, Admission::Policy(policy, invite), new_session()).await;
        made.map(|session| session.info.status)
    };
    assert_eq!(create("waits", Approval, None).await, Ok(AccountStatus::Pending));
    for policy in [Open, Approval, Invite] {
        let name = format!("with{policy:?}").to_lowercase();
        assert_eq!(create(&name, policy, Some(good)).await, Ok(AccountStatus::Active), "{policy:?}");
    }
    for (policy, invite, refused) in [
        (Invite, None, StoreError::InviteInvalid),
        (Invite, Some(good), StoreError::InviteInvalid),
        (Open, Some(over), StoreError::InviteInvalid),
        (Closed, Some(good), StoreError::RegistrationClosed),
    ] {
        assert_eq!(create("late", policy, invite).await, Err(refused), "{policy:?}");
    }
    assert!(!bench.store.username_taken("late".into()).await.unwrap());
    assert_eq!(bench.audit(), ["setup", "registered", "registered", "registered", "registered"]);
}

/// Anybody can make an account that waits.
pub async fn few_accounts_wait_with_little_and_not_for_ever(bench: &mut Bench) {
    let mira = bench.account("mira").await;
    let approval = Admission::Policy(RegistrationPolicy::Approval, None);
    let jon = new_account("jon");
    let (id, session) = (jon.account, new_session());
    let by = Caller { account: id, session: session.token.id(), frame_bytes: 1 };
    bench.store.create_account(jon, approval, session).await.unwrap();
    let put = async |by, number, bytes| {
        let bytes = Opaque(vec![1; bytes]);
        let datum = AccountDatum { name: DataName([number; 16]), version: 1, bytes };
        done(bench.store.put_account_data(by, datum).await).await
    };
    let half = crate::limits::WAITING_BYTES / 2;
    for number in [1, 2] {
        assert_eq!(put(by, number, half).await, Ok(()));
        assert_eq!(put(caller(mira), number, half).await, Ok(()));
    }
    assert!(matches!(put(by, 3, 1).await, Err(StoreError::LimitReached(_))));
    assert_eq!(put(caller(mira), 3, 1).await, Ok(()), "who is in has more");

    let day = 86_400_000;
    bench.store.sweep_sessions(LIFE, NOW_MS + 30 * day - 1).await.unwrap();
    assert!(bench.store.username_taken("jon".into()).await.unwrap());
    bench.store.sweep_sessions(LIFE, NOW_MS + 30 * day).await.unwrap();
    assert!(!bench.store.username_taken("jon".into()).await.unwrap(), "refused");
    assert!(bench.store.username_taken("mira".into()).await.unwrap());
    assert!(bench.audit().ends_with(&["refused".into()]));

    let many = "INSERT INTO accounts (account, username, skeleton, administrator, status, identity_key, created_at_ms,
            last_seen_at_ms)
        WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1000)
        SELECT randomblob(16), 'w' || n, 'w' || n, 0, 1, zeroblob(32), 0, 0 FROM n";
    bench.database().execute(many, []).unwrap();
    let refused = bench.store.create_account(new_account("ada"), approval, new_session()).await.unwrap_err();
    assert!(matches!(refused, StoreError::LimitReached(_)));
    bench.store.create_account(new_account("ada"), OPEN, new_session()).await.unwrap();
}

pub async fn names_that_look_alike_are_one(bench: &mut Bench) {
    bench.account("corner1").await;
    let taken = async |name: &str| bench.store.username_taken(name.into()).await.unwrap();
    assert!(taken("comer1").await && taken("corner.l").await && taken("admin").await);
    assert!(!taken("corner2").await);
    let refused = bench.store.create_account(new_account("comerl"), OPEN, new_session()).await.unwrap_err();
    assert_eq!(refused, StoreError::UsernameTaken);
}

pub async fn a_second_factor_must_be_that_of_the_account(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    let store = &bench.store;
    let with = async |factor| {
        let login = Login { factor, ..login(mira, 0) };
        store.complete_login(login, new_session()).await.map(|unlocked| unlocked.info.totp)
    };
    let (other, codes) = (Zeroizing::new(vec![3; 20]), vec![[7; 32]]);
    let enrol = Factor::Enrol(other.clone(), 101, codes.clone());
    for stale in [Factor::Nothing, Factor::Code(other.clone(), 101), enrol.clone()] {
        assert_eq!(with(stale).await, Err(StoreError::CredentialsChanged));
    }
    store.remove_totp(caller(mira), NOW_MS).await.unwrap();
    for stale in [Factor::Code(secret(), 101), Factor::Recovery([1; 32])] {
        assert_eq!(with(stale).await, Err(StoreError::CredentialsChanged));
    }
    assert_eq!(with(Factor::Nothing).await, Ok(false));
    assert_eq!(with(enrol.clone()).await, Ok(true));
    assert_eq!(with(enrol).await, Err(StoreError::CredentialsChanged), "once");
    assert_eq!(with(Factor::Code(other.clone(), 101)).await, Err(StoreError::ReusedCode));
    assert_eq!(with(Factor::Code(other, 102)).await, Ok(true));
    assert_eq!(with(Factor::Recovery(codes[0])).await, Ok(true));
}

pub async fn a_recovery_code_is_used_once_and_told(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    bench.told().await;
    let store = &bench.store;
    let with = async |account, hash| {
        let login = Login { factor: Factor::Recovery(hash), ..login(account, 0) };
        store.complete_login(login, new_session()).await
    };
    assert_eq!(with(mira, [9; 32]).await.unwrap_err(), StoreError::WrongCode);
    let unlocked = with(mira, [1; 32]).await.unwrap();
    assert_eq!((unlocked.info.recovery_codes_left, unlocked.notices.len()), (1, 0));
    assert_eq!(with(mira, [1; 32]).await.unwrap_err(), StoreError::WrongCode);
    let next = store.complete_login(login(mira, 101), new_session()).await.unwrap();
    let told: Vec<_> = next.notices.iter().map(|notice| (notice.what, notice.at_ms)).collect();
    assert_eq!(told, [(NoticeKind::RecoveryCodeUsed, NOW_MS)]);
    let last = store.complete_login(login(mira, 102), new_session()).await.unwrap();
    assert!(last.notices.is_empty());
    with(jon, [1; 32]).await.expect("codes of one account are nothing to another");
    let events = bench.told().await.into_iter().map(|notice| match notice {
        Notice::Account { account, event } => (account, event),
        other => panic!("{other:?}"),
    });
    assert_eq!(
        events.collect::<Vec<_>>(),
        [mira, jon].map(|account| (account, AccountEvent::RecoveryCodeUsed))
    );
    assert!(bench.audit().ends_with(&["recovery_code_used".into(), "recovery_code_used".into()]));
}

pub async fn authenticators_are_replaced_and_removed(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    let store = &bench.store;
    let other = Zeroizing::new(vec![3; 20]);
    store.put_totp(caller(mira), other.clone(), 50, vec![[7; 32], [8; 32], [9; 32]], NOW_MS).await.unwrap();
    let known = store.credentials("person0".into()).await.unwrap().unwrap();
    assert_eq!((known.totp_secret, known.totp_last_step), (Some(other), 50), "its own steps count");
    let left = async || store.session(session_of(mira), LIFE, NOW_MS).await.unwrap().unwrap().info;
    assert_eq!(left().await.recovery_codes_left, 3, "the old codes are dead");
    store.put_recovery_codes(caller(mira), vec![[4; 32]], NOW_MS).await.unwrap();
    assert_eq!(left().await.recovery_codes_left, 1);
    store.remove_totp(caller(mira), NOW_MS).await.unwrap();
    let info = left().await;
    assert_eq!((info.totp, info.recovery_codes_left), (false, 0));
    let refused = store.put_recovery_codes(caller(mira), vec![[4; 32]], NOW_MS).await;
    assert!(matches!(refused, Err(StoreError::Invalid(_))), "they stand in for nothing");
    assert_eq!(bench.audit(), ["setup", "totp_changed", "recovery_codes_made", "totp_removed"]);
}

pub async fn whoever_holds_the_recovery_key_takes_the_account_back(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    bench.told().await;
    let store = &bench.store;
    let known = store.recoverable("person0".into(), TokenHash([5; 32])).await.unwrap().unwrap();
    assert_eq!(
        (known.account, known.recovery_token_hash, known.vault_version),
        (mira, TokenHash([5; 32]), 1)
    );
    for (name, hash) in [("nobody", 5), ("nobody", 0), ("person0", 6)] {
        assert!(
            store.recoverable(name.into(), TokenHash([hash; 32])).await.unwrap().is_none(),
            "{name} {hash}"
        );
    }
    let recover = async |hash: u8, version| {
        let (token_hash, password) = (TokenHash([hash; 32]), new_password(version));
        let factor = RecoveredFactor::Keep { required: true };
        let recovery = Recovery { account: mira, token_hash, password, factor };
        store.recover_account(recovery, new_session()).await
    };
    assert_eq!(recover(9, 2).await.unwrap_err(), StoreError::CredentialsChanged, "another key");
    assert!(matches!(recover(5, 3).await.unwrap_err(), StoreError::Conflict(_)));
    assert!(store.session(session_of(mira), LIFE, NOW_MS).await.unwrap().is_some(), "nothing was changed");
    let unlocked = recover(5, 2).await.unwrap();
    assert_eq!((unlocked.vault, unlocked.vault_version), (Opaque(b"new vault".to_vec()), 2));
    assert!(store.session(session_of(mira), LIFE, NOW_MS).await.unwrap().is_none());
    assert_eq!(store.sessions(mira, LIFE, NOW_MS).await.unwrap().len(), 1, "the new one");
    assert_eq!(recover(5, 3).await.unwrap_err(), StoreError::CredentialsChanged, "the key has changed");
    let told = bench.told().await;
    assert!(matches!(told[..], [Notice::Ended { which: Ended::All, .. }]), "{told:?}");
    assert_eq!(bench.audit(), ["setup", "recovered"]);
}

pub async fn an_account_is_deleted_with_all_that_is_its_own(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let (shared, own) = (bench.room(jon).await, bench.room(jon).await);
    bench.commit(jon, adding(shared, 0, 1, mira)).await.unwrap();
    bench.commit(jon, opening(own, 0, 1, None)).await.unwrap();
    done(bench.store.put_key_package(caller(jon), sealed("package")).await).await.unwrap();
    bench.told().await;
    bench.store.delete_account(caller(jon), NOW_MS).await.unwrap();
    let told = bench.told().await;
    let gone = |notice: &Notice| matches!(notice, Notice::Gone { account, room } if (*account, *room) == (jon, shared));
    assert_eq!(told.iter().filter(|notice| gone(notice)).count(), 1, "{told:?}");
    assert!(!told.iter().any(|notice| matches!(notice, Notice::Gone { room, .. } if *room == own)));
    assert!(told.iter().any(|notice| matches!(notice, Notice::Ended { which: Ended::All, .. })));

    let store = &bench.store;
    assert_eq!(bench.members(mira, shared).await, [mira]);
    assert_eq!(store.entries_after(mira, shared, 0, 9).await.unwrap().last_seq, 1);
    assert_eq!(store.key_package(jon).await.unwrap(), None);
    assert_eq!(store.session(session_of(jon), LIFE, NOW_MS).await.unwrap().map(|found| found.id), None);
    assert!(store.credentials("person1".into()).await.unwrap().is_none());
    let by_link = store.join_info(own, proof(), u64::MAX, NOW_MS).await.unwrap_err();
    assert_eq!(by_link, StoreError::LinkInvalid, "nobody comes into a room that nobody is in");
    assert!(
        store.username_taken("person1".into()).await.unwrap()
            && store.username_taken("pers0n.l".into()).await.unwrap()
    );
    let late = done(store.put_key_package(caller(jon), sealed("x")).await).await;
    assert_eq!(late, Err(StoreError::SessionEnded));
    let same_id = NewAccount { account: jon, ..new_account("somebody") };
    let refused = store.create_account(same_id, OPEN, new_session()).await.unwrap_err();
    assert!(matches!(refused, StoreError::Conflict(_)), "others still know the id as his");
    assert_eq!(bench.audit(), ["setup", "registered", "account_deleted"]);
}

pub async fn the_last_administrator_is_not_deleted(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    assert_eq!(bench.store.delete_account(caller(mira), NOW_MS).await, Err(StoreError::LastAdministrator));
    assert!(bench.store.session(session_of(mira), LIFE, NOW_MS).await.unwrap().is_some());
    assert_eq!(bench.audit(), ["setup", "registered"], "what was refused is not recorded");
    bench.store.delete_account(caller(jon), NOW_MS).await.unwrap();
    bench.store.delete_account(caller(mira), NOW_MS).await.expect("there is nobody else");
    assert!(!bench.store.has_accounts().await.unwrap());
}

pub async fn refused_codes_are_recorded_and_told_so_often(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    bench.told().await;
    for _ in 0..60 {
        bench.store.record_refused_codes(mira, NOW_MS).await.unwrap();
    }
    let told = bench.told().await;
    let event = |notice: &Notice| matches!(notice, Notice::Account { account, event: AccountEvent::CodeGuessed } if *account == mira);
    assert!(told.len() == 60 && told.iter().all(event));
    assert_eq!(bench.audit().iter().filter(|kind| *kind == "codes_refused").count(), 51);
    let unlocked = bench.store.complete_login(login(mira, 1_000_000), new_session()).await.unwrap();
    let kinds: Vec<_> = unlocked.notices.iter().map(|notice| notice.what).collect();
    assert_eq!(kinds, [NoticeKind::CodeGuessed]);
}

pub async fn refused_logins_are_recorded(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    for name in ["person0", "nobody"] {
        bench.store.record_refused_logins(name.into(), NOW_MS).await.unwrap();
    }
    let db = bench.database();
    let mut statement =
        db.prepare("SELECT target, detail FROM audit WHERE kind = 'login_refused' ORDER BY seq").unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    let rows: Vec<(String, String)> = rows.map(|row| row.unwrap()).collect();
    let targets: Vec<_> = rows.into_iter().map(|(target, _)| target).collect();
    assert_eq!(targets, [format!("account:{mira}")], "names that nobody has are not listed");
}
