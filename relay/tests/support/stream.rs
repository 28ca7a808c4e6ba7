//! A client of the live stream.

use std::time::Duration;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::{net::TcpStream, time::timeout};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _, http::HeaderValue},
};
use waxwing_wire::{
    Problem, ProblemCode,
    account::path,
    decode, encode,
    frame::{ClientFrame, Cursor, Event, Request, Response, RoomSummary, ServerFrame},
};

use super::account::Person;

pub const PATIENCE: Duration = Duration::from_secs(20);

pub struct Stream {
    pub socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    next_id: u64,
    /// Events that came while an answer was awaited.
    pub events: Vec<Event>,
}

/// Opens a stream with this cookie and, if any, this origin.
pub async fn open(origin: &str, cookie: Option<&str>, page: Option<&str>) -> Result<Stream, Error> {
    let cookie = cookie.map(|cookie| ("cookie", cookie));
    let headers: Vec<_> = cookie.into_iter().chain(page.map(|page| ("origin", page))).collect();
    open_with(origin, &headers).await
}

/// Opens a stream with these headers.
pub async fn open_with(origin: &str, headers: &[(&'static str, &str)]) -> Result<Stream, Error> {
    let address = format!("{}{}", origin.replacen("http", "ws", 1), path::STREAM);
    let mut request = address.into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
    }
    let (socket, _) = connect_async(request).await?;
    Ok(Stream { socket, next_id: 1, events: Vec::new() })
}

impl Person {
    /// A stream that has said hello.
    pub async fn stream(&self) -> Stream {
        self.stream_from(Vec::new()).await.0
    }

    pub async fn stream_from(&self, cursors: Vec<Cursor>) -> (Stream, Vec<RoomSummary>) {
        let mut stream = open(&self.http.origin, Some(&self.cookie), None).await.unwrap();
        match stream.ask(Request::Hello { cursors, take_over: true }).await {
            Ok(Response::Hello { account, rooms, .. }) if account == self.id => (stream, rooms),
            other => panic!("{other:?}"),
        }
    }
}

impl Stream {
    /// Sends a request without waiting for its answer.
    pub async fn send(&mut self, request: Request) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.socket.send(Message::Binary(encode(&ClientFrame { id, request }).into())).await.unwrap();
        id
    }

    /// The next frame; control frames are skipped.
    pub async fn frame(&mut self) -> ServerFrame {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("a frame in time") {
                Some(Ok(Message::Binary(bytes))) => return decode(&bytes).unwrap(),
                Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    /// The answer to a request; events on the way are kept.
    pub async fn answer(&mut self, wanted: u64) -> Result<Response, Problem> {
        loop {
            match self.frame().await {
                ServerFrame::Event(event) => self.events.push(event),
                ServerFrame::Response { id, response } if id == wanted => return Ok(response),
                ServerFrame::Problem { id, problem } if id == wanted => return Err(problem),
                other => panic!("{other:?}"),
            }
        }
    }

    pub async fn ask(&mut self, request: Request) -> Result<Response, Problem> {
        let id = self.send(request).await;
        self.answer(id).await
    }

    pub async fn refused(&mut self, request: Request) -> ProblemCode {
        self.ask(request).await.unwrap_err().code
    }

    /// The next event.
    pub async fn event(&mut self) -> Event {
        if !self.events.is_empty() {
            return self.events.remove(0);
        }
        match self.frame().await {
            ServerFrame::Event(event) => event,
            other => panic!("{other:?}"),
        }
    }

    /// Reads on until the relay closes; answers its code.
    pub async fn close_code(&mut self) -> u16 {
        loop {
            match timeout(PATIENCE, self.socket.next()).await.expect("a close in time") {
                Some(Ok(Message::Close(Some(frame)))) => return frame.code.into(),
                Some(Ok(_)) => {}
                other => panic!("{other:?}"),
            }
        }
    }
}
