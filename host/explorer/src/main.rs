//! Explores one setting, or the catalogue, from the command line.

use hotseat_explorer::catalogue;
use hotseat_explorer::explore::{explore, memory};
use hotseat_explorer::search::{Limit, search};
use hotseat_explorer::setting::Setting;
use std::process::ExitCode;
use std::time::{Duration, Instant};

const USAGE: &str = "hotseat-explorer --minutes N: all of the catalogue
hotseat-explorer [seconds=N] [depth=N] [waiting=N] WORD..: one setting, such as `crash short`";

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let result = match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--minutes", minutes] => match minutes.parse::<u64>() {
            Ok(minutes) => Ok(all(Duration::from_secs(60 * minutes))),
            Err(why) => Err(format!("--minutes {minutes}: {why}")),
        },
        [] => Err(USAGE.to_owned()),
        _ => one(&words),
    };
    match result {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("{why}");
            ExitCode::from(2)
        }
    }
}

fn all(time: Duration) -> bool {
    let begun = Instant::now();
    let settings: Vec<_> = catalogue::all().into_iter().map(|words| (words, usize::MAX)).collect();
    let table = explore(&settings, time, |line| println!("{line}"));
    table.broken.iter().for_each(|broken| println!("\n{broken}"));
    table.closed().iter().chain(&table.open()).for_each(|row| println!("{row}"));
    println!("{}", table.summary(begun.elapsed()));
    table.broken.is_empty()
}

fn one(words: &[String]) -> Result<bool, String> {
    let mut limit = Limit::default();
    let mut rest = Vec::new();
    for word in words {
        let (key, value) = word.split_once('=').unwrap_or((word, "1"));
        let number = || value.parse::<u64>().map_err(|why| format!("{word}: {why}"));
        let count = || number().map(|number| usize::try_from(number).unwrap_or(usize::MAX));
        match key {
            "seconds" => limit.time = Duration::from_secs(number()?),
            "depth" => limit.depth = count()?,
            "waiting" => limit.waiting = count()?,
            _ => rest.push(word.as_str()),
        }
    }
    let setting = Setting::parse(&rest.join(" "))?;
    let report = search(&setting, &limit);
    println!("{setting}: {report}, {}", memory());
    if let Some(found) = &report.counterexample {
        print!("{}", found.transcript);
    }
    Ok(report.counterexample.is_none())
}
