//! Who may call: only the app's own page, and programs that say they are a client.

use std::{
    net::{IpAddr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use axum::{
    body::Body,
    extract::State,
    http::{HeaderMap, Request, header},
    middleware::Next,
    response::Response,
};
use waxwing_wire::{Problem, ProblemCode, account::CLIENT_HEADER};

use super::{App, Peer, problem::Refusal};
use crate::config::{PublicOrigin, TrustedProxy};

/// Origins from which the relay's own page is served.
#[derive(Debug)]
pub struct Origins {
    public: Option<PublicOrigin>,
    address: SocketAddr,
}

impl Origins {
    pub(super) fn new(public: Option<PublicOrigin>, address: SocketAddr) -> Self {
        Self { public, address }
    }

    /// Whether browsers reach the relay by TLS.
    pub(super) fn is_https(&self) -> bool {
        self.public.as_ref().is_some_and(PublicOrigin::is_https)
    }

    /// The relay's own origin, as links name it.
    pub(super) fn own(&self) -> String {
        self.public
            .as_ref()
            .map_or_else(|| crate::config::reachable(self.address), |public| public.as_str().to_owned())
    }

    /// Whether a page of this origin is the relay's own; `host` is what the request was sent to.
    fn owns(&self, origin: &str, host: Option<&str>) -> bool {
        if let Some(public) = &self.public {
            return origin == public.as_str();
        }
        let Some(page) = origin.strip_prefix("http://") else { return false };
        // A page of another machine or program that has the same port would send another name.
        if host != Some(page) {
            return false;
        }
        let port = self.address.port();
        // Never whatever name the browser used: that name may have been pointed here by somebody else.
        let local = page == format!("localhost:{port}");
        let literal = page.parse::<SocketAddr>().is_ok_and(|address| {
            let listening = self.address.ip();
            address.port() == port
                && (address.ip().is_loopback() || listening == address.ip() || listening.is_unspecified())
        });
        local || literal
    }

    /// Refuses requests that name another page as their origin. Browsers always name it when they open a WebSocket.
    ///
    /// # Errors
    /// A problem with the code `foreign_origin`.
    pub(super) fn check_origin(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let host = text(header::HOST);
        if text(header::ORIGIN).is_some_and(|origin| !self.owns(origin, host)) {
            Err(foreign(ANOTHER_PAGE))
        } else {
            Ok(())
        }
    }

    /// Refuses requests that a browser made for another page, by either of the headers that tell.
    fn check(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let site = headers.get("sec-fetch-site").map(|value| value.to_str().unwrap_or_default());
        if !matches!(site, None | Some("same-origin" | "none")) {
            return Err(foreign(ANOTHER_PAGE));
        }
        self.check_origin(headers)
    }
}

const ANOTHER_PAGE: &str = "the request was made by another page than the app's own";

fn foreign(detail: &str) -> Refusal {
    Problem::new(ProblemCode::ForeignOrigin, detail).into()
}

/// Guards every call that changes something: a page of somebody else can neither send the header nor hide its origin.
pub async fn state_changing(
    State(app): State<Arc<App>>,
    request: Request<Body>,
    next: Next,
) -> Result<Response, Refusal> {
    let headers = request.headers();
    check_client(&app.origins, headers)?;
    if !headers.get(header::CONTENT_TYPE).is_some_and(|kind| is_json(kind.as_bytes())) {
        return Err(Problem::new(ProblemCode::Unsupported, "this call takes application/json").into());
    }
    Ok(next.run(request).await)
}

/// Refuses requests that another page could have made.
///
/// # Errors
/// A problem with the code `foreign_origin`.
pub(super) fn check_client(origins: &Origins, headers: &HeaderMap) -> Result<(), Refusal> {
    origins.check(headers)?;
    let (name, value) = CLIENT_HEADER;
    if headers.get(name).is_none_or(|sent| sent.as_bytes() != value.as_bytes()) {
        return Err(foreign("the request misses the header that clients send"));
    }
    Ok(())
}

/// `application/json`, with or without parameters.
fn is_json(kind: &[u8]) -> bool {
    let essence = kind.split(|byte| *byte == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
}

/// The address that limits are counted by. Behind a proxy on this machine, or one that the operator trusts, it is what
/// that proxy appended.
pub(super) fn client_address(proxies: &Proxies, peer: &Peer, headers: &HeaderMap) -> IpAddr {
    address_of(proxies, peer.address.ip().to_canonical(), headers)
}

/// Whether the other end of a connection may speak for others.
pub(super) fn is_proxy(proxies: &Proxies, peer: &Peer) -> bool {
    speaks_for_others(proxies, peer.address.ip().to_canonical())
}

/// The address that a connection counts for as such: none for a proxy's, which carries those of many.
pub(super) fn own_address(proxies: &Proxies, direct: IpAddr) -> Option<IpAddr> {
    let direct = direct.to_canonical();
    (!speaks_for_others(proxies, direct)).then(|| network(direct))
}

/// Who may name the addresses of others.
#[derive(Debug)]
pub struct Proxies {
    /// Every program of this machine.
    here: bool,
    others: Vec<IpAddr>,
}

impl Proxies {
    pub(super) fn new(trusted: &[TrustedProxy]) -> Self {
        let others = trusted.iter().filter_map(|proxy| match proxy {
            TrustedProxy::Address(address) => Some(address.to_canonical()),
            TrustedProxy::None => None,
        });
        Self { here: !trusted.contains(&TrustedProxy::None), others: others.collect() }
    }
}

fn speaks_for_others(proxies: &Proxies, direct: IpAddr) -> bool {
    (proxies.here && direct.is_loopback()) || proxies.others.contains(&direct)
}

/// `direct` is canonical: a socket that listens for IPv6 and IPv4 shows the latter in a form of the former.
fn address_of(proxies: &Proxies, direct: IpAddr, headers: &HeaderMap) -> IpAddr {
    let forwarded = headers
        .get_all("x-forwarded-for")
        .iter()
        .next_back()
        .and_then(|value| value.to_str().ok())
        .and_then(|list| list.rsplit(',').next())
        .and_then(|last| last.trim().parse().ok());
    match forwarded {
        Some(address) if speaks_for_others(proxies, direct) => network(address),
        _ => network(direct),
    }
}

/// Whoever has one IPv6 address has its whole /64.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        v4 => v4,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_origins_without_a_public_one() {
        let origins = Origins::new(None, "127.0.0.1:8080".parse().unwrap());
        for own in ["http://127.0.0.1:8080", "http://localhost:8080", "http://[::1]:8080"] {
            assert!(origins.owns(own, own.strip_prefix("http://")), "{own}");
            assert!(!origins.owns(own, None), "{own}");
        }
        assert!(
            !origins.owns("http://[::1]:8080", Some("127.0.0.1:8080")),
            "another program may listen there"
        );
        for foreign in [
            "null",
            "",
            "http://localhost",
            "http://localhost:8081",
            "https://localhost:8080",
            "http://rebound.example:8080",
            "http://192.0.2.1:8080",
            "http://127.0.0.1:8080.example",
        ] {
            assert!(!origins.owns(foreign, foreign.strip_prefix("http://")), "{foreign}");
        }
    }

    #[test]
    fn a_relay_on_all_addresses_knows_the_pages_of_other_machines() {
        let origins = Origins::new(None, "0.0.0.0:8080".parse().unwrap());
        assert!(origins.owns("http://192.0.2.1:8080", Some("192.0.2.1:8080")));
        assert!(!origins.owns("http://192.0.2.7:8080", Some("192.0.2.1:8080")));
        assert!(!origins.owns("http://192.0.2.7:8080", None));
    }

    #[test]
    fn a_public_origin_is_the_only_one() {
        let public = Some("https://chat.example.org".parse().unwrap());
        let origins = Origins::new(public, "127.0.0.1:8080".parse().unwrap());
        // A proxy may send its own name for the relay.
        let host = Some("relay.internal:8080");
        assert!(origins.owns("https://chat.example.org", host));
        assert!(!origins.owns("http://localhost:8080", Some("localhost:8080")));
        assert!(!origins.owns("http://chat.example.org", host));
    }

    #[test]
    fn only_proxies_name_another_address() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "203.0.113.9, 198.51.100.7".parse().unwrap());
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let proxies = |trusted: &[&str]| {
            Proxies::new(&trusted.iter().map(|proxy| proxy.parse().unwrap()).collect::<Vec<_>>())
        };
        let of = |proxies: &Proxies, direct: &str| address_of(proxies, ip(direct).to_canonical(), &headers);
        for local in ["127.0.0.1", "::1", "::ffff:127.0.0.1"] {
            assert_eq!(of(&proxies(&[]), local), ip("198.51.100.7"), "{local}");
        }
        assert_eq!(of(&proxies(&[]), "10.0.0.2"), ip("10.0.0.2"));
        assert_eq!(of(&proxies(&["10.0.0.2"]), "::ffff:10.0.0.2"), ip("198.51.100.7"));
        assert_eq!(of(&proxies(&["10.0.0.2"]), "10.0.0.3"), ip("10.0.0.3"));
        for proxy in ["127.0.0.1", "::ffff:127.0.0.1", "::ffff:10.0.0.2"] {
            assert_eq!(own_address(&proxies(&["10.0.0.2"]), ip(proxy)), None, "{proxy}");
        }
        assert_eq!(own_address(&proxies(&["10.0.0.2"]), ip("::ffff:10.0.0.3")), Some(ip("10.0.0.3")));
    }

    #[test]
    fn nobody_of_this_machine_names_another_address_where_the_operator_says_so() {
        let mut headers = HeaderMap::new();
        headers.insert("x-forwarded-for", "198.51.100.7".parse().unwrap());
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let trusted = Proxies::new(&["none".parse().unwrap(), "10.0.0.2".parse().unwrap()]);
        assert_eq!(address_of(&trusted, ip("127.0.0.1"), &headers), ip("127.0.0.1"));
        assert_eq!(own_address(&trusted, ip("::ffff:127.0.0.1")), Some(ip("127.0.0.1")));
        assert_eq!(address_of(&trusted, ip("10.0.0.2"), &headers), ip("198.51.100.7"));
    }

    #[test]
    fn neighbours_in_one_ipv6_network_share_their_limits() {
        let one: IpAddr = "2001:db8::1".parse().unwrap();
        let other: IpAddr = "2001:db8::ffff:2".parse().unwrap();
        assert_eq!(network(one), network(other));
        assert_ne!(network(one), network("2001:db8:0:1::1".parse().unwrap()));
        assert_eq!(network("::ffff:192.0.2.1".parse().unwrap()), "192.0.2.1".parse::<IpAddr>().unwrap());
    }
}
