//! What an adversary's client does: for tests only.
