//! Flows of rooms: bringing in, putting out, roles, leaving, coming back, and whether everybody sees the same afterwards.

use waxwing_client::api::{Body, History, Intent, Reply, Role};
use waxwing_tests::sim::{Insider, World, as_text};
use waxwing_wire::{
    AccountId, RoomId,
    frame::{EntryKind, Request, ServerFrame},
};

const NAMES: [&str; 3] = ["mira", "jonas", "aicha"];

/// Three accounts with two sessions of the first, and a room of the first.
struct Three {
    world: World,
    mira: usize,
    jonas: usize,
    aicha: usize,
    /// Another session of mira.
    second: usize,
    room: String,
}

impl Three {
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let [mira, jonas, aicha] = NAMES.map(|name| world.register(name));
        let second = world.log_in("mira");
        let room = world.room(mira, "Ops room");
        world.run();
        Self { world, mira, jonas, aicha, second, room }
    }

    /// All of them are members.
    fn together(seed: u64) -> Self {
        let mut all = Self::new(seed);
        for d in [all.jonas, all.aicha] {
            all.add(d);
        }
        all
    }

    fn account(&self, d: usize) -> String {
        self.world.devices[d].me.as_ref().expect("logged in").account.clone()
    }

    fn add(&mut self, d: usize) {
        let add = Intent::AddMember { room: self.room.clone(), account: self.account(d) };
        assert_eq!(self.world.call(self.mira, add), Ok(Reply::Done));
    }

    fn say(&mut self, d: usize, text: &str) {
        self.world.send(d, &self.room, text);
        self.world.run();
    }

    fn texts(&self, d: usize) -> Vec<String> {
        self.world.devices[d].texts(&self.room)
    }

    /// What the device has kept of the room, texts and warnings.
    fn kept(&mut self, d: usize) -> Vec<String> {
        let page = Intent::Timeline { room: self.room.clone(), before: None, limit: 500 };
        match self.world.call(d, page) {
            Ok(Reply::Timeline { items, .. }) => {
                items.iter().filter_map(|item| as_text(&item.body)).collect()
            }
            other => panic!("{other:?}"),
        }
    }

    fn members(&self, d: usize) -> u32 {
        self.world.devices[d].rooms[&self.room].members
    }

    fn trouble(&self, d: usize) -> Option<String> {
        self.world.devices[d].rooms[&self.room].trouble.clone()
    }

    fn role(&self, d: usize, of: usize) -> Role {
        let account = self.account(of);
        let people = &self.world.devices[d].rooms[&self.room].people;
        people.iter().find(|person| person.account == account).expect("known").role
    }

    fn set_role(&mut self, d: usize, of: usize, role: Role) -> Result<Reply, String> {
        let (room, account) = (self.room.clone(), self.account(of));
        self.world.call(d, Intent::SetRole { room, account, role }).map_err(|failure| failure.code)
    }
}

fn code(result: Result<Reply, waxwing_client::api::Failure>) -> String {
    result.map_or_else(|failure| failure.code, |reply| panic!("{reply:?}"))
}

#[test]
fn whoever_is_brought_in_reads_everything_and_speaks() {
    let mut all = Three::new(1);
    all.say(all.mira, "before");
    all.add(all.jonas);
    all.say(all.jonas, "hello");
    all.say(all.second, "welcome");
    all.add(all.aicha);
    let said = ["before", "hello", "welcome"];
    for d in [all.mira, all.second, all.jonas, all.aicha] {
        assert_eq!(all.texts(d), said, "device {d}");
        assert_eq!((all.members(d), all.trouble(d)), (3, None), "device {d}");
    }
    for name in NAMES {
        let again = all.world.log_in(name);
        assert_eq!(all.texts(again), said, "{name} anew");
        assert_eq!((all.members(again), all.trouble(again)), (3, None), "{name} anew");
    }
}

#[test]
fn newcomers_read_what_was_before_only_where_the_room_allows_it() {
    let mut all = Three::new(2);
    all.say(all.mira, "before");
    let edit = Intent::EditRoom {
        room: all.room.clone(),
        name: None,
        topic: None,
        history: Some(History::FromJoin),
    };
    assert_eq!(all.world.call(all.mira, edit), Ok(Reply::Done));
    all.say(all.mira, "still before");
    all.add(all.jonas);
    all.say(all.mira, "after");
    all.say(all.jonas, "indeed");
    assert_eq!(all.texts(all.mira), ["before", "still before", "after", "indeed"]);
    for d in [all.jonas, all.world.log_in("jonas")] {
        assert_eq!(all.texts(d), ["after", "indeed"]);
        assert_eq!(all.world.devices[d].rooms[&all.room].history, History::FromJoin);
    }
    let again = all.world.log_in("mira");
    assert_eq!(all.texts(again), ["before", "still before", "after", "indeed"]);
}

