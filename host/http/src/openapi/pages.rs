//! What the table of routes does not say of its pages: words, parameters, bodies and statuses. A page for
//! each route, in their order.

use crate::history::HistoryAnswer;
use crate::report::{LeaderAnswer, PolicyAnswer};
use crate::roster::RosterAnswer;
use crate::signals::SignalsAnswer;
use schemars::generate::SchemaGenerator;
use schemars::{JsonSchema, Schema};
use serde_json::{Value, json};

/// A route's words.
pub(super) struct Page {
    /// As the route has it.
    pub(super) path: &'static str,
    pub(super) operations: &'static [Operation],
}

/// What one method does.
pub(super) struct Operation {
    /// In lower case.
    pub(super) method: &'static str,
    /// Names the operation in generated clients.
    pub(super) id: &'static str,
    pub(super) summary: &'static str,
    pub(super) parameters: &'static [Parameter],
    pub(super) body: Option<Body>,
    pub(super) answers: &'static [Response],
}

/// What is said in the path, the query or a header.
pub(super) struct Parameter {
    pub(super) name: &'static str,
    pub(super) place: Place,
    pub(super) what: &'static str,
    pub(super) schema: fn() -> Value,
}

/// Where a parameter stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Path,
    Query,
    /// In the query, and not left out.
    NeededQuery,
    Header,
}

/// What is sent.
#[derive(Clone, Copy)]
pub(super) enum Body {
    Signal,
    Ready,
}

/// A status and what it means.
pub(super) struct Response {
    pub(super) status: u16,
    pub(super) what: &'static str,
    pub(super) content: Content,
}

/// What an answer holds.
#[derive(Clone, Copy)]
pub(super) enum Content {
    /// A line for people.
    Text,
    /// The old image's object, which is sent as text.
    Leader,
    Document(fn(&mut SchemaGenerator) -> Schema),
    /// JSON, one document on each line.
    Lines,
    /// A page for people.
    Html,
    /// Server-sent events.
    Events,
    Metrics,
}

/// A document of that type.
fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

const fn answer(status: u16, what: &'static str, content: Content) -> Response {
    Response { status, what, content }
}

const DONE: Response = answer(200, "It is done", Content::Text);
const BAD_SIGNAL: Response =
    answer(400, "The key, the ttl or the body cannot be used, and why", Content::Text);
const NOT_THE_POD: Response =
    answer(403, "It was not sent from this pod by the application itself", Content::Text);
const FULL: Response = answer(409, "There is no room for another signal", Content::Text);
const TOO_LONG: Response = answer(413, "The value has more than 1,024 bytes", Content::Text);
const OTHER_TYPE: Response =
    answer(415, "The body is neither text nor JSON, or is compressed", Content::Text);

/// For how long what is sent holds.
const TTL: Parameter = Parameter {
    name: "ttl",
    place: Place::Query,
    what: "For how long it holds, from 100ms to 24h; until it is deleted if it is left out",
    schema: || json!({"type": "string", "pattern": DURATION, "example": "30s"}),
};
const DURATION: &str = r"^(0|([0-9]{1,9}(\.[0-9]{1,9})?(h|m|s|ms|us|ns))+)$";
const KEY: Parameter = Parameter {
    name: "key",
    place: Place::Path,
    what: "One word, such as app.heartbeat or app.kubernetes.io/name",
    schema: || json!({"type": "string", "minLength": 1, "maxLength": 317, "pattern": r"^[^\s\x00-\x1f\x7f-\x9f]+$"}),
};

/// A page that is only read.
const fn read(
    id: &'static str,
    summary: &'static str,
    parameters: &'static [Parameter],
    answers: &'static [Response],
) -> Operation {
    Operation { method: "get", id, summary, parameters, body: None, answers }
}

