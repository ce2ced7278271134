#![allow(clippy::unwrap_used)]
use proptest::prelude::*;

use super::{
    super::{Kind, Minutia},
    *,
};

fn view(minutiae: Vec<Minutia>) -> View {
    let template = MinutiaTemplate::new(388, 374, Zeroizing::new(minutiae));
    View { position: Position::LeftIndex, impression: Impression::LivePlain, quality: Some(80), template }
}

fn some() -> View {
    let minutia =
        |x: f32, y: f32, degrees: f32, kind, quality| Minutia { x, y, direction: degrees.to_radians(), kind, quality };
    view(vec![
        minutia(100.0, 203.0, 90.0, Kind::Ending, 60),
        minutia(101.0, 116.0, 180.0, Kind::Bifurcation, 50),
        minutia(387.4, 373.9, 359.9, Kind::Other, 0),
    ])
}

#[test]
fn iso_2005_is_written_as_the_standard_draws_it() {
    let bytes = write(&[&some()], Format::Iso2005).unwrap();
    let expected = [
        "464d5200 20323000 00000030 0000 0184 0176 00c5 00c5 01 00",
        "07 00 50 03",
        "4064 00cb 40 3c  8065 0074 80 32  0183 0175 00 00",
        "0000",
    ];
    assert_eq!(hex::encode(&*bytes), expected.concat().replace(' ', ""));
}

#[test]
fn ansi_2004_says_its_length_in_two_bytes_and_angles_in_two_degrees() {
    let bytes = write(&[&some()], Format::Ansi2004).unwrap();
    let expected = [
        "464d5200 20323000 0032 00000000 0000 0184 0176 00c5 00c5 01 00",
        "07 00 50 03",
        "4064 00cb 2d 3c  8065 0074 5a 32  0183 0175 00 00",
        "0000",
    ];
    assert_eq!(hex::encode(&*bytes), expected.concat().replace(' ', ""));
}

#[test]
fn iso_2011_says_all_in_each_representation() {
    let bytes = write(&[&some()], Format::Iso2011).unwrap();
    let expected = [
        "464d5200 30333000 00000048 0001 00",
        "00000039 ffffffffffffffffff 00 0000 0000 01 50 0000 0000",
        "07 00 00c5 00c5 00 0184 0176 61 03",
        "4064 00cb 40 3c  8065 0074 80 32  0183 0175 00 fe",
        "0000",
    ];
    assert_eq!(hex::encode(&*bytes), expected.concat().replace(' ', ""));
}

#[test]
fn other_writers_ways_are_understood() {
    // Certified device, no quality blocks, minutiae of five bytes, vendor's data behind them, 1,000 dpi.
    let text = "464d5200 30333000 00000040 0001 01 \
        00000031 07db031107332b0315 05 1234 5678 00 01 0001 01 \
        02 00 018a 018a 1d 0320 02ee 51 01  40c8 0190 40  0006 00010006abcd";
    let bytes = hex::decode(text.replace(' ', "")).unwrap();
    let (format, views) = read(&bytes).unwrap();
    assert_eq!((format, views.len()), (Format::Iso2011, 1));
    let view = &views[0];
    assert_eq!((view.position, view.impression, view.quality), (Position::RightIndex, Impression::Other, None));
    let minutia = view.template.minutiae()[0];
    assert!((minutia.x - 99.93).abs() < 0.1 && (minutia.y - 199.9).abs() < 0.1, "{} {}", minutia.x, minutia.y);
    assert!((minutia.direction - std::f32::consts::FRAC_PI_2).abs() < 1e-6 && minutia.quality == 0);
    assert_eq!((view.template.width(), view.template.height()), (400, 375));
}

#[test]
fn what_is_wrong_is_said() {
    let good = write(&[&some()], Format::Iso2005).unwrap();
    let altered = |at: usize, value: u8| {
        let mut bytes = good.to_vec();
        bytes[at] = value;
        read(&bytes).unwrap_err()
    };
    assert_eq!(altered(0, b'G'), RecordError::Format);
    assert_eq!(altered(11, 0x31), RecordError::Length { said: 49, found: 48 });
    assert_eq!(altered(14, 0x40), RecordError::Sides(0x4084, 374));
    assert_eq!(altered(19, 90), RecordError::Resolution(90));
    assert_eq!(altered(22, 0), RecordError::Views(0));
    assert_eq!(altered(24, 13), RecordError::Position(13));
    assert_eq!(altered(27, 4), RecordError::Truncated);
    assert_eq!(altered(27, 2), RecordError::Truncated);
    assert_eq!(read(&vec![0; RECORD_BYTES_MAX + 1]).unwrap_err(), RecordError::Size(RECORD_BYTES_MAX + 1));
    let wide = View { template: MinutiaTemplate::new(300, 374, Zeroizing::new(vec![])), ..some() };
    assert_eq!(write(&[&some(), &wide], Format::Ansi2004).unwrap_err(), RecordError::Different);
    assert_eq!(write(&[], Format::Iso2011).unwrap_err(), RecordError::Views(0));
    let endless = View { template: MinutiaTemplate::new(20_000, 374, Zeroizing::new(vec![])), ..some() };
    assert_eq!(write(&[&endless], Format::Iso2011).unwrap_err(), RecordError::Sides(20_000, 374));
    for format in Format::ALL {
        let bytes = write(&[&some(), &some()], format).unwrap();
        for end in 0..bytes.len() {
            assert!(read(&bytes[..end]).is_err(), "{format:?} cut at {end}");
        }
    }
}