#[test]
fn whoever_is_put_out_reads_nothing_new_and_cannot_come_back_by_the_old_link() {
    let mut all = Three::new(3);
    let old = all.world.invite(all.mira, &all.room);
    all.world.join(all.jonas, &old);
    all.add(all.aicha);
    all.say(all.jonas, "heard");
    let (room, account) = (all.room.clone(), all.account(all.jonas));
    let remove = Intent::RemoveMember { room: room.clone(), account: account.clone() };
    assert_eq!(code(all.world.call(all.aicha, remove.clone())), "not_allowed");
    assert_eq!(all.world.call(all.mira, remove), Ok(Reply::Done));
    all.say(all.aicha, "unheard");
    assert_eq!(all.texts(all.jonas), ["heard"]);
    assert!(all.trouble(all.jonas).is_some_and(|why| why.contains("no longer a member")));
    let send = Intent::Send { room: room.clone(), text: "still here?".into() };
    assert_eq!(code(all.world.call(all.jonas, send)), "no_such_room");
    assert_eq!(code(all.world.call(all.jonas, Intent::JoinRoom { invite: old.clone() })), "link_invalid");
    let again = all.world.log_in("jonas");
    assert!(!all.world.devices[again].rooms.contains_key(&room));
    // The link was replaced by a new one, of whoever put them out.
    let new = all.world.invite(all.mira, &room);
    assert_ne!(new, old);
    assert!(all.world.devices[all.aicha].rooms[&room].invite);
    assert_eq!(all.world.join(all.jonas, &new), room);
    all.say(all.jonas, "back");
    for d in [all.mira, all.second, all.aicha, all.jonas] {
        assert_eq!(all.texts(d), ["heard", "unheard", "back"], "device {d}");
    }
}

#[test]
fn whoever_was_put_out_can_be_brought_in_again() {
    let mut all = Three::together(4);
    all.say(all.jonas, "one");
    let (room, account) = (all.room.clone(), all.account(all.jonas));
    all.world.go_away(all.jonas);
    let sleeper = all.world.log_in("jonas");
    let remove = Intent::RemoveMember { room: room.clone(), account };
    assert_eq!(all.world.call(all.mira, remove), Ok(Reply::Done));
    all.say(all.mira, "two");
    all.add(all.jonas);
    all.say(all.mira, "three");
    all.world.wake_up(all.jonas);
    let fresh = all.world.log_in("jonas");
    for d in [all.jonas, sleeper, fresh] {
        assert_eq!(all.texts(d), ["one", "two", "three"], "device {d}");
        assert_eq!(all.trouble(d), None, "device {d}");
    }
    for d in [all.jonas, sleeper, fresh] {
        all.say(d, &format!("from {d}"));
    }
    let said = all.texts(all.mira);
    assert_eq!(said.len(), 6);
    for d in [all.second, all.aicha, all.jonas, sleeper, fresh] {
        assert_eq!(all.texts(d), said, "device {d}");
    }
}

#[test]
fn roles_decide_who_may_do_what() {
    let mut all = Three::together(5);
    let room = all.room.clone();
    let edit = |name: &str| Intent::EditRoom {
        room: room.clone(),
        name: Some(name.into()),
        topic: Some("Boats".into()),
        history: None,
    };
    assert_eq!(code(all.world.call(all.jonas, edit("Mine"))), "not_allowed");
    assert_eq!(all.set_role(all.jonas, all.aicha, Role::Owner), Err("not_allowed".into()));
    assert_eq!(
        all.set_role(all.mira, all.mira, Role::Member),
        Err("not_allowed".into()),
        "a room needs an owner"
    );
    assert_eq!(all.set_role(all.mira, all.jonas, Role::Moderator), Ok(Reply::Done));
    assert_eq!(all.world.call(all.jonas, edit("Harbour")), Ok(Reply::Done));
    let history =
        Intent::EditRoom { room: room.clone(), name: None, topic: None, history: Some(History::FromJoin) };
    assert_eq!(code(all.world.call(all.jonas, history)), "not_allowed");
    let put_out = |account: String| Intent::RemoveMember { room: room.clone(), account };
    let mira = all.account(all.mira);
    assert_eq!(code(all.world.call(all.jonas, put_out(mira.clone()))), "not_allowed");
    let aicha = all.account(all.aicha);
    assert_eq!(all.world.call(all.jonas, put_out(aicha)), Ok(Reply::Done));
    assert_eq!(all.set_role(all.mira, all.jonas, Role::Owner), Ok(Reply::Done));
    assert_eq!(all.set_role(all.jonas, all.mira, Role::Member), Ok(Reply::Done));
    for d in [all.mira, all.second, all.jonas] {
        assert_eq!(
            (all.role(d, all.mira), all.role(d, all.jonas)),
            (Role::Member, Role::Owner),
            "device {d}"
        );
        let shown = &all.world.devices[d].rooms[&room];
        assert_eq!((shown.name.as_str(), shown.topic.as_str(), shown.members), ("Harbour", "Boats", 2));
    }
    assert_eq!(all.world.call(all.jonas, put_out(mira)), Ok(Reply::Done));
}

