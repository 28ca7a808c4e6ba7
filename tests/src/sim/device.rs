//! A device: a client and what runs it.

use std::collections::{BTreeMap, VecDeque};

use waxwing_client::{
    Client,
    api::{Body, Connection, Ended, Failure, Item, Me, Notice, Reply, Rollback, Room, Sending},
    io::{Input, StoreOp},
};
use waxwing_crypto_core::login::KsfParams;

use super::relay::Session;

/// What a device holds when it is switched off.
#[derive(Clone, Default)]
pub struct Store {
    /// Keys and values.
    pub entries: BTreeMap<String, Vec<u8>>,
    /// The cookie.
    pub session: Option<Session>,
}

/// A device: a client and what runs it.
pub struct Device {
    /// The machine.
    pub client: Client,
    /// What survives a crash.
    pub store: BTreeMap<String, Vec<u8>>,
    pub(super) session: Option<Session>,
    /// The session that its stream was opened with.
    pub(super) stream_of: Option<Session>,
    /// Its stream is open.
    pub stream: bool,
    /// Requests it has sent.
    pub sent: u64,
    /// It has no network at all: neither streams nor calls get through.
    pub(super) isolated: bool,
    /// When it wants to be woken, milliseconds since 1970.
    pub scheduled: Option<u64>,
    /// What it hears next.
    pub inbox: VecDeque<Input>,
    /// Answers to intents that nobody has taken yet.
    pub replies: BTreeMap<u64, Result<Reply, Failure>>,
    /// Who is logged in.
    pub me: Option<Me>,
    /// Why the last session ended.
    pub ended: Option<Ended>,
    /// As shown.
    pub connection: Connection,
    /// Rooms as shown.
    pub rooms: BTreeMap<String, Room>,
    /// Items as shown, by room and key.
    pub items: BTreeMap<String, BTreeMap<String, Item>>,
    /// Accounts that were said to have another identity, and whether their old one signed that.
    pub changed: Vec<(String, bool)>,
    /// The relay was said to have gone back to an older state of the account.
    pub rolled_back: Option<Rollback>,
    /// Every other notice, oldest first.
    pub notices: Vec<Notice>,
    /// Entries and bytes that were read from the store.
    pub loaded: (usize, usize),
    /// Last intent's id.
    pub last: u64,
}

/// The machine as it is, but for new passwords, which are stretched as little as it accepts: otherwise that is a fifth of the work of a thousand worlds.
fn machine() -> Client {
    Client::new().with_ksf(KsfParams::FLOOR)
}

impl Device {
    /// A device that was just switched on.
    pub fn new(store: Store) -> Self {
        let mut device = Self {
            client: machine(),
            store: store.entries,
            session: store.session,
            stream_of: None,
            stream: false,
            sent: 0,
            isolated: false,
            scheduled: None,
            inbox: VecDeque::new(),
            replies: BTreeMap::new(),
            me: None,
            ended: None,
            connection: Connection::Idle,
            rooms: BTreeMap::new(),
            items: BTreeMap::new(),
            changed: Vec::new(),
            rolled_back: None,
            notices: Vec::new(),
            loaded: (0, 0),
            last: 0,
        };
        device.restart();
        device
    }

    /// Memory is lost, the store stays.
    pub fn restart(&mut self) {
        self.client = machine();
        self.stream = false;
        self.scheduled = None;
        self.rooms.clear();
        self.items.clear();
        let entries = self.store.iter().filter(|(key, _)| key.starts_with("s/"));
        let entries = entries.map(|(key, value)| (key.clone(), value.clone())).collect();
        self.inbox = VecDeque::from([Input::Start { entries }]);
    }

    /// What it would hold if it were switched off now.
    pub fn stored(&self) -> Store {
        Store { entries: self.store.clone(), session: self.session }
    }

    /// Nothing is heard any more of a stream that was closed.
    pub fn forget_stream(&mut self) {
        self.stream = false;
        self.inbox.retain(|input| {
            !matches!(input, Input::StreamOpened | Input::StreamFrame(_) | Input::StreamClosed { .. })
        });
    }

    /// Changes the store.
    pub fn persist(&mut self, ops: Vec<StoreOp>) {
        for op in ops {
            match op {
                StoreOp::Put { key, value, .. } => {
                    self.store.insert(key, value);
                }
                StoreOp::Delete { key } => {
                    self.store.remove(&key);
                }
                StoreOp::DeleteRange { from, to } => {
                    self.store.retain(|key, _| *key < from || *key >= to);
                }
                StoreOp::Clear => self.store.clear(),
            }
        }
    }

    /// Answers a load from the store.
    pub fn load(&mut self, id: u64, from: String, to: String, limit: u32, reverse: bool) {
        let range = self.store.range(from..to).map(|(key, value)| (key.clone(), value.clone()));
        let limit = limit as usize;
        let entries: Vec<(String, Vec<u8>)> =
            if reverse { range.rev().take(limit).collect() } else { range.take(limit).collect() };
        self.loaded.0 += entries.len();
        self.loaded.1 += entries.iter().map(|(_, value)| value.len()).sum::<usize>();
        self.inbox.push_back(Input::Loaded { id, entries });
    }

    /// Shows what the client tells.
    pub fn notice(&mut self, notice: Notice) {
        match notice {
            Notice::Session { me, reason } => {
                self.me = me;
                self.ended = reason;
                self.rolled_back = None;
            }
            Notice::Connection { state } => self.connection = state,
            Notice::Room { room } => {
                self.rooms.insert(room.room.clone(), *room);
            }
            Notice::RoomGone { room } => {
                self.rooms.remove(&room);
            }
            Notice::Items { room, items } => {
                let shown = self.items.entry(room).or_default();
                shown.extend(items.into_iter().map(|item| (item.key.clone(), item)));
            }
            Notice::ItemGone { room, key } => {
                self.items.entry(room).or_default().remove(&key);
            }
            Notice::IdentityChanged { account, signed } => self.changed.push((account, signed)),
            Notice::AccountRolledBack { what } => self.rolled_back = Some(what),
            #[allow(unreachable_patterns, reason = "more kinds come, and tests look at them in the list")]
            other => self.notices.push(other),
        }
    }

    /// Items of a room as shown live, in order of the log; what is not in the log comes last.
    pub fn shown(&self, room: &str) -> Vec<&Item> {
        let mut items: Vec<&Item> = self.items.get(room).into_iter().flat_map(BTreeMap::values).collect();
        items.sort_by_key(|item| (item.seq.unwrap_or(u64::MAX), item.at));
        items
    }

    /// Texts and warnings of a room as shown live.
    pub fn texts(&self, room: &str) -> Vec<String> {
        self.shown(room).into_iter().filter_map(|item| as_text(&item.body)).collect()
    }
}

/// A text or a warning, as tests compare it.
pub fn as_text(body: &Body) -> Option<String> {
    match body {
        Body::Text { text, state: Sending::Sent } => Some(text.clone()),
        Body::Text { text, state } => Some(format!("{text} ({state:?})")),
        Body::Warning { code } => Some(format!("warning {code}")),
        _ => None,
    }
}
