//! Rooms: ways in, roles, ways out.

use waxwing_client::api::{Intent, Notice, Reply, Role};

use crate::{
    scene::{Three, room},
    world::World,
};

#[tokio::test]
async fn a_link_a_welcome_roles_and_ways_out() {
    let mut all = Three::new().await;
    let (mira, jonas, aicha, room) = (all.mira, all.jonas, all.aicha, all.room.clone());
    let mut said = vec!["before"];
    all.talk(mira, &[mira], &said).await;

    // By link, and by a Welcome.
    all.joins(jonas).await;
    said.push("hello from Jonas");
    all.talk(jonas, &[mira, jonas], &said).await;
    all.done(mira, Intent::AddMember { room: room.clone(), account: all.world.account(aicha) }).await;
    all.world.all_read(&[aicha], &room, &said).await;
    said.push("hello from Aicha");
    all.talk(aicha, &[mira, jonas, aicha], &said).await;
    let second = all.world.log_in("mira").await;
    all.world.all_read(&[second], &room, &said).await;

    // A moderator may put out, and the relay agrees.
    let set = |account, role| Intent::SetRole { room: room.clone(), account, role };
    let remove = |account| Intent::RemoveMember { room: room.clone(), account };
    let [of_mira, of_jonas, of_aicha] = [mira, jonas, aicha].map(|d| all.world.account(d));
    assert_eq!(all.refused(jonas, remove(of_aicha.clone())).await, "not_allowed");
    all.done(mira, set(of_jonas.clone(), Role::Moderator)).await;
    all.world
        .until("Jonas is a moderator", |world| {
            world.devices[jonas].rooms[&room]
                .people
                .iter()
                .any(|person| person.account == of_jonas && person.role == Role::Moderator)
        })
        .await;
    assert_eq!(all.refused(jonas, remove(of_mira.clone())).await, "not_allowed");
    all.done(jonas, remove(of_aicha.clone())).await;
    all.world.until("Aicha is told", |world| world.devices[aicha].rooms[&room].trouble.is_some()).await;
    let heard = said.clone();
    said.push("without Aicha");
    all.talk(mira, &[mira, second, jonas], &said).await;
    assert_eq!(all.world.devices[aicha].texts(&room), heard);
    let dead = Intent::JoinRoom { invite: all.invite.clone() };
    assert_eq!(all.refused(aicha, dead).await, "link_invalid");

    // Back by a Welcome, with all that was said meanwhile.
    all.done(mira, Intent::AddMember { room: room.clone(), account: of_aicha.clone() }).await;
    all.world.all_read(&[aicha], &room, &said).await;
    said.push("Aicha again");
    all.talk(aicha, &[mira, second, jonas, aicha], &said).await;

    // An owner hands over and leaves.
    let leave = Intent::LeaveRoom { room: room.clone() };
    assert_eq!(all.refused(mira, leave.clone()).await, "not_allowed");
    all.done(mira, set(of_jonas.clone(), Role::Owner)).await;
    assert_eq!((all.role(mira, jonas), all.role(mira, mira)), (Role::Owner, Role::Owner));
    all.done(mira, leave).await;
    let gone = |world: &World, d: usize| !world.devices[d].rooms.contains_key(&room);
    all.world.until("Mira is out", |world| gone(world, mira) && gone(world, second)).await;
    let out = |world: &World, d: usize| world.devices[d].rooms[&room].members == 2;
    all.world.until("others put her out", |world| out(world, jonas) && out(world, aicha)).await;
    said.push("Mira left");
    all.talk(aicha, &[jonas, aicha], &said).await;
    assert_eq!((all.members(jonas), all.role(aicha, jonas)), (2, Role::Owner));
    for d in [mira, second] {
        assert!(
            !all.world.devices[d].store.keys().any(|key| key.contains(&room)),
            "device {d} keeps nothing"
        );
    }
}

#[tokio::test]
async fn rooms_of_two_passwords_and_who_is_typing() {
    let mut all = Three::new().await;
    let (mira, jonas, aicha, group) = (all.mira, all.jonas, all.aicha, all.room.clone());
    let second = all.world.log_in("jonas").await;
    let [of_mira, of_jonas] = [mira, jonas].map(|d| all.world.account(d));

    // There is one room of two, whoever asks.
    let with = |account: &str| Intent::CreateDirect { account: account.into(), note: None };
    let direct = room(all.world.call(mira, with(&of_jonas)).await);
    let known =
        |world: &World, d: usize| world.devices[d].rooms.get(&direct).is_some_and(|room| room.members == 2);
    all.world.until("Jonas is in", |world| known(world, jonas) && known(world, second)).await;
    assert_eq!(room(all.world.call(jonas, with(&of_mira)).await), direct);
    let accepted = |world: &World| world.devices[second].rooms.get(&direct).is_some_and(|room| !room.request);
    all.world.until("his other device knows that he accepted", accepted).await;
    all.world.say(mira, &direct, "psst").await;
    all.world.all_read(&[mira, jonas, second], &direct, &["psst"]).await;
    all.world.say(second, &direct, "yes?").await;
    all.world.all_read(&[mira, jonas, second], &direct, &["psst", "yes?"]).await;
    let names = [mira, second].map(|d| all.world.devices[d].rooms[&direct].name.clone());
    assert_eq!(names, ["JONAS", "MIRA"]);

    // In by name and password, and by nothing else.
    let mut said = vec!["before"];
    all.talk(mira, &[mira], &said).await;
    let set = |password: Option<&str>| Intent::SetRoomPassword {
        room: group.clone(),
        password: password.map(str::to_owned),
    };
    let Ok(Reply::RoomPassword { name, password }) = all.world.call(mira, set(None)).await else { panic!() };
    let typed =
        |password: &str| Intent::JoinByPassword { name: name.to_uppercase(), password: password.into() };
    assert_eq!(all.refused(jonas, typed("amber tulip")).await, "wrong_credentials");
    let elsewhere = Intent::JoinByPassword { name: "Another room 1234".into(), password: password.clone() };
    assert_eq!(all.refused(jonas, elsewhere).await, "wrong_credentials");
    assert_eq!(room(all.world.call(jonas, typed(&password)).await), group);
    said.push("the password works");
    all.talk(jonas, &[mira, jonas, second], &said).await;
    let chosen = "correct horse battery staple";
    let Ok(Reply::RoomPassword { name: again, .. }) = all.world.call(mira, set(Some(chosen))).await else {
        panic!()
    };
    let old = Intent::JoinByPassword { name: again.clone(), password };
    assert_eq!(all.refused(aicha, old).await, "wrong_credentials");
    let new = Intent::JoinByPassword { name: again, password: chosen.into() };
    assert_eq!(room(all.world.call(aicha, new).await), group);
    said.push("so does the new one");
    all.talk(aicha, &[mira, jonas, second, aicha], &said).await;

    // Others hear who is typing, on all of their devices; the one who types does not.
    all.done(jonas, Intent::Typing { room: group.clone() }).await;
    let told = Notice::Typing { room: group.clone(), account: of_jonas };
    let heard =
        |world: &World, d: usize| world.devices[d].notices.iter().filter(|notice| **notice == told).count();
    all.world.until("they hear it", |world| heard(world, mira) == 1 && heard(world, aicha) == 1).await;
    all.done(jonas, Intent::Typing { room: group.clone() }).await;
    said.push("typed");
    all.talk(jonas, &[mira, jonas, second, aicha], &said).await;
    assert_eq!([mira, jonas, second, aicha].map(|d| heard(&all.world, d)), [1, 0, 0, 1]);
}
