//! Real clients against the real relay: every flow once, over HTTP and WebSocket, by the real clock.

mod account;
mod messages;
mod outages;
mod people;
mod relay;
mod rooms;
mod scene;
mod wire;
mod world;
