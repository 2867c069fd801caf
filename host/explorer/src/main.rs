//! Explores one setting from the command line.

use hotseat_explorer::hands::{Budget, Fault};
use hotseat_explorer::search::{Limit, search};
use hotseat_explorer::setting::{Policy, Setting};
use hotseat_explorer::transcript::transcript;
use std::time::Duration;

fn main() {
    let mut faults = Vec::new();
    let mut setting = Setting::new(3, 2, &[]);
    let mut limit = Limit {
        time: Duration::from_secs(60),
        states: 20_000_000,
        waiting: 1_500_000,
        depth: 1000,
    };
    for word in std::env::args().skip(1) {
        let (key, value) = word.split_once('=').unwrap_or((&word, "1"));
        let number = value.parse::<u64>().unwrap_or(0);
        match key {
            "candidates" => setting.candidates = number as u8,
            "any" => setting.policy = Policy::Any,
            "lease" => setting.leases.push(number),
            "longest" => setting.timing.longest_lease = Duration::from_secs(number),
            "shortest" => setting.timing.shortest_lease = Duration::from_secs(number),
            "reaction" => setting.timing.reaction = Duration::from_secs(number),
            "timing" => {
                let t: Vec<u64> = value.split('/').map(|x| x.parse().unwrap_or(1)).collect();
                let Setting { timing, .. } = Setting::new(t[0], t[1], &[]);
                setting.timing = timing;
            }
            "history" => setting.history = number as usize,
            "late" => setting.late_reads = number > 0,
            "relists" => setting.relists = number > 0,
            "tokens" => setting.tokens = number > 0,
            "clock" => setting.wall_clock = number > 0,
            "promises" => setting.promises = number > 0,
            "met" => setting.after_all_met = number > 0,
            "live" => setting.liveness = number,
            "time" => limit.time = Duration::from_secs(number),
            "waiting" => limit.waiting = number as usize,
            "depth" => limit.depth = number as usize,
            "states" => limit.states = number as usize,
            _ => match Fault::named(key) {
                Some(fault) => faults.extend((0..number).map(|_| fault)),
                None => {
                    eprintln!("{key}?");
                    std::process::exit(2);
                }
            },
        }
    }
    if let Err(why) = setting.timing.check() {
        eprintln!("{why}");
        std::process::exit(2);
    }
    setting.budget = Budget::of(&faults);
    setting.wall_clock |= faults.iter().any(|fault| Fault::LOSE_TOKENS.contains(fault));
    setting.name = faults.iter().map(|f| f.word()).collect::<Vec<_>>().join(" + ");
    let report = search(&setting, &limit);
    println!("{setting}: {report}");
    if let Some(way) = &report.counterexample {
        print!("{}", transcript(&setting, way));
    }
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    println!("{}", status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or_default());
}
