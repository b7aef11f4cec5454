//! Pages as pictures, drawn in a confined child process.

use std::{io, sync::Arc};

use hayro::{
    PixmapSettings, RenderCache, RenderSettings, hayro_interpret::InterpreterSettings, hayro_syntax::Pdf, vello_cpu::color::palette::css::WHITE,
};

use crate::{confined::child, problem::Problem, server::Server};

const LARGEST_PICTURE: usize = 8 * 1024 * 1024;
/// Twice the width of a phone's screen, so that text stays sharp when enlarged.
const WIDTH: f32 = 1_000.0;

/// Draws one page (from 1) of a file as PNG.
pub(super) async fn page(server: &Server, file: Vec<u8>, page: u32) -> Result<Vec<u8>, Problem> {
    let drawn = child::drawn(server, &["render-page", &page.to_string()], file, LARGEST_PICTURE).await?;
    drawn.ok_or_else(|| {
        Problem::bad(
            "page_not_drawn",
            "Sidan kunde inte visas. Be om dokumentet på ett annat sätt.",
            "The page could not be shown. Ask for the document in another way.",
        )
    })
}

/// The child that draws a page.
pub fn render_page(page: &str) -> io::Result<()> {
    child::draw(|file| drawn(file, page))
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
