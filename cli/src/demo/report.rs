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

use super::Stage;
use super::play::text;
use crate::client::{Client, encode};
use crate::failure::Failure;
use crate::output::clean;

/// The indicator whose distribution is shown.
const INDICATOR: &str = "2.5";

/// Width of the longest bar.
const BAR: u64 = 40;

/// Makes one token for each agency's API, in a file that only its owner reads.
pub(super) fn tokens(clients: &[(AgencyId, Client)], root: &Path) -> Result<Vec<PathBuf>, Failure> {
    clients
        .iter()
        .map(|(agency, client)| {
            let answer = client.post("/api/v1/tokens", json!({ "name": "demo", "scope": "write", "expires_days": 1 }))?;
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
    pub(super) fn gather(
        stage: &Stage<'_>,
        clients: &[(AgencyId, Client)],
        tokens: &[PathBuf],
        withdrawn: &str,
        [populated, converged]: [Duration; 2],
    ) -> Result<Self, Failure> {
        let labels = clients[0].1.list("/api/v1/labels?limit=500", None)?;
        let count = |state: &str| labels.iter().filter(|label| label["state"] == state).count();
        let checked = check_labels(clients, &labels)?;
        let valid = checked.iter().filter(|(_, verdict)| verdict.code == 0).count();
        let agencies = agencies(stage, clients, tokens)?;
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let json = json!({
            "agencies": agencies,
            "labels": { "issued": labels.len(), "valid": count("valid"), "provisional": count("provisional"), "withdrawn": count("withdrawn") },
            "converged": true,
            "verified": { "valid": valid, "not_valid": checked.len() - valid },
            "statistics": statistics(&clients[0].1)?,
            "elapsed_ms": { "populated": millis(populated), "converged": millis(converged) },
            "scores": "made up",
            "rows": { "read": stage.data.rows, "left_out": stage.data.left_out, "remarks": stage.data.remarks },
            "withdrawn": withdrawn,
        });
        let example = checked.into_iter().find(|(_, verdict)| verdict.code == 0);
        let (owner, example) = example.ok_or_else(|| Failure::failed("no label of the demonstration could be verified as valid"))?;
        let at = clients.iter().position(|(agency, _)| *agency == owner).unwrap_or(0);
        let verifier = clients[(at + 1) % clients.len()].0.clone();
        Ok(Self { json, example, exporter: owner, verifier })
    }

    pub(super) fn print(&self, stage: &Stage<'_>) -> Result<(), Failure> {
        stage.out.result(&self.json, |page| {
            let field = |value: &Value, name: &str| value[name].as_str().map_or_else(|| value[name].to_string(), str::to_owned);
            let empty = Vec::new();
            let agencies = self.json["agencies"].as_array().unwrap_or(&empty);
            let names = ["id", "country", "api", "clusters", "reviews_received", "labels", "token_file"];
            let row = |agency: &Value| names.map(|name| field(agency, name));
            page.table(["AGENCY", "COUNTRY", "API", "CLUSTERS", "REVIEWS", "LABELS", "TOKEN FILE"], agencies.iter().map(row));
            page.remark(format!(
                "Clusters: {} of {}.",
                agencies.iter().filter_map(|a| a["clusters"].as_u64()).sum::<u64>(),
                stage.describe()
            ));
            for row in stage.data.left_out.iter().chain(&stage.data.remarks) {
                page.line(format!("  line {}: {}: {}", row.line, clean(&row.name), clean(&row.reason)));
            }
            page.remark(format!("Labels: {}", self.json["labels"]));
            page.remark(format!("Indicator {INDICATOR} over all agencies (made-up scores):"));
            for line in chart(&self.json["statistics"]) {
                page.line(line);
            }
            page.remark(format!("A label exported by {} and checked with the trust file of {}:", self.exporter, self.verifier));
            page.line(format!("  {}", self.example.sentence));
            if let Some(facts) = &self.example.label {
                page.line(format!(
                    "  {} for {}, until {} (demonstration)",
                    facts.level,
                    clean(facts.cluster.name.as_str()),
                    facts.valid_until
                ));
            }
        })
    }
}

fn agencies(stage: &Stage<'_>, clients: &[(AgencyId, Client)], tokens: &[PathBuf]) -> Result<Vec<Value>, Failure> {
    let each = stage.plans.iter().zip(stage.nodes).zip(clients).zip(tokens);
    each.map(|(((plan, node), (_, client)), token)| {
        let offers = client.list("/api/v1/offers", None)?;
        let done = |reviewer: &&Value| matches!(reviewer["state"].as_str(), Some("reviewed" | "issued"));
        let received: usize =
            offers.iter().filter_map(|offer| offer["reviewers"].as_array()).map(|all| all.iter().filter(done).count()).sum();
        Ok(json!({
            "id": plan.id,
            "country": plan.country,
            "api": format!("http://{}", node.api_address()),
            "token_file": token,
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
        let valid = labels.iter().filter(own).find(|label| label["state"] == "valid");
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
        "indicator": INDICATOR, "agencies": aggregate["agencies"], "clusters": aggregate["clusters"], "cells": cells, "suppressed": suppressed,
    }))
}

/// One line a level: its bar, the count, and in how many agencies it is hidden.
fn chart(statistics: &Value) -> Vec<String> {
    let empty = Vec::new();
    let cells = statistics["cells"].as_array().unwrap_or(&empty);
    let most = cells.iter().filter_map(|cell| cell["count"].as_u64()).max().unwrap_or(0).max(1);
    let line = |(level, cell): (usize, &Value)| {
        let count = cell["count"].as_u64().unwrap_or(0);
        let bar = "#".repeat(usize::try_from(count * BAR / most).unwrap_or(0));
        let hidden = cell["hidden_in"].as_u64().unwrap_or(0);
        let note = if hidden > 0 { format!("  (hidden in {hidden} agencies)") } else { String::new() };
        format!("  level {level}  {bar:<40} {count:>4}{note}")
    };
    cells.iter().enumerate().map(line).collect()
}
