//! How an event becomes a line, whatever strangers have written into its fields.
//!
//! In both formats a value takes no control characters into the line, and is cut where it is longer
//! than anything that Hotseat says itself. In text a field's value is in one line. Only a message
//! may have several, which are this program's own words and the names that were checked at the
//! start; they are indented, so that none of them reads as an event.

use hotseat_election::ElectionName;
use hotseat_text::{cut, is_unfit, visible};
use std::cell::RefCell;
use std::fmt::{self, Write as _};
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::field::RecordFields;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::time::{FormatTime, SystemTime};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// The most bytes of one value.
const LONGEST_VALUE: usize = 16 << 10;
/// Before the second line of a message and those behind it.
const INDENT: &str = "    ";

/// The fields of an event in text: the message, and `name=value` for each of the others.
#[derive(Debug)]
pub(super) struct Text;

impl<'writer> FormatFields<'writer> for Text {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut line = TextLine { writer, first: true, result: Ok(()) };
        fields.record(&mut line);
        line.result
    }
}

struct TextLine<'writer> {
    writer: Writer<'writer>,
    first: bool,
    result: fmt::Result,
}

impl TextLine<'_> {
    fn add(&mut self, field: &Field, value: &str) -> fmt::Result {
        if !std::mem::take(&mut self.first) {
            self.writer.write_char(' ')?;
        }
        let value = cut(value, LONGEST_VALUE);
        if field.name() == "message" {
            let mut lines = value.split('\n');
            self.writer.write_str(&visible(lines.next().unwrap_or_default()))?;
            return lines.try_for_each(|line| write!(self.writer, "\n{INDENT}{}", visible(line)));
        }
        let (name, value) = (name(field), visible(&value));
        if self.writer.has_ansi_escapes() {
            return write!(self.writer, "\u{1b}[3m{name}\u{1b}[0m\u{1b}[2m=\u{1b}[0m{value}");
        }
        write!(self.writer, "{name}={value}")
    }
}

impl Visit for TextLine<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if self.result.is_ok() {
            self.result = self.add(field, &format!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "message" => self.record_debug(field, &format_args!("{value}")),
            _ => self.record_debug(field, &value),
        }
    }
}

thread_local! {
    static ELECTION: RefCell<Option<ElectionName>> = const { RefCell::new(None) };
}

/// Has the lines in JSON that `log` writes on this thread name their election. In text, which people
/// read beside the sidecar that wrote it, one line at its start does.
pub(super) fn of_election(election: &ElectionName, log: impl FnOnce()) {
    struct Back(Option<ElectionName>);
    impl Drop for Back {
        fn drop(&mut self) {
            ELECTION.set(self.0.take());
        }
    }
    let _back = Back(ELECTION.replace(Some(election.clone())));
    log();
}

/// The election of the lines that this thread writes now.
fn election() -> Option<String> {
    ELECTION.with_borrow(|election| election.as_ref().map(ToString::to_string))
}

/// An event as one JSON object: `timestamp`, `level`, `election` if it is of one, and its fields.
#[derive(Debug)]
pub(super) struct Json;

impl<S, N> FormatEvent<S, N> for Json
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        writer.write_str("{\"timestamp\":\"")?;
        SystemTime.format_time(&mut writer)?;
        write!(writer, "\",\"level\":\"{}\"", event.metadata().level())?;
        let mut line = JsonLine { writer, result: Ok(()) };
        if let Some(election) = election() {
            line.add("election", &cut(&election, LONGEST_VALUE));
        }
        event.record(&mut line);
        line.result?;
        line.writer.write_str("}\n")
    }
}

struct JsonLine<'writer> {
    writer: Writer<'writer>,
    result: fmt::Result,
}

impl JsonLine<'_> {
    fn add(&mut self, name: &str, value: &impl serde::Serialize) {
        if self.result.is_ok() {
            let both = serde_json::to_string(name)
                .and_then(|name| Ok((name, serde_json::to_string(value)?)));
            self.result = match both {
                Ok((name, value)) => write!(self.writer, ",{name}:{}", plain_json(&value)),
                Err(_) => Err(fmt::Error),
            };
        }
    }
}

