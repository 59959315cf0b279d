//! What a demonstration shows at its end: per agency, a small chart, and a label checked with another's trust.

use std::path::{Path, PathBuf};
use std::time::Duration;

use parangon_node::clock::{Clock, SystemClock};
use parangon_protocol::canonical;
use parangon_protocol::charter::{Chain, Founding};
use parangon_protocol::id::AgencyId;
use parangon_protocol::limits;
use parangon_protocol::time::Timestamp;
use parangon_protocol::verify::{Trust, Verdict, verify};
use serde_json::{Value, json};

use super::chart::{self, several};
use super::play::{first_by_name, text};
use super::stage::Stage;
use crate::client::{Client, encode};
use crate::failure::Failure;
use crate::output::{Page, clean};

/// The indicator whose distribution is shown.
const INDICATOR: &str = "2.5";

/// What the play came to, besides what the nodes tell.
pub(super) struct Played {
    /// One file an agency, unless the directories are about to go.
    pub(super) tokens: Option<Vec<PathBuf>>,
    /// The label that was withdrawn.
    pub(super) withdrawn: Option<String>,
    /// How long it took until every label was issued.
    pub(super) populated: Duration,
    /// How long it took until the nodes agreed.
    pub(super) converged: Duration,
    /// Whether they did.
    pub(super) is_converged: bool,
}

/// Makes one token for each agency's API, in a file that only its owner reads.
pub(super) fn tokens(clients: &[(AgencyId, Client)], root: &Path) -> Result<Vec<PathBuf>, Failure> {
    clients
        .iter()
        .map(|(agency, client)| {
            let answer = client.post("/api/v1/tokens", json!({ "name": "demo", "roles": ["admin"], "expires_days": 1 }))?;
            let path = root.join(agency.as_str()).join("admin.token");
            parangon_node::keystore::file::write_new(&path, text(&answer, "token")?.as_bytes()).map_err(Failure::failed)?;
            Ok(path)
        })
        .collect()
}

/// Everything that is printed.
pub(super) struct Summary {
    json: Value,
    example: Verdict,
    exporter: AgencyId,
    verifier: AgencyId,
}

impl Summary {
    /// Asks the nodes for everything.
    pub(super) fn gather(stage: &Stage<'_>, clients: &[(AgencyId, Client)], played: &Played) -> Result<Self, Failure> {
        let labels = clients[0].1.list("/api/v1/labels?limit=500", None)?;
        let count = |state: &str| labels.iter().filter(|label| label["state"] == state).count();
        let checked = check_labels(clients, &labels)?;
        let valid = checked.iter().filter(|(_, verdict)| verdict.code == 0).count();
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let data = stage.data;
        let json = json!({
            "agencies": agencies(stage, clients, played.tokens.as_deref())?,
            "labels": {
                "issued": labels.len(), "valid": count("valid"), "provisional": count("provisional"), "withdrawn": count("withdrawn"),
                "replaced": count("replaced"),
            },
            "converged": played.is_converged,
            "verified": { "valid": valid, "not_valid": checked.len() - valid },
            "statistics": statistics(&clients[0].1)?,
            "elapsed_ms": { "populated": millis(played.populated), "converged": millis(played.converged) },
            "scores": "made up",
            "seed": stage.seed,
            "rows": { "read": data.rows, "merged": data.merged(), "left_out": data.left_out, "remarks": data.remarks },
            "history": data.history,
            "withdrawn": played.withdrawn,
        });
        let example = checked.into_iter().find(|(_, verdict)| verdict.code == 0);
        let (owner, example) = example.ok_or_else(|| Failure::failed("no label of the demonstration could be verified as valid"))?;
        let at = clients.iter().position(|(agency, _)| *agency == owner).unwrap_or(0);
        let verifier = clients[(at + 1) % clients.len()].0.clone();
        Ok(Self { json, example, exporter: owner, verifier })
    }

    /// Prints it: for scripts the JSON, for people words.
    pub(super) fn print(&self, stage: &Stage<'_>) -> Result<(), Failure> {
        stage.out.result(&self.json, |page| {
            self.agencies(page);
            self.facts(page, stage);
            for line in chart::lines(&self.json["statistics"]) {
                page.line(clean(&line));
            }
            self.example(page);
        })
    }

    /// The agencies with their tokens, where there are any.
    fn agencies(&self, page: &mut Page) {
        let field = |agency: &Value, name: &str| agency[name].as_str().map_or_else(|| agency[name].to_string(), str::to_owned);
        let agencies = self.json["agencies"].as_array().map(Vec::as_slice).unwrap_or_default();
        let row = |agency: &Value| ["id", "country", "api", "clusters", "reviews_received", "labels"].map(|name| field(agency, name));
        let headings = ["AGENCY", "COUNTRY", "API", "CLUSTERS", "REVIEWS", "LABELS"];
        if agencies.iter().all(|agency| agency["token_file"].is_null()) {
            return page.table(headings, agencies.iter().map(row));
        }
        let with_token = |agency: &Value| {
            let [id, country, api, clusters, reviews, labels] = row(agency);
            [id, country, api, clusters, reviews, labels, field(agency, "token_file")]
        };
        let [id, country, api, clusters, reviews, labels] = headings;
        page.table([id, country, api, clusters, reviews, labels, "TOKEN FILE"], agencies.iter().map(with_token));
    }

