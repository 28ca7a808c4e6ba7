//! Registration and login, step by step or at once.

use argon2::Argon2;
use opaque_ke::{
    CipherSuite, ClientLogin, ClientLoginFinishParameters, ClientRegistration,
    ClientRegistrationFinishParameters, CredentialResponse, Identifiers, RegistrationResponse, Ristretto255,
    TripleDh,
};
use rand_core::OsRng;
use reqwest::{
    RequestBuilder, Response,
    header::{COOKIE, SET_COOKIE},
};
use serde::{Serialize, de::DeserializeOwned};
use sha2::{Digest as _, Sha256, Sha512};
use totp_rs::{Builder, Totp};
use waxwing_wire::{
    AccountId, Opaque,
    account::{
        CLIENT_HEADER, KsfParams, LoggedIn, LoginAccepted, LoginFinish, LoginStart, LoginStarted, LoginTotp,
        RegisterConfirm, RegisterFinish, RegisterStart, RegisterStarted, Registered, SessionInfo,
        TotpEnrolment, path,
    },
    ids::TokenHash,
};

use super::{Running, requests::random};

/// The client's suite stretches with Argon2id; the relay's names the identity. They must still understand each other.
pub struct ClientSuite;

impl CipherSuite for ClientSuite {
    type OprfCs = Ristretto255;
    type KeyExchange = TripleDh<Ristretto255, Sha512>;
    type Ksf = Argon2<'static>;
}

/// The cheapest that the relay takes.
pub const KSF: KsfParams = KsfParams { memory_kib: 19_456, iterations: 2, parallelism: 1 };
/// What the recovery key of everybody here yields.
pub const RECOVERY_TOKEN: [u8; 32] = [6; 32];
pub const PASSWORD: &str = "correct horse battery";

pub fn argon2() -> Argon2<'static> {
    let params = argon2::Params::new(KSF.memory_kib, KSF.iterations, KSF.parallelism, None).unwrap();
    Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params)
}

fn identifiers(username: &str) -> Identifiers<'_> {
    Identifiers { client: Some(username.as_bytes()), server: Some(b"waxwing") }
}

/// Talks HTTP to a relay.
#[derive(Clone)]
pub struct Http {
    pub client: reqwest::Client,
    pub origin: String,
}

/// What the relay says when it refuses.
#[derive(Debug, PartialEq, Eq)]
pub struct Refused {
    pub status: u16,
    pub code: String,
    pub retry_after_s: Option<u64>,
}

pub fn refused(status: u16, code: &str) -> Refused {
    Refused { status, code: code.to_owned(), retry_after_s: None }
}

pub async fn refusal(response: Response) -> Refused {
    let status = response.status().as_u16();
    assert_eq!(response.headers()["content-type"], "application/problem+json");
    let retry_after =
        response.headers().get("retry-after").map(|value| value.to_str().unwrap().parse().unwrap());
    let body: serde_json::Value = response.json().await.unwrap();
    assert_eq!(body["status"], status);
    assert_eq!(body["type"], format!("urn:waxwing:problem:{}", body["code"].as_str().unwrap()));
    assert!(!body["title"].as_str().unwrap().is_empty() && !body["detail"].as_str().unwrap().is_empty());
    assert_eq!(body["retry_after_s"].as_u64(), retry_after);
    Refused { status, code: body["code"].as_str().unwrap().to_owned(), retry_after_s: retry_after }
}

impl Http {
    pub fn new(running: &Running) -> Self {
        Self::at(&running.origin)
    }

    pub fn at(origin: &str) -> Self {
        Self { client: reqwest::Client::new(), origin: origin.to_owned() }
    }

    /// From another address, as a proxy on this machine tells.
    pub fn from(running: &Running, address: &str) -> Self {
        let headers = [("x-forwarded-for".parse().unwrap(), address.parse().unwrap())];
        let client =
            reqwest::Client::builder().default_headers(headers.into_iter().collect()).build().unwrap();
        Self { client, ..Self::new(running) }
    }

