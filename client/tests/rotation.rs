//! New keys after a compromise: what others see, what survives a crash at any step, and what a thief can no longer do.

use waxwing_client::api::{AccountIntent, Identity, Intent, Notice, Reply, Rollback};
use waxwing_tests::sim::{NEW_PASSWORD as NEW, World, code, is_changed, password, relay::CODE};

fn rotate() -> AccountIntent {
    AccountIntent::Rotate { password: password("mira"), new_password: NEW.into(), code: Some(CODE.into()) }
}

/// Generations of the root keys that an account's objects at the relay are sealed under.
fn generations(world: &mut World) -> Vec<u32> {
    let data = world.relay.data_of("mira").values();
    data.map(|datum| u32::from_be_bytes(*datum.bytes.as_bytes().first_chunk().unwrap())).collect()
}

/// Mira with a room of her own and one of Jonas's; both are in both.
fn two(seed: u64) -> (World, usize, usize, [String; 2], String) {
    let mut world = World::new(seed);
    let mira = world.register("mira");
    let jonas = world.register("jonas");
    let own = world.room(mira, "Mira's");
    let invite = world.invite(mira, &own);
    world.join(jonas, &invite);
    let his = world.room(jonas, "Jonas's");
    let other = world.invite(jonas, &his);
    world.join(mira, &other);
    world.send(jonas, &own, "hello Mira");
    world.send(mira, &his, "hello Jonas");
    world.run();
    (world, mira, jonas, [own, his], invite)
}

#[test]
fn everything_follows_the_new_keys_and_contacts_are_told_once() {
    let (mut world, mira, jonas, rooms, invite) = two(1);
    let [own, his] = &rooms;
    let other = world.log_in("mira");
    let secret = Intent::SetRoomPassword { room: own.clone(), password: None };
    let Ok(Reply::RoomPassword { name, password: spoken }) = world.call(mira, secret) else { panic!() };
    assert!(world.devices[jonas].rooms[own].password);
    let package = world.relay.accounts["mira"].key_package.clone();
    let me = world.account("mira");
    let before = world.safety_number(jonas, &me);

    let done = world.call(mira, rotate());
    assert!(matches!(done, Ok(Reply::Rotated { .. })), "{done:?}");
    world.run();
    assert_eq!(world.devices[jonas].changed, [(me.clone(), true)], "said once, although both rooms show it");
    for room in &rooms {
        assert!(is_changed(&world.person(jonas, room, &me).identity, true));
        assert_eq!(code(world.call(jonas, Intent::text(room.clone(), "x".into()))), "identity_changed");
    }
    assert!(
        generations(&mut world).iter().all(|generation| *generation == 1),
        "nothing is left under the old keys"
    );
    assert_ne!(world.relay.accounts["mira"].key_package, package);

    // The old link is dead, a new one leads in.
    let aicha = world.register("aicha");
    assert_eq!(code(world.call(aicha, Intent::JoinRoom { invite: invite.clone() })), "link_invalid");
    assert!(!world.devices[jonas].rooms[own].password && world.devices[jonas].rooms[own].invite.is_some());
    let by_password = Intent::JoinByPassword { name, password: spoken };
    assert_eq!(code(world.call(aicha, by_password)), "wrong_credentials");
    let again = world.invite(mira, own);
    assert_ne!(again, invite);
    world.join(aicha, &again);
    assert_eq!(world.person(aicha, own, &me).identity, Identity::Known);

    assert_eq!(world.accept_identity(jonas, &me), Ok(Reply::Done));
    world.send(jonas, his, "now I trust you again");
    world.send(mira, own, "thank you");
    world.run();
    let after = world.safety_number(jonas, &me);
    let jonas_id = world.account("jonas");
    assert_ne!(after, before);
    assert_eq!(after, world.safety_number(mira, &jonas_id));

    // The other session was ended, keeps what it held, and goes on with the new password.
    assert!(world.devices[other].me.is_none());
    assert_eq!(code(world.log_in_as(other, "mira", &password("mira"))), "wrong_credentials");
    assert_eq!(world.log_in_as(other, "mira", NEW), Ok(Reply::Done));
    let fresh = world.device();
    assert_eq!(world.log_in_as(fresh, "mira", NEW), Ok(Reply::Done));
    for d in [mira, other, fresh, jonas] {
        assert_eq!(world.devices[d].texts(own), ["hello Mira", "thank you"], "device {d}");
        assert_eq!(world.devices[d].texts(his), ["hello Jonas", "now I trust you again"], "device {d}");
        assert_eq!(world.devices[d].rolled_back, None);
    }
    assert_eq!(world.devices[jonas].changed.len(), 1);
}

