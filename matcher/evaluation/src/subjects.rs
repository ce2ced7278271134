//! The people of a data set: one folder a person, each with that person's pictures.
//!
//! Links are followed, so that a data set may be put together out of others'. What is left out is told, each with its
//! reason: a measurement that silently shrinks its data proves little.

use std::{
    collections::HashSet,
    fmt,
    fs::{self, File},
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use serde::Serialize;

/// What is known of the people, beside their folders.
pub(crate) const SUBJECTS_FILE: &str = "subjects.csv";

/// Files with these endings are meant as pictures: one that cannot be read is a failure to acquire.
const PICTURE_ENDINGS: [&str; 19] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "jp2", "j2k", "j2c", "jpc", "jpx", "gif", "bmp", "webp", "tif", "tiff",
    "heic", "heif", "avif", "ppm",
];
/// Starts of the files that are pictures whatever their name: JPEG, PNG, JPEG 2000 (boxes and codestream).
const PICTURE_STARTS: [&[u8]; 4] = [b"\xff\xd8\xff", b"\x89PNG\r\n", b"\0\0\0\x0cjP  \r\n\x87\n", b"\xff\x4f\xff\x51"];

/// A picture of a person.
#[derive(Debug)]
pub(crate) struct Picture {
    /// Whose, as an index into [`Subjects::people`].
    pub person: u32,
    /// `person/file`.
    pub name: String,
    /// Where it is.
    pub path: PathBuf,
}

/// What is not measured.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Ignored {
    /// Below the data set's folder.
    pub name: String,
    /// Why.
    pub reason: &'static str,
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.reason)
    }
}

/// A data set, in a fixed order.
#[derive(Debug, Default)]
pub(crate) struct Subjects {
    /// Their folders' names; each has a picture.
    pub people: Vec<String>,
    /// Person by person.
    pub pictures: Vec<Picture>,
    /// What is left out.
    pub ignored: Vec<Ignored>,
}

impl Subjects {
    /// Lists the pictures of a data set without opening them.
    pub(crate) fn list(folder: &Path) -> anyhow::Result<Self> {
        let top = fs::canonicalize(folder).with_context(|| {
            format!("cannot find {}: give the folder that holds one folder of pictures a person", folder.display())
        })?;
        let mut subjects = Self::default();
        let mut known: HashSet<PathBuf> = HashSet::new();
        let mut loose = 0;
        for entry in sorted(&top)? {
            let name = name_of(&entry);
            match fs::metadata(&entry) {
                _ if name == SUBJECTS_FILE => {}
                _ if name.starts_with('.') => subjects.ignore(name, "hidden"),
                Err(error) => subjects.ignore(name, unreachable_reason(&error)),
                Ok(is) if is.is_dir() => {
                    let real = fs::canonicalize(&entry).with_context(|| format!("follow {}", entry.display()))?;
                    if top.starts_with(&real) {
                        subjects.ignore(name, "a link back to a folder above: remove it");
                    } else if !known.insert(real) {
                        subjects.ignore(name, "the same folder as another person's: one person under two names?");
                    } else {
                        subjects.person(name, &entry)?;
                    }
                }
                Ok(is) => {
                    loose += usize::from(is.is_file() && is_picture(&entry));
                    subjects.ignore(name, "not in a person's folder");
                }
            }
        }
        if subjects.pictures.is_empty() && loose > 0 {
            bail!("the pictures lie in {} itself: put each person's into a folder of their own", folder.display());
        }
        if subjects.pictures.is_empty() {
            bail!("no pictures in {}: expected one folder a person, with pictures in it", folder.display());
        }
        Ok(subjects)
    }

    fn person(&mut self, name: String, folder: &Path) -> anyhow::Result<()> {
        let person = u32::try_from(self.people.len())?;
        let before = self.pictures.len();
        for path in sorted(folder)? {
            let file = name_of(&path);
            let full = format!("{name}/{file}");
            match fs::metadata(&path) {
                _ if file.starts_with('.') => self.ignore(full, "hidden"),
                Err(error) => self.ignore(full, unreachable_reason(&error)),
                Ok(is) if is.is_dir() => self.ignore(full, "a folder within a person's: move its pictures up"),
                // A pipe or a device would block, or never end.
                Ok(is) if !is.is_file() => self.ignore(full, "neither a file nor a folder"),
                Ok(_) if !is_picture(&path) => self.ignore(full, "not a picture"),
                Ok(_) => self.pictures.push(Picture { person, name: full, path }),
            }
        }
        if self.pictures.len() == before {
            self.ignore(name, "a person without pictures");
        } else {
            self.people.push(name);
        }
        Ok(())
    }

    fn ignore(&mut self, name: String, reason: &'static str) {
        self.ignored.push(Ignored { name, reason });
    }
}

pub(crate) fn sorted(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let listed = || -> io::Result<Vec<PathBuf>> { fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect() };
    let mut paths = listed().with_context(|| format!("cannot list {}: make it a readable folder", folder.display()))?;
    paths.sort();
    Ok(paths)
}

