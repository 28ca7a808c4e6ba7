//! What the operator tells and shows: announcements, removed messages, numbers. And what members show to the operator: reports.

use waxwing_crypto_core::{
    hpke::{HpkePrivateKey, HpkePublicKey},
    ids,
    report::{open_report, seal_report},
    room::{Evidence, Message},
    secret::SymmetricKey,
};
use waxwing_wire::{
    AccountId, EntryId, EpochId, Opaque, RoomId,
    frame::{self, LogEntry, ReportCopy, ReportKey, Request, Response},
    limits::{REPORT_BYTES, REPORT_COPIES},
    problem::Problem,
};
use zeroize::Zeroizing;

use crate::{
    account_data::REPORT_KEY,
    api::{Announcement, Body, Failure, Notice, Reply},
    content::Content,
    ctx::{Ctx, failure},
    io::Effect,
    machine::{Client, LoadThen, Then},
    room::{reading::For, store},
};

/// Longest note of a report in characters.
const NOTE_CHARS: usize = 1000;
/// Pages of items that are looked through at once for a reported one.
const PAGE: u32 = 500;
/// Seeds that an administrator keeps, one for each generation of the root key, to open older reports.
const SEEDS: usize = 4;

/// What an answer of the relay about the operator leads to.
pub(crate) enum OperatorThen {
    /// Statistics come from now on, or no more.
    Watched { intent: u64 },
    /// The message that is reported, as the relay has it.
    Reported { intent: u64, room: RoomId, note: String },
    /// To whom it may be shown.
    Keys { intent: u64, room: RoomId, seq: u64, shown: Box<(Evidence, String)> },
    /// The report is with the relay.
    Sent { intent: u64 },
    /// The keys that administrators have, this one among them.
    OwnKey,
}

impl std::fmt::Debug for OperatorThen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OperatorThen(..)")
    }
}

impl OperatorThen {
    /// Somebody looks at a spinner until this is answered.
    pub(crate) fn is_awaited(&self) -> bool {
        !matches!(self, Self::OwnKey)
    }
}

/// Seeds of report keys with the generations of the root key that they came with, the newest first.
fn seeds(plain: &[u8]) -> Vec<(u32, SymmetricKey)> {
    waxwing_wire::decode(plain).unwrap_or_default()
}

fn missing() -> Failure {
    failure("not_found", "This message is not there any more, so it cannot be reported.")
}

impl Client {
    /// All announcements as they stand.
    pub(crate) fn announced(&mut self, mut all: Vec<frame::Announcement>, ctx: &mut Ctx<'_>) {
        all.retain(|one| one.expires_at_ms.is_none_or(|at_ms| at_ms > ctx.now_ms));
        ctx.alarms.extend(all.iter().filter_map(|one| one.expires_at_ms));
        if self.announcements == all {
            return;
        }
        let shown = |one: &frame::Announcement| Announcement {
            id: one.id.to_string(),
            text: one.text.clone(),
            level: one.level,
            at: one.at_ms,
        };
        ctx.notify(Notice::Announcements { announcements: all.iter().rev().map(shown).collect() });
        self.announcements = all;
    }

    /// Announcements that are over go.
    pub(crate) fn expire_announcements(&mut self, ctx: &mut Ctx<'_>) {
        let all = self.announcements.clone();
        self.announced(all, ctx);
    }

    pub(crate) fn watch(&mut self, intent: u64, on: bool, ctx: &mut Ctx<'_>) {
        self.watching = on;
        if self.conn.is_ready() {
            let then = Then::Operator(OperatorThen::Watched { intent });
            self.ask(Request::WatchStatistics(on), then, ctx);
        } else {
            ctx.reply(intent, Ok(Reply::Done));
        }
    }

    /// A new connection: what was watched before is watched on.
    pub(crate) fn watch_again(&mut self, ctx: &mut Ctx<'_>) {
        if self.watching {
            self.tell(Request::WatchStatistics(true), ctx);
        }
    }

    /// A message was removed, by the operator or because somebody deleted it: the device shows it no more either.
    pub(crate) fn entry_removed(&mut self, room: RoomId, entry: &LogEntry, ctx: &mut Ctx<'_>) {
        if self.rooms.get(&room).is_some_and(|sync| entry.seq <= sync.head.seq) {
            self.read_one(room, For::Removed { place: entry.seq }, entry.seq, ctx);
        }
    }
}

