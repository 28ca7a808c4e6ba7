//! A relay that drops, reorders, doubles, delays, cuts short or flips what it sends.

use std::collections::BTreeMap;

use rand::Rng as _;
use waxwing_tests::sim::{Delivery, Tamper};

use crate::scene::{AICHA, JONAS, MIRA, Scene, seeds};

/// Attacks of this class.
const ATTACKS: u64 = 7;

/// What a device may ask within half a minute of this, several times what it does: nobody is made to ask in circles.
const MOST_REQUESTS: u64 = 1_000;

/// Everybody talks and somebody joins while the relay tampers; then it behaves.
fn under(attack: impl Fn(u64) -> Tamper) {
    under_and(attack, Scene::converges);
}

fn under_and(attack: impl Fn(u64) -> Tamper, then: impl Fn(&mut Scene)) {
    for seed in seeds(ATTACKS) {
        let mut scene = Scene::new(seed);
        scene.world.tamper = Some(attack(seed));
        for (n, d) in [MIRA, JONAS, AICHA, JONAS, MIRA].into_iter().enumerate() {
            scene.say(d, &format!("{n} under attack, seed {seed}"));
            for _ in 0..n * 3 {
                scene.world.step();
            }
        }
        let invite = scene.invite.clone();
        scene.world.ask(3, waxwing_client::api::Intent::JoinRoom { invite });
        scene.world.pass(30_000);
        scene.nothing_forged();
        let most = scene.world.devices.iter().map(|device| device.sent).max();
        assert!(most < Some(MOST_REQUESTS), "seed {seed}: {most:?} requests by one device");
        then(&mut scene);
    }
}

#[test]
fn dropped_frames() {
    under(|_| Box::new(|delivery, rng| if rng.gen_bool(0.3) { Vec::new() } else { delivery.honest() }));
}

#[test]
fn doubled_frames() {
    under(|_| {
        Box::new(|delivery, rng| {
            let mut frames = delivery.honest();
            while rng.gen_bool(0.4) {
                frames.extend(delivery.honest());
            }
            frames
        })
    });
}

/// Keeps frames back and lets them go in another order.
fn shuffling(keep: usize) -> Tamper {
    let mut kept: BTreeMap<usize, Vec<Vec<u8>>> = BTreeMap::new();
    Box::new(move |delivery: &Delivery, rng| {
        let waiting = kept.entry(delivery.device).or_default();
        waiting.extend(delivery.honest());
        let mut out = Vec::new();
        while waiting.len() > keep || (!waiting.is_empty() && rng.gen_bool(0.5)) {
            let n = rng.gen_range(0..waiting.len());
            out.push(waiting.swap_remove(n));
        }
        out
    })
}

#[test]
fn reordered_frames() {
    under(|seed| shuffling(if seed % 2 == 0 { 0 } else { 3 }));
}

#[test]
fn delayed_frames() {
    // Events come long after everything else did.
    under(|_| {
        let mut late: BTreeMap<usize, Vec<Vec<u8>>> = BTreeMap::new();
        Box::new(move |delivery, rng| {
            let waiting = late.entry(delivery.device).or_default();
            if delivery.request.is_none() && rng.gen_bool(0.8) {
                waiting.extend(delivery.honest());
                return Vec::new();
            }
            let mut out = delivery.honest();
            if rng.gen_bool(0.2) {
                out.append(waiting);
            }
            out
        })
    });
}

#[test]
fn frames_cut_short() {
    under(|_| {
        Box::new(|delivery, rng| {
            let mut frames = delivery.honest();
            for frame in &mut frames {
                if rng.gen_bool(0.2) {
                    frame.truncate(rng.gen_range(0..frame.len()));
                }
            }
            frames
        })
    });
}

#[test]
fn flipped_bits() {
    under_and(
        |_| {
            Box::new(|delivery, rng| {
                let mut frames = delivery.honest();
                for frame in &mut frames {
                    if rng.gen_bool(0.3) {
                        let at = rng.gen_range(0..frame.len());
                        frame[at] ^= 1 << rng.gen_range(0..8);
                    }
                }
                frames
            })
        },
        Scene::converges_with_forks,
    );
}

#[test]
fn answers_to_other_questions() {
    // Every answer now and then carries what was answered before to somebody.
    under(|_| {
        let mut last = None;
        Box::new(move |delivery, rng| {
            use waxwing_wire::{encode, frame::ServerFrame};
            let ServerFrame::Response { id, response } = &delivery.frame else { return delivery.honest() };
            let other = last.replace(response.clone());
            match other {
                Some(response) if rng.gen_bool(0.3) => {
                    vec![encode(&ServerFrame::Response { id: *id, response })]
                }
                _ => delivery.honest(),
            }
        })
    });
}
