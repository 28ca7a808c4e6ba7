//! What the account likes, shown and kept: on the device too, so that it counts before the relay is there.

use waxwing_wire::{AccountId, RoomId, frame, frame::Request, limits::WATCHED_ACCOUNTS};

use crate::{
    account_data::{
        Change, Liked, PREFERENCES, Preferences, PreferencesChange, RoomChange, room_preferences_name,
    },
    api::{Failure, Notice, Presence},
    ctx::Ctx,
    machine::{Client, Then},
    room::log::LATEST_MS,
};

/// Key under which the device keeps it.
const KEPT: &str = "s/preferences";

impl Client {
    pub(crate) fn set_room_preferences(
        &mut self,
        room: &str,
        change: RoomChange,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let room = self.room_id(room)?;
        let change = RoomChange { muted: change.muted.map(|until| until.min(LATEST_MS)), ..change };
        self.edit(&room_preferences_name(room), Change::RoomPreferences(room, change), ctx);
        self.preferences_changed(ctx);
        Ok(())
    }

    /// The account is not in a room any more.
    pub(crate) fn forget_room_preferences(&mut self, room: RoomId, ctx: &mut Ctx<'_>) {
        if self.liked.contains_key(&room) {
            let change = RoomChange { forget: true, ..RoomChange::default() };
            self.edit(&room_preferences_name(room), Change::RoomPreferences(room, change), ctx);
            self.preferences_changed(ctx);
        }
    }

    pub(crate) fn set_preferences(&mut self, change: PreferencesChange, ctx: &mut Ctx<'_>) {
        self.edit(PREFERENCES, Change::Preferences(change), ctx);
        self.preferences_changed(ctx);
    }

    /// Looks at what the account likes now, and shows what is different.
    pub(crate) fn preferences_changed(&mut self, ctx: &mut Ctx<'_>) {
        let (preferences, liked) = (self.data.preferences(), self.data.liked());
        let before = std::mem::replace(&mut self.preferences, preferences);
        let liked_before = std::mem::replace(&mut self.liked, liked);
        if before == preferences && liked_before == self.liked {
            return;
        }
        if let Some(session) = &self.session {
            let liked: Vec<_> = self.liked.iter().map(|(room, liked)| (*room, *liked)).collect();
            let plain = waxwing_wire::encode(&(preferences, liked));
            ctx.persist_with(|ctx| session.put(KEPT.to_owned(), &plain, ctx));
        }
        if before != preferences {
            self.show_preferences(ctx);
        }
        if before.presence != preferences.presence {
            self.told_presence = true;
            self.share_presence(ctx);
        }
        for room in self.room_ids() {
            if liked_before.get(&room) != self.liked.get(&room) {
                self.show_room(room, ctx);
            }
            if before.read_receipts != preferences.read_receipts {
                self.put_marks(room, ctx);
            }
        }
    }

    /// Takes over what the device kept of an earlier run.
    pub(crate) fn restore_preferences(&mut self, entries: &[(String, Vec<u8>)], ctx: &mut Ctx<'_>) {
        let kept = entries.iter().find(|(key, _)| key == KEPT);
        let kept = kept.and_then(|(key, value)| self.session.as_ref()?.get(key, value));
        let kept = kept.and_then(|plain| waxwing_wire::decode::<(Preferences, Vec<_>)>(&plain).ok());
        let (preferences, liked) = kept.unwrap_or_default();
        (self.preferences, self.liked) = (preferences, Liked::from_iter(liked));
        self.show_preferences(ctx);
    }

    fn show_preferences(&self, ctx: &mut Ctx<'_>) {
        let Preferences { read_receipts, typing, presence } = self.preferences;
        ctx.notify(Notice::Preferences { read_receipts, typing, presence });
    }

    /// On each connection once: the relay keeps it, but may have missed the last change.
    pub(crate) fn greet_presence(&mut self, ctx: &mut Ctx<'_>) {
        if !std::mem::replace(&mut self.told_presence, true) {
            self.share_presence(ctx);
        }
    }

    /// Tells the relay whether others are told when the account is there, and asks about others.
    pub(crate) fn share_presence(&mut self, ctx: &mut Ctx<'_>) {
        self.ask(Request::SharePresence(self.preferences.presence), Then::Ignore, ctx);
        if self.preferences.presence {
            self.ask_presence(ctx);
        } else {
            let nobody = |account: &AccountId| Presence {
                account: account.to_string(),
                online: false,
                last_seen: None,
            };
            let people: Vec<_> = self.watched.iter().map(nobody).collect();
            if !people.is_empty() {
                ctx.notify(Notice::Presence { people });
            }
        }
    }

    pub(crate) fn watch_presence(&mut self, accounts: &[String], ctx: &mut Ctx<'_>) {
        let accounts = accounts.iter().filter_map(|account| account.parse().ok());
        let watched: Vec<AccountId> = accounts.take(WATCHED_ACCOUNTS).collect();
        // Also when these were watched before: whoever asks may be another tab, or have forgotten what it was told.
        self.watched = watched;
        self.ask_presence(ctx);
    }

    fn ask_presence(&mut self, ctx: &mut Ctx<'_>) {
        // Asked again after a greeting: nothing is kept for the next connection.
        if self.conn.is_ready() && self.preferences.presence {
            self.ask(Request::WatchPresence(self.watched.clone()), Then::Presence(self.watched.clone()), ctx);
        }
    }

    /// The answer: of those that are watched and not in it nothing is known.
    pub(crate) fn got_presence(&mut self, asked: &[AccountId], known: &[frame::Presence], ctx: &mut Ctx<'_>) {
        let of = |account: &AccountId| {
            let found = known.iter().find(|presence| presence.account == *account).copied();
            found.unwrap_or(frame::Presence { account: *account, online: false, last_seen_ms: None })
        };
        let people: Vec<_> = asked.iter().map(|account| shown(&of(account))).collect();
        if self.preferences.presence && !people.is_empty() {
            ctx.notify(Notice::Presence { people });
        }
    }

    /// Somebody came or went.
    pub(crate) fn presence(&mut self, presence: &frame::Presence, ctx: &mut Ctx<'_>) {
        if self.preferences.presence && self.watched.contains(&presence.account) {
            ctx.notify(Notice::Presence { people: vec![shown(presence)] });
        }
    }
}

fn shown(presence: &frame::Presence) -> Presence {
    Presence {
        account: presence.account.to_string(),
        online: presence.online,
        last_seen: presence.last_seen_ms.filter(|_| !presence.online).map(|at| at.min(LATEST_MS)),
    }
}
