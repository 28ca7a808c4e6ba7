//! What a browser does for a client: calls with a cookie, and one stream.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::header::{CONTENT_TYPE, COOKIE, SET_COOKIE};
use tokio::{
    net::TcpStream,
    sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    task::JoinHandle,
};
use tokio_tungstenite::{
    MaybeTlsStream, WebSocketStream, connect_async,
    tungstenite::{Error, Message, client::IntoClientRequest as _, http::HeaderValue},
};
use waxwing_client::io::Input;
use waxwing_wire::{
    Problem,
    account::{CLIENT_HEADER, path},
    decode, encode,
    frame::{ClientFrame, Request, Response, ServerFrame},
};

/// What a browser says of a stream that ended without a word.
const ABNORMAL: u16 = 1006;

/// Something for a device.
pub struct Heard {
    pub device: usize,
    life: u64,
    /// Of which stream; absent for the answer to a call.
    stream: Option<u64>,
    cookie: Option<String>,
    input: Input,
}

/// Where a device hears.
#[derive(Clone)]
pub struct Line {
    pub device: usize,
    /// Counts restarts: what an earlier life asked for is not heard.
    pub life: u64,
    pub http: reqwest::Client,
    pub heard: UnboundedSender<Heard>,
}

impl Line {
    fn tell(&self, stream: Option<u64>, cookie: Option<String>, input: Input) {
        let _ = self.heard.send(Heard { device: self.device, life: self.life, stream, cookie, input });
    }
}

/// The wire of one device.
pub struct Wire {
    line: Line,
    relay: SocketAddr,
    /// `name=value`.
    cookie: Option<String>,
    stream: Option<(UnboundedSender<Vec<u8>>, JoinHandle<()>)>,
    /// Counts streams: what comes of an earlier one is not heard.
    streams: u64,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.close();
    }
}

impl Wire {
    pub fn new(line: Line, relay: SocketAddr) -> Self {
        Self { line, relay, cookie: None, stream: None, streams: 0 }
    }

    /// The device starts again.
    pub fn restart(&mut self) {
        self.close();
        self.line.life += 1;
    }

    /// What the device hears of this.
    pub fn hear(&mut self, heard: Heard) -> Option<Input> {
        if let Some(cookie) = heard.cookie {
            let (_, value) = cookie.split_once('=')?;
            // A browser keeps the cookie, even when the page that asked is gone.
            self.cookie = (!value.is_empty()).then_some(cookie);
        }
        let stale = heard.life != self.line.life || heard.stream.is_some_and(|stream| stream != self.streams);
        (!stale).then_some(heard.input)
    }

    pub fn call(&self, id: u64, path: &'static str, body: Option<String>) {
        let address = format!("http://{}{path}", self.relay);
        let (name, value) = CLIENT_HEADER;
        let mut request = match body {
            Some(body) => self.line.http.post(address).header(CONTENT_TYPE, "application/json").body(body),
            None => self.line.http.get(address),
        };
        request = request.header(name, value);
        if let Some(cookie) = &self.cookie {
            request = request.header(COOKIE, cookie);
        }
        let line = self.line.clone();
        tokio::spawn(async move {
            let Ok(response) = request.send().await else {
                return line.tell(None, None, Input::Http { id, status: None, body: String::new() });
            };
            let cookie = response.headers().get(SET_COOKIE).and_then(|value| value.to_str().ok());
            let cookie = cookie.and_then(|cookie| cookie.split(';').next()).map(str::to_owned);
            let status = Some(response.status().as_u16());
            let input = match response.text().await {
                Ok(body) => Input::Http { id, status, body },
                Err(_) => Input::Http { id, status: None, body: String::new() },
            };
            line.tell(None, cookie, input);
        });
    }

    pub fn open(&mut self) {
        self.close();
        let (sender, outgoing) = unbounded_channel();
        let task = stream(self.line.clone(), self.streams, (self.relay, self.cookie.clone()), outgoing);
        self.stream = Some((sender, tokio::spawn(task)));
    }

    pub fn send(&self, bytes: Vec<u8>) {
        if let Some((stream, _)) = &self.stream {
            let _ = stream.send(bytes);
        }
    }

    /// What the relay answers a page that calls it by itself, with the cookie of this device.
    pub async fn page(&self, path: &str, body: Option<serde_json::Value>) -> (u16, serde_json::Value) {
        let address = format!("http://{}{path}", self.relay);
        let (name, value) = CLIENT_HEADER;
        let request = match body {
            Some(body) => {
                self.line.http.post(address).header(CONTENT_TYPE, "application/json").body(body.to_string())
            }
            None => self.line.http.get(address),
        };
        let cookie = self.cookie.clone().unwrap_or_default();
        let response = request.header(name, value).header(COOKIE, cookie).send().await.unwrap();
        let status = response.status().as_u16();
        (status, serde_json::from_str(&response.text().await.unwrap()).unwrap())
    }

    /// The answer to a request on a stream of its own.
    pub async fn request(&self, request: Request) -> Result<Response, Problem> {
        let mut socket = connect(self.relay, self.cookie.as_deref()).await.unwrap();
        for (id, request) in [(1, Request::Hello { cursors: Vec::new(), take_over: false }), (2, request)] {
            let frame = encode(&ClientFrame { id, request });
            socket.send(Message::Binary(frame.into())).await.unwrap();
        }
        loop {
            let Message::Binary(bytes) = socket.next().await.unwrap().unwrap() else { continue };
            match decode(&bytes).unwrap() {
                ServerFrame::Response { id: 2, response } => return Ok(response),
                ServerFrame::Problem { id: 2, problem } => return Err(problem),
                _ => {}
            }
        }
    }

    pub fn close(&mut self) {
        self.streams += 1;
        if let Some((_, task)) = self.stream.take() {
            task.abort();
        }
    }
}

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

async fn connect(relay: SocketAddr, cookie: Option<&str>) -> Result<Socket, Error> {
    let mut request = format!("ws://{relay}{}", path::STREAM).into_client_request()?;
    let headers = request.headers_mut();
    headers.insert("origin", HeaderValue::from_str(&format!("http://{relay}"))?);
    if let Some(cookie) = cookie {
        headers.insert("cookie", HeaderValue::from_str(cookie)?);
    }
    Ok(connect_async(request).await?.0)
}

async fn stream(
    line: Line,
    number: u64,
    (relay, cookie): (SocketAddr, Option<String>),
    mut outgoing: UnboundedReceiver<Vec<u8>>,
) {
    let Ok(socket) = connect(relay, cookie.as_deref()).await else {
        return line.tell(Some(number), None, Input::StreamClosed { code: ABNORMAL });
    };
    line.tell(Some(number), None, Input::StreamOpened);
    let (mut sink, mut source) = socket.split();
    let writing = async move {
        while let Some(bytes) = outgoing.recv().await {
            if sink.send(Message::Binary(bytes.into())).await.is_err() {
                break;
            }
        }
        // The reader hears why.
        std::future::pending::<()>().await;
    };
    let reading = async {
        loop {
            match source.next().await {
                Some(Ok(Message::Binary(bytes))) => {
                    line.tell(Some(number), None, Input::StreamFrame(bytes.to_vec()));
                }
                Some(Ok(Message::Close(frame))) => break frame.map_or(ABNORMAL, |frame| frame.code.into()),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => break ABNORMAL,
            }
        }
    };
    let code = tokio::select! {
        code = reading => code,
        () = writing => ABNORMAL,
    };
    line.tell(Some(number), None, Input::StreamClosed { code });
}
