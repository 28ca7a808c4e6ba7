//! What administrators ask of the store. Writes look once more, in their transaction, whether the actor's
//! session lives and administrates.

use waxwing_wire::{
    AccountId, Opaque, RoomId, Seq,
    admin::{
        Announce, AnnouncementList, AuditList, AuditQuery, AuditVerdict, InviteList, MakeInvite, Noted,
        ReportList, ReportQuery, RoomList, RoomQuery, UserQuery, UserRecord, Users,
    },
    frame::{Announcement, ReportCopy, ReportKey},
};

use super::{Caller, Numbers, Pending, Result, SettingChanges, Store, UserAct};

operations! {
    /// Whether the account may administrate this relay now.
    fn is_administrator(account: AccountId) -> bool;
    /// A page of users; nobody is told to be online.
    fn users(query: UserQuery) -> Users;
    /// One user.
    fn user(account: AccountId) -> UserRecord;
    /// Does something to an account.
    fn act_on_user(what: UserAct, by: Caller, account: AccountId, reason: String, now_ms: u64) -> ();

    /// A page of rooms.
    fn rooms_of_relay(query: RoomQuery) -> RoomList;
    /// Removes a room with its log.
    fn remove_room(by: Caller, room: RoomId, reason: String, now_ms: u64) -> ();
    /// Removes the ciphertext of a message; digest and chain stay.
    fn remove_entry(by: Caller, what: (RoomId, Seq), reason: String, now_ms: u64) -> ();

    /// Keys under which reports are sealed for administrators.
    fn report_keys() -> Vec<ReportKey>;
    /// Replaces the key of an administrator.
    fn put_report_key(by: Caller, key: Opaque) -> ();
    /// Takes a member's report of a message.
    fn put_report(by: Caller, what: (RoomId, Seq), copies: Vec<ReportCopy>, now_ms: u64) -> Pending<()>;
    /// A page of reports, with the copies for this administrator.
    fn reports(asker: AccountId, query: ReportQuery) -> ReportList;
    /// Decides on a report.
    fn resolve_report(by: Caller, report: u64, remove_message: bool, now_ms: u64) -> ();

    /// What the operator tells everybody now, the newest first.
    fn standing_announcements(now_ms: u64) -> Vec<Announcement>;
    /// The newest announcements, those that ended included.
    fn announcements() -> AnnouncementList;
    /// Tells everybody something; answers its number.
    fn announce(by: Caller, new: Announce, now_ms: u64) -> u64;
    /// Ends an announcement.
    fn withdraw_announcement(by: Caller, announcement: u64, now_ms: u64) -> ();

    /// Invite codes that still work.
    fn invites(now_ms: u64) -> InviteList;
    /// Keeps an invite code by its SHA-256; answers its number.
    fn put_invite(by: Caller, new: ([u8; 32], MakeInvite), now_ms: u64) -> u64;
    /// Forgets an invite code.
    fn revoke_invite(by: Caller, invite: u64, now_ms: u64) -> ();

    /// Stores what administrators have set, as JSON of [`crate::settings::Overrides`].
    fn put_settings(by: Caller, value: Vec<u8>, changes: SettingChanges, now_ms: u64) -> ();
    /// Stores a value that the relay keeps for itself.
    fn put_setting(name: &'static str, value: Vec<u8>) -> ();
    /// What the statistics count in the database.
    fn numbers(now_ms: u64) -> Numbers;

    /// A page of the audit log.
    fn audit(query: AuditQuery) -> AuditList;
    /// Entries of the audit log after a number as JSON lines, and the number of the last.
    fn audit_lines(after: u64, limit: u32) -> (Vec<u8>, u64);
    /// Looks through the whole audit log, and for an entry that was noted before.
    fn verify_audit(noted: Option<Noted>) -> AuditVerdict;
    /// Notes that the audit log was exported.
    fn note_audit_export(by: Caller, now_ms: u64) -> ();
}
