//! An analysis as a page: one file that runs nothing and loads nothing, with each stage as a picture and, over the first
//! ones, the ridges' flow, minutiae and singular points.

use std::fmt::Write as _;

use opencv::{
    core::{Mat, Vector},
    imgcodecs,
};
use zeroize::{Zeroize as _, Zeroizing};

use super::{Analysis, SingularKind, Stage};
use crate::finger::{FingerError, FingerImage, Guidance, Kind};

/// Every how many cells the flow is drawn, and how long, in pixels.
const FLOW_EVERY: usize = 2;
const FLOW_PX: f32 = 6.0;
/// Size of a minutia's mark and length of its direction, in pixels.
const MARK_PX: f32 = 3.0;
const DIRECTION_PX: f32 = 9.0;

/// The whole page. It shows the finger: whoever writes it to a disk answers for it.
pub fn inspect(analysis: &Analysis) -> Result<Zeroizing<String>, FingerError> {
    let mut out = Zeroizing::new(String::new());
    out.push_str(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n<title>A finger, stage by stage</title>\n<style>\n",
    );
    out.push_str(include_str!("inspect.css"));
    out.push_str("</style>\n</head>\n<body>\n<main>\n<h1>A finger, stage by stage</h1>\n");
    quality(analysis, &mut out);
    out.push_str("<div class=\"stages\">\n");
    for stage in Stage::ALL {
        figure(analysis, stage, &mut out)?;
    }
    out.push_str("</div>\n");
    table(analysis, &mut out);
    out.push_str("</main>\n</body>\n</html>\n");
    Ok(out)
}

fn quality(analysis: &Analysis, out: &mut String) {
    let quality = analysis.quality();
    let _ = write!(
        out,
        "<p class=\"overall\">Quality <b>{}</b> of 100: {}</p>\n<dl class=\"components\">\n",
        quality.overall,
        advice(quality.guidance)
    );
    for (name, points) in [
        ("Ridge clarity", quality.ridge_clarity),
        ("Orientation certainty", quality.orientation_certainty),
        ("Area", quality.area),
        ("Minutiae", quality.minutiae),
        ("Contrast", quality.contrast),
    ] {
        let _ = writeln!(
            out,
            "<div><dt>{name}</dt><dd><meter min=\"0\" max=\"100\" low=\"40\" optimum=\"100\" value=\"{points}\"></meter> \
             {points}</dd></div>"
        );
    }
    let _ = writeln!(
        out,
        "<div><dt>Moisture</dt><dd>{} (-100 dry, 100 wet)</dd></div>\n</dl>\n<p class=\"quiet\">{} x {} pixels at 500 dpi, \
         {} minutiae, {} singular points{}</p>",
        quality.moisture,
        analysis.template.width(),
        analysis.template.height(),
        analysis.template.minutiae().len(),
        analysis.singular.len(),
        if analysis.was_inverted() { "; light ridges on a dark ground, inverted" } else { "" }
    );
}

fn advice(guidance: Guidance) -> &'static str {
    match guidance {
        Guidance::Good => "good",
        Guidance::CoverMore => "cover more of the sensor",
        Guidance::MoveRight => "move the finger to the right",
        Guidance::MoveLeft => "move the finger to the left",
        Guidance::MoveDown => "move the finger down",
        Guidance::MoveUp => "move the finger up",
        Guidance::TooDry => "too dry: breathe on the finger, press more",
        Guidance::TooWet => "too wet: wipe the finger, press less",
        Guidance::PressMore => "ridges are faint: press more",
        Guidance::HoldStill => "smudged: clean the sensor, hold still",
        Guidance::AnotherFinger => "try another finger",
    }
}

fn figure(analysis: &Analysis, stage: Stage, out: &mut String) -> Result<(), FingerError> {
    let picture = analysis.picture(stage);
    let (width, height) = (picture.width(), picture.height());
    let _ = write!(
        out,
        "<figure><svg viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{caption}\"><image width=\"{width}\" \
         height=\"{height}\" href=\"data:image/png;base64,",
        caption = caption(stage)
    );
    base64(&png(&picture)?, out);
    out.push_str("\"/>");
    match stage {
        Stage::Gray | Stage::Enhanced | Stage::Skeleton => marks(analysis, out),
        Stage::Normalized => flow(analysis, out),
        _ => {}
    }
    let _ = writeln!(out, "</svg><figcaption>{}</figcaption></figure>", caption(stage));
    Ok(())
}

