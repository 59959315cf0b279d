//! For those who ask: who may review, offers, and what became of them.

use parangon_protocol::charter::Level;
use parangon_protocol::id::{AgencyId, SchemeId};
use parangon_protocol::time::Timestamp;
use serde_json::{Value, json};

use hyper::Method;

use crate::client::{Body, encode};
use crate::commands::{Context, assess, cluster};
use crate::failure::Failure;
use crate::fields::{items, plain, short, text};
use crate::output::{Page, State};
use crate::{ids, prompt};

const PATH: &str = "/api/v1/offers";

/// Characters of an offer's id.
pub(super) const ID: usize = 64;

/// Arguments of `parangon review eligible`.
#[derive(Debug, clap::Args)]
pub(crate) struct EligibleArgs {
    /// The cluster's id, or a unique beginning of it: then what was published before counts too
    cluster: Option<String>,
    /// The assessment's id, or a unique beginning of it: then also who reviewed it before an appeal was upheld
    #[arg(long, value_name = "ID", conflicts_with = "cluster")]
    assessment: Option<String>,
    /// The level sought
    #[arg(long)]
    level: Level,
    /// The label system, when the charter has several
    #[arg(long)]
    scheme: Option<SchemeId>,
}

/// Arguments of `parangon review object`.
#[derive(Debug, clap::Args)]
pub(crate) struct ObjectArgs {
    /// The cluster's id, or a unique beginning of it
    cluster: String,
    /// The agency that it does not want as a reviewer
    #[arg(required_unless_present = "take_back", conflicts_with = "take_back")]
    agency: Option<AgencyId>,
    /// Take the objection back
    #[arg(long)]
    take_back: bool,
}

/// Arguments of `parangon review ask`.
#[derive(Debug, clap::Args)]
pub(crate) struct AskArgs {
    /// The assessment's id, or a unique beginning of it
    assessment: String,
    /// The level sought
    #[arg(long)]
    level: Level,
    /// An agency to ask (repeat for each) [default: those whom the draw names]
    #[arg(long, value_name = "AGENCY")]
    reviewer: Vec<AgencyId>,
    /// The label system, when the charter has several
    #[arg(long)]
    scheme: Option<SchemeId>,
    /// When the review should be there, 2026-05-01 or 2026-05-01T12:00:00Z
    #[arg(long, value_name = "DATE", value_parser = crate::commands::verify::parse_date)]
    due: Option<Timestamp>,
    /// Do not comment on the reviews: the first one of each agency counts, and nothing more is asked of you
    #[arg(long)]
    no_comments: bool,
    /// A language of the documents, such as de (repeat for each) [default: those of the evidence]
    #[arg(long, value_name = "TAG")]
    language: Vec<String>,
}

/// The whole id of one of our offers.
pub(crate) fn resolve(given: &str, context: &Context<'_>) -> Result<String, Failure> {
    // Also a whole id is looked up: it may be an offer of somebody else.
    ids::resolve(&context.client, PATH, "id", given, usize::MAX)
}

pub(super) fn eligible(args: &EligibleArgs, context: &Context<'_>) -> Result<(), Failure> {
    let scheme = args.scheme.as_ref().map(|scheme| format!("&scheme={}", encode(scheme.as_str()))).unwrap_or_default();
    let cluster = args.cluster.as_deref().map(|given| cluster::resolve(given, context)).transpose()?;
    let cluster = cluster.map(|id| format!("&cluster={}", encode(&id))).unwrap_or_default();
    let assessment = args.assessment.as_deref().map(|given| assess::resolve(given, context)).transpose()?;
    let assessment = assessment.map(|id| format!("&assessment={}", encode(&id))).unwrap_or_default();
    let agencies = context.client.list(&format!("/api/v1/eligible?level={}{scheme}{cluster}{assessment}", args.level), None)?;
    context.out.result(&agencies, |page| {
        for agency in &agencies {
            let state = match (agency["eligible"] == true, agency["waived"] == true) {
                (true, false) => State::Ok,
                (true, true) => State::Warn,
                (false, _) => State::Wait,
            };
            let reason = plain(agency, "reason").unwrap_or(if agency["eligible"] == true { "may be asked" } else { "not now" });
            page.state(state, &format!("{:<16}", text(agency, "agency")), reason);
        }
        page.next(format!("parangon review ask ASSESSMENT --level {} --reviewer AGENCY", args.level.as_str().to_lowercase()));
    })
}

