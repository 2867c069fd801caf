//! Standard output, on a thread of its own: a terminal that was stopped with ctrl-s, or a reader
//! that is slow, must not hold up the API server that the candidates write to.

use super::picture::Picture;
use super::words;
use anyhow::Context;
use console::Term;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::Duration;

/// How the demonstration is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// A view that is drawn over and over, for a terminal.
    Live,
    /// A line for each event.
    Lines,
    /// Nothing before the end.
    Silent,
}

impl Style {
    /// The way for people that standard output is up to.
    pub fn for_people() -> Style {
        let dumb = std::env::var_os("TERM").is_none_or(|term| term == "dumb");
        if Term::stdout().is_term() && !dumb { Style::Live } else { Style::Lines }
    }
}

/// What is sent to the thread.
enum Message {
    Frame(Box<Picture>),
    Text(String),
    Last(String),
}

/// The thread that writes.
#[derive(Debug)]
pub struct Screen {
    style: Style,
    messages: SyncSender<Message>,
    /// Told when the thread has written the last of it, or cannot write.
    ended: Receiver<io::Result<()>>,
    /// A frame waits to be drawn: a further one would only be late.
    busy: Arc<AtomicBool>,
}

/// Lines that may wait for a slow reader; further ones are lost.
const WAITING: usize = 1024;
/// How long the last lines may take.
const LAST_LINES: Duration = Duration::from_secs(2);

impl Screen {
    /// Starts to write in that style.
    ///
    /// # Errors
    ///
    /// If there can be no further thread.
    pub fn start(style: Style) -> anyhow::Result<Screen> {
        let (messages, inbox) = sync_channel(WAITING);
        let (done, ended) = sync_channel(1);
        let busy = Arc::new(AtomicBool::new(false));
        let drawn = Arc::clone(&busy);
        let write = move || {
            let result = match style {
                Style::Live => Canvas::new().and_then(|canvas| canvas.show(&inbox, &drawn)),
                Style::Lines | Style::Silent => print(&inbox),
            };
            // Nobody waits if the demonstration itself failed.
            let _ = done.send(result);
        };
        thread::Builder::new()
            .name("screen".to_owned())
            .spawn(write)
            .context("no thread for the screen")?;
        Ok(Screen { style, messages, ended, busy })
    }

    /// How it writes.
    pub fn style(&self) -> Style {
        self.style
    }

    /// Draws the picture, unless the one before is still being drawn.
    pub fn draw(&self, picture: impl FnOnce() -> Picture) {
        if self.style == Style::Live && !self.busy.swap(true, Ordering::AcqRel) {
            self.send(Message::Frame(Box::new(picture())));
        }
    }

    /// Tells an event.
    pub fn tell(&self, at: Duration, text: &str) {
        if self.style == Style::Lines {
            self.send(Message::Text(format!("{}  {text}", words::clock(at))));
        }
    }

    /// Whether nobody reads any more.
    pub fn is_gone(&self) -> bool {
        self.ended.try_recv().is_ok()
    }

    /// Writes the last words and ends the thread.
    ///
    /// # Errors
    ///
    /// If standard output cannot be written to, or does not take the words in two seconds.
    pub fn end(self, last: String) -> anyhow::Result<()> {
        self.send(Message::Last(last));
        let ended = self.ended.recv_timeout(LAST_LINES);
        ended.context("standard output: nobody reads it")?.context("standard output")
    }

    fn send(&self, message: Message) {
        match self.messages.try_send(message) {
            Ok(()) | Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => {}
        }
    }
}

/// Writes lines as they come.
fn print(inbox: &Receiver<Message>) -> io::Result<()> {
    let mut output = io::stdout();
    for message in inbox {
        match message {
            Message::Frame(_) => {}
            Message::Text(text) => writeln!(output, "{text}")?,
            Message::Last(text) => {
                writeln!(output, "{text}")?;
                return output.flush();
            }
        }
        output.flush()?;
    }
    Ok(())
}

/// A terminal that is drawn on. The cursor comes back when this is dropped.
struct Canvas {
    term: Term,
    size: (u16, u16),
}

impl Canvas {
    fn new() -> io::Result<Canvas> {
        let term = Term::stdout();
        term.hide_cursor()?;
        let size = term.size();
        // What is on the screen moves up instead of being painted over.
        term.write_str(&"\n".repeat(usize::from(size.0)))?;
        Ok(Canvas { term, size })
    }

    fn show(mut self, inbox: &Receiver<Message>, drawn: &AtomicBool) -> io::Result<()> {
        for message in inbox {
            match message {
                Message::Frame(picture) => {
                    self.draw(&picture)?;
                    drawn.store(false, Ordering::Release);
                }
                Message::Text(_) => {}
                Message::Last(text) => return self.term.write_line(&format!("\n\n{text}")),
            }
        }
        Ok(())
    }

    fn draw(&mut self, picture: &Picture) -> io::Result<()> {
        let size = self.term.size();
        if size != self.size {
            self.size = size;
            self.term.clear_screen()?;
        }
        let (rows, columns) = (usize::from(size.0), usize::from(size.1));
        let lines = picture.lines(columns, rows.saturating_sub(2), console::colors_enabled());
        // One write for the whole picture, each line cleared behind its end: no flicker.
        let mut text = String::from("\u{1b}[H");
        for (index, line) in lines.iter().enumerate() {
            let newline = if index == 0 { "" } else { "\r\n" };
            // Writing to a string does not fail.
            let _ = write!(text, "{newline}{line}\u{1b}[K");
        }
        text.push_str("\u{1b}[J");
        self.term.write_str(&text)?;
        self.term.flush()
    }
}

impl Drop for Canvas {
    fn drop(&mut self) {
        // A terminal that is gone needs no cursor.
        let _ = self.term.show_cursor();
    }
}
