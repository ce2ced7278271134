//! What remains of a face: its embedding.

use std::{fmt, sync::Arc};

use zeroize::Zeroizing;

use super::{Detection, FaceError, Quality};

/// An embedding of unit length, of the length that its net gives. Zeroed on drop; neither cloned nor printed.
pub struct FaceTemplate {
    /// Shared by all templates of one engine, so that a comparison need not read the name.
    pub(super) model: Arc<str>,
    values: Zeroizing<Vec<f32>>,
}

/// Templates of different nets have nothing in common.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("one template is of net {own} ({own_length} values), the other of {other} ({other_length}): capture one anew")]
pub struct OtherModel {
    /// The one's net.
    pub own: Arc<str>,
    /// How long its embeddings are.
    pub own_length: usize,
    /// The other's net.
    pub other: Arc<str>,
    /// How long its embeddings are.
    pub other_length: usize,
}

impl fmt::Debug for FaceTemplate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FaceTemplate(..)")
    }
}

impl FaceTemplate {
    /// The template in the direction of these values, that the net of this manifest name gave.
    pub fn new(model: &Arc<str>, mut values: Zeroizing<Vec<f32>>) -> Result<Self, FaceError> {
        let norm = values.iter().map(|value| value * value).sum::<f32>().sqrt();
        if !norm.is_finite() || norm == 0.0 {
            return Err(FaceError::Inference(format!("an embedding of {} values and norm {norm}", values.len())));
        }
        values.iter_mut().for_each(|value| *value /= norm);
        Ok(Self { model: model.clone(), values })
    }

    /// Manifest name of the net that made it.
    pub fn model(&self) -> &str {
        &self.model
    }

    /// The values, for protection.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Cosine similarity (-1..=1) of two templates of one net.
    pub fn compare(&self, other: &Self) -> Result<f32, OtherModel> {
        let one_net = Arc::ptr_eq(&self.model, &other.model) || self.model == other.model;
        if !one_net || self.values.len() != other.values.len() {
            return Err(self.differs_from(other));
        }
        Ok(self.values.iter().zip(other.values.iter()).map(|(a, b)| a * b).sum())
    }

    #[cold]
    fn differs_from(&self, other: &Self) -> OtherModel {
        OtherModel {
            own: self.model.clone(),
            own_length: self.values.len(),
            other: other.model.clone(),
            other_length: other.values.len(),
        }
    }
}

/// A template with where it came from.
#[derive(Debug)]
pub struct FaceSample {
    /// The template.
    pub template: FaceTemplate,
    /// The face.
    pub detection: Detection,
    /// How sharp and lit it is.
    pub quality: Quality,
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn template(model: &Arc<str>, values: &[f32]) -> FaceTemplate {
        FaceTemplate::new(model, Zeroizing::new(values.to_vec())).unwrap()
    }

    #[test]
    fn templates_have_unit_length_and_compare_by_their_cosine() {
        let model: Arc<str> = "net".into();
        let (a, b) = (template(&model, &[3.0, 0.0]), template(&model, &[1.0, 1.0]));
        assert_eq!((a.values(), a.model()), (&[1.0, 0.0][..], "net"));
        assert!((a.compare(&b).unwrap() - 0.5f32.sqrt()).abs() < 1e-6);
        assert!((template(&model, &[-9.0, 0.0]).compare(&a).unwrap() + 1.0).abs() < 1e-6);
        // The same net loaded twice is still the same.
        assert!(template(&"net".into(), &[1.0, 0.0]).compare(&a).is_ok());
        for none in [&[][..], &[0.0, 0.0], &[f32::NAN, 1.0], &[f32::INFINITY, 1.0], &[f32::MAX, f32::MAX]] {
            assert!(FaceTemplate::new(&model, Zeroizing::new(none.to_vec())).is_err(), "{none:?}");
        }
        assert_eq!(format!("{a:?}"), "FaceTemplate(..)");
    }

    #[test]
    fn templates_of_different_nets_give_no_number() {
        let one = template(&"one".into(), &[1.0, 0.0]);
        let error = one.compare(&template(&"two".into(), &[1.0, 0.0])).unwrap_err();
        assert!(error.to_string().contains("net one (2 values), the other of two (2)"), "{error}");
        let longer = one.compare(&template(&"one".into(), &[1.0, 0.0, 0.0])).unwrap_err();
        assert_eq!((longer.own_length, longer.other_length), (2, 3));
    }
}
