//! Debian's Chromium without a window, steered over a pipe by the
//! [DevTools protocol](https://chromedevtools.github.io/devtools-protocol/): messages in JSON, each
//! ended by a zero byte.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, bail, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::lifeline::{self, ScratchDir};
use crate::setup;

/// How long any answer of the browser may take: the machine may be busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// The shell gives the browser its two pipes where it looks for them.
const WITH_PIPES: &str = "exec \"$0\" \"$@\" 3<&0 4>&1 </dev/null >/dev/null 2>&1";

/// A running browser with one page; ended when it is dropped.
pub struct Browser {
    child: Child,
    orders: ChildStdin,
    messages: Receiver<Value>,
    session: String,
    last: u64,
    /// What the page complained of: errors, refused loads, exceptions.
    complaints: Vec<String>,
    axe: PathBuf,
    _profile: ScratchDir,
}

/// What a page looks like to its reader.
#[derive(Clone, Copy, Debug)]
pub struct Screen {
    /// In CSS pixels.
    pub width: u32,
    /// In CSS pixels.
    pub height: u32,
    /// Whether dark colours are preferred.
    pub dark: bool,
}

impl Browser {
    /// Starts one, and opens an empty page.
    ///
    /// # Errors
    ///
    /// When it cannot be installed or started, or does not answer.
    pub fn start() -> anyhow::Result<Browser> {
        let axe = setup::run("browser.sh", &[])?.join("axe.min.js");
        let profile = ScratchDir::new("hotseat-browser-")?;
        let mut command = lifeline::command("sh");
        command
            .args(["-c", WITH_PIPES, "chromium", "--headless", "--remote-debugging-pipe"])
            // The tests run as root, whom its own sandbox refuses, and look at nothing but loopback.
            .args(["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-sync", "--disable-extensions"])
            // A picture would be cut by the width of one.
            .arg("--hide-scrollbars")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        let mut child = lifeline::spawn(command).context("chromium cannot be started")?;
        let orders = child.stdin.take().context("no pipe to the browser")?;
        let output = child.stdout.take().context("no pipe from the browser")?;
        let (sender, messages) = channel();
        thread::spawn(move || {
            for message in BufReader::new(output).split(0).map_while(Result::ok) {
                // A message that is none ends the conversation, and the test by its patience.
                let Ok(message) = serde_json::from_slice(&message) else { return };
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        let (session, complaints) = (String::new(), Vec::new());
        let mut browser = Browser {
            child,
            orders,
            messages,
            session,
            last: 0,
            complaints,
            axe,
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({"url": "about:blank"}))?;
        let attach = json!({"targetId": target["targetId"], "flatten": true});
        let attached = browser.call("Target.attachToTarget", attach)?;
        browser.session = attached["sessionId"].as_str().context("no session")?.to_owned();
        for domain in ["Page", "Runtime", "Log", "DOM"] {
            browser.call(&format!("{domain}.enable"), json!({}))?;
        }
        Ok(browser)
    }

    /// Sets how the page is looked at.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub fn look(&mut self, screen: Screen) -> anyhow::Result<()> {
        let Screen { width, height, dark } = screen;
        let size =
            json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", size)?;
        let scheme = if dark { "dark" } else { "light" };
        let feature = json!({"name": "prefers-color-scheme", "value": scheme});
        self.call("Emulation.setEmulatedMedia", json!({"features": [feature]}))?;
        Ok(())
    }

    /// Lets pages run scripts, or not.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub fn allow_scripts(&mut self, allow: bool) -> anyhow::Result<()> {
        self.call("Emulation.setScriptExecutionDisabled", json!({"value": !allow}))?;
        Ok(())
    }

    /// Opens a page, and waits until it is there with all that it loads.
    ///
    /// # Errors
    ///
    /// When it cannot be loaded.
    pub fn open(&mut self, address: &str) -> anyhow::Result<()> {
        let opened = self.call("Page.navigate", json!({"url": address}))?;
        if let Some(error) = opened["errorText"].as_str() {
            bail!("{address}: {error}");
        }
        let begin = Instant::now();
        while self.hear(begin)?["method"] != "Page.loadEventFired" {}
        Ok(())
    }

    /// The page as it stands, as HTML; also where it may run no scripts.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub fn html(&mut self) -> anyhow::Result<String> {
        let document = self.call("DOM.getDocument", json!({"depth": 0}))?;
        let node = json!({"nodeId": document["root"]["nodeId"]});
        let html = self.call("DOM.getOuterHTML", node)?;
        Ok(html["outerHTML"].as_str().context("no HTML")?.to_owned())
    }

