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
    /// The user's own flows.
    pub flows: Option<String>,
    /// For the report.
    pub out: PathBuf,
    /// Whether the input is only looked at.
    pub check: bool,
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
        flows: None,
        check: false,
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
            "--flows" => options.flows = Some(value("a file")?),
            "--out" => options.out = value("a folder")?.into(),
            "--check" => options.check = true,
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
        options.incidents = vec![name.clone()];
        incident = Some(name);
    }
    let given = [
        ("--incident", incident.is_some()),
        ("--prices", !options.prices.is_empty()),
        ("--flows", options.flows.is_some()),
    ];
    let given: Vec<&str> = given.into_iter().filter(|(_, is)| *is).map(|(name, _)| name).collect();
    if given.len() > 1 {
        return Err(format!("{} exclude each other", given.join(" and ")));
    }
    Ok(options)
}
