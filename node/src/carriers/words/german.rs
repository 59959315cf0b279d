//! German.

use super::{Press, Reminder, Words};

pub(in crate::carriers) const WORDS: Words = Words {
    certificate: "Urkunde",
    awarded: "wurde ausgezeichnet mit dem Label",
    issuer: "Verliehen von",
    endorsers: "Bestätigt von",
    assessed: "Bewertet",
    issued: "Ausgestellt",
    valid_until: "Gültig bis",
    catalogue: "Katalog",
    check: "So wird dieses Label geprüft",
    check_at: "Diese Datei öffnen oder den Code scannen: {url} – oder mit „parangon verify“. Das signierte Label steckt in der Datei.",
    check_anywhere: "Diese Datei öffnen oder den Code scannen, auf der Seite eines beliebigen Mitglieds – oder mit „parangon verify“. Das signierte Label steckt in der Datei.",
    known_by: "{federation} ist an diesen acht Wörtern zu erkennen, überall denselben:",
    label_id: "Label-Kennung",
    code: "QR-Code: das Label mit seinen Signaturen, in Ziffern",
    demonstration: "Hier wurde nichts bewertet, und dieses Label beweist nichts.",
    levels: ["Bronze", "Silber", "Gold"],
    months: ["Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober", "November", "Dezember"],
    date: "{day}. {month} {year}",
    month: "{month} {year}",
    and: "und",
    press: Press {
        awarded: "{cluster} ({country}) trägt bis zum {until} das Label „{scheme}“ der Stufe {level}. Verliehen hat es {issuer} am {issued} nach einer Bewertung im {assessed} nach dem Katalog {catalogue}.",
        endorsed_by_one: "{endorsers} hat die Bewertung begutachtet und die Stufe mit eigener Signatur bestätigt.",
        endorsed_by: "{endorsers} haben die Bewertung begutachtet und die Stufe jeweils mit eigener Signatur bestätigt.",
        limits: "Das Label sagt, wie andere Fachleute das Management des Clusters bewertet haben. Über die Unternehmen im Cluster sagt es nichts, und es ist keine Rangliste.",
        check: "Jeder kann es prüfen: die Urkunde, das Abzeichen oder die Label-Datei {place} öffnen, oder mit „parangon verify“; die Prüfung zeigt auch, ob das Label entzogen wurde. {federation} ist an diesen acht Wörtern zu erkennen, überall denselben: {words}.",
        place: "auf {url}",
        any_place: "auf der Seite eines beliebigen Mitglieds des Verbunds",
        id: "Label-Kennung: {id}",
    },
    reminder: Reminder {
        summary: "Das Label {level} von {cluster} endet am {until}",
        description: "Das Label „{scheme}“ {level} von {cluster} gilt bis zum {until}. Für eine Verlängerung müssen Bewertung und Begutachtung rechtzeitig erfolgen: {issuer} kennt die Termine. Label-Kennung: {id}",
    },
};
