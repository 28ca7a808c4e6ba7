//! Requests on the stream.

use std::collections::BTreeSet;

use waxwing_wire::{
    AccountId, Problem, ProblemCode, RoomId, Seq,
    frame::{
        AccountDatum, Commit, CreateRoom, EntryKind, Event, JoinMethod, JoinProof, LogEntry, Post, Request,
        Response,
    },
};

use super::{Relay, Room, problem};

/// Entries of a page of keyring or links. Small, so that tests turn pages.
const PAGE: usize = 3;

impl Relay {
    pub(super) fn member(&mut self, me: AccountId, room: RoomId) -> Result<&mut Room, Problem> {
        let found = self.rooms.get_mut(&room).filter(|room| room.members.contains_key(&me));
        found.ok_or_else(|| problem(ProblemCode::NotFound))
    }

    pub(super) fn request(
        &mut self,
        connection: usize,
        me: AccountId,
        request: Request,
    ) -> Result<Response, Problem> {
        if let Some(answer) = self.operator_request(connection, me, &request) {
            return answer;
        }
        if let Some(answer) = self.marks_request(connection, me, &request) {
            return answer;
        }
        match request {
            Request::Hello { .. } => {
                let announcements = self.announcements.clone();
                Ok(Response::Hello { account: me, rooms: self.summaries(me), now_ms: 0, announcements })
            }
            Request::Ping => Ok(Response::Done),
            Request::CreateRoom(create) => self.create(me, *create),
            Request::Append(append) => {
                let clock_ms = self.clock_ms;
                let room = self.member(me, append.room)?;
                let said = |entry: &LogEntry| entry.sender == me && entry.kind == EntryKind::Message;
                let silent = !room.log.iter().any(said);
                let seq = room.append(me, EntryKind::Message, append.after, append.id, append.bytes)?;
                if let Some(entry) = room.log.iter_mut().find(|entry| entry.seq == seq && clock_ms > 0) {
                    entry.received_at_ms = clock_ms;
                }
                if append.lasting {
                    room.lasting.insert(seq);
                }
                self.announce(append.room, seq);
                if silent {
                    self.tell_presence(me);
                }
                Ok(Response::Appended { seq })
            }
            Request::Commit(commit) => self.commit(me, *commit),
            Request::SetRetention { room, seconds } => self.set_retention(me, room, seconds),
            Request::Erase { room, seqs } => self.erase(me, room, &seqs),
            Request::Post(post) => self.post(me, post),
            Request::PutPublished(published) => {
                self.member(me, published.room)?.put_published(me, *published)?;
                Ok(Response::Done)
            }
            Request::JoinInfo { room, proof, before } => self.join_info(room, &proof, before),
            Request::Signal { room, bytes } => {
                let members: Vec<AccountId> = self.member(me, room)?.members.keys().copied().collect();
                let event = Event::Signal { room, sender: me, bytes };
                for member in members {
                    self.tell_others(member, &event, connection);
                }
                Ok(Response::Done)
            }
            Request::RoomPasswordStart { room, handle, opaque_request } => {
                if !self.member(me, room)?.has_level(me, 1) {
                    return Err(problem(ProblemCode::NotAllowed));
                }
                if self.is_taken(handle, room) {
                    return Err(problem(ProblemCode::Conflict));
                }
                self.room_password_start(handle, &opaque_request)
            }
            Request::RoomLoginStart { handle, opaque_request } => {
                self.room_login_start(connection, handle, &opaque_request)
            }
            Request::RoomLoginFinish { login, opaque_finalization } => {
                self.room_login_finish(login, &opaque_finalization)
            }
            Request::AccountData
            | Request::PutAccountData(_)
            | Request::DropAccountData(_)
            | Request::PutKeyPackage(_)
            | Request::FindAccount { .. }
            | Request::PutBlocks(_)
            | Request::KeyPackage(_) => {
                let writes = matches!(request, Request::PutAccountData(_) | Request::DropAccountData(_));
                let answer = self.account_request(me, request)?;
                if writes {
                    self.tell_others(me, &Event::AccountDataChanged, connection);
                }
                Ok(answer)
            }
            other => self.read(me, other),
        }
    }

    /// What belongs to the account itself.
    fn account_request(&mut self, me: AccountId, request: Request) -> Result<Response, Problem> {
        if let Request::KeyPackage(account) = request {
            return Ok(self.key_package(account));
        }
        if let Request::FindAccount { username } = &request {
            return Ok(Response::Account(self.accounts.get(username).map(|account| account.id)));
        }
        let known = self.account(me).ok_or_else(|| problem(ProblemCode::NotLoggedIn))?;
        match request {
            Request::AccountData => return Ok(Response::AccountData(known.data.values().cloned().collect())),
            Request::PutAccountData(datum) => {
                let AccountDatum { name, version, .. } = &datum;
                let next = known.data.get(name.as_bytes()).map_or(1, |old| old.version + 1);
                if *version != next {
                    return Err(problem(ProblemCode::Conflict));
                }
                known.data.insert(name.as_bytes().to_vec(), datum);
            }
            Request::DropAccountData(names) => {
                known.data.retain(|name, _| !names.iter().any(|gone| gone.as_bytes() == name));
            }
            Request::PutBlocks(accounts) => known.blocks = accounts,
            Request::PutKeyPackage(bytes) => known.key_package = Some(bytes),
            _ => return Err(problem(ProblemCode::Unsupported)),
        }
        Ok(Response::Done)
    }