#[test]
fn whoever_leaves_is_gone_for_everybody_and_an_owner_hands_over_first() {
    let mut all = Three::together(6);
    let room = all.room.clone();
    let leave = Intent::LeaveRoom { room: room.clone() };
    assert_eq!(code(all.world.call(all.mira, leave.clone())), "not_allowed");
    let invite = all.world.invite(all.mira, &room);
    assert_eq!(all.set_role(all.mira, all.jonas, Role::Owner), Ok(Reply::Done));
    assert_eq!(all.world.call(all.mira, leave), Ok(Reply::Done));
    for d in [all.mira, all.second] {
        assert!(!all.world.devices[d].rooms.contains_key(&room), "device {d}");
        assert!(!all.world.devices[d].store.keys().any(|key| key.contains(&room)), "device {d}");
    }
    for d in [all.jonas, all.aicha] {
        assert_eq!(all.members(d), 2, "device {d}");
        assert!(!all.world.devices[d].rooms[&room].invite, "the link of whoever left is gone");
        let left = all.world.devices[d]
            .shown(&room)
            .into_iter()
            .filter(|item| matches!(item.body, Body::Left { .. }));
        assert_eq!(
            left.map(|item| item.sender.clone()).collect::<Vec<_>>(),
            [all.account(all.mira)],
            "device {d}"
        );
    }
    assert_eq!(code(all.world.call(all.mira, Intent::JoinRoom { invite })), "link_invalid");
    all.say(all.aicha, "quiet now");
    assert_eq!(all.texts(all.jonas), ["quiet now"]);
    assert_eq!(all.world.call(all.aicha, Intent::LeaveRoom { room: room.clone() }), Ok(Reply::Done));
    assert_eq!(
        all.world.call(all.jonas, Intent::LeaveRoom { room: room.clone() }),
        Ok(Reply::Done),
        "the last one closes the door"
    );
}

#[test]
fn a_room_of_two_has_two() {
    let mut all = Three::new(7);
    let jonas = all.account(all.jonas);
    let Ok(Reply::Room { room }) = all.world.call(all.mira, Intent::CreateDirect { account: jonas.clone() })
    else {
        panic!("no room")
    };
    let again = all.world.call(all.mira, Intent::CreateDirect { account: jonas.clone() });
    assert_eq!(again, Ok(Reply::Room { room: room.clone() }));
    let mira = all.account(all.mira);
    let back = all.world.call(all.jonas, Intent::CreateDirect { account: mira.clone() });
    assert_eq!(back, Ok(Reply::Room { room: room.clone() }), "there is one already");
    all.world.send(all.mira, &room, "psst");
    all.world.send(all.jonas, &room, "yes?");
    all.world.run();
    for (d, peer, name) in
        [(all.mira, &jonas, "JONAS"), (all.second, &jonas, "JONAS"), (all.jonas, &mira, "MIRA")]
    {
        let mut texts = all.world.devices[d].texts(&room);
        texts.sort();
        assert_eq!(texts, ["psst", "yes?"], "device {d}");
        let shown = &all.world.devices[d].rooms[&room];
        assert_eq!(
            (shown.peer.as_ref(), shown.name.as_str(), shown.members),
            (Some(peer), name, 2),
            "device {d}"
        );
    }
    let aicha = all.account(all.aicha);
    let add = Intent::AddMember { room: room.clone(), account: aicha };
    assert_eq!(code(all.world.call(all.mira, add)), "not_allowed");
    let remove = Intent::RemoveMember { room: room.clone(), account: jonas };
    assert_eq!(code(all.world.call(all.mira, remove)), "not_allowed");
    assert_eq!(code(all.world.call(all.mira, Intent::CreateInvite { room: room.clone() })), "not_allowed");
    assert_eq!(all.world.call(all.jonas, Intent::LeaveRoom { room: room.clone() }), Ok(Reply::Done));
    assert_eq!(all.world.devices[all.mira].rooms[&room].members, 1);
}

