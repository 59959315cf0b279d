use parangon_protocol::review::panel::PanelError;

use super::*;
use crate::service::spreadsheet::{Kind, Problem};

fn unmet(reason: Unmet) -> Error {
    Error::Unmet { level: Level::Gold, reasons: vec![reason] }
}

#[test]
fn each_cause_has_its_code_its_status_and_a_next_step() {
    let agency = || "lyon".parse::<AgencyId>().expect("slug");
    let cases = [
        (Error::Stopping, "PGN-0102", 503),
        (Error::Damaged { what: "offer" }, "PGN-0104", 500),
        (Error::ClockBehind { seconds: 9 }, "PGN-0107", 500),
        (Error::Unauthenticated, "PGN-0401", 401),
        (Error::Role { needed: "staff or admin".into() }, "PGN-0403", 403),
        (Error::MoreRights, "PGN-0404", 403),
        (Error::missing("label", "x"), "PGN-0501", 404),
        (Error::NoTwoHeads { agency: agency() }, "PGN-0504", 404),
        (Error::NoTable { by: "country", of: "2026-Q4".into() }, "PGN-0505", 404),
        (FiguresError::NoParquet.into(), "PGN-0506", 404),
        (Error::Exists { what: "one".into() }, "PGN-0602", 409),
        (Error::KeysUnknown(agency()), "PGN-0603", 503),
        (Error::BehindLabel { label: "4d5e".into(), state: "valid" }, "PGN-0635", 409),
        (Error::Backup(BackupError::NoRecipient("x".into())), "PGN-0613", 409),
        (Error::Backup(BackupError::OtherKeys("x".into())), "PGN-0614", 409),
        (Error::Backup(BackupError::DiskFull), "PGN-0108", 500),
        (Error::Changed { what: "assessment", at: Timestamp::default() }, "PGN-0612", 412),
        (Error::Unconditional { what: "assessment" }, "PGN-0628", 428),
        (Error::field("/name", "x"), "PGN-0702", 422),
        (Error::KeySetNumber { found: 4, needed: 3 }, "PGN-0609", 409),
        (Error::KeyFiles(KeyFilesError::NoSecret), "PGN-0610", 409),
        (Error::Alone, "PGN-0611", 409),
        (Error::KeySet(KeySetError::Reused), "PGN-0733", 422),
        (Error::Message { rule: "x" }, "PGN-0731", 422),
        (Error::Reviewer { agency: agency(), cause: panel::Ineligible::Owner }, "PGN-0812", 409),
        (Error::Objected { agency: agency(), objection: Objection::Twice { issued: Timestamp::default().month() } }, "PGN-0815", 409),
        (unmet(PanelError::TooFew { needed: 2, found: 1, sharing: vec![] }.into()), "PGN-0828", 409),
        (unmet(PanelError::Twice(agency()).into()), "PGN-0827", 409),
        (Error::Ineligible { level: Level::Gold, reasons: vec![Ineligible::NotListed] }, "PGN-0830", 409),
        (Error::SamePerson { at: Timestamp::default() }, "PGN-0870", 409),
        (Error::Judged { agency: agency() }, "PGN-0872", 409),
        (Error::SealingKey(agency()), "PGN-0890", 409),
        (Error::OtherContent, "PGN-0640", 409),
        (Error::VoidDecision { by: "uid 1".into(), at: Timestamp::default() }, "PGN-0641", 409),
        (Error::NotIssuer, "PGN-0833", 409),
        (Error::Objection(ObjectionError::Issuer), "PGN-0880", 409),
        (Error::Objection(ObjectionError::NoEndorsement), "PGN-0881", 409),
        (Error::Objection(ObjectionError::Stands { since: Timestamp::default() }), "PGN-0882", 409),
        (Error::Objection(ObjectionError::None), "PGN-0883", 409),
        (Error::Objection(ObjectionError::Often), "PGN-0884", 409),
        (Error::NoiseLost { catalogue: "ecei-2026".into() }, "PGN-0885", 409),
        (Error::Unsettled { labels: 2 }, "PGN-0842", 409),
        (Error::PeriodOpen { period: "2026-Q4".into() }, "PGN-0841", 409),
        (Error::Pool(parangon_protocol::statistics::pool::PoolError::Levels), "PGN-0920", 409),
        (Error::OtherRound(agency()), "PGN-0921", 409),
        (Error::Pooled { period: "2026-Q4".into() }, "PGN-0922", 409),
    ];
    for (error, code, status) in cases {
        assert_eq!((error.code(), error.status()), (code, status), "{error}");
        assert!(error.next_step().ends_with(['.', ')']), "{code}: {}", error.next_step());
        assert!(!error.to_string().is_empty());
    }
}

#[test]
fn every_kind_of_bad_spreadsheet_has_a_code_of_its_own() {
    let kinds = [
        Kind::Empty,
        Kind::Encoding,
        Kind::TooLarge,
        Kind::Column,
        Kind::Cells,
        Kind::Malformed,
        Kind::Indicator,
        Kind::Level,
        Kind::DecimalComma,
        Kind::Twice,
        Kind::Value,
        Kind::Catalogue,
    ];
    let mut codes: Vec<_> = kinds.iter().map(|kind| kind.code()).collect();
    codes.dedup();
    assert_eq!(codes.len(), kinds.len());
    let problem = Problem {
        sheet: None,
        row: 14,
        column: "level".into(),
        value: "3,5".into(),
        kind: Kind::DecimalComma,
        problem: "not whole".into(),
    };
    let error = Error::Table(vec![problem]);
    assert_eq!((error.code(), error.status()), ("PGN-0719", 422));
    assert_eq!(error.reasons(), [Reason { pointer: "row 14, column level".into(), detail: "not whole".into() }]);
    assert_eq!(error.to_string(), "row 14, column level: not whole");
}

#[test]
fn what_is_logged_names_no_points() {
    let reason = Unmet::Points {
        reviewer: "lyon".parse().expect("slug"),
        level: Level::Gold,
        points: 119,
        max: 150,
        needed: 120,
        threshold_bp: 8_000,
    };
    let error = unmet(reason);
    assert!(!error.to_string().contains("119"), "{error}");
    assert!(error.reasons()[0].detail.contains("119 of 150"));
    // A name that was asked for is repeated without what could move a cursor.
    assert_eq!(Error::missing("label", "a\u{1b}[2Jb").to_string(), "there is no label a[2Jb");
}
