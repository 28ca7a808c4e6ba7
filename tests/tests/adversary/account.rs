//! A relay that lies during login.

use std::sync::OnceLock;

use waxwing_client::api::{AccountIntent, Failure, Reply, Rollback};
use waxwing_tests::sim::{
    Saved, World, password,
    relay::{Account, CODE},
};
use waxwing_wire::account::{LoggedIn, LoginStarted, path};

use crate::scene::{MIRA, Scene, seeds, seeds_for};

/// Attacks of this class.
const ATTACKS: u64 = 7;

/// Logs in on a new device while the relay alters its answers; says where that ended.
fn log_in(
    scene: &mut Scene,
    alter: impl FnMut(&str, &mut u16, &mut String) + 'static,
) -> Result<Reply, Failure> {
    scene.world.tamper_http = Some(Box::new(alter));
    let d = scene.world.device();
    let login = AccountIntent::LogIn { username: "mira".into(), password: password("mira"), device: None };
    let done = scene.world.call(d, login);
    let done =
        done.and_then(|_| scene.world.call(d, AccountIntent::SubmitTotp { code: CODE.into(), device: None }));
    assert!(done.is_ok() || scene.world.devices[d].store.is_empty(), "nothing is kept of a failed login");
    scene.world.tamper_http = None;
    done
}

fn started(body: &str) -> Option<LoginStarted> {
    serde_json::from_str(body).ok()
}

fn refused(result: Result<Reply, Failure>, code: &str) {
    assert_eq!(result.map_err(|failure| failure.code), Err(code.to_owned()));
}

#[test]
fn weak_or_enormous_stretching() {
    let absurd = [
        (8, 1, 1),
        (65_536, 0, 1),
        (19_456, 1, 1),
        (u32::MAX, 3, 1),
        (65_536, u32::MAX, 1),
        (65_536, 3, 255),
        (0, 0, 0),
    ];
    for seed in seeds_for(absurd.len() as u64, ATTACKS) {
        let mut scene = Scene::asleep(seed);
        let (memory_kib, iterations, parallelism) = absurd[seed as usize % absurd.len()];
        let begun = std::time::Instant::now();
        let result = log_in(&mut scene, move |at, _, body| {
            if let (path::LOGIN_START, Some(mut answer)) = (at, started(body)) {
                answer.ksf.memory_kib = memory_kib;
                answer.ksf.iterations = iterations;
                answer.ksf.parallelism = parallelism;
                *body = serde_json::to_string(&answer).expect("it is JSON");
            }
        });
        refused(result, "damaged");
        assert!(begun.elapsed().as_secs() < 5, "refused before it is tried");
    }
}

#[test]
fn record_of_one_account_and_vault_of_another() {
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::asleep(seed);
        let jonas = scene.relay.accounts["jonas"].clone();
        let parts = seed % 3;
        let result = log_in(&mut scene, move |at, _, body| {
            if at == path::LOGIN_TOTP {
                let mut answer: LoggedIn = serde_json::from_str(body).expect("it is JSON");
                match parts {
                    0 => answer.wrap_opaque = jonas.wrap_opaque.clone(),
                    1 => answer.vault = jonas.vault.clone(),
                    _ => {
                        answer.session.account = jonas.id;
                        answer.vault = jonas.vault.clone();
                        answer.wrap_opaque = jonas.wrap_opaque.clone();
                    }
                }
                *body = serde_json::to_string(&answer).expect("it is JSON");
            }
        });
        refused(result, "damaged");
    }
}

#[test]
fn vault_of_another_version() {
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::asleep(seed);
        let result = log_in(&mut scene, move |at, _, body| {
            if at == path::LOGIN_TOTP {
                let mut answer: LoggedIn = serde_json::from_str(body).expect("it is JSON");
                answer.vault_version += 1 + seed;
                *body = serde_json::to_string(&answer).expect("it is JSON");
            }
        });
        refused(result, "damaged");
    }
}

#[test]
fn downgraded_suites() {
    // Version and suite are the first two bytes of everything that is sealed.
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::asleep(seed);
        let at_byte = usize::from(seed % 2 == 0);
        let result = log_in(&mut scene, move |at, _, body| {
            if at == path::LOGIN_TOTP {
                let mut answer: LoggedIn = serde_json::from_str(body).expect("it is JSON");
                let sealed = if seed % 3 == 0 { &mut answer.vault } else { &mut answer.wrap_opaque };
                sealed.0[at_byte] = sealed.0[at_byte].wrapping_add(1 + (seed % 5) as u8);
                *body = serde_json::to_string(&answer).expect("it is JSON");
            }
        });
        refused(result, "damaged");
        let d = scene.world.log_in("mira");
        let room = scene.relay.only_room();
        for (_, snapshot) in &mut room.snapshots {
            snapshot.bytes.0[1] = snapshot.bytes.0[1].wrapping_add(1);
        }
        let newcomer = scene.world.log_in("jonas");
        assert!(scene.trouble(newcomer).is_some(), "seed {seed}");
        assert!(scene.trouble(d).is_none(), "seed {seed}");
        scene.nothing_forged();
    }
}

