//! QR codes as SVG: dark on white in light and dark mode (scanners need it), quiet zone included.

use qrcode::{EcLevel, QrCode, render::svg};

use crate::problem::Problem;

/// The longest text that a stock camera reads from a screen.
const LONGEST: usize = 2_000;

/// The picture of a text of at most 2,000 bytes.
pub fn svg(text: &str) -> Result<String, Problem> {
    if text.len() > LONGEST {
        return Err(Problem::not_found());
    }
    let code = QrCode::with_error_correction_level(text, EcLevel::M).map_err(|error| Problem::internal(&error))?;
    Ok(code.render::<svg::Color<'_>>().min_dimensions(280, 280).quiet_zone(true).build())
}
