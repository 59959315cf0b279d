//! Which role may call which route, and what of it stays in the audit trail: one line a route. A route that has no line is
//! refused to everybody, and a test finds it.
//!
//! An admin may call all of them: whoever makes tokens can make one for anything, so that withholding a route would only look
//! like a bound. What an admin does stands in the trail like everybody's.

use axum::http::Method;

use crate::service::roles::Role::{self, Admin, Approver, ReadOnly, Reviewer, Staff};

/// What of a request stays in the audit trail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trace {
    /// Nothing: it reads what is public, or lists without content.
    Nothing,
    /// That somebody read what is confidential.
    Reading,
    /// That somebody changed something.
    Change,
}

/// The line of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Rule {
    /// Roles that may call it, besides admins.
    pub(super) who: &'static [Role],
    /// What stays in the trail.
    pub(super) trace: Trace,
}

/// What a route's line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// There it is.
    Rule(Rule),
    /// The path has lines, but none of this method: there is no such route.
    OtherMethod,
    /// None: nobody may call it.
    Missing,
}

const ALL: &[Role] = &[ReadOnly, Staff, Reviewer, Approver];
const STAFF: &[Role] = &[Staff];
const REVIEWER: &[Role] = &[Reviewer];
const APPROVER: &[Role] = &[Approver];
const OWNER: &[Role] = &[Staff, Approver];
const INBOX: &[Role] = &[Reviewer, Approver];
const ADMIN: &[Role] = &[Admin];

use Trace::{Change, Nothing, Reading};

