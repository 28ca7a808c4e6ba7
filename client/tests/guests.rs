//! Guests: without username and password, into rooms by link or password, and back with the place code.

use waxwing_client::api::{AccountIntent, Intent, Reply};
use waxwing_tests::sim::{World, code};

fn come(world: &mut World, name: &str) -> (usize, String) {
    let d = world.device();
    let come = AccountIntent::ComeAsGuest { display_name: name.into(), device: None };
    match world.call(d, come) {
        Ok(Reply::PlaceCode { code }) => (d, code),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_guest_joins_with_the_password_while_nobody_is_there_and_comes_back_with_the_code() {
    let mut world = World::new(61);
    let mira = world.register("mira");
    let room = world.room(mira, "Harbour");
    world.send(mira, &room, "welcome");
    let set = Intent::SetRoomPassword { room: room.clone(), password: None };
    let Ok(Reply::RoomPassword { name, password }) = world.call(mira, set) else { panic!("no password") };
    world.run();
    world.go_away(mira);
    let (guest, place) = come(&mut world, "Visitor");
    let me = world.devices[guest].me.clone().expect("logged in");
    assert!(me.guest && me.display_name == "Visitor");
    let joined = world.call(guest, Intent::JoinByPassword { name, password });
    assert_eq!(joined, Ok(Reply::Room { room: room.clone() }));
    world.run();
    assert_eq!(world.devices[guest].texts(&room), ["welcome"]);
    world.send(guest, &room, "thank you");
    world.run();
    assert_eq!(world.call(guest, AccountIntent::PlaceCode), Ok(Reply::PlaceCode { code: place.clone() }));

    let again = world.device();
    let back = |code: String| AccountIntent::ReturnAsGuest { code, device: None };
    assert_eq!(code(world.call(again, back("ABCD".into()))), "bad_place_code");
    assert!(matches!(world.call(again, back(place.to_lowercase())), Ok(Reply::LoggedIn { .. })));
    world.run();
    assert_eq!(world.devices[again].texts(&room), ["welcome", "thank you"]);
    assert_eq!(world.devices[again].me.as_ref().expect("back").display_name, "Visitor");
}

#[test]
fn a_code_that_no_guest_has_is_told_apart_from_a_mistyped_one() {
    let mut world = World::new(62);
    world.register("mira");
    let (_, place) = come(&mut world, "Visitor");
    let mut other = World::new(63);
    let d = other.device();
    let back = AccountIntent::ReturnAsGuest { code: place, device: None };
    assert_eq!(code(other.call(d, back)), "wrong_place_code");
    let nameless = AccountIntent::ComeAsGuest { display_name: " ".into(), device: None };
    assert_eq!(code(other.call(d, nameless)), "empty_name");
}

#[test]
fn a_lost_answer_makes_no_second_guest() {
    let mut world = World::new(64);
    world.register("mira");
    let before = world.relay.accounts.len();
    let d = world.device();
    world.tamper_http = Some(Box::new(|_, status, body| {
        *status = 502;
        body.clear();
    }));
    let come = |name: &str| AccountIntent::ComeAsGuest { display_name: name.into(), device: None };
    assert!(world.call(d, come("Visitor")).is_err());
    assert_eq!(world.relay.accounts.len(), before + 1, "the relay has heard it");
    world.tamper_http = None;
    let Ok(Reply::PlaceCode { code: place }) = world.call(d, come("Visitor again")) else {
        panic!("no guest")
    };
    assert_eq!(world.relay.accounts.len(), before + 1);
    assert_eq!(world.devices[d].me.as_ref().expect("logged in").display_name, "Visitor again");
    let again = world.device();
    let back = AccountIntent::ReturnAsGuest { code: place, device: None };
    assert!(matches!(world.call(again, back), Ok(Reply::LoggedIn { .. })));
}

#[test]
fn nobody_brings_a_guest_in() {
    let mut world = World::new(65);
    let mira = world.register("mira");
    let (harbour, office) = (world.room(mira, "Harbour"), world.room(mira, "Office"));
    let invite = world.invite(mira, &harbour);
    let (guest, _) = come(&mut world, "Visitor");
    assert_eq!(world.join(guest, &invite), harbour);
    let account = world.devices[guest].me.as_ref().expect("logged in").account.clone();
    let add = Intent::AddMember { room: office.clone(), account: account.clone() };
    assert_eq!(code(world.call(mira, add)), "is_guest");
    let rooms = world.relay.rooms.len();
    let ask = Intent::CreateDirect { account: account.clone(), note: None };
    assert_eq!(code(world.call(mira, ask)), "is_guest");
    assert_eq!(world.relay.rooms.len(), rooms, "no room that nobody could come into");
    // Put out, it comes back by another link and by nobody's hand.
    let remove = Intent::RemoveMember { room: harbour.clone(), account: account.clone() };
    assert_eq!(world.call(mira, remove), Ok(Reply::Done));
    let add = Intent::AddMember { room: harbour.clone(), account };
    assert_eq!(code(world.call(mira, add)), "is_guest");
    let office_link = world.invite(mira, &office);
    assert_eq!(world.join(guest, &office_link), office);
}
