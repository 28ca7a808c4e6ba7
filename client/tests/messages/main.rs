//! What is said about messages later: edits, deletion, reactions, pins, polls, answers; and what a hostile member makes up.

mod about;
mod hostile;
mod reading;
mod scene;