const TABLE: &[(&str, &str, &[Role], Trace)] = &[
    ("GET", "/metrics", ALL, Nothing),
    ("GET", "/api/v1/node", ALL, Nothing),
    ("GET", "/api/v1/status", ALL, Nothing),
    ("GET", "/api/v1/reminders", ALL, Nothing),
    ("GET", "/api/v1/peers", ALL, Nothing),
    ("GET", "/api/v1/witnesses", ALL, Nothing),
    ("GET", "/api/v1/logs", ALL, Nothing),
    ("GET", "/api/v1/logs/{agency}/evidence", ALL, Nothing),
    ("GET", "/api/v1/mirror", ALL, Nothing),
    ("GET", "/api/v1/mirror/file", ALL, Nothing),
    ("GET", "/api/v1/events", ALL, Nothing),
    ("GET", "/api/v1/trust", ALL, Nothing),
    ("POST", "/api/v1/verify", ALL, Nothing),
    // Clusters and catalogues.
    ("GET", "/api/v1/clusters", ALL, Nothing),
    ("POST", "/api/v1/clusters", STAFF, Change),
    ("POST", "/api/v1/clusters/import", STAFF, Change),
    ("GET", "/api/v1/clusters/{agency}/{id}", ALL, Nothing),
    ("PUT", "/api/v1/clusters/{agency}/{id}", STAFF, Change),
    ("POST", "/api/v1/clusters/{agency}/{id}/merge", STAFF, Change),
    ("PUT", "/api/v1/clusters/{agency}/{id}/objection", STAFF, Change),
    ("GET", "/api/v1/catalogues", ALL, Nothing),
    ("POST", "/api/v1/catalogues", STAFF, Change),
    ("GET", "/api/v1/catalogues/{id}", ALL, Nothing),
    ("GET", "/api/v1/catalogues/{id}/file", ALL, Nothing),
    // Assessments: lists say how far they are, not what they say.
    ("GET", "/api/v1/assessments", ALL, Nothing),
    ("POST", "/api/v1/assessments", STAFF, Change),
    ("GET", "/api/v1/assessments/{id}", ALL, Nothing),
    ("PATCH", "/api/v1/assessments/{id}", STAFF, Change),
    ("GET", "/api/v1/assessments/{id}/scores", OWNER, Reading),
    ("PUT", "/api/v1/assessments/{id}/scores", STAFF, Change),
    ("GET", "/api/v1/assessments/{id}/scores.csv", OWNER, Reading),
    ("GET", "/api/v1/assessments/{id}/benchmark", OWNER, Reading),
    ("GET", "/api/v1/assessments/{id}/workbook", OWNER, Reading),
    ("POST", "/api/v1/assessments/{id}/evidence", STAFF, Change),
    ("GET", "/api/v1/assessments/{id}/evidence/{file}", OWNER, Reading),
    ("DELETE", "/api/v1/assessments/{id}/evidence/{file}", STAFF, Change),
    // Reviews that we ask for. The list holds no points and no findings.
    ("GET", "/api/v1/eligible", ALL, Nothing),
    ("GET", "/api/v1/draws", ALL, Nothing),
    ("POST", "/api/v1/draws", STAFF, Change),
    ("GET", "/api/v1/draws/{id}", ALL, Nothing),
    ("GET", "/api/v1/offers", ALL, Nothing),
    ("POST", "/api/v1/offers", STAFF, Change),
    ("GET", "/api/v1/offers/{id}", OWNER, Reading),
    ("POST", "/api/v1/offers/{id}/withdraw", STAFF, Change),
    ("POST", "/api/v1/offers/{id}/reviewers/{agency}/questions/{number}/answer", STAFF, Change),
    ("POST", "/api/v1/offers/{id}/respond", STAFF, Change),
    // Reviews that we are asked for.
    ("GET", "/api/v1/inbox", INBOX, Nothing),
    ("GET", "/api/v1/inbox/{offer}", INBOX, Nothing),
    ("POST", "/api/v1/inbox/{offer}/accept", REVIEWER, Change),
    ("POST", "/api/v1/inbox/{offer}/decline", REVIEWER, Change),
    ("POST", "/api/v1/inbox/{offer}/step-back", REVIEWER, Change),
    ("GET", "/api/v1/inbox/{offer}/dossier", REVIEWER, Reading),
    ("GET", "/api/v1/inbox/{offer}/evidence/{file}", REVIEWER, Reading),
    ("GET", "/api/v1/inbox/{offer}/conversation", REVIEWER, Reading),
    ("POST", "/api/v1/inbox/{offer}/questions", REVIEWER, Change),
    ("GET", "/api/v1/inbox/{offer}/work", REVIEWER, Reading),
    ("PATCH", "/api/v1/inbox/{offer}/work", REVIEWER, Change),
    ("PUT", "/api/v1/inbox/{offer}/work", REVIEWER, Change),
    ("GET", "/api/v1/inbox/{offer}/workbook", REVIEWER, Reading),
    ("POST", "/api/v1/inbox/{offer}/review", REVIEWER, Change),
    ("POST", "/api/v1/inbox/{offer}/finalise", REVIEWER, Change),
    // Decisions.
    ("GET", "/api/v1/labels", ALL, Nothing),
    ("POST", "/api/v1/labels", APPROVER, Change),
    ("GET", "/api/v1/offers/{id}/label", OWNER, Reading),
    ("DELETE", "/api/v1/offers/{id}/decision", APPROVER, Change),
    ("POST", "/api/v1/offers/{id}/refuse", APPROVER, Change),
    ("POST", "/api/v1/offers/{id}/appeal", OWNER, Change),
    ("POST", "/api/v1/offers/{id}/appeal/decision", APPROVER, Change),
    ("GET", "/api/v1/labels/{id}", ALL, Nothing),
    ("GET", "/api/v1/labels/{id}/recount", ALL, Nothing),
    ("GET", "/api/v1/labels/{id}/bundle", ALL, Nothing),
    ("GET", "/api/v1/labels/{id}/certificate", ALL, Nothing),
    ("GET", "/api/v1/labels/{id}/badge", ALL, Nothing),
    ("GET", "/api/v1/labels/{id}/press", ALL, Nothing),
    ("GET", "/api/v1/labels/{id}/reminder", ALL, Nothing),
    ("GET", "/api/v1/status-list", ALL, Nothing),
    ("POST", "/api/v1/labels/{id}/standing", APPROVER, Change),
    ("GET", "/api/v1/labels/{id}/objection", ALL, Nothing),
    ("POST", "/api/v1/labels/{id}/objection", APPROVER, Change),
    ("DELETE", "/api/v1/labels/{id}/objection", APPROVER, Change),
    // Statistics.
    ("GET", "/api/v1/statistics", ALL, Nothing),
    ("GET", "/api/v1/statistics.csv", ALL, Nothing),
    ("GET", "/api/v1/statistics/pools", ALL, Nothing),
    ("GET", "/api/v1/statistics/prepare", OWNER, Reading),
    ("GET", "/api/v1/statistics/releases", ALL, Nothing),
    ("GET", "/api/v1/statistics/{period}/{file}", ALL, Nothing),
    ("POST", "/api/v1/statistics/releases", APPROVER, Change),
    // The federation, and this node.
    ("GET", "/api/v1/charter", ALL, Nothing),
    ("GET", "/api/v1/charter/versions", ALL, Nothing),
    ("POST", "/api/v1/charter/versions", ADMIN, Change),
    ("GET", "/api/v1/charter/proposals", ALL, Nothing),
    ("POST", "/api/v1/charter/ballots", ADMIN, Change),
    ("POST", "/api/v1/charter/votes", ADMIN, Change),
    ("GET", "/api/v1/keysets", ALL, Nothing),
    ("POST", "/api/v1/keysets", ADMIN, Change),
    ("GET", "/api/v1/invitations", ADMIN, Nothing),
    ("POST", "/api/v1/invitations", ADMIN, Change),
    ("GET", "/api/v1/invitations/{id}", ADMIN, Nothing),
    ("DELETE", "/api/v1/invitations/{id}", ADMIN, Change),
    ("GET", "/api/v1/tokens", ADMIN, Nothing),
    ("POST", "/api/v1/tokens", ADMIN, Change),
    ("DELETE", "/api/v1/tokens/{id}", ADMIN, Change),
    ("POST", "/api/v1/backups", ADMIN, Change),
    // What is kept of a person, and its end.
    ("GET", "/api/v1/erasures", OWNER, Nothing),
    ("POST", "/api/v1/erasures", ADMIN, Change),
    ("POST", "/api/v1/erasures/plan", ADMIN, Reading),
    ("GET", "/api/v1/erasures/{id}", OWNER, Nothing),
    ("POST", "/api/v1/access", ADMIN, Reading),
    ("POST", "/api/v1/access/erase", ADMIN, Change),
    ("GET", "/api/v1/audit", ADMIN, Reading),
    ("GET", "/api/v1/audit/chain", ADMIN, Reading),
];

