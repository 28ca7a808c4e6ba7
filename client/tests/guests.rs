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
