//! The structure message, SDMX-ML 3.0: code lists, concepts, the data structure and its data flow.

use std::collections::BTreeMap;
use std::io;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use super::{AGENCY, ATTRIBUTES, DIMENSIONS, FLOW, MEASURE, VERSION, breakdown, codes};
use crate::figures::{Dataset, Dimension, FiguresError, Group, citation};

const SCHEMAS: &str = "http://www.sdmx.org/resources/sdmxml/schemas/v3_0";
const MODEL: &str = "urn:sdmx:org.sdmx.infomodel";
const CONCEPTS: &str = "CS_FIGURES";

type Xml = Writer<Vec<u8>>;

/// A code list: its id, its name, and codes with their names.
struct CodeList {
    id: &'static str,
    name: &'static str,
    codes: Vec<(String, String)>,
}

/// Each component with the name of its concept, and what it holds: a code list, or a type.
fn component(id: &str) -> (&'static str, Held) {
    match id {
        "FREQ" => ("Frequency", Held::Codes("CL_FREQ")),
        "CATALOGUE" => ("Catalogue of indicators", Held::Codes("CL_CATALOGUE")),
        "BREAKDOWN" => ("What the table divides by", Held::Codes("CL_BREAKDOWN")),
        "GROUP" => ("Group of clusters", Held::Codes("CL_GROUP")),
        "INDICATOR" => ("Indicator", Held::Codes("CL_INDICATOR")),
        "LEVEL" => ("Level", Held::Codes("CL_LEVEL")),
        "TIME_PERIOD" => ("Quarter, clusters counted at its end", Held::Type("ObservationalTimePeriod")),
        "OBS_STATUS" => ("Observation status", Held::Codes("CL_OBS_STATUS")),
        "CONF_STATUS" => ("Confidentiality status", Held::Codes("CL_CONF_STATUS")),
        "OBS_LOWER" => ("The true number is this or more", Held::Type("Integer")),
        "OBS_UPPER" => ("The true number is this or less", Held::Type("Integer")),
        "CLUSTERS" => ("Clusters of the group", Held::Type("Integer")),
        "AGENCIES" => ("Agencies counted", Held::Type("Integer")),
        "POOLED" => ("Agencies counted in a pool only", Held::Type("Integer")),
        "HIDDEN_IN" => ("Agencies and pools that hide their number", Held::Type("Integer")),
        "REASONS" => ("Why they do", Held::Type("String")),
        "DEMONSTRATION" => ("The figures are made up", Held::Type("Boolean")),
        // NaN, which only numbers of this type have, stands for what is hidden.
        _ => ("Number of clusters", Held::Type("Double")),
    }
}

