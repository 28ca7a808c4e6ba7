//! The web app has its own declarations of [`waxwing_client::api`]. This writes one value of every variant, as they
//! cross into TypeScript, into a module that must type-check against those declarations: neither side can change alone.
//!
//! After a change of the API: `UPDATE_SHAPES=1 cargo test -p waxwing-client --test api_shapes`.

use std::{fmt::Write as _, fs, path::PathBuf, sync::Once};

use serde::Serialize;
use waxwing_client::api::{
    AccountNotice, Announcement, Avatar, Body, Confirmed, Connection, Contact, Ended, Failure, History,
    Identity, Intent, Item, Me, Notice, Notify, Page, Person, PollOption, Presence, Preview, Quote, Reaction,
    Receipt, Reply, Role, Rollback, Room, Sending, SessionEntry, Status, Target, Version, Vouched,
};
use waxwing_wire::{
    account::{RecoveredTotp, RegistrationPolicy, SessionPolicy, TotpPolicy},
    admin::{Level, Statistics},
};

/// Where the generated module is.
fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../web/src/engine/shapes.ts")
}

/// A function that gives samples of every variant. Its match has no wildcard, and its arms are the samples' own names:
/// an enum with a new variant does not compile before the variant has a sample.
macro_rules! samples {
    ($name:ident, $of:ident, {$($variant:ident: [$($sample:expr),+ $(,)?]),+ $(,)?}) => {
        fn $name() -> Vec<$of> {
            fn name_of(value: &$of) -> &'static str {
                match value {
                    $($of::$variant { .. } => stringify!($variant),)+
                }
            }
            let mut all = Vec::new();
            $(
                for sample in [$($sample),+] {
                    assert_eq!(name_of(&sample), stringify!($variant));
                    all.push(sample);
                }
            )+
            all
        }
    };
}

