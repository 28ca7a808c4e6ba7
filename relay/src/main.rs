//! `waxwing-relay`.

use std::process::ExitCode;

use clap::Parser as _;
use waxwing_relay::command;

fn main() -> ExitCode {
    command::run(command::Arguments::parse())
}