    /// The value of an expression in the page; a promise is waited for.
    ///
    /// # Errors
    ///
    /// When it throws, or the browser does not answer.
    pub fn value(&mut self, expression: &str) -> anyhow::Result<Value> {
        let question =
            json!({"expression": expression, "awaitPromise": true, "returnByValue": true});
        let answer = self.call("Runtime.evaluate", question)?;
        ensure!(
            answer["exceptionDetails"].is_null(),
            "{expression}: {}",
            answer["exceptionDetails"]
        );
        Ok(answer["result"]["value"].clone())
    }

    /// Presses a key that has a name, such as `Tab`.
    ///
    /// # Errors
    ///
    /// When the browser does not answer.
    pub fn press(&mut self, key: &str, code: u32) -> anyhow::Result<()> {
        for kind in ["rawKeyDown", "keyUp"] {
            let event =
                json!({"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code});
            self.call("Input.dispatchKeyEvent", event)?;
        }
        Ok(())
    }

    /// What axe-core finds wrong with the page for people who cannot see it, or use no mouse.
    ///
    /// # Errors
    ///
    /// When it cannot be asked.
    pub fn barriers(&mut self) -> anyhow::Result<Vec<String>> {
        let axe = fs::read_to_string(&self.axe)?;
        self.value(&format!("{axe}; 0"))?;
        let found = self.value(
            "axe.run({resultTypes: ['violations']}).then(found => found.violations.map(it => \
             it.id + ': ' + it.help + ' ' + it.nodes.map(node => node.html).join(' | ')))",
        )?;
        Ok(serde_json::from_value(found)?)
    }

    /// Keeps a picture of the whole page in that file.
    ///
    /// # Errors
    ///
    /// When it cannot be made or written.
    pub fn picture(&mut self, file: &Path) -> anyhow::Result<()> {
        let how = json!({"format": "png", "captureBeyondViewport": true});
        let shot = self.call("Page.captureScreenshot", how)?;
        let bytes = STANDARD.decode(shot["data"].as_str().context("no picture")?)?;
        fs::write(file, bytes).with_context(|| format!("{}: cannot be written", file.display()))
    }

    /// What the page complained of so far.
    #[must_use]
    pub fn complaints(&self) -> &[String] {
        &self.complaints
    }

    fn call(&mut self, method: &str, params: Value) -> anyhow::Result<Value> {
        self.last += 1;
        let (id, begin) = (self.last, Instant::now());
        let mut order = json!({"id": id, "method": method, "params": params});
        if !self.session.is_empty() {
            order["sessionId"] = self.session.as_str().into();
        }
        let mut bytes = order.to_string().into_bytes();
        bytes.push(0);
        self.orders.write_all(&bytes).context("the browser has ended")?;
        loop {
            let mut message = self.hear(begin).context(method.to_owned())?;
            if message["id"] == id {
                ensure!(message["error"].is_null(), "{method}: {}", message["error"]);
                return Ok(message["result"].take());
            }
        }
    }

    /// The next message; complaints of the page are kept.
    fn hear(&mut self, begin: Instant) -> anyhow::Result<Value> {
        let left = PATIENCE.saturating_sub(begin.elapsed());
        let message = self.messages.recv_timeout(left).context("no word from the browser")?;
        let params = &message["params"];
        match message["method"].as_str() {
            Some("Runtime.exceptionThrown") => {
                self.complaints.push(params["exceptionDetails"].to_string());
            }
            Some("Log.entryAdded") if params["entry"]["level"] == "error" => {
                self.complaints.push(params["entry"].to_string());
            }
            _ => {}
        }
        Ok(message)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It may have ended already; the profile is removed after it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
