//! `parangon label`.

mod appeal;
mod export;
mod issue;
mod objection;
mod standing;

use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use parangon_protocol::charter::Level;
use parangon_protocol::id::AgencyId;
use serde_json::Value;

use super::{Context, cluster};
use crate::client::encode;
use crate::failure::Failure;
use crate::fields::{items, plain, text};
use crate::ids;
use crate::output::{Page, State};

const PATH: &str = "/api/v1/labels";

/// Characters of a label's id.
const ID: usize = 64;

/// What a label can be worth.
const STATES: [&str; 9] = ["valid", "provisional", "stale", "not-yet-valid", "expired", "withdrawn", "suspended", "replaced", "void"];

/// Labels in one answer of the API at most; further ones come with its next page.
const PAGE: usize = 1000;

/// Verbs of `parangon label`.
#[derive(Debug, Subcommand)]
pub(crate) enum LabelCommand {
    /// Issue the label of an offer whose reviews carry it: one person decides, another one confirms
    Issue(issue::IssueArgs),
    /// Decide that the level is not awarded; nothing becomes public
    Refuse(appeal::RefuseArgs),
    /// Record that the cluster appeals against a refusal, and decide on that
    Appeal(appeal::AppealArgs),
    /// List the labels of the whole federation
    List(ListArgs),
    /// Show one label
    Show {
        /// Its id, or a unique beginning of it
        id: String,
    },
    /// Recount a label, also of another agency, from the public records of this node: each rule, and what came out
    Recount {
        /// Its id, or a unique beginning of it
        id: String,
    },
    /// Write the one file with which anybody can check the label, or what other programs read of it
    ///
    /// Examples:
    ///   parangon label export 4d5e                        everything a verdict needs, in one file
    ///   parangon label export 4d5e --format openbadge     the credential, for badge platforms (Open Badges 3.0)
    ///   parangon label export 4d5e --format endorsements  a credential of each endorser
    ///   parangon label export 4d5e --format tlog-proof    the proof of inclusion, and the record that it is about
    #[command(verbatim_doc_comment)]
    Export(export::ExportArgs),
    /// Write the signed list of what this agency took back, for programs that know credentials (W3C Bitstring Status List)
    StatusList(export::StatusListArgs),
    /// Withdraw a label for good
    Withdraw(standing::WithdrawArgs),
    /// Suspend a label until it is reinstated
    Suspend(standing::SuspendArgs),
    /// End a suspension
    Reinstate(standing::ReinstateArgs),
    /// Object in public to a label of another agency, or take that back: it is under question then, and as valid as before
    ///
    /// Examples:
    ///   parangon label object 4d5e --ground endorsement-withdrawn --dry-run
    ///   parangon label object 4d5e --ground conflict-of-interest --confirm "BioRegio Südwest"
    ///   parangon label object 4d5e --lift
    ///
    /// Grounds: endorsement-withdrawn (of our own, where the label carries one) · conflict-of-interest · rule-broken · misrepresentation
    #[command(verbatim_doc_comment)]
    Object(objection::ObjectArgs),
}

/// Arguments of `parangon label list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Only this level
    #[arg(long)]
    level: Option<Level>,
    /// Only labels issued by this agency
    #[arg(long)]
    agency: Option<AgencyId>,
    /// Only labels in this state
    #[arg(long, value_parser = PossibleValuesParser::new(STATES))]
    state: Option<String>,
    /// Only labels of this cluster
    #[arg(long, value_name = "ID")]
    cluster: Option<String>,
    /// At most so many
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    limit: Option<u32>,
}

/// Runs one verb.
pub(crate) fn run(command: LabelCommand, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        LabelCommand::Issue(args) => issue::issue(&args, context),
        LabelCommand::Refuse(args) => appeal::refuse(&args, context),
        LabelCommand::Appeal(args) => appeal::appeal(&args, context),
        LabelCommand::List(args) => list(&args, context),
        LabelCommand::Show { id } => show(&id, context),
        LabelCommand::Recount { id } => recount(&id, context),
        LabelCommand::Export(args) => export::export(&args, context),
        LabelCommand::StatusList(args) => export::status_list(&args, context),
        LabelCommand::Withdraw(args) => standing::withdraw(&args, context),
        LabelCommand::Suspend(args) => standing::suspend(&args, context),
        LabelCommand::Reinstate(args) => standing::reinstate(&args, context),
        LabelCommand::Object(args) => objection::object(&args, context),
    }
}

