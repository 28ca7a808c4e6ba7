//! How the relay is set up: by flags, or by environment variables of the same meaning.

use std::{
    net::{AddrParseError, IpAddr, SocketAddr},
    path::PathBuf,
    str::FromStr,
    time::Duration,
};

use clap::{Args, ValueEnum};
use waxwing_wire::account::{RegistrationPolicy, SessionPolicy, TotpPolicy};

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
    /// Whether every account needs an authenticator app.
    #[arg(long, env = "WAXWING_TOTP", default_value = "required")]
    pub totp: Totp,
    /// Whether a new login or page displaces the other sessions of its account, or several are live at once.
    #[arg(long, env = "WAXWING_SESSIONS", default_value = "single")]
    pub sessions: Sessions,
    /// What people read as the name of this relay.
    #[arg(long, env = "WAXWING_NAME", default_value = "Waxwing", value_parser = name)]
    pub name: String,
    /// Address under which browsers reach the relay, for instance https://chat.example.org; needed behind a proxy.
    #[arg(long, env = "WAXWING_PUBLIC_ORIGIN")]
    pub public_origin: Option<PublicOrigin>,
    /// Address of a proxy on another machine that appends to X-Forwarded-For; several with commas between them. `none`:
    /// nobody on this machine is a proxy either.
    #[arg(long, env = "WAXWING_TRUSTED_PROXY", value_delimiter = ',')]
    pub trusted_proxy: Vec<TrustedProxy>,
    /// Connections that one address may have at once; behind a proxy, streams.
    #[arg(long, env = "WAXWING_CONNECTIONS_PER_ADDRESS", default_value_t = 512,
          value_parser = clap::value_parser!(u32).range(1..))]
    pub connections_per_address: u32,
    /// Messages per second that an account may write in the long run; three times as many at once.
    #[arg(long, env = "WAXWING_MESSAGES_PER_SECOND", default_value_t = waxwing_wire::limits::MESSAGES.1,
          value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    pub messages_per_second: u32,
    /// Hours after which a session that nobody uses ends.
    #[arg(long, env = "WAXWING_SESSION_IDLE_HOURS", default_value_t = 720, value_parser = clap::value_parser!(u32).range(1..=8760))]
    pub session_idle_hours: u32,
    /// Hours after which a session ends in any case.
    #[arg(long, env = "WAXWING_SESSION_HOURS", default_value_t = 4320, value_parser = clap::value_parser!(u32).range(1..=8760))]
    pub session_hours: u32,
    /// Whether anybody may come as a guest, into rooms to which they have a link or a password.
    #[arg(long, env = "WAXWING_GUESTS", default_value_t = true, action = clap::ArgAction::Set)]
    pub guests: bool,
    /// Days after which a guest who did not come back is forgotten.
    #[arg(long, env = "WAXWING_GUEST_DAYS", default_value_t = 14, value_parser = clap::value_parser!(u32).range(1..=365))]
    pub guest_days: u32,
    /// Times that only tests change.
    #[arg(skip)]
    pub timing: Timing,
}

impl Config {
    /// A relay on this folder that listens on a free port of this machine, all else as without flags.
    pub fn local(data: PathBuf) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            data,
            registration: Registration::Open,
            totp: Totp::Required,
            sessions: Sessions::Single,
            name: "Waxwing".to_owned(),
            public_origin: None,
            trusted_proxy: Vec::new(),
            connections_per_address: 512,
            messages_per_second: waxwing_wire::limits::MESSAGES.1,
            session_idle_hours: 720,
            session_hours: 4320,
            guests: true,
            guest_days: 14,
            timing: Timing::default(),
        }
    }
}

/// The name of a relay, as [`waxwing_wire::limits::NAME_CHARS`] allows.
///
/// # Errors
/// What is wrong with it.
pub fn name(text: &str) -> Result<String, &'static str> {
    let name = text.trim();
    if name.is_empty() || name.chars().count() > waxwing_wire::limits::NAME_CHARS {
        return Err("a name has 1 to 80 characters");
    }
    if !waxwing_wire::text::is_line(name) {
        return Err("a name is one line without invisible characters");
    }
    Ok(name.to_owned())
}