#[test]
fn a_rotation_that_is_cut_off_anywhere_goes_on_by_itself() {
    // Two halves at once: every cut is a world of its own, with Argon2id in it.
    std::thread::scope(|scope| {
        [0, 1].map(|first| scope.spawn(move || cut_off(first))).map(|half| half.join().unwrap())
    });
}

/// Cuts the work off after `first` effects, after two more, and so on until it is done.
fn cut_off(first: u32) {
    let (world, mira, jonas, rooms, _) = two(2);
    let me = world.account("mira");
    let saved = world.save();
    let (mut before, mut after) = (0, 0);
    for cut in (first..).step_by(2) {
        let mut world = saved.open(u64::from(cut));
        world.run();
        world.doom = Some((mira, cut));
        let id = world.ask(mira, rotate());
        world.run();
        let finished = world.doom.take().is_some();
        world.run();
        let new = world.relay.accounts["mira"].vault_version == 2;
        before += u32::from(!new);
        after += u32::from(new);
        let told = matches!(world.answer(mira, id), Some(Ok(Reply::Rotated { .. })));
        let later = world.devices[mira].notices.iter().any(|notice| matches!(notice, Notice::Rotated { .. }));
        assert_eq!(told || later, new, "cut {cut}: new keys and a new recovery key, or neither");
        assert!(world.devices[mira].me.is_some() && world.devices[mira].rolled_back.is_none(), "cut {cut}");
        let signed: &[_] = if new { &[(me.clone(), true)] } else { &[] };
        assert_eq!(world.devices[jonas].changed, signed, "cut {cut}");
        let generation = u32::from(new);
        assert!(generations(&mut world).iter().all(|stored| *stored == generation), "cut {cut}");
        if new {
            assert_eq!(world.accept_identity(jonas, &me), Ok(Reply::Done));
        }
        for room in &rooms {
            assert_eq!(world.person(jonas, room, &me).identity, Identity::Known, "cut {cut}");
            world.send(mira, room, "from Mira");
            world.send(jonas, room, "from Jonas");
        }
        world.run();
        for (d, room) in [(mira, &rooms[0]), (mira, &rooms[1]), (jonas, &rooms[0]), (jonas, &rooms[1])] {
            let mut texts = world.devices[d].texts(room);
            texts.sort();
            assert_eq!(&texts[..2], ["from Jonas", "from Mira"], "cut {cut}, device {d}");
            assert_eq!(world.devices[d].rooms[room].trouble, None, "cut {cut}");
        }
        if cut % 16 < 2 && new {
            let fresh = world.device();
            assert_eq!(world.log_in_as(fresh, "mira", NEW), Ok(Reply::Done), "cut {cut}");
            assert_eq!(world.devices[fresh].rolled_back, None, "cut {cut}");
            assert_eq!(world.devices[fresh].texts(&rooms[0]).len(), 3, "cut {cut}");
        }
        if finished {
            break;
        }
    }
    assert!(before > 1 && after > 5, "{before} before, {after} after");
}

#[test]
fn a_rotation_whose_session_ended_before_its_answer_shows_the_recovery_key_after_the_next_login() {
    let (mut world, mira, ..) = two(2);
    world.ask(mira, rotate());
    while world.relay.accounts["mira"].vault_version == 1 {
        assert!(world.step());
    }
    // The browser is closed when the answer arrives; meanwhile every session ends.
    world.doom = Some((mira, 0));
    while world.doom.is_some() {
        assert!(world.step());
    }
    world.relay.end_sessions("mira");
    world.run();
    assert!(world.devices[mira].me.is_none());
    let told = |world: &World| {
        world.devices[mira].notices.iter().filter(|notice| matches!(notice, Notice::Rotated { .. })).count()
    };
    assert_eq!(told(&world), 0);
    assert_eq!(world.log_in_as(mira, "mira", NEW), Ok(Reply::Done));
    world.run();
    assert_eq!(told(&world), 1);
    assert_eq!(world.log_in_as(mira, "mira", NEW), Ok(Reply::Done));
    world.run();
    assert_eq!(told(&world), 1, "it was settled");
}