#[test]
fn what_was_said_while_put_out_stays_unread_where_history_begins_with_joining() {
    let mut all = Three::together(8);
    let room = all.room.clone();
    let history =
        Intent::EditRoom { room: room.clone(), name: None, topic: None, history: Some(History::FromJoin) };
    assert_eq!(all.world.call(all.mira, history), Ok(Reply::Done));
    all.say(all.mira, "one");
    let account = all.account(all.jonas);
    assert_eq!(all.world.call(all.mira, Intent::RemoveMember { room, account }), Ok(Reply::Done));
    all.say(all.mira, "two");
    all.add(all.jonas);
    all.say(all.mira, "three");
    assert_eq!(all.texts(all.jonas), ["one", "three"]);
    // A new device walks back from the present, and not beyond what it may not read.
    let fresh = all.world.log_in("jonas");
    assert_eq!(all.texts(fresh), ["three"]);
}

#[test]
fn a_room_with_a_password_opens_to_whoever_knows_it() {
    let mut all = Three::new(9);
    let room = all.room.clone();
    all.say(all.mira, "before");
    let set = |password: Option<&str>| Intent::SetRoomPassword {
        room: room.clone(),
        password: password.map(str::to_owned),
    };
    assert_eq!(code(all.world.call(all.mira, set(Some("short")))), "weak_password");
    let Ok(Reply::RoomPassword { name, password }) = all.world.call(all.mira, set(None)) else {
        panic!("no password")
    };
    assert!(name.starts_with("Ops room "), "{name}");
    let try_with =
        |name: &str, password: &str| Intent::JoinByPassword { name: name.into(), password: password.into() };
    assert_eq!(code(all.world.call(all.jonas, try_with(&name, "not the password"))), "wrong_credentials");
    assert_eq!(code(all.world.call(all.jonas, try_with("Another room", &password))), "wrong_credentials");
    let joined = all.world.call(all.jonas, try_with(&name.to_uppercase(), &password.to_lowercase()));
    assert_eq!(joined, Ok(Reply::Room { room: room.clone() }));
    assert_eq!(all.texts(all.jonas), ["before"]);
    assert_eq!(code(all.world.call(all.jonas, set(None))), "not_allowed", "a plain member");
    // A link beside it leaves it as it is; another password takes its place.
    let invite = all.world.invite(all.mira, &room);
    assert!(all.world.devices[all.jonas].rooms[&room].password);
    let chosen = "correct horse battery staple";
    let Ok(Reply::RoomPassword { name: new, password: said }) = all.world.call(all.second, set(Some(chosen)))
    else {
        panic!("no password")
    };
    assert_eq!(said, chosen);
    assert_eq!(code(all.world.call(all.aicha, try_with(&name, &password))), "wrong_credentials");
    assert_eq!(all.world.call(all.aicha, try_with(&new, chosen)), Ok(Reply::Room { room: room.clone() }));
    assert_eq!(all.world.invite(all.mira, &room), invite);
    // Whoever is put out knows the password: it stops working.
    let account = all.account(all.aicha);
    assert_eq!(
        all.world.call(all.mira, Intent::RemoveMember { room: room.clone(), account }),
        Ok(Reply::Done)
    );
    assert_eq!(code(all.world.call(all.aicha, try_with(&new, chosen))), "wrong_credentials");
    assert!(!all.world.devices[all.jonas].rooms[&room].password);
    assert!(all.world.devices[all.jonas].rooms[&room].invite);
}

#[test]
fn a_room_goes_on_in_another_one() {
    let mut all = Three::together(10);
    let old = all.room.clone();
    all.say(all.jonas, "in the old one");
    let culprit = all.account(all.jonas);
    let move_on = Intent::OpenSuccessor { room: old.clone(), without: vec![culprit] };
    assert_eq!(code(all.world.call(all.aicha, move_on.clone())), "not_allowed");
    let Ok(Reply::Room { room: new }) = all.world.call(all.mira, move_on.clone()) else { panic!("no room") };
    assert_eq!(code(all.world.call(all.mira, move_on)), "wrong_step");
    assert!(!all.world.devices[all.jonas].rooms.contains_key(&new));
    all.world.send(all.aicha, &new, "in the new one");
    all.world.run();
    let fresh = all.world.log_in("aicha");
    for d in [all.mira, all.second, all.aicha, fresh] {
        let rooms = &all.world.devices[d].rooms;
        assert_eq!(rooms[&new].predecessor.as_ref(), Some(&old), "device {d}");
        assert_eq!(rooms[&old].successor.as_ref(), Some(&new), "device {d}");
        assert_eq!((rooms[&new].name.as_str(), rooms[&new].members), ("Ops room", 2), "device {d}");
        assert_eq!(all.world.devices[d].texts(&new), ["in the new one"], "device {d}");
    }
    // Who did not come along reads who said so, and cannot see whether the other room agrees.
    assert_eq!(all.world.devices[all.jonas].rooms[&old].successor, None);
    let moved = |item: &&waxwing_client::api::Item| item.body == Body::Moved { room: new.clone() };
    assert_eq!(all.world.devices[all.jonas].shown(&old).into_iter().filter(moved).count(), 1);
}

