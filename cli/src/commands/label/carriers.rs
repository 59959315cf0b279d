//! Certificate, badge, press text and reminder: of a label that the node knows, or from a label's file, without any node.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use parangon_node::carriers::{self, BADGE_SIZE, BADGE_SIZES, CarrierError, Facts, Language, PublicUrl, Settings};
use parangon_protocol::limits;
use parangon_protocol::verify::{Trust, verify};
use serde_json::json;

use super::{Context, LabelCommand, PATH, cluster_name, encode, find};
use crate::failure::Failure;
use crate::files;
use crate::output::Output;

/// Verdicts of files of which nothing is made: altered, taken back, signed by others, not a label, not entitled.
const FALSE: [u8; 5] = [10, 12, 14, 16, 17];

/// Which label, and where its carrier goes.
#[derive(Debug, Args)]
pub(crate) struct Target {
    /// The label's id, a unique beginning of it, or a label's file: then no node is asked
    #[arg(value_name = "ID|FILE")]
    label: String,
    /// Where the file goes, or - for stdout [default: named after the cluster]
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// In which words.
#[derive(Debug, Args)]
pub(crate) struct Wording {
    /// en, de, es or fr [default: that of the cluster's country, else en]
    #[arg(long)]
    language: Option<Language>,
    /// Where people check labels, https://HOST: only with a label's file, a node has its own (labels.public_url)
    #[arg(long, value_name = "URL")]
    public_url: Option<PublicUrl>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum CertificateFormat {
    /// PDF/A-3a and PDF/UA-1
    Pdf,
    /// For printing houses
    Svg,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum BadgeFormat {
    Svg,
    Png,
}

/// Arguments of `parangon label certificate`.
#[derive(Debug, Args)]
pub(crate) struct CertificateArgs {
    #[command(flatten)]
    target: Target,
    /// The file's form
    #[arg(long, default_value = "pdf")]
    format: CertificateFormat,
    #[command(flatten)]
    wording: Wording,
}

/// Arguments of `parangon label badge`.
#[derive(Debug, Args)]
pub(crate) struct BadgeArgs {
    #[command(flatten)]
    target: Target,
    /// The file's form
    #[arg(long, default_value = "svg")]
    format: BadgeFormat,
    /// Pixels of a PNG's side, 24 to 4096 [default: 600]
    #[arg(long, value_name = "PX")]
    size: Option<u16>,
}

/// Arguments of `parangon label press` and `parangon label reminder`.
#[derive(Debug, Args)]
pub(crate) struct TextArgs {
    #[command(flatten)]
    target: Target,
    #[command(flatten)]
    wording: Wording,
}

/// Which carrier is asked for, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Carrier<'a> {
    Certificate(&'a CertificateArgs),
    Badge(&'a BadgeArgs),
    Press(&'a TextArgs),
    Reminder(&'a TextArgs),
}

impl<'a> Carrier<'a> {
    /// The one that a verb asks for.
    pub(super) fn of(verb: &'a LabelCommand) -> Option<Self> {
        match verb {
            LabelCommand::Certificate(args) => Some(Self::Certificate(args)),
            LabelCommand::Badge(args) => Some(Self::Badge(args)),
            LabelCommand::Press(args) => Some(Self::Press(args)),
            LabelCommand::Reminder(args) => Some(Self::Reminder(args)),
            _ => None,
        }
    }

    fn target(self) -> &'a Target {
        match self {
            Self::Certificate(args) => &args.target,
            Self::Badge(args) => &args.target,
            Self::Press(args) | Self::Reminder(args) => &args.target,
        }
    }

    fn wording(self) -> Option<&'a Wording> {
        match self {
            Self::Certificate(args) => Some(&args.wording),
            Self::Badge(_) => None,
            Self::Press(args) | Self::Reminder(args) => Some(&args.wording),
        }
    }

    fn check(self) -> Result<(), Failure> {
        match self {
            Self::Badge(BadgeArgs { format: BadgeFormat::Svg, size: Some(_), .. }) => {
                Err(Failure::usage("an SVG has no size in pixels").next("--format png --size PX"))
            }
            Self::Badge(BadgeArgs { size: Some(size), .. }) if !BADGE_SIZES.contains(size) => {
                Err(Failure::usage(CarrierError::Size { size: *size }))
            }
            _ => Ok(()),
        }
    }

    /// Its name, in the path of the API and in files, and the file's ending.
    fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Certificate(args) => ("certificate", if matches!(args.format, CertificateFormat::Pdf) { "pdf" } else { "svg" }),
            Self::Badge(args) => ("badge", if matches!(args.format, BadgeFormat::Png) { "png" } else { "svg" }),
            Self::Press(_) => ("press", "txt"),
            Self::Reminder(_) => ("reminder", "ics"),
        }
    }

    fn path(self, id: &str) -> String {
        let (name, ending) = self.names();
        let mut query = Vec::new();
        if matches!(self, Self::Certificate(_) | Self::Badge(_)) {
            query.push(format!("format={ending}"));
        }
        if let Self::Badge(BadgeArgs { size: Some(size), .. }) = self {
            query.push(format!("size={size}"));
        }
        query.extend(self.wording().and_then(|wording| wording.language).map(|language| format!("language={language}")));
        format!("{PATH}/{}/{name}?{}", encode(id), query.join("&"))
    }

    fn make(self, facts: &Facts) -> Result<Vec<u8>, CarrierError> {
        let wording = self.wording();
        let settings = Settings {
            language: wording.and_then(|wording| wording.language),
            public_url: wording.and_then(|wording| wording.public_url.clone()),
        };
        match self {
            Self::Certificate(args) => match args.format {
                CertificateFormat::Pdf => carriers::certificate_pdf(facts, &settings),
                CertificateFormat::Svg => Ok(carriers::certificate_svg(facts, &settings).into_bytes()),
            },
            Self::Badge(args) => match args.format {
                BadgeFormat::Png => carriers::badge_png(facts, args.size.unwrap_or(BADGE_SIZE)),
                BadgeFormat::Svg => Ok(carriers::badge_svg(facts).into_bytes()),
            },
            Self::Press(_) => Ok(carriers::press(facts, &settings).into_bytes()),
            Self::Reminder(_) => Ok(carriers::reminder(facts, &settings).into_bytes()),
        }
    }

    /// Writes the file, or says what stands in the way.
    fn write(self, bytes: &[u8], cluster: &str, id: &str, out: &Output) -> Result<(), Failure> {
        let (name, ending) = self.names();
        let path = self.target().output.clone().unwrap_or_else(|| format!("{}.{name}.{ending}", files::slug(cluster)).into());
        if path == Path::new("-") {
            out.raw(bytes);
            return Ok(());
        }
        files::write_new(&path, bytes)?;
        out.result(&json!({ "id": id, "file": path, "bytes": bytes.len() }), |page| {
            page.field(name, path.to_string_lossy());
            if matches!(self, Self::Certificate(_) | Self::Badge(_)) {
                page.next(format!("parangon verify {}", path.display()));
            }
        })
    }
}

/// Of a label's file, where the verb names one: no node is needed then. False where it names a label of the node's.
pub(crate) fn from_file(verb: &LabelCommand, out: &Output) -> Result<bool, Failure> {
    let Some(carrier) = Carrier::of(verb) else { return Ok(false) };
    carrier.check()?;
    let file = Path::new(&carrier.target().label);
    if !file.is_file() {
        return Ok(false);
    }
    let text = files::read(file, limits::DOCUMENT_BYTES)?;
    let facts = Facts::read(&text).map_err(Failure::invalid)?;
    // Of a file that is not what its federation signed nothing is made that looks as if it were.
    let verdict = verify(&text, &Trust::new([facts.federation]), facts.issued);
    if verdict.label.is_none() || FALSE.contains(&verdict.code) {
        let failure = Failure::invalid(format!("{} holds no label of its federation that stands", file.display()));
        return Err(failure.next(format!("parangon verify {}", file.display())));
    }
    let bytes = carrier.make(&facts).map_err(Failure::failed)?;
    carrier.write(&bytes, &facts.cluster, &facts.id.to_string(), out)?;
    Ok(true)
}

/// Of a label that the node knows.
pub(super) fn from_node(carrier: Carrier<'_>, context: &Context<'_>) -> Result<(), Failure> {
    if carrier.wording().is_some_and(|wording| wording.public_url.is_some()) {
        let failure = Failure::usage("--public-url is for a label's file: a node has its own");
        return Err(failure.next("public_url under [labels] in the node's configuration"));
    }
    let (id, label) = find(&carrier.target().label, context)?;
    let bytes = context.client.download(&carrier.path(&id))?;
    carrier.write(&bytes, cluster_name(&label), &id, context.out)
}
