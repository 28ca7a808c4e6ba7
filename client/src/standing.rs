//! How the account stands with the relay: what changes it, and what the person is told.

use waxwing_wire::{
    account::{self, NoticeKind},
    frame::{AccountEvent, EndReason},
};

use crate::{
    api::{AccountNotice, Ended, Notice},
    ctx::Ctx,
    machine::Client,
    session::Standing,
};

/// Tells what happened since the last login.
pub(crate) fn tell(notices: &[account::AccountNotice], ctx: &mut Ctx<'_>) {
    for notice in notices {
        let what = match notice.what {
            NoticeKind::TotpReset => AccountNotice::TotpReset,
            NoticeKind::RecoveryCodeUsed => AccountNotice::RecoveryCodeUsed,
            NoticeKind::Recovered => AccountNotice::Recovered,
            NoticeKind::CodeGuessed => AccountNotice::CodeGuessed,
        };
        ctx.notify(Notice::Account { what, at: notice.at_ms });
    }
}

impl Client {
    /// Takes over how the account stands, and tells when that is new.
    pub(crate) fn stands(&mut self, standing: Standing, ctx: &mut Ctx<'_>) {
        self.restand(|_| standing, ctx);
    }

    pub(crate) fn restand(&mut self, change: impl FnOnce(Standing) -> Standing, ctx: &mut Ctx<'_>) {
        let Some(session) = &mut self.session else { return };
        let standing = change(session.standing);
        if std::mem::replace(&mut session.standing, standing) == standing {
            return;
        }
        // While credentials change, what the device keeps is about to be replaced as a whole.
        if self.job.is_none() {
            ctx.persist_with(|ctx| session.keep(ctx));
        }
        ctx.notify(Notice::Session { me: Some(session.me()), reason: None });
    }

    /// What the relay says of the session.
    pub(crate) fn session_checked(&mut self, status: Option<u16>, body: &str, ctx: &mut Ctx<'_>) {
        if status == Some(401) && !self.proving && self.job.is_none() {
            return self.session_ended(Ended::Ended, ctx);
        }
        let info = serde_json::from_str::<account::SessionInfo>(body).ok().filter(|_| status == Some(200));
        let ours = self.session.as_ref().map(|session| session.account);
        let Some(info) = info.filter(|info| Some(info.account) == ours) else { return };
        let before = self.session.as_ref().map(|session| session.standing.pending);
        self.stands(Standing::from(&info), ctx);
        self.complete_report_key(ctx);
        if before == Some(true) && info.status == account::AccountStatus::Active {
            ctx.notify(Notice::Account { what: AccountNotice::Approved, at: ctx.now_ms });
        }
    }

    /// Something happened to the account.
    pub(crate) fn account_event(&mut self, event: AccountEvent, ctx: &mut Ctx<'_>) {
        let change = |standing: Standing| match event {
            AccountEvent::Approved => Standing { pending: false, ..standing },
            AccountEvent::TotpReset => Standing { totp: false, recovery_codes_left: 0, ..standing },
            AccountEvent::RecoveryCodeUsed => {
                let recovery_codes_left = standing.recovery_codes_left.saturating_sub(1);
                Standing { recovery_codes_left, ..standing }
            }
            AccountEvent::Promoted => Standing { administrator: true, ..standing },
            AccountEvent::Demoted => Standing { administrator: false, ..standing },
            AccountEvent::CodeGuessed => standing,
        };
        self.restand(change, ctx);
        self.complete_report_key(ctx);
        let what = match event {
            AccountEvent::Approved => AccountNotice::Approved,
            AccountEvent::TotpReset => AccountNotice::TotpReset,
            AccountEvent::RecoveryCodeUsed => AccountNotice::RecoveryCodeUsed,
            AccountEvent::Promoted => AccountNotice::Promoted,
            AccountEvent::Demoted => AccountNotice::Demoted,
            AccountEvent::CodeGuessed => AccountNotice::CodeGuessed,
        };
        ctx.notify(Notice::Account { what, at: ctx.now_ms });
    }

    /// The relay says that the session has ended, and why.
    pub(crate) fn told_ended(&mut self, reason: EndReason, ctx: &mut Ctx<'_>) {
        let reason = match reason {
            EndReason::LoggedOut => Ended::LoggedOut,
            // The person logs in once more, and the new session replaces this one: the stream closes, and another opens.
            EndReason::Ended if self.proving || self.job.is_some() => return,
            EndReason::Ended => Ended::Ended,
            EndReason::Banned => Ended::Banned,
            EndReason::Kicked => Ended::Kicked,
            EndReason::Deleted => Ended::Deleted,
            EndReason::Refused => Ended::Refused,
            EndReason::Expired => Ended::Expired,
        };
        if matches!(reason, Ended::Deleted | Ended::Refused) {
            // There is nothing left to log in to.
            self.forget(Some(reason), ctx);
        } else {
            self.session_ended(reason, ctx);
        }
    }
}
