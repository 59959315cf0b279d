//! What a proposal changes of the charter in effect, from the options of `parangon federation propose`.

use std::path::PathBuf;
use std::str::FromStr;

use parangon_protocol::charter::{Charter, Level, Member, MemberCard, PoolRule, Rekeying, Resumption, Retention, Right, Tie};
use parangon_protocol::id::{AgencyId, Name, NameError, SchemeId};
use parangon_protocol::limits;
use parangon_protocol::statistics::{Dimension, PeriodError};
use parangon_protocol::time::{Month, TimeError, Timestamp};
use serde_json::Value;

use super::read_card;
use crate::client::Client;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::files;

/// What is to be changed. Several changes may stand in one proposal.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct Change {
    /// Admit the agency of this membership card (may be repeated)
    #[arg(long, value_name = "CARD")]
    admit: Vec<PathBuf>,
    /// Those of an invite.
    #[arg(skip)]
    cards: Vec<MemberCard>,
    /// End the membership of an agency; what it issued until then stays valid (may be repeated)
    #[arg(long, value_name = "AGENCY")]
    expel: Vec<AgencyId>,
    /// End our own membership
    #[arg(long)]
    leave: bool,
    /// Take every right to issue labels from an agency (may be repeated)
    #[arg(long, value_name = "AGENCY")]
    suspend: Vec<AgencyId>,
    /// What an agency may issue from now on, for example lyon=ecei:bronze,silver (may be repeated)
    #[arg(long, value_name = "AGENCY=SCHEME:LEVELS")]
    rights: Vec<RightsOf>,
    /// Replace identity key, successor and addresses of a member by those of this new card. A key that the member had not committed
    /// to is announced, and carried out by the same command thirty days later
    #[arg(long, value_name = "CARD")]
    rekey: Option<PathBuf>,
    /// Drop the identity key that was announced for an agency (may be repeated)
    #[arg(long, value_name = "AGENCY")]
    keep_key: Vec<AgencyId>,
    /// Let the log of an agency that told two stories go on in a new epoch (may be repeated)
    #[arg(long, value_name = "AGENCY")]
    resume: Vec<AgencyId>,
    /// Declare a tie of an agency to another one or to one cluster, with its last month where it is over, for example
    /// lyon=stuttgart or lyon=stuttgart/0123456789abcdef01234567:2026-10 (may be repeated)
    #[arg(long, value_name = "AGENCY=AGENCY|CLUSTER[:YYYY-MM]")]
    tie: Vec<TieOf>,
    /// Whether labels need a draw of their reviewers
    #[arg(long, value_name = "BOOL")]
    drawn: Option<bool>,
    /// The federation's name
    #[arg(long, value_name = "NAME")]
    name: Option<Name>,
    /// The month after which the charter is to be looked at again
    #[arg(long, value_name = "YYYY-MM")]
    review_by: Option<Month>,
    /// Days after which a label's status is too old
    #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(7..=366))]
    status_days: Option<u32>,
    /// The smallest count that statistics may show
    #[arg(long, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(3..=100))]
    minimum: Option<u32>,
    /// How wide the interval must stay in which a hidden count may lie
    #[arg(long, value_name = "WIDTH", value_parser = clap::value_parser!(u32).range(1..=100))]
    protection: Option<u32>,
    /// Agencies with fewer clusters add their statistics up in pools, from this quarter on: 15@2027-Q1, or none
    #[arg(long, value_name = "COUNT@QUARTER")]
    pool: Option<Pooling>,
    /// What releases divide clusters by beside the table of all, what matters most first: country,field,region,level, or none
    #[arg(long, value_name = "TABLES")]
    tables: Option<Divided>,
    /// How long members keep copies of dossiers and reviews (days) and assessments (months): dossiers=30d, reviews=365d,
    /// assessments=24m, or none for no periods at all (may be repeated)
    #[arg(long, value_name = "WHAT=PERIOD")]
    retention: Vec<Period>,
    /// Take the whole text from this file: `parangon federation show --json` prints the present one
    #[arg(long, value_name = "FILE", conflicts_with_all = ["admit", "expel", "leave", "suspend", "rights", "rekey", "keep_key", "resume", "tie", "drawn", "name", "review_by",
        "status_days", "minimum", "protection", "pool", "tables", "retention"])]
    charter: Option<PathBuf>,
}

