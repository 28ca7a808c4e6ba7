//! A malicious relay and malicious members against real clients. Each attack is tried with several seeds (`WAXWING_SEEDS`); whatever the
//! seed, honest clients refuse or warn, show nothing forged, come to rest, and agree again once the relay behaves. The table of attacks is in
//! docs/threat-model.md.

mod absence;
mod account;
mod direct;
mod doors;
mod history;
mod identity;
mod marks;
mod members;
mod network;
mod rules;
mod scene;
mod signals;
mod table;
