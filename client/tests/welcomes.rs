//! What a Welcome or a statement about a successor may lead to: those of members who were put out, of strangers, and of members who mean
//! harm.

use std::{cell::RefCell, rc::Rc};

use waxwing_client::api::{Body, Intent, Reply, Role};
use waxwing_tests::sim::{Insider, World};
use waxwing_wire::{
    AccountId, EntryId, Opaque, RoomId,
    frame::{EntryKind, Event, LogEntry, Post, Request, Response, ServerFrame},
};

const NAMES: [&str; 3] = ["mira", "jonas", "aicha"];

/// A room of three.
struct Three {
    world: World,
    mira: usize,
    jonas: usize,
    aicha: usize,
    room: String,
}

impl Three {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let [mira, jonas, aicha] = NAMES.map(|name| world.register(name));
        let room = world.room(mira, "Ops room");
        let mut all = Self { world, mira, jonas, aicha, room };
        for d in [jonas, aicha] {
            let add = Intent::AddMember { room: all.room.clone(), account: all.account(d) };
            assert_eq!(all.world.call(mira, add), Ok(Reply::Done));
        }
        all.say(aicha, "before");
        all
    }

    fn account(&self, d: usize) -> String {
        self.world.devices[d].me.as_ref().expect("logged in").account.clone()
    }

    fn id(&self, d: usize) -> AccountId {
        self.account(d).parse().expect("an id")
    }

    fn say(&mut self, d: usize, text: &str) {
        self.world.send(d, &self.room, text);
        self.world.run();
    }

    fn place(&self) -> RoomId {
        self.room.parse().expect("an id")
    }

    fn rejoins(&self) -> usize {
        let log = &self.world.relay.rooms[&self.place()].log;
        log.iter().filter(|entry| entry.kind == EntryKind::Rejoin).count()
    }

    fn trouble(&self, d: usize) -> Option<String> {
        self.world.devices[d].rooms[&self.room].trouble.clone()
    }

    fn members(&self, d: usize) -> u32 {
        self.world.devices[d].rooms[&self.room].members
    }

    /// These hear each other, on new devices as well.
    fn talk(&mut self, devices: &[usize], names: &[&str], what: &str) {
        for d in devices {
            self.say(*d, &format!("{what} from {d}"));
        }
        let fresh: Vec<usize> = names.iter().map(|name| self.world.log_in(name)).collect();
        let said = self.world.devices[devices[0]].texts(&self.room);
        for d in devices.iter().chain(&fresh) {
            let heard = self.world.devices[*d].texts(&self.room);
            let last = |texts: &[String]| texts[texts.len() - devices.len()..].to_vec();
            assert_eq!(last(&heard), last(&said), "{what}, device {d}");
            assert_eq!(self.trouble(*d), None, "{what}, device {d}");
        }
    }
}

