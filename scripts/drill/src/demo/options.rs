//! What the command line asks for.

use super::incident::NAMES;
use std::path::PathBuf;

/// `--help`.
pub const HELP: &str = "\
cargo xtask demo: a real crash replayed against the compiled contracts, with the breakers and without

  --incident NAME     what to replay: eth-2023 (the default)
  --prices FILE...    your own prices instead: two to five CSV files with the header `timestamp,price` (Unix seconds,
                      plain decimals), sorted, at least an hour and at most 31 days in common; the first is the anchor,
                      the second also stands for the market that traders see
  --out DIR           where report.html and report.json go (default target/fusebox/demo)
  --contracts DIR     where the programs of perp are (default target/fusebox)
  --help              this text
";

/// A run of the demo.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// A name of [`NAMES`].
    pub incident: String,
    /// The user's files; empty for a named incident.
    pub prices: Vec<String>,
    /// For the report.
    pub out: PathBuf,
    /// With the compiled programs.
    pub contracts: PathBuf,
}

/// What to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Print the help.
    Help,
    /// Run.
    Run(Options),
}

/// Reads the arguments.
///
/// Errors: a sentence that says what is wrong.
pub fn parse(args: &[String]) -> Result<Wanted, String> {
    let mut incident = None;
    let mut options = Options {
        incident: NAMES[0].into(),
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
            "--help" | "-h" => return Ok(Wanted::Help),
            "--incident" => incident = Some(value("a name")?),
            "--out" => options.out = value("a folder")?.into(),
            "--contracts" => options.contracts = value("a folder")?.into(),
            "--prices" => {
                options.prices.push(value("two files or more")?);
                while let Ok(file) = value("") {
                    options.prices.push(file);
                }
            }
            other => return Err(format!("`{other}` is not an option; see --help")),
        }
    }
    if let Some(name) = incident {
        if !NAMES.contains(&name.as_str()) {
            return Err(format!("no incident is called `{name}`; there is {}", NAMES.join(", ")));
        }
        if !options.prices.is_empty() {
            return Err("--incident and --prices exclude each other".into());
        }
        options.incident = name;
    }
    Ok(Wanted::Run(options))
}
