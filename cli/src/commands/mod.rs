//! One file a noun: its arguments, and what its verbs do.

pub(crate) mod access;
pub(crate) mod assess;
pub(crate) mod audit;
pub(crate) mod backup;
pub(crate) mod catalogue;
pub(crate) mod cluster;
pub(crate) mod completions;
pub(crate) mod config;
pub(crate) mod erase;
pub(crate) mod federation;
pub(crate) mod init;
pub(crate) mod invite;
pub(crate) mod join;
pub(crate) mod key;
pub(crate) mod label;
pub(crate) mod man;
pub(crate) mod mirror;
pub(crate) mod new_files;
pub(crate) mod peer;
pub(crate) mod reminders;
pub(crate) mod restore;
pub(crate) mod review;
mod scores;
pub(crate) mod serve;
mod spreadsheet;
pub(crate) mod stats;
pub(crate) mod status;
pub(crate) mod token;
pub(crate) mod trust;
pub(crate) mod unlock;
pub(crate) mod verify;

use std::path::Path;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::args::{Cli, Command, Global, Noun};
use crate::client::Client;
use crate::failure::Failure;
use crate::fields;
use crate::output::Output;

/// What a verb works with: the node's API and where results go.
#[derive(Debug)]
pub(crate) struct Context<'a> {
    /// The node, not yet contacted.
    pub(crate) client: Client,
    /// Where results go.
    pub(crate) out: &'a Output,
}

/// Runs one command; the number is the exit code.
pub(crate) fn run(cli: Cli, out: &Output) -> Result<u8, Failure> {
    let global = &cli.global;
    match cli.command {
        Command::Demo(args) => done(crate::demo::run(&args, global, out)),
        Command::Init(args) => done(init::run(&args, out)),
        Command::Key(noun) => done(key::run(noun, global, out)),
        Command::Serve(args) => done(runtime()?.block_on(serve::run(args, out))),
        Command::Status(args) => status::run(&args, global, out),
        Command::Reminders(args) => reminders::run(&args, global, out),
        Command::Federation(noun) => done(federation::run(noun, global, out)),
        Command::Invite(noun) => done(invite::run(noun, global, out)),
        Command::Join(args) => done(runtime()?.block_on(join::run(args, out))),
        Command::Trust(noun) => done(trust::run(noun, global, out)),
        Command::Catalogue(noun) => done(catalogue::run(noun, global, out)),
        Command::Cluster(noun) => with_node(noun, global, out, cluster::run),
        Command::Assess(noun) => with_node(noun, global, out, assess::run),
        Command::Review(noun) => with_node(noun, global, out, review::run),
        Command::Label(noun) => {
            if label::from_file(&noun.verb, out)? {
                return Ok(0);
            }
            with_node(noun, global, out, label::run)
        }
        Command::Access(args) => {
            let context = Context { client: Client::open(global, &args.data)?, out };
            done(access::run(&args, &context))
        }
        Command::Erase(noun) => with_node(noun, global, out, erase::run),
        Command::Verify(args) => verify::run(&args, out),
        Command::Stats(noun) => with_node(noun, global, out, stats::run),
        Command::Mirror(noun) => with_node(noun, global, out, mirror::run),
        Command::Peer(noun) => with_node(noun, global, out, peer::run),
        Command::Token(noun) => with_node(noun, global, out, token::run),
        Command::Audit(noun) => done(audit::run(noun, global, out)),
        Command::Backup(noun) => done(backup::run(noun, global, out)),
        Command::Restore(args) => done(restore::run(&args, out)),
        Command::Config(noun) => done(config::run(&noun, out)),
        Command::Completions(args) => done(completions::run(&args, out)),
        Command::Man(args) => done(man::run(&args, out)),
    }
}

fn done(result: Result<(), Failure>) -> Result<u8, Failure> {
    result.map(|()| 0)
}

fn with_node<C: clap::Subcommand>(
    noun: Noun<C>,
    global: &Global,
    out: &Output,
    run: fn(C, &Context<'_>) -> Result<(), Failure>,
) -> Result<u8, Failure> {
    let context = Context { client: Client::open(global, &noun.data)?, out };
    done(run(noun.verb, &context))
}

fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(Failure::failed)
}

/// Moves a secret that is shown once from the answer's field into a new file that only its owner may read. Where it cannot be
/// written, nobody ever has it: `undo` takes it back.
fn keep_secret(path: &Path, made: &mut Value, field: &str, undo: impl FnOnce()) -> Result<(), Failure> {
    let secret = Zeroizing::new(format!("{}\n", fields::plain(made, field).unwrap_or_default()));
    if let Err(error) = parangon_node::keystore::file::write_new(path, secret.as_bytes()) {
        undo();
        return Err(Failure::failed(error));
    }
    if let Some(object) = made.as_object_mut() {
        object.remove(field);
        object.insert("file".to_owned(), json!(path));
    }
    Ok(())
}
