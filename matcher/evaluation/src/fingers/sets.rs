//! The fingers of a data set: `<finger>_<impression>.png`, `.tif`, `.bmp` or `.wsq` in one folder, or in several, each of
//! which is a set of its own (one sensor, one resolution).

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fs, io,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use crate::subjects::{Ignored, Picture, Subjects, name_of, sorted, unreachable_reason};

/// Files that are meant as pictures.
const PICTURE_ENDINGS: [&str; 5] = ["png", "tif", "tiff", "bmp", "wsq"];

/// Pictures of fingers that are compared with each other.
#[derive(Debug)]
pub(crate) struct Set {
    /// Its folder's name.
    pub name: String,
    /// Fingers in the place of people; their pictures in the order of the impressions.
    pub fingers: Subjects,
}

/// Lists the pictures of all sets of a folder without opening them.
pub(crate) fn sets(folder: &Path) -> anyhow::Result<Vec<Set>> {
    let top = fs::canonicalize(folder).with_context(|| {
        format!("cannot find {}: give the folder that holds <finger>_<impression> pictures", folder.display())
    })?;
    let own = set(&top)?;
    if !own.fingers.pictures.is_empty() {
        return Ok(vec![own]);
    }
    let folders = sorted(&top)?.into_iter().filter(|path| path.is_dir() && !name_of(path).starts_with('.'));
    let mut sets = folders.map(|path| set(&path)).collect::<anyhow::Result<Vec<_>>>()?;
    sets.retain(|set| !set.fingers.pictures.is_empty());
    if sets.is_empty() {
        let folder = folder.display();
        bail!("no pictures in {folder} or its folders: name them <finger>_<impression>, as in 101_1.png");
    }
    Ok(sets)
}

fn set(folder: &Path) -> anyhow::Result<Set> {
    let name = name_of(folder);
    let mut ignored = Vec::new();
    let mut fingers: BTreeMap<String, BTreeMap<u32, (String, PathBuf)>> = BTreeMap::new();
    for path in sorted(folder)? {
        let file = format!("{name}/{}", name_of(&path));
        let mut ignore = |reason| ignored.push(Ignored { name: file.clone(), reason });
        match (reason_to_ignore(fs::metadata(&path), &path), named(&path)) {
            (Some(reason), _) => ignore(reason),
            (None, None) => ignore("not named <finger>_<impression>, with a picture's ending"),
            (None, Some((finger, impression))) => {
                let impressions = fingers.entry(finger).or_default();
                match impressions.entry(impression) {
                    Entry::Occupied(_) => ignore("another file is this impression of this finger"),
                    Entry::Vacant(place) => {
                        place.insert((file, path));
                    }
                }
            }
        }
    }
    let mut subjects = Subjects { ignored, ..Subjects::default() };
    for (finger, impressions) in fingers {
        let person = u32::try_from(subjects.people.len())?;
        subjects.people.push(finger);
        subjects.pictures.extend(impressions.into_values().map(|(name, path)| Picture { person, name, path }));
    }
    Ok(Set { name, fingers: subjects })
}

fn reason_to_ignore(metadata: io::Result<fs::Metadata>, path: &Path) -> Option<&'static str> {
    match metadata {
        _ if name_of(path).starts_with('.') => Some("hidden"),
        Err(error) => Some(unreachable_reason(&error)),
        Ok(is) if is.is_dir() => Some("a folder beside pictures: move it away, or the pictures into folders too"),
        // A pipe or a device would block, or never end.
        Ok(is) if !is.is_file() => Some("neither a file nor a folder"),
        Ok(_) => None,
    }
}

