//! Logging in by every way, and several sessions of one account.

use waxwing_client::api::{
    AccountIntent, AccountNotice, Connection, Ended, Failure, Intent, Notice, Reply, SessionEntry, Status,
};
use waxwing_tests::sim::{World, password, relay::CODE};
use waxwing_wire::{
    account::RecoveredTotp,
    frame::{AccountEvent, EndReason, Event},
};

const NEW: &str = "quite another long password";

fn code(result: Result<Reply, Failure>) -> String {
    result.map_or_else(|failure| failure.code, |reply| panic!("{reply:?}"))
}

fn log_in(name: &str, password: &str) -> AccountIntent {
    AccountIntent::LogIn { username: name.into(), password: password.into(), device: None }
}

fn submit(code: &str) -> AccountIntent {
    AccountIntent::SubmitTotp { code: code.into(), device: None }
}

fn recover(name: &str, key: &str) -> AccountIntent {
    let (username, recovery_key) = (name.into(), key.into());
    AccountIntent::Recover {
        username,
        recovery_key,
        new_password: NEW.into(),
        device: Some("Firefox".into()),
    }
}

fn finish(totp: RecoveredTotp, code: Option<&str>) -> AccountIntent {
    AccountIntent::FinishRecovery { totp, code: code.map(str::to_owned) }
}

/// A device of a new account, with its recovery key and codes.
fn register(world: &mut World, name: &str) -> (usize, String, Vec<String>) {
    let d = world.device();
    let register = AccountIntent::Register {
        username: name.into(),
        password: password(name),
        display_name: String::new(),
        setup_token: None,
        invite: None,
    };
    assert!(matches!(world.call(d, register), Ok(Reply::TotpEnrolment { optional: false, .. })));
    match world.call(d, AccountIntent::ConfirmTotp { code: Some(CODE.into()), device: None }) {
        Ok(Reply::Registered { recovery_key, recovery_codes }) => (d, recovery_key, recovery_codes),
        other => panic!("{other:?}"),
    }
}

fn news(world: &World, d: usize) -> Vec<AccountNotice> {
    let notices = world.devices[d].notices.iter();
    let what = |notice: &Notice| match notice {
        Notice::Account { what, .. } => Some(*what),
        _ => None,
    };
    notices.filter_map(what).collect()
}

