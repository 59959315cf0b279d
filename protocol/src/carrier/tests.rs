use super::*;

/// A PNG of one pixel, as the specification's own minimum.
fn pixel() -> Vec<u8> {
    let mut out = png::SIGNATURE.to_vec();
    for (kind, data) in [
        (*b"IHDR", &[0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0][..]),
        (*b"IDAT", &[0x78, 0x9c, 0x63, 0, 0, 0, 2, 0, 1][..]),
        (*b"IEND", &[][..]),
    ] {
        out.extend(chunk(&kind, data));
    }
    out
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [kind, data].concat();
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(&body);
    [&u32::try_from(data.len()).expect("small").to_be_bytes()[..], &body, &hasher.finalize().to_be_bytes()].concat()
}

fn zlib(text: &[u8]) -> Vec<u8> {
    let mut stream = flate2::Compress::new(flate2::Compression::best(), true);
    let mut out = Vec::with_capacity(text.len() + 1024);
    stream.compress_vec(text, &mut out, flate2::FlushCompress::Finish).expect("room enough");
    out
}

const BUNDLE: &str = r#"{"type":"parangon-label","v":1,"name":"]]> & <b>"}"#;
const CREDENTIAL: &str = r#"{"@context":[],"id":"a"}"#;

fn bundle(content: Result<Content<'_>, CarrierError>) -> (String, usize) {
    match content.expect("a label") {
        Content::Bundle(text, beside) => (String::from_utf8(text.into_owned()).expect("text"), beside.len()),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_picture_carries_both_texts() {
    let baked = png::bake(&pixel(), &[(png::CREDENTIAL, CREDENTIAL), (png::BUNDLE, BUNDLE)]).expect("a picture");
    assert_eq!(bundle(open(&baked)), (BUNDLE.to_owned(), 1));
    let alone = png::bake(&pixel(), &[(png::CREDENTIAL, CREDENTIAL)]).expect("a picture");
    assert_eq!(open(&alone), Ok(Content::Credential(CREDENTIAL.as_bytes().into())));
    assert_eq!(open(&pixel()), Err(CarrierError::Nothing));
    for cut in 0..baked.len() {
        assert_eq!(open(&baked[..cut]).ok().filter(|content| *content != Content::Proof), None, "cut at {cut}");
    }
    // The checksum covers every byte of a chunk.
    for at in png::SIGNATURE.len()..baked.len() {
        let mut broken = baked.clone();
        broken[at] ^= 1;
        assert_eq!(open(&broken), Err(CarrierError::Nothing), "byte {at}");
    }
}

#[test]
fn compressed_texts_are_unpacked_within_bounds() {
    let text = |flags: &[u8], text: &[u8]| [b"parangon-label\0", flags, b"\0\0", text].concat();
    let with = |data: &[u8]| {
        let plain = pixel();
        let (head, end) = plain.split_at(plain.len() - 12);
        [head, &chunk(b"iTXt", data), end].concat()
    };
    assert_eq!(bundle(open(&with(&text(&[1, 0], &zlib(BUNDLE.as_bytes()))))), (BUNDLE.to_owned(), 0));
    let trailing = [zlib(BUNDLE.as_bytes()), vec![0]].concat();
    for refused in [
        text(&[1, 0], b"no zlib"),
        text(&[1, 0], &trailing),
        text(&[1, 1], BUNDLE.as_bytes()),
        text(&[2, 0], b"{}"),
        b"parangon-label\0".to_vec(),
    ] {
        assert_eq!(open(&with(&refused)), Err(CarrierError::Nothing));
    }
    let most = zlib(&vec![b' '; limits::DOCUMENT_BYTES]);
    let bomb = zlib(&vec![b' '; limits::DOCUMENT_BYTES + 1]);
    assert_eq!(unpack(&most).map(|text| text.len()), Some(limits::DOCUMENT_BYTES));
    assert_eq!(unpack(&bomb), None);
}

#[test]
fn a_drawing_carries_both_texts_however_it_was_saved() {
    let elements = [(svg::BUNDLE, svg::BUNDLE_SPACE, BUNDLE), (svg::CREDENTIAL, svg::CREDENTIAL_SPACE, CREDENTIAL)];
    let baked: String = elements.map(|(name, space, json)| svg::element(name, space, json)).concat();
    let drawing = format!("<?xml version=\"1.0\"?>\n<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script>{baked}</svg>");
    let (text, beside) = bundle(open(drawing.as_bytes()));
    assert_eq!(Value::read(text.as_bytes(), 1000), Value::read(BUNDLE.as_bytes(), 1000));
    assert_eq!(beside, 1);
    let escaped = BUNDLE.replace('&', "&amp;").replace('"', "&#34;").replace('<', "&lt;").replace('>', "&#x3e;");
    let saved = format!("\u{feff} <svg><parangon:label\nx=\"y\">\n{escaped}\n</parangon:label></svg>");
    assert_eq!(bundle(open(saved.as_bytes())).0, BUNDLE);
    for nothing in ["<svg/>", "<svg><parangon:labels>{}</parangon:labels>", "<svg><parangon:label", "<svg><parangon:label>{}"] {
        assert_eq!(open(nothing.as_bytes()), Err(CarrierError::Nothing), "{nothing}");
    }
    assert_eq!(
        String::from_utf8(svg_content("&amp;lt; &x; &#xD800; &#; & &unterminated")),
        Ok("&lt; &x; &#xD800; &#; & &unterminated".to_owned())
    );
}

fn svg_content(text: &str) -> Vec<u8> {
    let drawing = format!("<svg><openbadges:credential>{text}</openbadges:credential>");
    match open(drawing.as_bytes()) {
        Ok(Content::Credential(text)) => text.into_owned(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_document_carries_an_attachment() {
    let object = |dictionary: &str, stream: &[u8]| {
        [format!("7 0 obj\n<<{dictionary}>>\nstream\n").as_bytes(), stream, b"\nendstream\nendobj\n"].concat()
    };
    let document = |objects: &[Vec<u8>]| [b"%PDF-1.7\n".to_vec(), objects.concat(), b"%%EOF".to_vec()].concat();
    let plain = object("/Type /EmbeddedFile", BUNDLE.as_bytes());
    assert_eq!(bundle(open(&document(std::slice::from_ref(&plain)))), (BUNDLE.to_owned(), 0));
    for filter in ["/Filter/FlateDecode", "/Filter /FlateDecode /Length 9", "/Filter [ /FlateDecode ]"] {
        let packed = object(&format!("/Type/EmbeddedFile{filter}"), &zlib(BUNDLE.as_bytes()));
        assert_eq!(bundle(open(&document(&[packed]))), (BUNDLE.to_owned(), 0), "{filter}");
    }
    // The same twice is one; names of other things are none; what stands inside a stream is content.
    let other = object("/Type /EmbeddedFiles", BUNDLE.replace("\"v\":1", "\"v\":2").as_bytes());
    let inner = object("/Type /EmbeddedFile", &object("/Type /EmbeddedFile", BUNDLE.as_bytes()));
    assert_eq!(bundle(open(&document(&[plain.clone(), plain.clone(), other]))).1, 0);
    assert_eq!(open(&document(&[inner])), Err(CarrierError::Nothing));
    let second = object("/Type /EmbeddedFile", BUNDLE.replace("\"v\":1", "\"v\":2").as_bytes());
    assert_eq!(open(&document(&[plain.clone(), second])), Err(CarrierError::Several));
    for skipped in [
        "/Type /EmbeddedFile /Filter /LZWDecode",
        "/Type /EmbeddedFile /Filter [/ASCII85Decode /FlateDecode]",
        "/Type /EmbeddedFile /Filter [/FlateDecode /FlateDecode]",
    ] {
        assert_eq!(open(&document(&[object(skipped, BUNDLE.as_bytes())])), Err(CarrierError::Nothing), "{skipped}");
    }
    for cut in 0..document(std::slice::from_ref(&plain)).len() {
        drop(open(&document(std::slice::from_ref(&plain))[..cut]));
    }
}

#[test]
fn what_is_none_of_them_is_nothing() {
    assert_eq!(open(b"c2sp.org/tlog-proof@v1\nindex 1\n"), Ok(Content::Proof));
    assert_eq!(open(b"https://agency.example/verify#123"), Ok(Content::Code("123")));
    assert_eq!(open(b" 00123\n"), Ok(Content::Code("00123")));
    for nothing in [&b""[..], b"\xff\xfe{\0}\0", b"hello", b"https://agency.example/verify#12a", b"#", b"12 34"] {
        assert_eq!(open(nothing), Err(CarrierError::Nothing), "{nothing:?}");
    }
    assert_eq!(open(&vec![b'1'; limits::CARRIER_BYTES + 1]), Err(CarrierError::TooLarge));
    // Text that is no JSON within our rules is still taken for a label file: the verifier says what is wrong with it.
    assert_eq!(open(b"{\"a\":1.5}"), Ok(Content::Bundle(b"{\"a\":1.5}"[..].into(), vec![])));
}
