//! The client half against the real server half.

use super::*;
use opaque_ke::{
    CredentialFinalization, CredentialRequest, RegistrationRequest, RegistrationUpload, ServerLogin,
    ServerLoginParameters, ServerRegistration, ServerSetup,
};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;

struct Relay {
    setup: ServerSetup<Suite>,
    rng: ChaCha20Rng,
}

impl Relay {
    fn new(seed: u64) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        Self { setup: ServerSetup::new(&mut rng), rng }
    }

    fn register(&self, request: &[u8]) -> Vec<u8> {
        let request = RegistrationRequest::deserialize(request).unwrap();
        ServerRegistration::start(&self.setup, request, b"credential").unwrap().message.serialize().to_vec()
    }

    fn parameters() -> ServerLoginParameters<'static, 'static> {
        ServerLoginParameters {
            context: Some(b"Waxwing 1 login"),
            identifiers: Identifiers { client: Some(b"mira"), server: Some(b"waxwing") },
        }
    }

    fn login(&mut self, record: Option<&[u8]>, request: &[u8]) -> (ServerLogin<Suite>, Vec<u8>) {
        let record = record.map(|upload| {
            ServerRegistration::finish(RegistrationUpload::<Suite>::deserialize(upload).unwrap())
        });
        let request = CredentialRequest::deserialize(request).unwrap();
        let started = ServerLogin::start(
            &mut self.rng,
            &self.setup,
            record,
            request,
            b"credential",
            Self::parameters(),
        )
        .unwrap();
        (started.state, started.message.serialize().to_vec())
    }
}

const MIRA: Purpose<'static> = Purpose::Account { username: "mira" };

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn registered(relay: &Relay, params: KsfParams) -> RegistrationDone {
    let (start, request) = RegistrationStart::new(b"correct horse", &mut rng(10)).unwrap();
    assert_eq!(request.len(), 32);
    start.finish(b"correct horse", &relay.register(&request), MIRA, params, &mut rng(11)).unwrap()
}

fn login(
    relay: &mut Relay,
    record: Option<&[u8]>,
    password: &[u8],
    purpose: Purpose<'_>,
    params: KsfParams,
) -> Result<(LoginDone, ServerLogin<Suite>), LoginError> {
    let (start, request) = LoginStart::new(password, &mut rng(12)).unwrap();
    assert_eq!(request.len(), 96);
    let (state, response) = relay.login(record, &request);
    assert_eq!(response.len(), 320);
    start.finish(password, &response, purpose, params, &mut rng(13)).map(|done| (done, state))
}

#[test]
fn registration_and_login_agree_on_the_export_key_and_convince_the_server() {
    let mut relay = Relay::new(1);
    let registration = registered(&relay, KsfParams::DEFAULT);
    assert_eq!(registration.upload.len(), 192);
    let (done, state) =
        login(&mut relay, Some(&registration.upload), b"correct horse", MIRA, KsfParams::DEFAULT).unwrap();
    assert_eq!(done.export_key, registration.export_key);
    assert_eq!(done.finalization.len(), 64);
    let finalization = CredentialFinalization::deserialize(&done.finalization).unwrap();
    assert!(state.finish(finalization, Relay::parameters()).is_ok());
}

#[test]
fn a_wrong_password_an_unknown_name_and_other_parameters_look_alike() {
    let mut relay = Relay::new(1);
    let record = registered(&relay, KsfParams::FLOOR).upload;
    let more = KsfParams { iterations: 3, ..KsfParams::FLOOR };
    let mut fails = |record: Option<&[u8]>, password: &[u8], purpose, params| {
        assert_eq!(
            login(&mut relay, record, password, purpose, params).unwrap_err(),
            LoginError::WrongPassword
        );
    };
    fails(Some(&record), b"correct hors", MIRA, KsfParams::FLOOR);
    fails(None, b"correct horse", MIRA, KsfParams::FLOOR);
    fails(Some(&record), b"correct horse", Purpose::Account { username: "mirb" }, KsfParams::FLOOR);
    fails(Some(&record), b"correct horse", MIRA, more);
    let mut other_relay = Relay::new(2);
    let result = login(&mut other_relay, Some(&record), b"correct horse", MIRA, KsfParams::FLOOR);
    assert_eq!(result.unwrap_err(), LoginError::WrongPassword);
}

#[test]
fn a_server_refuses_anothers_finalization() {
    let mut relay = Relay::new(1);
    let record = registered(&relay, KsfParams::FLOOR).upload;
    let (_, state) = login(&mut relay, Some(&record), b"correct horse", MIRA, KsfParams::FLOOR).unwrap();
    let (done, _) = login(&mut relay, Some(&record), b"correct horse", MIRA, KsfParams::FLOOR).unwrap();
    let finalization = CredentialFinalization::deserialize(&done.finalization).unwrap();
    assert!(state.finish(finalization, Relay::parameters()).is_err());
}

