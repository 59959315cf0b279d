//! The command line of Parangon: the node, the demonstration and everything else in one program.

#![allow(rustdoc::broken_intra_doc_links, rustdoc::invalid_html_tags, reason = "clap shows these comments as help texts")]

mod args;
mod client;
mod commands;
mod demo;
mod exit;
mod failure;
mod fields;
mod files;
mod html;
mod ids;
mod output;
mod pins;
mod prompt;
mod usage;

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;

use crate::args::Cli;
use crate::output::Output;

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args_os().collect();
    if arguments.len() <= 1 {
        let _ = std::io::stdout().write_all(args::INTRODUCTION.as_bytes());
        return ExitCode::SUCCESS;
    }
    let cli = match Cli::try_parse_from(&arguments) {
        Ok(cli) => cli,
        Err(error) => return usage::report(&error, &arguments),
    };
    let output = Output::new(&cli.global);
    match commands::run(cli, &output) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => ExitCode::from(output.failure(&failure).number()),
    }
}
