//! What is in a mirror: for programs, and as a page that loads and runs nothing.

use std::collections::BTreeMap;
use std::fmt::Write;

use parangon_node::service::mirrors::{TRUST, fork_path};
use parangon_protocol::charter::Chain;
use parangon_protocol::id::AgencyId;
use parangon_protocol::time::Timestamp;
use serde_json::{Value, json};

use super::PAGE;
use super::log::Log;
use crate::fields::{items, plain, text};
use crate::html::escaped;

const STYLE: &str = "\
:root { color-scheme: light dark; --line: #8886; --dim: #666; }
@media (prefers-color-scheme: dark) { :root { --dim: #aaa; } }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 64rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .25rem; }
p.dim, td.dim { color: var(--dim); } code { overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
.note { border: 2px solid; padding: .5rem 1rem; }
";

/// What is listed.
pub(super) struct Index<'a> {
    pub(super) chain: &'a Chain,
    /// Labels as the API shows them, with their file.
    pub(super) labels: &'a [Value],
    pub(super) logs: &'a [Log],
    pub(super) forks: &'a [AgencyId],
    pub(super) written: Timestamp,
}

impl Index<'_> {
    /// `index.json`.
    pub(super) fn json(&self) -> Value {
        let charter = self.chain.newest();
        let logs = self
            .logs
            .iter()
            .map(|log| json!({ "agency": log.agency, "records": log.head.size, "checkpoint": format!("{}/checkpoint", log.agency) }));
        json!({
            "type": "parangon-mirror-index", "v": 1, "federation": self.chain.fingerprint(), "words": self.chain.fingerprint().words(),
            "name": charter.name, "demonstration": charter.demonstration, "written": self.written, "trust": TRUST,
            "logs": logs.collect::<Vec<_>>(), "forks": self.forks.iter().map(fork_path).collect::<Vec<_>>(), "labels": self.labels,
        })
    }

    /// `index.html`.
    pub(super) fn html(&self) -> String {
        let mut page = String::new();
        self.write(&mut page).expect("a String takes everything");
        page
    }

    fn write(&self, page: &mut String) -> std::fmt::Result {
        let charter = self.chain.newest();
        let name = escaped(charter.name.as_str());
        write!(
            page,
            "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
             <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
             <meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n\
             <title>Labels of {name}</title>\n<style>\n{STYLE}</style>\n</head>\n<body>\n<h1>Labels of {name}</h1>\n"
        )?;
        if charter.demonstration {
            page.write_str(
                "<p class=\"note\"><strong>A demonstration.</strong> Scores are made up; these labels say nothing about anybody.</p>\n",
            )?;
        }
        write!(
            page,
            "<p>What one agency's node knew on <time datetime=\"{0}\">{0}</time>. This page proves nothing: whoever relies on a label downloads \
             its file and checks it with <a href=\"{PAGE}\">a page that works without a network</a> or with <code>parangon verify</code>, against the fingerprint of the federation. Compare its eight words with a \
             certificate, or another source than this page:</p>\n<p><strong>{1}</strong></p>\n<p class=\"dim\"><code>{2}</code> · \
             <a href=\"{TRUST}\">trust file</a> · <a href=\"index.json\">this list for programs</a></p>\n",
            self.written,
            escaped(&self.chain.fingerprint().words()),
            self.chain.fingerprint(),
        )?;
        self.clusters(page)?;
        page.write_str("<h2>Logs</h2>\n<table>\n<thead><tr><th>Agency</th><th>Records</th><th>Newest head</th></tr></thead>\n<tbody>\n")?;
        for Log { agency, head, .. } in self.logs {
            let member = charter.member(agency).map_or(agency.as_str(), |member| member.name.as_str());
            writeln!(
                page,
                "<tr><td>{} (<code>{agency}</code>)</td><td>{}</td><td><a href=\"{agency}/checkpoint\">checkpoint</a></td></tr>",
                escaped(member),
                head.size
            )?;
        }
        page.write_str("</tbody>\n</table>\n")?;
        for agency in self.forks {
            writeln!(
                page,
                "<p class=\"note\">The log of <code>{agency}</code> told two stories: <a href=\"{}\">evidence</a>.</p>",
                fork_path(agency)
            )?;
        }
        page.write_str("</body>\n</html>\n")
    }

    /// Labels by cluster, those of one cluster by date.
    fn clusters(&self, page: &mut String) -> std::fmt::Result {
        let mut clusters: BTreeMap<(String, String), Vec<&Value>> = BTreeMap::new();
        for label in self.labels {
            let cluster = &label["cluster"];
            clusters.entry((text(cluster, "name"), text(cluster, "id"))).or_default().push(label);
        }
        if clusters.is_empty() {
            return page.write_str("<p>There are no labels yet.</p>\n");
        }
        for ((name, id), mut labels) in clusters {
            labels.sort_by_key(|label| std::cmp::Reverse(text(label, "issued")));
            let country = plain(&labels[0]["cluster"], "country").unwrap_or_default();
            write!(
                page,
                "<h2>{}</h2>\n<p class=\"dim\">{} · <code>{}</code></p>\n<table>\n<thead><tr><th>Level</th><th>State</th><th>Issued</th>\
                 <th>Valid until</th><th>Issued by</th><th>Endorsed by</th><th>File</th></tr></thead>\n<tbody>\n",
                escaped(&name),
                escaped(country),
                escaped(&id),
            )?;
            for label in labels {
                let cell = |field: &str| escaped(&text(label, field));
                let issued = text(label, "issued");
                let reason =
                    ["reason", "provisional_because"].iter().find_map(|field| plain(label, field)).map(|why| format!(": {}", escaped(why)));
                let question = if items(label, "under_question").is_empty() { "" } else { " (under question)" };
                writeln!(
                    page,
                    "<tr><td>{}</td><td>{}{question}{}</td><td>{}</td><td>{}</td><td>{}</td><td>{}</td><td><a href=\"{}\" download>label file</a></td></tr>",
                    cell("level"),
                    cell("state"),
                    reason.unwrap_or_default(),
                    escaped(issued.get(..10).unwrap_or(&issued)),
                    cell("valid_until"),
                    cell("owner"),
                    cell("endorsers"),
                    cell("file"),
                )?;
            }
            page.write_str("</tbody>\n</table>\n")?;
        }
        Ok(())
    }
}
