//! What many samples hold.

use waxwing_client::api::{Preview, Target};

pub fn target() -> Target {
    Target { key: "a-key".into(), seq: 7 }
}

pub fn preview() -> Preview {
    Preview { url: "https://example.org/".into(), title: "Example".into(), description: "A page".into() }
}

pub fn room_id() -> String {
    "cm9vbQ".into()
}

pub fn account() -> String {
    "YWNjb3VudA".into()
}
