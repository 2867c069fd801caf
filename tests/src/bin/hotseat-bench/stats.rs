//! Quantiles, and numbers as people read them.

use std::time::Duration;

/// Times in ascending order.
#[derive(Default)]
pub(crate) struct Times(Vec<Duration>);

impl Times {
    /// Sorts them.
    pub(crate) fn new(mut times: Vec<Duration>) -> Times {
        times.sort_unstable();
        Times(times)
    }

    /// Adds others.
    pub(crate) fn add(&mut self, others: Times) {
        self.0.extend(others.0);
        self.0.sort_unstable();
    }

    /// How many.
    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The smallest time that `percent` of all do not exceed; zero if there are none.
    pub(crate) fn percentile(&self, percent: usize) -> Duration {
        let rank = (self.0.len() * percent).div_ceil(100);
        self.0.get(rank.max(1) - 1).copied().unwrap_or_default()
    }

    /// The shortest.
    pub(crate) fn min(&self) -> Duration {
        self.percentile(0)
    }

    /// The longest.
    pub(crate) fn max(&self) -> Duration {
        self.percentile(100)
    }
}

/// Milliseconds with as many digits as matter.
pub(crate) fn ms(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1e3;
    match millis {
        ..10.0 => format!("{millis:.2} ms"),
        ..1000.0 => format!("{millis:.0} ms"),
        _ => format!("{:.3} s", time.as_secs_f64()),
    }
}

/// Microseconds.
pub(crate) fn us(time: Duration) -> String {
    format!("{:.1} us", time.as_secs_f64() * 1e6)
}

/// Bytes in MiB, without the unit.
pub(crate) fn mib(bytes: u64) -> String {
    let tenths = (bytes * 100).div_ceil(1 << 20);
    format!("{}.{:02}", tenths / 100, tenths % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_nearest_rank() {
        let times = Times::new((1..=200).rev().map(Duration::from_millis).collect());
        let at = |percent| times.percentile(percent).as_millis();
        assert_eq!((at(0), at(50), at(99), at(100)), (1, 100, 198, 200));
        assert_eq!(Times::new(vec![]).percentile(50), Duration::ZERO);
    }

    #[test]
    fn sizes_are_rounded_up() {
        assert_eq!(mib(12 << 20), "12.00");
        assert_eq!(mib((12 << 20) + 1), "12.01");
    }
}
