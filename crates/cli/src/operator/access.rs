//! Where the protocol is, and what an operator's configuration says of it.

use super::{
    fault::{file, Fault, Outcome},
    output::Output,
    rpc::Rpc,
    words::Reasons,
};
use alloy_primitives::Address;
use clap::Args;
use serde::Deserialize;
use std::{collections::BTreeMap, path::PathBuf};

/// Node, protocol and form of the output.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Where")]
pub struct Access {
    /// Address of the node.
    #[arg(long, env = "FUSEBOX_RPC", hide_env_values = true, value_name = "URL", global = true)]
    pub rpc: Option<String>,
    /// Address of the protocol: its hot program.
    #[arg(long, env = "FUSEBOX_PROTOCOL", value_name = "ADDRESS", global = true)]
    pub protocol: Option<Address>,
    /// File with what does not change: rpc, protocol, from_block, wasm, keystore, key_file, and words for reasons.
    ///
    /// Without it ./fusebox.toml is read if it is there. A key never stands in it.
    #[arg(long, env = "FUSEBOX_CONFIG", value_name = "FILE", global = true)]
    pub config: Option<PathBuf>,
    /// One JSON value instead of text.
    #[arg(long, global = true)]
    pub json: bool,
}

/// What a configuration file may hold.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Address of the node.
    pub rpc: Option<String>,
    /// Address of the protocol.
    pub protocol: Option<Address>,
    /// The block in which the protocol was deployed: logs before it are not asked for.
    pub from_block: Option<u64>,
    /// Folder with the built programs.
    pub wasm: Option<PathBuf>,
    /// Encrypted key file.
    pub keystore: Option<PathBuf>,
    /// Key file.
    pub key_file: Option<PathBuf>,
    /// The protocol's own words for its reasons, by their numbers.
    pub reasons: BTreeMap<String, String>,
}

/// A node, where the protocol is on it, and the configuration.
pub struct Place {
    /// The node.
    pub rpc: Rpc,
    /// Where output goes.
    pub out: Output,
    /// The configuration.
    pub config: Config,
    /// Words for reasons.
    pub reasons: Reasons,
    protocol: Option<Address>,
}

impl Access {
    /// Reads the configuration and finds the node; nothing is asked yet.
    ///
    /// Errors: a file that is not right; no address of a node.
    pub fn open(&self) -> Outcome<Place> {
        let config = self.read()?;
        let url = self.rpc.clone().or_else(|| config.rpc.clone()).ok_or_else(|| {
            Fault::Usage(
                "which node? Give --rpc URL, set FUSEBOX_RPC, or write rpc = \"...\" into fusebox.toml.".into(),
            )
        })?;
        let mut reasons = BTreeMap::new();
        for (code, words) in &config.reasons {
            let code = code
                .parse()
                .map_err(|_| Fault::Usage(format!("[reasons] {code}: a reason is a number up to 65535")))?;
            reasons.insert(code, words.clone());
        }
        Ok(Place {
            rpc: Rpc::new(&url)?,
            out: Output::new(self.json),
            reasons: Reasons(reasons),
            protocol: self.protocol.or(config.protocol),
            config,
        })
    }

    fn read(&self) -> Outcome<Config> {
        let path = match &self.config {
            Some(path) => path.clone(),
            None => match PathBuf::from("fusebox.toml") {
                path if path.is_file() => path,
                _ => return Ok(Config::default()),
            },
        };
        let text = std::fs::read_to_string(&path).map_err(|error| file(&path, error))?;
        toml::from_str(&text).map_err(|error| file(&path, error))
    }
}

impl Place {
    /// The protocol, which has to be there.
    ///
    /// Errors: no address; nothing at the address; no answer from the node.
    pub fn protocol(&self) -> Outcome<Address> {
        let protocol = self.protocol.ok_or_else(|| {
            let text = "which protocol? Give --protocol ADDRESS, set FUSEBOX_PROTOCOL, or write protocol = \"...\" into fusebox.toml.";
            Fault::Usage(text.into())
        })?;
        if self.rpc.code(protocol)?.is_empty() {
            let text = format!(
                "there is no contract at {protocol} on the chain at {}. Is it the right chain?",
                self.rpc.shown()
            );
            return Err(Fault::Usage(text));
        }
        Ok(protocol)
    }

    /// The block from which on the protocol's logs are asked for.
    pub fn from_block(&self) -> u64 {
        self.config.from_block.unwrap_or(0)
    }

    /// The folder with the built programs.
    pub fn wasm(&self, given: Option<&PathBuf>) -> PathBuf {
        given.or(self.config.wasm.as_ref()).cloned().unwrap_or_else(|| PathBuf::from("target/fusebox"))
    }
}
