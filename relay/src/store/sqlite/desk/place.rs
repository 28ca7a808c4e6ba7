//! Where a page of a list ended: the value by which the list is sorted, and the id that tells equals apart.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use rusqlite::types::Value;
use serde::{Deserialize, Serialize};
use waxwing_wire::admin::Order;

use crate::store::{Result, StoreError};

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Key {
    Number(i64),
    Text(String),
}

/// The last entry of a page.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Place(Key, Vec<u8>);

impl Place {
    /// `None` when the value is of a kind that no list is sorted by.
    pub(super) fn new(key: Value, id: &[u8]) -> Option<Self> {
        let key = match key {
            Value::Integer(number) => Key::Number(number),
            Value::Text(text) => Key::Text(text),
            _ => return None,
        };
        Some(Self(key, id.to_vec()))
    }

    /// As it travels.
    pub(super) fn text(&self) -> String {
        // Numbers and strings: there is nothing in it that could not be written.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// From what a client gave back: the value and the id, absent for the first page.
    pub(super) fn parse(after: Option<&str>) -> Result<(Value, Value)> {
        let Some(text) = after else { return Ok((Value::Null, Value::Null)) };
        let wrong = || StoreError::Invalid("this is no place in the list; begin with its first page");
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| wrong())?;
        let Self(key, id) = serde_json::from_slice(&bytes).map_err(|_| wrong())?;
        let key = match key {
            Key::Number(number) => Value::Integer(number),
            Key::Text(text) => Value::Text(text),
        };
        Ok((key, Value::Blob(id)))
    }
}

/// How SQL sorts, and how it tells what comes after a place.
pub(super) fn direction(order: Order) -> (&'static str, &'static str) {
    match order {
        Order::Ascending => ("ASC", ">"),
        Order::Descending => ("DESC", "<"),
    }
}

/// Cuts a list that was read one entry too long to a page, and says where it ended if there is more.
pub(super) fn cut<T>(mut list: Vec<(T, Place)>, most: usize) -> (Vec<T>, Option<String>) {
    let more = list.len() > most;
    list.truncate(most);
    let next = list.last().filter(|_| more).map(|(_, place)| place.text());
    (list.into_iter().map(|(entry, _)| entry).collect(), next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_come_back_and_nonsense_does_not() {
        for key in [Value::Integer(-5), Value::Integer(i64::MAX), Value::Text("mira".into())] {
            let text = Place::new(key.clone(), &[7; 16]).unwrap().text();
            assert_eq!(Place::parse(Some(&text)).unwrap(), (key, Value::Blob(vec![7; 16])));
        }
        assert_eq!(Place::parse(None).unwrap(), (Value::Null, Value::Null));
        for bad in ["", "x", "!", "W10", "bnVsbA"] {
            assert!(Place::parse(Some(bad)).is_err(), "{bad}");
        }
    }
}
