//! The list of the account's sessions.

use waxwing_wire::{
    account::{self, path},
    ids::SessionId,
};

use super::HttpThen;
use crate::{
    api::{Reply, SessionEntry},
    ctx::{Ctx, failure},
    machine::Client,
};

/// The list as it is shown.
pub(super) fn shown(list: account::Sessions) -> Reply {
    let entry = |session: account::SessionEntry| SessionEntry {
        id: session.id.to_string(),
        device: session.device,
        created_at: session.created_at_ms,
        last_used_at: session.last_used_at_ms,
        current: session.current,
        live: session.live,
    };
    Reply::Sessions { sessions: list.sessions.into_iter().map(entry).collect() }
}

impl Client {
    pub(crate) fn sessions(&mut self, intent: u64, ctx: &mut Ctx<'_>) {
        self.call(path::SESSIONS, None, intent, HttpThen::Sessions, ctx);
    }

    pub(crate) fn end_session(&mut self, intent: u64, id: &str, ctx: &mut Ctx<'_>) {
        let Ok(id) = id.parse::<SessionId>() else {
            return ctx.reply(intent, Err(failure("not_found", "This session has ended already.")));
        };
        self.post(path::SESSIONS_END, &account::EndSession { id }, intent, HttpThen::SessionsEnded, ctx);
    }

    pub(crate) fn end_other_sessions(&mut self, intent: u64, ctx: &mut Ctx<'_>) {
        self.post(path::SESSIONS_END_OTHERS, &account::Empty {}, intent, HttpThen::SessionsEnded, ctx);
    }
}