samples!(intents, Intent, {
    ServerInfo: [Intent::ServerInfo],
    Register: [register(Some("a-token".into())), register(None)],
    ConfirmTotp: [
        Intent::ConfirmTotp { code: Some("123456".into()), device: Some("Firefox".into()) },
        Intent::ConfirmTotp { code: None, device: None },
    ],
    LogIn: [
        Intent::LogIn { username: "mira".into(), password: secret(), device: Some("Firefox".into()) },
        Intent::LogIn { username: "mira".into(), password: secret(), device: None },
    ],
    SubmitTotp: [
        Intent::SubmitTotp { code: "123456".into(), device: Some("Firefox".into()) },
        Intent::SubmitTotp { code: "abcde-fgh27".into(), device: None },
    ],
    ComeAsGuest: [
        Intent::ComeAsGuest { display_name: "Mira".into(), device: Some("Firefox".into()) },
        Intent::ComeAsGuest { display_name: "Mira".into(), device: None },
    ],
    ReturnAsGuest: [
        Intent::ReturnAsGuest { code: "ABCD-EFGH".into(), device: Some("Firefox".into()) },
        Intent::ReturnAsGuest { code: "ABCD-EFGH".into(), device: None },
    ],
    PlaceCode: [Intent::PlaceCode],
    Recover: [recover(Some("Firefox".into())), recover(None)],
    FinishRecovery: [
        Intent::FinishRecovery { totp: RecoveredTotp::Keep, code: None },
        Intent::FinishRecovery { totp: RecoveredTotp::New, code: Some("123456".into()) },
        Intent::FinishRecovery { totp: RecoveredTotp::Without, code: None },
    ],
    LogOut: [Intent::LogOut],
    CreateRoom: [Intent::CreateRoom { name: "Harbour".into() }],
    CreateInvite: [Intent::CreateInvite { room: room_id() }],
    PreviewInvite: [Intent::PreviewInvite { invite: "an-invite".into() }],
    JoinRoom: [Intent::JoinRoom { invite: "an-invite".into() }],
    CreateDirect: [
        Intent::CreateDirect { account: account(), note: Some("It is me.".into()) },
        Intent::CreateDirect { account: account(), note: None },
    ],
    FindAccount: [Intent::FindAccount { username: "mira".into() }],
    AcceptRequest: [Intent::AcceptRequest { room: room_id() }],
    DeclineRequest: [Intent::DeclineRequest { room: room_id() }],
    Block: [Intent::Block { account: account() }],
    Unblock: [Intent::Unblock { account: account() }],
    Contacts: [Intent::Contacts],
    AddMember: [Intent::AddMember { room: room_id(), account: account() }],
    RemoveMember: [Intent::RemoveMember { room: room_id(), account: account() }],
    SetRole: [Intent::SetRole { room: room_id(), account: account(), role: Role::Moderator }],
    EditRoom: [
        Intent::EditRoom {
            room: room_id(),
            name: Some("Harbour".into()),
            topic: Some("Boats".into()),
            history: Some(History::FromJoin),
            avatar: Some(Avatar { emoji: "🦜".into(), colour: 3 }),
            retention: Some(86_400),
        },
        Intent::EditRoom {
            room: room_id(),
            name: None,
            topic: None,
            history: None,
            avatar: None,
            retention: None,
        },
    ],
    RevokeInvite: [Intent::RevokeInvite { room: room_id() }],
    SetRoomPassword: [
        Intent::SetRoomPassword { room: room_id(), password: Some("a long password".into()) },
        Intent::SetRoomPassword { room: room_id(), password: None },
    ],
    JoinByPassword: [
        Intent::JoinByPassword { name: "harbour-1234".into(), password: "a long password".into() },
    ],
    UnlockRoom: [Intent::UnlockRoom { name: "harbour-1234".into(), password: "a long password".into() }],
    LeaveRoom: [Intent::LeaveRoom { room: room_id() }],
    OpenSuccessor: [Intent::OpenSuccessor { room: room_id(), without: vec![account()] }],
    Send: [
        Intent::text(room_id(), "hello".into()),
        Intent::Send {
            room: room_id(),
            text: "hello".into(),
            reply: Some(target()),
            mentions: vec![account()],
            preview: Some(preview()),
        },
    ],
    Edit: [
        Intent::Edit { room: room_id(), target: target(), text: "hello".into(), mentions: vec![account()] },
    ],
    Delete: [Intent::Delete { room: room_id(), target: target() }],
    React: [Intent::React { room: room_id(), target: target(), emoji: "👍".into(), on: true }],
    Pin: [Intent::Pin { room: room_id(), target: target(), on: true }],
    SendPoll: [
        Intent::SendPoll {
            room: room_id(),
            question: "When?".into(),
            options: vec!["Now".into(), "Later".into()],
            multiple: true,
        },
    ],
    Vote: [Intent::Vote { room: room_id(), target: target(), choices: vec![0, 1] }],
    ClosePoll: [Intent::ClosePoll { room: room_id(), target: target() }],
    Forward: [Intent::Forward { room: room_id(), target: target(), to: room_id() }],
    Pinned: [Intent::Pinned { room: room_id() }],
    EditHistory: [Intent::EditHistory { room: room_id(), target: target() }],
    Retry: [Intent::Retry { room: room_id(), key: "a-key".into() }],
    Discard: [Intent::Discard { room: room_id(), key: "a-key".into() }],
    Timeline: [
        Intent::Timeline { room: room_id(), page: Page::Newest, limit: 50 },
        Intent::Timeline { room: room_id(), page: Page::Before { seq: 7 }, limit: 50 },
        Intent::Timeline { room: room_id(), page: Page::After { seq: 7 }, limit: 50 },
        Intent::Timeline { room: room_id(), page: Page::Around { seq: 7 }, limit: 50 },
        Intent::Timeline { room: room_id(), page: Page::At { at: 1_700_000_000_000 }, limit: 50 },
    ],
    ChangePassword: [
        Intent::ChangePassword { password: secret(), new_password: secret(), code: Some("123456".into()) },
        Intent::ChangePassword { password: secret(), new_password: secret(), code: None },
    ],
    Rotate: [
        Intent::Rotate { password: secret(), new_password: secret(), code: Some("123456".into()) },
        Intent::Rotate { password: secret(), new_password: secret(), code: None },
    ],
    Typing: [Intent::Typing { room: room_id() }],
    SafetyNumber: [Intent::SafetyNumber { account: account() }],
    MarkVerified: [Intent::MarkVerified { account: account() }],
    RoomCheckCode: [Intent::RoomCheckCode { room: room_id() }],
    ContactLink: [Intent::ContactLink],
    OpenContactLink: [Intent::OpenContactLink { link: "a-link".into() }],
    AcceptIdentity: [Intent::AcceptIdentity { account: account() }],
    SetDraft: [Intent::SetDraft { room: room_id(), text: "hel".into(), done: false }],
    MarkUnread: [Intent::MarkUnread { room: room_id() }],
    SetRoomPreferences: [
        Intent::SetRoomPreferences {
            room: room_id(),
            muted: Some(1_700_000_000_000),
            notify: Some(Notify::Mentions),
            pinned: Some(true),
            archived: Some(false),
        },
        Intent::SetRoomPreferences {
            room: room_id(),
            muted: None,
            notify: None,
            pinned: None,
            archived: None,
        },
    ],
    SetPreferences: [
        Intent::SetPreferences { read_receipts: Some(false), typing: Some(true), presence: Some(false) },
        Intent::SetPreferences { read_receipts: None, typing: None, presence: None },
    ],
    WatchPresence: [Intent::WatchPresence { accounts: vec![account()] }],
    PauseSync: [Intent::PauseSync { on: true }],
    Read: [Intent::Read { room: room_id(), seq: 7 }],
    StartNewTotp: [
        Intent::StartNewTotp { password: secret(), code: Some("123456".into()) },
        Intent::StartNewTotp { password: secret(), code: None },
    ],
    FinishNewTotp: [Intent::FinishNewTotp { code: "123456".into() }],
    RemoveTotp: [
        Intent::RemoveTotp { password: secret(), code: Some("123456".into()) },
        Intent::RemoveTotp { password: secret(), code: None },
    ],
    NewRecoveryCodes: [
        Intent::NewRecoveryCodes { password: secret(), code: Some("123456".into()) },
        Intent::NewRecoveryCodes { password: secret(), code: None },
    ],
    NewRecoveryKey: [
        Intent::NewRecoveryKey { password: secret(), code: Some("123456".into()) },
        Intent::NewRecoveryKey { password: secret(), code: None },
    ],
    DeleteAccount: [
        Intent::DeleteAccount { password: secret(), code: Some("123456".into()) },
        Intent::DeleteAccount { password: secret(), code: None },
    ],
    SetDisplayName: [Intent::SetDisplayName { name: "Mira".into() }],
    Sessions: [Intent::Sessions],
    EndSession: [Intent::EndSession { id: "c2Vzc2lvbg".into() }],
    EndOtherSessions: [Intent::EndOtherSessions],
    TakeOver: [Intent::TakeOver],
    Report: [
        Intent::Report { room: room_id(), key: "a-key".into(), note: Some("Rude.".into()) },
        Intent::Report { room: room_id(), key: "a-key".into(), note: None },
    ],
    OpenReport: [
        Intent::OpenReport {
            sealed: "cmVwb3J0".into(),
            room: room_id(),
            entry: "ZW50cnk".into(),
            sender: account(),
            sender_keys: vec!["a2V5".into()],
        },
    ],
    WatchStatistics: [Intent::WatchStatistics { on: true }],
});

