//! Sessions and their tokens.

use waxwing_wire::frame::EndReason;

use super::*;

const DAY: u64 = 86_400_000;

pub async fn sessions_are_listed_and_end_one_by_one(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let store = &bench.store;
    let (one, other) = (new_session(), NewSession { device: "phone".into(), ..new_session() });
    store.complete_login(login(mira, 101), one.clone()).await.unwrap();
    store.complete_login(login(mira, 102), other.clone()).await.unwrap();
    store.touch_session(other.token.id(), NOW_MS + 5).await.unwrap();
    let list = async |now_ms| store.sessions(mira, LIFE, now_ms).await.unwrap();
    let listed = list(NOW_MS + 5).await;
    assert_eq!(listed.len(), 3, "with that of the registration");
    let newest = &listed[0];
    assert_eq!((newest.id, newest.device.as_str()), (other.token.id(), "phone"));
    assert_eq!((newest.created_at_ms, newest.last_used_at_ms), (NOW_MS, NOW_MS + 5));
    assert!(list(NOW_MS + 200 * DAY).await.is_empty(), "those that are over are not listed");

    let by = Caller { session: other.token.id(), ..caller(mira) };
    let end = async |by, which| store.end_sessions(by, which, NOW_MS).await;
    assert_eq!(
        end(caller(jon), Ended::One(one.token.id())).await,
        Err(StoreError::NotFound),
        "somebody else's"
    );
    end(by, Ended::One(one.token.id())).await.unwrap();
    assert!(list(NOW_MS).await.iter().all(|session| session.id != one.token.id()));
    end(by, Ended::AllBut(other.token.id())).await.unwrap();
    assert_eq!(list(NOW_MS).await.iter().map(|session| session.id).collect::<Vec<_>>(), [other.token.id()]);
    end(by, Ended::AllBut(other.token.id())).await.expect("nothing is left to end");
    end(by, Ended::All).await.unwrap();
    assert!(list(NOW_MS).await.is_empty());
    assert_eq!(store.sessions(jon, LIFE, NOW_MS).await.unwrap().len(), 1);
}

/// Whoever has stolen a session must not be able to keep the owner, who logs in anew, out with it.
pub async fn a_session_ends_none_that_began_later(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    let store = &bench.store;
    let (older, later) = (caller(mira), NewSession { now_ms: NOW_MS + 1, ..new_session() });
    store.complete_login(login(mira, 101), later.clone()).await.unwrap();
    let newer = Caller { session: later.token.id(), ..older };
    for which in [Ended::One(newer.session), Ended::AllBut(older.session), Ended::All] {
        let refused = store.end_sessions(older, which, NOW_MS + 2).await;
        assert_eq!(refused, Err(StoreError::SessionIsNewer), "{which:?}");
    }
    assert_eq!(store.sessions(mira, LIFE, NOW_MS + 2).await.unwrap().len(), 2, "none has ended");
    store.end_sessions(newer, Ended::AllBut(newer.session), NOW_MS + 3).await.unwrap();
    let left = store.sessions(mira, LIFE, NOW_MS + 3).await.unwrap();
    assert_eq!(left.iter().map(|session| session.id).collect::<Vec<_>>(), [newer.session]);
    assert_eq!(bench.audit(), ["setup", "session_ended"]);
}

