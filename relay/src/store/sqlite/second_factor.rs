//! Authenticators, recovery codes, and what people are told about them.

use rusqlite::{Connection, OptionalExtension as _, params};
use waxwing_wire::{
    AccountId,
    account::{AccountNotice, NoticeKind},
    admin::AuditKind,
    frame::AccountEvent,
};
use zeroize::Zeroizing;

use super::{audit, signed, unsigned};
use crate::store::{Factor, Notice, RecoveredFactor, Result, StoreError};

/// Replaces all recovery codes by those with these hashes.
pub(super) fn replace_codes(db: &Connection, account: AccountId, hashes: &[[u8; 32]]) -> Result<()> {
    let sql = "-- forget_recovery_codes()
        DELETE FROM recovery_codes WHERE account = ?1";
    db.prepare_cached(sql)?.execute([account.0])?;
    let sql = "-- put_recovery_code()
        INSERT INTO recovery_codes (account, code_hash) VALUES (?1, ?2)";
    for hash in hashes {
        db.prepare_cached(sql)?.execute(params![account.0, hash])?;
    }
    Ok(())
}

pub(super) fn secret(db: &Connection, account: AccountId) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let sql = "-- totp_secret()
        SELECT totp_secret FROM credentials WHERE account = ?1";
    let found: Option<Option<Vec<u8>>> =
        db.prepare_cached(sql)?.query_row([account.0], |row| row.get(0)).optional()?;
    Ok(found.flatten().map(Zeroizing::new))
}

/// Checks and uses up the second factor of a login.
pub(super) fn check(
    db: &Connection,
    account: AccountId,
    factor: &Factor,
    now_ms: u64,
    notices: &mut Vec<Notice>,
) -> Result<()> {
    let stored = secret(db, account)?;
    match (factor, stored) {
        (Factor::Nothing, None) => Ok(()),
        (Factor::Code(secret, step), Some(stored)) if *secret == stored => use_step(db, account, *step),
        (Factor::Recovery(hash), Some(_)) => {
            use_code(db, account, hash)?;
            tell(db, account, NoticeKind::RecoveryCodeUsed, now_ms)?;
            audit::record_own(db, now_ms, account, AuditKind::RecoveryCodeUsed, "")?;
            notices.push(Notice::Account { account, event: AccountEvent::RecoveryCodeUsed });
            Ok(())
        }
        (Factor::Enrol(secret, step, hashes), None) => put(db, account, (secret, *step), hashes, now_ms),
        // The authenticator was replaced or removed while the login was under way.
        _ => Err(StoreError::CredentialsChanged),
    }
}

/// Compared and set in one statement: two logins with the same code cannot both pass.
fn use_step(db: &Connection, account: AccountId, step: u64) -> Result<()> {
    let sql = "-- use_totp_step()
        UPDATE credentials SET totp_last_step = ?2 WHERE account = ?1 AND totp_last_step < ?2";
    if db.prepare_cached(sql)?.execute(params![account.0, signed(step)])? == 0 {
        return Err(StoreError::ReusedCode);
    }
    Ok(())
}

fn use_code(db: &Connection, account: AccountId, hash: &[u8; 32]) -> Result<()> {
    let sql = "-- use_recovery_code()
        DELETE FROM recovery_codes WHERE account = ?1 AND code_hash = ?2";
    if db.prepare_cached(sql)?.execute(params![account.0, hash])? == 0 {
        return Err(StoreError::WrongCode);
    }
    Ok(())
}

/// Another authenticator, whose code of this step was shown, with other recovery codes.
pub(super) fn put(
    db: &Connection,
    account: AccountId,
    (secret, step): (&[u8], u64),
    hashes: &[[u8; 32]],
    now_ms: u64,
) -> Result<()> {
    let sql = "-- put_totp()
        UPDATE credentials SET totp_secret = ?2, totp_last_step = ?3 WHERE account = ?1";
    db.prepare_cached(sql)?.execute(params![account.0, secret, signed(step)])?;
    audit::record_own(db, now_ms, account, AuditKind::TotpChanged, "")?;
    replace_codes(db, account, hashes)
}

