//! The assets of the example: processes with a web server on loopback, which tools really upgrade.
//!
//! Beside its log, `NAME.log`, with a line for each thing that was done to it, an asset keeps
//! `NAME.asked`, with a line for each time that it was asked to do something, whatever came of it; and it looks
//! at `NAME.fail`: `upgrade` makes upgrades fail, `health` makes it ill once it is upgraded, `hang` makes it
//! answer no question about its health, `slow` makes it answer late that something was done, and `die`
//! never: its process ends.

mod http;

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use lorch_types::json::{Object, Value};

use http::Request;

/// What an asset runs before it is upgraded.
const FIRST_IMAGE: &str = "ubuntu-base-v2.3.0";

/// Starts assets `asset-1` to `asset-COUNT` in `folder`, writes where they are to `inventory.json`, and
/// keeps them until standard input ends.
pub(crate) fn fleet(folder: &Path, count: usize) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let lorch = std::env::current_exe()?;
    let mut children: Vec<(Child, String)> = Vec::new();
    let mut inventory = Object::new();
    for number in 1..=count {
        let name = format!("asset-{number}");
        let mut child = Command::new(&lorch)
            .args(["worker", "asset"])
            .arg(folder)
            .arg(&name)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let mut address = String::new();
        if let Some(output) = child.stdout.take() {
            BufReader::new(output).read_line(&mut address)?;
        }
        inventory.insert(name.as_str(), address.trim());
        children.push((child, name));
    }
    let path = folder.join("inventory.json");
    let temporary = folder.join("inventory.json.new");
    fs::write(&temporary, Value::Object(inventory).to_string())?;
    fs::rename(&temporary, &path)?;
    io::stdin().lock().read_to_end(&mut Vec::new())?;
    for (child, _) in &mut children {
        drop(child.stdin.take());
        child.wait()?;
    }
    Ok(())
}

/// Serves as the asset `name` until standard input ends; its address is the one line that it writes.
pub(crate) fn asset(folder: &Path, name: &str) -> io::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    writeln!(io::stdout(), "http://{}", listener.local_addr()?)?;
    let asset = Arc::new(Asset::open(folder, name)?);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let asset = Arc::clone(&asset);
            thread::spawn(move || asset.serve(stream));
        }
    });
    io::stdin().lock().read_to_end(&mut Vec::new())?;
    Ok(())
}

/// One asset.
struct Asset {
    fault: PathBuf,
    done: Mutex<Done>,
}

/// What was done to an asset.
struct Done {
    log: File,
    /// Key and verb of each request.
    asked: File,
    /// Key, verb and image of each.
    lines: Vec<[String; 3]>,
}

impl Asset {
    fn open(folder: &Path, name: &str) -> io::Result<Self> {
        let path = folder.join(format!("{name}.log"));
        let text = fs::read_to_string(&path).unwrap_or_default();
        let lines = text.lines().filter_map(|line| {
            let mut words = line.split(' ').map(str::to_owned);
            Some([words.next()?, words.next()?, words.next()?])
        });
        let lines = lines.collect();
        let open = |path| OpenOptions::new().append(true).create(true).open(path);
        let (log, asked) = (open(path)?, open(folder.join(format!("{name}.asked")))?);
        let fault = folder.join(format!("{name}.fail"));
        Ok(Self { fault, done: Mutex::new(Done { log, asked, lines }) })
    }

    fn serve(&self, mut stream: TcpStream) {
        let _ = stream.set_read_timeout(Some(Duration::from_secs(5)));
        let Ok(request) = Request::read(&mut stream) else { return };
        let (status, body) = self.answer(&request);
        let _ = http::respond(&mut stream, status, &Value::Object(body));
    }

    fn fault(&self) -> String {
        fs::read_to_string(&self.fault).unwrap_or_default().trim().to_owned()
    }

    fn answer(&self, request: &Request) -> (u16, Object) {
        let said = |name: &str, value: &str| [(name, Value::from(value))].into_iter().collect();
        match (request.method.as_str(), request.path.as_str()) {
            ("GET", "/health") => {
                let fault = self.fault();
                if fault == "hang" {
                    thread::sleep(Duration::from_secs(60));
                }
                let image = self.done.lock().unwrap_or_else(PoisonError::into_inner).image();
                let is_ill = fault == "health" && image != FIRST_IMAGE;
                (if is_ill { 503 } else { 200 }, said("image", &image))
            }
            ("POST", "/upgrade") if self.fault() == "upgrade" => {
                (500, said("error", "the image cannot be fetched"))
            }
            ("POST", verb @ ("/upgrade" | "/restore")) => {
                let applied = {
                    let mut done = self.done.lock().unwrap_or_else(PoisonError::into_inner);
                    done.apply(verb.trim_start_matches('/'), request)
                };
                match self.fault().as_str() {
                    "slow" => thread::sleep(Duration::from_secs(10)),
                    "die" => std::process::exit(1),
                    _ => {}
                }
                match applied {
                    Ok(answer) => (200, answer),
                    Err(error) => (500, said("error", &error.to_string())),
                }
            }
            _ => (404, said("error", "there is nothing here")),
        }
    }
}

impl Done {
    fn image(&self) -> String {
        self.lines.last().map_or_else(|| FIRST_IMAGE.to_owned(), |[.., image]| image.clone())
    }

    /// Does it, unless that was done under the same key.
    fn apply(&mut self, verb: &str, request: &Request) -> io::Result<Object> {
        let key = request.key.clone().unwrap_or_else(|| "-".to_owned());
        self.asked.write_all(format!("{key} {verb}\n").as_bytes())?;
        let before = self.image();
        let wanted = match verb {
            "upgrade" => {
                let params = request.body.as_ref().and_then(|body| body.get("params"));
                let image = params.and_then(|params| params.get("image")?.as_str());
                image.unwrap_or_default().replace([' ', '\n'], "-")
            }
            _ => FIRST_IMAGE.to_owned(),
        };
        let is_done = self.lines.iter().any(|[known, ..]| *known == key && key != "-");
        let mut answer = Object::new();
        if !is_done && wanted != before {
            self.log.write_all(format!("{key} {verb} {wanted}\n").as_bytes())?;
            self.log.sync_data()?;
            self.lines.push([key, verb.to_owned(), wanted.clone()]);
        }
        let is_changed = is_done || wanted != before;
        answer.insert("image", wanted.as_str());
        answer.insert("changed", is_changed);
        if !is_changed {
            answer.insert("reason", format!("it has {wanted} already"));
        }
        Ok(answer)
    }
}
