//! The real server as a process: started, killed, started again.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use coproc_piecrust::{Client, Config, Functions};

const START: Duration = Duration::from_secs(120);

pub struct Server {
    folder: PathBuf,
    child: Option<Child>,
}

impl Server {
    /// Starts it on a socket of its own. name: of this test.
    pub fn start(name: &str) -> Self {
        let folder = env::temp_dir().join(format!("coproc-node-{}-{name}", process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).expect("a folder");
        let mut server = Self { folder, child: None };
        server.restart();
        server
    }

    pub fn socket(&self) -> PathBuf {
        self.folder.join("socket")
    }

    /// A client that asks for all functions and waits for answers as long as a busy machine may take.
    pub fn patient(&self) -> Config {
        Config { deadline: START, batch_deadline: START, remote: Functions::ALL, memo: 0, audit: 0, ..Config::new(self.socket()) }
    }

    /// Runs the command again; the socket of the last one may still lie there.
    pub fn restart(&mut self) {
        self.kill();
        let program = env::var("COPROC_COMMAND").expect("COPROC_COMMAND: the coproc command (make test-node)");
        let log = fs::File::options().create(true).append(true).open(self.log()).expect("a log");
        let child = Command::new(&program)
            .args(["serve", "--uds"])
            .arg(self.socket())
            .env("COPROC_WORKERS", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|e| panic!("{program}: {e}"));
        self.child = Some(child);
    }

    pub fn wait_for(&self, client: &Client) {
        let start = Instant::now();
        loop {
            client.plug();
            match client.ping() {
                Ok(()) => return,
                Err(e) if start.elapsed() > START => panic!("{e}; its log:\n{}", tail(&self.log())),
                Err(_) => thread::sleep(Duration::from_millis(5)),
            }
        }
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().expect("killed");
            child.wait().expect("waited for");
        }
    }

    fn log(&self) -> PathBuf {
        self.folder.join("log")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.kill();
        if !thread::panicking() {
            let _ = fs::remove_dir_all(&self.folder);
        }
    }
}

fn tail(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.lines().rev().take(20).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n")
}
