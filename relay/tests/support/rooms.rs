//! Rooms over the stream.

use waxwing_wire::{
    RoomId, Seq,
    frame::{Append, Commit, CreateRoom, Request, Response},
};

pub use super::requests::*;
use super::stream::Stream;

/// Founds a room.
pub async fn create(stream: &mut Stream) -> RoomId {
    let room = RoomId(random());
    let request = CreateRoom { room, parts: parts(0) };
    assert_eq!(stream.ask(Request::CreateRoom(Box::new(request))).await, Ok(Response::Done));
    room
}

/// Sends a commit and answers its number.
pub async fn accepted(stream: &mut Stream, commit: Commit) -> Seq {
    match stream.ask(Request::Commit(Box::new(commit))).await {
        Ok(Response::Appended { seq }) => seq,
        other => panic!("{other:?}"),
    }
}

/// Sends a message and answers its number.
pub async fn appended(stream: &mut Stream, append: Append) -> Seq {
    match stream.ask(Request::Append(append)).await {
        Ok(Response::Appended { seq }) => seq,
        other => panic!("{other:?}"),
    }
}
