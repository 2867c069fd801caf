//! `deploy/monitoring/dashboard.json`, made of the short source beside it.

use serde::Deserialize;
use serde_json::{Value, json};

/// The columns of a dashboard.
const COLUMNS: u32 = 24;
/// The form of the JSON, by Grafana's numbers: that of 10.4, which later ones read.
const SCHEMA: u32 = 39;

/// A dashboard as it is written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Source {
    uid: String,
    title: String,
    description: String,
    rows: Vec<Row>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    title: String,
    panels: Vec<Panel>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Panel {
    title: String,
    kind: Kind,
    /// In columns.
    width: u32,
    #[serde(default = "short")]
    unit: String,
    #[serde(default)]
    description: String,
    /// Colours of the values 0, 1, 2 and so on; none: Grafana's own.
    #[serde(default)]
    colors: Vec<String>,
    queries: Vec<Query>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    expr: String,
    legend: String,
}

#[derive(Clone, Copy, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Stat,
    Timeseries,
    Timeline,
    Table,
}

fn short() -> String {
    "short".to_owned()
}

/// The JSON that Grafana imports, of the source in YAML.
pub fn made_of(source: &str) -> String {
    let source: Source = serde_saphyr::from_str(source).expect("the dashboard's source");
    let dashboard = json!({
        "uid": source.uid,
        "title": source.title,
        "description": source.description,
        "tags": ["hotseat"],
        "schemaVersion": SCHEMA,
        "editable": true,
        "refresh": "30s",
        "timezone": "browser",
        "time": {"from": "now-6h", "to": "now"},
        "templating": {"list": variables()},
        "annotations": {"list": [alerts()]},
        "panels": panels(&source.rows),
    });
    serde_json::to_string_pretty(&dashboard).expect("JSON") + "\n"
}

fn datasource() -> Value {
    json!({"type": "prometheus", "uid": "${datasource}"})
}

fn variables() -> Value {
    let elections = "label_values(hotseat_leader, election)";
    json!([
        {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"},
        {
            "name": "election",
            "label": "Election",
            "type": "query",
            "datasource": datasource(),
            "definition": elections,
            "query": {"query": elections, "refId": "election"},
            // Whenever the time range changes: elections come and go.
            "refresh": 2,
            "sort": 1,
            "multi": true,
            "includeAll": true,
            "allValue": ".*",
            "current": {"text": "All", "value": "$__all"},
        },
    ])
}

/// Alerts as marks in all panels.
fn alerts() -> Value {
    json!({
        "name": "Alerts",
        "enable": true,
        "iconColor": "red",
        "datasource": datasource(),
        "expr": "ALERTS{alertname=~\"Hotseat.+\", alertstate=\"firing\", election=~\"$election\"}",
        "titleFormat": "{{alertname}}",
        "textFormat": "{{election}}",
    })
}

/// All panels, each row's title before its own; they flow from left to right.
fn panels(rows: &[Row]) -> Vec<Value> {
    let mut all = Vec::new();
    let mut top = 0;
    for row in rows {
        let place = json!({"x": 0, "y": top, "w": COLUMNS, "h": 1});
        let id = all.len() + 1;
        all.push(json!({
            "id": id, "type": "row", "title": row.title, "gridPos": place,
            "collapsed": false, "panels": [],
        }));
        top += 1;
        let (mut left, mut height) = (0, 0);
        for panel in &row.panels {
            assert!((1..=COLUMNS).contains(&panel.width), "{}: its width", panel.title);
            if left + panel.width > COLUMNS {
                top += height;
                (left, height) = (0, 0);
            }
            height = height.max(panel.kind.height());
            let (width, own) = (panel.width, panel.kind.height());
            let place = json!({"x": left, "y": top, "w": width, "h": own});
            let id = all.len() + 1;
            all.push(one(panel, id, &place));
            left += panel.width;
        }
        top += height;
    }
    all
}

fn one(panel: &Panel, id: usize, place: &Value) -> Value {
    let mut defaults = json!({"unit": panel.unit, "min": 0});
    if !panel.colors.is_empty() {
        let step = |(value, color): (usize, &String)| {
            // What is below all thresholds has none.
            json!({"value": (value > 0).then_some(value), "color": color})
        };
        let steps: Vec<Value> = panel.colors.iter().enumerate().map(step).collect();
        defaults["thresholds"] = json!({"mode": "absolute", "steps": steps});
        defaults["color"] = json!({"mode": "thresholds"});
    }
    let targets = panel.queries.iter().zip('A'..).map(|(query, id)| {
        json!({
            "refId": id.to_string(),
            "datasource": datasource(),
            "expr": query.expr,
            "legendFormat": query.legend,
            "editorMode": "code",
            "instant": panel.kind == Kind::Table,
            "range": panel.kind != Kind::Table,
            "format": if panel.kind == Kind::Table { "table" } else { "time_series" },
        })
    });
    json!({
        "id": id,
        "type": panel.kind.type_of_panel(),
        "title": panel.title,
        "description": panel.description,
        "gridPos": place,
        "datasource": datasource(),
        "fieldConfig": {"defaults": defaults, "overrides": []},
        "options": panel.kind.options(),
        "transformations": panel.kind.transformations(),
        "targets": targets.collect::<Vec<Value>>(),
    })
}

impl Kind {
    /// The name of Grafana's plugin.
    fn type_of_panel(self) -> &'static str {
        match self {
            Kind::Stat => "stat",
            Kind::Timeseries => "timeseries",
            Kind::Timeline => "state-timeline",
            Kind::Table => "table",
        }
    }

    /// In Grafana's units.
    fn height(self) -> u32 {
        match self {
            Kind::Table => 6,
            Kind::Stat | Kind::Timeseries | Kind::Timeline => 8,
        }
    }

    fn options(self) -> Value {
        match self {
            Kind::Stat => json!({"reduceOptions": {"calcs": ["lastNotNull"]}, "graphMode": "none"}),
            Kind::Timeseries => json!({
                "legend": {"displayMode": "list", "placement": "bottom", "showLegend": true},
                "tooltip": {"mode": "multi", "sort": "desc"},
            }),
            Kind::Timeline => json!({"mergeValues": true, "showValue": "never"}),
            Kind::Table => json!({"showHeader": true}),
        }
    }

    fn transformations(self) -> Value {
        match self {
            Kind::Table => json!([{
                "id": "organize",
                "options": {"excludeByName": {"Time": true}, "renameByName": {"Value": "candidates"}},
            }]),
            Kind::Stat | Kind::Timeseries | Kind::Timeline => json!([]),
        }
    }
}
