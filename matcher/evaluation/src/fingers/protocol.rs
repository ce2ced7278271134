//! Who is compared with whom, by the protocols of FVC (Maio et al., "FVC2002: Second Fingerprint Verification
//! Competition", 2002).

use std::ops::Range;

/// Which impostors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Protocol {
    /// First impressions of two fingers.
    Fvc,
    /// All impressions of two fingers.
    All,
}

impl Protocol {
    /// As it is asked for.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Fvc => "fvc",
            Self::All => "all",
        }
    }
}

/// A comparison to be made: samples by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trial {
    /// The first enrolled sample; the others follow it.
    pub reference: u32,
    /// How many are enrolled.
    pub enrolled: u32,
    /// The one that is compared with them.
    pub probe: u32,
    /// Whether all are one finger's.
    pub genuine: bool,
}

impl Trial {
    /// The enrolled samples.
    pub(crate) fn references(self) -> Range<usize> {
        self.reference as usize..(self.reference + self.enrolled) as usize
    }
}

/// All trials, given whose each sample is, finger by finger and each finger's in the order of its impressions.
///
/// Of one enrolled impression every pair of a finger's is genuine, and of two fingers each pair is compared once. Of
/// several the first ones are enrolled, all others of that finger are genuine probes, and those of every other finger
/// impostors. A finger with fewer impressions than that enrolls what it has.
pub(crate) fn trials(people: &[u32], protocol: Protocol, enrolled: usize) -> Vec<Trial> {
    let mut fingers: Vec<Range<u32>> = Vec::new();
    for run in people.chunk_by(|a, b| a == b) {
        let start = fingers.last().map_or(0, |before| before.end);
        fingers.push(start..start + run.len() as u32);
    }
    let mut trials = Vec::new();
    for (at, finger) in fingers.iter().enumerate() {
        for (with, other) in fingers.iter().enumerate() {
            let genuine = at == with;
            if enrolled > 1 {
                let enrolled = finger.len().min(enrolled) as u32;
                let skipped = if genuine { enrolled } else { 0 };
                let probes = (other.start + skipped..other.end).take(match protocol {
                    Protocol::Fvc if !genuine => 1,
                    _ => usize::MAX,
                });
                trials.extend(probes.map(|probe| Trial { reference: finger.start, enrolled, probe, genuine }));
                continue;
            }
            let is_compared = |reference: u32, probe: u32| match (genuine, protocol) {
                (true, _) => reference < probe,
                (false, Protocol::Fvc) => at < with && (reference, probe) == (finger.start, other.start),
                (false, Protocol::All) => at < with,
            };
            for reference in finger.clone() {
                let probes = other.clone().filter(|&probe| is_compared(reference, probe));
                trials.extend(probes.map(|probe| Trial { reference, enrolled: 1, probe, genuine }));
            }
        }
    }
    trials
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Genuine and impostor trials.
    fn counts(people: &[u32], protocol: Protocol, enrolled: usize) -> (usize, usize) {
        let trials = trials(people, protocol, enrolled);
        let genuine = trials.iter().filter(|trial| trial.genuine).count();
        for trial in &trials {
            let whose = |sample: usize| people.get(sample);
            let alike = trial.references().all(|sample| whose(sample) == whose(trial.probe as usize));
            assert_eq!(alike, trial.genuine, "{trial:?}");
            assert!(!trial.references().contains(&(trial.probe as usize)), "{trial:?}");
        }
        (genuine, trials.len() - genuine)
    }

    #[test]
    fn a_set_of_fvc_has_as_many_trials_as_its_protocol_says() {
        let people: Vec<u32> = (0..80).map(|sample| sample / 8).collect();
        assert_eq!(counts(&people, Protocol::All, 1), (280, 2_880));
        assert_eq!(counts(&people, Protocol::Fvc, 1), (280, 45));
        assert_eq!(counts(&people, Protocol::All, 3), (50, 720));
        assert_eq!(counts(&people, Protocol::Fvc, 3), (50, 90));
    }

    #[test]
    fn fingers_may_have_any_number_of_impressions() {
        let people = [0, 0, 0, 1, 3, 3];
        assert_eq!(counts(&people, Protocol::All, 1), (4, 3 + 6 + 2));
        assert_eq!(counts(&people, Protocol::Fvc, 1), (4, 3));
        // Enrolled are two, one and two; the second finger's only impression is no probe of its own.
        assert_eq!(counts(&people, Protocol::All, 2), (1, 3 + 5 + 4));
        for people in [&[][..], &[7]] {
            assert_eq!(counts(people, Protocol::All, 1), (0, 0));
            assert_eq!(counts(people, Protocol::All, 3), (0, 0));
        }
    }
}