/// As it is printed: on terminals and pages, and so without control characters.
pub(crate) fn name_of(path: &Path) -> String {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.chars().map(|letter| if letter.is_control() { char::REPLACEMENT_CHARACTER } else { letter }).collect()
}

pub(crate) fn unreachable_reason(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => "a link to nothing: remove it or restore what it names",
        io::ErrorKind::PermissionDenied => "not permitted to read it",
        _ => "a link that cannot be followed: does it name itself?",
    }
}

fn is_picture(path: &Path) -> bool {
    let ending = path.extension().map(|ending| ending.to_string_lossy().to_ascii_lowercase());
    if ending.is_some_and(|ending| PICTURE_ENDINGS.contains(&ending.as_str())) {
        return true;
    }
    let mut start = Vec::new();
    let read = File::open(path).and_then(|file| file.take(16).read_to_end(&mut start));
    read.is_ok() && PICTURE_STARTS.iter().any(|known| start.starts_with(known))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::os::unix::fs::symlink;

    use super::*;

    fn reasons(subjects: &Subjects) -> Vec<String> {
        subjects.ignored.iter().map(Ignored::to_string).collect()
    }

    #[test]
    fn what_is_no_picture_is_told_and_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        for person in ["anna", "bert", "empty", ".git"] {
            fs::create_dir_all(at(person)).unwrap();
        }
        fs::create_dir_all(at("anna/more")).unwrap();
        for (file, bytes) in [
            ("anna/2.JPG", "not even a picture"),
            ("anna/1.png", ""),
            ("anna/notes.txt", "hello"),
            ("anna/.DS_Store", ""),
            ("anna/unnamed", "\u{0}\u{0}\u{0}\u{c}jP  "),
            ("bert/Thumbs.db", ""),
            ("subjects.csv", "person\n"),
            ("README", ""),
        ] {
            fs::write(at(file), bytes).unwrap();
        }
        fs::write(at("bert/scan"), b"\xff\xd8\xff\xe0").unwrap();
        symlink(at("nowhere"), at("anna/gone.jpg")).unwrap();
        let subjects = Subjects::list(folder.path()).unwrap();
        assert_eq!(subjects.people, ["anna", "bert"]);
        let names: Vec<_> = subjects.pictures.iter().map(|picture| (picture.person, picture.name.as_str())).collect();
        assert_eq!(names, [(0, "anna/1.png"), (0, "anna/2.JPG"), (1, "bert/scan")]);
        let told = reasons(&subjects);
        for (name, reason) in [
            (".git", "hidden"),
            ("README", "not in a person's folder"),
            ("anna/.DS_Store", "hidden"),
            ("anna/gone.jpg", "a link to nothing"),
            ("anna/more", "a folder within"),
            ("anna/notes.txt", "not a picture"),
            ("anna/unnamed", "not a picture"),
            ("bert/Thumbs.db", "not a picture"),
            ("empty", "a person without pictures"),
        ] {
            assert!(told.iter().any(|line| line.starts_with(&format!("{name}: {reason}"))), "{name}: {told:?}");
        }
        assert_eq!(told.len(), 9, "{told:?}");
    }

    #[test]
    fn links_are_followed_once_and_never_round() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |name: &str| folder.path().join(name);
        fs::write(elsewhere.path().join("1.jpg"), b"x").unwrap();
        symlink(elsewhere.path(), at("anna")).unwrap();
        symlink(elsewhere.path(), at("bert")).unwrap();
        symlink(folder.path(), at("home")).unwrap();
        symlink("..", at("up")).unwrap();
        symlink("itself", at("itself")).unwrap();
        let subjects = Subjects::list(folder.path()).unwrap();
        assert_eq!((subjects.people.as_slice(), subjects.pictures.len()), (["anna".to_owned()].as_slice(), 1));
        let told = reasons(&subjects);
        assert!(told[0].starts_with("bert: the same folder"), "{told:?}");
        assert!(told[1].starts_with("home: a link back") && told[3].starts_with("up: a link back"), "{told:?}");
        assert!(told[2].starts_with("itself: a link that cannot be followed"), "{told:?}");
    }

    #[test]
    fn errors_say_what_a_data_set_looks_like() {
        let folder = tempfile::tempdir().unwrap();
        let message = |path: &Path| format!("{:#}", Subjects::list(path).unwrap_err());
        assert!(message(&folder.path().join("none")).contains("give the folder that holds one folder of pictures"));
        assert!(message(folder.path()).contains("expected one folder a person"));
        let file = folder.path().join("1.jpg");
        fs::write(&file, b"x").unwrap();
        assert!(message(folder.path()).contains("into a folder of their own"));
        assert!(message(&file).contains("make it a readable folder"), "{}", message(&file));
    }

    #[test]
    fn names_cannot_steer_a_terminal() {
        assert_eq!(name_of(Path::new("a/\u{1b}[31mred\n")), "\u{fffd}[31mred\u{fffd}");
    }
}