samples!(replies, Reply, {
    Done: [Reply::Done],
    ServerInfo: [
        server_info(RegistrationPolicy::Open, TotpPolicy::Required, SessionPolicy::Single),
        server_info(RegistrationPolicy::Closed, TotpPolicy::Optional, SessionPolicy::Multi),
    ],
    TotpEnrolment: [
        Reply::TotpEnrolment {
            secret: "ABCD".into(),
            uri: "otpauth://totp/mira".into(),
            optional: true,
        },
    ],
    Registered: [
        Reply::Registered { recovery_key: "ABCD-EFGH".into(), recovery_codes: vec!["abcde-fgh27".into()] },
    ],
    LoggedIn: [
        Reply::LoggedIn { recovery_codes: vec!["abcde-fgh27".into()], recovery_codes_left: 10 },
        Reply::LoggedIn { recovery_codes: Vec::new(), recovery_codes_left: 0 },
    ],
    RecoveryCodes: [Reply::RecoveryCodes { codes: vec!["abcde-fgh27".into()] }],
    RecoveryKey: [Reply::RecoveryKey { recovery_key: "0123-4567".into() }],
    Sessions: [Reply::Sessions { sessions: vec![device_session()] }],
    Report: [report(Some("Mira".into())), report(None)],
    PlaceCode: [Reply::PlaceCode { code: "ABCD-EFGH".into() }],
    TotpRequired: [Reply::TotpRequired],
    Recovering: [
        Reply::Recovering {
            totp: true,
            secret: "JBSWY3DP".into(),
            uri: "otpauth://totp/x".into(),
            optional: false,
        },
    ],
    Rotated: [Reply::Rotated { recovery_key: "0123-4567".into() }],
    SafetyNumber: [Reply::SafetyNumber { number: "00000 11111".into(), verified: true }],
    RoomCheckCode: [Reply::RoomCheckCode { code: "00000 11111".into() }],
    ContactLink: [Reply::ContactLink { link: "a-link".into() }],
    Contact: [Reply::Contact { account: account() }],
    Account: [Reply::Account { account: Some(account()) }, Reply::Account { account: None }],
    Contacts: [Reply::Contacts { contacts: vec![contact(Some("mira".into())), contact(None)] }],
    LoggedOut: [Reply::LoggedOut { told: true }],
    Room: [Reply::Room { room: room_id() }],
    Invite: [Reply::Invite { invite: "an-invite".into() }],
    RoomPassword: [
        Reply::RoomPassword { name: "harbour-1234".into(), password: "a long password".into() },
    ],
    InvitePreview: [
        Reply::InvitePreview {
            room: room_id(),
            name: "Harbour".into(),
            members: 2,
            member: false,
            vouched_by: account(),
            by_creator: true,
        },
    ],
    Timeline: [Reply::Timeline { items: items(), more: true, newer: false }],
    Edits: [Reply::Edits { versions: vec![Version { text: "hello".into(), at: 1_700_000_000_000 }] }],
});