/// Carries out an intent and crashes the device that does it, once after every step of the way; then goes on as a person would, who asks
/// again if nothing came of it.
fn crash_everywhere(
    seed: u64,
    prepare: impl Fn(&mut Three),
    (who, intent): (impl Fn(&Three) -> usize, impl Fn(&Three) -> Intent),
    done: impl Fn(&Three) -> bool,
    check: impl Fn(&mut Three, u32),
) {
    let mut all = Three::together(seed);
    prepare(&mut all);
    let saved = all.world.save();
    let mut steps = 0;
    for crash_after in 0.. {
        let world = saved.open(seed + u64::from(crash_after));
        let (room, mira, jonas, aicha, second) =
            (all.room.clone(), all.mira, all.jonas, all.aicha, all.second);
        let mut now = Three { world, mira, jonas, aicha, second, room };
        now.world.run();
        let d = who(&now);
        let id = now.world.ask(d, intent(&now));
        let mut answered = false;
        for _ in 0..crash_after {
            now.world.step();
            answered |= now.world.answer(d, id).is_some();
        }
        now.world.crash(d);
        now.world.run();
        if !done(&now) {
            let again = now.world.call(d, intent(&now));
            assert!(again.is_ok(), "after {crash_after} steps: {again:?}");
        }
        assert!(done(&now), "after {crash_after} steps");
        check(&mut now, crash_after);
        steps = crash_after;
        if answered {
            break;
        }
    }
    assert!(steps > 3, "it crashed on the way");
}

/// Everybody who is shown in the room says something and hears the others, on old devices and on new ones.
fn everybody_talks(all: &mut Three, devices: &[usize], names: &[&str], what: &str) {
    for d in devices {
        all.say(*d, &format!("{what} from {d}"));
    }
    let said = all.kept(devices[0]);
    assert!(said.iter().all(|text| !text.starts_with("warning")), "{what}: {said:?}");
    let fresh: Vec<usize> = names.iter().map(|name| all.world.log_in(name)).collect();
    for d in devices.iter().chain(&fresh) {
        assert_eq!(all.kept(*d), said, "{what}, device {d}");
        assert_eq!(all.trouble(*d), None, "{what}, device {d}");
        assert_eq!(all.members(*d) as usize, names.len(), "{what}, device {d}");
    }
}

#[test]
fn bringing_somebody_in_survives_a_crash_at_every_step() {
    let put_out = |all: &mut Three| {
        let remove = Intent::RemoveMember { room: all.room.clone(), account: all.account(all.aicha) };
        assert_eq!(all.world.call(all.mira, remove), Ok(Reply::Done));
        all.say(all.mira, "while away");
    };
    let add = |all: &Three| Intent::AddMember { room: all.room.clone(), account: all.account(all.aicha) };
    crash_everywhere(
        20,
        put_out,
        (|all: &Three| all.mira, add),
        |all| all.members(all.jonas) == 3,
        |all, n| {
            everybody_talks(all, &[all.mira, all.second, all.jonas, all.aicha], &NAMES, &format!("step {n}"))
        },
    );
}

#[test]
fn coming_in_survives_a_crash_of_the_newcomer_at_every_step() {
    let saved = {
        let mut all = Three::new(40);
        all.say(all.mira, "before");
        all
    };
    let (world, mira, jonas, room) = (saved.world.save(), saved.mira, saved.jonas, saved.room.clone());
    for n in 0..30 {
        let world = world.open(n);
        let mut all =
            Three { world, mira, jonas, aicha: saved.aicha, second: saved.second, room: room.clone() };
        all.world.run();
        let account = all.account(jonas);
        all.world.ask(mira, Intent::AddMember { room: room.clone(), account });
        for _ in 0..n {
            all.world.step();
        }
        all.world.crash(jonas);
        all.world.run();
        everybody_talks(&mut all, &[mira, saved.second, jonas], &["mira", "jonas"], &format!("step {n}"));
    }
}

#[test]
fn leaving_survives_a_crash_at_every_step() {
    crash_everywhere(
        60,
        |_| {},
        (|all: &Three| all.jonas, |all: &Three| Intent::LeaveRoom { room: all.room.clone() }),
        |all| !all.world.devices[all.jonas].rooms.contains_key(&all.room),
        |all, n| {
            assert!(!all.world.devices[all.jonas].store.keys().any(|key| key.contains(&all.room)));
            everybody_talks(
                all,
                &[all.mira, all.second, all.aicha],
                &["mira", "aicha"],
                &format!("step {n}"),
            );
        },
    );
}

