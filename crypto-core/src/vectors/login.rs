//! The OPAQUE client with recorded randomness and recorded responses of a real server.

use opaque_ke::{
    CredentialRequest, Identifiers, RegistrationRequest, RegistrationUpload, ServerLogin,
    ServerLoginParameters, ServerRegistration, ServerSetup,
};
use serde_json::{Value, json};

use super::tools::{Case, Failure, Playback, broken, fixed_bytes, flipped, hex, refused, variant};
use crate::login::{
    BadParams, KsfParams, LoginError, LoginStart, Purpose, RegistrationError, RegistrationStart, Suite,
};
use crate::room_password::RoomHandle;

const PASSWORD: &str = "correct horse";
const USERNAME: &str = "mira";
const HANDLE: RoomHandle = RoomHandle([0x21; 32]);
/// More randomness than any step takes.
const RANDOM_BYTES: usize = 1024;

pub(super) fn run(case: &Case<'_>) -> Result<(), Failure> {
    match case.text("op")? {
        "params" => params(case)?.check().map_err(refused),
        "register" => run_register(case),
        "login" => run_login(case),
        _ => Err(broken("no such op")),
    }
}

fn params(case: &Case<'_>) -> Result<KsfParams, Failure> {
    Ok(KsfParams {
        memory_kib: case.number_u32("memory_kib")?,
        iterations: case.number_u32("iterations")?,
        parallelism: case.number_u32("parallelism")?,
    })
}

/// The room that a case is about; zeros for an account.
fn handle(case: &Case<'_>) -> Result<RoomHandle, Failure> {
    if case.has("handle") { case.array("handle").map(RoomHandle) } else { Ok(RoomHandle([0; 32])) }
}

fn purpose<'a>(case: &Case<'a>, handle: &'a RoomHandle) -> Result<Purpose<'a>, Failure> {
    if case.has("handle") {
        return Ok(Purpose::Room { handle });
    }
    case.text("username").map(|username| Purpose::Account { username })
}

fn run_register(case: &Case<'_>) -> Result<(), Failure> {
    let (password, mut rng) = (case.text("password")?.as_bytes(), case.playback("random")?);
    let (start, request) = RegistrationStart::new(password, &mut rng).map_err(refused)?;
    case.expect_bytes("request", &request)?;
    let (response, handle) = (case.bytes("response")?, handle(case)?);
    let purpose = purpose(case, &handle)?;
    let done = start.finish(password, &response, purpose, params(case)?, &mut rng).map_err(refused)?;
    rng.finish()?;
    case.expect_bytes("upload", &done.upload)?;
    case.expect_bytes("export_key", done.export_key.expose())
}

fn run_login(case: &Case<'_>) -> Result<(), Failure> {
    let (password, mut rng) = (case.text("password")?.as_bytes(), case.playback("random")?);
    let (start, request) = LoginStart::new(password, &mut rng).map_err(refused)?;
    if case.has("request") {
        case.expect_bytes("request", &request)?;
    }
    let (response, handle) = (case.bytes("response")?, handle(case)?);
    let purpose = purpose(case, &handle)?;
    let done = start.finish(password, &response, purpose, params(case)?, &mut rng).map_err(refused)?;
    rng.finish()?;
    case.expect_bytes("finalization", &done.finalization)?;
    case.expect_bytes("export_key", done.export_key.expose())
}

pub(super) fn make() -> Result<Vec<Value>, Failure> {
    let mut cases = make_params();
    let mut server_rng = Playback::new(fixed_bytes("opaque server", RANDOM_BYTES));
    let setup = ServerSetup::<Suite>::new(&mut server_rng);

    let account = Purpose::Account { username: USERNAME };
    let (registration, upload) = make_registration(&setup, account)?;
    let response = Case(&registration).bytes("response")?;
    let malformed = RegistrationError::Malformed.to_string();
    cases.push(variant(
        &registration,
        "registration, a response cut short",
        &malformed,
        json!({
            "response": hex(response.get(..63).unwrap_or_default()),
        }),
    ));
    let longer = [&response[..], &[0]].concat();
    let name = "registration, a byte after the response";
    cases.push(variant(&registration, name, &malformed, json!({ "response": hex(&longer) })));
    cases.push(variant(
        &registration,
        "registration, weak parameters",
        &BadParams.to_string(),
        json!({
            "iterations": 1,
        }),
    ));
    let login = make_login(&setup, &upload, account, &mut server_rng)?;
    cases.push(registration);
    cases.extend(make_room(&setup, &mut server_rng)?);

    let response = Case(&login).bytes("response")?;
    let (wrong, malformed) = (LoginError::WrongPassword.to_string(), LoginError::Malformed.to_string());
    let not_an_element = [&[0xff; 32], response.get(32..).unwrap_or_default()].concat();
    let refusals = [
        ("another password", &wrong, json!({ "password": "correct house", "request": null })),
        ("another username", &wrong, json!({ "username": "mirb" })),
        ("other parameters", &wrong, json!({ "iterations": 3 })),
        ("a flipped bit in the masked response", &wrong, json!({ "response": flipped(&response, 100) })),
        ("a flipped bit in the server's MAC", &wrong, json!({ "response": flipped(&response, 319) })),
        ("a response that is no group element", &malformed, json!({ "response": hex(&not_an_element) })),
        (
            "a response cut short",
            &malformed,
            json!({ "response": hex(response.get(..319).unwrap_or_default()) }),
        ),
        (
            "a byte after the response",
            &malformed,
            json!({ "response": hex(&[&response[..], &[0]].concat()) }),
        ),
        ("no response", &malformed, json!({ "response": "" })),
    ];
    for (name, expect, changes) in refusals {
        cases.push(variant(&login, &format!("login, {name}"), expect, changes));
    }
    cases.push(variant(&login, "login, weak parameters", &BadParams.to_string(), json!({ "memory_kib": 8 })));
    cases.push(login);
    Ok(cases)
}

