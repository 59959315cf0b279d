//! `parangon federation`: from membership cards to a founded federation, and its rules in words.

mod amend;
mod change;
mod found;
mod join;
mod refound;
mod statute;

use std::path::{Path, PathBuf};

use clap::{Subcommand, ValueEnum};
use parangon_node::clock::{Clock, SystemClock};
use parangon_protocol::charter::{
    Charter, ConflictRules, Disclosure, FoundingSignature, MemberCard, Retention, Scheme, bundled_catalogues, demo_scheme, ecei_scheme,
};
use parangon_protocol::id::{Fingerprint, Hash, Name};
use parangon_protocol::limits;
use serde_json::json;

use super::unlock::Passphrases;
use crate::args::{DataDir, Global, Noun};
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;
use crate::output::{Output, clean};
use crate::pins::read_chain;
use crate::prompt;

pub(crate) use amend::{ProposeArgs, propose};
pub(crate) use found::{MADE_AGAIN_FILES, enter, read_federation};
pub(crate) use statute::text as rules;

/// Verbs of `parangon federation`.
#[derive(Debug, Subcommand)]
pub(crate) enum FederationCommand {
    /// Draft the founding charter from the founders' membership cards
    New(NewArgs),
    /// Draft a new federation that continues this one, when it cannot agree on anything any more
    ///
    /// The rules are those in effect; the members are those whose cards are given, from new directories. Then `sign` and `found` as for
    /// any federation. Labels of the former one stay what they are; whoever checks labels has to accept the new one.
    ///
    /// Examples:
    ///   parangon federation refound "Cluster Network II" --member oslo2.member.json --member lyon2.member.json
    #[command(verbatim_doc_comment)]
    Refound(refound::RefoundArgs),
    /// Agree to a draft: shows its rules, then signs with the identity key
    Sign(SignArgs),
    /// Found the federation: every founder does this with everybody's signatures
    Found(found::FoundArgs),
    /// Become a member after the others have admitted this agency
    Join(join::JoinArgs),
    /// Show the rules in words
    Show(ShowArgs),
    /// Propose a change of the charter, which is the first vote for it
    ///
    /// Examples:
    ///   parangon federation propose --admit lyon.member.json
    ///   parangon federation propose --expel lyon --dry-run
    ///   parangon federation propose --rekey lyon.member.json
    ///   parangon federation propose --resume lyon
    ///   parangon federation propose --rights lyon=ecei:bronze,silver --status-days 21
    #[command(verbatim_doc_comment)]
    Propose(Box<amend::ProposeArgs>),
    /// Vote for a proposal; shows what it changes first
    Accept(amend::VoteArgs),
    /// Say no to a proposal
    Reject(amend::VoteArgs),
    /// Show which version of the charter is in effect, which each log has adopted, and what is wrong with that
    Status,
    /// List every version of the charter, what it changed and who agreed
    Log,
    /// Bring newer versions of the charter to a node that did not receive them
    Apply(amend::ApplyArgs),
}

/// Arguments of `parangon federation show`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// Show what is proposed, as differences from the charter in effect
    #[arg(long)]
    diff: bool,
}

/// Arguments of `parangon federation new`.
#[derive(Debug, clap::Args)]
pub(crate) struct NewArgs {
    /// The federation's name
    name: Name,
    /// A founder's membership card (repeat for each founder)
    #[arg(long, value_name = "FILE", required = true, num_args = 1..)]
    member: Vec<PathBuf>,
    /// The label system to start with
    #[arg(long, value_enum, default_value_t = SchemeChoice::Ecei)]
    scheme: SchemeChoice,
    /// A federation for trying things out: everything it makes says so
    #[arg(long)]
    demonstration: bool,
    /// Where the draft goes
    #[arg(long, short, value_name = "FILE", default_value = "charter.draft.json")]
    output: PathBuf,
}

/// The schemes that come with the program.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum SchemeChoice {
    /// European Cluster Excellence Initiative: bronze, silver, gold
    Ecei,
    /// The same without predecessors, for demonstrations only
    Demo,
}

/// Arguments of `parangon federation sign`.
#[derive(Debug, clap::Args)]
pub(crate) struct SignArgs {
    /// The draft
    draft: PathBuf,
    /// Where the signature goes [default: <agency>.sig.json]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Agree without being asked
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    passphrases: Passphrases,
}

/// Runs one verb.
pub(crate) fn run(noun: Noun<FederationCommand>, global: &Global, out: &Output) -> Result<(), Failure> {
    match noun.verb {
        FederationCommand::New(args) => new(args, out),
        FederationCommand::Refound(args) => refound::run(args, &Client::open(global, &noun.data)?, out),
        FederationCommand::Sign(args) => sign(&args, &noun.data.path(), out),
        FederationCommand::Found(args) => found::run(&args, &noun.data.path(), out),
        FederationCommand::Join(args) => join::run(&args, &noun.data.path(), out),
        FederationCommand::Show(args) if args.diff => amend::diff(&Client::open(global, &noun.data)?, out),
        FederationCommand::Show(_) => show(&noun.data, global, out),
        FederationCommand::Propose(args) => amend::propose(&args, &noun.data.path(), &Client::open(global, &noun.data)?, out),
        FederationCommand::Accept(args) => amend::vote(&args, true, &noun.data.path(), &Client::open(global, &noun.data)?, out),
        FederationCommand::Reject(args) => amend::vote(&args, false, &noun.data.path(), &Client::open(global, &noun.data)?, out),
        FederationCommand::Status => amend::status(&Client::open(global, &noun.data)?, out),
        FederationCommand::Log => amend::log(&Client::open(global, &noun.data)?, out),
        FederationCommand::Apply(args) => amend::apply(&args, &Client::open(global, &noun.data)?, out),
    }
}