/// Finger and impression that a file's name tells.
fn named(path: &Path) -> Option<(String, u32)> {
    let ending = path.extension()?.to_str()?.to_ascii_lowercase();
    let name = name_of(path);
    let (finger, impression) = name.get(..name.len().checked_sub(ending.len() + 1)?)?.rsplit_once('_')?;
    let digits = !impression.is_empty() && impression.bytes().all(|byte| byte.is_ascii_digit());
    let impression = impression.parse().ok().filter(|_| digits)?;
    (PICTURE_ENDINGS.contains(&ending.as_str()) && !finger.is_empty()).then(|| (finger.to_owned(), impression))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::{ffi::OsStrExt as _, fs::symlink};

    use super::*;

    #[test]
    fn names_tell_finger_and_impression() {
        for (name, expected) in [
            ("101_1.png", Some(("101", 1))),
            ("left_thumb_002.WSQ", Some(("left_thumb", 2))),
            ("a b_0.tif", Some(("a b", 0))),
            ("101.png", None),
            ("_1.png", None),
            ("101_.png", None),
            ("101_+1.png", None),
            ("101_1.jpg", None),
            ("101_1", None),
            ("101_99999999999.bmp", None),
            (".png", None),
        ] {
            let expected = expected.map(|(finger, impression)| (finger.to_owned(), impression));
            assert_eq!(named(Path::new(name)), expected, "{name}");
        }
    }

    #[test]
    fn a_set_is_its_folder_and_what_is_left_out_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for file in ["10_2.png", "10_1.bmp", "9_1.tif", "9_01.png", "9_10.wsq", "9_2.wsq", "notes.txt", ".10_3.png"] {
            fs::write(at(file), b"not even a picture").unwrap();
        }
        fs::create_dir(at("more")).unwrap();
        symlink(at("nowhere"), at("11_1.png")).unwrap();
        let found = sets(folder.path()).unwrap();
        let [Set { name, fingers }] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(fingers.people, ["10", "9"]);
        let files: Vec<_> = fingers
            .pictures
            .iter()
            .map(|picture| (picture.person, picture.name.strip_prefix(name.as_str()).unwrap()))
            .collect();
        let expected = [(0, "/10_1.bmp"), (0, "/10_2.png"), (1, "/9_01.png"), (1, "/9_2.wsq"), (1, "/9_10.wsq")];
        assert_eq!(files, expected);
        let told: Vec<String> = fingers.ignored.iter().map(ToString::to_string).collect();
        assert_eq!(told.len(), 5, "{told:?}");
        for reason in ["11_1.png: a link to nothing", "9_1.tif: another file", "more: a folder beside", "hidden"] {
            assert!(told.iter().any(|line| line.contains(reason)), "{reason}: {told:?}");
        }
    }

    #[test]
    fn folders_of_pictures_are_sets_and_empty_ones_are_errors() {
        let folder = tempfile::tempdir().unwrap();
        let message = |path: &Path| format!("{:#}", sets(path).unwrap_err());
        assert!(message(folder.path()).contains("name them <finger>_<impression>"));
        assert!(message(&folder.path().join("none")).contains("cannot find"));
        for set in ["b", "a", "empty", ".hidden"] {
            fs::create_dir(folder.path().join(set)).unwrap();
        }
        assert!(message(folder.path()).contains("name them <finger>_<impression>"));
        for file in ["a/1_1.png", "b/1_1.png", ".hidden/1_1.png"] {
            fs::write(folder.path().join(file), b"").unwrap();
        }
        let names: Vec<String> = sets(folder.path()).unwrap().into_iter().map(|set| set.name).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn names_cannot_steer_a_terminal() {
        let folder = tempfile::tempdir().unwrap();
        for name in [&b"\x1b[31mred_1.png"[..], b"\xff\xfe_2.png", b"<b>_1.png"] {
            fs::write(folder.path().join(std::ffi::OsStr::from_bytes(name)), b"").unwrap();
        }
        let found = sets(folder.path()).unwrap();
        assert_eq!(found[0].fingers.people, ["<b>", "\u{fffd}[31mred", "\u{fffd}\u{fffd}"]);
        assert!(found[0].fingers.pictures.iter().all(|picture| !picture.name.contains(char::is_control)));
    }
}
