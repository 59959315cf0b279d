//! The command line as a whole. Each noun's arguments live beside what it does, in `commands`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::commands::{
    access, assess, audit, backup, catalogue, cluster, completions, config, erase, federation, init, invite, join, key, label, man, mirror,
    peer, reminders, restore, review, serve, stats, status, token, trust, verify,
};
use crate::demo::DemoArgs;

/// What `parangon` alone prints.
pub(crate) const INTRODUCTION: &str = "\
Parangon: peer review and excellence labels for clusters, without a centre.

  parangon demo                       five agencies on this computer, nothing leaves it
  parangon verify NAME.label.json     check a label; needs no node and no network
  parangon init --id oslo --name \"Klynge Oslo\" --country NO    the first step of an agency

Common commands: serve, status, assess, review, label. All of them: parangon --help
One command with examples: parangon label --help
What each exit code means: parangon --help

Documentation: docs/ in this program's source, manual pages with `parangon man DIR`
Codes, configuration and running a node: docs/README.md there
";

/// Peer review and excellence labels for clusters, without a centre.
///
/// Examples:
///   parangon demo                                  five agencies on this computer
///   parangon verify bioregio.label.json            check a label, without node and network
///   parangon init --id oslo --name "Klynge Oslo" --country NO
///   parangon serve                                 run this agency's node
///   parangon status                                how the node is, and what waits for you
///
/// Results go to stdout, everything else to stderr. `--json` gives the stable form of every result and error.
/// Exit codes: 0 done, 1 failed, 2 usage, 3 no node, 4 not allowed, 5 not found, 6 conflict, 7 invalid data,
/// 8 against a rule; `verify` has 10 to 17 (parangon verify --help).
#[derive(Debug, Parser)]
#[command(name = "parangon", version, verbatim_doc_comment, disable_help_subcommand = false, max_term_width = 110)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Print one JSON value, also for errors
    #[arg(long, global = true, conflicts_with = "plain")]
    pub(crate) json: bool,
    /// Print tab-separated lines without headings
    #[arg(long, global = true)]
    pub(crate) plain: bool,
    /// Print nothing but errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// No colours (also: NO_COLOR, TERM=dumb, or output to a file)
    #[arg(long, global = true)]
    pub(crate) no_color: bool,
    /// Never ask: what would be asked needs its option
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
    /// The node to talk to: http://HOST:PORT or the path of its socket
    #[arg(long, global = true, value_name = "URL|SOCKET", env = "PARANGON_NODE", hide_env_values = true)]
    pub(crate) node: Option<String>,
    /// File with an access token; not needed on the node's own socket
    #[arg(long, global = true, value_name = "FILE", env = "PARANGON_TOKEN_FILE", hide_env_values = true)]
    pub(crate) token_file: Option<PathBuf>,
    /// Seconds to wait for the node's answer
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) timeout: u64,
}

/// Where the agency's files are.
#[derive(Debug, Clone, Args)]
pub(crate) struct DataDir {
    /// The agency's data directory [default: /var/lib/parangon if it exists, else the user's state directory]
    #[arg(long = "data", value_name = "DIR", env = "PARANGON_DATA_DIR", hide_env_values = true, global = true)]
    given: Option<PathBuf>,
}

impl DataDir {
    /// The directory, given or by default.
    pub(crate) fn path(&self) -> PathBuf {
        self.given.clone().unwrap_or_else(default_data)
    }

    /// The directory if it was given.
    pub(crate) fn given(&self) -> Option<&PathBuf> {
        self.given.as_ref()
    }
}

/// `/var/lib/parangon`, or `parangon` in the user's state directory.
pub(crate) fn default_data() -> PathBuf {
    let system = PathBuf::from("/var/lib/parangon");
    if system.is_dir() { system } else { user_dir("XDG_STATE_HOME", ".local/state") }
}

/// `parangon` in one of the user's XDG directories.
pub(crate) fn user_dir(variable: &str, below_home: &str) -> PathBuf {
    let given = std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let home = || std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default().join(below_home);
    given.unwrap_or_else(home).join("parangon")
}

