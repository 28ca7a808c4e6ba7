//! A relay that lies during login.

use waxwing_client::api::{Failure, Intent, Reply};
use waxwing_tests::sim::{password, relay::CODE};
use waxwing_wire::account::{LoggedIn, LoginStarted, path};

use crate::scene::{Scene, few_seeds};

/// Logs in on a new device while the relay alters its answers; says where that ended.
fn log_in(
    scene: &mut Scene,
    alter: impl FnMut(&str, &mut u16, &mut String) + 'static,
) -> Result<Reply, Failure> {
    scene.world.tamper_http = Some(Box::new(alter));
    let d = scene.world.device();
    let login = Intent::LogIn { username: "mira".into(), password: password("mira"), device: None };
    let done = scene.world.call(d, login);
    let done = done.and_then(|_| scene.world.call(d, Intent::SubmitTotp { code: CODE.into(), device: None }));
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
    let mut scene = Scene::asleep(1);
    for (memory_kib, iterations, parallelism) in absurd {
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
    for seed in few_seeds() {
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
    for seed in few_seeds() {
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
    for seed in few_seeds() {
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
    for seed in few_seeds() {
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
    let mut scene = Scene::asleep(1);
    for (status, text) in
        [(200, ""), (200, "{}"), (500, "<html>"), (200, "[1,2"), (401, "null"), (0, "\u{0}")]
    {
        for at in [path::LOGIN_START, path::LOGIN_FINISH, path::LOGIN_TOTP] {
            let result = log_in(&mut scene, move |path, code, body| {
                if path == at {
                    *code = status;
                    *body = text.to_owned();
                }
            });
            assert!(result.is_err(), "{status} {text:?} at {at}");
        }
    }
}
