//! English.

use super::{Press, Reminder, Words};

pub(in crate::carriers) const WORDS: Words = Words {
    certificate: "Certificate",
    awarded: "has been awarded the label",
    issuer: "Awarded by",
    endorsers: "Confirmed by",
    assessed: "Assessed",
    issued: "Issued",
    valid_until: "Valid until",
    catalogue: "Catalogue",
    check: "How to check this label",
    check_at: "Open this file, or scan the code, at {url} – or use “parangon verify”. The signed label is inside the file.",
    check_anywhere: "Open this file, or scan the code, at any member’s page – or use “parangon verify”. The signed label is inside the file.",
    known_by: "{federation} is known by these eight words, the same everywhere:",
    label_id: "Label id",
    code: "QR code: the label with its signatures, in digits",
    demonstration: "Nothing was assessed here, and this label proves nothing.",
    levels: ["Bronze", "Silver", "Gold"],
    months: ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"],
    date: "{day} {month} {year}",
    month: "{month} {year}",
    and: "and",
    press: Press {
        awarded: "{cluster} ({country}) holds the label “{scheme}” at level {level} until {until}. {issuer} awarded it on {issued}, after an assessment in {assessed} by the catalogue {catalogue}.",
        endorsed_by_one: "{endorsers} reviewed the assessment and confirmed the level with a signature of its own.",
        endorsed_by: "{endorsers} reviewed the assessment and confirmed the level, each with a signature of its own.",
        limits: "The label says how the cluster’s management was assessed by peers. It says nothing about the firms in the cluster, and it is no ranking.",
        check: "Anybody can check it: open the certificate, the badge or the label file {place}, or with “parangon verify”; the check also tells whether the label has been withdrawn. {federation} is known by these eight words, the same everywhere: {words}.",
        place: "at {url}",
        any_place: "at the page of any member of the federation",
        id: "Label id: {id}",
    },
    reminder: Reminder {
        summary: "The label {level} of {cluster} ends on {until}",
        description: "The label “{scheme}” {level} of {cluster} is valid until {until}. For a renewal the assessment and its review have to be done in time: {issuer} knows the dates. Label id: {id}",
    },
};
