//! What lorch itself found in the workspace after an agent had ended a command.

use lorch_types::agent::{Artifact, Event, SnapshotId, WorkspacePath};
use lorch_types::json::{Object, Value};

/// What the workspace holds after work on it, compared with what it held before and with what the
/// agent says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    /// The snapshot after the work.
    pub snapshot_id: SnapshotId,
    /// The files that were made or changed, and those that the agent claims and that are as it says.
    pub artifacts: Vec<Artifact>,
    /// The files that were there before and are no more.
    pub removed: Vec<WorkspacePath>,
    /// Those that were changed or removed without the agent saying so.
    pub undeclared: Vec<WorkspacePath>,
    /// Those that the agent claims, and that are not there or not as it says.
    pub untrue: Vec<WorkspacePath>,
    /// The files that the work is not done without, and that are not there.
    pub missing: Vec<WorkspacePath>,
}

/// What one event can say of an observation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) observation: Observation,
    /// Which part it is, from 1. The first one begins anew: what came before was cut off by a crash.
    pub(crate) number: u64,
    /// Whether another part follows.
    pub(crate) has_more: bool,
}

/// The lists of paths in an observation, as the payload of its event names them.
const LISTS: [&str; 4] = ["removed", "undeclared", "untrue", "missing"];

/// How much one event may say, in bytes as [`cost`] has it; a message must fit on a line.
const MAX_PART_BYTES: usize = 128 * 1024;
/// What an artifact takes beside its path.
const ARTIFACT_BYTES: usize = 128;

impl Observation {
    /// One that found nothing.
    pub(crate) fn empty(snapshot_id: SnapshotId) -> Self {
        let [removed, undeclared, untrue, missing] = [const { Vec::new() }; 4];
        Self { snapshot_id, artifacts: Vec::new(), removed, undeclared, untrue, missing }
    }

    /// The one that a ledger implies which has none: what the agent claims, and this snapshot.
    pub(crate) fn implied(claim: &Event, snapshot_id: SnapshotId) -> Self {
        let artifacts = claim.artifacts.clone().unwrap_or_default();
        Self { artifacts, ..Self::empty(snapshot_id) }
    }

    /// The same in parts that each fit into an event; there is one at least.
    pub(crate) fn parts(self) -> Vec<Part> {
        let mut parts = Parts::new(self.snapshot_id.clone());
        let mut whole = self;
        for artifact in std::mem::take(&mut whole.artifacts) {
            parts.room(&artifact.path, ARTIFACT_BYTES).artifacts.push(artifact);
        }
        for (list, name) in whole.lists_mut().into_iter().zip(LISTS) {
            for path in std::mem::take(list) {
                let [removed, undeclared, untrue, missing] = parts.room(&path, 0).lists_mut();
                let list = match name {
                    "removed" => removed,
                    "undeclared" => undeclared,
                    "untrue" => untrue,
                    _ => missing,
                };
                list.push(path);
            }
        }
        parts.finish()
    }

    /// Adds what another part says.
    pub(crate) fn extend(&mut self, mut other: Self) {
        self.artifacts.append(&mut other.artifacts);
        for (list, more) in self.lists_mut().into_iter().zip(other.lists_mut()) {
            list.append(more);
        }
        self.snapshot_id = other.snapshot_id;
    }

    fn lists(&self) -> [&Vec<WorkspacePath>; 4] {
        [&self.removed, &self.undeclared, &self.untrue, &self.missing]
    }

    fn lists_mut(&mut self) -> [&mut Vec<WorkspacePath>; 4] {
        [&mut self.removed, &mut self.undeclared, &mut self.untrue, &mut self.missing]
    }
}

impl Part {
    /// What the event that records it says beside the artifacts and the snapshot; empty lists are
    /// left out.
    pub(crate) fn payload(&self) -> Object {
        let mut payload = Object::new();
        payload.insert("observed", true);
        if self.has_more || self.number > 1 {
            payload.insert("part", self.number);
            payload.insert("more", self.has_more);
        }
        let lists = LISTS.into_iter().zip(self.observation.lists());
        for (name, paths) in lists.filter(|(_, paths)| !paths.is_empty()) {
            let paths = paths.iter().map(|path| Value::from(path.as_str()));
            payload.insert(name, Value::Array(paths.collect()));
        }
        payload
    }