fn make_params() -> Vec<Value> {
    let (floor, ceiling) = (KsfParams::FLOOR, KsfParams::CEILING);
    let case = |name: &str, expect: &str, params: KsfParams| {
        let KsfParams { memory_kib, iterations, parallelism } = params;
        json!({
            "name": format!("parameters, {name}"), "op": "params", "expect": expect,
            "memory_kib": memory_kib, "iterations": iterations, "parallelism": parallelism,
        })
    };
    let bad = BadParams.to_string();
    vec![
        case("default", "ok", KsfParams::DEFAULT),
        case("floor", "ok", floor),
        case("ceiling", "ok", ceiling),
        case("too little memory", &bad, KsfParams { memory_kib: 19_455, ..floor }),
        case("too much memory", &bad, KsfParams { memory_kib: 262_145, ..ceiling }),
        case("too few passes", &bad, KsfParams { iterations: 1, ..floor }),
        case("too many passes", &bad, KsfParams { iterations: 11, ..ceiling }),
        case("no lane", &bad, KsfParams { parallelism: 0, ..floor }),
        case("too many lanes", &bad, KsfParams { parallelism: 5, ..ceiling }),
    ]
}

fn make_registration(setup: &ServerSetup<Suite>, purpose: Purpose<'_>) -> Result<(Value, Vec<u8>), Failure> {
    let mut rng = Playback::new(fixed_bytes("opaque registration", RANDOM_BYTES));
    let (start, request) = RegistrationStart::new(PASSWORD.as_bytes(), &mut rng).map_err(refused)?;
    let message = RegistrationRequest::deserialize(&request).map_err(refused)?;
    let response = ServerRegistration::start(setup, message, USERNAME.as_bytes()).map_err(refused)?;
    let response = response.message.serialize();
    let done =
        start.finish(PASSWORD.as_bytes(), &response, purpose, KsfParams::FLOOR, &mut rng).map_err(refused)?;
    let case = json!({
        "name": "registration", "op": "register", "request": hex(&request), "response": hex(&response),
        "random": hex(rng.taken()?), "upload": hex(&done.upload), "export_key": hex(done.export_key.expose()),
    });
    Ok((variant(&case, "registration", "ok", common(purpose)), done.upload))
}

fn make_login(
    setup: &ServerSetup<Suite>,
    upload: &[u8],
    purpose: Purpose<'_>,
    server_rng: &mut Playback,
) -> Result<Value, Failure> {
    let mut rng = Playback::new(fixed_bytes("opaque login", RANDOM_BYTES));
    let (start, request) = LoginStart::new(PASSWORD.as_bytes(), &mut rng).map_err(refused)?;
    let record = ServerRegistration::finish(RegistrationUpload::deserialize(upload).map_err(refused)?);
    let message = CredentialRequest::deserialize(&request).map_err(refused)?;
    // What the relay has to use, written down again.
    let (context, client): (&[u8], &[u8]) = match purpose {
        Purpose::Account { username } => (b"Waxwing 1 login", username.as_bytes()),
        Purpose::Room { handle } => (b"Waxwing 1 room password", handle.as_bytes()),
    };
    let parameters = ServerLoginParameters {
        context: Some(context),
        identifiers: Identifiers { client: Some(client), server: Some(b"waxwing") },
    };
    let server =
        ServerLogin::start(server_rng, setup, Some(record), message, USERNAME.as_bytes(), parameters)
            .map_err(refused)?;
    server_rng.taken()?;
    let response = server.message.serialize();
    let done =
        start.finish(PASSWORD.as_bytes(), &response, purpose, KsfParams::FLOOR, &mut rng).map_err(refused)?;
    let case = json!({
        "op": "login", "request": hex(&request), "response": hex(&response), "random": hex(rng.taken()?),
        "finalization": hex(&done.finalization), "export_key": hex(done.export_key.expose()),
    });
    Ok(variant(&case, "login", "ok", common(purpose)))
}

/// A room's password: the same password under the same credential id, for another purpose.
fn make_room(setup: &ServerSetup<Suite>, server_rng: &mut Playback) -> Result<Vec<Value>, Failure> {
    let room = Purpose::Room { handle: &HANDLE };
    let (registration, upload) = make_registration(setup, room)?;
    let login = make_login(setup, &upload, room, server_rng)?;
    let wrong = LoginError::WrongPassword.to_string();
    Ok(vec![
        variant(&registration, "room, registration", "ok", json!({})),
        variant(&login, "room, another handle", &wrong, json!({ "handle": hex(&[0x22; 32]) })),
        variant(
            &login,
            "room, taken for an account",
            &wrong,
            json!({ "handle": null, "username": USERNAME }),
        ),
        variant(&login, "room, login", "ok", json!({})),
    ])
}

fn common(purpose: Purpose<'_>) -> Value {
    let KsfParams { memory_kib, iterations, parallelism } = KsfParams::FLOOR;
    let mut common = json!({
        "password": PASSWORD, "memory_kib": memory_kib, "iterations": iterations, "parallelism": parallelism,
    });
    let (member, name) = match purpose {
        Purpose::Account { username } => ("username", username.to_owned()),
        Purpose::Room { handle } => ("handle", hex(handle.as_bytes())),
    };
    if let Some(members) = common.as_object_mut() {
        members.insert(member.into(), name.into());
    }
    common
}
