//! Samples of replies, notices and what they show.

use waxwing_client::api::{
    AccountNotice, Announcement, Avatar, Body, Confirmed, Connection, Contact, Door, Ended, Failure, History,
    Identity, Item, Me, Notice, Notify, Person, PollOption, Presence, Quote, Reaction, Receipt, Reply, Role,
    Rollback, Room, Sending, SessionEntry, Status, Version, Vouched,
};
use waxwing_wire::{
    account::{RegistrationPolicy, SessionPolicy, TotpPolicy},
    admin::{Level, Statistics},
};

use crate::common::{account, preview, room_id};

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
    SafetyNumber: [Reply::SafetyNumber {
        number: "00000 11111".into(),
        fingerprint: "ZmluZ2VycHJpbnQ".into(),
        verified: true,
    }],
    RoomCheckCode: [Reply::RoomCheckCode { code: "00000 11111".into() }],
    ContactLink: [Reply::ContactLink { link: "a-link".into() }],
    Contact: [
        Reply::Contact { contact: contact(Some("mira".into())), fits: true },
        Reply::Contact { contact: contact(None), fits: false },
    ],
    Account: [Reply::Account { account: Some(account()) }, Reply::Account { account: None }],
    Contacts: [Reply::Contacts { contacts: vec![contact(Some("mira".into())), contact(None)] }],
    LoggedOut: [Reply::LoggedOut { told: true }],
    Room: [Reply::Room { room: room_id() }],
    Invite: [
        Reply::Invite { invite: "an-invite".into(), until: None },
        Reply::Invite { invite: "an-invite".into(), until: Some(1_790_000_000_000) },
    ],
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
    Removed: [Body::Removed { said: true }],
    Warning: [Body::Warning { code: "unreadable".into() }],
});

samples!(sendings, Sending, {
    Waiting: [Sending::Waiting],
    Sent: [Sending::Sent],
    Failed: [Sending::Failed { message: "The room is full.".into() }],
});

pub fn server_info(registration: RegistrationPolicy, totp: TotpPolicy, sessions: SessionPolicy) -> Reply {
    let (version, name) = ("0.1.0".into(), "Waxwing".into());
    Reply::ServerInfo { version, name, setup_required: false, registration, totp, sessions, guests: true }
}

pub fn device_session() -> SessionEntry {
    SessionEntry {
        id: "c2Vzc2lvbg".into(),
        device: "Firefox".into(),
        created_at: 1_700_000_000_000,
        last_used_at: 1_700_000_000_000,
        current: true,
        live: false,
    }
}

pub fn contact(known: Option<String>) -> Contact {
    Contact {
        account: account(),
        name: "Mira".into(),
        username: known.clone(),
        identity: known.as_ref().map_or(Identity::Known, |_| Identity::Verified),
        blocked: known.is_none(),
        room: known.map(|_| room_id()),
    }
}

pub fn report(display_name: Option<String>) -> Reply {
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

pub fn announcement(level: Level) -> Announcement {
    Announcement { id: "7".into(), text: "Back at noon.".into(), level, at: 1_700_000_000_000 }
}

pub fn statistics(disk_free_bytes: Option<u64>) -> Statistics {
    Statistics { disk_free_bytes, memory_bytes: disk_free_bytes, ..Statistics::default() }
}

pub fn failures() -> Vec<Failure> {
    let failure = |retry_after_s| Failure {
        code: "rate_limited".into(),
        message: "Too many attempts. Wait a little and try again.".into(),
        retry_after_s,
    };
    vec![failure(Some(30)), failure(None)]
}

pub fn me() -> Me {
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

pub fn people() -> Vec<Person> {
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
        Identity::Changed { signed: true, fingerprint: "ZmluZ2VycHJpbnQ".into() },
        Identity::Changed { signed: false, fingerprint: "ZmluZ2VycHJpbnQ".into() },
    ];
    roles().into_iter().cycle().zip(identities).map(|(role, identity)| person(role, identity)).collect()
}

/// An item of every body and every state of sending, with and without a place in the log.
pub fn items() -> Vec<Item> {
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
        received: None,
        edited: seq.map(|_| 1_700_000_000_000),
        reactions: vec![Reaction { emoji: "👍".into(), accounts: vec![account()] }],
        pinned: seq.is_some(),
    };
    let placed = bodies().into_iter().map(|body| (Some(7), body));
    let sending = sendings().into_iter().map(|state| (None, Body::Text { text: "hello".into(), state }));
    placed.chain(sending).map(item).collect()
}

pub fn room() -> Room {
    Room {
        room: room_id(),
        name: "Harbour".into(),
        topic: "Boats".into(),
        peer: Some(account()),
        request: true,
        avatar: Some(Avatar { emoji: "🦜".into(), colour: 3 }),
        history: History::All,
        retention: 86_400,
        invite: Some(Door { by: account(), own: true, until: Some(1_790_000_000_000) }),
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

pub fn empty_room() -> Room {
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