#[test]
fn malformed_responses_are_told_apart() {
    let mut relay = Relay::new(1);
    let record = registered(&relay, KsfParams::FLOOR).upload;
    let attempt = |change: &dyn Fn(&mut Vec<u8>), relay: &mut Relay| {
        let (start, request) = LoginStart::new(b"correct horse", &mut rng(12)).unwrap();
        let (_, mut response) = relay.login(Some(&record), &request);
        change(&mut response);
        start.finish(b"correct horse", &response, MIRA, KsfParams::FLOOR, &mut rng(13)).unwrap_err()
    };
    assert_eq!(attempt(&|r| r.truncate(319), &mut relay), LoginError::Malformed);
    assert_eq!(attempt(&|r| r.clear(), &mut relay), LoginError::Malformed);
    assert_eq!(attempt(&|r| r.push(0), &mut relay), LoginError::Malformed, "a byte more");
    assert_eq!(attempt(&|r| r[..32].fill(0xff), &mut relay), LoginError::Malformed, "not a group element");
    assert_eq!(attempt(&|r| r[100] ^= 1, &mut relay), LoginError::WrongPassword, "masked response");
    assert_eq!(attempt(&|r| r[319] ^= 1, &mut relay), LoginError::WrongPassword, "server MAC");

    let (start, mut request) = RegistrationStart::new(b"correct horse", &mut rng(12)).unwrap();
    let result = start.finish(b"correct horse", &request, MIRA, KsfParams::FLOOR, &mut rng(13));
    assert_eq!(result.unwrap_err(), RegistrationError::Malformed);
    let (start, again) = RegistrationStart::new(b"correct horse", &mut rng(12)).unwrap();
    let longer = [&relay.register(&again)[..], &[0]].concat();
    let result = start.finish(b"correct horse", &longer, MIRA, KsfParams::FLOOR, &mut rng(13));
    assert_eq!(result.unwrap_err(), RegistrationError::Malformed, "a byte more");
    let (start, again) = RegistrationStart::new(b"correct horse", &mut rng(12)).unwrap();
    request.extend_from_slice(&relay.register(&again)[32..]);
    let result = start.finish(b"correct horse", &request, MIRA, KsfParams::FLOOR, &mut rng(13));
    assert_eq!(result.unwrap_err(), RegistrationError::Malformed, "a reflected request");
}

#[test]
fn weak_and_enormous_parameters_are_refused_before_any_work() {
    let KsfParams { memory_kib, iterations, parallelism } = KsfParams::FLOOR;
    for good in [KsfParams::DEFAULT, KsfParams::FLOOR, KsfParams::CEILING] {
        assert_eq!(good.check(), Ok(()));
    }
    for bad in [
        KsfParams { memory_kib: memory_kib - 1, iterations: 10, parallelism },
        KsfParams { memory_kib, iterations: iterations - 1, parallelism },
        KsfParams { memory_kib, iterations, parallelism: 0 },
        KsfParams { memory_kib: 262_145, iterations, parallelism },
        KsfParams { memory_kib, iterations: 11, parallelism },
        KsfParams { memory_kib, iterations, parallelism: 5 },
        KsfParams { memory_kib: u32::MAX, iterations: u32::MAX, parallelism: u32::MAX },
    ] {
        assert_eq!(bad.check(), Err(BadParams), "{bad:?}");
        let (start, _) = LoginStart::new(b"p", &mut rng(1)).unwrap();
        assert_eq!(
            start.finish(b"p", &[], MIRA, bad, &mut rng(1)).unwrap_err(),
            LoginError::BadParams(BadParams)
        );
    }
}

#[test]
fn debug_shows_nothing() {
    let relay = Relay::new(1);
    assert_eq!(format!("{:?}", registered(&relay, KsfParams::FLOOR)), "RegistrationDone(..)");
    assert_eq!(format!("{:?}", LoginStart::new(b"p", &mut rng(1)).unwrap().0), "LoginStart(..)");
    assert_eq!(
        format!("{:?}", RegistrationStart::new(b"p", &mut rng(1)).unwrap().0),
        "RegistrationStart(..)"
    );
}

#[test]
fn an_endless_password_is_refused() {
    assert!(LoginStart::new(&[b'a'; MAX_PASSWORD_BYTES], &mut rng(1)).is_ok());
    assert_eq!(LoginStart::new(&[b'a'; MAX_PASSWORD_BYTES + 1], &mut rng(1)).unwrap_err(), PasswordTooLong);
    assert_eq!(
        RegistrationStart::new(&[b'a'; MAX_PASSWORD_BYTES + 1], &mut rng(1)).unwrap_err(),
        PasswordTooLong
    );
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn no_response_panics(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..400)) {
        let (start, _) = LoginStart::new(b"p", &mut rng(1)).unwrap();
        proptest::prop_assert!(start.finish(b"p", &bytes, MIRA, KsfParams::FLOOR, &mut rng(1)).is_err());
        let (start, _) = RegistrationStart::new(b"p", &mut rng(1)).unwrap();
        let result = start.finish(b"p", &bytes, MIRA, KsfParams::FLOOR, &mut rng(1));
        proptest::prop_assert!(result.is_ok() <= (bytes.len() == 64));
    }
}