/// No authenticator any more, by the account's own wish, and no recovery codes.
pub(super) fn remove(db: &Connection, account: AccountId, now_ms: u64) -> Result<()> {
    audit::record_own(db, now_ms, account, AuditKind::TotpRemoved, "")?;
    take_off(db, account)
}

/// Other recovery codes in the place of the old; only where there is an authenticator.
pub(super) fn renew_codes(
    db: &Connection,
    account: AccountId,
    hashes: &[[u8; 32]],
    now_ms: u64,
) -> Result<()> {
    if secret(db, account)?.is_none() {
        return Err(StoreError::Invalid("recovery codes stand in for an authenticator, and there is none"));
    }
    audit::record_own(db, now_ms, account, AuditKind::RecoveryCodesMade, "")?;
    replace_codes(db, account, hashes)
}

/// The second factor of an account that was taken back. Nobody finds it open to a password alone where a second factor
/// is required: what is missing is set up in the same transaction, or nothing is done.
pub(super) fn after_recovery(
    db: &Connection,
    account: AccountId,
    factor: &RecoveredFactor,
    now_ms: u64,
) -> Result<()> {
    match factor {
        RecoveredFactor::Keep { required } if *required && secret(db, account)?.is_none() => {
            Err(StoreError::TotpRequired)
        }
        RecoveredFactor::Keep { .. } => Ok(()),
        RecoveredFactor::New(secret, step, hashes) => put(db, account, (secret, *step), hashes, now_ms),
        RecoveredFactor::Without if secret(db, account)?.is_none() => Ok(()),
        RecoveredFactor::Without => remove(db, account, now_ms),
    }
}

/// No authenticator any more, and no recovery codes.
pub(super) fn take_off(db: &Connection, account: AccountId) -> Result<()> {
    let sql = "-- remove_totp()
        UPDATE credentials SET totp_secret = NULL WHERE account = ?1";
    db.prepare_cached(sql)?.execute([account.0])?;
    replace_codes(db, account, &[])
}

/// Keeps something that the person is told at the next login.
pub(super) fn tell(db: &Connection, account: AccountId, kind: NoticeKind, now_ms: u64) -> Result<()> {
    let number = match kind {
        NoticeKind::TotpReset => 1,
        NoticeKind::RecoveryCodeUsed => 2,
        NoticeKind::Recovered => 3,
        NoticeKind::CodeGuessed => 4,
    };
    let sql = "-- put_account_notice()
        INSERT INTO account_notices (account, kind, at_ms) VALUES (?1, ?2, ?3)";
    db.prepare_cached(sql)?.execute(params![account.0, number, signed(now_ms)])?;
    Ok(())
}

/// Somebody knows the password and guesses at codes: records that, and tells the person now and at the next login, once.
pub(super) fn codes_refused(
    db: &Connection,
    account: AccountId,
    now_ms: u64,
    notices: &mut Vec<Notice>,
) -> Result<()> {
    audit::record_codes_refused(db, now_ms, account)?;
    let sql = "-- forget_guessed_codes()
        DELETE FROM account_notices WHERE account = ?1 AND kind = 4";
    db.prepare_cached(sql)?.execute([account.0])?;
    tell(db, account, NoticeKind::CodeGuessed, now_ms)?;
    notices.push(Notice::Account { account, event: AccountEvent::CodeGuessed });
    Ok(())
}

/// What is to be told, which is told once.
pub(super) fn take_notices(db: &Connection, account: AccountId) -> Result<Vec<AccountNotice>> {
    let sql = "-- account_notices()
        SELECT kind, at_ms FROM account_notices WHERE account = ?1 ORDER BY num";
    let mut statement = db.prepare_cached(sql)?;
    let rows = statement.query_map([account.0], |row| {
        let what = match row.get::<_, i64>(0)? {
            1 => NoticeKind::TotpReset,
            2 => NoticeKind::RecoveryCodeUsed,
            4 => NoticeKind::CodeGuessed,
            _ => NoticeKind::Recovered,
        };
        Ok(AccountNotice { what, at_ms: unsigned(row.get(1)?) })
    })?;
    let told = rows.collect::<rusqlite::Result<_>>()?;
    let sql = "-- forget_account_notices()
        DELETE FROM account_notices WHERE account = ?1";
    db.prepare_cached(sql)?.execute([account.0])?;
    Ok(told)
}
