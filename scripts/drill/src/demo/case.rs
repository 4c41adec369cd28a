//! What is asked for, played and made a chapter each: a crash, several records with one question, or flows.

use super::facts::{self, House};
use super::flows::{self, Plan, Told};
use super::ground::Settings;
use super::incident::{self, Incident};
use super::options::Options;
use super::report::flows::Series;
use super::report::{self, Chapter, Setting};
use super::stage::{self, Played};
use super::survey::{self, Question};
use super::verdict::Runs;
use super::{cascade, leverage, setup, timeline};

/// An incident.
pub struct Case {
    /// For `--incident` and `report.json`.
    pub name: String,
    /// For people.
    pub title: String,
    kind: Kind,
}

enum Kind {
    /// One record, with breakers and without; then the same at several leverages, if it is.
    Crash(Vec<Incident>),
    /// One record with a fund and a margin that breathes, and with neither.
    Cascade(Vec<Incident>),
    /// Several records with one question.
    Survey(Question, Vec<Incident>),
    /// Withdrawals, played in several ways; what is assumed, and the source.
    Flows(Vec<Plan>, Vec<String>, String),
}

/// What was asked for.
///
/// Errors: what cannot be used, and where it stands.
pub fn cases(options: &Options) -> Result<Vec<Case>, String> {
    if !options.prices.is_empty() {
        let incident = incident::of_files(&options.prices).map_err(|error| error.to_string())?;
        return Ok(vec![Case::crash(incident)]);
    }
    if let Some(file) = &options.flows {
        let plan = flows::file::plan(file).map_err(|error| error.to_string())?;
        let title = format!("{} flows of your own", plan.flows.len());
        let kind = Kind::Flows(vec![plan], flows::file::assumptions(), format!("{file}: given with --flows"));
        return Ok(vec![Case { name: "flows".into(), title, kind }]);
    }
    options.incidents.iter().map(|name| Case::named(name)).collect()
}

impl Case {
    fn crash(incident: Incident) -> Self {
        let (name, title) = (incident.name.clone(), incident.title.clone());
        Self { name, title, kind: Kind::Crash(vec![incident]) }
    }

    fn named(name: &str) -> Result<Self, String> {
        let case = |title: &str, kind| Ok(Self { name: name.into(), title: title.into(), kind });
        if name == "nomad-2022" {
            use flows::nomad::{assumptions, plans, CITATION};
            return case("Nomad, 1-2 August 2022", Kind::Flows(plans()?, assumptions(), CITATION.into()));
        }
        let mut parts = incident::catalogue::parts(name)?;
        match name {
            "cascade" => case("A cascade: BTC, 8-9 November 2022", Kind::Cascade(parts)),
            "quiet" => case("Quiet: ten months of ETH, three weeks of BUSD", Kind::Survey(Question::Quiet, parts)),
            "storms" => case("Storms: four crises of Bitcoin", Kind::Survey(Question::Storms, parts)),
            "eth-2023" => {
                let variants: Vec<Incident> = parts.iter().flat_map(incident::catalogue::leverages).collect();
                parts.extend(variants);
                case("ETH, 13-17 August 2023", Kind::Crash(parts))
            }
            _ => parts.pop().map(Self::crash).ok_or_else(|| format!("{name} has no record")),
        }
    }

    fn incidents(&self) -> &[Incident] {
        match &self.kind {
            Kind::Crash(parts) | Kind::Cascade(parts) | Kind::Survey(_, parts) => parts,
            Kind::Flows(..) => &[],
        }
    }

    fn plans(&self) -> &[Plan] {
        match &self.kind {
            Kind::Flows(plans, ..) => plans,
            Kind::Crash(_) | Kind::Cascade(_) | Kind::Survey(..) => &[],
        }
    }

    /// Prints what came of it, and makes its part of the report.
    fn chapter(&self, played: Vec<Played>, told: Vec<Told>, house: &House) -> Result<Chapter, String> {
        match &self.kind {
            Kind::Crash(parts) => crash(parts, played, house),
            Kind::Cascade(parts) => {
                let (incident, both) = (parts.first().ok_or("a cascade without a record")?, cascade::both(played)?);
                print!("{}", cascade::text(&self.title, &both, "USDC"));
                let mut facts = incident.cast.cascade.map_or(Vec::new(), |it| cascade::facts(it.still));
                facts.extend(facts::facts(incident, house));
                Ok(report::cascade::chapter(incident, &both, facts))
            }
            Kind::Survey(question, parts) => {
                let parts: Vec<(&Incident, &Played)> = parts.iter().zip(&played).collect();
                print!("{}", survey::text(&self.title, &parts, *question));
                let facts = parts.iter().flat_map(|(incident, _)| facts::facts(incident, house)).collect();
                Ok(report::survey::chapter(&self.name, &self.title, &parts, *question, facts))
            }
            Kind::Flows(plans, assumed, citation) => {
                let series = Series {
                    name: &self.name,
                    title: &self.title,
                    plays: plans.iter().zip(&told).collect(),
                    facts: facts::of_flows(house),
                    assumed: assumed.clone(),
                    citation: citation.clone(),
                };
                print!("{}", report::flows::text(&series));
                Ok(report::flows::chapter(&series))
            }
        }
    }
}

/// Plays everything, and makes the chapters.
///
/// Errors: the first run that failed, and why.
pub fn chapters(cases: &[Case], house: &House) -> Result<Vec<Chapter>, String> {
    let incidents: Vec<&Incident> = cases.iter().flat_map(Case::incidents).collect();
    let mut played = stage::play(&incidents, house.contracts, house.safe)?.into_iter();
    let plans: Vec<&Plan> = cases.iter().flat_map(Case::plans).collect();
    let settings = Settings { contracts: house.contracts, breakers: true, guardian: true, safe: house.safe };
    let told = stage::spread(&plans, plans.len() as u64, |plan, told| {
        let result = flows::play(plan, &settings).map_err(|error| format!("{}: {error}", plan.name));
        let _ = told.send(()); // nobody listens any more: no reason to stop
        result
    });
    let told = told.into_iter().map(|told| told.unwrap_or_else(|| Err("a run broke off".into())));
    let mut told = told.collect::<Result<Vec<Told>, String>>()?.into_iter();
    let of = |case: &Case| {
        let (incidents, plans) = (case.incidents().len(), case.plans().len());
        case.chapter(played.by_ref().take(incidents).collect(), told.by_ref().take(plans).collect(), house)
    };
    cases.iter().map(of).collect()
}

fn crash(parts: &[Incident], played: Vec<Played>, house: &House) -> Result<Chapter, String> {
    let (incident, variants) = parts.split_first().ok_or("an incident without a record")?;
    let missing = || format!("{}: a run is missing", incident.title);
    let mut played = played.into_iter();
    let Played { on, unpaused, off } = played.next().ok_or_else(missing)?;
    let runs = Runs { on, unpaused: unpaused.ok_or_else(missing)?, off: off.ok_or_else(missing)? };
    let pairs = leverage::pairs(variants, played.collect());
    let mut setting = Setting {
        unit: "USDC",
        facts: facts::facts(incident, house),
        thresholds: setup::thresholds(incident.is_sole()),
        low: runs.low(),
    };
    setting.facts.extend(variants.first().map(|variant| leverage::fact(&pairs, variant)));
    print!("{}", timeline::text(incident, &runs, &pairs, &setting, timeline::Paint::detect()));
    Ok(report::crash::chapter(incident, &runs, &pairs, &setting))
}
