//! Account calls: registration, login, changed credentials. OPAQUE is real, the one-time code is always the same.

use opaque_ke::{
    CredentialFinalization, CredentialRequest, Identifiers, RegistrationRequest, RegistrationUpload,
    ServerLogin, ServerLoginParameters, ServerRegistration,
};
use rand_core::OsRng;
use serde::{Serialize, de::DeserializeOwned};
use waxwing_wire::{
    AccountId, Opaque, Problem, ProblemCode,
    account::{self, path},
    frame::EndReason,
};

use super::{Account, Relay, Session, Suite, problem};

/// The one code that this relay takes.
pub const CODE: &str = "123456";
const CONTEXT: &[u8] = b"Waxwing 1 login";

pub(super) type HttpResult<T> = Result<T, Problem>;

/// A registration under way.
#[derive(Clone)]
pub(super) struct Registration {
    username: String,
    finish: Option<account::RegisterFinish>,
    /// It is complete; the answer may be asked for again.
    done: bool,
}

/// A login under way.
#[derive(Clone)]
pub(super) struct Login {
    username: String,
    state: Option<ServerLogin<Suite>>,
    right: bool,
}

pub(super) fn call<I: DeserializeOwned, O: Serialize>(
    body: Option<&str>,
    act: impl FnOnce(I) -> HttpResult<O>,
) -> (u16, String) {
    let input = serde_json::from_str(body.unwrap_or("null")).expect("clients send what the wire says");
    match act(input) {
        Ok(output) => (200, serde_json::to_string(&output).expect("it is JSON")),
        Err(problem) => (problem.code.status(), serde_json::to_string(&problem).expect("it is JSON")),
    }
}

pub(super) fn info(account: &Account, username: String) -> account::SessionInfo {
    let waits = account.pending;
    account::SessionInfo {
        account: account.id,
        username,
        administrator: account.administrator,
        status: if waits { account::AccountStatus::Pending } else { account::AccountStatus::Active },
        totp: account.totp,
        recovery_codes_left: account.recovery_codes.len().try_into().expect("a few"),
        guest: account.record.is_empty(),
    }
}