fn caption(stage: Stage) -> &'static str {
    match stage {
        Stage::Gray => "The picture: endings red, forks blue, cores and deltas green",
        Stage::Mask => "Finger (light) and background",
        Stage::Normalized => "Normalized, with the ridges' flow",
        Stage::Coherence => "How far the gradients agree (light: entirely)",
        Stage::Period => "Ridge period (dark: 5 pixels, light: 15)",
        Stage::Certainty => "What share of what is seen is ridges (light: all)",
        Stage::Enhanced => "Enhanced",
        Stage::Binary => "Binarized",
        Stage::Skeleton => "Thinned",
    }
}

fn flow(analysis: &Analysis, out: &mut String) {
    let every = (FLOW_EVERY * Analysis::CELL_PX) as f32;
    out.push_str("<path class=\"flow\" d=\"");
    for ([x, y], angle, _) in analysis.flow().filter(|([x, y], ..)| x % every < every / 2.0 && y % every < every / 2.0)
    {
        let (dx, dy) = (0.5 * FLOW_PX * angle.cos(), -0.5 * FLOW_PX * angle.sin());
        let _ = write!(out, "M{:.1} {:.1}L{:.1} {:.1}", x - dx, y - dy, x + dx, y + dy);
    }
    out.push_str("\"/>");
}

fn marks(analysis: &Analysis, out: &mut String) {
    for minutia in analysis.template.minutiae() {
        let (x, y) = (minutia.x + 0.5, minutia.y + 0.5);
        let class = if minutia.kind == Kind::Ending { "ending" } else { "fork" };
        let (dx, dy) = (DIRECTION_PX * minutia.direction.cos(), -DIRECTION_PX * minutia.direction.sin());
        let _ = write!(
            out,
            "<g class=\"{class}\"><circle cx=\"{x}\" cy=\"{y}\" r=\"{MARK_PX}\"/><path d=\"M{x} {y}l{dx:.1} {dy:.1}\"/></g>"
        );
    }
    for point in analysis.singular.iter() {
        let (dx, dy) = (2.0 * DIRECTION_PX * point.direction.cos(), -2.0 * DIRECTION_PX * point.direction.sin());
        let (x, y, r) = (point.x, point.y, 2.0 * MARK_PX);
        let _ = match point.kind {
            SingularKind::Core => write!(out, "<g class=\"singular\"><circle cx=\"{x}\" cy=\"{y}\" r=\"{r}\"/>"),
            SingularKind::Delta => {
                write!(out, "<g class=\"singular\"><path d=\"M{x} {}l{r} {}h{}z\"/>", y - r, 2.0 * r, -2.0 * r)
            }
        };
        let _ = write!(out, "<path d=\"M{x} {y}l{dx:.1} {dy:.1}\"/></g>");
    }
}

fn table(analysis: &Analysis, out: &mut String) {
    out.push_str(
        "<details><summary>Minutiae</summary><table><tr><th>x</th><th>y</th><th>direction</th><th>kind</th>\
         <th>quality</th></tr>\n",
    );
    for minutia in analysis.template.minutiae() {
        let _ = writeln!(
            out,
            "<tr><td>{}</td><td>{}</td><td>{:.0}°</td><td>{}</td><td>{}</td></tr>",
            minutia.x,
            minutia.y,
            minutia.direction.to_degrees(),
            match minutia.kind {
                Kind::Ending => "ending",
                Kind::Bifurcation => "fork",
                Kind::Other => "either",
            },
            minutia.quality
        );
    }
    out.push_str("</table></details>\n");
}

fn png(picture: &FingerImage) -> Result<Zeroizing<Vec<u8>>, FingerError> {
    let failed =
        |error: opencv::Error| FingerError::Size(format!("a stage cannot be written as PNG: {}", error.message));
    let mat = Mat::new_rows_cols_with_bytes::<u8>(picture.height() as i32, picture.width() as i32, picture.gray())
        .map_err(failed)?;
    let mut bytes = Vector::<u8>::new();
    let encoded = imgcodecs::imencode_def(".png", &mat, &mut bytes);
    let file = Zeroizing::new(bytes.as_slice().to_vec());
    bytes.as_mut_slice().zeroize();
    match encoded.map_err(failed)? {
        true => Ok(file),
        false => Err(FingerError::Size("a stage cannot be written as PNG: is memory short?".into())),
    }
}

/// RFC 4648, section 4.
fn base64(bytes: &[u8], out: &mut String) {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    out.reserve(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for at in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * at) & 63) as usize];
            out.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_as_in_rfc_4648_section_10() {
        for (bytes, text) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ] {
            let mut out = String::new();
            base64(bytes.as_bytes(), &mut out);
            assert_eq!(out, text);
        }
    }
}
