#!/usr/bin/env python3
"""Breaks each invariant on purpose and sees a test fail.

Each mutation replaces a piece of code, which must be there exactly once, in a copy of the
workspace, and runs tests; it is caught if one of them fails, by name. The table in `docs/mutations.md`
is written anew. Exit status 1, and no table, if a mutation is not caught, if its tests do not end in
time, or if it no longer fits the code. Tests that fail without a name for it end the run: a linker that
was killed has noticed nothing.

Names of rules as arguments, or what is broken in the words of the table, take those mutations alone, and
`--new` those that the table does not have yet, or has as not run; the other rows stay. `--fits` says
without a test whether each fits the code, and whether the table has a row for each and for nothing else.
"""

import os
import re
import signal
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

# Seconds for building and running one suite of what is broken; unbroken, the slowest takes a third
# of that once it was built. The loops of the tests have bounds, so whoever needs longer is an
# overloaded machine or a test without one, and neither is taken for having noticed.
PATIENCE = 400
SEARCH = "the exhaustive search"
# What a row says of a mutation until `--new` has tried it.
NOT_YET = "not run yet"
ROOT = Path(__file__).resolve().parents[2]
RULES = ROOT / "host/explorer/knockouts/core/rules.rs"
SCENES = ["-p", "hotseat-simulator", "--test", "scenes"]
WORLDS = ["-p", "hotseat-simulator", "--test", "worlds"]
TWO_LOCKS = ["-p", "hotseat-simulator", "--test", "two_locks"]
MIGRATIONS = ["-p", "hotseat-simulator", "--test", "migrations"]
TIMING = ["-p", "hotseat-core", "--test", "timing"]
CORE = "host/core/src/"
MACHINE = "host/rollout/src/machine/"
DEATHS = "host/kubernetes/src/deaths/"
KUBERNETES = [["-p", "hotseat-kubernetes", "--lib", "deaths"]]
CODEC = [["-p", "hotseat-kubernetes", "--lib", "codec"]]
ENGINE = ["-p", "hotseat-engine", "--test"]
SOURCES = ["-p", "hotseat-sources"]
ELECTIONS = [["-p", "hotseat-simulator", "--test", "rollouts"]]
ROLLOUT = [["-p", "hotseat-rollout", "--test", "exhaustive"], ["-p", "hotseat-rollout", "--tests"]]
TURNS = [["-p", "hotseat-rollout", "--test", "turns"]]

