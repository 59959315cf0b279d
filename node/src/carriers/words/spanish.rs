//! Spanish.

use super::{Press, Reminder, Words};

pub(in crate::carriers) const WORDS: Words = Words {
    certificate: "Certificado",
    awarded: "ha obtenido el sello",
    issuer: "Otorgado por",
    endorsers: "Confirmado por",
    assessed: "Evaluado",
    issued: "Emitido",
    valid_until: "Válido hasta",
    catalogue: "Catálogo",
    check: "Cómo comprobar este sello",
    check_at: "Abra este archivo o escanee el código en {url}, o use «parangon verify». El sello firmado está dentro del archivo.",
    check_anywhere: "Abra este archivo o escanee el código en la página de cualquier miembro, o use «parangon verify». El sello firmado está dentro del archivo.",
    known_by: "{federation} se reconoce por estas ocho palabras, las mismas en todas partes:",
    label_id: "Identificador del sello",
    code: "Código QR: el sello con sus firmas, en cifras",
    demonstration: "Aquí no se ha evaluado nada, y este sello no demuestra nada.",
    levels: ["Bronce", "Plata", "Oro"],
    months: ["enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre", "noviembre", "diciembre"],
    date: "{day} de {month} de {year}",
    month: "{month} de {year}",
    and: "y",
    press: Press {
        awarded: "{cluster} ({country}) tiene el sello «{scheme}» de nivel {level} hasta el {until}. Lo otorgó {issuer} el {issued}, tras una evaluación en {assessed} según el catálogo {catalogue}.",
        endorsed_by_one: "{endorsers} revisó la evaluación y confirmó el nivel con su propia firma.",
        endorsed_by: "{endorsers} revisaron la evaluación y confirmaron el nivel, cada entidad con su propia firma.",
        limits: "El sello dice cómo evaluaron otros expertos la gestión del clúster. No dice nada de las empresas del clúster ni es una clasificación.",
        check: "Cualquiera puede comprobarlo: abra el certificado, la insignia o el archivo del sello {place}, o con «parangon verify»; la comprobación también indica si el sello se ha retirado. {federation} se reconoce por estas ocho palabras, las mismas en todas partes: {words}.",
        place: "en {url}",
        any_place: "en la página de cualquier miembro de la federación",
        id: "Identificador del sello: {id}",
    },
    reminder: Reminder {
        summary: "El sello {level} de {cluster} termina el {until}",
        description: "El sello «{scheme}» {level} de {cluster} es válido hasta el {until}. Para renovarlo, la evaluación y su revisión han de hacerse a tiempo: {issuer} conoce las fechas. Identificador del sello: {id}",
    },
};
