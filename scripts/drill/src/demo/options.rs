//! What the command line asks for.

use super::incident::catalogue::NAMES;
use std::path::PathBuf;

/// A run of the demo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Names of [`NAMES`]: one, or all of them.
    pub incidents: Vec<String>,
    /// The user's files; empty for named incidents.
    pub prices: Vec<String>,
    /// For the report.
    pub out: PathBuf,
    /// With the compiled programs.
    pub contracts: PathBuf,
}

/// Reads the arguments.
///
/// Errors: a sentence that says what is wrong.
pub fn parse(args: &[String]) -> Result<Options, String> {
    let mut incident = None;
    let mut options = Options {
        incidents: NAMES.map(String::from).to_vec(),
        prices: Vec::new(),
        out: PathBuf::from("target/fusebox/demo"),
        contracts: PathBuf::from("target/fusebox"),
    };
    let mut args = args.iter().peekable();
    while let Some(arg) = args.next() {
        let mut value = |what: &str| {
            let value = args.next_if(|next| !next.starts_with("--"));
            value.cloned().ok_or_else(|| format!("{arg} needs {what}"))
        };
        match arg.as_str() {
            "--incident" => incident = Some(value("a name")?),
            "--out" => options.out = value("a folder")?.into(),
            "--contracts" => options.contracts = value("a folder")?.into(),
            "--prices" => {
                options.prices.push(value("two files or more")?);
                while let Ok(file) = value("") {
                    options.prices.push(file);
                }
            }
            other => return Err(format!("`{other}` is not an option; see `cargo xtask demo --help`")),
        }
    }
    if let Some(name) = incident {
        if !NAMES.contains(&name.as_str()) {
            return Err(format!("no incident is called `{name}`; there is {}", NAMES.join(", ")));
        }
        if !options.prices.is_empty() {
            return Err("--incident and --prices exclude each other".into());
        }
        options.incidents = vec![name];
    }
    Ok(options)
}
