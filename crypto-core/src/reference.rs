//! Every primitive in use against what others say it computes and refuses: Project Wycheproof, RFC 9807, other implementations of MLS.

mod mls;
mod opaque;
mod wycheproof;
