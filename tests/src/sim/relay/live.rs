//! Which sessions are live, and how they end.

use waxwing_wire::{Problem, ProblemCode, frame::EndReason};

use super::{Relay, Session, problem};

impl Relay {
    /// Makes a stream live; where only one session may be, others are displaced.
    pub(super) fn become_live(
        &mut self,
        connection: usize,
        session: Session,
        take_over: bool,
    ) -> Result<(), Problem> {
        let live = self.connections.iter().filter(|(known, _)| self.live.contains(known));
        let others: Vec<usize> = live
            .filter(|(_, other)| other.account == session.account && **other != session)
            .map(|(known, _)| *known)
            .collect();
        if self.single && !others.is_empty() {
            let mut refusal = problem(ProblemCode::Displaced);
            if !take_over {
                return Err(refusal);
            }
            if let Some(wait) = self.take_over_wait_s.take() {
                refusal.retry_after_s = Some(wait);
                return Err(refusal);
            }
            for other in others {
                self.close_stream(other);
                self.displaced.push(other);
            }
        }
        if self.live.insert(connection) {
            self.tell_presence(session.account);
        }
        Ok(())
    }

    /// Whether this connection is open here.
    pub(crate) fn has_stream(&self, connection: usize) -> bool {
        self.connections.contains_key(&connection)
    }

    /// Sessions of an account that have a live stream.
    pub(super) fn is_live(&self, session: Session) -> bool {
        self.live.iter().any(|connection| self.connections.get(connection) == Some(&session))
    }

    /// Ends a session, and remembers why.
    pub(super) fn end_session_for(&mut self, session: Session, reason: EndReason) {
        self.endings.insert(session, reason);
        self.end_session(session);
    }

    /// Ends every session of an account, as an administrator may.
    pub fn end_all(&mut self, username: &str, reason: EndReason) {
        let account = self.account_of(username);
        let ended: Vec<Session> =
            self.sessions.iter().copied().filter(|open| open.account == account).collect();
        ended.into_iter().for_each(|session| self.end_session_for(session, reason));
    }
}
