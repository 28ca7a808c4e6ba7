//! What each request of the stream asks of the store.

use std::{future::Future, pin::Pin, sync::Arc};

use waxwing_wire::{
    AccountId, Problem, ProblemCode,
    frame::{Request, Response},
};

use crate::{
    now_ms,
    store::{Pending, Result, Store},
};

/// An answer under way.
pub(super) type Answer = Pin<Box<dyn Future<Output = std::result::Result<Response, Problem>> + Send>>;

/// Answers of writes come in the order of the writes; others when they are ready.
pub(super) enum Asked {
    Write(Answer),
    Read(Answer),
}

/// Whether a request reads, and so may have a large answer.
pub(super) fn is_read(request: &Request) -> bool {
    !matches!(
        request,
        Request::CreateRoom(_)
            | Request::Append(_)
            | Request::Commit(_)
            | Request::PutSnapshot { .. }
            | Request::PutKeyring { .. }
            | Request::PutAccountData(_)
            | Request::PutKeyPackage(_)
    )
}

/// Hands a request to the store. Waits only for room in the store's queue, never for a commit.
pub(super) async fn ask(store: &Arc<Store>, account: AccountId, request: Request) -> Asked {
    let done = |()| Response::Done;
    let appended = |seq| Response::Appended { seq };
    Asked::Write(match request {
        Request::CreateRoom(room) => write(store.create_room(account, *room, now_ms()).await, done),
        Request::Append(append) => write(store.append_message(account, append, now_ms()).await, appended),
        Request::Commit(commit) => write(store.accept_commit(account, *commit, now_ms()).await, appended),
        Request::PutSnapshot { room, snapshot } => {
            write(store.put_snapshot(account, room, snapshot).await, done)
        }
        Request::PutKeyring { room, entries } => write(store.put_keyring(account, room, entries).await, done),
        Request::PutAccountData(datum) => write(store.put_account_data(account, datum).await, done),
        Request::PutKeyPackage(package) => write(store.put_key_package(account, package).await, done),
        request => {
            let store = Arc::clone(store);
            return Asked::Read(Box::pin(async move { read(&store, account, request).await }));
        }
    })
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
            Response::PublicStates(store.public_state(account, room, epoch).await?.into_iter().collect())
        }
        Request::Keyring { room, before } => Response::Keyring(store.keyring(account, room, before).await?),
        Request::HistoryLinks { room, before } => {
            Response::HistoryLinks(store.history_links(account, room, before).await?)
        }
        Request::JoinInfo { room, proof, .. } => {
            let info = store.join_info(room, proof, now_ms()).await?;
            Response::JoinInfo {
                epoch: info.epoch,
                commit: info.last_commit,
                last_commit: info.last_commit,
                public_states: vec![info.public_state],
                packages: info.packages,
                last_seq: info.last_seq,
            }
        }
        Request::AccountData => Response::AccountData(store.account_data(account).await?),
        Request::Welcome(room) => Response::Welcome(store.welcome(account, room).await?),
        Request::Members(room) => Response::Members(store.members(account, room).await?),
        Request::Ping => Response::Done,
        Request::KeyPackage(_)
        | Request::Post(_)
        | Request::PutPublished(_)
        | Request::Published { .. }
        | Request::Signal { .. }
        | Request::DropAccountData(_)
        | Request::RoomPasswordStart { .. }
        | Request::RoomLoginStart { .. }
        | Request::RoomLoginFinish { .. } => {
            return Err(Problem::new(ProblemCode::Unsupported, "this relay cannot do this yet"));
        }
        Request::Hello(_) => {
            return Err(Problem::new(ProblemCode::Invalid, "this stream has said hello before"));
        }
        Request::CreateRoom(_)
        | Request::Append(_)
        | Request::Commit(_)
        | Request::PutSnapshot { .. }
        | Request::PutKeyring { .. }
        | Request::PutAccountData(_)
        | Request::PutKeyPackage(_) => {
            return Err(Problem::new(ProblemCode::Internal, "the relay took a write for a read"));
        }
    })
}
