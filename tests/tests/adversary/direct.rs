//! Rooms of two: a third, putting the other one out, and rooms in the name of somebody who did not found them.

use rand::SeedableRng as _;
use rand_chacha::ChaCha20Rng;
use waxwing_client::api::{Failure, Intent, Reply};
use waxwing_crypto_core::{
    account::Vault,
    ids::{self, RoomId as Id},
    room::{
        Change, JoinKind, JoinSecret, LogHead, Room, RoomState, Stamp,
        hostile::{self, Forgery, leaf_of},
    },
};
use waxwing_tests::sim::{Insider, is_changed, relay};
use waxwing_wire::{
    RoomId,
    frame::{Commit, EntryKind, Event, Request, RoomSummary},
};

use crate::scene::{AICHA, JONAS, MIRA, Scene, seeds_for};

/// Attacks of this class.
const ATTACKS: u64 = 3;

/// A room of Mira and Jonas beside the one of all.
fn pair(seed: u64) -> (Scene, String) {
    let mut scene = Scene::new(seed);
    let jonas = scene.account(JONAS).to_string();
    match scene.world.call(MIRA, Intent::CreateDirect { account: jonas, note: None }) {
        Ok(Reply::Room { room }) => {
            scene.world.run();
            let accepted = scene.world.call(JONAS, Intent::AcceptRequest { room: room.clone() });
            assert_eq!(accepted, Ok(Reply::Done));
            scene.world.run();
            (scene, room)
        }
        other => panic!("{other:?}"),
    }
}

/// Uploads a commit; who else reads it refuses it, and both go on.
fn refused(scene: &mut Scene, room: &str, (insider, other): (&Insider, usize), commit: Commit, what: &str) {
    let before = scene.world.devices[other].rooms[room].clone();
    insider.send(&mut scene.world, Request::Commit(Box::new(commit)));
    scene.world.run();
    let after = &scene.world.devices[other].rooms[room];
    assert_eq!((after.members, &after.peer, &after.name), (2, &before.peer, &before.name), "{what}");
    let texts = scene.world.devices[other].texts(room);
    assert_eq!(texts, ["warning refused_commit"], "{what}");
    for (d, text) in [(MIRA, "still we two"), (JONAS, "and nobody else")] {
        scene.world.send(d, room, text);
        scene.world.run();
    }
    for d in [MIRA, JONAS] {
        let texts = scene.world.devices[d].texts(room);
        assert!(texts.ends_with(&["still we two".into(), "and nobody else".into()]), "{what}: {texts:?}");
    }
    assert!(scene.world.devices[AICHA].texts(room).is_empty(), "{what}");
}

#[test]
fn a_third_in_a_room_of_two() {
    for seed in seeds_for(6, ATTACKS) {
        let (mut scene, room) = pair(seed);
        let (author, other) = if seed % 2 == 0 { (JONAS, MIRA) } else { (MIRA, JONAS) };
        let mut insider = Insider::of(&scene.world, author, &room);
        let aicha = scene.account(AICHA);
        let state = insider.room.state().clone();
        let me = insider.account.0.into();
        let world = &scene.world;
        let commit = match seed % 6 / 2 {
            0 => {
                let package = Insider::key_package(world, "aicha").key_package;
                let package = hostile::read_key_package(&package).expect("it is sound");
                insider.forged(world, |_| {}, |b| b.propose_adds([package]))
            }
            // Opened to others: as a group, by a link.
            1 => insider.forged(world, |f| f.state = Some(RoomState::group("Ours", me)), |b| b),
            _ => {
                let secret = JoinSecret::generate(&mut ChaCha20Rng::seed_from_u64(seed));
                let method = secret.method(JoinKind::Link, me).expect("a method");
                let peer = Some(aicha.0.into());
                let state = match seed % 4 < 2 {
                    true => RoomState { joins: vec![method], ..state },
                    false => RoomState { peer, ..state },
                };
                insider.forged(world, |f| f.state = Some(state), |b| b)
            }
        };
        let mut commit = commit.expect("openmls builds it");
        commit.add = vec![aicha];
        refused(&mut scene, &room, (&insider, other), commit, &format!("seed {seed}"));
    }
}

