//! `parangon token`.

use std::path::PathBuf;

use clap::{Subcommand, ValueEnum};
use parangon_protocol::id::Name;
use serde_json::{Value, json};

use super::Context;
use crate::client::encode;
use crate::failure::Failure;
use crate::fields::text;
use crate::{ids, prompt};

const PATH: &str = "/api/v1/tokens";

/// Characters of a token's id.
const ID: usize = 12;

/// Verbs of `parangon token`.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Make a token; it is shown once
    Create(CreateArgs),
    /// List the tokens, without their secrets
    List,
    /// Revoke a token at once
    Revoke {
        /// Its id, or a unique beginning of it
        id: String,
        /// Revoke without being asked
        #[arg(long, short)]
        yes: bool,
    },
}

/// Arguments of `parangon token create`.
#[derive(Debug, clap::Args)]
pub(crate) struct CreateArgs {
    /// What it is for, as lists show it
    name: Name,
    /// What it allows (may be repeated) [default: read-only]
    #[arg(long, value_enum, value_name = "ROLE")]
    role: Vec<RoleChoice>,
    /// In place of --role: read for read-only, write for admin
    #[arg(long, value_enum, hide = true, conflicts_with = "role")]
    scope: Option<ScopeChoice>,
    /// Days until it expires [default: 90]
    #[arg(long, value_name = "DAYS")]
    expires_days: Option<u32>,
    /// Write the secret into a new file of mode 0600 instead of showing it
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// A kind of work.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum RoleChoice {
    /// What is public, and lists; never scores, evidence, dossiers or findings
    ReadOnly,
    /// Clusters, assessments, offers and catalogues
    Staff,
    /// Reviews for other agencies
    Reviewer,
    /// Decisions on labels and their standing, and statistics
    Approver,
    /// Tokens, keys, charter, invites, backups, the audit trail, and everything else
    Admin,
}

/// What tokens allowed before there were roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum ScopeChoice {
    /// read-only
    Read,
    /// admin
    Write,
}

impl CreateArgs {
    fn roles(&self) -> Vec<String> {
        let named = |role: &RoleChoice| role.to_possible_value().map(|value| value.get_name().to_owned());
        match (self.scope, self.role.as_slice()) {
            (Some(ScopeChoice::Write), _) => vec!["admin".to_owned()],
            (_, []) => vec!["read-only".to_owned()],
            (_, roles) => roles.iter().filter_map(named).collect(),
        }
    }
}

/// Runs one verb.
pub(crate) fn run(command: TokenCommand, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        TokenCommand::Create(args) => create(&args, context),
        TokenCommand::List => list(context),
        TokenCommand::Revoke { id, yes } => revoke(&id, yes, context),
    }
}

fn create(args: &CreateArgs, context: &Context<'_>) -> Result<(), Failure> {
    if let Some(path) = args.output.as_deref().filter(|path| path.symlink_metadata().is_ok()) {
        return Err(Failure::new(crate::exit::Exit::Conflict, format!("{} exists already and is not overwritten", path.display())));
    }
    let mut body = json!({ "name": args.name, "roles": args.roles() });
    if let Some(days) = args.expires_days {
        body["expires_days"] = days.into();
    }
    let mut made = context.client.post(PATH, body)?;
    if let Some(path) = &args.output {
        let made_in_vain = format!("{PATH}/{}", encode(&text(&made, "id")));
        super::keep_secret(path, &mut made, "token", || drop(context.client.delete(&made_in_vain)))?;
    }
    context.out.result(&made, |page| {
        for name in ["id", "roles", "expires", "token", "file"] {
            if !made[name].is_null() {
                page.field(name, text(&made, name));
            }
        }
        if args.output.is_none() {
            page.remark("The token is not shown again. Keep it in a file that only you can read.");
        }
        page.next("use it with --token-file FILE, or as `Authorization: Bearer …`");
    })
}

fn list(context: &Context<'_>) -> Result<(), Failure> {
    let tokens = context.client.list(PATH, None)?;
    context.out.result(&tokens, |page| {
        if tokens.is_empty() {
            page.remark("No tokens. The command line needs none on the node's own socket.");
            return;
        }
        let row = |token: &Value| ["id", "name", "roles", "created", "expires", "expired"].map(|name| text(token, name));
        page.table(["ID", "NAME", "ROLES", "MADE", "EXPIRES", "EXPIRED"], tokens.iter().map(row));
    })
}

fn revoke(id: &str, yes: bool, context: &Context<'_>) -> Result<(), Failure> {
    let id = ids::resolve(&context.client, PATH, "id", id, ID)?;
    prompt::confirm(context.out, &format!("Revoke the token {id}? Whoever uses it is locked out at once."), yes)?;
    context.client.delete(&format!("{PATH}/{}", encode(&id)))?;
    context.out.result(&json!({ "id": id, "revoked": true }), |page| {
        page.remark(format!("The token {id} opens nothing any more. It cannot be restored; make a new one when it is needed."));
    })
}