    fn facts(&self, page: &mut Page, stage: &Stage<'_>) {
        let (data, json) = (stage.data, &self.json);
        let (labels, verified) = (&json["labels"], &json["verified"]);
        let count = |number: usize| u64::try_from(number).unwrap_or(u64::MAX);
        let rows = several(count(data.rows), "row", "rows");
        let merged = several(count(data.merged()), "row", "rows");
        let same = format!("{merged} merged with earlier ones of the same name and country");
        page.field("Clusters", format!("{} from {rows}: {same}, {} left out", data.clusters.len(), data.left_out.len()));
        page.field(
            "Labels",
            format!(
                "{} issued: {} valid, {} replaced, {} provisional, {} withdrawn",
                labels["issued"], labels["valid"], labels["replaced"], labels["provisional"], labels["withdrawn"]
            ),
        );
        page.field(
            "Verified",
            format!("{} valid, {} not valid, each with the trust file of another agency", verified["valid"], verified["not_valid"]),
        );
        if let (Some(first), Some(last)) = (&data.history.first, &data.history.last) {
            let rows = several(count(data.history.rows), "row has one", "rows have one");
            page.field("Dates", format!("the file's are history only: {rows}, {first} to {last}; no label here uses them"));
        }
        page.field("Scores", format!("made up from the seed {}, in assessments and in reviews", stage.seed));
    }

    fn example(&self, page: &mut Page) {
        page.remark(format!("A label exported by {} and checked with the trust file of {}:", self.exporter, self.verifier));
        page.line(format!("  {}", self.example.sentence));
        if let Some(facts) = &self.example.label {
            let cluster = clean(facts.cluster.name.as_str());
            page.line(format!("  {} for {cluster}, until {} (demonstration, scores are made up)", facts.level, facts.valid_until));
        }
    }
}

fn agencies(stage: &Stage<'_>, clients: &[(AgencyId, Client)], tokens: Option<&[PathBuf]>) -> Result<Vec<Value>, Failure> {
    let each = stage.plans.iter().zip(stage.nodes).zip(clients).enumerate();
    each.map(|(at, ((plan, node), (_, client)))| {
        let offers = client.list("/api/v1/offers", None)?;
        let done = |reviewer: &&Value| matches!(reviewer["state"].as_str(), Some("reviewed" | "issued"));
        let received: usize =
            offers.iter().filter_map(|offer| offer["reviewers"].as_array()).map(|all| all.iter().filter(done).count()).sum();
        Ok(json!({
            "id": plan.id,
            "country": plan.country,
            "api": format!("http://{}", node.api_address()),
            "token_file": tokens.and_then(|tokens| tokens.get(at)),
            "clusters": client.list("/api/v1/clusters", None)?.len(),
            "assessments": client.list("/api/v1/assessments", None)?.len(),
            "reviews_received": received,
            "labels": client.list(&format!("/api/v1/labels?agency={}", plan.id), None)?.len(),
        }))
    })
    .collect()
}

/// Verifies one label of each agency and everything withdrawn, each with the next agency's trust file.
fn check_labels(clients: &[(AgencyId, Client)], labels: &[Value]) -> Result<Vec<(AgencyId, Verdict)>, Failure> {
    let at = SystemClock::new(Timestamp::default()).now();
    let mut verdicts = Vec::new();
    for (n, (agency, client)) in clients.iter().enumerate() {
        let trust = trust(&clients[(n + 1) % clients.len()].1)?;
        let own = |label: &&Value| label["owner"] == agency.as_str();
        let valid = first_by_name(labels.iter().filter(own).filter(|label| label["state"] == "valid"));
        let withdrawn = labels.iter().filter(own).filter(|label| label["state"] == "withdrawn");
        for label in valid.into_iter().chain(withdrawn) {
            let bundle = client.download(&format!("/api/v1/labels/{}/bundle", encode(text(label, "id")?)))?;
            verdicts.push((agency.clone(), verify(&bundle, &trust, at)));
        }
    }
    Ok(verdicts)
}

fn trust(client: &Client) -> Result<Trust, Failure> {
    let file = client.get("/api/v1/trust")?;
    let founding: Founding =
        canonical::decode_relaxed(file["founding"].to_string().as_bytes(), limits::DOCUMENT_BYTES).map_err(Failure::invalid)?;
    Ok(Trust::new([*Chain::verify(founding).map_err(Failure::invalid)?.fingerprint()]))
}

fn statistics(client: &Client) -> Result<Value, Failure> {
    let all = client.get(&format!("/api/v1/statistics?indicator={INDICATOR}"))?;
    let aggregate = if all["rows"].is_array() { &all } else { &all["aggregate"] };
    let empty = Vec::new();
    let rows = aggregate["rows"].as_array().unwrap_or(&empty);
    let row = rows.iter().find(|row| row["indicator"] == INDICATOR).ok_or_else(|| Failure::failed("the node has no statistics"))?;
    let cells = row["cells"].clone();
    let hidden = |cell: &Value| cell["hidden_in"].as_u64().is_some_and(|agencies| agencies > 0);
    let suppressed = cells.as_array().map_or(0, |cells| cells.iter().filter(|cell| hidden(cell)).count());
    Ok(json!({
        "indicator": INDICATOR, "name": row["name"], "agencies": aggregate["agencies"], "clusters": aggregate["clusters"], "cells": cells, "suppressed": suppressed,
    }))
}
