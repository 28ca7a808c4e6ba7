//! Finding people, their requests, and keeping them away.

use waxwing_client::api::{Contact, Intent, Notice, Reply};
use waxwing_tests::sim::{World, code};

struct Two {
    world: World,
    mira: usize,
    jonas: usize,
    room: String,
}

impl Two {
    /// Mira has found Jonas by his name and asks him.
    fn new(seed: u64) -> Self {
        let mut world = World::new(seed);
        let (mira, jonas) = (world.register("mira"), world.register("jonas"));
        let found = world.call(mira, Intent::FindAccount { username: " Jonas ".into() });
        let account = account(&world, jonas);
        assert_eq!(found, Ok(Reply::Account { account: Some(account.clone()) }));
        let note = Some("It is me, from the harbour.".into());
        let Ok(Reply::Room { room }) = world.call(mira, Intent::CreateDirect { account, note }) else {
            panic!("no room")
        };
        world.run();
        Self { world, mira, jonas, room }
    }

    fn asked(&self) -> bool {
        self.world.devices[self.jonas].rooms[&self.room].request
    }

    /// What Mira is told Jonas is called.
    fn name_of_jonas(&self) -> String {
        self.world.devices[self.mira].rooms[&self.room].name.clone()
    }

    fn contacts(&mut self, d: usize) -> Vec<Contact> {
        match self.world.call(d, Intent::Contacts) {
            Ok(Reply::Contacts { contacts }) => contacts,
            other => panic!("{other:?}"),
        }
    }
}

fn account(world: &World, d: usize) -> String {
    world.devices[d].me.as_ref().expect("logged in").account.clone()
}

#[test]
fn nothing_is_told_before_a_request_is_accepted() {
    let mut two = Two::new(41);
    let (mira, jonas, room) = (two.mira, two.jonas, two.room.clone());
    assert!(two.asked() && !two.world.devices[mira].rooms[&room].request);
    assert_eq!(two.world.devices[jonas].texts(&room), ["It is me, from the harbour."]);
    assert_eq!(two.name_of_jonas(), "jonas", "what she looked for, and nothing that he said");
    assert_eq!(code(two.world.call(jonas, Intent::text(room.clone(), "who?".into()))), "not_accepted");
    assert!(two.contacts(jonas).is_empty(), "a request is no contact");
    assert_eq!(two.world.call(jonas, Intent::AcceptRequest { room: room.clone() }), Ok(Reply::Done));
    two.world.run();
    assert!(!two.asked());
    assert_eq!(two.name_of_jonas(), "JONAS");
    two.world.send(jonas, &room, "who?");
    two.world.run();
    assert!(two.world.devices[mira].texts(&room).contains(&"who?".to_owned()));
    assert_eq!(code(two.world.call(jonas, Intent::AcceptRequest { room: room.clone() })), "wrong_step");
    let known = two.contacts(mira);
    let [contact] = known.as_slice() else { panic!("{known:?}") };
    assert_eq!((contact.username.as_deref(), contact.room.as_ref()), (Some("jonas"), Some(&room)));
    // Another session of the account knows that it accepted.
    let second = two.world.log_in("jonas");
    two.world.run();
    assert!(!two.world.devices[second].rooms[&room].request);
}

#[test]
fn a_declined_request_is_gone_and_one_may_ask_again() {
    let mut two = Two::new(42);
    let (mira, jonas, room) = (two.mira, two.jonas, two.room.clone());
    assert_eq!(two.world.call(jonas, Intent::DeclineRequest { room: room.clone() }), Ok(Reply::Done));
    two.world.run();
    assert!(!two.world.devices[jonas].rooms.contains_key(&room));
    assert_eq!(two.world.devices[mira].rooms[&room].members, 1);
    assert_eq!(two.name_of_jonas(), "jonas", "they still were told nothing");
    assert!(two.contacts(jonas).is_empty());
    assert_eq!(two.contacts(mira)[0].room, None, "nobody is there to be written to");
    let again = Intent::CreateDirect {
        account: account(&two.world, jonas),
        note: Some("Sorry: Mira, from the harbour.".into()),
    };
    let asked = Ok(Reply::Room { room: room.clone() });
    assert_eq!(two.world.call(mira, again.clone()), asked);
    two.world.run();
    assert!(two.asked(), "it is a request again");
    assert!(two.world.devices[jonas].texts(&room).contains(&"Sorry: Mira, from the harbour.".to_owned()));
    assert_eq!(two.world.devices[mira].rooms[&room].members, 2);
    // Asked while it is open, nothing more happens than that it is said.
    assert_eq!(two.world.call(mira, again), asked);
    two.world.run();
    assert_eq!(two.world.call(jonas, Intent::AcceptRequest { room: room.clone() }), Ok(Reply::Done));
    two.world.run();
    assert_eq!(two.name_of_jonas(), "JONAS");
}