    pub fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(format!("{}{path}", self.origin))
    }

    /// A call as clients make it.
    pub fn post(&self, path: &str) -> RequestBuilder {
        let (name, value) = CLIENT_HEADER;
        self.client.post(format!("{}{path}", self.origin)).header(name, value)
    }

    pub async fn call<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Refused> {
        self.call_with_cookie(path, body).await.map(|(answer, _)| answer)
    }

    /// The answer, and the cookie that it sets (`name=value`).
    pub async fn call_with_cookie<T: DeserializeOwned>(
        &self,
        path: &str,
        body: &impl Serialize,
    ) -> Result<(T, Option<String>), Refused> {
        let response = self.post(path).json(body).send().await.unwrap();
        if !response.status().is_success() {
            return Err(refusal(response).await);
        }
        let cookie = response.headers().get(SET_COOKIE).map(|value| value.to_str().unwrap().to_owned());
        let cookie = cookie.map(|cookie| cookie.split(';').next().unwrap().to_owned());
        Ok((response.json().await.unwrap(), cookie))
    }
}

/// An account with a live session.
#[derive(Clone)]
pub struct Person {
    pub http: Http,
    pub id: AccountId,
    pub username: String,
    pub secret: String,
    /// `name=value` of the session cookie.
    pub cookie: String,
    pub info: SessionInfo,
    pub recovery_codes: Vec<String>,
}

/// The last step of a registration.
pub fn confirm(registration: String, code: String) -> RegisterConfirm {
    RegisterConfirm { registration, code: Some(code), device: Some("a test".into()) }
}

/// The last step of a login.
pub fn second_factor(login: &LoginAccepted, code: impl Into<String>) -> LoginTotp {
    LoginTotp { login: login.login.clone(), code: Some(code.into()), device: Some("a test".into()) }
}

/// A code for a number of steps from now: -1, 0 and 1 are accepted.
pub fn code(secret: &str, steps: i64) -> String {
    let time = super::now_s().checked_add_signed(steps * 30).unwrap();
    totp(secret).generate(time).to_string()
}

fn totp(secret: &str) -> Totp {
    Builder::new().with_secret(totp_rs::Secret::try_from_base32(secret).unwrap()).build().unwrap()
}

/// The first step of a registration.
pub struct Begun {
    state: ClientRegistration<ClientSuite>,
    password: String,
    pub started: RegisterStarted,
}

pub async fn register_start(
    http: &Http,
    username: &str,
    password: &str,
    setup_token: Option<&str>,
) -> Result<Begun, Refused> {
    begin_registration(http, username, password, (setup_token, None)).await
}

async fn begin_registration(
    http: &Http,
    username: &str,
    password: &str,
    (setup_token, invite): (Option<&str>, Option<&str>),
) -> Result<Begun, Refused> {
    let start = ClientRegistration::<ClientSuite>::start(&mut OsRng, password.as_bytes()).unwrap();
    let request = RegisterStart {
        username: username.to_owned(),
        opaque_request: Opaque(start.message.serialize().to_vec()),
        setup_token: setup_token.map(str::to_owned),
        invite: invite.map(str::to_owned),
    };
    let started = http.call(path::REGISTER_START, &request).await?;
    Ok(Begun { state: start.state, password: password.to_owned(), started })
}

/// The second step, as it is sent.
pub fn finish_request(begun: &Begun) -> RegisterFinish {
    finish_stretched(begun, &argon2())
}

/// The second step with another stretching of the password than is told.
pub fn finish_stretched(begun: &Begun, ksf: &Argon2<'static>) -> RegisterFinish {
    let response = RegistrationResponse::deserialize(begun.started.opaque_response.as_bytes()).unwrap();
    let parameters = ClientRegistrationFinishParameters::new(identifiers(&begun.started.username), Some(ksf));
    let state = begun.state.clone();
    let finished = state.finish(&mut OsRng, begun.password.as_bytes(), response, parameters).unwrap();
    RegisterFinish {
        registration: begun.started.registration.clone(),
        opaque_upload: Opaque(finished.message.serialize().to_vec()),
        ksf: KSF,
        account: AccountId(random()),
        identity_key: Opaque(vec![7; 32]),
        vault: Opaque(b"sealed vault".to_vec()),
        wrap_opaque: Opaque(b"wrapped under the export key".to_vec()),
        wrap_recovery: Opaque(b"wrapped under the recovery key".to_vec()),
        recovery_token_hash: TokenHash(Sha256::digest(RECOVERY_TOKEN).into()),
    }
}

pub async fn register(http: &Http, username: &str, setup_token: Option<&str>) -> Result<Person, Refused> {
    complete_registration(http, register_start(http, username, PASSWORD, setup_token).await?).await
}

/// An account made with an operator's invite.
pub async fn register_invited(http: &Http, username: &str, invite: Option<&str>) -> Result<Person, Refused> {
    complete_registration(http, begin_registration(http, username, PASSWORD, (None, invite)).await?).await
}