/// A noun: its verbs, and the data directory whose node they talk to.
#[derive(Debug, Args)]
pub(crate) struct Noun<C: Subcommand> {
    #[command(flatten)]
    pub(crate) data: DataDir,
    #[command(subcommand)]
    pub(crate) verb: C,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a whole federation on this computer, on real clusters and made-up scores
    ///
    /// Examples:
    ///   parangon demo                            five agencies, until Ctrl-C
    ///   parangon demo --once --json              do everything once, print a summary, leave
    ///   parangon demo --data clusters.csv --agencies 7
    #[command(verbatim_doc_comment)]
    Demo(DemoArgs),
    /// Make an agency's keys, recovery sheet, configuration and membership card
    ///
    /// Examples:
    ///   parangon init --id oslo --name "Klynge Oslo" --country NO
    ///   parangon init --id oslo --name "Klynge Oslo" --country NO --sheet /media/safe/oslo.html
    ///   parangon init --data ./oslo --id oslo --name "Klynge Oslo" --country NO \
    ///       --listen /ip4/0.0.0.0/tcp/7443 --public-address /dns/node.oslo.example/tcp/7443
    #[command(verbatim_doc_comment)]
    Init(init::InitArgs),
    /// Look after the identity key, its recovery sheet, and the keys of the node
    ///
    /// Examples:
    ///   parangon key show --data ./oslo
    ///   parangon key drill                       one word of the sheet, from the paper, once a year
    ///   parangon key recover --data ./recovered  the identity key from the 48 words
    ///   parangon key rotate --identity /media/safe
    ///   parangon key compromised --role issue --since-index 412 --dry-run
    ///   parangon key sheet --identity /media/safe -o /media/safe/oslo.html
    #[command(verbatim_doc_comment)]
    Key(Noun<key::KeyCommand>),
    /// Run this agency's node until it is stopped
    ///
    /// Examples:
    ///   parangon serve
    ///   parangon serve --data ./oslo
    ///   parangon serve --config /etc/parangon/parangon.toml
    #[command(verbatim_doc_comment)]
    Serve(serve::ServeArgs),
    /// Show how the node is, and what waits for you
    ///
    /// Examples:
    ///   parangon status
    ///   parangon status --strict --quiet         exit code 1 unless everything is ok
    #[command(verbatim_doc_comment)]
    Status(status::StatusArgs),
    /// List what waits for you, since when and until when
    ///
    /// Examples:
    ///   parangon reminders
    ///   parangon reminders --ics /srv/www/due.ics --quiet     from a timer; a calendar reads the file
    ///   parangon reminders --quiet; test $? -lt 20 || echo "something waits: parangon reminders"
    ///
    /// Exit codes: 0 nothing to be reminded of · 20 something waits since 3 days, or is due within 7 · 21 something is overdue
    #[command(verbatim_doc_comment)]
    Reminders(reminders::RemindersArgs),
    /// Found a federation; read its rules
    ///
    /// Examples:
    ///   parangon federation new "Cluster Network" --member oslo.member.json --member lyon.member.json -o draft.json
    ///   parangon federation sign draft.json --data ./oslo -o oslo.sig.json
    ///   parangon federation found draft.json oslo.sig.json lyon.sig.json --data ./oslo
    ///   parangon federation show
    #[command(verbatim_doc_comment)]
    Federation(Noun<federation::FederationCommand>),
    /// Invite another agency, and propose it once it has asked
    ///
    /// Examples:
    ///   parangon invite new --to "Cluster Bergen"
    ///   parangon invite list
    ///   parangon invite accept 5a6b              after both have read the same check words
    ///   parangon invite cancel 5a6b
    #[command(verbatim_doc_comment)]
    Invite(Noun<invite::InviteCommand>),
    /// Join a federation with an invite: look, compare check words, wait for the members, receive the records
    ///
    /// Examples:
    ///   parangon join pgn1-…                     the string that a member sent
    ///   parangon join - <invite.txt              without leaving it in the shell's history
    ///   parangon join                            go on where the last one stopped
    #[command(verbatim_doc_comment)]
    Join(join::JoinArgs),
    /// Decide which federations `parangon verify` believes
    ///
    /// Examples:
    ///   parangon trust export -o network.trust.json
    ///   parangon trust import network.trust.json
    ///   parangon trust page -o verify.html       checks labels in any browser, without a network
    ///   parangon trust show
    #[command(verbatim_doc_comment)]
    Trust(Noun<trust::TrustCommand>),
    /// Read catalogues of indicators, take in others, and compare them
    ///
    /// Examples:
    ///   parangon catalogue list
    ///   parangon catalogue show ecei-2026 --indicator 4.1.3
    ///   parangon catalogue check bw-2026.json
    ///   parangon catalogue import bw-2026.json
    ///   parangon catalogue diff ecei-2026 bw-2026.json
    #[command(verbatim_doc_comment)]
    Catalogue(Noun<catalogue::CatalogueCommand>),
    /// Register the clusters that this agency looks after
    ///
    /// Examples:
    ///   parangon cluster add "BioRegio Südwest" --country DE --field biotechnology
    ///   parangon cluster import clusters.xlsx --dry-run
    ///   parangon cluster edit oslo/3f2a --name "BioRegio Süd" --nuts DE11/2024
    ///   parangon cluster list
    #[command(verbatim_doc_comment)]
    Cluster(Noun<cluster::ClusterCommand>),
    /// Record assessments; scores come from and go to spreadsheets
    ///
    /// Examples:
    ///   parangon assess new oslo/3f2a --level gold --eccp-listed --fte 1.5 --members 48 --member-types 3
    ///   parangon assess template 7c1d -o bioregio.xlsx      fill it in, away from the node
    ///   parangon assess import 7c1d bioregio.xlsx           shows everything, then asks
    ///   parangon assess attach 7c1d strategy.pdf --indicator 4.1.2 --language de
    ///   parangon assess show 7c1d --scores                  beside those of last time
    #[command(verbatim_doc_comment)]
    Assess(Noun<assess::AssessCommand>),
    /// Ask other agencies for reviews, and review for them
    ///
    /// Examples:
    ///   parangon review eligible --level gold
    ///   parangon review ask 7c1d --level gold --reviewer lyon --reviewer barcelona
    ///   parangon review draw 7c1d --level gold              nodes draw whom to ask, over night
    ///   parangon review draws                               the ranking, then: review ask 7c1d --level gold
    ///   parangon review inbox
    ///   parangon review accept 9b2e --no-conflicts
    ///   parangon review edit 9b2e --level 2.1=3 --note "2.1=ask for the minutes"    saved at once
    ///   parangon review workbook 9b2e -o review.xlsx        fill it in, away from the node
    ///   parangon review import 9b2e review.xlsx             shows everything, then asks
    ///   parangon review submit 9b2e --eligible yes
    #[command(verbatim_doc_comment)]
    Review(Noun<review::ReviewCommand>),
    /// Issue labels, export them, withdraw them
    ///
    /// Examples:
    ///   parangon label issue 9b2e
    ///   parangon label list --level gold --state valid
    ///   parangon label export 4d5e -o bioregio.label.json
    ///   parangon label withdraw 4d5e --reason no-longer-met --confirm "BioRegio Südwest"
    ///   parangon label object 4d5e --ground conflict-of-interest --dry-run
    #[command(verbatim_doc_comment)]
    Label(Noun<label::LabelCommand>),
    /// Erase assessments, offers or clusters, here and at everybody who was sent something of them
    ///
    /// Examples:
    ///   parangon erase assessment 7c1d --dry-run            what would go, and what stays
    ///   parangon erase assessment 7c1d                      asks for the cluster's name
    ///   parangon erase offer 9b2e --confirm "BioRegio Südwest"
    ///   parangon erase review 9b2e --dry-run                what we hold of another agency's offer
    ///   parangon erase show 5a6b                            who was asked, and the receipts
    ///   parangon erase person "Zoë Müller" --dry-run
    #[command(verbatim_doc_comment)]
    Erase(Noun<erase::EraseCommand>),
    /// Show every place where a name or another text is stored, and what is kept, why, and how long
    ///
    /// Examples:
    ///   parangon access "Zoë Müller"
    ///   parangon access - --json <name.txt                  without leaving it in the shell's history
    #[command(verbatim_doc_comment)]
    Access(access::AccessArgs),
    /// Check a label file; needs no node and no network
    ///
    /// Examples:
    ///   parangon verify bioregio.label.json
    ///   parangon verify bioregio.label.json --at 2026-05-01 --trust network.trust.json
    ///   parangon verify certificate.pdf badge.png --many
    ///   parangon verify - --fingerprint abandon-ability-able-about-above-absent-absorb-abstract < x.label.json
    ///
    /// Exit codes: 0 authentic and valid at that date · 10 not authentic · 11 expired or not yet valid
    /// 12 withdrawn or suspended · 13 replaced by a newer label · 14 signed by someone unknown to the federation
    /// 15 cannot tell (nothing pinned, provisional, status too old, log forked, a printed code alone) · 16 no label in the input
    /// 17 signed, but not entitled (also any credential alone)
    #[command(verbatim_doc_comment)]
    Verify(verify::VerifyArgs),
    /// Release anonymised statistics and read everybody's
    ///
    /// Examples:
    ///   parangon stats prepare --period 2026-Q3
    ///   parangon stats release --period 2026-Q3 --yes
    ///   parangon stats show --indicator 4.1.3
    ///   parangon stats query --indicator 4.1.3 --by country
    ///   parangon stats export --indicator 4.1.3 --format csv -o distribution.csv
    ///   parangon stats export --format zip -o figures.zip
    #[command(verbatim_doc_comment)]
    Stats(Noun<stats::StatsCommand>),
    /// Write what is public as files that any web server can give out
    ///
    /// Examples:
    ///   parangon mirror export /srv/www/mirror
    ///   parangon mirror export /srv/www/mirror --quiet      from a timer: only what changed is written
    #[command(verbatim_doc_comment)]
    Mirror(Noun<mirror::MirrorCommand>),
    /// Show the other agencies' nodes
    ///
    /// Examples:
    ///   parangon peer list
    ///   parangon peer evidence oslo -o oslo.fork.json
    #[command(verbatim_doc_comment)]
    Peer(Noun<peer::PeerCommand>),
    /// Make and revoke access tokens of the API
    ///
    /// Examples:
    ///   parangon token create reports --role read-only --expires-days 90 -o reports.token
    ///   parangon token create anna --role staff --role approver -o anna.token
    ///   parangon token list
    ///   parangon token revoke 5a6b --yes
    #[command(verbatim_doc_comment)]
    Token(Noun<token::TokenCommand>),
    /// Read and check who did what on this node
    ///
    /// Examples:
    ///   parangon audit list --since 2026-11-01
    ///   parangon audit export 2026.audit.jsonl
    ///   parangon audit check                     recompute the chain in the node
    ///   parangon audit check 2026.audit.jsonl    the same of an export; needs no node
    #[command(verbatim_doc_comment)]
    Audit(Noun<audit::AuditCommand>),
    /// Make, list and check backups of the node, encrypted to the identity key
    ///
    /// Examples:
    ///   parangon backup create -o /srv/backups
    ///   parangon backup list /srv/backups
    ///   parangon backup check /srv/backups/oslo-20261124T031200Z.pgnbak --identity /media/safe
    ///   parangon backup recipient --identity /media/safe     once, for agencies made before there were backups
    #[command(verbatim_doc_comment)]
    Backup(Noun<backup::BackupCommand>),
    /// Bring the node back from a backup, into an empty directory; needs no node
    ///
    /// Examples:
    ///   parangon restore oslo-20261124T031200Z.pgnbak --data ./oslo
    ///   parangon restore oslo-20261124T031200Z.pgnbak --data ./oslo --identity /media/safe
    ///   parangon restore oslo-20261124T031200Z.pgnbak --data ./oslo --sheet - --old-node-is-off <words.txt
    #[command(verbatim_doc_comment)]
    Restore(restore::RestoreArgs),
    /// Show and check the node's configuration
    ///
    /// Examples:
    ///   parangon config show --origin
    ///   parangon config check --config /etc/parangon/parangon.toml
    #[command(verbatim_doc_comment)]
    Config(Noun<config::ConfigCommand>),
    /// Print a completion script for your shell
    ///
    /// Examples:
    ///   parangon completions bash > ~/.local/share/bash-completion/completions/parangon
    #[command(verbatim_doc_comment)]
    Completions(completions::CompletionsArgs),
    /// Write manual pages of every command into a directory
    ///
    /// Examples:
    ///   parangon man ./man && man ./man/parangon-label.1
    #[command(verbatim_doc_comment)]
    Man(man::ManArgs),
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    fn parse(line: &str) -> Result<Cli, clap::Error> {
        Cli::try_parse_from(line.split(' '))
    }