#[test]
fn answer_for_another_name() {
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::asleep(seed);
        // The relay runs the login against the record of another account.
        let result = log_in(&mut scene, |at, _, body| {
            if let (path::LOGIN_START, Some(mut answer)) = (at, started(body)) {
                let last = answer.opaque_response.0.len() - 1;
                answer.opaque_response.0[last] ^= 1;
                answer.username = "jonas".into();
                *body = serde_json::to_string(&answer).expect("it is JSON");
            }
        });
        refused(result, "wrong_credentials");
    }
}

#[test]
fn answers_that_are_no_answers() {
    let answers = [(200, ""), (200, "{}"), (500, "<html>"), (200, "[1,2"), (401, "null"), (0, "\u{0}")];
    let steps = [path::LOGIN_START, path::LOGIN_FINISH, path::LOGIN_TOTP];
    for seed in seeds_for((answers.len() * steps.len()) as u64, ATTACKS) {
        let mut scene = Scene::asleep(seed);
        let n = seed as usize;
        let (at, (status, text)) = (steps[n % steps.len()], answers[n / steps.len() % answers.len()]);
        let result = log_in(&mut scene, move |path, code, body| {
            if path == at {
                *code = status;
                *body = text.to_owned();
            }
        });
        assert!(result.is_err(), "{status} {text:?} at {at}");
    }
}

/// The scene after Mira has changed her password, and what the relay had of her before. Changing it is slow, so it is done once.
fn with_a_new_password() -> &'static (Saved, Account) {
    static CHANGED: OnceLock<(Saved, Account)> = OnceLock::new();
    CHANGED.get_or_init(|| {
        let mut scene = Scene::new(1);
        let before = scene.relay.accounts["mira"].clone();
        let (password, new_password) = (password("mira"), NEW.into());
        let change = AccountIntent::ChangePassword { password, new_password, code: Some(CODE.into()) };
        assert!(matches!(scene.world.call(MIRA, change), Ok(Reply::Rotated { .. })));
        scene.world.run();
        (scene.world.save(), before)
    })
}

const NEW: &str = "another long password of hers";

#[test]
fn vault_rolled_back_after_a_password_change() {
    for seed in seeds_for(4, ATTACKS) {
        let (saved, before) = with_a_new_password();
        let mut world = saved.open(seed);
        world.run();
        let now = world.relay.accounts["mira"].clone();
        assert!(now.vault_version > before.vault_version);
        let log_in = |world: &mut World, d: usize, password: &str| {
            let login =
                AccountIntent::LogIn { username: "mira".into(), password: password.into(), device: None };
            let done = world.call(d, login);
            done.and_then(|_| world.call(d, AccountIntent::SubmitTotp { code: CODE.into(), device: None }))
        };
        // The old credentials, with the newest data of the account beside them or the old data too.
        let mut served = before.clone();
        if seed % 2 == 0 {
            served.data = now.data.clone();
        }
        world.relay.accounts.insert("mira".into(), served.clone());
        if seed % 4 < 2 {
            // Her own device is made to log in again: it remembers that there was a newer vault.
            world.relay.end_sessions("mira");
            world.cut(MIRA);
            world.run();
            let held = world.devices[MIRA].store.clone();
            refused(log_in(&mut world, MIRA, NEW), "wrong_credentials");
            refused(log_in(&mut world, MIRA, &password("mira")), "account_rolled_back");
            assert_eq!(world.devices[MIRA].store, held, "seed {seed}: nothing is overwritten");
        } else {
            // A device without memory: it is told by the data or by what she said since, and changes nothing.
            let fresh = world.device();
            log_in(&mut world, fresh, &password("mira")).expect("the old password opens the old vault");
            if seed % 2 == 0 {
                assert_eq!(world.devices[fresh].rolled_back, Some(Rollback::Vault), "seed {seed}");
            }
            let data = world.relay.data_of("mira").clone();
            assert!(seed % 2 == 1 || data == served.data, "seed {seed}: nothing is overwritten");
        }
        // The relay behaves: the new password opens the account, with everything in it.
        world.relay.accounts.insert("mira".into(), now);
        let again = if seed % 4 < 2 { MIRA } else { world.device() };
        log_in(&mut world, again, NEW).expect("the new password is right");
        world.run();
        assert_eq!(world.devices[again].rolled_back, None, "seed {seed}");
        assert_eq!(world.devices[again].rooms.len(), 1, "seed {seed}");
    }
}
