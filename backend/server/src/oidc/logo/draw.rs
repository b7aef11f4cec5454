//! A picture of somebody else's, drawn anew and small. What a file is its first bytes say; a vector graphic is a program and never drawn.

use std::io::{self, Cursor};

use image::{ImageFormat, ImageReader, Limits};

use crate::{confined::child, problem::Problem, server::Server};

/// Sharp on a phone at the size of a finger.
const SIDE: u32 = 128;
/// What such a picture can be at most: raw points and a head.
const LARGEST: usize = 128 * 1024;
/// A larger file is a photograph, or an attack on memory.
const LARGEST_SIDE: u32 = 4_096;
const MOST_MEMORY: u64 = 128 * 1024 * 1024;

/// Draws it in a confined child; nothing where it is no picture that we take.
pub(super) async fn drawn(server: &Server, file: Vec<u8>) -> Result<Option<Vec<u8>>, Problem> {
    if format(&file).is_none() {
        return Ok(None);
    }
    child::drawn(server, &["draw-logo"], file, LARGEST).await
}

/// The child that draws a logo.
pub fn draw_logo() -> io::Result<()> {
    child::draw(|file| small(&file))
}

/// By the signatures of PNG §5.2, JFIF (ITU-T T.81 B.1.1.3) and RFC 9649 §2.4.
fn format(file: &[u8]) -> Option<ImageFormat> {
    match file {
        [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', ..] => Some(ImageFormat::Png),
        [0xff, 0xd8, 0xff, ..] => Some(ImageFormat::Jpeg),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(ImageFormat::WebP),
        _ => None,
    }
}

fn small(file: &[u8]) -> Option<Vec<u8>> {
    let mut reader = ImageReader::with_format(Cursor::new(file), format(file)?);
    let mut limits = Limits::default();
    (limits.max_image_width, limits.max_image_height, limits.max_alloc) = (Some(LARGEST_SIDE), Some(LARGEST_SIDE), Some(MOST_MEMORY));
    reader.limits(limits);
    let picture = reader.decode().ok()?;
    let is_large = picture.width() > SIDE || picture.height() > SIDE;
    let picture = if is_large { picture.thumbnail(SIDE, SIDE) } else { picture };
    let mut png = Vec::new();
    // Points alone: colour profiles, comments and whatever else stood in the file stay behind.
    picture.to_rgba8().write_to(&mut Cursor::new(&mut png), ImageFormat::Png).ok()?;
    Some(png)
}

#[cfg(test)]
mod tests {
    use image::{DynamicImage, RgbaImage};

    use super::*;

    fn file(width: u32, height: u32, format: ImageFormat) -> Vec<u8> {
        let mut file = Vec::new();
        let picture = DynamicImage::from(RgbaImage::from_pixel(width, height, image::Rgba([10, 100, 30, 255])));
        let picture = if format == ImageFormat::Jpeg { DynamicImage::from(picture.to_rgb8()) } else { picture };
        picture.write_to(&mut Cursor::new(&mut file), format).unwrap();
        file
    }

    #[test]
    fn what_is_kept_is_our_own_small_picture() {
        for format in [ImageFormat::Png, ImageFormat::Jpeg, ImageFormat::WebP] {
            let png = small(&file(600, 300, format)).unwrap_or_else(|| panic!("{format:?}"));
            let picture = image::load_from_memory_with_format(&png, ImageFormat::Png).unwrap();
            assert_eq!((picture.width(), picture.height()), (128, 64), "{format:?}");
            assert!(png.len() <= LARGEST);
        }
        assert_eq!(image::load_from_memory(&small(&file(16, 20, ImageFormat::Png)).unwrap()).unwrap().width(), 16, "nothing is blown up");
        // What hides behind the picture, and in its comments, is gone.
        let mut file = file(64, 64, ImageFormat::Png);
        file.extend_from_slice(b"<script>alert(1)</script>");
        let png = small(&file).unwrap();
        assert!(!png.windows(6).any(|bytes| bytes == b"script"));
    }

    #[test]
    fn what_is_no_picture_of_these_kinds_is_not_drawn() {
        let svg = br#"<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>"#;
        let gif = b"GIF89a\x01\x00\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x00;";
        let whole = file(64, 64, ImageFormat::Png);
        let renamed = [b"\x89PNG\r\n\x1a\n".as_slice(), svg].concat();
        let wide = file(LARGEST_SIDE + 1, 1, ImageFormat::Png);
        for wrong in [&svg[..], gif, &whole[..40], &renamed, b"", b"\xff\xd8\xff", b"RIFF\0\0\0\0WEBP", &wide] {
            assert_eq!(small(wrong), None, "{:?}", wrong.get(..16));
        }
    }

    /// A file of a few bytes that says it is as large as a field: refused before memory is asked for.
    #[test]
    fn a_picture_that_would_fill_the_memory_is_not_drawn() {
        let mut bomb = file(4, 4, ImageFormat::Png);
        bomb[16..24].copy_from_slice(&[0, 0, 0xff, 0xff, 0, 0, 0xff, 0xff]);
        let crc = crc(&bomb[12..29]);
        bomb[29..33].copy_from_slice(&crc.to_be_bytes());
        assert_eq!(small(&bomb), None);
    }

    /// PNG annex D.
    fn crc(bytes: &[u8]) -> u32 {
        let step = |crc: u32, byte: &u8| (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { 0xedb8_8320 ^ (crc >> 1) } else { crc >> 1 });
        !bytes.iter().fold(u32::MAX, step)
    }
}
