//! Signs of life ("is typing") that nobody gave, or gave elsewhere or earlier.

use std::{cell::RefCell, rc::Rc};

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha20Rng;
use waxwing_client::api::{Intent, Notice};
use waxwing_crypto_core::signal::Signal;
use waxwing_wire::{
    AccountId, Opaque, RoomId,
    frame::{Event, ServerFrame},
};

use crate::scene::{AICHA, JONAS, MIRA, Scene, begin, seeds};

/// Attacks of this class.
const ATTACKS: u64 = 4;

/// How often a device was told that somebody types.
fn told(scene: &Scene, d: usize, who: AccountId) -> usize {
    let typing =
        |notice: &&Notice| matches!(notice, Notice::Typing { account, .. } if *account == who.to_string());
    scene.world.devices[d].notices.iter().filter(typing).count()
}

/// Delivers a signal to everybody in somebody's name.
fn deliver(scene: &mut Scene, room: RoomId, sender: AccountId, bytes: &[u8]) {
    let event = Event::Signal { room, sender, bytes: Opaque(bytes.to_vec()) };
    for account in [MIRA, JONAS, AICHA].map(|d| scene.account(d)) {
        scene.relay.tell(account, &event);
    }
    scene.world.pass(500);
}

/// Somebody types; what the relay passed on is given back, and was believed.
fn types(scene: &mut Scene, d: usize, room: &str) -> Vec<u8> {
    let passed: Rc<RefCell<Vec<u8>>> = Rc::default();
    let seen = passed.clone();
    scene.world.tamper = Some(Box::new(move |delivery, _| {
        if let ServerFrame::Event(Event::Signal { bytes, .. }) = &delivery.frame {
            *seen.borrow_mut() = bytes.0.clone();
        }
        delivery.honest()
    }));
    scene.world.ask(d, Intent::Typing { room: room.to_owned() });
    scene.world.pass(500);
    scene.world.tamper = None;
    passed.take()
}

fn typing(sender: AccountId, at: u64) -> Signal {
    Signal { sender: sender.0.into(), sent_at_ms: at, kind: 1, body: Vec::new() }
}

#[test]
fn signals_in_the_name_of_others() {
    for seed in seeds(ATTACKS) {
        let (mut scene, mut insider) = begin(seed);
        let (mira, aicha, room) = (scene.account(MIRA), scene.account(AICHA), scene.id());
        let now = scene.now_ms;
        let own = insider.signal(&typing(aicha, now + 100));
        let forged = insider.signal(&typing(mira, now + 100));
        deliver(&mut scene, room, mira, &forged);
        deliver(&mut scene, room, mira, &own);
        deliver(&mut scene, room, aicha, &forged);
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut altered = own.clone();
        let at = rng.gen_range(0..altered.len());
        altered[at] ^= 1 << rng.gen_range(0..8);
        deliver(&mut scene, room, aicha, &altered);
        let all = |scene: &Scene| [mira, aicha].map(|who| told(scene, JONAS, who));
        assert_eq!(all(&scene), [0, 0], "seed {seed}");
        deliver(&mut scene, room, aicha, &own);
        assert_eq!(all(&scene), [0, 1], "seed {seed}: her own word counts");
    }
}

#[test]
fn signals_repeated() {
    for seed in seeds(ATTACKS) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let mut scene = Scene::new(seed);
        let (mira, room, name) = (scene.account(MIRA), scene.id(), scene.room.clone());
        let first = types(&mut scene, MIRA, &name);
        assert_eq!(told(&scene, JONAS, mira), 1, "seed {seed}");
        scene.world.pass(rng.gen_range(0..10_000));
        deliver(&mut scene, room, mira, &first);
        assert_eq!(told(&scene, JONAS, mira), 1, "seed {seed}: at once");
        // Nor does it count later, for somebody who has forgotten it.
        scene.world.pass(rng.gen_range(15_000..100_000));
        scene.world.crash(JONAS);
        scene.world.pass(1_000);
        deliver(&mut scene, room, mira, &first);
        assert_eq!(told(&scene, JONAS, mira), 1, "seed {seed}: later");
        let again = types(&mut scene, MIRA, &name);
        assert_eq!(told(&scene, JONAS, mira), 2, "seed {seed}");
        deliver(&mut scene, room, mira, &again);
        deliver(&mut scene, room, mira, &first);
        assert_eq!(told(&scene, JONAS, mira), 2, "seed {seed}: an older one after a newer one");
    }
}

#[test]
fn signals_of_another_room_or_time() {
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::new(seed);
        let (mira, jonas, room, name) =
            (scene.account(MIRA), scene.account(JONAS), scene.id(), scene.room.clone());
        let elsewhere = scene.world.room(MIRA, "Elsewhere");
        let add = Intent::AddMember { room: elsewhere.clone(), account: jonas.to_string() };
        scene.world.call(MIRA, add).expect("an owner may");
        let there = types(&mut scene, MIRA, &elsewhere);
        assert_eq!(told(&scene, JONAS, mira), 1, "seed {seed}");
        deliver(&mut scene, room, mira, &there);
        assert_eq!(told(&scene, AICHA, mira), 0, "seed {seed}");
        assert_eq!(told(&scene, JONAS, mira), 1, "seed {seed}");
        // Said in this room, but in an epoch that is over: as fresh as it is, it does not count for somebody who has forgotten it.
        let kept = types(&mut scene, MIRA, &name);
        let heard = told(&scene, AICHA, mira);
        assert_eq!(heard, 1, "seed {seed}");
        let edit = Intent::EditRoom {
            room: name,
            name: Some("Renamed".into()),
            topic: None,
            history: None,
            avatar: None,
            retention: None,
        };
        scene.world.call(MIRA, edit).expect("an owner may");
        scene.world.crash(AICHA);
        scene.world.pass(1_000);
        deliver(&mut scene, room, mira, &kept);
        assert_eq!(told(&scene, AICHA, mira), heard, "seed {seed}");
    }
}

#[test]
fn signals_after_being_put_out() {
    for seed in seeds(ATTACKS) {
        let (mut scene, mut insider) = begin(seed);
        let (aicha, room) = (scene.account(AICHA), scene.id());
        let heard = insider.signal(&typing(aicha, scene.now_ms));
        deliver(&mut scene, room, aicha, &heard);
        assert_eq!(told(&scene, JONAS, aicha), 1, "seed {seed}: she is a member");
        let remove = Intent::RemoveMember { room: scene.room.clone(), account: aicha.to_string() };
        scene.world.call(MIRA, remove).expect("an owner may");
        let late = insider.signal(&typing(aicha, scene.now_ms));
        deliver(&mut scene, room, aicha, &late);
        let mira = scene.account(MIRA);
        let as_mira = insider.signal(&typing(mira, scene.now_ms));
        deliver(&mut scene, room, mira, &as_mira);
        for d in [MIRA, JONAS] {
            assert!(told(&scene, d, aicha) <= 1 && told(&scene, d, mira) == 0, "seed {seed}, device {d}");
        }
        // Nor is she told anything.
        scene.relay.only_room().members.insert(aicha, 0);
        let name = scene.room.clone();
        types(&mut scene, MIRA, &name);
        assert_eq!(told(&scene, JONAS, mira), 1, "seed {seed}");
        assert_eq!(told(&scene, AICHA, mira), 0, "seed {seed}");
    }
}