pub async fn a_token_works_until_the_next_has_arrived(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    let store = &bench.store;
    let (old, new, third) = (session_of(mira), SessionHash(random()), SessionHash(random()));
    let find = async |token, now_ms| store.session(token, LIFE, now_ms).await.unwrap();
    let renew = async |from, to, now_ms| store.renew_token(old.id(), (from, to), now_ms).await.unwrap();
    assert_eq!(find(old, NOW_MS).await.unwrap().token_at_ms, NOW_MS);
    assert!(renew(old, new, NOW_MS + DAY).await);
    let (by_old, by_new) = (find(old, NOW_MS + DAY).await.unwrap(), find(new, NOW_MS + DAY).await.unwrap());
    assert_eq!((by_old.id, by_new.id), (old.id(), old.id()), "one session");
    assert_eq!((by_old.by_former, by_new.by_former), (true, false));
    assert!(by_old.unconfirmed && by_new.unconfirmed && by_new.token_at_ms == NOW_MS + DAY);
    assert!(find(old, NOW_MS + 9 * DAY).await.is_some(), "the cookie may be lost");
    assert!(renew(old, third, NOW_MS + 9 * DAY).await, "then another one is made");
    assert!(find(new, NOW_MS + 9 * DAY).await.is_none());

    let now_ms = NOW_MS + 10 * DAY;
    store.confirm_token(old.id(), now_ms).await.unwrap();
    store.confirm_token(old.id(), now_ms + DAY).await.unwrap();
    assert!(!find(third, now_ms).await.unwrap().unconfirmed);
    let grace = u64::try_from(crate::limits::FORMER_TOKEN.as_millis()).unwrap();
    assert!(find(old, now_ms + grace - 1).await.is_some());
    assert!(find(old, now_ms + grace).await.is_none(), "the first use counts");
    assert!(!renew(old, new, now_ms).await, "it has arrived: the old one replaces nothing more");
    done(store.put_key_package(caller(mira), Opaque(vec![1])).await).await.expect("streams go on");
}

pub async fn an_account_has_a_bounded_number_of_sessions(bench: &mut Bench) {
    let [mira, jon] = bench.accounts().await;
    let many =
        "INSERT INTO sessions (id, account, token_hash, token_at_ms, former_until_ms, device, created_at_ms,
            last_used_at_ms)
        WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 120)
        SELECT randomblob(16), ?1, randomblob(32), 0, 0, '', ?2, ?2 + n FROM n";
    bench.database().execute(many, rusqlite::params![mira.0, i64::try_from(NOW_MS).unwrap()]).unwrap();
    let new = new_session();
    bench.store.complete_login(login(mira, 101), new.clone()).await.unwrap();
    let left = bench.store.sessions(mira, LIFE, NOW_MS).await.unwrap();
    assert_eq!(left.len(), 100);
    assert!(left.iter().any(|session| session.id == new.token.id()), "the new one stays");
    let others: Vec<_> = left.iter().filter(|session| session.id != new.token.id()).collect();
    assert!(others.iter().all(|session| session.last_used_at_ms > NOW_MS + 21), "the most recently used");
    assert_eq!(bench.store.sessions(jon, LIFE, NOW_MS).await.unwrap().len(), 1);
}

pub async fn streams_hear_that_a_session_expired(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    bench.drain().await;
    assert_eq!(bench.store.sweep_sessions(LIFE, NOW_MS + 30 * DAY).await.unwrap(), 1);
    let expected = (mira, Ended::One(session_of(mira).id()), EndReason::Expired);
    match bench.notices.recv().await {
        Some(Notice::Ended { account, which, reason }) => assert_eq!((account, which, reason), expected),
        other => panic!("{other:?}"),
    }
}

pub async fn accounts_are_seen(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    let session = session_of(mira).id();
    bench.store.touch_session(session, NOW_MS + 7).await.unwrap();
    bench.store.touch_session(session, NOW_MS + 3).await.unwrap();
    let found = bench.store.session(session_of(mira), LIFE, NOW_MS).await.unwrap().unwrap();
    assert_eq!(found.last_used_at_ms, NOW_MS + 7, "it never goes back");
    let seen: i64 =
        bench.database().query_row("SELECT last_seen_at_ms FROM accounts", [], |row| row.get(0)).unwrap();
    assert_eq!(seen, i64::try_from(NOW_MS).unwrap() + 7);
}

pub async fn nobody_banned_has_a_session(bench: &mut Bench) {
    let [mira] = bench.accounts().await;
    bench.database().execute("UPDATE accounts SET status = 2", []).unwrap();
    assert!(bench.store.session(session_of(mira), LIFE, NOW_MS).await.unwrap().is_none());
    let refused = bench.store.complete_login(login(mira, 101), new_session()).await.unwrap_err();
    assert_eq!(refused, StoreError::Banned);
    let used = bench.store.complete_login(login(mira, 100), new_session()).await.unwrap_err();
    assert_eq!(used, StoreError::ReusedCode, "whoever has no code is not told");
}