pub(super) fn object(args: &ObjectArgs, context: &Context<'_>) -> Result<(), Failure> {
    let path = format!("{}/objection", cluster::path(&cluster::resolve(&args.cluster, context)?));
    let done = context
        .client
        .send(Method::PUT, &path, Body::Json(args.agency.as_ref().map_or_else(|| json!({}), |agency| json!({ "agency": agency }))), None)?
        .json()?;
    context.out.result(&done, |page| {
        let name = text(&done, "name");
        match plain(&done, "objects_to") {
            Some(agency) => {
                page.remark(format!("{name} objects to {agency}: it is not asked. Nobody else learns of it."));
                page.remark(format!("To undo it: parangon review object {} --take-back", short(&text(&done, "id"))));
            }
            None => page.remark(format!("{name} objects to nobody.")),
        }
        page.next(format!("parangon review eligible {} --level LEVEL", short(&text(&done, "id"))));
    })
}

pub(super) fn ask(args: &AskArgs, context: &Context<'_>) -> Result<(), Failure> {
    let assessment = assess::resolve(&args.assessment, context)?;
    let comments = !args.no_comments;
    let mut body = json!({ "assessment": assessment, "level": args.level, "reviewers": args.reviewer, "comments": comments });
    if let Some(scheme) = &args.scheme {
        body["scheme"] = json!(scheme);
    }
    if let Some(due) = args.due {
        body["due"] = json!(due);
    }
    if !args.language.is_empty() {
        body["languages"] = json!(args.language);
    }
    let offer = context.client.post(PATH, body)?;
    context.out.result(&offer, |page| {
        write(&offer, page);
        page.remark("The assessment is frozen. The dossier goes, sealed, to an agency once it has accepted.");
        let id = short(&text(&offer, "id"));
        page.remark(format!("To undo it: parangon review cancel {id}"));
        page.next(format!("wait for the answers: parangon review show {id}"));
    })
}

pub(super) fn list(context: &Context<'_>) -> Result<(), Failure> {
    let offers = context.client.list(PATH, None)?;
    context.out.result(&offers, |page| {
        if offers.is_empty() {
            page.remark("No reviews were asked for yet.");
            page.next("parangon review ask ASSESSMENT --level LEVEL --reviewer AGENCY");
            return;
        }
        let ids = page.ids();
        page.table(["OFFER", "CLUSTER", "LEVEL", "STATE", "REVIEWERS"], offers.iter().map(|offer| row(offer, ids)));
        for offer in &offers {
            super::write_waits(offer, "id", page);
        }
    })
}

fn row(offer: &Value, ids: fn(&str) -> String) -> [String; 5] {
    let reviewers = items(offer, "reviewers").iter().map(|r| format!("{}: {}", text(r, "agency"), text(r, "state"))).collect::<Vec<_>>();
    [ids(&text(offer, "id")), cluster_of(offer), text(offer, "level"), text(offer, "state"), reviewers.join(", ")]
}

/// The cluster's name when the answer carries it, else its id in the form that people type.
pub(super) fn cluster_of(value: &Value) -> String {
    match plain(value, "cluster") {
        Some(id) => short(id),
        None => text(value, "cluster"),
    }
}

fn write(offer: &Value, page: &mut Page) {
    for name in ["id", "assessment", "cluster", "scheme", "level", "assessed", "valid_until", "languages", "due", "state", "label", "ready"]
    {
        if !offer[name].is_null() {
            page.field(name, text(offer, name));
        }
    }
    super::write_verdict(offer, page);
    for waits in items(offer, "waits") {
        page.field("  now", waits.as_str().unwrap_or("-"));
    }
    for reason in items(offer, "unmet") {
        page.field("  not yet", reason.as_str().unwrap_or("-"));
    }
    super::write_differences(offer, page);
    if let Some(response) = plain(offer, "response") {
        page.field("  our response", response);
    }
    for reviewer in items(offer, "reviewers") {
        let mut state = text(reviewer, "state");
        for name in ["since", "due", "reason", "points", "recommends", "findings", "problem", "delivery"] {
            if !reviewer[name].is_null() {
                state.push_str(&format!(", {name} {}", text(reviewer, name)));
            }
        }
        let agency = crate::output::clean(&text(reviewer, "agency")).into_owned();
        page.field(&format!("  {agency}"), state);
        if let Some(copy) = reviewer["copy"].as_object() {
            let deleted = copy.get("deleted").and_then(Value::as_str).map_or("held there".to_owned(), |at| format!("deleted there {at}"));
            page.field("    its copy", format!("{}, {deleted}", short(&text(&reviewer["copy"], "commitment"))));
        }
        super::write_questions(reviewer, page);
    }
}