/// Entries on their way to a device.
fn entries(frame: &mut ServerFrame) -> Vec<&mut LogEntry> {
    match frame {
        ServerFrame::Event(Event::Entry { entry, .. }) => vec![entry],
        ServerFrame::Response { response: Response::Entries { entries, .. }, .. } => {
            entries.iter_mut().collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn whoever_was_put_out_takes_nobody_into_a_branch() {
    for seed in 0..3 {
        let mut all = Three::new(seed);
        let (victim, mira) = (all.id(all.aicha), all.id(all.mira));
        let package = Insider::key_package(&all.world, "aicha");
        let mut jonas = Insider::of(&all.world, all.jonas, &all.room);
        let spoils_after = jonas.after;
        let now_ms = all.world.now_ms;
        let asked: Rc<RefCell<Option<Vec<u8>>>> = Rc::default();
        let mut branch: Option<Opaque> = None;
        // The relay spoils the tag of the commit that puts Jonas out, for the victim only; and serves the Welcome that Jonas makes in the
        // epoch before.
        all.world.tamper = Some(Box::new(move |delivery, _| {
            let mut delivery = delivery.clone();
            for entry in entries(&mut delivery.frame) {
                if entry.kind == EntryKind::Rejoin && entry.sender == victim {
                    asked.borrow_mut().get_or_insert(entry.bytes.0.clone());
                }
                let concerned = delivery.account == victim && entry.kind == EntryKind::Commit;
                if concerned && entry.sender == mira && entry.after == spoils_after {
                    entry.bytes = jonas.spoil_tag(mira, entry.bytes.as_bytes()).into();
                }
            }
            if let (Some(request), None) = (asked.borrow().clone(), &branch) {
                branch = jonas.welcome_back(&package, request, now_ms).map(Opaque);
            }
            if let ServerFrame::Response { response: Response::Welcomes(welcomes), .. } = &mut delivery.frame
                && delivery.account == victim
                && branch.is_some()
            {
                *welcomes = branch.iter().cloned().collect();
            }
            delivery.honest()
        }));
        let remove = Intent::RemoveMember { room: all.room.clone(), account: all.account(all.jonas) };
        assert_eq!(all.world.call(all.mira, remove), Ok(Reply::Done));
        all.world.run();
        assert!(all.trouble(all.aicha).is_some_and(|why| why.contains("shuts you out")), "seed {seed}");
        let send = Intent::text(all.room.clone(), "for Mira only".into());
        assert!(all.world.call(all.aicha, send).is_err(), "seed {seed}");
        let asked = all.rejoins();
        assert!((1..=8).contains(&asked), "asked {asked} times");
        all.world.pass(3_600_000);
        assert_eq!(all.rejoins(), asked, "it is not asked without end");
        all.world.behave();
        all.talk(&[all.mira, all.aicha], &["mira", "aicha"], &format!("seed {seed}"));
        assert_eq!(all.members(all.aicha), 2);
    }
}

#[test]
fn a_stranger_makes_no_room_that_the_account_knows() {
    let mut all = Three::new(10);
    let dora = all.world.register("dora");
    let own = all.world.room(dora, "Mine");
    let mut insider = Insider::of(&all.world, dora, &own);
    let (victim, place) = (all.id(all.aicha), all.place());
    let packages = NAMES.map(|name| Insider::key_package(&all.world, name)).into();
    let welcome = insider.welcome_to(&all.world, place, packages);
    all.world.go_away(all.aicha);
    all.world.tamper = Some(Box::new(move |delivery, _| {
        let mut delivery = delivery.clone();
        if let (true, ServerFrame::Response { response, .. }) =
            (delivery.account == victim, &mut delivery.frame)
        {
            match (&delivery.request, response) {
                (Some(Request::Snapshot { .. }), Response::Snapshot(snapshot)) => *snapshot = None,
                (Some(Request::Welcome(_)), Response::Welcomes(given)) => {
                    *given = vec![welcome.clone().into()]
                }
                _ => {}
            }
        }
        delivery.honest()
    }));
    // A new device holds nothing of the room.
    let fresh = all.world.log_in("aicha");
    assert!(all.trouble(fresh).is_some_and(|why| why.contains("lost this account's state")));
    assert_eq!(all.members(fresh), 0, "nothing of the made up room is shown");
    all.world.behave();
    all.world.crash(fresh);
    all.world.wake_up(all.aicha);
    all.talk(&[all.mira, all.jonas, all.aicha, fresh], &NAMES, "after the stranger");
}

/// With Dora, who is asleep, as a fourth: Aicha shuts Jonas out, and Mira under the same node of the tree, and lets Jonas in again with a
/// Welcome that is rubbish.
fn let_in_by_rubbish(all: &mut Three) -> usize {
    let dora = all.world.register("dora");
    let add = Intent::AddMember { room: all.room.clone(), account: all.account(dora) };
    assert_eq!(all.world.call(all.mira, add), Ok(Reply::Done));
    all.world.run();
    all.world.go_away(dora);
    let mut insider = Insider::of(&all.world, all.aicha, &all.room);
    all.world.go_away(all.aicha);
    let poisoned = insider.shuts_out(&all.world, &[all.id(all.jonas)]);
    let commit = insider.upload(&poisoned);
    assert!(all.world.relay.commit_as(insider.account, commit));
    all.world.wake_up(all.jonas);
    all.world.cut(all.jonas);
    all.world.run();
    let (log, jonas) = (&all.world.relay.rooms[&all.place()].log, all.id(all.jonas));
    let asked = |entry: &&LogEntry| entry.kind == EntryKind::Rejoin && entry.sender == jonas;
    let request = log.iter().find(asked).expect("he asked").bytes.0.clone();
    let package = Insider::key_package(&all.world, "jonas");
    let commit = insider.lets_in(&all.world, poisoned, (&package, request), vec![7; 700]);
    assert!(all.world.relay.commit_as(insider.account, commit));
    dora
}

#[test]
fn a_rubbish_welcome_shuts_nobody_out_for_good() {
    for seed in 20..23 {
        let mut all = Three::new(seed);
        let dora = let_in_by_rubbish(&mut all);
        all.world.run();
        assert!(all.trouble(all.jonas).is_some(), "seed {seed}");
        all.world.wake_up(dora);
        for d in [all.mira, all.jonas] {
            assert_eq!(all.trouble(d), None, "seed {seed}, device {d}");
        }
        all.talk(&[all.mira, all.jonas, dora], &["mira", "jonas", "dora"], &format!("seed {seed}"));
        let asked = all.rejoins();
        all.world.pass(3_600_000);
        assert_eq!(all.rejoins(), asked, "it is not asked without end");
    }
}

#[test]
fn coming_back_from_a_rubbish_welcome_survives_a_crash_at_every_step() {
    let mut all = Three::new(30);
    let dora = let_in_by_rubbish(&mut all);
    let (saved, devices) = (all.world.save(), (all.mira, all.jonas, all.aicha));
    for n in (0..60).step_by(5) {
        let world = saved.open(n);
        let (mira, jonas, aicha) = devices;
        let mut now = Three { world, mira, jonas, aicha, room: all.room.clone() };
        now.world.network(aicha, false);
        for _ in 0..n {
            now.world.step();
        }
        now.world.crash(now.jonas);
        now.world.run();
        now.world.run();
        now.talk(&[mira, jonas, dora], &["mira", "jonas", "dora"], &format!("step {n}"));
    }
}

#[test]
fn a_room_goes_on_only_where_the_other_one_says_so_too() {
    let mut all = Three::new(40);
    let own = all.world.room(all.jonas, "Mine");
    let fake: RoomId = own.parse().expect("an id");
    // A plain member, and an owner who names a room that knows nothing of it.
    for d in [all.jonas, all.mira] {
        let insider = Insider::of(&all.world, d, &all.room);
        let first = Insider::of(&all.world, all.jonas, &own).room.epoch();
        let bytes = insider.room.successor_statement(insider.vault.identity(), fake.0.into(), first);
        let id = EntryId([d as u8; 16]);
        let post = Post { room: all.place(), kind: EntryKind::Successor, id, bytes: bytes.into() };
        insider.send(&mut all.world, Request::Post(post));
        all.world.run();
    }
    let shown = |all: &Three, d: usize| {
        let moved = |item: &&waxwing_client::api::Item| matches!(item.body, Body::Moved { .. });
        let said = all.world.devices[d].shown(&all.room).into_iter().filter(moved).count();
        (said, all.world.devices[d].rooms[&all.room].successor.clone())
    };
    for d in [all.mira, all.jonas, all.aicha] {
        assert_eq!(shown(&all, d), (1, None), "device {d}: an owner said so, and no room agrees");
        assert!(all.world.devices[d].rooms.values().all(|room| room.predecessor.is_none()), "device {d}");
    }
    // It can still be moved by another owner.
    let (room, account) = (all.room.clone(), all.account(all.aicha));
    let promote = Intent::SetRole { room: room.clone(), account, role: Role::Owner };
    assert_eq!(all.world.call(all.mira, promote), Ok(Reply::Done));
    let moves = all.world.call(all.aicha, Intent::OpenSuccessor { room, without: Vec::new() });
    let Ok(Reply::Room { room: next }) = moves else { panic!("{moves:?}") };
    all.world.run();
    let fresh = all.world.log_in("jonas");
    for d in [all.mira, all.jonas, all.aicha, fresh] {
        let rooms = &all.world.devices[d].rooms;
        assert_eq!(rooms[&all.room].successor.as_ref(), Some(&next), "device {d}");
        assert_eq!(rooms[&next].predecessor.as_ref(), Some(&all.room), "device {d}");
    }
}
