//! French.

use super::{Press, Reminder, Words};

pub(in crate::carriers) const WORDS: Words = Words {
    certificate: "Certificat",
    awarded: "a reçu le label",
    issuer: "Décerné par",
    endorsers: "Confirmé par",
    assessed: "Évalué",
    issued: "Délivré",
    valid_until: "Valable jusqu’au",
    catalogue: "Référentiel",
    check: "Comment vérifier ce label",
    check_at: "Ouvrez ce fichier ou scannez le code sur {url}, ou utilisez « parangon verify ». Le label signé est dans le fichier.",
    check_anywhere: "Ouvrez ce fichier ou scannez le code sur la page de n’importe quel membre, ou utilisez « parangon verify ». Le label signé est dans le fichier.",
    known_by: "{federation} se reconnaît à ces huit mots, partout les mêmes :",
    label_id: "Identifiant du label",
    code: "Code QR : le label avec ses signatures, en chiffres",
    demonstration: "Rien n’a été évalué ici, et ce label ne prouve rien.",
    levels: ["Bronze", "Argent", "Or"],
    months: ["janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre", "novembre", "décembre"],
    date: "{day} {month} {year}",
    month: "{month} {year}",
    and: "et",
    press: Press {
        awarded: "{cluster} ({country}) détient le label « {scheme} » de niveau {level} jusqu’au {until}. {issuer} l’a décerné le {issued}, après une évaluation en {assessed} selon le référentiel {catalogue}.",
        endorsed_by_one: "{endorsers} a examiné l’évaluation et confirmé le niveau par sa propre signature.",
        endorsed_by: "{endorsers} ont examiné l’évaluation et confirmé le niveau, chaque agence par sa propre signature.",
        limits: "Le label dit comment des pairs ont évalué la gestion du cluster. Il ne dit rien des entreprises du cluster et n’est pas un classement.",
        check: "Chacun peut le vérifier : ouvrez le certificat, le badge ou le fichier du label {place}, ou avec « parangon verify » ; la vérification indique aussi si le label a été retiré. {federation} se reconnaît à ces huit mots, partout les mêmes : {words}.",
        place: "sur {url}",
        any_place: "sur la page de n’importe quel membre de la fédération",
        id: "Identifiant du label : {id}",
    },
    reminder: Reminder {
        summary: "Le label {level} de {cluster} prend fin le {until}",
        description: "Le label « {scheme} » {level} de {cluster} est valable jusqu’au {until}. Pour un renouvellement, l’évaluation et son examen doivent être faits à temps : {issuer} connaît les dates. Identifiant du label : {id}",
    },
};