#[test]
fn the_other_one_put_out_of_a_room_of_two() {
    for seed in seeds_for(2, ATTACKS) {
        let (mut scene, room) = pair(seed);
        let (author, other) = if seed % 2 == 0 { (JONAS, MIRA) } else { (MIRA, JONAS) };
        let mut insider = Insider::of(&scene.world, author, &room);
        let leaf = leaf_of(&insider.room, scene.account(other).0.into()).expect("a member");
        let commit = insider.forged(&scene.world, |_| {}, |b| b.propose_removals([leaf]));
        let commit = commit.expect("openmls builds it");
        refused(&mut scene, &room, (&insider, other), commit, &format!("seed {seed}"));
    }
}

/// A Welcome for Jonas into a room of two that says to be founded by Mira. It is made by somebody with this account and these keys.
fn in_the_name_of_mira(scene: &Scene, place: Id, (maker, vault): (ids::AccountId, &Vault)) -> Vec<u8> {
    let (mira, jonas) = (scene.account(MIRA).0.into(), Insider::key_package(&scene.world, "jonas"));
    let direct = RoomState::direct(mira, jonas.account);
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let stamp = Stamp { seen: LogHead::start(place), account_version: 0, now_ms: scene.now_ms };
    let identity = vault.identity();
    if maker == mira {
        let founded = Room::found(identity, mira, place, &direct, scene.now_ms, &mut rng).expect("founded");
        let added = founded.room.commit(identity, Change::Add(jonas), stamp, &mut rng);
        return added.expect("he comes in").welcome.expect("a Welcome");
    }
    // Under another account it takes a changed client: a group that becomes a room of others with the same commit.
    let group = RoomState::group("Ops", maker);
    let founded = Room::found(identity, maker, place, &group, scene.now_ms, &mut rng).expect("founded");
    let package = hostile::read_key_package(&jonas.key_package).expect("it is sound");
    let mut forgery = Forgery::new(&founded.room, identity, stamp);
    forgery.state = Some(direct);
    let made = forgery.commit(|b| b.propose_adds([package]), &mut rng).expect("openmls builds it");
    made.welcome.expect("a Welcome")
}

#[test]
fn a_room_of_two_in_the_name_of_another() {
    for seed in seeds_for(2, ATTACKS) {
        let mut scene = Scene::new(seed);
        let (mira, jonas, aicha) = (scene.account(MIRA), scene.account(JONAS), scene.account(AICHA));
        let room = RoomId([seed as u8; 16]);
        let stranger = Vault::generate(&mut ChaCha20Rng::seed_from_u64(seed));
        let insider = Insider::of(&scene.world, AICHA, &scene.room);
        let impostor: bool = seed % 2 == 0;
        let maker: (ids::AccountId, &Vault) =
            if impostor { (mira.0.into(), &stranger) } else { (aicha.0.into(), &insider.vault) };
        let welcome = in_the_name_of_mira(&scene, room.0.into(), maker);
        // The relay says that there is such a room, and has the Welcome for him.
        let members = [mira, jonas, aicha].map(|account| (account, 0)).into();
        let mut made_up = relay::Room { members, ..relay::Room::default() };
        made_up.welcomes.insert(jonas, welcome.into());
        scene.relay.rooms.insert(room, made_up);
        scene
            .relay
            .tell(jonas, &Event::RoomAdded(RoomSummary { room, last_seq: 0, last_commit: 0, own: None }));
        scene.world.run();
        let shown = scene.world.devices[JONAS].rooms.get(&room.to_string()).cloned();
        // He takes it for a request of hers.
        let _ = scene.world.call(JONAS, Intent::AcceptRequest { room: room.to_string() });
        scene.world.run();
        let send = Intent::text(room.to_string(), "for Mira only".into());
        let sent = scene.world.call(JONAS, send);
        if impostor {
            // He knows Mira by another key: he is told, and nothing goes out.
            assert!(
                matches!(&sent, Err(Failure { code, .. }) if code == "identity_changed"),
                "seed {seed}: {sent:?}"
            );
            assert_eq!(scene.world.devices[JONAS].changed, [(mira.to_string(), false)], "seed {seed}");
            let shown = shown.expect("he is told of the room");
            let hers =
                shown.people.iter().find(|person| person.account == mira.to_string()).expect("she is in it");
            assert!(is_changed(&hers.identity, false), "seed {seed}");
        } else {
            assert!(sent.is_err(), "seed {seed}: {sent:?}");
            let empty = shown.is_none_or(|shown| shown.members == 0 && shown.peer.is_none());
            assert!(empty, "seed {seed}: nothing of that room is shown");
        }
        let log = &scene.world.relay.rooms[&room].log;
        assert!(
            log.iter().all(|entry| entry.kind != EntryKind::Message),
            "seed {seed}: he says nothing there"
        );
    }
}
