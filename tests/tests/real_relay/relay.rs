//! The relay as a process of its own, so that it can be killed. The test binary plays it: nothing else is sure to be built.

use std::{
    io::{BufReader, Read as _},
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, Stdio},
};

use tempfile::TempDir;
use waxwing_relay::{
    command::serve::serve,
    config::{Config, Sessions},
};

const DATA: &str = "WAXWING_TEST_DATA";
const LISTEN: &str = "WAXWING_TEST_LISTEN";

/// With the limits that operators have by default; the tests open several windows.
fn config(data: PathBuf, listen: SocketAddr) -> Config {
    Config { listen, sessions: Sessions::Multi, ..Config::local(data) }
}

#[test]
#[ignore = "it is the relay of the other tests, which start it"]
fn relay_process() {
    let (Some(data), Ok(listen)) = (std::env::var_os(DATA), std::env::var(LISTEN)) else { return };
    // It ends with whoever started it, however that ends.
    std::thread::spawn(|| {
        let _ = std::io::stdin().read_to_end(&mut Vec::new());
        std::process::exit(0);
    });
    serve(config(data.into(), listen.parse().unwrap())).unwrap();
}

/// A relay on a folder that outlives it.
pub struct Relay {
    folder: TempDir,
    /// Where it listens, also after a restart.
    pub address: SocketAddr,
    /// What the link for the first account carries.
    pub setup_token: String,
    running: Option<(Child, BufReader<ChildStdout>)>,
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Relay {
    /// A new relay on a free port.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (child, mut out, address) = launch(folder.path(), "127.0.0.1:0");
        let setup = line(&mut out, "setup link: ");
        let setup_token = setup.rsplit('/').next().unwrap().to_owned();
        Self { folder, address, setup_token, running: Some((child, out)) }
    }

    /// SIGKILL: no handler runs, nothing is flushed.
    pub fn kill(&mut self) {
        if let Some((mut child, _)) = self.running.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it again, at the same place and with the same data.
    pub fn start(&mut self) {
        let (child, out, address) = launch(self.folder.path(), &self.address.to_string());
        assert_eq!(address, self.address);
        self.running = Some((child, out));
    }
}

fn launch(data: &Path, listen: &str) -> (Child, BufReader<ChildStdout>, SocketAddr) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "relay::relay_process", "--ignored", "--nocapture", "--test-threads=1"])
        .env(DATA, data)
        .env(LISTEN, listen)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let address = line(&mut out, "listening on http://").parse().unwrap();
    (child, out, address)
}

/// What follows on the next line that contains this.
fn line(out: &mut impl std::io::BufRead, start: &str) -> String {
    loop {
        let mut line = String::new();
        assert_ne!(out.read_line(&mut line).unwrap(), 0, "the relay says why on stderr");
        if let Some((_, rest)) = line.trim_end().split_once(start) {
            return rest.to_owned();
        }
    }
}
