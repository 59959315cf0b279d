//! `parangon join`: from an invite to a member whose node holds everybody's records. It may be stopped anywhere and run again:
//! what binds the invite to this agency is written down before it is used.

mod checklist;
mod errand;
mod records;
mod refusal;

use std::path::Path;
use std::time::Duration;

use clap::Args;
use parangon_node::network::{VisitError, Visitor};
use parangon_node::store::Lock;
use parangon_protocol::canonical;
use parangon_protocol::charter::{Chain, ChainText, Member, MemberCard};
use parangon_protocol::invitation::{Answer, Meeting, Question, Standing, commitment, may_ask};
use parangon_protocol::limits;
use parangon_protocol::time::Timestamp;
use serde_json::json;

use super::config::ConfigFile;
use super::federation::{enter, read_federation, rules};
use super::invite::same;
use super::key::now;
use super::serve::refused;
use super::unlock::Passphrases;
use crate::args::DataDir;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::{Output, clean};
use crate::{files, prompt};
use checklist::Checklist;
use errand::Errand;
use refusal::{declined, expected, not_reached};

/// Between two questions whether the members have decided, at first and when it has changed.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// The longest pause between two of them.
const ASK_SELDOM: Duration = Duration::from_secs(30);

/// Questions in a row whose connection was closed, until this counts as an answer.
const CLOSED: u32 = 5;

/// Seconds by which two clocks may differ. More, and others would find times in our labels untrue.
const CLOCK_TOLERANCE: u64 = 60;

/// Arguments of `parangon join`.
#[derive(Debug, Args)]
pub(crate) struct JoinArgs {
    /// The invite, or - for stdin [default: the one that was used last in this directory]
    invite: Option<String>,
    #[command(flatten)]
    data: DataDir,
    #[command(flatten)]
    file: ConfigFile,
    /// The four words that the inviting agency read out; without them they are shown and you are asked
    #[arg(long, value_name = "WORDS")]
    words: Option<String>,
    /// Ask to be admitted, and end; the same command goes on later
    #[arg(long)]
    no_wait: bool,
    /// Accept the rules and the check words without being asked
    #[arg(long, short)]
    yes: bool,
    #[command(flatten)]
    passphrases: Passphrases,
}

/// Looks, asks, waits, and enters.
pub(crate) async fn run(args: JoinArgs, out: &Output) -> Result<(), Failure> {
    let dir = args.config()?.data_dir;
    if let Some((chain, _)) = read_federation(&dir)? {
        Errand::done(&dir); // an earlier run was ended before it could
        let failure = Failure::new(Exit::Conflict, format!("{} belongs to federation {} already", dir.display(), chain.fingerprint()));
        return Err(failure.next("nothing was changed; `parangon serve` runs its node"));
    }
    let card = own_card(&dir)?;
    if args.passphrases.open_identity(&dir)?.public() != card.body().identity {
        return Err(Failure::invalid("the membership card in this directory names another identity key than identity.keys holds"));
    }
    let lock = Lock::take(&dir).map_err(|error| refused(&error.into()))?;
    let errand = Errand::of(args.invite.as_deref(), &dir)?;
    let mut list = Checklist::new(out);
    let mut visitor =
        Visitor::connect(&errand.invitation, |step| list.progress(&step)).await.map_err(|error| not_reached(&error, &errand.invitation))?;
    let mut visit = Visit { visitor: &mut visitor, errand, card: &card, dir: &dir, args: &args, list: &mut list, out };
    visit.run(lock).await
}

/// One run of the command, with the other node at the end of the line.
struct Visit<'a> {
    visitor: &'a mut Visitor,
    errand: Errand,
    card: &'a MemberCard,
    dir: &'a Path,
    args: &'a JoinArgs,
    list: &'a mut Checklist<'a>,
    out: &'a Output,
}

/// The federation as the other node shows it, checked.
struct Shown {
    chain: Chain,
    /// Records that it holds.
    records: u64,
}