# (invariant or other rule, what is broken, file, code, broken code, tests in the order in which they
# are tried)
MUTATIONS = [
    ("I1", "belief counts from the answer and not from the sending", CORE + "claim.rs",
     "let until = sent.at + sent.deadline;", "let until = now + sent.deadline;", [SCENES]),
    ("I1", "belief does not end at the deadline", CORE + "claim.rs",
     "until.filter(|until| now >= *until)",
     "until.filter(|until| now >= *until + Duration::from_secs(3600))",
     [SCENES, WORLDS]),
    ("I1", "an answer after the deadline gives belief", CORE + "claim.rs",
     "self.believes = may_lead && now < self.bounded(until);", "self.believes = may_lead;", [SCENES, WORLDS]),
    ("I1", "a shorter lease does not cut belief when it is sent", CORE + "claim.rs",
     "term.until = term.until.min(sent.at + sent.deadline);", "let _ = &term;", [SCENES]),
    ("I2", "timing without room is accepted", CORE + "config.rs",
     "if stops <= begins {", "if stops <= begins + 1e9 {", [TIMING]),
    ("I2", "the clock error does not count", CORE + "config.rs",
     "let begins = lease.as_secs_f64() / (1.0 + rho);\n        if stops <= begins {",
     "let begins = lease.as_secs_f64();\n        if stops <= begins {", [TIMING]),
    ("I2", "who sees whole seconds is taken for one who sees all", CORE + "config.rs",
     "if stops + 1.0 > begins {", "if stops > begins {", [TIMING]),
    ("I3", "the own duration counts and not the record's", CORE + "seat.rs",
     "record.duration.unwrap_or(own)", "own.min(record.duration.unwrap_or(own))", [SCENES, WORLDS]),
    ("I3", "the wait does not begin anew when the holder renews", CORE + "seat.rs",
     "return self.promise.wait_for_holder(now + duration);",
     "return self.promise.wait_for_holder(now);", [SCENES, WORLDS]),
    ("I4", "an update creates and does not compare", CORE + "elector/write.rs",
     "Some(record) => Base::Replace(record.version.clone()),", "Some(_) => Base::Create,",
     [SCENES]),
    ("I5", "a write that timed out counts as lost", CORE + "elector/write.rs",
     "Outcome::TimedOut | Outcome::Unreachable | Outcome::Conflict => {",
     "Outcome::TimedOut | Outcome::Unreachable | Outcome::Conflict => {\n                self.claim.refuse(serial);",
     [SCENES]),
    ("I5", "an unknown outcome is not read", CORE + "elector/write.rs",
     "Outcome::TimedOut | Outcome::Unreachable | Outcome::Conflict => {\n                self.read_at = Some(self.now);",
     "Outcome::TimedOut | Outcome::Unreachable | Outcome::Conflict => {\n                self.read_at = None;",
     [SCENES]),
    ("I6", "a stopping leader goes on believing", CORE + "elector/retire.rs",
     "let led = self.claim.stop_believing(self.now);",
     "let led = self.claim.believed().is_some();", [SCENES, WORLDS]),
    ("I6", "the release does not wait for the drain", CORE + "elector/retire.rs",
     "let drained_at = self.claim.ended().map_or(self.now, |at| (at + drain).max(self.now));",
     "let drained_at = self.now; let _ = drain;", [SCENES, WORLDS]),
    ("I6", "a stop after a lapse does not wait for the drain", CORE + "elector/retire.rs",
     "let drained_at = self.claim.ended().map_or(self.now, |at| (at + drain).max(self.now));",
     "let drained_at = if led { self.now + drain } else { self.now };", [SCENES, WORLDS]),
    ("I6", "the view is shown after the release is sent", CORE + "event/order.rs",
     "Effect::Show(_) => 1,", "Effect::Show(_) => 9,", [SCENES]),
    ("I6", "letting go of any term ends the drain of all", CORE + "elector/retire.rs",
     "let let_go = self.claim.term().is_some_and(|term| term.token <= self.let_go);",
     "let let_go = self.let_go > Token::default();", [SCENES, WORLDS]),
    ("I6", "a leader whose application has let go leads on", CORE + "elector/retire.rs",
     "if over && self.retirement.is_none() {", "if over && self.retirement.is_some() {", [SCENES]),
    ("I7", "a deleted lock is created with a holder", CORE + "elector/observe.rs",
     "if self.seat.is_missing() && (!self.seat.vanished_from_me() || is_late) {",
     "if self.seat.is_missing() && is_late && self.now < Moment::ZERO {", [SCENES, WORLDS]),
    ("I7", "a leader whose lock vanished may take it at any later time", CORE + "elector/observe.rs",
     "let is_late = self.now >= self.goes_on_until();", "let is_late = false;",
     [SCENES, WORLDS]),
    ("I7", "a lock that is put back is waited out for too short", CORE + "elector/write.rs",
     "lease: self.config.timing.longest_lease,", "lease: Duration::from_secs(1),", [SCENES, WORLDS]),
    ("I7", "an edit that proves nothing is not waited out", CORE + "seat.rs",
     "None => self.wait_for_unproven(before, full, was_free),",
     "None => drop((before, was_free)),", [SCENES, WORLDS]),
    ("I7", "a mark holds whatever was edited of the seat", "host/kubernetes/src/codec.rs",
     "stamp.seat == seat && ", "", CODEC),
    ("I7", "a mark does not cover the duration", "host/kubernetes/src/codec.rs",
     "stamp.seat == seat && ", "(stamp.seat.seconds != seat.seconds || stamp.seat == seat) && ", CODEC),
    ("I7", "another object of the name is not waited out", CORE + "seat.rs",
     "None if observed != Observed::Next =>",
     "None if before.record().is_some_and(|before| before.uid != record.uid) => {}\n            None if observed != Observed::Next =>",
     [WORLDS]),
    ("I7", "a promise that is made anew is over", CORE + "promise.rs",
     "Promise { holder: Moment::ZERO, others: Moment::NEVER, unseen: true }",
     "Promise { holder: Moment::ZERO, others: Moment::ZERO, unseen: true }", [["-p", "hotseat-core", "--lib"]]),
    ("I8", "a record of the own name is taken for the own", CORE + "claim.rs",
     "let known = self.term.is_some()\n            && mark.serial == self.confirmed\n            && self.version.as_ref() == Some(&record.version);",
     "let known = true;", [SCENES, WORLDS]),
    ("I8", "any record of the process before counts as its last", CORE + "promise.rs",
     "let stands = record.version == last.version && record.uid == last.uid;",
     "let stands = !last.uid.is_empty();", [SCENES, WORLDS]),
    ("I8", "4040 tells the own name of another process", CORE + "view.rs",
     "seen.holder.as_deref().filter(|name| *name != self.identity)?",
     "seen.holder.as_deref()?", [SCENES]),
    ("I9", "the token changes with each renewal", CORE + "elector/write.rs",
     "Some(term) if term.token > self.floor => Fencing::Keep(term.token)",
     "Some(term) if term.token > self.floor => Fencing::New(term.token.next())", [SCENES]),
    ("I10", "4040 answers from memory", CORE + "view.rs",
     "self.term.as_ref().is_some_and(|term| now < term.until)",
     "self.term.is_some() && now >= Moment::ZERO", [SCENES, WORLDS]),
    ("I10", "an expired holder is still named", CORE + "view.rs",
     "(seen.foreign && now < seen.until).then_some", "seen.foreign.then_some", [SCENES]),
    ("I11", "a policy may take an unexpired seat", CORE + "guard.rs",
     "Some(at) if facts.now < at => {", "Some(at) if facts.now < at && at == Moment::NEVER => {",
     [SCENES, WORLDS]),
    ("I11", "preemptions have no budget", CORE + "guard.rs",
     "Some(_) if !facts.may_preempt => {", "Some(_) if !facts.may_preempt && facts.mine && !facts.leads => {",
     [SCENES]),
    ("I11", "writes have no pace of the host's", CORE + "guard.rs",
     "if facts.now < facts.paced_until {", "if facts.now < facts.paced_until && facts.now == Moment::NEVER {",
     [SCENES]),
    ("I12", "a failure leaves no decision", CORE + "elector/consult.rs",
     "(Err(failure), Some(self.decide_instead(self.consultation.on_failure, &input)))", "(Err(failure), None)",
     [SCENES]),
    ("I12", "the rule decides for every policy that fails", CORE + "elector/consult.rs",
     "let by = on_failure.for_question(input);", "let by = on_failure.for_question(input).min(OnFailure::Standard);",
     [SCENES]),
    ("I12", "the rule decides before the first policy", CORE + "elector/consult.rs",
     "let instead = Some(self.decide_instead(self.consultation.on_failure, &input));",
     "let instead = Some(self.decide_instead(OnFailure::Standard, &input));", [SCENES]),
    ("I12", "what the policy before said counts for the next", CORE + "elector/consult.rs",
     "self.on_failure = on_failure;", "let _ = on_failure;", [SCENES]),
    ("I12", "a leader that holds does not renew", CORE + "on_failure.rs",
     "OnFailure::Hold if leads => hold(input),", "OnFailure::Hold if leads => wait(input),", [SCENES]),
    ("I12", "a leader does not resign for its policy", CORE + "on_failure.rs",
     "OnFailure::Resign if leads => resign(input),", "OnFailure::Resign if leads => hold(input),", [SCENES]),
    ("I12", "a standby that holds campaigns", CORE + "on_failure.rs",
     "OnFailure::Hold | OnFailure::Resign => wait(input),",
     "OnFailure::Hold | OnFailure::Resign => rule::decide(input),", [SCENES]),
    ("I12", "a standby that holds does not ask when the seat falls free", CORE + "on_failure.rs",
     "retry.min(free_in)", "retry.max(free_in)", [SCENES]),
    ("I12", "what decides for a failing policy decides at the end, too", CORE + "on_failure.rs",
     "if input.observation.causes.has(Cause::Stopping) { OnFailure::Standard } else { self }",
     "if input.observation.causes.has(Cause::Stopping) { self } else { self }", [SCENES]),
    ("I12", "three failures in a row bring no policy back", CORE + "failures.rs",
     "above || self.in_a_row == MOST_IN_A_ROW", "above", [SCENES]),
    ("I12", "one good answer ends the count of failures", CORE + "failures.rs",
     "self.in_a_row = 0;", "self.in_a_row = 0;\n        self.recent = 0;", [SCENES]),
    ("I12", "failures are never forgotten", CORE + "failures.rs",
     "(self.recent << 1) | u128::from(failed)", "self.recent | (u128::from(failed) << self.of_last_hundred())",
     [SCENES]),
    ("I12", "an absurd decision is carried out", CORE + "elector/consult.rs",
     "policy::check(&decision, &question.input.timing).map_err(broken)?;", "let _ = broken as fn(String) -> Failure;",
     [SCENES]),
    ("I12", "a policy that does not answer is waited for", CORE + "elector/consult.rs",
     "if self.now >= question.deadline {", "if self.now >= question.deadline && self.finished {",
     [SCENES]),
    ("I13", "a swap leaves the old question open", CORE + "elector/consult.rs",
     "self.ask_now(Cause::Swapped);", "self.cause = None; self.wake = Moment::NEVER;", [SCENES]),
    ("rollout", "a publication that comes while a job runs is lost", MACHINE + "source.rs",
     "self.candidate = Some(Candidate::new(publication));",
     "self.candidate = self.job.is_none().then(|| Candidate::new(publication));", ROLLOUT),
    ("rollout", "a newer publication does not give up the candidate", MACHINE + "source.rs",
     "        self.give_up();\n", "        if self.candidate.is_some() {\n            return;\n        }\n", ROLLOUT),
    ("rollout", "the end of a job that was given up counts", MACHINE + "candidate.rs",
     "(Purpose::None, _) => {}",
     "(Purpose::None, StageEnd::Passed(_)) => {}\n            (Purpose::None, StageEnd::Refused(refusal)) => self.refuse(refusal),", ROLLOUT),
    ("rollout", "a candidate does not wait for the takeover that is awaited", MACHINE + "candidate.rs",
     "if self.takeover.is_some() {\n            return;", "if self.takeover.is_some() && self.candidate.is_none() {\n            return;", ROLLOUT),
    ("rollout", "what was tried with a failed policy's memory takes over", MACHINE + "takeover.rs",
     "            self.migrate_again();\n", "", ROLLOUT),
    ("rollout", "a policy that failed in force is taken up again", MACHINE + "candidate.rs",
     "if let Some(why) = self.memory.why(&candidate.publication.policy) {",
     "if let Some(why) = self.memory.why(&candidate.publication.policy).filter(|_| self.active.is_none()) {", ROLLOUT),
    ("rollout", "a failure counts against the policy that is about to take over", MACHINE + "restore.rs",
     "        self.memory.remember_failed(&active.policy);\n",
     "        let next = self.takeover.as_ref().map(|takeover| takeover.known.policy.clone());\n"
     "        self.memory.remember_failed(&next.unwrap_or_else(|| active.policy.clone()));\n", ROLLOUT),
    ("rollout", "what could not be restored is never tried again", MACHINE + "restore.rs",
     "self.restores_at = Some(now + RESTORE_AGAIN.after(self.restores_failed));",
     "let _ = now + RESTORE_AGAIN.after(self.restores_failed);", ROLLOUT),
    ("rollout", "what cannot be restored is tried again at one pace", MACHINE + "restore.rs",
     "let doublings = failures.saturating_sub(1);", "let doublings = failures.min(0);", ROLLOUT),
    ("rollout", "a standard policy that did not load is never tried again", MACHINE + "restore.rs",
     "Fallback::Refused(again) if self.active_is_bad() => Some(again),",
     "Fallback::Refused(again) if self.active_is_bad() && self.active.is_none() => Some(again),", ROLLOUT),
    ("rollout", "the standard policy that comes late does not take over", MACHINE + "restore.rs",
     "if idle && self.fallback == Fallback::Absent && self.needs_fallback() {",
     "if idle && self.fallback == Fallback::Absent && self.needs_fallback() && !self.is_broken() {", ROLLOUT),
    ("rollout", "the standard policy follows one that holds", MACHINE + "restore.rs",
     "active.about.standard_may_follow && active.policy.digest != standard.digest",
     "active.policy.digest != standard.digest", ROLLOUT),
    ("rollout", "a trial waits for answers beside a policy that gives none", MACHINE + "candidate.rs",
     "let verdict = match self.is_broken() {", "let verdict = match self.active.is_none() {", ROLLOUT),
    ("rollout", "a trial that was refused takes over", MACHINE + "candidate.rs",
     "Some(Err(why)) => self.refuse(Refusal { stage: \"shadow\", why }),",
     "Some(Err(_)) => self.candidate_takes_over(),", ROLLOUT),
    ("rollout", "the end of a trial by time is slept through", MACHINE + "candidate.rs",
     "At::Beside(shadow) => shadow.ends,", "At::Beside(shadow) => shadow.ends.and(None),", ROLLOUT),
    ("rollout", "a wake-up that comes early is the last", MACHINE + "mod.rs",
     "Event::Woke => self.wake = None,", "Event::Woke => {}", ROLLOUT),
    ("rollout", "a component is forgotten while its settings may change", MACHINE + "forget.rs",
     "            self.wanted.as_deref(),\n", "", ROLLOUT),
    ("rollout", "the component of a job that was given up is forgotten", MACHINE + "forget.rs",
     "            self.job.as_ref().map(|job| job.policy.digest.as_str()),\n", "", ROLLOUT),
    ("rollout", "components are kept for ever", MACHINE + "forget.rs",
     ".partition(|digest| in_use.contains(digest));",
     ".partition(|digest| in_use.contains(digest) || self.last_good.is_some());", ROLLOUT),
    ("rollout", "the settings of a refused publication go live", MACHINE + "candidate.rs",
     "        let refused = self.shown.take()",
     "        if let Some(active) = &mut self.active {\n"
     "            active.policy.settings = policy.settings.clone();\n        }\n        let refused = self.shown.take()",
     ELECTIONS),
    ("rollout", "a policy answers for the failures of the one before it", CORE + "elector/consult.rs",
     "        self.failures.forget();\n", "", ELECTIONS),
    ("rollout", "an objection counts though a person lets the policy go on", MACHINE + "line.rs",
     "self.fingerprint().filter(|_| !self.is_skipped())?", "self.fingerprint()?", TURNS),
    ("rollout", "who is passed over had no soak", MACHINE + "line.rs",
     "row.passed = now >= due + turns.soak + PATIENCE;", "row.passed = now >= due + PATIENCE;", TURNS),
    ("rollout", "names that were made up push a candidate out of the line", MACHINE + "line.rs",
     "if self.rows.len() < MOST - 1 || *name == turns.name {", "if self.rows.len() < MOST - 1 {", TURNS),
    ("rollout", "a policy is settled while nobody leads", MACHINE + "line.rs",
     "            None => false,\n", "            None => true,\n", TURNS),
    ("rollout", "a policy is settled for one that does not run it", MACHINE + "line.rs",
     "self.settled |= runs && self", "self.settled |= self", TURNS),
    ("rollout", "the end of a leader's soak is slept through", MACHINE + "line.rs",
     "row.leads_since.map(soaked), row.due_since", "row.leads_since.map(soaked).and(None), row.due_since", TURNS),
    ("rollout", "a way back that was begun is given up", MACHINE + "turn.rs",
     "let under_way = line.stopped.is_some() || !line.is_settled();",
     "let under_way = !line.is_settled();", TURNS),
    ("rollout", "a second way back is begun beside the first", MACHINE + "turn.rs",
     "let free = self.takeover.is_none() && self.candidate.is_none();",
     "let free = self.candidate.is_none();", TURNS),
    ("rollout", "without turns a candidate goes back for another's objection", MACHINE + "turn.rs",
     "let runs = self.config.turns.is_some() && self", "let runs = self", TURNS),
    ("I14", "a term ends with belief", CORE + "claim.rs",
     "        until.filter(|until| now >= *until).is_some_and(|until| self.stop_believing(until))",
     "        until.filter(|until| now >= *until).is_some_and(|_| self.lose(now))", [SCENES]),
    ("I16", "belief does not end with the outer lock", CORE + "claim.rs",
     "self.bound.map_or(until, |bound| until.min(bound))",
     "self.bound.map_or(until, |_| until)", [MIGRATIONS]),
    ("I16", "the end of the outer lock is dated back, so that nothing is drained", CORE + "claim.rs",
     "Some(before) => Some(before.min(now)),", "Some(before) => Some(before.min(outer)),",
     [["-p", "hotseat-core", "--lib"], MIGRATIONS]),
    ("I16", "a term has a token that the inner lock has had", CORE + "elector/outer.rs",
     "let newer = outer.token > self.seat.token() ||", "let newer = outer.held ||", [TWO_LOCKS, MIGRATIONS]),
    ("I16", "a term has a token that the outer lock's record has not", CORE + "elector/outer.rs",
     "Some(outer) => Fencing::Keep(outer.token),", "Some(_) => Fencing::New(self.seat.token().next()),",
     [TWO_LOCKS]),
    ("I15", "the end of any process frees the seat", CORE + "promise.rs",
     "(record.holder.is_some() && writer == dead).then_some(Proof::OF_HOLDER)",
     "(record.holder.is_some() && !dead.site.is_empty() && !writer.site.is_empty()).then_some(Proof::OF_HOLDER)",
     [SCENES, WORLDS]),
    ("I15", "the end of the holder ends the promises to others", CORE + "promise.rs",
     "Proof::OF_HOLDER)", "Proof(Evidence::Everybody))", [SCENES, WORLDS]),
    ("I15", "a dead process's application has no time", CORE + "elector/observe.rs",
     "let after = timing.stretch(reaction);", "let after = reaction * 0;", [SCENES, WORLDS]),
    ("I15", "the own S counts, and not the dead process's", CORE + "elector/observe.rs",
     "let reaction = timing.reaction.max(said);", "let reaction = timing.reaction.min(said);",
     [SCENES]),
    ("I15", "a report lengthens the wait", CORE + "promise.rs",
     "self.wait_for_holder(promised.min(until));", "self.wait_for_holder(until);", [SCENES]),
    ("I15", "a record that was put back over the own counts as written by whom it names",
     CORE + "seat.rs", "Some(_) => self.promise.wait_for_all(full),",
     "Some(_) => self.promise.wait_for_holder(full),", [SCENES]),
    ("I15", "the pod's name is enough", DEATHS + "proof.rs",
     "self.metadata.uid == home.uid\n            && ", "!home.uid.is_empty()\n            && ", KUBERNETES),
    ("I15", "any end of the container counts", DEATHS + "proof.rs",
     "self.message.as_deref().is_some_and(|message| message.contains(words))",
     "self.message.as_deref().is_some_and(|_| !words.is_empty())", KUBERNETES),
    ("I15", "an end of any container counts", DEATHS + "proof.rs",
     "self.lasting().filter(|container| container.name == *name)",
     "self.lasting().filter(|_| !name.is_empty())", KUBERNETES),
    ("I15", "an end that nobody saw counts", DEATHS + "proof.rs",
     "!unknown && end.id", "(!unknown || unknown) && end.id", KUBERNETES),
    ("I15", "the phase of a pod is enough", DEATHS + "proof.rs",
     "&& all().any(ended)\n            && all().all(|container| ended(container) || container.never_ran())",
     "&& (all().count() == 0 || all().any(|container| !ended(container) || ended(container)))",
     KUBERNETES),
    ("I15", "a controller's word for a pod counts", DEATHS + "proof.rs",
     "over && !unasked", "over && (!unasked || unasked)", KUBERNETES),
    ("I15", "a process that is not its container's first says that it is", "host/hotseat/src/sidecar/home.rs",
     "let is_first = process == FIRST;", "let is_first = process >= FIRST;",
     [["-p", "hotseat", "--lib", "home"]]),
    ("I16", "the outer lock's token is not raised above the inner lock's", CORE + "elector/outer.rs",
     "self.seat.token().max(self.floor).next()", "self.seat.token().next()", [TWO_LOCKS]),
    ("I16", "the policy does not hear that the outer lock has changed", CORE + "elector/outer.rs",
     "advice(self) != advice(known) || (!self.held && since(self) != since(known))",
     "advice(self) != advice(known)", [TWO_LOCKS]),
    ("I16", "who loses the outer lock keeps the inner one", CORE + "elector/outer.rs",
     "if lost && self.retirement.is_none() && self.claim.term().is_some() {",
     "if lost && self.finished && self.claim.term().is_some() {", [TWO_LOCKS]),
    ("I16", "the outer lock is kept for a policy that wants nothing", CORE + "elector/outer.rs",
     "ended + self.config.timing.renew_deadline\n", "Moment::NEVER\n", [TWO_LOCKS]),
    ("people", "a policy resigns while the election is paused", CORE + "guard.rs",
     "if facts.paused {", "if facts.paused && facts.mine && !facts.leads {", [SCENES]),
    ("people", "a transfer is carried out while the election is paused", CORE + "elector/requests.rs",
     "() if self.is_paused() => \"the election is paused\",",
     "() if self.is_paused() && self.finished => \"the election is paused\",", [SCENES]),
    ("people", "a lease ends while the election is paused", CORE + "elector/requests.rs",
     "self.claim.believed().filter(|_| self.is_paused())",
     "self.claim.believed().filter(|_| self.finished)", [SCENES]),
    ("people", "what decides for a failing policy resigns while the election is paused",
     CORE + "elector/consult.rs",
     "match by != OnFailure::Standard && self.is_left_alone(decision, verdict) {",
     "match self.finished && self.is_left_alone(decision, verdict) {", [SCENES]),
    ("people", "a pause keeps the outer of two locks from being given up", CORE + "elector/requests.rs",
     "!self.is_outer && (self.asked.paused || outer)", "self.asked.paused || outer", [TWO_LOCKS]),
    ("people", "a transfer has no budget", CORE + "elector/requests.rs",
     "() if !self.consultation.may_preempt(self.now) => {",
     "() if !self.consultation.may_preempt(self.now) && self.finished => {", [SCENES]),
    ("people", "a policy that decides otherwise is followed", CORE + "elector/consult.rs",
     "if let Some(verdict) = self.hand_over(decision) {",
     "if decision.action == Action::Wait && let Some(verdict) = self.hand_over(decision) {", [SCENES]),
    ("people", "a request holds for ever", CORE + "elector/requests.rs",
     "refusal.is_none() && self.now < *until", "refusal.is_none() && *until > Moment::ZERO", [SCENES]),
    ("people", "each sight of a request begins its time anew", CORE + "elector/requests.rs",
     "(Some(known), Some(new)) => known.is_same(new),",
     "(Some(known), Some(new)) => known.is_same(new) && self.paused,", [SCENES]),
    ("people", "a request that is carried out stays", CORE + "elector/requests.rs",
     "if next == Some(&request.to) || self.now >= *until {", "if self.now >= *until {", [SCENES]),
    ("people", "what is refused is not said", CORE + "elector/requests.rs",
     "self.asked.refusal.as_ref().filter(|_| request.refused.is_none())",
     "self.asked.refusal.as_ref().filter(|_| request.refused.is_some())", [SCENES]),
    ("people", "a preferred holder stays in the field", CORE + "elector/requests.rs",
     "match preferred.is_some() && preferred == next {",
     "match preferred.is_some() && preferred == next && self.finished {", [SCENES]),
    ("people", "a leader that stops does not name who was asked for", CORE + "elector/retire.rs",
     "self.wanted_successor().or_else(|| retirement.successor.clone())",
     "retirement.successor.clone()", [SCENES]),
    ("people", "who handed over to nobody rests for a lease", CORE + "elector/retire.rs",
     "self.retirement.as_mut().filter(|_| transferred)",
     "self.retirement.as_mut().filter(|_| transferred && false)", [SCENES]),
    ("people", "a candidate rests though it is asked for", CORE + "elector/requests.rs",
     "if causes.has(Cause::Transfer) && self.standing().is_some_and(|it| it.to == me) {",
     "if causes.has(Cause::Transfer) && self.standing().is_some_and(|it| it.to == me && it.to.is_empty()) {",
     [SCENES]),
    ("people", "the policy does not hear of a pause", CORE + "elector/requests.rs",
     "(pause, Cause::Pause)", "(false, Cause::Pause)", [SCENES]),
    ("bounds", "gzip unpacks without a limit", "host/sources/src/gzip.rs",
     "match decoder.take(limit.saturating_add(1)).read_to_end(&mut unpacked) {",
     "let mut decoder = decoder;\n    match decoder.read_to_end(&mut unpacked) {",
     [[*SOURCES, "--lib"]]),
    ("bounds", "a policy's file that grows is read to its end", "host/sources/src/read.rs",
     "        if total > limit {", "        if total > limit && limit == 0 {",
     [[*SOURCES, "--lib"]]),
    ("bounds", "a registry's answer is taken to its end", "host/sources/src/oci/transport.rs",
     "if (bytes.len() + data.len()) as u64 > limit {",
     "if (bytes.len() + data.len()) as u64 > limit && limit == 0 {",
     [[*SOURCES, "--test", "endless"]]),
    ("bounds", "a journal's line is kept whatever its length", "host/journal/src/reader.rs",
     "if length <= LONGEST_LINE {", "if length <= usize::MAX {",
     [["-p", "hotseat-journal", "--test", "bounded"]]),
    ("bounds", "a policy may import the host's functions", "host/engine/src/wasi.rs",
     "let wanted = without_patch(import)?;",
     "let wanted = without_patch(import).or((import == HOST).then_some(\"wasi:io/poll\"))?;",
     [[*ENGINE, "wasi"]]),
    ("bounds", "a policy that answers too late has answered", "host/engine/src/sandbox.rs",
     ".and_then(|answer| store.data().in_time().map(|()| answer))", ".map(|answer| answer)",
     [["-p", "hotseat-engine", "--lib"]]),
    ("bounds", "the host answers its functions after the deadline", "host/engine/src/sandbox.rs",
     "ended || Instant::now() >= self.deadline", "{ let _ = self.deadline; ended }",
     [["-p", "hotseat-engine", "--lib"]]),
    ("bounds", "a policy holds any number of handles", "host/engine/src/sandbox.rs",
     "store.set_max_component_handles(MOST_HANDLES);",
     "store.set_max_component_handles(MOST_HANDLES << 20);", [[*ENGINE, "wasi"]]),
    ("bounds", "all that a policy writes is kept", "host/engine/src/blindfold.rs",
     "self.heard.drain(..over);", "let _ = over;",
     [["-p", "hotseat-engine", "--lib"], [*ENGINE, "wasi"]]),
    ("bounds", "what the engine has for instances counts nowhere", "host/engine/src/overhead.rs",
     "self.taken = self.taken.saturating_add(amount);", "let _ = amount;", [[*ENGINE, "amplification"]]),
    ("bounds", "a component has any number of names", "host/engine/src/outline.rs",
     "if count > MOST_NAMES {", "if count > MOST_NAMES << 20 {", [[*ENGINE, "amplification"]]),
    ("bounds", "the backstop never rings", "host/engine/src/backstop.rs",
     "            ring();", "            let _ = &ring;",
     [["-p", "hotseat-engine", "--lib"]]),
    ("bounds", "an overrun is not rung for in the engine", "host/engine/src/runtime.rs",
     "move || epoch.increment_epoch()", "move || drop(epoch.clone())",
     [[*ENGINE, "failures"], [*ENGINE, "hostile"]]),
    ("bounds", "a thread that does not come back is waited for", "host/engine/src/backstop.rs",
     "left.push(leave);", "drop(leave);", [["-p", "hotseat-engine", "--lib", "backstop"]]),
    ("bounds", "the compiler may do what the sidecar may", "host/engine/src/confine.rs",
     "apply_filter_all_threads(&filter));", "Ok(drop(filter)));",
     [["-p", "hotseat-engine", "--lib"]]),
    ("bounds", "what the server does not take is tried as often as what it denies", CORE + "elector/pace.rs",
     "Outcome::Denied if self.unfit =>", "Outcome::Denied if self.unfit && self.finished =>", [SCENES]),
    ("bounds", "a change of the object ends no pause of what the server does not take", CORE + "elector/observe.rs",
     "let may_fit = self.unfit &&", "let may_fit = self.finished &&", [SCENES]),
    ("sealed code", "what is mapped as code can be changed", "host/engine/src/compile.rs",
     "seal(&memory).map_err(start)?;", "let _ = seal;", [[*ENGINE, "sealing"]]),
]