fn resolve(given: &str, context: &Context<'_>) -> Result<String, Failure> {
    ids::resolve(&context.client, PATH, "id", given, ID)
}

/// The label of that id, and its cluster's name.
fn find(given: &str, context: &Context<'_>) -> Result<(String, Value), Failure> {
    let id = resolve(given, context)?;
    let label = context.client.get(&format!("{PATH}/{}", encode(&id)))?;
    Ok((id, label))
}

fn cluster_name(label: &Value) -> &str {
    plain(&label["cluster"], "name").or_else(|| plain(label, "cluster")).unwrap_or("unnamed")
}

fn write(label: &Value, page: &mut Page) {
    page.field("cluster", cluster_name(label));
    for name in [
        "id",
        "scheme",
        "catalogue",
        "level",
        "owner",
        "endorsers",
        "assessed",
        "issued",
        "valid_until",
        "state",
        "provisional_because",
        "reason",
        "supersedes",
    ] {
        if !label[name].is_null() {
            page.field(name, text(label, name));
        }
    }
    objection::write_questions(label, page);
}

fn list(args: &ListArgs, context: &Context<'_>) -> Result<(), Failure> {
    let limit = args.limit.and_then(|limit| usize::try_from(limit).ok());
    let mut query = Vec::new();
    let cluster = args.cluster.as_deref().map(|given| cluster::resolve(given, context)).transpose()?;
    let filters = [
        ("level", args.level.map(|level| level.as_str().to_owned())),
        ("agency", args.agency.as_ref().map(ToString::to_string)),
        ("state", args.state.clone()),
        ("cluster", cluster),
        ("limit", limit.map(|limit| limit.min(PAGE).to_string())),
    ];
    for (name, value) in filters {
        query.extend(value.map(|value| format!("{name}={}", encode(&value))));
    }
    let path = if query.is_empty() { PATH.to_owned() } else { format!("{PATH}?{}", query.join("&")) };
    let labels = context.client.list(&path, limit)?;
    context.out.result(&labels, |page| {
        if labels.is_empty() {
            page.remark("No labels.");
            return;
        }
        let ids = page.ids();
        let row = |label: &Value| {
            let text = |name| text(label, name);
            let question = if items(label, "under_question").is_empty() { "" } else { ", under question" };
            let state = format!("{}{question}", text("state"));
            [ids(&text("id")), cluster_name(label).to_owned(), text("level"), text("owner"), text("valid_until"), state]
        };
        page.table(["ID", "CLUSTER", "LEVEL", "ISSUER", "VALID UNTIL", "STATE"], labels.iter().map(row));
    })
}

fn show(given: &str, context: &Context<'_>) -> Result<(), Failure> {
    let (_, label) = find(given, context)?;
    context.out.result(&label, |page| write(&label, page))
}

fn recount(given: &str, context: &Context<'_>) -> Result<(), Failure> {
    let (id, _) = find(given, context)?;
    let counted = context.client.get(&format!("{PATH}/{}/recount", encode(&id)))?;
    context.out.result(&counted, |page| {
        for name in ["cluster", "level", "label", "charter", "history"] {
            page.field(name, text(&counted, name));
        }
        for rule in items(&counted, "rules") {
            let state = match plain(rule, "outcome") {
                Some("kept") => State::Ok,
                Some("waived") => State::Warn,
                _ => State::Fail,
            };
            page.state(state, &format!("{:<13}", text(rule, "rule")), &text(rule, "detail"));
        }
        objection::write_questions(&counted, page);
        page.remark(if counted["kept"] == true { "Every rule is kept." } else { "A rule is broken." });
        if let Some(step) = plain(&counted, "next_step") {
            page.next(step);
        }
    })
}
