//! Leaving.

use waxwing_client::api::{Body, Intent, Reply, Role};

use crate::scene::{Three, code};

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
