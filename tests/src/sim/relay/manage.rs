//! What people do to their account: another second factor, recovery, sessions, the end.

use opaque_ke::{RegistrationUpload, ServerRegistration};
use rand_core::{OsRng, RngCore as _};
use sha2::{Digest as _, Sha256};
use waxwing_wire::{
    AccountId, Opaque, ProblemCode, RoomId,
    account::{self, path},
    frame::{EndReason, Event},
    ids::SessionId,
};

use super::{
    CODE, Relay, Session, Suite,
    auth::{HttpResult, call, info},
    problem,
};

/// The secret of every authenticator here.
pub(super) fn enrolment() -> account::TotpEnrolment {
    account::TotpEnrolment { secret: "JBSWY3DP".into(), uri: "otpauth://totp/x".into(), optional: false }
}

/// Ten recovery codes that nobody had before.
pub(super) fn ten_codes() -> Vec<String> {
    let one = || format!("{:05}-{:05}", OsRng.next_u32() % 100_000, OsRng.next_u32() % 100_000);
    (0..10).map(|_| one()).collect()
}

fn session_id(session: Session) -> SessionId {
    let mut id = [0; 16];
    id[8..].copy_from_slice(&session.number.to_be_bytes());
    SessionId(id)
}

impl Relay {
    /// Answers a call about the account of a session, or one that recovers an account; nothing for any other path.
    pub(super) fn manage(
        &mut self,
        path: &str,
        body: Option<&str>,
        session: &mut Option<Session>,
    ) -> Option<(u16, String)> {
        let me = *session;
        Some(match path {
            path::RECOVER_START => call(body, |input| self.recover_start(input)),
            path::RECOVER_FINISH => call(body, |input| self.recover_finish(input, session)),
            path::TOTP_START => call(body, |account::Proof { proof }| {
                self.proven(&proof, me)?;
                Ok(enrolment())
            }),
            path::TOTP => call(body, |account::TotpChange { proof, code }| {
                self.proven(&proof, me)?;
                if code != CODE {
                    return Err(problem(ProblemCode::WrongCode));
                }
                self.new_codes(&proof, me)
            }),
            path::TOTP_REMOVE => call(body, |account::Proof { proof }| {
                if !self.totp_optional {
                    return Err(problem(ProblemCode::TotpRequired));
                }
                let account = self.proven_account(&proof, me)?;
                (account.totp, account.recovery_codes) = (false, Vec::new());
                Ok(account::Empty {})
            }),
            path::RECOVERY_CODES => call(body, |account::Proof { proof }| self.new_codes(&proof, me)),
            path::DELETE => call(body, |input: account::DeleteAccount| {
                let (username, _) = self.proven(&input.proof, me)?;
                let others = self.accounts.values().any(|other| other.administrator);
                if self.accounts[&username].administrator && others && self.accounts.len() > 1 {
                    return Err(problem(ProblemCode::LastAdministrator));
                }
                if !input.only_check {
                    self.delete(&username);
                }
                Ok(account::Empty {})
            }),
            path::SESSIONS => self.list(me?),
            path::SESSIONS_END => call(body, |account::EndSession { id }| {
                let mine = self.of(me);
                let found = mine.into_iter().find(|session| session_id(*session) == id);
                self.end_session_for(found.ok_or_else(|| problem(ProblemCode::NotFound))?, EndReason::Ended);
                Ok(account::Empty {})
            }),
            path::SESSIONS_END_OTHERS => call(body, |empty: account::Empty| {
                for session in self.of(me).into_iter().filter(|session| Some(*session) != me) {
                    self.end_session_for(session, EndReason::Ended);
                }
                Ok(empty)
            }),
            _ => return None,
        })
    }

    fn of(&self, me: Option<Session>) -> Vec<Session> {
        self.sessions.iter().copied().filter(|open| Some(open.account) == me.map(|me| me.account)).collect()
    }

    fn list(&self, me: Session) -> (u16, String) {
        let entry = |session: Session| account::SessionEntry {
            id: session_id(session),
            device: String::new(),
            created_at_ms: 1,
            last_used_at_ms: 1,
            current: session == me,
            live: self.is_live(session),
        };
        let sessions = self.of(Some(me)).into_iter().map(entry).collect();
        (200, serde_json::to_string(&account::Sessions { sessions }).expect("it is JSON"))
    }

    fn proven_account(&mut self, proof: &Opaque, me: Option<Session>) -> HttpResult<&mut super::Account> {
        let (username, _) = self.proven(proof, me)?;
        Ok(self.accounts.get_mut(&username).expect("it was just found"))
    }

    fn new_codes(&mut self, proof: &Opaque, me: Option<Session>) -> HttpResult<account::RecoveryCodes> {
        let account = self.proven_account(proof, me)?;
        account.totp = true;
        account.recovery_codes = ten_codes();
        let recovery_codes = account.recovery_codes.clone();
        self.proofs.remove(proof.as_bytes());
        Ok(account::RecoveryCodes { recovery_codes })
    }