/// `AGENCY=SCHEME:LEVELS`.
#[derive(Debug, Clone)]
struct RightsOf {
    agency: AgencyId,
    right: Right,
}

impl FromStr for RightsOf {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let shape = || "AGENCY=SCHEME:LEVEL,LEVEL, for example lyon=ecei:bronze,silver".to_owned();
        let (agency, rest) = text.split_once('=').ok_or_else(shape)?;
        let (scheme, levels) = rest.split_once(':').ok_or_else(shape)?;
        let mut all = Vec::new();
        for level in levels.split(',').map(str::trim).filter(|level| !level.is_empty()) {
            let level: Level = level.parse().map_err(|error: NameError| error.to_string())?;
            if !all.contains(&level) {
                all.push(level);
            }
        }
        all.sort();
        Ok(Self {
            agency: agency.parse().map_err(|error: NameError| error.to_string())?,
            right: Right { scheme: scheme.parse().map_err(|error: NameError| error.to_string())?, levels: all },
        })
    }
}

/// `dossiers=30d`, `reviews=365d`, `assessments=24m`, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Period {
    Dossiers(u32),
    Reviews(u32),
    Assessments(u16),
    None,
}

impl FromStr for Period {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self::None);
        }
        let shape = || "dossiers=DAYSd, reviews=DAYSd, assessments=MONTHSm, or none, for example dossiers=30d".to_owned();
        let (what, period) = text.split_once('=').ok_or_else(shape)?;
        let number = |unit| period.strip_suffix(unit).and_then(|count| count.parse::<u32>().ok()).ok_or_else(shape);
        let period = match what {
            "dossiers" => Self::Dossiers(number('d')?),
            "reviews" => Self::Reviews(number('d')?),
            "assessments" => Self::Assessments(number('m')?.try_into().map_err(|_| shape())?),
            _ => return Err(shape()),
        };
        let mut probe = Retention::assumed();
        period.put(&mut probe);
        probe.check().map(|()| period).map_err(|error| error.to_string())
    }
}

impl Period {
    fn put(self, retention: &mut Retention) {
        match self {
            Self::Dossiers(days) => retention.dossier_days = days,
            Self::Reviews(days) => retention.review_days = days,
            Self::Assessments(months) => retention.assessment_months = months,
            Self::None => {}
        }
    }
}

/// The periods from now on. Where the charter has none, all have to be named: what a federation does not say, it does not delete.
fn kept(present: Option<&Retention>, periods: &[Period]) -> Result<Option<Retention>, Failure> {
    let named: Vec<_> = periods.iter().map(std::mem::discriminant).collect();
    let twice = (1..named.len()).any(|at| named[..at].contains(&named[at]));
    if twice || (periods.contains(&Period::None) && periods.len() > 1) {
        return Err(Failure::new(Exit::Usage, "--retention names each period once, or none alone"));
    }
    match (periods, present) {
        ([], present) => return Ok(present.cloned()),
        ([Period::None], _) => return Ok(None),
        (some, None) if some.len() < 3 => {
            let failure = Failure::new(Exit::Usage, "the charter sets no periods: name all three");
            return Err(failure.next("--retention dossiers=30d --retention reviews=365d --retention assessments=24m"));
        }
        _ => {}
    }
    let mut retention = present.cloned().unwrap_or_else(Retention::assumed);
    periods.iter().for_each(|period| period.put(&mut retention));
    Ok(Some(retention))
}

/// `COUNT@QUARTER`, or `none`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Pooling(Option<PoolRule>);

impl FromStr for Pooling {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        if text == "none" {
            return Ok(Self(None));
        }
        let (below, from) = text.split_once('@').ok_or("a number of clusters and a quarter, such as 15@2027-Q1, or none")?;
        let below = below.parse().map_err(|_| "a number of clusters before the @".to_owned())?;
        Ok(Self(Some(PoolRule { below, from: from.parse().map_err(|error: PeriodError| error.to_string())? })))
    }
}

