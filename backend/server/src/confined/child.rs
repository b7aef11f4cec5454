//! Bytes of somebody else's become a picture in a confined child process that is told nothing of ours (I8, attack 22). Two are drawn at a time
//! on a node.

use std::{
    io::{self, Read, Write},
    path::PathBuf,
    process::Stdio,
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    sync::Semaphore,
    time::timeout,
};

use super::{SECONDS, confined};
use crate::{problem::Problem, server::Server};

/// How many hostile files may be at work at once on a node.
static AT_WORK: Semaphore = Semaphore::const_new(2);

/// The child's whole environment. Of address space the allocator takes so many KiB at a time: its usual first piece is larger than all that
/// the child may have.
pub const PIECES: (&str, &str) = ("MIMALLOC_ARENA_RESERVE", "65536");

/// Has a child do this piece of work; nothing where it did not, or took too long, or gave more bytes than that.
pub async fn drawn(server: &Server, work: &[&str], bytes: Vec<u8>, most: usize) -> Result<Option<Vec<u8>>, Problem> {
    let _turn = AT_WORK.acquire().await.map_err(|error| Problem::internal(&error))?;
    let program = match &server.config.page_drawer {
        Some(program) => program.clone(),
        // The program that runs, also when its file has been replaced by a newer one meanwhile.
        None => PathBuf::from("/proc/self/exe"),
    };
    let mut child = Command::new(program)
        .args(work)
        .env_clear()
        .env(PIECES.0, PIECES.1)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Problem::internal(&error))?;
    let mut stdin = child.stdin.take();
    let feeding = async move {
        if let Some(stdin) = &mut stdin {
            stdin.write_all(&bytes).await.ok();
        }
    };
    let mut picture = Vec::new();
    let stdout = child.stdout.take();
    let reading = async {
        let most = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
        match stdout {
            Some(stdout) => stdout.take(most).read_to_end(&mut picture).await.is_ok(),
            None => false,
        }
    };
    let drawn = timeout(Duration::from_secs(SECONDS), async { (tokio::join!(feeding, reading).1, child.wait().await) }).await;
    let is_whole = matches!(drawn, Ok((true, Ok(status))) if status.success()) && picture.len() <= most;
    Ok(is_whole.then_some(picture))
}

/// The child: confines itself, reads the file from its input, draws, writes the picture to its output.
pub fn draw(work: impl FnOnce(Vec<u8>) -> Option<Vec<u8>>) -> io::Result<()> {
    confined()?;
    let mut file = Vec::new();
    io::stdin().lock().read_to_end(&mut file)?;
    let picture = work(file).ok_or_else(|| io::Error::other("this cannot be drawn"))?;
    io::stdout().lock().write_all(&picture)
}
