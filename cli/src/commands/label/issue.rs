//! `parangon label issue`: what would become public, the rule in words, and one or two people who decide.

use serde_json::{Value, json};

use super::super::{Context, review};
use super::{PATH, write};
use crate::client::encode;
use crate::failure::Failure;
use crate::fields::{items, plain, short, text};
use crate::output::Page;
use crate::prompt;

/// Arguments of `parangon label issue`.
#[derive(Debug, clap::Args)]
pub(crate) struct IssueArgs {
    /// The offer's id, or a unique beginning of it
    offer: String,
    /// Show what would become public, issue nothing
    #[arg(long, short = 'n', conflicts_with_all = ["take_back", "yes", "content"])]
    dry_run: bool,
    /// Decide on this content or on nothing: the hash that --dry-run shows
    #[arg(long, value_name = "HASH")]
    content: Option<String>,
    /// Take a decision back that waits for a second person
    #[arg(long, conflicts_with = "content")]
    take_back: bool,
    /// Decide without being asked
    #[arg(long, short)]
    yes: bool,
}

/// Runs it. Somebody who is there sees the content first; a script decides on what it names, or on what there is.
pub(crate) fn issue(args: &IssueArgs, context: &Context<'_>) -> Result<(), Failure> {
    let offer = review::resolve_offer(&args.offer, context)?;
    if args.take_back {
        return take_back(&offer, args.yes, context);
    }
    let preview = format!("/api/v1/offers/{}/label", encode(&offer));
    if args.dry_run {
        let preview = context.client.get(&preview)?;
        return context.out.result(&preview, |page| {
            show(&preview, page);
            page.next("the same without --dry-run");
        });
    }
    let mut body = json!({ "offer": offer });
    if let Some(content) = &args.content {
        body["content"] = json!(content);
    }
    if context.out.is_interactive() && !args.yes {
        let preview = context.client.get(&preview)?;
        context.out.preview(|page| show(&preview, page));
        let question = match (preview["decision"].is_null(), preview["two_people"] == true) {
            (true, true) => "Decide to issue this label? Another person has to confirm it.",
            _ => "Issue this label? It is in this agency's log for good; it can be withdrawn, not unmade.",
        };
        prompt::confirm(context.out, question, false)?;
        if args.content.is_none() {
            body["content"] = preview["content"].clone();
        }
    }
    let answer = context.client.post(PATH, body)?;
    context.out.result(&answer, |page| {
        if answer["state"] == "decided" {
            decided(&answer, page);
            page.remark("Nothing is public yet.");
            return page.next(format!("another person of this agency: parangon label issue {}", short(&offer)));
        }
        write(&answer, page);
        page.remark("It is in this agency's log for good and on its way to every member; it can be withdrawn, not unmade.");
        page.next(format!("parangon label export {}", short(&text(&answer, "id"))));
    })
}

fn decided(decision: &Value, page: &mut Page) {
    for (name, label) in [("state", "state"), ("by", "decided by"), ("since", "since"), ("content", "content")] {
        page.field(label, text(decision, name));
    }
}

fn show(preview: &Value, page: &mut Page) {
    let (public, cluster) = (&preview["public"], &preview["public"]["cluster"]);
    page.field("rule applied", text(preview, "rule"));
    page.remark("This becomes public:");
    page.field("cluster", text(cluster, "name"));
    for (value, name) in [
        (cluster, "id"),
        (cluster, "country"),
        (cluster, "region"),
        (cluster, "field"),
        (public, "scheme"),
        (public, "level"),
        (public, "assessed"),
        (public, "valid_until"),
        (public, "owner"),
        (public, "offer"),
        (public, "dossier"),
        (preview, "endorsers"),
        (preview, "supersedes"),
        (preview, "content"),
    ] {
        if !value[name].is_null() {
            page.field(name, text(value, name));
        }
    }
    for endorsement in items(preview, "endorsements") {
        let conflicts = plain(endorsement, "conflicts").map_or(String::new(), |conflicts| format!(", conflicts: {conflicts}"));
        page.field("  endorsement", format!("{}{conflicts}", text(endorsement, "endorser")));
    }
    page.remark("Scores, notes and findings stay with this agency and its reviewers.");
    if !preview["decision"].is_null() {
        page.remark("One person decided already, and this one is asked to confirm:");
        decided(&preview["decision"], page);
    }
}

fn take_back(offer: &str, yes: bool, context: &Context<'_>) -> Result<(), Failure> {
    if context.out.is_interactive() {
        prompt::confirm(context.out, "Take the decision back that waits for a second person?", yes)?;
    }
    let path = format!("/api/v1/offers/{}/decision", encode(offer));
    let offer = context.client.delete(&path)?;
    context.out.result(&offer, |page| {
        page.remark("The decision is taken back. Nothing was published.");
        page.next(format!("parangon review show {}", short(&text(&offer, "id"))));
    })
}