    #[test]
    fn the_definition_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn twelve_lines_say_what_it_is() {
        assert_eq!(INTRODUCTION.lines().count(), 12);
    }

    #[test]
    fn global_options_stand_anywhere() {
        for line in ["parangon --json label list", "parangon label --json list", "parangon label list --json"] {
            assert!(parse(line).expect(line).global.json, "{line}");
        }
    }

    #[test]
    fn two_forms_at_once_are_refused() {
        let error = parse("parangon status --json --plain").expect_err("refused");
        assert_eq!(error.kind(), clap::error::ErrorKind::ArgumentConflict);
    }

    #[test]
    fn commands_are_not_abbreviated() {
        assert!(parse("parangon stat").is_err());
        assert!(parse("parangon label li").is_err());
    }

    #[test]
    fn every_command_has_help_and_the_nouns_have_examples() {
        fn walk(command: &clap::Command, path: &str) {
            let path = format!("{path} {}", command.get_name());
            assert!(command.get_about().is_some(), "{path} has no help");
            for option in command.get_arguments().filter(|argument| !argument.is_hide_set()) {
                assert!(option.get_help().is_some(), "{path} {} has no help", option.get_id());
            }
            command.get_subcommands().filter(|sub| sub.get_name() != "help").for_each(|sub| walk(sub, &path));
        }
        let command = Cli::command();
        walk(&command, "");
        for noun in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            let long = noun.get_long_about().map(ToString::to_string).unwrap_or_default();
            assert!(long.contains("Examples:"), "{} has no examples", noun.get_name());
        }
    }
}
