//! What each request of the stream asks for.

use std::{future::Future, pin::Pin, sync::Arc};

use waxwing_wire::{
    AccountId, Opaque, Problem, ProblemCode, RoomId,
    frame::{Request, Response},
    ids::SessionId,
    limits as shared, username,
};

use super::{
    passwords::{self, RoomLogins},
    presence,
};
use crate::{
    fanout::Registration,
    http::App,
    limits, now_ms,
    store::{Caller, Pending, Result, Store, StoreError},
};

/// An answer under way.
pub(super) type Answer = Pin<Box<dyn Future<Output = std::result::Result<Response, Problem>> + Send>>;

/// Answers of writes come in the order of the writes; others when they are ready.
pub(super) enum Asked {
    Write(Answer),
    Read(Answer),
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asker<'a> {
    pub app: &'a Arc<App>,
    pub account: AccountId,
    pub session: SessionId,
    pub guest: bool,
    pub registration: &'a Registration,
    pub logins: &'a Arc<RoomLogins>,
}

/// Bytes that a request counts for while it is under way: its own, or those of an answer that may be large.
pub(super) fn cost(request: &Request, bytes: usize) -> usize {
    // A page ends before it is too large, but for what has to be in it: one entry, or all candidates of one commit.
    const PAGE: usize = limits::PAGE_BYTES + shared::PUBLISHED_AUTHORS * shared::LINK_BYTES;
    const PACKAGES: usize = shared::PUBLISHED_AUTHORS * shared::LINK_BYTES;
    let answer = match request {
        Request::Hello { .. }
        | Request::Entries { .. }
        | Request::Keyring { .. }
        | Request::HistoryLinks { .. } => PAGE,
        Request::Snapshot { .. } => shared::SNAPSHOT_BYTES,
        Request::PublicState { .. } => shared::PUBLIC_STATES_BYTES,
        Request::Published { .. } | Request::JoinInfo { .. } => shared::PUBLIC_STATES_BYTES + PACKAGES,
        Request::AccountData => limits::ACCOUNT_DATA_TOTAL_BYTES,
        Request::Welcome(_) => shared::WELCOMES_BYTES,
        Request::KeyPackage(_) => shared::KEY_PACKAGE_BYTES + shared::STATEMENTS * shared::STATEMENT_BYTES,
        Request::Marks(_) => shared::ROOM_MEMBERS * shared::SHARED_MARK_BYTES,
        Request::WatchPresence(_) => shared::WATCHED_ACCOUNTS * 64,
        Request::Members(_) => shared::ROOM_MEMBERS * 32,
        Request::OwnLeave(_) => shared::POST_BYTES,
        Request::RoomLoginFinish { .. } => shared::ROOM_BLOB_BYTES,
        _ => 0,
    };
    bytes.max(answer)
}

/// Hands a request on. Waits only for room in the store's queue, never for a commit.
pub(super) async fn ask(asker: Asker<'_>, request: Request, frame_bytes: usize) -> Asked {
    let Asker { app, account, session, .. } = asker;
    let store = &app.store;
    let by = Caller { account, session, frame_bytes };
    if let Err(problem) = check(asker, &request) {
        return Asked::Write(ready(Err(problem)));
    }
    let done = |()| Response::Done;
    let appended = |seq| Response::Appended { seq };
    Asked::Write(match request {
        Request::CreateRoom(room) => write(store.create_room(by, *room, now_ms()).await, done),
        Request::Append(append) => write(store.append_message(by, append, now_ms()).await, appended),
        Request::Erase { room, seqs } => write(store.erase(by, room, seqs).await, done),
        Request::SetRetention { room, seconds } => write(store.set_retention(by, room, seconds).await, done),
        Request::Post(post) => write(store.post(by, post, now_ms()).await, appended),
        Request::Commit(commit) => write(store.accept_commit(by, *commit, now_ms()).await, appended),
        Request::PutSnapshot { room, snapshot } => write(store.put_snapshot(by, room, snapshot).await, done),
        Request::PutKeyring { room, entries } => write(store.put_keyring(by, room, entries).await, done),
        Request::PutPublished(parts) => write(store.put_published(by, *parts).await, done),
        Request::PutAccountData(datum) => write(store.put_account_data(by, datum).await, done),
        Request::DropAccountData(names) => write(store.drop_account_data(by, names).await, done),
        Request::PutBlocks(accounts) => write(store.put_blocks(by, accounts).await, done),
        Request::PutKeyPackage(package) => write(store.put_key_package(by, package).await, done),
        Request::PutMarks { room, shared, own } => write(store.put_marks(by, room, shared, own).await, done),
        Request::SharePresence(on) => write(store.share_presence(by, on).await, done),
        Request::Report { room, seq, sealed } => {
            write(store.put_report(by, (room, seq), sealed, now_ms()).await, done)
        }
        request => return Asked::Read(other(asker, request)),
    })
}

