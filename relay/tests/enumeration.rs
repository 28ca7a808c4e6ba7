//! Whether answers tell which usernames exist: not by what they say or how long they are, which is asserted, and not by
//! the time they take, which is measured and reported (`cargo xtask bench enumeration`).

mod support;

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use opaque_ke::{ClientLogin, ClientRegistration};
use rand_core::OsRng;
use reqwest::Response;
use serde_json::{Value, json};
use support::{
    Running,
    account::{ClientSuite, Http, PASSWORD, Person, finish_stretched, first, register_start},
    requests::random,
    start, start_with,
};
use waxwing_wire::{
    Opaque,
    account::{LoginFinish, LoginStart, RecoverStart, TotpEnrolment, path},
};

/// As long as KE3.
const KE3_BYTES: usize = 64;

fn login_start(username: &str) -> LoginStart {
    let begun = ClientLogin::<ClientSuite>::start(&mut OsRng, b"not the password").unwrap();
    let opaque_request = Opaque(begun.message.serialize().to_vec());
    LoginStart { username: username.to_owned(), opaque_request }
}

fn login_finish(login: &str) -> LoginFinish {
    LoginFinish { login: login.to_owned(), opaque_finalization: Opaque(random::<KE3_BYTES>().to_vec()) }
}

fn recover_start(username: &str) -> RecoverStart {
    let begun = ClientRegistration::<ClientSuite>::start(&mut OsRng, b"a new password").unwrap();
    RecoverStart {
        username: username.to_owned(),
        token: Opaque(random::<32>().to_vec()),
        opaque_request: Opaque(begun.message.serialize().to_vec()),
    }
}

/// What somebody sees of an answer who cannot look into what is random: status, headers, names and lengths of values.
async fn face(answer: Response) -> (Value, Value) {
    let status = answer.status().as_u16();
    let headers: BTreeMap<String, String> = answer
        .headers()
        .iter()
        .filter(|(name, _)| *name != "date")
        .map(|(name, value)| (name.to_string(), value.to_str().unwrap().to_owned()))
        .collect();
    let text = answer.text().await.unwrap();
    let body: Value = serde_json::from_str(&text).unwrap();
    let mut shape = body.clone();
    for key in ["login", "opaque_response"] {
        if let Some(value) = shape.get_mut(key) {
            *value = json!(value.as_str().unwrap().len());
        }
    }
    (json!({ "status": status, "headers": headers, "length": text.len(), "body": shape }), body)
}

#[tokio::test]
async fn answers_about_names_that_nobody_has_look_like_all_others() {
    let running = start().await;
    let http = Http::new(&running);
    let mira = first(&running, "mira").await;
    let hold = |mut answer: Value| {
        // The name itself comes back; both have the same length.
        answer["body"]["username"] = Value::Null;
        answer["body"]["ksf"] = Value::Null;
        answer
    };
    // Until names are held back: that, too, looks the same.
    for round in 0..4 {
        let mut faces = Vec::new();
        for name in [mira.username.as_str(), "nemo"] {
            let begun = http.post(path::LOGIN_START).json(&login_start(name)).send().await.unwrap();
            let (begun, body) = face(begun).await;
            let finished = match body["login"].as_str() {
                None => Value::Null,
                Some(login) => {
                    let finish = login_finish(login);
                    face(http.post(path::LOGIN_FINISH).json(&finish).send().await.unwrap()).await.0
                }
            };
            let recover = http.post(path::RECOVER_START).json(&recover_start(name)).send().await.unwrap();
            let recover = face(recover).await.0;
            assert_eq!(recover["status"], if round < 2 { 401 } else { 429 }, "{round}");
            faces.push([hold(begun), finished, hold(recover)]);
        }
        let [known, unknown]: [[Value; 3]; 2] = faces.try_into().ok().unwrap();
        // Waits may differ by a second between the two.
        if round < 2 {
            assert_eq!(known, unknown, "{round}");
        } else {
            for (known, unknown) in known.iter().zip(&unknown) {
                assert_eq!(known["status"], unknown["status"], "{round}");
                assert_eq!(known["body"]["code"], unknown["body"]["code"], "{round}");
            }
        }
    }
}

/// Accounts, and as many names that nobody has. A name bears few attempts before it is held back.
const NAMES: usize = 200;
const ATTEMPTS: usize = 2;
/// About as large as the vault of somebody in many rooms.
const VAULT_BYTES: usize = 16 * 1024;

/// Calls from an address of their own each, over one connection.
struct Prober {
    http: Http,
    calls: u32,
}

impl Prober {
    /// Makes a call; answers how long it took, and what came.
    async fn call(&mut self, path: &str, body: Vec<u8>) -> (Duration, Vec<u8>) {
        let [_, b, c, d] = self.calls.to_be_bytes();
        let request = self
            .http
            .post(path)
            .header("content-type", "application/json")
            .header("x-forwarded-for", format!("10.{b}.{c}.{d}"))
            .body(body);
        let begun = Instant::now();
        let answer = request.send().await.unwrap();
        let status = answer.status().as_u16();
        let bytes = answer.bytes().await.unwrap();
        let took = begun.elapsed();
        assert!(status == 200 || status == 401, "{path}: {status}");
        (took, bytes.to_vec())
    }

