//! How the relay is set up: by flags, or by environment variables of the same meaning.

use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use clap::{Args, ValueEnum};
use waxwing_wire::account::RegistrationPolicy;

use crate::http::rates::{Rate, Rates};

/// Settings of `serve`. Every one has a working default.
#[derive(Debug, Clone, Args)]
pub struct Config {
    /// Address and port to listen on; port 0 lets the system choose.
    #[arg(long, env = "WAXWING_LISTEN", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Folder of the database; made when missing.
    #[arg(long, env = "WAXWING_DATA", default_value = "./waxwing-data")]
    pub data: PathBuf,
    /// Who may create an account, apart from the first one.
    #[arg(long, env = "WAXWING_REGISTRATION", default_value = "open")]
    pub registration: Registration,
    /// Address under which browsers reach the relay, for instance https://chat.example.org; needed behind a proxy.
    #[arg(long, env = "WAXWING_PUBLIC_ORIGIN")]
    pub public_origin: Option<PublicOrigin>,
    /// Address of a proxy on another machine that appends to X-Forwarded-For; several with commas between them.
    #[arg(long, env = "WAXWING_TRUSTED_PROXY", value_delimiter = ',')]
    pub trusted_proxy: Vec<IpAddr>,
    /// Messages per second that an account may write in the long run; three times as many at once.
    #[arg(long, env = "WAXWING_MESSAGES_PER_SECOND", default_value_t = waxwing_wire::limits::MESSAGES.1,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub messages_per_second: u32,
    /// Times that only tests change.
    #[arg(skip)]
    pub timing: Timing,
}

impl Config {
    /// How much accounts may write.
    pub fn rates(&self) -> Rates {
        let per_second = self.messages_per_second;
        let messages = Rate { burst: per_second.saturating_mul(3), per_second };
        Rates { messages, ..Rates::default() }
    }
}

/// Who may create an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Registration {
    /// Anybody.
    Open,
    /// Nobody.
    Closed,
}

impl From<Registration> for RegistrationPolicy {
    fn from(registration: Registration) -> Self {
        match registration {
            Registration::Open => Self::Open,
            Registration::Closed => Self::Closed,
        }
    }
}

/// Times of a stream.
#[derive(Debug, Clone, Copy)]
pub struct Timing {
    /// Between two pings.
    pub ping: Duration,
    /// Without a sign of life from the client.
    pub silence: Duration,
    /// For the client to take what it is sent.
    pub send: Duration,
    /// For the first request.
    pub hello: Duration,
    /// From a login's first step to its last.
    pub login: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ping: Duration::from_secs(30),
            silence: Duration::from_secs(75),
            send: Duration::from_secs(20),
            hello: Duration::from_secs(10),
            login: crate::limits::LOGIN_TIME,
        }
    }
}

/// Scheme, host and port, in the form in which browsers send it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicOrigin(String);

/// The text is not an origin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected http(s)://host or http(s)://host:port and nothing after it")]
pub struct NotAnOrigin;

impl PublicOrigin {
    /// As browsers send it.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether browsers reach the relay by TLS.
    pub fn is_https(&self) -> bool {
        self.0.starts_with("https://")
    }
}

impl FromStr for PublicOrigin {
    type Err = NotAnOrigin;

    fn from_str(text: &str) -> Result<Self, NotAnOrigin> {
        let uri: axum::http::Uri = text.parse().map_err(|_| NotAnOrigin)?;
        let scheme = uri.scheme_str().ok_or(NotAnOrigin)?;
        let authority = uri.authority().ok_or(NotAnOrigin)?;
        let usual = match scheme {
            "http" => 80,
            "https" => 443,
            _ => return Err(NotAnOrigin),
        };
        let bare =
            matches!(uri.path(), "" | "/") && uri.query().is_none() && !authority.as_str().contains('@');
        if !bare || authority.host().is_empty() {
            return Err(NotAnOrigin);
        }
        let host = authority.host().to_ascii_lowercase();
        // Browsers leave the usual port out.
        Ok(Self(match authority.port_u16() {
            Some(port) if port != usual => format!("{scheme}://{host}:{port}"),
            _ => format!("{scheme}://{host}"),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn origins_take_the_form_that_browsers_send() {
        for (text, origin) in [
            ("https://Chat.Example.org", "https://chat.example.org"),
            ("https://chat.example.org:443/", "https://chat.example.org"),
            ("http://localhost:5173", "http://localhost:5173"),
            ("http://[::1]:8080", "http://[::1]:8080"),
        ] {
            assert_eq!(text.parse::<PublicOrigin>().unwrap().as_str(), origin);
        }
    }

    #[test]
    fn rates_are_those_that_clients_know_unless_changed() {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            config: Config,
        }
        let parse = |line: &[&str]| <Line as clap::Parser>::try_parse_from(line).map(|line| line.config);
        let (usual, shared) = (parse(&["relay"]).unwrap().rates(), Rates::default());
        assert_eq!(
            (usual.messages, usual.commits, usual.signals),
            (shared.messages, shared.commits, shared.signals)
        );
        let more = parse(&["relay", "--messages-per-second", "100"]).unwrap().rates();
        assert_eq!(more.messages, Rate { burst: 300, per_second: 100 });
        assert!(parse(&["relay", "--messages-per-second", "0"]).is_err());
    }

    #[test]
    fn refuses_what_is_no_origin() {
        for text in
            ["", "chat.example.org", "ftp://a", "https://a/path", "https://a?q", "https://u@a", "https://"]
        {
            assert_eq!(text.parse::<PublicOrigin>(), Err(NotAnOrigin), "{text}");
        }
    }
}