impl Visit for JsonLine<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.record_str(field, &format!("{value:?}"));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(name(field), &cut(value, LONGEST_VALUE));
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(name(field), &value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(name(field), &value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(name(field), &value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(name(field), &value);
    }
}

/// The old image's line as such an object, without its end.
pub(super) fn leader_line(name: &str) -> String {
    let name = cut(name, LONGEST_VALUE);
    let message = ("message", format!("{name} is the leader"));
    let mut fields = vec![message, ("leader", name.into_owned())];
    fields.splice(0..0, election().map(|election| ("election", election)));
    json_line("INFO", &fields)
}

/// Why the program ends, as such an object, without its end.
pub(super) fn last_line(message: &str) -> String {
    json_line("ERROR", &[("message", cut(message, LONGEST_VALUE).into_owned())])
}

fn json_line(level: &str, fields: &[(&str, String)]) -> String {
    let mut line = "{\"timestamp\":\"".to_owned();
    // Writing to a string cannot fail.
    let _ = SystemTime.format_time(&mut Writer::new(&mut line));
    let _ = write!(line, "\",\"level\":\"{level}\"");
    for (name, value) in fields {
        // As is writing a string as JSON.
        let value = serde_json::to_string(value).unwrap_or_default();
        let _ = write!(line, ",\"{name}\":{}", plain_json(&value));
    }
    line.push('}');
    line
}

/// The name without what makes a keyword of Rust a name.
fn name(field: &Field) -> &'static str {
    let name = field.name();
    name.strip_prefix("r#").unwrap_or(name)
}

