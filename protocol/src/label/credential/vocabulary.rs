//! The words of a credential, as the three contexts define them: Verifiable Credentials 2.0, Open Badges 3.0.3 and
//! its extensions.

use super::document::{Class, Term};

macro_rules! credentials {
    ($name:literal) => {
        concat!("https://www.w3.org/2018/credentials#", $name)
    };
}

macro_rules! badges {
    ($name:literal) => {
        concat!("https://purl.imsglobal.org/spec/vc/ob/vocab.html#", $name)
    };
}

macro_rules! status {
    ($name:literal) => {
        concat!("https://www.w3.org/ns/credentials/status#", $name)
    };
}

const DATE_TIME: Option<&str> = Some("http://www.w3.org/2001/XMLSchema#dateTime");

const fn term(name: &'static str, iri: &'static str) -> Term {
    Term { name, iri, datatype: None }
}

const fn class(name: &'static str, iri: &'static str) -> Class {
    Class { name, iri }
}

pub(super) const NAME: Term = term("name", "https://schema.org/name");
pub(super) const DESCRIPTION: Term = term("description", "https://schema.org/description");
pub(super) const ISSUER: Term = term("issuer", credentials!("issuer"));
pub(super) const SUBJECT: Term = term("credentialSubject", credentials!("credentialSubject"));
pub(super) const EVIDENCE: Term = term("evidence", credentials!("evidence"));
pub(super) const STATUS: Term = term("credentialStatus", credentials!("credentialStatus"));
pub(super) const SCHEMA: Term = term("credentialSchema", credentials!("credentialSchema"));
pub(super) const VALID_FROM: Term = Term { name: "validFrom", iri: credentials!("validFrom"), datatype: DATE_TIME };
pub(super) const VALID_UNTIL: Term = Term { name: "validUntil", iri: credentials!("validUntil"), datatype: DATE_TIME };
pub(super) const ACHIEVEMENT: Term = term("achievement", badges!("achievement"));
pub(super) const ACHIEVEMENT_TYPE: Term = term("achievementType", badges!("achievementType"));
// With a capital letter: the context maps the property to the IRI of the class.
pub(super) const CRITERIA: Term = term("criteria", badges!("Criteria"));
pub(super) const VERSION: Term = term("version", badges!("version"));
pub(super) const COMMENT: Term = term("endorsementComment", badges!("endorsementComment"));
pub(super) const STATUS_PURPOSE: Term = term("statusPurpose", status!("statusPurpose"));
pub(super) const STATUS_INDEX: Term = term("statusListIndex", status!("statusListIndex"));
pub(super) const STATUS_LIST: Term = term("statusListCredential", status!("statusListCredential"));

pub(super) const ENCODED_LIST: Term =
    Term { name: "encodedList", iri: status!("encodedList"), datatype: Some("https://w3id.org/security#multibase") };

pub(super) const VERIFIABLE_CREDENTIAL: Class = class("VerifiableCredential", credentials!("VerifiableCredential"));
pub(super) const OPEN_BADGE_CREDENTIAL: Class = class("OpenBadgeCredential", badges!("OpenBadgeCredential"));
pub(super) const ENDORSEMENT_CREDENTIAL: Class = class("EndorsementCredential", badges!("EndorsementCredential"));
pub(super) const PROFILE_CLASS: Class = class("Profile", badges!("Profile"));
pub(super) const ACHIEVEMENT_SUBJECT: Class = class("AchievementSubject", badges!("AchievementSubject"));
pub(super) const ENDORSEMENT_SUBJECT: Class = class("EndorsementSubject", badges!("EndorsementSubject"));
pub(super) const ACHIEVEMENT_CLASS: Class = class("Achievement", badges!("Achievement"));
pub(super) const EVIDENCE_CLASS: Class = class("Evidence", badges!("Evidence"));
pub(super) const STATUS_ENTRY: Class = class("BitstringStatusListEntry", status!("BitstringStatusListEntry"));
pub(super) const STATUS_LIST_CREDENTIAL: Class = class("BitstringStatusListCredential", status!("BitstringStatusListCredential"));
pub(super) const STATUS_LIST_CLASS: Class = class("BitstringStatusList", status!("BitstringStatusList"));
pub(super) const SCHEMA_VALIDATOR: Class =
    class("1EdTechJsonSchemaValidator2019", "https://purl.imsglobal.org/spec/vccs/v1p0/context.json#1EdTechJsonSchemaValidator2019");

/// Where the shape of a badge is described.
pub(super) const BADGE_SCHEMA: &str = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json";
/// Where the shape of an endorsement is described.
pub(super) const ENDORSEMENT_SCHEMA: &str = "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_endorsementcredential_schema.json";
