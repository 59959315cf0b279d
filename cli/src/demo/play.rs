//! What people would do, over the same API that they would use: one thread an agency.

use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parangon_protocol::charter::Level;
use parangon_protocol::id::AgencyId;
use serde_json::{Value, json};

use super::plan::{self, AgencyPlan, ClusterPlan};
use super::signals::Signals;
use crate::client::{Body, Client, encode};
use crate::failure::Failure;
use hyper::Method;

/// How often an agency's staff looks at its inbox. Nothing depends on it but how long the demonstration takes.
const LOOK: Duration = Duration::from_millis(40);

/// What an offer is refused with when a label that was published stands against a reviewer.
const OBJECTED: [&str; 2] = ["PGN-0814", "PGN-0815"];

/// After which a demonstration that does not come forward ends with an error.
pub(super) const PATIENCE: Duration = Duration::from_secs(120);

/// Counted while the agencies work, for the progress bar.
#[derive(Debug, Default)]
pub(super) struct Progress {
    pub(super) assessed: AtomicUsize,
    pub(super) reviewed: AtomicUsize,
    pub(super) issued: AtomicUsize,
}

/// One agency at work.
pub(super) struct Player<'a> {
    pub(super) plan: &'a AgencyPlan,
    pub(super) client: &'a Client,
    /// Whoever confirms its decisions.
    pub(super) second: &'a Client,
    pub(super) progress: &'a Progress,
    /// What scores are made up from.
    pub(super) seed: u64,
    /// Labels that all agencies together will issue: then there is nothing left to review.
    pub(super) labels: usize,
    /// Agencies that gave up: then the others need not wait.
    pub(super) failed: &'a AtomicU8,
    /// What ends the work early.
    pub(super) signals: &'a Signals,
}