/// `DIMENSION,DIMENSION`, or `none`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Divided(Vec<Dimension>);

impl FromStr for Divided {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let mut tables = Vec::new();
        for word in text.split(',').map(str::trim).filter(|_| text != "none") {
            let by = Dimension::named(word)
                .ok_or_else(|| format!("{word:?} is not one of {}", Dimension::EVERY.map(Dimension::as_str).join(", ")))?;
            if tables.contains(&by) {
                return Err(format!("{by} stands twice"));
            }
            tables.push(by);
        }
        Ok(Self(tables))
    }
}

/// `AGENCY=AGENCY|CLUSTER[:YYYY-MM]`.
#[derive(Debug, Clone)]
struct TieOf(Tie);

impl FromStr for TieOf {
    type Err = String;
    fn from_str(text: &str) -> Result<Self, String> {
        let shape = || "AGENCY=AGENCY or AGENCY=CLUSTER, and :YYYY-MM when it is over, for example lyon=stuttgart:2026-10".to_owned();
        let (agency, rest) = text.split_once('=').ok_or_else(shape)?;
        let (to, until) = rest.split_once(':').map_or((rest, None), |(to, until)| (to, Some(until)));
        Ok(Self(Tie {
            agency: agency.parse().map_err(|error: NameError| error.to_string())?,
            to: to.parse().map_err(|error: NameError| error.to_string())?,
            until: until.map(|month| month.parse().map_err(|error: TimeError| error.to_string())).transpose()?,
        }))
    }
}

impl Change {
    /// Admits the agency of one card.
    pub(crate) fn admitting(card: MemberCard) -> Self {
        Self { cards: vec![card], ..Self::default() }
    }

    /// The next version. What the file or the options say is checked like a foreign text afterwards.
    pub(super) fn apply(&self, present: &Charter, me: &AgencyId, now: Timestamp, client: &Client) -> Result<Charter, Failure> {
        let mut next = match &self.charter {
            Some(path) => whole(path)?,
            None => self.changed(present, me, now)?,
        };
        if !self.resume.is_empty() {
            let logs = client.list("/api/v1/logs", None)?;
            for agency in &self.resume {
                known(present, agency)?;
                resume(&mut next, agency, &logs)?;
            }
        }
        for new in next.rekeyings.iter_mut().filter(|waiting| !present.rekeyings.contains(waiting)) {
            new.announced = now; // whatever a file says: that is when it is announced
        }
        next.version = present.version.checked_add(1).ok_or_else(|| Failure::invalid("the charter has no further version number"))?;
        next.previous = Some(present.hash().map_err(Failure::invalid)?);
        next.created = now;
        next.members.sort_by(|a, b| a.id.cmp(&b.id));
        Ok(next)
    }