    /// Checks the second factor of a login; new recovery codes after an enrolment.
    pub(super) fn second_factor(&mut self, username: &str, code: Option<&str>) -> HttpResult<Vec<String>> {
        let optional = self.totp_optional;
        let account = self.accounts.get_mut(username).expect("who logs in has an account");
        if !account.totp && optional && code.is_none() {
            return Ok(Vec::new());
        }
        if let Some(used) = account.recovery_codes.iter().position(|known| Some(known.as_str()) == code) {
            account.recovery_codes.remove(used);
            let what = account::NoticeKind::RecoveryCodeUsed;
            account.notices.push(account::AccountNotice { what, at_ms: 7 });
            return Ok(Vec::new());
        }
        if code != Some(CODE) {
            return Err(problem(ProblemCode::WrongCode));
        }
        if !account.totp {
            account.totp = true;
            account.recovery_codes = ten_codes();
            return Ok(account.recovery_codes.clone());
        }
        Ok(Vec::new())
    }

    /// What a login answers.
    pub(super) fn unlocked(&mut self, username: &str, recovery_codes: Vec<String>) -> account::LoggedIn {
        let mut proof = vec![0; 32];
        OsRng.fill_bytes(&mut proof);
        let account = self.accounts.get_mut(username).expect("who logs in has an account");
        self.proofs.insert(proof.clone(), account.id);
        account::LoggedIn {
            session: info(account, username.to_owned()),
            vault: account.vault.clone(),
            vault_version: account.vault_version,
            wrap_opaque: account.wrap_opaque.clone(),
            proof: proof.into(),
            recovery_codes,
            notices: Vec::new(),
            token: None,
        }
    }

    fn recover_start(&mut self, input: account::RecoverStart) -> HttpResult<account::RecoverStarted> {
        let hash: [u8; 32] = Sha256::digest(input.token.as_bytes()).into();
        let account =
            self.accounts.get(&input.username).filter(|account| account.recovery_token_hash.0 == hash);
        let account = account.ok_or_else(|| problem(ProblemCode::WrongRecoveryKey))?.clone();
        let opaque_response = self.opaque_start(&input.username, &input.opaque_request)?;
        let recovery = format!("k{}", self.next());
        self.recoveries.insert(recovery.clone(), input.username.clone());
        Ok(account::RecoverStarted {
            recovery,
            account: account.id,
            vault: account.vault,
            vault_version: account.vault_version,
            wrap_recovery: account.wrap_recovery,
            opaque_response,
            username: input.username,
            totp: account.totp,
            enrolment: account::TotpEnrolment { optional: self.totp_optional, ..enrolment() },
        })
    }

    fn recover_finish(
        &mut self,
        input: account::RecoverFinish,
        session: &mut Option<Session>,
    ) -> HttpResult<account::LoggedIn> {
        let username = self.recoveries.get(&input.recovery).cloned();
        let username = username.ok_or_else(|| problem(ProblemCode::AttemptExpired))?;
        let optional = self.totp_optional;
        let has_totp = self.accounts[&username].totp;
        match (input.totp, input.code.as_deref()) {
            (account::RecoveredTotp::Keep, None) if has_totp || optional => {}
            (account::RecoveredTotp::Without, None) if optional => {}
            (account::RecoveredTotp::New, Some(CODE)) => {}
            (account::RecoveredTotp::New, _) => return Err(problem(ProblemCode::WrongCode)),
            _ => return Err(problem(ProblemCode::TotpRequired)),
        }
        self.recoveries.remove(&input.recovery);
        let account = self.accounts.get_mut(&username).expect("it was there a moment ago");
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
        let made = (input.totp == account::RecoveredTotp::New).then(ten_codes);
        match input.totp {
            account::RecoveredTotp::Keep => {}
            account::RecoveredTotp::New => account.totp = true,
            account::RecoveredTotp::Without => (account.totp, account.recovery_codes) = (false, Vec::new()),
        }
        if let Some(codes) = &made {
            account.recovery_codes.clone_from(codes);
        }
        let id = account.id;
        self.end_all(&username, EndReason::Ended);
        *session = Some(self.begin_session(id));
        Ok(self.unlocked(&username, made.unwrap_or_default()))
    }

    /// Everything of an account goes; its rooms are told.
    fn delete(&mut self, username: &str) {
        self.end_all(username, EndReason::Deleted);
        let gone = self.accounts.remove(username).expect("it is there").id;
        let mut told: Vec<(RoomId, AccountId)> = Vec::new();
        for (id, room) in &mut self.rooms {
            if room.members.remove(&gone).is_some() {
                told.extend(room.members.keys().map(|member| (*id, *member)));
            }
        }
        for (room, member) in told {
            self.tell(member, &Event::MemberGone { room, account: gone });
        }
    }
}