    /// A login with a wrong password and a recovery with a wrong key, from one address.
    async fn probe(&mut self, username: &str) -> [Duration; 3] {
        self.calls += 1;
        let body = serde_json::to_vec(&login_start(username)).unwrap();
        let (start, answer) = self.call(path::LOGIN_START, body).await;
        let answer: Value = serde_json::from_slice(&answer).unwrap();
        let body = serde_json::to_vec(&login_finish(answer["login"].as_str().unwrap())).unwrap();
        let (finish, _) = self.call(path::LOGIN_FINISH, body).await;
        let body = serde_json::to_vec(&recover_start(username)).unwrap();
        let (recover, _) = self.call(path::RECOVER_START, body).await;
        [start, finish, recover]
    }
}

async fn register_with_vault(running: &Running, index: usize) -> String {
    let http = Http::from(running, &format!("192.0.{}.{}", index / 250, index % 250 + 1));
    let begun = register_start(&http, &format!("known{index:03}"), PASSWORD, None).await.unwrap();
    // Nobody logs in here, so nobody need wait for a strong stretching.
    let weak = argon2::Params::new(8, 1, 1, None).unwrap();
    let weak = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, weak);
    let mut request = finish_stretched(&begun, &weak);
    request.vault = Opaque(vec![1; VAULT_BYTES]);
    let enrolment: TotpEnrolment = http.call(path::REGISTER_FINISH, &request).await.unwrap();
    let confirm =
        support::account::confirm(request.registration, support::account::code(&enrolment.secret, 0));
    let _: Value = http.call(path::REGISTER_CONFIRM, &confirm).await.unwrap();
    begun.started.username
}

/// Microseconds, sorted.
#[derive(Default)]
struct Times(Vec<f64>);

impl Times {
    fn push(&mut self, took: Duration) {
        self.0.push(took.as_secs_f64() * 1e6);
    }

    fn quantile(&self, of_one: f64) -> f64 {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted[((sorted.len() - 1) as f64 * of_one) as usize]
    }

    fn median(&self) -> f64 {
        self.quantile(0.5)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement; cargo xtask bench enumeration"]
async fn measure() {
    let running = start_with(|config| config.trusted_proxy = vec!["127.0.0.1".parse().unwrap()]).await;
    let _: Person = first(&running, "mira").await;
    let mut known = Vec::new();
    for index in 0..2 * NAMES {
        known.push(register_with_vault(&running, index).await);
    }
    let mut prober = Prober { http: Http::new(&running), calls: 0 };
    // By call: two halves of the known names, and names that nobody has.
    let mut times: [[Times; 3]; 3] = Default::default();
    for attempt in 0..=ATTEMPTS {
        for index in 0..NAMES {
            let (one, other) = known.split_at(NAMES);
            let names = [one[index].clone(), other[index].clone(), format!("nobody{index:03}")];
            // Neighbours are compared, in an order that changes: what else the machine does falls on all of them.
            for turn in 0..3 {
                let which = (index + attempt + turn) % 3;
                // The first round only warms up, with names of its own: each name bears few attempts.
                let name = if attempt == 0 { format!("warmup{index:03}") } else { names[which].clone() };
                if attempt == 0 && turn > 0 {
                    continue;
                }
                let took = prober.probe(&name).await;
                if attempt > 0 {
                    for (call, took) in took.into_iter().enumerate() {
                        times[call][which].push(took);
                    }
                }
            }
        }
    }
    report(&times);
}

#[expect(clippy::print_stdout, reason = "a measurement is there to be read")]
fn report(times: &[[Times; 3]; 3]) {
    println!(
        "Medians in microseconds of {} calls each; names that exist in two halves.",
        times[0][0].0.len()
    );
    println!("The ratio is the difference to unknown names, against what chance makes between medians.\n");
    println!(
        "{:<14} {:>9} {:>9} {:>9} {:>11} {:>13} {:>7}",
        "call", "known", "known", "unknown", "difference", "known halves", "ratio"
    );
    for (name, [one, other, unknown]) in ["login/start", "login/finish", "recover/start"].iter().zip(times) {
        let known = Times(one.0.iter().chain(&other.0).copied().collect());
        let difference = unknown.median() - known.median();
        let halves = other.median() - one.median();
        // Of a median: 1.2533 standard deviations by the root of the number; the quartiles are 1.349 of them apart.
        let spread = (known.quantile(0.75) - known.quantile(0.25)) / 1.349;
        let error = |times: &Times| (1.2533 * spread).powi(2) / times.0.len() as f64;
        let chance = (error(&known) + error(unknown)).sqrt();
        println!(
            "{name:<14} {:>9.1} {:>9.1} {:>9.1} {:>+11.1} {:>+13.1} {:>7.2}",
            one.median(),
            other.median(),
            unknown.median(),
            difference,
            halves,
            difference.abs() / chance
        );
    }
}