    fn changed(&self, present: &Charter, me: &AgencyId, now: Timestamp) -> Result<Charter, Failure> {
        let mut next = present.clone();
        let cards = self.admit.iter().map(|path| read_card(path)).chain(self.cards.iter().cloned().map(Ok));
        for card in cards {
            let card = card?;
            if present.member(&card.body().id).is_some() {
                return Err(Failure::new(Exit::Conflict, format!("{} is a member already", card.body().id)));
            }
            let member = card.into_member(&next.schemes);
            next.members.push(member);
        }
        let mut gone = self.expel.clone();
        gone.extend(self.leave.then(|| me.clone()));
        for agency in &gone {
            known(present, agency)?;
            next.members.retain(|member| member.id != *agency);
            next.rekeyings.retain(|waiting| waiting.agency != *agency);
            next.resumptions.retain(|resumption| resumption.agency != *agency);
            next.ties.retain(|tie| tie.agency != *agency);
        }
        for TieOf(tie) in &self.tie {
            known(present, &tie.agency)?;
            next.ties.retain(|other| (&other.agency, &other.to) != (&tie.agency, &tie.to));
            next.ties.push(tie.clone());
            next.ties.sort_by(|a, b| (&a.agency, &a.to).cmp(&(&b.agency, &b.to)));
        }
        for agency in &self.suspend {
            of(&mut next, agency)?.rights.clear();
        }
        for RightsOf { agency, right } in &self.rights {
            let scheme: &SchemeId = &right.scheme;
            if present.schemes.iter().all(|known| known.id != *scheme) {
                return Err(Failure::new(Exit::NotFound, format!("the charter has no scheme {scheme}")));
            }
            let rights = &mut of(&mut next, agency)?.rights;
            rights.retain(|held| held.scheme != *scheme);
            if !right.levels.is_empty() {
                rights.push(right.clone());
            }
        }
        for agency in &self.keep_key {
            known(present, agency)?;
            if present.rekeying(agency).is_none() {
                return Err(Failure::new(Exit::NotFound, format!("no other identity key was announced for {agency}")));
            }
            next.rekeyings.retain(|waiting| waiting.agency != *agency);
        }
        if let Some(path) = &self.rekey {
            rekey(&mut next, &read_card(path)?, now)?;
        }
        if let Some(name) = &self.name {
            next.name = name.clone();
        }
        next.conflicts.drawn = self.drawn.unwrap_or(next.conflicts.drawn);
        next.review_by = self.review_by.unwrap_or(next.review_by);
        next.status_max_age_days = self.status_days.unwrap_or(next.status_max_age_days);
        next.retention = kept(present.retention.as_ref(), &self.retention)?;
        next.disclosure.minimum = self.minimum.unwrap_or(next.disclosure.minimum);
        next.disclosure.protection = self.protection.unwrap_or(next.disclosure.protection);
        next.disclosure.pool = self.pool.map_or(next.disclosure.pool, |pooling| pooling.0);
        if let Some(Divided(tables)) = &self.tables {
            next.disclosure.tables.clone_from(tables);
        }
        Ok(next)
    }
}

/// The epoch in which this node saw the log fork is over.
fn resume(next: &mut Charter, agency: &AgencyId, logs: &[Value]) -> Result<(), Failure> {
    let log = logs.iter().find(|log| log["agency"] == agency.as_str()).unwrap_or(&Value::Null);
    let Some(epoch) = log["forked"].as_u64().and_then(|epoch| u32::try_from(epoch).ok()) else {
        let reason = match log["frozen"] == true {
            true => "is frozen for a status that was not true: that is not undone",
            false => "is not frozen here",
        };
        return Err(Failure::new(Exit::Refused, format!("the log of {agency} {reason}")).next("parangon peer witnesses shows every log"));
    };
    next.resumptions.retain(|resumption| resumption.agency != *agency);
    next.resumptions.push(Resumption { agency: agency.clone(), epoch });
    next.resumptions.sort_by(|a, b| a.agency.cmp(&b.agency));
    Ok(())
}

/// The successor that the member committed to takes over at once, and a key that was announced when it is due. Any other is announced.
fn rekey(next: &mut Charter, card: &MemberCard, now: Timestamp) -> Result<(), Failure> {
    let body = card.body();
    let waiting = next.rekeying(&body.id).cloned();
    let member = of(next, &body.id)?;
    let announced = waiting.as_ref().is_some_and(|waiting| (waiting.identity, waiting.successor) == (body.identity, body.successor));
    if announced || body.identity.hash() == member.successor {
        member.identity = body.identity;
        member.successor = body.successor;
        member.contacts.clone_from(&body.contacts);
        next.rekeyings.retain(|waiting| waiting.agency != body.id);
        return Ok(());
    }
    if body.identity == member.identity {
        return Err(Failure::new(Exit::Conflict, format!("{} has this identity key already", body.id)));
    }
    if let Some(waiting) = waiting {
        let failure = Failure::new(Exit::Conflict, format!("another identity key was announced for {}: {}", body.id, waiting.identity));
        return Err(failure.next(format!("drop that one first: parangon federation propose --keep-key {}", body.id)));
    }
    next.rekeyings.push(Rekeying { agency: body.id.clone(), announced: now, identity: body.identity, successor: body.successor });
    next.rekeyings.sort_by(|a, b| a.agency.cmp(&b.agency));
    Ok(())
}

