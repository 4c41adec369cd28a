//! Who signs: a key from a file, an encrypted keystore or an environment variable, or a Safe, for which a file is written.
//!
//! A key never stands on the command line, where every process of the machine sees it and the shell keeps it.

use super::{
    access::Config,
    fault::{file, Fault, Outcome},
};
use alloy_primitives::{hex, Address, B256};
use alloy_signer_local::{LocalSigner, PrivateKeySigner};
use clap::Args;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Who sends.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Who signs")]
pub struct Signing {
    /// Encrypted key file (Web3 Secret Storage). Its password is asked for, unless it is in a file or a variable.
    #[arg(long, value_name = "FILE", global = true)]
    pub keystore: Option<PathBuf>,
    /// File that holds the keystore's password.
    #[arg(long, value_name = "FILE", requires = "keystore", global = true)]
    pub password_file: Option<PathBuf>,
    /// Name of the environment variable that holds the keystore's password.
    #[arg(long, value_name = "NAME", requires = "keystore", global = true)]
    pub password_env: Option<String>,
    /// File that holds a private key in hexadecimal.
    #[arg(long, value_name = "FILE", conflicts_with = "keystore", global = true)]
    pub key_file: Option<PathBuf>,
    /// Name of the environment variable that holds a private key in hexadecimal.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["keystore", "key_file"], global = true)]
    pub key_env: Option<String>,
    /// A Safe instead of a key: nothing is sent, and --out is written for its Transaction Builder.
    #[arg(long, value_name = "ADDRESS", requires = "out", global = true)]
    pub safe: Option<Address>,
    /// File for the Safe's Transaction Builder.
    #[arg(long, value_name = "FILE", requires = "safe", global = true)]
    pub out: Option<PathBuf>,
    /// Only simulate: say what would happen, sign nothing.
    #[arg(long, global = true)]
    pub dry_run: bool,
    /// With --dry-run: simulate as this account, without its key.
    #[arg(long, value_name = "ADDRESS", requires = "dry_run", global = true)]
    pub from: Option<Address>,
    /// Never: it is refused with the reason.
    #[arg(long, hide = true, global = true, num_args = 0..=1, default_missing_value = "", aliases = ["key", "mnemonic", "password", "secret", "pk"])]
    private_key: Option<String>,
}

/// Who sends a call.
pub enum Sender {
    /// An account whose key is here.
    Key(Box<PrivateKeySigner>),
    /// A Safe, through a file.
    Safe(Address, PathBuf),
    /// Nobody: simulated as an account.
    Simulated(Address),
}

impl Sender {
    /// The account that the protocol sees.
    pub fn address(&self) -> Address {
        match self {
            Self::Key(key) => key.address(),
            Self::Safe(address, _) | Self::Simulated(address) => *address,
        }
    }
}

impl Signing {
    /// Who sends, by what was given or what the configuration says.
    ///
    /// Errors: a key on the command line; no key, or one that cannot be read.
    pub fn sender(&self, config: &Config) -> Outcome<Sender> {
        if self.private_key.is_some() {
            return Err(Fault::Usage(NEVER.into()));
        }
        if let (Some(safe), Some(out)) = (self.safe, &self.out) {
            return Ok(match self.dry_run {
                true => Sender::Simulated(safe),
                false => Sender::Safe(safe, out.clone()),
            });
        }
        if let Some(from) = self.from {
            return Ok(Sender::Simulated(from));
        }
        let key = self.key(config)?;
        Ok(match self.dry_run {
            true => Sender::Simulated(key.address()),
            false => Sender::Key(Box::new(key)),
        })
    }

    fn key(&self, config: &Config) -> Outcome<PrivateKeySigner> {
        if let Some(name) = &self.key_env {
            return parse(&variable("--key-env", name)?, &format!("the variable {name}"));
        }
        if let Some(path) = &self.keystore {
            return self.decrypt(path);
        }
        if let Some(path) = &self.key_file {
            return read(path);
        }
        match (&config.keystore, &config.key_file) {
            (Some(path), _) => self.decrypt(path),
            (None, Some(path)) => read(path),
            (None, None) => Err(Fault::Usage(NOBODY.into())),
        }
    }