// Reports, on the side of who reports.
impl Client {
    pub(crate) fn report(
        &mut self,
        intent: u64,
        (room, key): (&str, String),
        note: Option<String>,
        ctx: &mut Ctx<'_>,
    ) -> Result<(), Failure> {
        let room = self.room_id(room)?;
        let note = note.unwrap_or_default().trim().to_owned();
        if note.chars().count() > NOTE_CHARS {
            return Err(failure("too_long", "A note has at most 1000 characters."));
        }
        self.find_reported((intent, room, key, note), None, ctx);
        Ok(())
    }

    /// Looks for the reported item, from the newest on.
    fn find_reported(
        &mut self,
        (intent, room, key, note): (u64, RoomId, String, String),
        before: Option<u64>,
        ctx: &mut Ctx<'_>,
    ) {
        let id = self.fresh_id();
        let (from, to) = store::item_range(room, before);
        self.loads.insert(id, LoadThen::Reported { intent, room, key, note });
        ctx.effects.push(Effect::Load { id, from, to, limit: PAGE, reverse: true });
    }

    pub(crate) fn reported_loaded(
        &mut self,
        (intent, room, key, note): (u64, RoomId, String, String),
        entries: &[(String, Vec<u8>)],
        ctx: &mut Ctx<'_>,
    ) {
        let Some(session) = &self.session else { return };
        let items = || entries.iter().flat_map(|(key, value)| store::open_items(session, key, value));
        let found = items()
            .find(|item| item.key == key && matches!(item.body, Body::Text { .. } | Body::Poll { .. }));
        let oldest = items().filter_map(|item| item.seq).min();
        match found.and_then(|item| item.seq) {
            Some(seq) => {
                let then = Then::Operator(OperatorThen::Reported { intent, room, note });
                self.ask(Request::Entries { room, after: seq.saturating_sub(1), limit: 1 }, then, ctx);
            }
            None if entries.len() >= PAGE as usize && oldest.is_some() => {
                self.find_reported((intent, room, key, note), oldest, ctx);
            }
            None => ctx.reply(intent, Err(missing())),
        }
    }

    pub(crate) fn operator_then(
        &mut self,
        then: OperatorThen,
        result: Result<Response, Problem>,
        ctx: &mut Ctx<'_>,
    ) {
        match (then, result) {
            (OperatorThen::Watched { intent } | OperatorThen::Sent { intent }, result) => {
                ctx.reply(intent, result.map(|_| Reply::Done).map_err(Failure::from));
            }
            (OperatorThen::Reported { intent, room, note }, Ok(Response::Entries { entries, .. })) => {
                let entry = entries.into_iter().next();
                match entry.and_then(|entry| Some((entry.seq, self.evidence(room, &entry)?))) {
                    Some((seq, evidence)) => {
                        let shown = Box::new((evidence, note));
                        let then = Then::Operator(OperatorThen::Keys { intent, room, seq, shown });
                        self.ask(Request::ReportKeys, then, ctx);
                    }
                    None => ctx.reply(intent, Err(missing())),
                }
            }
            (OperatorThen::Keys { intent, room, seq, shown }, Ok(Response::ReportKeys(keys))) => {
                match copies(&keys, &shown) {
                    Ok(sealed) => {
                        let then = Then::Operator(OperatorThen::Sent { intent });
                        self.ask(Request::Report { room, seq, sealed }, then, ctx);
                    }
                    Err(failure) => ctx.reply(intent, Err(failure)),
                }
            }
            (OperatorThen::OwnKey, Ok(Response::ReportKeys(keys))) => self.compare_report_key(&keys, ctx),
            (OperatorThen::Reported { intent, .. } | OperatorThen::Keys { intent, .. }, Err(problem)) => {
                ctx.reply(intent, Err(problem.into()))
            }
            _ => {}
        }
    }

    /// What proves a message of a room.
    fn evidence(&self, room: RoomId, entry: &LogEntry) -> Option<Evidence> {
        let sync = self.rooms.get(&room)?;
        let bytes = entry.bytes.as_bytes();
        let epoch = sync.epochs.get(&EpochId(Message::epoch_of(bytes)?.0))?;
        let (sender, id) = (ids::AccountId(entry.sender.0), ids::MessageId(entry.id.0));
        Message::open_with_evidence(&epoch.keys, &epoch.roster, sender, id, bytes)
            .ok()
            .map(|(_, proof)| proof)
    }
}

/// The report, sealed for every administrator who can open one.
fn copies(keys: &[ReportKey], (evidence, note): &(Evidence, String)) -> Result<Vec<ReportCopy>, Failure> {
    let copy = |key: &ReportKey| {
        let operator = HpkePublicKey::from_slice(key.key.as_bytes()).ok()?;
        let bytes = seal_report(evidence, note, &operator).ok()?;
        (bytes.len() <= REPORT_BYTES).then(|| ReportCopy { account: key.account, bytes: bytes.into() })
    };
    let sealed: Vec<ReportCopy> = keys.iter().take(REPORT_COPIES).filter_map(copy).collect();
    if !sealed.is_empty() {
        return Ok(sealed);
    }
    Err(match keys.is_empty() {
        true => failure(
            "no_operator_key",
            "No administrator of this relay can read reports yet. One of them has to open Waxwing first.",
        ),
        false => failure("too_long", "This message is too long to be reported."),
    })
}