async fn complete_registration(http: &Http, begun: Begun) -> Result<Person, Refused> {
    let request = finish_request(&begun);
    let enrolment: TotpEnrolment = http.call(path::REGISTER_FINISH, &request).await?;
    // The step before, so that the present one and the next are left for logins.
    let confirm = confirm(request.registration, code(&enrolment.secret, -1));
    let (done, cookie): (Registered, _) = http.call_with_cookie(path::REGISTER_CONFIRM, &confirm).await?;
    let info = done.session;
    Ok(Person {
        http: http.clone(),
        id: request.account,
        username: info.username.clone(),
        secret: enrolment.secret,
        cookie: cookie.unwrap(),
        info,
        recovery_codes: done.recovery_codes,
    })
}

/// The administrator of a new relay.
pub async fn first(running: &Running, username: &str) -> Person {
    register(&Http::new(running), username, running.relay.setup_token.as_deref()).await.unwrap()
}

/// As many accounts as names.
pub async fn people<const N: usize>(running: &Running, names: [&str; N]) -> [Person; N] {
    let mut all = Vec::new();
    for (index, name) in names.into_iter().enumerate() {
        let person = match index {
            0 => first(running, name).await,
            _ => register(&Http::new(running), name, None).await.unwrap(),
        };
        all.push(person);
    }
    all.try_into().ok().unwrap()
}

/// The first step of a login.
pub async fn login_start(
    http: &Http,
    username: &str,
    password: &str,
) -> Result<(ClientLogin<ClientSuite>, LoginStarted), Refused> {
    let start = ClientLogin::<ClientSuite>::start(&mut OsRng, password.as_bytes()).unwrap();
    let opaque_request = Opaque(start.message.serialize().to_vec());
    let request = LoginStart { username: username.to_owned(), opaque_request };
    Ok((start.state, http.call(path::LOGIN_START, &request).await?))
}

/// KE3, when the password is right.
pub fn ke3(state: ClientLogin<ClientSuite>, password: &str, started: &LoginStarted) -> Option<LoginFinish> {
    let response = CredentialResponse::deserialize(started.opaque_response.as_bytes()).unwrap();
    let ksf = argon2();
    let parameters = ClientLoginFinishParameters::new(
        Some(b"Waxwing 1 login"),
        identifiers(&started.username),
        Some(&ksf),
    );
    let finished = state.finish(&mut OsRng, password.as_bytes(), response, parameters).ok()?;
    let opaque_finalization = Opaque(finished.message.serialize().to_vec());
    Some(LoginFinish { login: started.login.clone(), opaque_finalization })
}

/// Both steps of the password; answers the login that waits for its code.
pub async fn prove_password(http: &Http, username: &str) -> Result<LoginAccepted, Refused> {
    let (state, started) = login_start(http, username, PASSWORD).await?;
    http.call(path::LOGIN_FINISH, &ke3(state, PASSWORD, &started).unwrap()).await
}

impl Person {
    /// A whole login with a code of this many steps from now.
    pub async fn log_in(&self, steps: i64) -> Result<(LoggedIn, String), Refused> {
        let accepted = prove_password(&self.http, &self.username).await?;
        let request = second_factor(&accepted, code(&self.secret, steps));
        let (body, cookie) = self.http.call_with_cookie(path::LOGIN_TOTP, &request).await?;
        Ok((body, cookie.unwrap()))
    }

    /// The same person in a fresh session, with its proof.
    pub async fn again(&self, steps: i64) -> (Self, Opaque) {
        let (body, cookie) = self.log_in(steps).await.unwrap();
        assert_eq!(body.proof.len(), 32);
        (Self { cookie, ..self.clone() }, body.proof)
    }

    /// A call in this person's session.
    pub async fn call<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Refused> {
        let response = self.http.post(path).header(COOKIE, &self.cookie).json(body).send().await.unwrap();
        if response.status().is_success() {
            Ok(response.json().await.unwrap())
        } else {
            Err(refusal(response).await)
        }
    }

    pub async fn session(&self) -> Response {
        self.http.get(path::SESSION).header(COOKIE, &self.cookie).send().await.unwrap()
    }

    pub async fn log_out(&self) -> Response {
        let body = waxwing_wire::account::Empty {};
        self.http.post(path::LOGOUT).header(COOKIE, &self.cookie).json(&body).send().await.unwrap()
    }
}