impl Relay {
    /// Answers an HTTP call; the session is set when one begins.
    pub(crate) fn http(
        &mut self,
        path: &str,
        body: Option<&str>,
        session: &mut Option<Session>,
    ) -> (u16, String) {
        *session = session.filter(|session| self.is_open(*session));
        match path {
            path::REGISTER_START => call(body, |input| self.register_start(input)),
            path::REGISTER_FINISH => call(body, |input| self.register_finish(input)),
            path::REGISTER_CONFIRM => call(body, |input| self.register_confirm(input, session)),
            path::GUESTS => call(body, |input| self.guest_start(input, session)),
            path::GUESTS_RETURN => call(body, |input| self.guest_return(&input, session)),
            path::LOGIN_START => call(body, |input| self.login_start(input)),
            path::LOGIN_FINISH => call(body, |input| self.login_finish(input)),
            path::LOGIN_TOTP => call(body, |input| self.login_totp(input, session)),
            path::CREDENTIALS_START => call(body, |input| self.credentials_start(input, *session)),
            path::CREDENTIALS => call(body, |input| self.credentials(input, *session)),
            path::LOGOUT => call(body, |input: account::Empty| {
                if let Some(ended) = session.take() {
                    self.sessions.remove(&ended);
                }
                Ok(input)
            }),
            path::SESSION => match session {
                Some(session) => {
                    let found = self.accounts.iter().find(|(_, known)| known.id == session.account);
                    let (username, known) = found.expect("who has a session has an account");
                    let info = info(known, username.clone());
                    (200, serde_json::to_string(&info).expect("it is JSON"))
                }
                None => (401, r#"{"code":"not_logged_in","detail":"Log in."}"#.into()),
            },
            _ => self
                .manage(path, body, session)
                .unwrap_or_else(|| (404, r#"{"code":"not_found","detail":"No."}"#.into())),
        }
    }

    pub(super) fn opaque_start(&self, username: &str, request: &Opaque) -> HttpResult<Opaque> {
        let request = RegistrationRequest::<Suite>::deserialize(request.as_bytes())
            .map_err(|_| problem(ProblemCode::Malformed))?;
        let answer = ServerRegistration::start(&self.setup, request, username.as_bytes())
            .map_err(|_| problem(ProblemCode::Malformed))?;
        Ok(answer.message.serialize().to_vec().into())
    }

    fn register_start(&mut self, input: account::RegisterStart) -> HttpResult<account::RegisterStarted> {
        if self.accounts.contains_key(&input.username) {
            return Err(problem(ProblemCode::UsernameTaken));
        }
        let opaque_response = self.opaque_start(&input.username, &input.opaque_request)?;
        let registration = format!("r{}", self.next());
        let begun = Registration { username: input.username.clone(), finish: None, done: false };
        self.registrations.insert(registration.clone(), begun);
        Ok(account::RegisterStarted { registration, opaque_response, username: input.username })
    }

    fn register_finish(&mut self, input: account::RegisterFinish) -> HttpResult<account::TotpEnrolment> {
        let known = self
            .registrations
            .get_mut(&input.registration)
            .ok_or_else(|| problem(ProblemCode::AttemptExpired))?;
        known.finish = Some(input);
        Ok(account::TotpEnrolment {
            secret: "JBSWY3DP".into(),
            uri: "otpauth://totp/x".into(),
            optional: self.totp_optional,
        })
    }

    fn register_confirm(
        &mut self,
        input: account::RegisterConfirm,
        session: &mut Option<Session>,
    ) -> HttpResult<account::Registered> {
        let skipped = input.code.is_none() && self.totp_optional;
        if !skipped && input.code.as_deref() != Some(CODE) {
            return Err(problem(ProblemCode::WrongCode));
        }
        let recovery_codes = if skipped { Vec::new() } else { super::manage::ten_codes() };
        let expired = || problem(ProblemCode::AttemptExpired);
        let known = self.registrations.get_mut(&input.registration).ok_or_else(expired)?;
        let finish = known.finish.clone().ok_or_else(expired)?;
        let username = known.username.clone();
        let id = finish.account;
        // A second call is one whose first answer was lost.
        if !std::mem::replace(&mut known.done, true) {
            let upload = RegistrationUpload::<Suite>::deserialize(finish.opaque_upload.as_bytes())
                .map_err(|_| problem(ProblemCode::Malformed))?;
            let account = Account {
                id,
                record: ServerRegistration::finish(upload).serialize().to_vec(),
                ksf: finish.ksf,
                vault: finish.vault,
                vault_version: 1,
                wrap_opaque: finish.wrap_opaque,
                wrap_recovery: finish.wrap_recovery,
                identity_key: finish.identity_key,
                recovery_token_hash: finish.recovery_token_hash,
                blocks: Vec::new(),
                administrator: false,
                shares_presence: true,
                pending: false,
                totp: !skipped,
                recovery_codes: recovery_codes.clone(),
                notices: Vec::new(),
                statements: Vec::new(),
                key_package: None,
                data: Default::default(),
                last_change: None,
            };
            self.accounts.insert(username.clone(), account);
        }
        *session = Some(self.begin_session(id));
        let info = info(&self.accounts[&username], username);
        Ok(account::Registered { session: info, recovery_codes, token: None })
    }

    fn guest_start(
        &mut self,
        input: account::GuestStart,
        session: &mut Option<Session>,
    ) -> HttpResult<account::GuestStarted> {
        let id = input.account;
        let username = format!("guest {id}");
        let account = Account {
            id,
            record: Vec::new(),
            ksf: account::KsfParams { memory_kib: 0, iterations: 0, parallelism: 0 },
            vault: input.vault,
            vault_version: 1,
            wrap_opaque: Opaque::default(),
            wrap_recovery: input.wrap_place,
            identity_key: input.identity_key,
            recovery_token_hash: input.token_hash,
            blocks: Vec::new(),
            administrator: false,
            pending: false,
            totp: false,
            recovery_codes: Vec::new(),
            notices: Vec::new(),
            statements: Vec::new(),
            key_package: None,
            data: Default::default(),
            shares_presence: true,
            last_change: None,
        };
        let session_info = info(&account, username.clone());
        match self.accounts.get(&username) {
            // The answer of the first time may have been lost.
            Some(known) if known.recovery_token_hash == account.recovery_token_hash => {}
            Some(_) => return Err(problem(ProblemCode::Conflict)),
            None => drop(self.accounts.insert(username, account)),
        }
        *session = Some(self.begin_session(id));
        Ok(account::GuestStarted { session: session_info, token: None })
    }

    fn guest_return(
        &mut self,
        input: &account::GuestReturn,
        session: &mut Option<Session>,
    ) -> HttpResult<account::GuestReturned> {
        use sha2::Digest as _;
        let hash = waxwing_wire::ids::TokenHash(sha2::Sha256::digest(input.token.as_bytes()).into());
        let guest = |known: &&Account| known.record.is_empty() && known.recovery_token_hash == hash;
        let found = self.accounts.iter().find(|(_, known)| guest(known));
        let (username, known) = found.ok_or_else(|| problem(ProblemCode::NotFound))?;
        let id = known.id;
        let returned = account::GuestReturned {
            session: info(known, username.clone()),
            vault: known.vault.clone(),
            vault_version: known.vault_version,
            wrap_place: known.wrap_recovery.clone(),
            token: None,
        };
        *session = Some(self.begin_session(id));
        Ok(returned)
    }

    fn login_start(&mut self, input: account::LoginStart) -> HttpResult<account::LoginStarted> {
        let known = self.accounts.get(&input.username);
        let record = known.map(|account| ServerRegistration::<Suite>::deserialize(&account.record));
        let record = record.transpose().map_err(|_| problem(ProblemCode::Internal))?;
        let usual = account::KsfParams { memory_kib: 65_536, iterations: 3, parallelism: 1 };
        let ksf = known.map_or(usual, |account| account.ksf);
        let request = CredentialRequest::deserialize(input.opaque_request.as_bytes())
            .map_err(|_| problem(ProblemCode::Malformed))?;
        let name = input.username.as_bytes();
        let parameters = ServerLoginParameters {
            context: Some(CONTEXT),
            identifiers: Identifiers { client: Some(name), server: Some(b"waxwing") },
        };
        let started = ServerLogin::start(&mut OsRng, &self.setup, record, request, name, parameters)
            .map_err(|_| problem(ProblemCode::Malformed))?;
        let login = format!("l{}", self.next());
        let begun = Login { username: input.username.clone(), state: Some(started.state), right: false };
        self.logins.insert(login.clone(), begun);
        Ok(account::LoginStarted {
            login,
            opaque_response: started.message.serialize().to_vec().into(),
            ksf,
            username: input.username,
        })
    }

    fn login_finish(&mut self, input: account::LoginFinish) -> HttpResult<account::LoginAccepted> {
        let wrong = || problem(ProblemCode::WrongCredentials);
        let login = self.logins.get_mut(&input.login).ok_or_else(wrong)?;
        let state = login.state.take().ok_or_else(wrong)?;
        let finalization = CredentialFinalization::deserialize(input.opaque_finalization.as_bytes())
            .map_err(|_| problem(ProblemCode::Malformed))?;
        let parameters =
            ServerLoginParameters { context: Some(CONTEXT), identifiers: Identifiers::default() };
        state.finish(finalization, parameters).map_err(|_| wrong())?;
        login.right = true;
        let account = &self.accounts[&login.username];
        let next = match account.totp {
            true => account::LoginNext::Code,
            false if self.totp_optional => account::LoginNext::Nothing,
            false => account::LoginNext::Enrol,
        };
        let enrolment = (next == account::LoginNext::Enrol).then(super::manage::enrolment);
        Ok(account::LoginAccepted { login: input.login, next, enrolment })
    }

    fn login_totp(
        &mut self,
        input: account::LoginTotp,
        session: &mut Option<Session>,
    ) -> HttpResult<account::LoggedIn> {
        let login = self.logins.get(&input.login).filter(|login| login.right);
        let username = login.ok_or_else(|| problem(ProblemCode::AttemptExpired))?.username.clone();
        // What this login causes is for the next one to be told.
        let told = self.accounts[&username].notices.clone();
        let recovery_codes = self.second_factor(&username, input.code.as_deref())?;
        self.accounts.get_mut(&username).expect("it was just found").notices.drain(..told.len());
        self.logins.remove(&input.login);
        let id = self.accounts[&username].id;
        if let Some(former) = session.take().filter(|former| former.account == id) {
            self.end_session_for(former, EndReason::Ended);
        }
        *session = Some(self.begin_session(id));
        Ok(account::LoggedIn { notices: told, ..self.unlocked(&username, recovery_codes) })
    }

    /// The account whose credentials may be changed with this session and proof.
    pub(super) fn proven(&self, proof: &Opaque, session: Option<Session>) -> HttpResult<(String, AccountId)> {
        let session = session.ok_or_else(|| problem(ProblemCode::NotLoggedIn))?;
        let proven = self.proofs.get(proof.as_bytes()) == Some(&session.account);
        let found = self.accounts.iter().find(|(_, account)| account.id == session.account);
        found
            .filter(|_| proven)
            .map(|(name, account)| (name.clone(), account.id))
            .ok_or_else(|| problem(ProblemCode::AttemptExpired))
    }

    fn credentials_start(
        &mut self,
        input: account::CredentialsStart,
        session: Option<Session>,
    ) -> HttpResult<account::CredentialsStarted> {
        let (username, _) = self.proven(&input.proof, session)?;
        let opaque_response = self.opaque_start(&username, &input.opaque_request)?;
        Ok(account::CredentialsStarted { opaque_response })
    }

    fn credentials(
        &mut self,
        input: account::CredentialsChange,
        session: Option<Session>,
    ) -> HttpResult<account::Empty> {
        let body = serde_json::to_string(&input).expect("it is JSON");
        let me = session.ok_or_else(|| problem(ProblemCode::NotLoggedIn))?;
        if self.account(me.account).is_some_and(|account| account.last_change.as_ref() == Some(&body)) {
            return Ok(account::Empty {});
        }
        let (username, id) = self.proven(&input.proof, session)?;
        let account = self.accounts.get_mut(&username).expect("it was just found");
        if input.vault_version != account.vault_version + 1 {
            return Err(problem(ProblemCode::Conflict));
        }
        let upload = RegistrationUpload::<Suite>::deserialize(input.opaque_upload.as_bytes())
            .map_err(|_| problem(ProblemCode::Malformed))?;
        account.record = ServerRegistration::finish(upload).serialize().to_vec();
        account.ksf = input.ksf;
        account.vault = input.vault;
        account.vault_version = input.vault_version;
        account.wrap_opaque = input.wrap_opaque;
        account.wrap_recovery = input.wrap_recovery;
        account.recovery_token_hash = input.recovery_token_hash;
        let new_key = account.identity_key != input.identity_key;
        account.identity_key = input.identity_key;
        account.statements.extend(input.statement);
        if input.key_package.is_some() || new_key {
            // One signed by the old key is of no use any more.
            account.key_package = input.key_package;
        }
        account.last_change = Some(body);
        self.proofs.remove(input.proof.as_bytes());
        let ended: Vec<Session> =
            self.sessions.iter().copied().filter(|other| other.account == id && *other != me).collect();
        for session in ended {
            self.end_session_for(session, EndReason::Ended);
        }
        Ok(account::Empty {})
    }

    /// Ends a session; its streams are closed by whoever runs the devices.
    pub(crate) fn end_session(&mut self, session: Session) {
        self.sessions.remove(&session);
        self.connections.retain(|connection, open| {
            if *open == session {
                self.outgoing.remove(connection);
            }
            *open != session
        });
    }
}
