//! New passwords and new keys.

use waxwing_client::api::{AccountIntent, Identity, Intent, Reply};
use waxwing_tests::sim::{NEW_PASSWORD as NEW, code, fingerprint_of, is_changed, password};

use crate::{scene::Three, world::World};

fn identity(world: &World, d: usize, room: &str, account: &str) -> Identity {
    let people = &world.devices[d].rooms[room].people;
    people.iter().find(|person| person.account == account).expect("known").identity.clone()
}

#[tokio::test]
async fn a_new_password_and_new_keys() {
    let mut all = Three::new().await;
    let (mira, jonas, aicha, room) = (all.mira, all.jonas, all.aicha, all.room.clone());
    let of_mira = all.world.account(mira);
    all.joins(jonas).await;
    all.joins(aicha).await;
    let hers = all.world.log_in("mira").await;
    let his = all.world.log_in("jonas").await;
    let everybody = [mira, jonas, aicha, hers, his];
    let mut said = vec!["one"];
    all.talk(mira, &everybody, &said).await;
    said.push("two");
    all.talk(his, &everybody, &said).await;

    // Jonas changes his password: his other session ends, and nobody else notices.
    let change = |code| AccountIntent::ChangePassword {
        password: password("jonas"),
        new_password: NEW.into(),
        code: Some(code),
    };
    let wrong = AccountIntent::ChangePassword {
        password: "not his".into(),
        new_password: NEW.into(),
        code: Some("000000".into()),
    };
    assert_eq!(all.refused(jonas, wrong).await, "wrong_credentials");
    let fresh = all.world.code("jonas").await;
    let changed = all.world.call(jonas, change(fresh)).await;
    assert!(matches!(changed, Ok(Reply::Rotated { .. })), "{changed:?}");
    all.world.until("his other session ends", |world| world.devices[his].me.is_none()).await;

    // Mira replaces her keys: her other session ends, and whoever knows her is told once.
    let fresh = all.world.code("mira").await;
    let rotate =
        AccountIntent::Rotate { password: password("mira"), new_password: NEW.into(), code: Some(fresh) };
    let rotated = all.world.call(mira, rotate).await;
    assert!(matches!(rotated, Ok(Reply::Rotated { .. })), "{rotated:?}");
    all.world
        .until("her other session ends, and others see her new key", |world| {
            let seen = |d: usize| is_changed(&identity(world, d, &room, &of_mira), true);
            world.devices[hers].me.is_none() && seen(jonas) && seen(aicha)
        })
        .await;
    for d in [jonas, aicha] {
        assert_eq!(all.world.devices[d].changed, [(of_mira.clone(), true)], "device {d}");
        let send = Intent::text(room.clone(), "unsaid".into());
        assert_eq!(all.refused(d, send).await, "identity_changed");
        let fingerprint = fingerprint_of(&identity(&all.world, d, &room, &of_mira)).expect("it changed");
        all.done(d, Intent::AcceptIdentity { account: of_mira.clone(), fingerprint }).await;
    }
    said.push("from the new keys");
    all.talk(mira, &[mira, jonas, aicha], &said).await;
    said.push("and back");
    all.talk(aicha, &[mira, jonas, aicha], &said).await;

    // Mira goes on where her session ended, Jonas on a new device; with the new password and not with the old one.
    let old = AccountIntent::LogIn { username: "mira".into(), password: password("mira"), device: None };
    assert_eq!(code(all.world.call(hers, old).await), "wrong_credentials");
    all.world.log_in_on(hers, "mira", NEW).await;
    let anew = all.world.device();
    all.world.log_in_on(anew, "jonas", NEW).await;
    all.world.all_read(&[hers, anew], &room, &said).await;
    said.push("with all sessions");
    all.talk(hers, &[mira, jonas, aicha, hers, anew], &said).await;
    let device = |d: usize| &all.world.devices[d];
    for d in [jonas, aicha] {
        assert_eq!(device(d).changed.len(), 1, "device {d} was told once");
    }
    for d in [mira, jonas, aicha, hers, anew] {
        assert_eq!(device(d).rolled_back, None, "device {d}");
        assert_eq!(identity(&all.world, d, &room, &of_mira), Identity::Known, "device {d}");
    }
}