    /// The part that an event of lorch itself records.
    pub(crate) fn recorded(event: &Event) -> Option<Self> {
        let is_set = |field| event.payload.get(field).and_then(Value::as_bool) == Some(true);
        if !is_set("observed") {
            return None;
        }
        let snapshot_id = event.observed_version.as_ref()?.snapshot_id.clone();
        let [removed, undeclared, untrue, missing] = LISTS.map(|name| paths(&event.payload, name));
        let artifacts = event.artifacts.clone().unwrap_or_default();
        let observation = Observation {
            snapshot_id,
            artifacts,
            removed: removed?,
            undeclared: undeclared?,
            untrue: untrue?,
            missing: missing?,
        };
        let number = event.payload.get("part").map_or(Some(1), Value::as_u64)?;
        Some(Self { observation, number, has_more: is_set("more") })
    }
}

/// Parts as they are filled.
struct Parts {
    full: Vec<Observation>,
    last: Observation,
    bytes: usize,
}

impl Parts {
    fn new(snapshot_id: SnapshotId) -> Self {
        Self { full: Vec::new(), last: Observation::empty(snapshot_id), bytes: 0 }
    }

    /// The part that has room for a path and this many bytes beside it.
    fn room(&mut self, path: &WorkspacePath, beside: usize) -> &mut Observation {
        // A path may have to be escaped.
        let bytes = 2 * path.as_str().len() + beside;
        if self.bytes + bytes > MAX_PART_BYTES {
            let next = Observation::empty(self.last.snapshot_id.clone());
            self.full.push(std::mem::replace(&mut self.last, next));
            self.bytes = 0;
        }
        self.bytes += bytes;
        &mut self.last
    }

    fn finish(self) -> Vec<Part> {
        let count = self.full.len();
        let parts = self.full.into_iter().chain([self.last]).zip(1..).enumerate();
        parts
            .map(|(at, (observation, number))| Part { observation, number, has_more: at < count })
            .collect()
    }
}

/// The paths of a list, none when it is not there; `None` when it is no list of paths.
fn paths(payload: &Object, name: &str) -> Option<Vec<WorkspacePath>> {
    let Some(list) = payload.get(name) else { return Some(Vec::new()) };
    list.as_array()?.iter().map(|path| path.as_str()?.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use lorch_types::{Digest, NaturalInteger};

    #[test]
    fn what_does_not_fit_into_one_event_is_said_in_several() {
        let path = |list: &str, number: usize| -> WorkspacePath {
            format!("src/{list}/{number:04}/{}", "\"".repeat(200)).parse().unwrap()
        };
        let list = |name| (0..700).map(|number| path(name, number)).collect::<Vec<_>>();
        let artifact = |path| Artifact {
            path,
            sha256: Digest::of_bytes(b""),
            size: NaturalInteger::new(0).unwrap(),
        };
        let whole = Observation {
            snapshot_id: "snap-6f8d55a83919".parse().unwrap(),
            artifacts: list("made").into_iter().map(artifact).collect(),
            removed: list("removed"),
            undeclared: list("undeclared"),
            untrue: list("untrue"),
            missing: list("missing"),
        };
        let parts = whole.clone().parts();
        assert!(parts.len() > 5, "{}", parts.len());
        let mut joined = Observation::empty(whole.snapshot_id.clone());
        for (at, part) in parts.iter().enumerate() {
            assert_eq!(part.has_more, at + 1 < parts.len());
            let said = serde_json::to_string(&part.payload()).unwrap().len()
                + serde_json::to_string(&part.observation.artifacts).unwrap().len();
            assert!(said < 200 * 1024, "{said}");
            joined.extend(part.observation.clone());
        }
        assert_eq!(joined, whole);
        let nothing = Observation::empty(whole.snapshot_id);
        let parts = nothing.clone().parts();
        assert_eq!(parts, [Part { observation: nothing, number: 1, has_more: false }]);
    }
}
