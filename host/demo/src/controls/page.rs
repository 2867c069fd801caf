//! The page as HTML. All text on it is this program's own, and escaped all the same.

use super::{LEADS, Row, Shown};
use maud::{DOCTYPE, Markup, html};

/// How it looks.
pub const STYLE: &str = include_str!("style.css");

/// The page.
pub fn of(shown: &Shown) -> String {
    let Shown { rows, policy, scripted, timeline } = shown;
    let other = if *policy == "standard" { "app-heartbeat" } else { "standard" };
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { "Hotseat demo: controls" }
                link rel="stylesheet" href="style.css";
            }
            body {
                header {
                    h1 { "The demonstration in your hands" }
                    p.quiet {
                        @if *scripted { "A script plays until you press something. " }
                        @else { "The script rests since you pressed something. " }
                        "This page is the demonstration's own: no sidecar has one."
                    }
                }
                main {
                    ul.rows { @for row in rows { (candidate(row)) } }
                    section aria-labelledby="all" {
                        h2 #all { "All of them" }
                        p { "They decide by the policy " b { (policy) } "." }
                        div.presses {
                            (press(&format!("swap/{other}"), &format!("Swap to {other}")))
                            @if !scripted { (press("play-on", "Let the script play on")) }
                        }
                    }
                    section aria-labelledby="happened" {
                        h2 #happened { "What happened" }
                        p.quiet { a href="" { "Look again" } }
                        ol { @for line in timeline { li { (line) } } }
                    }
                }
            }
        }
    };
    page.into_string()
}

fn candidate(row: &Row) -> Markup {
    let Row { name, page, state, runs, beats, connected } = row;
    html! {
        li.leads[*state == LEADS] {
            div.who {
                h2 { (name) }
                span.quiet {
                    (state)
                    @if *runs && !beats { ", its application is silent" }
                    @if *runs && !connected { ", cut off from the API server" }
                }
                @if let Some(page) = page { a href=(page) { (name) "'s page" } }
            }
            div.presses {
                @if *runs {
                    (press(&format!("kill/{name}"), &format!("Kill {name}")))
                    (press(&format!("leave/{name}"), &format!("Ask {name} to leave")))
                    @if *beats { (press(&format!("silence/{name}"), &format!("Silence {name}'s application"))) }
                    @else { (press(&format!("speak/{name}"), &format!("Let {name}'s application speak"))) }
                    @if *connected { (press(&format!("cut-off/{name}"), &format!("Cut {name} off"))) }
                    @else { (press(&format!("connect/{name}"), &format!("Connect {name} again"))) }
                } @else {
                    (press(&format!("start/{name}"), &format!("Start {name}")))
                }
            }
        }
    }
}

fn press(action: &str, words: &str) -> Markup {
    html! { form method="post" action=(action) { button { (words) } } }
}