samples!(registration_policies, RegistrationPolicy, {
    Open: [RegistrationPolicy::Open],
    Approval: [RegistrationPolicy::Approval],
    Invite: [RegistrationPolicy::Invite],
    Closed: [RegistrationPolicy::Closed],
});

samples!(notices, Notice, {
    Session: [
        Notice::Session { me: Some(me()), reason: None },
        Notice::Session { me: None, reason: Some(Ended::Banned) },
    ],
    Connection: [Notice::Connection { state: Connection::Connected }],
    Room: [Notice::Room { room: Box::new(room()) }, Notice::Room { room: Box::new(empty_room()) }],
    RoomGone: [Notice::RoomGone { room: room_id() }],
    Receipts: [Notice::Receipts {
        room: room_id(),
        receipts: vec![Receipt { account: account(), delivered: 7, read: 6 }],
    }],
    Progress: [Notice::Progress { rooms: 2, entries: 1000, done: 500, paused: true }],
    Presence: [Notice::Presence {
        people: vec![
            Presence { account: account(), online: true, last_seen: None },
            Presence { account: account(), online: false, last_seen: Some(1_700_000_000_000) },
        ],
    }],
    Preferences: [Notice::Preferences { read_receipts: true, typing: true, presence: false }],
    Items: [Notice::Items { room: room_id(), items: items() }],
    Rotated: [Notice::Rotated { recovery_key: "0123-4567".into() }],
    Typing: [Notice::Typing { room: room_id(), account: account() }],
    IdentityChanged: [Notice::IdentityChanged { account: account(), signed: true }],
    AccountRolledBack: [
        Notice::AccountRolledBack { what: Rollback::Vault },
        Notice::AccountRolledBack { what: Rollback::Data },
    ],
    ItemGone: [Notice::ItemGone { room: room_id(), key: "a-key".into() }],
    Account: [Notice::Account { what: AccountNotice::Approved, at: 1_700_000_000_000 }],
    Announcements: [
        Notice::Announcements { announcements: vec![announcement(Level::Info), announcement(Level::Warning)] },
    ],
    Statistics: [
        Notice::Statistics { statistics: statistics(Some(1)) },
        Notice::Statistics { statistics: statistics(None) },
    ],
});

samples!(connections, Connection, {
    Idle: [Connection::Idle],
    Connecting: [Connection::Connecting],
    Connected: [Connection::Connected],
    Waiting: [Connection::Waiting { retry_at: 1_700_000_000_000 }],
    Offline: [Connection::Offline],
    Displaced: [Connection::Displaced],
});

