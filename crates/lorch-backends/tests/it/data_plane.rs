//! The data plane on SQLite.

mod adversity;
mod asserts;
mod concurrency;
#[cfg(feature = "failpoints")]
mod crash;
mod foreign;
mod idempotency;
mod names;
mod queries;
mod round_trip;
mod writes;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use lorch_backends::{Backend, Cancellation, DataPlane, Performed};
use lorch_types::IdempotencyKey;
use lorch_types::job::{ErrorInfo, StepManifest};
use lorch_types::json::{Limits, Value, read};

/// A data plane in a folder of its own.
struct Plane {
    folder: tempfile::TempDir,
    data_plane: DataPlane,
    keys: AtomicU64,
}

impl Plane {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data_plane = DataPlane::open(folder.path().join("data.db")).unwrap();
        Self { folder, data_plane, keys: AtomicU64::new(0) }
    }

    /// A data plane with `orders` of four rows.
    fn with_orders() -> Self {
        let plane = Self::new();
        plane.done(
            "write.create_table",
            r#"{"table":"orders","primary_key":["id"],"columns":[{"name":"id","type":"integer"},
                {"name":"region","type":"text","nullable":false},{"name":"amount","type":"real"},
                {"name":"paid","type":"boolean"},{"name":"note","type":"text"},
                {"name":"tags","type":"json"},{"name":"at","type":"timestamp"}]}"#,
        );
        plane.done(
            "write.insert",
            r#"{"table":"orders","rows":[
                {"id":1,"region":"eu","amount":10,"paid":true,"note":"first","tags":["a"],"at":"2025-01-01T00:00:00Z"},
                {"id":2,"region":"eu","amount":99.5,"paid":false,"note":null,"tags":{"k":1},"at":"2025-01-01T00:00:00.5Z"},
                {"id":3,"region":"us","amount":5,"paid":true,"note":"100%_sure*","at":"2025-06-01T12:00:00+02:00"},
                {"id":4,"region":"US","note":"First"}]}"#,
        );
        plane
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("data.db")
    }

    fn perform(&self, op: &str, params: &str) -> Result<Performed, ErrorInfo> {
        let key = self.keys.fetch_add(1, Ordering::Relaxed).to_string();
        self.perform_keyed(&key, op, params)
    }

    fn perform_keyed(&self, key: &str, op: &str, params: &str) -> Result<Performed, ErrorInfo> {
        self.data_plane.perform(&manifest(key, op, params), &Cancellation::never())
    }

    #[track_caller]
    fn done(&self, op: &str, params: &str) -> String {
        match self.perform(op, params) {
            Ok(performed) => performed.output.to_string(),
            Err(error) => panic!("{op} {params}: {error}"),
        }
    }

    /// The step succeeds with this output.
    #[track_caller]
    fn check(&self, op: &str, params: &str, output: &str) {
        assert_eq!(self.done(op, params), output, "{op} {params}");
    }

    /// The step fails with this code, and a message that has these words.
    #[track_caller]
    fn refused(&self, op: &str, params: &str, code: &str, words: &str) -> ErrorInfo {
        let error = match self.perform(op, params) {
            Ok(performed) => panic!("{op} {params}: {}", performed.output),
            Err(error) => error,
        };
        assert_eq!(error.code, code, "{op} {params}: {error}");
        assert!(error.message.contains(words), "{op} {params}: {error}");
        error
    }

    /// The values of `column` in the rows for which `filter` holds, in order.
    #[track_caller]
    fn column(&self, table: &str, column: &str, filter: &str) -> String {
        let params = format!(r#"{{"table":"{table}","columns":["{column}"],"where":{filter}}}"#);
        let output = json(&self.done("query.rows", &params));
        let rows = output.get("rows").and_then(Value::as_array).unwrap().iter();
        Value::from(rows.map(|row| row.get(column).cloned()).collect::<Vec<_>>()).to_string()
    }
}

fn json(text: &str) -> Value {
    read(text.as_bytes(), Limits::default()).unwrap()
}

fn manifest(key: &str, op: &str, params: &str) -> StepManifest {
    let Value::Object(resolved_params) = json(params) else { panic!("params are an object") };
    StepManifest {
        run_id: "01KADE3Q6BZ5T8V0X2Y4W6R9SN".parse().unwrap(),
        step_id: "persist".parse().unwrap(),
        backend: lorch_types::job::Backend::DataPlane,
        op: op.parse().unwrap(),
        resolved_params,
        prompt_hash: None,
        idempotency_key: IdempotencyKey::of(vec![Value::from(key)]),
        secrets: None,
    }
}

#[track_caller]
fn detail(error: &ErrorInfo, name: &str) -> String {
    error.details.as_ref().and_then(|it| it.get(name)).map(Value::to_string).unwrap_or_default()
}

/// Another program's connection to the database at `path`.
fn sqlite(path: &Path) -> rusqlite::Connection {
    rusqlite::Connection::open(path).unwrap()
}

/// Everything that the database's schema says.
fn schema(path: &Path) -> Vec<String> {
    let connection = sqlite(path);
    let mut statement = connection
        .prepare(
            "SELECT type || ' ' || name || ': ' || coalesce(sql, '') FROM sqlite_schema ORDER BY 1",
        )
        .unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
}
