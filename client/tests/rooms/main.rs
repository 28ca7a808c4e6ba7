//! Flows of rooms: bringing in, putting out, roles, leaving, coming back, and whether everybody sees the same afterwards.

mod crashes;
mod doors;
mod expiry;
mod faults;
mod healing;
mod leaving;
mod members;
mod scene;
