//! Changing the charter: propose, look, accept or reject, and what became of it. The identity key is read here, in this
//! process; the node gets a finished vote.

use std::path::{Path, PathBuf};

use parangon_node::clock::{Clock, SystemClock};
use parangon_protocol::charter::{Ballot, Chain, Charter, MemberCard, Vote};
use parangon_protocol::id::{AgencyId, Fingerprint, Hash};
use parangon_protocol::keys::SecretKey;
use parangon_protocol::limits;
use parangon_protocol::time::Timestamp;
use serde_json::{Value, json};

use super::change::Change;
use crate::client::Client;
use crate::commands::unlock::Passphrases;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::fields::{items, plain, text};
use crate::files;
use crate::output::{Output, Page, clean};
use crate::pins::read_chain;
use crate::prompt;

const PROPOSALS: &str = "/api/v1/charter/proposals";
const VERSIONS: &str = "/api/v1/charter/versions";

/// A log that grows while its end is voted on needs a new ballot. More than a few in a row are no coincidence.
const TRIES: usize = 5;

/// Arguments of `parangon federation propose`.
#[derive(Debug, clap::Args)]
pub(crate) struct ProposeArgs {
    #[command(flatten)]
    change: Change,
    /// Only show what would change
    #[arg(long)]
    dry_run: bool,
    /// Propose without being asked
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    passphrases: Passphrases,
}

impl ProposeArgs {
    /// To admit the agency of this card.
    pub(crate) fn admitting(card: MemberCard, yes: bool, passphrases: Passphrases) -> Self {
        Self { change: Change::admitting(card), dry_run: false, yes, passphrases }
    }
}

/// Arguments of `parangon federation accept` and `reject`.
#[derive(Debug, clap::Args)]
pub(crate) struct VoteArgs {
    /// The proposal's hash, or a unique beginning of it [default: the only one there is]
    hash: Option<String>,
    /// Vote without being asked
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    passphrases: Passphrases,
}

/// Arguments of `parangon federation apply`.
#[derive(Debug, clap::Args)]
pub(crate) struct ApplyArgs {
    /// A trust file of a member that knows the newer version
    file: PathBuf,
}

/// Proposes a change, which is the first vote for it.
pub(crate) fn propose(args: &ProposeArgs, data: &Path, client: &Client, out: &Output) -> Result<(), Failure> {
    let Proposing { chain, me, next, lines } = Proposing::new(&args.change, client)?;
    if args.dry_run {
        let json = json!({ "hash": next.hash().map_err(Failure::invalid)?, "version": next.version, "changes": lines, "charter": next });
        return out.result(&json, |page| describe(next.version, &lines, page));
    }
    let identity = args.passphrases.open_identity(data)?.identity_key();
    show_before(out, args.yes, next.version, &lines);
    prompt::confirm(out, &format!("Does {me} propose this, and vote for it?"), args.yes)?;
    let voter = Voter { client, federation: chain.fingerprint(), identity: &identity };
    let votes = voter.vote(&json!({ "charter": next, "accept": true }), Some(&next))?;
    report(&votes, &lines, "proposed", out)
}

/// A change, worked out on top of the charter in effect.
struct Proposing {
    chain: Chain,
    me: AgencyId,
    next: Charter,
    lines: Vec<String>,
}

impl Proposing {
    fn new(change: &Change, client: &Client) -> Result<Self, Failure> {
        let chain = chain(client)?;
        let me = agency(client)?;
        let next = change.apply(chain.newest(), &me, SystemClock::new(Timestamp::default()).now(), client)?;
        let changes = chain.follows(&next).map_err(|error| {
            let next = "`parangon federation show` prints the rules in effect; `parangon federation propose --help`, what can be changed";
            Failure::new(Exit::Refused, error).next(next)
        })?;
        Ok(Self { chain, me, next, lines: changes.iter().map(ToString::to_string).collect() })
    }
}

/// Votes for or against a proposal.
pub(super) fn vote(args: &VoteArgs, accept: bool, data: &Path, client: &Client, out: &Output) -> Result<(), Failure> {
    let chain = chain(client)?;
    let proposal = one(client, args.hash.as_deref())?;
    let hash: Hash = parsed(&proposal, "hash")?;
    let charter: Charter = parsed(&proposal, "charter")?;
    // What is shown is worked out here, from the text that is signed: the node's words are not needed for it.
    if charter.hash().map_err(Failure::invalid)? != hash {
        return Err(Failure::failed("the node shows another text than the one that its hash names"));
    }
    let changes = chain.follows(&charter).map_err(|error| Failure::new(Exit::Refused, error))?;
    let lines: Vec<String> = changes.iter().map(ToString::to_string).collect();
    let identity = args.passphrases.open_identity(data)?.identity_key();
    show_before(out, args.yes, charter.version, &lines);
    let question = if accept { "Do you accept this? A vote for it cannot be taken back." } else { "Do you reject this?" };
    prompt::confirm(out, question, args.yes)?;
    let voter = Voter { client, federation: chain.fingerprint(), identity: &identity };
    let votes = voter.vote(&json!({ "hash": hash, "accept": accept }), None)?;
    report(&votes, &lines, if accept { "accepted" } else { "rejected" }, out)
}

