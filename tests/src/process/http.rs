//! A request over HTTP/1.1, small enough to see what the server sent.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, bail};

/// How long connecting, and each read and write, may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A server's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Names as sent, and values, in the order in which they came.
    pub headers: Vec<(String, String)>,
    /// The body, after any chunking is undone.
    pub body: Vec<u8>,
}

impl Response {
    /// The first header of that name, in whatever case.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(sent, _)| sent.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    /// The body as text; bytes that are not UTF-8 are replaced.
    #[must_use]
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

/// Asks `address` for `path` over a connection of its own.
///
/// # Errors
///
/// As [`send`].
pub fn get(address: SocketAddr, path: &str) -> anyhow::Result<Response> {
    send(address, "GET", path, "")
}

/// Sends a request with a body of plain text over a connection of its own.
///
/// # Errors
///
/// When nobody listens, an answer takes longer than 5 s, or is not a whole HTTP/1.1 answer.
pub fn send(address: SocketAddr, method: &str, path: &str, body: &str) -> anyhow::Result<Response> {
    let host = address.to_string();
    let mut headers = vec![("Host", host.as_str())];
    if !body.is_empty() {
        headers.push(("Content-Type", "text/plain"));
    }
    send_with(address, method, path, &headers, body)
}

/// Sends a request with these headers, and what says how long the body is, over a connection of its own.
///
/// # Errors
///
/// As [`send`].
pub fn send_with(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> anyhow::Result<Response> {
    let talk = || -> anyhow::Result<Vec<u8>> {
        let mut connection = TcpStream::connect_timeout(&address, PATIENCE)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.set_write_timeout(Some(PATIENCE))?;
        connection.set_nodelay(true)?;
        let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        if !body.is_empty() {
            request.push_str(&format!("Content-Length: {}\r\n", body.len()));
        }
        request.push_str(&format!("\r\n{body}"));
        connection.write_all(request.as_bytes())?;
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer)?;
        Ok(answer)
    };
    talk()
        .and_then(|answer| parse(&answer))
        .with_context(|| format!("{method} http://{address}{path} failed"))
}

fn parse(answer: &[u8]) -> anyhow::Result<Response> {
    let end = find(answer, b"\r\n\r\n").context("the answer has no end of headers")?;
    let head = std::str::from_utf8(&answer[..end]).context("the headers are not UTF-8")?;
    let mut lines = head.split("\r\n");
    let first = lines.next().unwrap_or_default();
    let status = first
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3)?.parse().ok())
        .with_context(|| format!("no HTTP/1.1 status line: {first:?}"))?;
    let headers = lines
        .map(|line| {
            let (name, value) =
                line.split_once(':').with_context(|| format!("no header: {line:?}"))?;
            Ok((name.to_owned(), value.trim().to_owned()))
        })
        .collect::<anyhow::Result<_>>()?;
    let mut response = Response { status, headers, body: answer[end + 4..].to_vec() };
    if response.header("transfer-encoding").is_some_and(|value| value == "chunked") {
        response.body = unchunk(&response.body)?;
    } else if let Some(length) = response.header("content-length") {
        let length: usize = length.parse().context("Content-Length is not a number")?;
        if response.body.len() != length {
            bail!("{} bytes of body where {length} were announced", response.body.len());
        }
    }
    Ok(response)
}

fn unchunk(mut rest: &[u8]) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let end = find(rest, b"\r\n").context("a chunk has no length")?;
        let length = std::str::from_utf8(&rest[..end])?;
        let length = usize::from_str_radix(length, 16)
            .with_context(|| format!("{length:?} is not a chunk length"))?;
        rest = &rest[end + 2..];
        if length == 0 {
            return Ok(body);
        }
        let chunk = rest.get(..length).context("a chunk is cut short")?;
        body.extend_from_slice(chunk);
        rest = rest.get(length + 2..).context("a chunk has no end")?;
    }
}

fn find(text: &[u8], part: &[u8]) -> Option<usize> {
    text.windows(part.len()).position(|window| window == part)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_status_headers_and_body() {
        let answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\ncontent-length: 2\r\n\r\nhi";
        let response = parse(answer).unwrap();
        assert_eq!((response.status, response.text().as_str()), (200, "hi"));
        assert_eq!(response.header("content-type"), Some("text/plain"));
    }

    #[test]
    fn undoes_chunks() {
        let answer =
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n1\r\n!\r\n0\r\n\r\n";
        assert_eq!(parse(answer).unwrap().text(), "hi!");
    }

    #[test]
    fn refuses_half_an_answer() {
        for answer in [
            "",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.0 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nhi",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhi",
        ] {
            assert!(parse(answer.as_bytes()).is_err(), "{answer:?} was taken");
        }
    }
}
