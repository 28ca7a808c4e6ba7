//! A malicious relay and malicious members against real clients. Each attack is tried with several seeds (`WAXWING_SEEDS`); whatever the
//! seed, honest clients refuse or warn, show nothing forged, come to rest, and agree again once the relay behaves. The table of attacks is in
//! docs/threat-model.md.

mod account;
mod doors;
mod history;
mod members;
mod network;
mod scene;
mod table;
