//! Samples of every intent.

use waxwing_client::api::{AccountIntent, Avatar, History, Intent, Notify, Page, Role};
use waxwing_wire::account::RecoveredTotp;

use crate::common::{account, preview, room_id, target};

pub fn intents() -> Vec<Intent> {
    account_intents().into_iter().map(Intent::Account).chain(other_intents()).collect()
}

samples!(account_intents, AccountIntent, {
    Register: [register(Some("a-token".into())), register(None)],
    ConfirmTotp: [
        AccountIntent::ConfirmTotp { code: Some("123456".into()), device: Some("Firefox".into()) },
        AccountIntent::ConfirmTotp { code: None, device: None },
    ],
    LogIn: [
        AccountIntent::LogIn { username: "mira".into(), password: secret(), device: Some("Firefox".into()) },
        AccountIntent::LogIn { username: "mira".into(), password: secret(), device: None },
    ],
    SubmitTotp: [
        AccountIntent::SubmitTotp { code: "123456".into(), device: Some("Firefox".into()) },
        AccountIntent::SubmitTotp { code: "abcde-fgh27".into(), device: None },
    ],
    ComeAsGuest: [
        AccountIntent::ComeAsGuest { display_name: "Mira".into(), device: Some("Firefox".into()) },
        AccountIntent::ComeAsGuest { display_name: "Mira".into(), device: None },
    ],
    ReturnAsGuest: [
        AccountIntent::ReturnAsGuest { code: "ABCD-EFGH".into(), device: Some("Firefox".into()) },
        AccountIntent::ReturnAsGuest { code: "ABCD-EFGH".into(), device: None },
    ],
    PlaceCode: [AccountIntent::PlaceCode],
    Recover: [recover(Some("Firefox".into())), recover(None)],
    FinishRecovery: [
        AccountIntent::FinishRecovery { totp: RecoveredTotp::Keep, code: None },
        AccountIntent::FinishRecovery { totp: RecoveredTotp::New, code: Some("123456".into()) },
        AccountIntent::FinishRecovery { totp: RecoveredTotp::Without, code: None },
    ],
    LogOut: [AccountIntent::LogOut],
    ChangePassword: [
        AccountIntent::ChangePassword { password: secret(), new_password: secret(), code: Some("123456".into()) },
        AccountIntent::ChangePassword { password: secret(), new_password: secret(), code: None },
    ],
    Rotate: [
        AccountIntent::Rotate { password: secret(), new_password: secret(), code: Some("123456".into()) },
        AccountIntent::Rotate { password: secret(), new_password: secret(), code: None },
    ],
    StartNewTotp: [
        AccountIntent::StartNewTotp { password: secret(), code: Some("123456".into()) },
        AccountIntent::StartNewTotp { password: secret(), code: None },
    ],
    FinishNewTotp: [AccountIntent::FinishNewTotp { code: "123456".into() }],
    RemoveTotp: [
        AccountIntent::RemoveTotp { password: secret(), code: Some("123456".into()) },
        AccountIntent::RemoveTotp { password: secret(), code: None },
    ],
    NewRecoveryCodes: [
        AccountIntent::NewRecoveryCodes { password: secret(), code: Some("123456".into()) },
        AccountIntent::NewRecoveryCodes { password: secret(), code: None },
    ],
    NewRecoveryKey: [
        AccountIntent::NewRecoveryKey { password: secret(), code: Some("123456".into()) },
        AccountIntent::NewRecoveryKey { password: secret(), code: None },
    ],
    DeleteAccount: [
        AccountIntent::DeleteAccount { password: secret(), code: Some("123456".into()) },
        AccountIntent::DeleteAccount { password: secret(), code: None },
    ],
    Sessions: [AccountIntent::Sessions],
    EndSession: [AccountIntent::EndSession { id: "c2Vzc2lvbg".into() }],
    EndOtherSessions: [AccountIntent::EndOtherSessions],
    TakeOver: [AccountIntent::TakeOver],
});

samples!(other_intents, Intent, {
    Account: [AccountIntent::PlaceCode.into()],
    ServerInfo: [Intent::ServerInfo],
    CreateRoom: [Intent::CreateRoom { name: "Harbour".into() }],
    CreateInvite: [Intent::CreateInvite { room: room_id(), lasts: None }, Intent::CreateInvite { room: room_id(), lasts: Some(3600) }],
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
    RemoveRoomPassword: [Intent::RemoveRoomPassword { room: room_id() }],
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
    Typing: [Intent::Typing { room: room_id() }],
    SafetyNumber: [
        Intent::SafetyNumber { account: account(), fingerprint: None },
        Intent::SafetyNumber { account: account(), fingerprint: Some("ZmluZ2VycHJpbnQ".into()) },
    ],
    MarkVerified: [Intent::MarkVerified { account: account(), fingerprint: "ZmluZ2VycHJpbnQ".into() }],
    RoomCheckCode: [Intent::RoomCheckCode { room: room_id() }],
    ContactLink: [Intent::ContactLink],
    PreviewContactLink: [Intent::PreviewContactLink { link: "a-link".into() }],
    OpenContactLink: [Intent::OpenContactLink { link: "a-link".into() }],
    AcceptIdentity: [Intent::AcceptIdentity { account: account(), fingerprint: "ZmluZ2VycHJpbnQ".into() }],
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
    SetDisplayName: [Intent::SetDisplayName { name: "Mira".into() }],
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

fn register(setup_token: Option<String>) -> AccountIntent {
    AccountIntent::Register {
        username: "mira".into(),
        password: "a long password".into(),
        display_name: "Mira".into(),
        invite: setup_token.clone(),
        setup_token,
    }
}

fn recover(device: Option<String>) -> AccountIntent {
    let recovery_key = "0123-4567".into();
    AccountIntent::Recover { username: "mira".into(), recovery_key, new_password: secret(), device }
}

fn secret() -> String {
    "a long password".into()
}
