//! What a stream runs over: a WebSocket, or server-sent events with calls the other way.

use std::time::Duration;

use axum::extract::ws::{CloseFrame, Message, WebSocket};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::{Bytes, BytesMut};
use futures_util::SinkExt as _;
use tokio::{sync::mpsc, time::timeout};

use super::{WRITE_BUFFER_BYTES, events::Place};

/// Both speak in the messages of a WebSocket.
pub(super) enum Line {
    Socket(Box<WebSocket>),
    Events(Events),
}

/// The relay's end of a stream of events.
pub(super) struct Events {
    /// What calls bring, in order; an empty frame answers a ping.
    pub(super) frames: mpsc::Receiver<Bytes>,
    /// The body of the answer, as it is sent.
    pub(super) body: mpsc::Sender<Bytes>,
    /// Gathered for the body.
    pub(super) buffer: BytesMut,
    /// Where calls find this stream, until it ends.
    pub(super) place: Place,
}

impl Line {
    /// The next message; none when the client has gone. May be dropped and called again without losing one.
    pub(super) async fn recv(&mut self) -> Option<Result<Message, axum::Error>> {
        match self {
            Self::Socket(socket) => socket.recv().await,
            Self::Events(events) => events.recv().await,
        }
    }

    /// Takes a message for sending; it goes out with the next flush, or when enough has gathered.
    pub(super) async fn feed(&mut self, message: Message) -> Result<(), axum::Error> {
        match self {
            Self::Socket(socket) => socket.feed(message).await,
            Self::Events(events) => events.feed(&message).await,
        }
    }

    pub(super) async fn flush(&mut self) -> Result<(), axum::Error> {
        match self {
            Self::Socket(socket) => socket.flush().await,
            Self::Events(events) => events.flush().await,
        }
    }

    /// Says why the stream ends; whether that got out within `wait`.
    pub(super) async fn say_goodbye(&mut self, frame: CloseFrame, wait: Duration) -> bool {
        let saying = async {
            self.feed(Message::Close(Some(frame))).await?;
            self.flush().await
        };
        matches!(timeout(wait, saying).await, Ok(Ok(())))
    }
}

impl Events {
    async fn recv(&mut self) -> Option<Result<Message, axum::Error>> {
        tokio::select! {
            frame = self.frames.recv() => frame.map(|frame| {
                Ok(if frame.is_empty() { Message::Pong(frame) } else { Message::Binary(frame) })
            }),
            () = self.body.closed() => None,
        }
    }

    async fn feed(&mut self, message: &Message) -> Result<(), axum::Error> {
        match message {
            Message::Binary(frame) => self.write(&["data: ", &URL_SAFE_NO_PAD.encode(frame), "\n\n"]),
            Message::Close(Some(CloseFrame { code, .. })) => {
                self.write(&["event: close\ndata: ", &code.to_string(), "\n\n"]);
            }
            // A comment: proxies see that the answer goes on, and the client answers it with an empty frame.
            Message::Ping(_) => self.write(&[":\n\n"]),
            Message::Pong(_) | Message::Text(_) | Message::Close(None) => {}
        }
        if self.buffer.len() >= WRITE_BUFFER_BYTES { self.flush().await } else { Ok(()) }
    }

    fn write(&mut self, parts: &[&str]) {
        for part in parts {
            self.buffer.extend_from_slice(part.as_bytes());
        }
    }

    /// Tells the client how calls name this stream.
    pub(super) fn introduce(&mut self) {
        let name = self.place.name();
        self.write(&["event: open\ndata: ", &name, "\n\n"]);
    }

    async fn flush(&mut self) -> Result<(), axum::Error> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let gathered = self.buffer.split().freeze();
        self.body.send(gathered).await.map_err(axum::Error::new)
    }
}