/// POSTs that change nothing: what they are asked does not belong into a URL.
#[cfg(test)]
pub(super) const COMPUTING: [&str; 3] = ["/api/v1/verify", "/api/v1/erasures/plan", "/api/v1/access"];

/// The line of a route.
pub(super) fn line(method: &Method, path: &str) -> Line {
    let method = if *method == Method::HEAD { "GET" } else { method.as_str() };
    let mut of_path = TABLE.iter().filter(|(_, known, ..)| *known == path).peekable();
    if of_path.peek().is_none() {
        return Line::Missing;
    }
    of_path.find(|(known, ..)| *known == method).map_or(Line::OtherMethod, |(_, _, who, trace)| Line::Rule(Rule { who, trace: *trace }))
}

/// The roles that may, in words.
pub(super) fn words(who: &[Role]) -> String {
    let mut names: Vec<_> = who.iter().map(|role| role.as_str()).filter(|name| *name != Admin.as_str()).collect();
    names.push(Admin.as_str());
    names.join(" or ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::api::auth::OPEN;

    /// Every method and path of the description.
    fn described() -> BTreeSet<(String, String)> {
        let description = serde_json::to_value(crate::api::openapi()).expect("JSON");
        let paths = description["paths"].as_object().expect("paths").clone();
        let routes = paths.iter().flat_map(|(path, item)| {
            let methods = item.as_object().expect("an item").keys();
            methods.map(|method| (method.to_uppercase(), path.clone())).collect::<Vec<_>>()
        });
        routes.filter(|(method, path)| method.parse::<Method>().is_ok() && !OPEN.contains(&path.as_str())).collect()
    }

    #[test]
    fn every_route_has_one_line_and_every_line_a_route() {
        let lines: BTreeSet<_> = TABLE.iter().map(|(method, path, ..)| ((*method).to_owned(), (*path).to_owned())).collect();
        assert_eq!(lines.len(), TABLE.len(), "two lines for one route");
        assert_eq!(lines, described());
    }

    #[test]
    fn what_changes_something_is_traced_and_read_only_changes_nothing() {
        for (method, path, who, trace) in TABLE {
            let computes = COMPUTING.contains(path);
            assert_eq!(*trace == Change, *method != "GET" && !computes, "{method} {path}");
            let confidential = ["scores", "dossier", "evidence/{file}", "conversation", "workbook", "audit", "/label", "prepare"];
            let is_confidential = confidential.iter().any(|part| path.contains(part) && !path.contains("/labels"));
            assert!(!(is_confidential && *trace == Nothing), "{method} {path}");
            assert!(*trace == Nothing || !who.contains(&ReadOnly), "{method} {path}");
        }
    }

    #[test]
    fn a_route_without_a_line_is_nobodys() {
        assert_eq!(line(&Method::GET, "/api/v1/new"), Line::Missing);
        assert_eq!(line(&Method::DELETE, "/api/v1/clusters"), Line::OtherMethod);
        assert_eq!(line(&Method::HEAD, "/api/v1/tokens"), line(&Method::GET, "/api/v1/tokens"));
        assert_eq!((words(OWNER).as_str(), words(ADMIN).as_str()), ("staff or approver or admin", "admin"));
    }
}