fn known(charter: &Charter, agency: &AgencyId) -> Result<usize, Failure> {
    let at = charter.members.iter().position(|member| member.id == *agency);
    at.ok_or_else(|| Failure::new(Exit::NotFound, format!("{agency} is no member")).next("parangon federation show lists the members"))
}

fn of<'a>(charter: &'a mut Charter, agency: &AgencyId) -> Result<&'a mut Member, Failure> {
    known(charter, agency).map(|at| &mut charter.members[at])
}

/// A charter from a file: alone, or as `federation show --json` prints it.
fn whole(path: &std::path::Path) -> Result<Charter, Failure> {
    let text = files::read(path, limits::AMENDMENTS_BYTES)?;
    let mut value: serde_json::Value = parangon_protocol::canonical::decode_relaxed(&text, limits::AMENDMENTS_BYTES)
        .map_err(|error| Failure::invalid(format!("{}: {error}", path.display())))?;
    let inner = value.get_mut("charter").map(serde_json::Value::take).unwrap_or(value);
    serde_json::from_value(inner).map_err(|error| Failure::invalid(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn periods(texts: &[&str]) -> Vec<Period> {
        texts.iter().map(|text| text.parse().expect(text)).collect()
    }

    #[test]
    fn pools_are_a_number_of_clusters_and_a_quarter() {
        let rule = PoolRule { below: 15, from: "2027-Q1".parse().expect("a quarter") };
        assert_eq!("15@2027-Q1".parse(), Ok(Pooling(Some(rule))));
        assert_eq!("none".parse(), Ok(Pooling(None)));
        for wrong in ["", "15", "15@", "@2027-Q1", "15@2027-Q5", "-1@2027-Q1", "15@2027-Q1@2"] {
            assert!(wrong.parse::<Pooling>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn tables_are_a_list_of_dimensions() {
        assert_eq!("field, country".parse(), Ok(Divided(vec![Dimension::Field, Dimension::Country])));
        assert_eq!("none".parse(), Ok(Divided(vec![])));
        for wrong in ["", "size", "field,field", "field,", "none,field"] {
            assert!(wrong.parse::<Divided>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn periods_are_named_with_their_unit_and_within_their_bounds() {
        assert_eq!(periods(&["dossiers=14d", "assessments=36m", "none"]), [Period::Dossiers(14), Period::Assessments(36), Period::None]);
        for wrong in ["", "dossiers", "dossiers=14", "dossiers=2m", "assessments=30d", "labels=3d", "reviews=-1d", "assessments=70000m"] {
            assert!(wrong.parse::<Period>().is_err_and(|error| error.contains("for example")), "{wrong}");
        }
        for beyond in ["dossiers=0d", "dossiers=366d", "reviews=29d", "assessments=5m"] {
            assert!(beyond.parse::<Period>().is_err_and(|error| error.contains("dossiers are kept 1 to 365 days")), "{beyond}");
        }
    }

    #[test]
    fn periods_that_are_not_named_stay_as_they_are() {
        let present = Retention::assumed();
        let kept = |present: Option<&Retention>, texts: &[&str]| kept(present, &periods(texts)).map_err(|failure| failure.exit);
        assert_eq!(kept(Some(&present), &[]), Ok(Some(present.clone())));
        let shorter = Retention { dossier_days: 14, ..present.clone() };
        assert_eq!(kept(Some(&present), &["dossiers=14d"]), Ok(Some(shorter.clone())));
        assert_eq!(kept(Some(&present), &["none"]), Ok(None));
        assert_eq!(kept(None, &["dossiers=14d"]), Err(Exit::Usage), "no period comes unsaid");
        assert_eq!(kept(None, &["dossiers=14d", "reviews=365d", "assessments=24m"]), Ok(Some(shorter)));
        for twice in [&["dossiers=14d", "dossiers=14d"][..], &["dossiers=14d", "reviews=90d", "dossiers=15d"], &["none", "dossiers=14d"]] {
            assert_eq!(kept(Some(&present), twice), Err(Exit::Usage), "{twice:?}");
        }
    }
}