/// JSON escapes the control characters of ASCII alone. The other unfit ones can stand in its
/// strings only, where an escape means the same.
fn plain_json(json: &str) -> String {
    let mut plain = String::with_capacity(json.len());
    for letter in json.chars() {
        if is_unfit(letter) {
            // All of them are below U+10000. Writing to a string cannot fail.
            let _ = write!(plain, "\\u{:04x}", u32::from(letter));
        } else {
            plain.push(letter);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::sync::{Arc, Mutex};
    use tracing_subscriber::fmt::MakeWriter;

    #[derive(Clone, Default)]
    struct Sheet(Arc<Mutex<Vec<u8>>>);

    impl Sheet {
        fn text(&self) -> String {
            String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
        }
    }

    impl Write for Sheet {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Sheet {
        type Writer = Sheet;

        fn make_writer(&'a self) -> Sheet {
            self.clone()
        }
    }

    #[test]
    fn lines_that_no_event_makes_are_json_too() {
        let name = "web\"0\n\u{202e}";
        let line: serde_json::Value = serde_json::from_str(&leader_line(name)).unwrap();
        assert_eq!(line["leader"], name);
        assert_eq!(line["message"], format!("{name} is the leader"));
        assert_eq!(line["level"], "INFO");
        assert!(line["timestamp"].is_string(), "{line}");
        let line = leader_line(name);
        assert!(!line.contains(['\n', '\u{202e}']), "{line}");
        let line: serde_json::Value = serde_json::from_str(&last_line("hotseat: no")).unwrap();
        assert_eq!((&line["level"], &line["message"]), (&"ERROR".into(), &"hotseat: no".into()));
    }

    /// What is logged, in text.
    fn text(colours: bool, log: impl FnOnce()) -> String {
        let sheet = Sheet::default();
        let builder = tracing_subscriber::fmt().with_writer(sheet.clone()).with_target(false);
        let subscriber = builder.fmt_fields(Text).with_ansi(colours).without_time().finish();
        tracing::subscriber::with_default(subscriber, log);
        sheet.text()
    }

    /// What is logged, in JSON.
    fn json(log: impl FnOnce()) -> String {
        let sheet = Sheet::default();
        let builder = tracing_subscriber::fmt().with_writer(sheet.clone());
        tracing::subscriber::with_default(builder.event_format(Json).finish(), log);
        sheet.text()
    }

    #[test]
    fn in_json_an_elections_lines_name_it() {
        let (web, api) = (ElectionName::new("shop", "web"), ElectionName::new("shop", "api"));
        let log = || {
            of_election(&web, || {
                tracing::info!(token = 1, "became leader");
                of_election(&api, || tracing::info!("released the seat"));
                tracing::info!("renewed");
            });
            tracing::info!("of none");
        };
        let told = json(log);
        let lines =
            told.lines().map(|line| serde_json::from_str::<serde_json::Value>(line).unwrap());
        let named: Vec<_> =
            lines.map(|line| line["election"].as_str().map(str::to_owned)).collect();
        assert_eq!(
            named,
            [Some("shop/web"), Some("shop/api"), Some("shop/web"), None]
                .map(|it| it.map(str::to_owned))
        );
        assert!(told.contains(",\"level\":\"INFO\",\"election\":\"shop/web\",\"message\":\"became leader\",\"token\":1}\n"), "{told}");
        of_election(&web, || {
            let line: serde_json::Value = serde_json::from_str(&leader_line("web-0")).unwrap();
            assert_eq!((&line["election"], &line["leader"]), (&"shop/web".into(), &"web-0".into()));
        });
        assert!(!text(false, log).contains("shop"));
    }

    const FORGED: &str = "x\nhost-1 is the leader\u{1b}[2J\u{9b}1m\u{2028}";
    const SHOWN: &str = r"x\nhost-1 is the leader\u{1b}[2J\u{9b}1m\u{2028}";

    #[test]
    fn an_event_reads_as_the_library_writes_it() {
        let log = || tracing::info!(count = 3, name = "web", reason = %"no \"room\"", "it ended");
        assert_eq!(text(false, log), " INFO it ended count=3 name=\"web\" reason=no \"room\"\n");
        let coloured = text(true, log);
        assert!(
            coloured.contains("it ended \u{1b}[3mcount\u{1b}[0m\u{1b}[2m=\u{1b}[0m3 "),
            "{coloured}"
        );
        let line = json(log);
        assert!(line.starts_with("{\"timestamp\":\"2"), "{line}");
        assert!(
            line.ends_with(
                ",\"level\":\"INFO\",\"message\":\"it ended\",\"count\":3,\"name\":\"web\",\"reason\":\"no \\\"room\\\"\"}\n"
            ),
            "{line}"
        );
    }

    #[test]
    fn what_a_stranger_wrote_stays_in_its_field() {
        let log = || tracing::warn!(holder = %FORGED, text = FORGED, debug = ?FORGED, "seen");
        let line = text(false, log);
        assert!(
            line.starts_with(&format!(" WARN seen holder={SHOWN} text=\"x\\nhost-1")),
            "{line}"
        );
        for line in [line, json(log), text(true, log).replace("\u{1b}[", "")] {
            assert_eq!(line.find(is_unfit), Some(line.len() - 1), "{line:?}");
        }
        let value: serde_json::Value = serde_json::from_str(&json(log)).unwrap();
        assert_eq!((&value["holder"], &value["text"]), (&FORGED.into(), &FORGED.into()));
    }

    #[test]
    fn a_message_of_several_lines_is_indented() {
        let told = text(false, || tracing::error!("this Role:\nkind: Role\u{1b}\nrules: []"));
        assert_eq!(told, "ERROR this Role:\n    kind: Role\\u{1b}\n    rules: []\n");
    }

    #[test]
    fn a_long_value_is_cut() {
        let long = "x".repeat(1 << 20);
        for told in [text(false, || tracing::info!(%long)), json(|| tracing::info!(%long))] {
            assert!((LONGEST_VALUE..LONGEST_VALUE + 200).contains(&told.len()), "{}", told.len());
            assert!(told.contains('…'));
        }
    }
}