pub(super) const PAGES: [Page; 16] = [
    Page {
        path: "/",
        operations: &[read(
            "oldLeader",
            "Who leads, byte for byte as the 0.4 image answers; by any method",
            &[],
            &[answer(
                200,
                "The name of the leader, empty if nobody is known to lead",
                Content::Leader,
            )],
        )],
    },
    Page {
        path: "/leader",
        operations: &[read(
            "leads",
            "Whether this candidate leads, by the status",
            &[],
            &[
                answer(200, "This candidate leads", Content::Text),
                answer(503, "It does not, and who leads", Content::Text),
            ],
        )],
    },
    Page {
        path: "/v1/leader",
        operations: &[read(
            "leader",
            "Who leads, for how long the answer holds, the fencing token, the policy",
            &[],
            &[answer(
                200,
                "The election as this candidate sees it",
                Content::Document(of::<LeaderAnswer>),
            )],
        )],
    },
    Page {
        path: "/v1/watch",
        operations: &[read(
            "watch",
            "The same as server-sent events: one for each change, and a heartbeat each retry period",
            &[
                Parameter {
                    name: "kinds",
                    place: Place::Query,
                    what: "What is wanted, separated by commas; without it, who leads. Details are for this pod alone",
                    schema: || json!({"type": "string", "pattern": "^[a-z]+(,[a-z]+)*$", "example": "leader,policy"}),
                },
                Parameter {
                    name: "Last-Event-ID",
                    place: Place::Header,
                    what: "What a client that comes back saw last: it is sent what came since",
                    schema: || json!({"type": "string"}),
                },
            ],
            &[
                answer(
                    200,
                    "Events, until the client leaves or the process stops",
                    Content::Events,
                ),
                answer(400, "There is no such kind", Content::Text),
                answer(
                    403,
                    "A kind has details, and whoever asks is not in this pod",
                    Content::Text,
                ),
                answer(503, "There are too many watchers", Content::Text),
            ],
        )],
    },
    Page {
        path: "/v1/policy",
        operations: &[read(
            "policy",
            "The policy that decides, the one before and the one being tried; decisions and failures",
            &[],
            &[answer(200, "The policies of this candidate", Content::Document(of::<PolicyAnswer>))],
        )],
    },
    Page {
        path: "/v1/journal",
        operations: &[read(
            "journal",
            "The latest decisions: what was seen, decided and done",
            &[Parameter {
                name: "last",
                place: Place::Query,
                what: "How many; all that are kept if it is left out",
                schema: || json!({"type": "integer", "minimum": 0, "maximum": u64::MAX}),
            }],
            &[
                answer(200, "Records, the oldest first", Content::Lines),
                answer(400, "`last` is not a whole number", Content::Text),
                answer(503, "Others read it just now", Content::Text),
            ],
        )],
    },
    Page {
        path: "/v1/history",
        operations: &[read(
            "history",
            "Who led lately, what became of policies, and the last decisions",
            &[],
            &[
                answer(200, "All that is kept", Content::Document(of::<HistoryAnswer>)),
                answer(503, "Others read it just now", Content::Text),
            ],
        )],
    },
    Page {
        path: "/ui",
        operations: &[read(
            "page",
            "All of it on a page for people; details for this pod alone",
            &[],
            &[answer(200, "The page", Content::Html)],
        )],
    },
    Page {
        path: "/v1/signals",
        operations: &[read(
            "signals",
            "All facts that the policy sees",
            &[],
            &[answer(200, "The signals that hold", Content::Document(of::<SignalsAnswer>))],
        )],
    },
    Page {
        path: "/v1/signals/",
        operations: &[
            Operation {
                method: "put",
                id: "setSignal",
                summary: "Set a fact for the policy",
                parameters: &[KEY, TTL],
                body: Some(Body::Signal),
                answers: &[DONE, BAD_SIGNAL, NOT_THE_POD, FULL, TOO_LONG, OTHER_TYPE],
            },
            Operation {
                method: "delete",
                id: "deleteSignal",
                summary: "Remove it",
                parameters: &[KEY],
                body: None,
                answers: &[
                    DONE,
                    BAD_SIGNAL,
                    NOT_THE_POD,
                    answer(404, "There is no such signal", Content::Text),
                ],
            },
        ],
    },
    Page {
        path: "/v1/roster",
        operations: &[read(
            "roster",
            "The candidates with their policies and what those published",
            &[],
            &[answer(
                200,
                "The candidates as far as they are known",
                Content::Document(of::<RosterAnswer>),
            )],
        )],
    },
    Page {
        path: "/v1/ready",
        operations: &[
            Operation {
                method: "put",
                id: "setReady",
                summary: "Say that the application is ready to lead, or is not",
                parameters: &[TTL],
                body: Some(Body::Ready),
                answers: &[DONE, BAD_SIGNAL, NOT_THE_POD, FULL, TOO_LONG, OTHER_TYPE],
            },
            Operation {
                method: "delete",
                id: "deleteReady",
                summary: "Take that back",
                parameters: &[],
                body: None,
                answers: &[
                    DONE,
                    NOT_THE_POD,
                    answer(404, "The application has said nothing", Content::Text),
                ],
            },
        ],
    },
    Page {
        path: "/v1/released",
        operations: &[
            Operation {
                method: "put",
                id: "release",
                summary: "Say that the application acts no more for a term",
                parameters: &[Parameter {
                    name: "token",
                    place: Place::NeededQuery,
                    what: "The fencing token of that term",
                    schema: || json!({"type": "integer", "minimum": 1, "maximum": 9_007_199_254_740_991_u64}),
                }],
                body: None,
                answers: &[
                    DONE,
                    answer(400, "There is no token", Content::Text),
                    NOT_THE_POD,
                    answer(409, "This candidate has had no term with that token", Content::Text),
                ],
            },
            Operation {
                method: "get",
                id: "released",
                summary: "Whether the application has let go of each term that is over",
                parameters: &[Parameter {
                    name: "after",
                    place: Place::Query,
                    what: "It has so long for that; none if it is left out",
                    schema: || json!({"type": "string", "pattern": DURATION, "example": "2s"}),
                }],
                body: None,
                answers: &[
                    answer(200, "It has", Content::Text),
                    answer(
                        400,
                        "There is another parameter, or `after` is not a duration",
                        Content::Text,
                    ),
                    answer(
                        503,
                        "It has not, and for how long the term has been over",
                        Content::Text,
                    ),
                ],
            },
        ],
    },
    Page {
        path: "/healthz",
        operations: &[read(
            "alive",
            "Whether the election's loop runs: a liveness probe",
            &[],
            &[answer(200, "It does", Content::Text), answer(503, "It is stuck", Content::Text)],
        )],
    },
    Page {
        path: "/readyz",
        operations: &[read(
            "readyToFollow",
            "Whether the lock was read, a policy decides, and the process is not stopping: a readiness probe",
            &[],
            &[
                answer(200, "It is", Content::Text),
                answer(503, "It is not yet, or is stopping: what it waits for", Content::Text),
            ],
        )],
    },
    Page {
        path: "/metrics",
        operations: &[read(
            "metrics",
            "Counters and gauges, as OpenMetrics, or as classic text where `Accept` prefers that",
            &[],
            &[answer(200, "All metrics", Content::Metrics)],
        )],
    },
];