/// Where the operator's browser finds a relay that listens there. Browsers take `0.0.0.0` for an insecure address, in which the app does
/// not run.
pub fn reachable(address: SocketAddr) -> String {
    if address.ip().is_unspecified() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

/// Who may name the addresses of others, besides this machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TrustedProxy {
    /// Whoever connects from this address.
    Address(IpAddr),
    /// Whoever connects from this machine may not.
    None,
}

impl FromStr for TrustedProxy {
    type Err = AddrParseError;
    fn from_str(text: &str) -> Result<Self, AddrParseError> {
        if text == "none" { Ok(Self::None) } else { text.parse().map(Self::Address) }
    }
}

/// Who may create an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Registration {
    /// Anybody.
    Open,
    /// Anybody, but an administrator lets each account in.
    Approval,
    /// Who has an operator's invite.
    Invite,
    /// Nobody.
    Closed,
}

impl From<Registration> for RegistrationPolicy {
    fn from(registration: Registration) -> Self {
        match registration {
            Registration::Open => Self::Open,
            Registration::Approval => Self::Approval,
            Registration::Invite => Self::Invite,
            Registration::Closed => Self::Closed,
        }
    }
}

/// Whether accounts need a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Totp {
    /// Every account has an authenticator.
    Required,
    /// Whoever wants one.
    Optional,
}

impl From<Totp> for TotpPolicy {
    fn from(totp: Totp) -> Self {
        match totp {
            Totp::Required => Self::Required,
            Totp::Optional => Self::Optional,
        }
    }
}

/// How many sessions of an account may be live at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Sessions {
    /// One: whoever opens the app displaces the others.
    Single,
    /// Any number.
    Multi,
}

impl From<Sessions> for SessionPolicy {
    fn from(sessions: Sessions) -> Self {
        match sessions {
            Sessions::Single => Self::Single,
            Sessions::Multi => Self::Multi,
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
    /// Age at which the token of a session is replaced.
    pub token: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self {
            ping: Duration::from_secs(30),
            silence: Duration::from_secs(75),
            send: Duration::from_secs(20),
            hello: Duration::from_secs(10),
            login: crate::limits::LOGIN_TIME,
            token: crate::limits::TOKEN_AGE,
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
    use crate::{http::rates::Rate, settings::Values};

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

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        config: Config,
    }

    fn parse(line: &[&str]) -> Result<Values, clap::Error> {
        <Line as clap::Parser>::try_parse_from(line).map(|line| Values::from(&line.config))
    }

    #[test]
    fn without_flags_everything_is_as_usual() {
        let usual = parse(&["relay"]).unwrap();
        assert_eq!(usual, Values::from(&Config::local(PathBuf::new())));
        let shared = crate::http::rates::Rates::default();
        assert_eq!(usual.messages(), shared.messages, "as clients know them");
        assert_eq!(usual.session_life().idle, Duration::from_secs(30 * 86_400));
    }

    #[test]
    fn flags_change_what_counts() {
        let line = ["relay", "--registration", "approval", "--totp", "optional", "--sessions", "multi"];
        let values = parse(&line).unwrap();
        assert_eq!(
            (values.registration, values.totp, values.sessions),
            (RegistrationPolicy::Approval, TotpPolicy::Optional, SessionPolicy::Multi)
        );
        let more = parse(&["relay", "--messages-per-second", "100"]).unwrap();
        assert_eq!(more.messages(), Rate { burst: 300, per_second: 100 });
        assert_eq!(parse(&["relay", "--name", " Harbour "]).unwrap().name, "Harbour");
        for bad in
            [["--messages-per-second", "0"], ["--name", " "], ["--name", "a\nb"], ["--session-hours", "0"]]
        {
            assert!(parse(&["relay", bad[0], bad[1]]).is_err(), "{bad:?}");
        }
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