pub(super) fn show(id: &str, context: &Context<'_>) -> Result<(), Failure> {
    let offer = context.client.get(&format!("{PATH}/{}", encode(id)))?;
    context.out.result(&offer, |page| {
        write(&offer, page);
        match plain(&offer, "label") {
            Some(label) => page.next(format!("parangon label show {}", short(label))),
            None if !offer["verdict"].is_null() => page.next(text(&offer["verdict"], "next_step")),
            None if offer["ready"] == true => page.next(format!("parangon label issue {}", short(id))),
            None if may_respond(&offer) => page.next(format!("parangon review respond {}", short(id))),
            None => page.next("wait for the reviews; they arrive by themselves"),
        }
    })
}

/// Whether the reviews are in and wait for our response.
fn may_respond(offer: &Value) -> bool {
    let states: Vec<_> = items(offer, "reviewers").iter().filter_map(|reviewer| plain(reviewer, "state")).collect();
    let at_work = states.iter().any(|state| matches!(*state, "accepted" | "dossier-sent"));
    offer["comments"] == true && offer["response"].is_null() && !at_work && states.contains(&"reviewed")
}

/// Arguments of `parangon review answer`.
#[derive(Debug, clap::Args)]
pub(crate) struct AnswerArgs {
    /// The offer's id, or a unique beginning of it
    offer: String,
    /// Who asked
    agency: AgencyId,
    /// The question's number
    number: u32,
    /// The answer: a file, or - for stdin
    #[arg(long, value_name = "FILE")]
    text: std::path::PathBuf,
}

/// Arguments of `parangon review respond`.
#[derive(Debug, clap::Args)]
pub(crate) struct RespondArgs {
    /// The offer's id, or a unique beginning of it
    offer: String,
    /// What we say to the reviews: a file, or - for stdin
    #[arg(long, value_name = "FILE", required_unless_present = "nothing", conflicts_with = "nothing")]
    text: Option<std::path::PathBuf>,
    /// Say nothing: the reviewers are only shown where they differ
    #[arg(long)]
    nothing: bool,
    /// Respond without being asked
    #[arg(long, short)]
    yes: bool,
}

pub(super) fn answer(args: &AnswerArgs, context: &Context<'_>) -> Result<(), Failure> {
    let id = resolve(&args.offer, context)?;
    let said = json!({ "text": super::text_of(&args.text)? });
    let path = format!("{PATH}/{}/reviewers/{}/questions/{}/answer", encode(&id), encode(args.agency.as_str()), args.number);
    let offer = context.client.post(&path, said)?;
    context.out.result(&offer, |page| {
        page.remark(format!("The answer goes, sealed, to {}.", args.agency));
        page.next(format!("parangon review show {}", short(&id)));
    })
}

pub(super) fn respond(args: &RespondArgs, context: &Context<'_>) -> Result<(), Failure> {
    let id = resolve(&args.offer, context)?;
    let said = args.text.as_deref().map(super::text_of).transpose()?.unwrap_or_default();
    prompt::confirm(context.out, "Respond to the reviews? This is done once, and goes to all reviewers.", args.yes)?;
    let offer = context.client.post(&format!("{PATH}/{}/respond", encode(&id)), json!({ "text": said }))?;
    context.out.result(&offer, |page| {
        page.remark("The response goes, sealed, to every reviewer, with the indicators on which they differ by two levels or more.");
        page.next(format!("wait until they have made their reviews final: parangon review show {}", short(&id)));
    })
}

pub(super) fn cancel(given: &str, yes: bool, context: &Context<'_>) -> Result<(), Failure> {
    let id = resolve(given, context)?;
    prompt::confirm(context.out, &format!("Take the offer {} back? Reviews already written for it are lost.", short(&id)), yes)?;
    let offer = context.client.post(&format!("{PATH}/{}/withdraw", encode(&id)), json!({}))?;
    context.out.result(&offer, |page| {
        page.remark(format!("The offer {} is taken back; the agencies asked are told. The assessment can be changed again.", short(&id)));
        page.next("parangon review ask, when it is ready");
    })
}