fn sessions(world: &mut World, d: usize) -> Vec<SessionEntry> {
    match world.call(d, AccountIntent::Sessions) {
        Ok(Reply::Sessions { sessions }) => sessions,
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_recovery_key_alone_opens_everything_and_stays() {
    let mut world = World::new(1);
    let (mira, key, codes) = register(&mut world, "mira");
    let jonas = world.register("jonas");
    let room = world.room(mira, "Ops room");
    let invite = world.invite(mira, &room);
    world.join(jonas, &invite);
    world.send(jonas, &room, "before");
    world.run();

    let fresh = world.device();
    let mistyped = key.replacen(key.chars().next().unwrap(), if key.starts_with('0') { "1" } else { "0" }, 1);
    assert_eq!(code(world.call(fresh, recover("mira", &mistyped))), "bad_recovery_key");
    assert_eq!(code(world.call(fresh, recover("mira", "0123"))), "bad_recovery_key");
    assert_eq!(code(world.call(fresh, recover("jonas", &key))), "wrong_recovery_key");
    assert_eq!(code(world.call(fresh, recover("nobody", &key))), "wrong_recovery_key");
    let weak = AccountIntent::Recover {
        username: "mira".into(),
        recovery_key: key.clone(),
        new_password: "short".into(),
        device: None,
    };
    assert_eq!(code(world.call(fresh, weak)), "weak_password");
    assert!(world.devices[mira].me.is_some(), "nothing of that did anything");

    assert_eq!(code(world.call(fresh, finish(RecoveredTotp::Keep, None))), "wrong_step");
    let asked = world.call(fresh, recover(" Mira", &key.to_lowercase()));
    assert!(matches!(asked, Ok(Reply::Recovering { totp: true, optional: false, .. })), "{asked:?}");
    assert!(world.devices[mira].me.is_some(), "nor did that, yet");
    let done = world.call(fresh, finish(RecoveredTotp::Keep, None));
    assert_eq!(done, Ok(Reply::LoggedIn { recovery_codes: Vec::new(), recovery_codes_left: 10 }));
    assert_eq!(world.devices[fresh].texts(&room), ["before"]);
    assert!(world.devices[mira].me.is_none(), "other sessions end");
    assert_eq!(world.devices[mira].ended, Some(Ended::Ended));
    world.send(fresh, &room, "after");
    world.run();
    assert_eq!(world.devices[jonas].texts(&room), ["before", "after"]);
    assert!(world.devices[jonas].changed.is_empty(), "the keys are the same");

    assert_eq!(code(world.log_in_as(mira, "mira", &password("mira"))), "wrong_credentials");
    assert_eq!(world.log_in_as(mira, "mira", NEW), Ok(Reply::Done));
    assert_eq!(world.devices[mira].texts(&room), ["before", "after"]);
    let again = world.device();
    let asked = world.call(again, recover("mira", &key));
    assert!(matches!(asked, Ok(Reply::Recovering { .. })), "the key stays: {asked:?}");
    assert_eq!(code(world.call(again, finish(RecoveredTotp::New, Some("000000")))), "wrong_code");
    assert_eq!(code(world.call(again, finish(RecoveredTotp::Without, None))), "totp_required");
    match world.call(again, finish(RecoveredTotp::New, Some(CODE))) {
        Ok(Reply::LoggedIn { recovery_codes, recovery_codes_left: 10 }) => {
            assert!(recovery_codes.len() == 10 && recovery_codes.iter().all(|code| !codes.contains(code)));
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(world.devices[again].rolled_back, None);
}

#[test]
fn a_recovery_asks_for_an_authenticator_only_where_there_is_something_to_decide() {
    let mut world = World::new(11);
    world.relay.totp_optional = true;
    let (mira, key, _) = register_without(&mut world, "mira");
    let fresh = world.device();
    let done = world.call(fresh, recover("mira", &key));
    assert_eq!(done, Ok(Reply::LoggedIn { recovery_codes: Vec::new(), recovery_codes_left: 0 }));
    world.run();
    assert!(world.devices[mira].me.is_none());

    world.relay.totp_optional = false;
    let again = world.device();
    let asked = world.call(again, recover("mira", &key));
    assert!(matches!(asked, Ok(Reply::Recovering { totp: false, optional: false, .. })), "{asked:?}");
    assert_eq!(code(world.call(again, finish(RecoveredTotp::Keep, None))), "totp_required");
    assert!(world.devices[fresh].me.is_some(), "nothing was changed");
    let done = world.call(again, finish(RecoveredTotp::New, Some(CODE)));
    assert!(matches!(done, Ok(Reply::LoggedIn { recovery_codes_left: 10, .. })), "{done:?}");
    world.run();
    assert!(world.devices[again].me.as_ref().unwrap().totp);
}

#[test]
fn recovery_codes_stand_in_once_each_and_a_reset_asks_for_a_new_authenticator() {
    let mut world = World::new(2);
    let (_, _, codes) = register(&mut world, "mira");
    assert_eq!(codes.len(), 10);
    let second = world.device();
    assert_eq!(world.call(second, log_in("mira", &password("mira"))), Ok(Reply::TotpRequired));
    let done = world.call(second, submit(&format!(" {} ", codes[0])));
    assert_eq!(done, Ok(Reply::LoggedIn { recovery_codes: Vec::new(), recovery_codes_left: 9 }));
    assert_eq!(world.devices[second].me.as_ref().unwrap().recovery_codes_left, 9);
    let third = world.device();
    world.call(third, log_in("mira", &password("mira"))).unwrap();
    assert_eq!(code(world.call(third, submit(&codes[0]))), "wrong_code", "once");
    assert!(world.call(third, submit(CODE)).is_ok());
    assert_eq!(news(&world, third), [AccountNotice::RecoveryCodeUsed], "told at the next login");

    let mira = world.relay.account_of("mira");
    let account = world.relay.accounts.get_mut("mira").unwrap();
    (account.totp, account.recovery_codes) = (false, Vec::new());
    world.relay.tell(mira, &Event::Account(AccountEvent::TotpReset));
    world.run();
    assert_eq!(news(&world, second), [AccountNotice::TotpReset], "told at once");
    world.relay.tell(mira, &Event::Account(AccountEvent::CodeGuessed));
    world.run();
    assert_eq!(news(&world, second), [AccountNotice::TotpReset, AccountNotice::CodeGuessed]);
    assert!(!world.devices[second].me.as_ref().unwrap().totp);
    let fourth = world.device();
    let asked = world.call(fourth, log_in("mira", &password("mira")));
    assert!(matches!(asked, Ok(Reply::TotpEnrolment { optional: false, .. })), "{asked:?}");
    assert_eq!(code(world.call(fourth, submit("000000"))), "wrong_code");
    match world.call(fourth, submit(CODE)) {
        Ok(Reply::LoggedIn { recovery_codes, recovery_codes_left: 10 }) => {
            assert_eq!(recovery_codes.len(), 10)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_account_may_go_without_an_authenticator_where_that_is_allowed() {
    let mut world = World::new(3);
    world.relay.totp_optional = true;
    let (mira, key, _) = register_without(&mut world, "mira");
    assert!(!world.devices[mira].me.as_ref().unwrap().totp);
    let second = world.device();
    let done = world.call(second, log_in("mira", &password("mira")));
    assert_eq!(done, Ok(Reply::LoggedIn { recovery_codes: Vec::new(), recovery_codes_left: 0 }));

    let start = |code: Option<&str>| AccountIntent::StartNewTotp {
        password: password("mira"),
        code: code.map(str::to_owned),
    };
    let finish = |code: &str| AccountIntent::FinishNewTotp { code: code.into() };
    assert_eq!(code(world.call(mira, finish(CODE))), "wrong_step");
    assert!(matches!(world.call(mira, start(None)), Ok(Reply::TotpEnrolment { .. })));
    assert_eq!(code(world.call(mira, finish("000000"))), "wrong_code");
    let codes = match world.call(mira, finish(CODE)) {
        Ok(Reply::RecoveryCodes { codes }) => codes,
        other => panic!("{other:?}"),
    };
    let me = world.devices[mira].me.clone().unwrap();
    assert_eq!((me.totp, me.recovery_codes_left), (true, 10));
    assert_eq!(
        code(world.call(mira, start(None))),
        "wrong_code",
        "the old one counts until the new one does"
    );

    let renew = AccountIntent::NewRecoveryCodes { password: password("mira"), code: Some(codes[3].clone()) };
    match world.call(mira, renew) {
        Ok(Reply::RecoveryCodes { codes: new }) => assert!(new.iter().all(|code| !codes.contains(code))),
        other => panic!("{other:?}"),
    }
    let remove = AccountIntent::RemoveTotp { password: password("mira"), code: Some(CODE.into()) };
    assert_eq!(world.call(mira, remove), Ok(Reply::Done));
    assert!(!world.devices[mira].me.as_ref().unwrap().totp);
    assert_eq!(
        sessions(&mut world, mira).len(),
        2,
        "to log in again on a device makes no second session there"
    );

    let renew = AccountIntent::NewRecoveryKey { password: password("mira"), code: None };
    let new = match world.call(mira, renew) {
        Ok(Reply::RecoveryKey { recovery_key }) => recovery_key,
        other => panic!("{other:?}"),
    };
    assert!(world.devices[second].me.is_none(), "other sessions end");
    let fresh = world.device();
    assert_eq!(code(world.call(fresh, recover("mira", &key))), "wrong_recovery_key");
    let asked = world.call(fresh, recover("mira", &new));
    assert!(matches!(asked, Ok(Reply::LoggedIn { .. })), "{asked:?}");
}

/// A device of a new account without an authenticator.
fn register_without(world: &mut World, name: &str) -> (usize, String, Vec<String>) {
    let d = world.device();
    let register = AccountIntent::Register {
        username: name.into(),
        password: password(name),
        display_name: String::new(),
        setup_token: None,
        invite: None,
    };
    assert!(matches!(world.call(d, register), Ok(Reply::TotpEnrolment { optional: true, .. })));
    match world.call(d, AccountIntent::ConfirmTotp { code: None, device: None }) {
        Ok(Reply::Registered { recovery_key, recovery_codes }) => {
            assert!(recovery_codes.is_empty());
            (d, recovery_key, recovery_codes)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn sessions_are_listed_and_ended() {
    let mut world = World::new(4);
    let mira = world.register("mira");
    let (second, third) = (world.log_in("mira"), world.log_in("mira"));
    let list = sessions(&mut world, second);
    assert_eq!((list.len(), list.iter().filter(|entry| entry.current && entry.live).count()), (3, 1));
    let first = list.iter().find(|entry| !entry.current).unwrap();
    assert_eq!(world.call(second, AccountIntent::EndSession { id: first.id.clone() }), Ok(Reply::Done));
    assert_eq!(code(world.call(second, AccountIntent::EndSession { id: first.id.clone() })), "not_found");
    assert_eq!(code(world.call(second, AccountIntent::EndSession { id: "no id".into() })), "not_found");
    world.run();
    let gone = [mira, third].into_iter().filter(|d| world.devices[*d].me.is_none()).count();
    assert_eq!(gone, 1);
    assert_eq!(world.call(second, AccountIntent::EndOtherSessions), Ok(Reply::Done));
    world.run();
    for d in [mira, third] {
        assert_eq!((&world.devices[d].me, world.devices[d].ended), (&None, Some(Ended::Ended)));
    }
    assert_eq!(sessions(&mut world, second).len(), 1);
    assert!(world.devices[second].me.is_some());
}

#[test]
fn where_one_session_may_be_live_the_newest_is_and_the_older_takes_over_when_told_to() {
    let mut world = World::new(5);
    world.relay.single = true;
    let mira = world.register("mira");
    let room = world.room(mira, "Ops room");
    let second = world.log_in("mira");
    assert_eq!(world.devices[second].connection, Connection::Connected);
    assert_eq!(world.devices[mira].connection, Connection::Displaced);
    assert!(world.devices[mira].me.is_some(), "the session goes on");
    let create = Intent::CreateRoom { name: "No".into() };
    assert_eq!(code(world.call(mira, create)), "displaced");
    world.send(mira, &room, "written while displaced");
    world.network(mira, false);
    world.network(mira, true);
    world.pass(3_600_000);
    assert_eq!(world.devices[mira].connection, Connection::Displaced, "it does not come back by itself");
    assert_eq!(world.devices[second].connection, Connection::Connected);

    // A connection that is lost and made again displaces nobody.
    world.relay.take_over_wait_s = Some(3);
    assert_eq!(world.call(mira, AccountIntent::TakeOver), Ok(Reply::Done));
    world.run();
    assert_eq!(world.devices[mira].connection, Connection::Connected, "after a wait");
    assert_eq!(world.devices[second].connection, Connection::Displaced);
    assert_eq!(world.devices[mira].texts(&room), ["written while displaced"]);
    world.cut(mira);
    assert_eq!(world.call(second, AccountIntent::TakeOver), Ok(Reply::Done));
    while world.devices[second].connection != Connection::Connected {
        assert!(world.step());
    }
    world.run();
    assert_eq!(world.devices[mira].connection, Connection::Displaced);
    assert_eq!(world.devices[second].texts(&room), ["written while displaced"]);

    // Whoever opens the app is there.
    world.crash(mira);
    world.run();
    assert_eq!(world.devices[mira].connection, Connection::Connected);
    assert_eq!(world.devices[second].connection, Connection::Displaced);
    // Other rules hold with the next greeting.
    world.relay.single = false;
    assert_eq!(world.call(second, AccountIntent::TakeOver), Ok(Reply::Done));
    world.run();
    for d in [mira, second] {
        assert_eq!(world.devices[d].connection, Connection::Connected);
    }
}

#[test]
fn an_account_that_waits_goes_on_by_itself_once_it_is_let_in() {
    let mut world = World::new(6);
    let mira = world.register("mira");
    world.relay.accounts.get_mut("mira").unwrap().pending = true;
    world.crash(mira);
    world.run();
    assert_eq!(world.devices[mira].me.as_ref().unwrap().status, Status::Pending);
    let create = || Intent::CreateRoom { name: "Ops room".into() };
    assert_eq!(code(world.call(mira, create())), "awaiting_approval");
    let id = world.relay.account_of("mira");
    world.relay.accounts.get_mut("mira").unwrap().pending = false;
    world.relay.tell(id, &Event::Account(AccountEvent::Approved));
    world.run();
    assert_eq!(world.devices[mira].me.as_ref().unwrap().status, Status::Active);
    assert_eq!(news(&world, mira), [AccountNotice::Approved]);
    assert!(matches!(world.call(mira, create()), Ok(Reply::Room { .. })));
    // It was let in, or promoted, while this device was away.
    let account = world.relay.accounts.get_mut("mira").unwrap();
    account.administrator = true;
    world.cut(mira);
    world.run();
    assert!(world.devices[mira].me.as_ref().unwrap().administrator);
}

#[test]
fn why_a_session_ends_is_told_and_what_is_gone_is_wiped() {
    let cases = [
        (EndReason::Banned, Ended::Banned, false),
        (EndReason::Kicked, Ended::Kicked, false),
        (EndReason::Expired, Ended::Expired, false),
        (EndReason::Refused, Ended::Refused, true),
        (EndReason::Deleted, Ended::Deleted, true),
    ];
    for (reason, shown, wiped) in cases {
        let mut world = World::new(7);
        let mira = world.register("mira");
        world.room(mira, "Ops room");
        world.relay.end_all("mira", reason);
        // Any call lets the world look at what the relay closed.
        let other = world.device();
        assert!(world.call(other, Intent::ServerInfo).is_err());
        world.run();
        assert_eq!((&world.devices[mira].me, world.devices[mira].ended), (&None, Some(shown)));
        assert_eq!(world.devices[mira].store.is_empty(), wiped, "{shown:?}");
        assert!(!world.devices[mira].store.contains_key("s/unlock"));
    }
}

#[test]
fn a_deleted_account_leaves_its_rooms_signed_and_nothing_behind() {
    let mut world = World::new(8);
    let mira = world.register("mira");
    let jonas = world.register("jonas");
    let room = world.room(mira, "Ops room");
    let invite = world.invite(mira, &room);
    world.join(jonas, &invite);
    world.send(jonas, &room, "stays");
    world.run();
    let other = world.log_in("jonas");
    let account = world.account("jonas");
    let delete = |password: String| AccountIntent::DeleteAccount { password, code: Some(CODE.into()) };
    assert_eq!(code(world.call(jonas, delete(password("mira")))), "wrong_credentials");
    world.relay.accounts.get_mut("jonas").unwrap().administrator = true;
    assert_eq!(code(world.call(jonas, delete(password("jonas")))), "last_administrator");
    assert_eq!(world.devices[jonas].rooms[&room].members, 2, "it has not left");
    world.relay.accounts.get_mut("jonas").unwrap().administrator = false;

    assert_eq!(world.call(jonas, delete(password("jonas"))), Ok(Reply::Done));
    world.run();
    for d in [jonas, other] {
        assert_eq!((&world.devices[d].me, world.devices[d].ended), (&None, Some(Ended::Deleted)));
        assert!(world.devices[d].store.is_empty(), "device {d}");
    }
    assert!(!world.relay.accounts.contains_key("jonas"));
    assert_eq!(world.devices[mira].rooms[&room].members, 1, "the room has heard of it, with a signature");
    assert_eq!(world.devices[mira].texts(&room), ["stays"]);
    assert_ne!(world.person(mira, &room, &account).name, "", "the name of who wrote it stays");
    world.send(mira, &room, "alone");
    world.run();
    let fresh = world.log_in("mira");
    assert_eq!(world.devices[fresh].texts(&room), ["stays", "alone"]);
}