/// What can be refused without the store.
fn check(asker: Asker<'_>, request: &Request) -> std::result::Result<(), Problem> {
    let Asker { app, registration, .. } = asker;
    let own = matches!(
        request,
        Request::Ping
            | Request::AccountData
            | Request::PutAccountData(_)
            | Request::DropAccountData(_)
            | Request::PutKeyPackage(_)
    );
    if registration.is_pending() && !own {
        let detail = "an administrator has not let this account in yet; this goes on by itself";
        return Err(Problem::new(ProblemCode::AwaitingApproval, detail));
    }
    // A guest comes into rooms by link or password, and does nothing to others.
    let guests_not = match request {
        Request::CreateRoom(_) | Request::FindAccount { .. } | Request::RoomPasswordStart { .. } => true,
        Request::Commit(commit) => {
            let others = commit.add.iter().any(|added| *added != asker.account);
            others || commit.levels.is_some()
        }
        _ => false,
    };
    if asker.guest && guests_not {
        return Err(Problem::new(ProblemCode::NotAllowed, "guests cannot do this; create an account"));
    }
    match request {
        Request::CreateRoom(room) => passwords::check_records(app, &room.parts),
        Request::Commit(commit) => passwords::check_records(app, &commit.parts),
        _ => Ok(()),
    }
}

/// Requests that change nothing in the store.
fn other(asker: Asker<'_>, request: Request) -> Answer {
    let Asker { app, account, session, registration, logins, .. } = asker;
    let (app, logins) = (Arc::clone(app), Arc::clone(logins));
    match request {
        Request::Ping => ready(Ok(Response::Done)),
        Request::Signal { room, bytes } => ready(signal(&app, registration, room, bytes)),
        Request::RoomPasswordStart { room, handle, opaque_request } => {
            Box::pin(passwords::set_up(app, account, (room, handle), opaque_request))
        }
        Request::RoomLoginStart { handle, opaque_request } => {
            Box::pin(passwords::start(app, logins, account, (handle, opaque_request)))
        }
        Request::RoomLoginFinish { login, opaque_finalization } => {
            ready(passwords::finish(&app, &logins, account, (login, &opaque_finalization)))
        }
        Request::WatchPresence(accounts) => {
            Box::pin(presence::watch(app, registration.stream(), account, accounts))
        }
        Request::WatchStatistics(on) => {
            let stream = registration.stream();
            Box::pin(async move {
                app.fanout.watch_if(stream, on, || app.store.is_administrator(account)).await?;
                Ok(Response::Done)
            })
        }
        Request::PutReportKey(key) => {
            let by = Caller { account, session, frame_bytes: key.len() };
            Box::pin(async move {
                app.store.put_report_key(by, key).await?;
                Ok(Response::Done)
            })
        }
        request => Box::pin(async move { read(&app.store, account, request).await }),
    }
}

fn ready(answer: std::result::Result<Response, Problem>) -> Answer {
    Box::pin(std::future::ready(answer))
}

fn signal(
    app: &App,
    from: &Registration,
    room: RoomId,
    bytes: Opaque,
) -> std::result::Result<Response, Problem> {
    if bytes.is_empty() || bytes.len() > shared::SIGNAL_BYTES {
        let detail = format!("a signal has 1 to {} bytes", shared::SIGNAL_BYTES);
        return Err(Problem::new(ProblemCode::TooLarge, detail));
    }
    if app.fanout.signal(from, room, bytes) { Ok(Response::Done) } else { Err(StoreError::NotFound.into()) }
}

fn write<T: Send + 'static>(queued: Result<Pending<T>>, response: fn(T) -> Response) -> Answer {
    Box::pin(async move {
        let committed = match queued {
            Ok(pending) => pending.await,
            Err(error) => Err(error),
        };
        committed.map(response).map_err(Problem::from)
    })
}

async fn read(store: &Store, account: AccountId, request: Request) -> std::result::Result<Response, Problem> {
    Ok(match request {
        Request::Entries { room, after, limit } => {
            let page = store.entries_after(account, room, after, limit).await?;
            Response::Entries { entries: page.entries, last_seq: page.last_seq }
        }
        Request::Snapshot { room, epoch } => Response::Snapshot(store.snapshot(account, room, epoch).await?),
        Request::PublicState { room, epoch } => {
            Response::PublicStates(store.public_states(account, room, epoch).await?)
        }
        Request::Published { room, epoch } => {
            let found = store.published(account, room, epoch).await?;
            Response::Published { links: found.links, public_states: found.public_states }
        }
        Request::Keyring { room, before } => Response::Keyring(store.keyring(account, room, before).await?),
        Request::HistoryLinks { room, before } => {
            Response::HistoryLinks(store.history_links(account, room, before).await?)
        }
        Request::JoinInfo { room, proof, before } => {
            let info = store.join_info(room, proof, before, now_ms()).await?;
            Response::JoinInfo {
                epoch: info.epoch,
                commit: info.commit,
                last_commit: info.last_commit,
                public_states: info.public_states,
                packages: info.packages,
                last_seq: info.last_seq,
            }
        }
        Request::AccountData => Response::AccountData(store.account_data(account).await?),
        Request::FindAccount { username } => {
            let found = match username::normalise(&username) {
                Ok(name) => store.find_account(name).await?,
                Err(_) => None,
            };
            Response::Account(found)
        }
        Request::KeyPackage(other) => Response::KeyPackage(store.key_package(other).await?),
        Request::Welcome(room) => Response::Welcomes(store.welcomes(account, room).await?),
        Request::Marks(room) => {
            let (shared, own) = store.marks(account, room).await?;
            Response::Marks { shared, own }
        }
        Request::ReportKeys => Response::ReportKeys(store.report_keys().await?),
        Request::Members(room) => Response::Members(store.members(account, room).await?),
        Request::OwnLeave(room) => Response::OwnLeave(store.own_leave(account, room).await?),
        Request::Hello { .. } => {
            return Err(Problem::new(ProblemCode::Invalid, "this stream has said hello before"));
        }
        _ => return Err(Problem::new(ProblemCode::Internal, "the relay took a write for a read")),
    })
}