impl Visit<'_> {
    /// The lock is this directory's: the node that receives the records takes it again.
    async fn run(&mut self, lock: Lock) -> Result<(), Failure> {
        let mut shown = self.look(true).await?;
        let words = self.ask(&shown.chain).await?;
        let mut standing = self.compare(&words, &shown.chain).await?;
        if self.args.no_wait && standing != Standing::Admitted {
            return self.report(&shown, &words, standing);
        }
        self.wait(&mut standing).await?;
        if !self.errand.compared {
            let text = "the members have agreed, and nobody here has compared the check words";
            let step = format!("telephone {}, then: parangon join --words \"…\"", self.errand.invitation.agency);
            return Err(Failure::new(Exit::Usage, text).next(step));
        }
        if !self.is_member(&shown.chain) {
            shown = self.look(false).await?;
        }
        if !self.is_member(&shown.chain) {
            return Err(Failure::failed("the node says that this agency is admitted, and its charter does not: ask again later"));
        }
        enter(&shown.chain, &self.args.passphrases, self.dir)?;
        Errand::done(self.dir);
        drop(lock);
        records::receive(self.args, shown.records, self.list, self.out).await;
        self.report(&shown, &words, Standing::Admitted)
    }

    /// Waits until the members have decided. A node that does not answer for a while ends nothing: members take days.
    async fn wait(&mut self, standing: &mut Standing) -> Result<(), Failure> {
        let (mut pause, mut away, mut closed) = (ASK_AGAIN, false, 0);
        while *standing != Standing::Admitted {
            self.visitor.rest(pause).await;
            pause = (pause * 3 / 2).min(ASK_SELDOM);
            match self.visitor.ask(Question::Standing).await {
                Ok(Answer::Standing(next)) => {
                    (away, closed) = (false, 0);
                    if next != *standing {
                        self.out.say(&said(next, &self.errand.invitation.agency));
                        pause = ASK_AGAIN;
                    }
                    *standing = next;
                }
                Ok(Answer::Refused(refusal)) => return Err(declined(refusal, &self.errand.invitation)),
                Ok(_) => return Err(expected()),
                Err(error) => {
                    closed = if matches!(error, VisitError::TurnedAway) { closed + 1 } else { 0 };
                    if closed >= CLOSED || matches!(error, VisitError::OtherNode { .. }) {
                        return Err(not_reached(&error, &self.errand.invitation));
                    }
                    if !away {
                        self.out.say(&format!("{error}; still waiting. Ctrl-C ends this, and `parangon join` goes on."));
                    }
                    away = true;
                }
            }
        }
        Ok(())
    }

    fn is_member(&self, chain: &Chain) -> bool {
        let body = self.card.body();
        chain.newest().member(&body.id).is_some_and(|member| member.identity == body.identity)
    }

    /// The rules, as the fingerprint in the invite decides them; the clocks on the way.
    async fn look(&mut self, first: bool) -> Result<Shown, Failure> {
        let asked = now();
        let Answer::Federation { chain, now: theirs, records } = self.put(Question::Look).await? else { return Err(expected()) };
        if first {
            self.clock(asked, theirs)?;
        }
        let text: ChainText = canonical::decode(&chain, limits::DOCUMENT_BYTES).map_err(Failure::invalid)?;
        let invitation = &self.errand.invitation;
        let chain = Chain::read(text, Some(&invitation.federation)).map_err(|error| {
            let failure = Failure::new(Exit::Refused, format!("the rules that the node shows do not hold: {error}"));
            failure.next(format!("tell {} by telephone; nothing was changed", invitation.agency))
        })?;
        if chain.newest().member(&invitation.agency).is_none() {
            return Err(Failure::new(Exit::Refused, format!("{}, who invites, is no member", invitation.agency)));
        }
        if first {
            let count = chain.newest().members.len();
            self.list.ok("rules received", &format!("version {} of the charter, {count} members", chain.newest().version));
        }
        Ok(Shown { chain, records })
    }

    fn clock(&mut self, asked: Timestamp, theirs: Timestamp) -> Result<(), Failure> {
        let ours = now();
        // The answer is at least as old as the question and at most as old as now.
        let (ahead, behind) = (asked.since(theirs), theirs.since(ours));
        let agency = &self.errand.invitation.agency;
        let apart = ahead.max(behind);
        if apart <= CLOCK_TOLERANCE {
            self.list.ok("clock", &format!("{apart} s apart"));
            return Ok(());
        }
        let side = if ahead > behind { "ahead of" } else { "behind" };
        let text = format!("this computer is {apart} s {side} the node of {agency}: what it signs would be refused");
        self.list.fail("clock", &text);
        Err(Failure::failed(text).next("sudo timedatectl set-ntp true (or have them do so), then run the same command again"))
    }

    /// Shows who and what this is, asks the person, then the node. What it says is the same however often it is asked.
    async fn ask(&mut self, chain: &Chain) -> Result<String, Failure> {
        let (invitation, card) = (&self.errand.invitation, self.card);
        if !self.errand.begun {
            may_ask(&invitation.to, card.body(), chain.newest()).map_err(|refusal| declined(refusal, invitation))?;
            let inviter = chain.newest().member(&invitation.agency);
            if !self.args.yes {
                self.out.show(&introduction(inviter, chain));
            }
            prompt::confirm(self.out, &format!("Does {} ask to be admitted under these rules?", card.body().id), self.args.yes)?;
        }
        self.errand.save(self.dir)?;
        let text = card.to_text().map_err(Failure::invalid)?;
        let theirs = self.errand.nonce;
        let question = Question::Ask { card: text.clone(), commitment: commitment(&theirs, &text) };
        let Answer::Nonce(ours) = self.put(question).await? else { return Err(expected()) };
        // Before ours is told: a host that could choose its own afterwards could choose the words.
        self.errand.met(ours, self.dir)?;
        let Answer::Standing(_) = self.put(Question::Reveal { nonce: theirs }).await? else { return Err(expected()) };
        let invitation = &self.errand.invitation;
        let meeting =
            Meeting { federation: &invitation.federation, host: &invitation.transport, card: &text, theirs: &theirs, ours: &ours };
        Ok(meeting.words())
    }

    /// Has a person compare the words, once.
    async fn compare(&mut self, words: &str, chain: &Chain) -> Result<Standing, Failure> {
        let agency = self.errand.invitation.agency.clone();
        let other_words = || {
            let text = format!("these are not the words of {agency}: somebody may stand in between");
            Failure::new(Exit::Refused, text).next(format!("read them again; if they differ, ask {agency} for a new invite by another way"))
        };
        self.list.ok("check words", &words.replace('-', " "));
        match &self.args.words {
            Some(given) if same(given, words) => self.errand.compared(self.dir)?,
            Some(_) => return Err(other_words()),
            None if self.errand.compared => {}
            None if self.args.no_wait && !self.args.yes && !self.out.is_interactive() => {}
            None => {
                let name = chain.newest().member(&agency).map_or("", |member| member.name.as_str());
                let telephone = format!("Telephone {agency} ({}). The four words are: {}", clean(name), words.replace('-', " "));
                self.out.show(&telephone);
                if !prompt::agree(self.out, "Did they read out the same four words?", self.args.yes)? {
                    return Err(other_words());
                }
                self.errand.compared(self.dir)?;
            }
        }
        let standing = self.standing().await?;
        self.out.say(&said(standing, &agency));
        Ok(standing)
    }

    async fn standing(&mut self) -> Result<Standing, Failure> {
        let Answer::Standing(standing) = self.put(Question::Standing).await? else { return Err(expected()) };
        Ok(standing)
    }

    async fn put(&mut self, question: Question) -> Result<Answer, Failure> {
        match self.visitor.ask(question).await {
            Ok(Answer::Refused(refusal)) => Err(declined(refusal, &self.errand.invitation)),
            Ok(answer) => Ok(answer),
            Err(error) => Err(not_reached(&error, &self.errand.invitation)),
        }
    }

    fn report(&self, shown: &Shown, words: &str, standing: Standing) -> Result<(), Failure> {
        let (charter, fingerprint, agency) = (shown.chain.newest(), shown.chain.fingerprint(), &self.card.body().id);
        let mut json = json!({ "agency": agency, "federation": charter.name, "fingerprint": fingerprint, "words": fingerprint.words(),
            "invited_by": self.errand.invitation.agency, "check_words": words, "compared": self.errand.compared, "checklist": self.list.lines() });
        if let (Some(json), Ok(serde_json::Value::Object(standing))) = (json.as_object_mut(), serde_json::to_value(standing)) {
            json.extend(standing);
        }
        self.out.result(&json, |page| {
            page.field("check words", words);
            page.field("in words", fingerprint.words());
            if standing == Standing::Admitted {
                page.remark(format!("{agency} is a member of \"{}\".", clean(charter.name.as_str())));
                page.next(format!("`parangon serve --data {}`", self.dir.display()));
            } else {
                page.remark(said(standing, &self.errand.invitation.agency));
                page.next(format!("`parangon join --data {}` goes on", self.dir.display()));
            }
        })
    }
}

