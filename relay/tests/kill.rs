//! The real binary, killed in the middle of the load: what was acknowledged is there exactly once, and what was sent
//! again with the same id is not there twice.

mod support;

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
    path::Path,
    process::{Child, Command, Stdio},
    time::Duration,
};

use futures_util::{SinkExt as _, StreamExt as _};
use support::{
    account::{Http, Person, register},
    rooms::{accepted, adding, append, create},
    stream::Stream,
};
use tokio_tungstenite::tungstenite::Message;
use waxwing_wire::{
    EntryId, RoomId, Seq, decode, encode,
    frame::{Append, ClientFrame, Request, Response, ServerFrame},
};

/// A relay in a process of its own. Killed when dropped.
struct Process {
    child: Child,
    origin: String,
    setup_token: Option<String>,
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_waxwing-relay"))
            .args(["serve", "--messages-per-second", "1000000", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .env("WAXWING_LOG", "error")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        let origin = first.strip_prefix("listening on ").unwrap().to_owned();
        let has_account = data.join("has-account").exists();
        let setup_token = (!has_account).then(|| {
            let line = lines.next().unwrap().unwrap();
            line.strip_prefix(&format!("setup link: {origin}/#/setup/")).unwrap().to_owned()
        });
        Self { child, origin, setup_token }
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// What one client has sent: unacknowledged messages, and the numbers of the acknowledged ones.
#[derive(Default)]
struct Outbox {
    waiting: BTreeMap<EntryId, Append>,
    acknowledged: BTreeMap<EntryId, Seq>,
}

/// Sends without waiting, what is left over first, and notes acknowledgements, until the relay is gone.
async fn load(stream: Stream, room: RoomId, mut outbox: Outbox) -> Outbox {
    let (mut sink, mut source) = stream.socket.split();
    let (mut requests, mut under_way) = (1000_u64, BTreeMap::new());
    let mut again: Vec<Append> = outbox.waiting.values().cloned().collect();
    loop {
        while under_way.len() < 64 {
            let message = again.pop().unwrap_or_else(|| append(room, 1, "under load"));
            requests += 1;
            under_way.insert(requests, message.id);
            outbox.waiting.insert(message.id, message.clone());
            let frame = ClientFrame { id: requests, request: Request::Append(message) };
            if sink.feed(Message::Binary(encode(&frame).into())).await.is_err() {
                return outbox;
            }
        }
        if sink.flush().await.is_err() {
            return outbox;
        }
        let Some(Ok(message)) = source.next().await else { return outbox };
        let Message::Binary(bytes) = message else { continue };
        match decode(&bytes).unwrap() {
            ServerFrame::Response { id, response: Response::Appended { seq } } => {
                let entry = under_way.remove(&id).unwrap();
                outbox.waiting.remove(&entry);
                let before = outbox.acknowledged.insert(entry, seq);
                assert_eq!(before, None);
            }
            ServerFrame::Event(_) => {}
            other => panic!("{other:?}"),
        }
    }
}

async fn whole_log(person: &Person, room: RoomId) -> BTreeMap<EntryId, Vec<Seq>> {
    let mut stream = person.stream().await;
    let (mut found, mut last) = (BTreeMap::<_, Vec<_>>::new(), 0);
    loop {
        match stream.ask(Request::Entries { room, after: last, limit: 500 }).await {
            Ok(Response::Entries { entries, .. }) if entries.is_empty() => return found,
            Ok(Response::Entries { entries, .. }) => {
                for entry in entries {
                    assert_eq!(entry.seq, last + 1, "no gaps");
                    last = entry.seq;
                    found.entry(entry.id).or_default().push(entry.seq);
                }
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kills_exactly_once() {
    support::steady_step().await;
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(folder.path());
    let http = Http::at(&process.origin);
    let mira = register(&http, "mira", process.setup_token.as_deref()).await.unwrap();
    std::fs::write(folder.path().join("has-account"), "").unwrap();
    let jon = register(&http, "jon", None).await.unwrap();
    let mut of_mira = mira.stream().await;
    let room = create(&mut of_mira).await;
    assert_eq!(accepted(&mut of_mira, adding(room, 0, 1, jon.id)).await, 1);
    drop(of_mira);

    let mut process = process;
    let mut people = [mira, jon];
    let mut outboxes = [Outbox::default(), Outbox::default()];
    for round in 0..3 {
        let before: usize = outboxes.iter().map(|outbox| outbox.acknowledged.len()).sum();
        let mut running = Vec::new();
        for (person, outbox) in people.iter().zip(std::mem::take(&mut outboxes)) {
            running.push(tokio::spawn(load(person.stream().await, room, outbox)));
        }
        tokio::time::sleep(Duration::from_millis(700 + 150 * round)).await;
        process.kill();
        for (outbox, load) in outboxes.iter_mut().zip(running) {
            *outbox = load.await.unwrap();
        }
        let acknowledged: usize = outboxes.iter().map(|outbox| outbox.acknowledged.len()).sum();
        assert!(acknowledged > before + 50, "there was load: {before}, then {acknowledged}");

        process = Process::start(folder.path());
        for person in &mut people {
            person.http = Http::at(&process.origin);
        }
        let log = whole_log(&people[0], room).await;
        for outbox in &outboxes {
            for (entry, seq) in &outbox.acknowledged {
                assert_eq!(log.get(entry), Some(&vec![*seq]), "acknowledged, there once, at its place");
            }
        }
        assert!(log.values().all(|places| places.len() == 1), "nothing is there twice");
        let written = log.len() - 1;
        let sent = acknowledged + outboxes.iter().map(|outbox| outbox.waiting.len()).sum::<usize>();
        assert!(written <= sent, "nothing is there that nobody sent");
    }

    // What was left over, once more and for the last time.
    for (person, outbox) in people.iter().zip(&mut outboxes) {
        let mut stream = person.stream().await;
        for (entry, message) in std::mem::take(&mut outbox.waiting) {
            match stream.ask(Request::Append(message)).await {
                Ok(Response::Appended { seq }) => outbox.acknowledged.insert(entry, seq),
                other => panic!("{other:?}"),
            };
        }
    }
    let log = whole_log(&people[1], room).await;
    let sent: BTreeMap<EntryId, Vec<Seq>> = outboxes
        .iter()
        .flat_map(|outbox| &outbox.acknowledged)
        .map(|(entry, seq)| (*entry, vec![*seq]))
        .collect();
    assert_eq!(log.len(), sent.len() + 1, "every message once, and the commit");
    assert!(sent.iter().all(|(entry, places)| log.get(entry) == Some(places)));
}

#[test]
fn a_second_relay_on_the_same_folder_says_why_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let _first = Process::start(folder.path());
    let second = Command::new(env!("CARGO_BIN_EXE_waxwing-relay"))
        .args(["serve", "--listen", "127.0.0.1:0", "--data"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(!second.status.success());
    assert!(second.stdout.is_empty());
    assert!(String::from_utf8_lossy(&second.stderr).contains("another relay is using the data folder"));
}