impl Player<'_> {
    /// Assesses, asks for reviews, reviews for others, issues; until all agencies have issued everything.
    pub(super) fn run(&self) -> Result<(), Failure> {
        for cluster in &self.plan.clusters {
            self.assess_and_ask(cluster)?;
            self.progress.assessed.fetch_add(1, Ordering::Relaxed);
            self.work()?;
        }
        let began = Instant::now();
        while self.progress.issued.load(Ordering::Acquire) < self.labels {
            self.signals.check()?;
            if !self.work()? {
                std::thread::park_timeout(LOOK);
            }
            if self.failed.load(Ordering::Acquire) > 0 {
                return Ok(());
            }
            if began.elapsed() > PATIENCE {
                return Err(Failure::failed(format!("{} waited {} s for the other agencies", self.plan.id, PATIENCE.as_secs())));
            }
        }
        Ok(())
    }

    fn assess_and_ask(&self, plan: &ClusterPlan) -> Result<(), Failure> {
        let cluster = &plan.cluster;
        let mut body = json!({ "name": cluster.name, "country": cluster.country });
        if let Some(region) = &cluster.region {
            body["region"] = json!(region);
        }
        if let Some(field) = &cluster.field {
            body["field"] = json!(field);
        }
        let cluster_id = text(&self.client.post("/api/v1/clusters", body)?, "id")?.to_owned();
        self.assess(plan, &cluster_id, cluster.awards()[0])
    }

    /// Assesses a cluster and asks for reviews for an award of this level.
    fn assess(&self, plan: &ClusterPlan, cluster_id: &str, level: Level) -> Result<(), Failure> {
        let eligibility = json!({ "eccp_listed": true, "management_fte_hundredths": 150, "members": 40, "member_types": 3 });
        let assessment =
            self.client.post("/api/v1/assessments", json!({ "cluster": cluster_id, "eligibility": eligibility, "improvements": 3 }))?;
        let id = text(&assessment, "id")?;
        let path = format!("/api/v1/assessments/{}/scores", encode(id));
        self.client.send(Method::PUT, &path, Body::Json(json!(plan.scores)), Some(text(&assessment, "etag")?))?;
        self.ask(plan, cluster_id, id, level)
    }

    /// Asks the reviewers that the rules allow now.
    fn ask(&self, plan: &ClusterPlan, cluster_id: &str, assessment: &str, level: Level) -> Result<(), Failure> {
        loop {
            let reviewers = self.reviewers(plan, cluster_id, level)?;
            let offer = json!({
                "assessment": assessment, "scheme": "demo", "level": level, "reviewers": reviewers, "languages": ["en"], "comments": false,
            });
            match self.client.post("/api/v1/offers", offer) {
                // A label of somebody else came in between, and with it another rule against one of them.
                Err(failure) if OBJECTED.contains(&failure.problem.code.as_str()) => self.signals.check()?,
                answer => return answer.map(drop),
            }
        }
    }

    /// The planned reviewers; for one that the conflict rules do not allow any more, the next that they allow.
    fn reviewers(&self, plan: &ClusterPlan, cluster: &str, level: Level) -> Result<Vec<String>, Failure> {
        let cluster = encode(cluster);
        let path = format!("/api/v1/eligible?scheme=demo&level={level}&cluster={cluster}");
        let allowed = self.client.list(&path, None)?;
        let mut free: Vec<&str> = allowed.iter().filter(|a| a["eligible"] == true).filter_map(|a| a["agency"].as_str()).collect();
        let mut chosen = Vec::new();
        for planned in plan.reviewers_of(level) {
            let at = free.iter().position(|agency| *agency == planned.as_str()).unwrap_or_default();
            if free.is_empty() {
                return Err(Failure::failed(format!("nobody may review {} any more", plan.cluster.name)));
            }
            chosen.push(free.remove(at).to_owned());
        }
        Ok(chosen)
    }

    /// Does what waits. True when there was something.
    fn work(&self) -> Result<bool, Failure> {
        let mut busy = false;
        for item in self.client.list("/api/v1/inbox", None)? {
            self.signals.check()?;
            busy |= self.review(&item)?;
        }
        for offer in self.client.list("/api/v1/offers", None)? {
            let reviewers = offer["reviewers"].as_array().map(Vec::as_slice).unwrap_or_default();
            if offer["state"] == "open" && reviewers.iter().any(|reviewer| reviewer["state"] == "declined") {
                self.ask_again(&offer)?;
                busy = true;
            } else if offer["state"] == "open" && reviewers.iter().all(|reviewer| reviewer["state"] == "reviewed") {
                let order = json!({ "offer": text(&offer, "id")? });
                let decided = self.client.post("/api/v1/labels", order.clone())?;
                if decided["state"] == "decided" {
                    self.second.post("/api/v1/labels", order)?;
                }
                self.next_award(&offer)?;
                self.progress.issued.fetch_add(1, Ordering::Release);
                busy = true;
            }
        }
        Ok(busy)
    }

    /// Assesses the cluster of an offer that led to a label anew, where it is awarded a higher level as well.
    fn next_award(&self, offer: &Value) -> Result<(), Failure> {
        let plan = self.planned(offer)?;
        let level = level(offer)?;
        match plan.cluster.awards().into_iter().find(|award| *award > level) {
            Some(next) => self.assess(plan, text(&offer["cluster"], "id")?, next),
            None => Ok(()),
        }
    }

    fn planned(&self, offer: &Value) -> Result<&ClusterPlan, Failure> {
        let name = text(&offer["cluster"], "name")?;
        let plan = self.plan.clusters.iter().find(|plan| plan.cluster.name.as_str() == name);
        plan.ok_or_else(|| Failure::failed(format!("{name} was not planned")))
    }

    /// Asks others in place of those who declined.
    fn ask_again(&self, offer: &Value) -> Result<(), Failure> {
        self.client.post(&format!("/api/v1/offers/{}/withdraw", encode(text(offer, "id")?)), json!({}))?;
        self.ask(self.planned(offer)?, text(&offer["cluster"], "id")?, text(offer, "assessment")?, level(offer)?)
    }

    fn review(&self, item: &Value) -> Result<bool, Failure> {
        let offer = encode(text(item, "offer")?);
        match item["state"].as_str() {
            Some("offered") => {
                match self.client.post(&format!("/api/v1/inbox/{offer}/accept"), json!({ "conflicts": "none" })) {
                    Err(failure) if OBJECTED.contains(&failure.problem.code.as_str()) => {
                        self.client.post(&format!("/api/v1/inbox/{offer}/decline"), json!({ "reason": "conflict" }))?;
                    }
                    Err(failure) => self.unless_withdrawn(&offer, failure)?,
                    Ok(_) => {}
                }
                Ok(true)
            }
            Some("dossier-sent") => {
                let review =
                    json!({ "scores": self.scores(item)?, "improvements": 3, "eligible": true, "findings": "A demonstration: made up." });
                match self.client.post(&format!("/api/v1/inbox/{offer}/review"), review) {
                    Err(failure) => self.unless_withdrawn(&offer, failure)?,
                    Ok(_) => drop(self.progress.reviewed.fetch_add(1, Ordering::Relaxed)),
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }

    /// The owner may have taken the offer back since we looked.
    fn unless_withdrawn(&self, offer: &str, failure: Failure) -> Result<(), Failure> {
        let now = self.client.get(&format!("/api/v1/inbox/{offer}"))?;
        if now["state"] == "withdrawn" { Ok(()) } else { Err(failure) }
    }

    /// What this agency finds when it reviews: made up.
    fn scores(&self, item: &Value) -> Result<Value, Failure> {
        let cluster = &item["cluster"];
        Ok(json!(plan::review(self.seed, level(item)?, text(cluster, "name")?, text(cluster, "country")?, &self.plan.id)))
    }
}

/// The level that an offer is for.
fn level(offer: &Value) -> Result<Level, Failure> {
    text(offer, "level")?.parse().map_err(Failure::failed)
}

/// A text field that every answer has.
pub(super) fn text<'v>(value: &'v Value, name: &str) -> Result<&'v str, Failure> {
    value[name].as_str().ok_or_else(|| Failure::failed(format!("the node's answer has no {name}")))
}

/// The label whose cluster comes first by its name: the same one in every run.
pub(super) fn first_by_name<'v>(labels: impl Iterator<Item = &'v Value>) -> Option<&'v Value> {
    labels.min_by_key(|label| label["cluster"]["name"].as_str())
}

/// Withdraws a valid label of the first agency that has one, unless it is the only one of the federation.
pub(super) fn withdraw_one(clients: &[(AgencyId, Client)]) -> Result<Option<String>, Failure> {
    let (mut left, mut valid) = (0, Vec::new());
    for (agency, client) in clients {
        let own = client.list(&format!("/api/v1/labels?limit=500&agency={agency}"), None)?;
        valid.push(own.into_iter().filter(|label| label["state"] == "valid").collect::<Vec<_>>());
        left += valid.last().map_or(0, Vec::len);
    }
    if left < 2 {
        return Ok(None);
    }
    for ((_, client), own) in clients.iter().zip(&valid) {
        if let Some(label) = first_by_name(own.iter()) {
            let id = text(label, "id")?.to_owned();
            client.post(&format!("/api/v1/labels/{}/standing", encode(&id)), json!({ "action": "withdraw", "reason": "at-request" }))?;
            return Ok(Some(id));
        }
    }
    Err(Failure::failed("no agency has issued a label"))
}
