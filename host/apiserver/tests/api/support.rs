//! A plain HTTP client that shows everything and retries nothing.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{HeaderMap, HeaderValue};
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;

use hotseat_apiserver::{Config, Server};

/// Longer than anything here takes, also on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(30);
pub const LEASES: &str = "/apis/coordination.k8s.io/v1/namespaces/le/leases";

pub async fn server() -> Server {
    server_with(Config::new()).await
}

pub async fn server_with(config: Config) -> Server {
    let anywhere = SocketAddr::from(([127, 0, 0, 1], 0));
    Server::start(anywhere, config).await.unwrap()
}

/// A lease named `x` in `le`, as a candidate sends it.
pub fn lease(name: &str, holder: &str) -> Value {
    json!({
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": "le"},
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": 15},
    })
}

pub fn version(object: &Value) -> String {
    object["metadata"]["resourceVersion"].as_str().unwrap().to_owned()
}

#[derive(Clone, Debug)]
pub struct Client {
    pub address: SocketAddr,
    pub agent: String,
    pub token: Option<String>,
    pub accept: Option<&'static str>,
}

#[derive(Debug)]
pub struct Reply {
    pub code: u16,
    pub headers: HeaderMap,
    pub object: Value,
}

impl Client {
    pub fn of(server: &Server) -> Client {
        Client { address: server.address(), agent: "test/1".to_owned(), token: None, accept: None }
    }

    pub fn named(server: &Server, agent: &str) -> Client {
        Client { agent: agent.to_owned(), ..Client::of(server) }
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, "", None).await
    }

    pub async fn post(&self, path: &str, object: &Value) -> Reply {
        self.send(Method::POST, path, "application/json", Some(object)).await
    }

    pub async fn put(&self, path: &str, object: &Value) -> Reply {
        self.send(Method::PUT, path, "application/json", Some(object)).await
    }

    pub async fn patch(&self, path: &str, patch: &Value) -> Reply {
        let media = "application/merge-patch+json";
        self.send(Method::PATCH, path, media, Some(patch)).await
    }

    pub async fn delete(&self, path: &str, options: Option<&Value>) -> Reply {
        self.send(Method::DELETE, path, "application/json", options).await
    }

    pub async fn send(
        &self,
        method: Method,
        path: &str,
        media: &str,
        object: Option<&Value>,
    ) -> Reply {
        let body = object.map(Value::to_string).unwrap_or_default();
        self.try_send(method, path, media, body).await.unwrap()
    }

    /// One request over a connection of its own; the error is that of the connection.
    pub async fn try_send(
        &self,
        method: Method,
        path: &str,
        media: &str,
        body: impl Into<Bytes>,
    ) -> Result<Reply, String> {
        let whole = async {
            let response = self.open(method, path, media, body).await?;
            let (code, headers) = (response.status().as_u16(), response.headers().clone());
            let body = response.into_body().collect().await;
            let body = body.map_err(|e| e.to_string())?.to_bytes();
            let object = serde_json::from_slice(&body)
                .unwrap_or_else(|_| String::from_utf8_lossy(&body).into_owned().into());
            Ok(Reply { code, headers, object })
        };
        timeout(PATIENCE, whole).await.expect("an answer in time")
    }

    async fn open(
        &self,
        method: Method,
        path: &str,
        media: &str,
        body: impl Into<Bytes>,
    ) -> Result<Response<Incoming>, String> {
        let stream = TcpStream::connect(self.address).await.map_err(|e| e.to_string())?;
        let io = TokioIo::new(stream);
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(io).await.map_err(|e| e.to_string())?;
        tokio::spawn(connection);
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", self.address.to_string())
            .header("user-agent", &self.agent);
        if !media.is_empty() {
            request = request.header("content-type", media);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(accept) = self.accept {
            request = request.header("accept", HeaderValue::from_static(accept));
        }
        let request = request.body(Full::new(body.into())).unwrap();
        sender.send_request(request).await.map_err(|e| e.to_string())
    }

    pub async fn watch(&self, path: &str) -> Watch {
        let opened = self.open(Method::GET, path, "", "");
        let response = timeout(PATIENCE, opened).await.unwrap().unwrap();
        assert_eq!(response.status(), 200);
        Watch { body: response.into_body(), rest: Vec::new() }
    }
}

/// The events of a watch.
pub struct Watch {
    body: Incoming,
    rest: Vec<u8>,
}

impl Watch {
    /// The next event; none at the end of the stream, an error if the connection broke.
    pub async fn try_next(&mut self) -> Result<Option<Value>, String> {
        loop {
            if let Some(end) = self.rest.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                return Ok(Some(serde_json::from_slice(&line).unwrap()));
            }
            let frame = timeout(PATIENCE, self.body.frame()).await.expect("an event in time");
            match frame {
                None => return Ok(None),
                Some(Err(error)) => return Err(error.to_string()),
                Some(Ok(frame)) => self.rest.extend(frame.into_data().unwrap()),
            }
        }
    }

    /// How many bytes came, when there were so many or the body ended.
    pub async fn bytes(&mut self, enough: usize) -> usize {
        let mut count = 0;
        while count < enough {
            let frame = timeout(PATIENCE, self.body.frame()).await.expect("more in time");
            let Some(Ok(frame)) = frame else { break };
            count += frame.into_data().unwrap().len();
        }
        count
    }

    pub async fn next(&mut self) -> Option<Value> {
        self.try_next().await.unwrap()
    }

    /// The type and the holder (or name) of the next event.
    pub async fn step(&mut self) -> (String, String) {
        let event = self.next().await.expect("one more event");
        let kind = event["type"].as_str().unwrap().to_owned();
        let what = event["object"]["spec"]["holderIdentity"].as_str();
        (kind, what.unwrap_or("").to_owned())
    }
}

pub fn step(kind: &str, holder: &str) -> (String, String) {
    (kind.to_owned(), holder.to_owned())
}
