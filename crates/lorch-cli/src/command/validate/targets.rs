//! Which files are meant: named ones, those beneath folders, and those that patterns match.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use glob::Pattern;
use lorch_types::diagnostic::visible;

use super::names::{Form, is_left_out};
use super::pattern;
use crate::input::STDIN;

/// A file to be judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Target {
    /// The file, or `-`.
    pub(super) path: PathBuf,
    /// Whether it was named, by itself or by a pattern, and not merely found in a folder.
    pub(super) is_named: bool,
}

/// What the arguments come to.
#[derive(Debug, Default)]
pub(super) struct Targets {
    /// The files, each once, in the order of the arguments and of their names.
    pub(super) files: Vec<Target>,
    /// What cannot be read, and why.
    pub(super) unreadable: Vec<String>,
    /// What matches nothing.
    pub(super) empty: Vec<String>,
    /// Links and special files that were found in folders and left out.
    pub(super) links: u64,
    positions: HashMap<PathBuf, usize>,
    exclude: Vec<Pattern>,
}

/// Something in a folder.
pub(super) enum Entry {
    Folder(PathBuf),
    File(PathBuf),
}

/// The files that `arguments` mean, without those found in folders that `exclude` matches.
pub(super) fn targets(arguments: &[PathBuf], exclude: &[Pattern]) -> Targets {
    let mut targets = Targets { exclude: exclude.to_vec(), ..Targets::default() };
    for argument in arguments {
        targets.argument(argument);
    }
    targets
}

impl Targets {
    fn argument(&mut self, path: &Path) {
        if path.as_os_str() == STDIN {
            return self.add(path.to_path_buf(), true);
        }
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => {
                if !self.folder(path) {
                    let shown = visible(&path.display().to_string());
                    let endings = Form::PATTERNS;
                    self.empty
                        .push(format!("there is no document in `{shown}`: no file is {endings}"));
                }
            }
            Ok(_) => self.add(path.to_path_buf(), true),
            Err(_) => match path.to_str().filter(|text| pattern::is_pattern(text)) {
                Some(text) => self.pattern(text),
                // Reading it says why it cannot be read.
                None => self.add(path.to_path_buf(), true),
            },
        }
    }

    fn pattern(&mut self, text: &str) {
        let shown = visible(text);
        let mut unreadable = Vec::new();
        match pattern::expand(text, &mut unreadable) {
            Err(error) => {
                self.unreadable
                    .push(format!("there is no `{shown}`, and it is no pattern: {error}"));
            }
            Ok(paths) if paths.is_empty() && unreadable.is_empty() => {
                self.empty.push(format!("no file matches `{shown}`"));
            }
            Ok(paths) => {
                let found = paths.into_iter().filter(|path| self.matched(path)).count();
                if found == 0 && unreadable.is_empty() {
                    self.empty.push(format!("there is no document among what `{shown}` matches"));
                }
            }
        }
        for (path, error) in unreadable {
            self.cannot_read(&path, &error);
        }
    }

    /// Adds what a pattern matches; whether there is anything to judge or to complain about.
    fn matched(&mut self, path: &Path) -> bool {
        match std::fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.folder(path),
            // Opening a pipe waits for whoever writes to it; only its own name asks for that.
            Ok(metadata) if !metadata.is_file() => {
                self.links += 1;
                false
            }
            _ => {
                self.add(path.to_path_buf(), true);
                true
            }
        }
    }

    /// Adds the documents beneath a folder, in the order of their names; whether there are any, or
    /// something that cannot be read.
    fn folder(&mut self, root: &Path) -> bool {
        let problems = self.unreadable.len();
        let mut has_any = false;
        let mut pending = vec![Entry::Folder(root.to_path_buf())];
        while let Some(entry) = pending.pop() {
            match entry {
                Entry::File(path) => {
                    has_any = true;
                    self.add(path, false);
                }
                Entry::Folder(path) => match self.entries(root, &path) {
                    Ok(entries) => pending.extend(entries.into_iter().rev()),
                    Err(error) => self.cannot_read(&path, &error),
                },
            }
        }
        has_any || problems < self.unreadable.len()
    }

    /// The folders and documents in a folder, in the order of their names.
    fn entries(&mut self, root: &Path, folder: &Path) -> io::Result<Vec<Entry>> {
        let mut entries = Vec::new();
        for entry in sorted(folder)? {
            let (name, path) = (entry.file_name(), inside(folder, &entry.file_name()));
            if is_left_out(&name.to_string_lossy()) || self.is_excluded(root, &path) {
                continue;
            }
            let file_type = entry.file_type()?;
            if file_type.is_dir() {
                entries.push(Entry::Folder(path));
            } else if file_type.is_file() && Form::of(&path).is_some() {
                entries.push(Entry::File(path));
            } else if !file_type.is_file() && (Form::of(&path).is_some() || path.is_dir()) {
                self.links += 1;
            }
        }
        Ok(entries)
    }

    /// Whether a pattern without `/` matches the name, or one with `/` the path from the folder on.
    fn is_excluded(&self, root: &Path, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let from_root = path.strip_prefix(root).unwrap_or(path).to_string_lossy();
        self.exclude.iter().any(|pattern| {
            let text = if pattern.as_str().contains('/') { &from_root } else { &name };
            pattern.matches_with(text, pattern::OPTIONS)
        })
    }

    /// Adds a file, unless it is there already, be it with `./` before it.
    fn add(&mut self, path: PathBuf, is_named: bool) {
        let key = path.strip_prefix(".").unwrap_or(&path);
        match self.positions.get(key).and_then(|at| self.files.get_mut(*at)) {
            Some(target) => target.is_named |= is_named,
            None => {
                self.positions.insert(key.to_path_buf(), self.files.len());
                self.files.push(Target { path, is_named });
            }
        }
    }

    fn cannot_read(&mut self, path: &Path, error: &io::Error) {
        let shown = visible(&path.display().to_string());
        self.unreadable.push(format!("cannot read `{shown}`: {error}"));
    }
}

/// What is in a folder, in the order of its names.
pub(super) fn sorted(folder: &Path) -> io::Result<Vec<std::fs::DirEntry>> {
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let mut entries = std::fs::read_dir(folder)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    Ok(entries)
}

/// The path of what has this name in the folder, as people write it.
pub(super) fn inside(folder: &Path, name: &std::ffi::OsStr) -> PathBuf {
    if folder == Path::new(".") { PathBuf::from(name) } else { folder.join(name) }
}