samples!(endings, Ended, {
    LoggedOut: [Ended::LoggedOut],
    Ended: [Ended::Ended],
    Banned: [Ended::Banned],
    Kicked: [Ended::Kicked],
    Deleted: [Ended::Deleted],
    Refused: [Ended::Refused],
    Expired: [Ended::Expired],
});

samples!(account_news, AccountNotice, {
    Approved: [AccountNotice::Approved],
    TotpReset: [AccountNotice::TotpReset],
    RecoveryCodeUsed: [AccountNotice::RecoveryCodeUsed],
    Recovered: [AccountNotice::Recovered],
    Promoted: [AccountNotice::Promoted],
    Demoted: [AccountNotice::Demoted],
    CodeGuessed: [AccountNotice::CodeGuessed],
});

samples!(roles, Role, {
    Owner: [Role::Owner],
    Moderator: [Role::Moderator],
    Member: [Role::Member],
    Former: [Role::Former],
});

samples!(histories, History, {
    All: [History::All],
    FromJoin: [History::FromJoin],
});

samples!(bodies, Body, {
    Text: [Body::Text { text: "hello".into(), state: Sending::Sent }],
    Created: [Body::Created],
    Joined: [Body::Joined { account: account() }],
    Left: [Body::Left { account: account() }],
    Settings: [
        Body::Settings {
            name: Some("Harbour".into()),
            topic: Some("Boats".into()),
            avatar: false,
            invite: false,
            history: Some(History::FromJoin),
            retention: Some(86_400),
        },
        Body::Settings { name: None, topic: None, avatar: true, invite: true, history: None, retention: None },
    ],
    Named: [Body::Named { before: "Mira".into(), name: "Mira K.".into() }],
    Role: [Body::Role { account: account(), role: Role::Moderator }],
    Expired: [Body::Expired],
    Moved: [Body::Moved { room: room_id() }],
    Poll: [
        Body::Poll {
            question: "When?".into(),
            options: vec![PollOption { text: "Now".into(), accounts: vec![account()] }],
            multiple: true,
            closed: false,
            state: Sending::Sent,
        },
    ],
    Deleted: [Body::Deleted { by: account() }],
    Removed: [Body::Removed],
    Warning: [Body::Warning { code: "unreadable".into() }],
});

samples!(sendings, Sending, {
    Waiting: [Sending::Waiting],
    Sent: [Sending::Sent],
    Failed: [Sending::Failed { message: "The room is full.".into() }],
});

fn register(setup_token: Option<String>) -> Intent {
    Intent::Register {
        username: "mira".into(),
        password: "a long password".into(),
        display_name: "Mira".into(),
        invite: setup_token.clone(),
        setup_token,
    }
}

fn recover(device: Option<String>) -> Intent {
    let recovery_key = "0123-4567".into();
    Intent::Recover { username: "mira".into(), recovery_key, new_password: secret(), device }
}

fn secret() -> String {
    "a long password".into()
}

fn server_info(registration: RegistrationPolicy, totp: TotpPolicy, sessions: SessionPolicy) -> Reply {
    let (version, name) = ("0.1.0".into(), "Waxwing".into());
    Reply::ServerInfo { version, name, setup_required: false, registration, totp, sessions, guests: true }
}

fn device_session() -> SessionEntry {
    SessionEntry {
        id: "c2Vzc2lvbg".into(),
        device: "Firefox".into(),
        created_at: 1_700_000_000_000,
        last_used_at: 1_700_000_000_000,
        current: true,
        live: false,
    }
}

fn contact(known: Option<String>) -> Contact {
    Contact {
        account: account(),
        name: "Mira".into(),
        username: known.clone(),
        verified: true,
        blocked: known.is_none(),
        room: known.map(|_| room_id()),
    }
}

fn report(display_name: Option<String>) -> Reply {
    Reply::Report {
        account: account(),
        display_name,
        text: "hello".into(),
        written_at: 1_700_000_000_000,
        room: room_id(),
        note: "Rude.".into(),
        valid: true,
    }
}