#[test]
fn setting_a_password_survives_a_crash_at_every_step() {
    crash_everywhere(
        80,
        |_| {},
        (
            |all: &Three| all.mira,
            |all: &Three| Intent::SetRoomPassword { room: all.room.clone(), password: None },
        ),
        |all| all.world.devices[all.aicha].rooms[&all.room].password,
        |all, n| {
            // The password may have been lost with the device's memory: another one takes its place and works.
            let set = Intent::SetRoomPassword { room: all.room.clone(), password: None };
            let Ok(Reply::RoomPassword { name, password }) = all.world.call(all.mira, set) else {
                panic!("no password")
            };
            let newcomer = all.world.register("dora");
            let join = Intent::JoinByPassword { name, password };
            assert_eq!(
                all.world.call(newcomer, join),
                Ok(Reply::Room { room: all.room.clone() }),
                "step {n}"
            );
            all.world.send(newcomer, &all.room, "through the password");
            all.world.run();
            assert_eq!(all.texts(all.jonas).last().map(String::as_str), Some("through the password"));
        },
    );
}

#[test]
fn moving_a_room_survives_a_crash_at_every_step() {
    crash_everywhere(
        100,
        |_| {},
        (
            |all: &Three| all.mira,
            |all: &Three| Intent::OpenSuccessor { room: all.room.clone(), without: Vec::new() },
        ),
        |all| all.world.devices[all.aicha].rooms[&all.room].successor.is_some(),
        |all, n| {
            let next = all.world.devices[all.aicha].rooms[&all.room].successor.clone().expect("it was told");
            let old = std::mem::replace(&mut all.room, next);
            everybody_talks(all, &[all.mira, all.second, all.jonas, all.aicha], &NAMES, &format!("step {n}"));
            for d in [all.mira, all.second, all.jonas, all.aicha] {
                let successors = all.world.devices[d]
                    .rooms
                    .values()
                    .filter(|room| room.predecessor.as_ref() == Some(&old));
                assert_eq!(successors.count(), 1, "step {n}, device {d}");
            }
        },
    );
}

fn id(account: &str) -> AccountId {
    account.parse().expect("an id")
}

#[test]
fn whoever_was_shut_out_is_let_in_again_and_misses_nothing() {
    let mut all = Three::together(11);
    all.say(all.jonas, "before");
    let victim = id(&all.account(all.jonas));
    let mut insider = Insider::of(&all.world, all.aicha, &all.room);
    let poisoned = insider.shuts_out(&all.world, &[victim]);
    let commit = insider.upload(&poisoned);
    insider.send(&mut all.world, Request::Commit(Box::new(commit)));
    let asleep = all.world.log_in("jonas");
    all.world.run();
    all.say(all.mira, "after");
    for d in [all.jonas, asleep] {
        assert_eq!(all.trouble(d), None, "device {d}");
    }
    let devices = [all.mira, all.second, all.jonas, asleep];
    everybody_talks(&mut all, &devices, &NAMES, "let in");
    let room: RoomId = all.room.parse().expect("an id");
    let asked = all.world.relay.rooms[&room].log.iter().filter(|entry| entry.kind == EntryKind::Rejoin);
    // Mira sits under the same node of the tree, and shares his fate. Both sessions of each ask with the same words.
    let mut asked: Vec<AccountId> = asked.map(|entry| entry.sender).collect();
    asked.sort();
    let mut both = vec![victim, id(&all.account(all.mira))];
    both.sort();
    assert_eq!(asked, both);
}

#[test]
fn being_let_in_again_survives_a_crash_of_either_side_at_every_step() {
    let mut all = Three::together(12);
    all.say(all.jonas, "before");
    let victim = id(&all.account(all.jonas));
    let saved = all.world.save();
    for n in (0..60).step_by(3) {
        let world = saved.open(n);
        let room = all.room.clone();
        let mut now =
            Three { world, mira: all.mira, jonas: all.jonas, aicha: all.aicha, second: all.second, room };
        now.world.run();
        let mut insider = Insider::of(&now.world, now.aicha, &now.room);
        let poisoned = insider.shuts_out(&now.world, &[victim]);
        let commit = insider.upload(&poisoned);
        insider.send(&mut now.world, Request::Commit(Box::new(commit)));
        for _ in 0..n {
            now.world.step();
        }
        let crashes = if n % 2 == 0 { now.jonas } else { now.mira };
        now.world.crash(crashes);
        now.world.run();
        let devices = [now.mira, now.second, now.jonas, now.aicha];
        everybody_talks(&mut now, &devices, &NAMES, &format!("step {n}"));
    }
}