#[test]
fn a_change_whose_proof_the_relay_hides_is_not_called_signed() {
    let (mut world, mira, jonas, rooms, _) = two(3);
    let me = world.account("mira");
    world.go_away(jonas);
    assert!(world.call(mira, rotate()).is_ok());
    world.relay.accounts.get_mut("mira").unwrap().statements.clear();
    world.wake_up(jonas);
    assert_eq!(world.devices[jonas].changed, [(me.clone(), false)]);
    world.crash(jonas);
    world.run();
    assert!(is_changed(&world.person(jonas, &rooms[0], &me).identity, false));
    let send = Intent::text(rooms[0].clone(), "x".into());
    assert_eq!(code(world.call(jonas, send)), "identity_changed", "after a restart, too");
}

#[test]
fn nobody_is_brought_in_by_a_key_that_was_replaced() {
    let (mut world, mira, jonas, _, _) = two(6);
    let me = world.account("mira");
    let old = world.relay.accounts["mira"].clone();
    assert!(world.call(mira, rotate()).is_ok());
    assert_eq!(world.accept_identity(jonas, &me), Ok(Reply::Done));
    let room = world.room(jonas, "New");
    let add = Intent::AddMember { room: room.clone(), account: me };
    let known = world.relay.accounts["mira"].clone();
    let account = world.relay.accounts.get_mut("mira").unwrap();
    account.key_package.clone_from(&old.key_package);
    account.identity_key.clone_from(&old.identity_key);
    assert_eq!(code(world.call(jonas, add.clone())), "identity_changed");
    let account = world.relay.accounts.get_mut("mira").unwrap();
    account.key_package.clone_from(&known.key_package);
    account.identity_key.clone_from(&known.identity_key);
    assert_eq!(world.call(jonas, add), Ok(Reply::Done));
    assert_eq!(world.devices[jonas].rooms[&room].members, 2);
}

#[test]
fn what_was_written_before_an_identity_changed_waits_for_the_person() {
    let (mut world, mira, jonas, rooms, _) = two(4);
    let me = world.account("mira");
    world.go_away(jonas);
    world.send(jonas, &rooms[0], "written offline");
    assert!(world.call(mira, rotate()).is_ok());
    world.wake_up(jonas);
    assert!(!world.devices[mira].texts(&rooms[0]).contains(&"written offline".to_owned()));
    assert_eq!(world.accept_identity(jonas, &me), Ok(Reply::Done));
    world.run();
    assert!(world.devices[mira].texts(&rooms[0]).contains(&"written offline".to_owned()));
}

/// A thief has everything that a device of Mira's held, and a relay that gives the thief a session.
#[test]
fn a_thief_of_the_old_keys_reads_and_says_nothing_more() {
    let (mut world, mira, jonas, rooms, invite) = two(5);
    let [own, his] = &rooms;
    let me = world.account("mira");
    let stolen = world.devices[mira].stored();
    assert!(world.call(mira, rotate()).is_ok());
    assert_eq!(world.accept_identity(jonas, &me), Ok(Reply::Done));
    world.run();

    let stolen_keys = world.relay.with_session("mira", stolen);
    let thief = world.add(stolen_keys);
    world.run();
    assert_eq!(
        world.devices[thief].rolled_back,
        Some(Rollback::Vault),
        "newer keys exist, and these are not they"
    );
    let data = world.relay.data_of("mira").clone();
    for room in &rooms {
        world.send(mira, room, "after the rotation");
        world.run();
        let id = world.ask(thief, Intent::text(room.clone(), "from the thief".into()));
        world.run();
        let _ = world.answer(thief, id);
        assert!(!world.devices[thief].texts(room).contains(&"after the rotation".to_owned()));
        for d in [mira, jonas] {
            let texts = world.devices[d].texts(room);
            assert!(!texts.contains(&"from the thief".to_owned()), "{texts:?}");
            assert!(!texts.iter().any(|text| text.starts_with("warning")), "{texts:?}");
        }
    }
    assert_eq!(*world.relay.data_of("mira"), data, "and stores nothing over Mira's objects");
    // The link that the thief found leads nowhere, also for an account of the thief's own.
    let mallory = world.register("mallory");
    assert_eq!(code(world.call(mallory, Intent::JoinRoom { invite })), "link_invalid");
    // Nor do the old keys open what a new session stores.
    assert_eq!(code(world.log_in_as(thief, "mira", &password("mira"))), "wrong_credentials");
    world.send(jonas, his, "only for Mira");
    world.send(mira, own, "only for Jonas");
    world.run();
    assert!(world.devices[mira].texts(his).contains(&"only for Mira".to_owned()));
    assert!(world.devices[jonas].texts(own).contains(&"only for Jonas".to_owned()));
}