// Reports, on the side of administrators.
impl Client {
    /// Lets an administrator have a key for reports, and the relay know it.
    pub(crate) fn complete_report_key(&mut self, ctx: &mut Ctx<'_>) {
        let Some(session) = self.session.as_ref().filter(|session| session.standing.administrator) else {
            return;
        };
        if !self.conn.is_ready() || !self.data.loaded || self.data.rolled_back().is_some() {
            return;
        }
        let generation = session.root().generation();
        let mut kept = seeds(self.data.get(REPORT_KEY).unwrap_or_default());
        if kept.first().is_none_or(|(known, _)| *known != generation) {
            kept.insert(0, (generation, SymmetricKey::random(ctx.rng)));
            kept.truncate(SEEDS);
            // Published once it is stored.
            return self.save(REPORT_KEY, Zeroizing::new(waxwing_wire::encode(&kept)), ctx);
        }
        self.ask(Request::ReportKeys, Then::Operator(OperatorThen::OwnKey), ctx);
    }

    fn compare_report_key(&mut self, keys: &[ReportKey], ctx: &mut Ctx<'_>) {
        let Some(session) = &self.session else { return };
        let kept = seeds(self.data.get(REPORT_KEY).unwrap_or_default());
        let newest = kept.first().and_then(|(_, seed)| HpkePrivateKey::from_seed(seed).ok());
        let Some(own) = newest.map(|key| key.public().as_bytes().to_vec()) else { return };
        let known = keys.iter().find(|key| key.account == session.account);
        if known.is_none_or(|known| known.key.as_bytes() != own) {
            self.ask(Request::PutReportKey(own.into()), Then::Ignore, ctx);
        }
    }

    pub(crate) fn open_report(
        &self,
        sealed: &str,
        (room, entry, sender): (&str, &str, &str),
        sender_keys: &[String],
    ) -> Result<Reply, Failure> {
        let unreadable = || failure("unreadable_report", "This report cannot be opened with your key.");
        let sealed: Opaque = text(sealed).ok_or_else(unreadable)?;
        let kept = seeds(self.data.get(REPORT_KEY).unwrap_or_default());
        let keys = kept.iter().filter_map(|(_, seed)| HpkePrivateKey::from_seed(seed).ok());
        let opened = keys.map(|key| open_report(&key, sealed.as_bytes()));
        let (message, evidence, note) = opened.reduce(|best, next| best.or(next)).ok_or_else(unreadable)?.map_err(
            |error| match error {
                waxwing_crypto_core::report::ReportError::Unreadable => unreadable(),
                waxwing_crypto_core::report::ReportError::Forged => failure(
                    "forged_report",
                    "This report shows something that nobody signed. The reporter, or somebody in between, made it up.",
                ),
            },
        )?;
        let author = AccountId(message.metadata.sender.0);
        let signed = sender_keys.iter().filter_map(|key| text::<Opaque>(key));
        let known = signed.into_iter().any(|key| key.as_bytes() == evidence.author.as_bytes());
        // Otherwise the proof of one message would do for the report, and so the removal, of another.
        let reported = room == RoomId(evidence.room.0).to_string()
            && entry == EntryId(message.metadata.id.0).to_string()
            && sender == author.to_string();
        let shown = match Content::decode(message.metadata.kind, &message.body) {
            Some(Content::Text(text)) => text.text,
            Some(Content::Profile(name)) => name,
            Some(Content::Poll(poll)) => [&[poll.question], poll.options.as_slice()].concat().join("\n"),
            _ => String::new(),
        };
        Ok(Reply::Report {
            account: author.to_string(),
            display_name: self.name_of(author),
            text: shown,
            written_at: message.metadata.sent_at_ms,
            room: RoomId(evidence.room.0).to_string(),
            note,
            valid: known && reported,
        })
    }

    /// What an account is called in any room of this one.
    fn name_of(&self, account: AccountId) -> Option<String> {
        self.rooms.values().find_map(|room| room.names.get(&account).cloned())
    }
}

/// Reads base64url as it is in JSON.
fn text<T: serde::de::DeserializeOwned>(text: &str) -> Option<T> {
    serde_json::from_value(serde_json::Value::String(text.to_owned())).ok()
}