#[test]
fn a_commit_that_does_not_count_is_built_past_and_does_not_close_the_door() {
    let mut all = Three::together(13);
    let invite = all.world.invite(all.mira, &all.room);
    all.world.run();
    let mut insider = Insider::of(&all.world, all.aicha, &all.room);
    let junk = insider.junk(&all.world);
    insider.send(&mut all.world, Request::Commit(Box::new(junk)));
    // At once, before anybody has healed what the relay shows.
    let dora = all.world.register("dora");
    assert_eq!(all.world.join(dora, &invite), all.room);
    all.world.send(dora, &all.room, "through the junk");
    all.world.run();
    for d in [all.mira, all.jonas] {
        assert_eq!(all.texts(d), ["warning refused_commit", "through the junk"], "device {d}");
    }
    // And once more, with nobody to join: somebody heals it, once.
    let mut insider = Insider::of(&all.world, all.aicha, &all.room);
    let junk = insider.junk(&all.world);
    let at = insider.after;
    insider.send(&mut all.world, Request::Commit(Box::new(junk)));
    all.world.run();
    let room: RoomId = all.room.parse().expect("an id");
    let commits = |all: &Three| {
        let log = &all.world.relay.rooms[&room].log;
        log.iter().filter(|entry| entry.kind == EntryKind::Commit && entry.seq > at).count()
    };
    assert_eq!(commits(&all), 2, "the junk, and what heals it");
    all.world.pass(1_800_000);
    assert_eq!(commits(&all), 2);
}

#[test]
fn what_an_author_published_wrongly_is_put_right_by_others() {
    let mut all = Three::together(14);
    let invite = all.world.invite(all.mira, &all.room);
    all.say(all.jonas, "before");
    let mut insider = Insider::of(&all.world, all.aicha, &all.room);
    let honest = insider.shuts_out(&all.world, &[]);
    let mut commit = insider.upload(&honest);
    // A sound commit; but nobody could read back, restore or join with what goes with it.
    commit.parts.link = Some(vec![7; 700].into());
    commit.parts.public_state = vec![7; 700].into();
    commit.parts.packages.clear();
    insider.send(&mut all.world, Request::Commit(Box::new(commit)));
    all.world.run();
    all.say(all.mira, "after");
    for d in [all.mira, all.jonas] {
        all.world.go_away(d);
    }
    let dora = all.world.register("dora");
    assert_eq!(all.world.join(dora, &invite), all.room);
    let fresh = all.world.log_in("jonas");
    for d in [dora, fresh] {
        assert_eq!(all.texts(d), ["before", "after"], "device {d}");
        assert_eq!(all.trouble(d), None, "device {d}");
    }
}

#[test]
fn a_false_link_that_comes_first_is_not_believed() {
    let mut all = Three::together(15);
    let invite = all.world.invite(all.mira, &all.room);
    all.say(all.jonas, "before");
    for text in ["between", "after"] {
        let mut insider = Insider::of(&all.world, all.aicha, &all.room);
        let honest = insider.shuts_out(&all.world, &[]);
        let mut commit = insider.upload(&honest);
        // Readable for all members of the epoch and signed by one of them; but the key it gives opens nothing.
        commit.parts.link = Some(insider.false_link(&honest).into());
        insider.send(&mut all.world, Request::Commit(Box::new(commit)));
        all.world.run();
        all.say(all.mira, text);
    }
    let dora = all.world.register("dora");
    assert_eq!(all.world.join(dora, &invite), all.room);
    assert_eq!(all.texts(dora), ["before", "between", "after"]);
    all.say(dora, "read everything");
    assert_eq!(all.texts(all.mira), ["before", "between", "after", "read everything"]);
}

fn commits(all: &Three) -> usize {
    let room: RoomId = all.room.parse().expect("an id");
    all.world.relay.rooms[&room].log.iter().filter(|entry| entry.kind == EntryKind::Commit).count()
}

#[test]
fn keys_are_renewed_after_a_hundred_messages_and_after_a_week() {
    let mut all = Three::new(15);
    all.add(all.jonas);
    let before = commits(&all);
    for n in 0..110 {
        all.world.send(all.mira, &all.room, &format!("message {n}"));
    }
    all.world.run();
    assert_eq!(commits(&all), before + 1, "by whoever wrote the hundredth");
    all.world.now_ms += 6 * 24 * 3600 * 1000;
    all.world.run();
    assert_eq!(commits(&all), before + 1, "nothing is old yet");
    all.world.now_ms += 2 * 24 * 3600 * 1000;
    for d in [all.mira, all.second, all.jonas] {
        all.world.crash(d);
    }
    all.world.run();
    assert_eq!(commits(&all), before + 3, "one for each leaf, however many sessions");
    all.world.pass(3600 * 1000);
    assert_eq!(commits(&all), before + 3);
}