/// Found by the property below: 12,544 pixels at 249 dpi.
#[test]
fn a_picture_too_large_at_500_dpi_is_refused() {
    let mut bytes = write(&[&some()], Format::Iso2011).unwrap().to_vec();
    let resolution = bytes.windows(2).rposition(|field| field == 197_u16.to_be_bytes()).unwrap();
    bytes[resolution..resolution + 2].copy_from_slice(&98_u16.to_be_bytes());
    bytes[resolution - 2..resolution].copy_from_slice(&98_u16.to_be_bytes());
    assert!(read(&bytes).is_ok());
    bytes[resolution + 3..resolution + 5].copy_from_slice(&12_544_u16.to_be_bytes());
    assert!(matches!(read(&bytes), Err(RecordError::Sides(25_196.., _))), "{:?}", read(&bytes).map(|read| read.0));
}

#[test]
fn a_full_template_is_at_most_two_kilobytes() {
    let minutiae = (0..255_u8).map(|at| Minutia { x: at.into(), y: at.into(), ..Minutia::default() }).collect();
    let full = view(minutiae);
    for format in Format::ALL {
        let bytes = write(&[&full], format).unwrap();
        assert!(bytes.len() <= 2_000, "{format:?}: {}", bytes.len());
        assert_eq!(read(&bytes).unwrap().1[0].template.minutiae().len(), 255);
    }
}

/// As a record holds it: whole pixels, and angles in so many steps.
fn rounded(minutiae: &[(u16, u16, u8, u8, u8)], steps: u16) -> Vec<Minutia> {
    let kinds = [Kind::Other, Kind::Ending, Kind::Bifurcation];
    let minutia = |&(x, y, angle, kind, quality): &(u16, u16, u8, u8, u8)| Minutia {
        x: x.into(),
        y: y.into(),
        direction: f32::from(angle) / f32::from(steps) * std::f32::consts::TAU,
        kind: kinds[usize::from(kind)],
        quality,
    };
    minutiae.iter().map(minutia).collect()
}

proptest! {
    #[test]
    fn what_was_written_is_read_again(
        minutiae in prop::collection::vec((0_u16..388, 0_u16..374, 0_u8..180, 0_u8..3, 0_u8..=100), 0..256),
        position in 0_usize..11,
        quality in prop::option::of(0_u8..=100),
        again in 0_usize..4,
    ) {
        for format in Format::ALL {
            let steps = if format == Format::Ansi2004 { 180 } else { 256 };
            let one = || View {
                position: Position::ALL[position],
                impression: Impression::Swipe,
                quality,
                ..view(rounded(&minutiae, steps))
            };
            let views: Vec<View> = (0..=again).map(|_| one()).collect();
            let bytes = write(&views.iter().collect::<Vec<_>>(), format).unwrap();
            let (read_format, found) = read(&bytes).unwrap();
            prop_assert_eq!((read_format, found.len()), (format, views.len()));
            for (view, found) in views.iter().zip(&found) {
                // The older ones have no way to say that a quality is not told.
                let told = if format == Format::Iso2011 { view.quality } else { Some(view.quality.unwrap_or(0)) };
                prop_assert_eq!((found.position, found.impression, found.quality), (view.position, view.impression, told));
                prop_assert!(found.template.minutiae() == view.template.minutiae());
            }
        }
    }

    #[test]
    fn any_bytes_are_a_record_or_a_typed_error(
        bytes in prop::collection::vec(any::<u8>(), 0..200),
        at in prop::collection::vec((0_usize..200, any::<u8>()), 0..6),
    ) {
        prop_assert!(!read(&bytes).is_err_and(|error| error.to_string().is_empty()));
        for format in Format::ALL {
            let mut altered = write(&[&some(), &some()], format).unwrap().to_vec();
            for &(at, value) in &at {
                let length = altered.len();
                altered[at % length] = value;
            }
            if let Ok((format, views)) = read(&altered) {
                // What was read can be written again.
                let views: Vec<&View> = views.iter().collect();
                prop_assert!(write(&views, format).is_ok());
            }
        }
    }
}
