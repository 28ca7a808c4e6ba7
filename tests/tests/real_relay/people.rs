//! Accounts and their administrators: recovery, one live session, the desk, reports, the end.

use serde_json::{Value, json};
use waxwing_client::api::{AccountIntent, Body, Connection, Ended, Intent, Notice, Reply};
use waxwing_tests::sim::{code, password};
use waxwing_wire::account::RecoveredTotp;

use crate::{scene::Three, world::World};

const NEW: &str = "quite another long password";

fn log_in(name: &str, password: &str) -> AccountIntent {
    AccountIntent::LogIn { username: name.into(), password: password.into(), device: Some("Firefox".into()) }
}

/// An administrator does something at the desk.
async fn desk(world: &World, d: usize, path: &str, body: Value) -> Value {
    let (status, answer) = world.page(d, &format!("/api/v1/admin/{path}"), Some(body)).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

async fn look(world: &World, d: usize, path: &str) -> Value {
    let (status, answer) = world.page(d, &format!("/api/v1/admin/{path}"), None).await;
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

#[tokio::test]
async fn the_recovery_key_opens_the_whole_history() {
    let mut all = Three::new().await;
    let (mira, jonas, room) = (all.mira, all.jonas, all.room.clone());
    all.joins(jonas).await;
    let mut said = vec!["one"];
    all.talk(jonas, &[mira, jonas], &said).await;
    let (key, _) = all.world.kept["jonas"].clone();

    let fresh = all.world.device();
    let recover = |name: &str, key: &str| AccountIntent::Recover {
        username: name.into(),
        recovery_key: key.into(),
        new_password: NEW.into(),
        device: Some("Phone".into()),
    };
    assert_eq!(all.refused(fresh, recover("mira", &key)).await, "wrong_recovery_key");
    let asked = all.world.call(fresh, recover("jonas", &key)).await;
    assert!(matches!(asked, Ok(Reply::Recovering { totp: true, .. })), "{asked:?}");
    let keep = AccountIntent::FinishRecovery { totp: RecoveredTotp::Keep, code: None };
    let done = all.world.call(fresh, keep).await;
    assert!(matches!(done, Ok(Reply::LoggedIn { .. })), "{done:?}");
    all.world.until("his other session ends", |world| world.devices[jonas].ended == Some(Ended::Ended)).await;
    all.world.connected(fresh).await;
    all.world.all_read(&[fresh], &room, &said).await;
    said.push("two");
    all.talk(fresh, &[mira, fresh], &said).await;
    assert!(all.world.devices[mira].changed.is_empty(), "the keys are the same");

    assert_eq!(all.refused(jonas, log_in("jonas", &password("jonas"))).await, "wrong_credentials");
}

#[tokio::test]
async fn one_session_is_live_and_another_takes_over_when_told_to() {
    let mut all = Three::new().await;
    let (mira, jonas, room) = (all.mira, all.jonas, all.room.clone());
    all.joins(jonas).await;
    desk(&all.world, mira, "settings", json!({ "sessions": "single" })).await;
    let second = all.world.log_in("jonas").await;
    let displaced = |d: usize| move |world: &World| world.devices[d].connection == Connection::Displaced;
    all.world.until("the older is displaced", displaced(jonas)).await;
    let mut said = vec!["one"];
    all.talk(second, &[mira, second], &said).await;

    // Written on the displaced device, it goes out when that goes on.
    all.world.say(jonas, &room, "two").await;
    all.done(jonas, AccountIntent::TakeOver).await;
    all.world.until("the newer is displaced", displaced(second)).await;
    said.push("two");
    all.world.all_read(&[mira, jonas], &room, &said).await;
    // At once again: the relay makes it wait, and the client does that.
    all.done(second, AccountIntent::TakeOver).await;
    all.world.until("the older is displaced again", displaced(jonas)).await;
    all.world.connected(second).await;
    all.world.all_read(&[second], &room, &said).await;
    // Opening the app takes over as well.
    all.world.crash(jonas);
    all.world.connected(jonas).await;
    all.world.until("the newer is displaced again", displaced(second)).await;
    desk(&all.world, mira, "settings", json!({ "sessions": "multi" })).await;
    all.done(second, AccountIntent::TakeOver).await;
    all.world.connected(second).await;
    assert_eq!(all.world.devices[jonas].connection, Connection::Connected);
}

#[tokio::test]
async fn a_report_is_read_at_the_desk_and_the_message_goes() {
    let mut all = Three::new().await;
    let (mira, jonas, aicha, room) = (all.mira, all.jonas, all.aicha, all.room.clone());
    all.joins(jonas).await;
    all.joins(aicha).await;
    let everybody = [mira, jonas, aicha];
    all.talk(jonas, &everybody, &["rude"]).await;
    desk(&all.world, mira, "announcements", json!({ "text": "Be kind.", "level": "info" })).await;
    let announced = |world: &World, d: usize| {
        let last = world.devices[d].notices.iter().rev().find_map(|notice| match notice {
            Notice::Announcements { announcements } => Some(announcements.clone()),
            _ => None,
        });
        last.is_some_and(|all| all.len() == 1 && all[0].text == "Be kind.")
    };
    all.world.until("everybody hears", |world| everybody.iter().all(|d| announced(world, *d))).await;

    let shown = all.world.devices[aicha].shown(&room);
    let item = shown.into_iter().find(|item| matches!(item.body, Body::Text { .. })).unwrap();
    let report = Intent::Report { room: room.clone(), key: item.key.clone(), note: Some("Look.".into()) };
    all.done(aicha, report).await;
    let list = look(&all.world, mira, "reports").await;
    let filed = &list["reports"][0];
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let open = Intent::OpenReport {
        sealed: text(&filed["sealed"]),
        room: room.clone(),
        entry: text(&filed["entry"]),
        sender: text(&filed["sender"]),
        sender_keys: filed["sender_keys"].as_array().unwrap().iter().map(text).collect(),
    };
    match all.world.call(mira, open).await {
        Ok(Reply::Report { account, text, note, valid, .. }) => {
            let jonas = all.world.account(jonas);
            assert_eq!((account, text.as_str(), note.as_str(), valid), (jonas, "rude", "Look.", true));
        }
        other => panic!("{other:?}"),
    }
    let id = filed["id"].as_u64().unwrap();
    desk(&all.world, mira, &format!("reports/{id}/resolve"), json!({ "remove_message": true })).await;
    let removed = |world: &World, d: usize| {
        world.devices[d].shown(&room).iter().any(|item| matches!(item.body, Body::Removed { .. }))
    };
    all.world.until("it is gone", |world| everybody.iter().all(|d| removed(world, *d))).await;
    all.talk(jonas, &everybody, &["sorry"]).await;
    let fresh = all.world.log_in("aicha").await;
    all.world.all_read(&[fresh], &room, &["sorry"]).await;
    assert!(removed(&all.world, fresh));

    // A ban takes effect at once.
    let account = all.world.account(jonas);
    desk(&all.world, mira, &format!("users/{account}/ban"), json!({ "reason": "rude" })).await;
    all.world.until("he is out", |world| world.devices[jonas].ended == Some(Ended::Banned)).await;
}

#[tokio::test]
async fn a_deleted_account_leaves_its_rooms_signed() {
    let mut all = Three::new().await;
    let (mira, jonas, room) = (all.mira, all.jonas, all.room.clone());
    all.joins(jonas).await;
    all.talk(jonas, &[mira, jonas], &["stays"]).await;
    let other = all.world.log_in("jonas").await;
    let fresh = all.world.code("mira").await;
    let last = AccountIntent::DeleteAccount { password: password("mira"), code: Some(fresh) };
    assert_eq!(all.refused(mira, last).await, "last_administrator");
    assert_eq!(all.members(mira), 2, "nobody has left");

    let fresh = all.world.code("jonas").await;
    let delete = AccountIntent::DeleteAccount { password: password("jonas"), code: Some(fresh) };
    all.done(jonas, delete).await;
    all.world
        .until("he is gone everywhere", |world| {
            let gone = |d: usize| {
                world.devices[d].ended == Some(Ended::Deleted) && world.devices[d].store.is_empty()
            };
            gone(jonas) && gone(other) && world.devices[mira].rooms[&room].members == 1
        })
        .await;
    all.world.all_read(&[mira], &room, &["stays"]).await;
    assert_eq!(code(all.world.call(jonas, log_in("jonas", &password("jonas"))).await), "wrong_credentials");
}