#[test]
fn a_room_shows_who_confirmed_it_and_who_vouches_for_what_was_before() {
    let mut all = Three::new(16);
    all.say(all.mira, "before");
    let alone = &all.world.devices[all.mira].rooms[&all.room];
    assert_eq!((&alone.confirmed, &alone.vouched), (&None, &None), "nobody else can confirm anything");
    all.add(all.jonas);
    all.say(all.jonas, "I see the same");
    let (mira, jonas) = (all.account(all.mira), all.account(all.jonas));
    let confirmed =
        |all: &Three, d: usize| all.world.devices[d].rooms[&all.room].confirmed.clone().map(|c| c.account);
    assert_eq!((confirmed(&all, all.mira), confirmed(&all, all.second)), (Some(jonas.clone()), Some(jonas)));
    let fresh = all.world.log_in("jonas");
    for d in [all.jonas, fresh] {
        let vouched = all.world.devices[d].rooms[&all.room].vouched.clone().expect("he came in later");
        assert_eq!(vouched.account, mira, "device {d}");
        let before = |item: &&waxwing_client::api::Item| item.seq.is_some_and(|seq| seq < vouched.before);
        let texts = all.world.devices[d]
            .shown(&all.room)
            .into_iter()
            .filter(before)
            .filter_map(|item| as_text(&item.body));
        assert_eq!(texts.collect::<Vec<_>>(), ["before"], "device {d}");
    }
}

#[test]
fn a_stream_goes_on_after_a_restart() {
    let mut all = Three::together(17);
    all.say(all.jonas, "one");
    for n in 0..3 {
        all.world.send(all.jonas, &all.room, &format!("kept {n}"));
        all.world.crash(all.jonas);
        all.world.run();
    }
    all.say(all.jonas, "last");
    let said = ["one", "kept 0", "kept 1", "kept 2", "last"];
    for d in [all.mira, all.aicha] {
        assert_eq!(all.texts(d), said, "device {d}");
    }
    let streams = all.world.devices[all.jonas].store.keys().filter(|key| key.ends_with("/stream")).count();
    assert_eq!(streams, 1);
}

#[test]
fn a_preview_says_who_vouches_for_the_room() {
    let mut all = Three::together(16);
    let invite = all.world.invite(all.mira, &all.room);
    all.world.run();
    let dora = all.world.register("dora");
    let look = Intent::PreviewInvite { invite };
    let vouched = |all: &mut Three| match all.world.call(dora, look.clone()) {
        Ok(Reply::InvitePreview { vouched_by, by_creator, .. }) => (vouched_by, by_creator),
        other => panic!("{other:?}"),
    };
    assert_eq!(vouched(&mut all), (all.account(all.mira), true));
    // A change by somebody else, while nobody of whoever made the link is there.
    all.world.go_away(all.mira);
    all.world.go_away(all.second);
    let leave = Intent::LeaveRoom { room: all.room.clone() };
    assert_eq!(all.world.call(all.jonas, leave), Ok(Reply::Done));
    all.world.run();
    assert_eq!(vouched(&mut all), (all.account(all.aicha), false));
    all.world.wake_up(all.mira);
    assert_eq!(vouched(&mut all), (all.account(all.mira), true));
}

#[test]
fn a_room_made_up_behind_a_link_is_refused() {
    let mut all = Three::new(17);
    let invite = all.world.invite(all.mira, &all.room);
    let own = all.world.room(all.jonas, "Another");
    let mut insider = Insider::of(&all.world, all.jonas, &own);
    let creator = id(&all.account(all.mira));
    let made_up = insider.behind_link(&all.world, &invite, creator);
    all.world.tamper = Some(Box::new(move |delivery, _| {
        let mut delivery = delivery.clone();
        if let (Some(Request::JoinInfo { .. }), ServerFrame::Response { response, .. }) =
            (&delivery.request, &mut delivery.frame)
        {
            *response = made_up.clone();
        }
        delivery.honest()
    }));
    let preview = Intent::PreviewInvite { invite: invite.clone() };
    assert_eq!(code(all.world.call(all.aicha, preview)), "link_invalid");
    assert_eq!(code(all.world.call(all.aicha, Intent::JoinRoom { invite: invite.clone() })), "link_invalid");
    all.world.behave();
    assert_eq!(all.world.join(all.aicha, &invite), all.room);
}
