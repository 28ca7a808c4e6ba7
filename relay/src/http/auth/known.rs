//! Browsers in which an account has logged in before. They keep a mark of it beside the session, also when they log out,
//! and are held back for their own failures only: whoever guesses at a name from many addresses keeps nobody out who has
//! been here. A mark lets nobody in.

use std::fmt;

use axum::{
    http::{HeaderMap, HeaderValue, header},
    response::AppendHeaders,
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use waxwing_wire::AccountId;
use zeroize::Zeroizing;

use super::{random, session::SetCookie};
use crate::http::problem::Refusal;

/// Accounts that one browser keeps marks of; a further one replaces the oldest.
const MARKS: usize = 4;
/// How long browsers keep it: as long as they keep anything.
const SECONDS: u64 = 400 * 24 * 60 * 60;
const LABEL: &[u8] = b"Waxwing 1 known browser";
const ALIAS: &[u8] = b"Waxwing 1 known account";

/// Names one browser of one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::http) struct Browser([u8; 16]);

/// Makes and checks marks.
pub(super) struct Known {
    key: Zeroizing<[u8; 32]>,
    name: &'static str,
    secure: &'static str,
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Known({}, ..)", self.name)
    }
}

/// HMAC-SHA-256 of parts in a row.
pub(super) fn keyed(key: &[u8; 32], parts: &[&[u8]]) -> Hmac<Sha256> {
    // HMAC fills a short key up with zeros itself; a whole block needs no check of its length.
    let mut block = Zeroizing::new([0; 64]);
    for (to, from) in block.iter_mut().zip(key) {
        *to = *from;
    }
    let mut mac = Hmac::new((&*block).into());
    for part in parts {
        mac.update(part);
    }
    mac
}

/// What a mark calls an account: whoever reads it in a browser that was logged out learns nothing of whose it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Alias([u8; 16]);

#[derive(Clone, Copy)]
struct Mark {
    account: Alias,
    browser: Browser,
    tag: [u8; 32],
}

impl Mark {
    fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 64] = URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (account, rest) = bytes.split_first_chunk::<16>()?;
        let (browser, tag) = rest.split_first_chunk::<16>()?;
        Some(Self { account: Alias(*account), browser: Browser(*browser), tag: tag.try_into().ok()? })
    }

    fn text(&self) -> String {
        URL_SAFE_NO_PAD.encode([&self.account.0[..], &self.browser.0, &self.tag].concat())
    }
}

impl Known {
    pub(super) fn new(key: Zeroizing<[u8; 32]>, https: bool) -> Self {
        // As for the session's cookie.
        let (name, secure) = if https { ("__Host-waxwing-known", "; Secure") } else { ("waxwing-known", "") };
        Self { key, name, secure }
    }

    fn alias(&self, account: AccountId) -> Alias {
        let tag: [u8; 32] = keyed(&self.key, &[ALIAS, &account.0]).finalize().into_bytes().into();
        let mut alias = [0; 16];
        for (to, from) in alias.iter_mut().zip(tag) {
            *to = from;
        }
        Alias(alias)
    }

    /// All parts but the last have a fixed length.
    fn mac(&self, account: Alias, browser: Browser, username: &str) -> Hmac<Sha256> {
        keyed(&self.key, &[LABEL, &account.0, &browser.0, username.as_bytes()])
    }

    fn is_of(&self, mark: &Mark, username: &str) -> bool {
        // In constant time.
        self.mac(mark.account, mark.browser, username).verify_slice(&mark.tag).is_ok()
    }

    fn marks(&self, headers: &HeaderMap) -> Vec<Mark> {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let found = lines
            .flat_map(|line| line.split(';'))
            .find_map(|pair| pair.trim().strip_prefix(self.name)?.strip_prefix('='));
        found.into_iter().flat_map(|value| value.split('.')).take(MARKS).filter_map(Mark::parse).collect()
    }

    /// The browser that asks, if the owner of this name has logged in there.
    pub(super) fn browser(&self, headers: &HeaderMap, username: &str) -> Option<Browser> {
        self.marks(headers).iter().find(|mark| self.is_of(mark, username)).map(|mark| mark.browser)
    }