fn new(args: NewArgs, out: &Output) -> Result<(), Failure> {
    let scheme = match args.scheme {
        SchemeChoice::Ecei => ecei_scheme(),
        SchemeChoice::Demo => demo_scheme(),
    };
    let cards = args.member.iter().map(|path| read_card(path)).collect::<Result<Vec<_>, _>>()?;
    let demonstration = args.demonstration || matches!(args.scheme, SchemeChoice::Demo);
    let (text, charter) = draft(args.name, cards, scheme, demonstration)?;
    write_draft(&text, &charter, &args.output, out)
}

/// Writes a draft, and shows what it says.
fn write_draft(text: &[u8], charter: &Charter, output: &Path, out: &Output) -> Result<(), Failure> {
    files::write_new(output, text)?;
    let fingerprint = Fingerprint(Hash::of(&[text]));
    let members: Vec<_> = charter.members.iter().map(|member| &member.id).collect();
    let json = json!({ "draft": output, "fingerprint": fingerprint, "words": fingerprint.words(), "members": members });
    out.result(&json, |page| {
        statute::write(charter, &fingerprint, page);
        page.remark("");
        page.field("draft", output.to_string_lossy());
        page.next(format!("each founder reads it and runs `parangon federation sign {}`", output.display()));
    })
}

fn read_card(path: &Path) -> Result<MemberCard, Failure> {
    let text = files::read(path, limits::RECORD_BYTES)?;
    MemberCard::read(&text).map_err(|error| Failure::invalid(format!("{}: {error}", path.display())))
}

/// The canonical text of charter version 1, and what was read back from it: reading is what checks it.
fn draft(name: Name, cards: Vec<MemberCard>, scheme: Scheme, demonstration: bool) -> Result<(Vec<u8>, Charter), Failure> {
    let created = SystemClock::new(parangon_protocol::time::Timestamp::default()).now();
    let catalogues = bundled_catalogues(&scheme);
    let schemes = vec![scheme];
    let mut members: Vec<_> = cards.into_iter().map(|card| card.into_member(&schemes)).collect();
    members.sort_by(|a, b| a.id.cmp(&b.id));
    let charter = Charter {
        version: 1,
        previous: None,
        name,
        created,
        review_by: created.month().plus(24),
        demonstration,
        members,
        schemes,
        catalogues,
        conflicts: ConflictRules { swap_months: 12, swap_floor: 4, tie_months: 24, drawn: false },
        disclosure: Disclosure::new(5, 2).with_every_table(),
        retention: Some(Retention::assumed()),
        status_max_age_days: 35,
        refounds: None,
        rekeyings: vec![],
        resumptions: vec![],
        ties: vec![],
    };
    let text = charter.to_text().map_err(Failure::invalid)?;
    let charter = Charter::read(&text).map_err(Failure::invalid)?;
    Ok((text, charter))
}

fn read_draft(path: &Path) -> Result<(Charter, Fingerprint), Failure> {
    let text = files::read(path, limits::DOCUMENT_BYTES)?;
    let charter = Charter::read(text.trim_ascii_end()).map_err(|error| Failure::invalid(format!("{}: {error}", path.display())))?;
    let fingerprint = Fingerprint(charter.hash().map_err(Failure::invalid)?);
    Ok((charter, fingerprint))
}

fn sign(args: &SignArgs, data: &Path, out: &Output) -> Result<(), Failure> {
    let (charter, fingerprint) = read_draft(&args.draft)?;
    let identity = args.passphrases.open_identity(data)?;
    let Some(member) = charter.members.iter().find(|member| member.identity == identity.public()) else {
        return Err(Failure::new(Exit::Refused, format!("the draft has no member with the identity key of {}", data.display())));
    };
    let output = args.output.clone().unwrap_or_else(|| format!("{}.sig.json", member.id).into());
    if output.symlink_metadata().is_ok() {
        return Err(Failure::new(Exit::Conflict, format!("{} exists already and is not overwritten", output.display())));
    }
    if !args.yes && out.is_interactive() {
        out.say(&statute::text(&charter, &fingerprint));
    }
    prompt::confirm(out, &format!("Does {} agree to these rules?", clean(member.name.as_str())), args.yes)?;
    let signature = charter.sign(&identity.identity_key()).map_err(Failure::failed)?;
    let signed = FoundingSignature { agency: member.id.clone(), signature };
    let text = parangon_protocol::canonical::encode(&signed, limits::RECORD_BYTES).map_err(Failure::failed)?;
    files::write_new(&output, &text)?;
    let json = json!({ "agency": member.id, "signature": output, "fingerprint": fingerprint, "words": fingerprint.words() });
    out.result(&json, |page| {
        page.remark(format!("{} agrees to the charter of \"{}\".", member.id, clean(charter.name.as_str())));
        page.field("fingerprint", fingerprint.to_string());
        page.field("in words", fingerprint.words());
        page.field("signature", output.to_string_lossy());
        page.remark("Compare the words with the other founders, by telephone: the same words are the same rules.");
        page.next("send the signature to every founder; with all of them run `parangon federation found`");
    })
}

fn show(data: &DataDir, global: &Global, out: &Output) -> Result<(), Failure> {
    let local = global.node.is_none().then(|| read_federation(&data.path())).transpose()?.flatten();
    let chain = match local {
        Some((chain, _)) => chain,
        None => read_chain(&Client::open(global, data)?.download("/api/v1/trust")?)?,
    };
    let json = json!({ "fingerprint": chain.fingerprint(), "words": chain.fingerprint().words(), "charter": chain.newest() });
    out.result(&json, |page| statute::write(chain.newest(), chain.fingerprint(), page))
}