#[test]
fn who_is_blocked_can_bring_one_into_no_room() {
    let mut two = Two::new(43);
    let (mira, jonas) = (two.mira, two.jonas);
    let (his, hers) = (account(&two.world, jonas), account(&two.world, mira));
    assert_eq!(two.world.call(jonas, Intent::Block { account: hers.clone() }), Ok(Reply::Done));
    two.world.run();
    assert!(!two.world.devices[jonas].rooms.contains_key(&two.room), "the request went with it");
    let group = two.world.room(mira, "Trap");
    let add = Intent::AddMember { room: group.clone(), account: his };
    assert_eq!(code(two.world.call(mira, add.clone())), "limit_reached");
    two.world.run();
    assert!(!two.world.devices[jonas].rooms.contains_key(&group));
    assert!(two.contacts(jonas).iter().any(|contact| contact.blocked && contact.account == hers));
    let direct = Intent::CreateDirect { account: hers.clone(), note: None };
    assert_eq!(code(two.world.call(jonas, direct)), "is_blocked");
    assert_eq!(two.world.call(jonas, Intent::Unblock { account: hers }), Ok(Reply::Done));
    assert_eq!(two.world.call(mira, add), Ok(Reply::Done));
    two.world.run();
    assert!(two.world.devices[jonas].rooms.contains_key(&group));
}

fn link_of(world: &mut World, d: usize) -> String {
    match world.call(d, Intent::ContactLink) {
        Ok(Reply::ContactLink { link }) => link,
        other => panic!("{other:?}"),
    }
}