fn announcement(level: Level) -> Announcement {
    Announcement { id: "7".into(), text: "Back at noon.".into(), level, at: 1_700_000_000_000 }
}

fn statistics(disk_free_bytes: Option<u64>) -> Statistics {
    Statistics { disk_free_bytes, memory_bytes: disk_free_bytes, ..Statistics::default() }
}

fn target() -> Target {
    Target { key: "a-key".into(), seq: 7 }
}

fn preview() -> Preview {
    Preview { url: "https://example.org/".into(), title: "Example".into(), description: "A page".into() }
}

fn room_id() -> String {
    "cm9vbQ".into()
}

fn account() -> String {
    "YWNjb3VudA".into()
}

fn failures() -> Vec<Failure> {
    let failure = |retry_after_s| Failure {
        code: "rate_limited".into(),
        message: "Too many attempts. Wait a little and try again.".into(),
        retry_after_s,
    };
    vec![failure(Some(30)), failure(None)]
}

fn me() -> Me {
    Me {
        account: account(),
        username: "mira".into(),
        display_name: "Mira".into(),
        administrator: true,
        status: Status::Active,
        totp: true,
        recovery_codes_left: 9,
        guest: false,
    }
}

fn people() -> Vec<Person> {
    let person = |role, identity| Person {
        account: account(),
        name: "Mira".into(),
        role,
        own: role == Role::Owner,
        identity,
        blocked: role == Role::Member,
    };
    let identities = [
        Identity::Known,
        Identity::Verified,
        Identity::Changed { signed: true },
        Identity::Changed { signed: false },
    ];
    roles().into_iter().cycle().zip(identities).map(|(role, identity)| person(role, identity)).collect()
}

/// An item of every body and every state of sending, with and without a place in the log.
fn items() -> Vec<Item> {
    let item = |(seq, body)| Item {
        key: "a-key".into(),
        seq,
        at: 1_700_000_000_000,
        sender: account(),
        own: seq.is_none(),
        body,
        reply: seq.map(|seq| Quote { key: "a-key".into(), seq, sender: account(), text: "hello".into() }),
        mentions: vec![account()],
        forwarded: seq.is_some(),
        preview: seq.map(|_| preview()),
        edited: seq.map(|_| 1_700_000_000_000),
        reactions: vec![Reaction { emoji: "👍".into(), accounts: vec![account()] }],
        pinned: seq.is_some(),
    };
    let placed = bodies().into_iter().map(|body| (Some(7), body));
    let sending = sendings().into_iter().map(|state| (None, Body::Text { text: "hello".into(), state }));
    placed.chain(sending).map(item).collect()
}

fn room() -> Room {
    Room {
        room: room_id(),
        name: "Harbour".into(),
        topic: "Boats".into(),
        peer: Some(account()),
        request: true,
        avatar: Some(Avatar { emoji: "🦜".into(), colour: 3 }),
        history: History::All,
        retention: 86_400,
        invite: true,
        password: true,
        predecessor: Some(room_id()),
        successor: Some(room_id()),
        people: people(),
        members: 2,
        last: items().into_iter().next(),
        unread: 3,
        mentions: 1,
        read: 4,
        marked_unread: true,
        draft: "hel".into(),
        muted: 1_700_000_000_000,
        notify: Notify::Mentions,
        pinned: true,
        archived: true,
        syncing: true,
        trouble: Some("The room could not be followed.".into()),
        confirmed: Some(Confirmed { account: account(), at: 1_700_000_000_000 }),
        vouched: Some(Vouched { account: account(), before: 7 }),
    }
}

fn empty_room() -> Room {
    Room {
        people: Vec::new(),
        notify: Notify::Nothing,
        peer: None,
        avatar: None,
        history: History::FromJoin,
        retention: 0,
        predecessor: None,
        successor: None,
        last: None,
        trouble: None,
        confirmed: None,
        vouched: None,
        ..room()
    }
}

const HEAD: &str = "\
/**
 * Values of every variant of the client's API as the client writes them: generated by
 * `UPDATE_SHAPES=1 cargo test -p waxwing-client --test api_shapes`. That they satisfy the types proves the types right.
 */
import type {
  AccountNotice,
  Body,
  Connection,
  Ended,
  Failure,
  History,
  Intent,
  Item,
  Me,
  Notice,
  Person,
  Reply,
  Role,
  Room,
  Sending,
} from './api';
";

