//! The runs of all incidents, on as many threads as there are processors.

use super::ground::{Contracts, Settings};
use super::incident::Incident;
use super::multisig::Code;
use super::record::Run;
use super::replay::Replay;
use std::io::{IsTerminal, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{channel, Receiver, Sender};
use std::sync::Mutex;

/// The runs of a replay.
pub struct Played {
    /// Breakers on; where there is a guardian, he pauses once.
    pub on: Run,
    /// Breakers on, nobody pauses: what the pause itself changed.
    pub unpaused: Option<Run>,
    /// Breakers off, nobody pauses.
    pub off: Option<Run>,
}

/// A run, or two that part ways where the guardian acts.
struct Job<'a> {
    incident: &'a Incident,
    at: usize,
    breakers: bool,
}

type Done = Result<(Run, Option<Run>), String>;

/// Runs everything; the order is that of the incidents.
///
/// Errors: the first run that failed, and why.
pub fn play(incidents: &[&Incident], contracts: &Contracts, safe: Option<&Code>) -> Result<Vec<Played>, String> {
    let mut jobs: Vec<Job> = Vec::new();
    for (at, incident) in incidents.iter().enumerate() {
        jobs.push(Job { incident, at, breakers: true });
        jobs.extend(incident.cast.compared.then_some(Job { incident, at, breakers: false }));
    }
    jobs.sort_by_key(|job| std::cmp::Reverse(weight(job.incident))); // the longest first, so that none is left alone
    let hours = jobs.iter().map(|job| (job.incident.until - job.incident.from) / 3_600).sum();
    let done = spread(&jobs, hours, |job, told| one(job, (contracts, safe), told));
    let mut on: Vec<Option<(Run, Option<Run>)>> = incidents.iter().map(|_| None).collect();
    let mut off: Vec<Option<Run>> = incidents.iter().map(|_| None).collect();
    for (job, done) in jobs.iter().zip(done) {
        let named = |error: String| format!("{}: {error}", job.incident.title);
        let (run, fork) = done.unwrap_or_else(|| Err("a run broke off".into())).map_err(named)?;
        if job.breakers {
            on[job.at] = Some((run, fork));
        } else {
            off[job.at] = Some(run);
        }
    }
    let all = on.into_iter().zip(off);
    all.map(|(on, off)| on.map(|(on, unpaused)| Played { on, unpaused, off }).ok_or("a run is missing".into()))
        .collect()
}

/// Does the jobs, as many at a time as there are processors, and shows how far they are; none for one that broke off.
pub fn spread<J: Sync, R: Send>(jobs: &[J], steps: u64, work: impl Fn(&J, &Sender<()>) -> R + Sync) -> Vec<Option<R>> {
    let done: Vec<Mutex<Option<R>>> = jobs.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    let (told, progress) = channel();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from).min(jobs.len()) {
            let (told, next, done, work) = (told.clone(), &next, &done, &work);
            scope.spawn(move || {
                while let Some((job, place)) = {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    jobs.get(at).zip(done.get(at))
                } {
                    let result = work(job, &told);
                    *place.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(result);
                }
            });
        }
        drop(told);
        show(&progress, steps);
    });
    done.into_iter().map(|place| place.into_inner().ok().flatten()).collect()
}

/// How long a run takes, roughly: minutes that are replayed, those with traders count more.
fn weight(incident: &Incident) -> u64 {
    let minutes = (incident.until - incident.from) / incident.sampling.coarse;
    minutes * if incident.cast.arrivals > 0 { 3 } else { 1 }
}

fn one(job: &Job, (contracts, safe): (&Contracts, Option<&Code>), told: &Sender<()>) -> Done {
    let progress = || {
        let _ = told.send(()); // nobody listens any more: no reason to stop
    };
    let guardian = job.breakers && job.incident.cast.guardian;
    let settings = Settings { contracts, breakers: job.breakers, guardian, safe };
    if guardian {
        let replay = Replay::new(job.incident, "breakers on, a guardian pauses", &settings)?;
        return replay.run_both("breakers on", progress).map(|(on, unpaused)| (on, Some(unpaused)));
    }
    let name = if job.breakers { "breakers on" } else { "breakers off" };
    Replay::new(job.incident, name, &settings)?.run(progress).map(|run| (run, None))
}

/// Tells how far the runs are: a line that moves on a terminal, a line every fifth elsewhere.
fn show(progress: &Receiver<()>, hours: u64) {
    let live = std::io::stderr().is_terminal();
    let (mut done, mut fifth) = (0, 0);
    while progress.recv().is_ok() {
        done += 1;
        let percent = done * 100 / hours.max(1);
        if live {
            eprint!("\r  {percent:3} %");
            let _ = std::io::stderr().flush(); // a progress line that is late harms nobody
        } else if percent / 20 > fifth {
            fifth = percent / 20;
            eprintln!("  {percent:3} %");
        }
    }
    if live {
        eprint!("\r       \r");
    }
}
