//! Accounts: who may have one, and who has one.

use rusqlite::{Connection, OptionalExtension as _, params};
use sha2::{Digest as _, Sha256};
use waxwing_wire::{
    AccountId,
    account::{AccountStatus, RegistrationPolicy, SessionInfo},
    admin::AuditKind,
    username,
};

use super::{
    audit::{self, Target},
    id, invites, second_factor, sessions, settings, signed,
};
use crate::{
    limits,
    store::{Admission, NewAccount, NewSession, Result, Session, Status, StoreError},
};

pub(super) fn any(db: &Connection) -> Result<bool> {
    let sql = "-- any_account()
        SELECT EXISTS (SELECT 1 FROM accounts)";
    Ok(db.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

pub(super) fn exists(db: &Connection, account: AccountId) -> Result<bool> {
    let sql = "-- account_exists()
        SELECT EXISTS (SELECT 1 FROM accounts WHERE account = ?1)";
    Ok(db.prepare_cached(sql)?.query_row([account.0], |row| row.get(0))?)
}

/// Whether an account had this id and was deleted. Whoever knew it must not take somebody else for it.
pub(super) fn existed(db: &Connection, account: AccountId) -> Result<bool> {
    let sql = "-- account_existed()
        SELECT EXISTS (SELECT 1 FROM former_accounts WHERE account = ?1)";
    Ok(db.prepare_cached(sql)?.query_row([account.0], |row| row.get(0))?)
}

/// How far an account has come, as the database has it.
pub(super) fn status(number: i64) -> Status {
    match number {
        0 => Status::Active,
        1 => Status::Pending,
        // The schema knows no other; whatever it is, it may do nothing.
        _ => Status::Banned,
    }
}

/// What people may know of their session.
pub(super) fn info(db: &Connection, account: AccountId) -> Result<Option<SessionInfo>> {
    let sql = "-- session_info()
        SELECT a.username, a.administrator, a.status, c.totp_secret IS NOT NULL,
            (SELECT count(*) FROM recovery_codes r WHERE r.account = a.account),
            EXISTS (SELECT 1 FROM guests g WHERE g.account = a.account)
        FROM accounts a LEFT JOIN credentials c ON c.account = a.account WHERE a.account = ?1";
    let found = db.prepare_cached(sql)?.query_row([account.0], |row| {
        let pending = status(row.get(2)?) == Status::Pending;
        Ok(SessionInfo {
            account,
            username: row.get(0)?,
            administrator: row.get(1)?,
            status: if pending { AccountStatus::Pending } else { AccountStatus::Active },
            totp: row.get(3)?,
            recovery_codes_left: row.get(4)?,
            guest: row.get(5)?,
        })
    });
    Ok(found.optional()?)
}

/// Under which a name is kept from others once its account is gone.
pub(super) fn former_hash(skeleton: &str) -> [u8; 32] {
    Sha256::new().chain_update(b"Waxwing 1 former username|").chain_update(skeleton).finalize().into()
}

/// Whether nobody else may have this name: somebody has it or one that looks like it, had it, or it is reserved.
pub(super) fn username_taken(db: &Connection, name: &str) -> Result<bool> {
    if username::is_reserved(name) {
        return Ok(true);
    }
    let skeleton = username::skeleton(name);
    let sql = "-- username_taken()
        SELECT EXISTS (SELECT 1 FROM accounts WHERE skeleton = ?1)
            OR EXISTS (SELECT 1 FROM former_usernames WHERE hash = ?2)";
    let former = former_hash(&skeleton);
    Ok(db.prepare_cached(sql)?.query_row(params![skeleton, former], |row| row.get(0))?)
}

/// Records that tries at the account of this name have to wait. Strangers decide what comes here: names that nobody has
/// are left out, and there are only so many entries in an hour.
pub(super) fn record_refused(db: &Connection, name: &str, now_ms: u64) -> Result<()> {
    let sql = "-- account_of()
        SELECT account FROM accounts WHERE username = ?1";
    let account: Option<AccountId> =
        db.prepare_cached(sql)?.query_row([name], |row| id(row, 0)).optional()?;
    account.map_or(Ok(()), |account| audit::record_refused(db, now_ms, account))
}

pub(super) fn create(
    db: &Connection,
    account: &NewAccount,
    admission: Admission,
    session: &NewSession,
) -> Result<Session> {
    let (administrator, status) = admit(db, admission, session.now_ms)?;
    if username_taken(db, &account.username)? {
        return Err(StoreError::UsernameTaken);
    }
    if exists(db, account.account)? || existed(db, account.account)? {
        return Err(StoreError::Conflict("somebody has this account id; begin again"));
    }
    insert(db, account, (administrator, status), session.now_ms)?;
    second_factor::replace_codes(db, account.account, &account.recovery_codes)?;
    let kind = if administrator { AuditKind::Setup } else { AuditKind::Registered };
    let detail = match (admission, status) {
        (Admission::Policy(_, Some(_)), _) => "by invite",
        (_, Status::Pending) => "waits for approval",
        _ => "",
    };
    let target = Target::Account(account.account);
    audit::record(db, session.now_ms, Some(account.account), kind, target, detail)?;
    let info = info(db, account.account)?.ok_or(StoreError::Internal)?;
    sessions::begin(db, info, session)
}

/// Decides whether an account may be made, whether it administrates, and how far it comes at once. Consumes what it was
/// admitted with.
fn admit(db: &Connection, admission: Admission, now_ms: u64) -> Result<(bool, Status)> {
    match admission {
        Admission::Setup(hash) => {
            settings::consume_setup_token(db, &hash)?;
            Ok((true, Status::Active))
        }
        Admission::Policy(RegistrationPolicy::Closed, _) => Err(StoreError::RegistrationClosed),
        Admission::Policy(..) if !any(db)? => Err(StoreError::SetupLinkInvalid),
        Admission::Policy(_, Some(hash)) => {
            invites::consume(db, &hash, now_ms)?;
            Ok((false, Status::Active))
        }
        Admission::Policy(RegistrationPolicy::Invite, None) => Err(StoreError::InviteInvalid),
        Admission::Policy(RegistrationPolicy::Approval, None) if waiting(db)? >= limits::WAITING => {
            Err(StoreError::LimitReached(
                "many accounts wait for an administrator already; try again in some days",
            ))
        }
        Admission::Policy(RegistrationPolicy::Approval, None) => Ok((false, Status::Pending)),
        Admission::Policy(RegistrationPolicy::Open, None) => Ok((false, Status::Active)),
    }
}

/// Accounts that wait for an administrator.
fn waiting(db: &Connection) -> Result<u32> {
    let sql = "-- waiting()
        SELECT count(*) FROM accounts WHERE status = 1";
    Ok(db.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

fn insert(
    db: &Connection,
    new: &NewAccount,
    (administrator, status): (bool, Status),
    now_ms: u64,
) -> Result<()> {
    let account = new.account.0;
    let sql = "-- insert_account()
        INSERT INTO accounts (account, username, skeleton, administrator, status, identity_key, created_at_ms,
                              last_seen_at_ms)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)";
    db.prepare_cached(sql)?.execute(params![
        account,
        new.username,
        username::skeleton(&new.username),
        administrator,
        i64::from(status == Status::Pending),
        new.identity_key.as_bytes(),
        signed(now_ms)
    ])?;

    let known = &new.credentials;
    let sql = "-- insert_credentials()
        INSERT INTO credentials (account, opaque_record, ksf_memory_kib, ksf_iterations, ksf_parallelism, totp_secret,
                                 totp_last_step, recovery_token_hash)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    db.prepare_cached(sql)?.execute(params![
        account,
        known.opaque_record,
        known.ksf.memory_kib,
        known.ksf.iterations,
        known.ksf.parallelism,
        known.totp_secret.as_ref().map(|secret| secret.as_slice()),
        signed(known.totp_last_step),
        new.recovery_token_hash.0,
    ])?;

    let sql = "-- insert_vault()
        INSERT INTO vaults (account, version, sealed, wrap_opaque, wrap_recovery) VALUES (?1, 1, ?2, ?3, ?4)";
    db.prepare_cached(sql)?.execute(params![
        account,
        new.vault.as_bytes(),
        new.wrap_opaque.as_bytes(),
        new.wrap_recovery.as_bytes(),
    ])?;
    Ok(())
}