fn opened(reply: Result<Reply, waxwing_client::api::Failure>) -> (Contact, bool) {
    match reply {
        Ok(Reply::Contact { contact, fits }) => (contact, fits),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_contact_link_is_looked_at_before_anything_is_done() {
    let mut world = World::new(46);
    let (mira, jonas) = (world.register("mira"), world.register("jonas"));
    let link = link_of(&mut world, jonas);
    let look = |link: &str| Intent::PreviewContactLink { link: link.into() };
    let (seen, fits) = opened(world.call(mira, look(&link)));
    assert_eq!((seen.username.as_deref(), seen.is_verified(), fits), (Some("jonas"), false, true));
    assert_eq!(world.call(mira, Intent::Contacts), Ok(Reply::Contacts { contacts: Vec::new() }));
    let (opened, _) = opened(world.call(mira, Intent::OpenContactLink { link }));
    assert!(opened.is_verified());
    let known = world.call(mira, Intent::Contacts);
    assert_eq!(known, Ok(Reply::Contacts { contacts: vec![opened.clone()] }));
    // Another session of the account knows it, too.
    world.run();
    let second = world.log_in("mira");
    world.run();
    assert_eq!(world.call(second, Intent::Contacts), Ok(Reply::Contacts { contacts: vec![opened] }));
}

#[test]
fn a_contact_link_cannot_borrow_the_name_of_somebody_else() {
    let mut world = World::new(47);
    let (mira, jonas) = (world.register("mira"), world.register("jonas"));
    world.register("zoe");
    let link = link_of(&mut world, jonas).replace("~jonas", "~zoe");
    assert!(link.ends_with("~zoe"));
    let (contact, _) = opened(world.call(mira, Intent::OpenContactLink { link }));
    assert_eq!((contact.account, contact.username), (account(&world, jonas), None));
}

#[test]
fn whom_one_blocks_is_not_counted_and_counts_again() {
    let mut world = World::new(48);
    let (mira, jonas, zoe) = (world.register("mira"), world.register("jonas"), world.register("zoe"));
    let room = world.room(mira, "Harbour");
    let link = world.invite(mira, &room);
    for d in [jonas, zoe] {
        world.call(d, Intent::JoinRoom { invite: link.clone() }).unwrap();
    }
    world.run();
    let his = account(&world, jonas);
    let unread = |world: &World| {
        let room = &world.devices[mira].rooms[&room];
        (room.unread, room.mentions)
    };
    let hers = account(&world, mira);
    let to_mira = Intent::Send {
        room: room.clone(),
        text: "look here".into(),
        reply: None,
        mentions: vec![hers],
        preview: None,
    };
    world.call(jonas, to_mira.clone()).unwrap();
    world.send(zoe, &room, "good evening");
    world.run();
    assert_eq!(unread(&world), (2, 1));
    assert_eq!(world.call(mira, Intent::Block { account: his.clone() }), Ok(Reply::Done));
    assert_eq!(unread(&world), (1, 0), "also what came before");
    world.call(jonas, to_mira).unwrap();
    world.run();
    assert_eq!(unread(&world), (1, 0));
    let typing = |world: &World| {
        world.devices[mira].notices.iter().filter(|notice| matches!(notice, Notice::Typing { .. })).count()
    };
    let before = typing(&world);
    world.call(jonas, Intent::Typing { room: room.clone() }).unwrap();
    world.run();
    assert_eq!(typing(&world), before);
    assert_eq!(world.call(mira, Intent::Unblock { account: his }), Ok(Reply::Done));
    assert_eq!(unread(&world), (3, 2));
}

#[test]
fn nobody_is_found_by_half_a_name() {
    let mut world = World::new(44);
    let mira = world.register("mira");
    world.register("jonas");
    for name in ["jona", "jonas2", "", "a name with spaces"] {
        let found = world.call(mira, Intent::FindAccount { username: name.into() });
        assert_eq!(found, Ok(Reply::Account { account: None }), "{name}");
    }
}

#[test]
fn nothing_of_oneself_is_told_to_whom_one_blocks() {
    let mut two = Two::new(45);
    let (mira, jonas, room) = (two.mira, two.jonas, two.room.clone());
    let hers = account(&two.world, mira);
    let told = |world: &World| {
        let about = |notice: &&Notice| matches!(notice, Notice::Typing { .. } | Notice::Receipts { .. });
        world.devices[mira].notices.iter().filter(about).count()
    };
    // Opens what came, and begins to write.
    let look = |world: &mut World| {
        let seq = world.devices[jonas].shown(&room).iter().filter_map(|item| item.seq).max().unwrap();
        world.call(jonas, Intent::Read { room: room.clone(), seq }).unwrap();
        world.call(jonas, Intent::Typing { room: room.clone() }).unwrap();
        world.pass(5_000);
    };
    look(&mut two.world);
    assert_eq!(told(&two.world), 0, "a request has no answer yet");
    assert_eq!(two.world.call(jonas, Intent::AcceptRequest { room: room.clone() }), Ok(Reply::Done));
    two.world.run();
    look(&mut two.world);
    assert!(told(&two.world) >= 2);
    // Messages go out one at a time: the second one waits when she is blocked.
    for text in ["Well", "I will tell you"] {
        two.world.ask(jonas, Intent::text(room.clone(), text.into()));
    }
    assert_eq!(two.world.call(jonas, Intent::Block { account: hers.clone() }), Ok(Reply::Done));
    two.world.run();
    two.world.send(mira, &room, "are you there?");
    two.world.pass(5_000);
    let before = told(&two.world);
    look(&mut two.world);
    assert_eq!(told(&two.world), before);
    let name = Intent::SetDisplayName { name: "Jonas of the harbour".into() };
    assert_eq!(two.world.call(jonas, name), Ok(Reply::Done));
    two.world.crash(jonas);
    two.world.pass(5_000);
    assert_eq!(two.name_of_jonas(), "JONAS");
    let heard = |two: &Two| two.world.devices[mira].texts(&room).contains(&"I will tell you".to_owned());
    assert!(!heard(&two));
    assert_eq!(two.world.call(jonas, Intent::Unblock { account: hers }), Ok(Reply::Done));
    two.world.run();
    assert!(heard(&two), "it waited");
    assert_eq!(two.name_of_jonas(), "Jonas of the harbour");
}

#[test]
fn who_asks_does_not_see_whether_one_is_there_before_one_accepts() {
    let mut two = Two::new(46);
    let (mira, jonas) = (two.mira, two.jonas);
    let his = account(&two.world, jonas);
    let watch = Intent::WatchPresence { accounts: vec![his.clone()] };
    assert_eq!(two.world.call(mira, watch), Ok(Reply::Done));
    two.world.run();
    let seen = |world: &World| {
        let told = world.devices[mira].notices.iter().rev().find_map(|notice| match notice {
            Notice::Presence { people } => people.iter().find(|one| one.account == his).cloned(),
            _ => None,
        });
        told.map(|one| (one.online, one.last_seen))
    };
    assert_eq!(seen(&two.world), Some((false, None)), "nothing is known");
    two.world.go_away(jonas);
    two.world.wake_up(jonas);
    two.world.run();
    assert_eq!(seen(&two.world), Some((false, None)), "also when he comes back");
    assert_eq!(two.world.call(jonas, Intent::AcceptRequest { room: two.room.clone() }), Ok(Reply::Done));
    two.world.run();
    assert_eq!(seen(&two.world).map(|(online, _)| online), Some(true));
}