enum Held {
    Codes(&'static str),
    Type(&'static str),
}

/// The message.
pub(in crate::figures) fn structure(data: &Dataset) -> Result<Vec<u8>, FiguresError> {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 1);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("mes:Structure")
        .with_attributes([
            ("xmlns:mes", format!("{SCHEMAS}/message").as_str()),
            ("xmlns:str", format!("{SCHEMAS}/structure").as_str()),
            ("xmlns:com", format!("{SCHEMAS}/common").as_str()),
        ])
        .write_inner_content(|xml| {
            header(xml, data)?;
            xml.create_element("mes:Structures").write_inner_content(|xml| {
                xml.create_element("str:Codelists")
                    .write_inner_content(|xml| code_lists(data).iter().try_for_each(|list| code_list(xml, list)))?;
                xml.create_element("str:ConceptSchemes").write_inner_content(concepts)?;
                xml.create_element("str:DataStructures").write_inner_content(data_structure)?;
                xml.create_element("str:Dataflows").write_inner_content(|xml| flow(xml, data))?;
                Ok(())
            })?;
            Ok(())
        })?;
    let mut text = xml.into_inner();
    text.push(b'\n');
    Ok(text)
}

fn header(xml: &mut Xml, data: &Dataset) -> io::Result<()> {
    xml.create_element("mes:Header").write_inner_content(|xml| {
        let id = format!("{FLOW}-{}", &data.about().fingerprint.to_string()[..16]);
        text(xml, "mes:ID", &id)?;
        text(xml, "mes:Test", if data.about().demonstration { "true" } else { "false" })?;
        text(xml, "mes:Prepared", &data.about().as_of.to_string())?;
        xml.create_element("mes:Sender").with_attribute(("id", AGENCY)).write_empty()?;
        Ok(())
    })?;
    Ok(())
}

fn text(xml: &mut Xml, name: &str, content: &str) -> io::Result<()> {
    xml.create_element(name).write_text_content(BytesText::new(content))?;
    Ok(())
}

fn name(xml: &mut Xml, content: &str) -> io::Result<()> {
    xml.create_element("com:Name").with_attribute(("xml:lang", "en")).write_text_content(BytesText::new(content))?;
    Ok(())
}

/// An element with id, maintainer, version and URN.
fn maintained(xml: &mut Xml, element: &str, class: &str, id: &str, inner: impl FnOnce(&mut Xml) -> io::Result<()>) -> io::Result<()> {
    let urn = urn(class, id);
    xml.create_element(element)
        .with_attributes([("id", id), ("agencyID", AGENCY), ("version", VERSION), ("urn", urn.as_str())])
        .write_inner_content(inner)?;
    Ok(())
}

fn urn(class: &str, id: &str) -> String {
    format!("{MODEL}.{class}={AGENCY}:{id}({VERSION})")
}

fn code_lists(data: &Dataset) -> Vec<CodeList> {
    let fixed = |list: &[codes::Code]| list.iter().map(|(code, name)| ((*code).to_owned(), (*name).to_owned())).collect::<Vec<_>>();
    // A code once, whatever uses it; two catalogues may name one indicator differently.
    let mut indicators = BTreeMap::<String, Vec<String>>::new();
    for info in data.catalogues() {
        for (code, name) in &info.indicators {
            let names = indicators.entry(codes::indicator(code.as_str())).or_default();
            let name = format!("{code} {name}");
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    let mut groups = BTreeMap::from([("_T".to_owned(), "All clusters".to_owned()), ("_O".to_owned(), "Rest".to_owned())]);
    for row in data.observations() {
        if let Group::Value(value) = &row.group {
            groups.insert(codes::group(&row.group), value.to_string());
        }
    }
    let levels = (0..5).map(|level| (codes::level(Some(level)), format!("level {level}")));
    let catalogues = data.catalogues().iter().map(|info| {
        let title = format!("{} (SHA-256 {})", info.title, info.reference.hash);
        (codes::catalogue(data, &info.reference), title)
    });
    let dimensions = Dimension::EVERY.into_iter().map(|dimension| {
        let word = dimension.as_str();
        (breakdown(word), if dimension == Dimension::All { "Total".to_owned() } else { format!("By {word}") })
    });
    vec![
        CodeList { id: "CL_FREQ", name: "Frequency", codes: vec![("Q".to_owned(), "Quarterly".to_owned())] },
        CodeList { id: "CL_CATALOGUE", name: "Catalogues of indicators", codes: catalogues.collect() },
        CodeList { id: "CL_BREAKDOWN", name: "Breakdowns", codes: dimensions.collect() },
        CodeList { id: "CL_GROUP", name: "Groups of clusters", codes: groups.into_iter().collect() },
        CodeList {
            id: "CL_INDICATOR",
            name: "Indicators",
            codes: indicators.into_iter().map(|(code, names)| (code, names.join(" / "))).collect(),
        },
        CodeList { id: "CL_LEVEL", name: "Levels", codes: levels.chain([("_U".to_owned(), "level not known".to_owned())]).collect() },
        CodeList { id: "CL_OBS_STATUS", name: "Observation status", codes: fixed(&codes::OBS_STATUS) },
        CodeList { id: "CL_CONF_STATUS", name: "Confidentiality status", codes: fixed(&codes::CONF_STATUS) },
    ]
}

fn code_list(xml: &mut Xml, list: &CodeList) -> io::Result<()> {
    maintained(xml, "str:Codelist", "codelist.Codelist", list.id, |xml| {
        name(xml, list.name)?;
        for (code, meaning) in &list.codes {
            let urn = format!("{}.{code}", urn("codelist.Code", list.id));
            xml.create_element("str:Code")
                .with_attributes([("id", code.as_str()), ("urn", urn.as_str())])
                .write_inner_content(|xml| name(xml, meaning))?;
        }
        Ok(())
    })
}

fn concept(id: &str) -> String {
    format!("{}.{id}", urn("conceptscheme.Concept", CONCEPTS))
}

fn concepts(xml: &mut Xml) -> io::Result<()> {
    maintained(xml, "str:ConceptScheme", "conceptscheme.ConceptScheme", CONCEPTS, |xml| {
        name(xml, "Concepts of figures")?;
        for id in DIMENSIONS.into_iter().chain([MEASURE]).chain(ATTRIBUTES) {
            xml.create_element("str:Concept")
                .with_attributes([("id", id), ("urn", concept(id).as_str())])
                .write_inner_content(|xml| name(xml, component(id).0))?;
        }
        Ok(())
    })
}

/// What a component is and holds.
fn held(xml: &mut Xml, id: &str) -> io::Result<()> {
    text(xml, "str:ConceptIdentity", &concept(id))?;
    xml.create_element("str:LocalRepresentation").write_inner_content(|xml| match component(id).1 {
        Held::Codes(list) => text(xml, "str:Enumeration", &urn("codelist.Codelist", list)),
        Held::Type(kind) => xml.create_element("str:TextFormat").with_attribute(("textType", kind)).write_empty().map(|_| ()),
    })?;
    Ok(())
}

fn data_structure(xml: &mut Xml) -> io::Result<()> {
    maintained(xml, "str:DataStructure", "datastructure.DataStructure", FLOW, |xml| {
        name(xml, "Clusters by level of each indicator")?;
        xml.create_element("str:DataStructureComponents").write_inner_content(|xml| {
            xml.create_element("str:DimensionList").with_attribute(("id", "DimensionDescriptor")).write_inner_content(|xml| {
                for (position, id) in (1_u8..).zip(DIMENSIONS) {
                    if id == "TIME_PERIOD" {
                        xml.create_element("str:TimeDimension").with_attribute(("id", id)).write_inner_content(|xml| held(xml, id))?;
                    } else {
                        xml.create_element("str:Dimension")
                            .with_attributes([("id", id), ("position", position.to_string().as_str())])
                            .write_inner_content(|xml| held(xml, id))?;
                    }
                }
                Ok(())
            })?;
            xml.create_element("str:AttributeList").with_attribute(("id", "AttributeDescriptor")).write_inner_content(|xml| {
                for id in ATTRIBUTES {
                    let usage = if id == "REASONS" { "optional" } else { "mandatory" };
                    xml.create_element("str:Attribute").with_attributes([("id", id), ("usage", usage)]).write_inner_content(|xml| {
                        held(xml, id)?;
                        xml.create_element("str:AttributeRelationship").write_inner_content(|xml| {
                            xml.create_element("str:Observation").write_empty()?;
                            Ok(())
                        })?;
                        Ok(())
                    })?;
                }
                Ok(())
            })?;
            xml.create_element("str:MeasureList").with_attribute(("id", "MeasureDescriptor")).write_inner_content(|xml| {
                xml.create_element("str:Measure")
                    .with_attributes([("id", MEASURE), ("usage", "mandatory")])
                    .write_inner_content(|xml| held(xml, MEASURE))?;
                Ok(())
            })?;
            Ok(())
        })?;
        Ok(())
    })
}

fn flow(xml: &mut Xml, data: &Dataset) -> io::Result<()> {
    maintained(xml, "str:Dataflow", "datastructure.Dataflow", FLOW, |xml| {
        name(xml, &data.title())?;
        xml.create_element("com:Description").with_attribute(("xml:lang", "en")).write_text_content(BytesText::new(&format!(
            "{} {} {}",
            citation::words(data),
            data.about().licence.asks,
            data.about().licence.url
        )))?;
        text(xml, "str:Structure", &urn("datastructure.DataStructure", FLOW))
    })
}
