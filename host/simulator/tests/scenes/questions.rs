//! What a policy is asked, and how often.

use super::*;

/// The questions since the last call.
pub fn asked(stage: &mut Stage) -> Vec<Input> {
    let mut inputs = Vec::new();
    stage.effects.retain(|effect| match effect {
        Effect::Ask { input, .. } => {
            inputs.push((**input).clone());
            false
        }
        _ => true,
    });
    inputs
}

pub fn causes(inputs: &[Input]) -> Vec<Cause> {
    inputs.iter().flat_map(|input| input.observation.causes.iter()).collect()
}

/// A leader whose policy has nothing to do for a while.
pub fn leader() -> Stage {
    let mut stage = Stage::new();
    stage.lead();
    stage.pass(millis(500));
    asked(&mut stage);
    stage
}

/// A leader that hears something each millisecond for ten seconds: it is asked because of that ten
/// times a second at most, each question passes the check, and no renewal is late.
pub fn flood(because: Cause, tell: impl Fn(&mut Stage, u32), check: impl Fn(&Input)) {
    let mut stage = leader();
    let (mut questions, mut renewals) = (0, Vec::new());
    for number in 0..10_000_u32 {
        tell(&mut stage, number);
        stage.pass(millis(1));
        assert!(stage.leads());
        for input in asked(&mut stage) {
            questions += usize::from(input.observation.causes.has(because));
            check(&input);
        }
        if let Some(write) = stage.writes().pop() {
            renewals.push(stage.now);
            stage.succeeds(&write, 12 + u64::from(number));
        }
    }
    assert!((90..=101).contains(&questions), "{questions} questions in ten seconds");
    assert_eq!(renewals.len(), 5, "{renewals:?}");
    let late = renewals.windows(2).map(|pair| pair[1].since(pair[0])).max();
    assert!(late <= Some(millis(2020)), "{renewals:?}");
}