    /// What a member reads of a room, and what it keeps there for itself.
    fn read(&mut self, me: AccountId, request: Request) -> Result<Response, Problem> {
        Ok(match request {
            Request::Entries { room, after, limit } => {
                let room = self.member(me, room)?;
                let entries =
                    room.log.iter().filter(|e| e.seq > after).take(limit as usize).cloned().collect();
                Response::Entries { entries, last_seq: room.log.len() as u64 }
            }
            Request::Snapshot { room, epoch } => {
                let own = self.member(me, room)?.snapshots.iter().filter(|(account, _)| *account == me);
                let wanted = own.map(|(_, s)| s).filter(|s| epoch.is_none_or(|epoch| s.epoch == epoch));
                Response::Snapshot(wanted.max_by_key(|s| s.commit).cloned())
            }
            Request::PutSnapshot { room, snapshot } => {
                self.member(me, room)?.put_snapshot(me, snapshot)?;
                Response::Done
            }
            Request::PublicState { room, epoch } => {
                Response::PublicStates(self.member(me, room)?.public_states(epoch, Some(me)))
            }
            Request::Keyring { room, before } => {
                let all = self.member(me, room)?.keyrings.iter();
                let own = all.filter(|(a, e)| *a == me && e.commit < before).map(|(_, e)| e.clone());
                let mut own: Vec<_> = own.collect();
                own.sort_by_key(|entry| std::cmp::Reverse(entry.commit));
                own.truncate(PAGE);
                Response::Keyring(own)
            }
            Request::PutKeyring { room, entries } => {
                let room = self.member(me, room)?;
                for entry in entries {
                    room.keyrings.retain(|(a, e)| *a != me || e.epoch != entry.epoch);
                    room.keyrings.push((me, entry));
                }
                Response::Done
            }
            Request::HistoryLinks { room, before } => {
                let room = self.member(me, room)?;
                // All candidates of an epoch go into one page.
                let epochs: BTreeSet<Seq> =
                    room.published.iter().map(|p| p.commit).filter(|commit| *commit < before).collect();
                let page: BTreeSet<Seq> = epochs.into_iter().rev().take(PAGE).collect();
                let mut links = room.links(|published| page.contains(&published.commit));
                links.sort_by_key(|link| std::cmp::Reverse(link.commit));
                Response::HistoryLinks(links)
            }
            Request::Published { room, epoch } => {
                let room = self.member(me, room)?;
                let links = room.links(|published| published.epoch == epoch);
                Response::Published { links, public_states: room.public_states(epoch, None) }
            }
            Request::Welcome(room) => {
                Response::Welcomes(self.member(me, room)?.welcomes.get(&me).cloned().into_iter().collect())
            }
            Request::OwnLeave(room) => {
                let left = self.rooms.get(&room).filter(|room| !room.members.contains_key(&me));
                let own = |entry: &&LogEntry| entry.sender == me && entry.kind == EntryKind::Leave;
                Response::OwnLeave(left.and_then(|room| room.log.iter().rfind(own).cloned()))
            }
            Request::Members(room) => {
                Response::Members(self.member(me, room)?.members.keys().copied().collect())
            }
            _ => return Err(problem(ProblemCode::Unsupported)),
        })
    }

    fn create(&mut self, me: AccountId, create: CreateRoom) -> Result<Response, Problem> {
        if let Some(known) = self.rooms.get(&create.room) {
            let first = known.published.first();
            let same = first.is_some_and(|p| p.author == me && p.epoch == create.parts.epoch);
            return if same { Ok(Response::Done) } else { Err(problem(ProblemCode::Conflict)) };
        }
        let mut room = Room { members: [(me, 2)].into(), ..Room::default() };
        room.store(me, 0, create.parts, self.clock_ms);
        let summary = room.summary(create.room);
        self.rooms.insert(create.room, room);
        self.tell(me, &Event::RoomAdded(summary));
        Ok(Response::Done)
    }

    fn join_info(&mut self, room: RoomId, proof: &JoinProof, before: Seq) -> Result<Response, Problem> {
        let room = self.rooms.get(&room).ok_or_else(|| problem(ProblemCode::LinkInvalid))?;
        let method = room.methods.iter().find(|method| method.id == proof.method);
        let method = method.ok_or_else(|| problem(ProblemCode::LinkInvalid))?;
        if method.expires_at_ms.is_some_and(|end| end <= self.clock_ms) {
            return Err(problem(ProblemCode::LinkExpired));
        }
        let (commit, epoch) = room.epoch_before(before).ok_or_else(|| problem(ProblemCode::NotFound))?;
        let public_states = room.public_states(epoch, None);
        if public_states.is_empty() {
            // Older epochs are not kept for whoever joins.
            return Err(problem(ProblemCode::NotFound));
        }
        let packages = room.published.iter().filter(|p| p.epoch == epoch).flat_map(|p| &p.packages);
        Ok(Response::JoinInfo {
            epoch,
            commit,
            last_commit: room.last_commit,
            public_states,
            packages: packages.filter(|p| p.method == proof.method).map(|p| p.bytes.clone()).collect(),
            last_seq: room.log.len() as u64,
        })
    }

