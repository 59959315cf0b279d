//! One whole draw with every intermediate value, as docs/protocol.md shows it to other implementations (`cli/tests/guides.rs` compares
//! the two).

use std::fmt::Write as _;

use super::*;

const EXAMPLE: &str = include_str!("example.txt");

/// 32 bytes that count up from `first`.
fn counting(first: u8) -> Value {
    Value::new(std::array::from_fn(|at| first + u8::try_from(at).unwrap()))
}

fn example() -> String {
    let charter = charter(&[
        ("freiburg", "DE", Some("Land")),
        ("lyon", "FR", None),
        ("madrid", "ES", Some("Junta")),
        ("munich", "DE", None),
        ("oslo", "NO", None),
        ("sevilla", "ES", Some("Junta")),
        ("stuttgart", "DE", Some("Land")),
    ]);
    let owner = agency("stuttgart");
    let call = Call { cluster: ClusterId::new(&owner, [7; 12]), heads: vec![], owner, salt: Hash([9; 32]), ..call("a") };
    let parties = Parties::of(&charter, &call).unwrap();
    let text = |value: Vec<u8>| String::from_utf8(value).unwrap();
    let encode = |body: &Commitment| text(crate::canonical::encode(body, crate::limits::DRAW_BYTES).unwrap());
    let mut out = String::new();
    writeln!(out, "call            {}", text(crate::canonical::encode(&call, crate::limits::DRAW_BYTES).unwrap())).unwrap();
    writeln!(out, "hash            {}", parties.call()).unwrap();
    let order: Vec<_> = parties.order().iter().map(AgencyId::as_str).collect();
    writeln!(out, "contributors    {}", order.join(" ")).unwrap();
    writeln!(out, "threshold       {}", parties.threshold()).unwrap();
    let mut commitments = vec![];
    for (contributor, first) in parties.order().iter().zip([0, 32]) {
        let value = counting(first);
        let dealing = Dealing::new(&parties, contributor, value.clone()).unwrap();
        let commitment = dealing.commitment(committed());
        writeln!(out, "{:<15} {}", contributor.as_str(), Hash(*value.as_bytes())).unwrap();
        for (place, hash) in parties.holders(contributor).unwrap().keys().zip(dealing.list()) {
            writeln!(out, "  share {place:<7} {}", Hash(*dealing.share(*place).value.as_bytes())).unwrap();
            writeln!(out, "  committed to  {hash}").unwrap();
        }
        writeln!(out, "  commitment    {}", encode(&commitment)).unwrap();
        writeln!(out, "  hash          {}", commitment.hash().unwrap()).unwrap();
        commitments.push(signed(commitment));
    }
    let selection = selection(&parties, &commitments, committed());
    writeln!(out, "selection       {}", text(crate::canonical::encode(&selection.body, crate::limits::DRAW_BYTES).unwrap())).unwrap();
    let selected = Selected::verify(&parties, &call, keys(), &selection, &commitments).unwrap();
    writeln!(out, "hash            {}", selected.hash()).unwrap();
    let open = |(contributor, first): (&AgencyId, u8)| Disclosed::Contributor {
        opening: Box::new(signed(selected.opening(contributor, counting(first)).unwrap())),
    };
    let disclosed = parties.order().iter().zip([0, 32]).map(open).collect();
    let draw = Draw { call: signed(call), commitments: commitments.clone(), disclosed, selection: selection.clone() };
    let drawn = draw.verify(&charter, keys()).unwrap();
    writeln!(out, "seed            {}", drawn.seed()).unwrap();
    let ranking = drawn.ranking(&agencies(&["lyon", "madrid", "munich", "oslo", "sevilla"]));
    writeln!(out, "ranking         {}", ranking.iter().map(AgencyId::as_str).collect::<Vec<_>>().join(" ")).unwrap();
    out
}

#[test]
fn the_example_in_the_documentation_is_true() {
    assert_eq!(example(), EXAMPLE);
}