/// Who votes, through which node, with which key.
struct Voter<'a> {
    client: &'a Client,
    federation: &'a Fingerprint,
    identity: &'a SecretKey,
}

impl Voter<'_> {
    /// Has the node fill in a ballot, checks it, signs it, and hands it in.
    fn vote(&self, request: &Value, charter: Option<&Charter>) -> Result<Value, Failure> {
        let mut last = None;
        for _ in 0..TRIES {
            let made = self.client.post("/api/v1/charter/ballots", request.clone())?;
            let ballot: Ballot = parsed(&made, "ballot")?;
            let expected = match charter {
                Some(charter) => charter.hash().map_err(Failure::invalid)?,
                None => parsed(request, "hash")?,
            };
            if ballot.charter != expected || Value::Bool(ballot.accept) != request["accept"] {
                return Err(Failure::failed("the node made a ballot for something else than was asked"));
            }
            let vote: Vote = ballot.sign(self.federation, self.identity).map_err(Failure::failed)?;
            let mut body = json!({ "vote": vote });
            if let Some(charter) = charter {
                body["charter"] = json!(charter);
            }
            match self.client.post("/api/v1/charter/votes", body) {
                Err(failure) if failure.problem.code == "PGN-0607" => last = Some(failure),
                other => return other,
            }
        }
        Err(last.unwrap_or_else(|| Failure::failed("the vote could not be made")))
    }
}

fn report(votes: &Value, changes: &[String], done: &str, out: &Output) -> Result<(), Failure> {
    let mut json = votes.clone();
    json["changes"] = json!(changes);
    out.result(&json, |page| {
        let version = text(votes, "version");
        page.remark(format!("Version {version} is {done} by this agency."));
        page.field("proposal", text(votes, "hash"));
        standing(votes, page);
        if votes["in_effect"] == true {
            page.remark(format!("Version {version} of the charter is in effect here. Each agency's log adopts it by itself."));
            page.next("`parangon federation show`; for those who check labels: `parangon trust export`");
        } else if votes["failed"] != true {
            page.next("the others run `parangon federation show --diff`, then accept or reject");
        }
    })
}

fn standing(votes: &Value, page: &mut Page) {
    page.field("for it", format!("{} ({} of {} needed)", list(votes, "accepted"), text(votes, "have"), text(votes, "needed")));
    page.field("against it", list(votes, "rejected"));
    page.field("open", list(votes, "missing"));
    if votes["failed"] == true {
        page.remark("It cannot be agreed to any more. Whoever voted for it may vote for another text.");
    }
}

fn list(value: &Value, name: &str) -> String {
    let names: Vec<&str> = items(value, name).iter().filter_map(Value::as_str).collect();
    if names.is_empty() { "nobody".to_owned() } else { clean(&names.join(", ")).into_owned() }
}

fn show_before(out: &Output, yes: bool, version: u32, changes: &[String]) {
    if !yes && out.is_interactive() {
        out.say(&format!("Version {version} of the charter changes this:"));
        for line in changes {
            out.say(&format!("  - {}", clean(line)));
        }
    }
}

fn describe(version: u32, changes: &[String], page: &mut Page) {
    page.remark(format!("Version {version} of the charter would change this:"));
    for line in changes {
        page.line(format!("  - {}", clean(line)));
    }
}

/// Whether this agency has still to say something about a proposal that can be agreed to.
fn is_open(proposal: &Value) -> bool {
    proposal["mine"] == "open" && proposal["failed"] != true
}

/// What is voted on, as differences.
pub(super) fn diff(client: &Client, out: &Output) -> Result<(), Failure> {
    let proposals = client.list(PROPOSALS, None)?;
    out.result(&proposals, |page| {
        if proposals.is_empty() {
            page.remark("Nothing is proposed.");
            page.next("parangon federation propose --help");
        }
        for proposal in &proposals {
            let version = proposal["version"].as_u64().and_then(|version| u32::try_from(version).ok()).unwrap_or(0);
            let lines: Vec<String> = items(proposal, "changes").iter().filter_map(|line| line.as_str().map(str::to_owned)).collect();
            page.field("proposal", text(proposal, "hash"));
            describe(version, &lines, page);
            standing(proposal, page);
            page.field("our vote", text(proposal, "mine"));
            if is_open(proposal) {
                let short: String = plain(proposal, "hash").unwrap_or_default().chars().take(8).collect();
                page.next(format!("parangon federation accept {short}, or parangon federation reject {short}"));
            }
        }
    })
}

/// Every version: what it changed, who agreed.
pub(super) fn log(client: &Client, out: &Output) -> Result<(), Failure> {
    let versions = client.list(VERSIONS, None)?;
    out.result(&versions, |page| {
        for version in &versions {
            page.field("version", format!("{}, drafted {}", text(version, "version"), text(version, "created")));
            for line in items(version, "changes").iter().filter_map(Value::as_str) {
                page.line(format!("  - {}", clean(line)));
            }
            let by = if version["version"] == 1 { "founded by" } else { "agreed by" };
            page.field(by, list(version, "votes"));
        }
    })
}

