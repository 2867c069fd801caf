//! Does what the driver of all clients asks on standard input, and says in JSON lines what happens.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a probe fails by a panic")]

use hotseat_client::belief::{Answer, Belief, Change};
use hotseat_client::{Client, Error};
use std::env;
use std::io::stdin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [what, hold, how] = arguments.as_slice() else { panic!("URL HOLD HOW") };
    let hold = millis(hold);
    match what.as_str() {
        "belief" => believe(hold, how == "final"),
        url => serve(url, hold, how == "callbacks"),
    }
}

fn serve(url: &str, hold: Duration, callbacks: bool) {
    let mut builder = Client::builder().url(url).hold(hold);
    if callbacks {
        let say = |kind, token| println!(r#"{{"event":"{kind}","token":{token}}}"#);
        builder = builder
            .on_elected(move |token| say("elected", token))
            .on_draining(move |token, _| say("draining", token))
            .on_lost(move |token| say("lost", token));
    }
    let (client, over) = (Arc::new(builder.start().unwrap()), Arc::new(AtomicBool::new(false)));
    let sampler = {
        let (client, over) = (Arc::clone(&client), Arc::clone(&over));
        thread::spawn(move || sample(&client, &over))
    };
    println!(r#"{{"event":"started"}}"#);
    for line in stdin().lines() {
        let line = line.unwrap();
        act(&client, &line.split(' ').collect::<Vec<_>>());
    }
    over.store(true, Ordering::Relaxed);
    sampler.join().unwrap();
    drop(Arc::into_inner(client).unwrap());
    println!(r#"{{"event":"closed"}}"#);
}

/// Says from when to when the client was seen to lead, in microseconds of the wall clock.
fn sample(client: &Client, over: &AtomicBool) {
    let clock = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros();
    let say = |first, last| println!(r#"{{"event":"led","from":{first},"to":{last}}}"#);
    let mut seen = None;
    while !over.load(Ordering::Relaxed) {
        let before = clock();
        match (client.is_leader(), seen) {
            (true, None) => seen = Some((clock(), before)),
            (true, Some((first, _))) => seen = Some((first, before)),
            (false, Some((first, last))) => {
                say(first, last);
                seen = None;
            }
            (false, None) => {}
        }
        thread::sleep(Duration::from_millis(2));
    }
    if let Some((first, last)) = seen {
        say(first, last);
    }
}

fn act(client: &Client, words: &[&str]) {
    let done: Result<(), Error> = match words {
        ["ask"] => {
            let (leads, token) = (client.is_leader(), client.token().unwrap_or(0));
            let name = client.leader();
            println!(r#"{{"event":"asked","leads":{leads},"token":{token},"name":"{name}"}}"#);
            return;
        }
        ["ready", ready, ttl] => client.ready(*ready == "true", Some(millis(ttl))),
        ["signal", key, json, ttl] => client.signal(key, json, Some(millis(ttl))),
        ["unset", key] => client.unset_signal(key),
        ["let-go", token] => {
            client.let_go(token.parse().unwrap());
            Ok(())
        }
        _ => panic!("{words:?}"),
    };
    match done {
        Ok(()) => println!(r#"{{"event":"done"}}"#),
        Err(error) => println!(r#"{{"event":"refused","why":{:?}}}"#, error.to_string()),
    }
}

fn millis(text: &str) -> Duration {
    Duration::from_millis(text.parse().unwrap())
}

/// Plays one belief in virtual time, in milliseconds.
fn believe(hold: Duration, is_final: bool) {
    let mut belief = Belief::new(hold, is_final);
    for line in stdin().lines() {
        let line = line.unwrap();
        let words: Vec<&str> = line.split(' ').collect();
        let numbers: Vec<u64> = words[1..].iter().map(|word| word.parse().unwrap()).collect();
        let now = Duration::from_millis(*numbers.last().unwrap());
        match (words[0], numbers.as_slice()) {
            ("answer", [leads, token, remaining, asked, _]) => {
                let remaining = Duration::from_millis(*remaining);
                let answer = Answer { token: leads * token, remaining, ..Answer::default() };
                belief.answered(Duration::from_millis(*asked), now, answer);
            }
            ("let-go", [token, _]) => belief.let_go(*token, now),
            ("look", _) => {}
            ("end", _) => belief.end(now),
            _ => belief.expired(now),
        }
        let changes: Vec<String> = belief.changes.drain(..).flat_map(shown).collect();
        let leads = belief.leads(now).is_some();
        println!(r#"{{"event":"belief","changes":{changes:?},"leads":{leads}}}"#);
    }
}

fn shown(change: Change) -> Vec<String> {
    match change {
        Change::Elected(token) => vec![format!("elected {token}")],
        Change::Over(token, until) => {
            let drain = |until: Duration| format!("draining {token} until {}", until.as_millis());
            until.map(drain).into_iter().chain([format!("lost {token}")]).collect()
        }
    }
}