/// Appends `export const name = [...] satisfies Of[];` with a value in each line.
fn list<T: Serialize>(module: &mut String, name: &str, of: &str, values: &[T]) {
    writeln!(module, "\n// prettier-ignore\nexport const {name} = [").unwrap();
    for value in values {
        writeln!(module, "  {},", serde_json::to_string(value).unwrap()).unwrap();
    }
    writeln!(module, "] satisfies {of}[];").unwrap();
}

fn module() -> String {
    let mut module = HEAD.to_owned();
    list(&mut module, "intents", "Intent", &intents());
    list(&mut module, "replies", "Reply", &replies());
    let policies = "Extract<Reply, { type: 'serverInfo' }>['registration']";
    list(&mut module, "registrationPolicies", &format!("({policies})"), &registration_policies());
    list(&mut module, "failures", "Failure", &failures());
    list(&mut module, "notices", "Notice", &notices());
    let pending = Me { status: Status::Pending, ..me() };
    list(&mut module, "mes", "Me", &[me(), pending]);
    list(&mut module, "endings", "Ended", &endings());
    list(&mut module, "accountNews", "AccountNotice", &account_news());
    list(&mut module, "connections", "Connection", &connections());
    list(&mut module, "rooms", "Room", &[room(), empty_room()]);
    list(&mut module, "roles", "Role", &roles());
    list(&mut module, "histories", "History", &histories());
    list(&mut module, "people", "Person", &people());
    list(&mut module, "items", "Item", &items());
    list(&mut module, "bodies", "Body", &bodies());
    list(&mut module, "sendings", "Sending", &sendings());
    module
}

/// The module as it is committed, after it was renewed if that is what this run is for.
fn committed() -> String {
    static RENEW: Once = Once::new();
    RENEW.call_once(|| {
        if std::env::var_os("UPDATE_SHAPES").is_some() {
            fs::write(path(), module()).unwrap();
        }
    });
    fs::read_to_string(path()).unwrap_or_default()
}

/// The values of one list of the committed module, as JSON.
fn committed_list(name: &str) -> Vec<String> {
    let module = committed();
    let mut lines = module.lines().skip_while(|line| *line != format!("export const {name} = ["));
    assert!(lines.next().is_some(), "{name} is missing");
    lines.map_while(|line| line.strip_prefix("  ")?.strip_suffix(',')).map(str::to_owned).collect()
}

#[test]
fn the_committed_module_shows_what_the_client_writes() {
    assert!(
        committed() == module(),
        "the API has changed: run this test with UPDATE_SHAPES=1, then `npm run check` in web/"
    );
}

/// The type check proves that a TypeScript intent has exactly the fields of these, so whatever it writes is parsed.
#[test]
fn the_client_understands_every_intent_as_typescript_writes_it() {
    let lines = committed_list("intents");
    assert_eq!(lines.len(), intents().len());
    for (line, intent) in lines.iter().zip(intents()) {
        let parsed: Intent = serde_json::from_str(line).unwrap();
        // Intents carry secrets and have no equality: compare what they write.
        assert_eq!(&serde_json::to_string(&parsed).unwrap(), line);
        assert_eq!(&serde_json::to_string(&intent).unwrap(), line);
    }
}

#[test]
fn an_intent_with_a_field_too_many_or_too_few_is_refused() {
    for wrong in [
        r#"{"type":"send","room":"cm9vbQ","text":"hello","mentions":[],"colour":"red"}"#,
        r#"{"type":"pin","room":"cm9vbQ","target":{"key":"a"},"on":true}"#,
        r#"{"type":"timeline","room":"cm9vbQ","page":{"type":"middle"},"limit":50}"#,
        r#"{"type":"send","room":"cm9vbQ"}"#,
        r#"{"type":"read","room":"cm9vbQ","seq":"7"}"#,
        r#"{"type":"read","room":"cm9vbQ","seq":-1}"#,
        r#"{"type":"Send","room":"cm9vbQ","text":"hello"}"#,
        r#"{"type":"shout"}"#,
        r#"{}"#,
    ] {
        assert!(serde_json::from_str::<Intent>(wrong).is_err(), "{wrong}");
    }
}
