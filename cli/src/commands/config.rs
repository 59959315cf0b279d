//! `parangon config`, and where `serve` finds its configuration.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use parangon_node::config::{Config, ConfigError, KeySource, Origin};
use serde_json::{Value, json};

use super::init::CONFIG;
use super::unlock::NODE_KEY;
use crate::args::{DataDir, Noun, default_data};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::output::Output;

/// The credential that the systemd unit hands over.
const CREDENTIAL: &str = "node-key";

/// Verbs of `parangon config`.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Print every setting that would be used
    Show {
        #[command(flatten)]
        file: ConfigFile,
        /// Print beside each where it comes from
        #[arg(long)]
        origin: bool,
    },
    /// Check the configuration without using it
    Check(ConfigFile),
}

/// The configuration file.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ConfigFile {
    /// The file [default: parangon.toml in --data, else the user's, the system's, or none]
    #[arg(long, value_name = "FILE", env = "PARANGON_CONFIG", hide_env_values = true)]
    config: Option<PathBuf>,
}

/// Runs one verb.
pub(crate) fn run(noun: &Noun<ConfigCommand>, out: &Output) -> Result<(), Failure> {
    match &noun.verb {
        ConfigCommand::Show { file, origin } => show(&file.load(&noun.data)?, *origin, out),
        ConfigCommand::Check(file) => check(file, &noun.data, out),
    }
}

impl ConfigFile {
    fn path(&self, data: &DataDir) -> Option<PathBuf> {
        let inside = |dir: &Path| Some(dir.join(CONFIG)).filter(|path| path.is_file());
        match (&self.config, data.given()) {
            (Some(file), _) => Some(file.clone()),
            (None, Some(dir)) => inside(dir),
            (None, None) => Config::find(variable).or_else(|| inside(&default_data())),
        }
    }

    /// The effective configuration: flags, variables, the file, defaults.
    pub(crate) fn load(&self, data: &DataDir) -> Result<Config, Failure> {
        let path = self.path(data);
        let config = match &path {
            Some(path) => Config::load(path).map_err(mistake)?,
            None => Config::default(),
        };
        let mut config = config.with_variables(variable).map_err(mistake)?;
        let named = data.given().filter(|dir| std::env::var_os("PARANGON_DATA_DIR").is_none_or(|set| set != dir.as_os_str()));
        if let Some(dir) = named {
            config.set_data_dir(dir.clone(), Origin::Flag("--data")).map_err(mistake)?;
        }
        Ok(complete(config))
    }
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// What follows from the data directory: the socket, and the key file that `init` left there or systemd hands over.
fn complete(mut config: Config) -> Config {
    if config.api.socket.is_none() {
        config.api.socket = Some(config.data_dir.join("admin.sock"));
    }
    if config.keys == KeySource::Ask {
        let credential = std::env::var_os("CREDENTIALS_DIRECTORY").map(|dir| Path::new(&dir).join(CREDENTIAL));
        let found = credential.into_iter().chain([config.data_dir.join(NODE_KEY)]).find(|path| path.exists());
        config.keys = found.map_or(KeySource::Ask, KeySource::KeyFile);
    }
    config
}

/// A mistake in the configuration: exit code 7, or 5 when the file is missing.
fn mistake(error: ConfigError) -> Failure {
    match &error {
        ConfigError::Unreadable { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Failure::new(Exit::NotFound, error),
        _ => Failure::invalid(error),
    }
}

fn show(config: &Config, origin: bool, out: &Output) -> Result<(), Failure> {
    let settings = config.settings();
    let json: Vec<Value> = settings.iter().map(|s| json!({ "key": s.key, "value": s.value, "origin": s.origin.to_string() })).collect();
    out.result(&json, |page| {
        let value = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
        if origin {
            page.table(["SETTING", "VALUE", "FROM"], settings.iter().map(|s| [s.key.to_owned(), value(&s.value), s.origin.to_string()]));
        } else {
            page.table(["SETTING", "VALUE"], settings.iter().map(|s| [s.key.to_owned(), value(&s.value)]));
        }
    })
}

fn check(file: &ConfigFile, data: &DataDir, out: &Output) -> Result<(), Failure> {
    let config = file.load(data)?;
    let path = file.path(data);
    let set = config.settings().iter().filter(|setting| setting.origin != Origin::Default).count();
    out.result(&json!({ "file": path, "ok": true, "set": set }), |page| {
        let name = path.as_ref().map_or_else(|| "no file: every setting has its default".to_owned(), |path| path.display().to_string());
        page.state(crate::output::State::Ok, &name, &format!("{set} settings differ in origin from the defaults"));
    })
}