/// What has become of it, for people.
fn said(standing: Standing, agency: &parangon_protocol::id::AgencyId) -> String {
    match standing {
        Standing::Asked => format!("{agency} has to compare the words and propose it: parangon invite accept"),
        Standing::Proposed { have, needed } => format!("The members vote: {have} of {needed} have agreed."),
        Standing::Rejected => format!("The members said no. Speak with {agency}, who may propose it again."),
        Standing::Admitted => "The members have agreed.".to_owned(),
    }
}

/// Who invites, and into what.
fn introduction(inviter: Option<&Member>, chain: &Chain) -> String {
    let who = inviter.map_or_else(String::new, |m| format!("{} ({}, {})", m.id, clean(m.name.as_str()), m.country));
    format!("{who} invites you into \"{}\".\n\n{}", clean(chain.newest().name.as_str()), rules(chain.newest(), chain.fingerprint()))
}

/// The one membership card of a directory, as `init` made it.
fn own_card(dir: &Path) -> Result<MemberCard, Failure> {
    let entries = std::fs::read_dir(dir).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut cards = entries.filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().ends_with(".member.json")));
    match (cards.next(), cards.next()) {
        (Some(path), None) => {
            let text = files::read(&path, limits::RECORD_BYTES)?;
            MemberCard::read(&text).map_err(|error| Failure::invalid(format!("{}: {error}", path.display())))
        }
        (None, _) => {
            let failure = Failure::new(Exit::NotFound, format!("{} holds no agency", dir.display()));
            Err(failure.next("make it with `parangon init`, or name its directory with --data"))
        }
        _ => Err(Failure::new(Exit::Conflict, format!("{} holds more than one membership card", dir.display()))
            .next("move those away that are not this agency's")),
    }
}

impl JoinArgs {
    /// Where the node's configuration is.
    fn config(&self) -> Result<parangon_node::config::Config, Failure> {
        self.file.load(&self.data)
    }
}
