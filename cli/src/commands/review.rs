//! `parangon review`: asking other agencies, and reviewing for them.

mod ask;
mod draw;
mod inbox;
mod write;

use clap::Subcommand;
use serde_json::Value;

use super::Context;
use crate::failure::Failure;
use crate::fields::{items, plain, short, text};
use crate::output::{Page, clean};

pub(crate) use ask::resolve as resolve_offer;
pub(crate) use inbox::resolve as resolve_request;

/// Verbs of `parangon review`. The first ones, to `cancel`, are for those who ask, the others for those who are asked.
#[derive(Debug, Subcommand)]
pub(crate) enum ReviewCommand {
    /// Show which agencies the rules allow to review
    Eligible(ask::EligibleArgs),
    /// Note the one agency that a cluster does not want as a reviewer
    Object(ask::ObjectArgs),
    /// Have nodes draw whom to ask, so that nobody can steer it
    Draw(draw::DrawArgs),
    /// List our draws, or show one: how far it is, the ranking, and whom to ask now
    Draws {
        /// The draw's id, or a unique beginning of it
        draw: Option<String>,
    },
    /// Offer the review of an assessment to other agencies
    Ask(ask::AskArgs),
    /// List our offers and how far they are
    List,
    /// Take an offer back
    Cancel {
        /// The offer's id, or a unique beginning of it
        offer: String,
        /// Take it back without being asked
        #[arg(long, short)]
        yes: bool,
    },
    /// List the reviews that others ask of us
    Inbox,
    /// Show one of our offers, or a review that is asked of us
    Show {
        /// The offer's id, or a unique beginning of it
        offer: String,
    },
    /// Accept a review after declaring conflicts of interest
    Accept(inbox::AcceptArgs),
    /// Decline a review
    Decline(inbox::DeclineArgs),
    /// Step back from an accepted review; the dossier becomes unreadable at once
    StepBack(inbox::StepBackArgs),
    /// Show the dossier of an accepted review; the owner's scores stay hidden until ours are saved
    Dossier(inbox::DossierArgs),
    /// Write a file of evidence of a dossier to disk
    Evidence(inbox::EvidenceArgs),
    /// Ask the owner a question about the dossier
    Question(inbox::QuestionArgs),
    /// Show our questions with their answers, and the owner's response
    Conversation {
        /// The offer's id, or a unique beginning of it
        offer: String,
    },
    /// Answer a reviewer's question
    Answer(ask::AnswerArgs),
    /// Respond once to the reviews, when all are in
    Respond(ask::RespondArgs),
    /// Make our review final, after the owner's response
    Finalise(inbox::FinaliseArgs),
    /// Save levels, notes and findings of our review; without options show what is saved
    Edit(write::EditArgs),
    /// Write a workbook for our review, to be filled in away from the node
    Workbook(write::WorkbookArgs),
    /// Save the answers of a workbook or another spreadsheet; shows first what would change
    Import(write::ImportArgs),
    /// Submit our review; where the owner comments it is a draft
    Submit(inbox::SubmitArgs),
}

/// Runs one verb.
pub(crate) fn run(command: ReviewCommand, context: &Context<'_>) -> Result<(), Failure> {
    match command {
        ReviewCommand::Eligible(args) => ask::eligible(&args, context),
        ReviewCommand::Object(args) => ask::object(&args, context),
        ReviewCommand::Draw(args) => draw::call(&args, context),
        ReviewCommand::Draws { draw: Some(id) } => draw::show(&id, context),
        ReviewCommand::Draws { draw: None } => draw::list(context),
        ReviewCommand::Ask(args) => ask::ask(&args, context),
        ReviewCommand::List => ask::list(context),
        ReviewCommand::Cancel { offer, yes } => ask::cancel(&offer, yes, context),
        ReviewCommand::Inbox => inbox::list(context),
        ReviewCommand::Show { offer } => show(&offer, context),
        ReviewCommand::Accept(args) => inbox::accept(&args, context),
        ReviewCommand::Decline(args) => inbox::decline(&args, context),
        ReviewCommand::StepBack(args) => inbox::step_back(&args, context),
        ReviewCommand::Dossier(args) => inbox::dossier(&args, context),
        ReviewCommand::Evidence(args) => inbox::evidence(&args, context),
        ReviewCommand::Question(args) => inbox::question(&args, context),
        ReviewCommand::Conversation { offer } => inbox::conversation(&offer, context),
        ReviewCommand::Answer(args) => ask::answer(&args, context),
        ReviewCommand::Respond(args) => ask::respond(&args, context),
        ReviewCommand::Finalise(args) => inbox::finalise(&args, context),
        ReviewCommand::Edit(args) => write::edit(&args, context),
        ReviewCommand::Workbook(args) => write::workbook(&args, context),
        ReviewCommand::Import(args) => write::import(&args, context),
        ReviewCommand::Submit(args) => inbox::submit(&args, context),
    }
}

/// One of ours if there is one, else one that is asked of us.
fn show(offer: &str, context: &Context<'_>) -> Result<(), Failure> {
    match ask::resolve(offer, context) {
        Ok(id) => ask::show(&id, context),
        Err(failure) if failure.exit == crate::exit::Exit::NotFound => inbox::show(offer, context),
        Err(failure) => Err(failure),
    }
}

/// A text that people wrote, from a file or stdin: at most 8,000 characters.
pub(crate) fn text_of(path: &std::path::Path) -> Result<String, Failure> {
    const BYTES: usize = 4 * parangon_protocol::limits::TEXT_CHARS;
    String::from_utf8(crate::files::read(path, BYTES)?).map_err(|_| Failure::invalid(format!("{} is not UTF-8", path.display())))
}

/// The questions of one reviewer with their answers.
fn write_questions(value: &Value, page: &mut Page) {
    for asked in items(value, "questions") {
        let about = plain(asked, "indicator").map(|code| format!(" on {code}")).unwrap_or_default();
        page.field(&format!("  question {}", text(asked, "number")), format!("{}{about}", text(asked, "question")));
        page.field("  answer", text(asked, "answer"));
    }
}

/// That the level is not awarded, what followed, and what waits for a second person.
pub(crate) fn write_verdict(offer: &Value, page: &mut Page) {
    let verdict = &offer["verdict"];
    if !verdict.is_null() {
        page.field("  verdict", format!("{}, since {}: {}", text(verdict, "state"), text(verdict, "since"), text(verdict, "reason")));
        if let Some(note) = plain(verdict, "note") {
            page.field("  the cluster says", note);
        }
    }
    let decision = &offer["decision"];
    if !decision.is_null() {
        let (what, by, since) = (text(decision, "decision"), text(decision, "by"), text(decision, "since"));
        page.field("  decided", format!("to {what}, by {by}, {since}; waits for a second person"));
    }
}

/// What of an entry of a list waits for one of us, in a line below the table. Programs read the field.
fn write_waits(entry: &Value, id: &str, page: &mut Page) {
    let waits = plain(entry, "waits").into_iter().chain(items(entry, "waits").iter().filter_map(Value::as_str));
    for words in waits {
        page.remark(format!("{}  {}", short(&clean(&text(entry, id))), clean(words)));
    }
}

/// Where reviewers differ by two levels or more.
fn write_differences(value: &Value, page: &mut Page) {
    for (code, levels) in value["differences"].as_object().into_iter().flatten() {
        let levels = levels.as_object().into_iter().flatten().map(|(agency, level)| format!("{agency} {}", level.as_str().unwrap_or("-")));
        page.field(&format!("  differ on {}", clean(code)), levels.collect::<Vec<_>>().join(", "));
    }
}
