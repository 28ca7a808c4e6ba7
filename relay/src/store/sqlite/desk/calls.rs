//! The operations of the store that the administration needs: reads on a reader, writes as jobs of the writer.

use waxwing_wire::{
    AccountId, Opaque, RoomId, Seq,
    admin::{
        Announce, AnnouncementList, AuditKind, AuditList, AuditQuery, AuditVerdict, InviteList, MakeInvite,
        Noted, ReportList, ReportQuery, RoomList, RoomQuery, UserQuery, UserRecord, Users,
    },
    frame::{Announcement, ReportCopy, ReportKey},
};

use super::{
    super::{
        Sqlite,
        audit::{self, Target},
    },
    announcements, audit_log, check, invites, is_administrator, numbers, put_setting, put_settings, reports,
    rooms, users,
};
use crate::store::{Caller, Numbers, Pending, Result, SettingChanges, UserAct};

// Reads.
impl Sqlite {
    pub(in crate::store) async fn is_administrator(&self, account: AccountId) -> Result<bool> {
        self.readers.read(move |db| is_administrator(db, account)).await
    }

    pub(in crate::store) async fn users(&self, query: UserQuery) -> Result<Users> {
        self.readers.read(move |db| users::list(db, &query)).await
    }

    pub(in crate::store) async fn user(&self, account: AccountId) -> Result<UserRecord> {
        self.readers.read(move |db| users::find(db, account)).await
    }

    pub(in crate::store) async fn rooms_of_relay(&self, query: RoomQuery) -> Result<RoomList> {
        self.readers.read(move |db| rooms::list(db, &query)).await
    }

    pub(in crate::store) async fn report_keys(&self) -> Result<Vec<ReportKey>> {
        self.readers.read(reports::keys).await
    }

    pub(in crate::store) async fn reports(&self, asker: AccountId, query: ReportQuery) -> Result<ReportList> {
        self.readers.read(move |db| reports::list(db, asker, &query)).await
    }

    pub(in crate::store) async fn announcements(&self) -> Result<AnnouncementList> {
        self.readers.read(announcements::list).await
    }

    pub(in crate::store) async fn standing_announcements(&self, now_ms: u64) -> Result<Vec<Announcement>> {
        self.readers.read(move |db| announcements::standing(db, now_ms)).await
    }

    pub(in crate::store) async fn invites(&self, now_ms: u64) -> Result<InviteList> {
        self.readers.read(move |db| invites::list(db, now_ms)).await
    }

    pub(in crate::store) async fn numbers(&self, now_ms: u64) -> Result<Numbers> {
        self.readers.read(move |db| numbers::numbers(db, now_ms)).await
    }

    pub(in crate::store) async fn audit(&self, query: AuditQuery) -> Result<AuditList> {
        self.readers.read(move |db| audit_log::list(db, &query)).await
    }

    pub(in crate::store) async fn audit_lines(&self, after: u64, limit: u32) -> Result<(Vec<u8>, u64)> {
        self.readers.read(move |db| audit_log::lines(db, after, limit)).await
    }

    pub(in crate::store) async fn verify_audit(&self, noted: Option<Noted>) -> Result<AuditVerdict> {
        self.readers.read(move |db| audit_log::verify(db, noted)).await
    }
}

// Writes.
impl Sqlite {
    pub(in crate::store) async fn act_on_user(
        &self,
        what: UserAct,
        by: Caller,
        account: AccountId,
        reason: String,
        now_ms: u64,
    ) -> Result<()> {
        self.submit_by(by, move |db, notices| {
            users::act(db, what, (by.account, account), &reason, now_ms, notices)
        })
        .await?
        .await
    }

    pub(in crate::store) async fn remove_room(
        &self,
        by: Caller,
        room: RoomId,
        reason: String,
        now_ms: u64,
    ) -> Result<()> {
        self.submit_by(by, move |db, notices| rooms::remove(db, (by.account, room), &reason, now_ms, notices))
            .await?
            .await
    }

    pub(in crate::store) async fn remove_entry(
        &self,
        by: Caller,
        (room, seq): (RoomId, Seq),
        reason: String,
        now_ms: u64,
    ) -> Result<()> {
        self.submit_by(by, move |db, notices| {
            rooms::remove_entry(db, by.account, (room, seq), &reason, now_ms, notices)
        })
        .await?
        .await
    }

    pub(in crate::store) async fn put_report_key(&self, by: Caller, key: Opaque) -> Result<()> {
        self.submit_by(by, move |db, _| reports::put_key(db, by.account, &key)).await?.await
    }

    pub(in crate::store) async fn put_report(
        &self,
        by: Caller,
        (room, seq): (RoomId, Seq),
        copies: Vec<ReportCopy>,
        now_ms: u64,
    ) -> Result<Pending<()>> {
        self.submit_by(by, move |db, _| reports::put(db, by.account, (room, seq), &copies, now_ms)).await
    }

    pub(in crate::store) async fn resolve_report(
        &self,
        by: Caller,
        report: u64,
        remove_message: bool,
        now_ms: u64,
    ) -> Result<()> {
        self.submit_by(by, move |db, notices| {
            reports::resolve(db, (by.account, report), remove_message, now_ms, notices)
        })
        .await?
        .await
    }

    pub(in crate::store) async fn announce(&self, by: Caller, new: Announce, now_ms: u64) -> Result<u64> {
        let by = Caller { frame_bytes: new.text.len(), ..by };
        self.submit_by(by, move |db, notices| announcements::put(db, by.account, &new, now_ms, notices))
            .await?
            .await
    }

    pub(in crate::store) async fn withdraw_announcement(
        &self,
        by: Caller,
        number: u64,
        now_ms: u64,
    ) -> Result<()> {
        self.submit_by(by, move |db, notices| {
            announcements::withdraw(db, (by.account, number), now_ms, notices)
        })
        .await?
        .await
    }

    pub(in crate::store) async fn put_invite(
        &self,
        by: Caller,
        (code_hash, new): ([u8; 32], MakeInvite),
        now_ms: u64,
    ) -> Result<u64> {
        self.submit_by(by, move |db, _| invites::put(db, by.account, (code_hash, &new), now_ms)).await?.await
    }

    pub(in crate::store) async fn revoke_invite(&self, by: Caller, number: u64, now_ms: u64) -> Result<()> {
        self.submit_by(by, move |db, _| invites::revoke(db, (by.account, number), now_ms)).await?.await
    }

    pub(in crate::store) async fn put_settings(
        &self,
        by: Caller,
        value: Vec<u8>,
        changes: SettingChanges,
        now_ms: u64,
    ) -> Result<()> {
        let name = crate::settings::STORED;
        self.submit_by(by, move |db, _| put_settings(db, by.account, (name, &value), &changes, now_ms))
            .await?
            .await
    }

    pub(in crate::store) async fn put_setting(&self, name: &'static str, value: Vec<u8>) -> Result<()> {
        self.writer.submit(value.len(), move |db, _| put_setting(db, name, &value)).await?.await
    }

    pub(in crate::store) async fn note_audit_export(&self, by: Caller, now_ms: u64) -> Result<()> {
        self.submit_by(by, move |db, _| {
            check(db, by.account)?;
            audit::record(db, now_ms, Some(by.account), AuditKind::AuditExported, Target::None, "")
        })
        .await?
        .await
    }
}
