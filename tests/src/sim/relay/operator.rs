//! What the operator of a relay tells, counts and removes, and what members report.

use waxwing_wire::{
    AccountId, Opaque, Problem, ProblemCode, RoomId, Seq,
    admin::Statistics,
    frame::{Announcement, EntryKind, Event, LogEntry, ReportKey, Request, Response, ServerFrame},
};

use super::{Relay, problem};

/// Makes a tombstone of a message.
fn take_bytes(entry: &mut LogEntry) {
    let digest = waxwing_crypto_core::room::digest(
        waxwing_crypto_core::room::EntryKind::Message,
        entry.after,
        entry.sender.0.into(),
        entry.bytes.as_bytes(),
    );
    (entry.kind, entry.bytes) = (EntryKind::Tombstone, Opaque::default());
    entry.digest = Some(digest.to_vec().into());
}

impl Relay {
    /// Tells everybody who is connected what stands now.
    pub fn proclaim(&mut self, all: Vec<Announcement>) {
        self.announcements.clone_from(&all);
        self.everybody(&Event::Announcements(all), |_| true);
    }

    /// Gives numbers to whoever watches them.
    pub fn publish(&mut self, statistics: &Statistics) {
        let watching = self.watching.clone();
        let event = Event::Statistics(Box::new(*statistics));
        self.everybody(&event, |connection| watching.contains(&connection));
    }

    fn everybody(&mut self, event: &Event, wanted: impl Fn(usize) -> bool) {
        let open: Vec<usize> = self.connections.keys().copied().filter(|known| wanted(*known)).collect();
        for connection in open {
            self.push(connection, None, ServerFrame::Event(event.clone()));
        }
    }

    /// Removes a message of the only room.
    pub fn remove_message(&mut self, seq: Seq) {
        let room = *self.rooms.keys().next().expect("there is a room");
        self.take_message(room, seq);
    }

    /// Takes the bytes of a message and tells its room.
    fn take_message(&mut self, room: RoomId, seq: Seq) {
        let stored = self.rooms.get_mut(&room).expect("it is there");
        let entry = stored.log.iter_mut().find(|entry| entry.seq == seq).expect("it is there");
        if entry.kind == EntryKind::Tombstone {
            return;
        }
        assert_eq!(entry.kind, EntryKind::Message);
        take_bytes(entry);
        let entry = entry.clone();
        let members: Vec<AccountId> = stored.members.keys().copied().collect();
        for member in members {
            self.tell(member, &Event::EntryRemoved { room, entry: entry.clone() });
        }
    }

    /// Erases what a member wrote, or with a level what anybody wrote.
    pub(super) fn erase(&mut self, me: AccountId, room: RoomId, seqs: &[Seq]) -> Result<Response, Problem> {
        let found = self.member(me, room)?;
        let leads = found.level(me) >= 1;
        let erasable = |seq: &Seq| {
            let entry = found.log.iter().find(|entry| entry.seq == *seq)?;
            let message = matches!(entry.kind, EntryKind::Message | EntryKind::Tombstone);
            (message && (leads || entry.sender == me)).then_some(())
        };
        if !seqs.iter().all(|seq| erasable(seq).is_some()) {
            return Err(problem(ProblemCode::NotAllowed));
        }
        for seq in seqs {
            self.take_message(room, *seq);
        }
        Ok(Response::Done)
    }

    /// For how long messages of a room are kept.
    pub(super) fn set_retention(
        &mut self,
        me: AccountId,
        room: RoomId,
        seconds: u64,
    ) -> Result<Response, Problem> {
        let found = self.member(me, room)?;
        if found.level(me) < 2 {
            return Err(problem(ProblemCode::NotAllowed));
        }
        found.retention_s = seconds;
        Ok(Response::Done)
    }

    /// Takes what is older than its room keeps it, as the relay does once a minute; nobody is told.
    pub fn erase_expired(&mut self, now_ms: u64) -> usize {
        let mut erased = 0;
        for stored in self.rooms.values_mut().filter(|stored| stored.retention_s > 0) {
            let before_ms = now_ms.saturating_sub(stored.retention_s * 1000);
            let lasting = &stored.lasting;
            let old = |entry: &&mut LogEntry| {
                let message = entry.kind == EntryKind::Message && !lasting.contains(&entry.seq);
                message && entry.received_at_ms < before_ms
            };
            for entry in stored.log.iter_mut().filter(old) {
                take_bytes(entry);
                erased += 1;
            }
        }
        erased
    }

    /// Answers what concerns the operator; nothing for any other request.
    pub(super) fn operator_request(
        &mut self,
        connection: usize,
        me: AccountId,
        request: &Request,
    ) -> Option<Result<Response, Problem>> {
        let administrator = self.account(me).is_some_and(|account| account.administrator);
        Some(match request {
            Request::WatchStatistics(_) | Request::PutReportKey(_) if !administrator => {
                Err(problem(ProblemCode::NotAdministrator))
            }
            Request::WatchStatistics(on) => {
                if *on {
                    self.watching.insert(connection);
                } else {
                    self.watching.remove(&connection);
                }
                Ok(Response::Done)
            }
            Request::PutReportKey(key) => {
                self.report_keys.insert(me, key.clone());
                Ok(Response::Done)
            }
            Request::ReportKeys => {
                let keys = self.report_keys.iter();
                let key =
                    |(account, key): (&AccountId, &Opaque)| ReportKey { account: *account, key: key.clone() };
                Ok(Response::ReportKeys(keys.map(key).collect()))
            }
            Request::Report { seq, sealed, .. } => {
                self.reports.push((*seq, sealed.clone()));
                Ok(Response::Done)
            }
            _ => return None,
        })
    }
}
