//! Who is there, asked by a stream.

use std::{collections::HashMap, sync::Arc};

use waxwing_wire::{
    AccountId, Problem, ProblemCode,
    frame::{Presence, Response},
    limits::WATCHED_ACCOUNTS,
};

use crate::{
    fanout::{StreamId, to_the_minute},
    http::App,
};

/// Watches these accounts on this stream, and answers how they are now.
pub(super) async fn watch(
    app: Arc<App>,
    stream: StreamId,
    account: AccountId,
    accounts: Vec<AccountId>,
) -> Result<Response, Problem> {
    if accounts.len() > WATCHED_ACCOUNTS {
        let detail = format!("at most {WATCHED_ACCOUNTS} accounts can be watched");
        return Err(Problem::new(ProblemCode::LimitReached, detail));
    }
    // First watched, then read: whoever comes or goes in between is told of.
    let online = app.fanout.watch_presence(stream, &accounts);
    let mut known: HashMap<AccountId, Presence> = HashMap::new();
    for seen in app.store.last_seen(account, accounts).await? {
        let last_seen_ms = Some(to_the_minute(seen.at_ms));
        let presence = Presence { account: seen.account, online: false, last_seen_ms };
        known.insert(seen.account, presence);
    }
    for account in online {
        known.insert(account, Presence { account, online: true, last_seen_ms: None });
    }
    Ok(Response::Presence(known.into_values().collect()))
}
