//! Pages as pictures, drawn in a confined child process without an environment (I8). Two are drawn at a time on a node.

use std::{
    io::{self, Read, Write},
    path::PathBuf,
    process::Stdio,
    sync::Arc,
    time::Duration,
};

use hayro::{
    PixmapSettings, RenderCache, RenderSettings, hayro_interpret::InterpreterSettings, hayro_syntax::Pdf, vello_cpu::color::palette::css::WHITE,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::Command,
    sync::Semaphore,
    time::timeout,
};

use super::confined::{SECONDS, confined};
use crate::{problem::Problem, server::Server};

const LARGEST_PICTURE: usize = 8 * 1024 * 1024;
/// Twice the width of a phone's screen, so that text stays sharp when enlarged.
const WIDTH: f32 = 1_000.0;

/// How many hostile files may be at work at once on a node.
static AT_WORK: Semaphore = Semaphore::const_new(2);

/// Draws one page (from 1) of a file as PNG.
pub(super) async fn page(server: &Server, file: Vec<u8>, page: u32) -> Result<Vec<u8>, Problem> {
    let _turn = AT_WORK.acquire().await.map_err(|error| Problem::internal(&error))?;
    let program = match &server.config.page_drawer {
        Some(program) => program.clone(),
        // The program that runs, also when its file has been replaced by a newer one meanwhile.
        None => PathBuf::from("/proc/self/exe"),
    };
    let mut child = Command::new(program)
        .args(["render-page", &page.to_string()])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| Problem::internal(&error))?;
    let mut stdin = child.stdin.take();
    let feeding = async move {
        if let Some(stdin) = &mut stdin {
            stdin.write_all(&file).await.ok();
        }
    };
    let mut picture = Vec::new();
    let stdout = child.stdout.take();
    let reading = async {
        let most = u64::try_from(LARGEST_PICTURE).unwrap_or(u64::MAX) + 1;
        match stdout {
            Some(stdout) => stdout.take(most).read_to_end(&mut picture).await.is_ok(),
            None => false,
        }
    };
    let drawn = timeout(Duration::from_secs(SECONDS), async { (tokio::join!(feeding, reading).1, child.wait().await) }).await;
    match drawn {
        Ok((true, Ok(status))) if status.success() && picture.len() <= LARGEST_PICTURE => Ok(picture),
        _ => Err(Problem::bad(
            "page_not_drawn",
            "Sidan kunde inte visas. Be om dokumentet på ett annat sätt.",
            "The page could not be shown. Ask for the document in another way.",
        )),
    }
}

/// The child: confines itself, reads the file from its input, draws, writes the picture to its output.
pub fn render_page(page: &str) -> io::Result<()> {
    confined()?;
    let mut file = Vec::new();
    io::stdin().lock().read_to_end(&mut file)?;
    let picture = drawn(file, page).ok_or_else(|| io::Error::other("the page cannot be drawn"))?;
    io::stdout().lock().write_all(&picture)
}

fn drawn(file: Vec<u8>, page: &str) -> Option<Vec<u8>> {
    let pdf = Pdf::new(Arc::new(file)).ok()?;
    let index = page.parse::<usize>().ok()?.checked_sub(1)?;
    let page = pdf.pages().get(index)?;
    let (width, _) = page.render_dimensions();
    let scale = (WIDTH / width.max(1.0)).clamp(0.05, 4.0);
    let paper = PixmapSettings { x_scale: scale, y_scale: scale, bg_color: WHITE };
    let pixmap = hayro::render(page, &RenderCache::new(), &InterpreterSettings::default(), &RenderSettings::default(), &paper);
    pixmap.into_png().ok()
}