/// The version in effect, and whether everybody follows it.
pub(super) fn status(client: &Client, out: &Output) -> Result<(), Failure> {
    let mut charter = client.get("/api/v1/charter")?;
    charter["proposals"] = Value::Array(client.list(PROPOSALS, None)?);
    out.result(&charter, |page| {
        page.field("federation", format!("\"{}\", in words {}", text(&charter, "name"), text(&charter, "words")));
        page.field("charter", format!("version {}, to be reviewed by {}", text(&charter, "version"), text(&charter, "review_by")));
        for log in items(&charter, "adopted") {
            let state = match (log["version"].as_u64(), log["unknown"].as_u64()) {
                (_, Some(unknown)) => format!("goes on with version {unknown}, which is not known here"),
                (Some(version), None) => format!("follows version {version}"),
                (None, None) => "has not begun, or is not known here".to_owned(),
            };
            page.field(&text(log, "agency"), state);
        }
        for proposal in items(&charter, "proposals") {
            let counted = format!("{} of {} needed for it", text(proposal, "have"), text(proposal, "needed"));
            page.field("proposed", format!("version {}, {counted}; our vote: {}", text(proposal, "version"), text(proposal, "mine")));
        }
        for waiting in items(&charter, "rekeyings") {
            let (agency, due) = (text(waiting, "agency"), text(waiting, "due"));
            let version = text(waiting, "version");
            page.field(
                "re-keying",
                match waiting["objected"] == true {
                    true => format!("{agency}, announced by version {version}; its present key has signed since, so nobody votes for it"),
                    false => format!("{agency}, announced by version {version}; it can be carried out from {due} on"),
                },
            );
            page.field("new key", text(waiting, "identity"));
        }
        if items(&charter, "proposals").iter().any(is_open) {
            page.next("`parangon federation show --diff`, then accept or reject");
        }
        if charter["stale"] == true {
            page.remark("The charter was to be reviewed by now. It goes on to hold.");
            page.next("agree on a new version: parangon federation propose --review-by YYYY-MM");
        }
        if let Some(version) = charter["torn"].as_u64() {
            page.remark(format!("Two texts of version {version} were both agreed to; none of them takes effect by itself."));
            page.next("speak with the other members: some agency has voted for both");
        }
        if !items(&charter, "double_votes").is_empty() {
            page.remark(format!("Voted for two texts of one version: {}. Both votes stand in their logs.", list(&charter, "double_votes")));
        }
    })
}

/// Brings versions to a node that nobody reaches.
pub(super) fn apply(args: &ApplyArgs, client: &Client, out: &Output) -> Result<(), Failure> {
    let ours = chain(client)?;
    let theirs = read_chain(&files::read(&args.file, limits::DOCUMENT_BYTES)?)?;
    if theirs.fingerprint() != ours.fingerprint() {
        return Err(Failure::new(Exit::Refused, format!("the file is of federation {}, not of this node's", theirs.fingerprint())));
    }
    let newer: Vec<_> =
        theirs.amendments().filter(|amendment| ours.version(amendment.charter.version) != Some(&amendment.charter)).collect();
    if newer.is_empty() {
        let json = json!({ "version": ours.newest().version, "applied": false });
        return out
            .result(&json, |page| page.remark(format!("This node knows version {} already; nothing was changed.", ours.newest().version)));
    }
    let shown = client.post(VERSIONS, json!({ "amendments": newer }))?;
    let json = json!({ "version": shown["version"], "applied": true });
    out.result(&json, |page| page.remark(format!("Version {} of the charter is in effect here.", text(&shown, "version"))))
}

fn chain(client: &Client) -> Result<Chain, Failure> {
    read_chain(&client.download("/api/v1/trust")?)
}

fn agency(client: &Client) -> Result<AgencyId, Failure> {
    parsed(&client.get("/api/v1/node")?, "agency")
}

fn parsed<T: serde::de::DeserializeOwned>(value: &Value, field: &str) -> Result<T, Failure> {
    serde_json::from_value(value[field].clone()).map_err(|_| Failure::failed(format!("the node's answer has no usable field {field:?}")))
}

/// The proposal whose hash begins like that, or the only one.
fn one(client: &Client, given: Option<&str>) -> Result<Value, Failure> {
    let proposals = client.list(PROPOSALS, None)?;
    let begins = |proposal: &&Value| given.is_none_or(|given| plain(proposal, "hash").is_some_and(|hash| hash.starts_with(given)));
    let mut found = proposals.iter().filter(begins);
    match (found.next(), found.next()) {
        (Some(one), None) => Ok(one.clone()),
        (None, _) => Err(Failure::new(Exit::NotFound, "there is no such proposal").next("parangon federation show --diff lists them")),
        _ => Err(Failure::usage("more than one proposal fits").next("name it by its hash: parangon federation show --diff lists them")),
    }
}