class OutOfTime(Exception):
    """Tests that say nothing, since they did not end."""


def run_tests(copy, tests, patience=PATIENCE):
    """The tests that failed, or none if all passed. OutOfTime if they did not end."""
    environment = dict(os.environ, CARGO_TARGET_DIR=str(target()), RUST_BACKTRACE="0")
    command = ["cargo", "test", "--quiet", *tests]
    # Its own session, so that what the tests started ends with them.
    process = subprocess.Popen(command, cwd=copy, env=environment, stdout=subprocess.PIPE,
                               stderr=subprocess.STDOUT, text=True, start_new_session=True)
    try:
        output, _ = process.communicate(timeout=patience)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise OutOfTime from None
    if process.returncode == 0:
        return []
    if "could not compile" in output:
        sys.exit(f"a mutation does not compile:\n{output[-4000:]}")
    failed = re.findall(r"^    ([\w:]+)$", output, re.MULTILINE)
    if not failed:
        sys.exit(f"{' '.join(command)} fails with status {process.returncode}, and no test by name:\n"
                 f"{output[-4000:]}")
    return sorted(set(failed))


def knocked_out():
    """A row for each rule that the exhaustive search misses when it is switched off."""
    command = ["cargo", "test", "-p", "hotseat-knockouts", "--test", "rules"]
    process = subprocess.run(command, cwd=ROOT, text=True,
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if process.returncode != 0:
        sys.exit(f"a rule that is knocked out is not missed:\n{process.stdout[-4000:]}")
    line = r"^(I\d+) \| (.*?) \| (.*?) \| .*BROKEN: (.*?) at depth (\d+): (\d+) states"
    found = re.findall(line, process.stdout, re.MULTILINE)
    return [f"| {invariant} | {what} | `{CORE}{name}` | {SEARCH}, at depth {depth}: {broken} |"
            for invariant, what, name, broken, depth, _ in found]


def target():
    return Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "mutations"


def mutate(copy, mutation):
    """The tests that noticed, or none. OutOfTime if some did not end."""
    invariant, what, name, code, broken, suites = mutation
    path = copy / name
    text = path.read_text()
    if text.count(code) != 1:
        sys.exit(f"{invariant}, {what}: the code is {text.count(code)} times in {name}, not once")
    path.write_text(text.replace(code, broken))
    try:
        for tests in suites:
            failed = run_tests(copy, tests)
            if failed:
                return failed
        return []
    finally:
        path.write_text(text)


def check_unbroken(copy, mutations):
    """A test that fails by itself would catch everything; and what is built once is built fast."""
    for tests in {tuple(tests): tests for mutation in mutations for tests in mutation[5]}.values():
        failed = run_tests(copy, tests, patience=None)
        if failed:
            sys.exit(f"unbroken, {' '.join(tests)} fails: {', '.join(failed)}")


def write_table(rows, whole):
    """Puts the rows where the old ones were, and leaves the rest of the document as it is. Where they are
    not all of them, old ones of other mutations stay."""
    document = ROOT / "docs/mutations.md"
    before, after = document.read_text().split(TABLE)
    after = after.splitlines(keepends=True)
    known, searched = {}, []
    while after and after[0].startswith("|"):
        row = after.pop(0).rstrip("\n")
        if SEARCH in row:
            searched.append(row)
        else:
            known[name_of(row)] = row
    if not whole:
        known |= {name_of(row): row for row in rows}
        order = [f"| {mutation[0]} | {mutation[1]} " for mutation in MUTATIONS]
        rows = [known[name] for name in order if name in known] + searched
    document.write_text(before + TABLE + "\n".join(rows) + "\n" + "".join(after))


def name_of(row):
    """The rule and what is broken, as they stand in a row."""
    return "|".join(row.split("|")[:3])


def check_fit():
    """That each mutation fits the code is known without a test, and so is what the table leaves out."""
    found = [(invariant, what, name, (ROOT / name).read_text().count(code))
             for invariant, what, name, code, *_ in MUTATIONS]
    wrong = [f"{invariant}, {what}: the code is {count} times in {name}, not once"
             for invariant, what, name, count in found if count != 1]
    sys.exit("\n".join(wrong + check_rows()) or 0)


def check_rows():
    """What is wrong with the table's rows: one for each mutation and each rule that is knocked out, of the
    same name and place, and no other."""
    rows = []
    for line in (ROOT / "docs/mutations.md").read_text().split(TABLE)[1].splitlines():
        if not line.startswith("|"):
            break
        rule, what, where, caught = (cell.strip() for cell in line.strip("|").split("|"))
        rows.append((rule, what, where.strip("`"), SEARCH in caught))
    rules = re.findall(r'invariant: "(.*?)",\s+what: "(.*?)",\s+file: "(.*?)",', RULES.read_text())
    named = [(*mutation[:3], False) for mutation in MUTATIONS]
    named += [(rule, what, CORE + name, True) for rule, what, name in rules]
    again = [f"{row[0]}, {row[1]}: there are two of this name"
             for names in (rows, named) for row in sorted(set(names)) if names.count(row) > 1]
    missing = [f"{row[0]}, {row[1]} ({row[2]}): docs/mutations.md has no row of it" for row in named if row not in rows]
    others = [f"{row[0]}, {row[1]} ({row[2]}): docs/mutations.md has a row of it, and there is no such mutation"
              for row in rows if row not in named]
    return again + missing + others


def main():
    only = sys.argv[1:]
    if only == ["--fits"]:
        check_fit()
    if only == ["--new"]:
        document = (ROOT / "docs/mutations.md").read_text()
        tried = {name_of(row) for row in document.splitlines() if row.startswith("|") and NOT_YET not in row}
        chosen = [mutation for mutation in MUTATIONS if f"| {mutation[0]} | {mutation[1]} " not in tried]
    else:
        chosen = [mutation for mutation in MUTATIONS if not only or not set(mutation[:2]).isdisjoint(only)]
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "workspace"
        skip = shutil.ignore_patterns("target", ".git", ".cache")
        shutil.copytree(ROOT, copy, ignore=skip)
        check_unbroken(copy, chosen)
        rows, survivors, endless = [], 0, 0
        for mutation in chosen:
            invariant, what, name = mutation[:3]
            try:
                failed = mutate(copy, mutation)
            except OutOfTime:
                endless += 1
                print(f"{invariant}: {what}: THE TESTS DID NOT END IN TIME", flush=True)
                continue
            survivors += not failed
            print(f"{invariant}: {what}: {'caught by ' + failed[0] if failed else 'NOT CAUGHT'}", flush=True)
            if failed:
                caught = ", ".join(f"`{test}`" for test in failed[:2])
                more = f" and {len(failed) - 2} more" if len(failed) > 2 else ""
                rows.append(f"| {invariant} | {what} | `{name}` | {caught}{more} |")
    if not only:
        rows += knocked_out()
    if not survivors and not endless:
        write_table(rows, whole=not only)
    print(f"{len(rows)} mutations were caught, {survivors} were not, and the tests of {endless} did not end in time")
    sys.exit(1 if survivors or endless else 0)


TABLE = """| rule | what is broken | where | caught by |
|---|---|---|---|
"""

if __name__ == "__main__":
    main()