    /// A cookie with the mark of somebody who has just logged in, beside those of others.
    pub(super) fn remember(
        &self,
        headers: &HeaderMap,
        account: AccountId,
        username: &str,
    ) -> Result<SetCookie, Refusal> {
        let (marks, account) = (self.marks(headers), self.alias(account));
        let mine = marks.iter().find(|mark| mark.account == account && self.is_of(mark, username)).copied();
        let mine = match mine {
            Some(mark) => mark,
            None => {
                let browser = Browser(random::<16>()?);
                let tag = self.mac(account, browser, username).finalize().into_bytes().into();
                Mark { account, browser, tag }
            }
        };
        let others = marks.iter().filter(|mark| mark.account != account);
        let all: Vec<_> = std::iter::once(&mine).chain(others).take(MARKS).map(Mark::text).collect();
        let Self { name, secure, .. } = self;
        let all = all.join(".");
        let text = format!("{name}={all}; Path=/; Max-Age={SECONDS}; HttpOnly; SameSite=Strict{secure}");
        let mut value = HeaderValue::try_from(text).map_err(std::io::Error::other)?;
        value.set_sensitive(true);
        Ok(AppendHeaders([(header::SET_COOKIE, value)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIRA: AccountId = AccountId([1; 16]);
    const JON: AccountId = AccountId([2; 16]);

    fn known(key: u8) -> Known {
        Known::new(Zeroizing::new([key; 32]), true)
    }

    /// What a browser sends after it got a cookie.
    fn keeping(cookie: &SetCookie) -> HeaderMap {
        let AppendHeaders([(_, value)]) = cookie;
        let text = value.to_str().unwrap();
        assert!(text.ends_with("; Path=/; Max-Age=34560000; HttpOnly; SameSite=Strict; Secure"), "{text}");
        let pair = text.split(';').next().unwrap();
        [(header::COOKIE, format!("other=1; {pair}").parse().unwrap())].into_iter().collect()
    }

    #[test]
    fn a_mark_is_of_one_name_one_relay_and_one_browser() {
        let relay = known(7);
        let here = keeping(&relay.remember(&HeaderMap::new(), MIRA, "mira").unwrap());
        let browser = relay.browser(&here, "mira").unwrap();
        assert_eq!(relay.browser(&here, "jon"), None);
        assert_eq!(known(8).browser(&here, "mira"), None);
        assert_eq!(relay.browser(&HeaderMap::new(), "mira"), None);
        let elsewhere = keeping(&relay.remember(&HeaderMap::new(), MIRA, "mira").unwrap());
        assert_ne!(relay.browser(&elsewhere, "mira"), Some(browser));
        let again = keeping(&relay.remember(&here, MIRA, "mira").unwrap());
        assert_eq!(relay.browser(&again, "mira"), Some(browser), "each login would bring free tries");
        let reborn = keeping(&relay.remember(&here, JON, "mira").unwrap());
        assert_ne!(relay.browser(&reborn, "mira"), Some(browser), "another account of this name");
    }

    #[test]
    fn a_mark_does_not_tell_whose_it_is() {
        let here = keeping(&known(7).remember(&HeaderMap::new(), MIRA, "mira").unwrap());
        let [mark] = known(7).marks(&here)[..] else { panic!("one mark") };
        assert_ne!(mark.account, Alias(MIRA.0));
        assert_ne!(mark.account, known(8).alias(MIRA), "at another relay it is called otherwise");
    }

    #[test]
    fn several_people_may_use_one_browser() {
        let relay = known(7);
        let mut here = HeaderMap::new();
        for number in 0..6 {
            here =
                keeping(&relay.remember(&here, AccountId([number; 16]), &format!("person{number}")).unwrap());
        }
        let known = |number: u8| relay.browser(&here, &format!("person{number}")).is_some();
        assert_eq!([0, 1, 2, 3, 4, 5].map(known), [false, false, true, true, true, true]);
    }

    #[test]
    fn what_is_no_mark_is_none() {
        let relay = known(7);
        let text = |value: &str| -> HeaderMap {
            [(header::COOKIE, format!("__Host-waxwing-known={value}").parse().unwrap())].into_iter().collect()
        };
        let long = "A".repeat(86);
        for value in ["", ".", "....", "A", &long, "%", &format!("{long}.{long}.{long}.{long}.{long}")] {
            assert_eq!(relay.browser(&text(value), "mira"), None, "{value}");
        }
    }
}