    fn decrypt(&self, path: &Path) -> Outcome<PrivateKeySigner> {
        if !path.is_file() {
            return Err(Fault::Usage(format!("there is no keystore {}", shown(path))));
        }
        let password = Zeroizing::new(match (&self.password_file, &self.password_env) {
            (Some(from), _) => {
                let text = Zeroizing::new(std::fs::read_to_string(from).map_err(|error| file(from, error))?);
                text.trim_end_matches(['\r', '\n']).to_owned()
            }
            (None, Some(name)) => variable("--password-env", name)?.to_string(),
            (None, None) => {
                rpassword::prompt_password(format!("Password of {}: ", path.display())).map_err(|error| {
                    Fault::Usage(format!(
                        "no password: {error}. Without a terminal give --password-file or --password-env."
                    ))
                })?
            }
        });
        LocalSigner::decrypt_keystore(path, password.as_bytes())
            .map_err(|error| Fault::Usage(format!("{}: {error}. Is it the right password?", path.display())))
    }
}

const NEVER: &str = "\
a key, a mnemonic or a password on the command line is seen by every process of this machine, and the shell keeps it in
its history. Take it for known, and replace it if anything depends on it.
Give --keystore FILE, --key-file FILE, or --key-env NAME (the name of a variable, not the key).";

const NOBODY: &str = "\
who signs? Give --keystore FILE, --key-file FILE or --key-env NAME; --safe ADDRESS --out FILE for a Safe; or
--dry-run --from ADDRESS to see only what would happen.";

/// A file's name, unless it looks like a key that was given in its place.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    match looks_secret(&text) {
        true => "(not shown: it looks like a key)".to_owned(),
        false => text,
    }
}

fn looks_secret(text: &str) -> bool {
    let digits = text.strip_prefix("0x").unwrap_or(text);
    digits.len() >= 60 && digits.chars().all(|letter| letter.is_ascii_hexdigit())
        || text.split_whitespace().count() >= 12
}

/// What a variable holds, by its name.
fn variable(option: &str, name: &str) -> Outcome<Zeroizing<String>> {
    if looks_secret(name) || !name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_') {
        return Err(Fault::Usage(format!("{option} takes the name of an environment variable.\n{NEVER}")));
    }
    std::env::var(name)
        .map(Zeroizing::new)
        .map_err(|_| Fault::Usage(format!("{option}: the variable {name} is not set")))
}

fn read(path: &Path) -> Outcome<PrivateKeySigner> {
    if !path.is_file() {
        return Err(Fault::Usage(format!("--key-file takes the name of a file, and there is none: {}", shown(path))));
    }
    let text = Zeroizing::new(std::fs::read_to_string(path).map_err(|error| file(path, error))?);
    warn_if_readable(path);
    parse(text.trim(), &path.display().to_string())
}

/// A key in hexadecimal; what was wrong with it is said without it.
fn parse(text: &str, place: &str) -> Outcome<PrivateKeySigner> {
    let bad = || Fault::Usage(format!("{place} holds no private key: 64 hexadecimal digits are expected"));
    let bytes = Zeroizing::new(hex::decode(text.trim()).map_err(|_| bad())?);
    let word: [u8; 32] = bytes.as_slice().try_into().map_err(|_| bad())?;
    PrivateKeySigner::from_bytes(&B256::new(word)).map_err(|_| bad())
}

#[cfg(unix)]
fn warn_if_readable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let mode = std::fs::metadata(path).map(|data| data.permissions().mode()).unwrap_or(0);
    if mode & 0o077 != 0 {
        eprintln!("warning: others can read {}: chmod 600", path.display());
    }
}

#[cfg(not(unix))]
fn warn_if_readable(_: &Path) {}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "0x4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"; // published, nobody's

    #[test]
    fn what_looks_like_a_key_is_never_repeated() {
        for signing in [
            Signing { private_key: Some(KEY.into()), ..Signing::default() },
            Signing { key_env: Some(KEY.into()), ..Signing::default() },
            Signing { key_file: Some(KEY.into()), ..Signing::default() },
            Signing { keystore: Some(KEY.into()), ..Signing::default() },
        ] {
            let Err(fault) = signing.sender(&Config::default()) else { panic!("accepted") };
            assert!(matches!(fault, Fault::Usage(_)));
            assert!(!fault.to_string().contains(&KEY[2..10]), "{fault}");
        }
        let Err(fault) = parse("0x4c0883a6zz", "a file") else { panic!("accepted") };
        assert!(!fault.to_string().contains("4c0883a6"));
    }

    #[test]
    fn a_key_file_is_read_with_and_without_its_prefix() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        for text in [KEY.to_owned(), format!("{}\n", &KEY[2..])] {
            std::fs::write(&path, text).expect("written");
            let address = read(&path).expect("a key").address();
            assert_eq!(address.to_string(), "0x2c7536E3605D9C16a7a3D7b1898e529396a65c23");
        }
    }
}
