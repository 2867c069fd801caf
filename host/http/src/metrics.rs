//! Metrics in the format that a scraper asks for.
//!
//! They are written as OpenMetrics. Whoever asks for `text/plain` gets the classic text format of
//! Prometheus, version 0.0.4, which differs in the lines about a metric: it knows neither units nor the
//! kind `info`, names a counter by the name of its sample, and has no mark at its end.

use http::HeaderMap;
use http::header::{ACCEPT, HeaderValue};

/// A format of `/metrics`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    OpenMetrics,
    Classic,
}

impl Format {
    /// What the client prefers; OpenMetrics if it does not care.
    pub(super) fn wanted(headers: &HeaderMap) -> Format {
        let asked = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
        let (mut open, mut classic) = (None, None);
        for range in asked.flat_map(|value| value.split(',')) {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            let quality =
                parts.find_map(|part| part.strip_prefix("q=")?.trim().parse::<f32>().ok());
            let quality = quality.unwrap_or(1.0);
            let best = match kind.to_ascii_lowercase().as_str() {
                "application/openmetrics-text" => &mut open,
                "text/plain" => &mut classic,
                _ => continue,
            };
            *best = Some(best.unwrap_or(0.0_f32).max(quality));
        }
        match (open, classic) {
            (open, Some(classic)) if classic > open.unwrap_or(0.0) => Format::Classic,
            _ => Format::OpenMetrics,
        }
    }

    pub(super) fn media_type(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Format::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Format::Classic => "text/plain; version=0.0.4; charset=utf-8",
        })
    }

    /// The metrics in this format, from OpenMetrics text.
    pub(super) fn of(self, text: String) -> String {
        match self {
            Format::OpenMetrics => text,
            Format::Classic => classic(&text),
        }
    }
}

/// The lines about a metric follow one another, the help first, and its kind is in the second.
fn classic(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let line = match comment(line) {
            None => line.to_owned(),
            Some(("HELP", name, help)) => {
                let next = lines.peek().and_then(|next| comment(next));
                let kind = next.filter(|(what, ..)| *what == "TYPE").map_or("", |(.., kind)| kind);
                format!("# HELP {} {help}", sample_name(name, kind))
            }
            Some(("TYPE", name, kind)) => {
                let known = if kind == "info" { "gauge" } else { kind };
                format!("# TYPE {} {known}", sample_name(name, kind))
            }
            // Units, and the end.
            Some(_) => continue,
        };
        out.push_str(&line);
        out.push('\n');
    }
    out
}

/// The name by which the classic format calls a metric of that kind.
fn sample_name(metric: &str, kind: &str) -> String {
    let suffix = match kind {
        "counter" => "_total",
        "info" => "_info",
        _ => "",
    };
    metric.to_owned() + suffix
}

/// The word, the metric and the rest of a line that is not a sample.
fn comment(line: &str) -> Option<(&str, &str, &str)> {
    let mut words = line.strip_prefix("# ")?.splitn(3, ' ');
    Some((words.next()?, words.next().unwrap_or_default(), words.next().unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_has_the_choice() {
        let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2";
        let classic_first = "text/plain;version=0.0.4;q=0.5,application/openmetrics-text;q=0.4";
        for (accept, format) in [
            ("", Format::OpenMetrics),
            ("*/*", Format::OpenMetrics),
            ("text/html", Format::OpenMetrics),
            (prometheus, Format::OpenMetrics),
            ("text/plain, application/openmetrics-text", Format::OpenMetrics),
            ("text/plain", Format::Classic),
            ("Text/Plain; version=0.0.4; charset=utf-8", Format::Classic),
            ("text/plain;version=0.0.4;q=0.3,*/*;q=0.2", Format::Classic),
            (classic_first, Format::Classic),
            ("application/openmetrics-text;q=0, text/plain;q=0.1", Format::Classic),
        ] {
            let mut headers = HeaderMap::new();
            if !accept.is_empty() {
                headers.insert(ACCEPT, HeaderValue::from_static(accept));
            }
            assert_eq!(Format::wanted(&headers), format, "{accept}");
        }
    }

    #[test]
    fn classic_text_names_counters_by_their_samples_and_knows_no_units() {
        let open = "# HELP terms Terms.\n# TYPE terms counter\nterms_total{a=\"# HELP x\"} 1\n\
                    # HELP left_seconds Left.\n# TYPE left_seconds gauge\n# UNIT left_seconds seconds\n\
                    left_seconds 1.5\n# HELP build The program.\n# TYPE build info\n\
                    build_info{version=\"1\"} 1\n# EOF\n";
        let classic = "# HELP terms_total Terms.\n# TYPE terms_total counter\n\
                       terms_total{a=\"# HELP x\"} 1\n# HELP left_seconds Left.\n\
                       # TYPE left_seconds gauge\nleft_seconds 1.5\n# HELP build_info The program.\n\
                       # TYPE build_info gauge\nbuild_info{version=\"1\"} 1\n";
        assert_eq!(Format::Classic.of(open.to_owned()), classic);
        assert_eq!(Format::OpenMetrics.of(open.to_owned()), open);
    }
}