    fn post(&mut self, me: AccountId, post: Post) -> Result<Response, Problem> {
        let Post { room: id, kind, id: entry, bytes } = post;
        if !matches!(kind, EntryKind::Rejoin | EntryKind::Leave | EntryKind::Successor) {
            return Err(problem(ProblemCode::Invalid));
        }
        if let Some(room) = self.rooms.get(&id) {
            let known = room.log.iter().find(|e| e.sender == me && e.id == entry);
            if let Some(known) = known {
                return Ok(Response::Appended { seq: known.seq });
            }
        }
        let room = self.member(me, id)?;
        let seq = room.append(me, kind, room.last_commit, entry, bytes)?;
        self.announce(id, seq);
        if kind == EntryKind::Leave {
            self.rooms.get_mut(&id).expect("it was just there").members.remove(&me);
            self.tell(me, &Event::RoomRemoved(id));
        }
        Ok(Response::Appended { seq })
    }

    pub(super) fn commit(&mut self, me: AccountId, commit: Commit) -> Result<Response, Problem> {
        let passwords = commit.parts.methods.iter().flatten().filter_map(|method| method.password.as_ref());
        let handles: Vec<_> = passwords.map(|password| password.handle).collect();
        if handles.iter().any(|handle| self.is_taken(*handle, commit.room)) {
            return Err(problem(ProblemCode::Conflict));
        }
        let kept_out = |added: &AccountId| {
            let theirs = self.accounts.values().find(|account| account.id == *added);
            *added != me && theirs.is_some_and(|account| account.blocks.contains(&me))
        };
        if commit.add.iter().any(kept_out) {
            return Err(problem(ProblemCode::LimitReached));
        }
        let now_ms = self.clock_ms;
        let guest = |added: &AccountId| {
            let theirs = self.accounts.values().find(|account| account.id == *added);
            *added != me && theirs.is_some_and(|account| account.record.is_empty())
        };
        if commit.add.iter().any(guest) {
            return Err(problem(ProblemCode::IsGuest));
        }
        let most = self.room_members;
        let room = self.rooms.get_mut(&commit.room).ok_or_else(|| problem(ProblemCode::NotFound))?;
        let known = room.log.iter().any(|entry| entry.sender == me && entry.id == commit.id);
        let opens = |method: &JoinMethod| method.expires_at_ms.is_none_or(|end| end > now_ms);
        let proven =
            commit.proof.as_ref().is_some_and(|p| room.methods.iter().any(|m| m.id == p.method && opens(m)));
        if !room.members.contains_key(&me) && !proven && !known {
            return Err(problem(if commit.proof.is_some() {
                ProblemCode::LinkInvalid
            } else {
                ProblemCode::NotFound
            }));
        }
        let added = commit.add.iter().filter(|added| !room.members.contains_key(added)).count();
        if added > 0 && room.members.len() + added > most {
            return Err(problem(ProblemCode::RoomFull));
        }
        let before = room.log.len() as u64;
        let levels = room.allows(me, &commit);
        let seq = room.append(me, EntryKind::Commit, commit.after, commit.id, commit.bytes)?;
        if seq == before + 1 {
            if let Err(problem) = levels {
                room.log.pop();
                return Err(problem);
            }
            room.last_commit = seq;
            let before: Vec<AccountId> = room.members.keys().copied().collect();
            let gone: Vec<AccountId> =
                commit.remove.iter().copied().filter(|gone| room.members.remove(gone).is_some()).collect();
            for account in &commit.add {
                room.members.entry(*account).or_insert(0);
            }
            for (account, level) in commit.levels.iter().flatten() {
                if let Some(known) = room.members.get_mut(account) {
                    *known = *level;
                }
            }
            if let Some(levels) = &commit.levels {
                for (account, level) in &mut room.members {
                    if !levels.iter().any(|(named, _)| named == account) {
                        *level = 0;
                    }
                }
            }
            room.store(me, seq, commit.parts, now_ms);
            let welcomed: Vec<AccountId> = commit.welcomes.iter().map(|welcome| welcome.account).collect();
            room.welcomes.extend(commit.welcomes.into_iter().map(|welcome| (welcome.account, welcome.bytes)));
            let summary = room.summary(commit.room);
            // First the entry: those who are removed by it see it, those who are added know of it from the summary.
            self.announce_to(before, commit.room, seq);
            for account in gone {
                self.tell(account, &Event::RoomRemoved(commit.room));
            }
            for account in commit.add.iter().chain(&welcomed) {
                self.tell(*account, &Event::RoomAdded(summary.clone()));
            }
        }
        Ok(Response::Appended { seq })
    }
}
